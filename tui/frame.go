package tui

import (
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
)

// View draws the frame: title, screen, status line, footer, and the dialogs over
// them. It reads the model and changes nothing.
func (a *app) View() tea.View {
	v := tea.NewView(a.frame())
	v.AltScreen = true
	v.WindowTitle = "hearth " + core.Visible(a.info.Title)
	return v
}

func (a *app) frame() string {
	w, h := max(a.w, 0), max(a.h, 0)
	if w == 0 || h == 0 {
		return ""
	}
	bw, bh := a.body()
	body := fit(a.top().view(bw, bh), bw, bh)
	frame := body
	switch a.chrome() {
	case 3:
		frame = a.titleBar(w) + "\n" + body + "\n" + clip(a.statusLine(w), w) + "\n" + clip(a.footer(w), w)
	case 1:
		frame = body + "\n" + clip(a.statusLine(w), w)
	}
	for _, d := range a.dialogs {
		frame = over(frame, d.view(a.styles, w, h), w, h)
	}
	return fit(frame, w, h)
}

// titleBar says where one is: hearth, the place and its badge, the screens on the
// stack; at its end what runs, and the zone that times are in.
func (a *app) titleBar(w int) string {
	s := a.styles
	left := " hearth "
	place := core.Visible(a.info.Title)
	if a.info.ReadOnly != "" {
		place += " (read-only)"
	}
	crumbs := []string{}
	for _, h := range a.stack {
		crumbs = append(crumbs, core.Visible(titleOf(h)))
	}
	right := a.zone() + " "
	if a.job != nil {
		right = a.jobLine() + "  " + right
	}
	badge := ""
	if a.info.Badge != "" {
		badge = " " + core.Visible(a.info.Badge) + " "
	}
	text := left + "· " + place + " "
	if len(crumbs) > 0 {
		text += "· " + strings.Join(crumbs, " › ") + " "
	}
	room := w - len([]rune(badge))
	return s.badge.Paint(badge) + s.title.Paint(spread(clip(text, room), right, room))
}

func titleOf(h held) string {
	if t, ok := h.screen.(titled); ok {
		return t.title()
	}
	if e, ok := find(h.name); ok {
		return e.help
	}
	return h.name
}

// zone is the zone that times are shown in.
func (a *app) zone() string {
	if !a.local {
		return "UTC"
	}
	name, _ := a.now.In(time.Local).Zone()
	return name
}

// clock writes a point in time, in the zone that the title bar says.
func (a *app) clock(t core.Opt[time.Time]) string { return clockIn(t, a.local) }

func clockIn(t core.Opt[time.Time], local bool) string {
	if !t.Set {
		return "-"
	}
	at := t.V.UTC()
	if local {
		at = at.Local()
	}
	return at.Format("2006-01-02 15:04:05")
}

// age tells how long ago something was: 45s, 12m, 5h, 30d, 2y.
func (a *app) age(t core.Opt[time.Time]) string {
	if !t.Set {
		return "-"
	}
	d := a.now.Sub(t.V)
	switch {
	case d < 0:
		return "0s"
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	case d < 2*365*24*time.Hour:
		return fmt.Sprintf("%dd", int(d.Hours()/24))
	}
	return fmt.Sprintf("%dy", int(d.Hours()/24/365))
}

// rootActions are what keys do everywhere.
func (a *app) rootActions() []action {
	var out []action
	out = append(out,
		action{keys: []string{"?"}, label: "help", help: "Show what every key does", group: "Everywhere", run: a.showHelp},
		action{keys: []string{"esc"}, label: a.backLabel(), help: "Go back", group: "Everywhere", run: func() tea.Cmd { return closeScreen }},
	)
	for _, e := range registry {
		if e.key != "" {
			out = append(out, action{keys: []string{e.key}, label: strings.ToLower(e.name), help: e.help, group: "Everywhere",
				run: func() tea.Cmd { return open(e.name, "") }})
		}
	}
	return append(out,
		action{keys: []string{"p"}, label: "paste", help: "Import records from the clipboard (or paste them with the terminal's own key, on any screen)", group: "Everywhere", run: a.readClipboard},
		action{keys: []string{"U"}, label: "undo", help: "Take back the last apply", group: "Everywhere", why: a.cannotWrite, run: func() tea.Cmd { return a.undo(0) }},
		action{keys: []string{"e"}, help: "Show the last message whole, with its cause", group: "Everywhere",
			why: func() string {
				if a.note.text == "" {
					return "there is no message"
				}
				return ""
			}, run: a.showNote},
		action{keys: []string{"z"}, help: "Times in UTC or in local time", group: "Everywhere", run: a.toggleZone},
		action{keys: []string{"T"}, help: "Choose a theme", group: "Everywhere", run: a.chooseTheme},
		action{keys: []string{"ctrl+l"}, help: "Draw the screen anew", group: "Everywhere", run: func() tea.Cmd { return tea.ClearScreen }},
		action{keys: []string{"ctrl+z"}, help: "Suspend hearth; fg brings it back", group: "Everywhere", run: func() tea.Cmd { return tea.Suspend }},
		action{keys: []string{"q", "ctrl+c"}, label: "quit", help: "Quit; Ctrl-C first cancels what runs", group: "Everywhere", run: a.quit},
	)
}

func (a *app) backLabel() string {
	if len(a.stack) > 1 {
		return "back"
	}
	return ""
}

// cannotWrite says why nothing can be written here, "" if it can.
func (a *app) cannotWrite() string { return a.info.ReadOnly }

func (a *app) toggleZone() tea.Cmd {
	a.local = !a.local
	return note(info, "Times are in "+a.zone()+" now.")
}

// showHelp lists every key of the screen and of the root.
func (a *app) showHelp() tea.Cmd {
	s := a.styles
	var lines []string
	group := ""
	for _, act := range append(a.top().actions(), a.rootActions()...) {
		g := act.group
		if g == "" {
			g = titleOf(a.stack[len(a.stack)-1])
		}
		if g != group {
			if group != "" {
				lines = append(lines, "")
			}
			group = g
			lines = append(lines, s.header.Paint(core.Visible(g)))
		}
		var names []string
		for _, k := range act.keys {
			names = append(names, keyName(k))
		}
		text := act.help
		if why := act.blocked(); why != "" {
			text += s.warn.Paint(" (not now: " + core.Visible(why) + ")")
		}
		lines = append(lines, "  "+s.key.Paint(pad(strings.Join(names, " "), 12))+" "+text)
	}
	return show(&textBox{title: "Keys", lines: lines})
}

// showNote shows the last message whole, and what lies beneath it.
func (a *app) showNote() tea.Cmd {
	s := a.styles
	lines := []string{s.level(a.note.level).Paint(core.Visible(a.note.text))}
	for _, cause := range core.Causes(a.note.err) {
		lines = append(lines, "", s.dim.Paint("because")+" "+core.VisibleLines(cause))
	}
	if code := core.CodeOf(a.note.err); code != "" {
		lines = append(lines, "", s.dim.Paint("sort of error: "+string(code)))
	}
	return show(&textBox{title: "Message", lines: lines})
}
