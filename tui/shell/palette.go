package shell

import (
	"context"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/tui/ui"
)

// The palette, ":": every action with its key, every screen, place, setting and what was
// opened lately; and lines.

// jumpsMsg brings what the place adds to the palette.
type jumpsMsg struct {
	box   *ui.PaletteBox
	jumps []ui.Jump
}

// noKey stands in place of a key.
var noKey = ui.Pad("", ui.PaletteKeys)

// openPalette shows all that can be done here. What has to be read comes in when it is.
func (a *App) openPalette() tea.Cmd {
	scope := a.scope()
	p := ui.NewPalette(a.commands())
	for _, act := range scope {
		if act.Name == paletteAction {
			continue
		}
		p.Add(ui.MenuItem{Label: ui.Pad(act.Key(), ui.PaletteKeys) + act.Help, Hint: act.Name, Why: act.Blocked()}, doing(act.Name))
	}
	for _, e := range a.screens() {
		if a.reachable(e) {
			continue // its key stands among the actions
		}
		if e.Key != "" {
			p.Add(ui.MenuItem{Label: noKey + "Go to " + e.Name, Hint: "go-" + e.Name, Why: "this place has none"}, func() tea.Cmd { return nil })
		}
	}
	for _, name := range a.themeNames() {
		p.Add(ui.MenuItem{Label: noKey + "theme " + core.Visible(name), Hint: "setting"}, func() tea.Cmd { return a.useTheme(name) })
	}
	for _, o := range a.visit.trail.objects() {
		p.Add(ui.MenuItem{Label: noKey + o.open.Screen + " " + core.Visible(o.title), Hint: "opened before: " + core.Visible(o.open.ID)},
			func() tea.Cmd { return ui.Opening(o.open) })
	}
	return tea.Batch(ui.Show(p), a.jumps(p))
}

// reachable reports whether a screen has a key here.
func (a *App) reachable(e ui.Entry) bool { return e.Key != "" && (e.Only == nil || e.Only()) }

// doMsg has the action of a name done, once the palette is closed.
type doMsg struct{ name string }

// doing does the action of a name.
func doing(name string) func() tea.Cmd {
	return func() tea.Cmd { return func() tea.Msg { return doMsg{name} } }
}

// do does an action as its key would.
func (a *App) do(name string) tea.Cmd {
	scope := a.scope()
	i := slices.IndexFunc(scope, func(x ui.Action) bool { return x.Name == name })
	if i < 0 {
		return ui.Say(ui.LevelWarn, "That cannot be done here any more.")
	}
	cmd, _ := ui.Press(scope[i:i+1], scope[i].Keys[0])
	return cmd
}

// jumps asks the place for what it adds.
func (a *App) jumps(p *ui.PaletteBox) tea.Cmd {
	list := a.visit.in.Jumps.List
	if list == nil {
		return nil
	}
	return a.seat(0).Tell(func(ctx context.Context) tea.Msg { return jumpsMsg{p, list(ctx)} })
}

// jumped takes them.
func (a *App) jumped(msg jumpsMsg) {
	words := map[string][]ui.MenuItem{}
	for _, j := range msg.jumps {
		msg.box.Add(ui.MenuItem{Label: noKey + j.Kind + " " + core.Visible(j.Label), Hint: core.Visible(j.Hint), Why: j.Why}, j.Run)
		words[j.Kind] = append(words[j.Kind], ui.MenuItem{Label: j.Label, Hint: j.Hint, Why: j.Why})
	}
	for kind, w := range words {
		msg.box.Put(kind, w)
	}
}

// commands are the lines that can be typed here: the screen's, and those of everywhere.
func (a *App) commands() []ui.Command {
	var out []ui.Command
	if c, ok := a.top().(ui.Commander); ok {
		out = c.Commands()
	}
	if more := a.visit.in.Commands; more != nil {
		for _, c := range more(a.seat(0)) {
			if !slices.ContainsFunc(out, func(x ui.Command) bool { return x.Name == c.Name }) {
				out = append(out, c)
			}
		}
	}
	if to := a.visit.in.Jumps.To; to != nil {
		out = append(out, ui.Command{Name: "place", Help: "go to another place, by its name or its location", Free: true,
			Words: func() []ui.MenuItem { return nil }, Run: to})
	}
	var screens, looks []ui.MenuItem
	for _, e := range a.screens() {
		if a.reachable(e) {
			screens = append(screens, ui.MenuItem{Label: e.Name, Hint: e.Key})
		}
	}
	for _, name := range a.themeNames() {
		looks = append(looks, ui.MenuItem{Label: name})
	}
	return append(out,
		ui.Command{Name: "go", Help: "go to a screen", Words: func() []ui.MenuItem { return screens },
			Run: func(name string) tea.Cmd { return ui.OpenFor(name, "") }},
		ui.Command{Name: "theme", Help: "use a theme", Words: func() []ui.MenuItem { return looks }, Run: a.useTheme},
		ui.Command{Name: "times", Help: "times in utc or local",
			Words: func() []ui.MenuItem { return []ui.MenuItem{{Label: "utc"}, {Label: "local"}} },
			Run: func(zone string) tea.Cmd {
				if (zone == "local") == a.look.Local {
					return ui.Say(ui.LevelInfo, "Times are in "+a.look.Zone()+" already.")
				}
				return a.toggleZone()
			}},
	)
}

// useTheme uses a theme from now on.
func (a *App) useTheme(name string) tea.Cmd {
	t, err := a.themeOf(strings.TrimSpace(name))
	if err != nil {
		return ui.Fail(err)
	}
	kept, in := t.Name, ui.Either(t.Path, t.Name)
	if t.Path != "" { // a place goes back to what the config says
		kept = ""
	}
	a.opt.Theme, a.opt.AutoTheme, a.visit.in.Theme = t, false, kept
	a.setTheme(t)
	said := ui.Say(ui.LevelInfo, "Theme "+t.Name+". Keep it with theme = \""+in+"\" under [screen] in the config.")
	cmds := []tea.Cmd{said, a.watchTheme()}
	if a.visit.in.Themed != nil {
		cmds = append(cmds, a.visit.in.Themed(a.seat(0), kept))
	}
	return tea.Batch(cmds...)
}
