package shell

import (
	"strings"
	"testing"
)

// TestSession: what is said of the terminal is by what is known of it, with how to mend what
// is in the way; and nothing that is in order is called a trouble.
func TestSession(t *testing.T) {
	for what, c := range map[string]struct {
		s           Session
		say, silent string // words with | between them
	}{
		"a good one": {Session{Is: true, Width: 120, Height: 30, Asks: true,
			Environ: []string{"TERM=xterm-256color", "COLORTERM=truecolor", "LANG=de_DE.UTF-8"}},
			"xterm-256color, 120x30|16 million colours|letters UTF-8, by LANG|theme by the terminal", "smaller|; |no screens"},
		"small and old": {Session{Is: true, Width: 79, Height: 24, Theme: "con\x1btrast",
			Environ: []string{"TERM=xterm", "LC_ALL=C", "LANG=de_DE.UTF-8"}},
			`xterm, 79x24|smaller than 80x24|16 colours|set TERM=xterm-256color or COLORTERM=truecolor|` +
				`not UTF-8, by LC_ALL=C|theme con\x1btrast, by the config`, "no screens|\x1b"},
		"dumb": {Session{Is: true, Environ: []string{"TERM=dumb"}},
			"dumb, which does not tell its size|no screens: the terminal is dumb|set TERM to what|no colours|letters unknown",
			"smaller|colours, as far as TERM tells; where it has all"},
		"without colours": {Session{Is: true, Width: 80, Height: 24, Environ: []string{"TERM=xterm-256color", "NO_COLOR=1"}},
			"no colours: NO_COLOR is set|theme without colours", "256 colours|smaller"},
		"a pipe": {Session{Environ: []string{"TERM=screen-256color", "LC_CTYPE=C.utf8"}},
			"stdout is none|256 colours|set COLORTERM=truecolor|by LC_CTYPE", "no screens"},
		"no word":    {Session{Is: true, Width: 80, Height: 24}, "of no type, 80x24|TERM is not set|no colours: TERM is not set", "256 colours"},
		"the last":   {Session{Is: true, Width: 80, Height: 24, Environ: []string{"TERM=dumb", "TERM=xterm"}}, "xterm, 80x24", "dumb"},
		"auto theme": {Session{Theme: "auto", Asks: true, Environ: []string{"TERM=xterm"}}, "theme by the terminal", "by the config"},
	} {
		said := strings.Join(c.s.Examine(), "\n")
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
