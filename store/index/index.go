// Package index finds the rows of a list without passing over the others: a million
// backups cost what a thousand do. It lives in a SQLite file with Cinder's tables, beside
// them: an SQL index for each column that people order by, with the id behind it, and
// tables of hearth's own that triggers keep: the rows with what is joined to them, their
// words by threes of letters (FTS5), and how many there are of each status and kind.
//
// A page is found by one of three ways, the cheapest that is enough: along the order,
// where nothing is filtered or much of it passes; through the few rows that a term of the
// filter can mean, put in order; or along the order piece by piece, for as long as the
// one who asks wants to wait. What the index leaves open is decided by the same
// conditions as without it, so that it can only be slow, never wrong.
package index

import (
	"context"
	"database/sql"
	"strings"

	"hearth/core"
)

// Querier is *sql.DB, *sql.Conn or *sql.Tx.
type Querier interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
	QueryRowContext(context.Context, string, ...any) *sql.Row
}

// Table is one of Cinder's tables with what lists know of its rows.
type Table struct {
	Name  string            // backups, volumes
	Alias string            // of Name in the expressions
	Exprs map[string]string // column of core's -> SQL over Alias, and over x for what is joined
	// Where is the condition, with its arguments, that a row is not deleted and fulfils a
	// query's filter: over Alias, and over x, which is Rows.
	Where func(core.Query) (string, []any)
	Live  string // the condition that a row is not deleted
	Rows  string // the table of hearth's own beside it, of live rows: n, id and what is joined
	Words string // the FTS5 table over Rows.n
	Terms string // its threes of letters, and how many rows have each
	// Sparse are the columns that few rows have anything in: their SQL index is of those,
	// and the others stand in the order of their ids.
	Sparse map[string]bool
	First  map[string]bool // the columns that [Some] makes SQL indexes of

	lacks  map[string]bool // the columns that the file has no SQL index of, as Able found it
	missed []string
}

// id is the column that breaks ties.
func (t *Table) id() string { return t.Alias + ".id" }

// joined reports whether a column is one of Rows.
func (t *Table) joined(column string) bool { return strings.HasPrefix(t.Exprs[column], "x.") }

// indexOf is the name of the SQL index that orders by a column.
func (t *Table) indexOf(column string) string {
	return "hearth_" + t.Name + "_by_" + strings.ReplaceAll(column, "-", "_")
}

// ordered reports whether rows differ in a column, so that an SQL index of it is of use.
func (t *Table) ordered(column string) bool {
	_, ok := t.Exprs[column]
	return ok && !t.void(column)
}

// void reports whether a column is empty in all rows, as no database has it: their order
// is that of their ids.
func (t *Table) void(column string) bool { return t.Exprs[column] == "NULL" }

// sparse reports whether a column's SQL index leads only to some rows, or there is none as
// it is empty in all: the others stand in the order of their ids.
func (t *Table) sparse(column string) bool { return t.Sparse[column] || t.void(column) }

// pair is the SQL index of one status by the time of making: what is looked at most.
func (t *Table) pair() string { return "hearth_" + t.Name + "_by_status_and_created" }

// from reads the table along an order, with what is joined to it. null says that the rows
// without anything in the column are meant.
func (t *Table) from(order string, null bool) string {
	by := t.indexOf(order)
	if null && t.sparse(order) {
		by = "sqlite_autoindex_" + t.Name + "_1" // of the primary key
	}
	if t.joined(order) {
		return t.Rows + " x INDEXED BY " + by + " CROSS JOIN " + t.Name + " " + t.Alias + " ON " + t.id() + " = x.id"
	}
	return t.Name + " " + t.Alias + " INDEXED BY " + by + " LEFT JOIN " + t.Rows + " x ON x.id = " + t.id()
}

// key is what a row is ordered by.
func (t *Table) key(order string) string { return t.Exprs[order] + " COLLATE NOCASE" }

// Orders reports whether rows can be looked along in the order of a column; a column that
// has no SQL index yet is noted. Ask [Table.Able] before.
func (t *Table) Orders(column string) bool { return t.void(column) || t.Leads(column) }

// Able reports whether the file has its index, and holds nothing that only core's own
// comparison gets right: a time in another form, a letter that SQLite folds otherwise.
func (t *Table) Able(ctx context.Context, q Querier) (bool, error) {
	made, some, err := made(ctx, q)
	if err == nil && some {
		err = t.lacking(ctx, q)
	}
	if err != nil || !made {
		return false, err
	}
	var strange bool
	err = q.QueryRowContext(ctx,
		"SELECT EXISTS (SELECT 1 FROM "+t.Name+" INDEXED BY hearth_"+t.Name+"_odd WHERE "+odd(t.Name)+")").Scan(&strange)
	return !strange, err
}

// lacking notes the columns that the file has no SQL index of.
func (t *Table) lacking(ctx context.Context, q Querier) error {
	columns, err := t.Lacking(ctx, q)
	t.lacks = map[string]bool{}
	for _, c := range columns {
		t.lacks[c] = true
	}
	return err
}

// Lacking are the columns that the file could have an SQL index of and has not, in no order:
// [Table.Order] makes one.
func (t *Table) Lacking(ctx context.Context, q Querier) ([]string, error) {
	rows, err := q.QueryContext(ctx, "SELECT name FROM sqlite_master WHERE type = 'index' AND name GLOB 'hearth_"+t.Name+"_by_*'")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	there := map[string]bool{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		there[name] = true
	}
	var out []string
	for column := range t.Exprs {
		if t.ordered(column) && !there[t.indexOf(column)] {
			out = append(out, column)
		}
	}
	return out, rows.Err()
}

// Leads reports whether there is an SQL index of a column; what there is none of, and could
// be, is noted. Ask [Table.Able] before.
func (t *Table) Leads(column string) bool {
	if t.lacks[column] {
		t.missed = append(t.missed, column)
	}
	return t.ordered(column) && !t.lacks[column]
}

// Missed are the columns that a query would have gone by, had the file an SQL index of
// them: [Table.Order] makes one.
func (t *Table) Missed() []string { return t.missed }
