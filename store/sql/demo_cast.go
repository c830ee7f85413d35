package sql

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
)

const day = 24 * time.Hour

// fate is what has become of a volume.
type fate uint8

const (
	present fate = iota
	deleted      // its row is soft-deleted; its backups live on
	purged       // its row is gone, as after cinder-manage db purge
)

// rhythm is how often a volume is backed up.
type rhythm struct {
	every time.Duration
	chain int    // how many backups make a chain: one full, the others incremental
	word  string // as a policy calls it
	full  string // as it describes its full backups
}

var (
	nightly = rhythm{day, 7, "nightly", "weekly full"}
	weekly  = rhythm{7 * day, 4, "weekly", "monthly full"}
	monthly = rhythm{30 * day, 1, "monthly", "monthly full"}
)

// role is a part that a volume plays: what it is when it is made, and what is to
// happen to it. The zero value of most fields is the ordinary case.
type role struct {
	name    string
	null    bool   // the name is null, which is not the same as ""
	desc    string // "": null
	project int
	typ     string // "": __DEFAULT__
	size    int64
	boots   string   // the image it was made from; "": a volume of data, not bootable
	tags    []string // user metadata: key, value, ...
	inUse   bool
	chap    bool   // exported over iSCSI, with secrets in its row
	status  string // of the volume today, if neither its use nor its last backup decides
	fate    fate

	driver *backupDriver
	rhythm rhythm
	weight int    // its share of the backups: their number in the usual world
	idle   int    // days since its newest backup
	ends   string // status of the newest backup; "": available
	fails  int    // counted from the newest, from 1: the one that failed; 0: none
	edits  []edit // what happens to it, one after another, while its newest chain is made
	since  []edit // what happens to it after its last backup

	v1         int  // how many quarters of its captures are version 1
	v3         bool // its newest capture has a version that no Cinder reads
	rootless   bool // the full backup of its first chain is not there
	drifts     bool // Cinder's counter of children is wrong for one of its backups
	pruned     int  // soft-deleted backups before the first
	uncaptured int  // how many backups have no capture, from the first
	restored   bool // one of its backups was restored to the leftover volume
	leftover   bool // Cinder made it for a restore, and it kept its first name
	filler     bool // not of the cast
	odd        int  // from 1: which of the odd names; 0: an ordinary volume
}

// cast are the volumes that tell what there is to see; a world of fewer takes the
// first of them. The odd ones stand in between, so that small worlds have some too,
// but are older and idle, so that lists begin with ordinary rows.
var cast = []role{
	{name: "postgres-primary", desc: "primary database", project: 0, typ: "ssd", size: 500, inUse: true, driver: swiftDriver,
		rhythm: nightly, weight: 10, pruned: 3, restored: true,
		tags:  []string{"env", "prod", "owner", "dba", "tier", "silver", "backup-policy", "daily-35d", "ticket", "CHG-10422"},
		edits: []edit{tag("tier", "gold"), rename("db-prod-01"), drop("ticket"), describe("primary database, PostgreSQL 17")},
		since: []edit{drop("backup-policy"), tag("owner", "platform"), tag("maintenance", "2026-12-01")}},
	{name: "web-root", desc: "boot disk of the web front", project: 1, size: 40, boots: "debian-12", inUse: true, driver: s3Driver,
		rhythm: nightly, weight: 7,
		tags:  []string{"env", "prod", "owner", "web", "role", "frontend"},
		edits: []edit{reimage("debian-13"), tag("role", "frontend-blue"), unimage()},
		since: []edit{tag("role", "frontend-green")}},
	{name: "gitlab-data", desc: "repositories and LFS", project: 2, typ: "hdd", size: 2048, inUse: true, driver: nfsDriver, rhythm: nightly,
		weight: 6, fails: 4,
		tags:  []string{"env", "prod", "owner", "platform", "rto", "4h"},
		edits: []edit{tag("rto", "1h"), describe("repositories, LFS and registry"), strip()}},
	{name: "vault-secrets", project: 3, typ: "LUKS", size: 10, inUse: true, driver: swiftDriver, rhythm: weekly, weight: 5,
		tags:  []string{"env", "prod", "owner", "security", "classification", "secret"},
		edits: []edit{tag("rotated", "2026-10"), retype("LUKS-HSM")}},
	oddRole(1),
	{name: "pvc-5b0e1c9e-2b0f-4f0e-9d5c-0d6c1a1d7a52", desc: "Created by OpenStack Cinder CSI driver", project: 4, size: 20, inUse: true,
		driver: cephDriver, rhythm: nightly, weight: 6,
		tags: []string{
			"cinder.csi.openstack.org/cluster", "k8s-prod", "csi.storage.k8s.io/pvc/name", "data-kafka-0",
			"csi.storage.k8s.io/pvc/namespace", "streaming",
		},
		edits: []edit{tag("csi.storage.k8s.io/pvc/name", "data-kafka-0-restored"), drop("csi.storage.k8s.io/pvc/namespace")}},
	{name: "win-ad-01", desc: "domain controller", project: 1, typ: "ssd", size: 80, boots: "windows-2022", inUse: true,
		driver: posixDriver, rhythm: monthly, weight: 4, ends: core.StatusDeleting,
		tags:  []string{"env", "prod", "owner", "platform"},
		edits: []edit{tag("patched", "2026-09"), describe("domain controller, forest root"), tag("patched", "2026-10")}},
	oddRole(4),
	{name: "mail-spool", desc: "Dovecot mailboxes", project: 2, typ: "ssd", size: 300, inUse: true, chap: true, driver: nfsDriver,
		rhythm: weekly, weight: 5, v1: 2,
		tags:  []string{"env", "prod", "owner", "platform", "tier", "gold"},
		edits: []edit{rename("mail-spool-01"), drop("tier")}},
	{name: "erp-oracle", desc: "Warenwirtschaft – Größe nicht ändern", project: legacy, size: 750, driver: oldSwift, rhythm: monthly,
		weight: 4, v1: 4,
		tags:  []string{"cost-centre", "4711", "owner", "Müller, Jörg"},
		edits: []edit{describe("Warenwirtschaft, wird 2027 abgelöst"), strip()},
		since: []edit{rename("erp-oracle (read only)")}},
	oddRole(5),
	{name: "bastion-root", project: 3, size: 20, boots: "ubuntu-24.04", inUse: true, driver: s3Driver, rhythm: weekly, weight: 3,
		ends: core.StatusCreating,
		tags: []string{"env", "prod", "owner", "security"}, edits: []edit{tag("hardened", "cis-2")}},
	{name: "jenkins-home", project: 2, typ: "hdd", size: 120, driver: posixDriver, rhythm: weekly, weight: 4, drifts: true, uncaptured: 1,
		ends: core.StatusError,
		tags: []string{"env", "prod", "owner", "platform"}, edits: []edit{tag("agents", "retired")}},
	oddRole(3),
	{name: "wiki-data", desc: "imported from the old site", project: 1, size: 60, driver: s3Driver, rhythm: weekly, weight: 3, rootless: true,
		tags: []string{"env", "prod", "site", "old"}, edits: []edit{tag("site", "new")}},
	{name: "staging-db", project: 0, typ: "ssd", size: 200, driver: swiftDriver, rhythm: weekly, weight: 3, ends: core.StatusRestoring,
		tags: []string{"env", "stage", "owner", "dba"}, edits: []edit{tag("refreshed", "2026-11-15")}},
	oddRole(7),
	{name: "payroll-encrypted", desc: "salaries, four-eyes only", project: 0, typ: "LUKS", size: 25, driver: swiftDriver, rhythm: monthly,
		weight: 3, ends: core.StatusErrorDeleting,
		tags: []string{"env", "prod", "classification", "personal"}, edits: []edit{drop("classification")}},
	{null: true, project: 4, size: 1, driver: cephDriver, rhythm: monthly, weight: 1, idle: 20},
	oddRole(8),
	{name: "", project: 4, size: 8, driver: cephDriver, rhythm: monthly, weight: 1, idle: 25, tags: []string{"env", "dev"}},
	{desc: "auto-created_from_restore_from_backup", project: 0, size: 500, leftover: true, driver: swiftDriver, rhythm: monthly},
	oddRole(2),
	oddRole(6),
	oddRole(9),
	oddRole(10),
}

// hidden are volumes that no list shows any more, but whose backups it does.
var hidden = []role{
	{name: "crm-2019", desc: "read only since the merger", project: legacy, size: 90, fate: deleted, driver: oldSwift, rhythm: monthly,
		weight: 2, idle: 60, v1: 4,
		tags: []string{"cost-centre", "0815"}, edits: []edit{tag("retain-until", "2029-12-31")}},
	{name: "loadtest-tmp", project: 4, size: 30, boots: "rocky-9", fate: deleted, driver: nfsDriver, rhythm: weekly, weight: 2, idle: 40,
		v3: true, tags: []string{"env", "test"}, edits: []edit{unimage()}},
	{name: "old-nas", project: legacy, typ: "hdd", size: 400, fate: purged, driver: posixDriver, rhythm: monthly, weight: 1, idle: 120, v1: 4},
}

// oddRole is the part of a volume with the nth odd name, from 1.
func oddRole(n int) role {
	r := role{name: oddVolumeNames[n-1], desc: oddTexts[n%len(oddTexts)], project: n % legacy, size: int64(n), odd: n,
		driver: drivers[n%len(drivers)], rhythm: weekly, weight: 2, idle: 30 + 7*n, status: map[int]string{2: "error_restoring", 3: "error"}[n],
		tags: []string{
			"env", "test", "note", oddTexts[(n+1)%len(oddTexts)], oddBackupNames[n], "a key can be odd too",
		}, edits: []edit{tag("note", oddTexts[(n+2)%len(oddTexts)])}}
	if n%3 == 0 {
		r.boots, r.size = "rocky-9", 10+int64(n)
	}
	if n == 2 {
		r.ends = core.StatusError
	}
	return r
}

// roles are the parts that the volumes of a world play, made up as they are asked for: all
// at once would be as large as the world.
func roles(w World) iter.Seq[role] {
	return func(yield func(role) bool) {
		for i := range w.Volumes {
			if i < len(cast) {
				if !yield(cast[i]) {
					return
				}
				continue
			}
			if !yield(fillerRole(stream(w, -1-int64(i)), i)) {
				return
			}
			if i%40 == 0 { // and now and then one that was deleted
				r := fillerRole(stream(w, 1<<40+int64(i)), i)
				if r.fate, r.idle, r.ends = deleted, 20+i%150, ""; !yield(r) {
					return
				}
			}
		}
		switch {
		case w.Volumes >= len(cast)/2:
			for _, r := range hidden {
				if !yield(r) {
					return
				}
			}
		case w.Volumes == 0: // then all backups are of volumes that are gone
			for i := range (w.Backups + backupsPerVolume - 1) / backupsPerVolume {
				r := fillerRole(stream(w, -1-int64(i)), i)
				if r.fate = purged; !yield(r) {
					return
				}
			}
		}
	}
}

// casting gives every volume of a world its role and its number of backups, one after
// another. Of all of them together it holds only these numbers.
func casting(w World, st *stage) iter.Seq[*life] {
	var weights []int
	for r := range roles(w) {
		if r.leftover { // the one that is restored comes before it, and names it
			st.leftover = newLife(r, st, stream(w, 1+int64(len(weights)))).id
		}
		weights = append(weights, r.weight)
	}
	counts := share(w.Backups, weights)
	return func(yield func(*life) bool) {
		i := -1
		for r := range roles(w) {
			i++
			l := newLife(r, st, stream(w, 1+int64(i)))
			if l.count = counts[i]; l.count == 0 {
				l.pruned = 0
				if l.fate != present { // nothing would be left of it
					continue
				}
			}
			if !yield(l) {
				return
			}
		}
	}
}

// fillerRole makes up the role of volume i, where the cast is not enough.
func fillerRole(r *rand.Rand, i int) role {
	if r.IntN(100) == 0 {
		return oddRole(1 + r.IntN(len(oddVolumeNames)))
	}
	f := role{name: fmt.Sprintf("%s-%s-%02d", pick(r, fillerApps), pick(r, fillerEnvs), i), project: r.IntN(legacy),
		typ: volumeTypes[r.IntN(3)].name, size: []int64{1, 5, 10, 20, 50, 100, 250, 500, 1000}[r.IntN(9)],
		inUse: r.IntN(10) < 7, chap: r.IntN(20) == 0,
		driver: pick(r, drivers), rhythm: []rhythm{nightly, nightly, nightly, weekly, weekly, monthly}[r.IntN(6)], weight: 4, filler: true}
	switch r.IntN(10) {
	case 0:
		f.typ = pick(r, []string{"LUKS", "LUKS-HSM"})
	case 1:
		f.project, f.driver, f.v1 = legacy, oldSwift, 4
	}
	if r.IntN(3) == 0 {
		f.boots, f.name = pick(r, imageNames), f.name+"-root"
		f.size = max(f.size, 40)
	} else {
		f.name += pick(r, fillerParts)
	}
	if r.IntN(10) > 0 {
		f.tags = []string{
			"env", pick(r, fillerEnvs), "owner", pick(r, fillerTeams), "tier", pick(r, fillerTiers), "ticket",
			fmt.Sprintf("CHG-%d", 10000+r.IntN(9000)),
		}
	}
	if r.IntN(10) == 0 {
		f.pruned = 1 + r.IntN(4)
	}
	if r.IntN(60) == 0 {
		f.ends = pick(r, []string{core.StatusCreating, core.StatusRestoring, core.StatusDeleting, core.StatusErrorDeleting, core.StatusError})
	}
	if r.IntN(12) == 0 {
		f.fails = 1 + r.IntN(12)
	}
	return f
}

// project is a tenant.
type project struct {
	id    string
	users [2]string
	zone  string
}

// legacy is the project that has been there since 2014; its captures are version 1.
const legacy = 5

// stage is what all lives of a world share.
type stage struct {
	World
	founded  time.Time // when the volume types were made
	types    map[string]string
	hosts    map[string]string // service_uuid by type
	projects [legacy + 1]project
	leftover core.VolumeID // the volume that a restore left behind; "" if there is none
	restored core.BackupID // the backup that was restored to it
}

func newStage(w World) *stage {
	r := stream(w, 0)
	st := &stage{World: w, founded: w.Until.Add(-1500 * day), types: map[string]string{}, hosts: map[string]string{}}
	for _, t := range volumeTypes {
		st.types[t.name], st.hosts[t.name] = uuid(r), uuid(r)
	}
	for i := range st.projects {
		st.projects[i] = project{plainID(r), [2]string{plainID(r), plainID(r)}, []string{"nova", "az-east", "az-west"}[i%3]}
	}
	st.restored = core.BackupID(uuid(r)) // one that is gone by now, unless a better one is found
	return st
}

// texts makes a dict of keys and values in turn.
func texts(pairs []string) *pyjson.Object {
	o := &pyjson.Object{}
	for i := 0; i+1 < len(pairs); i += 2 {
		o.Set(pairs[i], pyjson.OfString(pairs[i+1]))
	}
	return o
}
