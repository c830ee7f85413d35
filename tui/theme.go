package tui

import (
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"hearth/themes"
)

// setTheme changes the looks of everything.
func (a *app) setTheme(t themes.Theme) {
	a.styles = newStyles(t, a.mono, a.info.Color)
	a.repaint()
}

// repaint tells the screens that looks, or how times are written, have changed.
func (a *app) repaint() {
	for _, h := range a.held() {
		if s, ok := h.screen.(styled); ok {
			s.restyle()
		}
	}
}

// terminal is what the terminal said of itself.
type terminal struct {
	light bool
	few   bool // 16 colours
}

// follow chooses the theme that fits the terminal, unless one was asked for.
func (a *app) follow() {
	t := a.styles.theme
	if a.opt.AutoTheme {
		t = themeFor(a.terminal)
	}
	a.setTheme(t)
}

func themeFor(term terminal) themes.Theme {
	name := "dark"
	switch {
	case term.light:
		name = "light"
	case term.few:
		name = "sixteen"
	}
	t, err := themes.Load(name)
	if err != nil {
		panic(err) // the built-in themes are tested
	}
	return t
}

func (a *app) background(msg tea.BackgroundColorMsg) {
	a.terminal.light = !msg.IsDark()
	a.follow()
}

func (a *app) colours(msg tea.ColorProfileMsg) {
	a.mono = msg.Profile <= colorprofile.ASCII
	a.terminal.few = msg.Profile == colorprofile.ANSI
	a.follow()
}

// chooseTheme lets a theme be chosen.
func (a *app) chooseTheme() tea.Cmd {
	var items []menuItem
	at := 0
	names := themes.Names()
	for i, name := range names {
		t, err := themes.Load(name)
		if err != nil {
			return fail(err)
		}
		items = append(items, menuItem{label: name, hint: t.About})
		if name == a.styles.theme.Name {
			at = i
		}
	}
	return show(&menuBox{title: "Theme", items: items, at: at, pick: func(i int) tea.Cmd {
		t, err := themes.Load(names[i])
		if err != nil {
			return fail(err)
		}
		a.opt.AutoTheme = false
		a.setTheme(t)
		return note(info, "Theme "+t.Name+". Keep it with theme = \""+t.Name+"\" under [screen] in the config.")
	}})
}
