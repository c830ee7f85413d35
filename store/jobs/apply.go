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
	done, err := d.rewrite(ctx, core.Rewrite{Volume: of.Volume, Before: *of.After, After: *of.Before, Entry: e})
	if err == nil && d.Archive != nil && !d.Place.Info().Journals {
		err = d.Archive.Undone(ctx, of.ID)
	}
	return done, err
}

// UndoTarget finds the entry that an undo would take back.
func (d Desk) UndoTarget(ctx context.Context, id core.EntryID) (core.Entry, error) {
	j := d.Journal()
	if j == nil {
		return core.Entry{}, core.Fail(core.CodeUnsupported, "undo", "there is no journal", "", nil)
	}
	if id > 0 {
		e, err := j.Entry(ctx, id)
		if err == nil && e.Place != d.location() && !d.Place.Info().Journals {
			err = core.Fail(core.CodeUsage, fmt.Sprintf("undo entry %d", id), "it was made in another place, "+e.Place, "name that place with --place", nil)
		}
		if err == nil {
			err = e.Undoable()
		}
		return e, err
	}
	entries, err := j.Entries(ctx, d.location(), 0)
	if err != nil {
		return core.Entry{}, err
	}
	for _, e := range entries {
		if e.Kind == core.EntryApply && e.Undoable() == nil {
			return e, nil
		}
	}
	return core.Entry{}, core.Fail(core.CodeNotFound, "undo", "the journal of this place has nothing that can be undone", "look at hearth journal", nil)
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
	case d.Archive == nil:
		return r.Entry, core.Fail(core.CodeUnavailable, "change volume "+string(r.Volume), "there is no archive to account for it in", "", nil)
	}
	return d.rewriteByIntent(ctx, w, r)
}

// rewriteByIntent changes a place that keeps no journal: the intent goes to the
// archive before the first write, the result after it.
func (d Desk) rewriteByIntent(ctx context.Context, w store.Writer, r core.Rewrite) (core.Entry, error) {
	id, err := d.Archive.Begin(ctx, r.Entry)
	if err != nil {
		return r.Entry, err
	}
	r.Entry.ID, r.Entry.State = id, core.EntryOpen
	_, err = w.Rewrite(ctx, r)
	// The result is written even if the user gave up meanwhile.
	after := context.WithoutCancel(ctx)
	if err == nil {
		r.Entry.State = core.EntryDone
		return r.Entry, d.Archive.Finish(after, id, core.EntryDone, "")
	}
	if state, settled := d.settleOne(after, r.Entry); settled == nil {
		r.Entry.State = state
		why := err.Error()
		if state == core.EntryDone {
			return r.Entry, d.Archive.Finish(after, id, state, "")
		}
		if ferr := d.Archive.Finish(after, id, state, why); ferr != nil {
			return r.Entry, ferr
		}
	}
	return r.Entry, err
}

// Settle looks at the open entries of the place, which a crash has left behind,
// reads the place back and says of each whether it took effect. It returns those
// that it settled.
func (d Desk) Settle(ctx context.Context) ([]core.Entry, error) {
	if d.Archive == nil || d.Place.Info().Journals {
		return nil, nil
	}
	entries, err := d.Archive.Entries(ctx, d.location(), 0)
	if err != nil {
		return nil, err
	}
	var settled []core.Entry
	for _, e := range entries {
		if e.State != core.EntryOpen || e.Before == nil || e.After == nil {
			continue
		}
		state, err := d.settleOne(ctx, e)
		if err != nil {
			return settled, err
		}
		why := ""
		if state != core.EntryDone {
			why = "hearth was interrupted; the place was read back"
		}
		if err := d.Archive.Finish(ctx, e.ID, state, why); err != nil {
			return settled, err
		}
		if e.Kind == core.EntryUndo && state == core.EntryDone {
			if err := d.Archive.Undone(ctx, e.Of); err != nil {
				return settled, err
			}
		}
		e.State = state
		settled = append(settled, e)
	}
	return settled, nil
}

// settleOne reads the volume back and says what became of an entry.
func (d Desk) settleOne(ctx context.Context, e core.Entry) (core.EntryState, error) {
	v, err := d.Place.Volume(ctx, e.Volume)
	if err != nil {
		return core.EntryOpen, err
	}
	now := v.State()
	switch {
	case now.Equal(*e.After):
		return core.EntryDone, nil
	case now.Equal(*e.Before):
		return core.EntryFailed, nil
	}
	return core.EntryHalf, nil
}
