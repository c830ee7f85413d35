//go:build unix

package term

import (
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// stopper has a SIGTSTP from outside suspend the program in good order: the screen
// is put back first. Bubble Tea then sends that same signal, which Go ignores once it
// was ever caught: so the stopper stops the program.
type stopper struct {
	signals   chan os.Signal
	done      chan struct{}
	suspended atomic.Bool
}

// begin has suspend called at each SIGTSTP.
func (s *stopper) begin(suspend func()) {
	s.signals, s.done = make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(s.signals, syscall.SIGTSTP)
	go func() {
		for {
			select {
			case <-s.signals:
				if s.suspended.Load() {
					syscall.Kill(os.Getpid(), syscall.SIGSTOP)
				} else {
					suspend()
				}
			case <-s.done:
				return
			}
		}
	}()
}

// suspending expects the signal that stops the program; false where there is no
// shell that could bring it back, as in ssh -t or in a window of tmux's own: where
// its group is that of the session, or its parent is of another one.
func (s *stopper) suspending() bool {
	session, err := unix.Getsid(0)
	parent, err2 := unix.Getsid(os.Getppid())
	if err == nil && (session == unix.Getpgrp() || err2 == nil && session != parent) {
		return false
	}
	s.suspended.Store(true)
	return true
}

// resumed expects it no more.
func (s *stopper) resumed() { s.suspended.Store(false) }

func (s *stopper) end() {
	signal.Stop(s.signals)
	close(s.done)
}
