package browse

import (
	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/tui/place"
	"hearth/tui/ui"
)

// Copying anything of a backup or a volume: its id, a field of it, all that the place gives of
// it, the command that shows it.

// copyBackup makes the key that copies of a backup.
func copyBackup(host ui.Host, at *place.Stay, rows place.BackupRows) ui.Action {
	return copyKey(rows.None, func() tea.Cmd { return askBackup(host, at, *rows.Current()) })
}

// askBackup asks what is to be copied of a backup; what stands first, if anything, is what is nearest.
func askBackup(host ui.Host, at *place.Stay, b core.Backup, first ...ui.Copyable) tea.Cmd {
	c := ui.Copying{Host: host, ID: string(b.ID), First: first, Fields: fieldsOf(core.BackupColumns, &b)}
	at.CopyBackup(&c)
	c.Row = c.Raw
	return c.Ask()
}

// copyVolume makes the key that copies of a volume.
func copyVolume(host ui.Host, at *place.Stay, rows place.VolumeRows) ui.Action {
	return copyKey(rows.None, func() tea.Cmd { return askVolume(host, at, *rows.Current()) })
}

// askVolume asks what is to be copied of a volume.
func askVolume(host ui.Host, at *place.Stay, v core.Volume, first ...ui.Copyable) tea.Cmd {
	c := ui.Copying{Host: host, ID: string(v.ID), First: first, Fields: fieldsOf(core.VolumeFields, &v)}
	at.CopyVolume(&c)
	c.Row = c.Raw
	return c.Ask()
}

// fieldsOf are the fields of a row, by their columns.
func fieldsOf[T any](columns core.Columns[T], row *T) (out []ui.CopyField) {
	for _, col := range columns {
		if col.Name != "id" {
			out = append(out, ui.CopyField{Label: "The field " + col.Name, What: "the field " + col.Name, Text: core.FieldText(col.Value(row))})
		}
	}
	return out
}

// withField makes the key that copies the field under the cursor one that asks: the field stands
// first.
func withField(field ui.Action, ask func(first ...ui.Copyable) tea.Cmd) ui.Action {
	blocked, run := field.Why, field.Run
	field.Help = "Copy the field under the cursor, the id, another field, the row as JSON or YAML, the command; or look at the row"
	field.Why = nil
	field.Run = func() tea.Cmd {
		first := ui.Copyable{MenuItem: ui.MenuItem{Label: "The field under the cursor"}, Run: run}
		if blocked != nil {
			first.Why = blocked()
		}
		return ask(first)
	}
	return field
}

func copyKey(why func() string, run func() tea.Cmd) ui.Action {
	return ui.Action{Name: "copy-id", Keys: []string{"y"}, Why: why, Run: run,
		Help: "Copy the id, a field, the row as JSON or YAML, the command that shows it; or look at the row as the place gives it"}
}
