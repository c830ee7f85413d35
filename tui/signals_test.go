//go:build unix

package tui

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"hearth/store/storetest"
)

// middles are what a person may be in the middle of: the keys that lead there, or what is
// waited for between two, and what the screen shows then.
var middles = []struct {
	name string
	keys []string
	show string
}{
	{"a list", nil, "? help"},
	{"a filter that is typed", []string{"/", "text:name~db"}, "keep the filter"},
	{"help", []string{"?"}, "Keys: Backups"},
	{"a menu", []string{"s"}, "Sort"},
	{"a field for a file", []string{"X"}, "Export to a file"},
	{"a backup", []string{"Enter"}, "[Overview]"},
	{"a preview", []string{"r"}, "[Restore]"},
	{"a question", []string{"/", "text:name~db-prod-01-incr", "until:3 backups of 90", "Enter", "until:filter name~", "r",
		"until:3 FIELDS CHANGE", "P"}, "No (n)"},
	{"a journal", []string{"J"}, "ournal"},
	{"an import", []string{"p"}, "mport"},
	{"an export of all", []string{"a", "x"}, ""},
}

// TestSignalsOnScreens ends the real program in the middle of everything, by signals and by
// closing its terminal: the screen is put back where there is one, the exit code says that
// it was cancelled, the demo's files go, and it does not go on without a terminal.
func TestSignalsOnScreens(t *testing.T) {
	binary := inTmux(t)
	ways := []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT, 0} // 0: the terminal is closed
	for i, m := range middles {
		some := ways
		if os.Getenv("HEARTH_SIGNALS") == "" {
			some = ways[i%len(ways):][:1]
		}
		for _, sig := range some {
			name := "closed"
			if sig != 0 {
				name = sig.String()
			}
			t.Run(m.name+"/"+name, func(t *testing.T) { endedAmid(t, binary, m.keys, m.show, sig) })
		}
	}
	t.Run("stopped and brought back", func(t *testing.T) { stoppedAmid(t, binary) })
}

// endedAmid ends the program in the middle of something.
func endedAmid(t *testing.T, binary string, keys []string, show string, sig syscall.Signal) {
	s := beginSession(t, binary, 100, 30)
	s.Until("90 backups", "? help")
	for _, key := range keys {
		if text, ok := strings.CutPrefix(key, "until:"); ok {
			s.Until(text)
		} else {
			s.Keys(key)
		}
	}
	if show != "" {
		s.Until(show)
	}
	pid := pidIn(t, s)
	if sig == 0 {
		s.Close() // the server ends, and with it the terminal
		for end := time.Now().Add(90 * time.Second); syscall.Kill(pid, 0) == nil; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("process %d goes on without a terminal", pid)
			}
		}
		gone(t, s)
		return
	}
	if err := syscall.Kill(pid, sig); err != nil {
		t.Fatal(err)
	}
	s.Until("exit=130")
	if s.Tmux("display-message", "-p", "#{alternate_on}") != "0\n" {
		t.Error("the screen is not put back")
	}
	if left := s.Tmux("display-message", "-p", "#{cursor_flag}#{mouse_any_flag}"); left != "10\n" {
		t.Errorf("the cursor and the mouse are left as %q", left)
	}
	gone(t, s)
}

func pidIn(t *testing.T, s *storetest.Terminal) int {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(s.Home, "pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// stoppedAmid stops the program in the middle of a typed filter by SIGTSTP, in a shell:
// the shell has the terminal, and fg brings all of it back.
func stoppedAmid(t *testing.T, binary string) {
	s := storetest.OpenTerminal(t, 100, 30, []string{"ENV=", "PS1=$ "}, "sh -i")
	s.Keys(fmt.Sprintf(`text:sh -c 'echo $$ >"$TMPDIR/pid"; exec %s --demo'`, binary), "Enter").Until("90 backups", "? help")
	pid := pidIn(t, s)
	s.Keys("/", "text:name~db").Until("keep the filter", "name~db")
	for n := range 2 {
		if err := syscall.Kill(pid, syscall.SIGTSTP); err != nil { // Ctrl-Z is a key of the field's
			t.Fatal(err)
		}
		s.Until("Stopped")
		s.Keys(fmt.Sprintf("text:clear; echo the shell $((%d+40)); fg; echo exit=$?", n), "Enter").Until("keep the filter", "name~db")
	}
	s.Keys("Escape", "Escape").Until("? help")
	s.Keys("q").Until("exit=0")
	if s.Tmux("display-message", "-p", "#{alternate_on}") != "0\n" {
		t.Error("the screen is not put back")
	}
	gone(t, s)
}
