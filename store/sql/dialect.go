package sql

import (
	"context"
	"database/sql"
	"slices"
	"strconv"
	"strings"

	"hearth/core"
	"hearth/store/ledger"
)

// dialect is what differs between the databases that Cinder can be kept in. All else is
// written once, in the SQL that they share: identifiers in double quotes, arguments as ?
// or ?1, and TRUE and FALSE.
type dialect interface {
	// columns asks for table, column and declared type of what there is of some tables.
	columns(tables string) string
	// joins says that ids of different tables may be compared in SQL. In MySQL they may
	// have different collations, and then it refuses to.
	joins() bool

	// asText is a column as text that compares and sorts byte by byte, asInteger as a
	// whole number, asTime as text that sorts as its time does, NULL for what is none.
	asText(expr string) string
	asInteger(expr, typ string) string
	asTime(expr, typ string) string
	// asCell is a column as it is to be read into a row of Cinder's, and cell what the
	// driver made of it.
	asCell(expr, typ string) string
	cell(v any) any
	// collation asks for the character set and the collation by which a text column is
	// compared; "" where texts are compared byte by byte.
	collation(table, column string) string
	// equals is the condition that a text column is an argument, byte by byte.
	equals(column, arg string) string
	// bind writes a statement's arguments as the database knows them.
	bind(query string, args []any) (string, []any)

	// begin starts a transaction that shows one state of the database, or one that
	// writes. done gives back what it took, after its end.
	begin(ctx context.Context, db *sql.DB, write bool) (tx *sql.Tx, done func(), err error)
	// forUpdate is what a SELECT ends with that keeps others from changing its rows
	// until the transaction ends; "" where a transaction that writes is alone anyway.
	forUpdate() string
	// explain makes a *core.Error of what the database says.
	explain(ctx context.Context, tried string, err error) error
}

// quoteIdent quotes a column or table name.
func quoteIdent(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// querier is *sql.DB, *sql.Conn, *sql.Tx or one of them with a dialect.
type querier interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
	QueryRowContext(context.Context, string, ...any) *sql.Row
}

// bound is a querier whose statements are bound by a dialect.
type bound struct {
	querier
	dialect dialect
}

func (b bound) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	query, args = b.dialect.bind(query, args)
	return b.querier.QueryContext(ctx, query, args...)
}

func (b bound) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	query, args = b.dialect.bind(query, args)
	return b.querier.QueryRowContext(ctx, query, args...)
}

// change is a transaction that writes.
type change struct {
	bound
	tx *sql.Tx
}

func (p *Place) change(tx *sql.Tx) change { return change{bound{tx, p.schema.dialect}, tx} }

func (c change) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	query, args = c.dialect.bind(query, args)
	return c.tx.ExecContext(ctx, query, args...)
}

// placeholders rewrites ? and ?1 outside of quotes: mark is given the number of the
// argument, from 1.
func placeholders(query string, mark func(b *strings.Builder, n int)) string {
	var b strings.Builder
	next := 1
	for i := 0; i < len(query); i++ {
		switch c := query[i]; c {
		case '\'', '"': // to the end of the quotes; a doubled quote is the beginning of others
			end := strings.IndexByte(query[i+1:], c)
			if end < 0 {
				end = len(query) - i - 2
			}
			b.WriteString(query[i : i+end+2])
			i += end + 1
		case '?':
			j := i + 1
			for j < len(query) && query[j] >= '0' && query[j] <= '9' {
				j++
			}
			n, err := strconv.Atoi(query[i+1 : j])
			if err != nil {
				n = next
			}
			next = n + 1
			mark(&b, n)
			i = j - 1
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// sqliteDialect is that of SQLite, as modernc.org/sqlite speaks it.
type sqliteDialect struct{}

func (sqliteDialect) columns(tables string) string {
	return "SELECT m.name, c.name, c.type FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' " +
		"AND m.name IN (" + tables + ")"
}

func (sqliteDialect) joins() bool                      { return true }
func (sqliteDialect) asText(expr string) string        { return "CAST(" + expr + " AS TEXT)" }
func (sqliteDialect) asInteger(expr, _ string) string  { return "CAST(" + expr + " AS INTEGER)" }
func (sqliteDialect) equals(column, arg string) string { return column + " = " + arg }
func (sqliteDialect) cell(v any) any                   { return v }
func (sqliteDialect) collation(_, _ string) string     { return "" }
func (sqliteDialect) forUpdate() string                { return "" }

// asTime takes the form that Cinder writes as it is; other programs that fill a database
// may have others.
func (d sqliteDialect) asTime(expr, _ string) string {
	text := d.asText(expr)
	return "(CASE WHEN " + text + " GLOB '" + stampPattern + "' THEN " + text + " ELSE hearth_time(" + text + ") END)"
}

// asCell: an expression has no declared type, so that nothing is converted.
func (sqliteDialect) asCell(expr, _ string) string { return "+" + expr }

func (sqliteDialect) bind(query string, args []any) (string, []any) { return query, args }

func (sqliteDialect) begin(ctx context.Context, db *sql.DB, write bool) (*sql.Tx, func(), error) {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: !write})
	return tx, func() {}, err
}

func (sqliteDialect) explain(ctx context.Context, tried string, err error) error {
	return ledger.Explain(ctx, tried, err)
}

// busy are the statuses in which a service of Cinder's works on a volume: it writes the
// row when it is done, by what it read before.
var busy = []string{"creating", "deleting", "backing-up", "restoring-backup", "downloading", "uploading", "retyping", "extending",
	"managing", "unmanaging", "maintenance"}

// yields refuses a change of a volume that a service of Cinder's has in its hands, in a
// database where one may be at work: not in a store that hearth made.
func (p *Place) yields(ctx context.Context, tx change, tried string, v *core.Volume) error {
	if p.own {
		return nil
	}
	if slices.Contains(busy, v.Status) {
		return core.Fail(core.CodeRefused, tried, "its status is "+v.Status+", so that a service of Cinder's is at work on it",
			"wait until it is done", nil)
	}
	if !p.schema.has("backups", "restore_volume_id") {
		return nil
	}
	var n int
	err := tx.QueryRowContext(ctx, "SELECT count(*) FROM backups b WHERE "+live("b")+" AND "+
		p.schema.text("b", "backups", "status")+" = '"+core.StatusRestoring+"' AND "+p.schema.is("b", "restore_volume_id", 1),
		string(v.ID)).Scan(&n)
	if err == nil && n > 0 {
		err = core.Fail(core.CodeRefused, tried, "cinder-backup is restoring a backup onto it", "wait until it is done", nil)
	}
	return err
}

// hold keeps others from changing a volume's rows until the transaction ends, where that
// takes doing: what is compared with the plan is then what is changed.
func (p *Place) hold(ctx context.Context, tx change, id core.VolumeID) error {
	suffix := p.schema.forUpdate()
	if suffix == "" {
		return nil
	}
	for table, column := range map[string]string{"volumes": "id", "volume_metadata": "volume_id", "volume_glance_metadata": "volume_id"} {
		if !p.schema.has(table, column) {
			continue
		}
		rows, err := tx.QueryContext(ctx, "SELECT r.id FROM "+table+" r WHERE "+p.schema.is("r", column, 1)+suffix, string(id))
		if err != nil {
			return err
		}
		for rows.Next() {
		}
		if err := rows.Close(); err != nil {
			return err
		}
		if err := rows.Err(); err != nil {
			return err
		}
	}
	return nil
}
