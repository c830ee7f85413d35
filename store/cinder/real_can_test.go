package cinder_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/store"
	"hearth/store/jobs"
	"hearth/store/storetest"
)

// volumes are the ids of all volumes of the cloud.
func (s *site) volumes() []string {
	s.t.Helper()
	var out []string
	for _, v := range at(s.must("GET", "/volumes?all_tenants=1", nil), "volumes").Items() {
		id, _ := v.Object().Get("id")
		out = append(out, id.Text())
	}
	slices.Sort(out)
	return out
}

// cannot: a restore is blocked by a reason of the code, hearth refuses it, and the cloud
// has the volumes that it had.
func (s *site) cannot(what string, r core.RestoreRequest, code string, says ...string) {
	s.t.Helper()
	s.blocked(what, jobs.CanRequest{Restore: r}, code, core.AnswerNo, says...)
}

// blocked is cannot, or that it may not: then nothing is tried.
func (s *site) blocked(what string, r jobs.CanRequest, code string, answer core.Answer, says ...string) {
	t := s.t
	t.Helper()
	before := s.volumes()
	can, err := s.desk.Can(s.ctx, r)
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	i := slices.IndexFunc(can.Reasons, func(r core.Reason) bool { return r.Code == code && r.Answer == answer })
	if i < 0 || can.Answer() != answer {
		t.Errorf("%s: %s, %+v", what, can.Answer(), can.Reasons)
		return
	}
	if s.told != nil {
		s.told[code] = true
	}
	for _, part := range says {
		if !strings.Contains(can.Reasons[i].Text, part) {
			t.Errorf("%s: %q does not say %q", what, can.Reasons[i].Text, part)
		}
	}
	t.Logf("%s: %s; %s", what, can.Reasons[i].Text, can.Reasons[i].Next)
	if answer != core.AnswerNo {
		return
	}
	report, err := s.desk.Restore(s.ctx, r.Restore, r.Plan, true, nil)
	if err == nil || core.CodeOf(err) == core.CodePartial || report.Volume != "" {
		t.Errorf("%s: it was restored all the same: %v, %+v", what, err, report)
	}
	if after := s.volumes(); !slices.Equal(before, after) {
		t.Errorf("%s: there were %d volumes, and are %d", what, len(before), len(after))
	}
}

// encrypting is the id and name of a volume type that encrypts; "" where there is none.
func (s *site) encrypting() (id, name string) {
	for _, v := range at(s.must("GET", "/types", nil), "volume_types").Items() {
		id, name := at(v.Object(), "id").Text(), at(v.Object(), "name").Text()
		if at(s.must("GET", "/types/"+id+"/encryption", nil), "provider").Text() != "" {
			return id, name
		}
	}
	return "", ""
}

// TestRealBlockers: what a real cloud shows of why a restore cannot be is told before
// anything is made.
func TestRealBlockers(t *testing.T) {
	s := realCloud(t, "HEARTH_TEST_CLOUD")
	s.told = map[string]bool{}
	plain := s.volume("can", 1, nil)
	full := s.backup(plain, "can-full", false)
	incr := s.backup(plain, "can-incr", true)
	big := s.backup(s.volume("can-big", 2, nil), "can-big", false)
	onto := s.volume("can-onto", 1, nil)
	action := func(id core.VolumeID, name string, args dict) {
		s.must("POST", "/volumes/"+string(id)+"/action", dict{name: args})
	}

	s.cannot("too small", core.RestoreRequest{Backup: big.ID, Volume: onto}, core.ReasonTargetSmall)
	s.cannot("a small new one", core.RestoreRequest{Backup: big.ID, Size: 1}, core.ReasonTargetSmall)
	s.cannot("no such volume", core.RestoreRequest{Backup: full.ID, Volume: "00000000-dead-4000-8000-000000000000"}, core.ReasonTargetMissing)
	s.cannot("no such backup", core.RestoreRequest{Backup: "00000000-dead-4000-8000-000000000000"}, core.ReasonBackupMissing)
	s.cannot("no such type", core.RestoreRequest{Backup: full.ID, Type: named("none")}, core.ReasonTypeGone)

	const server = "5e000000-0000-4000-8000-000000000001"
	action(onto, "os-reserve", dict{})
	s.cannot("reserved", core.RestoreRequest{Backup: full.ID, Volume: onto}, core.ReasonTargetStatus)
	action(onto, "os-attach", dict{"instance_uuid": server, "mountpoint": "/dev/vdb", "mode": "rw"})
	s.cannot("in use", core.RestoreRequest{Backup: full.ID, Volume: onto}, core.ReasonTargetInUse, server, "/dev/vdb")
	action(onto, "os-detach", dict{})

	o := s.desk.Place.(store.Operator)
	if err := o.ResetBackup(s.ctx, full.ID, core.StatusError); err != nil {
		t.Fatal(err)
	}
	s.until(full.ID, core.StatusError)
	s.cannot("in error", core.RestoreRequest{Backup: full.ID}, core.ReasonBackupStatus)
	s.blocked("its parent in error", jobs.CanRequest{Restore: core.RestoreRequest{Backup: incr.ID}}, core.ReasonParentStatus,
		core.AnswerUnknown)
	if err := o.ResetBackup(s.ctx, full.ID, core.StatusAvailable); err != nil {
		t.Fatal(err)
	}
	s.until(full.ID, core.StatusAvailable)

	s.ofServices(full)
	s.ofLUKS(full, onto)
	s.ofQuota(full, plain)
	s.ofRules(full, onto)
	s.ofLogins()
	s.ofElsewhere(incr)
	s.ofDamage(full)
	s.ofRunning(full)
	for _, x := range storetest.Blockers() {
		if why := notOnLab[x.Code]; !s.told[x.Code] && why == "" {
			t.Errorf("no real cloud showed %s", x.Code)
		}
	}
}

// notOnLab are the codes that no cloud was brought to show, and why.
var notOnLab = map[string]string{
	core.ReasonReadOnly:      "it is the config that says so",
	core.ReasonParentCycle:   "no request makes one",
	core.ReasonParentMissing: "the API names no parents, so that one which is not there is one that is not seen",
	core.ReasonParentDriver:  "a cloud has one driver, as a rule",
	core.ReasonDriverGone:    "such rows are of clouds that are no more",
	core.ReasonTypeHidden:    "everybody may list the types",
	core.ReasonQuotaHidden:   "everybody may read the project's quota",
	core.ReasonAPIRefuses:    "TestRealApply leaves out what the cloud refuses",
}

// without does something while the project of a volume has nothing left of a quota.
func (s *site) without(of core.VolumeID, name string, do func()) {
	s.t.Helper()
	project := at(s.must("GET", "/volumes/"+string(of), nil), "volume", "os-vol-tenant-attr:tenant_id").Text()
	was := at(s.must("GET", "/os-quota-sets/"+project+"?usage=True", nil), "quota_set", name).Object()
	number := func(key string) int64 {
		n, _ := at(was, key).Int64()
		return n
	}
	set := func(limit int64) {
		s.must("PUT", "/os-quota-sets/"+project, dict{"quota_set": dict{name: limit}})
	}
	set(number("in_use") + number("reserved"))
	defer set(number("limit"))
	do()
}

// ofQuota takes the rest of the project's quota away for a moment.
func (s *site) ofQuota(b core.Backup, of core.VolumeID) {
	for name, code := range map[string]string{"volumes": core.ReasonQuotaVolumes, "gigabytes": core.ReasonQuotaGigabytes} {
		s.without(of, name, func() { s.cannot("no quota of "+name, core.RestoreRequest{Backup: b.ID}, code, "quota") })
	}
}

// ofRules hands captures in that Cinder's rules, or its database, do not take, or that
// nobody has.
func (s *site) ofRules(b core.Backup, onto core.VolumeID) {
	s.t.Helper()
	for what, x := range map[string]struct {
		text   string // "": nobody has it
		code   string
		answer core.Answer
	}{
		"version 3": {`{"version": 3}`, core.ReasonRefused, core.AnswerNo},
		"image keys of a kind": {`{"version": 2, "volume-base-metadata": {}, "volume-glance-metadata": {"a": "1", "A": "2"}}`,
			core.ReasonImageKeys, core.AnswerUnknown},
		"a layer of nobody's": {"", core.ReasonLayerUnknown, core.AnswerUnknown},
		"no capture at all":   {"-", core.ReasonLayerAssumed, core.AnswerUnknown},
	} {
		r := jobs.PlanRequest{Backup: b.ID, Onto: onto, Via: core.ViaDatabase}
		switch x.text {
		case "":
			r.Captures = []core.Capture{{Source: core.Source{Kind: core.SourceUnknown}}}
		case "-":
		default:
			r.Captures = []core.Capture{core.ReadCapture(x.text, core.Source{Kind: core.SourceFile})}
		}
		d := s.desk
		if x.text == "-" { // what was kept of it is not asked
			fresh := s.openDesk(s.name, s.t.TempDir())
			d.Archive = fresh.Archive
		}
		p, err := d.Plan(s.ctx, r)
		if err != nil {
			s.t.Errorf("%s: %v", what, err)
			continue
		}
		s.blocked(what, jobs.CanRequest{Restore: core.RestoreRequest{Backup: b.ID, Volume: onto}, Plan: p}, x.code, x.answer)
	}
}

// ofLogins: a reader may not restore at all; a member does not see what a chain stands
// on, and whether a type encrypts.
func (s *site) ofLogins() {
	as := func(variable string) *site {
		name := os.Getenv(variable)
		if name == "" {
			s.t.Logf("%s names no cloud", variable)
			s.told[core.ReasonDenied], s.told[core.ReasonParentGuessed], s.told[core.ReasonEncryption] = true, true, true
			return nil
		}
		other := openSite(s.t, name)
		other.told = s.told
		return other
	}
	if r := as("HEARTH_TEST_READER"); r != nil {
		r.cannot("a reader", core.RestoreRequest{Backup: "00000000-dead-4000-8000-000000000000"}, core.ReasonDenied)
	}
	m := as("HEARTH_TEST_MEMBER")
	if m == nil {
		return
	}
	id := m.volume("can-member", 1, nil)
	m.backup(id, "can-member", false)
	incr := m.backup(id, "can-member-incr", true)
	m.blocked("a member's incremental", jobs.CanRequest{Restore: core.RestoreRequest{Backup: incr.ID}}, core.ReasonParentGuessed,
		core.AnswerUnknown)
	if _, name := s.encrypting(); name != "" {
		if err := m.desk.Place.(store.Operator).DeleteBackup(m.ctx, incr.ID, false); err != nil { // quotas may be small
			s.t.Fatal(err)
		}
		for range 60 {
			if _, err := m.desk.Place.Backup(m.ctx, incr.ID); core.CodeOf(err) == core.CodeNotFound {
				break
			}
			hurried(m.ctx, time.Second)
		}
		vault := m.backup(m.volume("can-member-vault", 1, dict{"volume_type": name}), "can-member-vault", false)
		types, err := m.desk.Place.(store.Typer).VolumeTypes(m.ctx)
		if err != nil {
			s.t.Fatal(err)
		}
		i := slices.IndexFunc(types, func(x core.VolumeType) bool { return x.Default })
		m.blocked("a member's LUKS", jobs.CanRequest{Restore: core.RestoreRequest{Backup: vault.ID, Type: types[i].Name}},
			core.ReasonEncryption, core.AnswerUnknown)
	} else {
		s.told[core.ReasonEncryption] = true
	}
}

// ofElsewhere imports an incremental without its parent into another cloud.
func (s *site) ofElsewhere(incr core.Backup) {
	if os.Getenv("HEARTH_TEST_CLOUD2") == "" {
		s.t.Log("HEARTH_TEST_CLOUD2 names no cloud")
		return
	}
	to := realCloud(s.t, "HEARTH_TEST_CLOUD2")
	to.told = s.told
	record, err := s.desk.Place.(store.Exporter).Export(s.ctx, incr.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	got, err := to.desk.Place.(store.Importer).Import(s.ctx, []core.ImportItem{{ID: incr.ID, Record: record}}, core.Entry{})
	to.keepBackup(incr.ID)
	if err != nil || got[0].Err != nil {
		s.t.Fatalf("%+v, %v", got, err)
	}
	to.until(incr.ID, core.StatusAvailable)
	to.blocked("its parent is elsewhere", jobs.CanRequest{Restore: core.RestoreRequest{Backup: incr.ID}}, core.ReasonParentGuessed,
		core.AnswerUnknown, "nothing is seen that it could stand on")
}

// ofDamage takes a chunk out of the repository for a moment, and has that verified.
func (s *site) ofDamage(b core.Backup) {
	t, folder := s.t, os.Getenv("HEARTH_TEST_REPOSITORY")
	if folder == "" {
		t.Log("HEARTH_TEST_REPOSITORY names no folder")
		s.told[core.ReasonDamaged] = true
		return
	}
	place, err := store.Open(s.ctx, store.Location{Scheme: "posix", Rest: folder}, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer place.Close()
	chunk := ""
	filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, string(b.ID)+"-00001") {
			chunk = path
		}
		return err
	})
	verify := func() {
		var reports []core.VerifyReport
		err := place.(store.Repository).Verify(s.ctx, core.VerifyRequest{IDs: []core.BackupID{b.ID}}, func(r core.VerifyReport) error {
			reports = append(reports, r)
			return nil
		})
		d := jobs.Desk{Place: place, Archive: s.desk.Archive, Pace: s.desk.Pace}
		if nerr := d.NoteVerified(s.ctx, reports); err != nil || nerr != nil || len(reports) == 0 {
			t.Fatalf("%d reports, %v, %v", len(reports), err, nerr)
		}
	}
	if err := os.Rename(chunk, chunk+".away"); err != nil {
		t.Fatal(err)
	}
	verify()
	if err := os.Rename(chunk+".away", chunk); err != nil {
		t.Fatal(err)
	}
	was := s.desk.Source
	s.desk.Source = place.(store.CaptureSource)
	defer func() { s.desk.Source = was }()
	s.cannot("a chunk is gone", core.RestoreRequest{Backup: b.ID}, core.ReasonDamaged, "found "+b.Title())
	verify()
	can, err := s.desk.Can(s.ctx, jobs.CanRequest{Restore: core.RestoreRequest{Backup: b.ID}})
	if err != nil || can.Answer() == core.AnswerNo {
		t.Errorf("mended, and verified again: %v, %+v", err, can)
	}
}

// ofRunning asks while a restore is under way.
func (s *site) ofRunning(b core.Backup) {
	report, err := s.desk.Restore(s.ctx, core.RestoreRequest{Backup: b.ID, Name: named("can-running")}, nil, false, nil)
	s.keep(report.Volume)
	if err != nil {
		s.t.Fatal(err)
	}
	s.cannot("it is being restored", core.RestoreRequest{Backup: b.ID}, core.ReasonRestoring, "under way")
	s.await(report.Volume)
	s.until(b.ID, core.StatusAvailable)
}

// until waits for a backup's status.
func (s *site) until(id core.BackupID, status string) {
	s.t.Helper()
	for s.ctx.Err() == nil {
		if b, err := s.desk.Place.Backup(s.ctx, id); err == nil && b.Status == status {
			return
		}
		hurried(s.ctx, time.Second)
	}
	s.t.Fatalf("backup %s never came to be %s", id, status)
}

// ofServices disables the backup services for a moment.
func (s *site) ofServices(b core.Backup) {
	services, err := s.desk.Place.(store.Surveyor).BackupServices(s.ctx)
	if err != nil || len(services) == 0 {
		s.t.Fatalf("%+v, %v", services, err)
	}
	set := func(what string) {
		for _, x := range services {
			s.must("PUT", "/os-services/"+what, dict{"binary": "cinder-backup", "host": x.Host})
		}
	}
	set("disable")
	defer set("enable")
	s.cannot("no service", core.RestoreRequest{Backup: b.ID}, core.ReasonServiceDown, services[0].Host)
}

// ofLUKS: an encrypted backup is refused for any other type, and goes by itself to a new
// volume of its own; the quota of that type counts.
func (s *site) ofLUKS(plain core.Backup, onto core.VolumeID) {
	t := s.t
	id, name := s.encrypting()
	if id == "" {
		t.Log("no type of the cloud encrypts")
		return
	}
	vault := s.volume("can-vault", 1, dict{"volume_type": name})
	b := s.backup(vault, "can-vault", false)
	if b.EncryptionKeyID.Set {
		t.Log("its key is shown")
	}
	types, err := s.desk.Place.(store.Typer).VolumeTypes(s.ctx)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(types, func(x core.VolumeType) bool { return x.Default })
	s.cannot("LUKS to the default type", core.RestoreRequest{Backup: b.ID, Type: types[i].Name}, core.ReasonEncryptedType, types[i].Name)
	s.cannot("LUKS onto a plain volume", core.RestoreRequest{Backup: b.ID, Volume: onto}, core.ReasonEncryptedType)

	s.without(vault, "volumes_"+name, func() {
		s.cannot("no quota of the type", core.RestoreRequest{Backup: plain.ID, Type: name}, core.ReasonQuotaVolumes, name)
	})

	plan, err := s.desk.Plan(s.ctx, jobs.PlanRequest{Backup: b.ID})
	if err != nil {
		t.Fatal(err)
	}
	report, err := s.desk.Restore(s.ctx, core.RestoreRequest{Backup: b.ID}, plan, true, nil)
	s.keep(report.Volume)
	if err != nil || report.Route.Way != core.WayHearth {
		t.Fatalf("LUKS to a new volume: %v, %+v", err, report)
	}
	for _, f := range report.Fields { // a key that the API hides is not one that went
		if f.Name == "encryption_key_id" && f.Came == core.CameNot {
			t.Errorf("its key came out as another: %+v", f)
		}
	}
	if v, err := s.desk.Place.Volume(s.ctx, report.Volume); err != nil || v.VolumeTypeID.V != id {
		t.Errorf("LUKS to a new volume: it has the type %s, %v", v.VolumeTypeID.V, err)
	}
}

// TestRealBytes: a full backup and an incremental in which data has become zero, put
// back by every way that hearth has, are byte for byte what the volume was.
func TestRealBytes(t *testing.T) {
	s := realCloud(t, "HEARTH_TEST_CLOUD")
	folder := os.Getenv("HEARTH_TEST_VOLUMES")
	if folder == "" {
		t.Skip("HEARTH_TEST_VOLUMES does not name the folder where the cloud keeps its volumes as files")
	}
	file := func(id core.VolumeID) string { return filepath.Join(folder, "volume-"+string(id)) }
	const shown = 16 << 20 // what lies behind is zero
	read := func(id core.VolumeID) []byte {
		t.Helper()
		f, err := os.Open(file(id))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		out := make([]byte, shown)
		if _, err := f.ReadAt(out, 0); err != nil {
			t.Fatal(err)
		}
		return out
	}
	write := func(id core.VolumeID, at int, data []byte) {
		t.Helper()
		f, err := os.OpenFile(file(id), os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.WriteAt(data, int64(at))
		if cerr := f.Close(); err != nil || cerr != nil {
			t.Fatal(err, cerr)
		}
	}
	id := s.volume("bytes", 1, nil)
	data := bytes.Repeat([]byte("hearth's own bytes, no zero among them. "), shown/40+1)[:shown]
	copy(data[1<<20:], make([]byte, 4<<20)) // a hole, before the end
	write(id, 0, data)
	full := s.backup(id, "bytes-full", false)
	write(id, 8<<20, make([]byte, 64<<10))
	now := slices.Clone(data)
	copy(now[8<<20:], make([]byte, 64<<10))
	incr := s.backup(id, "bytes-incr", true)
	for _, x := range []struct {
		backup core.Backup
		want   []byte
		way    core.Way
	}{{full, data, core.WayCinder}, {incr, now, core.WayHearth}} {
		for kind, r := range map[string]core.RestoreRequest{
			"new": {}, "named": {Name: named("bytes-" + string(x.way))}, "of a size": {Size: 1, Name: named("bytes-sized-" + string(x.way))},
			"onto": {Volume: s.dressed("bytes-onto", 1, false)},
		} {
			r.Backup = x.backup.ID
			report, err := s.desk.Restore(s.ctx, r, nil, true, nil)
			s.keep(report.Volume)
			if err != nil {
				t.Errorf("%s, %s: %v", x.backup.Title(), kind, err)
				continue
			}
			if kind != "onto" && report.Route.Way != x.way {
				t.Errorf("%s, %s: it went %+v", x.backup.Title(), kind, report.Route)
			}
			if got := read(report.Volume); !bytes.Equal(got, x.want) {
				t.Errorf("%s, %s: other bytes than were backed up", x.backup.Title(), kind)
			}
		}
	}
}

// TestRealMadeLost: the answers to both requests of a restore to a volume that hearth
// makes get lost. Nothing is asked for twice, and no volume is written to that may be
// somebody else's.
func TestRealMadeLost(t *testing.T) {
	s := realCloud(t, "HEARTH_TEST_CLOUD")
	id := s.volume("made", 1, nil)
	s.backup(id, "made-full", false)
	b := s.backup(id, "made-incr", true)
	for name, f := range breaks {
		for _, post := range []string{"POST volumes", "POST restore"} {
			t.Run(name+", "+post, func(t *testing.T) {
				s := s.in(t)
				p, desk := s.through(t)
				p.reset(on(post, f, 0))
				report, err := desk.Restore(s.ctx, core.RestoreRequest{Backup: b.ID, Name: named(strings.ReplaceAll(name, " ", "-"))}, nil, true, nil)
				arrived, reached := p.counted(post)
				restores, _ := p.counted("POST restore")
				p.reset(nil)
				entries, jerr := desk.Archive.Entries(s.ctx, desk.Place.Info().Location, 1)
				if jerr != nil || len(entries) != 1 {
					t.Fatalf("%+v, %v", entries, jerr)
				}
				e := entries[0]
				s.keep(e.Volume)
				s.keep(report.Volume)
				switch {
				case arrived != 1:
					t.Errorf("asked %d times", arrived)
				case post == "POST restore" && reached > 0: // it is seen restoring
					if err != nil || e.State != core.EntryDone {
						t.Errorf("the cloud did it, and hearth says %v; the entry is %s", err, e.State)
					}
				case post == "POST restore":
					if err == nil || !strings.Contains(err.Error(), string(e.Volume)) || e.State != core.EntryOpen {
						t.Errorf("not sent: %v, %+v", err, e)
					}
				case err == nil || restores > 0:
					t.Errorf("%v, and %d restores were asked for", err, restores)
				case reached > 0 && (core.CodeOf(err) != core.CodePartial || e.State != core.EntryHalf):
					t.Errorf("made, and its answer lost: %v; the entry is %s", err, e.State)
				}
			})
		}
	}
}
