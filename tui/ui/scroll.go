package ui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"hearth/core"
	"hearth/tui/grid"
)

// Scroll is lines that can be moved up and down, with a cursor on one of those that
// have a value, so that it can be copied.
type Scroll struct {
	Host    Host
	Lines   []Line
	beside  []Line
	columns []laidColumn
	spans   []span // the lines with a value, from the top of the left column
	at      int    // the one under the cursor
	long    int    // how many rows there are
	top     int
	w, h    int
	find    textFinder
}

// laidColumn is lines as they were laid out.
type laidColumn struct {
	rows []string
	w    int
}

// span is the rows of a line with a value.
type span struct {
	line     *Line
	key      string // by which it is found again when the lines are others
	column   int
	from, to int
}

// gutter is the room for the cursor's sign before lines of which one can have it.
const gutter = 2

func (s *Scroll) Set(lines []Line) { s.SetBeside(lines, nil) }

// SetBeside has other lines stand to the right of the first, and moves both.
func (s *Scroll) SetBeside(lines, beside []Line) {
	s.Lines, s.beside = lines, beside
	s.fold()
}

// fold lays the lines out for the width; the cursor stays on its field.
func (s *Scroll) fold() {
	was, seen := "", false
	if s.at < len(s.spans) {
		was, seen = s.spans[s.at].key, s.touches(s.at)
	}
	s.columns, s.spans, s.long = nil, nil, 0
	if s.beside == nil {
		s.lay(s.Lines, s.w)
	} else {
		right := s.w * 3 / 8
		s.lay(s.Lines, max(s.w-right-2, 0))
		s.lay(s.beside, right)
	}
	for i := range s.spans {
		if s.spans[i].key == was {
			s.at = i
		}
	}
	s.at = max(min(s.at, len(s.spans)-1), 0)
	s.find.seek(s.find.text, s.plain(), s.top)
	s.move(0)
	if seen && len(s.spans) > 0 && !s.touches(s.at) {
		s.put(s.at)
	}
}

// plain are the rows in which something is found: of both columns, side by side.
func (s *Scroll) plain() []string {
	if s.find.text == "" {
		return nil
	}
	return s.rowsAcross()
}

func (s *Scroll) rowsAcross() []string {
	out := make([]string, s.long)
	for i := range out {
		for _, c := range s.columns {
			if i < len(c.rows) {
				out[i] += c.rows[i] + "\n"
			}
		}
	}
	return out
}

// Look, Looked and Match make the lines ones in which something is found.
func (s *Scroll) Look(text string) (string, bool) {
	s.find.seek(text, s.rowsAcross(), s.top)
	s.Match(0)
	return s.find.said()
}
func (s *Scroll) Looked() string { return s.find.text }
func (s *Scroll) Match(by int) {
	s.find.step(by)
	row, ok := s.find.row()
	if !ok {
		return
	}
	if row < s.top || row >= s.end() {
		s.move(row - s.h/3 - s.top)
	}
	for i := range s.spans {
		if x := &s.spans[i]; row >= x.from && row < x.to {
			s.at = i
			return
		}
	}
}

// lay lays one column out.
func (s *Scroll) lay(lines []Line, w int) {
	c := laidColumn{w: w}
	room := ""
	for i := range lines {
		if lines[i].field() {
			room = strings.Repeat(" ", min(gutter, w))
		}
	}
	head, times := "", map[string]int{}
	for i, rows := range s.Host.Look().rows(lines, max(w-len(room), 0)) {
		l := &lines[i]
		switch {
		case l.field():
			key := head + "\x00" + l.Label + l.Raw.Of
			times[key]++
			key += strings.Repeat("\x00", times[key])
			s.spans = append(s.spans, span{l, key, len(s.columns), len(c.rows), len(c.rows) + len(rows)})
		case l.Value != "":
			head = l.Value
		}
		for _, r := range rows {
			c.rows = append(c.rows, room+r)
		}
	}
	s.columns = append(s.columns, c)
	s.long = max(s.long, len(c.rows))
}

func (s *Scroll) move(by int) { s.top = max(min(s.top+by, s.long-max(s.h, 0)), 0) }

// end is the row behind the last one that is seen: where more follow, the last says so.
func (s *Scroll) end() int {
	if s.top+s.h < s.long && s.h > 1 {
		return s.top + s.h - 1
	}
	return s.top + s.h
}

// sees reports whether a field is in view, by its first row.
func (s *Scroll) sees(i int) bool { return s.spans[i].from >= s.top && s.spans[i].from < s.end() }

// touches reports whether any of a field is in view.
func (s *Scroll) touches(i int) bool { return s.spans[i].from < s.end() && s.spans[i].to > s.top }

// put puts the cursor on a field, and brings as much of it into view as there is room for.
func (s *Scroll) put(i int) {
	s.at = i
	x := &s.spans[i]
	for range s.long {
		if x.to <= s.end() || x.from <= s.top {
			break
		}
		s.move(1)
	}
	if x.from < s.top {
		s.move(x.from - s.top)
	}
}

// by moves the cursor by a field, or both it and the text by more.
func (s *Scroll) by(n int) {
	if n == 1 || n == -1 {
		s.step(n)
		return
	}
	was := s.top
	s.move(n)
	if len(s.spans) > 0 && (s.top == was || n > s.long || -n > s.long || !s.touches(s.at)) {
		s.pick(n > 0, s.top == was || n > s.long || -n > s.long)
	}
}

// step moves the cursor to the next field; what lies between that is longer than the
// window is scrolled through.
func (s *Scroll) step(by int) {
	next := s.at + by
	if next < 0 || next >= len(s.spans) {
		s.move(by)
		return
	}
	if s.spans[next].column == s.spans[s.at].column && !s.sees(next) {
		s.move(by)
		if !s.sees(next) {
			return
		}
	}
	s.put(next)
}

// pick puts the cursor on a field in view: the first after a way down and the last after
// one up; at an end of the text on the one next to that.
func (s *Scroll) pick(down, end bool) {
	for n := range s.spans {
		i := n
		if down == end {
			i = len(s.spans) - 1 - n
		}
		if s.sees(i) {
			s.at = i
			return
		}
	}
}

func (s *Scroll) Resize(w, h int) {
	seen := len(s.spans) > 0 && s.touches(s.at)
	s.w, s.h = w, max(h, 0)
	s.fold()
	if seen && len(s.spans) > 0 && !s.touches(s.at) { // there is less room than there was
		s.put(s.at)
	}
}

func (s *Scroll) View(w, h int) string {
	top := max(min(s.top, s.long-max(h, 0)), 0)
	n := max(min(h, s.long-top), 0)
	rest := s.long - top - n
	more := rest > 0 && n > 1
	if more {
		n--
	}
	shown := make([]string, len(s.columns))
	for i := range s.columns {
		shown[i] = strings.Join(s.window(i, top, n), "\n")
	}
	out := ""
	switch {
	case len(shown) == 1:
		out = shown[0]
	case len(shown) == 2:
		out = SideBySide(shown[0], shown[1], s.columns[0].w, s.columns[1].w, n, s.Host.Look().Border)
	}
	if more {
		out += "\n" + s.Host.Look().Dim.Paint("↓ "+core.Count(rest+1, "more line"))
	}
	return out
}

// window is n rows of a column; those of the field under the cursor are on its ground,
// where other colours may not be readable.
func (s *Scroll) window(column, top, n int) []string {
	c := &s.columns[column]
	rows := append([]string{}, c.rows[min(top, len(c.rows)):min(top+n, len(c.rows))]...)
	if s.find.text != "" {
		for i := range rows {
			rows[i] = s.find.lit(s.Host.Look(), rows[i])
		}
	}
	if len(s.spans) == 0 || s.spans[s.at].column != column {
		return rows
	}
	for i := range rows {
		x := &s.spans[s.at]
		if at := top + i; at >= x.from && at < x.to {
			text := ansi.Strip(rows[i])
			if at == x.from && len(text) > 0 {
				text = ">" + text[1:]
			}
			rows[i] = s.Host.Look().cursor.Paint(Pad(grid.Lit(text, grid.Part(s.find.text, text)), c.w))
		}
	}
	return rows
}

func (s *Scroll) Actions() []Action {
	return append([]Action{
		{Name: "copy-field", Keys: []string{"y"}, Help: "Copy the field under the cursor", Why: s.noCopy, Run: s.copyField},
	}, append(Lights(s), scrolls(func() int { return s.h - 1 }, s.by)...)...)
}

// noCopy says why the field under the cursor cannot be copied, "" if it can.
func (s *Scroll) noCopy() string {
	if len(s.spans) == 0 || !s.touches(s.at) {
		return "there is no field under the cursor"
	}
	_, _, why := s.spans[s.at].line.copied()
	return why
}

// copyField copies the value under the cursor exactly, whatever the screen makes of it.
func (s *Scroll) copyField() tea.Cmd {
	text, what, _ := s.spans[s.at].line.copied()
	return s.Host.Copy(text, what)
}
