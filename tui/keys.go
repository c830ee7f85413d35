package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
)

// scope is the actions that keys reach now, the nearest first: those of the
// dialog on top, or of the text field that has the focus, or of the screen and
// then the root.
func (a *App) scope() []action {
	top := a.top()
	if n := len(a.dialogs); n > 0 {
		return a.dialogs[n-1].actions()
	}
	if t, ok := top.(texter); ok && t.wantsText() {
		return t.fieldActions()
	}
	out := slices.Clip(top.actions())
	taken := map[string]bool{}
	for _, act := range out {
		for _, k := range act.keys {
			taken[k] = true
		}
	}
	for _, act := range a.rootActions() { // what a screen's own hides is not told
		if slices.ContainsFunc(act.keys, func(k string) bool { return !taken[k] }) {
			out = append(out, act)
		}
	}
	return out
}

// rootActions are what keys do everywhere.
func (a *App) rootActions() []action {
	const group = "Everywhere"
	out := []action{
		{name: helpAction, keys: []string{"?"}, label: "help", help: "Show what every key does", run: a.showHelp},
		{name: "back", keys: []string{"esc"}, label: a.backLabel(), help: "Go back", run: func() tea.Cmd { return closeScreen }},
	}
	out = append(out, a.screenActions()...)
	out = append(out,
		action{name: "paste", keys: []string{"p"}, label: "paste", run: a.readClipboard,
			help: "Import records from the clipboard; a paste with the terminal's own key works on every screen"},
		action{name: "quit", keys: []string{"q"}, label: "quit", help: "Quit; asks while something runs", run: a.quit},
		action{name: "interrupt", keys: []string{"ctrl+c"}, run: a.interrupt,
			help: "Cancel what runs; of several tasks show the list; where nothing runs, quit"},
	)
	if a.visit.in.Keys != nil {
		out = append(out, a.visit.in.Keys(a.seat(0))...)
	}
	out = append(out,
		action{name: "message", keys: []string{"e"}, help: "Show the last message whole, with its cause", why: a.noNote, run: a.showNote},
		action{name: "zone", keys: []string{"z"}, help: "Times in UTC or in local time", run: a.toggleZone},
		action{name: "theme", keys: []string{"T"}, help: "Choose a theme", run: a.chooseTheme},
		action{name: "redraw", keys: []string{"ctrl+l"}, help: "Draw the screen anew", run: func() tea.Cmd { return tea.ClearScreen }},
		action{name: "suspend", keys: []string{"ctrl+z"}, help: "Suspend hearth; fg brings it back", run: func() tea.Cmd { return tea.Suspend }},
	)
	for i := range out {
		out[i].group = group
	}
	return out
}

// screenActions are the keys that lead to screens.
func (a *App) screenActions() (out []action) {
	for _, e := range a.screens() {
		if e.key == "" || e.only != nil && !e.only() {
			continue
		}
		act := action{name: "go-" + e.name, keys: []string{e.key}, label: e.name, help: "Go to " + e.name, minor: e.minor,
			run: func() tea.Cmd { return open(e.name, "") }}
		n := len(a.stack)
		if n == 1 && a.stack[0].name == e.name || e.kept && n > 0 && a.stack[n-1].name == e.name || e.quiet {
			act.label = ""
		}
		out = append(out, act)
	}
	return out
}

func (a *App) backLabel() string {
	if len(a.stack) > 1 {
		return "back"
	}
	return ""
}

func (a *App) noNote() string {
	if a.note.text == "" {
		return "there has been no message yet"
	}
	return ""
}

func (a *App) toggleZone() tea.Cmd {
	a.relook(func(l *Look) { l.Local = !l.Local })
	a.repaint()
	return note(info, "Times are in "+a.look.Zone()+" now.")
}

// showHelp lists every key of the screen and of the root, by group.
func (a *App) showHelp() tea.Cmd {
	s := a.look
	var groups []string
	lines := map[string][]line{}
	for _, act := range a.scope() {
		g := act.group
		if g == "" && len(a.stack) > 0 {
			g = a.nameOf(a.stack[len(a.stack)-1])
		}
		if lines[g] == nil {
			groups = append(groups, g)
		}
		var names []string
		for _, k := range act.keys {
			names = append(names, keyName(k))
		}
		help := s.dialog.Paint(act.help)
		if why := act.blocked(); why != "" {
			help += s.warn.Paint(" (not now: " + core.Visible(why) + ")")
		}
		lines[g] = append(lines[g], line{sign: "  " + s.key.Paint(pad(strings.Join(names, " "), 12)) + "  ", value: help})
	}
	var all []line
	for _, g := range groups {
		if all != nil {
			all = append(all, line{})
		}
		all = append(append(all, s.heading(g)), lines[g]...)
	}
	return show(&textBox{title: "Keys", lines: all, look: s})
}

// showNote shows the last message whole, and what lies beneath it.
func (a *App) showNote() tea.Cmd { return show(noteBox(a.look, "Message", a.note.noteMsg)) }
