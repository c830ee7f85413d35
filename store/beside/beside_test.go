package beside_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/store"
	"hearth/store/beside"
	"hearth/store/jobs"
	driver "hearth/store/sql"
)

const (
	incremental core.BackupID = "064cc15f-1171-4da9-95e8-73a8c0b0b398"
	parent      core.BackupID = "73fc3d4a-4fca-4ff0-af2c-20f46a1cb145"
	encrypted   core.BackupID = "c4203141-8c3b-4020-be7e-a1e809acf989"
)

// TestTells: what the API hides from a member is told by the database, named as its source;
// captures of the volumes as they are come out as Cinder itself makes them.
func TestTells(t *testing.T) {
	w := newWire(t)
	before, err := os.ReadFile(w.db)
	ok(t, err)
	p := w.join(beside.Options{})
	alone, err := p.Cloud.Backup(t.Context(), incremental)
	ok(t, err)
	if !alone.ParentGuessed || !alone.Unseen.Has("service") || !alone.Unseen.Has("host") {
		t.Fatalf("the cloud alone tells %+v", alone)
	}
	b, err := p.Backup(t.Context(), incremental)
	ok(t, err)
	if b.ParentID != parent || b.ParentGuessed || b.Service.V != "cinder.backup.drivers.posix.PosixBackupDriver" || b.Host.V != "lab" {
		t.Errorf("with the database it tells %+v", b)
	}
	for _, name := range []string{"parent_id", "service", "host", "service_metadata", "num_dependent_backups", "restore_volume_id"} {
		if !b.Told.Has(name) || b.Unseen.Has(name) {
			t.Errorf("%s is told %v, unseen %v", name, b.Told.Has(name), b.Unseen.Has(name))
		}
	}
	if b.Told.By != "the database" || b.Told.Has("status") || b.Told.Has("encryption_key_id") || alone.Unseen["service"] != true {
		t.Errorf("told are %v by %q", b.Told.Fields, b.Told.By)
	}
	told, _ := core.BackupObject(&b, core.Chain{}).Get("told_by")
	if source, _ := told.Object().Get("source"); source.Text() != "the database" {
		t.Errorf("the JSON says that it is told by %q", source.Text())
	}
	if _, also := core.BackupObject(&alone, core.Chain{}).Get("told_by"); also {
		t.Error("the JSON of the cloud alone names another source")
	}
	key, err := p.Backup(t.Context(), encrypted)
	ok(t, err)
	if key.EncryptionKeyID.V != "00000000-0000-0000-0000-000000000000" || !key.Told.Has("encryption_key_id") {
		t.Errorf("the key that the API hides is %v", key.EncryptionKeyID)
	}
	stands(t, p, core.FootingAgrees, "")
	var cinder struct{ Captures map[core.VolumeID]string }
	data, err := os.ReadFile(real + "answers.json")
	ok(t, err)
	ok(t, json.Unmarshal(data, &cinder))
	if len(cinder.Captures) < 10 {
		t.Fatalf("Cinder captured %d volumes", len(cinder.Captures))
	}
	for id, want := range cinder.Captures {
		v, err := p.Volume(t.Context(), id)
		ok(t, err)
		c, err := core.CaptureOf(&v, 2, core.Source{Kind: core.SourceNow})
		if err != nil || c.Text != want || len(c.Unseen) > 0 {
			t.Errorf("the capture of %s is (%v, unseen %v)\n%s, Cinder's is\n%s", id, err, c.Unseen, c.Text, want)
		}
		if !v.Told.Has("provider_auth") || v.Told.Has("status") {
			t.Errorf("%s: told are %v", id, v.Told.Fields)
		}
	}
	after, err := os.ReadFile(w.db)
	ok(t, err)
	if string(after) != string(before) {
		t.Error("the database was written")
	}
}

// TestTellsMore: keys, drivers, encryption, children, lineage and the records that the
// cloud refuses to export.
func TestTellsMore(t *testing.T) {
	w := newWire(t)
	p := w.join(beside.Options{})
	if d, err := p.Driver(t.Context(), incremental); err != nil || d.V != "cinder.backup.drivers.posix.PosixBackupDriver" {
		t.Errorf("the driver is %v, %v", d, err)
	}
	for id, want := range map[core.BackupID]bool{encrypted: true, incremental: false} {
		if keyed, err := p.Keyed(t.Context(), id); err != nil || !keyed.Set || keyed.V != want {
			t.Errorf("%s has a key: %v, %v", id, keyed, err)
		}
	}
	types, err := p.VolumeTypes(t.Context())
	ok(t, err)
	encrypts := map[bool]int{}
	for _, typ := range types {
		yes, err := p.Encrypts(t.Context(), typ.ID)
		ok(t, err)
		encrypts[yes]++
		if yes != (typ.Name == "LUKS") {
			t.Errorf("type %s encrypts: %v", typ.Name, yes)
		}
	}
	if len(encrypts) != 2 {
		t.Errorf("types that encrypt, and not: %v", encrypts)
	}
	children, sure, err := p.Dependents(t.Context(), parent)
	if err != nil || !sure || len(children) != 1 || children[0].ID != incremental || !children[0].Told.Has("parent_id") {
		t.Errorf("on %s stands %v, sure %v, %v", parent, children, sure, err)
	}
	b, err := p.Backup(t.Context(), incremental)
	ok(t, err)
	rows, err := p.Lineage(t.Context(), b.VolumeID)
	ok(t, err)
	guessed := 0
	for _, row := range rows {
		guessed += map[bool]int{true: 1}[row.ParentGuessed]
		if row.Incremental && (row.ParentID == "" || !row.Told.Has("parent_id")) {
			t.Errorf("the parent of %s is %q, told %v", row.ID, row.ParentID, row.Told.Fields)
		}
	}
	if len(rows) < 3 || guessed > 0 {
		t.Errorf("%d backups of the volume, %d parents are guessed", len(rows), guessed)
	}
	if why := p.Cloud.Denied(core.OpExport); why == "" {
		t.Error("the cloud alone allows exports to a member")
	}
	if why := p.Denied(core.OpExport); why != "" {
		t.Errorf("exports are denied: %s", why)
	}
	if why := p.Denied(core.OpReset); why == "" {
		t.Error("the database allows what the cloud does not")
	}
	var cinder struct{ Records map[core.BackupID]string }
	data, err := os.ReadFile(real + "answers.json")
	ok(t, err)
	ok(t, json.Unmarshal(data, &cinder))
	r, err := p.Export(t.Context(), incremental)
	if err != nil || r.URL != cinder.Records[incremental] || r.By != "the database" {
		t.Errorf("the record is (%v) by %q\n%s, Cinder's is\n%s", err, r.By, r.URL, cinder.Records[incremental])
	}
	if alike, err := p.Alike(t.Context(), core.UserSection, []string{"a", "A"}); err != nil || alike == nil || len(alike) > 0 {
		t.Errorf("keys are alike: %v, %v", alike, err)
	}
}

// TestDeletedParent: of a parent that was deleted the database still knows the name and
// when that was.
func TestDeletedParent(t *testing.T) {
	w := newWire(t)
	gone := "UPDATE backups SET deleted = 1, status = 'deleted', deleted_at = '2026-11-22 09:50:00.000000', " +
		"display_name = 'monday' WHERE id = '" +
		string(parent) + "'"
	w.change(w.db, gone)
	w.change(w.cloud, gone)
	p := w.join(beside.Options{})
	chain, err := jobs.Desk{Place: p, Pace: jobs.Pace{Now: time.Now}}.Chain(t.Context(), incremental)
	ok(t, err)
	want := "its parent " + string(parent) + " (monday) was deleted on 2026-11-22 09:50 UTC"
	if chain.Missing != parent || chain.Problem() != want {
		t.Errorf("the chain lacks %q: %q, want %q", chain.Missing, chain.Problem(), want)
	}
	if _, err := p.Recall(t.Context(), incremental); core.CodeOf(err) != core.CodeNotFound {
		t.Errorf("a backup that is there is recalled: %v", err)
	}
	stands(t, p, core.FootingAgrees, "")
}

// TestNotThisClouds: a database that contradicts the cloud says nothing at all, whether
// that is found at the beginning or in the row that is asked for.
func TestNotThisClouds(t *testing.T) {
	newest := "(SELECT id FROM backups WHERE deleted = 0 ORDER BY created_at DESC, id LIMIT 1)"
	for name, c := range map[string]struct{ statement, why string }{
		"another time":     {"UPDATE backups SET created_at = '2026-11-22 09:00:00.000000' WHERE id = " + newest, "another time of creation"},
		"another volume":   {"UPDATE backups SET volume_id = 'x' WHERE id = " + newest, "another volume"},
		"another size":     {"UPDATE backups SET size = size + 1 WHERE id = " + newest, "another size"},
		"another kind":     {"UPDATE backups SET parent_id = CASE WHEN parent_id IS NULL THEN 'x' END WHERE id = " + newest, "another kind"},
		"a row is missing": {"DELETE FROM backups WHERE id = " + newest, "does not know what the cloud lists"},
		"all are missing":  {"DELETE FROM backups", "does not know what the cloud lists"},
		"none was ever":    {"DELETE FROM backups; DELETE FROM volumes; DELETE FROM services", "does not know what the cloud lists"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(t)
			w.change(w.db, c.statement)
			p := w.join(beside.Options{})
			b, err := p.Backup(t.Context(), incremental)
			if err != nil || len(b.Told.Fields) > 0 || !b.Unseen.Has("service") || !b.ParentGuessed {
				t.Errorf("it tells %v of %+v, %v", b.Told.Fields, b, err)
			}
			stands(t, p, core.FootingUnknown, c.why)
			if why := p.Denied(core.OpExport); why == "" {
				t.Error("exports are taken to be possible")
			}
			if _, err := p.Export(t.Context(), incremental); core.CodeOf(err) != core.CodeDenied {
				t.Errorf("export: %v", err)
			}
			if title := p.Info().Title; !strings.Contains(title, "without its database") {
				t.Errorf("the place is called %q", title)
			}
		})
	}
	t.Run("a store of hearth's", func(t *testing.T) {
		w := newWire(t)
		w.db = filepath.Join(t.TempDir(), "store.sqlite")
		made, err := driver.Create(t.Context(), w.db, driver.Options{})
		ok(t, err)
		ok(t, made.Close())
		stands(t, w.join(beside.Options{}), core.FootingUnknown, "no database of Cinder's own")
	})
	t.Run("in the row", func(t *testing.T) {
		w := newWire(t)
		p := w.join(beside.Options{})
		stands(t, p, core.FootingAgrees, "")
		w.change(w.db, "UPDATE backups SET volume_id = 'x' WHERE id = '"+string(incremental)+"'")
		if b, err := p.Backup(t.Context(), incremental); err != nil || len(b.Told.Fields) > 0 {
			t.Errorf("it tells %v, %v", b.Told.Fields, err)
		}
		stands(t, p, core.FootingUnknown, "another volume of backup "+string(incremental))
	})
	t.Run("ahead of the cloud", func(t *testing.T) {
		w := newWire(t)
		p := w.join(beside.Options{})
		w.change(w.db, "UPDATE backups SET updated_at = '2026-11-22 10:00:00.000000', host = 'far' WHERE id = '"+string(incremental)+"'")
		if b, err := p.Backup(t.Context(), incremental); err != nil || len(b.Told.Fields) > 0 {
			t.Errorf("it tells %v, %v", b.Told.Fields, err)
		}
		stands(t, p, core.FootingUnknown, "a later change of backup "+string(incremental))
	})
	t.Run("deleted meanwhile", func(t *testing.T) { // the cloud is asked again before that is held against the database
		w := newWire(t)
		p := w.join(beside.Options{})
		w.change(w.db, "UPDATE backups SET deleted = 1 WHERE id = '"+string(incremental)+"'")
		w.before = func(string) {
			if w.gets == 2 {
				w.change(w.cloud, "UPDATE backups SET deleted = 1 WHERE id = '"+string(incremental)+"'")
			}
		}
		if b, err := p.Backup(t.Context(), incremental); err != nil || len(b.Told.Fields) > 0 {
			t.Errorf("it tells %v, %v", b.Told.Fields, err)
		}
		stands(t, p, core.FootingAgrees, "")
		if held := p.Beside(t.Context()).Held; held != 12 {
			t.Errorf("%d rows were compared", held)
		}
	})
	t.Run("changed meanwhile", func(t *testing.T) { // the cloud is asked again, and then knows it too
		w := newWire(t)
		p := w.join(beside.Options{})
		set := "UPDATE backups SET updated_at = '2026-11-22 10:00:00.000000', host = 'far' WHERE id = '" + string(incremental) + "'"
		w.change(w.db, set)
		w.before = func(string) {
			if w.gets == 2 {
				w.change(w.cloud, set)
			}
		}
		if b, err := p.Backup(t.Context(), incremental); err != nil || b.Host.V != "far" || w.gets != 2 {
			t.Errorf("its host is %v after %d questions, %v", b.Host, w.gets, err)
		}
		stands(t, p, core.FootingAgrees, "")
	})
}

// TestBehind: a replica that lags says so, and of a row that changed since it tells only
// what never changes.
func TestBehind(t *testing.T) {
	w := newWire(t)
	w.change(w.db, "UPDATE services SET updated_at = '2026-11-22 09:40:00.000000', created_at = '2026-11-22 09:00:00.000000'",
		"DELETE FROM backups WHERE id = (SELECT id FROM backups WHERE deleted = 0 ORDER BY created_at DESC, id LIMIT 1)",
		"UPDATE backups SET updated_at = '2026-11-22 09:45:46.000000', host = 'old', status = 'restoring' WHERE id = '"+string(incremental)+"'")
	p := w.join(beside.Options{})
	b, err := p.Backup(t.Context(), incremental)
	ok(t, err)
	if b.ParentID != parent || b.ParentGuessed || !b.Told.Has("service") || b.Told.Has("host") || b.Host.Set || !b.Unseen.Has("host") ||
		b.Status != core.StatusAvailable {
		t.Errorf("it tells %v of %+v", b.Told.Fields, b)
	}
	found := stands(t, p, core.FootingBehind, "")
	if found.Missing != 1 || found.Held != 12 || found.AsOf.V.Format("15:04") != "09:40" ||
		!strings.Contains(found.Text(), "behind it by 1 of 12 rows") {
		t.Errorf("it is %+v: %s", found, found.Text())
	}
	if _, err := p.Export(t.Context(), incremental); core.CodeOf(err) != core.CodeDenied {
		t.Errorf("an old row is exported: %v", err)
	}
	if _, sure, err := p.Dependents(t.Context(), incremental); err != nil || sure {
		t.Errorf("an old database is sure of what stands on a backup: %v", err)
	}
	if v, err := p.Volume(t.Context(), b.VolumeID); err != nil || !v.Told.Has("provider_auth") {
		t.Errorf("a volume that did not change since is told %v, %v", v.Told.Fields, err)
	}
	w.change(w.cloud, "UPDATE volumes SET display_name = 'new', updated_at = '2026-11-22 11:00:00.000000' WHERE id = '"+string(b.VolumeID)+"'")
	if v, err := p.Volume(t.Context(), b.VolumeID); err != nil || len(v.Told.Fields) > 0 || v.Name.V != "new" {
		t.Errorf("a volume that did is told %v, called %v, %v", v.Told.Fields, v.Name, err)
	}
}

// TestOutOfReach: without the database the place is the cloud alone, says so, and tries
// again after a while; without the cloud the database says nothing.
func TestOutOfReach(t *testing.T) {
	w := newWire(t)
	now, fail, opens := time.Now(), true, 0
	open := func(ctx context.Context) (store.Place, error) {
		if opens++; fail {
			return nil, core.Fail(core.CodeUnavailable, "open it", "nothing listens there", "", nil)
		}
		return driver.Open(ctx, w.db, driver.Options{})
	}
	p := w.join(beside.Options{Open: open, Now: func() time.Time { return now }})
	if info := p.Info(); !strings.Contains(info.Title, " + database") || len(info.Beside) != 1 ||
		info.Beside[0] != "sqlite:"+w.db || opens > 0 {
		t.Errorf("before it is asked: %+v, %d opened", info, opens)
	}
	for range 3 {
		if b, err := p.Backup(t.Context(), incremental); err != nil || len(b.Told.Fields) > 0 || !b.ParentGuessed {
			t.Errorf("it tells %v, %v", b.Told.Fields, err)
		}
	}
	stands(t, p, core.FootingUnknown, "nothing listens there")
	if opens != 1 {
		t.Errorf("opened %d times within a moment", opens)
	}
	fail, now = false, now.Add(31*time.Second)
	stands(t, p, core.FootingAgrees, "")
	w.change(w.db, "UPDATE backups SET size = size + 1") // it is held to the cloud every five minutes
	now = now.Add(4 * time.Minute)
	stands(t, p, core.FootingAgrees, "")
	now = now.Add(2 * time.Minute)
	stands(t, p, core.FootingUnknown, "another size")
	w.change(w.db, "UPDATE backups SET size = size - 1")
	now = now.Add(31 * time.Second)
	stands(t, p, core.FootingAgrees, "")
	w.change(w.db, "ALTER TABLE backups RENAME TO gone")
	if b, err := p.Backup(t.Context(), incremental); err != nil || len(b.Told.Fields) > 0 {
		t.Errorf("it tells %v, %v", b.Told.Fields, err)
	}
	stands(t, p, core.FootingUnknown, "cannot be read")
	w.change(w.db, "ALTER TABLE gone RENAME TO backups")
	now = now.Add(31 * time.Second)
	stands(t, p, core.FootingAgrees, "")
	w.down = true
	if _, err := p.Backup(t.Context(), incremental); err == nil {
		t.Error("the database answers for the cloud")
	}
}

// TestSlow: a database that does not answer is not waited for longer than it may take.
func TestSlow(t *testing.T) {
	w := newWire(t)
	p := w.join(beside.Options{Patience: time.Millisecond, Open: func(ctx context.Context) (store.Place, error) {
		<-ctx.Done()
		return nil, core.Fail(core.CodeUnavailable, "open it", "it does not answer", "", ctx.Err())
	}})
	if b, err := p.Backup(t.Context(), incremental); err != nil || len(b.Told.Fields) > 0 {
		t.Errorf("it tells %v, %v", b.Told.Fields, err)
	}
	stands(t, p, core.FootingUnknown, "does not answer")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	q := w.join(beside.Options{})
	q.Beside(ctx) // who asks has left
	stands(t, q, core.FootingAgrees, "")
}

// TestPlans: with the database a plan is certain that rests on a guess without it, and says
// how the database stands; without it, it says what it misses.
func TestPlans(t *testing.T) {
	w := newWire(t)
	p := w.join(beside.Options{})
	var captures []core.Capture
	for range 3 {
		captures = append(captures, core.ReadCapture(`{"version": 2, "volume-base-metadata": {"display_name": "a", "display_description": "b", `+
			`"encryption_key_id": null}, "volume-metadata": {"Owner": "ada"}}`, core.Source{Kind: core.SourceFile}))
	}
	plan := func(place store.Place) *core.Plan {
		t.Helper()
		p, err := jobs.Desk{Place: place, Pace: jobs.Pace{Now: time.Now}}.Plan(t.Context(),
			jobs.PlanRequest{Backup: incremental, Captures: captures, Name: "new", Via: core.ViaDatabase})
		ok(t, err)
		return p
	}
	if alone := plan(p.Cloud); alone.Certainty == core.Certain || alone.Beside.Location != "" {
		t.Errorf("the cloud alone: %s, %+v", alone.Certainty, alone.Beside)
	}
	both := plan(p)
	doc, _ := both.Object().Get("database")
	standing, _ := doc.Object().Get("standing")
	if both.Certainty != core.Certain || both.Beside.Footing != core.FootingAgrees || standing.Text() != "agrees" || len(both.Warnings) > 0 {
		t.Errorf("with the database: %s, %+v, %q", both.Certainty, both.Beside, both.Warnings)
	}
	// Captures of version 1 leave the key as it is: that of a volume whose type encrypts is
	// Cinder's own making.
	for i := range captures {
		captures[i] = core.ReadCapture(`{"version": 1, "volume-base-metadata": {"display_name": "a", "display_description": "b"}}`,
			core.Source{Kind: core.SourceFile})
	}
	for typ, want := range map[string]core.Certainty{"": core.Certain, "LUKS": core.Unknown} {
		made, err := jobs.Desk{Place: p, Pace: jobs.Pace{Now: time.Now}}.Plan(t.Context(), jobs.PlanRequest{Backup: incremental,
			Captures: captures, Name: "new", Type: typ, Via: core.ViaDatabase})
		ok(t, err)
		for _, f := range made.Fields {
			if f.Name == "encryption_key_id" && (f.Certainty != want ||
				strings.Contains(f.Because, "Cinder makes a key") != (want == core.Unknown)) {
				t.Errorf("the key of a new volume of type %q is %s: %s", typ, f.Certainty, f.Because)
			}
		}
	}
	q := w.join(beside.Options{Open: func(context.Context) (store.Place, error) {
		return nil, core.Fail(core.CodeUnavailable, "open it", "nothing listens there", "", nil)
	}})
	without := plan(q)
	if without.Certainty == core.Certain || len(without.Warnings) == 0 ||
		!strings.Contains(without.Warnings[0], "nothing listens there; so this plan misses") {
		t.Errorf("without it: %s, %q", without.Certainty, without.Warnings)
	}
}
