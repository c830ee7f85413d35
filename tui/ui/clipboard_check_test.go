package ui

import (
	"context"
	"errors"
	"strings"
	"testing"
)

type desktopClipboard struct{ t *testing.T }

func (d desktopClipboard) Read() (string, error) { d.t.Error("the clipboard was read"); return "", nil }
func (d desktopClipboard) Write(string) error    { d.t.Error("the clipboard was written"); return nil }

// TestClipboardExamine: each way that a copy can go is named, with whether hearth can know that
// it came; it is the way that a copy then takes, and nothing is copied.
func TestClipboardExamine(t *testing.T) {
	HaveKeys(map[string][]string{"export-file": {"X"}}, nil)
	defer HaveKeys(nil, nil)
	noTmux := errors.New("no server\x1b")
	for what, c := range map[string]struct {
		off, desktop bool
		env          map[string]string
		tmux         string // its set-clipboard; "": it does not answer
		say, silent  string // words with | between them
	}{
		"off": {true, true, map[string]string{"TMUX": "x", "TERM": "xterm"}, "on",
			"off in the config|clipboard = \"auto\"", "tmux|desktop|OSC"},
		"tmux": {false, true, map[string]string{"TMUX": "x", "TERM": "tmux"}, "external",
			"tmux's buffer: hearth can know|not whether the terminal", "OSC 52|desktop|set -s"},
		"tmux, silent": {false, false, map[string]string{"TMUX": "x", "TERM": "tmux"}, "off",
			"tmux's buffer|tmux set -s set-clipboard on", "OSC 52"},
		"tmux, gone": {false, false, map[string]string{"TMUX": "x", "TERM": "tmux"}, "",
			`tmux does not answer: no server\x1b|OSC 52`, "\x1b|tmux's buffer"},
		"a desktop": {false, true, map[string]string{"DISPLAY": ":0", "TERM": "xterm"}, "",
			"the desktop's: hearth can know|OSC 52", "none|install"},
		"a terminal": {false, false, map[string]string{"TERM": "xterm", "SSH_TTY": "/dev/pts/1", "DISPLAY": ":0"}, "",
			"no receipt, so hearth cannot know|at most 56 KB", "desktop|none:|install"},
		"the console": {false, false, map[string]string{"TERM": "linux"}, "",
			"none: no tmux, no desktop, and a terminal of the type linux|X writes files", "OSC"},
		"no word of it": {false, false, nil, "",
			"a terminal of the type nothing has none", "OSC"},
	} {
		clip := Clipboard{Off: c.off, Getenv: func(k string) string { return c.env[k] },
			Desktop: func() Desktop {
				if c.desktop {
					return desktopClipboard{t}
				}
				return nil
			},
			Run: func(_ context.Context, in, name string, args ...string) (string, error) {
				if line := name + " " + strings.Join(args, " "); line != "tmux show-options -sv set-clipboard" || in != "" {
					t.Errorf("%s: %s was run, with %q", what, line, in)
				}
				if c.tmux == "" {
					return "", noTmux
				}
				return c.tmux + "\n", nil
			}}
		said := strings.Join(clip.Examine(context.Background()), "\n")
		for _, w := range strings.Split(c.say, "|") {
			if !strings.Contains(said, w) {
				t.Errorf("%s: it does not say %q:\n%s", what, w, said)
			}
		}
		for _, w := range strings.Split(c.silent, "|") {
			if strings.Contains(said, w) {
				t.Errorf("%s: it says %q:\n%s", what, w, said)
			}
		}
	}
}
