package ui

import "hearth/core"

// TextBox shows a text that can be scrolled.
type TextBox struct {
	dialog
	Title  string
	Lines  []Line
	Look   Look
	laid   []string
	top, h int
}

func (t *TextBox) Resize(w, h int) {
	t.laid, t.h = t.Look.Lay(t.Lines, boxWidth(w)), max(h-2, 1)
	t.scroll(0)
}

func (t *TextBox) scroll(by int) { _, t.top = window(t.laid, t.top+by, t.h) }

func (t *TextBox) Actions() []Action {
	return append(scrolls(func() int { return t.h }, t.scroll),
		Action{Name: "close", Keys: []string{"esc", "enter", "q", "?", "e", "w", "ctrl+c"}, Label: "close", Help: "Close it", Run: t.leaving})
}

func (t *TextBox) View(s Look, w, h int) string {
	shown, top := window(t.laid, t.top, h-2)
	title := t.Title
	switch rest := len(t.laid) - top - len(shown); {
	case rest > 0:
		title += " (↓ more)"
	case top > 0:
		title += " (end)"
	}
	return s.box(title, shown, w, h)
}

// NoteBox shows a note whole, and what lies beneath it.
func NoteBox(l Look, title string, n Note) *TextBox {
	lines := []Line{TextLine(l.Level(n.Level).Paint(n.Level.Glyph() + " " + core.Visible(n.Text)))}
	for _, cause := range n.Beneath() {
		lines = append(lines, Line{}, Line{Sign: l.Dim.Paint("because "), Value: l.InDialog.Paint(cause)})
	}
	if code := core.CodeOf(n.Err); code != "" {
		lines = append(lines, Line{}, Line{Sign: l.Dim.Paint("sort of error: "), Value: l.InDialog.Paint(string(code))})
	}
	return &TextBox{Title: title, Lines: lines, Look: l}
}
