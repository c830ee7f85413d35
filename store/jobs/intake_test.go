package jobs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/store/sql"
)

// held are records in memory.
type held []core.Found

func (h held) Len() int                        { return len(h) }
func (h held) Found(i int) (core.Found, error) { return h[i], nil }

// storeDesk is a desk at a store that hearth made, which keeps so many backups.
func storeDesk(t testing.TB, backups int) (*sql.Store, jobs.Desk) {
	t.Helper()
	s, err := sql.CreateDemo(t.Context(), sql.Options{Now: clock}, sql.World{Backups: backups})
	ok(t, err)
	t.Cleanup(func() { s.Close() })
	return s, jobs.Desk{Place: &notDemo{s}, Archive: openArchive(t), Who: "ada@here", Pace: jobs.Pace{Now: clock}}
}

// emptyDesk is a desk at an empty store.
func emptyDesk(t testing.TB) (*sql.Store, jobs.Desk) {
	t.Helper()
	s, err := sql.Create(t.Context(), filepath.Join(t.TempDir(), "new.sqlite"), sql.Options{Now: clock})
	ok(t, err)
	t.Cleanup(func() { s.Close() })
	return s, jobs.Desk{Place: s, Archive: openArchive(t), Who: "ada@here", Pace: jobs.Pace{Now: clock}}
}

// exportedRecords are the records of a store's available backups, newest first.
func exportedRecords(t testing.TB, s *sql.Store) (out []core.Found) {
	t.Helper()
	var ids []core.BackupID
	for b, err := range jobs.Backups(t.Context(), s, core.Query{Sort: []core.Order{{Column: "created", Desc: true}}}) {
		if ok(t, err); b.Status == core.StatusAvailable {
			ids = append(ids, b.ID)
		}
	}
	done, err := s.ExportBatch(t.Context(), ids)
	ok(t, err)
	for i, x := range done {
		if x.Err != nil {
			continue
		}
		f := core.FoundRecord(x.Record)
		f.Line = i + 1
		out = append(out, f)
	}
	return out
}

// TestIntake: what is said of each record is what a preflight of all of them says, and what
// is imported is what an import of all of them imports.
func TestIntake(t *testing.T) {
	from, _ := storeDesk(t, 1300)
	found := exportedRecords(t, from)
	to, d := emptyDesk(t)
	before, err := d.TakeIn(t.Context(), held(found[:40]), "")
	ok(t, err)
	ok(t, before.Import(t.Context(), func(core.ImportResult) {}))
	paste := slices.Clone(found)
	paste = append(paste, found[900], core.Found{Err: fmt.Errorf("no record"), Line: 7777}, found[3])
	for i := 600; i < 700; i++ { // refused, and others stand on some of them
		paste[i].Record.Service = ""
	}
	want, facts, err := d.Preflight(t.Context(), paste)
	ok(t, err)
	in, err := d.TakeIn(t.Context(), held(paste), "p2")
	ok(t, err)
	chosen := []int(nil)
	for i := range want {
		got := in.Check(i)
		if !reflect.DeepEqual(got.Findings, want[i].Findings) || got.ID != want[i].ID || got.Name != want[i].Name || got.Size != want[i].Size ||
			got.Line != paste[i].Line || got.OK != paste[i].OK() || got.Service != paste[i].Record.Service {
			t.Fatalf("record %d: %+v, want %+v", i, got, want[i])
		}
		if !want[i].Refused() {
			chosen = append(chosen, i)
		}
	}
	items := core.Items(want, chosen)
	var got []core.BackupID
	ok(t, in.Import(t.Context(), func(r core.ImportResult) {
		if r.Err != nil || r.Status != core.StatusAvailable || r.Revived {
			t.Errorf("%+v", r)
		}
		got = append(got, r.ID)
	}))
	for i := range items {
		if len(got) != len(items) || got[i] != items[i].ID {
			t.Fatalf("%d were imported, %d should be; %d is another", len(got), len(items), i)
		}
	}
	if in.Facts.Owner != facts.Owner || in.Chosen() != len(chosen) {
		t.Errorf("%q, %d chosen", in.Facts.Owner, in.Chosen())
	}
	for b, err := range jobs.Backups(t.Context(), to, core.Query{}) {
		ok(t, err)
		if old := slices.ContainsFunc(found[:40], func(f core.Found) bool { return f.Decoded.ID() == b.ID }); !old && b.ProjectID != "p2" {
			t.Fatalf("%s is %s's", b.ID, b.ProjectID)
		}
	}
	kept, _, err := d.Archive.IndexOf(t.Context(), d.Place.Info().Location, got)
	if err != nil || len(kept) != len(got) {
		t.Errorf("%d of %d records are archived, %v", len(kept), len(got), err)
	}
	entries, err := to.Entries(t.Context(), "", 0)
	if err != nil || len(entries) != 2 || !slices.Equal(entries[0].Backups, got) {
		t.Errorf("%d entries, %v", len(entries), err)
	}
}

// TestIntakeAllOrNone: where one stands in the way, none is written and none is told of.
func TestIntakeAllOrNone(t *testing.T) {
	from, _ := storeDesk(t, 700)
	found := exportedRecords(t, from)
	to, d := emptyDesk(t)
	in, err := d.TakeIn(t.Context(), held(found), "")
	ok(t, err)
	late, err := d.TakeIn(t.Context(), held(found[len(found)-1:]), "")
	ok(t, err)
	ok(t, late.Import(t.Context(), func(core.ImportResult) {}))
	told := 0
	err = in.Import(t.Context(), func(core.ImportResult) { told++ })
	wantCode(t, "one is there", err, core.CodeConflict)
	page, err := to.Backups(t.Context(), core.Query{Limit: 1})
	if err != nil || page.All != 1 || told != 0 {
		t.Errorf("%d backups, %d told, %v", page.All, told, err)
	}
}

// TestBundleOfAStore: the bundle of a place that keeps captures itself carries them.
func TestBundleOfAStore(t *testing.T) {
	s, d := storeDesk(t, 700)
	_, err := archiveAll(t.Context(), d, jobs.ArchiveOptions{}, nil)
	if err != nil && core.CodeOf(err) != core.CodePartial {
		t.Fatal(err)
	}
	want := map[core.BackupID]string{}
	ok(t, s.EachCapture(t.Context(), "", func(k core.KeptCapture) error { want[k.BackupID] = k.Capture.Text; return nil }))
	file := filepath.Join(t.TempDir(), "b.jsonl")
	n, err := d.WriteBundle(t.Context(), file, jobs.BundleOptions{})
	ok(t, err)
	text, err := os.ReadFile(file)
	ok(t, err)
	b, err := core.ReadBundle(string(text))
	ok(t, err)
	for _, c := range b.Captures {
		if want[c.BackupID] != c.Capture.Text || c.Place != d.Place.Info().Location {
			t.Fatalf("%s of %s is another", c.BackupID, c.Place)
		}
	}
	if n.Captures != len(want) || len(b.Captures) != len(want) || len(want) < 500 || n.Records < 500 {
		t.Errorf("%+v, %d captures of %d", n, len(b.Captures), len(want))
	}
	some, err := core.ParseFilter("age<60d", core.BackupColumns)
	ok(t, err)
	few, err := d.WriteBundle(t.Context(), file, jobs.BundleOptions{Filter: some, Mask: true, Overwrite: true})
	if err != nil || few.Records == 0 || few.Records >= n.Records || few.Captures == 0 || few.Captures > few.Records {
		t.Errorf("%+v of %+v, %v", few, n, err)
	}
	if text, err = os.ReadFile(file); err != nil || strings.Contains(string(text), "CHAP ") {
		t.Errorf("secrets are in it, or %v", err)
	}
}

// rewritten are records of which the first is another, as whole, once all were read.
type rewritten struct {
	held
	other core.Found
	reads int
}

func (r *rewritten) Found(i int) (core.Found, error) {
	if r.reads++; r.reads > len(r.held) && i == 0 {
		return r.other, nil
	}
	return r.held[i], nil
}

// TestIntakeRewritten: what is imported is what was shown, whatever became of the file.
func TestIntakeRewritten(t *testing.T) {
	from, _ := storeDesk(t, 40)
	var fulls held
	for _, f := range exportedRecords(t, from) {
		if c := core.CheckRecord(f, core.ImportFacts{}, -1); c.Parent == "" && (len(fulls) == 0 || f.Record.Service == fulls[0].Record.Service) {
			fulls = append(fulls, f)
		}
	}
	if len(fulls) < 3 {
		t.Fatalf("%d full backups of one service", len(fulls))
	}
	to, d := emptyDesk(t)
	in, err := d.TakeIn(t.Context(), &rewritten{held: fulls[1:], other: fulls[0]}, "")
	ok(t, err)
	err = in.Import(t.Context(), func(core.ImportResult) {})
	page, _ := to.Backups(t.Context(), core.Query{})
	if core.CodeOf(err) != core.CodeConflict || page.Total != 0 {
		t.Errorf("%v, %d backups are there", err, page.Total)
	}
}
