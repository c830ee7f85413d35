package shell

import (
	"slices"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"hearth/themes"
	"hearth/tui/ui"
)

// setTheme changes the looks of everything.
func (a *App) setTheme(t themes.Theme) {
	a.relook(func(l *ui.Look) { l.Styles = ui.NewStyles(t, a.terminal.mono, a.banner.Color) })
	a.repaint()
}

// repaint tells the screens that looks, or how times are written, have changed.
func (a *App) repaint() {
	for _, h := range a.held() {
		if s, ok := h.Screen.(ui.Styled); ok {
			s.Restyle()
		}
	}
}

// follow chooses the theme that fits the terminal, unless one was asked for.
func (a *App) follow() {
	a.setTheme(a.themeHere())
}

// themeHere is the theme of the place, if one was chosen there before; else the one that was
// asked for, or that fits the terminal.
func (a *App) themeHere() themes.Theme {
	if name := a.visit.in.Theme; name != "" && slices.Contains(themes.Names(), name) {
		if t, err := themes.Load(name); err == nil {
			return t
		}
	}
	if a.opt.AutoTheme {
		return themeFor(a.terminal)
	}
	return a.opt.Theme
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

// coloured takes what the terminal says of its colours.
func (a *App) coloured(msg tea.Msg) {
	switch msg := msg.(type) {
	case tea.BackgroundColorMsg:
		a.terminal.light = !msg.IsDark()
	case tea.ColorProfileMsg:
		a.terminal.mono = msg.Profile <= colorprofile.ASCII
		a.terminal.few = msg.Profile == colorprofile.ANSI
	}
	a.follow()
}

// chooseTheme lets a theme be chosen.
func (a *App) chooseTheme() tea.Cmd {
	var items []ui.MenuItem
	at := 0
	names := themes.Names()
	for i, name := range names {
		t, err := themes.Load(name)
		if err != nil {
			return ui.Fail(err)
		}
		items = append(items, ui.MenuItem{Label: name, Hint: t.About})
		if name == a.look.Theme.Name {
			at = i
		}
	}
	return ui.Show(&ui.MenuBox{Title: "Theme", Items: items, At: at, Pick: func(i int) tea.Cmd { return a.useTheme(names[i]) }})
}
