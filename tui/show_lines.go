package tui

import (
	"fmt"

	"hearth/core"
)

// item is the line of something that a question is about.
func item(l Look, b *core.Backup) line {
	s := l
	about := fmt.Sprintf("  %s, %s, %s old", b.Status, gib(b.Size), l.Age(b.CreatedAt))
	return line{sign: s.dialog.Paint("- "), value: s.dialog.Paint(core.Visible(b.Title())) + s.dim.Paint("  "+core.Visible(b.ID.Short()+about))}
}

// warning is a line that warns, problem one that says why something cannot be.
func warning(l Look, text string) line {
	return line{sign: l.warn.Paint("! "), value: l.warn.Paint(core.Visible(text))}
}

func problem(l Look, err error) line {
	return line{sign: l.bad.Paint("  ✗ "), value: l.bad.Paint(core.Visible(whatOf(err)))}
}

// message is the line of a message.
func message(l Look, m *core.Message) line {
	s := l
	text := s.text.Paint(core.Visible(m.Text)) + s.dim.Paint("  "+core.Visible(m.Event))
	if m.RequestID != "" {
		text += s.dim.Paint("  " + core.Visible(m.RequestID))
	}
	return line{sign: s.bad.Paint("✗ ") + s.dim.Paint(l.Clock(m.At)) + " ", value: text}
}
