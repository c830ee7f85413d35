package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

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

// fail makes a command that tells of an error.
func fail(err error) tea.Cmd { return func() tea.Msg { return failure(err) } }

// beneath lists what there is to know of a note that it does not say itself.
func (n noteMsg) beneath() []string {
	if n.err == nil {
		return nil
	}
	out := causes(n.err)
	if !strings.Contains(n.text, whatOf(n.err)) {
		out = append([]string{core.VisibleLines(n.err.Error())}, out...)
	}
	return out
}

// causes lists what lies beneath an error, outermost first, of all that were
// joined; without the sentence itself.
func causes(err error) []string {
	var out []string
	var walk func(error)
	add := func(err error) {
		if text := core.VisibleLines(err.Error()); !slices.Contains(out, text) {
			out = append(out, text)
		}
		walk(err)
	}
	walk = func(err error) {
		switch e := err.(type) {
		case interface{ Unwrap() []error }:
			for _, x := range e.Unwrap() {
				add(x)
			}
		case interface{ Unwrap() error }:
			switch x := e.Unwrap().(type) {
			case nil:
			case interface{ Unwrap() []error }: // a list, not an error of its own
				walk(x.(error))
			default:
				add(x)
			}
		}
	}
	walk(err)
	return out
}

// statusLine draws the latest note; of one that is too long the end goes, and
// e shows it whole.
func (a *app) statusLine(w int) string {
	n := a.note
	if n.text == "" || a.passed {
		return ""
	}
	text := n.level.glyph() + " " + core.Visible(n.text)
	more := ""
	if len(n.beneath()) > 0 || ansi.StringWidth(text) > w {
		more = a.styles.dim.Paint(" e: more")
	}
	return spread(a.styles.level(n.level).Paint(clip(text, w-ansi.StringWidth(more)-1)), more, w)
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
