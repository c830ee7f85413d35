package browse

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store"
	"hearth/tui/grid"
	"hearth/tui/place"
	"hearth/tui/show"
	"hearth/tui/ui"
)

// volumeColumns is what the list of volumes shows.
var volumeColumns = []grid.Column{
	{Name: "name", Title: "NAME", Width: 34, Min: 25, Grow: 3, Ends: true},
	{Name: "status", Title: "STATUS", Width: 18},
	{Name: "size", Title: "SIZE", Width: 10, Right: true, Drop: 1},
	{Name: "backups", Title: "BACKUPS", Width: 8, Right: true, Drop: 2},
	{Name: "last-backup", Title: "NEWEST", Width: 7, Right: true, Flip: true},
	{Name: "bootable", Title: "BOOT", Width: 5, Drop: 3},
	{Name: "encrypted", Title: "ENC", Width: 4, Drop: 4},
	{Name: "id", Title: "ID", Width: 8, Drop: 5},
	{Name: "type", Title: "TYPE", Width: 14, Min: 12, Grow: 1, Drop: 6},
}

// Volumes makes the list of volumes of a place.
func Volumes(at *place.Stay, more place.RowActions) func(ui.Host, ui.Open) ui.Screen {
	return func(host ui.Host, o ui.Open) ui.Screen { return newVolumes(host, at, more, o) }
}

func newVolumes(host ui.Host, at *place.Stay, more place.RowActions, o ui.Open) ui.Screen {
	l := newLister(host, at, core.ListedVolumes, o.Filter)
	s := &listScreen[core.Volume]{lister: l, noun: "volume"}
	from := at.Desk().Place
	if c, ok := from.(store.Counter); ok {
		l.counter = c.CountVolumes
	}
	l.query, l.id = at.Desk().VolumeRows, func(v *core.Volume) string { return string(v.ID) }
	l.cells = func(v *core.Volume) []grid.Cell { return show.VolumeCells(host.Look(), v) }
	l.shown = volumeColumns
	l.showProven(func(v *core.Volume) *core.Proof { return v.Proof })
	l.table = grid.New(l.shown, host.Look().Grid())
	l.table.SetSort(l.sort.Column, l.sort.Desc)
	desk := at.Desk()
	s.detail = func(ctx context.Context, row core.Volume) (core.Volume, error) {
		full, err := from.Volume(ctx, row.ID)
		if full.Proof = row.Proof; row.Proof == nil && err == nil {
			desk.VolumeWithProof(ctx, &full)
		}
		return full, err
	}
	s.lines = func(v *core.Volume) []ui.Line { return show.VolumeLines(host.Look(), v) }
	s.open = func(v *core.Volume) tea.Cmd { return ui.OpenFor("volume", string(v.ID)) }
	rows := place.VolumeRows{Current: s.acted, Count: s.howMany, Why: s.noAct, Choose: func(then func(place.PickedVolumes) tea.Cmd) tea.Cmd {
		return s.choose(func(c choice[core.Volume]) tea.Cmd {
			return then(place.PickedVolumes{IDs: ui.IDs[core.VolumeID](c.ids), Left: c.left})
		})
	}}
	s.own = func() []ui.Action { return volumeActions(host, at, more, rows) }
	s.recall("volumes", o)
	return s
}

// volumeActions are what can be done with a volume, wherever it is shown.
func volumeActions(host ui.Host, at *place.Stay, more place.RowActions, rows place.VolumeRows) []ui.Action {
	return append([]ui.Action{
		{Name: "capture", Keys: []string{"m"}, Label: "capture", Help: "Show what a backup of it would capture now", Why: rows.None,
			Run: func() tea.Cmd {
				return ui.Opening(ui.Open{Screen: "volume", ID: string(rows.Current().ID), Tab: "capture"})
			}},
		{Name: "its-backups", Keys: []string{"B"}, Label: "its backups", Help: "List its backups", Why: rows.None,
			Run: func() tea.Cmd {
				return ui.Opening(ui.Open{Screen: "backups", Filter: filterByVolume(rows.Current().ID)})
			}},
		copyVolume(host, at, rows), compareVolumes(rows),
		{Name: "origin", Keys: []string{"O"}, Help: "Go to the backup that it was restored from", Why: rows.None,
			Run: func() tea.Cmd { return openOrigin(host, at, *rows.Current()) }},
	}, more.Volumes(host, rows)...)
}

// filterByVolume is the text of a filter for the backups of a volume; an id may be
// any text, and blanks in it do not end the word.
func filterByVolume(id core.VolumeID) string {
	if word := string(id); !strings.ContainsAny(word, " \t") {
		return "volume-id:" + word
	}
	return `volume-id:"` + string(id) + `"`
}

// openOrigin opens the backup that a volume was restored from: Cinder notes it as
// user metadata src_backup_id (Ussuri and later), and on the backup itself.
func openOrigin(host ui.Host, at *place.Stay, v core.Volume) tea.Cmd {
	desk := at.Desk()
	return host.Tell(func(ctx context.Context) tea.Msg {
		full, err := desk.Place.Volume(ctx, v.ID)
		if err != nil {
			return ui.Failure(err)
		}
		if id, ok := full.Metadata.Get("src_backup_id"); ok {
			return ui.Open{Screen: "backup", ID: id.Text()}
		}
		f, err := core.ParseFilter("restored:"+string(v.ID), core.BackupColumns)
		if err != nil {
			return ui.Failure(err)
		}
		page, err := desk.Backups(ctx, core.Query{Filter: f, Limit: 1})
		if err != nil {
			return ui.Failure(err)
		}
		if len(page.Rows) == 0 {
			return ui.Note{Level: ui.LevelWarn, Text: "Nothing here says that this volume was restored from a backup."}
		}
		return ui.Open{Screen: "backup", ID: string(page.Rows[0].ID)}
	})
}
