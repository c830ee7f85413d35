package restore

import (
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/tui/grid"
	"hearth/tui/place"
	"hearth/tui/show"
	"hearth/tui/ui"
)

// reportScreen shows a restore: how it gets on, and at its end whether the plan
// came true, field by field.
type reportScreen struct {
	host  ui.Host
	at    *place.Stay
	of    *restoring
	table *grid.Model
	rows  []core.FieldOutcome
	w, h  int
}

var outcomeColumns = []grid.Column{
	{Title: "", Width: 1},
	{Title: "FIELD", Width: 22, Min: 16, Grow: 1},
	{Title: "PLANNED", Width: 20, Min: 12, Grow: 2},
	{Title: "IS NOW", Width: 20, Min: 12, Grow: 2},
	{Title: "OUTCOME", Width: 10},
}

func newReport(host ui.Host, at *place.Stay, of *restoring) ui.Screen {
	s := &reportScreen{host: host, at: at, of: of, table: grid.New(outcomeColumns, host.Look().Grid())}
	s.fill()
	return s
}

func (s *reportScreen) Title() string { return "Restore of " + s.of.title }
func (s *reportScreen) Init() tea.Cmd { return nil }
func (s *reportScreen) Update(msg tea.Msg) tea.Cmd {
	if m, ok := msg.(ui.TaskEndedMsg); ok && m.ID == s.of.task {
		s.fill()
	}
	return nil
}
func (s *reportScreen) Restyle() { s.table.SetStyles(s.host.Look().Grid()) }

// weight puts first what wants to be looked at.
var weight = map[core.Came]int{core.CameNot: 0, core.CameUnknown: 1, core.CameExpected: 2, core.CameTrue: 3}

// task is the restore as it stands, and how it ended where it has.
func (s *reportScreen) task() (ui.Task, restoredMsg) {
	t := s.host.Task(s.of.task)
	end, _ := t.Answer.(restoredMsg)
	return t, end
}

// fill takes the fields of the report.
func (s *reportScreen) fill() {
	s.rows = nil
	if _, end := s.task(); end.report != nil {
		s.rows = slices.Clone(end.report.Fields)
	}
	slices.SortStableFunc(s.rows, func(a, b core.FieldOutcome) int { return weight[a.Came] - weight[b.Came] })
	s.table.SetSource(s)
	s.Resize(s.w, s.h)
}

// Len, Row and Key make the screen the table's source.
func (s *reportScreen) Len() int         { return len(s.rows) }
func (s *reportScreen) Key(i int) string { return string(s.rows[i].Section) + s.rows[i].Name }
func (s *reportScreen) Row(i int) ([]grid.Cell, bool) {
	f, st := s.rows[i], s.host.Look()
	sign, look := "✓", st.Good
	switch f.Came {
	case core.CameNot:
		sign, look = "✗", st.Bad
	case core.CameUnknown:
		sign, look = "?", st.Unknown
	case core.CameExpected:
		sign, look = "~", st.Changed
	}
	name := core.FieldPlan{Section: f.Section, Name: f.Name}
	return []grid.Cell{
		{Text: sign, Style: look},
		{Text: show.FieldTitle(name)},
		{Text: show.SideText(s.host.Look(), f.Name, f.Planned)},
		{Text: show.ChangedText(s.host.Look(), f.Name, f.Planned, f.Actual)},
		{Text: string(f.Came), Style: look},
	}, true
}

func (s *reportScreen) Resize(w, h int) {
	s.w, s.h = w, h
	s.table.SetSize(w, max(min(len(s.rows)+1, h-len(s.head(w))-4), 2))
}

// head tells what goes where, and how far it is.
func (s *reportScreen) head(w int) []string {
	st, x := s.host.Look(), s.of
	task, end := s.task()
	lines := []string{ui.Clip(st.Accent.Paint(core.Visible(x.title))+st.Dim.Paint(" → ")+st.Accent.Paint(core.Visible(x.onto)), w)}
	switch {
	case !task.Runs() && end.err != nil:
		lines = append(lines, ui.Hang(st.Bad.Paint("✗ "), st.Bad.Paint(core.Visible(ui.Told(end.err))), w)...)
	case !task.Runs() && end.report != nil:
		lines = append(lines, ui.Hang(st.Good.Paint("✓ "), st.Good.Paint(core.Visible(end.report.Verdict())), w)...)
	case !task.Runs(): // it ended without a report, as by a fault of hearth's own
		lines = append(lines, ui.Hang(st.Bad.Paint("✗ "), st.Bad.Paint(core.Visible(task.Note.Text)), w)...)
	default:
		at := ui.Either(task.Step.Text, "asking for it")
		lines = append(lines, ui.Clip(st.Busy.Paint("◌ "+core.Visible(at))+st.Dim.Paint("  for "+ui.Span(st.Now.Sub(task.Began))), w))
	}
	if r := end.report; r != nil && r.Plan != nil && r.Plan.Today() {
		lines = append(lines, ui.Clip(st.Warn.Paint("! the plan was a guess: no capture of the backup was known"), w))
	}
	return append(lines, "")
}

// below is what there is to say of the field under the cursor, and of a failure.
func (s *reportScreen) below() []ui.Line {
	st := s.host.Look()
	var lines []ui.Line
	if len(s.rows) > 0 {
		if f := s.rows[s.table.Cursor()]; f.Why != "" {
			lines = append(lines, ui.Line{Sign: st.Dim.Paint("why: "), Value: st.Text.Paint(core.Visible(f.Why))})
		}
	}
	if _, end := s.task(); end.report != nil {
		r := end.report
		for i := range r.Messages {
			lines = append(lines, show.Message(s.host.Look(), &r.Messages[i]))
		}
	}
	return lines
}

func (s *reportScreen) View(w, h int) string {
	head := strings.Join(s.head(w), "\n")
	rest := strings.Join(s.host.Look().Lay(s.below(), w), "\n")
	switch {
	case len(s.rows) > 0:
		return head + "\n" + s.table.View() + "\n\n" + rest
	case s.running():
		rest = s.host.Look().Dim.Paint("The screens can be used meanwhile; " + ui.KeyOf("go-tasks") +
			" leads back here. " + ui.KeyOf("interrupt") + " stops watching, the restore itself goes on.")
		return head + "\n" + strings.Join(ui.Wrap(rest, w), "\n")
	}
	return head + "\n" + rest
}

func (s *reportScreen) Actions() []ui.Action {
	return append([]ui.Action{
		{Name: "volume-restored", Keys: []string{"enter"}, Label: "its volume", Help: "Go to the volume", Why: func() string {
			if s.volume() == "" {
				return "it is not known yet"
			}
			return ""
		}, Run: func() tea.Cmd { return ui.OpenFor("volume", string(s.volume())) }},
		s.copies(),
		{Name: "delete-left", Keys: []string{"D"}, Label: "delete the volume", Minor: true, Why: s.noneLeft,
			Help: "Delete the volume that was made for a restore which was cancelled", Run: s.deleteLeft},
	}, ui.TableMoves(s.table, nil)...)
}

// copies is the key that copies the field under the cursor and how it came out, the volume, the
// row or the whole report.
func (s *reportScreen) copies() ui.Action {
	a := ui.Copies(s.host, s.table, nil, func(c *ui.Copying) {
		c.Called, c.ID = "id of the volume", string(s.volume())
		text := s.fieldText()
		c.Near("The field under the cursor", text, "the field", text)
		if _, end := s.task(); end.report != nil {
			c.Near("The report as JSON", "", "the report as JSON", pyjson.Indent(pyjson.OfDict(end.report.Object())))
		}
	})
	a.Name, a.Help = "copy-field", "Copy the field under the cursor and how it came out, the volume's id, the row or the report as JSON"
	return a
}

// fieldText is the field under the cursor, and how it came out.
func (s *reportScreen) fieldText() string {
	f, l := &s.rows[s.table.Cursor()], s.host.Look()
	side := func(v core.Opt[pyjson.Value]) string { return ui.Either(show.SideText(l, f.Name, v), "not there") }
	why := ""
	if f.Why != "" {
		why = "; " + core.Visible(f.Why)
	}
	return fmt.Sprintf("%s: planned %s, is now %s (%s%s)", show.FieldTitle(core.FieldPlan{Section: f.Section, Name: f.Name}),
		side(f.Planned), side(f.Actual), f.Came, why)
}

// running reports whether the restore goes on.
func (s *reportScreen) running() bool {
	t, _ := s.task()
	return t.Runs()
}

// volume is what was restored into, "" while that is not known.
func (s *reportScreen) volume() core.VolumeID {
	if _, end := s.task(); end.report != nil {
		return end.report.Volume
	}
	return ""
}
