package core

import (
	"cmp"
	"container/heap"
	"slices"
	"sort"
	"strings"
	"time"

	"hearth/core/pyjson"
)

// Reach says whose rows a list shows, in a place that several projects share. It is
// part of each question, so that those who ask at the same time need not agree.
type Reach uint8

const (
	ReachDefault Reach = iota // as the place was opened
	ReachOwn                  // those of the login's own project
	ReachAll                  // those of every project; a cloud shows others than an administrator their own
)

// Query asks a place for some of its rows.
type Query struct {
	Reach  Reach // places that know no projects pass it over
	Filter Filter
	Sort   []Order // the id breaks ties, in the direction of the first; empty: newest first, as Cinder
	Offset int     // rows to pass over
	Limit  int     // 0: no limit
	// From names the row that the page begins with, or ends before; Offset then only
	// says which that is thought to be. Without an ID it is where such a row would be, and
	// with Back alone the end of the list. A place without an index goes by Offset alone.
	From *Edge
	// About allows Page.Total to be less than exact where counting takes longer than
	// the rows: see Page.About.
	About bool
	Now   time.Time // for ages in the filter

	// A place that has to fetch its rows may answer Partial with those that are
	// here, Complete false, and go on fetching while it is asked again; it looks
	// for news by itself from time to time. Anew has it read everything again.
	Partial bool
	Anew    bool
	// Wants names the columns that will be shown: what costs more than a row's own
	// fields, as the volume's name does in a cloud, is only read if it is among
	// them, or if the filter or the order needs it.
	Wants []string
}

// Edge is a row of a list, by what it was ordered by when it was read: from there a page
// is found without passing over those before it, and also when the row is gone.
type Edge struct {
	ID    string
	Value pyjson.Value // in the column of the first order
	Back  bool         // the page is what stands before the row; else it begins with it
}

// EdgeOf is a row of a list as an edge.
func EdgeOf[T any](row *T, id string, columns Columns[T], orders []Order, back bool) *Edge {
	e := &Edge{ID: id, Back: back}
	if col, ok := columns.Find(Ordered(orders)[0].Column); ok {
		e.Value = col.Value(row)
	}
	return e
}

// Ordered is what a list is ordered by: as asked, or newest first, as Cinder.
func Ordered(orders []Order) []Order {
	if len(orders) == 0 {
		return []Order{{Column: "created", Desc: true}}
	}
	return orders
}

// Needs reports whether a query needs a column to be answered.
func (q Query) Needs(column string) bool {
	for _, o := range q.Sort {
		if o.Column == column {
			return true
		}
	}
	for _, t := range q.Filter.Terms {
		if t.Column == column || t.Column == "" && slices.Contains(PlainColumns, column) {
			return true
		}
	}
	return slices.Contains(q.Wants, column)
}

// Decides reports whether a query's own column decides which rows answer it, and in
// which order.
func (q Query) Decides(column string) bool {
	return slices.ContainsFunc(q.Sort, func(o Order) bool { return o.Column == column }) ||
		slices.ContainsFunc(q.Filter.Terms, func(t Term) bool { return t.Column == column })
}

// Page is what a place answers.
type Page[T any] struct {
	Rows   []T
	Offset int  // of the first row among those that match
	Total  int  // rows that match the filter
	About  bool // Total is no less than what is known to match, and Offset goes by it
	All    int  // rows without a filter

	AsOf     Opt[time.Time] // when the rows were read from where they live; null: just now
	Complete bool           // false: more rows are still being fetched
	// Lacks says what was to be joined to the rows and could not be read, each with why:
	// "the names of volumes: Cinder says: …". The rows are whole, and marked (Unseen).
	Lacks []string
	// Renewing says that the rows are being read anew right now: a question a moment later
	// gets the new ones, or why there are none.
	Renewing bool
	// Indexing says how far the index of such lists is while it is being made: each page
	// looks at all rows until then. "": there is one, or none is to be.
	Indexing string
	// Short says why these are not all rows though no more are being fetched, as where a
	// list ended early (CodeIncomplete); nil: they are, as far as is known.
	Short error
}

// Select answers a query from rows in memory: what drivers without a query
// language do, and what the others must agree with (store/storetest).
func Select[T any](rows []T, id func(*T) string, columns Columns[T], q Query) Page[T] {
	hits := matching(len(rows), func(i int) *T { return &rows[i] }, columns, q)
	by, desc := orderOf(columns, q)
	order := arranged(hits, desc, func(hit, o int) pyjson.Value { return by[o].Value(&rows[hits[hit]]) }, by,
		func(hit int) string { return id(&rows[hits[hit]]) })
	return pageOf(len(rows), hits, order, func(i int) *T { return &rows[i] }, q)
}

// SelectFrom is [Select] over n rows that are made as they are asked for: what at returns
// need be good only until it is called again. Of all rows no more than what they are put
// in order by is held at a time.
func SelectFrom[T any](n int, at func(int) *T, id func(*T) string, columns Columns[T], q Query) Page[T] {
	return selectFrom(n, at, at, id, columns, q)
}

// selectFrom is [SelectFrom] that puts rows in order by what head returns, and makes those
// of the page, and those that are held against a filter, by at.
func selectFrom[T any](n int, head, at func(int) *T, id func(*T) string, columns Columns[T], q Query) Page[T] {
	hits := matching(n, at, columns, q)
	by, desc := orderOf(columns, q)
	if most := max(q.Offset, 0) + q.Limit; q.Limit > 0 && most < len(hits)/4 {
		hits, all := first(most, hits, head, id, by, desc), len(hits)
		order := make([]int, len(hits))
		for i := range order {
			order[i] = i
		}
		page := pageOf(n, hits, order, at, q)
		page.Total = all
		return page
	}
	keys := make([]pyjson.Value, 0, len(hits)*len(by))
	for _, i := range hits {
		row := head(i)
		for _, c := range by {
			keys = append(keys, c.Value(row))
		}
	}
	order := arranged(hits, desc, func(hit, o int) pyjson.Value { return keys[hit*len(by)+o] }, by,
		func(hit int) string { return id(head(hits[hit])) })
	return pageOf(n, hits, order, at, q)
}

// ranked is a row with what it is put in order by.
type ranked struct {
	hit  int
	keys []pyjson.Value
	id   string
}

// first are the most hits that come first, in order, as [arranged] puts them: a heap holds
// those, the last on top, and most rows are compared with that alone.
func first[T any](most int, hits []int, at func(int) *T, id func(*T) string, by []*Column[T], desc []bool) []int {
	compare := func(a, b *ranked) int {
		for o, col := range by {
			c := compareValues(a.keys[o], b.keys[o], col.Kind)
			if desc[o] {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		c := strings.Compare(a.id, b.id)
		if desc[len(by)] {
			c = -c
		}
		return cmp.Or(c, a.hit-b.hit)
	}
	top := &ranks{compare: compare}
	next := ranked{keys: make([]pyjson.Value, len(by))}
	for _, i := range hits {
		row := at(i)
		next.hit, next.id = i, id(row)
		for o, c := range by {
			next.keys[o] = c.Value(row)
		}
		switch {
		case len(top.rows) < most:
			heap.Push(top, ranked{i, slices.Clone(next.keys), next.id})
		case compare(&next, &top.rows[0]) < 0:
			last := &top.rows[0]
			last.hit, last.id = i, next.id
			copy(last.keys, next.keys)
			heap.Fix(top, 0)
		}
	}
	slices.SortFunc(top.rows, func(a, b ranked) int { return compare(&a, &b) })
	out := make([]int, len(top.rows))
	for i := range out {
		out[i] = top.rows[i].hit
	}
	return out
}

// ranks are a heap of rows, the last of them on top.
type ranks struct {
	rows    []ranked
	compare func(a, b *ranked) int
}

func (r *ranks) Len() int           { return len(r.rows) }
func (r *ranks) Less(i, j int) bool { return r.compare(&r.rows[i], &r.rows[j]) > 0 }
func (r *ranks) Swap(i, j int)      { r.rows[i], r.rows[j] = r.rows[j], r.rows[i] }
func (r *ranks) Push(x any)         { r.rows = append(r.rows, x.(ranked)) }
func (r *ranks) Pop() any {
	last := r.rows[len(r.rows)-1]
	r.rows = r.rows[:len(r.rows)-1]
	return last
}

// matching are the rows that a filter lets through.
func matching[T any](n int, at func(int) *T, columns Columns[T], q Query) (hits []int) {
	for i := range n {
		if q.Filter.Empty() || Match(q.Filter, columns, at(i), q.Now) {
			hits = append(hits, i)
		}
	}
	return hits
}

// orderOf are the columns that rows are put in order by, and whether each descends: one
// more than there are columns, for the id goes the way of the first, known or not.
func orderOf[T any](columns Columns[T], q Query) (by []*Column[T], desc []bool) {
	orders := Ordered(q.Sort)
	for _, o := range orders {
		if col, ok := columns.Find(o.Column); ok {
			by, desc = append(by, col), append(desc, o.Desc)
		}
	}
	return by, append(desc, orders[0].Desc)
}

// arranged puts hits in order, by their places.
func arranged[T any](hits []int, desc []bool, value func(hit, o int) pyjson.Value, by []*Column[T], id func(hit int) string) []int {
	order := make([]int, len(hits))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(i, j int) bool {
		a, b := order[i], order[j]
		for o, col := range by {
			c := compareValues(value(a, o), value(b, o), col.Kind)
			if desc[o] {
				c = -c
			}
			if c != 0 {
				return c < 0
			}
		}
		if desc[len(by)] {
			a, b = b, a
		}
		return id(a) < id(b)
	})
	return order
}

// pageOf is the part of what was put in order that was asked for.
func pageOf[T any](n int, hits, order []int, at func(int) *T, q Query) Page[T] {
	page := Page[T]{Offset: q.Offset, All: n, Complete: true, Total: len(hits)}
	lo, hi := min(max(q.Offset, 0), len(hits)), len(hits)
	if q.Limit > 0 {
		hi = min(hi, lo+q.Limit)
	}
	for _, i := range order[lo:hi] {
		page.Rows = append(page.Rows, *at(hits[i]))
	}
	return page
}

// CompareRows says which of two rows comes first in an order, as [Ordered] gives it: below
// 0 the first, above 0 the second, 0 where they are one row.
func CompareRows[T any](a, b *T, id func(*T) string, columns Columns[T], orders []Order) int {
	for _, o := range orders {
		col, ok := columns.Find(o.Column)
		if !ok {
			continue
		}
		c := compareValues(col.Value(a), col.Value(b), col.Kind)
		if o.Desc {
			c = -c
		}
		if c != 0 {
			return c
		}
	}
	if orders[0].Desc {
		a, b = b, a
	}
	return strings.Compare(id(a), id(b))
}

// SelectBackups and SelectVolumes are Select with the usual columns.
func SelectBackups(rows []Backup, q Query) Page[Backup] {
	return Select(rows, backupID, BackupColumns, q)
}

func backupID(b *Backup) string { return string(b.ID) }
func volumeID(v *Volume) string { return string(v.ID) }

// SelectBackupsFrom and SelectVolumesFrom are SelectFrom with the usual columns.
func SelectBackupsFrom(n int, at func(int) *Backup, q Query) Page[Backup] {
	return SelectFrom(n, at, backupID, BackupColumns, q)
}

// SelectBackupsByHeads is SelectBackupsFrom of rows whose heads are read with less than the
// rows: what head returns has its id and the columns that are named, and is enough to put
// rows in order by these. Where others are asked for, it is not used.
func SelectBackupsByHeads(n int, head func(int) *Backup, named FieldSet, at func(int) *Backup, q Query) Page[Backup] {
	by, _ := orderOf(BackupColumns, q)
	for _, c := range by {
		if !named.Has(c.Name) {
			head = at
		}
	}
	return selectFrom(n, head, at, backupID, BackupColumns, q)
}

// SelectVolumesFrom is SelectFrom for volumes.
func SelectVolumesFrom(n int, at func(int) *Volume, q Query) Page[Volume] {
	return SelectFrom(n, at, volumeID, VolumeFields, q)
}

// SelectVolumes is Select for volumes.
func SelectVolumes(rows []Volume, q Query) Page[Volume] {
	return Select(rows, volumeID, VolumeFields, q)
}
