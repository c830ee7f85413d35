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
	host  ui.Host
	at    *place.Stay
	m     *core.Morning
	lines []core.MorningLine
	err   error
	task  ui.TaskID // that reads
	// since is since when failures are named, and why: that of the first reading, till a look is
	// noted. Whoever reads it anew still sees what was new when he came.
	since time.Time
	why   string
	came  time.Time
	stale bool // something was changed since it was read
	table *grid.Model
	w, h  int
}

// morningMsg brings a reading.
type morningMsg struct {
	m    *core.Morning
	look bool // it was a look
	err  error
}

var dashboardColumns = []grid.Column{
	{Title: "", Width: 1},
	{Title: "", Width: 11},
	{Title: "", Width: 8, Right: true},
	{Title: "", Width: 30, Min: 10, Grow: 1},
}

// Dashboard makes the dashboard of a place.
func Dashboard(host ui.Host, at *place.Stay, _ ui.Open) ui.Screen {
	return &dashboard{host: host, at: at, table: grid.New(dashboardColumns, host.Look().Grid())}
}

func (s *dashboard) Title() string { return "Dashboard" }
func (s *dashboard) Init() tea.Cmd { return s.read(false) }
func (s *dashboard) Restyle()      { s.table.SetStyles(s.host.Look().Grid()) }

// read reads the place's lists, once each. It is no look unless it is asked for: who opens
// the screen by chance makes nothing that is new old.
func (s *dashboard) read(look bool) tea.Cmd {
	desk, since := s.at.Desk(), s.since
	id, cmd := s.at.Start(s.host, "looking at the place", place.Touching(s.at, "morning", "all"),
		func(ctx context.Context, progress jobs.Progress) ui.Result {
			m, err := desk.Morning(ctx, jobs.MorningRequest{Since: since, Look: look}, progress)
			if core.CodeOf(err) == core.CodeIncomplete { // it says so itself
				err = nil
			}
			r := ui.Result{Answer: morningMsg{m, look, err}}
			if err == nil && look && m.NotKept == "" {
				r.Note = ui.Note{Level: ui.LevelGood, Text: "It is noted that the place was looked at now: what fails from here on is new."}
			}
			return r
		})
	if id != 0 {
		s.task = id
	}
	return cmd
}

func (s *dashboard) reads() bool { return s.host.Task(s.task).Runs() }

func (s *dashboard) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case morningMsg:
		if msg.err != nil {
			s.err = msg.err
			return ui.Fail(msg.err)
		}
		s.m, s.err, s.stale, s.came = msg.m, nil, false, s.host.Look().Now
		s.lines = s.m.Lines()
		switch {
		case s.since.IsZero():
			s.since, s.why = s.m.Since, s.m.SinceWhy
		default:
			s.m.SinceWhy = s.why
		}
		if msg.look && s.m.NotKept == "" {
			s.since = time.Time{}
		}
		s.table.SetSource(s)
		s.Resize(s.w, s.h)
	case ui.Changed:
		s.stale = true
	case ui.TaskEndedMsg: // the room of its bar is free again
		s.Resize(s.w, s.h)
	}
	return nil
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

func (s *dashboard) noLine() string {
	if s.current() == nil {
		return "nothing has been read yet"
	}
	return ""
}

// noList says why no list opens from the line under the cursor, "" if one does.
func (s *dashboard) noList() string {
	l := s.current()
	switch {
	case l == nil:
		return s.noLine()
	case l.List == "drills":
		return "no screen lists drills; hearth drill --results does"
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
	if s.m == nil {
		return "nothing has been read yet"
	}
	return s.m.NotKept
}

func (s *dashboard) Actions() []ui.Action {
	return append([]ui.Action{
		{Name: "open", Keys: []string{"enter"}, Label: "open", Help: "Open the list that the number counts", Why: s.noList, Run: s.openList},
		{Name: "details", Keys: []string{"w"}, Label: "details", Help: "Show all that there is to say of the line", Why: s.noLine,
			Run: func() tea.Cmd {
				return ui.Show(&ui.TextBox{Title: s.current().Head, Lines: s.about(s.current(), s.host.Look().InDialog), Look: s.host.Look()})
			}},
		timelinesAction(),
		{Name: "looked", Keys: []string{"L"}, Label: "looked", Minor: true, Why: s.noLook,
			Help: "Note that the place was looked at now: what failed till now is no longer new, here and for hearth status",
			Run:  func() tea.Cmd { return s.read(true) }},
		ui.Copies(s.host, s.table, s.noLine, func(c *ui.Copying) { c.Called, c.Command = "code of the line", s.at.Command("status", nil) }),
		{Name: "reread", Keys: []string{"ctrl+r"}, Help: "Read it anew", Run: func() tea.Cmd { return s.read(false) }},
	}, ui.TableMoves(s.table, nil)...)
}

// timelinesAction opens the backups of all volumes in time.
func timelinesAction() ui.Action {
	return ui.Action{Name: "timelines", Keys: []string{"l"}, Label: "timelines", Help: "Show the backups of every volume in time, a line each",
		Run: func() tea.Cmd { return ui.OpenFor("timelines", "") }}
}
