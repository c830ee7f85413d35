package ui

import (
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
	var out []string
	for from, i := 0, 1; from < len(lines); i++ {
		if i == len(lines) || lines[i].Part {
			out = append(out, s.layPart(lines[from:i], w)...)
			from = i
		}
	}
	return out
}

func (s *Styles) layPart(lines []Line, w int) []string {
	column, notes := 0, false
	for _, l := range lines {
		if l.Label != "" {
			column = max(column, ansi.StringWidth(l.Sign)+ansi.StringWidth(l.Label))
			notes = notes || l.Note != ""
		}
	}
	column = min(column, widestLabel, max(w*3/8, 6)) + 1
	if notes = notes && w >= column+widestValue*2; !notes {
		return s.layAll(lines, w, column, 0)
	}
	return s.layAll(lines, w, column, widestValue)
}

// layAll lays lines out with the values in a column; notes stand beside values of
// at most beside cells, or below where that is 0.
func (s *Styles) layAll(lines []Line, w, column, beside int) []string {
	var out []string
	indent := strings.Repeat(" ", column)
	for _, l := range lines {
		if l.Label == "" {
			out = append(out, Hang(l.Sign, l.Value, w)...)
			continue
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
		for _, r := range rows {
			out = append(out, indent+r)
		}
	}
	return out
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
