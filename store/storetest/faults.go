package storetest

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store"
	"hearth/store/archive"
	"hearth/store/jobs"
)

// errFault is what a call fails with that is told to.
var errFault = errors.New("the floor gave way")

// Faulty hands calls on to a place. One of them it fails: before it is done, or
// after, as when an answer is lost.
type Faulty struct {
	Place
	fail  int  // which call, from 1; 0: none
	after bool // it fails after it was done
	calls int
}

// call does one call, or fails it.
func call[T any](f *Faulty, do func() (T, error)) (T, error) {
	f.calls++
	var none T
	if f.calls != f.fail {
		return do()
	}
	if f.after {
		do()
	}
	return none, errFault
}

func (f *Faulty) Volumes(ctx context.Context, q core.Query) (core.Page[core.Volume], error) {
	return call(f, func() (core.Page[core.Volume], error) { return f.Place.Volumes(ctx, q) })
}

func (f *Faulty) Backups(ctx context.Context, q core.Query) (core.Page[core.Backup], error) {
	return call(f, func() (core.Page[core.Backup], error) { return f.Place.Backups(ctx, q) })
}

func (f *Faulty) Volume(ctx context.Context, id core.VolumeID) (core.Volume, error) {
	return call(f, func() (core.Volume, error) { return f.Place.Volume(ctx, id) })
}

func (f *Faulty) Backup(ctx context.Context, id core.BackupID) (core.Backup, error) {
	return call(f, func() (core.Backup, error) { return f.Place.Backup(ctx, id) })
}

func (f *Faulty) VolumeTypes(ctx context.Context) ([]core.VolumeType, error) {
	return call(f, func() ([]core.VolumeType, error) { return f.Place.VolumeTypes(ctx) })
}

func (f *Faulty) Captures(ctx context.Context, place string, v core.VolumeID, b core.BackupID) ([]core.KeptCapture, error) {
	return call(f, func() ([]core.KeptCapture, error) { return f.Place.Captures(ctx, place, v, b) })
}

func (f *Faulty) CapturedOf(ctx context.Context, place string, ids []core.BackupID) (map[core.BackupID]core.Captured, error) {
	return call(f, func() (map[core.BackupID]core.Captured, error) { return f.Place.CapturedOf(ctx, place, ids) })
}

func (f *Faulty) KeepCapture(ctx context.Context, k core.KeptCapture) (int64, error) {
	return call(f, func() (int64, error) { return f.Place.KeepCapture(ctx, k) })
}

func (f *Faulty) Rewrite(ctx context.Context, r core.Rewrite) (core.Entry, error) {
	return call(f, func() (core.Entry, error) { return f.Place.Rewrite(ctx, r) })
}

func (f *Faulty) Entries(ctx context.Context, place string, limit int) ([]core.Entry, error) {
	return call(f, func() ([]core.Entry, error) { return f.Place.Entries(ctx, place, limit) })
}

func (f *Faulty) Entry(ctx context.Context, id core.EntryID) (core.Entry, error) {
	return call(f, func() (core.Entry, error) { return f.Place.Entry(ctx, id) })
}

func (f *Faulty) Export(ctx context.Context, id core.BackupID) (core.Record, error) {
	return call(f, func() (core.Record, error) { return f.Place.Export(ctx, id) })
}

func (f *Faulty) ImportFacts(ctx context.Context, ids []core.BackupID) (core.ImportFacts, error) {
	return call(f, func() (core.ImportFacts, error) { return f.Place.ImportFacts(ctx, ids) })
}

func (f *Faulty) Import(ctx context.Context, items []core.ImportItem, e core.Entry) ([]core.ImportResult, error) {
	return call(f, func() ([]core.ImportResult, error) { return f.Place.Import(ctx, items, e) })
}

// job is something that people do with a desk. prepare leads up to it.
type job struct {
	name    string
	prepare func(t *testing.T, d jobs.Desk)
	do      func(ctx context.Context, d jobs.Desk) error
	changes bool // it is to change the place
}

func (d Driver) jobsToFail(t *testing.T) []job {
	found := core.FindRecords(string(pasteOf(d.importItems(t, 1)[0].Record)))
	plan := func(ctx context.Context, d jobs.Desk) (*core.Plan, error) {
		return d.Plan(ctx, jobs.PlanRequest{Backup: Second, Onto: WebRoot})
	}
	apply := func(ctx context.Context, d jobs.Desk) error {
		p, err := plan(ctx, d)
		if err == nil {
			_, err = d.Apply(ctx, p)
		}
		return err
	}
	return []job{
		{name: "plan", do: func(ctx context.Context, d jobs.Desk) error { _, err := plan(ctx, d); return err }},
		{name: "apply", do: apply, changes: true},
		{name: "undo", changes: true,
			prepare: func(t *testing.T, d jobs.Desk) { ok(t, apply(t.Context(), d)) },
			do:      func(ctx context.Context, d jobs.Desk) error { _, err := d.Undo(ctx, 0); return err }},
		{name: "keep", changes: true, do: func(ctx context.Context, d jobs.Desk) error {
			c, _, err := d.Capture(ctx, WebRoot, 2)
			if err == nil {
				_, err = d.Keep(ctx, c)
			}
			return err
		}},
		{name: "export", do: func(ctx context.Context, d jobs.Desk) error {
			out, err := d.Export(ctx, []core.BackupID{Second, Tagged}, true, nil)
			for _, e := range out {
				err = errors.Join(err, e.Err)
			}
			return err
		}},
		{name: "resolve", do: func(ctx context.Context, d jobs.Desk) error { _, err := d.ResolveBackup(ctx, "db full"); return err }},
		{name: "import", changes: true, do: func(ctx context.Context, d jobs.Desk) error {
			checks, _, err := d.Preflight(ctx, found)
			if err == nil {
				_, err = d.Import(ctx, checks, []int{0})
			}
			return err
		}},
	}
}

// testFaults fails every call of a place in turn, in every job: the error comes
// out, and the place has changed as a whole or not at all.
func testFaults(t *testing.T, d Driver) {
	a, err := archive.Open(t.Context(), filepath.Join(t.TempDir(), "archive.sqlite"))
	ok(t, err)
	defer a.Close()
	for _, j := range d.jobsToFail(t) {
		t.Run(j.name, func(t *testing.T) {
			before, after, n := d.dry(t, a, j)
			if n == 0 || j.changes == (before == after) {
				t.Fatalf("%d calls were made, and it changed the place: %v", n, before != after)
			}
			for i := 1; i <= n; i++ {
				for _, lost := range []bool{false, true} {
					f, desk := d.desk(t, a)
					if j.prepare != nil {
						j.prepare(t, desk)
					}
					f.calls, f.fail, f.after = 0, i, lost
					err := j.do(t.Context(), desk)
					f.fail = 0
					if !errors.Is(err, errFault) {
						t.Errorf("call %d of %d failed (after it was done: %v), and what came out is: %v", i, n, lost, err)
					}
					if now := everything(t, f.Place); now != before && now != after {
						t.Errorf("call %d of %d failed (after it was done: %v), and the place is neither as before nor as after:\n%s", i, n, lost,
							newLines(now, before))
					} else if !lost && now != before {
						t.Errorf("call %d of %d failed before it was done, and the place changed", i, n)
					}
				}
			}
		})
	}
}

// dry does a job without faults: what the place is before and after, and how many
// calls it makes.
func (d Driver) dry(t *testing.T, a *archive.Archive, j job) (before, after string, n int) {
	t.Helper()
	f, desk := d.desk(t, a)
	if j.prepare != nil {
		j.prepare(t, desk)
	}
	before = everything(t, f.Place)
	f.calls = 0
	ok(t, j.do(t.Context(), desk))
	return before, everything(t, f.Place), f.calls
}

// desk is a desk over a new place that can be made to fail.
func (d Driver) desk(t *testing.T, a *archive.Archive) (*Faulty, jobs.Desk) {
	t.Helper()
	f := &Faulty{Place: d.standard(t)}
	return f, jobs.Desk{Place: f, Archive: a, Who: "ada@here", Pace: jobs.Pace{Now: clock}}
}

// everything is all that can be read of a place, as a text to compare.
func everything(t *testing.T, p store.Place) string {
	t.Helper()
	var b strings.Builder
	volumes, err := p.Volumes(t.Context(), core.Query{Sort: []core.Order{{Column: "id"}}})
	ok(t, err)
	for _, v := range volumes.Rows {
		v, err := p.Volume(t.Context(), v.ID)
		ok(t, err)
		fmt.Fprintln(&b, jsonText(pyjson.OfDict(core.VolumeObject(&v))), v.Image.Keys())
		if c, isKeeper := p.(store.Captures); isKeeper {
			kept, err := c.Captures(t.Context(), p.Info().Location, v.ID, "")
			ok(t, err)
			for _, k := range kept {
				fmt.Fprintln(&b, "capture", k.ID, k.BackupID, k.At, k.Capture.Text)
			}
		}
	}
	backups, err := p.Backups(t.Context(), core.Query{Sort: []core.Order{{Column: "id"}}})
	ok(t, err)
	for _, row := range backups.Rows {
		row, err := p.Backup(t.Context(), row.ID)
		ok(t, err)
		fmt.Fprintln(&b, jsonText(pyjson.OfDict(core.BackupObject(&row, core.Chain{}))))
	}
	if j, isJournal := p.(store.Journal); isJournal {
		entries, err := j.Entries(t.Context(), "", 0)
		ok(t, err)
		for _, e := range entries {
			e.Place = "" // each is made in a place of its own
			fmt.Fprintln(&b, jsonText(pyjson.OfDict(e.Object())))
		}
	}
	return b.String()
}

// newLines are the lines of a text that another one has not.
func newLines(text, old string) string {
	had := strings.Split(old, "\n")
	lines := slices.DeleteFunc(strings.Split(text, "\n"), func(line string) bool { return slices.Contains(had, line) })
	return strings.Join(lines, "\n")
}
