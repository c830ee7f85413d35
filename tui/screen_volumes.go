package tui

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/tui/grid"
)

// volumeColumns is what the list of volumes shows.
var volumeColumns = []grid.Column{
	{Name: "name", Title: "NAME", Width: 34, Min: 25, Grow: 3},
	{Name: "status", Title: "STATUS", Width: 18},
	{Name: "size", Title: "SIZE", Width: 10, Right: true, Drop: 1},
	{Name: "backups", Title: "BACKUPS", Width: 8, Right: true, Drop: 2},
	{Name: "last-backup", Title: "NEWEST", Width: 7, Right: true, Flip: true},
	{Name: "bootable", Title: "BOOT", Width: 5, Drop: 3},
	{Name: "encrypted", Title: "ENC", Width: 4, Drop: 4},
	{Name: "id", Title: "ID", Width: 8, Drop: 5},
	{Name: "type", Title: "TYPE", Width: 14, Min: 12, Grow: 1, Drop: 6},
}

// volumeList makes the list of volumes of a place.
func volumeList(at *Stay, more RowActions) func(Host, openMsg) screen {
	return func(host Host, o openMsg) screen { return newVolumes(host, at, more, o) }
}

func newVolumes(host Host, at *Stay, more RowActions, o openMsg) screen {
	l := newLister(host, at, core.VolumeFields, o.Filter)
	s := &listScreen[core.Volume]{lister: l, noun: "volume", picking: o.Pick}
	place := at.Desk().Place
	l.query, l.id = place.Volumes, func(v *core.Volume) string { return string(v.ID) }
	l.cells = func(v *core.Volume) []grid.Cell { return volumeCells(host.Look(), v) }
	l.shown, l.table = volumeColumns, grid.New(volumeColumns, host.Look().grid())
	l.table.SetSort(l.sort.Column, l.sort.Desc)
	s.detail = func(ctx context.Context, row core.Volume) (core.Volume, error) { return place.Volume(ctx, row.ID) }
	s.lines = func(v *core.Volume) []line { return volumeLines(host.Look(), v) }
	s.open = func(v *core.Volume) tea.Cmd { return open("volume", string(v.ID)) }
	rows := VolumeRows{s.current, func() (ids []core.VolumeID) {
		for _, k := range s.chosen() {
			ids = append(ids, core.VolumeID(k))
		}
		return ids
	}}
	s.own = func() []action { return volumeActions(host, at, more, rows) }
	return s
}

// volumeActions are what can be done with a volume, wherever it is shown.
func volumeActions(host Host, at *Stay, more RowActions, rows VolumeRows) []action {
	return append([]action{
		{name: "capture", keys: []string{"m"}, label: "capture", help: "Show what a backup of it would capture now", why: rows.None,
			run: func() tea.Cmd {
				return opening(openMsg{Screen: "volume", ID: string(rows.Current().ID), Tab: "capture"})
			}},
		{name: "its-backups", keys: []string{"B"}, label: "its backups", help: "List its backups", why: rows.None,
			run: func() tea.Cmd { return opening(openMsg{Screen: "backups", Filter: filterByVolume(rows.Current().ID)}) }},
		{name: "copy-id", keys: []string{"y"}, help: "Copy the id", why: rows.None,
			run: func() tea.Cmd { return host.Copy(string(rows.Current().ID), "the id") }},
		{name: "origin", keys: []string{"O"}, help: "Go to the backup that it was restored from", why: rows.None,
			run: func() tea.Cmd { return openOrigin(host, at, *rows.Current()) }},
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
func openOrigin(host Host, at *Stay, v core.Volume) tea.Cmd {
	desk := at.Desk()
	return host.Tell(func(ctx context.Context) tea.Msg {
		full, err := desk.Place.Volume(ctx, v.ID)
		if err != nil {
			return failure(err)
		}
		if id, ok := full.Metadata.Get("src_backup_id"); ok {
			return openMsg{Screen: "backup", ID: id.Text()}
		}
		f, err := core.ParseFilter("restored:"+string(v.ID), core.BackupColumns)
		if err != nil {
			return failure(err)
		}
		page, err := desk.Backups(ctx, core.Query{Filter: f, Limit: 1})
		if err != nil {
			return failure(err)
		}
		if len(page.Rows) == 0 {
			return noteMsg{level: warn, text: "Nothing here says that this volume was restored from a backup."}
		}
		return openMsg{Screen: "backup", ID: string(page.Rows[0].ID)}
	})
}
