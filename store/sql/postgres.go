package sql

import (
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/stdlib"

	"hearth/core"
)

// postgresDialect is that of PostgreSQL.
type postgresDialect struct {
	config *pgx.ConnConfig
	limit  time.Duration
}

// newPostgres makes the dialect of an address. What it does not say say the PG*
// variables, the service that it or PGSERVICE names, and ~/.pgpass, as for psql.
func newPostgres(a address, tried string) (*postgresDialect, error) {
	most := limit
	if text := a.params["statement_timeout"]; text != "" {
		var err error
		if most, err = seconds(text); err != nil {
			return nil, core.Fail(core.CodeUsage, tried, "statement_timeout is "+core.Visible(text), "write a time such as 90s or 10m", nil)
		}
		delete(a.params, "statement_timeout")
	}
	c, err := pgx.ParseConfig(a.location())
	if err != nil {
		what := err
		for inner := errors.Unwrap(what); inner != nil; inner = errors.Unwrap(what) { // the outer ones have the whole address in them
			what = inner
		}
		return nil, core.Fail(core.CodeUsage, tried, "the way to it is not whole: "+what.Error(),
			"check it, the PG* variables and the service's file", nil)
	}
	if a.password != "" {
		c.Password = a.password
	}
	core.Hide(c.Password)
	if _, ok := c.RuntimeParams["application_name"]; !ok {
		c.RuntimeParams["application_name"] = "hearth"
	}
	if a.params["default_query_exec_mode"] == "" {
		// What is prepared would be looked for on another connection of a pool between
		// hearth and the server, and fails after the schema has changed.
		c.DefaultQueryExecMode = pgx.QueryExecModeDescribeExec
	}
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = 15 * time.Second
	}
	if c.RequireAuth == "" && mayBePlain(c) {
		c.RequireAuth = noClearText
	}
	c.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: conn, DeadlineDelay: killing}
	}
	return &postgresDialect{c, most}, nil
}

func (d *postgresDialect) verified() bool {
	known := func(host string, t *tls.Config) bool {
		return strings.HasPrefix(host, "/") || core.Loopback(host) || t != nil && (!t.InsecureSkipVerify || t.VerifyPeerCertificate != nil)
	}
	for _, f := range d.config.Fallbacks {
		if !known(f.Host, f.TLSConfig) {
			return false
		}
	}
	return known(d.config.Host, d.config.TLSConfig)
}

// noClearText refuses a server that asks for the password as it is (require_auth, as libpq
// has it): whoever answers in place of one that speaks TLS could ask so.
const noClearText = "!password"

// mayBePlain reports whether the connection may come about without TLS, and not through a
// socket of this machine's.
func mayBePlain(c *pgx.ConnConfig) bool {
	plain := func(host string, t *tls.Config) bool { return t == nil && !strings.HasPrefix(host, "/") }
	for _, f := range c.Fallbacks {
		if plain(f.Host, f.TLSConfig) {
			return true
		}
	}
	return plain(c.Host, c.TLSConfig)
}

func (d *postgresDialect) open(context.Context) (*sql.DB, error) {
	return stdlib.OpenDB(*d.config), nil
}

func (*postgresDialect) size() string { return "SELECT pg_database_size(current_database())" }

// begin starts a transaction of one snapshot. What is set is set for the transaction
// alone: a pool between hearth and the server hands its connections to others.
func (d *postgresDialect) begin(ctx context.Context, db *sql.DB, write bool) (*sql.Tx, func(), error) {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: !write})
	if err != nil {
		return nil, nil, err
	}
	_, err = tx.ExecContext(ctx, fmt.Sprintf("SET LOCAL statement_timeout = %d; SET LOCAL lock_timeout = %d; "+
		"SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL TimeZone = 'UTC'; "+
		"SET LOCAL standard_conforming_strings = on", d.limit.Milliseconds(), lockWait.Milliseconds()))
	if err != nil {
		tx.Rollback()
		return nil, nil, err
	}
	return tx, func() {}, nil
}

// columns asks the catalogue for what an unqualified name means by the search path.
func (*postgresDialect) columns(tables string) string {
	return "SELECT c.relname, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod) FROM pg_catalog.pg_attribute a " +
		"JOIN pg_catalog.pg_class c ON c.oid = a.attrelid WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f') " +
		"AND pg_catalog.pg_table_is_visible(c.oid) AND c.relname IN (" + tables + ")"
}

func (*postgresDialect) collation(_, _ string) string     { return "" }
func (*postgresDialect) joins() bool                      { return false }
func (*postgresDialect) forUpdate() string                { return " FOR UPDATE" }
func (*postgresDialect) asText(expr string) string        { return `(CAST(` + expr + ` AS TEXT) COLLATE "C")` }
func (*postgresDialect) equals(column, arg string) string { return column + " = " + arg }
func (*postgresDialect) cell(v any) any                   { return v }

// asInteger: a boolean is no bigint, and no number but an integer.
func (*postgresDialect) asInteger(expr, typ string) string {
	if typ == "BOOLEAN" {
		return "CAST(" + expr + " AS INTEGER)"
	}
	return "CAST(" + expr + " AS BIGINT)"
}

// asTime leaves out the infinite times, and those that nothing else can hold.
func (d *postgresDialect) asTime(expr, typ string) string {
	if !strings.HasPrefix(typ, "TIMESTAMP") {
		return d.asText(expr)
	}
	return "(CASE WHEN " + expr + " >= '0001-01-01' AND " + expr + " < '10000-01-01' THEN to_char(" + expr +
		`, 'YYYY-MM-DD HH24:MI:SS.US') COLLATE "C" END)`
}

func (d *postgresDialect) asCell(expr, typ string) string {
	switch typ {
	case "BOOLEAN", "SMALLINT", "INTEGER", "BIGINT", "REAL", "DOUBLE PRECISION":
		return expr
	}
	return d.asText(expr)
}

func (*postgresDialect) bind(query string, args []any) (string, []any) {
	return placeholders(query, func(b *strings.Builder, n int) { fmt.Fprintf(b, "$%d", n) }), args
}

// postgresErrors are the server's errors, by SQLSTATE or its class, that a person can act
// on (errcodes.txt of PostgreSQL).
var postgresErrors = map[string]fault{
	"08":    {core.CodeUnavailable, "the connection to the server broke", "try again"},
	"0A000": {core.CodeRefused, "", ""},
	"22":    {core.CodeRefused, "", ""},
	"23":    {core.CodeRefused, "", ""},
	"23505": {core.CodeConflict, "the database has a row with the same id by now", "look at it again and make a new plan"},
	"25006": {core.CodeReadOnly, "the server is read-only", "name the one that Cinder writes to"},
	"28": {core.CodeDenied, "the server does not take the user and its password",
		"put the password into ~/.pgpass, or name the place's cinder.conf"},
	"3D000": {core.CodeNotFound, "the server has no database of that name", "name the one that cinder.conf names"},
	"40":    {core.CodeConflict, "another program changed the same rows meanwhile", "look at it again and make a new plan"},
	"42501": {core.CodeDenied, "this login may not do that", "grant it the right to"},
	"53":    {core.CodeUnavailable, "", "try again later"},
	"55P03": {core.CodeUnavailable, "another program holds the rows or the table locked", "try again when it is done"},
	"57014": {core.CodeUnavailable, "it took longer than a statement may, or somebody ended it on the server",
		"try again when the server has less to do, or allow more with statement_timeout"},
	"57": {core.CodeUnavailable, "the server is going down, or only starting", "try again later"},
}

func (d *postgresDialect) explain(ctx context.Context, tried string, err error) error {
	var e *pgconn.PgError
	if err != nil && strings.Contains(err.Error(), `requirement "`+noClearText+`" failed`) {
		return core.Fail(core.CodeRefused, tried, "the server asks for the password as it is, and the connection may be one without TLS: "+
			"it was not sent", "write sslmode=require, or require_auth=password if it may be", err)
	}
	if err == nil || !errors.As(err, &e) || ctx.Err() != nil {
		return explainServer(ctx, tried, err)
	}
	f, ok := postgresErrors[e.Code]
	if !ok && len(e.Code) == 5 {
		f, ok = postgresErrors[e.Code[:2]]
	}
	switch {
	case !ok:
		f = fault{core.CodeInternal, "the database says: " + e.Message, ""}
	case f.what == "" && f.code == core.CodeUnavailable:
		f.what = "the server says: " + e.Message
	case f.what == "":
		f.what = "the database does not take it: " + e.Message
	}
	return core.Fail(f.code, tried, f.what, f.next, err)
}
