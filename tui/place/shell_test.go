package place

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// hostileNames are what a tenant, or a file, may be called.
var hostileNames = []string{"--yes", "-", "--", "-rf", "", " ", "a b", "it's", `"`, `\`, "$(touch pwned)", "`touch pwned`",
	"$HOME", "a;touch pwned", "a\nb",
	"a\n# b", "!!", "~root", "*", "{a,b}", "#x",
	"a&b|c>d<e", "--new", "--onto=x", "=", "é", "%s", "\\n", "'; touch pwned; '", "[x]", "a=b", "@x"}

// arrives writes down the words that it gets.
const arrives = "#!/bin/sh\nfor w in \"$@\"; do printf '%s\\0' \"$w\"; done\n"

// TestPasted pastes lines into real shells: what arrives are these very words, and nothing
// else happens.
func TestPasted(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "hearth"), []byte(arrives), 0o700); err != nil {
		t.Fatal(err)
	}
	run := 0
	for _, shell := range []string{"sh", "bash"} {
		path, err := exec.LookPath(shell)
		if err != nil {
			t.Logf("there is no %s here", shell)
			continue
		}
		var script strings.Builder
		var want [][]string
		add := func(names []string, flags ...string) {
			line := CommandLine("verb", names, flags...)
			words := append([]string{"verb"}, names...)
			words = append(words, flags...)
			if slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, "-") }) {
				words = append(append([]string{"verb"}, flags...), "--")
				words = append(words, names...)
			}
			want = append(want, words)
			script.WriteString(line + "\nprintf '\\001'\n")
		}
		for _, name := range hostileNames {
			add([]string{name}, Flag("--name", name), "--new=")
			add(nil, Flag("--new", name))
			add([]string{"plain", name})
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, path)
		cmd.Dir, cmd.Env, cmd.Stdin = dir, []string{"PATH=" + dir + ":/usr/bin:/bin", "HOME=" + dir}, strings.NewReader(script.String())
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		parts := bytes.Split(bytes.TrimSuffix(out, []byte{1}), []byte{1})
		if len(parts) != len(want) {
			t.Fatalf("%s: %d of %d lines ran", shell, len(parts), len(want))
		}
		for i, part := range parts {
			if got := strings.Split(strings.TrimSuffix(string(part), "\x00"), "\x00"); !slices.Equal(got, want[i]) {
				t.Errorf("%s: %q arrived as %q", shell, want[i], got)
			}
			run++
		}
		if left, _ := os.ReadDir(dir); len(left) != 1 {
			t.Errorf("%s did something else: %v", shell, left)
		}
	}
	if run == 0 {
		t.Skip("there is no shell here")
	}
}
