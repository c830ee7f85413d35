package jobs_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store"
	"hearth/store/jobs"
	"hearth/store/memory"
	"hearth/store/storetest"
)

// desks are the two sorts of place that are written to.
var desks = map[string]func(testing.TB) (*memory.Place, jobs.Desk){"own": ownDesk, "theirs": theirDesk}

// restore is a plan that changes WebRoot a lot.
func restore(t *testing.T, d jobs.Desk) *core.Plan {
	t.Helper()
	c := core.ReadCapture(
		`{"version": 2, "volume-base-metadata": {"display_name": "x", "encryption_key_id": null}, "volume-metadata": {"tier": "bronze", `+
			`"null": null}, "volume-glance-metadata": {"os": "bsd"}}`,
		core.Source{Kind: core.SourceFile})
	return plan(t, d, jobs.PlanRequest{Backup: storetest.Second, Onto: storetest.WebRoot, Captures: []core.Capture{c}})
}

func stateOf(t *testing.T, d jobs.Desk, id core.VolumeID) core.State {
	t.Helper()
	v, err := d.Place.Volume(t.Context(), id)
	ok(t, err)
	return v.State()
}

func journal(t *testing.T, d jobs.Desk) []core.Entry {
	t.Helper()
	entries, err := d.Journal().Entries(t.Context(), d.Place.Info().Location, 0)
	ok(t, err)
	return entries
}

func TestApplyAndUndo(t *testing.T) {
	for name, desk := range desks {
		t.Run(name, func(t *testing.T) {
			_, d := desk(t)
			before := stateOf(t, d, storetest.WebRoot)
			p := restore(t, d)
			done, err := d.Apply(t.Context(), p)
			ok(t, err)
			if !stateOf(t, d, storetest.WebRoot).Equal(p.After) {
				t.Error("the volume is not as the plan said")
			}
			if done.State != core.EntryDone || done.Who != "ada@here" || !done.At.Equal(clock()) || done.Place != d.Place.Info().Location ||
				done.Backup != storetest.Second {
				t.Errorf("the entry is %+v", done)
			}
			_, err = d.Apply(t.Context(), p)
			wantCode(t, "the same plan again", err, core.CodeConflict)
			undone, err := d.Undo(t.Context(), 0)
			ok(t, err)
			if undone.Of != done.ID || undone.Kind != core.EntryUndo || !stateOf(t, d, storetest.WebRoot).Equal(before) {
				t.Errorf("undone is %+v", undone)
			}
			_, err = d.Undo(t.Context(), done.ID)
			wantCode(t, "undone again", err, core.CodeConflict)
			_, err = d.Undo(t.Context(), 0)
			wantCode(t, "nothing left to undo", err, core.CodeNotFound)
			_, err = d.Undo(t.Context(), 99)
			wantCode(t, "an entry that is not there", err, core.CodeNotFound)
			// An undo can be undone, by its number.
			redone, err := d.Undo(t.Context(), undone.ID)
			if err != nil || redone.Of != undone.ID || !stateOf(t, d, storetest.WebRoot).Equal(p.After) {
				t.Errorf("the undo undone: %+v, %v", redone, err)
			}
			states := map[core.EntryID]core.EntryState{}
			for _, e := range journal(t, d) {
				states[e.ID] = e.State
			}
			if states[done.ID] != core.EntryUndone || states[undone.ID] != core.EntryUndone || states[redone.ID] != core.EntryDone {
				t.Errorf("the journal says %v", states)
			}
		})
	}
}

func TestApplyRefusals(t *testing.T) {
	for name, desk := range desks {
		t.Run(name, func(t *testing.T) {
			p, d := desk(t)
			_, err := d.Apply(t.Context(), plan(t, d, jobs.PlanRequest{Backup: storetest.Second}))
			wantCode(t, "onto a volume that is not there yet", err, core.CodeRefused)
			stale := restore(t, d)
			before := stateOf(t, d, storetest.WebRoot)
			other := before.Clone()
			other.Metadata.Set("somebody", pyjson.OfString("else"))
			_, err = p.Rewrite(t.Context(), core.Rewrite{Volume: storetest.WebRoot, Before: before, After: other})
			ok(t, err)
			had := len(journal(t, d))
			_, err = d.Apply(t.Context(), stale)
			wantCode(t, "a plan that the volume has outlived", err, core.CodeConflict)
			if !stateOf(t, d, storetest.WebRoot).Equal(other) {
				t.Error("it was written all the same")
			}
			for _, e := range journal(t, d)[:len(journal(t, d))-had] {
				if e.State != core.EntryFailed || e.Error == "" {
					t.Errorf("the journal says of what was refused: %s %q", e.State, e.Error)
				}
			}
			_, err = d.Undo(t.Context(), 0)
			if code := core.CodeOf(err); code != core.CodeNotFound && code != core.CodeRefused {
				t.Errorf("what was refused can be undone: %v", err)
			}
		})
	}
}

func TestApplyReadOnly(t *testing.T) {
	readOnly := func(w *memory.World) { theirs(w); w.Info.ReadOnly = "it is not ours" }
	p := world(readOnly)
	d := jobs.Desk{Place: asDatabase(p), Archive: openArchive(t), Pace: jobs.Pace{Now: clock}}
	_, err := d.Apply(t.Context(), restore(t, d))
	wantCode(t, "onto a place that is read-only", err, core.CodeReadOnly)
	if n := len(journal(t, d)); n > 0 {
		t.Errorf("%d entries tell of it", n)
	}
	_, theirs := theirDesk(t)
	theirs.Archive = nil
	_, err = theirs.Apply(t.Context(), restore(t, theirs))
	wantCode(t, "without an archive to account for it in", err, core.CodeUnavailable)
	bare := jobs.Desk{Place: struct{ store.Place }{world(readOnly)}, Pace: jobs.Pace{Now: clock}}
	if _, err := bare.Undo(t.Context(), 0); core.CodeOf(err) != core.CodeUnsupported {
		t.Errorf("undo without any journal: %v", err)
	}
}

// spy looks at the archive when its place is written.
type spy struct {
	database
	look func()
	err  error // the answer, after the place has done it; nil: the place's own
	skip bool  // the place does not do it
}

func (s spy) Rewrite(ctx context.Context, r core.Rewrite) (core.Entry, error) {
	s.look()
	if s.skip {
		return r.Entry, s.err
	}
	e, err := s.database.Rewrite(ctx, r)
	return e, errors.Join(err, s.err)
}

func (s spy) Import(ctx context.Context, items []core.ImportItem, e core.Entry) ([]core.ImportResult, error) {
	s.look()
	if s.skip {
		return nil, s.err
	}
	results, err := s.database.Import(ctx, items, e)
	if s.err != nil {
		return nil, s.err
	}
	return results, err
}

var errLost = errors.New("the line went dead")

// TestIntent: a place without a journal is written only after the intent is in the
// archive, and what the archive says afterwards is what the place says.
func TestIntent(t *testing.T) {
	for _, c := range []struct {
		name  string
		err   error
		skip  bool
		state core.EntryState
	}{
		{"it works", nil, false, core.EntryDone},
		{"the answer is lost", errLost, false, core.EntryDone},
		{"it does not arrive", errLost, true, core.EntryFailed},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, d := theirDesk(t)
			s := spy{database: asDatabase(p), err: c.err, skip: c.skip}
			looked := 0
			s.look = func() {
				looked++
				entries := journal(t, d)
				if entries[0].State != core.EntryOpen || entries[0].Kind == core.EntryApply && (entries[0].Before == nil || entries[0].After == nil) {
					t.Errorf("when the place was written the archive said %+v", entries[0])
				}
			}
			d.Place = s
			want := stateOf(t, d, storetest.WebRoot)
			p1 := restore(t, d)
			if !c.skip {
				want = p1.After
			}
			e, err := d.Apply(t.Context(), p1)
			if (err != nil) != c.skip || e.State != c.state {
				t.Errorf("apply: entry %s, %v", e.State, err)
			}
			if !stateOf(t, d, storetest.WebRoot).Equal(want) {
				t.Error("the place is not as it should be")
			}
			results, err := d.Import(t.Context(), importable(t, d, 2), []int{0, 1})
			if (err != nil) != c.skip || !c.skip && len(results) != 2 {
				t.Errorf("import: %v, %v", results, err)
			}
			entries := journal(t, d)
			if looked != 2 || len(entries) != 2 || entries[0].State != c.state || entries[1].State != c.state ||
				(entries[0].Error != "") != (c.err != nil) {
				t.Errorf("looked %d times; afterwards the archive says %+v", looked, entries)
			}
		})
	}
}

// TestCancelledInTheMiddle: the result is written even if the user gives up.
func TestCancelledInTheMiddle(t *testing.T) {
	p, d := theirDesk(t)
	s := spy{database: asDatabase(p)}
	ctx, cancel := context.WithCancel(t.Context())
	s.look = cancel
	d.Place = s
	e, err := d.Apply(ctx, restore(t, d))
	wantCode(t, "cancelled when the intent is written", err, core.CodeCancelled)
	if entries := journal(t, d); len(entries) != 1 || entries[0].State != core.EntryFailed || e.State != core.EntryFailed {
		t.Errorf("the archive says %+v", entries)
	}
}

// TestSettle: hearth dies between the intent and the result.
func TestSettle(t *testing.T) {
	old := clock().Add(-2 * time.Minute)
	for _, c := range []struct {
		name  string
		after func(t *testing.T, p *memory.Place, e core.Entry) // what the place does
		want  core.EntryState
	}{
		{"it took effect", func(t *testing.T, p *memory.Place, e core.Entry) {
			_, err := p.Rewrite(t.Context(), core.Rewrite{Volume: e.Volume, Before: *e.Before, After: *e.After})
			ok(t, err)
		}, core.EntryDone},
		{"it did not", func(*testing.T, *memory.Place, core.Entry) {}, core.EntryFailed},
		{"something else did", func(t *testing.T, p *memory.Place, e core.Entry) {
			other := e.Before.Clone()
			other.Description = pyjson.OfString("by hand")
			_, err := p.Rewrite(t.Context(), core.Rewrite{Volume: e.Volume, Before: *e.Before, After: other})
			ok(t, err)
		}, core.EntryHalf},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, d := theirDesk(t)
			pl := restore(t, d)
			e := core.Entry{At: old, Place: d.Place.Info().Location, Kind: core.EntryApply, Volume: storetest.WebRoot, Before: &pl.Before,
				After: &pl.After}
			var err error
			e.ID, err = d.Archive.Begin(t.Context(), e)
			ok(t, err)
			c.after(t, p, e)
			settled, err := d.Settle(t.Context())
			if err != nil || len(settled) != 1 || settled[0].ID != e.ID || settled[0].State != c.want {
				t.Fatalf("settled %+v, %v", settled, err)
			}
			kept, err := d.Archive.Entry(t.Context(), e.ID)
			if err != nil || kept.State != c.want || (kept.Error == "") != (c.want == core.EntryDone) {
				t.Errorf("the archive says %s %q, %v", kept.State, kept.Error, err)
			}
			if again, err := d.Settle(t.Context()); err != nil || len(again) > 0 {
				t.Errorf("settled again: %+v, %v", again, err)
			}
			_, err = d.Undo(t.Context(), e.ID)
			if (err == nil) != (c.want == core.EntryDone) {
				t.Errorf("undo of it: %v", err)
			}
		})
	}
}

func TestSettleUndo(t *testing.T) {
	p, d := theirDesk(t)
	done, err := d.Apply(t.Context(), restore(t, d))
	ok(t, err)
	undo := core.Entry{At: clock().Add(-time.Hour), Place: done.Place, Kind: core.EntryUndo, Volume: done.Volume, Of: done.ID,
		Before: done.After, After: done.Before}
	undo.ID, err = d.Archive.Begin(t.Context(), undo)
	ok(t, err)
	_, err = p.Rewrite(t.Context(), core.Rewrite{Volume: undo.Volume, Before: *undo.Before, After: *undo.After})
	ok(t, err)
	_, err = d.Settle(t.Context())
	ok(t, err)
	if e, err := d.Archive.Entry(t.Context(), done.ID); err != nil || e.State != core.EntryUndone {
		t.Errorf("what was taken back is %s, %v", e.State, err)
	}
	if _, err := d.Archive.Begin(t.Context(), core.Entry{Kind: core.EntryUndo, Of: done.ID}); core.CodeOf(err) != core.CodeConflict {
		t.Errorf("the intent to take it back again: %v", err)
	}
}

func TestSettleImports(t *testing.T) {
	for name, c := range map[string]struct {
		there int
		want  core.EntryState
	}{"all": {2, core.EntryDone}, "none": {0, core.EntryFailed}, "some": {1, core.EntryHalf}} {
		p, d := theirDesk(t)
		checks := importable(t, d, 2)
		e := core.Entry{At: clock().Add(-time.Hour), Place: d.Place.Info().Location, Kind: core.EntryImport,
			Backups: []core.BackupID{checks[0].ID, checks[1].ID}}
		var err error
		e.ID, err = d.Archive.Begin(t.Context(), e)
		ok(t, err)
		_, err = p.Import(t.Context(), core.Items(checks, []int{0, 1}[:c.there]), core.Entry{})
		ok(t, err)
		settled, err := d.Settle(t.Context())
		if err != nil || len(settled) != 1 || settled[0].State != c.want {
			t.Errorf("%s are there: %+v, %v", name, settled, err)
		}
	}
}

// TestSettleLeavesTheYoung: an entry of this minute may be another hearth's that
// is at work on it.
func TestSettleLeavesTheYoung(t *testing.T) {
	_, d := theirDesk(t)
	pl := restore(t, d)
	e := core.Entry{At: clock().Add(-59 * time.Second), Place: d.Place.Info().Location, Kind: core.EntryApply, Volume: storetest.WebRoot,
		Before: &pl.Before, After: &pl.After}
	id, err := d.Archive.Begin(t.Context(), e)
	ok(t, err)
	if settled, err := d.Settle(t.Context()); err != nil || len(settled) > 0 {
		t.Errorf("settled %+v, %v", settled, err)
	}
	_, err = d.Undo(t.Context(), id)
	wantCode(t, "undo of what another is at work on", err, core.CodeConflict)
	_, err = d.Undo(t.Context(), 0)
	wantCode(t, "undo of the last one", err, core.CodeNotFound)
	d.Now = func() time.Time { return clock().Add(time.Second) }
	if settled, err := d.Settle(t.Context()); err != nil || len(settled) != 1 {
		t.Errorf("a second later settled %+v, %v", settled, err)
	}
}

func TestSettleLeavesOthersAlone(t *testing.T) {
	p, d := theirDesk(t)
	elsewhere := core.Entry{At: clock().Add(-time.Hour), Place: "sqlite:/another.sqlite", Kind: core.EntryApply, Volume: storetest.WebRoot}
	_, err := d.Archive.Begin(t.Context(), elsewhere)
	ok(t, err)
	gone := core.Entry{At: clock().Add(-time.Hour), Place: d.Place.Info().Location, Kind: core.EntryApply, Volume: storetest.Purged,
		Before: &core.State{}, After: &core.State{}}
	_, err = d.Archive.Begin(t.Context(), gone)
	ok(t, err)
	settled, err := d.Settle(t.Context())
	if err != nil || len(settled) != 1 || settled[0].Volume != storetest.Purged || settled[0].State != core.EntryHalf {
		t.Errorf("of a volume that is gone: %+v, %v", settled, err)
	}
	_, own := ownDesk(t)
	if settled, err := own.Settle(t.Context()); err != nil || settled != nil {
		t.Errorf("a place with a journal of its own: %+v, %v", settled, err)
	}
	// A place that cannot be read leaves its entries open.
	pl := restore(t, d)
	id, err := d.Archive.Begin(t.Context(), core.Entry{At: clock().Add(-time.Hour), Place: d.Place.Info().Location,
		Kind: core.EntryApply, Volume: storetest.WebRoot, Before: &pl.Before, After: &pl.After})
	ok(t, err)
	p.FailCall(1, errLost)
	if _, err := d.Settle(t.Context()); !errors.Is(err, errLost) {
		t.Errorf("a place that cannot be read: %v", err)
	}
	if e, err := d.Archive.Entry(t.Context(), id); err != nil || e.State != core.EntryOpen {
		t.Errorf("its entry is %s, %v", e.State, err)
	}
}

// TestUndoElsewhere: an entry is undone in the place where it was made.
func TestUndoElsewhere(t *testing.T) {
	_, d := theirDesk(t)
	done, err := d.Apply(t.Context(), restore(t, d))
	ok(t, err)
	other := d
	other.Place = asDatabase(world(theirs, func(w *memory.World) { w.Info.Location = "sqlite:/other.sqlite" }))
	_, err = other.Undo(t.Context(), done.ID)
	wantCode(t, "undo in another place", err, core.CodeUsage)
	_, err = other.Undo(t.Context(), 0)
	wantCode(t, "undo of the last one of another place", err, core.CodeNotFound)
}
