package ui

import (
	"slices"

	"hearth/core"
)

// TextBox shows a text that can be scrolled.
type TextBox struct {
	dialog
	Title  string
	Lines  []Line
	Look   Look
	laid   []string
	top, h int
	find   textFinder
}

func (t *TextBox) Resize(w, h int) {
	t.laid, t.h = t.Look.Lay(t.Lines, boxWidth(w)), max(h-2, 1)
	t.find.seek(t.find.text, t.laid, t.top)
	t.scroll(0)
}

// inText makes the text one in which something is found.
type inText struct{ *TextBox }

func (t inText) Look(text string) (string, bool) {
	t.find.seek(text, t.laid, t.top)
	t.Match(0)
	return t.find.said()
}
func (t inText) Looked() string { return t.find.text }
func (t inText) Match(by int) {
	t.find.step(by)
	if row, ok := t.find.row(); ok && (row < t.top || row >= t.top+t.h) {
		t.scroll(row - t.h/3 - t.top)
	}
}

func (t *TextBox) scroll(by int) { _, t.top = window(t.laid, t.top+by, t.h) }

func (t *TextBox) Actions() []Action {
	out := append(scrolls(func() int { return t.h }, t.scroll), Lights(inText{t})...)
	also := Action{Name: "close", Keys: []string{"enter", "q", "?", "e", "w", "ctrl+c"}, Label: "close", Help: "Close it", Run: t.leaving}
	if t.find.text == "" {
		also.Label = ""
		out = append(out, Action{Name: "close-text", Keys: []string{"esc"}, Label: "close", Help: "Close it", Run: t.leaving})
	}
	return append(out, also)
}

func (t *TextBox) View(s Look, w, h int) string {
	shown, top := window(t.laid, t.top, h-2)
	if t.find.text != "" {
		shown = slices.Clone(shown)
		for i := range shown {
			shown[i] = t.find.lit(s, shown[i])
		}
	}
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
