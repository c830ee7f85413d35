package grid

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
)

// rowsOf is a source of n rows made on demand; it counts how many are asked for.
type rowsOf struct {
	n     int
	asked *int
}

func (r rowsOf) Len() int { return r.n }
func (r rowsOf) Row(i int) ([]Cell, bool) {
	if r.asked != nil {
		*r.asked++
	}
	return []Cell{{Text: fmt.Sprintf("backup-%d größe 日本語", i)},
		{Text: "available", Style: Style{"\x1b[32m", "\x1b[m"}}, {Text: fmt.Sprint(i)}, {Text: "db-prod-01"}}, true
}
func (r rowsOf) Key(i int) string { return fmt.Sprint(i) }

var columns = []Column{
	{Name: "name", Title: "NAME", Width: 30, Min: 8, Grow: 2},
	{Name: "status", Title: "STATUS", Width: 12},
	{Name: "size", Title: "SIZE", Width: 8, Right: true, Drop: 1},
	{Name: "volume", Title: "VOLUME", Width: 20, Min: 6, Grow: 1, Drop: 2},
}

var styles = Styles{Header: Style{"\x1b[1m", "\x1b[m"}, Cursor: Style{"\x1b[7m", "\x1b[m"}}

func TestFits(t *testing.T) {
	for w := range 130 {
		for _, h := range []int{0, 1, 2, 5, 40} {
			m := New(columns, styles)
			m.SetSource(rowsOf{n: 25})
			m.SetSort("name", true)
			m.SetSize(w, h)
			m.Toggle()
			lines := strings.Split(m.View(), "\n")
			if w > 0 && h > 0 && len(lines) != h {
				t.Fatalf("%dx%d: %d lines", w, h, len(lines))
			}
			for _, l := range lines {
				if n := ansi.StringWidth(l); n > w {
					t.Fatalf("%dx%d: a line of %d cells: %q", w, h, n, l)
				}
			}
		}
	}
}

func TestDropsColumns(t *testing.T) {
	m := New(columns, Styles{})
	m.SetSource(rowsOf{n: 1})
	for w, want := range map[int]string{100: "NAME STATUS SIZE VOLUME", 34: "NAME STATUS SIZE", 24: "NAME STATUS"} {
		m.SetSize(w, 3)
		if got := strings.Join(strings.Fields(strings.Split(m.View(), "\n")[0]), " "); got != want {
			t.Errorf("width %d: %q, want %q", w, got, want)
		}
	}
}

func TestCursorAndWindow(t *testing.T) {
	m := New(columns, styles)
	m.SetSource(rowsOf{n: 100})
	m.SetSize(80, 11) // ten rows
	for _, c := range []struct {
		name        string
		do          func()
		cursor, top int
	}{
		{"down", func() { m.Step(1) }, 1, 0},
		{"page", func() { m.Page(1) }, 10, 1},
		{"page back", func() { m.Page(-1) }, 1, 1},
		{"end", m.End, 99, 90},
		{"beyond", func() { m.Step(5) }, 99, 90},
		{"home", m.Home, 0, 0},
		{"before", func() { m.Step(-5) }, 0, 0},
		{"fewer rows", func() { m.End(); m.SetSource(rowsOf{n: 3}) }, 2, 0},
		{"none", func() { m.SetSource(rowsOf{}) }, 0, 0},
	} {
		c.do()
		if m.Cursor() != c.cursor || m.top != c.top {
			t.Errorf("%s: cursor %d, top %d; want %d, %d", c.name, m.Cursor(), m.top, c.cursor, c.top)
		}
	}
	if m.Key() != "" {
		t.Errorf("key of no row is %q", m.Key())
	}
}

func TestMarksStayWithTheirRows(t *testing.T) {
	m := New(columns, styles)
	m.SetSource(rowsOf{n: 10})
	m.SetSize(80, 20)
	m.Step(3)
	m.Toggle()
	m.Home()
	if !m.Marked("3") || m.Marks() != 1 || !strings.Contains(ansi.Strip(m.View()), " *backup-3 ") {
		t.Errorf("row 3 is not marked:\n%s", ansi.Strip(m.View()))
	}
	m.Move(3)
	m.Toggle()
	if m.Marks() != 0 {
		t.Error("the mark stays")
	}
}

// TestMarkRule: a rule marks rows without a list of them, but for those that are taken out.
func TestMarkRule(t *testing.T) {
	m := New(columns, styles)
	asked := 0
	m.SetSource(rowsOf{n: 1_000_000, asked: &asked})
	m.SetSize(80, 11)
	m.Move(5)
	m.Toggle() // by itself
	even := func(i int) bool { return i%2 == 0 }
	m.MarkRule(even)
	m.Move(4)
	m.Toggle()
	for i, want := range map[int]bool{3: false, 4: false, 5: true, 6: true, 999_998: true, 999_999: false} {
		if m.RowMarked(i) != want {
			t.Errorf("row %d: marked is %v", i, !want)
		}
	}
	if got := m.But(); !slices.Equal(got, []string{"4"}) || m.Marks() != 1 || asked > 0 {
		t.Errorf("but %v, %d by themselves, %d rows asked for", got, m.Marks(), asked)
	}
	m.Toggle()
	if !m.RowMarked(4) || len(m.But()) > 0 {
		t.Error("what was taken out does not come back")
	}
	m.Unmark()
	if m.RowMarked(4) || m.RowMarked(5) {
		t.Error("marks stay")
	}
}

// TestFaded: rows that are about to be replaced have one look, the cursor's too.
func TestFaded(t *testing.T) {
	m := New(columns, Styles{Cursor: Style{"<c>", "</c>"}, Dim: Style{"<d>", "</d>"}})
	m.SetSource(rowsOf{n: 3})
	m.SetSize(80, 5)
	m.Fade(true)
	if v := m.View(); strings.Contains(v, "<c>") || strings.Contains(v, "\x1b[32m") || strings.Count(v, "<d>") < 3 {
		t.Errorf("faded:\n%s", v)
	}
	m.Fade(false)
	if v := m.View(); !strings.Contains(v, "<c>") || strings.Contains(v, "<d>") {
		t.Errorf("not faded:\n%s", v)
	}
}

// TestWindowMovesSeldom: a held key has the window drawn anew for every few rows, and the
// cursor is always in it.
func TestWindowMovesSeldom(t *testing.T) {
	m := New(columns, styles)
	m.SetSource(rowsOf{n: 1000})
	m.SetSize(80, 41)
	for _, way := range []int{1, -1} {
		moved, was := 0, m.top
		for range 800 {
			m.Step(way)
			if m.top != was {
				moved, was = moved+1, m.top
			}
			if m.cursor < m.top || m.cursor >= m.top+40 {
				t.Fatalf("the cursor is on row %d, the window at %d", m.cursor, m.top)
			}
		}
		if moved > 80 || moved < 70 {
			t.Errorf("by %d the window moved %d times over 800 rows", way, moved)
		}
	}
}

// TestFrameAsksOnlyForItsRows is what makes a frame independent of the rows.
func TestFrameAsksOnlyForItsRows(t *testing.T) {
	for _, n := range []int{100, 1_000_000} {
		asked := 0
		m := New(columns, styles)
		m.SetSource(rowsOf{n: n, asked: &asked})
		m.SetSize(160, 45)
		m.End()
		m.View()
		if asked != 44 {
			t.Errorf("%d rows: a frame asked for %d", n, asked)
		}
	}
}

// BenchmarkFrame is the frame that answers a key, over 100,000 rows and over 100:
// the p99 of both, and their ratio, which should be 1.
func BenchmarkFrame(b *testing.B) {
	p99 := func(n int) time.Duration {
		m := New(columns, styles)
		m.SetSource(rowsOf{n: n})
		m.SetSize(160, 45)
		times := make([]time.Duration, 0, 2000)
		for i := range 2000 {
			begin := time.Now()
			m.Step(i%7 + 1)
			if m.Cursor() == n-1 {
				m.Home()
			}
			m.View()
			times = append(times, time.Since(begin))
		}
		sort.Slice(times, func(i, j int) bool { return times[i] < times[j] })
		return times[len(times)*99/100]
	}
	var few, many []time.Duration
	for b.Loop() {
		few, many = append(few, p99(100)), append(many, p99(100_000))
	}
	slices.Sort(few)
	slices.Sort(many)
	f, m := few[len(few)/2], many[len(many)/2]
	b.ReportMetric(float64(m.Microseconds())/1000, "ms-p99-100k")
	b.ReportMetric(float64(m)/float64(f), "ratio-to-100-rows")
	b.ReportMetric(float64(m)/float64(16*time.Millisecond), "of-16ms")
}

// TestShift: as rows come or go above them cursor and window stay where they were, as far as they can.
func TestShift(t *testing.T) {
	m := New(columns, styles)
	m.SetSource(rowsOf{n: 100})
	m.SetSize(80, 11) // ten rows
	m.Move(50)
	m.Step(-3)
	at := func() [2]int {
		from, _ := m.Window()
		return [2]int{m.Cursor(), m.Cursor() - from}
	}
	was := at()
	if m.Shift(7); at() != [2]int{was[0] + 7, was[1]} {
		t.Errorf("7 came in: %v, and before %v", at(), was)
	}
	if m.Shift(-12); at() != [2]int{was[0] - 5, was[1]} {
		t.Errorf("12 went: %v, and before %v", at(), was)
	}
	if m.Shift(-90); at()[0] != 0 {
		t.Errorf("more went than there are: %v", at())
	}
}

// TestReveal: of rows behind the cursor's as many are seen as there is room for, and the cursor's always.
func TestReveal(t *testing.T) {
	for rows, want := range map[int]int{0: 9, 1: 8, 4: 5, 9: 0, 40: 0} {
		m := New(columns, styles)
		m.SetSource(rowsOf{n: 100})
		m.SetSize(80, 11)
		m.Move(50) // the last one in the window
		m.Reveal(rows)
		if from, _ := m.Window(); m.Cursor() != 50 || m.Cursor()-from != want {
			t.Errorf("of %d: the cursor is on %d, line %d, want line %d", rows, m.Cursor(), m.Cursor()-from, want)
		}
	}
	m := New(columns, styles)
	m.SetSource(rowsOf{n: 100})
	m.SetSize(80, 11)
	m.Move(3)
	if m.Reveal(5); m.Cursor() != 3 {
		t.Errorf("the cursor is on %d", m.Cursor())
	}
	if from, _ := m.Window(); from != 0 {
		t.Errorf("what is seen is moved by %d", from)
	}
}
