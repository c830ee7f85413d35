package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
)

// rootActions are what keys do everywhere.
func (a *app) rootActions() []action {
	const group = "Everywhere"
	out := []action{
		{keys: []string{"?"}, label: "help", help: "Show what every key does", run: a.showHelp},
		{keys: []string{"esc"}, label: a.backLabel(), help: "Go back", run: func() tea.Cmd { return closeScreen }},
	}
	for _, e := range registry {
		if e.key == "" || e.only != nil && !e.only(a) {
			continue
		}
		act := action{keys: []string{e.key}, label: e.name, help: "Go to " + e.name, minor: e.minor, run: func() tea.Cmd { return open(e.name, "") }}
		if n := len(a.stack); n == 1 && a.stack[0].name == e.name || e.kept && n > 0 && a.stack[n-1].name == e.name {
			act.label = ""
		}
		out = append(out, act)
	}
	out = append(out,
		action{keys: []string{"p"}, label: "paste", help: "Import records from the clipboard; a paste with the terminal's own key works on every screen", run: a.readClipboard},
		action{keys: []string{"q"}, label: "quit", help: "Quit; asks while something runs", run: a.quit},
		action{keys: []string{"ctrl+c"}, help: "Cancel what runs; where nothing does, quit", run: a.interrupt},
		action{keys: []string{"U"}, label: "undo", minor: true, help: "Take back the last apply, after asking", why: func() string { return a.cannot(core.OpWriteVolume) }, run: func() tea.Cmd { return a.undo(0) }},
		action{keys: []string{"e"}, help: "Show the last message whole, with its cause", why: a.noNote, run: a.showNote},
		action{keys: []string{"z"}, help: "Times in UTC or in local time", run: a.toggleZone},
		action{keys: []string{"T"}, help: "Choose a theme", run: a.chooseTheme},
		action{keys: []string{"ctrl+l"}, help: "Draw the screen anew", run: func() tea.Cmd { return tea.ClearScreen }},
		action{keys: []string{"ctrl+z"}, help: "Suspend hearth; fg brings it back", run: func() tea.Cmd { return tea.Suspend }},
	)
	if a.operates() {
		out = append(out, action{keys: []string{"W"}, help: "Show the last restore: how it gets on, and what came of it", why: a.noReport, run: a.showRestore})
	}
	out = append(out, a.projectActions()...)
	for i := range out {
		out[i].group = group
	}
	return out
}

func (a *app) backLabel() string {
	if len(a.stack) > 1 {
		return "back"
	}
	return ""
}

func (a *app) noNote() string {
	if a.note.text == "" {
		return "there has been no message yet"
	}
	return ""
}

func (a *app) toggleZone() tea.Cmd {
	a.local = !a.local
	a.repaint()
	return note(info, "Times are in "+a.zone()+" now.")
}

// showHelp lists every key of the screen and of the root, by group.
func (a *app) showHelp() tea.Cmd {
	s := a.styles
	var groups []string
	lines := map[string][]line{}
	for _, act := range a.scope() {
		g := act.group
		if g == "" && len(a.stack) > 0 {
			g = nameOf(a.stack[len(a.stack)-1])
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
	return show(&textBox{title: "Keys", lines: all, styles: s})
}

// showNote shows the last message whole, and what lies beneath it.
func (a *app) showNote() tea.Cmd {
	s, n := a.styles, a.note
	lines := []line{text(s.level(n.level).Paint(n.level.glyph() + " " + core.Visible(n.text)))}
	for _, cause := range n.beneath() {
		lines = append(lines, line{}, line{sign: s.dim.Paint("because "), value: s.dialog.Paint(cause)})
	}
	if code := core.CodeOf(n.err); code != "" {
		lines = append(lines, line{}, line{sign: s.dim.Paint("sort of error: "), value: s.dialog.Paint(string(code))})
	}
	return show(&textBox{title: "Message", lines: lines, styles: s})
}
