package jobs

import (
	"context"
	"fmt"
	"strings"
	"unicode"

	"hearth/core"
	"hearth/core/pyjson"
)

// editable is the part of a backup that an edit changes, as the journal holds it.
func editable(b *core.Backup) core.State {
	s := core.State{Name: pyjson.None, Description: pyjson.None, Metadata: b.Metadata.Clone(), Image: &pyjson.Object{}}
	if b.Name.Set {
		s.Name = pyjson.OfString(b.Name.V)
	}
	if b.Description.Set {
		s.Description = pyjson.OfString(b.Description.V)
	}
	return s
}

// Narrow returns what of an edit changes the backup as it was read; the zero edit:
// nothing does. Properties that were not read count as others.
func Narrow(b *core.Backup, edit core.BackupEdit) core.BackupEdit {
	before := editable(b)
	after := edited(before, edit)
	if after.Name.Equal(before.Name) {
		edit.Name = nil
	}
	if after.Description.Equal(before.Description) {
		edit.Description = nil
	}
	if edit.Metadata != nil && !b.Unseen.Has("metadata") && after.Metadata.Equal(before.Metadata) {
		edit.Metadata = nil
	}
	return edit
}

// Edit changes a backup's name, description or properties; what is as it shall be
// already is not sent. Undo takes it back. [core.Entry.None] where nothing changes.
func (d Desk) Edit(ctx context.Context, id core.BackupID, edit core.BackupEdit) (core.Entry, error) {
	tried := "change backup " + string(id)
	if edit == (core.BackupEdit{}) {
		return core.Entry{}, core.Fail(core.CodeUsage, tried, "there is nothing to change", "give a name, a description or properties", nil)
	}
	b, err := d.Place.Backup(ctx, id)
	if err != nil {
		return core.Entry{}, err
	}
	if edit.Metadata != nil && b.Unseen.Has("metadata") {
		return core.Entry{}, core.Fail(core.CodeUnsupported, tried,
			"this cloud's backups have no properties: it is too old for them (3.43)", "", nil)
	}
	if edit = Narrow(&b, edit); edit == (core.BackupEdit{}) {
		return core.Entry{}, d.Allowed(core.OpEdit)
	}
	if why := badBackupTexts(edit.Name, edit.Description, edit.Metadata); why != "" {
		return core.Entry{}, refuse(tried, why, "")
	}
	before := editable(&b)
	after := edited(before, edit)
	return d.edit(ctx, edit, core.Entry{Kind: core.EntryEdit, Backup: id, Before: &before, After: &after,
		Summary: fmt.Sprintf("%s: %s", core.Visible(b.Title()), changes(before.Diff(after)))})
}

// edited is what an edit makes of a backup: the API strips the texts
// (cinder/api/v3/backups.py update, validate_name_and_description).
func edited(s core.State, edit core.BackupEdit) core.State {
	s = s.Clone()
	if edit.Name != nil {
		s.Name = pyjson.OfString(core.Stripped(*edit.Name))
	}
	if edit.Description != nil {
		s.Description = pyjson.OfString(core.Stripped(*edit.Description))
	}
	if edit.Metadata != nil {
		s.Metadata = edit.Metadata.Clone()
	}
	return s
}

func changes(names []string) string {
	if len(names) == 0 {
		return "nothing changes"
	}
	text := "changes "
	for i, n := range names {
		if i > 0 {
			text += ", "
		}
		text += core.Visible(n)
	}
	return text
}

func (d Desk) edit(ctx context.Context, edit core.BackupEdit, e core.Entry) (core.Entry, error) {
	o, err := d.operator(core.OpEdit)
	if err != nil {
		return e, err
	}
	return d.byIntent(ctx, e, func(a *account) error { return o.EditBackup(ctx, a.e.Backup, edit) })
}

// undoEdit takes an edit back.
func (d Desk) undoEdit(ctx context.Context, of core.Entry) (core.Entry, error) {
	b, err := d.Place.Backup(ctx, of.Backup)
	if err != nil {
		return of, err
	}
	now := editable(&b)
	if strays := now.Strays(*of.Before, *of.After); len(strays) > 0 || of.State == core.EntryDone && !now.Equal(*of.After) {
		return of, core.Fail(core.CodeConflict, fmt.Sprintf("undo entry %d", of.ID),
			"the backup was changed again: "+changes(now.Diff(*of.After)), "edit it by hand", nil)
	}
	edit := editTo(now, *of.Before)
	after := edited(now, edit)
	return d.edit(ctx, edit, core.Entry{Kind: core.EntryUndo, Backup: of.Backup, Of: of.ID, Before: &now, After: &after,
		Summary: fmt.Sprintf("undo of entry %d: %s", of.ID, of.Summary)})
}

// badBackupTexts says what the API refuses of a backup's texts; nil is not given.
func badBackupTexts(name, description *string, metadata *pyjson.Object) string {
	if name != nil && pyjson.Len(*name) > 255 {
		return "its name is longer than 255 characters"
	}
	if description != nil {
		if pyjson.Len(*description) > 255 {
			return "its description is longer than 255 characters"
		}
		for _, r := range *description {
			if r > 0xFFFF || !unicode.IsPrint(r) && !unicode.Is(unicode.Zs, r) {
				return fmt.Sprintf("its description has the character U+%04X, which Cinder takes for unprintable", r)
			}
		}
	}
	for _, r := range core.APIRefusals(core.State{}, core.State{Metadata: metadata}, 0) {
		return "its property " + strings.TrimPrefix(r.Field, "metadata ") + ": " + r.Why
	}
	return ""
}
