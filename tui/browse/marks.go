package browse

import (
	"context"
	"slices"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/tui/show"
	"hearth/tui/ui"
)

// Marks: rows that were marked by themselves, and a rule, "all that fulfil this filter,
// but these". A rule costs the same for a million rows as for one; which they are is
// read when something is asked to act on them, and written down then.

// rule marks all rows that fulfil a filter.
type rule struct {
	reach  core.Reach
	filter core.Filter
	sort   core.Order
	n      int  // how many rows that were, as last known
	about  bool // n is not exact
}

// most is how many rows of a rule become marks of their own, as another rule takes its place.
const most = 10_000

// batch is how many rows are read at once.
const batch = 2000

// mark marks the row under the cursor, or takes its mark away.
func (l *lister[T]) mark() {
	if row := l.current(); row != nil {
		l.kept[l.id(row)] = *row
	}
	l.table.Toggle()
}

func (l *lister[T]) unmark() {
	l.table.Unmark()
	l.rule = nil
	clear(l.kept)
}

// forget takes the marks of rows away that are there no longer.
func (l *lister[T]) forget(keys []string) {
	for _, key := range keys {
		l.table.Forget(key)
		delete(l.kept, key)
	}
}

// allMarkedMsg brings the rows of the rule that was, for another to take its place.
type allMarkedMsg[T any] struct {
	of   *rule
	rows []T
	err  error
}

// markAll marks every row that fulfils the filter, those not on screen as well. What
// another filter marked before stays marked.
func (l *lister[T]) markAll() tea.Cmd {
	was := l.rule
	if was == nil || was.filter.Text == l.holds.Text && was.reach == l.at.Desk().Reach {
		return l.markRule()
	}
	if was.n > most {
		return ui.Say(ui.LevelWarn, "All "+show.Thousands(was.n)+" that fulfil "+quoted(was.filter)+
			" are marked, too many to remember one by one beside others: "+ui.KeyOf("unmark")+
			" takes their marks away first.")
	}
	read := l.rowsOf(*was, l.table.But())
	return l.choosing.Ask(l.host, func(ctx context.Context) tea.Msg {
		m := allMarkedMsg[T]{of: was}
		m.err = read(ctx, func(rows []T) { m.rows = append(m.rows, rows...) })
		return m
	})
}

// markBesides makes marks of their own of the rows that a rule marked, and marks by the
// filter that holds now.
func (l *lister[T]) markBesides(msg allMarkedMsg[T]) tea.Cmd {
	switch {
	case msg.err != nil && core.CodeOf(msg.err) != core.CodeIncomplete:
		return ui.Fail(msg.err)
	case msg.of != l.rule || l.pending():
		return nil
	}
	l.rule = nil
	l.table.MarkRule(nil)
	for i := range msg.rows {
		key := l.id(&msg.rows[i])
		l.kept[key] = msg.rows[i]
		l.table.Mark(key)
	}
	return l.markRule()
}

// markRule marks by the filter that holds now.
func (l *lister[T]) markRule() tea.Cmd {
	now := l.now()
	r := &rule{reach: l.at.Desk().Reach, filter: l.holds, sort: l.sort}
	l.rule = r
	for key, row := range l.kept { // a mark is counted once
		if core.Match(r.filter, l.columns, &row, now) {
			l.table.Forget(key)
			delete(l.kept, key)
		}
	}
	l.table.MarkRule(func(i int) bool {
		row := l.seenRow(i)
		return row != nil && (r.filter.Text == l.holds.Text && l.spot(i).below < 0 || core.Match(r.filter, l.columns, row, l.host.Look().Now))
	})
	l.ruled()
	said := markedNumber(r.n, r.about) + " marked."
	if l.folding() {
		said = markedNumber(r.n, r.about) + " full backups marked, and nothing that stands on them: the list is folded."
	}
	if l.page.Short != nil {
		return ui.Say(ui.LevelWarn, markedNumber(r.n, r.about)+" marked, and there are more: "+ui.WhatOf(l.page.Short)+".")
	}
	return ui.Say(ui.LevelInfo, said)
}

// ruled takes from the page how many rows the rule marks, where it is of them.
func (l *lister[T]) ruled() {
	if r := l.rule; r != nil && !l.only && !l.pending() && r.filter.Text == l.holds.Text && r.reach == l.at.Desk().Reach {
		r.n, r.about = l.page.Total, l.page.About || !l.page.Complete
	}
}

// marked is how many rows are marked, and whether that is exact.
func (l *lister[T]) marked() (n int, exact bool) {
	if l.rule == nil {
		return l.table.Marks(), true
	}
	return max(l.rule.n-len(l.table.But()), 0) + l.table.Marks(), !l.rule.about
}

func markedNumber(n int, about bool) string {
	if about {
		return "about " + show.Thousands(n)
	}
	return show.Thousands(n)
}

// markedText tells of the marks, "" if there are none.
func (l *lister[T]) markedText() string {
	n, exact := l.marked()
	if n == 0 && l.rule == nil {
		return ""
	}
	text := markedNumber(n, !exact) + " marked"
	if r := l.rule; r != nil && !l.only && r.filter.Text == l.holds.Text && n == l.page.Total && n > 1 {
		text = "all " + text
	}
	return ", " + text
}

// quoted is a filter for a sentence.
func quoted(f core.Filter) string {
	if f.Text == "" {
		return "no filter"
	}
	return "“" + core.Visible(f.Text) + "”"
}

// rowsOf reads the rows that a rule marks, but for those that were taken out of it, some
// thousands at a time, in the order of the list.
func (l *lister[T]) rowsOf(r rule, but []string) func(context.Context, func([]T)) error {
	query, id, columns, now := l.query, l.id, l.columns, l.host.Look().Now
	return func(ctx context.Context, take func([]T)) error {
		q := core.Query{Reach: r.reach, Filter: r.filter, Sort: []core.Order{r.sort}, Limit: batch, About: true, Now: now}
		var last map[string]bool // of the batch before: where rows move, they come twice
		for {
			page, err := query(ctx, q)
			if err != nil && core.CodeOf(err) != core.CodeIncomplete {
				return err
			}
			here := map[string]bool{}
			rows := slices.DeleteFunc(slices.Clone(page.Rows), func(row T) bool {
				key := id(&row)
				here[key] = true
				_, out := slices.BinarySearch(but, key)
				return out || last[key]
			})
			take(rows)
			n := len(page.Rows)
			if n < q.Limit || err != nil {
				return err
			}
			end := &page.Rows[n-1]
			last, q.Offset = here, page.Offset+n-1
			q.From = core.EdgeOf(end, id(end), columns, q.Sort, false)
		}
	}
}

// choice is what an action on several works on.
type choice[T any] struct {
	ids []string
	// left says of a row, as it is when its turn comes, why it is left alone, "" if it is
	// still meant; nil: each was chosen by itself.
	left func(*T) string
}

// chosenMsg brings what a rule marks.
type chosenMsg[T any] struct {
	choice[T]
	then func(choice[T]) tea.Cmd
	err  error
}

// choose has an action go on with what it works on: the marked rows in the order in which
// they were marked, else the one under the cursor. What a rule marks is read now, and is
// what the action works on from then on, whatever comes to fulfil the filter later.
func (l *lister[T]) choose(then func(choice[T]) tea.Cmd) tea.Cmd {
	own := l.table.MarkedKeys()
	switch {
	case l.rule == nil && len(own) > 0:
		return then(choice[T]{ids: own})
	case l.rule == nil:
		return then(choice[T]{ids: slices.DeleteFunc([]string{l.table.Key()}, func(k string) bool { return k == "" })})
	}
	r, read, id := *l.rule, l.rowsOf(*l.rule, l.table.But()), l.id
	single := map[string]bool{}
	for _, key := range own {
		single[key] = true
	}
	columns, host := l.columns, l.host
	left := func(row *T) string {
		if single[id(row)] || core.Match(r.filter, columns, row, host.Look().Now) {
			return ""
		}
		return "it no longer fulfils " + quoted(r.filter) + ", by which it was marked"
	}
	return tea.Batch(ui.Looking("Reading which rows are marked"), l.choosing.Ask(l.host, func(ctx context.Context) tea.Msg {
		m := chosenMsg[T]{choice: choice[T]{own, left}, then: then}
		m.err = read(ctx, func(rows []T) {
			for i := range rows {
				if key := id(&rows[i]); !single[key] {
					m.ids = append(m.ids, key)
				}
			}
		})
		return m
	}))
}

// chosen goes on with what a rule marks.
func (l *lister[T]) chosen(msg chosenMsg[T]) tea.Cmd {
	switch {
	case core.CodeOf(msg.err) == core.CodeIncomplete:
		return tea.Batch(ui.Say(ui.LevelWarn, "There are more than the "+show.Thousands(len(msg.ids))+" that could be read: "+
			ui.WhatOf(msg.err)+"."), msg.then(msg.choice))
	case msg.err != nil:
		return ui.Fail(msg.err)
	case len(msg.ids) == 0:
		return ui.Say(ui.LevelWarn, "Nothing fulfils "+quoted(l.rule.orAll())+" any more; nothing was done.")
	}
	// The number is that of now, which may be another than when they were marked.
	return tea.Sequence(ui.Say(ui.LevelInfo, show.Thousands(len(msg.ids))+" marked, as of now."), msg.then(msg.choice))
}

// orAll is the filter of a rule, which may be there no longer.
func (r *rule) orAll() core.Filter {
	if r == nil {
		return core.Filter{}
	}
	return r.filter
}
