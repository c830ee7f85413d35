package ui

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
)

// Tell is several messages in one: what the user should know whatever screen is
// shown by then, and what only the screen that asked needs.
func Tell(msgs ...tea.Msg) tea.Msg {
	var out tea.BatchMsg
	for _, m := range msgs {
		if m != nil {
			out = append(out, func() tea.Msg { return m })
		}
	}
	return out
}

// Generation tells the answers to the latest question from those to older ones.
type Generation int

// Next starts a new generation.
func (g *Generation) Next() Generation {
	*g++
	return *g
}

// ReadState says how far something that is read has come.
type ReadState uint8

const (
	Idle ReadState = iota
	Loading
	Ready
	Failed
)

// Read is the state of something that is read anew from time to time.
type Read struct {
	Gen   Generation
	State ReadState
	Err   error

	latest Latest
}

// Ask asks for it, instead of what was asked before.
func (r *Read) Ask(host Host, work func(context.Context) tea.Msg) tea.Cmd {
	return r.latest.Ask(host, work)
}

// Begin starts a reading and returns its generation; what is shown stays.
func (r *Read) Begin() Generation {
	if r.State != Ready {
		r.State = Loading
	}
	return r.Gen.Next()
}

// Missing stands where there is nothing to show yet: that it is being read, or why it could
// not be and the key that tries again; "" once something was read.
func (r *Read) Missing(s Look, w int) string {
	switch r.State {
	case Ready:
		return ""
	case Failed:
		return FailedView(s, r.Err, KeyOf("reread")+" tries again", w)
	}
	return "\n  " + s.Busy.Paint("◌ reading…")
}

// End takes the end of a reading: false for an old one, and for one that failed,
// which the status line tells. Where something was there already, it stays.
func (r *Read) End(gen Generation, err error) (tea.Cmd, bool) {
	if gen != r.Gen {
		return nil, false
	}
	if err == nil {
		r.State, r.Err = Ready, nil
		return nil, true
	}
	if r.State != Ready || core.CodeOf(err) == core.CodeNotFound {
		r.State, r.Err = Failed, err
	}
	return Fail(err), false
}
