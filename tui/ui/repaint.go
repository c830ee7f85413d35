package ui

import (
	"reflect"
	"strings"

	"hearth/tui/grid"
)

// Painted is a dialog that holds text which was painted when it was opened, and takes another
// look for it: another theme was chosen meanwhile, or the terminal has said of what colour its
// ground is.
type Painted interface {
	Repaint(was, is Look)
}

// Repaint makes what paints a text in other styles that was painted in these. Where two of the
// styles look the same it goes by the first: what tells them apart is not in the text.
func Repaint(was, is *Styles) func(string) string {
	var pairs []string
	seen := map[string]bool{}
	a, b := reflect.ValueOf(was).Elem(), reflect.ValueOf(is).Elem()
	for i := range a.NumField() {
		if a.Type().Field(i).Type != reflect.TypeFor[grid.Style]() {
			continue
		}
		open := a.Field(i).Field(0).String()
		if open == "" || seen[open] {
			continue
		}
		seen[open] = true
		pairs = append(pairs, open, b.Field(i).Field(0).String())
	}
	return strings.NewReplacer(pairs...).Replace
}

// repainted are lines in another look.
func repainted(lines []Line, paint func(string) string) []Line {
	out := make([]Line, len(lines))
	for i, l := range lines {
		l.Sign, l.Value, l.Note = paint(l.Sign), paint(l.Value), paint(l.Note)
		out[i] = l
	}
	return out
}

// Repaint is for [Painted].
func (t *TextBox) Repaint(was, is Look) {
	t.Lines, t.Look = repainted(t.Lines, Repaint(was.Styles, is.Styles)), is
}

// Repaint is for [Painted]; what its items say is made when it is seen.
func (q *QuestionBox) Repaint(was, is Look) {
	paint := Repaint(was.Styles, is.Styles)
	q.Lines, q.After, q.Look = repainted(q.Lines, paint), repainted(q.After, paint), is
}
