package restore

import (
	"context"
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

// diffScreen holds two things against each other, field by field: what two backups
// captured, a volume as it is, what two restores come to.
type diffScreen struct {
	host ui.Host
	at   *place.Stay
	ui.Read
	of      [2]side
	older   bool // of two backups the older one is the first, however they were marked
	turned  bool // by hand
	table   *grid.Model
	diff    *core.Diff // nil until it is here
	rows    []core.FieldDiff
	folded  string // how many fields are not shown, in words
	reasons bool   // there is a column for them
	all     bool
	w, h    int
}

// side reads one of the two.
type side func(context.Context) (core.DiffSide, error)

// diffMsg brings both.
type diffMsg struct {
	gen  ui.Generation
	diff core.Diff
	err  error
}

var diffColumns = []grid.Column{
	{Title: "", Width: 1},
	{Title: "FIELD", Width: 22, Min: 14, Grow: 1},
	{Title: "FIRST", Width: 24, Min: 14, Grow: 2},
	{Title: "SECOND", Width: 24, Min: 14, Grow: 2},
	{Title: "BECAUSE", Width: 40, Min: 20, Grow: 3, Drop: 1},
}

// Diff makes the screen of a difference between two things that are opened by what
// they are and their ids, as "backup:ID" and "volume:ID".
func Diff(host ui.Host, at *place.Stay, o ui.Open) ui.Screen {
	desk := at.Desk()
	var of [2]side
	for i := range of {
		word := ""
		if i < len(o.IDs) {
			word = o.IDs[i]
		}
		kind, id, _ := strings.Cut(word, ":")
		of[i] = func(ctx context.Context) (core.DiffSide, error) { return desk.BackupSide(ctx, core.BackupID(id)) }
		if kind == core.SideVolume {
			of[i] = func(ctx context.Context) (core.DiffSide, error) { return desk.VolumeSide(ctx, core.VolumeID(id)) }
		}
	}
	s := newDiff(host, at, of)
	s.older = true
	return s
}

func newDiff(host ui.Host, at *place.Stay, of [2]side) *diffScreen {
	return &diffScreen{host: host, at: at, of: of, reasons: true, table: grid.New(diffColumns, host.Look().Grid())}
}

func (s *diffScreen) Title() string   { return "Difference" }
func (s *diffScreen) Init() tea.Cmd   { return s.load() }
func (s *diffScreen) Resume() tea.Cmd { return s.load() }
func (s *diffScreen) Restyle()        { s.table.SetStyles(s.host.Look().Grid()) }

func (s *diffScreen) load() tea.Cmd {
	gen, of, older, turned := s.Begin(), s.of, s.older, s.turned
	return s.Ask(s.host, func(ctx context.Context) tea.Msg {
		a, err := of[0](ctx)
		if err != nil {
			return diffMsg{gen: gen, err: err}
		}
		b, err := of[1](ctx)
		if (older && a.Younger(&b)) != turned {
			a, b = b, a
		}
		return diffMsg{gen: gen, diff: core.DiffOf(a, b), err: err}
	})
}

func (s *diffScreen) Update(msg tea.Msg) tea.Cmd {
	m, ok := msg.(diffMsg)
	if !ok {
		return nil
	}
	cmd, ok := s.End(m.gen, m.err)
	if ok {
		s.diff = &m.diff
		s.fill()
	}
	return cmd
}

// fill chooses the rows.
func (s *diffScreen) fill() {
	s.rows, s.folded = s.diff.Shown(s.all)
	reasons := slices.ContainsFunc(s.rows, func(f core.FieldDiff) bool { return f.Because != "" })
	if reasons != s.reasons { // the column's room is of use to the values
		s.reasons = reasons
		s.table = grid.New(diffColumns[:len(diffColumns)-1+map[bool]int{true: 1}[reasons]], s.host.Look().Grid())
	}
	s.table.SetSource(s)
	s.Resize(s.w, s.h)
}

// Len, Row and Key make the screen the table's source.
func (s *diffScreen) Len() int         { return len(s.rows) }
func (s *diffScreen) Key(i int) string { return string(s.rows[i].Section) + s.rows[i].Name }
func (s *diffScreen) Row(i int) ([]grid.Cell, bool) {
	l, f := s.host.Look(), &s.rows[i]
	sign, look := diffLook(l, f)
	a, second := knownText(l, f, &f.A), knownText(l, f, &f.B)
	if a == core.Masked && second == a && f.Verdict == core.DiffDiffers { // nobody sees it otherwise
		second += ", changed"
	}
	b := grid.Cell{Text: second, Style: look}
	if f.Verdict == core.DiffSame && f.Certainty != core.OneOf {
		b = grid.Cell{Text: "the same", Style: look}
	}
	cells := []grid.Cell{{Text: sign, Style: look}, {Text: diffTitle(f)}, {Text: a}, b}
	if s.reasons {
		cells = append(cells, grid.Cell{Text: core.Visible(f.Because), Style: l.Dim})
	}
	return cells, true
}

// diffLook is a sign and a look for how a field differs.
func diffLook(l ui.Look, f *core.FieldDiff) (string, grid.Style) {
	switch {
	case f.Verdict == core.DiffUnknown:
		return "?", l.Unknown
	case f.Certainty == core.Assumed:
		return "≈", l.Unknown
	}
	switch f.Verdict {
	case core.DiffGone:
		return "-", l.Removed
	case core.DiffDiffers:
		return "~", l.Changed
	case core.DiffNew:
		return "+", l.Added
	}
	return "=", l.Kept
}

// diffTitle is what people call the field.
func diffTitle(f *core.FieldDiff) string {
	if f.Name == "" && f.Section != core.BaseSection {
		return f.Section.Title()
	}
	return show.FieldTitle(core.FieldPlan{Section: f.Section, Name: f.Name})
}

// knownText is what is known of a field of one side, in words where that is not one
// value for certain.
func knownText(l ui.Look, f *core.FieldDiff, k *core.Know) string {
	one := func(v core.Opt[pyjson.Value]) string {
		switch {
		case !v.Set:
			return "not there"
		case f.Name == "" && f.Section != core.BaseSection:
			return "empty"
		}
		return show.SideText(l, f.Name, v)
	}
	if text := unsureText(k.Certainty, k.Value, k.Possible, one); text != "" {
		return text
	}
	return one(k.Value)
}

// head is what stands above the table: what the difference comes to; the two.
func (s *diffScreen) head(w, h int) []string {
	l, d := s.host.Look(), s.diff
	lines := answerLines(l, d.Headline(), w, 1)
	if h >= ui.LowRoom {
		lines = append(lines, l.Border.Paint(strings.Repeat("─", max(w, 0))))
	}
	for _, x := range []struct {
		word string
		side *core.DiffSide
	}{{"first   ", &d.A}, {"second  ", &d.B}} {
		text := l.Dim.Paint(x.word) + l.Accent.Paint(core.Visible(x.side.Title)) + l.Dim.Paint("  "+core.Visible(x.side.About))
		lines = append(lines, ui.Clip(text, w))
	}
	if h >= ui.LowRoom {
		lines = append(lines, "")
	}
	return lines
}

// foot is what stands below: what is folded, why the row under the cursor is not
// certain, and what is not known besides.
func (s *diffScreen) foot(w, h int) (lines []string) {
	l, d := s.host.Look(), s.diff
	if s.folded != "" {
		lines = append(lines, l.Dim.Paint("  "+s.folded+": "+ui.KeyOf("show-all")+" shows them"))
	}
	if len(s.rows) > 0 {
		if f := &s.rows[s.table.Cursor()]; f.Because != "" {
			lines = append(lines, ui.Hang(l.Dim.Paint("because: "), core.Visible(f.Because), w)...)
		}
	}
	for _, x := range []*core.DiffSide{&d.A, &d.B} {
		if x.Doubt != "" {
			lines = append(lines, ui.Hang(l.Unknown.Paint("? "), l.Unknown.Paint(core.Visible(x.Title+": "+x.Doubt)), w)...)
		}
		for _, r := range x.Can.Reasons {
			sign, look := "✗ ", l.Bad
			if r.Answer != core.AnswerNo {
				sign, look = "? ", l.Unknown
			}
			lines = append(lines, ui.Hang(look.Paint(sign), look.Paint(core.Visible(x.Title+": "+r.Text)), w)...)
		}
	}
	for _, section := range d.Open {
		lines = append(lines, ui.Hang(l.Unknown.Paint("? "), l.Unknown.Paint(section.Title()+" may have keys that nobody knows of"), w)...)
	}
	switch room := max(h*2/5, 1); {
	case h < ui.LowRoom:
		lines = lines[:min(len(lines), 1)]
	case len(lines) > room:
		lines = append(lines[:room-1], l.Dim.Paint("… "+ui.KeyOf("why")+" shows all of it"))
	}
	return lines
}

func (s *diffScreen) Resize(w, h int) {
	s.w, s.h = w, h
	if s.diff != nil {
		s.table.SetSize(w, min(max(h-len(s.head(w, h))-len(s.foot(w, h)), 2), len(s.rows)+1))
	}
}

func (s *diffScreen) View(w, h int) string {
	l := s.host.Look()
	switch {
	case s.State == ui.Failed:
		return ui.FailedView(l, s.Err, ui.KeyOf("reread")+" tries again", w)
	case s.diff == nil:
		return "\n  " + l.Busy.Paint("◌ reading…")
	}
	lines := s.head(w, h)
	if len(s.rows) > 0 {
		lines = append(lines, s.table.View())
	}
	return strings.Join(append(lines, s.foot(w, h)...), "\n")
}

func (s *diffScreen) notReady() string {
	if s.diff == nil {
		return "it is not read yet"
	}
	return ""
}

func (s *diffScreen) Actions() []ui.Action {
	return append([]ui.Action{
		{Name: "show-all", Keys: []string{"f"}, Label: map[bool]string{true: "differences", false: "all"}[s.all], Why: s.notReady,
			Help: "Show every field, or only what differs or is not known", Run: func() tea.Cmd {
				s.all = !s.all
				s.fill()
				return nil
			}},
		{Name: "copy-diff", Keys: []string{"y"}, Label: "copy", Why: s.notReady, Run: s.copyDiff,
			Help: "Copy the difference as text, Markdown or JSON; or the field under the cursor"},
		{Name: "turn", Keys: []string{"x"}, Label: "turn round", Minor: true, Help: "Turn it round: the second first", Why: s.notReady,
			Run: func() tea.Cmd {
				s.turned = !s.turned
				return s.load()
			}},
		{Name: "why", Keys: []string{"w"}, Label: "why", Minor: true, Help: "Show all there is to say of the two and of this field",
			Why: s.notReady, Run: s.explain},
		{Name: "reread", Keys: []string{"ctrl+r"}, Help: "Read it anew", Run: s.load},
	}, ui.TableMoves(s.table, func() tea.Cmd {
		s.Resize(s.w, s.h) // the foot may have grown
		return nil
	})...)
}

// explain shows all there is to say of the two and of the field under the cursor.
func (s *diffScreen) explain() tea.Cmd {
	l, d := s.host.Look(), s.diff
	var lines []ui.Line
	if len(s.rows) > 0 {
		f := &s.rows[s.table.Cursor()]
		lines = append(lines, l.Heading(diffTitle(f)),
			ui.FieldLine("first", knownText(l, f, &f.A)), ui.FieldLine("second", knownText(l, f, &f.B)),
			ui.FieldLine(string(f.Certainty), ui.Either(core.Visible(f.Because), string(f.Verdict))), ui.Line{})
	}
	lines = append(lines, l.Heading("the difference"), ui.FieldLine("in a line", d.HeadlineText()))
	for _, x := range []struct {
		word string
		side *core.DiffSide
	}{{"first", &d.A}, {"second", &d.B}} {
		lines = append(lines, ui.Line{Label: x.word, Value: core.Visible(x.side.Title + ": " + x.side.About), Note: core.Visible(x.side.Doubt)})
		for _, r := range x.side.Can.Reasons {
			lines = append(lines, reasonLine(l, &r))
		}
	}
	return ui.Show(&ui.TextBox{Title: "The difference", Lines: lines, Look: l})
}

// copyDiff asks in which form the difference is to be copied.
func (s *diffScreen) copyDiff() tea.Cmd {
	l, d := s.host.Look(), s.diff
	field, hint := "", ""
	if len(s.rows) > 0 {
		f := &s.rows[s.table.Cursor()]
		hint = diffTitle(f)
		field = fmt.Sprintf("%s: %s ↔ %s (%s)", hint, knownText(l, f, &f.A), knownText(l, f, &f.B),
			ui.Either(core.Visible(f.Because), string(f.Verdict)))
	}
	write := func(markdown bool) string {
		t := ticket{markdown: markdown}
		t.heading(d.HeadlineText())
		t.item("first", d.A.Title+": "+d.A.About)
		t.item("second", d.B.Title+": "+d.B.About)
		t.item("certainty", string(d.Certainty))
		t.head("certainty", "field", "first", "second", "because")
		for i := range s.rows {
			f := &s.rows[i]
			t.row(string(f.Certainty), diffTitle(f), knownText(l, f, &f.A), knownText(l, f, &f.B), ui.Either(f.Because, string(f.Verdict)))
		}
		return t.String()
	}
	return copying(s.host, s.table, "The difference", write, d.Object(), hint, field)
}
