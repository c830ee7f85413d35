package shell

import (
	"reflect"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"hearth/core"
	"hearth/themes"
	"hearth/tui/ui"
)

// setTheme changes the looks of everything.
func (a *App) setTheme(t themes.Theme) {
	was := a.look
	a.relook(func(l *ui.Look) { l.Styles = ui.NewStyles(t, a.terminal.mono, a.banner.Color) })
	a.repaint()
	w, h := a.upper()
	for _, d := range a.dialogs {
		if p, ok := d.(ui.Painted); ok && was.Styles != nil {
			p.Repaint(was, a.look)
			d.Resize(w, h)
		}
	}
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
	name := "hearth"
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

// chooseTheme lets a theme be chosen: the user's own first, if the config names one.
func (a *App) chooseTheme() tea.Cmd {
	var items []ui.MenuItem
	at := 0
	names, wide := a.themeNames(), 0
	for _, name := range names {
		wide = max(wide, ansi.StringWidth(core.Visible(name)))
	}
	for i, name := range names {
		t, err := a.themeOf(name)
		if err != nil {
			return ui.Fail(err)
		}
		items = append(items, ui.MenuItem{Label: ui.Pad(core.Visible(name), wide), Hint: core.Visible(t.About)})
		if t.Name == a.look.Theme.Name && t.Path == a.look.Theme.Path {
			at = i
		}
	}
	return ui.Show(&ui.MenuBox{Title: "Theme", Items: items, At: at, Pick: func(i int) tea.Cmd { return a.useTheme(names[i]) }})
}

// themeNames are the themes there are to choose from: the user's own by its path.
func (a *App) themeNames() []string {
	if a.terminal.own.theme.Path != "" {
		return append([]string{a.terminal.own.theme.Path}, themes.Names()...)
	}
	return themes.Names()
}

// themeOf is one of them; it reads nothing but what is built in.
func (a *App) themeOf(name string) (themes.Theme, error) {
	if name != "" && name == a.terminal.own.theme.Path {
		return a.terminal.own.theme, nil
	}
	return themes.Load(name)
}

// ownTheme is a theme out of a file of the user's, which is read anew as it is saved.
type ownTheme struct {
	theme   themes.Theme // its path is "" where there is none
	stamp   string       // of the file when it was read last
	watched bool         // somebody is about to look at the file
}

// How often the file of a theme that is in use is looked at, and while nobody presses a key.
const (
	themeEvery  = 2 * time.Second
	themeSeldom = 20 * time.Second
)

// themeDueMsg says that it is time to look at the file, themeReadMsg what was found: no theme
// where it is the one that was read before.
type (
	themeDueMsg  struct{}
	themeReadMsg struct {
		stamp string
		theme *themes.Theme
		err   error
	}
)

// watchTheme has the file of a theme looked at by and by, as long as it is in use.
func (a *App) watchTheme() tea.Cmd {
	if a.look.Theme.Path == "" || a.terminal.own.watched {
		return nil
	}
	a.terminal.own.watched = true
	wait := themeEvery
	if a.drowses() {
		wait = themeSeldom
	}
	return a.opt.After(wait, func(time.Time) tea.Msg { return themeDueMsg{} })
}

// themed looks at the file of the theme, or takes what was found.
func (a *App) themed(msg tea.Msg) tea.Cmd {
	var said tea.Cmd
	switch msg := msg.(type) {
	case themeDueMsg:
		if path, seen := a.look.Theme.Path, a.terminal.own.stamp; path != "" {
			return func() tea.Msg { return readTheme(path, seen) }
		}
	case themeReadMsg:
		a.terminal.own.stamp = msg.stamp
		switch {
		case msg.err != nil:
			said = ui.Say(ui.LevelWarn, msg.err.Error()+". The colours stay as they were.")
		case msg.theme != nil && !reflect.DeepEqual(*msg.theme, a.terminal.own.theme):
			said = a.saved(*msg.theme)
		}
	}
	a.terminal.own.watched = false
	return tea.Batch(said, a.watchTheme())
}

// readTheme reads a theme's file if it was changed.
func readTheme(path, seen string) tea.Msg {
	stamp := themes.Stamp(path)
	if stamp == seen && stamp != "" {
		return themeReadMsg{stamp: stamp}
	}
	t, err := themes.Load(path)
	if err != nil && stamp == seen { // it was told
		return themeReadMsg{stamp: stamp}
	}
	return themeReadMsg{stamp, &t, err}
}

// saved takes the user's theme as it was saved anew.
func (a *App) saved(t themes.Theme) tea.Cmd {
	a.terminal.own.theme = t
	if a.opt.Theme.Path == t.Path {
		a.opt.Theme = t
	}
	if a.look.Theme.Path != t.Path { // another was chosen meanwhile
		return nil
	}
	a.setTheme(t)
	return ui.Say(ui.LevelInfo, "The theme "+t.Path+" was saved: this is how it looks now.")
}
