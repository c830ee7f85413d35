package shell

import (
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/tui/ui"
)

// What was said. A message that does not matter ends by itself; a failure stays until it was
// read; M shows those that were.

// spoken is how long the status line says what does not matter, and mostSaid how many messages
// are kept.
const (
	spoken   = 20 * time.Second
	mostSaid = 500
)

// messages are those that were said, oldest first.
type messages struct {
	log    []told
	nth    int  // how many there were, also those that are kept no longer
	passed bool // the last one is said no longer: its screen was left, or its time is over
}

// told is a message, with when it was told.
type told struct {
	ui.Note
	at   time.Time
	read bool // somebody has looked at it
}

// matters reports whether it stays until somebody has looked at it.
func (t *told) matters() bool {
	return t.Level == ui.LevelBad || t.Err != nil && t.Level == ui.LevelWarn
}

// passMsg says that the time of a message is over.
type passMsg struct{ nth int }

// last is what was said last, and whether the status line still says it.
func (m *messages) last() (n ui.Note, shown bool) {
	if len(m.log) == 0 {
		return ui.Note{}, false
	}
	return m.log[len(m.log)-1].Note, !m.passed
}

// unread are the failures that nobody has looked at, by their place in the log.
func (m *messages) unread() (out []int) {
	for i := range m.log {
		if m.log[i].matters() && !m.log[i].read {
			out = append(out, i)
		}
	}
	return out
}

// telling takes what is to be said, and what has been said long enough.
func (a *App) telling(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case ui.Note:
		return a.tell(msg)
	case ui.BannerMsg:
		a.renew()
		if msg.Note.Text != "" {
			return a.tell(msg.Note)
		}
	case passMsg:
		if msg.nth == a.said.nth {
			a.said.passed = true
		}
	}
	return nil
}

// tell says something.
func (a *App) tell(n ui.Note) tea.Cmd {
	m := &a.said
	for i := range m.log { // what is told again is told once
		m.log[i].read = m.log[i].read || m.log[i].Level == n.Level && m.log[i].Text == n.Text
	}
	if len(m.log) == mostSaid {
		m.log = m.log[1:]
	}
	m.log = append(m.log, told{Note: n, at: a.opt.Now()})
	m.nth++
	m.passed = false
	t, nth := &m.log[len(m.log)-1], m.nth
	if t.matters() || n.Level == ui.LevelBusy { // what is being done is over when something else is said
		return nil
	}
	return a.opt.After(spoken, func(time.Time) tea.Msg { return passMsg{nth} })
}

// showNote shows the last message whole, and what lies beneath it; before that the failures
// that nobody has looked at.
func (a *App) showNote() tea.Cmd {
	m := &a.said
	at := len(m.log) - 1
	if un := m.unread(); len(un) > 0 && (m.passed || !m.log[at].matters()) {
		at = un[len(un)-1]
	}
	m.log[at].read = true
	return ui.Show(ui.NoteBox(a.look, "Message", m.log[at].Note))
}

// showLog shows all messages, the newest first, each with what lies beneath it.
func (a *App) showLog() tea.Cmd {
	l := a.look
	var lines []ui.Line
	for i := len(a.said.log) - 1; i >= 0; i-- {
		t := &a.said.log[i]
		sign := l.Dim.Paint(l.Clock(core.Some(t.at))+" ") + l.Level(t.Level).Paint(t.Level.Glyph()+" ")
		lines = append(lines, ui.Line{Sign: sign, Value: l.InDialog.Paint(core.Visible(t.Text))})
		for _, cause := range t.Beneath() {
			lines = append(lines, ui.Line{Sign: l.Dim.Paint("    because "), Value: l.InDialog.Paint(cause)})
		}
		t.read = true
	}
	return ui.Show(&ui.TextBox{Title: "Messages", Lines: lines, Look: l})
}

// unreadText says that there are failures that nobody has looked at; "" if there are none
// but the one that is said.
func (m *messages) unreadText() string {
	n := len(m.unread())
	if last := len(m.log) - 1; last >= 0 && !m.passed && m.log[last].matters() && !m.log[last].read {
		n--
	}
	switch {
	case n <= 0:
		return ""
	case n == 1:
		return "✗ not looked at yet (" + ui.KeyOf("message") + ")"
	}
	return fmt.Sprintf("✗ %d not looked at yet (%s)", n, ui.KeyOf("message"))
}
