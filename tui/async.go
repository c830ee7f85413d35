package tui

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
)

// Everything that waits happens in a tea.Cmd that one of these makes: it closes
// over copies, has the app's context, and cannot end the program by panicking.

// reply carries an answer to the screen that asked. A screen that has been left
// meanwhile gets nothing.
type reply struct {
	to  int // the screen's id
	msg tea.Msg
}

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

// task makes a command of work that needs the place.
func (a *app) task(work func(ctx context.Context) tea.Msg) tea.Cmd {
	stay := a.stay
	return func() (msg tea.Msg) {
		if !stay.enter() {
			return nil
		}
		defer func() {
			if !stay.leave() {
				msg = nil // the place was left meanwhile
			}
		}()
		defer func() {
			if p := recover(); p != nil {
				msg = noteMsg{level: bad, text: "Something unforeseen went wrong inside hearth; what you see may be stale.",
					err: core.Fail(core.CodeInternal, "", fmt.Sprint(p), "please report it", fmt.Errorf("%s", debug.Stack()))}
			}
		}()
		return work(stay.ctx)
	}
}

// base is what every screen has: its id among the screens, and the app.
type base struct {
	*app
	id int
}

// ask makes a command whose answer comes back to this screen; notes are for
// everybody.
func (b *base) ask(work func(ctx context.Context) tea.Msg) tea.Cmd {
	id := b.id
	cmd := b.task(work)
	return func() tea.Msg {
		switch msg := cmd().(type) {
		case nil:
			return nil
		case noteMsg:
			return msg
		default:
			return reply{id, msg}
		}
	}
}

// later brings a message to this screen after a while, if it is alive then.
func (b *base) later(d time.Duration, msg tea.Msg) tea.Cmd {
	id := b.id
	return b.opt.After(d, func(time.Time) tea.Msg { return reply{id, msg} })
}

// onTop reports whether this is the screen that is shown.
func (b *base) onTop() bool {
	n := len(b.stack)
	return n > 0 && b.stack[n-1].id == b.id
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
