package ui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"hearth/core"
)

// Tab is a part of a detail screen. It is a small screen: see there.
type Tab interface {
	Name() string
	Init() tea.Cmd // called when it is first shown
	Update(tea.Msg) tea.Cmd
	Resize(w, h int)
	View(w, h int) string
	Actions() []Action
}

// Tabbed is a screen made of tabs, one of which is open.
type Tabbed struct {
	host  Host
	tabs  []Tab
	at    int
	begun map[int]bool
	w, h  int
}

func NewTabbed(host Host, tabs ...Tab) *Tabbed {
	return &Tabbed{host: host, tabs: tabs, begun: map[int]bool{}}
}

// turn opens a tab.
func (t *Tabbed) turn(to int) tea.Cmd {
	t.at = (to + len(t.tabs)) % len(t.tabs)
	if t.begun[t.at] {
		return t.Resume()
	}
	t.begun[t.at] = true
	return t.tabs[t.at].Init()
}

// Named opens the tab of a name, the first if there is none.
func (t *Tabbed) Named(name string) tea.Cmd {
	for i, tb := range t.tabs {
		if strings.EqualFold(tb.Name(), name) {
			return t.turn(i)
		}
	}
	return t.turn(0)
}

// Shows reports whether the tab of the name is open.
func (t *Tabbed) Shows(name string) bool { return strings.EqualFold(t.tabs[t.at].Name(), name) }

func (t *Tabbed) Resize(w, h int) {
	t.w, t.h = w, h
	for _, tb := range t.tabs {
		tb.Resize(w, max(h-2, 0))
	}
}

// Update tells all tabs: an answer may be for one that is not shown.
func (t *Tabbed) Update(msg tea.Msg) tea.Cmd {
	var cmds []tea.Cmd
	for _, tb := range t.tabs {
		cmds = append(cmds, tb.Update(msg))
	}
	return tea.Batch(cmds...)
}

func (t *Tabbed) Resume() tea.Cmd {
	if r, ok := t.tabs[t.at].(Resumer); ok {
		return r.Resume()
	}
	return nil
}

func (t *Tabbed) Restyle() {
	for _, tb := range t.tabs {
		if s, ok := tb.(Styled); ok {
			s.Restyle()
		}
	}
}

func (t *Tabbed) View(w, h int) string {
	bar := t.bar(" ")
	if ansi.StringWidth(bar) > w {
		bar = t.bar("")
	}
	return Clip(bar, w) + "\n" + t.host.Look().Border.Paint(strings.Repeat("─", w)) + "\n" + Fit(t.tabs[t.at].View(w, h-2), w, max(h-2, 0))
}

// bar is the names of the tabs, the open one in brackets.
func (t *Tabbed) bar(room string) string {
	var names []string
	for i, tb := range t.tabs {
		if i == t.at {
			names = append(names, t.host.Look().OpenTab.Paint("["+tb.Name()+"]"))
		} else {
			names = append(names, t.host.Look().Dim.Paint(room+tb.Name()+room))
		}
	}
	return strings.Join(names, " ")
}

func (t *Tabbed) Actions() []Action {
	out := t.tabs[t.at].Actions()
	for i := range out {
		if out[i].Group == "" {
			out[i].Group = t.tabs[t.at].Name()
		}
	}
	return append(out,
		Action{Name: "next-tab",
			Keys:  []string{"tab", "right"},
			Label: "next tab",
			Help:  "The next tab",
			Group: "Tabs",
			Run:   func() tea.Cmd { return t.turn(t.at + 1) },
		},
		Action{
			Name:  "previous-tab",
			Keys:  []string{"shift+tab", "left"},
			Help:  "The tab before",
			Group: "Tabs",
			Run:   func() tea.Cmd { return t.turn(t.at - 1) },
		},
	)
}

// Scroll is lines that can be moved up and down.
type Scroll struct {
	Host   Host
	Lines  []Line
	beside []Line
	laid   []string
	top    int
	w, h   int
}

func (s *Scroll) Set(lines []Line) { s.SetBeside(lines, nil) }

// SetBeside has other lines stand to the right of the first, and moves both.
func (s *Scroll) SetBeside(lines, beside []Line) {
	s.Lines, s.beside = lines, beside
	s.fold()
}

// fold lays the lines out for the width.
func (s *Scroll) fold() {
	l := s.Host.Look()
	if s.beside == nil {
		s.laid = l.Lay(s.Lines, s.w)
	} else {
		right := s.w * 3 / 8
		left := max(s.w-right-2, 0)
		a, b := l.Lay(s.Lines, left), l.Lay(s.beside, right)
		h := max(len(a), len(b))
		s.laid = strings.Split(SideBySide(strings.Join(a, "\n"), strings.Join(b, "\n"), left, right, h, l.Border), "\n")
	}
	s.move(0)
}

func (s *Scroll) move(by int) { _, s.top = window(s.laid, s.top+by, s.h) }

func (s *Scroll) Resize(w, h int) {
	s.w, s.h = w, max(h, 0)
	s.fold()
}

func (s *Scroll) View(w, h int) string {
	shown, top := window(s.laid, s.top, h)
	if rest := len(s.laid) - top - len(shown); rest > 0 && len(shown) > 1 {
		shown = append(append([]string{}, shown[:len(shown)-1]...), s.Host.Look().Dim.Paint("↓ "+core.Count(rest+1, "more line")))
	}
	return strings.Join(shown, "\n")
}

func (s *Scroll) Actions() []Action { return scrolls(func() int { return s.h - 1 }, s.move) }
