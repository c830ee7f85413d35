package core_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// longest is the most characters that a line of Go has here, a tab counting as
// one: a row of cells or an action on a longer one is read by nobody.
const longest = 140

// TestLineLength holds every line of Go of the whole house, tests included, to
// that. Wrap a literal by its elements, a call by its arguments, a text at a blank.
func TestLineLength(t *testing.T) {
	root := os.DirFS("..")
	files := 0
	err := fs.WalkDir(root, ".", func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && (e.Name() == "testdata" || e.Name() == ".git"):
			return fs.SkipDir
		case e.IsDir() || filepath.Ext(path) != ".go":
			return nil
		}
		files++
		text, err := fs.ReadFile(root, path)
		n := 0
		for line := range strings.Lines(string(text)) {
			n++
			if wide := utf8.RuneCountInString(strings.TrimRight(line, "\r\n")); wide > longest {
				t.Errorf("%s:%d has %d characters, and %d is the most", path, n, wide, longest)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fs.Stat(root, "go.mod"); err != nil || files < 200 {
		t.Errorf("only %d files of Go were found above core (%v): is this still the whole house?", files, err)
	}
}
