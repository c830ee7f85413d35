package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/tui/grid"
)

// reportScreen shows a restore: how it gets on, and at its end whether the plan
// came true, field by field.
type reportScreen struct {
	*base
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

func newReport(b base, of *restoring) screen {
	s := &reportScreen{base: &b, of: of, table: grid.New(outcomeColumns, b.styles.grid())}
	s.fill()
	return s
}

func (s *reportScreen) title() string          { return "Restore of " + s.of.title }
func (s *reportScreen) init() tea.Cmd          { return nil }
func (s *reportScreen) update(tea.Msg) tea.Cmd { return nil }
func (s *reportScreen) restyle()               { s.table.SetStyles(s.styles.grid()) }

// weight puts first what wants to be looked at.
var weight = map[core.Came]int{core.CameNot: 0, core.CameUnknown: 1, core.CameExpected: 2, core.CameTrue: 3}

// fill takes the fields of the report.
func (s *reportScreen) fill() {
	s.rows = nil
	if s.of.report != nil {
		s.rows = slices.Clone(s.of.report.Fields)
	}
	slices.SortStableFunc(s.rows, func(a, b core.FieldOutcome) int { return weight[a.Came] - weight[b.Came] })
	s.table.SetSource(s)
	s.resize(s.w, s.h)
}

// Len, Row and Key make the screen the table's source.
func (s *reportScreen) Len() int         { return len(s.rows) }
func (s *reportScreen) Key(i int) string { return string(s.rows[i].Section) + s.rows[i].Name }
func (s *reportScreen) Row(i int) ([]grid.Cell, bool) {
	f, st := s.rows[i], s.styles
	sign, look := "✓", st.good
	switch f.Came {
	case core.CameNot:
		sign, look = "✗", st.bad
	case core.CameUnknown:
		sign, look = "?", st.unknown
	case core.CameExpected:
		sign, look = "~", st.changed
	}
	name := core.FieldPlan{Section: f.Section, Name: f.Name}
	return []grid.Cell{{Text: sign, Style: look}, {Text: fieldTitle(name)}, {Text: s.side(f.Name, f.Planned)}, {Text: s.side(f.Name, f.Actual)}, {Text: string(f.Came), Style: look}}, true
}

func (s *reportScreen) resize(w, h int) {
	s.w, s.h = w, h
	s.table.SetSize(w, max(min(len(s.rows)+1, h-len(s.head(w))-4), 2))
}

// head tells what goes where, and how far it is.
func (s *reportScreen) head(w int) []string {
	st, x := s.styles, s.of
	lines := []string{clip(st.accent.Paint(core.Visible(x.title))+st.dim.Paint(" → ")+st.accent.Paint(core.Visible(x.onto)), w)}
	switch {
	case x.over && x.err != nil:
		lines = append(lines, hang(st.bad.Paint("✗ "), st.bad.Paint(core.Visible(x.err.Error())), w)...)
	case x.over:
		lines = append(lines, hang(st.good.Paint("✓ "), st.good.Paint(core.Visible(x.report.Verdict())), w)...)
	default:
		at := "asking for it"
		if j := s.job; j != nil && j.id == x.job && j.step.Text != "" {
			at = j.step.Text
		}
		lines = append(lines, clip(st.busy.Paint("◌ "+core.Visible(at))+st.dim.Paint("  for "+span(s.desk.Now().Sub(x.began))), w))
	}
	if r := x.report; x.over && r.Plan != nil && r.Plan.Guess() {
		lines = append(lines, clip(st.warn.Paint("! the plan was a guess: no capture of the backup was known"), w))
	}
	return append(lines, "")
}

// below is what there is to say of the field under the cursor, and of a failure.
func (s *reportScreen) below() []line {
	st := s.styles
	var lines []line
	if len(s.rows) > 0 {
		if f := s.rows[s.table.Cursor()]; f.Why != "" {
			lines = append(lines, line{sign: st.dim.Paint("why: "), value: st.text.Paint(core.Visible(f.Why))})
		}
	}
	if r := s.of.report; r != nil {
		for i := range r.Messages {
			lines = append(lines, s.message(&r.Messages[i]))
		}
	}
	return lines
}

func (s *reportScreen) view(w, h int) string {
	head := strings.Join(s.head(w), "\n")
	rest := strings.Join(s.styles.lay(s.below(), w), "\n")
	switch {
	case len(s.rows) > 0:
		return head + "\n" + s.table.View() + "\n\n" + rest
	case !s.of.over:
		rest = s.styles.dim.Paint("The screens can be used meanwhile; W comes back here. Ctrl-C stops watching, the restore itself goes on.")
		return head + "\n" + strings.Join(wrap(rest, w), "\n")
	}
	return head + "\n" + rest
}

func (s *reportScreen) actions() []action {
	return append([]action{
		{keys: []string{"enter"}, label: "its volume", help: "Go to the volume", why: func() string {
			if s.of.report == nil || s.of.report.Volume == "" {
				return "it is not known yet"
			}
			return ""
		}, run: func() tea.Cmd { return open("volume", string(s.of.report.Volume)) }},
	}, tableMoves(s.table, nil)...)
}

// side is a value of a field before or after, for a cell.
func (a *app) side(name string, v core.Opt[pyjson.Value]) string {
	switch {
	case !v.Set:
		return ""
	case v.V.IsNull():
		return "-"
	case core.SecretFields.Has(name) && v.V.Truthy():
		return core.Masked
	case v.V.Kind() == pyjson.Bool:
		return map[bool]string{true: "yes", false: "no"}[v.V.Bool()]
	case v.V.Kind() == pyjson.Time:
		at, _ := v.V.Time()
		return a.clock(core.Some(at))
	}
	if s, ok := v.V.Str(); ok {
		if s == "" {
			return `""`
		}
		return core.Visible(s)
	}
	return core.Visible(pyjson.Text(v.V))
}
