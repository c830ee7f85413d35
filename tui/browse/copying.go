package browse

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/tui/place"
	"hearth/tui/ui"
)

// Copying anything of a row: its id, a field of it, all that the place gives of it, the command
// that shows it.

// copied is a row that something is copied of.
type copied[T any] struct {
	host    ui.Host
	columns core.Columns[T]
	row     *T
	id      string
	command string
	// whole reads all that the place gives of it, as the verb prints it.
	whole func(context.Context) (*pyjson.Object, error)
}

// copyBackup makes the key that copies of a backup.
func copyBackup(host ui.Host, at *place.Stay, rows place.BackupRows) ui.Action {
	return copyKey(rows.None, func() tea.Cmd { return askBackup(host, at, *rows.Current()) })
}

// askBackup asks what is to be copied of a backup; what stands first, if anything, is what is nearest.
func askBackup(host ui.Host, at *place.Stay, b core.Backup, first ...copyable) tea.Cmd {
	desk := at.Desk()
	return copied[core.Backup]{host, core.BackupColumns, &b, string(b.ID), at.Command("backup", []string{string(b.ID)}),
		func(ctx context.Context) (*pyjson.Object, error) {
			full, err := desk.Place.Backup(ctx, b.ID)
			if err != nil {
				return nil, err
			}
			chain, err := desk.Chain(ctx, b.ID)
			return core.BackupObject(&full, chain), err
		}}.ask(first)
}

// copyVolume makes the key that copies of a volume.
func copyVolume(host ui.Host, at *place.Stay, rows place.VolumeRows) ui.Action {
	return copyKey(rows.None, func() tea.Cmd { return askVolume(host, at, *rows.Current()) })
}

// askVolume asks what is to be copied of a volume.
func askVolume(host ui.Host, at *place.Stay, v core.Volume, first ...copyable) tea.Cmd {
	desk := at.Desk()
	return copied[core.Volume]{host, core.VolumeFields, &v, string(v.ID), at.Command("volume", []string{string(v.ID)}),
		func(ctx context.Context) (*pyjson.Object, error) {
			full, err := desk.Place.Volume(ctx, v.ID)
			return core.VolumeObject(&full), err
		}}.ask(first)
}

// copyable is something that can be copied, or why it cannot be.
type copyable struct {
	item ui.MenuItem
	run  func() tea.Cmd
}

// withField makes the key that copies the field under the cursor one that asks: the field stands
// first.
func withField(field ui.Action, ask func(first ...copyable) tea.Cmd) ui.Action {
	blocked, run := field.Why, field.Run
	field.Help = "Copy the field under the cursor, the id, another field, the row as JSON or YAML, the command; or look at the row"
	field.Why = nil
	field.Run = func() tea.Cmd {
		first := copyable{ui.MenuItem{Label: "The field under the cursor"}, run}
		if blocked != nil {
			first.item.Why = blocked()
		}
		return ask(first)
	}
	return field
}

func copyKey(why func() string, run func() tea.Cmd) ui.Action {
	return ui.Action{Name: "copy-id", Keys: []string{"y"}, Why: why, Run: run,
		Help: "Copy the id, a field, the row as JSON or YAML, the command that shows it; or look at the row as the place gives it"}
}

// ask asks what is to be copied; what stands first is marked, else the id.
func (c copied[T]) ask(first []copyable) tea.Cmd {
	host := c.host
	var items []ui.MenuItem
	var runs []func() tea.Cmd
	add := func(label, hint string, run func() tea.Cmd) {
		items, runs = append(items, ui.MenuItem{Label: label, Hint: hint}), append(runs, run)
	}
	for _, f := range first {
		items, runs = append(items, f.item), append(runs, f.run)
	}
	add("The id", c.id, func() tea.Cmd { return host.Copy(c.id, "the id") })
	add("The row as JSON", "secrets in it masked, unless "+ui.KeyOf("secrets")+" shows them",
		func() tea.Cmd { return c.written("the row as JSON", pyjson.Indent) })
	add("The row as YAML", "likewise", func() tea.Cmd { return c.written("the row as YAML", pyjson.YAML) })
	add("The command that shows it", c.command, func() tea.Cmd { return host.Copy(c.command, "the command") })
	add("Look at the row", "as the place gives it", c.look)
	for _, col := range c.columns {
		text := fieldText(col.Value(c.row))
		if text == "" || col.Name == "id" {
			continue
		}
		add("The field "+col.Name, text, func() tea.Cmd { return host.Copy(text, "the field "+col.Name) })
	}
	return ui.Show(&ui.MenuBox{Title: "Copy", Items: items, Pick: func(i int) tea.Cmd { return runs[i]() }})
}

// fieldText is the exact text of a field, "" where it has none.
func fieldText(v pyjson.Value) string {
	switch v.Kind() {
	case pyjson.Null:
		return ""
	case pyjson.Time:
		t, _ := v.Time()
		return core.APITime(t)
	case pyjson.String:
		return v.Text()
	}
	return pyjson.Text(v)
}

// written reads the row, and copies it as it is written.
func (c copied[T]) written(what string, write func(pyjson.Value) string) tea.Cmd {
	whole, open := c.whole, c.host.Look().Reveal
	return c.host.Tell(func(ctx context.Context) tea.Msg {
		o, err := whole(ctx)
		if err != nil {
			return ui.Failure(err)
		}
		return ui.CopyMsg{Parcel: ui.Parcel{Text: write(forEyes(o, open)), What: what, File: "row.txt"}}
	})
}

// forEyes is a row with its secrets masked, unless they are to be open.
func forEyes(o *pyjson.Object, open bool) pyjson.Value {
	if open {
		return pyjson.OfDict(o)
	}
	return core.MaskedIn(pyjson.OfDict(o))
}

// look reads the row, and shows it.
func (c copied[T]) look() tea.Cmd {
	whole, host := c.whole, c.host
	return host.Tell(func(ctx context.Context) tea.Msg {
		o, err := whole(ctx)
		if err != nil {
			return ui.Failure(err)
		}
		var lines []ui.Line
		for _, l := range strings.Split(pyjson.Indent(forEyes(o, host.Look().Reveal)), "\n") {
			lines = append(lines, ui.TextLine(core.Visible(l)))
		}
		return ui.ShowMsg{Overlay: &ui.TextBox{Title: "The row, as the place gives it", Lines: lines, Look: host.Look()}}
	})
}
