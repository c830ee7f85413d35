package shell

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/tui/ui"
)

// Everything that waits happens in a tea.Cmd that is made here: it closes over
// copies, has the visit's context, and cannot end the program by panicking.

// seat is a screen's host: the screen is told apart by its id; 0 is nobody's.
type seat struct {
	app   *App
	visit *visit
	id    int
	ctx   context.Context // the screen's: what it asks ends when it is left
}

func (a *App) seat(id int) ui.Host { return seat{a, a.visit, id, a.visit.ctx} }

// Look is the Host's.
func (s seat) Look() ui.Look {
	s.app.looking.RLock()
	defer s.app.looking.RUnlock()
	return s.app.look
}

// Tell is the Host's.
func (s seat) Tell(work func(context.Context) tea.Msg) tea.Cmd { return s.in(s.visit.ctx, work) }

// in does work in a context of the visit's.
func (s seat) in(ctx context.Context, work func(context.Context) tea.Msg) tea.Cmd {
	v := s.visit
	return func() (msg tea.Msg) {
		if !v.enter() {
			return nil
		}
		defer func() {
			if !v.exit() {
				msg = nil // the place was left meanwhile
			}
		}()
		defer func() {
			if p := recover(); p != nil {
				msg = unforeseen(p)
			}
		}()
		return work(ctx)
	}
}

// Ask is the Host's.
func (s seat) Ask(work func(context.Context) tea.Msg) tea.Cmd {
	ctx := s.ctx
	cmd := s.in(ctx, work)
	return func() tea.Msg {
		switch msg := cmd().(type) {
		case nil:
			return nil
		case ui.Note:
			if ctx.Err() != nil && s.visit.ctx.Err() == nil && core.CodeOf(msg.Err) == core.CodeCancelled {
				return nil // the screen was left
			}
			return msg
		default:
			return s.Answer(msg)
		}
	}
}

// Answer is the Host's.
func (s seat) Answer(msg tea.Msg) tea.Msg { return ui.Reply{To: s.id, Msg: msg} }

// Later is the Host's.
func (s seat) Later(d time.Duration, msg tea.Msg) tea.Cmd {
	return s.app.opt.After(d, func(time.Time) tea.Msg { return s.Answer(msg) })
}

// Shown is the Host's.
func (s seat) Shown() bool {
	n := len(s.app.stack)
	return n > 0 && s.app.stack[n-1].id == s.id
}

// Said is the Host's.
func (s seat) Said() string {
	n, shown := s.app.said.last()
	if !shown {
		return ""
	}
	return n.Text
}

// Copy is the Host's.
func (s seat) Copy(text, what string) tea.Cmd {
	return s.app.copyParcel(ui.Parcel{Text: text, What: what})
}

// Save is the Host's.
func (s seat) Save(file, text, what string) tea.Cmd {
	return s.app.writeFile(file, ui.Parcel{Text: text, What: what})
}

// Start is the Host's.
func (s seat) Start(w ui.Work) (ui.TaskID, tea.Cmd) { return s.app.start(s, w) }

// Task is the Host's.
func (s seat) Task(id ui.TaskID) ui.Task { return s.app.tasks.as(id) }

// Waits is the Host's.
func (s seat) Waits(touches ...string) string { return s.app.tasks.waits(s.visit, touches, false) }
