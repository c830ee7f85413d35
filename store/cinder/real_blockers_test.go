package cinder_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/store"
	"hearth/store/jobs"
	"hearth/store/storetest"
)

// nowhere is the id of nothing.
const nowhere = "00000000-dead-4000-8000-000000000000"

// TestRealBlockers: what a real cloud shows of why a restore cannot be is told before
// anything is made: by the jobs, the plan's JSON, the verb, the chooser of targets, the
// preview and the question. Nothing is sent meanwhile, and the cloud is as it was.
func TestRealBlockers(t *testing.T) {
	s := realCloud(t, "HEARTH_TEST_CLOUD")
	s.told = map[string]bool{}
	s.face(builtProgram(t))
	plain := s.volume("can", 1, nil)
	full := s.backup(plain, "can-full", false)
	incr := s.backup(plain, "can-incr", true)
	big := s.backup(s.volume("can-big", 2, nil), "can-big", false)
	onto := s.volume("can-onto", 1, nil)

	s.blocked(scene{what: "too small", ask: core.RestoreRequest{Backup: big.ID, Volume: onto}, code: core.ReasonTargetSmall,
		fits: "too small"})
	s.cannot("a small new one", core.RestoreRequest{Backup: big.ID, Size: 1}, core.ReasonTargetSmall)
	s.blocked(scene{what: "no such volume", ask: core.RestoreRequest{Backup: full.ID, Volume: nowhere}, code: core.ReasonTargetMissing,
		says: []string{nowhere}, noPlan: true})
	s.blocked(scene{what: "no such backup", ask: core.RestoreRequest{Backup: nowhere}, code: core.ReasonBackupMissing,
		says: []string{nowhere}, noPlan: true})
	s.ofTypes(full)
	s.ofStatuses(full, incr, onto)
	s.ofServices(full)
	s.ofLUKS(full, onto)
	s.ofQuota(full, plain)
	s.ofRules(full, onto)
	s.ofReadOnly(full)
	s.ofLogins()
	s.ofElsewhere(full, incr)
	s.ofDamage(full)
	s.ofRunning(full)
	s.ofRows(full, incr)
	for _, x := range storetest.Blockers() {
		if why := notOnLab[x.Code]; s.told[x.Code] == (why != "") {
			t.Errorf("%s: a real cloud showed it %v, and it is left out because %q", x.Code, s.told[x.Code], why)
		}
	}
}

// notOnLab are the codes that no cloud can be brought to show, and why.
var notOnLab = map[string]string{}

// ofTypes asks for a type that is not there, that goes while the form is filled in, and,
// of a member, that is others'.
func (s *site) ofTypes(b core.Backup) {
	s.t.Helper()
	s.cannot("no such type", core.RestoreRequest{Backup: b.ID, Type: named("none")}, core.ReasonTypeGone)
	name := named("going")
	made := s.must("POST", "/types", dict{"volume_type": dict{"name": name}})
	id := at(made, "volume_type", "id").Text()
	gone := false
	remove := func() {
		if !gone {
			s.must("DELETE", "/types/"+id, nil)
		}
		gone = true
	}
	defer remove()
	s.faces.proxy.reset(nil)
	x := scene{what: "a type that goes while one chooses", ask: core.RestoreRequest{Backup: b.ID, Type: name}, code: core.ReasonTypeGone,
		answer: core.AnswerNo, says: []string{"there is no volume type " + name}, late: remove}
	s.faces.screens(&x, s.faces.env(&x), nil)
	if sent := s.faces.proxy.sent(); len(sent) > 0 {
		s.t.Errorf("%s: %q was sent", x.what, sent)
	}
}

// ofStatuses brings the target and the backup into states in which nothing is restored.
func (s *site) ofStatuses(full, incr core.Backup, onto core.VolumeID) {
	t := s.t
	t.Helper()
	action := func(id core.VolumeID, name string, args dict) {
		s.must("POST", "/volumes/"+string(id)+"/action", dict{name: args})
	}
	const server = "5e000000-0000-4000-8000-000000000001"
	ask := core.RestoreRequest{Backup: full.ID, Volume: onto}
	action(onto, "os-reserve", dict{})
	s.blocked(scene{what: "reserved", ask: ask, code: core.ReasonTargetStatus, fits: "is attaching"})
	action(onto, "os-attach", dict{"instance_uuid": server, "mountpoint": "/dev/vdb", "mode": "rw"})
	s.blocked(scene{what: "in use", ask: ask, code: core.ReasonTargetInUse, says: []string{server, "/dev/vdb"}, fits: "is in-use"})
	action(onto, "os-detach", dict{})

	o := s.desk.Place.(store.Operator)
	if err := o.ResetBackup(s.ctx, full.ID, core.StatusError); err != nil {
		t.Fatal(err)
	}
	s.until(full.ID, core.StatusError)
	s.cannot("in error", core.RestoreRequest{Backup: full.ID}, core.ReasonBackupStatus)
	s.blocked(scene{what: "its parent in error", ask: core.RestoreRequest{Backup: incr.ID}, code: core.ReasonParentStatus,
		answer: core.AnswerUnknown})
	if err := o.ResetBackup(s.ctx, full.ID, core.StatusAvailable); err != nil {
		t.Fatal(err)
	}
	s.until(full.ID, core.StatusAvailable)
}

// ofReadOnly opens the cloud as the config may say.
func (s *site) ofReadOnly(b core.Backup) {
	s.t.Helper()
	place, err := store.Open(s.ctx, store.Location{Scheme: "cloud", Rest: s.name}, store.Options{AllProjects: true, CacheDir: s.t.TempDir(),
		Config: store.PlaceConfig{ReadOnly: true}})
	if err != nil {
		s.t.Fatal(err)
	}
	defer place.Close()
	d := s.desk
	d.Place = place
	s.blocked(scene{what: "only read", ask: core.RestoreRequest{Backup: b.ID}, code: core.ReasonReadOnly, through: &d,
		config: "read_only = true"})
}

// ofReader asks as one who may only read: by a policy that is known, as the defaults of a
// cloud that may be older than 29 let a reader restore.
func (s *site) ofReader() {
	s.t.Helper()
	policy := filepath.Join(s.t.TempDir(), "policy.yaml")
	if err := os.WriteFile(policy, []byte(`"backup:restore": "rule:xena_system_admin_or_project_member"`), 0o600); err != nil {
		s.t.Fatal(err)
	}
	place, err := store.Open(s.ctx, store.Location{Scheme: "cloud", Rest: s.name}, store.Options{CacheDir: s.t.TempDir(),
		Config: store.PlaceConfig{Policy: policy}})
	if err != nil {
		s.t.Fatal(err)
	}
	defer place.Close()
	d := s.desk
	d.Place = place
	x := scene{what: "a reader", ask: core.RestoreRequest{Backup: nowhere}, code: core.ReasonDenied, through: &d,
		config: "policy = " + strconv.Quote(policy), says: []string{"policy.yaml does not let"}}
	for _, b := range s.list("backups") {
		if at(b.Object(), "status").Text() == core.StatusAvailable {
			x.ask.Backup = core.BackupID(at(b.Object(), "id").Text())
		}
	}
	s.blocked(x)
}

// ofHidden keeps types and quota from a member.
func (s *site) ofHidden(m *site, b core.Backup) {
	t := s.t
	t.Helper()
	private := named("private")
	made := s.must("POST", "/types", dict{"volume_type": dict{"name": private, "os-volume-type-access:is_public": false}})
	m.cannot("others' type", core.RestoreRequest{Backup: b.ID, Type: private}, core.ReasonTypeGone, private)
	s.must("DELETE", "/types/"+at(made, "volume_type", "id").Text(), nil)

	if os.Getenv("HEARTH_TEST_POLICY") == "" {
		t.Log("HEARTH_TEST_POLICY names no folder")
		s.told[core.ReasonTypeHidden], s.told[core.ReasonQuotaHidden] = true, true
		return
	}
	types, err := s.desk.Place.(store.Typer).VolumeTypes(s.ctx)
	if err != nil || len(types) == 0 {
		t.Fatalf("%+v, %v", types, err)
	}
	s.ruled(map[string]string{"volume_extension:type_get_all": "", "volume_extension:type_get": ""}, func() {
		m.reopen()
		m.blocked(scene{what: "the types are hidden", ask: core.RestoreRequest{Backup: b.ID, Type: types[0].Name}, code: core.ReasonTypeHidden,
			answer: core.AnswerUnknown, says: []string{"whether there is a volume type " + core.Visible(types[0].Name)}})
	})
	project := at(s.must("GET", "/backups/"+string(b.ID), nil), "backup", "os-backup-project-attr:project_id").Text()
	s.must("PUT", "/os-quota-sets/"+project, dict{"quota_set": dict{"volumes": 1000}})
	defer s.must("PUT", "/os-quota-sets/"+project, dict{"quota_set": dict{"volumes": -1}})
	s.ruled(map[string]string{"volume_extension:quotas:show": "rule:admin_or_owner", "limits_extension:used_limits": "rule:admin_or_owner"},
		func() {
			m.reopen()
			m.blocked(scene{what: "the quota is hidden", ask: core.RestoreRequest{Backup: b.ID}, code: core.ReasonQuotaHidden,
				answer: core.AnswerUnknown, says: []string{"how much of the quota is left"}})
		})
}

// ruled has only administrators do something for a moment: what a rule is without that
// stands in the map, since Cinder forgets no rule that it has read.
func (s *site) ruled(rules map[string]string, do func()) {
	s.t.Helper()
	folder := os.Getenv("HEARTH_TEST_POLICY")
	file := filepath.Join(folder, "hearth-test.yaml") // one for all runs: the last file of a folder has the last word
	write := func(of func(was string) string) {
		text := ""
		for name, was := range rules {
			text += `"` + name + `": "` + of(was) + "\"\n"
		}
		err := os.MkdirAll(folder, 0o755)
		if err == nil {
			err = os.WriteFile(file, []byte(text), 0o644)
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
	write(func(string) string { return "rule:admin_api" })
	defer write(func(was string) string { return was })
	do()
}

// ofRows changes rows of backups as no request does.
func (s *site) ofRows(full, incr core.Backup) {
	s.t.Helper()
	if os.Getenv("HEARTH_TEST_SQL") == "" {
		s.t.Log("HEARTH_TEST_SQL names no command")
		for _, code := range []string{core.ReasonParentCycle, core.ReasonParentDriver, core.ReasonDriverGone} {
			s.told[code] = true
		}
		return
	}
	ask := core.RestoreRequest{Backup: full.ID}
	s.row(full.ID, dict{"parent_id": full.ID, "num_dependent_backups": "1"}, func() {
		s.cannot("its own parent", ask, core.ReasonParentCycle, "circle")
	})
	s.row(full.ID, dict{"parent_id": incr.ID, "num_dependent_backups": "1"}, func() {
		s.row(incr.ID, dict{"num_dependent_backups": "1"}, func() {
			s.cannot("parents that go round", ask, core.ReasonParentCycle, "circle")
		})
	})
	s.row(incr.ID, dict{"parent_id": nowhere}, func() { // which the API does not name
		s.blocked(scene{what: "a parent that nobody knows", ask: core.RestoreRequest{Backup: incr.ID}, code: core.ReasonParentGuessed,
			answer: core.AnswerUnknown, says: []string{"does not name the parent"}})
	})
	s.row(full.ID, dict{"service": "cinder.backup.drivers.swift.SwiftBackupDriver"}, func() {
		s.cannot("another driver's parent", core.RestoreRequest{Backup: incr.ID}, core.ReasonParentDriver, "does not read the other's")
	})
	s.row(full.ID, dict{"service": "cinder.backup.drivers.tsm.TSMBackupDriver"}, func() {
		s.cannot("a driver that is no more", ask, core.ReasonDriverGone, "tsm")
	})
	s.row(full.ID, dict{"status": core.StatusRestoring}, func() {
		s.cannot("it is being restored", ask, core.ReasonRestoring, "under way")
	})
}

// row changes columns of a backup's row for a moment, and has the site's desk be one
// that has learnt nothing.
func (s *site) row(id core.BackupID, columns dict, do func()) {
	s.t.Helper()
	sql := func(text string) string { s.t.Helper(); return s.sql(text + " where id = '" + string(id) + "'") }
	for column, value := range columns {
		was := sql("select quote(" + column + ") from backups")
		sql("update backups set " + column + " = '" + fmt.Sprint(value) + "'")
		defer sql("update backups set " + column + " = " + was)
	}
	s.reopen()
	defer s.reopen()
	do()
}

// sql has the database of the cloud do something that no request does (HEARTH_TEST_SQL).
func (s *site) sql(text string) string {
	s.t.Helper()
	words := strings.Fields(os.Getenv("HEARTH_TEST_SQL"))
	out, err := exec.Command(words[0], append(words[1:], "-N", "-e", text)...).CombinedOutput()
	if err != nil {
		s.t.Fatalf("%s: %v: %s", text, err, out)
	}
	return strings.TrimSpace(string(out))
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

// ofRules hands captures in that Cinder's rules, its database or its API do not take, or
// that nobody has.
func (s *site) ofRules(b core.Backup, onto core.VolumeID) {
	s.t.Helper()
	ask := core.RestoreRequest{Backup: b.ID, Volume: onto}
	s.blocked(scene{what: "version 3", ask: ask, captures: []string{`{"version": 3}`}, code: core.ReasonRefused})
	s.blocked(scene{what: "image keys of a kind", ask: ask, code: core.ReasonImageKeys, answer: core.AnswerUnknown,
		captures: []string{`{"version": 2, "volume-base-metadata": {}, "volume-glance-metadata": {"a": "1", "A": "2"}}`}})
	s.blocked(scene{what: "a layer of nobody's", ask: ask, captures: []string{""}, code: core.ReasonLayerUnknown, answer: core.AnswerUnknown})
	s.blocked(scene{what: "no capture at all", ask: ask, fresh: true, code: core.ReasonLayerAssumed, answer: core.AnswerUnknown})
	s.blocked(scene{what: "a key that the API does not take", ask: ask, metadata: true, code: core.ReasonAPIRefuses,
		captures: []string{`{"version": 2, "volume-base-metadata": {}, "volume-metadata": {"größe": "1 GiB"}}`},
		says:     []string{"the API refuses metadata größe"}})
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
		other.face(s.faces.binary)
		return other
	}
	if r := as("HEARTH_TEST_READER"); r != nil {
		r.ofReader()
	}
	m := as("HEARTH_TEST_MEMBER")
	if m == nil {
		return
	}
	id := m.volume("can-member", 1, nil)
	full := m.backup(id, "can-member", false)
	incr := m.backup(id, "can-member-incr", true)
	m.blocked(scene{what: "a member's incremental", ask: core.RestoreRequest{Backup: incr.ID}, code: core.ReasonParentGuessed,
		answer: core.AnswerUnknown})
	s.ofHidden(m, full)
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
		m.blocked(scene{what: "a member's LUKS", ask: core.RestoreRequest{Backup: vault.ID, Type: types[i].Name}, fresh: true,
			code: core.ReasonEncryption, answer: core.AnswerUnknown})
	} else {
		s.told[core.ReasonEncryption] = true
	}
}

// ofElsewhere imports an incremental without its parent into another cloud.
func (s *site) ofElsewhere(full, incr core.Backup) {
	if os.Getenv("HEARTH_TEST_CLOUD2") == "" {
		s.t.Log("HEARTH_TEST_CLOUD2 names no cloud")
		return
	}
	to := realCloud(s.t, "HEARTH_TEST_CLOUD2")
	to.told = s.told
	to.face(s.faces.binary)
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
	ask := core.RestoreRequest{Backup: incr.ID}
	to.blocked(scene{what: "its parent is elsewhere", ask: ask, code: core.ReasonParentGuessed, answer: core.AnswerUnknown,
		says: []string{"nothing is seen that it could stand on"}})
	repository := s.repository()
	if repository == nil {
		s.told[core.ReasonParentMissing] = true
		return
	}
	to.desk.Source = repository.(store.CaptureSource)
	to.blocked(scene{what: "the repository names its parent", ask: ask, code: core.ReasonParentMissing,
		says: []string{string(full.ID) + " is not here"}, config: withRepository()})
}

// repository is the cloud's own, nil where it is not named.
func (s *site) repository() store.Place {
	s.t.Helper()
	folder := os.Getenv("HEARTH_TEST_REPOSITORY")
	if folder == "" {
		s.t.Log("HEARTH_TEST_REPOSITORY names no folder")
		return nil
	}
	place, err := store.Open(s.ctx, store.Location{Scheme: "posix", Rest: folder}, store.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { place.Close() })
	return place
}

// withRepository is what the config says of a place with that repository.
func withRepository() string {
	return `repository = "posix:` + os.Getenv("HEARTH_TEST_REPOSITORY") + `"`
}

// ofDamage takes a chunk out of the repository for a moment, and has that verified.
func (s *site) ofDamage(b core.Backup) {
	t, place := s.t, s.repository()
	if place == nil {
		s.told[core.ReasonDamaged] = true
		return
	}
	chunk := ""
	filepath.WalkDir(os.Getenv("HEARTH_TEST_REPOSITORY"), func(path string, _ fs.DirEntry, err error) error {
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
	s.blocked(scene{what: "a chunk is gone", ask: core.RestoreRequest{Backup: b.ID}, code: core.ReasonDamaged,
		says: []string{"found " + b.Title()}, config: withRepository()})
	verify()
	can, err := s.desk.Can(s.ctx, jobs.CanRequest{Restore: core.RestoreRequest{Backup: b.ID}})
	if err != nil || can.Answer() == core.AnswerNo {
		t.Errorf("mended, and verified again: %v, %+v", err, can)
	}
}

// ofRunning asks while a restore is under way, which is soon over: the faces see one that
// stands still, below.
func (s *site) ofRunning(b core.Backup) {
	report, err := s.desk.Restore(s.ctx, core.RestoreRequest{Backup: b.ID, Name: named("can-running")}, nil, false, nil)
	s.keep(report.Volume)
	if err != nil {
		s.t.Fatal(err)
	}
	can, err := s.desk.Can(s.ctx, jobs.CanRequest{Restore: core.RestoreRequest{Backup: b.ID}})
	if i := slices.IndexFunc(can.Reasons, func(r core.Reason) bool { return r.Code == core.ReasonRestoring }); err != nil || i < 0 {
		s.t.Errorf("it is being restored: %v, %+v", err, can)
	} else {
		s.told[core.ReasonRestoring] = true
	}
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

// ofServices disables the backup services for a moment. Cinder from 28.0
// on answers that it did, and saves nothing (cinder/api/v3/services.py disable, enable): there
// the rows are changed.
func (s *site) ofServices(b core.Backup) {
	s.t.Helper()
	ask := func() []core.BackupService {
		services, err := s.desk.Place.(store.Surveyor).BackupServices(s.ctx)
		if err != nil || len(services) == 0 {
			s.t.Fatalf("%+v, %v", services, err)
		}
		return services
	}
	services := ask()
	set := func(what string) {
		for _, x := range services {
			s.must("PUT", "/os-services/"+what, dict{"binary": "cinder-backup", "host": x.Host})
		}
	}
	set("disable")
	defer set("enable")
	if slices.ContainsFunc(ask(), func(x core.BackupService) bool { return x.Enabled }) {
		s.t.Log("the cloud says that it has disabled its backup services, and has not")
		if os.Getenv("HEARTH_TEST_SQL") == "" {
			s.t.Log("HEARTH_TEST_SQL names no command")
			s.told[core.ReasonServiceDown] = true
			return
		}
		const disabled = "update services set disabled = %d where topic = 'cinder-backup' and not deleted"
		s.sql(fmt.Sprintf(disabled, 1))
		defer s.sql(fmt.Sprintf(disabled, 0))
	}
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
	s.blocked(scene{what: "LUKS onto a plain volume", ask: core.RestoreRequest{Backup: b.ID, Volume: onto}, code: core.ReasonEncryptedType,
		fits: "not encrypted"})

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
