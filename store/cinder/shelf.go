package cinder

import (
	"context"
	"sync"
	"time"
)

// shelf holds what people call things that a row only has the id of: the volumes of
// backups, or projects. The names are read when something needs them, and
// again after a while.
type shelf struct {
	mu     sync.Mutex
	of     map[string]string // nil: not read
	read   time.Time
	failed time.Time
	why    error // of the last failure; nil once they are read
	busy   bool
}

const namesHold = 5 * time.Minute

// get returns the names that are here.
func (s *shelf) get() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.of
}

// since is when the names were read; zero: never.
func (s *shelf) since() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.read
}

// coming reports whether the names are being read for the first time.
func (s *shelf) coming() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.busy && s.of == nil
}

// lacking is why the names are not here, nil where they are or were not read yet.
func (s *shelf) lacking() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of != nil {
		return nil
	}
	return s.why
}

// renew has the names read again when something needs them next; those that are here
// stay until then.
func (s *shelf) renew() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read = time.Time{}
}

// need reads the names if they are not here.
func (s *shelf) need(ctx context.Context, now func() time.Time, read func(context.Context) (map[string]string, error)) error {
	if s.get() != nil && !s.since().IsZero() {
		return nil
	}
	of, err := read(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.why = err; err != nil {
		s.failed = now()
		return err
	}
	s.of, s.read = of, now()
	return nil
}

// soon has the names read in the background: a list does not wait for them, and
// that they cannot be read is no failure of the list.
func (s *shelf) soon(life context.Context, now func() time.Time, read func(context.Context) (map[string]string, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy || now().Sub(s.failed) < quietTime || s.of != nil && now().Sub(s.read) < namesHold {
		return
	}
	s.busy = true
	go func() {
		of, err := read(life)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.busy = false
		if s.why = err; err != nil {
			s.failed = now()
			return
		}
		s.of, s.read = of, now()
	}()
}
