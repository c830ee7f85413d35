package index

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
)

// Answer is a page as rowids of the table.
type Answer struct {
	Rowids []int64
	Offset int
	Total  int
	All    int
	About  bool  // Total is only a lower bound
	Rest   *Rest // where to look on: the page is not full, and not all was looked at; nil if it was
}

// Rest is where a search along the order stopped, and what it had found.
type Rest struct {
	edge  bound
	found []int64
}

// few is how many rows are rather put in order than looked for along it.
var few = 4096

// rare is the part of all rows that are rather looked up one by one, to count them, than
// found by looking at all.
const rare = 8

// piece is how many rows are walked over between two looks at the clock.
var piece = 8192

// bound is a place in an order: before the row of that key and id; none: the start.
type bound struct {
	set bool
	key any // nil: NULL
	id  string
}

// Page finds the rows of a page. patience is how long it may look along the order before
// it answers with what was found so far; 0 is as long as it takes. rest goes on where an
// earlier answer to the same query stopped.
func (t *Table) Page(ctx context.Context, q Querier, query core.Query, rest *Rest, patience time.Duration) (Answer, error) {
	a := Answer{Offset: query.Offset}
	var err error
	if a.All, err = t.count(ctx, q, "", ""); err != nil {
		return a, err
	}
	w, err := t.walk(ctx, q, query)
	if err != nil {
		return a, err
	}
	if query.Filter.Empty() {
		a.Total = a.All
		err = w.whole(ctx, q, query, &a)
		return a, err
	}
	if set, ok, err := t.narrow(ctx, q, query, few); err != nil || ok {
		if err == nil {
			err = w.sorted(ctx, q, query, set, &a)
		}
		return a, err
	}
	err = w.search(ctx, q, query, rest, patience, &a)
	return a, err
}

// Count counts the rows that fulfil a query's filter.
func (t *Table) Count(ctx context.Context, q Querier, query core.Query) (n int, err error) {
	if query.Filter.Empty() {
		return t.count(ctx, q, "", "")
	}
	if n, ok, err := t.kept(ctx, q, query.Filter.Terms); ok || err != nil {
		return n, err
	}
	all, err := t.count(ctx, q, "", "")
	if err != nil {
		return 0, err
	}
	set, ok, err := t.narrow(ctx, q, query, max(few, all/rare))
	if err != nil {
		return 0, err
	}
	where, args := t.Where(query)
	if ok {
		where, args = " AND "+set.cond+where, append(slices.Clone(set.args), args...)
	}
	from := t.Name + " " + t.Alias + " LEFT JOIN " + t.Rows + " x ON x.id = " + t.id()
	err = q.QueryRowContext(ctx, "SELECT count(*) FROM "+from+" WHERE "+t.Live+where, args...).Scan(&n)
	return n, err
}

// kept is the count that a filter of one term asks for, if triggers keep it.
func (t *Table) kept(ctx context.Context, q Querier, terms []core.Term) (n int, ok bool, err error) {
	if len(terms) != 1 || terms[0].Not {
		return 0, false, nil
	}
	switch term := &terms[0]; {
	case term.Column == "kind" && t.Name == "backups":
		n, err = t.count(ctx, q, ".kind", map[bool]string{true: "1", false: "0"}[term.Flag])
		return n, err == nil, err
	case term.Column == "status":
		counts, err := t.statuses(ctx, q, term)
		for _, c := range counts {
			n += c
		}
		return n, err == nil, err
	}
	return 0, false, nil
}

// statuses are those of the table that fulfil a term, and how many rows have each.
func (t *Table) statuses(ctx context.Context, q Querier, term *core.Term) (map[string]int, error) {
	rows, err := q.QueryContext(ctx, "SELECT value, n FROM hearth_counts WHERE what = ? AND n > 0", t.Name+".status")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]int{}
	for rows.Next() {
		var status string
		var n int
		if err := rows.Scan(&status, &n); err != nil {
			return nil, err
		}
		if term.TextHolds(status) {
			out[status] = n
		}
	}
	return out, rows.Err()
}

// count reads a count that triggers keep; "" is of all rows.
func (t *Table) count(ctx context.Context, q Querier, what, value string) (n int, err error) {
	err = q.QueryRowContext(ctx, "SELECT n FROM hearth_counts WHERE what = ? AND value = ?", t.Name+what, value).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return n, err
}

// walk goes along the order of a query.
type walk struct {
	t     *Table
	order core.Order
	key   string // what is ordered by
	where string // that a row belongs to the answer
	args  []any
	only  string // the one status that can be in the answer, where the order has an SQL index of each; "": any
}

func (t *Table) walk(ctx context.Context, q Querier, query core.Query) (*walk, error) {
	w := &walk{t: t, order: core.Ordered(query.Sort)[0]}
	w.key = t.key(w.order.Column)
	w.where, w.args = t.Where(query)
	if w.order.Column != "created" {
		return w, nil
	}
	for i := range query.Filter.Terms {
		term := &query.Filter.Terms[i]
		if term.Column != "status" || term.Not {
			continue
		}
		counts, err := t.statuses(ctx, q, term)
		if err != nil {
			return nil, err
		}
		for status := range counts {
			if len(counts) == 1 {
				w.only = status
			}
		}
	}
	return w, nil
}

// turned is a walk the other way.
func (w *walk) turned() *walk {
	u := *w
	u.order.Desc = !u.order.Desc
	return &u
}

// orderBy is the order of the walk.
func (w *walk) orderBy() string {
	if w.order.Desc {
		return w.key + " DESC, " + w.t.id() + " DESC"
	}
	return w.key + ", " + w.t.id()
}

// id is what breaks ties: where the order begins at the joined table, that one's.
func (w *walk) id() string {
	if w.t.joined(w.order.Column) {
		return "x.id"
	}
	return w.t.id()
}

// part is a stretch of an order that one condition names, and along which an SQL index
// leads.
type part struct {
	cond string
	args []any
	null bool // of the rows without anything in the column that is ordered by
}

// parts are the stretches behind a bound in the direction of the walk, one after the
// other; the row at the bound belongs to the first where with is set.
func (w *walk) parts(b bound, with bool) []part {
	if !b.set {
		return w.ends()
	}
	beyond, tie := ">", ">"
	if w.order.Desc {
		beyond, tie = "<", "<"
	}
	if with {
		tie += "="
	}
	out := []part{w.tied(b, tie)}
	switch {
	case b.key == nil && (w.order.Desc || w.t.void(w.order.Column)): // NULL is the last
	case b.key == nil:
		out = append(out, part{cond: w.t.Exprs[w.order.Column] + " IS NOT NULL"})
	default:
		out = append(out, part{cond: w.some() + w.key + " " + beyond + " ?", args: []any{b.key}})
		if w.order.Desc {
			out = append(out, w.none())
		}
	}
	return out
}

// ends is the whole order.
func (w *walk) ends() []part {
	if !w.t.sparse(w.order.Column) {
		return []part{{cond: "1"}}
	}
	if w.t.void(w.order.Column) {
		return []part{w.none()}
	}
	out := []part{w.none(), {cond: w.t.Exprs[w.order.Column] + " IS NOT NULL"}}
	if w.order.Desc {
		slices.Reverse(out)
	}
	return out
}

// none is the stretch of the rows without anything in the column.
func (w *walk) none() part { return part{cond: w.t.Exprs[w.order.Column] + " IS NULL", null: true} }

// some begins a condition on keys: SQLite goes by an index of some rows only where it is
// told that no others are meant.
func (w *walk) some() string {
	if w.t.Sparse[w.order.Column] {
		return w.t.Exprs[w.order.Column] + " IS NOT NULL AND "
	}
	return ""
}

// tied is what has the key of a bound, on one side of its id.
func (w *walk) tied(b bound, op string) part {
	if b.key == nil {
		p := w.none()
		return part{cond: p.cond + " AND " + w.id() + " " + op + " ?", args: []any{b.id}, null: true}
	}
	return part{cond: w.some() + w.key + " = ? AND " + w.id() + " " + op + " ?", args: []any{b.key, b.id}}
}

// row is what a walk finds: where it lies, and what it is ordered by.
type row struct {
	rowid int64
	key   any
	id    string
}

// take reads up to limit rows behind a bound; 0 is all.
func (w *walk) take(ctx context.Context, q Querier, b bound, with bool, offset, limit int) ([]row, error) {
	return w.along(ctx, q, w.parts(b, with), offset, limit)
}

// along reads the parts of a walk one after the other: up to limit rows, 0 is all, after
// offset of them.
func (w *walk) along(ctx context.Context, q Querier, parts []part, offset, limit int) ([]row, error) {
	var out []row
	for i, p := range parts {
		left := -1
		if limit > 0 {
			if left = limit - len(out); left <= 0 {
				break
			}
		}
		rows, err := w.read(ctx, q, p, left, offset)
		if err != nil {
			return nil, err
		}
		if len(rows) == 0 && offset > 0 && i < len(parts)-1 { // it ended before
			var n int
			query, args := w.reading("count(*)", p, "")
			if err := q.QueryRowContext(ctx, query, args...).Scan(&n); err != nil {
				return nil, err
			}
			offset = max(offset-n, 0)
			continue
		}
		offset = 0
		out = append(out, rows...)
	}
	return out, nil
}

func (w *walk) read(ctx context.Context, q Querier, p part, limit, offset int) ([]row, error) {
	query, args := w.reading(w.t.Alias+".rowid, "+w.t.Exprs[w.order.Column]+", "+w.id(), p, " ORDER BY "+w.ordered(p.null)+" LIMIT ? OFFSET ?")
	return readRows(ctx, q, query, append(args, limit, offset)...)
}

// reading selects something of a part's rows that belong to the answer.
func (w *walk) reading(what string, p part, rest string) (string, []any) {
	from, cond, args := w.t.from(w.order.Column, p.null), w.where, slices.Clone(w.args)
	if w.only != "" {
		from = w.t.Name + " " + w.t.Alias + " INDEXED BY " + w.t.pair() + " LEFT JOIN " + w.t.Rows + " x ON x.id = " + w.t.id()
		cond, args = cond+" AND "+w.t.key("status")+" = ?", append(args, w.only)
	}
	return "SELECT " + what + " FROM " + from + " WHERE " + w.t.Live + cond + " AND " + p.cond + rest, append(args, p.args...)
}

// ordered is orderBy with the id that the walk goes by; rows without anything in a sparse
// column stand in the order of their ids alone.
func (w *walk) ordered(null bool) string {
	down := ""
	if w.order.Desc {
		down = " DESC"
	}
	if null && w.t.sparse(w.order.Column) {
		return w.id() + down
	}
	return w.key + down + ", " + w.id() + down
}

func readRows(ctx context.Context, q Querier, query string, args ...any) ([]row, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []row
	for rows.Next() {
		var r row
		if err := rows.Scan(&r.rowid, &r.key, &r.id); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

func rowids(rows []row) []int64 {
	out := make([]int64, len(rows))
	for i, r := range rows {
		out[i] = r.rowid
	}
	return out
}

// edge is the bound that a query begins at.
func edge(e *core.Edge) bound { return bound{set: true, key: sqlKey(e.Value), id: e.ID} }

// sqlKey is a column's value as the expressions of the columns give it.
func sqlKey(v pyjson.Value) any {
	switch v.Kind() {
	case pyjson.Null:
		return nil
	case pyjson.Bool:
		if v.Bool() {
			return int64(1)
		}
		return int64(0)
	case pyjson.Int:
		n, _ := v.Int64()
		return n
	case pyjson.Time:
		at, _ := v.Time()
		return at.UTC().Format("2006-01-02 15:04:05.000000")
	}
	return v.Text()
}

// whole answers a query without a filter: from the edge, or from the nearer end.
func (w *walk) whole(ctx context.Context, q Querier, query core.Query, a *Answer) error {
	switch from := query.From; {
	case from != nil:
		return w.fromEdge(ctx, q, query, a)
	case query.Limit > 0 && query.Offset > a.Total/2 && a.Offset < a.Total:
		n := min(query.Limit, a.Total-a.Offset)
		rows, err := w.turned().take(ctx, q, bound{}, false, a.Total-a.Offset-n, n)
		slices.Reverse(rows)
		a.Rowids = rowids(rows)
		return err
	}
	rows, err := w.take(ctx, q, bound{}, false, max(query.Offset, 0), query.Limit)
	a.Rowids = rowids(rows)
	return err
}

// fromEdge answers a query that names the row it begins with, or ends before.
func (w *walk) fromEdge(ctx context.Context, q Querier, query core.Query, a *Answer) error {
	if query.From.Back {
		at := edge(query.From)
		if at.id == "" && at.key == nil { // the last rows
			at = bound{}
		}
		rows, err := w.turned().take(ctx, q, at, false, 0, query.Limit)
		slices.Reverse(rows)
		a.Rowids = rowids(rows)
		if !at.set && a.Total >= 0 {
			a.Offset = max(a.Total-len(rows), 0)
		}
		if len(rows) < query.Limit || query.Limit == 0 {
			a.Offset = 0
		}
		return err
	}
	rows, err := w.take(ctx, q, edge(query.From), true, 0, query.Limit)
	a.Rowids = rowids(rows)
	if !a.About && (len(rows) < query.Limit || query.Limit == 0) { // the end was reached: that is a row's number
		a.Offset = max(a.Total-len(rows), 0)
	}
	return err
}

// sorted answers a query from the few rows that can fulfil it.
func (w *walk) sorted(ctx context.Context, q Querier, query core.Query, set part, a *Answer) error {
	t := w.t
	from := t.Name + " " + t.Alias + " LEFT JOIN " + t.Rows + " x ON x.id = " + t.id()
	rows, err := readRows(ctx, q, "SELECT "+t.Alias+".rowid, "+t.Exprs[w.order.Column]+", "+t.id()+" FROM "+from+
		" WHERE "+set.cond+" AND "+t.Live+w.where+" ORDER BY "+w.orderBy(), append(slices.Clone(set.args), w.args...)...)
	if err != nil {
		return err
	}
	a.Total = len(rows)
	lo := min(max(query.Offset, 0), len(rows))
	if from := query.From; from != nil {
		if from.ID == "" && from.Back {
			lo = max(len(rows)-query.Limit, 0)
			a.Offset = lo
		}
		if i := slices.IndexFunc(rows, func(r row) bool { return r.id == from.ID }); i >= 0 {
			lo = i
			if from.Back {
				lo = max(i-query.Limit, 0)
			}
			a.Offset = lo
		}
	}
	hi := len(rows)
	if query.Limit > 0 {
		hi = min(hi, lo+query.Limit)
	}
	a.Rowids = rowids(rows[lo:hi])
	return nil
}

// search answers a query by looking along the order, piece by piece.
func (w *walk) search(ctx context.Context, q Querier, query core.Query, rest *Rest, patience time.Duration, a *Answer) error {
	total, err := w.t.known(ctx, q, query)
	if err != nil {
		return err
	}
	a.Total, a.About = total, total < 0
	if query.From != nil && !query.From.Back || query.From == nil && query.Offset <= 0 {
		return w.forward(ctx, q, query, rest, patience, a)
	}
	if query.From != nil {
		err = w.fromEdge(ctx, q, query, a)
	} else {
		var rows []row
		rows, err = w.take(ctx, q, bound{}, false, max(query.Offset, 0), query.Limit)
		a.Rowids = rowids(rows)
	}
	if err == nil && len(a.Rowids) == 0 && a.About { // beyond the end, wherever that is
		a.Total, err = w.t.Count(ctx, q, query)
		a.About = false
	}
	a.settle(query, false)
	return err
}

// known is how many rows fulfil a filter where that costs nothing to say, else -1.
func (t *Table) known(ctx context.Context, q Querier, query core.Query) (int, error) {
	if n, ok, err := t.kept(ctx, q, query.Filter.Terms); ok || err != nil {
		return n, err
	}
	if !query.About {
		return t.Count(ctx, q, query)
	}
	return -1, nil
}

// settle makes of an unknown total what is known of it: at least the rows of the page and
// those before it.
func (a *Answer) settle(query core.Query, ended bool) {
	if a.Total >= 0 {
		return
	}
	a.Total = max(a.Offset, 0) + len(a.Rowids)
	if ended || query.Limit == 0 {
		a.About = false
	}
}

// forward looks from the edge or the start on, until the page is full, the order ends, or
// patience does.
func (w *walk) forward(ctx context.Context, q Querier, query core.Query, rest *Rest, patience time.Duration, a *Answer) error {
	if query.Limit == 0 {
		rows, err := w.take(ctx, q, start(query), true, 0, 0)
		a.Rowids = rowids(rows)
		a.settle(query, true)
		return err
	}
	at, began := start(query), time.Now()
	if rest != nil {
		at, a.Rowids = rest.edge, slices.Clone(rest.found)
	}
	all := &walk{t: w.t, order: w.order, key: w.key, only: w.only}
	for size := piece / 8; ; size = min(size*2, 16*piece) {
		next, err := all.take(ctx, q, at, true, size, 1)
		if err != nil {
			return err
		}
		to := bound{}
		if len(next) > 0 {
			to = bound{true, next[0].key, next[0].id}
		}
		rows, err := w.between(ctx, q, at, to, query.Limit-len(a.Rowids))
		if err != nil {
			return err
		}
		a.Rowids = append(a.Rowids, rowids(rows)...)
		full, ended := len(a.Rowids) >= query.Limit, !to.set
		if full || ended {
			a.settle(query, ended && !full)
			return nil
		}
		if at = to; patience > 0 && time.Since(began) > patience {
			a.Rest = &Rest{edge: at, found: slices.Clone(a.Rowids)}
			a.settle(query, false)
			return nil
		}
	}
}

// start is where a walk along the order begins: at the edge, else where a term on time
// lets the first row be, if the order is by that.
func start(query core.Query) bound {
	if query.From != nil {
		return edge(query.From)
	}
	order := core.Ordered(query.Sort)[0]
	for i := range query.Filter.Terms {
		t := &query.Filter.Terms[i]
		if t.Not || t.Kind != core.TimeColumn || t.Column != order.Column {
			continue
		}
		switch from, to := t.TimeBounds(query.Now); {
		case order.Desc && !to.IsZero():
			return bound{true, sqlKey(pyjson.OfTime(to, false)), "\xff"} // behind every id of that time
		case !order.Desc && !from.IsZero():
			return bound{true, sqlKey(pyjson.OfTime(from, false)), ""}
		}
	}
	return bound{}
}

// between reads up to limit rows from one bound to another, which is not among them.
func (w *walk) between(ctx context.Context, q Querier, at, to bound, limit int) ([]row, error) {
	if !to.set {
		return w.take(ctx, q, at, true, 0, limit)
	}
	return w.along(ctx, q, w.stretch(at, to), 0, limit)
}

// stretch is what lies from one bound up to another: each part has its keys named, so that
// none looks beyond.
func (w *walk) stretch(at, to bound) []part {
	less, more := "<", ">"
	if w.order.Desc {
		less, more = more, less
	}
	id := w.id()
	if at.set && sameKey(at.key, to.key) {
		p := w.tied(at, more+"=")
		return []part{{p.cond + " AND " + id + " " + less + " ?", append(p.args, to.id), p.null}}
	}
	var out []part
	inner, args := []string{w.t.Exprs[w.order.Column] + " IS NOT NULL"}, []any(nil)
	switch {
	case at.set:
		out = append(out, w.tied(at, more+"="))
		if at.key != nil {
			inner, args = append(inner, w.key+" "+more+" ?"), append(args, at.key)
		}
	case !w.order.Desc && to.key != nil: // NULL is the first
		out = append(out, w.none())
	}
	if to.key != nil {
		inner, args = append(inner, w.key+" "+less+" ?"), append(args, to.key)
	}
	if (to.key != nil || w.order.Desc) && !w.t.void(w.order.Column) {
		out = append(out, part{cond: strings.Join(inner, " AND "), args: args})
	}
	return append(out, w.tied(to, less))
}

// sameKey reports whether two keys are one in the order: ASCII letters without their case.
func sameKey(a, b any) bool {
	x, ok := a.(string)
	y, too := b.(string)
	return a == b || ok && too && core.FoldASCII(x) == core.FoldASCII(y)
}
