package index

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"hearth/core"
)

// narrow finds a term of the filter that at most so many rows can fulfil, by an SQL index
// or by their words, and returns the condition that a row is one of them.
func (t *Table) narrow(ctx context.Context, q Querier, query core.Query, most int) (part, bool, error) {
	best, fewest := part{}, most+1
	for i := range query.Filter.Terms {
		term := &query.Filter.Terms[i]
		if term.Not {
			continue
		}
		set, ok, err := t.means(ctx, q, term, query, most)
		if err != nil {
			return part{}, false, err
		}
		if !ok {
			continue
		}
		var n int
		err = q.QueryRowContext(ctx, "SELECT count(*) FROM ("+set.cond+" LIMIT ?)", append(set.args, fewest)...).Scan(&n)
		if err != nil {
			return part{}, false, err
		}
		if n < fewest {
			best, fewest = part{cond: t.Alias + ".rowid IN (" + set.cond + ")", args: set.args}, n
		}
	}
	return best, fewest <= most, nil
}

// means selects the rowids of all rows that can fulfil a term, and maybe of others; false
// where no index leads to them, or one leads to more than so many.
func (t *Table) means(ctx context.Context, q Querier, term *core.Term, query core.Query, most int) (part, bool, error) {
	switch {
	case term.Column == "status":
		set, ok, err := t.status(ctx, q, term)
		if !ok {
			set = part{cond: "SELECT rowid FROM " + t.Name + " WHERE 0"}
		}
		return set, err == nil, err
	case term.Column == "", term.Op == core.Contains:
		return t.spelt(ctx, q, term, most)
	case !t.Leads(term.Column), term.Column == "volume" && t.Name == "backups" && !t.Leads("volume-id"):
		return part{}, false, nil
	case term.Column == "volume" && t.Name == "backups": // by name or by id
		name, ok := t.equal(term.Column, term.Words, core.TextColumn)
		id, too := t.equal("volume-id", term.Words, core.IDColumn)
		return part{cond: name.cond + " UNION " + id.cond, args: append(name.args, id.args...)}, ok && too, nil
	}
	switch term.Kind {
	case core.NumberColumn, core.SizeColumn:
		op := map[core.Compare]string{core.Is: "=", core.Less: "<", core.AtMost: "<=", core.More: ">", core.AtLeast: ">="}[term.Op]
		return t.lookup(term.Column, t.key(term.Column)+" "+op+" ?", term.Number), true, nil
	case core.FlagColumn:
		return t.lookup(term.Column, t.key(term.Column)+" = ?", term.Flag), true, nil
	case core.TimeColumn:
		return t.within(term, query), true, nil
	}
	set, ok := t.equal(term.Column, term.Words, term.Kind)
	return set, ok, nil
}

// lookup selects rowids along a column's SQL index.
func (t *Table) lookup(column, cond string, args ...any) part {
	if t.Sparse[column] {
		cond = t.Exprs[column] + " IS NOT NULL AND (" + cond + ")"
	}
	if t.joined(column) {
		return part{cond: "SELECT " + t.Alias + ".rowid FROM " + t.Rows + " x INDEXED BY " + t.indexOf(column) +
			" CROSS JOIN " + t.Name + " " + t.Alias + " ON " + t.id() + " = x.id WHERE " + cond, args: args}
	}
	return part{cond: "SELECT " + t.Alias + ".rowid FROM " + t.Name + " " + t.Alias + " INDEXED BY " + t.indexOf(column) +
		" WHERE " + cond, args: args}
}

// within selects the rows whose time lies in a term's bounds: the first time not before a
// bound that a row can hold is that of the next whole microsecond.
func (t *Table) within(term *core.Term, query core.Query) part {
	stamp := func(at time.Time) string {
		return at.Add(time.Microsecond - time.Nanosecond).UTC().Format("2006-01-02 15:04:05.000000")
	}
	from, to := term.TimeBounds(query.Now)
	var conds []string // what has no time is in no bounds; to ask for that would read each row
	var args []any
	if !from.IsZero() {
		conds, args = append(conds, t.key(term.Column)+" >= ?"), append(args, stamp(from))
	}
	if !to.IsZero() {
		conds, args = append(conds, t.key(term.Column)+" < ?"), append(args, stamp(to))
	}
	return t.lookup(term.Column, strings.Join(conds, " AND "), args...)
}

// equal selects what is one of the words, or begins with it where it is an id. NOCASE
// folds ASCII letters only, so other words are left to the filter.
func (t *Table) equal(column string, words []string, kind core.ColumnKind) (part, bool) {
	var conds []string
	var args []any
	for _, w := range words {
		switch {
		case !ascii(w) || w == "":
			return part{}, false
		case kind == core.IDColumn:
			conds = append(conds, "("+t.key(column)+" >= ? AND "+t.key(column)+" < ?)")
			args = append(args, w, w[:len(w)-1]+string(rune(w[len(w)-1]+1)))
		default:
			conds, args = append(conds, t.key(column)+" = ?"), append(args, w)
		}
	}
	if len(conds) == 0 {
		return part{}, false
	}
	return t.lookup(column, strings.Join(conds, " OR "), args...), true
}

// looked are the columns whose texts are among the words of a row.
var looked = map[string]bool{"": true, "name": true, "description": true, "reason": true, "volume": true}

// spelt selects the rows whose texts hold all threes of letters of one of a term's words. A
// word of one or two is in any of the threes that begin with it, if few rows have those.
// It is no way to letters that SQLite folds otherwise than core, and for a plain word to
// such as could be part of an id.
func (t *Table) spelt(ctx context.Context, q Querier, term *core.Term, most int) (part, bool, error) {
	if !looked[term.Column] || t.Name == "volumes" && (term.Column == "volume" || term.Column == "reason") {
		return part{}, false, nil
	}
	var match []string
	for _, w := range term.Words {
		if !ascii(w) || w == "" || (term.Column == "" || term.Column == "volume") && idlike(w) && !t.wholeID(w) {
			return part{}, false, nil
		}
		var threes []string
		for i := 0; i+3 <= len(w); i++ {
			threes = append(threes, quoted(w[i:i+3]))
		}
		and := " AND "
		if len(w) < 3 {
			begun, ok, err := t.begun(ctx, q, w, most)
			if err != nil || !ok {
				return part{}, false, err
			}
			threes, and = begun, " OR "
		}
		if len(threes) > 0 {
			match = append(match, "("+strings.Join(threes, and)+")")
		}
	}
	if len(term.Words) == 0 {
		return part{}, false, nil
	}
	set := part{cond: "SELECT rowid FROM " + t.Name + " WHERE 0"} // no text has a three that begins so
	if len(match) > 0 {
		set = part{cond: "SELECT " + t.Alias + ".rowid FROM " + t.Name + " " + t.Alias + " WHERE " + t.id() + " IN (SELECT x.id FROM " + t.Rows +
			" x WHERE x.n IN (SELECT rowid FROM " + t.Words + " WHERE " + t.Words + " MATCH ?))", args: []any{strings.Join(match, " OR ")}}
	}
	if term.Column != "" && term.Column != "volume" {
		return set, true, nil
	}
	for _, w := range term.Words { // an id that is all there is of it is found as one
		if idlike(w) {
			set = t.whole(set, w)
		}
	}
	by, ok, err := t.status(ctx, q, term)
	if err != nil || !ok {
		return set, true, err
	}
	return part{cond: set.cond + " UNION ALL " + by.cond, args: append(set.args, by.args...)}, true, nil
}

// begun are the threes of letters that begin with a word of one or two; false where more
// than so many rows have some of them, by the sum of how many have each.
func (t *Table) begun(ctx context.Context, q Querier, w string, most int) ([]string, bool, error) {
	beyond := w[:len(w)-1] + string(rune(w[len(w)-1]+1))
	rows, err := q.QueryContext(ctx, "SELECT term, doc FROM "+t.Terms+" WHERE term >= ? AND term < ?", w, beyond)
	if err != nil {
		return nil, false, err
	}
	defer rows.Close()
	var out []string
	for all := 0; rows.Next(); {
		var three string
		var n int
		if err := rows.Scan(&three, &n); err != nil {
			return nil, false, err
		}
		if all += n; all > most {
			return nil, false, nil
		}
		out = append(out, quoted(three))
	}
	return out, true, rows.Err()
}

// quoted is a text as FTS5 reads it in a question.
func quoted(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// status selects the rows whose status fulfils a term; false where there are none.
func (t *Table) status(ctx context.Context, q Querier, term *core.Term) (part, bool, error) {
	counts, err := t.statuses(ctx, q, term)
	if err != nil || len(counts) == 0 {
		return part{}, false, err
	}
	var args []any
	for _, s := range slices.Sorted(maps.Keys(counts)) {
		args = append(args, s)
	}
	return t.lookup("status", t.key("status")+" IN ("+strings.TrimSuffix(strings.Repeat("?, ", len(args)), ", ")+")", args...), true, nil
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf || s[i] == 0 {
			return false
		}
	}
	return true
}

// idlike reports whether a folded word could be part of an id as Cinder and Keystone make
// them.
func idlike(w string) bool { return strings.Trim(w, "0123456789abcdef-") == "" }

// wholeID reports whether a word is so long that it is no part of an id, but one: 36 as
// Cinder writes them. Keystone's have 32 digits and no dashes.
func (t *Table) wholeID(w string) bool {
	return len(w) >= 36 || len(w) >= 32 && !strings.Contains(w, "-")
}

// whole adds to a set of rows those that have an id.
func (t *Table) whole(set part, id string) part {
	for _, column := range []string{"id", "volume-id", "project"} {
		if t.ordered(column) {
			by := t.lookup(column, t.key(column)+" = ?", id)
			set.cond, set.args = set.cond+" UNION ALL "+by.cond, append(set.args, by.args...)
		}
	}
	return set
}
