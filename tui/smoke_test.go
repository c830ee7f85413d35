package tui

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"hearth/core"
)

// session is the real program in a tmux server of its own, with tmux's defaults.
type session struct {
	t      *testing.T
	socket string
	env    []string
	home   string // its home, and where its temporary files go
}

// tmux runs a command of the session's server.
func (s *session) tmux(args ...string) string {
	s.t.Helper()
	cmd := exec.Command("tmux", append([]string{"-L", s.socket, "-f", "/dev/null"}, args...)...)
	cmd.Env = s.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("tmux %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// keys types at the program: tmux's names of keys, or "text:..." for words.
func (s *session) keys(names ...string) *session {
	s.t.Helper()
	for _, n := range names {
		if text, ok := strings.CutPrefix(n, "text:"); ok {
			s.tmux("send-keys", "-l", text)
		} else {
			s.tmux("send-keys", n)
		}
	}
	return s
}

// until waits for some texts to stand on the screen.
func (s *session) until(texts ...string) string {
	s.t.Helper()
	var screen string
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(15 * time.Millisecond) {
		screen = s.tmux("capture-pane", "-p")
		all := true
		for _, text := range texts {
			all = all && strings.Contains(screen, text)
		}
		if all {
			return screen
		}
	}
	s.t.Fatalf("%q does not come:\n%s", texts, screen)
	return ""
}

// sessions counts them: a server that is ending still holds its socket.
var sessions atomic.Int64

// beginSession starts the program at a size.
func beginSession(t *testing.T, binary string, w, h int) *session {
	t.Helper()
	return openSession(t, w, h, "sh -c 'echo $$ >\"$TMPDIR/pid\"; exec \"$0\" --demo' '"+binary+"'; echo exit=$?; exec cat")
}

// openSession runs a command of the shell at a size.
func openSession(t *testing.T, w, h int, command string) *session {
	t.Helper()
	home := t.TempDir()
	s := &session{t: t, socket: fmt.Sprintf("hearth-smoke-%d-%d", os.Getpid(), sessions.Add(1)), home: home}
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); name != "TMUX" && name != "HEARTH_PLACE" && name != "NO_COLOR" &&
			!strings.HasPrefix(name, "XDG_") {
			s.env = append(s.env, kv)
		}
	}
	s.env = append(s.env, "HOME="+home, "XDG_CONFIG_HOME="+home, "XDG_DATA_HOME="+home, "TMPDIR="+home)
	t.Cleanup(func() {
		cmd := exec.Command("tmux", "-L", s.socket, "kill-server")
		cmd.Env = s.env
		cmd.Run() // it may have ended already
	})
	s.tmux("new-session", "-d", "-x", fmt.Sprint(w), "-y", fmt.Sprint(h), command)
	if got, want := strings.TrimSpace(s.tmux("display-message", "-p", "#{pane_width}x#{pane_height}")), fmt.Sprintf("%dx%d",
		w, h); got != want {
		t.Fatalf("the pane is %s, want %s", got, want)
	}
	return s
}

// gone checks that the demo's files went with the program.
func (s *session) gone() {
	s.t.Helper()
	if left, _ := filepath.Glob(filepath.Join(s.home, "hearth-demo-*")); len(left) > 0 {
		s.t.Errorf("left behind: %v", left)
	}
}

// TestSmoke does the main job on the real program in tmux: list, filter, preview,
// apply, undo, export, import of a paste, quit.
func TestSmoke(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds the program and runs it in tmux")
	}
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("there is no tmux here")
	}
	binary := filepath.Join(t.TempDir(), "hearth")
	build := exec.Command("go", "build", "-o", binary, ".")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, size := range [][2]int{{80, 24}, {160, 45}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			smoke(t, beginSession(t, binary, size[0], size[1]))
		})
	}
	t.Run("asks nothing", func(t *testing.T) { asksNothing(t, binary) })
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGABRT} {
		t.Run(sig.String(), func(t *testing.T) {
			s := beginSession(t, binary, 80, 24)
			s.until("90 backups", "? help")
			data, err := os.ReadFile(filepath.Join(s.home, "pid"))
			if err != nil {
				t.Fatal(err)
			}
			pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
			if err != nil {
				t.Fatal(err)
			}
			if p, err := os.FindProcess(pid); err != nil || p.Signal(sig) != nil {
				t.Fatalf("process %d takes no signal: %v", pid, err)
			}
			s.until("exit=130")
			if s.tmux("display-message", "-p", "#{alternate_on}") != "0\n" {
				t.Error("the screen is not put back")
			}
			s.gone()
		})
	}
}

// asksNothing checks what the terminal gets of the help, and of the screens where
// there can be none: no question.
func asksNothing(t *testing.T, binary string) {
	s := openSession(t, 80, 24, `until [ -e "$TMPDIR/go" ]; do sleep 0.05; done; '`+binary+`' --help; TERM=dumb '`+binary+
		`' --demo; echo exit=$?; exec cat`)
	file := filepath.Join(s.home, "written")
	s.tmux("pipe-pane", "cat >'"+file+"'")
	if err := os.WriteFile(filepath.Join(s.home, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s.until("exit=2")
	var written string
	for end := time.Now().Add(20 * time.Second); !strings.Contains(written, "exit=2"); time.Sleep(15 * time.Millisecond) {
		data, _ := os.ReadFile(file)
		if written = string(data); time.Now().After(end) {
			t.Fatalf("tmux does not say what was written: %q", written)
		}
	}
	if !strings.Contains(written, "USAGE") || !strings.Contains(written, "use a verb, such as hearth backups") {
		t.Errorf("no help, or no verb: %q", written)
	}
	if q := regexp.MustCompile(`\x1b\]1[0-2];\?|\x1b\[>?0?c|\x1b\[\?(u|\d+\$p)`).FindString(written); q != "" {
		t.Errorf("the terminal is asked %q", q)
	}
}

func smoke(t *testing.T, s *session) {
	s.until("90 backups", "? help")
	s.keys("/").until("keep the filter")
	s.keys("text:name~db-prod-01-incr").until("backups of 90", "/ name~db-prod-01-incr")
	s.keys("Enter").until("filter name~db-prod-01-incr")

	s.keys("r").until("[Restore]", "onto db-prod-01", "3 FIELDS CHANGE")
	s.keys("P").until("Apply to volume db-prod-01", "> No (n)")
	s.keys("y").until("Applied as journal entry 1; U takes it back", "NOTHING CHANGES")
	s.keys("U").until("Take back entry 1")
	s.keys("y").until("Entry 1 taken back, as journal entry 2", "3 FIELDS CHANGE")

	s.keys("BTab", "BTab")
	id := regexp.MustCompile(`(?m)^id +([0-9a-f-]{36})`).FindStringSubmatch(s.until("[Overview]", "\nid "))
	s.keys("Escape").until("filter name~db-prod-01-incr")
	s.keys("x").until("to tmux's buffer")
	found := core.FindRecords(s.tmux("show-buffer"))
	if len(found) != 1 || !found[0].OK() || string(found[0].Decoded.ID()) != id[1] {
		t.Fatalf("tmux's buffer holds %d records (%+v), want that of %s", len(found), found, id[1])
	}

	s.tmux("load-buffer", "-b", "record", filepath.Join("..", "testdata", "paste", "db-prod-full.openstack.table"))
	s.tmux("paste-buffer", "-p", "-b", "record")
	s.until("1 record ", "[x] db-prod-full", "1 can be imported")
	s.keys("i").until("Import 1 backup into demo?")
	s.keys("y").until("1 backup imported")
	s.keys("b", "Escape").until("91 backups")
	s.keys("/").until("keep the filter")
	s.keys("text:name:db-prod-full", "Enter").until("1 backup of 91", "> db-prod-full")
	s.keys("q").until("exit=0")
	s.gone()
}
