package tui

import (
	"context"
	"slices"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store"
	"hearth/tui/grid"
)

// backupColumns is what the list of backups shows.
var backupColumns = []grid.Column{
	{Name: "name", Title: "NAME", Width: 34, Min: 26, Grow: 3},
	{Name: "status", Title: "STATUS", Width: 16},
	{Name: "kind", Title: "KIND", Width: 5, Drop: 1},
	{Name: "size", Title: "SIZE", Width: 9, Right: true, Drop: 2},
	{Name: "created", Title: "AGE", Width: 5, Right: true, Flip: true},
	{Name: "volume", Title: "VOLUME", Width: 20, Min: 12, Grow: 2, Drop: 3},
	{Name: "reason", Title: "FAIL REASON", Width: 24, Min: 16, Grow: 2, Drop: 5},
	{Name: "id", Title: "ID", Width: 8, Drop: 4},
}

// backupList makes the list of backups of a place.
func backupList(at *Stay, more RowActions) func(Host, openMsg) screen {
	return func(host Host, o openMsg) screen { return newBackups(host, at, more, o) }
}

func newBackups(host Host, at *Stay, more RowActions, o openMsg) screen {
	l := newLister(host, at, core.BackupColumns, o.Filter)
	s := &listScreen[core.Backup]{lister: l, noun: "backup", picking: o.Pick}
	place := at.Desk().Place
	l.query, l.id = place.Backups, func(b *core.Backup) string { return string(b.ID) }
	l.cells = func(x *core.Backup) []grid.Cell { return backupCells(host.Look(), x) }
	if r := at.Repository(); r != nil {
		l.beside = marksOf(r)
		l.cells = func(x *core.Backup) []grid.Cell {
			return markCells(host.Look(), backupCells(host.Look(), x), l.marks[string(x.ID)])
		}
	}
	l.shown, l.table = backupColumns, grid.New(backupColumns, host.Look().grid())
	l.table.SetSort(l.sort.Column, l.sort.Desc)
	s.detail = func(ctx context.Context, row core.Backup) (core.Backup, error) {
		full, err := place.Backup(ctx, row.ID)
		if !full.VolumeName.Set {
			full.VolumeName = row.VolumeName
		}
		return full, err
	}
	s.lines = func(x *core.Backup) []line { return backupLines(host.Look(), x, l.marks[string(x.ID)]...) }
	s.open = func(x *core.Backup) tea.Cmd { return open("backup", string(x.ID)) }
	rows := BackupRows{s.current, func() []core.BackupID { return IDs[core.BackupID](s.chosen()) }}
	s.own = func() []action { return backupActions(host, at, more, rows) }
	return s
}

// marksOf asks a repository what to think of the fields of rows.
func marksOf(r store.Repository) func(context.Context, []core.Backup) map[string][]core.Mark {
	return func(ctx context.Context, rows []core.Backup) map[string][]core.Mark {
		out := map[string][]core.Mark{}
		for i := range rows {
			if marks, err := r.Marks(ctx, rows[i].ID); err == nil {
				out[string(rows[i].ID)] = marks
			}
		}
		return out
	}
}

// backupActions are what can be done with a backup, or with several, wherever
// they are shown.
func backupActions(host Host, at *Stay, more RowActions, rows BackupRows) []action {
	toVolume := action{name: "its-volume", keys: []string{"V"}, help: "Go to its volume", why: rows.None,
		run: func() tea.Cmd { return open("volume", string(rows.Current().VolumeID)) }}
	if at.Repository() != nil {
		toVolume = action{name: "verify", keys: []string{"V"}, label: "verify", why: rows.None,
			help: "Verify it, or all that are marked: its objects, or every chunk",
			run:  func() tea.Cmd { return opening(openMsg{Screen: "inventory", IDs: Texts(rows.Chosen())}) }}
	}
	return slices.Concat([]action{
		{name: "restore", keys: []string{"r"}, label: "restore", help: "Preview what a restore would change", why: rows.None,
			run: func() tea.Cmd {
				return opening(openMsg{Screen: "backup", ID: string(rows.Current().ID), Tab: "restore"})
			}},
	}, more.Exports(host, rows), []action{
		{name: "copy-id", keys: []string{"y"}, help: "Copy the id", why: rows.None,
			run: func() tea.Cmd { return host.Copy(string(rows.Current().ID), "the id") }},
		toVolume,
		{name: "copy", keys: []string{"Y"}, label: "copy", minor: true, help: "Copy it, or all that are marked, into another place",
			why: func() string { return either(rows.None(), at.Cannot(core.OpExport)) },
			run: func() tea.Cmd { return opening(openMsg{Screen: "copy", IDs: Texts(rows.Chosen())}) }},
		{name: "restored-to", keys: []string{"R"}, help: "Go to the volume it was last restored to", why: func() string {
			switch x := rows.Current(); {
			case x == nil:
				return rows.None()
			case x.RestoreVolumeID == "":
				return "it has not been restored, or this place does not say to where"
			}
			return ""
		}, run: func() tea.Cmd { return open("volume", string(rows.Current().RestoreVolumeID)) }},
	}, more.Backups(host, rows))
}
