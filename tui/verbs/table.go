package verbs

import (
	"bytes"
	"io"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"hearth/core"
)

// lane is a column of a [grid].
type lane struct {
	title string
	kind  core.ColumnKind
	wraps bool // what does not fit goes on in the next line, and is not cut
	spare int  // 1 for the first that a narrow terminal does without; 0: needed
}

// grid is a table in memory. Without titles it has no heading.
type grid struct {
	lanes []lane
	rows  [][]string
	wants []int // how wide each lane would like to be; nil: nothing was measured yet
	buf   []byte
}

// Widths that a lane is not shrunk below.
const (
	idWidth     = 8  // of an id: enough for hearth to find it again
	minuteWidth = 16 // of a time without its seconds
	dayWidth    = 10 // of a time without its hours
	textWidth   = 16 // of a text, as long as there is something else to save
	leastWidth  = 8  // of anything
)

// widths are those that the lanes would like to have.
func (g *grid) widths() []int {
	if g.wants == nil {
		g.measure(nil)
		for _, row := range g.rows {
			g.measure(row)
		}
	}
	return g.wants
}

// measure makes the lanes wide enough for a row, and for their titles.
func (g *grid) measure(row []string) {
	if g.wants == nil {
		for _, l := range g.lanes {
			g.wants = append(g.wants, cellWidth(l.title))
		}
	}
	for i, text := range row {
		g.wants[i] = max(g.wants[i], cellWidth(text))
	}
}

// cellWidth is how many cells a text takes. Most are ASCII, and of those no letter need be
// looked up.
func cellWidth(text string) int {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' {
			return ansi.StringWidth(text)
		}
	}
	return len(text)
}

// total is how wide a line of lanes is, two blanks between each; a lane of width
// -1 is left out.
func total(widths []int) int {
	sum := -2
	for _, w := range widths {
		if w >= 0 {
			sum += w + 2
		}
	}
	return sum
}

// fit makes the lanes narrow enough for a terminal, as far as that can be done
// with grace: ids lose their end and times their seconds, then lanes that can be
// spared go, then the hours; at last what is widest is cut.
func (g *grid) fit(width int) []int {
	wanted := g.widths()
	if width <= 0 {
		return wanted
	}
	w := slices.Clone(wanted)
	shrink := func(kind core.ColumnKind, to int) {
		for i, l := range g.lanes {
			if l.kind == kind && w[i] >= 0 && total(w) > width {
				w[i] = min(w[i], max(to, cellWidth(shortTitle(l.title))))
			}
		}
	}
	shrink(core.TextColumn, textWidth)
	shrink(core.IDColumn, idWidth)
	shrink(core.TimeColumn, minuteWidth)
	for n := 1; n <= len(g.lanes) && total(w) > width; n++ {
		if i := slices.IndexFunc(g.lanes, func(l lane) bool { return l.spare == n }); i >= 0 {
			w[i] = -1
		}
	}
	shrink(core.TimeColumn, dayWidth)
	for i, l := range g.lanes { // texts share what is left
		if l.kind == core.TextColumn && w[i] >= 0 {
			w[i] = wanted[i]
		}
	}
	text := func(l lane) bool { return l.kind == core.TextColumn }
	g.cut(w, width, textWidth, text)
	g.cut(w, width, leastWidth, text)
	g.cut(w, width, leastWidth, func(lane) bool { return true })
	return w
}

// cut takes from the widest lane of those that may be cut, again and again.
func (g *grid) cut(w []int, width, least int, may func(lane) bool) {
	for total(w) > width {
		widest := -1
		for i, l := range g.lanes {
			if may(l) && w[i] > least && (widest < 0 || w[i] > w[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return
		}
		w[widest]--
	}
}

// shortTitle is a title without what is in brackets.
func shortTitle(title string) string {
	short, _, _ := strings.Cut(title, " (")
	return short
}

// head prints the titles, and returns how wide each lane is; width 0 cuts nothing.
func (g *grid) head(w io.Writer, width int) ([]int, error) {
	widths := g.fit(width)
	var titles []string
	for i, l := range g.lanes {
		if cellWidth(l.title) > widths[i] {
			l.title = shortTitle(l.title)
		}
		titles = append(titles, l.title)
	}
	if strings.Join(titles, "") == "" {
		return widths, nil
	}
	var b strings.Builder
	g.line(&b, titles, widths)
	_, err := io.WriteString(w, b.String())
	return widths, err
}

// write prints the grid; width 0 cuts nothing.
func (g grid) write(w io.Writer, width int) error {
	widths, err := g.head(w, width)
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, row := range g.rows {
		g.line(&b, row, widths)
	}
	_, err = io.WriteString(w, b.String())
	return err
}

// line writes a row, which is several lines where a cell wraps.
func (g *grid) line(b *strings.Builder, row []string, widths []int) {
	cells := make([][]string, len(row))
	height := 1
	for i, text := range row {
		cells[i] = g.lanes[i].lines(text, widths[i])
		height = max(height, len(cells[i]))
	}
	for n := range height {
		line := g.buf[:0]
		for i, lines := range cells {
			if widths[i] < 0 {
				continue
			}
			text := ""
			if n < len(lines) {
				text = lines[n]
			}
			if i > 0 {
				line = append(line, "  "...)
			}
			pad := max(0, widths[i]-cellWidth(text))
			if k := g.lanes[i].kind; k == core.NumberColumn || k == core.SizeColumn {
				line = append(blanks(line, pad), text...)
			} else {
				line = blanks(append(line, text...), pad)
			}
		}
		g.buf = line
		b.Write(bytes.TrimRight(line, " "))
		b.WriteByte('\n')
	}
}

// blanks adds n of them.
func blanks(line []byte, n int) []byte {
	for range n {
		line = append(line, ' ')
	}
	return line
}

// lines is a text at the width of its lane.
func (l lane) lines(text string, width int) []string {
	switch {
	case width < 0 || cellWidth(text) <= width:
		return []string{text}
	case l.wraps:
		return wrap(text, width)
	case l.kind == core.IDColumn || l.kind == core.TimeColumn:
		return []string{strings.TrimSpace(ansi.Truncate(text, width, ""))}
	}
	return []string{ansi.Truncate(text, width, "…")}
}

// wrap breaks a text at blanks, and a word that is longer than a line anywhere.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Split(text, " ") {
		if line != "" && cellWidth(line)+1+cellWidth(word) <= width {
			line += " " + word
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		parts := strings.Split(ansi.Hardwrap(word, width, true), "\n")
		lines = append(lines, parts[:len(parts)-1]...)
		line = parts[len(parts)-1]
	}
	return append(lines, line)
}
