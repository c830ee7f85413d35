package sql_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store"
	"hearth/store/sql"
	"hearth/store/storetest"
)

func renamed(s core.State, name string) core.State {
	s = s.Clone()
	s.Name = pyjson.OfString(name)
	return s
}

// rename renames a volume as an apply does.
func rename(t testing.TB, p store.Place, id core.VolumeID, name string) error {
	v, err := p.Volume(t.Context(), id)
	if err != nil {
		return err
	}
	before, after := v.State(), renamed(v.State(), name)
	_, err = p.(store.Writer).Rewrite(t.Context(), core.Rewrite{Volume: id, Before: before, After: after,
		Entry: core.Entry{At: storetest.Now, Kind: core.EntryApply, Volume: id, Before: &before, After: &after}})
	return err
}

// TestWriteTheirs: what is written to somebody else's database is Cinder's, and
// nothing else changes.
func TestWriteTheirs(t *testing.T) {
	for _, journal := range []string{"delete", "wal", "truncate", "persist"} {
		path := lab(t)
		exec(t, path, "PRAGMA journal_mode = "+journal)
		schema := strings.Join(query(t, path, "SELECT COALESCE(sql, name) FROM sqlite_master ORDER BY name"), "\n")
		p := open(t, path, sql.Options{Write: true})
		if info := p.Info(); info.ReadOnly != "" || info.Journals {
			t.Errorf("it says of itself %+v", info)
		}
		volumes, err := p.Volumes(t.Context(), core.Query{})
		ok(t, err)
		ok(t, rename(t, p, volumes.Rows[0].ID, "written"))
		if _, isKeeper := p.(store.Captures); isKeeper {
			t.Error("it wants to keep captures in somebody else's database")
		}
		ok(t, p.Close())
		mode := query(t, path, "PRAGMA journal_mode")[0]
		if journal == "delete" || journal == "wal" { // only these stay with the file
			if mode != journal {
				t.Errorf("the journal mode was %s and is %s", journal, mode)
			}
		}
		if now := strings.Join(query(t, path, "SELECT COALESCE(sql, name) FROM sqlite_master ORDER BY name"), "\n"); now != schema {
			t.Errorf("the schema was\n%s and is\n%s", schema, now)
		}
		if got := query(t, path, "SELECT display_name FROM volumes WHERE id = ?", string(volumes.Rows[0].ID)); got[0] != "written" {
			t.Errorf("the volume is called %q", got)
		}
		for _, pragma := range []string{"application_id", "user_version", "auto_vacuum", "page_size"} {
			if now, was := query(t, path, "PRAGMA "+pragma), query(t, lab(t), "PRAGMA "+pragma); now[0] != was[0] {
				t.Errorf("%s was %s and is %s", pragma, was, now)
			}
		}
		if check := query(t, path, "PRAGMA integrity_check"); check[0] != "ok" {
			t.Errorf("its integrity: %v", check)
		}
	}
}

// TestWriteFaults fails the write to each table in turn: nothing of the whole is
// left, and nothing remembered is wrong afterwards.
func TestWriteFaults(t *testing.T) {
	w := storetest.Standard()
	everything := func(p store.Place) error {
		v, err := p.Volume(t.Context(), storetest.WebRoot)
		if err != nil {
			return err
		}
		before := v.State()
		after := renamed(before, "never")
		after.Metadata = &pyjson.Object{}
		after.Metadata.Set("new", pyjson.OfString("1"))
		after.Image = after.Metadata
		_, err = p.(store.Writer).Rewrite(t.Context(),
			core.Rewrite{Volume: v.ID, Before: before, After: after, Entry: core.Entry{Kind: core.EntryApply}})
		return err
	}
	imports := func(p store.Place) error {
		b := storetest.BackupOf(w.Backups[0])
		b.ID = storetest.NoSuch
		b.Metadata = &pyjson.Object{}
		b.Metadata.Set("k", pyjson.OfString("v"))
		r, err := core.ExportRecord(&b)
		ok(t, err)
		items := core.Items(core.Preflight(core.FindRecords(r.Service+"\n"+r.URL), core.ImportFacts{}), []int{0})
		_, err = p.(store.Importer).Import(t.Context(), items, core.Entry{Kind: core.EntryImport})
		return err
	}
	for _, c := range []struct {
		event string
		do    func(store.Place) error
	}{
		{"UPDATE ON volumes", everything}, {"UPDATE ON volume_metadata", everything}, {"INSERT ON volume_metadata", everything},
		{"UPDATE ON volume_glance_metadata", everything}, {"INSERT ON volume_glance_metadata", everything}, {"INSERT ON hearth_journal",
			everything},
		{"INSERT ON backups", imports}, {"INSERT ON backup_metadata", imports}, {"INSERT ON hearth_journal", imports},
	} {
		path := ownFile(t, w)
		tables := []string{"volumes", "volume_metadata", "volume_glance_metadata", "backups", "backup_metadata", "hearth_journal"}
		exec(t, path, "CREATE TRIGGER fault BEFORE "+c.event+" BEGIN SELECT RAISE(ABORT, 'the floor gave way'); END")
		before := dumpOf(t, path, tables)
		p := open(t, path, sql.Options{})
		if err := c.do(p); err == nil || !strings.Contains(err.Error(), "the floor gave way") {
			t.Errorf("%s fails, and what comes out is %v", c.event, err)
		}
		if now := dumpOf(t, path, tables); now != before {
			t.Errorf("%s fails, and some of the rest is written", c.event)
		}
		exec(t, path, "DROP TRIGGER fault")
		if err := c.do(p); err != nil {
			t.Errorf("%s no longer fails, but: %v", c.event, err)
		}
		if now := dumpOf(t, path, tables); now == before {
			t.Error("nothing is written")
		}
		ok(t, p.Close())
	}
}

// dumpOf is all that tables hold.
func dumpOf(t *testing.T, path string, tables []string) string {
	t.Helper()
	var b strings.Builder
	db := raw(t, path)
	defer db.Close()
	for _, table := range tables {
		rows, err := db.Query("SELECT * FROM " + table + " ORDER BY rowid")
		ok(t, err)
		columns, err := rows.Columns()
		ok(t, err)
		for rows.Next() {
			vals, ptrs := make([]any, len(columns)), make([]any, len(columns))
			for i := range vals {
				ptrs[i] = &vals[i]
			}
			ok(t, rows.Scan(ptrs...))
			fmt.Fprintln(&b, table, vals)
		}
		ok(t, rows.Err())
	}
	return b.String()
}

// TestTwoHearths: what one writes the other sees at its next query.
func TestTwoHearths(t *testing.T) {
	path := ownFile(t, storetest.Standard())
	one, two := open(t, path, sql.Options{}), open(t, path, sql.Options{})
	defer one.Close()
	defer two.Close()
	called := func(p store.Place) string {
		t.Helper()
		page, err := p.Volumes(t.Context(), core.Query{Filter: core.Filter{Text: "id",
			Terms: []core.Term{{Column: "id", Kind: core.IDColumn, Op: core.Is, Words: []string{string(storetest.Database)}}}}})
		ok(t, err)
		return page.Rows[0].Name.V
	}
	named := func(p store.Place, name string) int {
		t.Helper()
		page, err := p.Volumes(t.Context(), core.Query{Filter: filter(t, "name:"+name)})
		ok(t, err)
		return page.Total
	}
	for i, p := range []store.Place{one, two, two, one} {
		other := two
		if p == two {
			other = one
		}
		name := fmt.Sprintf("renamed-%d", i)
		if n := named(other, name); n != 0 {
			t.Fatalf("%d are called %s before", n, name)
		}
		ok(t, rename(t, p, storetest.Database, name))
		if got := called(other); got != name {
			t.Errorf("the other sees %s, not %s", got, name)
		}
		if n := named(other, name); n != 1 {
			t.Errorf("the other finds %d called %s", n, name)
		}
	}
	for _, p := range []store.Place{one, two} {
		entries, err := p.(store.Journal).Entries(t.Context(), "", 0)
		if err != nil || len(entries) != 4 {
			t.Errorf("a journal of %d entries, %v", len(entries), err)
		}
		page, err := p.Volumes(t.Context(), core.Query{Sort: []core.Order{{Column: "backups", Desc: true}}, Limit: 1})
		if err != nil || page.Rows[0].Backups == 0 {
			t.Errorf("the volume with most backups has %d, %v", page.Rows[0].Backups, err)
		}
	}
	// The counts of backups are remembered; they must not be when they change.
	exec(t, path, "UPDATE backups SET deleted = 1")
	page, err := one.Volumes(t.Context(), core.Query{Sort: []core.Order{{Column: "backups", Desc: true}}, Limit: 1})
	if err != nil || page.Rows[0].Backups != 0 {
		t.Errorf("all backups are gone, and a volume has %d, %v", page.Rows[0].Backups, err)
	}
}

// TestTwoWriters: two hearths apply the same plan at once. One wins.
func TestTwoWriters(t *testing.T) {
	for _, file := range []string{ownFile(t, storetest.Standard()), theirFile(t, storetest.Standard())} {
		one, two := open(t, file, sql.Options{Write: true, Patience: 1 << 40}), open(t, file, sql.Options{Write: true, Patience: 1 << 40})
		wins := 0
		for i := range 10 {
			v, err := one.Volume(t.Context(), storetest.Database)
			ok(t, err)
			results := make([]error, 2)
			var wg sync.WaitGroup
			for j, p := range []store.Place{one, two} {
				wg.Go(func() {
					_, results[j] = p.(store.Writer).Rewrite(t.Context(), core.Rewrite{Volume: v.ID, Before: v.State(), After: renamed(v.State(),
						fmt.Sprint("round ", i, " of ", j)),
						Entry: core.Entry{Kind: core.EntryApply, Volume: v.ID}})
				})
			}
			wg.Wait()
			for _, err := range results {
				switch core.CodeOf(err) {
				case "":
					wins++
				case core.CodeConflict:
				default:
					t.Errorf("one of two at once: %v", err)
				}
			}
		}
		if wins != 10 {
			t.Errorf("%d of 10 rounds were won", wins)
		}
		// And different things at once: both succeed.
		var wg sync.WaitGroup
		for j, p := range []store.Place{one, two} {
			id := []core.VolumeID{storetest.WebRoot, storetest.Hostile}[j]
			wg.Go(func() {
				for i := range 10 {
					if err := rename(t, p, id, fmt.Sprint("mine ", i)); err != nil {
						t.Errorf("one of two that have nothing to do with each other: %v", err)
					}
				}
			})
		}
		wg.Wait()
		ok(t, errors.Join(one.Close(), two.Close()))
		if check := query(t, file, "PRAGMA integrity_check"); check[0] != "ok" {
			t.Errorf("its integrity: %v", check)
		}
	}
}

// TestSecondWriterIsTold: a write that another one stands in the way of for too
// long says so, and nothing is written.
func TestSecondWriterIsTold(t *testing.T) {
	path := ownFile(t, storetest.Standard())
	p := open(t, path, sql.Options{})
	defer p.Close()
	db := raw(t, path)
	_, err := db.Exec("BEGIN IMMEDIATE")
	ok(t, err)
	if err := rename(t, p, storetest.Database, "never"); core.CodeOf(err) != core.CodeUnavailable {
		t.Errorf("a write while another program writes: %v", err)
	}
	if _, err := p.(store.Captures).KeepCapture(t.Context(),
		core.KeptCapture{Capture: core.ReadCapture("{}", core.Source{})}); core.CodeOf(err) != core.CodeUnavailable {
		t.Errorf("a capture while another program writes: %v", err)
	}
	ok(t, db.Close())
	ok(t, rename(t, p, storetest.Database, "at last"))
}

// TestMarkedReadOnly: a store of hearth's own that the config marks read-only is
// read, and not touched.
func TestMarkedReadOnly(t *testing.T) {
	path := ownFile(t, storetest.Standard())
	before := state(t, filepath.Dir(path))
	p := open(t, path, sql.Options{ReadOnly: "the config says so"})
	useAll(t, p)
	if _, err := p.(store.Captures).KeepCapture(t.Context(), core.KeptCapture{}); core.CodeOf(err) != core.CodeReadOnly {
		t.Errorf("a capture is kept: %v", err)
	}
	if kept, err := p.(store.Captures).Captures(t.Context(), "", storetest.Database, ""); err != nil || len(kept) != 3 {
		t.Errorf("%d captures are read, %v", len(kept), err)
	}
	ok(t, p.Close())
	if after := state(t, filepath.Dir(path)); after != before {
		t.Errorf("the folder was\n%s and is\n%s", before, after)
	}
}

// TestAgesAreOfTheSecond: what is remembered of a list with ages in its filter
// does not outlive the second.
func TestAgesAreOfTheSecond(t *testing.T) {
	p := open(t, ownFile(t, storetest.Standard()), sql.Options{})
	defer p.Close()
	count := func(now time.Time) int {
		t.Helper()
		page, err := p.Backups(t.Context(), core.Query{Filter: filter(t, "age<2m"), Now: now})
		ok(t, err)
		return page.Total
	}
	if a, b := count(storetest.Now), count(storetest.Now.Add(31*time.Second)); a != 1 || b != 0 {
		t.Errorf("%d and, half a minute later, %d are younger than two minutes", a, b)
	}
}

// TestSameTextOtherFilter: two filters that are written alike are two filters.
func TestSameTextOtherFilter(t *testing.T) {
	p := open(t, ownFile(t, storetest.Standard()), sql.Options{})
	defer p.Close()
	f := core.Filter{Text: "name:a,b", Terms: []core.Term{{Column: "name", Op: core.Is, Words: []string{"db full", "nightly"}}}}
	one, err := p.Backups(t.Context(), core.Query{Filter: f})
	ok(t, err)
	f.Terms = []core.Term{{Column: "name", Op: core.Is, Words: []string{"db full,nightly"}}}
	two, err := p.Backups(t.Context(), core.Query{Filter: f})
	if err != nil || one.Total == 0 || two.Total != 0 {
		t.Errorf("%d and %d fit, %v", one.Total, two.Total, err)
	}
}
