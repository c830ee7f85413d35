package ui

import (
	"strings"

	"charm.land/lipgloss/v2"

	"hearth/themes"
	"hearth/tui/grid"
)

// Styles is a theme made ready to paint with: built once when the theme changes,
// never while a frame is drawn.
type Styles struct {
	Theme themes.Theme
	Mono  bool

	Text, Dim, Accent, Title, header, cursor, Mark grid.Style
	Border, Key, Good, Busy, Warn, Bad             grid.Style
	Added, Changed, Removed, Kept, Unknown         grid.Style
	Badge, InDialog, Danger, OpenTab               grid.Style
	Here                                           grid.Style // the place's name in the title: its colour, else as the title
}

// NewStyles builds the styles of a theme. Without colours (mono), what lives by
// its background alone is shown in reverse. badge is the place's colour, for its badge and
// its name in the title; "" for the theme's.
func NewStyles(t themes.Theme, mono bool, badge string) *Styles {
	mono = mono || t.Mono
	of := func(role string) grid.Style { return PaintOf(t.Roles[role], mono) }
	s := &Styles{Theme: t, Mono: mono,
		Text: of("text"), Dim: of("dim"), Accent: of("accent"), Title: of("title"), header: of("header"), cursor: of("cursor"), Mark: of("mark"),
		Border: of("border"), Key: of("key"), Good: of("good"), Busy: of("busy"), Warn: of("warn"), Bad: of("bad"),
		Added: of("added"), Changed: of("changed"), Removed: of("removed"), Kept: of("kept"), Unknown: of("unknown"),
		Badge: of("badge"), InDialog: of("dialog"), Danger: of("danger"), OpenTab: of("tab"),
	}
	s.Here = s.Title
	if own, ok := s.InColour(badge); ok {
		s.Badge, s.Here = own, own
	}
	return s
}

// InColour paints on a place's colour; false where there is none.
func (s *Styles) InColour(colour string) (grid.Style, bool) {
	colour, ok := themes.Colour(colour)
	ground, _ := themes.RGB(colour)
	if !ok {
		return grid.Style{}, false
	}
	return PaintOf(themes.Role{Fg: themes.On(ground), Bg: colour, Bold: true}, s.Mono), true
}

// PaintOf is what lipgloss writes around a text, found once.
func PaintOf(look themes.Role, mono bool) grid.Style {
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

// Grid is the styles as a table wants them.
func (s *Styles) Grid() grid.Styles {
	return grid.Styles{Header: s.header, Text: s.Text, Dim: s.Dim, Cursor: s.cursor, Mark: s.Mark, All: KeyOf("found-clear")}
}
