package tui

import (
	tea "charm.land/bubbletea/v2"

	"hearth/core"
)

// tell is several messages in one: what the user should know whatever screen is
// shown by then, and what only the screen that asked needs.
func tell(msgs ...tea.Msg) tea.Msg {
	var out tea.BatchMsg
	for _, m := range msgs {
		if m != nil {
			out = append(out, func() tea.Msg { return m })
		}
	}
	return out
}

// generation tells the answers to the latest question from those to older ones.
type generation int

// next starts a new generation.
func (g *generation) next() generation {
	*g++
	return *g
}

// state says how far something that is read has come.
type state uint8

const (
	idle state = iota
	loading
	ready
	failed
)

// read is the state of something that is read anew from time to time.
type read struct {
	gen   generation
	state state
	err   error
}

// begin starts a reading and returns its generation; what is shown stays.
func (r *read) begin() generation {
	if r.state != ready {
		r.state = loading
	}
	return r.gen.next()
}

// end takes the end of a reading: false for an old one, and for one that failed,
// which the status line tells. Where something was there already, it stays.
func (r *read) end(gen generation, err error) (tea.Cmd, bool) {
	if gen != r.gen {
		return nil, false
	}
	if err == nil {
		r.state, r.err = ready, nil
		return nil, true
	}
	if r.state != ready || core.CodeOf(err) == core.CodeNotFound {
		r.state, r.err = failed, err
	}
	return fail(err), false
}
