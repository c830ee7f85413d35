package tui

import (
	"strings"

	"charm.land/lipgloss/v2"

	"hearth/themes"
	"hearth/tui/grid"
)

// styles is a theme made ready to paint with: built once when the theme changes,
// never while a frame is drawn.
type styles struct {
	theme themes.Theme
	mono  bool

	text, dim, accent, title, header, cursor, mark grid.Style
	border, key, good, busy, warn, bad             grid.Style
	added, changed, removed, kept, unknown         grid.Style
	badge, dialog, danger, tab                     grid.Style
}

// newStyles builds the styles of a theme. Without colours (mono), what lives by
// its background alone is shown in reverse. badge is a colour for the place's
// badge, "" for the theme's.
func newStyles(t themes.Theme, mono bool, badge string) *styles {
	of := func(role string) grid.Style { return paintOf(t.Roles[role], mono) }
	s := &styles{theme: t, mono: mono,
		text: of("text"), dim: of("dim"), accent: of("accent"), title: of("title"), header: of("header"), cursor: of("cursor"), mark: of("mark"),
		border: of("border"), key: of("key"), good: of("good"), busy: of("busy"), warn: of("warn"), bad: of("bad"),
		added: of("added"), changed: of("changed"), removed: of("removed"), kept: of("kept"), unknown: of("unknown"),
		badge: of("badge"), dialog: of("dialog"), danger: of("danger"), tab: of("tab"),
	}
	if ground, ok := themes.RGB(badge); ok {
		s.badge = paintOf(themes.Role{Fg: themes.On(ground), Bg: badge, Bold: true}, mono)
	}
	return s
}

// paintOf is what lipgloss writes around a text, found once.
func paintOf(look themes.Role, mono bool) grid.Style {
	s := lipgloss.NewStyle().Bold(look.Bold).Italic(look.Italic).Underline(look.Underline).Reverse(look.Reverse || mono && look.Bg != "")
	if look.Fg != "" && !mono {
		s = s.Foreground(lipgloss.Color(look.Fg))
	}
	if look.Bg != "" && !mono {
		s = s.Background(lipgloss.Color(look.Bg))
	}
	open, end, ok := strings.Cut(s.Render("x"), "x")
	if !ok {
		return grid.Style{}
	}
	return grid.Style{Open: open, Close: end}
}

// grid is the styles as a table wants them.
func (s *styles) grid() grid.Styles {
	return grid.Styles{Header: s.header, Text: s.text, Dim: s.dim, Cursor: s.cursor, Mark: s.mark}
}
