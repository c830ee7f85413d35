package tui

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// line is a line of details: a label with its value, or without a label a text
// of the whole width. Where it is wrapped, it stays in its column.
type line struct {
	sign  string // painted; stands before the rest
	label string // plain
	value string // painted
	note  string // painted; what there is to say of the value, beside it or below
	part  bool   // a new part begins here, with columns of its own
}

// field is a line with a label.
func field(label, value string) line { return line{label: label, value: value} }

// text is a line without one; the zero line is empty.
func text(value string) line { return line{value: value} }

// heading begins a part of details.
func (s *styles) heading(title string) line { return text(s.header.Paint(title)) }

const (
	widestLabel = 30 // cells that labels may take from their values
	widestValue = 38 // before the notes' column: an id and two
)

// part begins a part of details that has columns of its own.
func (s *styles) part(title string) line { return line{value: s.header.Paint(title), part: true} }

// lay lays lines out for a width: the labels of a part in a column as wide as the
// widest needs, then the values, then the notes.
func (s *styles) lay(lines []line, w int) []string {
	var out []string
	for from, i := 0, 1; from < len(lines); i++ {
		if i == len(lines) || lines[i].part {
			out = append(out, s.layPart(lines[from:i], w)...)
			from = i
		}
	}
	return out
}

func (s *styles) layPart(lines []line, w int) []string {
	column, notes := 0, false
	for _, l := range lines {
		if l.label != "" {
			column = max(column, ansi.StringWidth(l.sign)+ansi.StringWidth(l.label))
			notes = notes || l.note != ""
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
func (s *styles) layAll(lines []line, w, column, beside int) []string {
	var out []string
	indent := strings.Repeat(" ", column)
	for _, l := range lines {
		if l.label == "" {
			out = append(out, hang(l.sign, l.value, w)...)
			continue
		}
		head := l.sign + s.dim.Paint(l.label)
		rows := wrap(l.value, w-column)
		switch {
		case l.note == "":
		case beside > 0 && ansi.StringWidth(l.value) <= beside:
			rows = hang(pad(l.value, beside)+" ", l.note, w-column)
		default:
			rows = append(rows, wrap(l.note, w-column)...)
		}
		if ansi.StringWidth(head)+1 > column { // the value goes below
			out = append(out, clip(head, w))
		} else if len(rows) > 0 {
			out = append(out, pad(head, column)+rows[0])
			rows = rows[1:]
		}
		for _, r := range rows {
			out = append(out, indent+r)
		}
	}
	return out
}

// hang wraps a text behind a sign, its further lines under the first.
func hang(sign, value string, w int) []string {
	n := ansi.StringWidth(sign)
	rows := wrap(value, max(w-n, 1))
	for i := range rows {
		if i == 0 {
			rows[i] = sign + rows[i]
		} else {
			rows[i] = strings.Repeat(" ", n) + rows[i]
		}
	}
	return rows
}
