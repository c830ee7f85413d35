package jobs

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"hearth/core"
)

// Settle looks at the entries of the place that a crash or a lost answer has left
// without a result, reads the place back and says of each whether it took effect.
// Those that somebody is at work on are left alone, be it this process or another:
// its own process lives, or where that cannot be looked up it has given a sign of
// life within two minutes. Those without any, of an older hearth, are left alone for
// a minute. What did not take effect may still do so until the time limit has passed
// ([Pace.SettleAfter]): it is unsettled until then. Settle returns those of which it
// knows the end, also with an error, which is the first of a place that could not be
// read. First it looks at the volumes of backups that
// have ended meanwhile ([Desk.LookAgain]).
func (d Desk) Settle(ctx context.Context) ([]core.Entry, error) {
	if d.Archive == nil || d.Archive.ReadOnly != "" || d.Place.Info().Journals {
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
	var first error
	made := false
	for _, e := range entries {
		if !Unsettled(&e) || d.worked(&e) {
			continue
		}
		ok, err := d.settle(ctx, &e)
		switch {
		case err != nil && first == nil:
			first = err
		case ok:
			settled = append(settled, e)
			made = made || e.Kind == core.EntryCreate && e.State == core.EntryDone
		}
		if ctx.Err() != nil {
			break
		}
	}
	if made && ctx.Err() == nil { // the sooner after the backup's end its volume is looked at, the more that says
		if _, err := d.LookAgain(ctx); err != nil && first == nil {
			first = err
		}
	}
	return settled, first
}

// SettleAll is [Desk.Settle] that also returns the entries whose end is still not
// known. CodeUnsupported where the place keeps a journal of its own, which has none.
func (d Desk) SettleAll(ctx context.Context) (settled, left []core.Entry, err error) {
	if d.Archive == nil {
		return nil, nil, core.Fail(core.CodeUnsupported, "settle the journal", "there is no archive", "", nil)
	}
	if settled, err = d.Settle(ctx); err != nil {
		return settled, nil, err
	}
	all, err := d.Archive.Entries(ctx, d.location(), 0)
	for i := range all {
		if Unsettled(&all[i]) {
			left = append(left, all[i])
		}
	}
	return settled, left, err
}

// SettledText says in a sentence what a settling came to.
func SettledText(settled, left []core.Entry) string {
	text := "The end of every entry is known."
	if len(left) > 0 {
		text = "The end of " + core.Count(len(left), "entry") + " is not known yet: under way, or it may take effect yet."
	}
	var ends []string
	for i := range settled {
		ends = append(ends, fmt.Sprintf("entry %d: %s", settled[i].ID, settled[i].State))
	}
	if len(ends) > 0 {
		text = strings.Join(ends, ", ") + ". " + text
	}
	return text
}

// Unsettled reports whether the end of an entry is not known.
func Unsettled(e *core.Entry) bool {
	return e.State == core.EntryOpen || e.State == core.EntryUnsettled
}

// settle says how one entry ended, if that can be said by now.
func (d Desk) settle(ctx context.Context, e *core.Entry) (ok bool, err error) {
	found := *e
	found.Steps = slices.Clone(e.Steps)
	state, why, err := d.outcome(ctx, &found)
	switch {
	case err != nil:
		return false, err
	case state == core.EntryOpen: // it is still under way
		return false, nil
	case state != core.EntryDone && d.wait(e) > 0:
		if e.State == core.EntryOpen {
			err = d.Archive.Unsettle(ctx, e.ID, "hearth was interrupted, and what it asked for may take effect yet", d.since(e))
		}
		return false, err
	}
	if state != core.EntryDone && why == "" {
		why = "hearth was interrupted; the place was read back"
	}
	if state == core.EntryDone && e.Kind == core.EntryCreate { // the capture from before it has waited for its id
		if _, _, err := d.Archive.TieCapture(ctx, e.ID, found.Backup); err != nil {
			return false, err
		}
	}
	if found.Volume != e.Volume || found.Backup != e.Backup || !slices.Equal(found.Steps, e.Steps) {
		d.Archive.Note(ctx, found)
	}
	ok, err = d.Archive.Settle(ctx, found, state, why)
	if ok { // else it lives after all, or another was faster
		*e = found
		e.State, e.Error, e.Life = state, why, nil
	}
	return ok, err
}

// since is when something was last asked for, as far as an entry tells.
func (d Desk) since(e *core.Entry) time.Time {
	if e.Life != nil {
		return e.Life.At
	}
	return e.At
}

// wait is how long what an entry asked for may still come into effect; 0: no more.
func (d Desk) wait(e *core.Entry) time.Duration {
	if d.Place.Info().Kind != core.PlaceCloud {
		return 0
	}
	return max(0, d.SettleAfter-d.Now().Sub(d.since(e)))
}

// outcome reads the place back and says what became of an entry: done, failed
// where all is as before, half where it is neither, open where it is under way. What
// it finds out besides, as the backup that was made, goes into the entry; why is what
// is to be said of it, "" for nothing.
func (d Desk) outcome(ctx context.Context, e *core.Entry) (state core.EntryState, why string, err error) {
	switch {
	case e.Kind == core.EntryImport:
		state, err = d.importOutcome(ctx, *e)
	case e.Kind == core.EntryCreate:
		state, err = d.createOutcome(ctx, e)
	case e.Kind == core.EntryDelete:
		state, err = d.deleteOutcome(ctx, *e)
	case e.Kind == core.EntryReset:
		state, err = d.resetOutcome(ctx, e)
	case e.Kind == core.EntryRestore:
		return d.restoreOutcome(ctx, e)
	case e.Kind == core.EntryDrill:
		return d.drillOutcome(ctx, e)
	case e.Kind == core.EntryEdit, e.Kind == core.EntryUndo && e.Volume == "":
		b, rerr := d.Place.Backup(ctx, e.Backup)
		state, err = between(*e, rerr, func() core.State { return editable(&b) })
	default:
		v, rerr := d.Place.Volume(ctx, e.Volume)
		state, err = between(*e, rerr, v.State)
	}
	return state, "", err
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

// resetTo begins the end of a reset's step, "set ID from creating to error", which
// says what the status was to be.
const resetTo = " to "

// resetOutcome looks whether the backups have the status that they were to get.
func (d Desk) resetOutcome(ctx context.Context, e *core.Entry) (core.EntryState, error) {
	var open []core.BackupID
	for i := range min(len(e.Steps), len(e.Backups)) {
		if !e.Steps[i].Done {
			open = append(open, e.Backups[i])
		}
	}
	rows, err := d.these(ctx, open)
	if err != nil {
		return core.EntryOpen, err
	}
	done := 0
	for i := range e.Steps {
		s := &e.Steps[i]
		if at := strings.LastIndex(s.What, resetTo); !s.Done && at >= 0 && i < len(e.Backups) {
			b, here := rows[e.Backups[i]]
			s.Done = here && b.Status == s.What[at+len(resetTo):]
		}
		if s.Done {
			done++
		}
	}
	switch done {
	case len(e.Steps):
		return core.EntryDone, nil
	case 0:
		return core.EntryFailed, nil
	}
	return core.EntryHalf, nil
}

func (d Desk) createOutcome(ctx context.Context, e *core.Entry) (core.EntryState, error) {
	if e.Backup != "" {
		return core.EntryDone, nil
	}
	all, err := d.backupsOf(ctx, e.Volume)
	if err != nil {
		return core.EntryOpen, err
	}
	b, err := d.newer(ctx, all, e)
	if err != nil {
		return core.EntryOpen, err
	}
	if b == nil {
		return core.EntryFailed, nil
	}
	e.Backup = b.ID
	return core.EntryDone, nil
}

func (d Desk) deleteOutcome(ctx context.Context, e core.Entry) (core.EntryState, error) {
	if len(e.Backups) == 0 && e.Volume != "" {
		return d.leftoverOutcome(ctx, e)
	}
	rows, err := d.these(ctx, e.Backups)
	if err != nil {
		return core.EntryOpen, err
	}
	gone := 0
	for _, id := range e.Backups {
		if b, here := rows[id]; !here || b.Status == core.StatusDeleting {
			gone++
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

func (d Desk) restoreOutcome(ctx context.Context, e *core.Entry) (state core.EntryState, why string, err error) {
	if len(e.Steps) > stepRestored {
		state, err = d.madeOutcome(ctx, *e)
		return state, "", err
	}
	began := e.At.Add(-clocks)
	if e.Volume == "" { // the answer never came: the volume is looked for
		v, err := d.restoredVolume(ctx, e, began)
		switch {
		case err != nil:
			return core.EntryOpen, "", err
		case v == nil:
			return core.EntryFailed, "", nil
		case core.RestoredFrom(v) != e.Backup && !core.InTransit(v.Status) && !core.Failed(v.Status):
			return core.EntryHalf, "volume " + string(v.ID) + " was made meanwhile, and nothing says that the backup was put on it", nil
		}
		e.Volume = v.ID
	}
	v, err := d.Place.Volume(ctx, e.Volume)
	switch {
	case core.CodeOf(err) == core.CodeNotFound, err == nil && core.Failed(v.Status):
		return core.EntryFailed, "", nil
	case err != nil, core.InTransit(v.Status):
		return core.EntryOpen, "", err
	case v.CreatedAt.Set && v.CreatedAt.V.After(began), core.RestoredFrom(&v) == e.Backup:
		return core.EntryDone, "", nil
	case v.UpdatedAt.Set && v.UpdatedAt.V.Before(began):
		return core.EntryFailed, "", nil // nothing has touched it since
	}
	return core.EntryHalf, "the volume is " + v.Status + ", and nothing says whether the backup was put on it", nil
}

// restoredVolume finds the volume that was made for a restore whose answer never
// came: one that says so, else one of its name; nil if there is none.
func (d Desk) restoredVolume(ctx context.Context, e *core.Entry, began time.Time) (found *core.Volume, err error) {
	for row, err := range d.eachVolume(ctx, newestFirst()) {
		if err != nil {
			return nil, err
		}
		if at := row.CreatedAt; !at.Set || at.V.Before(began) {
			break // so are all that follow
		}
		whole, err := d.Place.Volume(ctx, row.ID) // a list need not hold metadata
		if core.CodeOf(err) == core.CodeNotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		v := &whole
		name := v.Name.Or("")
		switch {
		case core.RestoredFrom(v) == e.Backup:
			return v, nil
		case name == "restore_backup_"+string(e.Backup), name != "" && strings.HasSuffix(e.Summary, "onto a new volume "+core.Visible(name)):
			found = v
		}
	}
	return found, nil
}

// importOutcome counts how many of the imported backups are there; before the
// import none was.
func (d Desk) importOutcome(ctx context.Context, e core.Entry) (core.EntryState, error) {
	there := 0
	rows, err := d.these(ctx, e.Backups)
	if err != nil {
		return core.EntryOpen, err
	}
	for _, id := range e.Backups {
		if _, here := rows[id]; here {
			there++
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

// clocks is how much the place's clock may go behind.
const clocks = 5 * time.Second

// newer is the first of the backups that was made after the intent to make one, under the
// name that it tells of, and that no other entry tells to have made; nil if there is none.
func (d Desk) newer(ctx context.Context, all []core.Backup, e *core.Entry) (*core.Backup, error) {
	var taken map[core.BackupID]bool
	for i := range all {
		b := &all[i]
		if !b.CreatedAt.Set || !b.CreatedAt.V.After(e.At.Add(-clocks)) || !createdAs(e.Summary, b) {
			continue
		}
		if taken == nil {
			var err error
			if taken, err = d.madeBy(ctx, e); err != nil {
				return nil, err
			}
		}
		if !taken[b.ID] {
			return b, nil
		}
	}
	return nil, nil
}

// madeBy are the backups that other entries than this tell to have made.
func (d Desk) madeBy(ctx context.Context, but *core.Entry) (map[core.BackupID]bool, error) {
	taken := map[core.BackupID]bool{}
	if d.Archive == nil {
		return taken, nil
	}
	entries, err := d.Archive.Entries(ctx, d.location(), 0)
	for i := range entries {
		if x := &entries[i]; x.Kind == core.EntryCreate && x.ID != but.ID && x.Backup != "" {
			taken[x.Backup] = true
		}
	}
	return taken, err
}
