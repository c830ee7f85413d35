package tui

import (
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"hearth/core"
)

// overlay is a dialog on top of the screens: it takes all keys until it is done.
type overlay interface {
	update(msg tea.Msg) (cmd tea.Cmd, done bool)
	view(s *styles, w, h int) string // a box that fits into w by h
}

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
	b.WriteString(s.border.Paint("╭ ") + s.accent.Paint(title) + s.border.Paint(" "+strings.Repeat("─", inner-ansi.StringWidth(title)-1+1)+"╮"))
	for _, l := range lines {
		b.WriteString("\n" + s.border.Paint("│ ") + pad(l, inner) + s.border.Paint(" │"))
	}
	b.WriteString("\n" + s.border.Paint("╰"+strings.Repeat("─", inner+2)+"╯"))
	return b.String()
}

// boxWidth is how wide the text of a dialog may be.
func boxWidth(w int) int { return max(min(w-4, 76), 1) }

// confirmBox asks before something is done. The answer no is in front.
type confirmBox struct {
	title string
	text  string // what would happen, in words
	yes   string // the label of the button that does it
	do    func() tea.Cmd
	onYes bool
}

func (c *confirmBox) update(msg tea.Msg) (tea.Cmd, bool) {
	k, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return nil, false
	}
	switch k.String() {
	case "left", "right", "tab", "shift+tab", "h", "l":
		c.onYes = !c.onYes
	case "y":
		return c.do(), true
	case "enter":
		if c.onYes {
			return c.do(), true
		}
		return note(info, "Nothing was done."), true
	case "n", "esc", "q", "ctrl+c":
		return note(info, "Nothing was done."), true
	}
	return nil, false
}

func (c *confirmBox) view(s *styles, w, h int) string {
	lines := wrap(core.VisibleLines(c.text), boxWidth(w))
	if room := max(h-5, 1); len(lines) > room {
		lines = append(lines[:room-1], s.dim.Paint("…"))
	}
	no, yes := "  No (n)  ", "  "+c.yes+" (y)  "
	if c.onYes {
		no, yes = s.text.Paint(no), s.danger.Paint(">"+yes[1:])
	} else {
		no, yes = s.cursor.Paint(">"+no[1:]), s.text.Paint(yes)
	}
	lines = append(lines, "", no+"  "+yes)
	return s.box(c.title, lines, w, h)
}

// menuItem is a choice of a menu.
type menuItem struct {
	label string
	hint  string
	why   string // why it cannot be chosen, "" if it can
}

// menuBox lets one of some things be chosen.
type menuBox struct {
	title string
	items []menuItem
	at    int
	pick  func(i int) tea.Cmd
}

func (m *menuBox) update(msg tea.Msg) (tea.Cmd, bool) {
	k, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return nil, false
	}
	switch key := k.String(); key {
	case "up", "k":
		m.at = (m.at + len(m.items) - 1) % len(m.items)
	case "down", "j", "tab":
		m.at = (m.at + 1) % len(m.items)
	case "home", "g":
		m.at = 0
	case "end", "G":
		m.at = len(m.items) - 1
	case "enter", "space":
		return m.choose(m.at)
	case "esc", "q", "ctrl+c":
		return nil, true
	default:
		if len(key) == 1 && key[0] >= '1' && key[0] <= '9' && int(key[0]-'1') < len(m.items) {
			return m.choose(int(key[0] - '1'))
		}
	}
	return nil, false
}

func (m *menuBox) choose(i int) (tea.Cmd, bool) {
	if why := m.items[i].why; why != "" {
		return note(warn, "Not now: "+why), false
	}
	return m.pick(i), true
}

func (m *menuBox) view(s *styles, w, h int) string {
	room := max(h-2, 1)
	top := max(min(m.at-room/2, len(m.items)-room), 0)
	var lines []string
	for i := top; i < len(m.items) && i < top+room; i++ {
		it := m.items[i]
		num := " "
		if i < 9 {
			num = string(rune('1' + i))
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
			text = s.text.Paint("  " + text)
		}
		lines = append(lines, text)
	}
	return s.box(m.title, lines, w, h)
}

// inputBox asks for a line of text.
type inputBox struct {
	title  string
	hint   string
	input  textinput.Model
	submit func(string) tea.Cmd
}

// newInput makes a text field with a value in it.
func newInput(value string) textinput.Model {
	in := textinput.New()
	in.Prompt = ""
	in.SetVirtualCursor(true)
	in.SetValue(value)
	in.CursorEnd()
	in.Focus()
	return in
}

func (b *inputBox) update(msg tea.Msg) (tea.Cmd, bool) {
	if k, ok := msg.(tea.KeyPressMsg); ok {
		switch k.String() {
		case "enter":
			return b.submit(b.input.Value()), true
		case "esc", "ctrl+c":
			return note(info, "Nothing was done."), true
		}
	}
	var cmd tea.Cmd
	b.input, cmd = b.input.Update(msg)
	return cmd, false
}

func (b *inputBox) view(s *styles, w, h int) string {
	in := b.input
	in.SetWidth(boxWidth(w) - 1)
	lines := append(wrap(core.Visible(b.hint), boxWidth(w)), in.View())
	return s.box(b.title, lines, w, h)
}

// textBox shows a text that can be scrolled.
type textBox struct {
	title string
	lines []string // painted, not wrapped
	top   int
}

func (t *textBox) update(msg tea.Msg) (tea.Cmd, bool) {
	k, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return nil, false
	}
	switch k.String() {
	case "up", "k":
		t.top--
	case "down", "j":
		t.top++
	case "pgup", "ctrl+b":
		t.top -= 10
	case "pgdown", "ctrl+f", "space":
		t.top += 10
	case "home", "g":
		t.top = 0
	case "end", "G":
		t.top = len(t.lines)
	case "esc", "q", "enter", "?", "e", "ctrl+c":
		return nil, true
	}
	t.top = max(min(t.top, len(t.lines)-1), 0)
	return nil, false
}

func (t *textBox) view(s *styles, w, h int) string {
	var lines []string
	for _, l := range t.lines {
		lines = append(lines, wrap(l, boxWidth(w))...)
	}
	shown, top := window(lines, t.top, h-2)
	title := t.title
	if rest := len(lines) - top - len(shown); rest > 0 {
		title += " (↓ more)"
	}
	return s.box(title, shown, w, h)
}
