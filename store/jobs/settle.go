package jobs

import (
	"context"
	"time"

	"hearth/core"
)

// young is how long an open entry is taken for one that another hearth is at work
// on right now.
const young = time.Minute

// Settle looks at the open entries of the place, which a crash has left behind,
// reads the place back and says of each whether it took effect. Those of the last
// minute are left alone. It returns those that it settled.
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
		if e.State != core.EntryOpen || d.Now().Sub(e.At) < young {
			continue
		}
		state, err := d.outcome(ctx, e)
		if err != nil {
			return settled, err
		}
		why := ""
		if state != core.EntryDone {
			why = "hearth was interrupted; the place was read back"
		}
		if err := d.Archive.Finish(ctx, e, state, why); err != nil {
			return settled, err
		}
		e.State, e.Error = state, why
		settled = append(settled, e)
	}
	return settled, nil
}

// outcome reads the place back and says what became of an entry: done, failed
// where all is as before, half where it is neither.
func (d Desk) outcome(ctx context.Context, e core.Entry) (core.EntryState, error) {
	if e.Kind == core.EntryImport {
		return d.importOutcome(ctx, e)
	}
	v, err := d.Place.Volume(ctx, e.Volume)
	switch {
	case core.CodeOf(err) == core.CodeNotFound, err == nil && (e.Before == nil || e.After == nil):
		return core.EntryHalf, nil
	case err != nil:
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

// importOutcome counts how many of the imported backups are there; before the
// import none was.
func (d Desk) importOutcome(ctx context.Context, e core.Entry) (core.EntryState, error) {
	there := 0
	for _, id := range e.Backups {
		_, err := d.Place.Backup(ctx, id)
		switch {
		case err == nil:
			there++
		case core.CodeOf(err) != core.CodeNotFound:
			return core.EntryOpen, err
		}
	}
	switch there {
	case len(e.Backups):
		return core.EntryDone, nil
	case 0:
		return core.EntryFailed, nil
	}
	return core.EntryHalf, nil
}
