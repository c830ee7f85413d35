package term

import (
	"io"
	"os"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
	uv "github.com/charmbracelet/ultraviolet"
)

// Reader reads a terminal for Bubble Tea. It is a term.File, so that Bubble Tea puts
// the terminal into raw mode and back; but it has no name, as Bubble Tea would then
// wait for the terminal itself before it asks, and what became whole by time alone
// would have to wait for the next key.
//
// It reads the terminal only while it is asked to: what is typed at a shell that
// hearth was suspended for stays there.
type Reader struct {
	tty *os.File

	mu     sync.Mutex
	leave  chan struct{} // closed: the Read that waits returns; nil: none waits
	tap    *tap          // what reads the terminal; nil: made when needed
	closed bool

	turn    chan struct{} // holds one: whoever reads; what follows is theirs
	decoder decoder
	came    chan piece
	asked   bool // a piece is to come
}

// tap is a way to the terminal until it is closed off.
type tap struct {
	uv interface {
		io.ReadCloser
		Cancel() bool
	}
	off bool // under mu of the reader
}

// piece is what came from the terminal at once.
type piece struct {
	b   []byte
	err error
	of  *tap
}

// NewReader makes the reader of a terminal; ssh says that it is at the other end of
// a line.
func NewReader(tty *os.File, ssh bool) *Reader {
	return &Reader{tty: tty, turn: make(chan struct{}, 1), came: make(chan piece, 1), decoder: decoder{waits: waitsFor(ssh)}}
}

// Fd is the terminal's.
func (r *Reader) Fd() uintptr { return r.tty.Fd() }

// Write writes to the terminal.
func (r *Reader) Write(b []byte) (int, error) { return r.tty.Write(b) }

// Close ends reading for good: what is typed from now on is for others. The terminal
// itself stays open.
func (r *Reader) Close() error {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.Pause()
	return nil
}

// Pause leaves the terminal to others until the next Read; one that waits returns
// io.EOF. Nothing that came is lost.
func (r *Reader) Pause() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.leave != nil {
		close(r.leave)
		r.leave = nil
	}
	if r.tap != nil {
		r.tap.off = true
		r.tap.uv.Cancel()
		r.tap = nil
	}
}

// Read waits for whole keys, whole answers and text. A Read that begins while
// another waits takes its place: after a suspension Bubble Tea may have left one
// behind.
func (r *Reader) Read(p []byte) (int, error) {
	leave, err := r.enter()
	if err != nil {
		return 0, err
	}
	r.turn <- struct{}{}
	defer func() { <-r.turn }()
	for {
		if d := &r.decoder; len(d.out) > 0 {
			n := copy(p, d.out)
			d.out = d.out[n:]
			return n, nil
		}
		if err := r.wait(leave); err != nil {
			return 0, err
		}
	}
}

// enter makes this the Read that waits.
func (r *Reader) enter() (chan struct{}, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, io.EOF
	}
	if r.leave != nil {
		close(r.leave)
	}
	r.leave = make(chan struct{})
	return r.leave, nil
}

// wait waits for the terminal, or for the time that makes something of what is held.
func (r *Reader) wait(leave chan struct{}) error {
	if err := r.ask(leave); err != nil {
		return err
	}
	var time_ <-chan time.Time
	if due, ok := r.decoder.due(); ok {
		timer := time.NewTimer(time.Until(due))
		defer timer.Stop()
		time_ = timer.C
	}
	select {
	case <-leave:
		return io.EOF
	case p := <-r.came:
		return r.take(p)
	case <-time_:
	}
	select { // where the machine was slow, not the line, both are there
	case p := <-r.came:
		return r.take(p)
	case <-time.After(time.Millisecond):
		r.decoder.expire(time.Now())
		return nil
	}
}

// ask has the terminal read, unless it is being read already.
func (r *Reader) ask(leave chan struct{}) error {
	if r.asked {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.leave != leave { // the terminal is left to others
		return io.EOF
	}
	if r.tap == nil {
		c, err := uv.NewCancelReader(r.tty)
		if err != nil {
			return err
		}
		r.tap = &tap{uv: c}
	}
	r.asked = true
	go func(t *tap) {
		b := make([]byte, 4096)
		n, err := t.uv.Read(b)
		r.came <- piece{b[:n], err, t}
	}(r.tap)
	return nil
}

// take takes what came.
func (r *Reader) take(p piece) error {
	r.asked = false
	if len(p.b) > 0 {
		r.decoder.feed(p.b, time.Now())
	}
	r.mu.Lock()
	off := p.of.off
	r.mu.Unlock()
	if off { // nobody reads from it any more
		p.of.uv.Close()
		return nil
	}
	return p.err
}

// Filter is Bubble Tea's: it knows what the reader says between the keys, and leaves
// the terminal alone while the program is suspended.
func (r *Reader) Filter(_ tea.Model, msg tea.Msg) tea.Msg {
	switch msg := msg.(type) {
	case tea.SuspendMsg:
		r.Pause()
	case uv.UnknownOscEvent:
		if c, ok := readCut(string(msg)); ok {
			return c
		}
	}
	return msg
}
