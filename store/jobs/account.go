package jobs

import (
	"context"
	"errors"
	"time"

	"hearth/core"
)

// account is an entry of the archive while what it tells of is being done. Without
// an archive, as at a demo, it only remembers.
type account struct {
	d     Desk
	e     core.Entry
	over  bool   // its result is written
	lands bool   // something was asked for that may yet take effect
	still func() // ends the signs of life
	// made is told of a volume that hearth makes, before anything is put on it; nil: nobody is.
	made func(core.VolumeID) error
	// owner is whose project a volume that hearth made is of, as it was made; "": not known.
	owner core.ProjectID
}

// begin writes the intent down before anything is changed. Whoever begins defers
// leave.
func (d Desk) begin(ctx context.Context, e core.Entry) (*account, error) {
	e.At, e.Who, e.Place, e.State = d.Now(), d.Who, d.location(), core.EntryOpen
	a := &account{d: d, e: e, still: func() {}}
	if d.Archive == nil {
		if d.Place.Info().Demo {
			return a, nil
		}
		return a, core.Fail(core.CodeUnavailable, "change "+d.location(), d.noArchive()+": it could not be accounted for",
			"hearth check says what is wrong", nil)
	}
	life := self()
	life.At = d.Now()
	a.e.Life = &life
	id, err := d.Archive.Begin(ctx, a.e)
	a.e.ID = id
	if err == nil {
		a.live()
	}
	return a, err
}

// note writes down what has become known. That it cannot be written stops nothing:
// the place is read back in the end.
func (a *account) note(ctx context.Context) {
	if a.d.Archive != nil {
		a.d.Archive.Note(context.WithoutCancel(ctx), a.e)
	}
}

// did says that a step worked.
func (a *account) did(ctx context.Context, step int) {
	if step < len(a.e.Steps) {
		a.e.Steps[step].Done = true
		a.note(ctx)
	}
}

// done counts the steps that worked.
func (a *account) done() (n int) {
	for _, s := range a.e.Steps {
		if s.Done {
			n++
		}
	}
	return n
}

// end writes the result, even if the user gave up meanwhile.
func (a *account) end(ctx context.Context, state core.EntryState, why string) error {
	a.still()
	a.e.State, a.e.Life = state, nil
	if a.d.Archive == nil {
		return nil
	}
	err := a.d.Archive.Finish(context.WithoutCancel(ctx), a.e, state, why)
	a.over = err == nil
	return err
}

// doubt notes a failure of the work: what was asked for may yet take effect.
func (a *account) doubt(err error) { a.lands = a.lands || core.MayLand(err) }

// unsettle leaves the entry until the place can be read for good.
func (a *account) unsettle(ctx context.Context, why string) error {
	a.still()
	a.e.State, a.e.Life = core.EntryUnsettled, nil
	if a.d.Archive == nil {
		return nil
	}
	err := a.d.Archive.Unsettle(context.WithoutCancel(ctx), a.e.ID, why, a.d.Now())
	a.over = err == nil
	return err
}

// endBy is end for a job whose steps are its items: done where all worked, failed
// where none did. It returns the job's own failure, which says what to do where what was
// asked for may yet take effect, and where there is none that of the books.
func (a *account) endBy(ctx context.Context, failure error) error {
	state, why := core.EntryHalf, ""
	if failure != nil {
		why = failure.Error()
	}
	switch a.done() {
	case len(a.e.Steps):
		state, why = core.EntryDone, ""
	case 0:
		state = core.EntryFailed
	}
	if state != core.EntryDone && a.lands && a.d.SettleAfter > 0 {
		if err := a.unsettle(ctx, why); err != nil || failure == nil {
			return err
		}
		return unsettled(failure, a.d.SettleAfter)
	}
	if err := a.end(ctx, state, why); failure == nil {
		return err
	}
	return failure
}

// steps are a job's items as steps that are still to be done.
func steps[T any](items []T, what func(T) string) (out []core.EntryStep) {
	for _, it := range items {
		out = append(out, core.EntryStep{What: what(it)})
	}
	return out
}

// byIntent changes a place that keeps no journal: the intent goes to the archive
// before the first write, the result after it.
func (d Desk) byIntent(ctx context.Context, e core.Entry, do func(*account) error) (core.Entry, error) {
	a, err := d.begin(ctx, e)
	if err != nil {
		return a.e, err
	}
	defer a.leave(ctx)
	err = do(a)
	// The result is written even if the user gave up meanwhile.
	ctx = context.WithoutCancel(ctx)
	state, why := core.EntryDone, ""
	if err != nil {
		why = err.Error()
		if state = core.EntryFailed; !untouched(err) || a.done() > 0 {
			var unknown error
			if state, _, unknown = d.outcome(ctx, &a.e); unknown != nil {
				return a.e, err // it stays open, for Settle
			}
		}
		if state != core.EntryDone && core.MayLand(err) && d.SettleAfter > 0 {
			if uerr := a.unsettle(ctx, why); uerr != nil {
				return a.e, uerr
			}
			return a.e, unsettled(err, d.SettleAfter)
		}
	}
	if ferr := a.end(ctx, state, why); ferr != nil && err == nil {
		return a.e, ferr
	}
	if state == core.EntryDone { // whatever was said of it, it took effect
		return a.e, nil
	}
	return a.e, err
}

// unsettled is a failure of something that may yet take effect, and what to do.
func unsettled(err error, limit time.Duration) error {
	e := core.Fail(core.CodeOf(err), "", err.Error(),
		"it may take effect yet: hearth settle says in "+limit.String()+" what came of it", err)
	var ours *core.Error
	if errors.As(err, &ours) {
		e.Tried, e.What = ours.Tried, ours.What
	}
	return e
}

// untouched reports whether an error says by its code that nothing was changed.
func untouched(err error) bool {
	switch core.CodeOf(err) {
	case core.CodeConflict, core.CodeReadOnly, core.CodeNotFound, core.CodeRefused, core.CodeUnsupported:
		return true
	}
	return false
}
