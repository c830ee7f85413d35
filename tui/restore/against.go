package restore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/tui/grid"
	"hearth/tui/place"
	"hearth/tui/show"
	"hearth/tui/ui"
)

// againstScreen chooses what a backup or a volume is held against: a backup of its chain,
// any other one, a volume as it is now. What belongs to it comes first.
type againstScreen struct {
	chooser
	at *place.Stay
	ui.Read
	kind, id string // of what is held against another
	title    string // what that is called, "" until it is read
	all      []against
	rows     []against // those that fit what is typed
	more     int       // beyond those that were read
	short    string    // why there may be more yet, "" if not
	came     time.Time // when they came
	w, h     int
}

// against is something to be held against: a backup, or a volume as it is now.
type against struct {
	backup *core.Backup
	volume *core.Volume // with an id and a name alone where the list has not got it
	rank   int
	what   string // what it is to the one that is held against it
	doubt  bool   // that is taken for so
}

// againstMsg brings what there is.
type againstMsg struct {
	gen   ui.Generation
	title string
	all   []against
	more  int
	short string
	err   error
}

var againstColumns = []grid.Column{
	{Title: "WHAT", Width: 14, Min: 14},
	{Title: "NAME", Width: 34, Min: 20, Grow: 2},
	{Title: "STATUS", Width: 16, Min: 14, Drop: 2},
	{Title: "AGE", Width: 5, Right: true, Drop: 1},
	{Title: "ID", Width: 8, Drop: 3},
}

// Against makes the screen that chooses what the one it is opened for, "backup:ID" or
// "volume:ID", is held against.
func Against(host ui.Host, at *place.Stay, o ui.Open) ui.Screen {
	s := &againstScreen{chooser: newChooser(host, againstColumns), at: at}
	s.kind, s.id, _ = strings.Cut(o.ID, ":")
	s.fill = s.find
	return s
}

func (s *againstScreen) Title() string { return "Compare with…" }

// Init reads the backups and volumes that there are.
func (s *againstScreen) Init() tea.Cmd {
	gen, desk, kind, id := s.Begin(), s.at.Desk(), s.kind, s.id
	return s.host.Ask(func(ctx context.Context) tea.Msg {
		m := againstMsg{gen: gen}
		m.err = m.read(ctx, desk, kind, id)
		return m
	})
}

// read reads what there is and sorts it by what it is to the one that is compared.
func (m *againstMsg) read(ctx context.Context, desk jobs.Desk, kind, id string) error {
	whole := func(err error) error {
		if core.CodeOf(err) == core.CodeIncomplete {
			m.short, err = ui.WhatOf(err), nil
		}
		return err
	}
	backups, err := desk.Backups(ctx, core.Query{Limit: mostCandidates, Sort: []core.Order{{Column: "created", Desc: true}}})
	if whole(err) != nil {
		return err
	}
	volumes, err := desk.Volumes(ctx, core.Query{Limit: mostCandidates, Sort: []core.Order{{Column: "name"}}})
	if whole(err) != nil {
		return err
	}
	m.more = backups.Total - len(backups.Rows) + volumes.Total - len(volumes.Rows)
	if kind == core.SideVolume {
		v, err := desk.Place.Volume(ctx, core.VolumeID(id))
		m.title = v.Title() + " as it is"
		m.all = ofVolume(v.ID, backups.Rows, volumes.Rows)
		return err
	}
	b, err := desk.Place.Backup(ctx, core.BackupID(id))
	if err != nil {
		return err
	}
	m.title = b.Title()
	m.all = ofBackup(b, backups.Rows, volumes.Rows)
	return nil
}

// ofBackup is all that a backup can be held against: its volume, its chain, the volume's
// other backups, other backups, other volumes.
func ofBackup(b core.Backup, backups []core.Backup, volumes []core.Volume) (out []against) {
	parents := map[core.BackupID]core.BackupID{b.ID: b.ParentID}
	for i := range backups {
		if x := &backups[i]; x.ID != b.ID {
			parents[x.ID] = x.ParentID
		} else if b.ParentID == "" { // a list may know more of parents
			b.ParentID, b.ParentGuessed = x.ParentID, x.ParentGuessed
			parents[b.ID] = x.ParentID
		}
	}
	chain := rootOf(parents, b.ID)
	own := false
	for i := range volumes {
		a := against{volume: &volumes[i], rank: 5, what: "volume now"}
		if volumes[i].ID == b.VolumeID {
			a.rank, a.what, own = 0, "its volume now", true
		}
		out = append(out, a)
	}
	if !own && b.VolumeID != "" { // gone, or beyond those that were read
		out = append(out, against{volume: &core.Volume{ID: b.VolumeID, Name: b.VolumeName}, what: "its volume now"})
	}
	for i := range backups {
		x := &backups[i]
		a := against{backup: x, rank: 4, what: "backup"}
		switch {
		case x.ID == b.ID:
			continue
		case x.ID == b.ParentID:
			a.rank, a.what, a.doubt = 1, "its parent", b.ParentGuessed
		case rootOf(parents, x.ID) == chain:
			a.rank, a.what, a.doubt = 2, "same chain", x.ParentGuessed || b.ParentGuessed
		case x.VolumeID == b.VolumeID:
			a.rank, a.what = 3, "same volume"
		}
		out = append(out, a)
	}
	return ranked(out)
}

// ofVolume is all that a volume can be held against: its backups, the newest that is
// whole first; other volumes, other backups.
func ofVolume(id core.VolumeID, backups []core.Backup, volumes []core.Volume) (out []against) {
	newest := false
	for i := range backups {
		a := against{backup: &backups[i], rank: 3, what: "backup"}
		switch mine := backups[i].VolumeID == id; {
		case mine && !newest && backups[i].Status == core.StatusAvailable:
			a.rank, a.what, newest = 0, "its newest", true
		case mine:
			a.rank, a.what = 1, "its backup"
		}
		out = append(out, a)
	}
	for i := range volumes {
		if volumes[i].ID != id {
			out = append(out, against{volume: &volumes[i], rank: 2, what: "volume now"})
		}
	}
	return ranked(out)
}

// ranked puts what is nearest first; the rest stays as it was read.
func ranked(all []against) []against {
	slices.SortStableFunc(all, func(a, b against) int { return cmp.Compare(a.rank, b.rank) })
	return all
}

// rootOf is what the chain of a backup begins with, as far as it is known.
func rootOf(parents map[core.BackupID]core.BackupID, id core.BackupID) core.BackupID {
	for range len(parents) { // a circle ends, too
		parent := parents[id]
		if parent == "" {
			break
		}
		id = parent
	}
	return id
}

func (s *againstScreen) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case againstMsg:
		cmd, ok := s.End(msg.gen, msg.err)
		if ok {
			s.title, s.all, s.more, s.short, s.came = msg.title, msg.all, msg.more, msg.short, s.host.Look().Now
			s.find()
		}
		return cmd
	case tea.PasteMsg:
		return s.typed(msg)
	}
	return nil
}

// find chooses what fits what is typed: parts of what it is, of a name, id or status, of
// the name of a backup's volume.
func (s *againstScreen) find() {
	s.rows = nil
	wanted := s.wanted()
	for _, a := range s.all {
		fits := false
		if b := a.backup; b != nil {
			fits = wanted(a.what, b.Name.Or(""), string(b.ID), b.Status, b.VolumeName.Or(""))
		} else {
			fits = wanted(a.what, a.volume.Name.Or(""), string(a.volume.ID), a.volume.Status)
		}
		if fits {
			s.rows = append(s.rows, a)
		}
	}
	s.table.SetSource(s)
	s.table.Home()
}

// Len, Row and Key make the screen the table's source.
func (s *againstScreen) Len() int { return len(s.rows) }
func (s *againstScreen) Key(i int) string {
	if b := s.rows[i].backup; b != nil {
		return core.SideBackup + ":" + string(b.ID)
	}
	return core.SideVolume + ":" + string(s.rows[i].volume.ID)
}

func (s *againstScreen) Row(i int) ([]grid.Cell, bool) {
	l, a := s.host.Look(), s.rows[i]
	what := grid.Cell{Text: a.what}
	switch {
	case a.doubt:
		what = grid.Cell{Text: "? " + a.what, Style: l.Unknown}
	case a.rank == 0:
		what.Style = l.Accent
	}
	if b := a.backup; b != nil {
		return []grid.Cell{what, show.NameCell(l, b.Name), show.StatusCell(l, b.Status), {Text: l.Age(b.CreatedAt)},
			{Text: core.Visible(b.ID.Short()), Style: l.Dim}}, true
	}
	v := a.volume
	status := grid.Cell{Text: "not listed", Style: l.Dim}
	if v.Status != "" {
		status = show.StatusCell(l, v.Status)
	}
	return []grid.Cell{what, show.NameCell(l, v.Name), status, {}, {Text: core.Visible(v.ID.Short()), Style: l.Dim}}, true
}

func (s *againstScreen) Resize(w, h int) {
	s.w, s.h = w, h
	s.table.SetSize(w, max(h-3, 2))
}

func (s *againstScreen) View(w, h int) string {
	l := s.host.Look()
	about := l.Accent.Paint("Compare (or mark two in the list): " + core.Visible(ui.Either(s.title, core.Short(s.id))) + " with")
	if s.more > 0 {
		about += l.Warn.Paint(fmt.Sprintf(" (%s more are not listed)", show.Thousands(s.more)))
	}
	if s.short != "" {
		about += l.Warn.Paint(" (not the whole list: " + core.Visible(s.short) + ")")
	}
	if s.State == ui.Ready {
		about += show.AsOf(l, core.Some(s.came), false)
	}
	lines := []string{ui.Spread(ui.Clip(about, w), l.Dim.Paint("type to find"), w), l.Key.Paint("> ") + l.Input(s.field, w-2)}
	switch {
	case s.State == ui.Failed:
		lines = append(lines, ui.FailedView(l, s.Err, ui.KeyOf("chooser-back")+" goes back", w))
	case s.State != ui.Ready:
		lines = append(lines, "", "  "+l.Busy.Paint("◌ reading…"))
	case len(s.rows) == 0:
		lines = append(lines, "", "  "+l.Dim.Paint("no backup and no volume is like that"))
	default:
		lines = append(lines, s.table.View())
	}
	return strings.Join(lines, "\n")
}

// Actions are those while one types: it always does.
func (s *againstScreen) Actions() []ui.Action { return s.FieldActions() }

// FieldActions are the keys that are no text.
func (s *againstScreen) FieldActions() []ui.Action {
	return s.keys("Choosing what to compare with", "Show how the two differ", "Go back, and compare nothing", s.choose)
}

// choose opens the difference from the one under the cursor, in the chooser's place.
func (s *againstScreen) choose() tea.Cmd {
	if len(s.rows) == 0 {
		return ui.Say(ui.LevelWarn, "There is nothing under the cursor to compare with.")
	}
	ids := []string{s.kind + ":" + s.id, s.Key(s.table.Cursor())}
	if s.kind == core.SideVolume && s.rows[s.table.Cursor()].backup != nil { // what was captured first, then what is
		slices.Reverse(ids)
	}
	return tea.Sequence(ui.CloseScreen, ui.Opening(ui.Open{Screen: "diff", IDs: ids}))
}
