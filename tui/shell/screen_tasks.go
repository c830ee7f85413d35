package shell

import (
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"hearth/core"
	"hearth/tui/grid"
	"hearth/tui/ui"
)

// tasksScreen lists what runs, and what ran since the start.
type tasksScreen struct {
	host  seat
	table *grid.Model
	rows  []ui.TaskID // newest first
	w, h  int
}

var taskColumns = []grid.Column{
	{Title: "", Width: 1},
	{Title: "WHAT", Width: 28, Min: 20, Grow: 2},
	{Title: "STATE", Width: 9},
	{Title: "TOOK", Width: 5, Right: true},
	{Title: "ENDED", Width: 19, Drop: 1},
	{Title: "HOW FAR, OR HOW IT ENDED", Width: 30, Min: 24, Grow: 3},
}

// TaskList makes the list of tasks. It is the shell's own: its host is a seat.
func TaskList(h ui.Host, _ ui.Open) ui.Screen {
	s := &tasksScreen{host: h.(seat), table: grid.New(taskColumns, h.Look().Grid())}
	s.fill()
	return s
}

func (s *tasksScreen) Title() string { return "Tasks" }
func (s *tasksScreen) Init() tea.Cmd { return nil }
func (s *tasksScreen) Resume() tea.Cmd {
	s.fill()
	return nil
}
func (s *tasksScreen) Restyle() { s.table.SetStyles(s.host.Look().Grid()) }

// Update follows what begins and ends; how far each is is read when it is drawn.
func (s *tasksScreen) Update(tea.Msg) tea.Cmd {
	s.fill()
	return nil
}

// fill makes the rows: what runs first, then what ended, the newest first.
func (s *tasksScreen) fill() {
	key := s.table.Key()
	s.rows = nil
	for _, runs := range []bool{true, false} {
		list := s.host.app.tasks.list
		for i := len(list) - 1; i >= 0; i-- {
			if list[i].Runs() == runs {
				s.rows = append(s.rows, list[i].ID)
			}
		}
	}
	s.table.SetSource(s)
	for i := range s.rows {
		if s.Key(i) == key {
			s.table.Move(i)
		}
	}
	s.Resize(s.w, s.h)
}

// Len, Row and Key make the screen the table's source.
func (s *tasksScreen) Len() int         { return len(s.rows) }
func (s *tasksScreen) Key(i int) string { return fmt.Sprint(s.rows[i]) }
func (s *tasksScreen) Row(i int) ([]grid.Cell, bool) {
	l, t := s.host.Look(), s.host.Task(s.rows[i])
	glyph, look := taskGlyph(l, t.State)
	what := core.Visible(t.What)
	if t.Place != s.host.app.banner.Title {
		what += " (in " + core.Visible(t.Place) + ")"
	}
	ended, stands := "", grid.Cell{Text: howFar(l, t)}
	if !t.Runs() {
		ended, stands = l.Clock(core.Some(t.Ended)), grid.Cell{Text: core.Visible(t.Note.Text), Style: look}
	}
	return []grid.Cell{
		{Text: glyph, Style: look}, {Text: what}, {Text: string(t.State), Style: look}, {Text: took(l, t)},
		{Text: ended, Style: l.Dim}, stands,
	}, true
}

// taskGlyph is a sign and a look for how a task stands.
func taskGlyph(l ui.Look, s ui.TaskState) (string, grid.Style) {
	switch s {
	case ui.TaskDone:
		return "✓", l.Good
	case ui.TaskPartly, ui.TaskCancelled:
		return "!", l.Warn
	case ui.TaskFailed:
		return "✗", l.Bad
	}
	return "◌", l.Busy
}

// howFar draws how far a task that runs is: of how many, and what it is at.
func howFar(l ui.Look, t ui.Task) string {
	text := core.Visible(t.Step.Text)
	if pace := t.Pace.Text(l.Now); pace != "" {
		text = strings.TrimSpace(pace + "  " + text)
	}
	if t.Step.Amount() == "" {
		return text
	}
	return strings.TrimSpace(t.Step.Gauge(8, "█", "░") + " " + t.Step.Amount() + "  " + text)
}

// took is how long a task has run, or ran.
func took(l ui.Look, t ui.Task) string {
	end := t.Ended
	if t.Runs() {
		end = l.Now
	}
	return ui.Span(max(end.Sub(t.Began), time.Duration(0)))
}

func (s *tasksScreen) Resize(w, h int) {
	s.w, s.h = w, h
	s.table.SetSize(w, max(min(len(s.rows)+1, h/2), 2))
}

func (s *tasksScreen) View(w, h int) string {
	l := s.host.Look()
	if len(s.rows) == 0 {
		return "\n" +
			strings.Join(ui.Hang("  ", l.Dim.Paint("nothing has run since hearth was started: what takes long will stand here"), w-2), "\n")
	}
	return ui.SplitView(l, s.table, s.detail(), w, h)
}

// detail tells of the task under the cursor: how it ended, and each single thing.
func (s *tasksScreen) detail() []ui.Line {
	l, t := s.host.Look(), s.current()
	lines := []ui.Line{ui.TextLine(l.Accent.Paint(core.Visible(t.What)) +
		l.Dim.Paint("  in "+core.Visible(t.Place)+", begun "+l.Clock(core.Some(t.Began))))}
	switch {
	case t.Runs():
		lines = append(lines, ui.TextLine(t.Bar(l, 400)))
	case t.Note.Text != "":
		lines = append(lines,
			ui.Line{Sign: l.Level(t.Note.Level).Paint(t.Note.Level.Glyph() + " "), Value: l.Level(t.Note.Level).Paint(core.Visible(t.Note.Text))})
	}
	for _, key := range t.Items.Keys() {
		lines = append(lines,
			ui.Line{Sign: l.Dim.Paint("· "), Value: core.Visible(ansi.Truncate(key, 40, "…")) + l.Dim.Paint("  "+core.Visible(t.Items.At(key)))})
	}
	return lines
}

// current is the task under the cursor, the zero Task if there is none.
func (s *tasksScreen) current() ui.Task {
	if len(s.rows) == 0 {
		return ui.Task{}
	}
	return s.host.Task(s.rows[s.table.Cursor()])
}

func (s *tasksScreen) none() string {
	if len(s.rows) == 0 {
		return "nothing has run since hearth was started"
	}
	return ""
}

func (s *tasksScreen) Actions() []ui.Action {
	return append([]ui.Action{
		{Name: "look", Keys: []string{"enter"}, Label: "look", Help: "Show what it shows: its screen, or its message whole",
			Why: s.none, Run: s.look},
		{Name: "cancel-task", Keys: []string{"x"}, Label: "cancel", Help: "Cancel it", Why: func() string {
			if why := s.none(); why != "" {
				return why
			}
			switch s.current().State {
			case ui.TaskRunning:
				return ""
			case ui.TaskStopping:
				return "it is being cancelled already"
			}
			return "it has ended"
		}, Run: func() tea.Cmd { return s.host.app.stop(s.host.app.tasks.find(s.current().ID)) }},
		{Name: "log", Keys: []string{"l"}, Label: "log", Help: "Show its log: what it was at, and what became of each thing",
			Why: s.noLog, Run: s.log},
		{Name: "forget-tasks", Keys: []string{"d"}, Label: "forget what ended", Minor: true, Why: s.none,
			Help: "Take what has ended out of the list",
			Run: func() tea.Cmd {
				s.host.app.tasks.forget()
				s.fill()
				return nil
			}},
		ui.Copies(s.host, s.table, s.none, func(c *ui.Copying) {
			t := s.current()
			c.ID = "" // its number is known nowhere else
			c.Near("How it ended", t.Note.Text, "the message", t.Note.Text)
		}),
	}, ui.TableMoves(s.table, nil)...)
}

func (s *tasksScreen) noLog() string {
	if why := s.none(); why != "" {
		return why
	}
	if len(s.current().Log) == 0 {
		return "it has said nothing yet"
	}
	return ""
}

// log shows what a task has said, and how it ended.
func (s *tasksScreen) log() tea.Cmd {
	l, t := s.host.Look(), s.current()
	var lines []ui.Line
	say := func(at time.Time, text string) {
		lines = append(lines, ui.Line{Sign: l.Dim.Paint(l.Clock(core.Some(at)) + "  "), Value: l.InDialog.Paint(core.Visible(text))})
	}
	say(t.Began, t.What)
	for _, x := range t.Log {
		say(x.At, x.Text)
	}
	if !t.Runs() {
		say(t.Ended, ui.Either(t.Note.Text, string(t.State)))
	}
	return ui.Show(&ui.TextBox{Title: "Log", Lines: lines, Look: l})
}

// look shows a task: its own screen, else its message.
func (s *tasksScreen) look() tea.Cmd {
	b := s.host.app.tasks.find(s.current().ID)
	switch {
	case b.opens != nil && b.visit == s.host.visit:
		return func() tea.Msg { return ui.Push{Name: "task", Make: b.opens} }
	case b.Runs():
		return ui.Say(ui.LevelInfo, "It shows nothing but this while it runs.")
	}
	return ui.Show(ui.NoteBox(s.host.Look(), "Message", b.Note))
}
