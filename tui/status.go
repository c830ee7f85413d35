package tui

import (
	"slices"
	"strings"

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
	return failureNote(err)
}

// failureNote is the note of an error that there is.
func failureNote(err error) noteMsg {
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

// noteBox shows a note whole, and what lies beneath it.
func noteBox(l Look, title string, n noteMsg) *textBox {
	lines := []line{text(l.level(n.level).Paint(n.level.glyph() + " " + core.Visible(n.text)))}
	for _, cause := range n.beneath() {
		lines = append(lines, line{}, line{sign: l.dim.Paint("because "), value: l.dialog.Paint(cause)})
	}
	if code := core.CodeOf(n.err); code != "" {
		lines = append(lines, line{}, line{sign: l.dim.Paint("sort of error: "), value: l.dialog.Paint(string(code))})
	}
	return &textBox{title: title, lines: lines, look: l}
}

// looking is said while a plan is made.
func looking(at string) tea.Cmd { return note(busy, at+"…") }

// whatOf is what went wrong, without what was tried.
func whatOf(err error) string {
	if e, ok := err.(*core.Error); ok {
		return e.What
	}
	return err.Error()
}

// either is the first reason that there is, "" if there is none.
func either(reasons ...string) string {
	for _, why := range reasons {
		if why != "" {
			return why
		}
	}
	return ""
}
