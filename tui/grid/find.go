package grid

import (
	"slices"
	"strings"

	"github.com/sahilm/fuzzy"
)

// Finding rows by what was typed: the table shows those that fit, and which letters do.

// Fit is a text that fits what was typed: which one it is, and the bytes of it that do.
type Fit struct {
	Index int
	At    []int
	score int
}

// Fits finds the texts that hold each of the words that were typed, its letters in order;
// the best first. Nothing typed fits nothing.
func Fits(typed string, n int, text func(int) string) []Fit {
	words := strings.Fields(typed)
	if len(words) == 0 {
		return nil
	}
	texts := make([]string, n)
	for i := range texts {
		texts[i] = text(i)
	}
	fits, times := map[int]*Fit{}, map[int]int{}
	for _, w := range words {
		for _, m := range fuzzy.FindNoSort(w, texts) {
			f := fits[m.Index]
			if f == nil {
				f = &Fit{Index: m.Index}
				fits[m.Index] = f
			}
			f.At, f.score = append(f.At, m.MatchedIndexes...), f.score+m.Score
			times[m.Index]++
		}
	}
	var out []Fit
	for i := range texts {
		if f := fits[i]; f != nil && times[i] == len(words) {
			f.exact(strings.Join(words, " "), texts[i])
			slices.Sort(f.At)
			f.At = slices.Compact(f.At)
			out = append(out, *f)
		}
	}
	slices.SortStableFunc(out, func(a, b Fit) int { return b.score - a.score })
	return out
}

// exact puts a text before others that has all that was typed as it stands, and most of all
// one that begins so.
func (f *Fit) exact(typed, text string) {
	at := Part(typed, text)
	if at == nil {
		return
	}
	f.score += 1000
	if len(at) > 0 {
		f.At = at
		if at[0] == 0 {
			f.score += 1000
		}
	}
}

// Lit underlines the bytes of a plain text that fit what was typed: a sign that needs no
// colour, and stands in any.
func Lit(text string, at []int) string {
	if len(at) == 0 {
		return text
	}
	var b strings.Builder
	on := false
	for i, r := range text {
		if hit := slices.Contains(at, i); hit != on {
			on = hit
			b.WriteString(map[bool]string{true: "\x1b[4m", false: "\x1b[24m"}[on])
		}
		b.WriteRune(r)
	}
	if on {
		b.WriteString("\x1b[24m")
	}
	return b.String()
}

// Part finds where a word stands in a text, whatever its case; nil where it does not.
func Part(word, text string) []int {
	low, fold := strings.ToLower(text), strings.ToLower(word)
	i := strings.Index(low, fold)
	if i < 0 || fold == "" {
		return nil
	}
	at := []int{}
	for j := i; j < i+len(fold) && len(low) == len(text); j++ { // a text that grows or shrinks by its case is not lit
		at = append(at, j)
	}
	return at
}

// narrowing is what was typed to find rows, and which they are.
type narrowing struct {
	text  string
	loose bool  // no row has the words as they stand: their letters in order will do
	rows  []int // of the source; nil: all
}

// hits are the bytes of each cell that fit; false where a word fits no cell.
func (f *narrowing) hits(cells []Cell) ([][]int, bool) {
	at := make([][]int, len(cells))
	for _, w := range strings.Fields(f.text) {
		found := false
		for c := range cells {
			var hit []int
			if !f.loose {
				hit = Part(w, cells[c].Text)
			} else if m := Fits(w, 1, func(int) string { return cells[c].Text }); len(m) > 0 {
				hit = m[0].At
			}
			if hit != nil {
				found = true
				at[c] = append(at[c], hit...)
			}
		}
		if !found {
			return nil, false
		}
	}
	return at, true
}

// fitting lists the rows of the source that fit.
func (f *narrowing) fitting(src Source) []int {
	out := []int{}
	for i := range src.Len() {
		if cells, ok := src.Row(i); ok {
			if _, fits := f.hits(cells); fits {
				out = append(out, i)
			}
		}
	}
	return out
}

// Narrow shows only the rows that have what was typed, each of its words in a cell; where
// none has, those that have the letters in order. It reports how many that are; where none
// is, the table stays as it was. "" shows all again.
func (m *Model) Narrow(text string) int {
	was := m.Cursor()
	if strings.TrimSpace(text) == "" {
		m.found = narrowing{}
		m.clamp()
		m.Move(was)
		return m.src.Len()
	}
	f := narrowing{text: text}
	if f.rows = f.fitting(m.src); len(f.rows) == 0 {
		f.loose = true
		f.rows = f.fitting(m.src)
	}
	if len(f.rows) == 0 {
		return 0
	}
	m.found = f
	m.Move(was)
	return len(f.rows)
}

// Narrowed is what was typed to find the rows that are shown, "" where all are.
func (m *Model) Narrowed() string { return m.found.text }

// renarrow finds the rows again, after the source changed; where none fits any more, all
// are shown.
func (m *Model) renarrow() {
	if m.found.text == "" {
		return
	}
	if m.found.rows = m.found.fitting(m.src); len(m.found.rows) == 0 {
		m.found = narrowing{}
	}
}

// count is how many rows are shown, of however many the source has.
func (m *Model) count() int {
	if m.found.text == "" {
		return m.src.Len()
	}
	return len(m.found.rows)
}

// source is the row of the source that is shown at a place.
func (m *Model) source(place int) int {
	if m.found.text == "" {
		return place
	}
	if place < 0 || place >= len(m.found.rows) {
		return 0
	}
	return max(min(m.found.rows[place], m.src.Len()-1), 0) // the source may have changed, and not said so yet
}

// place is where a row of the source is shown, or the nearest that is.
func (m *Model) place(row int) int {
	if m.found.text == "" {
		return row
	}
	i, _ := slices.BinarySearch(m.found.rows, row)
	return i
}
