package tui

import (
	"context"
	"maps"
	"slices"
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

// newVolumes is the list of volumes; id, if there is one, is a filter.
func newVolumes(b base, at openMsg) screen { return volumeList(b, at.id) }

func volumeList(b base, filter string) *listScreen[core.Volume] {
	l := newLister(&b, core.VolumeFields, filter)
	s := &listScreen[core.Volume]{lister: l, noun: "volume"}
	place := b.desk.Place
	l.query, l.id = place.Volumes, func(v *core.Volume) string { return string(v.ID) }
	l.cells = func(v *core.Volume) []grid.Cell { return b.volumeCells(v) }
	l.shown, l.table = volumeColumns, grid.New(volumeColumns, b.styles.grid())
	l.table.SetSort(l.sort.Column, l.sort.Desc)
	s.detail = func(ctx context.Context, row core.Volume) (core.Volume, error) { return place.Volume(ctx, row.ID) }
	s.lines = func(v *core.Volume) []line { return b.volumeLines(v) }
	s.open = func(v *core.Volume) tea.Cmd { return open("volume", string(v.ID)) }
	s.own = func() []action {
		return b.volumeActions(s.current, func() (ids []core.VolumeID) {
			for _, k := range s.chosen() {
				ids = append(ids, core.VolumeID(k))
			}
			return ids
		})
	}
	return s
}

// picker is the list of volumes when one is to be chosen as a target.
type picker struct {
	*listScreen[core.Volume]
	name string
	pick func(core.VolumeID) tea.Cmd
	more []action
}

func (p *picker) title() string { return p.name }

// actions are those of a list, with Enter choosing.
func (p *picker) actions() []action {
	var out []action
	for _, a := range p.listScreen.actions() {
		switch a.keys[0] {
		case "enter":
			a.label, a.help = "choose", "Choose this volume"
			a.run = func() tea.Cmd { return p.pick(p.current().ID) }
			out = append(out, a)
			a = action{}
		case "space", "a", "A", "n":
			a = action{}
		}
		if a.run != nil {
			out = append(out, a)
		}
	}
	return append(out[:1:1], append(p.more, out[1:]...)...)
}

func (a *app) volumeCells(v *core.Volume) []grid.Cell {
	s := a.styles
	yes := func(b bool) grid.Cell {
		if b {
			return grid.Cell{Text: "yes"}
		}
		return grid.Cell{Text: "-", Style: s.dim}
	}
	newest := grid.Cell{Text: a.age(v.LastBackup)}
	if !v.LastBackup.Set {
		newest.Style = s.warn
		newest.Text = "none"
	}
	return []grid.Cell{
		a.nameCell(v.Name), a.statusCell(v.Status), {Text: gib(v.Size)},
		{Text: thousands(int(v.Backups))}, newest, yes(v.Bootable), yes(v.EncryptionKeyID.Set), {Text: core.Visible(v.ID.Short()), Style: s.dim},
		{Text: core.Visible(v.VolumeType.Or(v.VolumeTypeID.Or("")))},
		a.projectCell(v.ProjectName, v.ProjectID),
	}
}

// volumeLines is what there is to know about a volume, for the pane and the tab.
func (a *app) volumeLines(v *core.Volume) []line {
	s := a.styles
	yes := func(b bool) string {
		if b {
			return "yes"
		}
		return "no"
	}
	lines := []line{
		text(s.accent.Paint(core.Visible(v.Title()))),
		{},
		field("status", s.status(v.Status).Paint(statusGlyph(v.Status)+" "+core.Visible(v.Status))),
		field("size", gib(v.Size)),
		field("bootable", yes(v.Bootable)),
		field("type", s.seen(v.Unseen, "volume_type_id", s.named(v.VolumeType, v.VolumeTypeID.Or("")))),
		field("encryption key", s.seen(v.Unseen, "encryption_key_id", s.opt(v.EncryptionKeyID))),
		field("backups", thousands(int(v.Backups))),
		field("newest backup", a.since(v.LastBackup)),
		field("created", a.since(v.CreatedAt)),
		field("description", s.opt(v.Description)),
		field("id", core.Visible(string(v.ID))),
		field("project", s.seen(v.Unseen, "project_id", s.named(v.ProjectName, string(v.ProjectID)))),
		field("zone", s.seen(v.Unseen, "availability_zone", s.opt(v.AvailabilityZone))),
	}
	if v.Metadata != nil {
		lines = append(lines, s.metadata("user metadata", v.Metadata)...)
		lines = append(lines, s.metadata("image metadata", v.Image)...)
	}
	return append(lines, a.volumeColumns(v)...)
}

// volumeColumns lists every column of a volume's row, as Cinder names them.
func (a *app) volumeColumns(v *core.Volume) []line {
	s := a.styles
	var lines []line
	if v.Row.Len() > 0 {
		lines = append(lines, line{}, s.part("every column"))
	}
	for name, value := range v.Row.All() {
		shown := s.value(name, value)
		if t, _ := value.Time(); !t.IsZero() {
			shown = a.clock(core.Some(t))
		}
		lines = append(lines, field(core.Visible(name), shown))
	}
	for _, name := range slices.Sorted(maps.Keys(v.Unseen)) {
		if !v.Row.Has(name) {
			lines = append(lines, field(core.Visible(name), s.cannotSee()))
		}
	}
	return lines
}

// volumeActions are what can be done with a volume, wherever it is shown.
func (b base) volumeActions(current func() *core.Volume, chosen func() []core.VolumeID) []action {
	noRow := func() string {
		if current() == nil {
			return "there is no volume under the cursor"
		}
		return ""
	}
	return append([]action{
		{keys: []string{"m"}, label: "capture", help: "Show what a backup of it would capture now", why: noRow, run: func() tea.Cmd { return openTab("volume", string(current().ID), "capture") }},
		{keys: []string{"B"}, label: "its backups", help: "List its backups", why: noRow, run: func() tea.Cmd { return open("backups", filterByVolume(current().ID)) }},
		{keys: []string{"y"}, help: "Copy the id", why: noRow, run: func() tea.Cmd { return b.copyText(string(current().ID), "the id") }},
		{keys: []string{"O"}, help: "Go to the backup that it was restored from", why: noRow, run: func() tea.Cmd { return b.openOrigin(*current()) }},
	}, b.volumeOperations(current, chosen, noRow)...)
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
func (b base) openOrigin(v core.Volume) tea.Cmd {
	desk := b.desk
	return b.task(func(ctx context.Context) tea.Msg {
		full, err := desk.Place.Volume(ctx, v.ID)
		if err != nil {
			return failure(err)
		}
		if id, ok := full.Metadata.Get("src_backup_id"); ok {
			return openMsg{screen: "backup", id: id.Text()}
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
		return openMsg{screen: "backup", id: string(page.Rows[0].ID)}
	})
}
