package browse

import (
	"context"
	"reflect"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/tui/grid"
	"hearth/tui/ui"
)

// A folded list: only rows on which others stand are asked for, by a filter, so that a million rows
// page, sort and filter as ever. Those that stand on one of them are laid below it, one at a time,
// and are no part of the page: the page numbers its rows without them.

// folder is how the rows of a list stand on each other; nil: they do not.
type folder[T any] struct {
	noun   string    // what those are called that others stand on
	by     core.Term // the filter of those
	text   string    // as it is typed
	title  func(*T) string
	stands func(*T) (yes, known bool)
	// below reads what stands on a row, with some columns; away what a query of the list leaves out, of
	// a place of so many rows.
	below func(row T, wants []string) func(context.Context) ([]branch[T], jobs.Standing, error)
	away  func(q core.Query, all int) func(context.Context) (jobs.Folded, error)
}

// branch is a row that stands on another.
type branch[T any] struct {
	row  T
	lead string // what is drawn before it
}

// unfolded is the row under which what stands on it is shown.
type unfolded[T any] struct {
	row   T
	id    string
	at    int // which row of the page's numbers it is
	below []branch[T]
	marks map[string][]core.Mark // of those below
	says  jobs.Standing
	state ui.ReadState
	err   error // why it could not be read, or not anew; nil: it could
	gen   ui.Generation
	wants []string  // the columns that it was read with
	all   int       // how many rows there were when it was read
	since time.Time // when

	asking bool // an answer is on its way
	lost   bool // it is not known which row it is, as others come in
}

// folding reports whether the list is shown folded; the marked never are.
func (l *lister[T]) folding() bool { return l.folded && l.folder != nil && !l.only }

// foldText is what the filter says so that the list is folded; "" where it is not.
func (l *lister[T]) foldText() string {
	if l.folding() {
		return l.folder.text
	}
	return ""
}

// plain is the filter that holds, without what folds the list.
func (l *lister[T]) plain() core.Filter {
	f := l.holds
	if !l.folding() {
		return f
	}
	f.Text = joined(l.begun, l.typedText())
	if i := slices.IndexFunc(f.Terms, func(t core.Term) bool {
		return t.Column == l.folder.by.Column && t.Flag == l.folder.by.Flag && !t.Not
	}); i >= 0 {
		f.Terms = slices.Delete(slices.Clone(f.Terms), i, i+1)
	}
	return f
}

// extra is how many rows stand below the one that is unfolded.
func (l *lister[T]) extra() int {
	if l.chain == nil || l.chain.lost || l.chain.at >= l.page.Total {
		return 0
	}
	return len(l.chain.below)
}

// spot is a row of the table: one of the page's numbers, and which of those below that, -1 for the
// row itself.
type spot struct{ row, below int }

func (l *lister[T]) spot(i int) spot {
	switch n := l.extra(); {
	case n == 0 || i <= l.chain.at:
		return spot{i, -1}
	case i <= l.chain.at+n:
		return spot{l.chain.at, i - l.chain.at - 1}
	default:
		return spot{i - n, -1}
	}
}

// line is the table's number of a row.
func (l *lister[T]) line(s spot) int {
	switch n := l.extra(); {
	case n == 0 || s.row < l.chain.at:
		return s.row
	case s.row == l.chain.at:
		return s.row + 1 + min(s.below, n-1)
	default:
		return s.row + n
	}
}

// seenRow is row i of the table if it is here.
func (l *lister[T]) seenRow(i int) *T {
	s := l.spot(i)
	if s.below >= 0 {
		return &l.chain.below[s.below].row
	}
	return l.row(s.row)
}

// relaying changes which rows are laid below which; the cursor stays on its row, or goes to the one
// that it stood on.
func (l *lister[T]) relaying(change func()) {
	at, key := l.spot(l.table.Cursor()), l.table.Key()
	change()
	if at.below >= 0 {
		at.below = min(at.below, l.extra()-1)
		if i := l.belowOf(key); i >= 0 {
			at.below = i
		}
	}
	l.table.SetSource(l)
	l.table.Shift(l.line(at) - l.table.Cursor())
}

// belowOf is which of those below has a key, -1 if none.
func (l *lister[T]) belowOf(key string) int {
	if l.chain == nil || key == "" {
		return -1
	}
	return slices.IndexFunc(l.chain.below, func(b branch[T]) bool { return l.id(&b.row) == key })
}

// relocate finds the unfolded row in a page that was read anew, in answer to the same question or to
// another. Where it should be in that and is not, nothing is unfolded any more; where it may have
// another number by now, what stands on it is not shown until it is found.
func (l *lister[T]) relocate(same bool) {
	o := l.chain
	if o == nil {
		return
	}
	if i := slices.IndexFunc(l.page.Rows, func(row T) bool { return l.id(&row) == o.id }); i >= 0 {
		o.at, o.lost = l.page.Offset+i, false
		return
	}
	within := o.at >= l.page.Offset && o.at <= l.page.Offset+len(l.page.Rows)
	switch {
	case same && !within && l.page.All == o.all && o.at < l.page.Total: // its number is what it was
	case l.page.Complete && (!same || within):
		l.shut()
	default:
		o.lost = true
	}
}

// shut unfolds nothing any more; what was asked for that is not wanted.
func (l *lister[T]) shut() {
	if l.chain != nil {
		l.beneath.End()
		l.chain = nil
	}
}

// belowMsg brings what stands on a row.
type belowMsg[T any] struct {
	gen   ui.Generation
	below []branch[T]
	marks map[string][]core.Mark
	says  jobs.Standing
	all   int
	err   error
}

// unfold shows what stands on the row under the cursor, instead of on another; where that is shown
// it goes there, and where it could not be read it is asked for again.
func (l *lister[T]) unfold() tea.Cmd {
	row := l.current()
	switch o := l.chain; {
	case o != nil && o.id == l.id(row) && len(o.below) > 0:
		l.table.Step(1)
		return nil
	case o != nil && o.id == l.id(row):
		return l.readBelow()
	}
	at, copied := l.spot(l.table.Cursor()).row, *row
	l.relaying(func() {
		l.shut()
		l.chain = &unfolded[T]{row: copied, id: l.id(&copied), at: at, all: l.page.All}
	})
	return l.readBelow()
}

// fold goes from a row to the one that it stands below, and from there folds.
func (l *lister[T]) fold() {
	if at := l.spot(l.table.Cursor()); at.below >= 0 {
		l.table.Move(l.line(spot{at.row, -1}))
		return
	}
	l.relaying(l.shut)
}

// readBelow asks for what stands on the unfolded row, instead of what was asked before.
func (l *lister[T]) readBelow() tea.Cmd {
	o := l.chain
	o.gen = l.unfoldings.Next()
	if o.state != ui.Ready {
		o.state = ui.Loading
	}
	o.asking, o.wants = true, l.wants
	gen, all, ask, judge := o.gen, l.page.All, l.folder.below(o.row, o.wants), l.judge
	return l.beneath.Ask(l.host, func(ctx context.Context) tea.Msg {
		m := belowMsg[T]{gen: gen, all: all}
		m.below, m.says, m.err = ask(ctx)
		if judge != nil && m.err == nil {
			rows := make([]T, len(m.below))
			for i := range rows {
				rows[i] = m.below[i].row
			}
			m.marks = judge(ctx, rows)
		}
		return m
	})
}

// takeBelow takes the answer. Where it failed, what was read before stays, and the line says so.
func (l *lister[T]) takeBelow(msg belowMsg[T]) tea.Cmd {
	o := l.chain
	if o == nil || msg.gen != o.gen {
		return nil
	}
	told := o.err != nil && msg.err != nil && o.err.Error() == msg.err.Error()
	first := o.state != ui.Ready
	o.err, o.asking, o.all, o.since = msg.err, false, msg.all, l.host.Look().Now
	switch {
	case msg.err != nil && first:
		o.state = ui.Failed
	case msg.err == nil:
		o.state = ui.Ready
	}
	switch {
	case told:
		return nil
	case msg.err != nil:
		return ui.Fail(msg.err)
	}
	var turned tea.Cmd
	if l.turned != nil {
		turned = l.turned(rowsOf(o.below), rowsOf(msg.below))
	}
	l.relaying(func() { o.below, o.marks, o.says = msg.below, msg.marks, msg.says })
	if first && l.spot(l.table.Cursor()) == (spot{o.at, -1}) {
		l.table.Reveal(l.extra())
	}
	return turned
}

func rowsOf[T any](below []branch[T]) []T {
	out := make([]T, len(below))
	for i := range below {
		out[i] = below[i].row
	}
	return out
}

// old is how long what stands on a row is good for where nothing says that it has changed: a cloud
// is asked for it by several requests.
const old = time.Minute

// belowAgain asks anew for what stands on the unfolded row, where it may have changed.
func (l *lister[T]) belowAgain(renewed bool) tea.Cmd {
	o := l.chain
	if o == nil || o.asking && !renewed || l.pending() || l.offline != nil {
		return nil
	}
	moving := l.here() || slices.ContainsFunc(o.below, func(b branch[T]) bool { return l.moves(&b.row) })
	renewed = renewed || slices.ContainsFunc(l.wants, func(c string) bool { return !slices.Contains(o.wants, c) })
	if row := l.row(o.at); row != nil && l.id(row) == o.id {
		moving = moving || l.moves(row)
		renewed = renewed || !reflect.DeepEqual(o.row, *row)
		o.row = *row
	}
	if age := l.host.Look().Now.Sub(o.since); renewed || o.all != l.page.All || moving && age > 0 || age >= old {
		return l.readBelow()
	}
	return nil
}

// moves reports whether a row is on its way to another status by itself.
func (l *lister[T]) moves(row *T) bool {
	c, ok := l.columns.Find("status")
	return ok && core.InTransit(c.Value(row).Text())
}

// marksOf is what to think of fields of a row.
func (l *lister[T]) marksOf(id string) []core.Mark {
	if m := l.marks[id]; m != nil || l.chain == nil {
		return m
	}
	return l.chain.marks[id]
}

// led draws before a row's first cell whether others stand on it, or on what it stands.
func (l *lister[T]) led(i int, row *T, cells []grid.Cell) []grid.Cell {
	at := 0
	if order := l.chosenColumns.order; order != nil && !slices.Contains(order, 0) {
		at = order[0]
	}
	s, c := l.host.Look(), &cells[at]
	if x := l.spot(i); x.below >= 0 {
		if !core.Match(l.plain(), l.columns, row, l.host.Look().Now) {
			*c = grid.Cell{Text: "(" + c.Text + ")", Style: s.Dim}
		}
		c.Text = l.chain.below[x.below].lead + c.Text
		return cells
	}
	c.Text = l.sign(row) + " " + c.Text
	return cells
}

// sign says whether others stand on a row, as far as the place tells.
func (l *lister[T]) sign(row *T) string {
	if o := l.chain; o != nil && o.id == l.id(row) {
		switch {
		case len(o.below) > 0:
			return "▾"
		case o.state == ui.Loading:
			return "◌"
		case o.state == ui.Failed:
			return "✗"
		}
		return "·"
	}
	switch yes, known := l.folder.stands(row); {
	case !known:
		return "?"
	case yes:
		return "▸"
	}
	return " "
}
