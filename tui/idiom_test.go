package tui

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"hearth/core"
	"hearth/store/storetest"
	"hearth/tui/show"
	"hearth/tui/ui"
)

// TestIdiom: what core and the jobs leave to the faces is said on screens by keys that there
// are; by a flag only within a whole command.
func TestIdiom(t *testing.T) {
	flag := regexp.MustCompile(`(^|[ (])--[a-z]`)
	for name, do := range storetest.Dos(t, "../core/idiom.go") {
		next := ui.Next(do, "name", "metadata a b")
		if flag.MatchString(next) && !strings.Contains(next, "in a shell: hearth ") {
			t.Errorf("%s: a screen names a flag: %s", name, next)
		}
		for _, a := range keyActions() {
			if strings.Contains(a.name, "-") && strings.Contains(next, a.name) {
				t.Errorf("%s: a screen says an action's name where it has a key: %s", name, next)
			}
		}
	}
	e := core.Fail(core.CodeRefused, "apply the plan", "the API refuses name", core.DoLeaveOut, nil)
	e.With = []string{"name"}
	if n := ui.FailureNote(e); n.Text != "cannot apply the plan: the API refuses name; leave it out: Space on its row" ||
		!strings.HasSuffix(n.Err.Error(), "Space on its row") {
		t.Errorf("%s, %v", n.Text, n.Err)
	}
	f := core.Finding{Text: "Cinder goes by the first", Next: core.DoServiceOwn, With: "a b"}
	if got := show.FindingText(f); got != "Cinder goes by the first; the other is taken in a shell: hearth import --service='a b'" {
		t.Error(got)
	}
}

// TestNoFlagsOnScreens walks the frames that are kept of all scenes: a flag stands in a command
// that can be run, and nowhere else.
func TestNoFlagsOnScreens(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "testdata", "frames", "*.txt"))
	if err != nil || len(files) < 100 {
		t.Fatalf("%d frames, %v", len(files), err)
	}
	flag := regexp.MustCompile(`(^|[ (│])--[a-z]`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		command := false // it goes on
		for n, line := range strings.Split(string(text), "\n") {
			command = strings.Contains(line, "hearth ") && !strings.HasPrefix(line, " hearth · ") ||
				command && strings.Contains(line, "│             ")
			if line = strings.ReplaceAll(line, "--help'; DROP", ""); flag.MatchString(line) && !command {
				t.Errorf("%s:%d names a flag outside a command: %s", filepath.Base(file), n+1, line)
			}
		}
	}
}
