package morning

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/tui/grid"
	"hearth/tui/place"
	"hearth/tui/ui"
)

// dashboard is the numbers of hearth status, each of which opens the list that it counts.
type dashboard struct {
	reading[looked]
	lines []core.MorningLine
	// since is since when failures are named, and why: that of the first reading, till a look is
	// noted. Whoever reads it anew still sees what was new when he came.
	since time.Time
	why   string
	table *grid.Model
	w, h  int
}

// looked is the morning of a place, and whether reading it was a look.
type looked struct {
	*core.Morning
	look bool
}

var dashboardColumns = []grid.Column{
	{Title: "", Width: 1},
	{Title: "", Width: 11},
	{Title: "", Width: 8, Right: true},
	{Title: "", Width: 30, Min: 10, Grow: 1},
}

// Dashboard makes the dashboard of a place.
func Dashboard(host ui.Host, at *place.Stay, _ ui.Open) ui.Screen {
	return &dashboard{reading: newReading[looked](host, at, toRead), table: grid.New(dashboardColumns, host.Look().Grid())}
}

func (s *dashboard) Title() string { return "Dashboard" }
func (s *dashboard) Init() tea.Cmd { return s.read(false) }
func (s *dashboard) Restyle()      { s.table.SetStyles(s.host.Look().Grid()) }

// read reads the place's lists, once each. It is no look unless it is asked for: who opens
// the screen by chance makes nothing that is new old.
func (s *dashboard) read(look bool) tea.Cmd {
	since := s.since
	return s.beginAnd("looking at the place", "morning",
		func(ctx context.Context, desk jobs.Desk, progress jobs.Progress) (looked, error) {
			m, err := desk.Morning(ctx, jobs.MorningRequest{Since: since, Look: look}, progress)
			return looked{m, look}, saysItself(err)
		}, func(m *looked) (n ui.Note) {
			if look && m.NotKept == "" {
				n = ui.Note{Level: ui.LevelGood, Text: "It is noted that the place was looked at now: what fails from here on is new."}
			}
			return n
		})
}

func (s *dashboard) Update(msg tea.Msg) tea.Cmd {
	cmd, fresh := s.hear(msg)
	if fresh {
		s.fill()
	}
	s.Resize(s.w, s.h)
	return cmd
}

// fill takes a reading.
func (s *dashboard) fill() {
	m := s.got
	s.lines = m.Lines()
	switch {
	case s.since.IsZero():
		s.since, s.why = m.Since, m.SinceWhy
	default:
		m.SinceWhy = s.why
	}
	if m.look && m.NotKept == "" {
		s.since = time.Time{}
	}
	s.table.SetSource(s)
}

// Len, Row and Key make the screen the table's source.
func (s *dashboard) Len() int         { return len(s.lines) }
func (s *dashboard) Key(i int) string { return s.lines[i].Code }
func (s *dashboard) Row(i int) ([]grid.Cell, bool) {
	l := &s.lines[i]
	sign, look := signOf(s.host.Look(), l.Level)
	return []grid.Cell{{Text: sign, Style: look}, {Text: l.Head, Style: look}, {Text: l.Count, Style: look},
		{Text: core.Visible(l.Text)}}, true
}

// signOf is how a line of a level begins, so that it is read without colour too.
func signOf(l ui.Look, level core.MorningLevel) (string, grid.Style) {
	switch level {
	case core.MorningGood:
		return "✓", l.Good
	case core.MorningBad:
		return "✗", l.Bad
	case core.MorningUnknown:
		return "?", l.Unknown
	}
	return "·", l.Text
}

func (s *dashboard) current() *core.MorningLine {
	if len(s.lines) == 0 {
		return nil
	}
	return &s.lines[s.table.Cursor()]
}

// noList says why no list opens from the line under the cursor, "" if one does.
func (s *dashboard) noList() string {
	l := s.current()
	switch {
	case l == nil:
		return s.unread()
	case l.List == "":
		return "this line counts no list"
	}
	return ""
}

// openList opens the list that the line counts, by the same filter.
func (s *dashboard) openList() tea.Cmd {
	l := s.current()
	if l.List == "coverage" {
		return ui.OpenFor("archive", "")
	}
	return ui.Opening(ui.Open{Screen: l.List, Filter: l.Filter})
}

// noLook says why a look cannot be noted, "" if it can.
func (s *dashboard) noLook() string {
	if s.got == nil {
		return s.unread()
	}
	return s.got.NotKept
}

func (s *dashboard) Actions() []ui.Action {
	return append([]ui.Action{
		{Name: "open", Keys: []string{"enter"}, Label: "open", Help: "Open the list that the number counts", Why: s.noList, Run: s.openList},
		{Name: "details", Keys: []string{"w"}, Label: "details", Help: "Show all that there is to say of the line", Why: s.unread,
			Run: func() tea.Cmd {
				return ui.Show(&ui.TextBox{Title: s.current().Head, Lines: s.about(s.current(), s.host.Look().InDialog), Look: s.host.Look()})
			}},
		timelinesAction(),
		{Name: "looked", Keys: []string{"L"}, Label: "looked", Minor: true, Why: s.noLook,
			Help: "Note that the place was looked at now: what failed till now is no longer new, here and for hearth status",
			Run:  func() tea.Cmd { return s.read(true) }},
		ui.Copies(s.host, s.table, s.unread, func(c *ui.Copying) { c.Called, c.Command = "code of the line", s.at.Command("status", nil) }),
		{Name: "reread", Keys: []string{"ctrl+r"}, Help: "Read it anew", Run: func() tea.Cmd { return s.read(false) }},
	}, ui.TableMoves(s.table, nil)...)
}

// timelinesAction opens the backups of all volumes in time.
func timelinesAction() ui.Action {
	return ui.Action{Name: "timelines", Keys: []string{"l"}, Label: "timelines", Help: "Show the backups of every volume in time, a line each",
		Run: func() tea.Cmd { return ui.OpenFor("timelines", "") }}
}
