package jobs

import (
	"context"
	"strings"
	"time"

	"hearth/core"
)

// Settle looks at the open entries of the place, which a crash has left behind,
// reads the place back and says of each whether it took effect. Those that somebody
// is at work on are left alone, be it this process or another: its own process
// lives, or where that cannot be looked up it has given a sign of life within two
// minutes. Those without any, of an older hearth, are left alone for a minute. It
// returns those that it settled. First it looks at the volumes of backups that have
// ended meanwhile ([Desk.LookAgain]).
func (d Desk) Settle(ctx context.Context) ([]core.Entry, error) {
	if d.Archive == nil || d.Place.Info().Journals {
		return nil, nil
	}
	if _, err := d.LookAgain(ctx); err != nil {
		return nil, err
	}
	entries, err := d.Archive.Entries(ctx, d.location(), 0)
	if err != nil {
		return nil, err
	}
	var settled []core.Entry
	for _, e := range entries {
		if e.State != core.EntryOpen || d.worked(&e) {
			continue
		}
		state, err := d.outcome(ctx, e)
		if err != nil {
			return settled, err
		}
		if state == core.EntryOpen { // it is still under way
			continue
		}
		why := ""
		if state != core.EntryDone {
			why = "hearth was interrupted; the place was read back"
		}
		ok, err := d.Archive.Settle(ctx, e, state, why)
		if err != nil {
			return settled, err
		}
		if !ok { // it lives after all, or another was faster
			continue
		}
		e.State, e.Error, e.Life = state, why, nil
		settled = append(settled, e)
	}
	return settled, nil
}

// outcome reads the place back and says what became of an entry: done, failed
// where all is as before, half where it is neither, open where it is under way.
func (d Desk) outcome(ctx context.Context, e core.Entry) (core.EntryState, error) {
	switch {
	case e.Kind == core.EntryImport:
		return d.importOutcome(ctx, e)
	case e.Kind == core.EntryCreate:
		return d.createOutcome(ctx, e)
	case e.Kind == core.EntryDelete:
		return d.deleteOutcome(ctx, e)
	case e.Kind == core.EntryReset:
		return stepOutcome(e), nil
	case e.Kind == core.EntryRestore:
		return d.restoreOutcome(ctx, e)
	case e.Kind == core.EntryEdit, e.Kind == core.EntryUndo && e.Volume == "":
		b, err := d.Place.Backup(ctx, e.Backup)
		return between(e, err, func() core.State { return editable(&b) })
	}
	v, err := d.Place.Volume(ctx, e.Volume)
	return between(e, err, v.State)
}

// between says where a state that was read stands between an entry's two.
func between(e core.Entry, err error, read func() core.State) (core.EntryState, error) {
	switch {
	case core.CodeOf(err) == core.CodeNotFound, err == nil && (e.Before == nil || e.After == nil):
		return core.EntryHalf, nil
	case err != nil:
		return core.EntryOpen, err
	}
	now := read()
	switch {
	case now.Equal(*e.After):
		return core.EntryDone, nil
	case now.Equal(*e.Before):
		return core.EntryFailed, nil
	}
	return core.EntryHalf, nil
}

// stepOutcome goes by the steps that are known to be done, where a place cannot
// tell what was.
func stepOutcome(e core.Entry) core.EntryState {
	for _, s := range e.Steps {
		if !s.Done {
			return core.EntryHalf
		}
	}
	return core.EntryDone
}

func (d Desk) createOutcome(ctx context.Context, e core.Entry) (core.EntryState, error) {
	if e.Backup != "" {
		return core.EntryDone, nil
	}
	all, err := d.backupsOf(ctx, e.Volume)
	if err != nil {
		return core.EntryOpen, err
	}
	if newer(all, e) == nil {
		return core.EntryFailed, nil
	}
	return core.EntryDone, nil
}

func (d Desk) deleteOutcome(ctx context.Context, e core.Entry) (core.EntryState, error) {
	gone := 0
	for _, id := range e.Backups {
		b, err := d.Place.Backup(ctx, id)
		switch {
		case core.CodeOf(err) == core.CodeNotFound, err == nil && b.Status == core.StatusDeleting:
			gone++
		case err != nil:
			return core.EntryOpen, err
		}
	}
	switch gone {
	case len(e.Backups):
		return core.EntryDone, nil
	case 0:
		return core.EntryFailed, nil
	}
	return core.EntryHalf, nil
}

func (d Desk) restoreOutcome(ctx context.Context, e core.Entry) (core.EntryState, error) {
	if len(e.Steps) > stepRestored {
		return d.madeOutcome(ctx, e)
	}
	if e.Volume == "" { // the answer never came: whether there is a volume is not known
		return core.EntryHalf, nil
	}
	v, err := d.Place.Volume(ctx, e.Volume)
	switch {
	case core.CodeOf(err) == core.CodeNotFound:
		return core.EntryFailed, nil
	case err != nil:
		return core.EntryOpen, err
	case core.InTransit(v.Status):
		return core.EntryOpen, nil
	case core.Failed(v.Status):
		return core.EntryFailed, nil
	}
	return core.EntryDone, nil
}

// askMost is how many backups are asked for one by one; of more there is a list.
const askMost = 20

// importOutcome counts how many of the imported backups are there; before the
// import none was.
func (d Desk) importOutcome(ctx context.Context, e core.Entry) (core.EntryState, error) {
	there := 0
	listed := map[core.BackupID]bool{}
	if len(e.Backups) > askMost { // one list rather than very many questions
		rows, err := d.allBackups(ctx)
		if err != nil {
			return core.EntryOpen, err
		}
		for _, b := range rows {
			listed[b.ID] = true
		}
	}
	for _, id := range e.Backups {
		if listed[id] {
			there++
			continue
		}
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

// newer is the first of the backups that was made after the intent, under the name
// that it tells of; nil if there is none.
func newer(all []core.Backup, e core.Entry) *core.Backup {
	for i, b := range all {
		// The place's clock may go a little behind.
		if b.CreatedAt.Set && b.CreatedAt.V.After(e.At.Add(-5*time.Second)) && strings.Contains(e.Summary, core.Visible(b.Name.Or(""))) {
			return &all[i]
		}
	}
	return nil
}
