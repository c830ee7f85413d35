package show

import (
	"fmt"

	"hearth/core"
	"hearth/tui/ui"
)

// Item is the line of something that a question is about.
func Item(l ui.Look, b *core.Backup) ui.Line {
	s := l
	about := fmt.Sprintf("  %s, %s, %s old", b.Status, GiB(b.Size), l.Age(b.CreatedAt))
	return ui.Line{
		Sign:  s.InDialog.Paint("- "),
		Value: s.InDialog.Paint(core.Visible(b.Title())) + s.Dim.Paint("  "+core.Visible(b.ID.Short()+about)),
	}
}

// Warning is a line that warns, problem one that says why something cannot be.
func Warning(l ui.Look, text string) ui.Line {
	return ui.Line{Sign: l.Warn.Paint("! "), Value: l.Warn.Paint(core.Visible(text))}
}

func Problem(l ui.Look, err error) ui.Line {
	return ui.Line{Sign: l.Bad.Paint("  ✗ "), Value: l.Bad.Paint(core.Visible(ui.WhatOf(err)))}
}

// Message is the line of a message.
func Message(l ui.Look, m *core.Message) ui.Line {
	s := l
	text := s.Text.Paint(core.Visible(m.Text)) + s.Dim.Paint("  "+core.Visible(m.Event))
	if m.RequestID != "" {
		text += s.Dim.Paint("  " + core.Visible(m.RequestID))
	}
	return ui.Line{Sign: s.Bad.Paint("✗ ") + s.Dim.Paint(l.Clock(m.At)) + " ", Value: text}.Titled("the message", m.Text)
}
