// Package scan is what the drivers of backup repositories have in common: a scan goes on
// in the background, is shared by all who ask and kept until it is asked for anew
// (listing); what it found of a backup is kept packed, as a place may hold very many
// (rows, volumes); and a row that was rebuilt without a database carries a word on each
// field that is not certain (marks). It knows no repository, and reads none.
package scan

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"hearth/core"
)

// RetryAfter is how long a failure is shown to who watches before it is tried again.
const RetryAfter = 3 * time.Second

// Listing reads in the background all that a place holds, into an X, shares it among all
// who ask, and keeps what it read last.
type Listing[X any] struct {
	// Tried says what it does, for errors: "scan the repository".
	Tried string
	// Wait is how long the first answer to who watches waits: what is small is read by then.
	Wait time.Duration
	// Read fills an X, which is zero at first, and tells how far it is. Who watches may
	// look at the X meanwhile.
	Read func(ctx context.Context, x *X, progress func(core.ScanProgress)) error
	// Told is how far one that has come to its end has come.
	Told func(x *X) core.ScanProgress

	life context.Context
	end  context.CancelFunc

	mu   sync.Mutex // guards what follows
	busy *Run[X]    // the one that goes on, or failed
	last *Run[X]    // the last that came to its end
}

// Run is one reading.
type Run[X any] struct {
	Found X

	cancel context.CancelFunc
	done   chan struct{}
	err    error     // once done
	ended  time.Time // once done

	// What follows is guarded by the lock of the listing.
	users  int  // who wait for it
	shown  bool // somebody watches it grow: then it goes on without being waited for
	listen []func(core.ScanProgress)
}

// Live says how long readings may go on: until ctx is over or [Listing.Close]. That it
// is cancelled itself does not count. It is called once, before all else.
func (l *Listing[X]) Live(ctx context.Context) {
	l.life, l.end = context.WithCancel(context.WithoutCancel(ctx))
}

// Life is the time in which readings go on: what reads for one of them lives as long.
func (l *Listing[X]) Life() context.Context { return l.life }

// Close ends a reading that goes on, and waits for it no longer than it is told: a share
// that is gone may never answer.
func (l *Listing[X]) Close(most time.Duration) {
	l.end()
	l.mu.Lock()
	busy := l.busy
	l.mu.Unlock()
	if busy != nil {
		select {
		case <-busy.done:
		case <-time.After(most):
		}
	}
}

// Last is the last reading that came to its end; nil: none has.
func (l *Listing[X]) Last() *Run[X] {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// over reports whether a reading goes on no more.
func (r *Run[X]) over() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// Whole reports whether a reading has come to its end, and without an error: then what it
// found does not change any more. A nil one has not.
func (r *Run[X]) Whole() bool { return r != nil && r.over() && r.err == nil }

// start begins a reading; l is locked.
func (l *Listing[X]) start() *Run[X] {
	ctx, cancel := context.WithCancel(l.life)
	r := &Run[X]{cancel: cancel, done: make(chan struct{})}
	l.busy = r
	go func() {
		defer cancel()
		err := l.Read(ctx, &r.Found, func(s core.ScanProgress) {
			l.mu.Lock()
			listen := slices.Clone(r.listen)
			l.mu.Unlock()
			for _, f := range listen {
				f(s)
			}
		})
		r.err, r.ended = err, time.Now()
		l.mu.Lock()
		if err == nil && l.busy == r {
			l.last, l.busy = r, nil
		}
		l.mu.Unlock()
		close(r.done)
	}()
	return r
}

// All waits for a reading: the last one, unless it is to be done anew. One that goes on
// is joined where it is needed. Progress, if not nil, is told how far it is.
func (l *Listing[X]) All(ctx context.Context, anew bool, progress func(core.ScanProgress)) (*Run[X], error) {
	if err := Stopped(ctx, l.Tried); err != nil {
		return nil, err
	}
	l.mu.Lock()
	r := l.busy
	switch {
	case l.last != nil && !anew: // a newer one that goes on may take long
		r = l.last
	case r != nil && !r.over():
	default:
		r = l.start()
	}
	r.users++
	if progress != nil {
		r.listen = append(r.listen, progress)
	}
	l.mu.Unlock()
	select {
	case <-r.done:
		if r.err != nil {
			return nil, r.err
		}
		if progress != nil { // it may have ended before it could tell
			progress(l.Told(&r.Found))
		}
		return r, nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.users--; r.users == 0 && !r.shown { // nobody wants it any more
		r.cancel()
		if l.busy == r {
			l.busy = nil
		}
	}
	return nil, Cancelled(l.Tried, ctx.Err())
}

// Some answers who watches: with the last reading, or where there is none with the one
// that goes on; and sees to it that there will be more. Complete says that nothing goes on.
func (l *Listing[X]) Some(ctx context.Context, anew bool) (r *Run[X], complete bool, err error) {
	l.mu.Lock()
	busy, last := l.busy, l.last
	switch {
	case busy != nil && busy.over() && busy.err != nil && (anew || time.Since(busy.ended) > RetryAfter),
		busy == nil && (anew || last == nil):
		busy = l.start()
	}
	if busy != nil {
		busy.shown = true
	}
	l.mu.Unlock()
	if busy == nil {
		return last, true, nil
	}
	wait := time.NewTimer(l.Wait)
	defer wait.Stop()
	select {
	case <-busy.done:
		if busy.err == nil {
			return busy, true, nil
		}
		err = busy.err
	case <-wait.C:
	case <-ctx.Done():
		err = Cancelled(l.Tried, ctx.Err())
	}
	if last != nil {
		return last, false, err
	}
	return busy, false, err
}

// Stopped is what to return between two pages of a listing, or two things that are tried.
func Stopped(ctx context.Context, tried string) error {
	if err := ctx.Err(); err != nil {
		return Cancelled(tried, err)
	}
	return nil
}

// Cancelled is the error of what was not carried through, by the context's.
func Cancelled(tried string, err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return core.Fail(core.CodeUnavailable, tried, "it took too long", "try again", err)
	}
	return core.Fail(core.CodeCancelled, tried, "it was cancelled", "", err)
}
