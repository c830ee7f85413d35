package shell

import (
	"context"
	"errors"
	"fmt"
	"hearth/tui/ui"
	"runtime/debug"
	"sync"
	"time"

	"hearth/core"

	tea "charm.land/bubbletea/v2"
)

// Everything that waits happens in a tea.Cmd that is made here: it closes over
// copies, has the visit's context, and cannot end the program by panicking.

// visit is the time that the screens spend in a place. What is asked of the place
// is asked within it, and the place is closed when the last answer is in.
type visit struct {
	in     ui.Begin
	ctx    context.Context
	cancel context.CancelFunc

	mu      sync.Mutex
	over    bool
	working sync.WaitGroup // questions and tasks
}

func newVisit(ctx context.Context, in ui.Begin) *visit {
	v := &visit{in: in}
	v.ctx, v.cancel = context.WithCancel(ctx)
	return v
}

// enter begins to ask something of the place; false if it has been left.
func (v *visit) enter() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.over {
		v.working.Add(1)
	}
	return !v.over
}

// exit ends what enter began, and reports whether the answer still matters.
func (v *visit) exit() bool {
	v.working.Done()
	v.mu.Lock()
	defer v.mu.Unlock()
	return !v.over
}

// leave says that answers no longer matter, waits for what still runs, and closes
// the place. What is to end before its time is cancelled by whoever leaves.
func (v *visit) leave() error {
	v.mu.Lock()
	v.over = true
	v.mu.Unlock()
	v.working.Wait()
	v.cancel()
	if v.in.Close == nil {
		return nil
	}
	return v.in.Close()
}

// end cancels what is being asked, waits for it, at most so long, and closes the
// place.
func (v *visit) end(atMost time.Duration) error {
	v.mu.Lock()
	v.over = true
	v.mu.Unlock()
	v.cancel()
	gone := make(chan struct{})
	go func() {
		v.working.Wait()
		close(gone)
	}()
	select {
	case <-gone:
	case <-time.After(atMost):
	}
	if v.in.Close == nil {
		return nil
	}
	return v.in.Close()
}

// seat is a screen's host: the screen is told apart by its id; 0 is nobody's.
type seat struct {
	app   *App
	visit *visit
	id    int
}

func (a *App) seat(id int) ui.Host { return seat{a, a.visit, id} }

// Look is the Host's.
func (s seat) Look() ui.Look {
	s.app.looking.RLock()
	defer s.app.looking.RUnlock()
	return s.app.look
}

// Tell is the Host's.
func (s seat) Tell(work func(context.Context) tea.Msg) tea.Cmd {
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
		return work(v.ctx)
	}
}

// unforeseen is the note of a panic.
func unforeseen(p any) ui.Note {
	return ui.Note{Level: ui.Bad, Text: "Something unforeseen went wrong inside hearth; what you see may be stale.",
		Err: core.Fail(core.CodeInternal, "", fmt.Sprint(p), "please report it", errors.New(string(debug.Stack())))}
}

// Ask is the Host's.
func (s seat) Ask(work func(context.Context) tea.Msg) tea.Cmd {
	cmd := s.Tell(work)
	return func() tea.Msg {
		switch msg := cmd().(type) {
		case nil:
			return nil
		case ui.Note:
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
	if s.app.note.passed {
		return ""
	}
	return s.app.note.Text
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
func (s seat) Task(id ui.TaskID) ui.Task { return s.app.tasks.copyOf(id) }

// Waits is the Host's.
func (s seat) Waits(touches ...string) string { return s.app.tasks.waits(s.visit, touches, false) }
