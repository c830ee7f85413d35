package memory

import (
	"context"
	"runtime"
	"sync"

	"hearth/core"
)

// Knobs are what a test can turn on a place. Every method that a real place would
// do I/O for is a call: all but Info and Close.
type Knobs struct {
	mu    sync.Mutex
	calls []string
	fails map[int]error // by the number of the call
	stall chan struct{} // closed when calls may go on; nil: they may
	on    int           // the call at whose beginning then is called
	then  func()
	kill  int              // the call at which the program dies, and every one after it
	each  map[string]error // of every call of a method
}

// FailEach makes every call of a method return err and do nothing; nil ends that.
func (k *Knobs) FailEach(method string, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.each == nil {
		k.each = map[string]error{}
	}
	k.each[method] = err
}

// KillCall makes the nth call from now, and every one after that, end the goroutine
// that makes it: so a program dies that is killed there. n 0 lets it live.
func (k *Knobs) KillCall(n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.kill = 0
	if n > 0 {
		k.kill = len(k.calls) + n
	}
}

// OnCall has fn called at the beginning of the nth call from now, counted from 1:
// a test ends a run there as a kill would. n 0 calls nothing.
func (k *Knobs) OnCall(n int, fn func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.on, k.then = len(k.calls)+n, fn
	if n == 0 {
		k.then = nil
	}
}

// Calls names the methods called so far, in order.
func (k *Knobs) Calls() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]string(nil), k.calls...)
}

// FailCall makes the nth call from now, counted from 1, return err and do
// nothing. Only the calls that were told to fail do.
func (k *Knobs) FailCall(n int, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.fails == nil {
		k.fails = map[int]error{}
	}
	k.fails[len(k.calls)+n] = err
}

// Stall makes calls block from now on, each until its context ends, or until
// release is called, which may be done more than once.
func (k *Knobs) Stall() (release func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	gate := make(chan struct{})
	k.stall = gate
	var once sync.Once
	return func() { once.Do(func() { close(gate) }) }
}

// enter is what every call begins with.
func (k *Knobs) enter(ctx context.Context, method, tried string) error {
	k.mu.Lock()
	k.calls = append(k.calls, method)
	err, gate := k.fails[len(k.calls)], k.stall
	if err == nil {
		err = k.each[method]
	}
	dead := k.kill > 0 && len(k.calls) >= k.kill
	var then func()
	if len(k.calls) == k.on {
		then = k.then
	}
	k.mu.Unlock()
	if dead {
		runtime.Goexit()
	}
	if then != nil {
		then()
	}
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
		}
	}
	if ctx.Err() != nil {
		return core.Fail(core.CodeCancelled, tried, "it was cancelled", "", ctx.Err())
	}
	return err
}

// enterToWrite is enter for calls that change something.
func (p *Place) enterToWrite(ctx context.Context, method, tried string) error {
	if err := p.enter(ctx, method, tried); err != nil {
		return err
	}
	if p.info.ReadOnly != "" {
		return core.Fail(core.CodeReadOnly, tried, p.info.ReadOnly, "", nil)
	}
	return nil
}
