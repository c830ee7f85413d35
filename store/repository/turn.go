package repository

import (
	"context"
	"sync"
)

// turn lets many readers write in the order of the volume. One that is not let in
// for want of room is let in all the same when the next byte is its own: whoever
// waits, waits for one that was let in.
type turn struct {
	mu      sync.Mutex
	changed *sync.Cond
	at      int64 // of the next byte
	inside  int
	most    int
}

func newTurn(at int64, most int) *turn {
	t := &turn{at: at, most: most}
	t.changed = sync.NewCond(&t.mu)
	return t
}

func (t *turn) wake() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.changed.Broadcast()
}

// until waits for what only changes while others hold t; it is locked before and after.
func (t *turn) until(ctx context.Context, ok func() bool) error {
	for !ok() {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		t.changed.Wait()
	}
	return nil
}

// enter waits for room for a reader whose first byte is at from.
func (t *turn) enter(ctx context.Context, from int64) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.until(ctx, func() bool { return t.inside < t.most || t.at == from }); err != nil {
		return err
	}
	t.inside++
	return nil
}

func (t *turn) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.inside--
	t.changed.Broadcast()
}

// now reports whether the byte is the next.
func (t *turn) now(at int64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.at == at
}

// wait waits until the byte is the next.
func (t *turn) wait(ctx context.Context, at int64) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.until(ctx, func() bool { return t.at == at })
}

// done says that all bytes before at are written.
func (t *turn) done(at int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.at = at
	t.changed.Broadcast()
}
