package ui

import "hearth/core"

// ShellIs are the lines that tell a command that does the same.
func ShellIs(l Look, command string) []Line {
	return []Line{{}, {Sign: l.Dim.Paint("in a shell: "), Value: l.InDialog.Paint(core.Visible(command))}}
}
