package place

import (
	"strings"

	"hearth/store"
	"hearth/tui/ui"
)

// Command is what does the same in a shell: a verb with its arguments, in the
// place that is shown.
func (s *Stay) Command(verb string, args ...string) string {
	words := append([]string{"hearth", verb}, args...)
	at, _ := store.ParseLocation(s.Info().Location)
	return ShellLine(append(words, at.Args()...))
}

// ShellLine writes words as a line for a POSIX shell.
func ShellLine(words []string) string {
	var out []string
	for _, w := range words {
		out = append(out, shellWord(w))
	}
	return strings.Join(out, " ")
}

// shellWord quotes a word for a POSIX shell, if it needs it.
func shellWord(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._+/=-:@", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// InShell are the lines of a question that tell the command.
func (s *Stay) InShell(l ui.Look, verb string, args ...string) []ui.Line {
	return ui.ShellIs(l, s.Command(verb, args...))
}
