package ui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/tui/grid"
)

// Level is how much a note weighs.
type Level uint8

const (
	LevelInfo Level = iota
	LevelGood
	LevelBusy
	LevelWarn
	LevelBad
)

// Note is what the user should know: the status line is the one voice that
// says it. err, if not nil, is the cause, one key away.
type Note struct {
	Level Level
	Text  string
	Err   error
}

// Say makes a command that says something.
func Say(l Level, text string) tea.Cmd {
	return func() tea.Msg { return Note{Level: l, Text: text} }
}

// Failure makes the note of an error; nil makes none.
func Failure(err error) tea.Msg {
	if err == nil {
		return nil
	}
	return FailureNote(err)
}

// FailureNote is the note of an error that there is.
func FailureNote(err error) Note {
	l := LevelBad
	if core.CodeOf(err) == core.CodeCancelled {
		l = LevelWarn
	}
	err = core.Instead(err, ownWords())
	return Note{Level: l, Text: core.Struck(err.Error()), Err: err}
}

func (l Level) Glyph() string {
	return [...]string{"·", "✓", "…", "!", "✗"}[l]
}

func (s *Styles) Level(l Level) grid.Style {
	return [...]grid.Style{s.Text, s.Good, s.Busy, s.Warn, s.Bad}[l]
}

// Fail makes a command that tells of an error.
func Fail(err error) tea.Cmd { return func() tea.Msg { return Failure(err) } }

// Beneath lists what there is to know of a note that it does not say itself.
func (n Note) Beneath() []string {
	if n.Err == nil {
		return nil
	}
	out := causes(n.Err)
	if !strings.Contains(n.Text, WhatOf(n.Err)) {
		out = append([]string{core.VisibleLines(core.Struck(n.Err.Error()))}, out...)
	}
	return out
}

// causes lists what lies beneath an error, outermost first, of all that were
// joined; without the sentence itself.
func causes(err error) []string {
	var out []string
	var walk func(error)
	add := func(err error) {
		if text := core.VisibleLines(core.Struck(err.Error())); !slices.Contains(out, text) {
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

// Looking is said while a plan is made.
func Looking(at string) tea.Cmd { return Say(LevelBusy, at+"…") }

// WhatOf is what went wrong, without what was tried.
func WhatOf(err error) string {
	if e, ok := err.(*core.Error); ok {
		return e.What
	}
	return core.Struck(err.Error())
}

// Either is the first reason that there is, "" if there is none.
func Either(reasons ...string) string {
	for _, why := range reasons {
		if why != "" {
			return why
		}
	}
	return ""
}
