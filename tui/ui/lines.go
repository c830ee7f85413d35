package ui

import (
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Line is a line of details: a label with its value, or without a label a text
// of the whole width. Where it is wrapped, it stays in its column.
type Line struct {
	Sign  string // painted; stands before the rest
	Label string // plain
	Value string // painted
	Note  string // painted; what there is to say of the value, beside it or below
	Part  bool   // a new part begins here, with columns of its own
	Raw   Raw    // what is copied of it, where that is not what it shows
}

// Raw is the value that a line shows, as it is: for the clipboard, not for eyes.
type Raw struct {
	Text string
	Why  string // why there is nothing to copy, "" if there is
	Of   string // what it is, of a line without a label
}

// Copying has a line give the exact text when it is copied; an empty one is none.
func (l Line) Copying(text string) Line {
	l.Raw.Text, l.Raw.Why = text, ""
	if text == "" {
		l.Raw.Why = "it has no value"
	}
	return l
}

// Titled has a line without a label be a field all the same: the exact text of what.
func (l Line) Titled(what, text string) Line {
	l.Raw.Of = what
	return l.Copying(text)
}

// field reports whether the line has a value that can be copied.
func (l *Line) field() bool { return l.Label != "" || l.Raw.Of != "" }

// copied is what the line's value is to the clipboard: what it is, and where nothing
// else was said, as it stands there.
func (l *Line) copied() (text, what, why string) {
	what = "the field " + l.Label
	if l.Label == "" {
		what = l.Raw.Of
	}
	if l.Raw != (Raw{Of: l.Raw.Of}) {
		return l.Raw.Text, what, l.Raw.Why
	}
	if text = ansi.Strip(l.Value); text == "" {
		return "", what, "it has no value"
	}
	return text, what, ""
}

// FieldLine is a line with a label.
func FieldLine(label, value string) Line { return Line{Label: label, Value: value} }

// Text is a line without one; the zero line is empty.
func TextLine(value string) Line { return Line{Value: value} }

// Heading begins a part of details.
func (s *Styles) Heading(title string) Line { return TextLine(s.header.Paint(title)) }

const (
	widestLabel = 30 // cells that labels may take from their values
	widestValue = 38 // before the notes' column: an id and two
)

// Part begins a part of details that has columns of its own.
func (s *Styles) Part(title string) Line { return Line{Value: s.header.Paint(title), Part: true} }

// Lay lays lines out for a width: the labels of a part in a column as wide as the
// widest needs, then the values, then the notes.
func (s *Styles) Lay(lines []Line, w int) []string {
	return slices.Concat(s.rows(lines, w)...)
}

// rows are the rows that each line takes.
func (s *Styles) rows(lines []Line, w int) [][]string {
	var out [][]string
	for from, i := 0, 1; from < len(lines); i++ {
		if i == len(lines) || lines[i].Part {
			out = append(out, s.layPart(lines[from:i], w)...)
			from = i
		}
	}
	return out
}

func (s *Styles) layPart(lines []Line, w int) [][]string {
	column, notes := 0, false
	for _, l := range lines {
		if l.Label != "" {
			column = max(column, ansi.StringWidth(l.Sign)+ansi.StringWidth(l.Label))
			notes = notes || l.Note != ""
		}
	}
	column, beside := min(column, widestLabel, max(w*3/8, 6))+1, 0
	if notes && w >= column+widestValue*2 {
		beside = widestValue
	}
	var out [][]string
	for i := range lines {
		out = append(out, s.layLine(&lines[i], w, column, beside))
	}
	return out
}

// layLine lays a line out with its value in a column; its note stands beside a value of
// at most beside cells, or below where that is 0.
func (s *Styles) layLine(l *Line, w, column, beside int) (out []string) {
	if l.Label == "" {
		return Hang(l.Sign, l.Value, w)
	}
	head := l.Sign + s.Dim.Paint(l.Label)
	rows := Wrap(l.Value, w-column)
	switch {
	case l.Note == "":
	case beside > 0 && ansi.StringWidth(l.Value) <= beside:
		rows = Hang(Pad(l.Value, beside)+" ", l.Note, w-column)
	default:
		rows = append(rows, Wrap(l.Note, w-column)...)
	}
	if ansi.StringWidth(head)+1 > column { // the value goes below
		out = append(out, Clip(head, w))
	} else if len(rows) > 0 {
		out = append(out, Pad(head, column)+rows[0])
		rows = rows[1:]
	}
	indent := strings.Repeat(" ", column)
	for _, r := range rows {
		out = append(out, indent+r)
	}
	return out
}

// Head is the line that stands over a list, or two where one is too narrow for it; what has no room
// in these is cut.
func Head(text string, w int) []string {
	rows := Wrap(text, w)
	if len(rows) == 0 {
		return []string{""}
	}
	if len(rows) > 2 {
		rows = append(rows[:1], Clip(rows[1]+" …", w))
	}
	return rows
}

// Hang wraps a text behind a sign, its further lines under the first.
func Hang(sign, value string, w int) []string {
	n := ansi.StringWidth(sign)
	rows := Wrap(value, max(w-n, 1))
	for i := range rows {
		if i == 0 {
			rows[i] = sign + rows[i]
		} else {
			rows[i] = strings.Repeat(" ", n) + rows[i]
		}
	}
	return rows
}
