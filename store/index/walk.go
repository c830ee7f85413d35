package index

import (
	"context"
	"slices"
	"strings"

	"hearth/core"
	"hearth/core/pyjson"
)

// bound is a place in an order: before the row of that key and id; none: the start.
type bound struct {
	set bool
	key any // nil: NULL
	id  string
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
