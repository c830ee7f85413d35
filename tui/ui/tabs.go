package ui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
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

// Point opens the tab that is clicked at.
func (t *Tabbed) Point(lines []string, x, y int) tea.Cmd {
	if y != 0 || len(lines) == 0 {
		return nil
	}
	from := 0
	for i, tb := range t.tabs {
		name := tb.Name()
		at := strings.Index(lines[0][from:], name)
		if at < 0 {
			return nil
		}
		from += at
		if begin := ansi.StringWidth(lines[0][:from]); x >= begin-1 && x <= begin+ansi.StringWidth(name) {
			return t.turn(i)
		}
		from += len(name)
	}
	return nil
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
