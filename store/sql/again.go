package sql

import (
	"fmt"
	"slices"

	"hearth/core"
)

// A list that is on screen asks the same again and again, as the clock ticks. Where nobody
// has written meanwhile it gets the answer that it had.

// pagesKept is how many answers are: those of the lists that one goes to and fro between.
const pagesKept = 4

// answered is a page as it was answered.
type answered struct {
	key   string
	stamp int64 // of the view that it was read from
	page  any
}

// again gives the page of a query, from memory if nothing changed: only to those who will
// ask on (core.Query.Partial), as others ask once.
func again[T any](p *Place, db view, table string, q core.Query, read func() (core.Page[T], error)) (core.Page[T], error) {
	if !q.Partial || q.Limit == 0 {
		return read()
	}
	key := fmt.Sprintf("%s %d %d %+v %v %v", orderKey(table, q), q.Offset, q.Limit, q.From, q.About, q.Wants)
	p.mu.Lock()
	i := slices.IndexFunc(p.pages, func(a answered) bool { return a.key == key && a.stamp == db.stamp })
	if i >= 0 && !q.Anew {
		page := p.pages[i].page.(core.Page[T])
		p.mu.Unlock()
		page.Rows = slices.Clone(page.Rows)
		return page, nil
	}
	p.mu.Unlock()
	page, err := read()
	if err != nil || !page.Complete {
		return page, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pages = append(slices.DeleteFunc(p.pages, func(a answered) bool { return a.key == key || a.stamp < db.stamp }),
		answered{key, db.stamp, page})
	if len(p.pages) > pagesKept {
		p.pages = slices.Delete(p.pages, 0, 1)
	}
	page.Rows = slices.Clone(page.Rows)
	return page, nil
}
