package tui

import (
	"strconv"
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"hearth/core"
)

// overlay is a dialog on top of the screens: it takes all keys until it is closed.
type overlay interface {
	actions() []action
	update(tea.Msg) tea.Cmd // what no action takes, such as text for a field
	closed() bool
	resize(w, h int)
	view(s Look, w, h int) string // a box that fits into w by h
}

// dialog is what all overlays have in common.
type dialog struct{ done bool }

func (d *dialog) closed() bool           { return d.done }
func (d *dialog) update(tea.Msg) tea.Cmd { return nil }
func (d *dialog) resize(int, int)        {}

// leave closes the dialog and goes on with a command.
func (d *dialog) leave(cmd tea.Cmd) tea.Cmd {
	d.done = true
	return cmd
}

// leaving is an action's run that closes the dialog without doing anything.
func (d *dialog) leaving() tea.Cmd { return d.leave(nil) }

// showMsg puts a dialog on top.
type showMsg struct{ overlay overlay }

// show makes a command that puts a dialog on top.
func show(o overlay) tea.Cmd { return func() tea.Msg { return showMsg{o} } }

// box draws a border with a title around lines; it is as small as it can be.
func (s *styles) box(title string, lines []string, w, h int) string {
	inner := ansi.StringWidth(title) + 2
	for _, l := range lines {
		inner = max(inner, ansi.StringWidth(l))
	}
	inner = min(inner, w-4)
	if inner < 1 || h < 3 {
		return fit(strings.Join(lines, "\n"), w, h)
	}
	if len(lines) > h-2 {
		lines = lines[:h-2]
	}
	var b strings.Builder
	title = clip(title, inner-1)
	b.WriteString(s.border.Paint("╭ ") + s.accent.Paint(title) + s.border.Paint(" "+strings.Repeat("─", inner-ansi.StringWidth(title))+"╮"))
	for _, l := range lines {
		b.WriteString("\n" + s.border.Paint("│ ") + pad(l, inner) + s.border.Paint(" │"))
	}
	b.WriteString("\n" + s.border.Paint("╰"+strings.Repeat("─", inner+2)+"╯"))
	return b.String()
}

// boxWidth is how wide the text of a dialog may be.
func boxWidth(w int) int { return max(min(w-4, 76), 1) }

// menuItem is a choice of a menu.
type menuItem struct {
	label string
	hint  string
	why   string // why it cannot be chosen, "" if it can
}

// menuBox lets one of some things be chosen.
type menuBox struct {
	dialog
	title string
	items []menuItem
	at    int
	pick  func(i int) tea.Cmd
}

func (m *menuBox) actions() []action {
	n := len(m.items)
	to := func(f func() int) func() tea.Cmd {
		return func() tea.Cmd {
			m.at = (f() + n) % n
			return nil
		}
	}
	out := []action{
		{keys: []string{"enter", "space"}, label: "choose", help: "Choose what is marked", run: func() tea.Cmd { return m.choose(m.at) }},
		{keys: []string{"down", "j", "tab"}, label: "down", help: "Down", run: to(func() int { return m.at + 1 })},
		{keys: []string{"up", "k", "shift+tab"}, label: "up", help: "Up", run: to(func() int { return m.at - 1 })},
		{keys: []string{"home", "g"}, help: "To the first", run: to(func() int { return 0 })},
		{keys: []string{"end", "G"}, help: "To the last", run: to(func() int { return n - 1 })},
		{keys: []string{"esc", "q", "ctrl+c"}, label: "close", help: "Close it", run: m.leaving},
	}
	for i := range min(n, 9) {
		out = append(out, action{keys: []string{strconv.Itoa(i + 1)}, help: "Choose by number", run: func() tea.Cmd { return m.choose(i) }})
	}
	return out
}

func (m *menuBox) choose(i int) tea.Cmd {
	if why := m.items[i].why; why != "" {
		return note(warn, "That cannot be chosen now: "+why+".")
	}
	return m.leave(m.pick(i))
}

// view draws the choices; a hint that has no room beside its choice stands below
// while that is marked.
func (m *menuBox) view(s Look, w, h int) string {
	room := max(h-2, 1)
	var below []string
	if it := m.items[m.at]; ansi.StringWidth(it.label+it.hint) > boxWidth(w)-6 {
		below = append([]string{""}, hang("    ", s.dialog.Paint(core.Visible(it.hint)), boxWidth(w))...)
		if len(below)+len(m.items) > room {
			below = nil
		}
	}
	room -= len(below)
	top := max(min(m.at-room/2, len(m.items)-room), 0)
	var lines []string
	for i := top; i < len(m.items) && i < top+room; i++ {
		it := m.items[i]
		num := " "
		if i < 9 {
			num = strconv.Itoa(i + 1)
		}
		text := num + " " + core.Visible(it.label)
		if it.hint != "" {
			text += "  " + core.Visible(it.hint)
		}
		if it.why != "" {
			text += "  (not now: " + core.Visible(it.why) + ")"
		}
		text = clip(text, boxWidth(w)-2)
		switch {
		case i == m.at:
			text = s.cursor.Paint("> " + text)
		case it.why != "":
			text = s.dim.Paint("  " + text)
		default:
			text = s.dialog.Paint("  " + text)
		}
		lines = append(lines, text)
	}
	title := m.title
	if top+room < len(m.items) {
		title += " (↓ more)"
	}
	return s.box(title, append(lines, below...), w, h)
}

// inputBox asks for a line of text.
type inputBox struct {
	dialog
	title  string
	hint   string
	input  textinput.Model
	submit func(string) tea.Cmd
}

func (b *inputBox) actions() []action {
	return []action{
		{keys: []string{"enter"}, label: "done", help: "Take the text", run: func() tea.Cmd { return b.leave(b.submit(b.input.Value())) }},
		{keys: []string{"esc", "ctrl+c"}, label: "cancel", help: "Leave it", run: func() tea.Cmd { return b.leave(note(info, "Nothing was done.")) }},
	}
}

func (b *inputBox) wantsText() bool { return true }

func (b *inputBox) update(msg tea.Msg) tea.Cmd {
	var cmd tea.Cmd
	b.input, cmd = b.input.Update(msg)
	return cmd
}

func (b *inputBox) view(s Look, w, h int) string {
	lines := wrap(core.Visible(b.hint), boxWidth(w))
	if room := max(h-4, 0); len(lines) > room {
		lines = lines[:room]
	}
	for i, l := range lines {
		lines[i] = s.dialog.Paint(l)
	}
	return s.box(b.title, append(lines, "", s.key.Paint("> ")+s.input(b.input, boxWidth(w)-2)), w, h)
}

// textBox shows a text that can be scrolled.
type textBox struct {
	dialog
	title  string
	lines  []line
	look   Look
	laid   []string
	top, h int
}

func (t *textBox) resize(w, h int) {
	t.laid, t.h = t.look.lay(t.lines, boxWidth(w)), max(h-2, 1)
	t.scroll(0)
}

func (t *textBox) scroll(by int) { _, t.top = window(t.laid, t.top+by, t.h) }

func (t *textBox) actions() []action {
	return append(scrolls(func() int { return t.h }, t.scroll),
		action{keys: []string{"esc", "enter", "q", "?", "e", "w", "ctrl+c"}, label: "close", help: "Close it", run: t.leaving})
}

func (t *textBox) view(s Look, w, h int) string {
	shown, top := window(t.laid, t.top, h-2)
	title := t.title
	switch rest := len(t.laid) - top - len(shown); {
	case rest > 0:
		title += " (↓ more)"
	case top > 0:
		title += " (end)"
	}
	return s.box(title, shown, w, h)
}
