package ui

import (
	"strconv"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"hearth/core"
)

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
		{Name: "choose", Keys: []string{"enter", "space"}, Label: "choose", Help: "Choose what is marked",
			Run: func() tea.Cmd { return m.choose(m.At) }},
		{Name: "down", Keys: []string{"down", "j", "tab"}, Label: "down", Help: "Down", Run: to(func() int { return m.At + 1 })},
		{Name: "up", Keys: []string{"up", "k", "shift+tab"}, Label: "up", Help: "Up", Run: to(func() int { return m.At - 1 })},
		{Name: "home", Keys: []string{"home", "g"}, Help: "To the first", Run: to(func() int { return 0 })},
		{Name: "end", Keys: []string{"end", "G"}, Help: "To the last", Run: to(func() int { return n - 1 })},
		{Name: "close", Keys: []string{"esc", "q", "ctrl+c"}, Label: "close", Help: "Close it", Run: m.leaving},
	}
	for i := range min(n, 9) {
		out = append(out,
			Action{
				Name: "choose-" + strconv.Itoa(i+1),
				Keys: []string{strconv.Itoa(i + 1)},
				Help: "Choose by number",
				Run:  func() tea.Cmd { return m.choose(i) },
			})
	}
	return out
}

func (m *MenuBox) choose(i int) tea.Cmd {
	if why := m.Items[i].Why; why != "" {
		return Say(LevelWarn, "That cannot be chosen now: "+why+".")
	}
	return m.leave(m.Pick(i))
}

// View draws the choices; a hint that has no room beside its choice stands below
// while that is marked.
func (m *MenuBox) View(s Look, w, h int) string {
	room := max(h-2, 1)
	var below []string
	if it := m.Items[m.At]; ansi.StringWidth(it.Label+it.Hint) > boxWidth(w)-6 {
		below = append([]string{""}, Hang("    ", s.InDialog.Paint(core.Visible(it.Hint)), boxWidth(w))...)
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
			text = s.InDialog.Paint("  " + text)
		}
		lines = append(lines, text)
	}
	title := m.Title
	if top+room < len(m.Items) {
		title += " (↓ more)"
	}
	return s.box(title, append(lines, below...), w, h)
}
