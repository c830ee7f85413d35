package morning

import (
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

// timeline is a volume's backups in time: a picture with a cell a day, and a line a backup.
type timeline struct {
	host   ui.Host
	at     *place.Stay
	volume core.VolumeID
	name   string
	ref    core.BackupID // the backup that it was opened for; "": none
	ui.Read
	t     jobs.VolumeTime
	came  time.Time
	table *grid.Model
	w, h  int
}

type timelineMsg struct {
	gen ui.Generation
	t   jobs.VolumeTime
	err error
}

var timelineColumns = []grid.Column{
	{Title: "BEGUN", Width: 19},
	{Title: "KIND", Width: 5},
	{Title: "STATUS", Width: 16},
	{Title: "SIZE", Width: 9, Right: true, Drop: 2},
	{Title: "TOOK", Width: 5, Right: true, Drop: 3},
	{Title: "AFTER", Width: 14},
	{Title: "PROVEN", Width: 9, Drop: 1},
	{Title: "NAME", Width: 20, Min: 12, Grow: 2, Ends: true, Drop: 4},
	{Title: "ID", Width: 8, Drop: 5},
}

// Timeline makes the screen of a volume's backups in time; Tab is the backup to begin at.
func Timeline(host ui.Host, at *place.Stay, o ui.Open) ui.Screen {
	return &timeline{host: host, at: at, volume: core.VolumeID(o.ID), ref: core.BackupID(o.Tab),
		table: grid.New(timelineColumns, host.Look().Grid())}
}

func (s *timeline) Title() string {
	if s.name != "" {
		return "Timeline of " + core.Visible(s.name)
	}
	return "Timeline of " + core.Visible(s.volume.Short())
}
func (s *timeline) Init() tea.Cmd   { return s.load() }
func (s *timeline) Resume() tea.Cmd { return s.load() }
func (s *timeline) Restyle()        { s.table.SetStyles(s.host.Look().Grid()) }

func (s *timeline) load() tea.Cmd {
	gen, desk, volume := s.Begin(), s.at.Desk(), s.volume
	return s.Ask(s.host, func(ctx context.Context) tea.Msg {
		t, err := desk.VolumeTime(ctx, volume)
		return timelineMsg{gen, t, err}
	})
}

func (s *timeline) Update(msg tea.Msg) tea.Cmd {
	m, ok := msg.(timelineMsg)
	if !ok {
		return nil
	}
	first, key := s.State != ui.Ready, s.table.Key()
	cmd, ok := s.End(m.gen, m.err)
	if !ok {
		return cmd
	}
	s.t, s.name, s.came = m.t, m.t.Name.Or(""), s.host.Look().Now
	s.table.SetSource(s)
	s.Resize(s.w, s.h)
	if first {
		s.table.End()
		key = string(s.ref)
	}
	for i := range s.t.Points {
		if key != "" && s.Key(i) == key {
			s.table.Move(i)
		}
	}
	return nil
}

// Len, Row and Key make the screen the table's source.
func (s *timeline) Len() int         { return len(s.t.Points) }
func (s *timeline) Key(i int) string { return string(s.t.Points[i].Backup.ID) }
func (s *timeline) Row(i int) ([]grid.Cell, bool) {
	st, p := s.host.Look(), &s.t.Points[i]
	kind, took, after := grid.Cell{Text: "full"}, "", grid.Cell{}
	if p.Backup.Incremental {
		kind = grid.Cell{Text: "incr", Style: st.Dim}
	}
	if p.Took.Set {
		took = ui.Span(p.Took.V)
	}
	if p.Waited > 0 {
		after = grid.Cell{Text: "! " + core.Lasting(p.Waited) + " gap", Style: st.Warn}
	}
	return []grid.Cell{{Text: st.Clock(core.Some(p.At))}, kind, show.StatusCell(st, p.Backup.Status), {Text: show.GiB(p.Backup.Size)},
		{Text: took}, after, s.proven(p.Backup.ID), show.BackupName(st, &p.Backup),
		{Text: core.Visible(p.Backup.ID.Short()), Style: st.Dim}}, true
}

// proven is what the last drill has shown of a backup.
func (s *timeline) proven(id core.BackupID) grid.Cell {
	st := s.host.Look()
	d, ok := s.t.Drills[id]
	switch {
	case s.t.NoDrills != "":
		return grid.Cell{Text: "?", Style: st.Unknown}
	case !ok:
		return grid.Cell{Text: "-", Style: st.Dim}
	case d.Verdict.Good():
		return grid.Cell{Text: "✓ " + st.Age(core.Some(d.At)) + " ago", Style: st.Good}
	}
	return grid.Cell{Text: "✗ " + st.Age(core.Some(d.At)) + " ago", Style: st.Bad}
}

func (s *timeline) current() *core.Point {
	if len(s.t.Points) == 0 {
		return nil
	}
	return &s.t.Points[s.table.Cursor()]
}

func (s *timeline) none() string {
	if s.current() == nil {
		return "there is no backup under the cursor"
	}
	return ""
}

// next finds the nearest point in a direction that is of a kind.
func (s *timeline) next(by int, is func(*core.Point) bool) int {
	for i := s.table.Cursor() + by; i >= 0 && i < len(s.t.Points); i += by {
		if is(&s.t.Points[i]) {
			return i
		}
	}
	return -1
}

func isFull(p *core.Point) bool   { return !p.Backup.Incremental }
func afterGap(p *core.Point) bool { return p.Waited > 0 }

// jump is an action that goes to the nearest point of a kind.
func (s *timeline) jump(a ui.Action, by int, what string, is func(*core.Point) bool) ui.Action {
	a.Group = "Moving"
	a.Why = func() string {
		if s.next(by, is) < 0 {
			return "there is no " + what + map[bool]string{true: " after this", false: " before this"}[by > 0]
		}
		return ""
	}
	a.Run = func() tea.Cmd {
		s.table.Move(s.next(by, is))
		return nil
	}
	return a
}

func (s *timeline) Actions() []ui.Action {
	any := func(*core.Point) bool { return true }
	return append([]ui.Action{
		{Name: "preview-here", Keys: []string{"enter", "r"}, Label: "restore from here", Why: s.none,
			Help: "Preview what a restore from this point would change", Run: func() tea.Cmd {
				return ui.Opening(ui.Open{Screen: "backup", ID: string(s.current().Backup.ID), Tab: "restore"})
			}},
		{Name: "its-volume", Keys: []string{"V"}, Help: "Go to its volume",
			Run: func() tea.Cmd { return ui.OpenFor("volume", string(s.volume)) }},
		s.jump(ui.Action{Name: "earlier", Keys: []string{"left"}, Help: "To the backup before"}, -1, "backup", any),
		s.jump(ui.Action{Name: "later", Keys: []string{"right"}, Help: "To the backup after"}, 1, "backup", any),
		s.jump(ui.Action{Name: "next-full", Keys: []string{"f"}, Label: "next full", Minor: true, Help: "To the next full one"}, 1,
			"full one", isFull),
		s.jump(ui.Action{Name: "previous-full", Keys: []string{"F"}, Help: "To the full one before"}, -1, "full one", isFull),
		s.jump(ui.Action{Name: "next-gap", Keys: []string{"o"}, Label: "next gap", Minor: true, Help: "To the end of the next gap"}, 1,
			"gap", afterGap),
		s.jump(ui.Action{Name: "previous-gap", Keys: []string{"O"}, Help: "To the end of the gap before"}, -1, "gap", afterGap),
		ui.Copies(s.host, s.table, s.none, s.at.CopyBackup),
		{Name: "reread", Keys: []string{"ctrl+r"}, Help: "Read it anew", Run: s.load},
	}, ui.TableMoves(s.table, nil)...)
}

// pictured is how many lines the picture takes, with what is said of the point.
const pictured = 10

func (s *timeline) Resize(w, h int) {
	s.w, s.h = w, h
	if h < ui.LowRoom {
		s.table.SetSize(w, max(h-1, 2))
		return
	}
	s.table.SetSize(w, max(min(len(s.t.Points)+1, h-len(s.head(w))-pictured), 2))
}

// head is what the picture rests on.
func (s *timeline) head(w int) []string {
	st := s.host.Look()
	text := ""
	if s.t.Rhythm.Known {
		text = st.Text.Paint("usually one each "+core.Lasting(s.t.Rhythm.V)) + st.Dim.Paint(", ") + s.gaps()
	} else {
		text = st.Unknown.Paint("? its rhythm is unknown: " + s.t.Rhythm.Why)
	}
	lines := ui.Head(st.Accent.Paint(core.Count(len(s.t.Points), "backup"))+st.Dim.Paint(", ")+text+
		show.AsOf(st, core.Some(s.came), false), w)
	if s.t.Short != "" {
		lines = append(lines, ui.Clip(st.Warn.Paint("! not all may be here: "+core.Visible(s.t.Short)), w))
	}
	if s.t.Undated > 0 {
		undated := "? " + core.Count(s.t.Undated, "backup") + " more, of which nobody knows when they were begun"
		lines = append(lines, ui.Clip(st.Unknown.Paint(undated), w))
	}
	return lines
}

// gaps says how many gaps there are, and whether one goes on.
func (s *timeline) gaps() string {
	st, n := s.host.Look(), len(s.t.Gaps)
	switch {
	case n == 0:
		return st.Good.Paint("no gaps")
	case s.t.Gaps[n-1].Open:
		return st.Bad.Paint(core.Count(n, "gap") + ", and none for " + core.Lasting(s.t.Gaps[n-1].Lasts()) + " now")
	}
	return st.Warn.Paint(core.Count(n, "gap"))
}

func (s *timeline) View(w, h int) string {
	st := s.host.Look()
	if none := s.Missing(st, w); none != "" {
		return none
	}
	switch {
	case len(s.t.Points) == 0:
		return strings.Join(append(s.head(w), "", "  "+st.Dim.Paint("this volume has no backups whose time is known")), "\n")
	case h < ui.LowRoom:
		return s.head(w)[0] + "\n" + s.table.View()
	}
	out := append(s.head(w), s.picture(w)...)
	return strings.Join(append(out, s.table.View()), "\n")
}

// says tells of the point under the cursor: what it stands on, and what is known of it.
func (s *timeline) says(w int) string {
	st, p := s.host.Look(), s.current()
	var parts []string
	if why := p.Backup.FailReason.Or(""); why != "" {
		parts = append(parts, st.Bad.Paint("✗ "+core.Visible(why)))
	}
	switch {
	case !p.Backup.Incremental:
		n := 0
		for _, in := range s.t.Chain(s.table.Cursor()) {
			if in {
				n++
			}
		}
		parts = append(parts, st.Text.Paint("full, "+core.Count(n-1, "incremental")+" on it"))
	case p.Base == "":
		parts = append(parts, st.Unknown.Paint("? which full one it stands on is not known, or that is not here"))
	default:
		i := slices.IndexFunc(s.t.Points, func(x core.Point) bool { return x.Backup.ID == p.Base })
		if i >= 0 {
			parts = append(parts, st.Text.Paint("stands on the full one of "+st.Clock(core.Some(s.t.Points[i].At))[:10]))
		}
	}
	if p.Backup.ParentGuessed {
		parts = append(parts, st.Unknown.Paint("? its parent is a guess: the newest one before it"))
	}
	if p.Took.Set {
		parts = append(parts, st.Dim.Paint("took "+core.Lasting(p.Took.V)+" at most"))
	}
	if d, ok := s.t.Drills[p.Backup.ID]; ok {
		parts = append(parts, st.Text.Paint("drill: "+core.Visible(d.Says())))
	} else if s.t.NoDrills != "" {
		parts = append(parts, st.Unknown.Paint("? drills are unknown: "+core.Visible(s.t.NoDrills)))
	}
	return ui.Clip(strings.Join(parts, st.Dim.Paint("; ")), w)
}

// count is a number of things of a day in a cell.
func count(n int, one string) string {
	switch {
	case n == 0:
		return " "
	case n == 1:
		return one
	case n < 10:
		return fmt.Sprint(n)
	}
	return "+"
}
