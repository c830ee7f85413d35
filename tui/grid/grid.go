// Package grid is a windowed table: it asks its source for the rows on screen and
// no others, so a frame costs the same with ten rows as with a million. It knows
// nothing of what the rows are.
package grid

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Style is how a text looks: what to write before and after it.
type Style struct{ Open, Close string }

// Paint puts the style around a text.
func (s Style) Paint(text string) string {
	if s.Open == "" || text == "" {
		return text
	}
	return s.Open + text + s.Close
}

// Column is a column of the table.
type Column struct {
	Name  string // for the sort mark
	Title string
	Width int  // cells it wants
	Min   int  // cells it can do with; 0 is Width
	Grow  int  // its share of the room that is left over
	Right bool // aligned right
	Flip  bool // shows the opposite of what it sorts by, as an age does of a time
	Ends  bool // its texts differ at their ends: one that is too long is cut in the middle
	Drop  int  // where there is no room, columns go in this order, the highest first; 0 stays
}

// Cell is what a row shows in a column. The text must be fit for a terminal: the
// grid cuts and pads it, and does not look inside.
type Cell struct {
	Text  string
	Style Style // nothing: that of the row
}

// Source gives the rows.
type Source interface {
	Len() int
	// Row returns the cells of row i, one for each column, or false while they
	// are not there yet.
	Row(i int) ([]Cell, bool)
	// Key names row i whatever its place, "" while it is not known.
	Key(i int) string
}

// Styles are the looks of the grid's own parts.
type Styles struct {
	Header, Text, Dim, Cursor, Mark Style
	All                             string // the key that shows all rows again
}

// Model is a table with a cursor, a window on its rows, and marks. The zero
// Model is empty; use [New].
type Model struct {
	columns []Column
	styles  Styles
	src     Source
	cursor  int
	top     int
	w, h    int
	marks   map[string]int // by key: the how manieth mark it was
	nth     int
	rule    func(i int) bool // rows that are marked without their keys being known; nil: none
	but     map[string]bool  // of these, those that are not
	faded   bool
	sort    string
	desc    bool
	found   narrowing

	widths []int // laid out for w; 0: the column has no room
}

// New makes a table.
func New(columns []Column, styles Styles) *Model {
	return &Model{columns: columns, styles: styles, src: none{}, marks: map[string]int{}, but: map[string]bool{}}
}

type none struct{}

func (none) Len() int               { return 0 }
func (none) Row(int) ([]Cell, bool) { return nil, false }
func (none) Key(int) string         { return "" }

// SetStyles changes the looks, as after a change of theme.
func (m *Model) SetStyles(s Styles) { m.styles = s }

// SetColumns changes the columns; cursor, window and marks stay.
func (m *Model) SetColumns(c []Column) {
	m.columns = c
	m.layout()
}

// SetSource changes the rows; the cursor stays at its place as far as it can.
func (m *Model) SetSource(s Source) {
	row := m.Cursor()
	m.src = s
	if m.found.text != "" {
		m.renarrow()
		m.cursor = m.place(row)
	}
	m.clamp()
}

// SetSort says which column the rows are sorted by, for the heading.
func (m *Model) SetSort(name string, desc bool) { m.sort, m.desc = name, desc }

// SetSize gives the table its room, heading included.
func (m *Model) SetSize(w, h int) {
	m.w, m.h = max(w, 0), max(h, 0)
	m.layout()
	m.clamp()
}

// rows is how many rows are on screen.
func (m *Model) rows() int {
	if m.found.text != "" { // a line says so
		return max(m.h-2, 0)
	}
	return max(m.h-1, 0)
}

func (m *Model) clamp() {
	n := m.count()
	m.cursor = max(min(m.cursor, n-1), 0)
	if m.cursor < m.top {
		m.top = m.cursor
	}
	if r := m.rows(); r > 0 && m.cursor >= m.top+r {
		m.top = m.cursor - r + 1
	}
	m.top = max(min(m.top, n-m.rows()), 0)
}

// Shown names the columns that have room, those without a name left out.
func (m *Model) Shown() []string {
	var out []string
	for i, c := range m.columns {
		if c.Name != "" && i < len(m.widths) && m.widths[i] > 0 {
			out = append(out, c.Name)
		}
	}
	return out
}

// Cursor is the row under the cursor, from 0; 0 also when there is no row.
func (m *Model) Cursor() int { return m.source(m.cursor) }

// Len is how many rows there are.
func (m *Model) Len() int { return m.src.Len() }

// Window is the rows on screen: from, and how many.
func (m *Model) Window() (from, n int) { return m.top, min(m.rows(), m.count()-m.top) }

// Move puts the cursor on row i of the source, or as near as can be.
func (m *Model) Move(i int) { m.to(m.place(i)) }

// to puts the cursor on the row that is shown at a place.
func (m *Model) to(place int) {
	m.cursor = place
	m.clamp()
}

// Step moves the cursor by rows. Where it comes over the edge, the window moves on by a
// quarter: drawn anew for each row, a held key costs a slow line ten times as much.
func (m *Model) Step(rows int) {
	was := m.top
	m.to(m.cursor + rows)
	switch more := m.rows()/4 - 1; {
	case more <= 0 || m.top == was:
	case m.top > was:
		m.top += min(more, m.cursor-m.top)
	default:
		m.top -= min(more, m.top+m.rows()-1-m.cursor)
	}
	m.top = max(min(m.top, m.count()-m.rows()), 0)
}

// Shift goes along with rows as others come or go above them: cursor and window move alike.
func (m *Model) Shift(rows int) {
	m.top += rows
	m.to(m.cursor + rows)
}

// Reveal moves the window so that of some rows behind the cursor's as many are seen as there is
// room for.
func (m *Model) Reveal(rows int) {
	if over := m.cursor + rows - (m.top + m.rows() - 1); over > 0 {
		m.top = min(m.top+over, m.cursor)
	}
	m.clamp()
}

// Page moves the cursor by windows.
func (m *Model) Page(pages int) { m.to(m.cursor + pages*max(m.rows()-1, 1)) }

// Home and End go to the first and the last row.
func (m *Model) Home() { m.to(0) }

// End goes to the last row.
func (m *Model) End() { m.to(m.count() - 1) }

// Key is the key of the row under the cursor, "" if there is none.
func (m *Model) Key() string {
	if m.src.Len() == 0 {
		return ""
	}
	return m.src.Key(m.Cursor())
}

// Told is a cell with the title of its column.
type Told struct{ Title, Text string }

// Told are the cells of the row under the cursor, those too that have no room; nil while there
// is no such row, or it is not there yet.
func (m *Model) Told() (out []Told) {
	if m.src.Len() == 0 {
		return nil
	}
	cells, ok := m.src.Row(m.Cursor())
	if !ok {
		return nil
	}
	for i, c := range cells {
		if i < len(m.columns) {
			out = append(out, Told{m.columns[i].Title, c.Text})
		}
	}
	return out
}

// Fade draws the rows as such that are about to be replaced by others.
func (m *Model) Fade(faded bool) { m.faded = faded }

// Faded reports whether they are drawn so.
func (m *Model) Faded() bool { return m.faded }

// Toggle marks the row under the cursor, or takes its mark away.
func (m *Model) Toggle() {
	key := m.Key()
	switch {
	case key == "":
	case m.marks[key] > 0:
		delete(m.marks, key)
	case m.but[key]:
		delete(m.but, key)
	case m.rule != nil && m.rule(m.Cursor()):
		m.but[key] = true
	default:
		m.Mark(key)
	}
}

// Mark marks a row by its key.
func (m *Model) Mark(key string) {
	if key != "" && !m.Marked(key) {
		m.nth++
		m.marks[key] = m.nth
	}
}

// MarkRule marks all rows that a rule holds for, however many that are, besides those
// that are marked by their keys. It is asked for rows that are on screen; nil takes the
// rule away, and what was taken out of it.
func (m *Model) MarkRule(rule func(i int) bool) {
	m.rule = rule
	clear(m.but)
}

// Unmark takes all marks away, and the rule.
func (m *Model) Unmark() {
	clear(m.marks)
	m.MarkRule(nil)
}

// Forget takes the mark of a row away that is there no longer.
func (m *Model) Forget(key string) {
	delete(m.marks, key)
	delete(m.but, key)
}

// Marked reports whether the row of the key is marked by it.
func (m *Model) Marked(key string) bool { return m.marks[key] > 0 }

// RowMarked reports whether row i is marked, by its key or by the rule.
func (m *Model) RowMarked(i int) bool {
	key := m.src.Key(i)
	return m.Marked(key) || key != "" && m.rule != nil && !m.but[key] && m.rule(i)
}

// Marks is how many rows are marked by their keys.
func (m *Model) Marks() int { return len(m.marks) }

// But are the keys of the rows that were taken out of the rule.
func (m *Model) But() []string { return slices.Sorted(maps.Keys(m.but)) }

// MarkedKeys returns the keys of the rows that are marked by them, in the order of their
// marking.
func (m *Model) MarkedKeys() []string {
	return slices.SortedFunc(maps.Keys(m.marks), func(a, b string) int { return m.marks[a] - m.marks[b] })
}

// gutter is the room for the cursor's and the mark's sign before the first column.
const gutter = 2

// gap is the room between columns.
const gap = 1

// layout shares the width out: what columns want, then what is left to those
// that grow; where there is too little, growing columns shrink to their least,
// then columns are dropped, then all are cut.
func (m *Model) layout() {
	room := m.w - gutter
	shown := make([]bool, len(m.columns))
	for i := range shown {
		shown[i] = true
	}
	least := func() int {
		sum, n := 0, 0
		for i, c := range m.columns {
			if shown[i] {
				sum += leastOf(c)
				n++
			}
		}
		return sum + gap*max(n-1, 0)
	}
	for least() > room {
		drop := -1
		for i, c := range m.columns {
			if shown[i] && c.Drop > 0 && (drop < 0 || c.Drop > m.columns[drop].Drop) {
				drop = i
			}
		}
		if drop < 0 {
			break
		}
		shown[drop] = false
	}
	m.widths = make([]int, len(m.columns))
	spare := room - least()
	for i, c := range m.columns {
		if shown[i] {
			m.widths[i] = leastOf(c)
		}
	}
	spare = m.share(spare, func(i int) int { return m.columns[i].Width - m.widths[i] }, nil)
	m.share(spare, nil, func(i int) int { return m.columns[i].Grow })
	if spare < 0 {
		m.cut(-spare)
	}
}

func leastOf(c Column) int {
	if c.Min > 0 {
		return c.Min
	}
	return c.Width
}

// share gives spare cells to the columns on screen: first, in order, up to what
// each wants; or by weight, all of it. It returns what is left.
func (m *Model) share(spare int, wants, weight func(int) int) int {
	total := 0
	for i, w := range m.widths {
		if w == 0 {
			continue
		}
		if wants != nil && spare > 0 {
			give := min(max(wants(i), 0), spare)
			m.widths[i] += give
			spare -= give
		}
		if weight != nil {
			total += weight(i)
		}
	}
	if weight == nil || total == 0 || spare <= 0 {
		return spare
	}
	left := spare
	for i, w := range m.widths {
		if w == 0 || weight(i) == 0 {
			continue
		}
		give := spare * weight(i) / total
		m.widths[i] += give
		left -= give
	}
	for i := range m.widths { // the remainder of the division
		if left > 0 && m.widths[i] > 0 && weight(i) > 0 {
			m.widths[i]++
			left--
		}
	}
	return left
}

// cut takes cells away: from columns that grow, down to half of their least, then
// from the last column on.
func (m *Model) cut(over int) {
	for i, c := range m.columns {
		if c.Grow > 0 && over > 0 {
			take := min(m.widths[i]/2, over)
			m.widths[i] -= take
			over -= take
		}
	}
	for i := len(m.widths) - 1; i >= 0 && over > 0; i-- {
		take := min(m.widths[i], over)
		m.widths[i] -= take
		over -= take
	}
}

// Width is how many cells the table has.
func (m *Model) Width() int { return m.w }

// ColumnAt is the name of the column whose heading has a cell of the first line, "" where
// there is none.
func (m *Model) ColumnAt(x int) string {
	at := gutter
	for i, c := range m.columns {
		if m.widths[i] == 0 {
			continue
		}
		if x >= at && x < at+m.widths[i] {
			return c.Name
		}
		at += m.widths[i] + 1
	}
	return ""
}

// RowAt is how many rows the one on a line of the table is from the cursor; false where there
// is none. Line 0 is the heading.
func (m *Model) RowAt(y int) (by int, ok bool) {
	place := m.top + y - 1
	return place - m.cursor, y > 0 && y <= m.rows() && place < m.count()
}

// View draws the heading and the rows on screen: exactly the height given, no
// line wider than the width.
func (m *Model) View() string {
	if m.w <= 0 || m.h <= 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString(m.heading())
	for r := range m.rows() {
		b.WriteByte('\n')
		if i := m.top + r; i < m.count() {
			b.WriteString(m.row(m.source(i), i == m.cursor))
		}
	}
	if m.found.text != "" && m.h > 1 {
		b.WriteByte('\n')
		b.WriteString(m.narrowedLine())
	}
	return b.String()
}

func (m *Model) heading() string {
	var b strings.Builder
	b.WriteString(strings.Repeat(" ", min(gutter, m.w)))
	first := true
	for i, c := range m.columns {
		if m.widths[i] == 0 {
			continue
		}
		if !first {
			b.WriteByte(' ')
		}
		first = false
		title := c.Title
		if c.Name != "" && c.Name == m.sort {
			if m.desc != c.Flip {
				title += "▼"
			} else {
				title += "▲"
			}
		}
		b.WriteString(m.styles.Header.Paint(fit(title, m.widths[i], c.Right)))
	}
	return clip(b.String(), m.w)
}

// clip cuts a painted line to the width.
func clip(s string, w int) string {
	if ansi.StringWidth(s) <= w {
		return s
	}
	return ansi.Truncate(s, w, "")
}

// narrowedLine says that not all rows are shown, and by what.
func (m *Model) narrowedLine() string {
	text := fmt.Sprintf("  %d of %d: /", m.count(), m.src.Len())
	return clip(m.styles.Dim.Paint(text)+m.styles.Mark.Paint(shown(m.found.text))+m.styles.Dim.Paint("  ("+m.styles.All+" shows all)"), m.w)
}

// shown is what somebody typed, or pasted, as a terminal may have it.
func shown(text string) string {
	return strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return '?'
		}
		return r
	}, text)
}

func (m *Model) row(i int, here bool) string {
	cells, ok := m.src.Row(i)
	if !ok {
		return clip("  "+m.styles.Dim.Paint("…"), m.w)
	}
	marked := m.RowMarked(i)
	var hits [][]int
	if m.found.text != "" {
		hits, _ = m.found.hits(cells)
	}
	sign := [2]byte{' ', ' '}
	if here {
		sign[0] = '>'
	}
	if marked {
		sign[1] = '*'
	}
	base := m.styles.Text
	switch {
	case m.faded:
		base = m.styles.Dim
	case here:
		base = m.styles.Cursor
	case marked:
		base = m.styles.Mark
	}
	var b strings.Builder
	line := func(text string, s Style) {
		if here || m.faded || s.Open == "" {
			s = base // on the cursor's ground other colours may not be readable
		}
		b.WriteString(s.Paint(text))
	}
	line(string(sign[:min(gutter, m.w)]), base)
	first := true
	for c, col := range m.columns {
		w := m.widths[c]
		if w == 0 {
			continue
		}
		if !first {
			line(" ", base)
		}
		first = false
		cell := Cell{}
		if c < len(cells) {
			cell = cells[c]
		}
		if col.Ends {
			cell.Text = middle(cell.Text, w)
		}
		if c < len(hits) && len(hits[c]) > 0 && cell.Text == cells[c].Text { // one that was cut has its letters elsewhere
			cell.Text = Lit(cell.Text, hits[c])
		}
		line(fit(cell.Text, w, col.Right), cell.Style)
	}
	return b.String()
}

// middle cuts a text that is too long for w cells in its middle.
func middle(s string, w int) string {
	n := width(s)
	if n <= w || w < 5 {
		return s
	}
	end := (w - 1) / 2
	return ansi.Truncate(s, w-1-end, "") + "…" + ansi.TruncateLeft(s, n-end, "")
}

// fit cuts or pads a text to exactly w cells.
func fit(s string, w int, right bool) string {
	n := width(s)
	if n > w {
		s = ansi.Truncate(s, w, "…")
		n = width(s)
	}
	pad := spaces(w - n)
	if right {
		return pad + s
	}
	return s + pad
}

// width is ansi.StringWidth, fast for ASCII.
func width(s string) int {
	for i := range len(s) {
		if s[i] >= 0x80 || s[i] < 0x20 {
			return ansi.StringWidth(s)
		}
	}
	return len(s)
}

// blank is what spaces are cut from: a usual run of them costs no memory.
var blank = strings.Repeat(" ", 128)

func spaces(n int) string {
	if n <= 0 {
		return ""
	}
	if n <= len(blank) {
		return blank[:n]
	}
	return strings.Repeat(" ", n)
}
