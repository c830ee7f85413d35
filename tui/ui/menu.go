package ui

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"hearth/core"
	"hearth/tui/grid"
)

// MenuItem is a choice of a menu.
type MenuItem struct {
	Label string
	Hint  string
	Why   string // why it cannot be chosen, "" if it can
}

// MenuBox lets one of some things be chosen. What is typed narrows them to those that fit,
// the best first: letters and digits are text here, and only keys that are none move.
type MenuBox struct {
	dialog
	Title string
	Items []MenuItem
	At    int // the one that is marked
	// Column is how wide labels are made, so that the hints stand below each other; 0: each
	// stands behind its label.
	Column int
	Pick   func(i int) tea.Cmd
	typed  *textinput.Model // nil: nothing was
	fits   []grid.Fit       // what fits it
	page   int              // how many are seen at once
}

// sought is the text of an item in which is searched.
func (m *MenuBox) sought(i int) string {
	it := m.Items[i]
	if it.Hint == "" {
		return core.Visible(it.Label)
	}
	label := core.Visible(it.Label)
	return label + strings.Repeat(" ", max(m.Column-ansi.StringWidth(label), 0)) + "  " + core.Visible(it.Hint)
}

// text is an item as it is drawn: what is searched, and why it cannot be chosen.
func (m *MenuBox) text(i int) string {
	it, text := m.Items[i], m.sought(i)
	if it.Why != "" {
		text += "  (not now: " + core.Visible(it.Why) + ")"
	}
	return text
}

// Typed is what was typed to find one.
func (m *MenuBox) Typed() string {
	if m.typed == nil {
		return ""
	}
	return m.typed.Value()
}

// narrowed reports whether something was typed that narrows.
func (m *MenuBox) narrowed() bool { return strings.TrimSpace(m.Typed()) != "" }

// shown are the items that are to be seen: all, or those that fit.
func (m *MenuBox) shown() []grid.Fit {
	if m.narrowed() {
		return m.fits
	}
	return every(len(m.Items))
}

// every is all of n things, whatever is typed.
func every(n int) []grid.Fit {
	out := make([]grid.Fit, n)
	for i := range out {
		out[i].Index = i
	}
	return out
}

// place is where the marked one stands among those that are to be seen.
func (m *MenuBox) place() int {
	for i, f := range m.shown() {
		if f.Index == m.At {
			return i
		}
	}
	return 0
}

// to marks the one at a place, the last after the first and the other way round.
func (m *MenuBox) to(place int) tea.Cmd {
	if all := m.shown(); len(all) > 0 {
		m.At = all[(place+len(all))%len(all)].Index
	}
	return nil
}

// by marks one so many further on, and goes no further than to the last.
func (m *MenuBox) by(n int) tea.Cmd {
	return m.to(max(min(m.place()+n, len(m.shown())-1), 0))
}

func (m *MenuBox) Actions() []Action {
	page := func() int { return max(m.page-1, 1) }
	leave := Action{Name: "menu-close", Keys: []string{"esc", "ctrl+c"}, Label: "close", Help: "Close it", Run: m.leaving}
	if m.narrowed() {
		leave.Label, leave.Help, leave.Run = "all again", "Show all again, whatever was typed", m.all
	}
	return []Action{
		{Name: "menu-choose", Keys: []string{"enter"}, Label: "choose", Help: "Choose what is marked", Why: m.none,
			Run: func() tea.Cmd { return m.choose(m.At) }},
		{Name: "menu-down", Keys: []string{"down", "tab"}, Label: "down", Help: "Down", Run: func() tea.Cmd { return m.to(m.place() + 1) }},
		{Name: "menu-up", Keys: []string{"up", "shift+tab"}, Label: "up", Help: "Up", Run: func() tea.Cmd { return m.to(m.place() - 1) }},
		{Name: "menu-page-down", Keys: []string{"pgdown"}, Help: "A page down", Run: func() tea.Cmd { return m.by(page()) }},
		{Name: "menu-page-up", Keys: []string{"pgup"}, Help: "A page up", Run: func() tea.Cmd { return m.by(-page()) }},
		{Name: "menu-home", Keys: []string{"home"}, Help: "To the first", Run: func() tea.Cmd { return m.to(0) }},
		{Name: "menu-end", Keys: []string{"end"}, Help: "To the last", Run: func() tea.Cmd { return m.to(-1) }},
		leave,
	}
}

// all forgets what was typed.
func (m *MenuBox) all() tea.Cmd {
	m.typed = nil
	return nil
}

// none says that nothing fits what was typed, "" if something does.
func (m *MenuBox) none() string {
	if len(m.shown()) == 0 {
		return "nothing here fits what was typed"
	}
	return ""
}

func (m *MenuBox) choose(i int) tea.Cmd {
	if why := m.Items[i].Why; why != "" {
		return Say(LevelWarn, "That cannot be chosen now: "+why+".")
	}
	return m.leave(m.Pick(i))
}

// WantsText: what is typed or pasted finds.
func (m *MenuBox) WantsText() bool { return true }

// Takes reports whether a key is for the text.
func (m *MenuBox) Takes(k tea.KeyPressMsg) bool { return m.Typed() != "" && Edits(k) || k.Text != "" }

// Update types, and marks the best that fits.
func (m *MenuBox) Update(msg tea.Msg) tea.Cmd {
	if m.typed == nil {
		in := NewInput("")
		m.typed = &in
	}
	was := m.Typed()
	in, cmd := m.typed.Update(msg)
	m.typed = &in
	if m.Typed() != was {
		m.fits = grid.Fits(m.Typed(), len(m.Items), m.sought)
		if len(m.fits) > 0 {
			m.At = m.fits[0].Index
		}
	}
	return cmd
}

func (m *MenuBox) Resize(_, h int) { m.page = max(h-3, 1) }

// View draws the choices below what was typed; a hint that has no room beside its choice
// stands below while that is marked.
func (m *MenuBox) View(s Look, w, h int) string {
	all, at, wide := m.shown(), m.place(), m.width(w)
	room := max(h-3, 1)
	var below []string
	if len(all) > 0 {
		if it := m.Items[m.At]; ansi.StringWidth(it.Label+it.Hint) > wide-4 {
			below = append([]string{""}, Hang("    ", s.InDialog.Paint(core.Visible(it.Hint)), wide)...)
			if len(below)+len(all) > room {
				below = nil
			}
		}
	}
	room -= len(below)
	top := max(min(at-room/2, len(all)-room), 0)
	lines := []string{Pad(m.field(s, wide), wide)}
	for i := top; i < len(all) && i < top+room; i++ {
		lines = append(lines, m.line(s, all[i], wide-2))
	}
	if len(all) == 0 {
		lines = append(lines, s.Dim.Paint("  nothing fits; "+KeyOf("menu-close")+" shows all again"))
	}
	title := m.Title
	if top+room < len(all) {
		title += " (↓ more)"
	}
	return s.box(title, append(lines, below...), w, h)
}

// The widest that a menu becomes, and how many of its items are measured for that: it stays as
// wide while it is narrowed and moved through.
const (
	widestMenu = 110
	measured   = 500
)

// width is how wide its text is: as wide as its items, where there is room.
func (m *MenuBox) width(w int) int {
	wide := min(ansi.StringWidth(m.Title), boxWidth(w))
	for i := range min(len(m.Items), measured) {
		wide = max(wide, ansi.StringWidth(m.text(i))+2)
	}
	return max(min(wide, w-4, widestMenu), 1)
}

// Point chooses the item that is clicked at. Items stand below each other without a gap, and
// one of them is marked.
func (m *MenuBox) Point(lines []string, _, y int) tea.Cmd {
	marked := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(strings.TrimLeft(l, "│| "), "> ") })
	if marked < 0 || y < 0 || y >= len(lines)-1 {
		return nil
	}
	for i := min(marked, y); i <= max(marked, y); i++ {
		if strings.Trim(lines[i], "│| ") == "" {
			return nil
		}
	}
	place := m.place() + y - marked
	if all := m.shown(); place >= 0 && place < len(all) && y > 1 {
		m.At = all[place].Index
		return m.choose(m.At)
	}
	return nil
}

// field is what was typed.
func (m *MenuBox) field(s Look, wide int) string {
	if m.Typed() == "" {
		return s.Dim.Paint("  type to find")
	}
	return s.Key.Paint("/ ") + s.Input(*m.typed, wide-2)
}

// line is an item, its letters that fit underlined.
func (m *MenuBox) line(s Look, f grid.Fit, w int) string {
	text := Clip(grid.Lit(m.text(f.Index), f.At), w)
	switch {
	case f.Index == m.At:
		return s.cursor.Paint("> " + text)
	case m.Items[f.Index].Why != "":
		return s.Dim.Paint("  " + text)
	}
	return s.InDialog.Paint("  " + text)
}
