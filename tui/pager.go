package tui

import (
	"context"
	"strconv"
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/tui/grid"
)

// lister is a list of a place's rows: a window of them, a filter, an order. The
// screens of backups and of volumes are each one of these with their own columns.
type lister[T any] struct {
	*base
	columns core.Columns[T]
	ask     func(context.Context, core.Query) (core.Page[T], error)
	id      func(*T) string
	cells   func(*T) []grid.Cell
	table   *grid.Model

	gen    generation
	state  state
	err    error
	query  core.Query
	sort   core.Order
	page   core.Page[T] // the rows that are here
	total  int
	all    int
	asking bool // an answer is on its way

	filter  textinput.Model
	typing  bool // the filter has the focus
	mistake error
}

// pageLoadedMsg is the answer to load.
type pageLoadedMsg[T any] struct {
	gen  generation
	page core.Page[T]
	err  error
}

func newLister[T any](b *base, columns core.Columns[T], filter string) *lister[T] {
	l := &lister[T]{base: b, columns: columns, sort: core.Order{Column: "created", Desc: true}, filter: newInput(filter)}
	l.filter.Blur()
	l.query.Filter, l.mistake = core.ParseFilter(filter, columns)
	return l
}

// Len, Row and Key make the lister the table's source.
func (l *lister[T]) Len() int { return l.total }

func (l *lister[T]) Row(i int) ([]grid.Cell, bool) {
	if row := l.at(i); row != nil {
		return l.cells(row), true
	}
	return nil, false
}

func (l *lister[T]) Key(i int) string {
	if row := l.at(i); row != nil {
		return l.id(row)
	}
	return ""
}

// at returns row i if it is here.
func (l *lister[T]) at(i int) *T {
	if j := i - l.page.Offset; j >= 0 && j < len(l.page.Rows) {
		return &l.page.Rows[j]
	}
	return nil
}

// current is the row under the cursor, nil while it is not here.
func (l *lister[T]) current() *T {
	if l.total == 0 {
		return nil
	}
	return l.at(l.table.Cursor())
}

// around is how many rows are read on each side of those on screen.
const around = 150

// reload reads the rows around the window anew.
func (l *lister[T]) reload() tea.Cmd {
	from, n := l.table.Window()
	if n == 0 {
		n = 50
	}
	q := l.query
	q.Offset, q.Limit = max(from-around, 0), n+2*around
	q.Sort, q.Now = []core.Order{l.sort}, l.now
	if l.state != ready {
		l.state = loading
	}
	l.asking = true
	gen, ask := l.gen.next(), l.ask
	return l.base.ask(func(ctx context.Context) tea.Msg {
		page, err := ask(ctx, q)
		return pageLoadedMsg[T]{gen, page, err}
	})
}

// more reads on when the window comes near the end of the rows that are here.
func (l *lister[T]) more() tea.Cmd {
	from, n := l.table.Window()
	lo, hi := l.page.Offset, l.page.Offset+len(l.page.Rows)
	if l.state != ready || l.asking || max(from-around/2, 0) >= lo && min(from+n+around/2, l.total) <= hi {
		return nil
	}
	return l.reload()
}

// loaded takes an answer; an old one is dropped.
func (l *lister[T]) loaded(msg pageLoadedMsg[T]) tea.Cmd {
	if msg.gen != l.gen {
		return nil
	}
	l.asking = false
	if msg.err != nil {
		if core.CodeOf(msg.err) == core.CodeCancelled {
			return nil
		}
		if l.state != ready {
			l.state = failed
		}
		l.err = msg.err
		return func() tea.Msg { return failure(msg.err) }
	}
	l.state, l.err = ready, nil
	keep := l.table.Key()
	cursor := l.table.Cursor()
	l.page, l.total, l.all = msg.page, msg.page.Total, msg.page.All
	l.table.SetSource(l)
	// The cursor stays on its row if that has moved a little, as new rows make it.
	if keep != "" && l.table.Key() != keep {
		for i := range l.page.Rows {
			if l.id(&l.page.Rows[i]) == keep && abs(l.page.Offset+i-cursor) < around {
				l.table.Move(l.page.Offset + i)
				break
			}
		}
	}
	return l.more()
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}

// setFilter filters by a text, as it is typed; while it is not right the last
// right one stays.
func (l *lister[T]) setFilter(text string) tea.Cmd {
	f, err := core.ParseFilter(text, l.columns)
	l.mistake = err
	if err != nil || f.Text == l.query.Filter.Text {
		return nil
	}
	l.query.Filter = f
	l.table.Home()
	return l.reload()
}

// filterKey is a key while the filter has the focus.
func (l *lister[T]) filterKey(k tea.KeyPressMsg) tea.Cmd {
	switch k.String() {
	case "enter", "down":
		l.typing = false
		l.filter.Blur()
		if l.mistake != nil {
			err := l.mistake
			return func() tea.Msg { return failure(err) }
		}
		return nil
	case "esc":
		l.typing = false
		l.filter.Blur()
		l.filter.SetValue("")
		return l.setFilter("")
	}
	return l.filterMsg(k)
}

func (l *lister[T]) filterMsg(msg tea.Msg) tea.Cmd {
	var cmd tea.Cmd
	if p, ok := msg.(tea.PasteMsg); ok {
		msg = tea.PasteMsg{Content: strings.Map(func(r rune) rune {
			if r < ' ' {
				return ' '
			}
			return r
		}, p.Content)}
	}
	l.filter, cmd = l.filter.Update(msg)
	return tea.Batch(cmd, l.setFilter(l.filter.Value()))
}

// setSort sorts by a column; by the same one again the other way round.
func (l *lister[T]) setSort(column string, desc bool) tea.Cmd {
	l.sort = core.Order{Column: column, Desc: desc}
	l.table.SetSort(column, desc)
	l.table.Home()
	return l.reload()
}

// filterLine shows the filter: what is typed, or what holds, and what is wrong.
func (l *lister[T]) filterLine(w int) string {
	s := l.styles
	if l.typing {
		in := l.filter
		line := s.key.Paint("/") + " "
		if l.mistake != nil {
			in.SetWidth(max(w/3, 10))
			return clip(line+in.View()+"  "+s.warn.Paint("! "+l.mistake.Error()), w)
		}
		in.SetWidth(max(w-12, 4))
		return clip(line+in.View(), w)
	}
	return s.dim.Paint("filter: ") + s.mark.Paint(core.Visible(l.query.Filter.Text)) + s.dim.Paint("  (/ changes it)")
}

// count tells how many rows there are: "34 of 90", "90".
func (l *lister[T]) count(noun string) string {
	text := thousands(l.total) + " " + noun
	if l.total != 1 {
		text += "s"
	}
	if l.total != l.all {
		text += " of " + thousands(l.all)
	}
	if n := l.table.Marks(); n > 0 {
		text += ", " + thousands(n) + " marked"
	}
	return text
}

func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
