package tui

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden frames, and the README's keys, anew")

// golden compares a text with the one that is kept under a name.
func golden(t *testing.T, file, got string) {
	t.Helper()
	path := filepath.Join("..", "testdata", "frames", file)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; %s writes it", err, updating(t.Name()))
	}
	if got != string(want) {
		t.Errorf("%s is another frame; if that is meant, %s\n%s", file, updating(t.Name()), difference(string(want), got))
	}
}

// updating is the command by which a test writes its golden files anew.
func updating(test string) string {
	test, _, _ = strings.Cut(test, "/")
	return "go test ./tui -run '^" + test + "$' -update"
}

// TestUpdating: a frame that is another names the test that keeps it, not that of all others.
func TestUpdating(t *testing.T) {
	for test, want := range map[string]string{"TestSmokeNewcomer": "go test ./tui -run '^TestSmokeNewcomer$' -update",
		"TestFrames/backups/80x24": "go test ./tui -run '^TestFrames$' -update"} {
		if got := updating(test); got != want {
			t.Errorf("%s: %s", test, got)
		}
	}
}

// difference shows the lines that differ.
func difference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	var b strings.Builder
	for i := range max(len(w), len(g)) {
		var x, y string
		if i < len(w) {
			x = w[i]
		}
		if i < len(g) {
			y = g[i]
		}
		if x != y {
			fmt.Fprintf(&b, "%3d - %s\n    + %s\n", i+1, x, y)
		}
	}
	return b.String()
}

// TestFrames compares the text of every scene with the frame that is kept.
func TestFrames(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {160, 45}} {
		eachScene(t, size[0], size[1], func(t *testing.T, r *rig) {
			name := t.Name()[strings.LastIndexByte(t.Name(), '/')+1:]
			name, _, _ = strings.Cut(name, "#")
			lines := strings.Split(r.screenText(), "\n")
			for i, l := range lines {
				lines[i] = strings.TrimRight(l, " ")
			}
			golden(t, fmt.Sprintf("%s.%dx%d.txt", name, size[0], size[1]), strings.Join(lines, "\n")+"\n")
		})
	}
}

// TestNoFrameIsLeftOver finds golden frames that no scene draws any more.
func TestNoFrameIsLeftOver(t *testing.T) {
	known := map[string]bool{}
	for _, s := range scenes {
		known[s.name] = true
	}
	files, err := os.ReadDir(filepath.Join("..", "testdata", "frames"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f.IsDir() { // frames of another room
			continue
		}
		if name, _, _ := strings.Cut(f.Name(), "."); !known[name] {
			t.Errorf("%s belongs to no scene", f.Name())
		}
	}
}
