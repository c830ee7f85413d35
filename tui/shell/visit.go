package shell

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"hearth/core"
	"hearth/tui/ui"
)

// visit is the time that the screens spend in a place. What is asked of the place
// is asked within it, and the place is closed when the last answer is in.
type visit struct {
	in     ui.Begin
	ctx    context.Context
	cancel context.CancelFunc
	trail  trail // where one has been; the loop's alone

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

// work does work within the visit; a panic ends it as a failure.
func (v *visit) work(ctx context.Context, do func(context.Context, ui.Progress) ui.Result, say ui.Progress) (r ui.Result) {
	if !v.enter() {
		return ui.FailedWith(core.Fail(core.CodeCancelled, "begin", "the place was left meanwhile", "", nil))
	}
	defer v.exit()
	defer func() {
		if p := recover(); p != nil {
			r = ui.Result{Note: unforeseen(p)}
		}
	}()
	return do(ctx, say)
}

// unforeseen is the note of a panic.
func unforeseen(p any) ui.Note {
	return ui.Note{Level: ui.LevelBad, Text: "Something unforeseen went wrong inside hearth; what you see may be stale.",
		Err: core.Fail(core.CodeInternal, "", fmt.Sprint(p), "please report it", errors.New(string(debug.Stack())))}
}
