package tui

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/tui/term"
)

// TestReported: a panic leaves a report that only the user can read, without the secrets
// that are known, and the error names it.
func TestReported(t *testing.T) {
	core.Hide("swordfish-of-the-panic")
	folder := filepath.Join(t.TempDir(), "hearth")
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	err := reported(&term.Panicked{Value: "no swordfish-of-the-panic here", Stack: []byte("goroutine 1 swordfish-of-the-panic")},
		Options{Reports: folder, Version: "v1"}, now)
	file := filepath.Join(folder, "panic-20261122-090000.txt")
	body, read := os.ReadFile(file)
	if read != nil {
		t.Fatal(read)
	}
	info, _ := os.Stat(file)
	if text := string(body); strings.Contains(text, "swordfish") || !strings.Contains(text, "hearth v1") ||
		!strings.Contains(text, "goroutine 1") || info.Mode().Perm() != 0o600 {
		t.Errorf("%s: %v\n%s", file, info.Mode(), text)
	}
	if core.CodeOf(err) != core.CodeInternal || !strings.Contains(err.Error(), file) || strings.Contains(err.Error(), "swordfish") {
		t.Error(err)
	}
	err = reported(&term.Panicked{Value: "x"}, Options{}, now)
	if core.CodeOf(err) != core.CodeInternal || strings.Contains(err.Error(), "with /") {
		t.Error(err)
	}
}
