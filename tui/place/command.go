package place

import (
	"slices"
	"strings"

	"hearth/store"
	"hearth/tui/ui"
)

// Command is what does the same in a shell: a verb with its arguments, in the
// place that is shown.
func (s *Stay) Command(verb string, names []string, flags ...string) string {
	return CommandIn(s.Info().Location, verb, names, flags...)
}

// CommandIn is that in another place.
func CommandIn(location, verb string, names []string, flags ...string) string {
	at, _ := store.ParseLocation(location)
	if where := at.Args(); len(where) == 2 {
		flags = append(slices.Clone(flags), Flag(where[0], where[1]))
	} else {
		flags = append(slices.Clone(flags), where...)
	}
	return CommandLine(verb, names, flags...)
}

// CommandLine is a line for a POSIX shell that runs a verb with flags, each made by [Flag]
// or a word of ours, and with names, which anybody may have given: none of them is taken
// for a flag.
func CommandLine(verb string, names []string, flags ...string) string {
	words := []string{"hearth", verb}
	if slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, "-") }) {
		words = append(append(words, flags...), "--")
		return ShellLine(append(words, names...))
	}
	return ShellLine(append(append(words, names...), flags...))
}

// Flag is a flag with a value, in one word: whatever the value is, it is this flag's.
func Flag(name, value string) string { return name + "=" + value }

// ShellLine writes words as a line for a POSIX shell.
func ShellLine(words []string) string {
	var out []string
	for _, w := range words {
		out = append(out, ui.ShellWord(w))
	}
	return strings.Join(out, " ")
}

// InShell are the lines of a question that tell the command.
func (s *Stay) InShell(l ui.Look, verb string, names []string, flags ...string) []ui.Line {
	return ui.ShellIs(l, s.Command(verb, names, flags...))
}
