package jobs

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"sync"
	"time"

	"hearth/core"
)

const (
	// beat is how often a process that is at work on an entry says so.
	beat = 10 * time.Second
	// silent is how long an entry without a new sign of life is taken for one that
	// is being worked at, where its process cannot be looked up, as on another
	// machine: twelve beats, so that a few that were late and clocks that differ by a
	// minute kill nobody.
	silent = 2 * time.Minute
	// young is the same for an entry that never had one: an older hearth wrote it,
	// or whoever did let go of it.
	young = time.Minute
)

// standing is what can be told of a process by its number.
type standing int

const (
	unknown standing = iota // whether it lives, or what has its number now
	there
	gone
)

// self is this process as a sign of life shows it.
var self = sync.OnceValue(func() core.Life {
	l := core.Life{Machine: machine(), PID: os.Getpid()}
	l.Host, _ = os.Hostname()
	if l.Instance, _ = look(l.PID); l.Instance == "" {
		l.Instance = rand.Text()
	}
	return l
})

// worked reports whether somebody is at work on an open entry: its process lives,
// or where that cannot be looked up has said so lately.
func (d Desk) worked(e *core.Entry) bool {
	switch {
	case e.State != core.EntryOpen:
		return false
	case e.Life == nil:
		return d.Now().Sub(e.At) < young
	case e.Life.PID == 0:
		return false
	}
	switch stands(e.Life, self()) {
	case there:
		return true
	case gone:
		return false
	}
	return d.Now().Sub(e.Life.At) < silent
}

// stands says what is known of the process of a sign of life. A number counts only
// within one machine, and tells nothing without what sets the process apart from
// others that had it.
func stands(l *core.Life, own core.Life) standing {
	switch {
	case l.Host == own.Host && l.Machine == own.Machine && l.PID == own.PID && l.Instance == own.Instance:
		return there
	case l.Machine == "" || l.Machine != own.Machine:
		return unknown
	case l.PID == own.PID: // it had the number before
		return gone
	}
	instance, s := look(l.PID)
	if s == there && instance != l.Instance {
		return gone
	}
	return s
}

// live gives the entry new signs of life until leave. They do not end with the
// work's context: one that was cancelled still reads back what came of it.
func (a *account) live() {
	ctx, cancel := context.WithCancel(context.Background())
	var beating sync.WaitGroup
	id := a.e.ID
	beating.Go(func() {
		t := time.NewTicker(beat)
		defer t.Stop()
		for {
			select {
			case <-t.C:
				a.d.Archive.Beat(ctx, id, a.d.Now()) // one that fails is made up for by the next
			case <-ctx.Done():
				return
			}
		}
	})
	a.still = func() {
		cancel()
		beating.Wait()
	}
}

// leave is deferred by whoever begins an account. An entry that has no result then
// is worked at by nobody any more, and is left to Settle.
func (a *account) leave(ctx context.Context) {
	a.still()
	switch {
	case a.d.Archive == nil || a.over:
	case a.d.SettleAfter > 0:
		a.d.Archive.Leave(context.WithoutCancel(ctx), a.e.ID, a.d.Now())
	default:
		a.d.Archive.LetGo(context.WithoutCancel(ctx), a.e.ID)
	}
}

// alone does something in a place that only one hearth with this archive does at a time;
// doing says what, for the others. CodeUnavailable where another is at it: its process
// lives, or where that cannot be looked up has said so within two minutes.
func (d Desk) alone(ctx context.Context, name, doing string, do func() error) error {
	own := self()
	own.At = d.Now()
	lives := func(l *core.Life) bool {
		s := stands(l, own)
		return s == there || s == unknown && d.Now().Sub(l.At) < silent
	}
	other, err := d.Archive.Lock(ctx, d.location(), name, own, lives)
	if err != nil {
		return err
	}
	if other != nil {
		return core.Fail(core.CodeUnavailable, doing, fmt.Sprintf("another hearth is at it, on %s as process %d",
			core.Visible(other.Host), other.PID), "wait until it has ended", nil)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var beating sync.WaitGroup
	beating.Go(func() {
		t := time.NewTicker(beat)
		defer t.Stop()
		for {
			select {
			case <-t.C:
				d.Archive.BeatLock(ctx, d.location(), name, own, d.Now()) // one that fails is made up for by the next
			case <-ctx.Done():
				return
			}
		}
	})
	defer func() {
		cancel()
		beating.Wait()
		d.Archive.Unlock(context.WithoutCancel(ctx), d.location(), name, own)
	}()
	return do()
}
