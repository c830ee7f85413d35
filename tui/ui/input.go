package ui

import (
	"strings"

	"charm.land/bubbles/v2/textinput"
	"github.com/charmbracelet/x/ansi"

	"hearth/core"
)

// NewInput makes a text field with a value in it. Only its editing is used: it
// draws nothing itself, has no cursor that blinks, and reads no clipboard.
func NewInput(value string) textinput.Model {
	in := textinput.New()
	in.SetVirtualCursor(false)
	in.KeyMap.Paste.SetEnabled(false)
	in.SetValue(value)
	in.CursorEnd()
	in.Focus()
	return in
}

// Input draws a text field in w cells, its cursor in reverse. What is in it may
// be hostile, as a name that was pasted is.
func (s *Styles) Input(in textinput.Model, w int) string {
	if w <= 0 {
		return ""
	}
	value, pos := []rune(in.Value()), in.Position()
	before, at, after := core.Visible(string(value[:pos])), " ", ""
	if pos < len(value) {
		at, after = core.Visible(string(value[pos])), core.Visible(string(value[pos+1:]))
	}
	if over := ansi.StringWidth(before) + ansi.StringWidth(at) - w; over > 0 {
		before = ansi.TruncateLeft(before, over, "")
	}
	return Clip(s.Text.Paint(before)+"\x1b[7m"+at+"\x1b[m"+s.Text.Paint(after), w)
}

// oneLine is the largest paste that a text field takes; whatever is longer, or
// has lines, is taken for records.
const oneLine = 256

// ForField reports whether a paste is meant for a text field, and returns it
// without the blanks around it.
func ForField(paste string) (string, bool) {
	if len(paste) > oneLine {
		return "", false
	}
	paste = strings.TrimSpace(paste)
	return paste, !strings.ContainsAny(paste, "\r\n")
}
