//go:build unix

package term

import (
	"io"
	"os"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
)

// TestReader: a suspension ends the Read that waits at once, a newer Read takes the
// place of an older one, nothing that came is lost meanwhile, and after Close what
// comes is for others.
func TestReader(t *testing.T) {
	t.Parallel()
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	defer out.Close()
	r := NewReader(out, false)
	type result struct {
		text string
		err  error
	}
	read := func() chan result {
		c := make(chan result, 1)
		go func() {
			b := make([]byte, 100)
			n, err := r.Read(b)
			c <- result{string(b[:n]), err}
		}()
		return c
	}
	want := func(c chan result, text string, err error) {
		t.Helper()
		select {
		case got := <-c:
			if got != (result{text, err}) {
				t.Fatalf("read %q, %v; want %q, %v", got.text, got.err, text, err)
			}
		case <-time.After(time.Minute):
			t.Fatalf("nothing is read; want %q, %v", text, err)
		}
	}
	var last chan struct{} // of the Read that was waited for last
	waits := func() {
		t.Helper()
		for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
			r.mu.Lock()
			waiting, tapped := r.leave, r.tap != nil
			r.mu.Unlock()
			if tapped && waiting != last {
				last = waiting
				return
			}
			if time.Now().After(end) {
				t.Fatal("nobody reads")
			}
		}
	}
	c := read()
	waits()
	r.Filter(nil, tea.SuspendMsg{})
	want(c, "", io.EOF)
	in.WriteString("j")
	c = read()
	waits()
	want(c, "j", nil)

	older := read()
	waits()
	newer := read()
	waits()
	want(older, "", io.EOF)
	in.WriteString("\x1b[")
	in.WriteString("A")
	want(newer, "\x1b[A", nil)

	in.WriteString("\x1b")
	c = read()
	waits()
	want(c, "\x1b[27u", nil)

	c = read()
	waits()
	r.Close()
	want(c, "", io.EOF)
	want(read(), "", io.EOF)
	in.WriteString("for others")
	b := make([]byte, 100)
	if n, err := out.Read(b); string(b[:n]) != "for others" {
		t.Errorf("others read %q, %v", b[:n], err)
	}
	if r.asked { // nobody reads from the pipe any more once this has come
		<-r.came
	}
}
