package settings

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hearth/core"
)

// FuzzConfig: a config is read or refused in words.
func FuzzConfig(f *testing.F) {
	for _, s := range []string{"place = \"prod\"\n[places.prod]\nlocation = \"x\"\nread_only = true\n", "a = [[[1]]]",
		"[[a]]\nb.c = {d = 1}", "x = 2026-01-01",
		strings.Repeat("[", 600)} {
		f.Add(s)
	}
	file := filepath.Join(f.TempDir(), "config.toml")
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var c struct {
			Place  string
			Places map[string]struct {
				Location string
				ReadOnly bool `toml:"read_only"`
			}
		}
		if err := Read(file, &c, func() (string, string) { return "", "" }); err != nil && core.CodeOf(err) == "" {
			t.Errorf("%q: %v", text, err)
		}
	})
}

// Two megabytes of brackets are refused at once: no decoder of TOML hears a signal.
func TestTooLarge(t *testing.T) {
	for what, text := range map[string]string{"large": "# " + strings.Repeat("x", 2<<20), "deep": "a = " + strings.Repeat("[", 1<<20-9),
		"a few": "a = " + strings.Repeat("[", 501)} {
		file := filepath.Join(t.TempDir(), "config.toml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		var c struct{}
		err := Read(file, &c, func() (string, string) { return "", "" })
		if core.CodeOf(err) != core.CodeUnreadable || !strings.Contains(err.Error(), "larger than any config") {
			t.Errorf("%s: %v", what, err)
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("%s takes %v", what, took)
		}
	}
}
