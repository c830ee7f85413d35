package browse

import (
	"context"
	"slices"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store"
	"hearth/store/jobs"
	"hearth/tui/grid"
	"hearth/tui/place"
	"hearth/tui/show"
	"hearth/tui/ui"
)

// backupColumns is what the list of backups shows.
var backupColumns = []grid.Column{
	{Name: "name", Title: "NAME", Width: 34, Min: 26, Grow: 3, Ends: true},
	{Name: "status", Title: "STATUS", Width: 16},
	{Name: "kind", Title: "KIND", Width: 5, Drop: 1},
	{Name: "size", Title: "SIZE", Width: 9, Right: true, Drop: 2},
	{Name: "created", Title: "AGE", Width: 5, Right: true, Flip: true},
	{Name: "volume", Title: "VOLUME", Width: 20, Min: 12, Grow: 2, Ends: true, Drop: 3},
	{Name: "reason", Title: "FAIL REASON", Width: 24, Min: 16, Grow: 2, Drop: 5},
	{Name: "id", Title: "ID", Width: 8, Drop: 4},
}

// judged are columns with room for the sign of what is assumed.
func judged(columns []grid.Column) []grid.Column {
	out := slices.Clone(columns)
	for i := range out {
		if out[i].Right && out[i].Name == "size" {
			out[i].Width++
		}
	}
	return out
}

// Backups makes the list of backups of a place.
func Backups(at *place.Stay, more place.RowActions) func(ui.Host, ui.Open) ui.Screen {
	return func(host ui.Host, o ui.Open) ui.Screen { return newBackups(host, at, more, o) }
}

func newBackups(host ui.Host, at *place.Stay, more place.RowActions, o ui.Open) ui.Screen {
	l := newLister(host, at, core.ListedBackups, o.Filter)
	s := &listScreen[core.Backup]{lister: l, noun: "backup"}
	l.folder = backupFolder(at)
	desk := at.Desk()
	from := desk.Place
	if c, ok := from.(store.Counter); ok {
		l.counter = c.CountBackups
	}
	l.query, l.id = at.Desk().BackupRows, func(b *core.Backup) string { return string(b.ID) }
	l.cells = func(x *core.Backup) []grid.Cell { return show.BackupCells(host.Look(), x) }
	l.turned = func(was, is []core.Backup) tea.Cmd { return lookAgain(host, at, was, is) }
	if r := at.Repository(); r != nil {
		l.judge = marksOf(r)
		l.cells = func(x *core.Backup) []grid.Cell {
			return show.MarkCells(host.Look(), show.BackupCells(host.Look(), x), l.marksOf(string(x.ID)))
		}
	}
	if l.shown = backupColumns; at.Repository() != nil {
		l.shown = judged(backupColumns)
	}
	l.showProven(func(b *core.Backup) *core.Proof { return b.Proof })
	l.table = grid.New(l.shown, host.Look().Grid())
	l.table.SetSort(l.sort.Column, l.sort.Desc)
	s.detail = func(ctx context.Context, row core.Backup) (core.Backup, error) {
		full, err := from.Backup(ctx, row.ID)
		if !full.VolumeName.Set {
			full.VolumeName = row.VolumeName
		}
		if full.Proof = row.Proof; row.Proof == nil && err == nil {
			desk.WithProof(ctx, &full)
		}
		return full, err
	}
	s.lines = func(x *core.Backup) []ui.Line { return show.BackupLines(host.Look(), x, l.marksOf(string(x.ID))...) }
	s.open = func(x *core.Backup) tea.Cmd { return ui.OpenFor("backup", string(x.ID)) }
	rows := place.BackupRows{Current: s.acted, Count: s.howMany, Why: s.noAct, Choose: func(then func(jobs.Picked) tea.Cmd) tea.Cmd {
		return s.choose(func(c choice[core.Backup]) tea.Cmd {
			return then(jobs.Picked{IDs: ui.IDs[core.BackupID](c.ids), Left: c.left})
		})
	}}
	s.own = func() []ui.Action { return backupActions(host, at, more, rows) }
	s.recall("backups", o)
	return s
}

// openWith opens a screen with what is chosen.
func openWith(screen string, rows place.BackupRows) func() tea.Cmd {
	return func() tea.Cmd {
		return rows.Choose(func(p jobs.Picked) tea.Cmd {
			return ui.Opening(ui.Open{Screen: screen, IDs: ui.Texts(p.IDs), Picked: p})
		})
	}
}

// lookAgain has the volumes of backups that have just ended looked at again, so that
// what their captures carry is known: the sooner after the end, the more it says. One that is
// another kind than was asked for is told of.
func lookAgain(host ui.Host, at *place.Stay, was, is []core.Backup) tea.Cmd {
	under := map[core.BackupID]bool{}
	for i := range was {
		under[was[i].ID] = was[i].Status == core.StatusCreating
	}
	if !slices.ContainsFunc(is, func(b core.Backup) bool { return under[b.ID] && b.Status != core.StatusCreating }) {
		return nil
	}
	desk := at.Desk()
	return host.Tell(func(ctx context.Context) tea.Msg {
		looked, err := desk.LookAgain(ctx)
		for i := range looked {
			if err == nil {
				err = looked[i].Unlike
			}
		}
		return ui.Failure(err)
	})
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
func backupActions(host ui.Host, at *place.Stay, more place.RowActions, rows place.BackupRows) []ui.Action {
	toVolume := ui.Action{Name: "its-volume", Keys: []string{"V"}, Help: "Go to its volume", Why: rows.None,
		Run: func() tea.Cmd { return ui.OpenFor("volume", string(rows.Current().VolumeID)) }}
	if at.Repository() != nil {
		toVolume = ui.Action{Name: "verify", Keys: []string{"V"}, Label: "verify", Why: rows.None,
			Help: "Verify it, or all that are marked: its objects, or every chunk",
			Run:  openWith("inventory", rows)}
	}
	return slices.Concat([]ui.Action{
		{Name: "restore", Keys: []string{"r"}, Label: "restore", Help: "Preview what a restore would change", Why: rows.None,
			Run: func() tea.Cmd {
				return ui.Opening(ui.Open{Screen: "backup", ID: string(rows.Current().ID), Tab: "restore"})
			}},
	}, more.Exports(host, rows), []ui.Action{
		copyBackup(host, at, rows), toVolume, compareBackups(rows),
		{Name: "copy", Keys: []string{"Y"}, Label: "copy", Minor: true, Help: "Copy it, or all that are marked, into another place",
			Why: func() string { return ui.Either(rows.None(), at.Cannot(core.OpExport)) },
			Run: openWith("copy", rows)},
		{Name: "restored-to", Keys: []string{"R"}, Help: "Go to the volume it was last restored to", Why: func() string {
			switch x := rows.Current(); {
			case x == nil, rows.None() != "":
				return rows.None()
			case x.RestoreVolumeID == "":
				return "it has not been restored, or this place does not say to where"
			}
			return ""
		}, Run: func() tea.Cmd { return ui.OpenFor("volume", string(rows.Current().RestoreVolumeID)) }},
	}, more.Backups(host, rows))
}
