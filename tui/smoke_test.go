package tui

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"hearth/core"
	"hearth/store/storetest"
)

// beginSession starts the program at a size.
func beginSession(t *testing.T, binary string, w, h int) *storetest.Terminal {
	t.Helper()
	return storetest.OpenTerminal(t, w, h, nil, "sh -c 'echo $$ >\"$TMPDIR/pid\"; exec \"$0\" --demo' '"+binary+"'; echo exit=$?; exec cat")
}

// gone checks that the demo's files went with the program.
func gone(t *testing.T, s *storetest.Terminal) {
	t.Helper()
	if left, _ := filepath.Glob(filepath.Join(s.Home, "hearth-demo-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestSmoke does the main job on the real program in tmux: list, filter, preview,
// apply, undo, export, import of a paste, quit.
func TestSmoke(t *testing.T) {
	binary := inTmux(t)
	for _, size := range [][2]int{{80, 24}, {160, 45}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			smoke(t, beginSession(t, binary, size[0], size[1]))
		})
	}
	t.Run("asks nothing", func(t *testing.T) { asksNothing(t, binary) })
	t.Run("ASCII alone", func(t *testing.T) { asciiAlone(t, binary) })
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGABRT} {
		t.Run(sig.String(), func(t *testing.T) {
			s := beginSession(t, binary, 80, 24)
			s.Until("90 backups", "? help")
			data, err := os.ReadFile(filepath.Join(s.Home, "pid"))
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
			s.Until("exit=130")
			if s.Tmux("display-message", "-p", "#{alternate_on}") != "0\n" {
				t.Error("the screen is not put back")
			}
			gone(t, s)
		})
	}
}

// asksNothing checks what the terminal gets of the help, and of the screens where
// there can be none: no question.
func asksNothing(t *testing.T, binary string) {
	s := storetest.OpenTerminal(t, 80, 24, nil, `until [ -e "$TMPDIR/go" ]; do sleep 0.05; done; '`+binary+`' --help; TERM=dumb '`+binary+
		`' --demo; echo exit=$?; exec cat`)
	file := filepath.Join(s.Home, "written")
	s.Tmux("pipe-pane", "cat >'"+file+"'")
	if err := os.WriteFile(filepath.Join(s.Home, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s.Until("no screens", "hearth demo>")
	s.Keys("text:backups -c name --limit 3 --filter web-root", "Enter").Until("web-root-")
	s.Keys("text:quit", "Enter").Until("exit=0")
	written := writtenTo(t, file)
	if !strings.Contains(written, "USAGE") || !strings.Contains(written, "done by verbs, one a line") {
		t.Errorf("no help, or no verb: %q", written)
	}
	if q := regexp.MustCompile(`\x1b\]1[0-2];\?|\x1b\[>?0?c|\x1b\[\?(u|\d+\$p)`).FindString(written); q != "" {
		t.Errorf("the terminal is asked %q", q)
	}
}

// writtenTo is what a terminal was given, once the program has ended.
func writtenTo(t *testing.T, file string) (written string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !strings.Contains(written, "exit=0"); time.Sleep(15 * time.Millisecond) {
		data, _ := os.ReadFile(file)
		if written = string(data); time.Now().After(end) {
			t.Fatalf("tmux does not say what was written: %q", written)
		}
	}
	return written
}

// asciiAlone checks that with LC_ALL=C no byte above 127 leaves the program: of no screen, no
// dialog, no title, whatever tenants named.
func asciiAlone(t *testing.T, binary string) {
	s := storetest.OpenTerminal(t, 80, 24, []string{"LC_ALL=C"}, `until [ -e "$TMPDIR/go" ]; do sleep 0.05; done; '`+binary+
		`' --demo; echo exit=$?; exec cat`)
	file := filepath.Join(s.Home, "written")
	s.Tmux("pipe-pane", "cat >'"+file+"'")
	if err := os.WriteFile(filepath.Join(s.Home, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s.Until("90 backups", "? help")
	s.Keys("End").Until("> ")
	s.Keys("v").Until("Volumes")
	s.Keys("?").Until("Keys: Volumes")
	s.Keys("Escape").Until("? help")
	s.Keys("b", "r").Until("[Restore]")
	s.Keys("Tab").Until("[Record]")
	s.Keys("q").Until("exit=0")
	written := writtenTo(t, file)
	if at := strings.IndexFunc(written, func(c rune) bool { return c > 127 }); at >= 0 {
		t.Errorf("a byte above 127 leaves it: %q", written[max(at-40, 0):min(at+40, len(written))])
	}
	if !strings.Contains(written, "90 backups") {
		t.Errorf("this is not what it wrote: %q", written)
	}
}

func smoke(t *testing.T, s *storetest.Terminal) {
	s.Until("90 backups", "? help")
	s.Keys("/").Until("keep the filter")
	s.Keys("text:name~db-prod-01-incr").Until("backups of 90", "/ name~db-prod-01-incr")
	s.Keys("Enter").Until("filter name~db-prod-01-incr")

	s.Keys("r").Until("[Restore]", "onto db-prod-01", "3 FIELDS CHANGE")
	s.Keys("P").Until("Apply to volume db-prod-01", "> No (n)")
	s.Answer("y").Until("Applied as journal entry 1; U takes it back", "NOTHING CHANGES")
	s.Keys("U").Until("Take back entry 1")
	s.Answer("y").Until("Entry 1 taken back, as journal entry 2", "3 FIELDS CHANGE")

	s.Keys("BTab", "BTab")
	id := regexp.MustCompile(`(?m)^ +id +([0-9a-f-]{36})`).FindStringSubmatch(s.Until("[Overview]", "\n  id "))
	s.Keys("Escape").Until("filter name~db-prod-01-incr")
	s.Keys("x").Until("to tmux's buffer")
	found := core.FindRecords(s.Tmux("show-buffer"))
	if len(found) != 1 || !found[0].OK() || string(found[0].Decoded.ID()) != id[1] {
		t.Fatalf("tmux's buffer holds %d records (%+v), want that of %s", len(found), found, id[1])
	}

	s.Tmux("load-buffer", "-b", "record", filepath.Join("..", "testdata", "paste", "db-prod-full.openstack.table"))
	s.Tmux("paste-buffer", "-p", "-b", "record")
	s.Until("1 record ", "[x] db-prod-full", "1 can be imported")
	s.Keys("i").Until("Import 1 backup into demo?")
	s.Answer("y").Until("1 backup imported")
	s.Keys("b", "Escape").Until("91 backups")
	s.Keys("/").Until("keep the filter")
	s.Keys("text:name:db-prod-full", "Enter").Until("1 backup of 91", "> db-prod-full")
	s.Keys("q").Until("exit=0")
	gone(t, s)
}

// inTmux builds the real program, for a test that runs it in tmux; where there is none, or
// with -short, the test is skipped. Flags are those of go build, besides.
func inTmux(t *testing.T, flags ...string) (binary string) {
	t.Helper()
	if testing.Short() {
		t.Skip("it builds the program and runs it in tmux")
	}
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("there is no tmux here")
	}
	binary = filepath.Join(t.TempDir(), "hearth")
	build := exec.Command("go", append(append([]string{"build"}, flags...), "-o", binary, ".")...)
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return binary
}
