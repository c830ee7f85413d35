package jobs

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"hearth/core"
	"hearth/core/pyjson"
)

// UndoPlan is the undo of a journal entry, looked at beforehand: what still stands as
// hearth left it is taken back, what somebody has changed since is left alone. Fields
// are named as [core.State.Diff] names them.
type UndoPlan struct {
	Entry  core.Entry // what is taken back
	Now    core.State // of its volume, or of an edit of its backup
	After  core.State // as the undo leaves it
	Back   []string   // what is taken back
	Alone  []string   // what the entry changed, and somebody after it: left alone
	Others []string   // what else was changed since: left alone
}

// PlanUndo says what an undo would do; id 0 is the last entry that can be undone.
// CodeConflict where nothing of it stands any more.
func (d Desk) PlanUndo(ctx context.Context, id core.EntryID) (UndoPlan, error) {
	of, err := d.UndoTarget(ctx, id)
	p := UndoPlan{Entry: of}
	if err != nil {
		return p, err
	}
	if p.Now, err = d.stateOf(ctx, &of); err != nil {
		return p, err
	}
	notBefore, notAfter := core.NewFieldSet(p.Now.Diff(*of.Before)...), core.NewFieldSet(p.Now.Diff(*of.After)...)
	changed := of.Before.Diff(*of.After)
	for _, name := range changed {
		switch {
		case !notAfter.Has(name):
			p.Back = append(p.Back, name)
		case notBefore.Has(name):
			p.Alone = append(p.Alone, name)
		}
	}
	for _, name := range p.Now.Diff(*of.After) {
		if !slices.Contains(changed, name) {
			p.Others = append(p.Others, name)
		}
	}
	p.After = p.Now.With(*of.Before, p.Back)
	if len(p.Back) == 0 {
		return p, core.Fail(core.CodeConflict, fmt.Sprintf("undo entry %d", of.ID),
			"nothing of it stands any more as hearth left it"+lists("; changed since: ", p.Alone), "look at what is there now", nil)
	}
	return p, nil
}

// stateOf reads what an entry changed: a volume, or of an edit a backup.
func (d Desk) stateOf(ctx context.Context, e *core.Entry) (core.State, error) {
	if e.Volume == "" {
		b, err := d.Place.Backup(ctx, e.Backup)
		return editable(&b), err
	}
	v, err := d.Place.Volume(ctx, e.Volume)
	return v.State(), err
}

// lists names fields after a word; "" where there are none.
func lists(word string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	var out []string
	for _, n := range names {
		out = append(out, core.Visible(n))
	}
	return word + strings.Join(out, ", ")
}

// UndoAsShown does what a plan says. CodeConflict, and nothing is changed, if what it
// would change is no longer as the plan saw it. The entry counts as undone then.
func (d Desk) UndoAsShown(ctx context.Context, p UndoPlan) (core.Entry, error) {
	of := p.Entry
	summary := fmt.Sprintf("undo of entry %d: %s%s", of.ID, of.Summary, lists("; left alone: ", p.Alone))
	e := core.Entry{At: d.Now(), Who: d.Who, Place: d.location(), Kind: core.EntryUndo, Volume: of.Volume, Backup: of.Backup, Of: of.ID,
		Before: &p.Now, After: &p.After, Summary: summary}
	if of.Volume != "" {
		return d.rewrite(ctx, core.Rewrite{Volume: of.Volume, Before: p.Now, After: p.After, Entry: e})
	}
	now, err := d.stateOf(ctx, &of)
	if err != nil {
		return of, err
	}
	if diff := now.Diff(p.Now); len(diff) > 0 {
		return of, core.Fail(core.CodeConflict, fmt.Sprintf("undo entry %d", of.ID), "the backup was changed again: "+changes(diff),
			"look again", nil)
	}
	edit := editTo(now, p.After)
	after := edited(now, edit)
	e.After = &after
	return d.edit(ctx, edit, e)
}

// editTo is the edit that leads a backup from one state to another.
func editTo(now, to core.State) (edit core.BackupEdit) {
	text := func(v pyjson.Value) *string { s := v.Text(); return &s }
	if !now.Name.Equal(to.Name) {
		edit.Name = text(to.Name)
	}
	if !now.Description.Equal(to.Description) {
		edit.Description = text(to.Description)
	}
	if !now.Metadata.Equal(to.Metadata) {
		edit.Metadata = to.Metadata.Clone()
	}
	return edit
}
