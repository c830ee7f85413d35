package jobs

import (
	"context"
	"fmt"

	"hearth/core"
	"hearth/store"
)

// Apply carries a plan out: metadata only, in one transaction. It refuses
// (CodeConflict) when the volume no longer is what the plan was made from. A
// place that keeps a journal writes its entry in the same transaction; for
// others an intent is written to the archive first and its result afterwards.
func (d Desk) Apply(ctx context.Context, p *core.Plan) (core.Entry, error) {
	if err := p.Applicable(); err != nil {
		return core.Entry{}, err
	}
	v := p.Target.Volume
	before, after := p.Before, p.After
	e := core.Entry{At: d.Now(), Who: d.Who, Place: d.location(), Kind: core.EntryApply, Volume: v.ID, Backup: p.Backup,
		Before: &before, After: &after, Summary: fmt.Sprintf("metadata of %s: %s (rules %s, layers %s)", core.Visible(v.Title()), p.Summary(), p.Rules, p.Layers)}
	return d.rewrite(ctx, core.Rewrite{Volume: v.ID, Before: before, After: after, Entry: e})
}

// Undo takes a journal entry back: the volume must still be what the entry made
// of it. id 0 is the last entry that can be undone.
func (d Desk) Undo(ctx context.Context, id core.EntryID) (core.Entry, error) {
	of, err := d.UndoTarget(ctx, id)
	if err != nil {
		return of, err
	}
	e := core.Entry{At: d.Now(), Who: d.Who, Place: d.location(), Kind: core.EntryUndo, Volume: of.Volume, Backup: of.Backup, Of: of.ID,
		Before: of.After, After: of.Before, Summary: fmt.Sprintf("undo of entry %d: %s", of.ID, of.Summary)}
	return d.rewrite(ctx, core.Rewrite{Volume: of.Volume, Before: *of.After, After: *of.Before, Entry: e})
}

// UndoTarget finds the entry that an undo would take back: the one of that
// number, or with 0 the last that can be.
func (d Desk) UndoTarget(ctx context.Context, id core.EntryID) (core.Entry, error) {
	j := d.Journal()
	if j == nil {
		return core.Entry{}, core.Fail(core.CodeUnsupported, "undo", "there is no journal", "", nil)
	}
	if _, err := d.Settle(ctx); err != nil { // an open entry may turn out to have taken effect
		return core.Entry{}, err
	}
	if id > 0 {
		e, err := j.Entry(ctx, id)
		if err == nil {
			err = d.undoable(&e)
		}
		return e, err
	}
	entries, err := j.Entries(ctx, d.location(), 0)
	if err != nil {
		return core.Entry{}, err
	}
	for _, e := range entries {
		if e.Kind == core.EntryApply && d.undoable(&e) == nil {
			return e, nil
		}
	}
	return core.Entry{}, core.Fail(core.CodeNotFound, "undo", "the journal of this place has nothing that can be undone", "look at hearth journal", nil)
}

// undoable returns nil if the entry can be taken back here and now.
func (d Desk) undoable(e *core.Entry) error {
	tried := fmt.Sprintf("undo entry %d", e.ID)
	switch {
	case e.Place != d.location() && !d.Place.Info().Journals:
		return core.Fail(core.CodeUsage, tried, "it was made in another place, "+e.Place, "name that place with --place", nil)
	case e.State == core.EntryOpen:
		return core.Fail(core.CodeConflict, tried, "another hearth is at work on it", "wait a minute and try again", nil)
	}
	return e.Undoable()
}

func (d Desk) rewrite(ctx context.Context, r core.Rewrite) (core.Entry, error) {
	info := d.Place.Info()
	w, ok := d.Place.(store.Writer)
	switch {
	case info.ReadOnly != "":
		return r.Entry, core.Fail(core.CodeReadOnly, "change volume "+string(r.Volume), info.ReadOnly, "", nil)
	case !ok:
		return r.Entry, core.Fail(core.CodeUnsupported, "change volume "+string(r.Volume), "this kind of place cannot be written", "", nil)
	case info.Journals:
		return w.Rewrite(ctx, r)
	}
	return d.byIntent(ctx, r.Entry, func(e core.Entry) error {
		r.Entry = e
		_, err := w.Rewrite(ctx, r)
		return err
	})
}

// byIntent changes a place that keeps no journal: the intent goes to the archive
// before the first write, the result after it.
func (d Desk) byIntent(ctx context.Context, e core.Entry, do func(core.Entry) error) (core.Entry, error) {
	if d.Archive == nil {
		return e, core.Fail(core.CodeUnavailable, "change "+d.location(), "there is no archive to account for it in", "", nil)
	}
	id, err := d.Archive.Begin(ctx, e)
	if err != nil {
		return e, err
	}
	e.ID, e.State = id, core.EntryOpen
	err = do(e)
	// The result is written even if the user gave up meanwhile.
	ctx = context.WithoutCancel(ctx)
	state, why := core.EntryDone, ""
	if err != nil {
		why = err.Error()
		if state = core.EntryFailed; !untouched(err) {
			var unknown error
			if state, unknown = d.outcome(ctx, e); unknown != nil {
				return e, err // it stays open, for Settle
			}
		}
	}
	if ferr := d.Archive.Finish(ctx, e, state, why); ferr != nil && err == nil {
		return e, ferr
	}
	e.State = state
	if state == core.EntryDone { // whatever was said of it, it took effect
		return e, nil
	}
	return e, err
}

// untouched reports whether an error says by its code that nothing was changed.
func untouched(err error) bool {
	switch core.CodeOf(err) {
	case core.CodeConflict, core.CodeReadOnly, core.CodeNotFound, core.CodeRefused, core.CodeUnsupported:
		return true
	}
	return false
}
