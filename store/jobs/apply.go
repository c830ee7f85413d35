package jobs

import (
	"context"
	"fmt"
	"strings"
	"time"

	"hearth/core"
	"hearth/store"
)

// Apply carries a plan out: metadata only, in one transaction. It refuses
// (CodeConflict) when the volume no longer is what the plan was made from. A
// place that keeps a journal writes its entry in the same transaction; for
// others an intent is written to the archive first and its result afterwards.
// Where the plan changes nothing, nothing is sent: [core.Entry.None].
func (d Desk) Apply(ctx context.Context, p *core.Plan) (core.Entry, error) {
	if err := p.Applicable(); err != nil {
		return core.Entry{}, err
	}
	if d.Place.Info().Kind == core.PlaceCloud && p.Via != core.ViaAPI {
		return core.Entry{}, core.Fail(core.CodeRefused, "apply the plan",
			"a cloud is changed through its API, and the plan is of what Cinder's own restore writes",
			core.DoViaAPI, nil)
	}
	v := p.Target.Volume
	before, after := p.Before, p.After
	if d.Idle(p) {
		return core.Entry{}, d.unchanged(ctx, v.ID, before)
	}
	e := core.Entry{At: d.Now(), Who: d.Who, Place: d.location(), Kind: core.EntryApply, Volume: v.ID, Backup: p.Backup,
		Before: &before, After: &after, Summary: fmt.Sprintf("metadata of %s: %s (rules %s, layers %s)",
			core.Visible(v.Title()), p.Summary(), p.Rules, p.Layers)}
	return d.rewrite(ctx, core.Rewrite{Volume: v.ID, Before: before, After: after, Entry: e})
}

// Idle reports whether nothing has to be asked of the place to carry a plan out.
func (d Desk) Idle(p *core.Plan) bool {
	return p.Before.Equal(p.After) ||
		d.Place.Info().Kind == core.PlaceCloud && p.Target.Volume != nil && len(core.APICalls(p.Target.Volume.ID, p.Before, p.After)) == 0
}

// unchanged is CodeConflict if a volume is no longer as a plan saw it.
func (d Desk) unchanged(ctx context.Context, id core.VolumeID, before core.State) error {
	v, err := d.Place.Volume(ctx, id)
	if err != nil {
		return err
	}
	if diff := v.State().Diff(before); len(diff) > 0 {
		return core.Fail(core.CodeConflict, "change volume "+string(id), "it is no longer what the plan was made from: "+changes(diff),
			"make the plan again", nil)
	}
	return nil
}

// Undo takes a journal entry back: the volume must still be what the entry made
// of it. One that ended half-way is taken back from where it stands, as long as
// nobody else has changed a field: for what somebody has, see [Desk.PlanUndo]. id 0 is
// the last entry that can be undone.
func (d Desk) Undo(ctx context.Context, id core.EntryID) (core.Entry, error) {
	of, err := d.UndoTarget(ctx, id)
	if err != nil {
		return of, err
	}
	if of.Kind == core.EntryEdit || of.Kind == core.EntryUndo && of.Volume == "" {
		return d.undoEdit(ctx, of)
	}
	before := *of.After
	if of.State == core.EntryHalf {
		if before, err = d.between(ctx, of, fmt.Sprintf("undo entry %d", of.ID)); err != nil {
			return of, err
		}
	}
	e := core.Entry{At: d.Now(), Who: d.Who, Place: d.location(), Kind: core.EntryUndo, Volume: of.Volume, Backup: of.Backup, Of: of.ID,
		Before: &before, After: of.Before, Summary: fmt.Sprintf("undo of entry %d: %s", of.ID, of.Summary)}
	return d.rewrite(ctx, core.Rewrite{Volume: of.Volume, Before: before, After: *of.Before, Entry: e})
}

// Finish does the rest of an entry that ended half-way, as long as nobody else has
// changed a field of the volume meanwhile. The new entry holds all of it, so that
// its undo takes all of it back; the old one is finished.
func (d Desk) Finish(ctx context.Context, id core.EntryID) (core.Entry, error) {
	of, err := d.FinishTarget(ctx, id)
	if err != nil {
		return of, err
	}
	tried := fmt.Sprintf("finish entry %d", of.ID)
	now, err := d.between(ctx, of, tried)
	if err != nil {
		return of, err
	}
	e := core.Entry{At: d.Now(), Who: d.Who, Place: d.location(), Kind: of.Kind, Volume: of.Volume, Backup: of.Backup, Of: of.Of,
		Before: of.Before, After: of.After, Summary: fmt.Sprintf("rest of entry %d: %s", of.ID, of.Summary)}
	e, err = d.rewrite(ctx, core.Rewrite{Volume: of.Volume, Before: now, After: *of.After, Entry: e})
	if err == nil && d.Archive != nil {
		err = d.Archive.MarkFinished(context.WithoutCancel(ctx), of.ID, e.ID)
	}
	return e, err
}

// FinishTarget reads the entry that [Desk.Finish] would finish.
func (d Desk) FinishTarget(ctx context.Context, id core.EntryID) (core.Entry, error) {
	j := d.Journal()
	if j == nil {
		return core.Entry{}, core.Fail(core.CodeUnsupported, "finish", "there is no journal", "", nil)
	}
	if _, err := d.Settle(ctx); err != nil {
		return core.Entry{}, err
	}
	e, err := j.Entry(ctx, id)
	if err == nil {
		err = d.here(&e, fmt.Sprintf("finish entry %d", id))
	}
	if err == nil {
		err = e.Unfinished()
	}
	return e, err
}

// between reads the volume of an entry that ended half-way. CodeConflict if it is
// not somewhere between the entry's two states.
func (d Desk) between(ctx context.Context, e core.Entry, tried string) (core.State, error) {
	v, err := d.Place.Volume(ctx, e.Volume)
	if err != nil {
		return core.State{}, err
	}
	now := v.State()
	if strays := now.Strays(*e.Before, *e.After); len(strays) > 0 {
		return now, core.Fail(core.CodeConflict, tried, "somebody else has changed "+strings.Join(strays, ", ")+" since then",
			"look at the volume and make a new plan", nil)
	}
	return now, nil
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
		if (e.Kind == core.EntryApply || e.Kind == core.EntryEdit) && d.undoable(&e) == nil {
			return e, nil
		}
	}
	return core.Entry{}, core.Fail(core.CodeNotFound, "undo", "the journal of this place has nothing that can be undone",
		"look at hearth journal", nil)
}

// undoable returns nil if the entry can be taken back here and now.
func (d Desk) undoable(e *core.Entry) error {
	if err := d.here(e, fmt.Sprintf("undo entry %d", e.ID)); err != nil {
		return err
	}
	return e.Undoable()
}

// here returns nil if the entry is of this place, and nobody is at work on it.
func (d Desk) here(e *core.Entry, tried string) error {
	switch {
	case e.Place != d.location() && !d.Place.Info().Journals:
		return core.Fail(core.CodeUsage, tried, "it was made in another place, "+e.Place, core.DoThatPlace, nil)
	case e.State == core.EntryUnsettled, e.State == core.EntryOpen && e.Life != nil && e.Life.PID == 0:
		return core.Fail(core.CodeConflict, tried, "it got no answer, and may take effect yet",
			"wait for "+d.wait(e).Round(time.Second).String()+" and try again", nil)
	case e.State == core.EntryOpen && e.Life != nil:
		return core.Fail(core.CodeConflict, tried,
			fmt.Sprintf("a hearth is at work on it: process %d on %s", e.Life.PID, core.Visible(e.Life.Host)),
			"wait until it is done", nil)
	case e.State == core.EntryOpen:
		return core.Fail(core.CodeConflict, tried, "another hearth is at work on it", "wait a minute and try again", nil)
	}
	return nil
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
	case info.Kind == core.PlaceCloud:
		if err := d.Allowed(core.OpWriteVolume); err != nil {
			return r.Entry, err
		}
		if refusals := core.APIRefusals(r.Before, r.After, 0); len(refusals) > 0 {
			var whys []string
			for _, f := range refusals {
				whys = append(whys, f.Field+": "+f.Why)
			}
			return r.Entry, core.Fail(core.CodeRefused, "change volume "+string(r.Volume), "the API refuses "+strings.Join(whys, ", and "), "", nil)
		}
	}
	if info.Kind == core.PlaceCloud {
		r.Entry.Steps = steps(core.APICalls(r.Volume, r.Before, r.After), func(c core.APICall) string { return c.What })
	}
	return d.byIntent(ctx, r.Entry, func(a *account) error {
		next := 0
		r.Entry, r.Done = a.e, func(core.APICall) {
			a.did(ctx, next)
			next++
		}
		_, err := w.Rewrite(ctx, r)
		return err
	})
}
