package browse

import (
	"context"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/tui/show"
	"hearth/tui/ui"
)

// The view of the marked: the rows that are marked and no others, those that a rule marks, too.
// They are read anew each time, as they are now, and filtered and put in order here.

// onlyMarked shows the marked alone, or all again.
func (s *listScreen[T]) onlyMarked() ui.Action {
	a := ui.Action{Name: "only-marked", Keys: []string{"o"}, Help: "Show only what is marked", Why: s.noMarked, Run: s.refitted(s.showMarked)}
	if s.only {
		a.Help, a.Why, a.Run = "Show all again, and not only what is marked", nil, s.refitted(s.allAgain)
	}
	return a
}

// showMarked shows what is marked. What was filtered by would hide some of it, and comes back later.
func (l *lister[T]) showMarked() tea.Cmd {
	l.relaying(l.shut)
	l.before = l.field.Value()
	l.only, l.anew = true, true
	l.field.SetValue("")
	l.holds, l.mistake = core.Filter{}, nil
	return l.reload()
}

// allAgain leaves the view of the marked.
func (l *lister[T]) allAgain() tea.Cmd {
	l.only, l.anew = false, true
	l.field.SetValue(l.before)
	l.holds, l.mistake = core.ParseFilter(l.within(l.before), l.columns)
	l.before = ""
	return l.reload()
}

// noMarked says why the marked cannot be shown, "" if they can.
func (l *lister[T]) noMarked() string {
	n, _ := l.marked()
	switch {
	case n == 0:
		return "nothing is marked; " + ui.KeyOf("mark") + " marks a row"
	case n > most:
		return show.Thousands(n) + " are marked, too many to be read one by one; the filter by which they were marked shows them"
	}
	return ""
}

// unmarked follows a change of the marks: what is marked no more is not shown there any more, and
// where nothing is marked all are.
func (l *lister[T]) unmarked() tea.Cmd {
	if !l.only {
		return nil
	}
	if n, _ := l.marked(); n == 0 {
		return l.allAgain()
	}
	l.changes++
	return l.reload()
}

// asked is what a question of the list goes to: the place, or the rows that are marked there.
func (l *lister[T]) asked() func(context.Context, core.Query) (core.Page[T], error) {
	if !l.only {
		return l.query
	}
	own, query, id, columns := l.table.MarkedKeys(), l.query, l.id, l.columns
	single := map[string]bool{}
	for _, key := range own {
		single[key] = true
	}
	ruled := func(context.Context, func([]T)) error { return nil }
	if l.rule != nil {
		ruled = l.rowsOf(*l.rule, l.table.But())
	}
	return func(ctx context.Context, q core.Query) (core.Page[T], error) {
		var rows []T
		here := map[string]bool{}
		take := func(some []T) {
			for i := range some {
				if key := id(&some[i]); !here[key] {
					here[key] = true
					rows = append(rows, some[i])
				}
			}
		}
		err := ruled(ctx, take)
		for part := range slices.Chunk(own, mostIDs) {
			if err != nil && core.CodeOf(err) != core.CodeIncomplete {
				return core.Page[T]{}, err
			}
			page, failed := query(ctx, core.Query{Reach: q.Reach, Filter: ofIDs(part), Now: q.Now, Wants: q.Wants})
			take(slices.DeleteFunc(page.Rows, func(row T) bool { return !single[id(&row)] })) // one may begin as another
			if failed != nil {
				err = failed
			}
		}
		if err != nil && core.CodeOf(err) != core.CodeIncomplete {
			return core.Page[T]{}, err
		}
		q.From, q.About, q.Partial = nil, false, false
		page := core.Select(rows, id, columns, q)
		page.Complete = true
		return page, err
	}
}

// mostIDs is how many rows are asked for by their ids at once.
const mostIDs = 200

// ofIDs is the filter for rows whose ids begin so.
func ofIDs(ids []string) core.Filter {
	t := core.Term{Column: "id", Kind: core.IDColumn, Op: core.Is}
	for _, id := range ids {
		t.Words = append(t.Words, core.Fold(id))
	}
	return core.Filter{Text: "id:" + strings.Join(ids, ","), Terms: []core.Term{t}}
}

// noMarking says why nothing more can be marked, "" if it can.
func (l *lister[T]) noMarking() string {
	if l.only {
		return "what is shown is marked already"
	}
	return l.noAct()
}
