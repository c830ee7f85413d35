package ui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
)

// theCommand is what a line with a command is called where it is copied.
const theCommand = "the command"

// ShellIs are the lines that tell a command that does the same. One that holds what a
// terminal does not show as it is, or a shell does not take when it is typed or pasted, is
// not offered.
func ShellIs(l Look, command string) []Line {
	if core.Visible(command) != command {
		return ShellIsNot(l, "a name in it cannot be typed or pasted as it is")
	}
	return []Line{{}, {Sign: l.Dim.Paint("in a shell: "), Value: l.InDialog.Paint(command), Raw: Raw{Text: command, Of: theCommand}}}
}

// MostWords is how many things a command is offered for that names each: a shell takes some
// tens of thousands of ids, and nobody looks through as many.
const MostWords = 1000

// ShellIsNot are the lines that say why no command is offered.
func ShellIsNot(l Look, why string) []Line {
	return []Line{{}, {Sign: l.Dim.Paint("in a shell: "), Value: l.Dim.Paint("not offered: " + why)}}
}

// copyCommand are the actions that copy the command of some lines, unbroken; none where
// there is none.
func copyCommand(lines []Line) []Action {
	for i := range lines {
		if raw := lines[i].Raw; raw.Of == theCommand {
			return []Action{{Name: "copy-command", Keys: []string{"c"}, Help: "Copy the command of the same in a shell, in one line",
				Run: func() tea.Cmd {
					return func() tea.Msg { return CopyMsg{Parcel{Text: raw.Text, What: theCommand, File: "command.sh"}} }
				}}}
		}
	}
	return nil
}

// ShellWord quotes a word for a POSIX shell, if it needs it.
func ShellWord(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._+/=-:@", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
