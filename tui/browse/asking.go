package browse

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/tui/show"
	"hearth/tui/ui"
)

// How a list asks its place: for the rows around its window, one question at a time.

// around is how many rows are read on each side of those on screen.
const around = 150

// span is a stretch of rows by their numbers.
type span struct{ from, to int }

func (s span) meets(from, to int) bool { return from < s.to && to > s.from }

// question is what was asked, as its answer has to know it.
type question struct {
	key    string // whose rows, by which filter, in which order
	edged  bool   // from a row that is here: the numbers are those thought of
	ending bool   // for the last rows, wherever they are
}

// reload asks for the rows around the window.
func (l *lister[T]) reload() tea.Cmd { return l.ask(false) }

// refresh has the place read everything again.
func (l *lister[T]) refresh() tea.Cmd {
	l.offline = nil // what is wrong is told again
	if l.State == ui.Failed {
		l.State = ui.Loading
	}
	l.count.of, l.drifted = "", true
	return l.ask(true)
}

// ask asks for the rows around the window, instead of what was asked before. A place
// that has to fetch its rows answers with those that are here by now: see loaded.
func (l *lister[T]) ask(anew bool) tea.Cmd {
	l.table.SetColumns(l.inView())
	from, n := l.table.Window()
	if from = l.spot(from).row; n == 0 {
		n = 50
	}
	if l.anew {
		from, l.count.least = 0, 0
	}
	l.wants = l.table.Shown()
	q := l.wanted()
	q.Limit, q.Partial, q.Anew, q.Wants, q.About = n+2*around, true, anew, l.wants, l.counter != nil
	asks := l.edged(&q, from)
	l.uncount()
	l.reach = span{q.Offset, q.Offset + q.Limit}
	l.asking, l.drifted = true, false
	if l.State == ui.Idle {
		l.State = ui.Loading
	}
	gen, query, judge, turns := l.Gen.Next(), l.asked(), l.judge, l.turning(q)
	cmd := l.latest.Ask(l.host, func(ctx context.Context) tea.Msg {
		m := pageLoadedMsg[T]{gen: gen, question: asks}
		began := time.Now()
		m.page, m.err = query(ctx, q)
		m.took = time.Since(began)
		if m.err == nil {
			m.turns = turns(ctx)
		}
		if judge != nil && m.err == nil && m.page.Complete {
			m.marks = judge(ctx, m.page.Rows)
		}
		return m
	})
	return tea.Batch(cmd, l.fadeSoon())
}

// edged has a question begin, or end, at a row that is here, so that the place need not
// pass over those before it; the first rows are found without.
func (l *lister[T]) edged(q *core.Query, from int) question {
	asks := question{key: l.key()}
	q.Offset = max(from-around, 0)
	l.ending = l.ending && l.table.Cursor() == l.Len()-1 // whoever has moved on since is not taken back
	switch {
	case l.anew || l.pending() || l.drifted && !l.page.About:
	case l.ending:
		end := l.page.Total
		if l.page.About && !l.count.fromEnd { // no less than there can be, so that all have a number on the way back
			end = l.page.All
		}
		q.Offset, asks.ending = max(end-q.Limit, 0), true
		q.From = &core.Edge{Back: true}
	case q.Offset == 0:
	case l.row(q.Offset) != nil:
		row := l.row(q.Offset)
		q.From = core.EdgeOf(row, l.id(row), l.columns, q.Sort, false)
	case l.row(q.Offset+q.Limit) != nil:
		row := l.row(q.Offset + q.Limit)
		q.From = core.EdgeOf(row, l.id(row), l.columns, q.Sort, true)
	}
	asks.edged = q.From != nil && !asks.ending
	return asks
}

// numbered puts the numbers of a page right: those of a page that was found from a row
// are as old as that row's, and the last rows may be further on than was known.
func (l *lister[T]) numbered(asked question, was int) {
	end := l.page.Offset + len(l.page.Rows)
	l.drifted = asked.edged && !l.page.About && was != l.page.All
	switch {
	case asked.ending && l.page.About:
		l.count.fromEnd, l.count.end = true, end
	case !asked.edged, l.page.Offset == 0, !l.page.About:
		l.count.fromEnd = false
	}
	switch {
	case l.count.fromEnd:
		l.page.Total = l.count.end
	case l.page.About:
		l.page.Total = max(l.page.Total, end)
		l.count.least = max(l.count.least, l.page.Total)
	}
	if l.count.of == l.key() && l.count.all == l.page.All {
		l.counted(l.count.n)
	}
}

// key is what the rows that are shown are to be an answer to.
func (l *lister[T]) key() string {
	key := fmt.Sprintf("%d %s %v %s", l.at.Desk().Reach, l.sort.Column, l.sort.Desc, l.holds.Text)
	if l.only {
		key += fmt.Sprintf(" marked %d", l.changes)
	}
	return key
}

// pending reports whether the rows that are here are not those that were asked for.
func (l *lister[T]) pending() bool { return l.State == ui.Ready && l.of != l.key() }

// stale reports whether they are shown as such.
func (l *lister[T]) stale() bool { return l.pending() && l.table.Faded() }

// acted is the row that actions work on: none while other rows were asked for.
func (l *lister[T]) acted() *T {
	if l.pending() {
		return nil
	}
	return l.current()
}

// noAct says why nothing can be done to the rows that are shown, "" if it can.
func (l *lister[T]) noAct() string {
	switch {
	case l.pending() && l.offline != nil:
		return "these are the rows of before, and those that were asked for cannot be read: " + ui.WhatOf(l.offline)
	case l.pending():
		return "these are the rows of before; those that were asked for are being read"
	}
	return ""
}

// soon is how long the rows of before stand as they are: most answers come sooner, and
// a list that fades with each letter flickers.
const soon = 60 * time.Millisecond

// fadeMsg says that the answer takes its time.
type fadeMsg struct{ taken int }

// fadeSoon has the rows drawn as those of before, if no answer has come by then.
func (l *lister[T]) fadeSoon() tea.Cmd {
	if !l.pending() || l.table.Faded() {
		return nil
	}
	return l.host.Later(soon, fadeMsg{l.taken})
}

func (l *lister[T]) fade(msg fadeMsg) {
	if l.pending() && msg.taken == l.taken {
		l.table.Fade(true)
	}
}

// wanted asks for all rows that fulfil the filter, in order.
func (l *lister[T]) wanted() core.Query {
	return core.Query{Reach: l.at.Desk().Reach, Filter: l.holds, Sort: []core.Order{l.sort}, Now: l.now()}
}

// more reads on when the window comes near the end of the rows that are here, or
// shows a column that they were read without. What is being asked is let come where it
// is near what is shown: a held key would else end each question by the next.
func (l *lister[T]) more() tea.Cmd {
	from, n := l.table.Window()
	lo, hi := l.page.Offset, l.page.Offset+len(l.page.Rows)
	end := l.spot(from+n).row + around/2
	from = l.spot(from).row
	if !l.page.About || l.count.fromEnd {
		end = min(end, l.page.Total)
	}
	here := !l.drifted && max(from-around/2, 0) >= lo && end <= hi
	for _, column := range l.table.Shown() {
		here = here && slices.Contains(l.wants, column)
	}
	if l.State != ui.Ready || here || l.asking && (l.pending() || l.reach.meets(from-4*n, from+5*n)) {
		return nil
	}
	return l.reload()
}

// toEnd goes to the last row, which may be further on than is known.
func (l *lister[T]) toEnd() {
	l.table.End()
	l.ending = l.State == ui.Ready && !l.pending()
}

// count is how many rows fulfil the filter, where a page only says about how many.
type count struct {
	of     string // the question that it counts
	all    int    // how many rows there were without a filter
	n      int
	asking string
	latest ui.Latest

	least   int  // rows that there are at least
	fromEnd bool // the rows that are here are numbered from the end, which is thought to be at
	end     int
}

// countedMsg is the answer.
type countedMsg struct {
	of     string
	all, n int
	err    error
}

// uncount ends a counting that nobody waits for any more.
func (l *lister[T]) uncount() {
	if l.count.asking != "" && l.count.asking != l.key() {
		l.count.latest.End()
		l.count.asking = ""
	}
}

// countAll asks how many rows there are, if that is not known.
func (l *lister[T]) countAll() tea.Cmd {
	of := l.key()
	if !l.page.About || l.counter == nil || l.pending() || l.count.asking == of {
		return nil
	}
	l.count.asking = of
	q, all, counter := l.wanted(), l.page.All, l.counter
	return l.count.latest.Ask(l.host, func(ctx context.Context) tea.Msg {
		n, err := counter(ctx, q)
		return countedMsg{of, all, n, err}
	})
}

// takeCount takes the answer. Where the place could not count, the head goes on saying
// what is known.
func (l *lister[T]) takeCount(msg countedMsg) {
	if msg.of == l.count.asking {
		l.count.asking = ""
	}
	if msg.err != nil || msg.of != l.key() || l.pending() {
		return
	}
	l.count.of, l.count.all, l.count.n = msg.of, msg.all, msg.n
	if l.page.About {
		l.counted(msg.n)
		l.table.SetSource(l)
	}
}

// counted makes a page's number exact; rows that were numbered from the end then get
// theirs, and the cursor stays on its row.
func (l *lister[T]) counted(n int) {
	if !l.page.About {
		return
	}
	if by := n - l.count.end; l.count.fromEnd && by != 0 {
		at := l.spot(l.table.Cursor())
		l.page.Offset = max(l.page.Offset+by, 0)
		l.page.Total = n
		l.relocate(true)
		l.table.SetSource(l)
		l.table.Move(l.line(spot{at.row + by, at.below}))
	}
	l.page.Total, l.page.About, l.count.fromEnd = max(n, l.page.Offset+len(l.page.Rows)), false, false
}

// number is how many rows there are, as well as that is known.
func (l *lister[T]) number() string {
	switch {
	case !l.page.About:
		return show.Thousands(l.page.Total)
	case l.count.of == l.key():
		return "about " + show.Thousands(max(l.count.n, l.count.least))
	}
	return show.Thousands(l.count.least) + " or more"
}

// collecting is of letters: the first one asks at once, those that follow within a
// moment ask together.
type collecting struct {
	running bool // the moment
	more    bool // something was typed in it
	gen     ui.Generation
}

func (c *collecting) end() { *c = collecting{gen: c.gen + 1} }

// moment is how long letters are collected.
const moment = 50 * time.Millisecond

// collectedMsg says that a moment is over.
type collectedMsg struct{ gen ui.Generation }

// collect asks for what was typed, at once or when the moment is over; what was asked
// before is ended in any case.
func (l *lister[T]) collect() tea.Cmd {
	if l.letters.running {
		l.letters.more = true
		l.latest.End()
		l.uncount()
		return l.fadeSoon()
	}
	l.letters.running = true
	return tea.Batch(l.reload(), l.host.Later(moment, collectedMsg{l.letters.gen.Next()}))
}

func (l *lister[T]) collected(msg collectedMsg) tea.Cmd {
	if msg.gen != l.letters.gen || !l.letters.running {
		return nil
	}
	more := l.letters.more
	l.letters.running, l.letters.more = false, false
	if !more {
		return nil
	}
	return l.collect()
}

// aging is what the clock does to a filter: a question by age is the same until a row
// comes of that age, so that the place need not look for it again and again.
type aging struct {
	of    string    // the filter
	now   time.Time // that it is asked with
	turns time.Time // when the answer changes by the clock alone; zero: that is not known
}

// now is the time that the filter goes by.
func (l *lister[T]) now() time.Time {
	now := l.host.Look().Now
	if len(ages(l.holds)) == 0 {
		return now
	}
	if l.age.of != l.holds.Text || l.age.turns.IsZero() || !now.Before(l.age.turns) {
		l.age = aging{of: l.holds.Text, now: now}
	}
	return l.age.now
}

// ages are the terms of a filter that the clock decides.
func ages(f core.Filter) (out []core.Term) {
	for _, t := range f.Terms {
		if t.Kind == core.TimeColumn && t.At.IsZero() && t.Column != core.ProvenColumn { // of which no place knows the next
			out = append(out, t)
		}
	}
	return out
}

// turning finds when the clock changes the answer to a question: when the first of the
// rows that are younger than an age of the filter comes of it.
func (l *lister[T]) turning(q core.Query) func(context.Context) time.Time {
	terms, query, columns := ages(q.Filter), l.query, l.columns
	if known := l.age.turns; !known.IsZero() && l.age.of == q.Filter.Text {
		return func(context.Context) time.Time { return known }
	}
	return func(ctx context.Context) (first time.Time) {
		for _, t := range terms {
			at := q.Now.Add(t.Age) // what is made from now on comes of it later
			younger := core.Term{Column: t.Column, Kind: t.Kind, Op: core.Less, Age: t.Age}
			bound := core.Edge{Value: pyjson.OfTime(q.Now.Add(-t.Age), false)} // of no row: where such a one would be
			page, err := query(ctx, core.Query{Reach: q.Reach, Now: q.Now, Limit: 1, Partial: q.Partial, About: q.About, From: &bound,
				Filter: core.Filter{Text: strings.Join([]string{t.Column, t.Age.String()}, "<"), Terms: []core.Term{younger}},
				Sort:   []core.Order{{Column: t.Column}}})
			if err != nil || !page.Complete {
				return time.Time{}
			}
			if len(page.Rows) > 0 {
				col, _ := columns.Find(t.Column)
				if made, _ := col.Value(&page.Rows[0]).Time(); made.Add(t.Age).Before(at) {
					at = made.Add(t.Age)
				}
			}
			if first.IsZero() || at.Before(first) {
				first = at
			}
		}
		return first
	}
}
