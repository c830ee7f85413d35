package shell

import (
	"slices"
	"strings"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/tui/ui"
)

// scope is the actions that keys reach now, the nearest first: those of the
// dialog on top, or of the text field that has the focus, or of the screen and
// then the root.
func (a *App) scope() []ui.Action {
	top := a.top()
	if n := len(a.dialogs); n > 0 {
		return a.keyed(a.dialogs[n-1].Actions())
	}
	if t, ok := top.(ui.Texter); ok && t.WantsText() {
		return a.keyed(append(t.FieldActions(), a.besideText(t)...))
	}
	out := lit(a.keyed(top.Actions()))
	taken := map[string]bool{}
	for _, act := range out {
		for _, k := range act.Keys {
			taken[k] = true
		}
	}
	for _, act := range a.rootActions() { // what a screen's own hides is not told
		if slices.ContainsFunc(act.Keys, func(k string) bool { return !taken[k] }) {
			out = append(out, act)
		}
	}
	if !slices.ContainsFunc(out, func(x ui.Action) bool { return x.Name == "find" || x.Name == "filter" }) {
		out = append(out, a.keyed([]ui.Action{{Name: "find", Keys: []string{"/"}, Help: "Find: type a part of it", Group: "Everywhere",
			Why: func() string { return "there is no list and no long text here" }, Run: func() tea.Cmd { return nil }}})...)
	}
	return out
}

// besideText are the actions that keys reach everywhere, also while a text field has the focus
// that always has it: those whose keys are no text, and while it is blank those of signs that
// begin none.
func (a *App) besideText(t ui.Texter) (out []ui.Action) {
	b, ok := t.(interface{ Blank() bool })
	if !ok {
		return nil
	}
	for _, act := range a.rootActions() {
		act.Keys = slices.DeleteFunc(slices.Clone(act.Keys), func(k string) bool {
			return k == "esc" || len(k) == 1 && !(b.Blank() && strings.Contains("?:*", k))
		})
		if len(act.Keys) > 0 {
			out = append(out, act)
		}
	}
	return out
}

// keyed gives actions the keys that the config has for them. Where letters are text, they are
// no keys.
func (a *App) keyed(actions []ui.Action) []ui.Action {
	if len(a.opt.Keys) == 0 {
		return actions
	}
	typing, out := a.typing(), slices.Clone(actions)
	for i := range out {
		keys := slices.Clone(a.opt.Keys[out[i].Name])
		if typing {
			keys = slices.DeleteFunc(keys, func(k string) bool { return utf8.RuneCountInString(k) == 1 || k == "space" })
		}
		if len(keys) > 0 {
			out[i].Keys = keys
		}
	}
	return out
}

// typing reports whether letters are text in what has the keys.
func (a *App) typing() bool {
	var of any = a.top()
	if n := len(a.dialogs); n > 0 {
		of = a.dialogs[n-1]
	}
	t, ok := of.(interface{ WantsText() bool })
	return ok && t.WantsText()
}

// lit has the keys of what was found go before those of the screen.
func lit(actions []ui.Action) []ui.Action {
	mine := map[string]bool{}
	for _, act := range actions {
		if act.Group == ui.GroupFinding {
			for _, k := range act.Keys {
				mine[k] = true
			}
		}
	}
	var out []ui.Action
	for _, act := range actions {
		if act.Group != ui.GroupFinding {
			act.Keys = slices.DeleteFunc(slices.Clone(act.Keys), func(k string) bool { return mine[k] })
		}
		if len(act.Keys) > 0 {
			out = append(out, act)
		}
	}
	return out
}

// paletteAction is the name of the action that shows all that there are.
const paletteAction = "palette"

// rootActions are what keys do everywhere.
func (a *App) rootActions() []ui.Action {
	const group = "Everywhere"
	out := []ui.Action{
		{Name: helpAction, Keys: []string{"?"}, Label: "help", Help: "Show what every key does", Run: a.showHelp},
		{Name: "back", Keys: []string{"esc"}, Label: a.backLabel(), Help: "Go back", Run: func() tea.Cmd { return ui.CloseScreen }},
	}
	out = append(out,
		ui.Action{Name: paletteAction, Keys: []string{":"}, Label: "do", Minor: true, Run: a.openPalette,
			Help: "Do anything by typing: every action, screen, place, setting, what was opened before; or a line, such as :sort size"},
		ui.Action{Name: "backward", Keys: []string{"["}, Help: "Back to where you were before", Why: a.nowhere(-1), Run: a.along(-1)},
		ui.Action{Name: "forward", Keys: []string{"]"}, Help: "Forward again", Why: a.nowhere(1), Run: a.along(1)},
	)
	out = append(out, a.screenActions()...)
	out = append(out,
		ui.Action{Name: "paste", Keys: []string{"p"}, Label: "paste", Run: a.readClipboard,
			Help: "Import records from the clipboard; a paste with the terminal's own key works on every screen"},
		ui.Action{Name: "quit", Keys: []string{"q"}, Label: "quit", Help: "Quit; asks while something runs", Run: a.quit},
		ui.Action{Name: "interrupt", Keys: []string{"ctrl+c"}, Run: a.interrupt,
			Help: "Cancel what runs; of several tasks show the list; where nothing runs, quit"},
	)
	if a.visit.in.Keys != nil {
		out = append(out, a.visit.in.Keys(a.seat(0))...)
	}
	out = append(out,
		ui.Action{Name: "message", Keys: []string{"e"}, Help: "Show the last message whole, with its cause", Why: a.noNote, Run: a.showNote},
		ui.Action{Name: "messages", Keys: []string{"M"}, Help: "Show the messages that there were", Why: a.noNote, Run: a.showLog},
		ui.Action{Name: "zone", Keys: []string{"z"}, Help: "Times in UTC or in local time", Run: a.toggleZone},
		ui.Action{Name: "secrets", Keys: []string{"*"}, Help: "Show secrets as they are, or masked", Run: a.toggleSecrets},
		ui.Action{Name: "theme", Keys: []string{"T"}, Help: "Choose a theme", Run: a.chooseTheme},
		ui.Action{Name: "redraw", Keys: []string{"ctrl+l"}, Help: "Draw the screen anew", Run: func() tea.Cmd { return tea.ClearScreen }},
		ui.Action{
			Name: "suspend",
			Keys: []string{"ctrl+z"},
			Help: "Suspend hearth; fg brings it back",
			Run:  func() tea.Cmd { return tea.Suspend },
		},
	)
	for i := range out {
		out[i].Group = group
	}
	return a.keyed(out)
}

// screenActions are the keys that lead to screens.
func (a *App) screenActions() (out []ui.Action) {
	for _, e := range a.screens() {
		if e.Key == "" || e.Only != nil && !e.Only() {
			continue
		}
		act := ui.Action{Name: "go-" + e.Name, Keys: []string{e.Key}, Label: e.Name, Help: "Go to " + e.Name, Minor: e.Minor,
			Run: func() tea.Cmd { return ui.OpenFor(e.Name, "") }}
		n := len(a.stack)
		if n == 1 && a.stack[0].name == e.Name || e.Kept && n > 0 && a.stack[n-1].name == e.Name || e.Quiet {
			act.Label = ""
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
	if len(a.said.log) == 0 {
		return "there has been no message yet"
	}
	return ""
}

func (a *App) toggleZone() tea.Cmd {
	a.relook(func(l *ui.Look) { l.Local = !l.Local })
	a.repaint()
	return ui.Say(ui.LevelInfo, "Times are in "+a.look.Zone()+" now.")
}

// toggleSecrets shows secrets, or masks them again.
func (a *App) toggleSecrets() tea.Cmd {
	a.relook(func(l *ui.Look) { l.Reveal = !l.Reveal })
	a.repaint()
	if a.look.Reveal {
		return ui.Say(ui.LevelWarn, "Secrets are shown; "+ui.KeyOf("secrets")+" masks them again.")
	}
	return ui.Say(ui.LevelInfo, "Secrets are masked.")
}

// showHelp lists every key of the screen and of the root, by group.
func (a *App) showHelp() tea.Cmd {
	s := a.look
	var groups []string
	where := a.Where()
	if len(a.dialogs) > 0 {
		where = "what asks you"
	}
	lines := map[string][]ui.Line{}
	for _, act := range a.scope() {
		g := act.Group
		if g == "" && len(a.stack) > 0 {
			g = a.nameOf(a.stack[len(a.stack)-1])
		}
		if lines[g] == nil {
			groups = append(groups, g)
		}
		var names []string
		for _, k := range act.Keys {
			names = append(names, ui.KeyName(k))
		}
		help := s.InDialog.Paint(act.Help)
		if why := act.Blocked(); why != "" {
			help += s.Warn.Paint(" (not now: " + core.Visible(why) + ")")
		}
		lines[g] = append(lines[g], ui.Line{Sign: "  " + s.Key.Paint(ui.Pad(strings.Join(names, " "), 12)) + "  ", Value: help})
	}
	var all []ui.Line
	for _, g := range groups {
		if all != nil {
			all = append(all, ui.Line{})
		}
		all = append(append(all, s.Heading(g)), lines[g]...)
	}
	return ui.Show(&ui.TextBox{Title: "Keys: " + where, Lines: all, Look: s})
}
