package tui

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"hearth/core"
)

// formBox asks for several things at once: texts, and switches.
type formBox struct {
	dialog
	title  string
	fields []formField
	at     int
	submit func(*formBox) tea.Cmd
}

// formField is a line of a form.
type formField struct {
	label  string
	hint   string // told while the field has the focus
	input  textinput.Model
	toggle bool // it is a switch
	on     bool
}

// textField and switchField make the lines of a form.
func textField(label, value, hint string) formField {
	return formField{label: label, hint: hint, input: newInput(value)}
}

func switchField(label, hint string) formField {
	return formField{label: label, hint: hint, toggle: true}
}

// again makes a message that tells of a mistake and shows the form once more, as
// it was filled in.
func (f *formBox) again() func(error) tea.Msg {
	g := *f
	g.fields = slices.Clone(f.fields)
	return func(err error) tea.Msg { return tell(failure(err), showMsg{&g}) }
}

// text is what stands in a field, on whether a switch is on.
func (f *formBox) text(i int) string { return f.fields[i].input.Value() }
func (f *formBox) on(i int) bool     { return f.fields[i].on }

func (f *formBox) wantsText() bool { return !f.fields[f.at].toggle }

func (f *formBox) actions() []action {
	to := func(by int) func() tea.Cmd {
		return func() tea.Cmd {
			f.at = (f.at + by + len(f.fields)) % len(f.fields)
			return nil
		}
	}
	out := []action{
		{keys: []string{"enter"}, label: "go on", help: "Go on with what the form says", run: func() tea.Cmd { return f.leave(f.submit(f)) }},
		{keys: []string{"tab", "down"}, label: "next", help: "To the next field", run: to(1)},
		{keys: []string{"shift+tab", "up"}, help: "To the field before", run: to(-1)},
		{keys: []string{"esc", "ctrl+c"}, label: "cancel", help: "Leave it", run: func() tea.Cmd { return f.leave(note(info, "Nothing was done.")) }},
	}
	if f.fields[f.at].toggle {
		out = append(out, action{keys: []string{"space"}, label: "switch", help: "Turn the switch", run: func() tea.Cmd {
			f.fields[f.at].on = !f.fields[f.at].on
			return nil
		}})
	}
	return out
}

func (f *formBox) update(msg tea.Msg) tea.Cmd {
	field := &f.fields[f.at]
	if field.toggle {
		return nil
	}
	var cmd tea.Cmd
	field.input, cmd = field.input.Update(msg)
	return cmd
}

func (f *formBox) view(s Look, w, h int) string {
	label := 0
	for _, x := range f.fields {
		label = max(label, ansi.StringWidth(x.label))
	}
	width := boxWidth(w)
	var lines []string
	for i, x := range f.fields {
		head := s.dialog.Paint("  " + pad(x.label, label) + "  ")
		if i == f.at {
			head = s.key.Paint("> ") + s.accent.Paint(pad(x.label, label)+"  ")
		}
		lines = append(lines, head+f.value(s, i, width-label-4))
	}
	hint := wrap(core.Visible(f.fields[f.at].hint), width)
	if top := f.at - (h - 5 - len(hint)); top > 0 && top < len(lines) { // the field with the focus stays to be seen
		lines = lines[top:]
	}
	lines = append(lines, "")
	for _, l := range hint {
		lines = append(lines, s.dialog.Paint(l))
	}
	return s.box(f.title, append(lines, strings.Repeat(" ", max(min(width, 60), 0))), w, h)
}

// value draws what a field holds.
func (f *formBox) value(s Look, i, w int) string {
	x := f.fields[i]
	switch {
	case x.toggle && x.on:
		return s.good.Paint("[x]")
	case x.toggle:
		return s.dialog.Paint("[ ]")
	case i == f.at:
		return s.input(x.input, w)
	}
	return clip(s.dialog.Paint(core.Visible(x.input.Value())), w)
}
