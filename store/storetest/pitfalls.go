package storetest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/store/memory"
)

// Pitfall is a case in which some releases of Cinder go wrong: what the cloud is like, what
// is asked for, and what is said. The tests of the jobs and of both faces walk the same
// ones ([Pitfalls]), in a cloud of releases that do so and in one of others.
type Pitfall struct {
	What    string
	Code    string
	World   func(*memory.World)
	Cloud   func(*memory.Cloud) // nil: the standard one
	Says    string              // a part of what is said
	Does    string              // releases of which some do so, and some do not
	Spared  string              // releases that do not; "": all there are do
	Asked   core.Operation
	Restore core.RestoreRequest // also the backup and the volume of metadata that is written
	Create  core.BackupRequest
	Delete  core.BackupID
	Import  core.Record
	Capture string // that is handed in; "": none
}

// PitfallsNotTried are the codes without a row, and why; there are none.
var PitfallsNotTried = map[string]string{}

func made(service string) func(*core.Backup) {
	return func(b *core.Backup) { b.Service = core.Some("cinder.backup." + service) }
}

func changing(changes ...func(*memory.World)) func(*memory.World) {
	return func(w *memory.World) {
		for _, c := range changes {
			c(w)
		}
	}
}

func twoZones(c *memory.Cloud) {
	c.Serves(core.BackupService{Host: "alpha", Zone: "nova", Up: true, Enabled: true},
		core.BackupService{Host: "beta", Zone: "west", Up: true, Enabled: true})
}

// ofTSM is a record of a backup that TSM's driver made.
func ofTSM() core.Record {
	var b core.Backup
	for _, row := range Standard().AllBackups() {
		if row.ID == Tagged {
			b = row
		}
	}
	b.ID, b.Service = "0b000000-0000-4000-8000-0000000000aa", core.Some("cinder.backup.drivers.tsm.TSMBackupDriver")
	r, err := core.ExportRecord(&b)
	if err != nil {
		panic(err)
	}
	return r
}

// Pitfalls are cases for every code.
func Pitfalls() []Pitfall {
	line := func(change func(*core.Backup)) func(*memory.World) {
		return changing(WithBackup(Full, change), WithBackup(First, change), WithBackup(Second, change),
			WithBackup(Orphan, change))
	}
	posix := made("drivers.posix.PosixBackupDriver")
	return []Pitfall{
		{What: "the parent's host is down", Code: core.PitfallParentHost, Asked: core.OpCreate,
			Create: core.BackupRequest{Volume: Database, Incremental: true, Force: true},
			World:  line(func(b *core.Backup) { posix(b); b.Host = core.Some("gamma") }),
			Says:   "Cinder from 22.0 on sends an incremental of the posix driver to the host of its parent, up or not, and gamma is down",
			Does:   "21 to 22", Spared: "21"},
		{What: "a zone that is passed over", Code: core.PitfallZoneIgnored, Asked: core.OpCreate, Cloud: twoZones,
			Create: core.BackupRequest{Volume: WebRoot, AvailabilityZone: "west"},
			Says:   "Cinder up to 22.1 passes over the zone", Does: "21 to 23", Spared: "22.2 or later"},
		{What: "a zone that is not kept", Code: core.PitfallZoneLost, Asked: core.OpCreate, Cloud: twoZones,
			Create: core.BackupRequest{Volume: WebRoot},
			Says:   "Cinder up to 24.1 keeps no zone", Does: "24 to 25", Spared: "24.2 or later"},
		{What: "full ones where incrementals were asked for", Code: core.PitfallFullInstead, Asked: core.OpCreate,
			Create: core.BackupRequest{Volume: Database, Incremental: true, Force: true},
			World: line(func(b *core.Backup) {
				b.Incremental, b.ParentID, b.CreatedAt = false, "", core.Some(time.Date(2023, 9, 1, 0, 0, 0, 0, time.UTC))
			}),
			Says: "backups of the volume from 2023 and 2024 are full", Does: "21 to 29"},
		{What: "no zone, and two hosts", Code: core.PitfallAnyHost, Asked: core.OpRestore, Restore: of(Full, ""),
			World: WithBackup(Full, func(b *core.Backup) { posix(b); b.AvailabilityZone = core.Opt[string]{} }),
			Cloud: twoZones, Says: "has any of alpha and beta restore it", Does: "21 to 29"},
		{What: "a Ceph backup that may be short", Code: core.PitfallShort, Asked: core.OpRestore, Restore: of(Full, ""),
			World: WithBackup(Full, made("drivers.ceph.CephBackupDriver")),
			Says:  "Cinder up to 22.2, 23.0 to 23.2 and 24.0 does not notice", Does: "24", Spared: "24.1 or later"},
		{What: "a Ceph backup of long ago", Code: core.PitfallShort, Asked: core.OpRestore, Restore: of(Full, ""),
			World: WithBackup(Full, func(b *core.Backup) {
				made("drivers.ceph.CephBackupDriver")(b)
				b.CreatedAt = core.Some(time.Date(2023, 9, 1, 0, 0, 0, 0, time.UTC))
			}), Says: "no Cinder of before 2024-01-16 noticed", Does: "29"},
		{What: "a volume that Cinder makes on RBD", Code: core.PitfallTypeError, Asked: core.OpRestore, Restore: of(Full, ""),
			World: WithBackup(Full, made("drivers.swift.SwiftBackupDriver")),
			Says:  "Cinder 22.0 to 24.4, 25.0 to 25.2 and 26.0 fails with a TypeError", Does: "24 or later", Spared: "26.1 or later"},
		{What: "a source volume that changed hands", Code: core.PitfallTransfer, Asked: core.OpRestore,
			Restore: core.RestoreRequest{Backup: Tagged, Type: "LUKS"},
			World:   changing(Secret, WithVolume(WebRoot, func(v *core.Volume) { v.ProjectID = "another" })),
			Says:    "belongs to another project now (another)", Does: "20 to 21", Spared: "20"},
		{What: "a deletion that ends in error", Code: core.PitfallStuckError, Asked: core.OpDelete, Delete: Broken,
			World: WithBackup(Broken, made("drivers.swift.SwiftBackupDriver")),
			Says:  "Cinder up to 24 ends the deletion", Does: "24 to 25", Spared: "25"},
		{What: "a deletion by a driver of Grizzly's", Code: core.PitfallDriverGone, Asked: core.OpDelete, Delete: Tagged,
			World: WithBackup(Tagged, made("services.swift")),
			Says:  "Cinder from 14.0 on has no driver cinder.backup.services.swift any more", Does: "13 to 14", Spared: "13"},
		{What: "a deletion by TSM's driver", Code: core.PitfallDriverGone, Asked: core.OpDelete, Delete: Tagged,
			World: WithBackup(Tagged, made("drivers.tsm.TSMBackupDriver")),
			Says:  "Cinder from 18.0 on has no driver", Does: "17 to 18", Spared: "17"},
		{What: "a record of TSM's", Code: core.PitfallImportGone, Asked: core.OpImport, Import: ofTSM(),
			Says: "Cinder from 18.0 on has no driver", Does: "17 to 18", Spared: "17"},
		{What: "an image value of 300 characters", Code: core.PitfallLongImage, Asked: core.OpWriteVolume,
			Restore: of(Tagged, WebRoot), Capture: `{"version": 2, "volume-base-metadata": {}, "volume-glance-metadata": {"note": "` +
				strings.Repeat("x", 300) + `"}}`,
			Says: "refuses values of image metadata of more than 255 characters", Does: "21 to 23", Spared: "24"},
	}
}

// Open makes the cloud of some releases, and a desk at it.
func (x *Pitfall) Open(t testing.TB, info core.PlaceInfo, releases string, now func() time.Time) (*memory.Cloud, jobs.Desk) {
	t.Helper()
	if info.Location == "" {
		info = memory.NewCloud(memory.World{}).Info()
	}
	var err error
	if info.Release, err = core.ParseReleases(releases); err != nil {
		t.Fatal(err)
	}
	b := Blocker{World: x.World, Cloud: x.Cloud}
	return b.Open(t, info, now)
}

// Arguments are what is asked for as a verb's; files are written where it needs some.
func (x *Pitfall) Arguments(t testing.TB) []string {
	t.Helper()
	file := func(text string) string {
		name := filepath.Join(t.TempDir(), "given.json")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	switch x.Asked {
	case core.OpCreate:
		args := []string{"create", string(x.Create.Volume)}
		if x.Create.Incremental {
			args = append(args, "--incremental", "--force")
		}
		if x.Create.AvailabilityZone != "" {
			args = append(args, "--availability-zone", x.Create.AvailabilityZone)
		}
		return args
	case core.OpDelete:
		return []string{"delete", string(x.Delete)}
	case core.OpImport:
		return []string{"import", file(string(pasteOf(x.Import)))}
	case core.OpWriteVolume:
		return append([]string{"apply"}, Arguments(x.Restore, []string{file(x.Capture)})...)
	}
	return append([]string{"restore"}, Arguments(x.Restore, nil)...)
}

// Said is what a job says before it does what is asked for.
func (x *Pitfall) Said(t testing.TB, d jobs.Desk) []string {
	t.Helper()
	ctx := t.Context()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	switch x.Asked {
	case core.OpCreate:
		p, err := d.PlanCreate(ctx, x.Create)
		check(err)
		return p.Warnings
	case core.OpDelete:
		p, err := d.PlanDelete(ctx, []core.BackupID{x.Delete}, false)
		check(err)
		return p.Warnings
	case core.OpImport:
		checks, _, err := d.Preflight(ctx, core.FindRecords(string(pasteOf(x.Import))))
		check(err)
		var out []string
		for _, f := range checks[0].Findings {
			out = append(out, f.Text)
		}
		return out
	}
	r := jobs.PlanRequest{Backup: x.Restore.Backup, Onto: x.Restore.Volume, Type: x.Restore.Type, Via: core.ViaDatabase}
	if x.Asked == core.OpWriteVolume {
		r.Via, r.MetadataOnly = core.ViaAPI, true
		r.Captures = []core.Capture{core.ReadCapture(x.Capture, core.Source{Kind: core.SourceFile, Where: "handed in"})}
	}
	p, err := d.Plan(ctx, r)
	check(err)
	check(d.Weigh(ctx, p, r))
	return p.Warnings
}
