package ui

import (
	"context"
	"slices"
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"hearth/core"
)

// FormBox asks for several things at once: texts, and switches.
type FormBox struct {
	dialog
	Title  string
	Fields []FormField
	at     int
	Submit func(*FormBox) tea.Cmd
}

// FormField is a line of a form.
type FormField struct {
	Label  string
	hint   string // told while the field has the focus
	input  textinput.Model
	was    string // what it began with, as the input holds it
	fixed  string // a text that the input cannot hold as it is: shown, and left alone; "": it is no such
	toggle bool   // it is a switch
	on     bool
	// choices are what can be chosen, the first of them for choosing none; nil: it is no
	// choice. chosen is which one is.
	choices []string
	chosen  int
	offer   *Offer                   // what the place has to choose from; nil: nothing is known of it
	listing *Listing                 // the text is a list, and is edited line by line too; nil: it is none
	check   func(text string) string // says what is wrong with the text, "" if nothing is; nil: anything goes
}

// Offer is a list of the place, from which a text field can be filled.
type Offer struct {
	What string // what it lists, as in "the snapshots"
	Ask  func(work func(context.Context) tea.Msg) tea.Cmd
	Read func(context.Context) ([]Offered, error)
}

// Offered is a text for a field, and how it is listed.
type Offered struct {
	Text string
	Item MenuItem
}

// Listing is how the text of a field is a list.
type Listing struct {
	One   string // what one of it is, as in "a property"
	Split func(text string) ([]string, error)
	Join  func(lines []string) string
}

// Listed has a text field edited line by line as well.
func (x FormField) Listed(l Listing) FormField {
	if x.fixed == "" {
		x.listing = &l
		x.hint = strings.TrimSpace(x.hint + " " + KeyHere("offer", pickKey) + " edits them line by line.")
	}
	return x
}

// lines lets a line of a list be chosen, to be changed or taken out, or one be added.
func (f *FormBox) lines(x *FormField) tea.Cmd {
	lines, err := x.listing.Split(x.input.Value())
	if err != nil {
		return Say(LevelWarn, "The lines cannot be told apart: "+core.Visible(WhatOf(err))+".")
	}
	m := &MenuBox{Title: x.Label, Pick: func(i int) tea.Cmd { return f.line(x, lines, i) }}
	for _, l := range lines {
		m.Items = append(m.Items, MenuItem{Label: l})
	}
	m.Items = append(m.Items, MenuItem{Label: "Add " + x.listing.One + "…"})
	return func() tea.Msg { return ShowMsg{Overlay: m, Over: f} }
}

// line asks for a line of a list, a new one behind the last; then all of them are shown again.
func (f *FormBox) line(x *FormField, lines []string, i int) tea.Cmd {
	with := func(text string) string {
		next := append(slices.Clone(lines[:i]), text)
		if strings.TrimSpace(text) == "" {
			next = next[:i]
		}
		return x.listing.Join(append(next, lines[min(i+1, len(lines)):]...))
	}
	b := &InputBox{Title: "Add " + x.listing.One, Input: NewInput(""), Cancel: func() tea.Msg { return f.lines(x)() }}
	if i < len(lines) {
		b.Title, b.Hint, b.Input = "Change "+x.listing.One, "Empty takes it out.", NewInput(lines[i])
	}
	b.Check = func(text string) string {
		if x.check == nil {
			return ""
		}
		return x.check(with(text))
	}
	b.Submit = func(text string) tea.Cmd {
		x.input.SetValue(with(text))
		x.input.CursorEnd()
		return f.lines(x)
	}
	return func() tea.Msg { return ShowMsg{Overlay: b, Over: f} }
}

// pickKey opens the list of a field.
const pickKey = "ctrl+o"

// From has a text field filled from a list as well.
func (x FormField) From(o Offer) FormField {
	if x.fixed == "" {
		x.offer = &o
		x.hint = strings.TrimSpace(x.hint + " " + KeyHere("offer", pickKey) + " lists " + o.What + ".")
	}
	return x
}

// Checked has what is typed looked at: what is wrong stands beside the field, and the form does
// not go on with it.
func (x FormField) Checked(check func(text string) string) FormField {
	x.check = check
	return x
}

// wrong says what is wrong with what stands in a field, "" if nothing is.
func (x *FormField) wrong() string {
	if x.check == nil || x.toggle || x.fixed != "" || x.choices != nil {
		return ""
	}
	return x.check(x.input.Value())
}

// pick reads the list of a field, and lets one of it be chosen.
func (f *FormBox) pick(x *FormField) tea.Cmd {
	o := *x.offer
	return tea.Batch(Looking("Reading "+o.What), o.Ask(func(ctx context.Context) tea.Msg {
		list, err := o.Read(ctx)
		switch {
		case err != nil && len(list) == 0:
			return Note{Level: LevelWarn, Text: strings.ToUpper(o.What[:1]) + o.What[1:] + " cannot be read, because " +
				core.Visible(WhatOf(err)) + ". It can be typed.",
				Err: err}
		case len(list) == 0:
			return Note{Level: LevelInfo, Text: "The list of " + o.What + " is empty."}
		}
		m := &MenuBox{Title: x.Label, Pick: func(i int) tea.Cmd {
			x.input.SetValue(list[i].Text)
			x.input.CursorEnd()
			return nil
		}}
		if err != nil {
			m.Title += " (not all: " + core.Visible(WhatOf(err)) + ")"
		}
		for i := range list {
			m.Items = append(m.Items, list[i].Item)
		}
		return ShowMsg{Overlay: m, Over: f}
	}))
}

// submit goes on with the form, unless something in it is wrong: then it goes there.
func (f *FormBox) submit() tea.Cmd {
	for i := range f.Fields {
		if why := f.Fields[i].wrong(); why != "" {
			f.at = i
			return Say(LevelWarn, f.Fields[i].Label+": "+why+".")
		}
	}
	return f.leave(f.Submit(f))
}

// TextField and SwitchField make the lines of a form. A text that a line cannot hold
// as it is, one with line ends or signs that are not seen, is shown and cannot be
// edited: what became of it in the line would be another text.
func TextField(label, value, hint string) FormField {
	f := FormField{Label: label, hint: hint, input: NewInput(value)}
	if f.was = f.input.Value(); f.was != value || core.Visible(value) != value {
		f.fixed, f.hint = value, "It holds signs that a line cannot, and is left as it is: in a shell --"+label+" puts another in its place."
	}
	return f
}

func SwitchField(label, hint string) FormField {
	return FormField{Label: label, hint: hint, toggle: true}
}

// ChoiceField makes the line of a form in which one of some values is chosen, or none,
// in words: its text is "" then.
func ChoiceField(label, none string, values []string, hint string) FormField {
	return FormField{Label: label, hint: hint, choices: append([]string{none}, values...)}
}

// OneOf is a field in which one of the values of a place is chosen, or none, in words; where the
// place lists none, a field in which it is typed, which has a hint of its own.
func OneOf(label, none string, values []string, hint, typed string) FormField {
	if len(values) == 0 {
		return TextField(label, "", typed)
	}
	return ChoiceField(label, none, values, hint+" "+KeyOf("choices")+" shows the list, "+
		KeyOf("previous-choice")+" and "+KeyOf("next-choice")+" go through it.")
}

// step goes to another choice.
func (x *FormField) step(by int) { x.chosen = (x.chosen + by + len(x.choices)) % len(x.choices) }

// seek goes to the next choice that begins with what was typed.
func (x *FormField) seek(typed string) {
	for by := 1; by <= len(x.choices) && typed != ""; by++ {
		if at := (x.chosen + by) % len(x.choices); at > 0 && strings.HasPrefix(core.Fold(x.choices[at]), core.Fold(typed)) {
			x.chosen = at
			return
		}
	}
}

// list shows all choices.
func (x *FormField) list() tea.Cmd {
	m := &MenuBox{Title: x.Label, At: x.chosen, Pick: func(i int) tea.Cmd { x.chosen = i; return nil }}
	for _, c := range x.choices {
		m.Items = append(m.Items, MenuItem{Label: c})
	}
	return Show(m)
}

// Again makes a message that tells of a mistake and shows the form once more, as
// it was filled in.
func (f *FormBox) Again() func(error) tea.Msg {
	g := *f
	g.Fields = slices.Clone(f.Fields)
	return func(err error) tea.Msg { return Tell(Failure(err), ShowMsg{Overlay: &g}) }
}

// Text is what stands in a field, Changed whether somebody typed that, and On
// whether a switch is on.
func (f *FormBox) Text(i int) string {
	switch x := &f.Fields[i]; {
	case x.fixed != "":
		return x.fixed
	case x.choices != nil && x.chosen > 0:
		return x.choices[x.chosen]
	default:
		return x.input.Value()
	}
}
func (f *FormBox) Changed(i int) bool {
	x := &f.Fields[i]
	return x.fixed == "" && x.input.Value() != x.was
}
func (f *FormBox) On(i int) bool { return f.Fields[i].on }

func (f *FormBox) WantsText() bool {
	x := &f.Fields[f.at]
	return !x.toggle && x.fixed == "" && x.choices == nil
}

// Takes reports whether a key is for the field: for its text, or the beginning of a choice.
func (f *FormBox) Takes(k tea.KeyPressMsg) bool {
	return f.WantsText() && Edits(k) || f.Fields[f.at].choices != nil && k.Text != ""
}

func (f *FormBox) Actions() []Action {
	to := func(by int) func() tea.Cmd {
		return func() tea.Cmd {
			f.at = (f.at + by + len(f.Fields)) % len(f.Fields)
			return nil
		}
	}
	out := []Action{
		{Name: "form-go-on", Keys: []string{"enter"}, Label: "go on", Help: "Go on with what the form says",
			Run: f.submit},
		{Name: "form-next", Keys: []string{"tab", "down"}, Label: "next", Help: "To the next field", Run: to(1)},
		{Name: "form-previous", Keys: []string{"shift+tab", "up"}, Help: "To the field before", Run: to(-1)},
		{Name: "form-leave", Keys: []string{"esc", "ctrl+c"}, Label: "cancel", Help: "Leave it",
			Run: func() tea.Cmd { return f.leave(Say(LevelInfo, "Nothing was done.")) }},
	}
	if x := &f.Fields[f.at]; x.offer != nil {
		out = append(out, Action{Name: "offer", Keys: []string{pickKey}, Label: "list",
			Help: "List what the place has, and fill the field from it",
			Run:  func() tea.Cmd { return f.pick(x) }})
	}
	if x := &f.Fields[f.at]; x.listing != nil {
		out = append(out, Action{Name: "offer", Keys: []string{pickKey}, Label: "lines",
			Help: "Edit the list line by line: change one, take one out, add one",
			Run:  func() tea.Cmd { return f.lines(x) }})
	}
	if f.Fields[f.at].toggle {
		out = append(out, Action{Name: "switch", Keys: []string{"space"}, Label: "switch", Help: "Turn the switch", Run: func() tea.Cmd {
			f.Fields[f.at].on = !f.Fields[f.at].on
			return nil
		}})
	}
	if x := &f.Fields[f.at]; x.choices != nil {
		by := func(n int) func() tea.Cmd {
			return func() tea.Cmd { x.step(n); return nil }
		}
		out = append(out,
			Action{Name: "next-choice", Keys: []string{"right"}, Label: "next", Help: "The next choice; a letter goes to one that begins with it",
				Run: by(1)},
			Action{Name: "previous-choice", Keys: []string{"left"}, Help: "The choice before", Run: by(-1)},
			Action{Name: "choices", Keys: []string{"space"}, Label: "list", Help: "Show all there is to choose from", Run: x.list})
	}
	return out
}

func (f *FormBox) Update(msg tea.Msg) tea.Cmd {
	field := &f.Fields[f.at]
	if k, ok := msg.(tea.KeyPressMsg); ok && field.choices != nil {
		field.seek(k.Text)
	}
	if !f.WantsText() {
		return nil
	}
	var cmd tea.Cmd
	field.input, cmd = field.input.Update(msg)
	return cmd
}

func (f *FormBox) View(s Look, w, h int) string {
	label := 0
	for _, x := range f.Fields {
		label = max(label, ansi.StringWidth(x.Label))
	}
	width := boxWidth(w)
	var lines []string
	for i, x := range f.Fields {
		head := s.InDialog.Paint("  " + Pad(x.Label, label) + "  ")
		if i == f.at {
			head = s.Key.Paint("> ") + s.Accent.Paint(Pad(x.Label, label)+"  ")
		}
		room := width - label - 4
		wrong := x.wrong()
		if wrong != "" {
			wrong = "  ✗ " + core.Visible(wrong)
			room = max(room-ansi.StringWidth(wrong), min(room, 16))
		}
		value := f.value(s, i, room)
		lines = append(lines, head+value+s.Bad.Paint(Clip(wrong, width-label-4-ansi.StringWidth(value))))
	}
	hint := Wrap(core.Visible(f.Fields[f.at].hint), width)
	if top := f.at - (h - 5 - len(hint)); top > 0 && top < len(lines) { // the field with the focus stays to be seen
		lines = lines[top:]
	}
	lines = append(lines, "")
	for _, l := range hint {
		lines = append(lines, s.InDialog.Paint(l))
	}
	return s.box(f.Title, append(lines, strings.Repeat(" ", max(min(width, 60), 0))), w, h)
}

// value draws what a field holds.
func (f *FormBox) value(s Look, i, w int) string {
	x := f.Fields[i]
	switch {
	case x.toggle && x.on:
		return s.Good.Paint("[x]")
	case x.toggle:
		return s.InDialog.Paint("[ ]")
	case x.fixed != "":
		return Clip(s.Dim.Paint(core.Visible(x.fixed)), w)
	case x.choices != nil && i == f.at:
		return Clip(s.Accent.Paint("‹ "+core.Visible(x.choices[x.chosen])+" ›"), w)
	case x.choices != nil:
		return Clip(s.InDialog.Paint(core.Visible(x.choices[x.chosen])), w)
	case i == f.at:
		return s.Input(x.input, w)
	}
	return Clip(s.InDialog.Paint(core.Visible(x.input.Value())), w)
}
