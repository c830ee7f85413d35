package operate

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

// snapshotsScreen lists the snapshots of the place; a backup can be made from one.
type snapshotsScreen struct {
	host ui.Host
	at   *place.Stay
	ui.Read
	table *grid.Model
	rows  []core.Snapshot
	short error // the list ended early
	w, h  int
}

type snapshotsMsg struct {
	gen  ui.Generation
	rows []core.Snapshot
	err  error
}

var snapshotColumns = []grid.Column{
	{Title: "NAME", Width: 28, Min: 16, Grow: 2},
	{Title: "STATUS", Width: 12},
	{Title: "SIZE", Width: 10, Right: true},
	{Title: "AGE", Width: 4, Right: true},
	{Title: "VOLUME", Width: 20, Min: 14, Grow: 1},
	{Title: "CREATED", Width: 19, Drop: 1},
	{Title: "ID", Width: 8, Drop: 2},
}

// HasSnapshots reports whether a place may have snapshots: a store that hearth made has none.
func HasSnapshots(at *place.Stay) bool {
	_, ok := at.Desk().Place.(store.Snapshotter)
	return ok && at.Info().Kind != core.PlaceEmbedded
}

// Snapshots makes the list of snapshots.
func Snapshots(host ui.Host, at *place.Stay, _ ui.Open) ui.Screen {
	return &snapshotsScreen{host: host, at: at, table: grid.New(snapshotColumns, host.Look().Grid())}
}

func (s *snapshotsScreen) Title() string { return "Snapshots" }
func (s *snapshotsScreen) Init() tea.Cmd { return s.load() }
func (s *snapshotsScreen) Restyle()      { s.table.SetStyles(s.host.Look().Grid()) }

func (s *snapshotsScreen) load() tea.Cmd {
	gen, p := s.Begin(), s.at.Desk().Place
	return s.Ask(s.host, func(ctx context.Context) tea.Msg {
		rows, err := snapshotsOf(ctx, p, "")
		return snapshotsMsg{gen, rows, err}
	})
}

// snapshotsOf lists the snapshots of a volume, or all, with the names of their volumes as far
// as the place tells them.
func snapshotsOf(ctx context.Context, p store.Place, of core.VolumeID) ([]core.Snapshot, error) {
	x, ok := p.(store.Snapshotter)
	if !ok {
		return nil, core.Fail(core.CodeUnsupported, "list the snapshots", "this kind of place keeps none", "", nil)
	}
	rows, err := x.Snapshots(ctx, of)
	if len(rows) == 0 {
		return rows, err
	}
	names := map[core.VolumeID]core.Opt[string]{}
	if of == "" {
		if page, err := p.Volumes(ctx, core.Query{}); err == nil { // without them ids are shown
			for i := range page.Rows {
				names[page.Rows[i].ID] = page.Rows[i].Name
			}
		}
	}
	for i := range rows {
		if !rows[i].VolumeName.Set {
			rows[i].VolumeName = names[rows[i].VolumeID]
		}
	}
	return rows, err
}

func (s *snapshotsScreen) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case ui.Changed:
		return s.load()
	case snapshotsMsg:
		err := msg.err
		if len(msg.rows) > 0 { // some are better than none, and it is said
			err = nil
		}
		cmd, ok := s.End(msg.gen, err)
		if !ok {
			return cmd
		}
		s.rows, s.short = msg.rows, msg.err
		s.table.SetSource(s)
		s.Resize(s.w, s.h)
	}
	return nil
}

// Len, Row and Key make the screen the table's source.
func (s *snapshotsScreen) Len() int         { return len(s.rows) }
func (s *snapshotsScreen) Key(i int) string { return string(s.rows[i].ID) }
func (s *snapshotsScreen) Row(i int) ([]grid.Cell, bool) {
	x, l := &s.rows[i], s.host.Look()
	return []grid.Cell{show.NameCell(l, x.Name), show.StatusCell(l, x.Status), {Text: show.GiB(x.Size)},
		{Text: l.Age(x.CreatedAt), Style: l.Dim},
		{Text: core.Visible(x.VolumeTitle()), Style: l.Dim}, {Text: l.Clock(x.CreatedAt), Style: l.Dim},
		{Text: core.Visible(x.ID.Short()), Style: l.Dim}}, true
}

func (s *snapshotsScreen) current() *core.Snapshot {
	if len(s.rows) == 0 {
		return nil
	}
	return &s.rows[s.table.Cursor()]
}

func (s *snapshotsScreen) Resize(w, h int) {
	s.w, s.h = w, h
	s.table.SetSize(w, max(min(len(s.rows)+1, h*2/3), 2))
}

func (s *snapshotsScreen) View(w, h int) string {
	l := s.host.Look()
	head := l.Accent.Paint(core.Count(len(s.rows), "snapshot"))
	if s.short != nil {
		head += l.Warn.Paint("  not the whole list: " + core.Visible(ui.WhatOf(s.short)))
	}
	if none := s.Missing(l, w); none != "" {
		return none
	}
	if len(s.rows) == 0 {
		return "\n" + strings.Join(ui.Hang("  ", l.Dim.Paint("there are no snapshots here"), w-2), "\n")
	}
	return ui.Clip(head, w) + "\n" + ui.SplitView(l, s.table, s.detail(), w, h-1)
}

// detail tells of the snapshot under the cursor.
func (s *snapshotsScreen) detail() []ui.Line {
	x, l := s.current(), s.host.Look()
	return []ui.Line{
		ui.FieldLine("name", show.Nullable(l, x.Name)),
		ui.FieldLine("description", show.Nullable(l, x.Description)),
		ui.FieldLine("of volume", show.NameAndID(l, x.VolumeName, string(x.VolumeID))),
		ui.FieldLine("made", l.Clock(x.CreatedAt)+" "+l.Zone()),
		ui.FieldLine("id", core.Visible(string(x.ID))),
	}
}

func (s *snapshotsScreen) none() string {
	if s.current() == nil {
		return "there is no snapshot under the cursor"
	}
	return ""
}

// noBackup says why no backup can be made from the snapshot under the cursor.
func (s *snapshotsScreen) noBackup() string {
	switch why := s.none(); {
	case why != "":
		return why
	case !s.at.Operates():
		return "this kind of place only keeps backups: nobody there would make one"
	}
	return ui.Either(s.current().CannotBackUp(), s.at.Cannot(core.OpCreate))
}

func (s *snapshotsScreen) Actions() []ui.Action {
	return append([]ui.Action{
		{Name: "new", Keys: []string{"n"}, Label: "back up", Why: s.noBackup,
			Help: "Make a backup of the volume as it was when the snapshot was made",
			Run:  func() tea.Cmd { return operator{s.host, s.at}.createFrom(s.current()) }},
		{Name: "volume-of-snapshot", Keys: []string{"enter"}, Label: "its volume", Help: "Go to the volume that it was made of", Why: s.none,
			Run: func() tea.Cmd { return ui.OpenFor("volume", string(s.current().VolumeID)) }},
		{Name: "details", Keys: []string{"w"}, Label: "details", Minor: true, Help: "Show all that is told of it", Why: s.none,
			Run: func() tea.Cmd {
				return ui.Show(&ui.TextBox{Title: "The snapshot", Lines: s.detail(), Look: s.host.Look()})
			}},
		ui.Copies(s.host, s.table, s.none, func(c *ui.Copying) { c.Whole(s.current().Object()) }),
		{Name: "reread", Keys: []string{"ctrl+r"}, Help: "Read it anew", Run: s.load},
	}, ui.TableMoves(s.table, func() tea.Cmd {
		s.Resize(s.w, s.h)
		return nil
	})...)
}
