package storetest

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// Terminal is a program in a tmux server of its own, with tmux's defaults.
type Terminal struct {
	Home string // its home, and where its temporary files go

	t      testing.TB
	socket string
	env    []string
}

// terminals counts them: a server that is ending still holds its socket.
var terminals atomic.Int64

// OpenTerminal runs a command of the shell at a size, in a home of its own and with
// some variables besides. Without tmux the test is skipped.
func OpenTerminal(t testing.TB, w, h int, env []string, command string) *Terminal {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("there is no tmux here")
	}
	home := t.TempDir()
	s := &Terminal{t: t, socket: fmt.Sprintf("hearth-test-%d-%d", os.Getpid(), terminals.Add(1)), Home: home}
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); name != "TMUX" && name != "HEARTH_PLACE" && name != "NO_COLOR" &&
			!strings.HasPrefix(name, "XDG_") {
			s.env = append(s.env, kv)
		}
	}
	s.env = append(append(s.env, "HOME="+home, "XDG_CONFIG_HOME="+home, "XDG_DATA_HOME="+home, "TMPDIR="+home), env...)
	t.Cleanup(s.Close)
	s.Tmux("new-session", "-d", "-x", fmt.Sprint(w), "-y", fmt.Sprint(h), command)
	if got, want := strings.TrimSpace(s.Tmux("display-message", "-p", "#{pane_width}x#{pane_height}")), fmt.Sprintf("%dx%d",
		w, h); got != want {
		t.Fatalf("the pane is %s, want %s", got, want)
	}
	return s
}

// Close ends the program, if it has not ended yet.
func (s *Terminal) Close() {
	cmd := exec.Command("tmux", "-L", s.socket, "kill-server")
	cmd.Env = s.env
	cmd.Run()
}

// Tmux runs a command of the terminal's server.
func (s *Terminal) Tmux(args ...string) string {
	s.t.Helper()
	cmd := exec.Command("tmux", append([]string{"-L", s.socket, "-f", "/dev/null"}, args...)...)
	cmd.Env = s.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("tmux %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// Keys types at the program: tmux's names of keys, or "text:..." for words.
func (s *Terminal) Keys(names ...string) *Terminal {
	s.t.Helper()
	for _, n := range names {
		if text, ok := strings.CutPrefix(n, "text:"); ok {
			s.Tmux("send-keys", "-l", text)
		} else {
			s.Tmux("send-keys", n)
		}
	}
	return s
}

// Answer types at a question, which takes no key for half a second after it came up.
func (s *Terminal) Answer(names ...string) *Terminal {
	s.t.Helper()
	time.Sleep(600 * time.Millisecond)
	return s.Keys(names...)
}

// Screen is what stands there now.
func (s *Terminal) Screen() string { return s.Tmux("capture-pane", "-p") }

// Until waits for some texts to stand on the screen.
func (s *Terminal) Until(texts ...string) string {
	s.t.Helper()
	screen, ok := s.Comes(time.Minute, func(screen string) bool {
		for _, text := range texts {
			if !strings.Contains(screen, text) {
				return false
			}
		}
		return true
	})
	if !ok {
		s.t.Fatalf("%q does not come:\n%s", texts, screen)
	}
	return screen
}

// Comes waits for a screen of some kind, and reports whether it came.
func (s *Terminal) Comes(within time.Duration, is func(screen string) bool) (screen string, ok bool) {
	for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(15 * time.Millisecond) {
		if screen = s.Screen(); is(screen) {
			return screen, true
		}
	}
	return screen, false
}

// Unwrapped is a frame's text in one line, however its lines are broken and boxed.
func Unwrapped(frame string) string {
	return strings.Join(strings.FieldsFunc(frame, func(c rune) bool { return c == ' ' || c == '\n' || c == '│' }), " ")
}
