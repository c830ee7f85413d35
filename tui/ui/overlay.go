package ui

import (
	"strconv"
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"hearth/core"
)

// Overlay is a dialog on top of the screens: it takes all keys until it is closed.
type Overlay interface {
	Actions() []Action
	Update(tea.Msg) tea.Cmd // what no action takes, such as text for a field
	Closed() bool
	Resize(w, h int)
	View(s Look, w, h int) string // a box that fits into w by h
}

// dialog is what all overlays have in common.
type dialog struct{ done bool }

func (d *dialog) Closed() bool           { return d.done }
func (d *dialog) Update(tea.Msg) tea.Cmd { return nil }
func (d *dialog) Resize(int, int)        {}

// leave closes the dialog and goes on with a command.
func (d *dialog) leave(cmd tea.Cmd) tea.Cmd {
	d.done = true
	return cmd
}

// leaving is an action's run that closes the dialog without doing anything.
func (d *dialog) leaving() tea.Cmd { return d.leave(nil) }

// ShowMsg puts a dialog on top.
type ShowMsg struct{ Overlay Overlay }

// Show makes a command that puts a dialog on top.
func Show(o Overlay) tea.Cmd { return func() tea.Msg { return ShowMsg{o} } }

// box draws a border with a title around lines; it is as small as it can be.
func (s *Styles) box(title string, lines []string, w, h int) string {
	inner := ansi.StringWidth(title) + 2
	for _, l := range lines {
		inner = max(inner, ansi.StringWidth(l))
	}
	inner = min(inner, w-4)
	if inner < 1 || h < 3 {
		return Fit(strings.Join(lines, "\n"), w, h)
	}
	if len(lines) > h-2 {
		lines = lines[:h-2]
	}
	var b strings.Builder
	title = Clip(title, inner-1)
	b.WriteString(s.Border.Paint("╭ ") + s.Accent.Paint(title) + s.Border.Paint(" "+strings.Repeat("─", inner-ansi.StringWidth(title))+"╮"))
	for _, l := range lines {
		b.WriteString("\n" + s.Border.Paint("│ ") + Pad(l, inner) + s.Border.Paint(" │"))
	}
	b.WriteString("\n" + s.Border.Paint("╰"+strings.Repeat("─", inner+2)+"╯"))
	return b.String()
}

// boxWidth is how wide the text of a dialog may be.
func boxWidth(w int) int { return max(min(w-4, 76), 1) }

// MenuItem is a choice of a menu.
type MenuItem struct {
	Label string
	Hint  string
	Why   string // why it cannot be chosen, "" if it can
}

// MenuBox lets one of some things be chosen.
type MenuBox struct {
	dialog
	Title string
	Items []MenuItem
	At    int
	Pick  func(i int) tea.Cmd
}

func (m *MenuBox) Actions() []Action {
	n := len(m.Items)
	to := func(f func() int) func() tea.Cmd {
		return func() tea.Cmd {
			m.At = (f() + n) % n
			return nil
		}
	}
	out := []Action{
		{Keys: []string{"enter", "space"}, Label: "choose", Help: "Choose what is marked", Run: func() tea.Cmd { return m.choose(m.At) }},
		{Keys: []string{"down", "j", "tab"}, Label: "down", Help: "Down", Run: to(func() int { return m.At + 1 })},
		{Keys: []string{"up", "k", "shift+tab"}, Label: "up", Help: "Up", Run: to(func() int { return m.At - 1 })},
		{Keys: []string{"home", "g"}, Help: "To the first", Run: to(func() int { return 0 })},
		{Keys: []string{"end", "G"}, Help: "To the last", Run: to(func() int { return n - 1 })},
		{Keys: []string{"esc", "q", "ctrl+c"}, Label: "close", Help: "Close it", Run: m.leaving},
	}
	for i := range min(n, 9) {
		out = append(out, Action{Keys: []string{strconv.Itoa(i + 1)}, Help: "Choose by number", Run: func() tea.Cmd { return m.choose(i) }})
	}
	return out
}

func (m *MenuBox) choose(i int) tea.Cmd {
	if why := m.Items[i].Why; why != "" {
		return Say(Warn, "That cannot be chosen now: "+why+".")
	}
	return m.leave(m.Pick(i))
}

// View draws the choices; a hint that has no room beside its choice stands below
// while that is marked.
func (m *MenuBox) View(s Look, w, h int) string {
	room := max(h-2, 1)
	var below []string
	if it := m.Items[m.At]; ansi.StringWidth(it.Label+it.Hint) > boxWidth(w)-6 {
		below = append([]string{""}, Hang("    ", s.Dialog.Paint(core.Visible(it.Hint)), boxWidth(w))...)
		if len(below)+len(m.Items) > room {
			below = nil
		}
	}
	room -= len(below)
	top := max(min(m.At-room/2, len(m.Items)-room), 0)
	var lines []string
	for i := top; i < len(m.Items) && i < top+room; i++ {
		it := m.Items[i]
		num := " "
		if i < 9 {
			num = strconv.Itoa(i + 1)
		}
		text := num + " " + core.Visible(it.Label)
		if it.Hint != "" {
			text += "  " + core.Visible(it.Hint)
		}
		if it.Why != "" {
			text += "  (not now: " + core.Visible(it.Why) + ")"
		}
		text = Clip(text, boxWidth(w)-2)
		switch {
		case i == m.At:
			text = s.cursor.Paint("> " + text)
		case it.Why != "":
			text = s.Dim.Paint("  " + text)
		default:
			text = s.Dialog.Paint("  " + text)
		}
		lines = append(lines, text)
	}
	title := m.Title
	if top+room < len(m.Items) {
		title += " (↓ more)"
	}
	return s.box(title, append(lines, below...), w, h)
}

// InputBox asks for a line of text.
type InputBox struct {
	dialog
	Title  string
	Hint   string
	Input  textinput.Model
	Submit func(string) tea.Cmd
}

func (b *InputBox) Actions() []Action {
	return []Action{
		{Keys: []string{"enter"}, Label: "done", Help: "Take the text", Run: func() tea.Cmd { return b.leave(b.Submit(b.Input.Value())) }},
		{Keys: []string{"esc", "ctrl+c"}, Label: "cancel", Help: "Leave it", Run: func() tea.Cmd { return b.leave(Say(Info, "Nothing was done.")) }},
	}
}

func (b *InputBox) WantsText() bool { return true }

func (b *InputBox) Update(msg tea.Msg) tea.Cmd {
	var cmd tea.Cmd
	b.Input, cmd = b.Input.Update(msg)
	return cmd
}

func (b *InputBox) View(s Look, w, h int) string {
	lines := Wrap(core.Visible(b.Hint), boxWidth(w))
	if room := max(h-4, 0); len(lines) > room {
		lines = lines[:room]
	}
	for i, l := range lines {
		lines[i] = s.Dialog.Paint(l)
	}
	return s.box(b.Title, append(lines, "", s.Key.Paint("> ")+s.Input(b.Input, boxWidth(w)-2)), w, h)
}

// TextBox shows a text that can be scrolled.
type TextBox struct {
	dialog
	Title  string
	Lines  []Line
	Look   Look
	laid   []string
	top, h int
}

func (t *TextBox) Resize(w, h int) {
	t.laid, t.h = t.Look.Lay(t.Lines, boxWidth(w)), max(h-2, 1)
	t.scroll(0)
}

func (t *TextBox) scroll(by int) { _, t.top = window(t.laid, t.top+by, t.h) }

func (t *TextBox) Actions() []Action {
	return append(scrolls(func() int { return t.h }, t.scroll),
		Action{Keys: []string{"esc", "enter", "q", "?", "e", "w", "ctrl+c"}, Label: "close", Help: "Close it", Run: t.leaving})
}

func (t *TextBox) View(s Look, w, h int) string {
	shown, top := window(t.laid, t.top, h-2)
	title := t.Title
	switch rest := len(t.laid) - top - len(shown); {
	case rest > 0:
		title += " (↓ more)"
	case top > 0:
		title += " (end)"
	}
	return s.box(title, shown, w, h)
}
