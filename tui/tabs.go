package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"hearth/core"
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
	host  Host
	tabs  []tab
	at    int
	begun map[int]bool
	w, h  int
}

func newTabbed(host Host, tabs ...tab) *tabbed {
	return &tabbed{host: host, tabs: tabs, begun: map[int]bool{}}
}

// turn opens a tab.
func (t *tabbed) turn(to int) tea.Cmd {
	t.at = (to + len(t.tabs)) % len(t.tabs)
	if t.begun[t.at] {
		return t.resume()
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

// shows reports whether the tab of the name is open.
func (t *tabbed) shows(name string) bool { return strings.EqualFold(t.tabs[t.at].name(), name) }

func (t *tabbed) resize(w, h int) {
	t.w, t.h = w, h
	for _, tb := range t.tabs {
		tb.resize(w, max(h-2, 0))
	}
}

// update tells all tabs: an answer may be for one that is not shown.
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
	bar := t.bar(" ")
	if ansi.StringWidth(bar) > w {
		bar = t.bar("")
	}
	return clip(bar, w) + "\n" + t.host.Look().border.Paint(strings.Repeat("─", w)) + "\n" + fit(t.tabs[t.at].view(w, h-2), w, max(h-2, 0))
}

// bar is the names of the tabs, the open one in brackets.
func (t *tabbed) bar(room string) string {
	var names []string
	for i, tb := range t.tabs {
		if i == t.at {
			names = append(names, t.host.Look().tab.Paint("["+tb.name()+"]"))
		} else {
			names = append(names, t.host.Look().dim.Paint(room+tb.name()+room))
		}
	}
	return strings.Join(names, " ")
}

func (t *tabbed) actions() []action {
	out := t.tabs[t.at].actions()
	for i := range out {
		if out[i].group == "" {
			out[i].group = t.tabs[t.at].name()
		}
	}
	return append(out,
		action{keys: []string{"tab", "right"}, label: "next tab", help: "The next tab", group: "Tabs", run: func() tea.Cmd { return t.turn(t.at + 1) }},
		action{keys: []string{"shift+tab", "left"}, help: "The tab before", group: "Tabs", run: func() tea.Cmd { return t.turn(t.at - 1) }},
	)
}

// scroll is lines that can be moved up and down.
type scroll struct {
	host  Host
	lines []line
	laid  []string
	top   int
	w, h  int
}

func (s *scroll) set(lines []line) {
	s.lines = lines
	s.fold()
}

// fold lays the lines out for the width.
func (s *scroll) fold() {
	s.laid = s.host.Look().lay(s.lines, s.w)
	s.move(0)
}

func (s *scroll) move(by int) { _, s.top = window(s.laid, s.top+by, s.h) }

func (s *scroll) resize(w, h int) {
	s.w, s.h = w, max(h, 0)
	s.fold()
}

func (s *scroll) view(w, h int) string {
	shown, top := window(s.laid, s.top, h)
	if rest := len(s.laid) - top - len(shown); rest > 0 && len(shown) > 1 {
		shown = append(append([]string{}, shown[:len(shown)-1]...), s.host.Look().dim.Paint("↓ "+core.Count(rest+1, "more line")))
	}
	return strings.Join(shown, "\n")
}

func (s *scroll) actions() []action { return scrolls(func() int { return s.h - 1 }, s.move) }
