package tui

import "hearth/core"

// shellIs are the lines that tell a command that does the same.
func shellIs(l Look, command string) []line {
	return []line{{}, {sign: l.dim.Paint("in a shell: "), value: l.dialog.Paint(core.Visible(command))}}
}
