package ui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// Overlay is a dialog on top of the screens: it takes all keys until it is closed.
type Overlay interface {
	Actions() []Action
	Update(tea.Msg) tea.Cmd // what no action takes, such as text for a field
	Closed() bool
	Resize(w, h int)
	View(s Look, w, h int) string // a box that fits into w by h
}

// Taker is a dialog, or a screen with a field, that says which keys are for its text; what it
// does not take, and no action has, does nothing there.
type Taker interface{ Takes(tea.KeyPressMsg) bool }

// Pointed is a dialog, or a screen, with places for a click; lines is how it was drawn last, x
// and y where in it. What is no such place returns nil.
type Pointed interface {
	Point(lines []string, x, y int) tea.Cmd
}

// dialog is what all overlays have in common.
type dialog struct{ done bool }

func (d *dialog) Closed() bool           { return d.done }
func (d *dialog) Update(tea.Msg) tea.Cmd { return nil }
func (d *dialog) Resize(int, int)        {}

// leave closes the dialog and goes on with a command.
func (d *dialog) leave(cmd tea.Cmd) tea.Cmd {
	d.done = true
	return cmd
}

// leaving is an action's run that closes the dialog without doing anything.
func (d *dialog) leaving() tea.Cmd { return d.leave(nil) }

// ShowMsg puts a dialog on top.
type ShowMsg struct {
	Overlay Overlay
	Over    Overlay // only where this one is still open; nil: wherever one is
}

// Show makes a command that puts a dialog on top.
func Show(o Overlay) tea.Cmd { return func() tea.Msg { return ShowMsg{Overlay: o} } }

// box draws a border with a title around lines; it is as small as it can be.
func (s *Styles) box(title string, lines []string, w, h int) string {
	inner := ansi.StringWidth(title) + 2
	for _, l := range lines {
		inner = max(inner, ansi.StringWidth(l))
	}
	inner = min(inner, w-4)
	if inner < 1 || h < 3 {
		return Fit(strings.Join(lines, "\n"), w, h)
	}
	if len(lines) > h-2 {
		lines = lines[:h-2]
	}
	var b strings.Builder
	title = Clip(title, inner-1)
	b.WriteString(s.Border.Paint("╭ ") + s.Accent.Paint(title) +
		s.Border.Paint(" "+strings.Repeat("─", inner-ansi.StringWidth(title))+"╮"))
	for _, l := range lines {
		b.WriteString("\n" + s.Border.Paint("│ ") + Pad(l, inner) + s.Border.Paint(" │"))
	}
	b.WriteString("\n" + s.Border.Paint("╰"+strings.Repeat("─", inner+2)+"╯"))
	return b.String()
}

// boxWidth is how wide the text of a dialog may be.
func boxWidth(w int) int { return max(min(w-4, 76), 1) }
