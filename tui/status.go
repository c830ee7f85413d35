package tui

import (
	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/tui/grid"
)

// level is how much a note weighs.
type level uint8

const (
	info level = iota
	good
	busy
	warn
	bad
)

// noteMsg is what the user should know: the status line is the one voice that
// says it. err, if not nil, is the cause, one key away.
type noteMsg struct {
	level level
	text  string
	err   error
}

// note makes a command that says something.
func note(l level, text string) tea.Cmd {
	return func() tea.Msg { return noteMsg{level: l, text: text} }
}

// failure makes the note of an error; nil makes none.
func failure(err error) tea.Msg {
	if err == nil {
		return nil
	}
	l := bad
	if core.CodeOf(err) == core.CodeCancelled {
		l = warn
	}
	return noteMsg{level: l, text: err.Error(), err: err}
}

func (l level) glyph() string {
	return [...]string{"·", "✓", "…", "!", "✗"}[l]
}

func (s *styles) level(l level) grid.Style {
	return [...]grid.Style{s.text, s.good, s.busy, s.warn, s.bad}[l]
}

// statusLine draws the latest note; of one that is too long the end goes, and
// e shows it whole.
func (a *app) statusLine(w int) string {
	n := a.note
	if n.text == "" {
		return ""
	}
	text := n.level.glyph() + " " + core.Visible(n.text)
	more := ""
	if len(core.Causes(n.err)) > 0 || len(wrap(text, w)) > 1 {
		more = a.styles.dim.Paint(" e: more")
	}
	return spread(a.styles.level(n.level).Paint(clip(text, max(w-9, 1))), more, w)
}

// statusGlyph is a glyph for the status of a volume or backup, beside its word.
func statusGlyph(status string) string {
	switch {
	case core.Failed(status):
		return "✗"
	case core.InTransit(status):
		return "◌"
	case status == core.StatusAvailable:
		return "✓"
	case status == "in-use":
		return "●"
	}
	return "·"
}

func (s *styles) status(status string) grid.Style {
	switch {
	case core.Failed(status):
		return s.bad
	case core.InTransit(status):
		return s.busy
	case status == core.StatusAvailable, status == "in-use":
		return s.good
	}
	return s.text
}
