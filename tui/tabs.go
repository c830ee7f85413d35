package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
)

// tab is a part of a detail screen. It is a small screen: see there.
type tab interface {
	name() string
	init() tea.Cmd // called when it is first shown
	update(tea.Msg) tea.Cmd
	resize(w, h int)
	view(w, h int) string
	actions() []action
}

// tabbed is a screen made of tabs, one of which is open.
type tabbed struct {
	*base
	tabs  []tab
	at    int
	begun map[int]bool
	w, h  int
}

func newTabbed(b *base, tabs ...tab) *tabbed {
	return &tabbed{base: b, tabs: tabs, begun: map[int]bool{}}
}

// turn opens a tab.
func (t *tabbed) turn(to int) tea.Cmd {
	t.at = (to + len(t.tabs)) % len(t.tabs)
	t.tabs[t.at].resize(t.w, t.h-2)
	if t.begun[t.at] {
		if r, ok := t.tabs[t.at].(resumer); ok {
			return r.resume()
		}
		return nil
	}
	t.begun[t.at] = true
	return t.tabs[t.at].init()
}

// named opens the tab of a name, the first if there is none.
func (t *tabbed) named(name string) tea.Cmd {
	for i, tb := range t.tabs {
		if strings.EqualFold(tb.name(), name) {
			return t.turn(i)
		}
	}
	return t.turn(0)
}

func (t *tabbed) resize(w, h int) {
	t.w, t.h = w, h
	for _, tb := range t.tabs {
		tb.resize(w, h-2)
	}
}

func (t *tabbed) update(msg tea.Msg) tea.Cmd {
	var cmds []tea.Cmd
	for _, tb := range t.tabs {
		cmds = append(cmds, tb.update(msg))
	}
	return tea.Batch(cmds...)
}

func (t *tabbed) resume() tea.Cmd {
	if r, ok := t.tabs[t.at].(resumer); ok {
		return r.resume()
	}
	return nil
}

func (t *tabbed) restyle() {
	for _, tb := range t.tabs {
		if s, ok := tb.(styled); ok {
			s.restyle()
		}
	}
}

func (t *tabbed) view(w, h int) string {
	var bar strings.Builder
	for i, tb := range t.tabs {
		if i == t.at {
			bar.WriteString(t.styles.tab.Paint("[" + tb.name() + "]"))
		} else {
			bar.WriteString(t.styles.dim.Paint(" " + tb.name() + " "))
		}
		bar.WriteString(" ")
	}
	return clip(bar.String(), w) + "\n" + t.styles.border.Paint(strings.Repeat("─", w)) + "\n" + fit(t.tabs[t.at].view(w, h-2), w, max(h-2, 0))
}

func (t *tabbed) actions() []action {
	return append(t.tabs[t.at].actions(),
		action{keys: []string{"tab", "right"}, label: "next tab", help: "The next tab", group: "Tabs", run: func() tea.Cmd { return t.turn(t.at + 1) }},
		action{keys: []string{"shift+tab", "left"}, help: "The tab before", group: "Tabs", run: func() tea.Cmd { return t.turn(t.at - 1) }},
	)
}

// scroll is lines that can be moved up and down.
type scroll struct {
	*base
	lines   []string // painted, not wrapped
	wrapped []string
	top     int
	w, h    int
}

func (s *scroll) set(lines []string) {
	s.lines = lines
	s.layout()
}

func (s *scroll) layout() {
	s.wrapped = nil
	for _, l := range s.lines {
		s.wrapped = append(s.wrapped, wrapField(l, s.w)...)
	}
	s.top = max(min(s.top, len(s.wrapped)-s.h), 0)
}

func (s *scroll) resize(w, h int) {
	s.w, s.h = w, max(h, 0)
	s.layout()
}

func (s *scroll) view(w, h int) string {
	shown, _ := window(s.wrapped, s.top, h)
	return strings.Join(shown, "\n")
}

func (s *scroll) actions() []action {
	by := func(n func() int) func() tea.Cmd {
		return func() tea.Cmd {
			s.top = max(min(s.top+n(), len(s.wrapped)-s.h), 0)
			return nil
		}
	}
	page := func() int { return max(s.h-1, 1) }
	return []action{
		{keys: []string{"down", "j"}, help: "Down", group: "Moving", run: by(func() int { return 1 })},
		{keys: []string{"up", "k"}, help: "Up", group: "Moving", run: by(func() int { return -1 })},
		{keys: []string{"pgdown", "ctrl+f", "space"}, help: "A page down", group: "Moving", run: by(page)},
		{keys: []string{"pgup", "ctrl+b"}, help: "A page up", group: "Moving", run: by(func() int { return -page() })},
		{keys: []string{"home", "g"}, help: "To the beginning", group: "Moving", run: by(func() int { return -len(s.wrapped) })},
		{keys: []string{"end", "G"}, help: "To the end", group: "Moving", run: by(func() int { return len(s.wrapped) })},
	}
}
