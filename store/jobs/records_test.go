package jobs_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/jobs"
	"hearth/store/memory"
	"hearth/store/sql"
	"hearth/store/storetest"
)

// paste is records as an admin pastes them: a list of what the API wrote.
func paste(records ...core.Record) string {
	var list []pyjson.Value
	for _, r := range records {
		list = append(list, pyjson.OfDict(r.Object()))
	}
	return pyjson.Text(pyjson.OfList(list))
}

// strangers are n records of backups that are not here, each standing on the one
// before it.
func strangers(t testing.TB, n int) []core.Record {
	t.Helper()
	var out []core.Record
	b := storetest.BackupOf(storetest.Standard().Backups[0])
	for i := range n {
		b.ParentID = ""
		if i > 0 {
			b.ParentID = core.BackupID(fmt.Sprintf("5f%06d-0000-4000-8000-000000000000", i-1))
		}
		b.ID = core.BackupID(fmt.Sprintf("5f%06d-0000-4000-8000-000000000000", i))
		r, err := core.ExportRecord(&b)
		ok(t, err)
		out = append(out, r)
	}
	return out
}

// importable are the checks of n such records.
func importable(t *testing.T, d jobs.Desk, n int) []core.Check {
	t.Helper()
	checks, _, err := d.Preflight(t.Context(), core.FindRecords(paste(strangers(t, n)...)))
	ok(t, err)
	return checks
}

func TestExport(t *testing.T) {
	for name, desk := range desks {
		t.Run(name, func(t *testing.T) {
			_, d := desk(t)
			var steps []string
			progress := func(s jobs.Step) { steps = append(steps, fmt.Sprintf("%d/%d", s.Done, s.Total)) }
			out, err := d.Export(t.Context(),
				[]core.BackupID{storetest.Second, storetest.Full, storetest.Tagged, storetest.First, storetest.Tagged}, true, progress)
			ok(t, err)
			var ids []core.BackupID
			for _, e := range out {
				ok(t, e.Err)
				dec, err := core.DecodeRecord(e.Record.URL, core.Today)
				ok(t, err)
				if dec.ID() != e.Backup.ID {
					t.Errorf("the record of %s is one of %s", e.Backup.ID, dec.ID())
				}
				ids = append(ids, e.Backup.ID)
			}
			if want := []core.BackupID{storetest.Full, storetest.First, storetest.Second, storetest.Tagged}; !slices.Equal(ids, want) {
				t.Errorf("exported %v, want parents first, each once: %v", ids, want)
			}
			if want := []string{"1/4", "2/4", "3/4", "4/4"}; !slices.Equal(steps, want) {
				t.Errorf("progress %v", steps)
			}
			for _, id := range ids {
				if kept, err := d.Archive.Records(t.Context(), d.Place.Info().Location, id); err != nil || len(kept) != 1 ||
					kept[0].Direction != "export" {
					t.Errorf("of %s the archive keeps %+v, %v", id, kept, err)
				}
			}
			out, err = d.Export(t.Context(), []core.BackupID{storetest.Second}, false, nil)
			if err != nil || len(out) != 1 {
				t.Errorf("without its chain: %d, %v", len(out), err)
			}
			// One that cannot be exported does not keep the others from it.
			out, err = d.Export(t.Context(), []core.BackupID{storetest.Broken, storetest.Full, storetest.NullTag}, true, nil)
			if err != nil || len(out) != 3 || core.CodeOf(out[0].Err) != core.CodeRefused || out[1].Err != nil ||
				core.CodeOf(out[2].Err) != core.CodeRefused {
				t.Errorf("with some that cannot be: %d, %v, %v, %v, %v", len(out), out[0].Err, out[1].Err, out[2].Err, err)
			}
			_, err = d.Export(t.Context(), []core.BackupID{storetest.Full, storetest.NoSuch}, true, nil)
			wantCode(t, "with one that is not there", err, core.CodeNotFound)
			// A chain whose parent is missing, or goes round, is what there is of it.
			out, err = d.Export(t.Context(), []core.BackupID{storetest.Orphan, "0b000000-0000-4000-8000-00000000000d"}, true, nil)
			if err != nil || len(out) != 3 {
				t.Errorf("of broken chains: %d, %v", len(out), err)
			}
		})
	}
}

func TestExportCancelled(t *testing.T) {
	_, d := ownDesk(t)
	ctx, cancel := context.WithCancel(t.Context())
	out, err := d.Export(ctx, []core.BackupID{storetest.Full, storetest.First, storetest.Second}, false, func(s jobs.Step) {
		if s.Done == 2 {
			cancel()
		}
	})
	wantCode(t, "cancelled after two", err, core.CodeCancelled)
	if len(out) != 2 || !strings.Contains(err.Error(), "after 2 of 3 backups") {
		t.Errorf("%d are exported, %v", len(out), err)
	}
}

func TestImport(t *testing.T) {
	for name, desk := range desks {
		t.Run(name, func(t *testing.T) {
			p, d := desk(t)
			records := strangers(t, 4)
			slices.Reverse(records) // children before their parents
			checks, facts, err := d.Preflight(t.Context(), core.FindRecords(paste(append(records, exported(t, d, storetest.Full))...)))
			ok(t, err)
			if len(checks) != 5 || !checks[4].Refused() || facts.Existing[storetest.Full] != core.StatusAvailable || len(facts.Existing) != 1 {
				t.Fatalf("%d checks, the facts are %+v", len(checks), facts)
			}
			results, err := d.Import(t.Context(), checks, []int{0, 1, 3, 4})
			ok(t, err)
			var order []core.BackupID
			for _, r := range results {
				order = append(order, r.ID)
			}
			if want := []core.BackupID{checks[1].ID, checks[0].ID, checks[3].ID}; !slices.Equal(order, want) {
				t.Errorf("imported %v, want parents first, without what was not chosen or is refused: %v", order, want)
			}
			for _, id := range order {
				if _, err := d.Place.Backup(t.Context(), id); err != nil {
					t.Errorf("%s: %v", id, err)
				}
				if kept, err := d.Archive.Records(t.Context(), d.Place.Info().Location, id); err != nil || len(kept) != 1 ||
					kept[0].Direction != "import" {
					t.Errorf("of %s the archive keeps %+v, %v", id, kept, err)
				}
			}
			e := journal(t, d)[0]
			if e.Kind != core.EntryImport || e.State != core.EntryDone || !slices.Equal(e.Backups, order) || e.Summary != "import of 3 backups" {
				t.Errorf("the journal says %+v", e)
			}
			if err := e.Undoable(); err == nil {
				t.Error("an import can be undone")
			}
			_, err = d.Import(t.Context(), checks, []int{0, 2})
			wantCode(t, "what came to be here meanwhile", err, core.CodeConflict)
			if _, err := p.Backup(t.Context(), checks[2].ID); core.CodeOf(err) != core.CodeNotFound {
				t.Errorf("the rest of the paste was written: %v", err)
			}
			_, err = d.Import(t.Context(), checks, []int{4})
			wantCode(t, "nothing but what is refused", err, core.CodeRefused)
			_, err = d.Import(t.Context(), checks, nil)
			wantCode(t, "nothing at all", err, core.CodeRefused)
		})
	}
}

func exported(t *testing.T, d jobs.Desk, id core.BackupID) core.Record {
	t.Helper()
	out, err := d.Export(t.Context(), []core.BackupID{id}, false, nil)
	ok(t, err)
	ok(t, out[0].Err)
	return out[0].Record
}

func TestImportReadOnly(t *testing.T) {
	p := world(theirs, func(w *memory.World) { w.Info.ReadOnly = "it is not ours" })
	d := jobs.Desk{Place: asDatabase(p), Archive: openArchive(t), Pace: jobs.Pace{Now: clock}}
	_, err := d.Import(t.Context(), importable(t, d, 1), []int{0})
	wantCode(t, "into a place that is read-only", err, core.CodeReadOnly)
	bare := jobs.Desk{Place: struct{ *memory.Place }{p}, Pace: jobs.Pace{Now: clock}}
	if _, err := bare.Export(t.Context(), nil, false, nil); err != nil {
		t.Errorf("export of nothing: %v", err)
	}
	_, their := theirDesk(t)
	their.Archive = nil
	_, err = their.Import(t.Context(), importable(t, their, 1), []int{0})
	wantCode(t, "without an archive to account for it in", err, core.CodeUnavailable)
}

// TestArchiveInTheWay: what the archive cannot take down is told, and the place is
// not left in between.
func TestArchiveInTheWay(t *testing.T) {
	p, d := theirDesk(t)
	pl := restore(t, d)
	checks := importable(t, d, 1)
	before := stateOf(t, d, storetest.WebRoot)
	calls := len(p.Calls())
	ok(t, d.Archive.Close())
	if _, err := d.Apply(t.Context(), pl); err == nil {
		t.Error("applied without an intent")
	}
	if _, err := d.Import(t.Context(), checks, []int{0}); err == nil {
		t.Error("imported without an intent")
	}
	if !stateOf(t, d, storetest.WebRoot).Equal(before) ||
		slices.ContainsFunc(p.Calls()[calls:], func(c string) bool { return c == "Rewrite" || c == "Import" }) {
		t.Error("the place was written without an intent")
	}
	out, err := d.Export(t.Context(), []core.BackupID{storetest.Full}, false, nil)
	if err != nil || len(out) != 1 || out[0].Err != nil || out[0].NotKept == nil || out[0].Record.URL == "" {
		t.Errorf("an export that cannot be kept: %+v, %v; the record itself is there", out, err)
	}
}

// TestDemoLeavesTheArchiveAlone: whatever is done in a demo, the archive stays as
// it was, even where a desk has one.
func TestDemoLeavesTheArchiveAlone(t *testing.T) {
	s, err := sql.CreateDemo(t.Context(), sql.Options{Now: clock}, sql.World{})
	ok(t, err)
	defer s.Close()
	a := openArchive(t)
	d := jobs.Desk{Place: s, Archive: a, Who: "ada@here", Pace: jobs.Pace{Now: clock}}
	before := archiveSums(t, a.Path())
	page, err := s.Volumes(t.Context(), core.Query{})
	ok(t, err)
	onto := page.Rows[0].ID
	backups, err := s.Backups(t.Context(), core.Query{Filter: core.Filter{Text: "x",
		Terms: []core.Term{{Column: "status", Kind: core.WordColumn, Op: core.Is, Words: []string{core.StatusAvailable}}}}})
	ok(t, err)
	c, _, err := d.Capture(t.Context(), onto, 2)
	ok(t, err)
	_, err = d.Keep(t.Context(), c)
	ok(t, err)
	pl, err := d.Plan(t.Context(),
		jobs.PlanRequest{Onto: onto, Captures: []core.Capture{core.ReadCapture(`{"version": 2, "volume-metadata": {"a": "b"}}`, core.Source{})}})
	ok(t, err)
	_, err = d.Apply(t.Context(), pl)
	ok(t, err)
	_, err = d.Undo(t.Context(), 0)
	ok(t, err)
	out, err := d.Export(t.Context(), []core.BackupID{backups.Rows[0].ID}, true, nil)
	ok(t, err)
	for _, e := range out {
		ok(t, e.Err)
	}
	_, err = d.Import(t.Context(), importable(t, d, 2), []int{0, 1})
	ok(t, err)
	_, err = d.Settle(t.Context())
	ok(t, err)
	if after := archiveSums(t, a.Path()); after != before {
		t.Errorf("the archive was\n%s and is\n%s", before, after)
	}
	entries, err := s.Entries(t.Context(), "", 0)
	if err != nil || len(entries) != 3 {
		t.Errorf("the demo's own journal has %d entries, %v", len(entries), err)
	}
}

// archiveSums are the archive's files and what is in them.
func archiveSums(t *testing.T, path string) string {
	t.Helper()
	text := ""
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(path + suffix)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		text += fmt.Sprintf("%s %d %x\n", suffix, len(data), sha256.Sum256(data))
	}
	return text
}
