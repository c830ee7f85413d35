package archive

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"hearth/core"
	"hearth/store/ledger"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func opened(t testing.TB, path string) *Archive {
	t.Helper()
	a, err := Open(context.Background(), path)
	ok(t, err)
	t.Cleanup(func() { a.Close() })
	return a
}

// exec runs statements on a file that nobody else has open.
func exec(t testing.TB, path string, stmts ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	ok(t, err)
	defer db.Close()
	for _, s := range stmts {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func modes(t testing.TB, dir string) string {
	t.Helper()
	text := ""
	ok(t, filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil {
			text += fmt.Sprintf("%s %s\n", strings.TrimPrefix(path, dir), info.Mode())
		}
		return err
	}))
	return text
}

func TestPrivate(t *testing.T) {
	base := t.TempDir()
	ok(t, os.Chmod(base, 0o755))
	path := filepath.Join(base, "share", "hearth", "archive.sqlite")
	a := opened(t, path)
	_, err := a.Begin(t.Context(), core.Entry{At: now})
	ok(t, err)
	want := " drwxr-xr-x\n/share drwx------\n/share/hearth drwx------\n/share/hearth/archive.sqlite " +
		"-rw-------\n/share/hearth/archive.sqlite-shm -rw-------\n/share/hearth/archive.sqlite-wal -rw-------\n"
	if got := modes(t, base); got != want {
		t.Errorf("modes\n%s, want\n%s", got, want)
	}
	ok(t, a.Close())
	// One that others could read is closed to them.
	ok(t, os.Chmod(path, 0o644))
	opened(t, path).Close()
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("it has mode %s, %v", info.Mode(), err)
	}
}

func TestManyOpensAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "archive.sqlite")
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			a, err := Open(t.Context(), path)
			if err != nil {
				t.Errorf("open %d of many: %v", i, err)
				return
			}
			defer a.Close()
			for range 5 {
				if _, err := a.Begin(t.Context(), core.Entry{At: now, Place: "here"}); err != nil {
					t.Errorf("write %d of many: %v", i, err)
				}
			}
		})
	}
	wg.Wait()
	entries, err := opened(t, path).Entries(t.Context(), "here", 0)
	if err != nil || len(entries) != 40 {
		t.Errorf("%d entries, %v", len(entries), err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); len(left) > 3 {
		t.Errorf("things are left lying about: %v", left)
	}
}

func TestMigration(t *testing.T) {
	path := filepath.Join(t.TempDir(), "archive.sqlite")
	// A file of version 0: marked, and nothing in it.
	exec(t, path, fmt.Sprintf("PRAGMA application_id = %d", applicationID), "VACUUM")
	a := opened(t, path)
	var version int
	ok(t, a.DB.QueryRow("PRAGMA user_version").Scan(&version))
	if version != len(steps) {
		t.Errorf("it is of version %d, want %d", version, len(steps))
	}
	_, err := a.KeepCapture(t.Context(), core.KeptCapture{At: now, Capture: core.ReadCapture("{}", core.Source{})})
	ok(t, err)
	ok(t, a.Close())
	// An empty file, as a crash may leave it, is made into one.
	empty := filepath.Join(t.TempDir(), "archive.sqlite")
	ok(t, os.WriteFile(empty, nil, 0o600))
	opened(t, empty)
}

func TestRefusals(t *testing.T) {
	dir := t.TempDir()
	refused := func(path string, code core.Code, what string) {
		t.Helper()
		before, _ := os.ReadFile(path)
		a, err := open(t.Context(), path, ledger.Patient(50*time.Millisecond))
		if err == nil {
			a.Close()
		}
		if core.CodeOf(err) != code || !strings.Contains(err.Error(), what) || !strings.Contains(err.Error(), "archive") {
			t.Errorf("%s: %v (%s), want %s and %q", path, err, core.CodeOf(err), code, what)
		}
		if after, _ := os.ReadFile(path); string(after) != string(before) {
			t.Errorf("%s was changed", path)
		}
	}
	newer := filepath.Join(dir, "newer.sqlite")
	opened(t, newer).Close()
	exec(t, newer, "PRAGMA user_version = 77")
	refused(newer, core.CodeUnreadable, "a newer hearth made it (version 77")
	text := filepath.Join(dir, "text.sqlite")
	ok(t, os.WriteFile(text, []byte(strings.Repeat("no archive\n", 50)), 0o600))
	refused(text, core.CodeUnreadable, "it is no SQLite database")
	theirs := filepath.Join(dir, "theirs.sqlite")
	exec(t, theirs, "CREATE TABLE bookmarks (url)")
	refused(theirs, core.CodeUnreadable, "not hearth's archive")
	marked := filepath.Join(dir, "marked.sqlite")
	exec(t, marked, "PRAGMA application_id = 7", "VACUUM")
	refused(marked, core.CodeUnreadable, "not hearth's archive")
	refused(dir, core.CodeUnreadable, "it is a folder")
	refused(filepath.Join(text, "archive.sqlite"), core.CodeUnreadable, "the file cannot be made")
}

func TestLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "archive.sqlite")
	opened(t, path).Close()
	a, err := open(t.Context(), path, ledger.Patient(60*time.Millisecond))
	ok(t, err)
	defer a.Close()
	db, err := sql.Open("sqlite", path)
	ok(t, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	_, err = db.Exec("BEGIN IMMEDIATE")
	ok(t, err)
	if _, err := a.Begin(t.Context(), core.Entry{At: now}); core.CodeOf(err) != core.CodeUnavailable {
		t.Errorf("a write while another writes: %v", err)
	}
	if _, err := a.Entries(t.Context(), "", 0); err != nil {
		t.Errorf("a read while another writes: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	patient := *a
	patient.Patience = ledger.Patient(time.Hour)
	if _, err := patient.Begin(ctx, core.Entry{At: now}); core.CodeOf(err) != core.CodeCancelled {
		t.Errorf("a write that is given up: %v", err)
	}
}

func record(text string) core.Record {
	return core.Record{Service: "cinder.backup.drivers.posix.PosixBackupDriver", URL: text}
}

func TestRecords(t *testing.T) {
	a := opened(t, filepath.Join(t.TempDir(), "archive.sqlite"))
	keep := func(place string, backup core.BackupID, at time.Time, direction, fingerprint, text string) {
		t.Helper()
		ok(t, a.KeepRecord(t.Context(),
			KeptRecord{Place: place, Backup: backup, At: at, Direction: direction, Fingerprint: fingerprint, Record: record(text)}))
	}
	keep("sqlite:/a", "one", now, "export", "fff-1", "first")
	keep("sqlite:/a", "one", now.Add(500*time.Millisecond), "export", "fff-2", "changed")
	keep("sqlite:/b", "one", now.Add(time.Second), "import", "fff-1", "elsewhere")
	keep("sqlite:/a", "one", now.Add(time.Hour), "export", "fff-1", "first again") // says the same
	keep("sqlite:/a", "'; DROP TABLE records; --", now, "export", "fff-1", "größe")
	texts := func(place string, backup core.BackupID) string {
		t.Helper()
		kept, err := a.Records(t.Context(), place, backup)
		ok(t, err)
		var out []string
		for _, k := range kept {
			if k.ID == 0 || k.Backup != backup || k.Record.Service == "" || k.At.Location() != time.UTC {
				t.Errorf("it came back as %+v", k)
			}
			out = append(out, k.Record.URL)
		}
		return strings.Join(out, ", ")
	}
	for _, c := range []struct {
		place  string
		backup core.BackupID
		want   string
	}{
		{"sqlite:/a", "one", "first, changed"}, // what was last found to hold comes first
		{"sqlite:/b", "one", "elsewhere"},
		{"", "one", "first, elsewhere, changed"},
		{"sqlite:/a", "'; DROP TABLE records; --", "größe"},
		{"sqlite:/c", "one", ""},
		{"sqlite:/a", "two", ""},
	} {
		if got := texts(c.place, c.backup); got != c.want {
			t.Errorf("of %s in %q: %q, want %q", c.backup, c.place, got, c.want)
		}
	}
}

// TestRecordsKeptOnceByMany: many programs keep the same at once.
func TestRecordsKeptOnceByMany(t *testing.T) {
	path := filepath.Join(t.TempDir(), "archive.sqlite")
	var wg sync.WaitGroup
	for range 6 {
		a := opened(t, path)
		wg.Go(func() {
			if err := a.KeepRecord(t.Context(), KeptRecord{Place: "p", Backup: "b", At: now, Fingerprint: "f", Record: record("x")}); err != nil {
				t.Error(err)
			}
			if _, err := a.KeepCapture(t.Context(),
				core.KeptCapture{Place: "p", VolumeID: "v", At: now, Capture: core.ReadCapture("{}", core.Source{})}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	a := opened(t, path)
	records, err := a.Records(t.Context(), "p", "b")
	if err != nil || len(records) != 1 {
		t.Errorf("%d records are kept, %v", len(records), err)
	}
	captures, err := a.Captures(t.Context(), "p", "v", "")
	if err != nil || len(captures) != 1 {
		t.Errorf("%d captures are kept, %v", len(captures), err)
	}
}

func TestCapturesByPlace(t *testing.T) {
	a := opened(t, filepath.Join(t.TempDir(), "archive.sqlite"))
	for i, place := range []string{"sqlite:/a", "sqlite:/b", "sqlite:/a"} {
		source := core.Source{Kind: core.SourceTaken, Where: "größe", At: core.Some(now)}
		_, err := a.KeepCapture(t.Context(), core.KeptCapture{Place: place, VolumeID: "v", BackupID: core.BackupID([]string{"b1", "b1", ""}[i]),
			At: now.Add(time.Duration(i) * time.Microsecond), Capture: core.ReadCapture(fmt.Sprintf(`{"version": %d}`, i), source)})
		ok(t, err)
	}
	for _, c := range []struct {
		place  string
		backup core.BackupID
		want   string
	}{
		{"sqlite:/a", "", `{"version": 2} {"version": 0}`}, {"sqlite:/b", "", `{"version": 1}`},
		{"", "", `{"version": 2} {"version": 1} {"version": 0}`},
		{"sqlite:/a", "b1", `{"version": 0}`}, {"", "b1", `{"version": 1} {"version": 0}`}, {"sqlite:/c", "b1", ""},
	} {
		kept, err := a.Captures(t.Context(), c.place, "v", c.backup)
		ok(t, err)
		var texts []string
		for _, k := range kept {
			texts = append(texts, k.Capture.Text)
			if k.Capture.Source.Where != "größe" || !k.Capture.Source.At.V.Equal(now) {
				t.Errorf("it comes from %s", k.Capture.Source)
			}
		}
		if got := strings.Join(texts, " "); got != c.want {
			t.Errorf("of %q in %q: %s, want %s", c.backup, c.place, got, c.want)
		}
	}
}

func TestJournalByPlace(t *testing.T) {
	a := opened(t, filepath.Join(t.TempDir(), "archive.sqlite"))
	begin := func(e core.Entry) core.Entry {
		t.Helper()
		var err error
		e.At = now
		e.ID, err = a.Begin(t.Context(), e)
		ok(t, err)
		return e
	}
	state := func(id core.EntryID) core.EntryState {
		t.Helper()
		e, err := a.Entry(t.Context(), id)
		ok(t, err)
		return e.State
	}
	one := begin(core.Entry{Place: "sqlite:/a", Kind: core.EntryApply})
	two := begin(core.Entry{Place: "sqlite:/b", Kind: core.EntryApply})
	if state(one.ID) != core.EntryOpen {
		t.Errorf("begun is %s", state(one.ID))
	}
	ok(t, a.Finish(t.Context(), one, core.EntryDone, ""))
	ok(t, a.Finish(t.Context(), one, core.EntryFailed, "too late"))
	if state(one.ID) != core.EntryDone {
		t.Errorf("what had ended was ended again, as %s", state(one.ID))
	}
	for place, want := range map[string]int{"sqlite:/a": 1, "sqlite:/b": 1, "": 2, "sqlite:/c": 0} {
		if entries, err := a.Entries(t.Context(), place, 0); err != nil || len(entries) != want {
			t.Errorf("%q has %d entries, %v, want %d", place, len(entries), err, want)
		}
	}
	undo := begin(core.Entry{Place: "sqlite:/a", Kind: core.EntryUndo, Of: one.ID})
	ok(t, a.Finish(t.Context(), undo, core.EntryFailed, "no"))
	if state(one.ID) != core.EntryDone {
		t.Errorf("after an undo that failed it is %s", state(one.ID))
	}
	undo = begin(core.Entry{Place: "sqlite:/a", Kind: core.EntryUndo, Of: one.ID})
	ok(t, a.Finish(t.Context(), undo, core.EntryDone, ""))
	if state(one.ID) != core.EntryUndone {
		t.Errorf("after its undo it is %s", state(one.ID))
	}
	for _, of := range []core.EntryID{one.ID, two.ID, 99} { // undone, open, not there
		if _, err := a.Begin(t.Context(), core.Entry{At: now, Kind: core.EntryUndo, Of: of}); core.CodeOf(err) != core.CodeConflict {
			t.Errorf("undo of entry %d: %v", of, err)
		}
	}
}

// TestDamagedJournal: what does not parse is told, not passed over.
func TestDamagedJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "archive.sqlite")
	a := opened(t, path)
	_, err := a.Begin(t.Context(), core.Entry{At: now, Before: &core.State{}})
	ok(t, err)
	for _, column := range []string{"before", "backup_ids"} {
		exec(t, path, "UPDATE hearth_journal SET "+column+" = '{'")
		if _, err := a.Entries(t.Context(), "", 0); core.CodeOf(err) != core.CodeUnreadable {
			t.Errorf("%s is damaged: %v", column, err)
		}
		exec(t, path, "UPDATE hearth_journal SET "+column+" = '[]'")
	}
}

func TestSize(t *testing.T) {
	path := filepath.Join(t.TempDir(), "archive.sqlite")
	a := opened(t, path)
	before, err := a.Size(t.Context())
	ok(t, err)
	for i := range 20 {
		ok(t, a.KeepRecord(t.Context(),
			KeptRecord{Backup: core.BackupID(fmt.Sprint(i)), At: now, Fingerprint: "f", Record: record(strings.Repeat("x", 100_000))}))
	}
	after, err := a.Size(t.Context())
	if err != nil || after < before+2_000_000 { // it is in the write-ahead log as yet, which counts
		t.Errorf("it was of %d bytes and is of %d, %v", before, after, err)
	}
}

func TestConfig(t *testing.T) {
	for keep, wrong := range map[string]bool{"": false, "90d": false, "2y": false, "90": true, "x": true, "0d": true} {
		c := Config{Keep: keep}
		key, what := c.Check()
		if age, err := c.Age(); (key == "keep") != wrong || (what != "") != wrong || (err != nil) != wrong || !wrong &&
			(age > 0) != (keep != "") {
			t.Errorf("%q: %q %q, %v, %v", keep, key, what, age, err)
		}
	}
}

// TestOutdated: of a backup's records and captures the newest stays, however old.
func TestOutdated(t *testing.T) {
	a := opened(t, filepath.Join(t.TempDir(), "archive.sqlite"))
	for i := range 3 {
		at := now.Add(time.Duration(i) * 24 * time.Hour)
		for _, place := range []string{"p", "q"} {
			ok(t, a.KeepRecord(t.Context(), KeptRecord{Place: place, Backup: "b", At: at, Fingerprint: fmt.Sprint(i), Record: record("x")}))
		}
		for _, backup := range []core.BackupID{"b", ""} {
			_, err := a.KeepCapture(t.Context(), core.KeptCapture{Place: "p", VolumeID: "v", BackupID: backup, At: at,
				Capture: core.ReadCapture(fmt.Sprintf(`{"version": %d}`, i), core.Source{Kind: core.SourceTaken})})
			ok(t, err)
		}
	}
	before := now.Add(36 * time.Hour)
	o, err := a.Outdated(t.Context(), before)
	if err != nil || len(o.Records) != 4 || len(o.Captures) != 2 {
		t.Errorf("%+v, %v", o, err)
	}
	ok(t, a.Drop(t.Context(), o))
	if o, err = a.Outdated(t.Context(), before.Add(time.Hour*10000)); err != nil || len(o.Records)+len(o.Captures) != 0 {
		t.Errorf("what is left is outdated: %+v, %v", o, err)
	}
	index, _, err := a.IndexOf(t.Context(), "p", []core.BackupID{"a", "b", "c"})
	if err != nil || len(index) != 1 || index["b"].Fingerprint != "2" || index["b"].Record.URL != "" {
		t.Errorf("the index is %+v, %v", index, err)
	}
	captures, err := a.Captures(t.Context(), "p", "v", "")
	if err != nil || len(captures) != 4 {
		t.Errorf("%d captures are left, %v", len(captures), err)
	}
	// A record that is found again is the newest again, and keeps its place.
	ok(t, a.KeepRecord(t.Context(),
		KeptRecord{Place: "p", Backup: "b", At: now.Add(time.Hour * 1000), Direction: "import", Fingerprint: "2", Seen: core.Some(now)}))
	ok(t, a.KeepRecord(t.Context(), KeptRecord{Place: "p", Backup: "b", At: now.Add(time.Hour * 2000), Fingerprint: "2"}))
	kept, err := a.Records(t.Context(), "p", "b")
	if err != nil || len(kept) != 1 || !kept[0].Seen.Set || !kept[0].Seen.V.Equal(now) ||
		!kept[0].Checked.Equal(now.Add(time.Hour*2000)) || !kept[0].At.Equal(now.Add(48*time.Hour)) {
		t.Errorf("found again: %+v, %v", kept, err)
	}
	came, err := a.Came(t.Context(), "p")
	if err != nil || len(came) != 1 || came["b"] != "" {
		t.Errorf("it came by %q, %v", came, err)
	}
}

// versionFour is the schema of an archive whose open entries have no sign of life,
// word for word as hearth made it then.
const versionFour = `
CREATE TABLE hearth_captures (
	id INTEGER PRIMARY KEY, place TEXT NOT NULL, volume_id TEXT NOT NULL, backup_id TEXT NOT NULL,
	at TEXT NOT NULL, source TEXT NOT NULL, source_where TEXT NOT NULL, source_at TEXT NOT NULL,
	unseen TEXT NOT NULL, text TEXT NOT NULL);
CREATE INDEX hearth_captures_backup ON hearth_captures (backup_id);
CREATE INDEX hearth_captures_volume ON hearth_captures (volume_id);
CREATE TABLE hearth_journal (
	id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, who TEXT NOT NULL, place TEXT NOT NULL,
	kind TEXT NOT NULL, state TEXT NOT NULL, volume_id TEXT NOT NULL, backup_id TEXT NOT NULL,
	backup_ids TEXT NOT NULL, of_entry INTEGER NOT NULL, summary TEXT NOT NULL,
	before TEXT, after TEXT, error TEXT NOT NULL);

CREATE TABLE records (
	id INTEGER PRIMARY KEY, place TEXT NOT NULL, backup_id TEXT NOT NULL, at TEXT NOT NULL,
	direction TEXT NOT NULL, fingerprint TEXT NOT NULL, service TEXT NOT NULL, url TEXT NOT NULL);
CREATE INDEX records_backup ON records (backup_id);

CREATE TABLE entry_steps (entry_id INTEGER PRIMARY KEY, steps TEXT NOT NULL);

CREATE TABLE listings (place TEXT NOT NULL, name TEXT NOT NULL, at TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (place, name));

ALTER TABLE records ADD COLUMN checked TEXT NOT NULL DEFAULT '';
ALTER TABLE records ADD COLUMN seen TEXT NOT NULL DEFAULT '';
UPDATE records SET checked = at;
CREATE INDEX records_place ON records (place, backup_id);
PRAGMA user_version = 4;
`

// TestMigrationToLife: what an older hearth wrote is read as it was, and new entries
// have a sign of life.
func TestMigrationToLife(t *testing.T) {
	path := filepath.Join(t.TempDir(), "archive.sqlite")
	exec(t, path, fmt.Sprintf("PRAGMA application_id = %d", applicationID), "PRAGMA journal_mode = WAL", versionFour,
		"INSERT INTO hearth_journal (at, who, place, kind, state, volume_id, backup_id, backup_ids, of_entry, summary, error)"+
			" VALUES ('2026-03-01T11:00:00.000000Z', 'ada', 'here', 'delete', 'open', '', '', '[\"one\", \"two\"]', 0, 'of two', '')",
		`INSERT INTO entry_steps VALUES (1, '[{"what": "delete one", "done": true}, {"what": "delete two", "done": false}]')`)
	a := opened(t, path)
	var version int
	ok(t, a.DB.QueryRow("PRAGMA user_version").Scan(&version))
	if version != len(steps) {
		t.Errorf("it is of version %d", version)
	}
	life := &core.Life{Host: "here", Machine: "a boot", PID: 7, Instance: "8", At: now}
	id, err := a.Begin(t.Context(), core.Entry{At: now, Place: "here", Kind: core.EntryReset, Life: life})
	ok(t, err)
	entries, err := a.Entries(t.Context(), "here", 0)
	ok(t, err)
	if len(entries) != 2 || entries[0].ID != id || !entries[0].Life.Equal(life) {
		t.Fatalf("the new one is %+v", entries[0])
	}
	old := entries[1]
	if old.State != core.EntryOpen || old.Life != nil || len(old.Backups) != 2 || len(old.Steps) != 2 || !old.Steps[0].Done ||
		old.Steps[1].Done {
		t.Errorf("the old one is %+v", old)
	}
	if settled, err := a.Settle(t.Context(), old, core.EntryHalf, "interrupted"); err != nil || !settled {
		t.Errorf("the old one is settled: %v, %v", settled, err)
	}
}

// TestLife: an entry that has given a sign since it was read is not settled, and
// what is over gives none.
func TestLife(t *testing.T) {
	a := opened(t, filepath.Join(t.TempDir(), "archive.sqlite"))
	id, err := a.Begin(t.Context(), core.Entry{At: now, Life: &core.Life{Host: "here", At: now}})
	ok(t, err)
	read := func() core.Entry {
		t.Helper()
		e, err := a.Entry(t.Context(), id)
		ok(t, err)
		return e
	}
	settle := func(e core.Entry, want bool) {
		t.Helper()
		if settled, err := a.Settle(t.Context(), e, core.EntryHalf, "interrupted"); err != nil || settled != want {
			t.Errorf("settled: %v, %v, want %v", settled, err, want)
		}
	}
	before := read()
	ok(t, a.Beat(t.Context(), id, now.Add(10*time.Second)))
	settle(before, false)
	if e := read(); e.State != core.EntryOpen || e.Life == nil || !e.Life.At.Equal(now.Add(10*time.Second)) {
		t.Errorf("after a sign it is %s, %+v", e.State, e.Life)
	}
	settle(read(), true)
	settle(read(), false)
	ok(t, a.Beat(t.Context(), id, now.Add(20*time.Second)))
	if e := read(); e.State != core.EntryHalf || e.Life != nil {
		t.Errorf("when it is over it is %s, %+v", e.State, e.Life)
	}
}

// versionFive is the schema of an archive whose captures are all of one moment, word
// for word as hearth made it then.
const versionFive = `
CREATE TABLE hearth_captures (
	id INTEGER PRIMARY KEY, place TEXT NOT NULL, volume_id TEXT NOT NULL, backup_id TEXT NOT NULL,
	at TEXT NOT NULL, source TEXT NOT NULL, source_where TEXT NOT NULL, source_at TEXT NOT NULL,
	unseen TEXT NOT NULL, text TEXT NOT NULL);
CREATE INDEX hearth_captures_backup ON hearth_captures (backup_id);
CREATE INDEX hearth_captures_volume ON hearth_captures (volume_id);
CREATE TABLE hearth_journal (
	id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, who TEXT NOT NULL, place TEXT NOT NULL,
	kind TEXT NOT NULL, state TEXT NOT NULL, volume_id TEXT NOT NULL, backup_id TEXT NOT NULL,
	backup_ids TEXT NOT NULL, of_entry INTEGER NOT NULL, summary TEXT NOT NULL,
	before TEXT, after TEXT, error TEXT NOT NULL);

CREATE TABLE records (
	id INTEGER PRIMARY KEY, place TEXT NOT NULL, backup_id TEXT NOT NULL, at TEXT NOT NULL,
	direction TEXT NOT NULL, fingerprint TEXT NOT NULL, service TEXT NOT NULL, url TEXT NOT NULL);
CREATE INDEX records_backup ON records (backup_id);

CREATE TABLE entry_steps (entry_id INTEGER PRIMARY KEY, steps TEXT NOT NULL);

CREATE TABLE listings (place TEXT NOT NULL, name TEXT NOT NULL, at TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (place, name));

ALTER TABLE records ADD COLUMN checked TEXT NOT NULL DEFAULT '';
ALTER TABLE records ADD COLUMN seen TEXT NOT NULL DEFAULT '';
UPDATE records SET checked = at;
CREATE INDEX records_place ON records (place, backup_id);

CREATE TABLE entry_life (
	entry_id INTEGER PRIMARY KEY, host TEXT NOT NULL, machine TEXT NOT NULL,
	pid INTEGER NOT NULL, instance TEXT NOT NULL, at TEXT NOT NULL);
PRAGMA user_version = 5;
`

// TestMigrationToAgain: what was kept before is of one moment, and there is room for
// second looks.
func TestMigrationToAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "archive.sqlite")
	exec(t, path, fmt.Sprintf("PRAGMA application_id = %d", applicationID), "PRAGMA journal_mode = WAL", versionFive,
		"INSERT INTO hearth_captures (place, volume_id, backup_id, at, source, source_where, source_at, unseen, text) VALUES "+
			"('here', 'v', 'b', '2026-03-01T11:00:00.000000Z', 'taken', 'größe', '2026-03-01T10:59:59.000000Z', 'host', '{\"version\": 2}'), "+
			"('here', 'v', 'c', '2026-03-01T11:00:00.000000Z', 'repository', '', '', '', '{\"version\": 2}')")
	a := opened(t, path)
	var version int
	ok(t, a.DB.QueryRow("PRAGMA user_version").Scan(&version))
	if version != len(steps) {
		t.Errorf("it is of version %d", version)
	}
	kept, err := a.Captures(t.Context(), "here", "v", "")
	ok(t, err)
	if len(kept) != 2 || kept[0].Evidence() != core.EvidenceStored || kept[1].Evidence() != core.EvidenceMoment ||
		kept[1].Again != (core.Again{}) || kept[1].Capture.Source.Where != "größe" || !kept[1].Capture.Unseen.Has("host") {
		t.Errorf("what was kept is %+v", kept)
	}
	if due, err := a.Due(t.Context(), ""); err != nil || len(due) > 0 {
		t.Errorf("due are %+v, %v", due, err)
	}
	id := keepDue(t, a, "here", "new", now)
	again := core.Again{State: core.AgainEqual, At: core.Some(now.Add(time.Hour)), Ended: core.Some(now)}
	if done, err := a.LookedAgain(t.Context(), id, again, nil); !done || err != nil {
		t.Errorf("looked again: %v, %v", done, err)
	}
}

// keepDue keeps a capture that is to be looked at again.
func keepDue(t *testing.T, a *Archive, place string, b core.BackupID, at time.Time) int64 {
	t.Helper()
	id, err := a.KeepCapture(t.Context(), core.KeptCapture{Place: place, VolumeID: "v", BackupID: b, At: at,
		Capture: core.ReadCapture(`{"version": 2, "x": "before"}`, core.Source{Kind: core.SourceTaken}), Again: core.Again{State: core.AgainDue}})
	ok(t, err)
	return id
}

// TestAgain: a second look is taken once; what differs from the first is kept with it,
// stays with it in a prune and a bundle, and is what the archive says it has.
func TestAgain(t *testing.T) {
	a := opened(t, filepath.Join(t.TempDir(), "archive.sqlite"))
	held, either, late, moment := keepDue(t, a, "p", "held", now), keepDue(t, a, "p", "either", now), keepDue(t, a, "p", "late", now.Add(1)),
		keepDue(t, a, "q", "moment", now)
	if due, err := a.Due(t.Context(), "p"); err != nil || len(due) != 3 || due[0].ID != held || due[1].ID != either || due[2].ID != late {
		t.Fatalf("due in p are %+v, %v", due, err)
	}
	if due, err := a.Due(t.Context(), ""); err != nil || len(due) != 4 {
		t.Fatalf("due are %+v, %v", due, err)
	}
	look := func(id int64, b core.BackupID, state core.AgainState, since time.Duration) bool {
		t.Helper()
		end := now.Add(time.Hour)
		again := core.Again{State: state, At: core.Some(end.Add(since)), Ended: core.Some(end)}
		var after *core.KeptCapture
		if state == core.AgainDiffers {
			after = &core.KeptCapture{Place: "p", VolumeID: "v", BackupID: b, At: again.At.V, Again: again,
				Capture: core.ReadCapture(`{"version": 2, "x": "after"}`, core.Source{Kind: core.SourceTaken})}
		}
		done, err := a.LookedAgain(t.Context(), id, again, after)
		ok(t, err)
		return done
	}
	if !look(held, "held", core.AgainEqual, time.Hour) || !look(either, "either", core.AgainDiffers, 2*time.Minute) ||
		!look(late, "late", core.AgainDiffers, 2*time.Minute+time.Second) {
		t.Error("what was due was not looked at")
	}
	if look(held, "held", core.AgainDiffers, 0) || look(99, "none", core.AgainDiffers, 0) {
		t.Error("what is not due was looked at")
	}
	for b, want := range map[core.BackupID]struct {
		evidence core.Evidence
		texts    string
	}{"held": {core.EvidenceHeld, "before"}, "either": {core.EvidenceEither, "before after"}, "late": {core.EvidenceLate, "before after"},
		"moment": {core.EvidenceMoment, "before"}} {
		kept, err := a.Captures(t.Context(), "", "", b)
		ok(t, err)
		evidence, best := core.Evident(kept)
		var texts []string
		for _, k := range best {
			x, _ := k.Capture.Doc.Object().Get("x")
			texts = append(texts, x.Text())
		}
		if evidence != want.evidence || strings.Join(texts, " ") != want.texts || len(best) != len(kept) {
			t.Errorf("%s is %s: %q", b, evidence, texts)
		}
	}
	captured, err := a.CapturedOf(t.Context(), "", []core.BackupID{"moment", "held", "either", "late"})
	want := core.Captured{Kind: core.SourceTaken, Evidence: core.EvidenceLate}
	if err != nil || len(captured) != 4 || captured["late"] != want {
		t.Errorf("the archive says %+v, %v", captured, err)
	}
	bundled := 0
	ok(t, a.EachCapture(t.Context(), "", func(core.KeptCapture) error { bundled++; return nil }))
	if o, err := a.Outdated(t.Context(), now.Add(time.Hour*10000)); err != nil || len(o.Captures) > 0 || bundled != 6 {
		t.Errorf("outdated are %+v, %v; a bundle has %d", o, err, bundled)
	}
	// What comes with a bundle is added to what had no second look, and never taken from one that had.
	for _, again := range []core.Again{{State: core.AgainEqual, At: core.Some(now), Ended: core.Some(now)}, {}} {
		kept, err := a.Captures(t.Context(), "q", "", "moment")
		ok(t, err)
		kept[0].Again = again
		if id, err := a.KeepCapture(t.Context(), kept[0]); id != moment || err != nil {
			t.Errorf("kept as %d, %v", id, err)
		}
		if kept, err = a.Captures(t.Context(), "q", "", "moment"); err != nil || len(kept) != 1 || kept[0].Evidence() != core.EvidenceHeld {
			t.Errorf("with %+v it is %+v, %v", again, kept, err)
		}
	}
}

// TestAgainOnce: many programs take the second look at once, and one of them keeps it.
func TestAgainOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "archive.sqlite")
	a := opened(t, path)
	id := keepDue(t, a, "p", "b", now)
	var wg sync.WaitGroup
	for i := range 6 {
		other := opened(t, path)
		wg.Go(func() {
			again := core.Again{State: core.AgainDiffers, At: core.Some(now.Add(time.Duration(i) * time.Second)), Ended: core.Some(now)}
			after := core.KeptCapture{Place: "p", VolumeID: "v", BackupID: "b", At: again.At.V, Again: again,
				Capture: core.ReadCapture(fmt.Sprintf(`{"version": 2, "x": %d}`, i), core.Source{Kind: core.SourceTaken})}
			if _, err := other.LookedAgain(t.Context(), id, again, &after); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	kept, err := a.Captures(t.Context(), "p", "", "b")
	if evidence, pair := core.Evident(kept); err != nil || len(kept) != 2 || evidence != core.EvidenceEither || len(pair) != 2 {
		t.Errorf("%d are kept, %s, %v", len(kept), evidence, err)
	}
}
