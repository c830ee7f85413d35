package sql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"

	"hearth/core"
)

// mysqlDialect is that of MySQL, MariaDB and what is made of them.
type mysqlDialect struct {
	connector driver.Connector
	threads   *sync.Map // driver.Conn -> thread, of the connections that are open
	limit     time.Duration
	known     bool // the server is, by its certificate, or is this machine
}

// thread is a connection as the server sees it. Its host has the port that it came from,
// so that the two name it in a whole cluster: a number is of one node only, and behind a
// balancer the next connection may come to another.
type thread struct {
	id   int64
	host string
}

// newMySQL makes the dialect of an address.
func (d *mysqlDialect) verified() bool { return d.known }

func newMySQL(a address, tried string) (*mysqlDialect, error) {
	c, most, err := mysqlConfig(a, tried)
	if err != nil {
		return nil, err
	}
	inner, err := mysql.NewConnector(c)
	if err != nil {
		return nil, core.Fail(core.CodeUsage, tried, "the way to it is not whole: "+err.Error(), "", nil)
	}
	d := &mysqlDialect{threads: &sync.Map{}, limit: most, known: c.Net == "unix" || core.Loopback(c.Addr) ||
		c.TLS != nil && !c.AllowFallbackToPlaintext && (!c.TLS.InsecureSkipVerify || c.TLS.VerifyConnection != nil)}
	d.connector = session{inner, d}
	return d, nil
}

func (d *mysqlDialect) open(context.Context) (*sql.DB, error) { return sql.OpenDB(d.connector), nil }

func (*mysqlDialect) size() string {
	return "SELECT CAST(COALESCE(SUM(data_length + index_length), 0) AS SIGNED) FROM information_schema.tables WHERE table_schema = DATABASE()"
}

// session is a connector whose connections are set up for hearth.
type session struct {
	driver.Connector
	d *mysqlDialect
}

// Connect opens a connection. What texts and times mean is set for it, how long a
// statement and a lock may take, and that a value which does not fit is an error and not
// cut to fit.
func (s session) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := s.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.setUp(ctx, conn); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

func (s session) setUp(ctx context.Context, conn driver.Conn) error {
	about, err := ask(ctx, conn, "SELECT VERSION(), p.ID, p.HOST FROM information_schema.processlist p WHERE p.ID = CONNECTION_ID()")
	if err != nil {
		return err
	}
	version, _ := about[0].(string)
	host, _ := about[2].(string)
	most := fmt.Sprintf("max_execution_time = %d", s.d.limit.Milliseconds())
	if strings.Contains(strings.ToLower(version), "mariadb") {
		most = fmt.Sprintf("max_statement_time = %g", s.d.limit.Seconds())
	}
	wait := fmt.Sprint(int(lockWait.Seconds()))
	_, err = conn.(driver.ExecerContext).ExecContext(ctx, "SET SESSION time_zone = '+00:00', sql_mode = 'ANSI_QUOTES,STRICT_ALL_TABLES', "+
		"lock_wait_timeout = "+wait+", innodb_lock_wait_timeout = "+wait+", "+most, nil)
	if err != nil {
		return err
	}
	s.d.threads.Store(conn, thread{number(about[1]), host})
	return nil
}

// ask is the first row of a query on a driver's connection.
func ask(ctx context.Context, conn driver.Conn, query string) ([]driver.Value, error) {
	rows, err := conn.(driver.QueryerContext).QueryContext(ctx, query, nil)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	row := make([]driver.Value, len(rows.Columns()))
	if err := rows.Next(row); err != nil {
		return nil, err
	}
	for i, v := range row {
		if b, ok := v.([]byte); ok {
			row[i] = string(b)
		}
	}
	return row, nil
}

// number is a whole number of whatever type a driver gave it.
func number(v driver.Value) int64 {
	var n int64
	fmt.Sscan(fmt.Sprint(v), &n)
	return n
}

// begin takes a connection for a transaction that shows one state of the database: its
// first SELECT sets which. When ctx ends, the statement that runs is killed on the
// server, too, which would not notice otherwise that nobody listens.
func (d *mysqlDialect) begin(ctx context.Context, db *sql.DB, write bool) (*sql.Tx, func(), error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, nil, err
	}
	var of thread
	conn.Raw(func(dc any) error {
		if t, ok := d.threads.Load(dc); ok {
			of = t.(thread)
		}
		return nil
	})
	killed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(killed)
		d.kill(of)
	})
	done := func() {
		if stop() {
			conn.Close()
			return
		}
		go func() { // the kill must not meet whoever is next on the connection, and nobody waits for it
			<-killed
			conn.Raw(func(any) error { return driver.ErrBadConn })
			conn.Close()
		}()
	}
	tx, err := conn.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: !write})
	if err != nil {
		done()
		return nil, nil, err
	}
	return tx, done, nil
}

// killing is how long ending a statement may take, and attempts how many connections are
// made for it: behind a balancer the first may come to another node.
const (
	killing  = 5 * time.Second
	attempts = 3
)

// kill ends what a thread of ours runs. The thread is looked for by where it comes from:
// a number alone could be somebody else's on another node. What cannot be killed ends by
// its time limit.
func (d *mysqlDialect) kill(of thread) {
	ctx, cancel := context.WithTimeout(context.Background(), killing)
	defer cancel()
	for range attempts {
		if d.killOnce(ctx, of) {
			return
		}
	}
}

func (d *mysqlDialect) killOnce(ctx context.Context, of thread) (over bool) {
	conn, err := d.connector.(session).Connector.Connect(ctx)
	if err != nil {
		return false
	}
	defer conn.Close()
	row, err := ask(ctx, conn, fmt.Sprintf("SELECT p.HOST FROM information_schema.processlist p WHERE p.ID = %d", of.id))
	if err != nil || row[0] != of.host {
		return false
	}
	_, err = conn.(driver.ExecerContext).ExecContext(ctx, fmt.Sprintf("KILL QUERY %d", of.id), nil)
	return err == nil
}

func (*mysqlDialect) columns(tables string) string {
	return "SELECT c.TABLE_NAME, c.COLUMN_NAME, c.COLUMN_TYPE FROM information_schema.columns c " +
		"WHERE c.TABLE_SCHEMA = DATABASE() AND c.TABLE_NAME IN (" + tables + ")"
}

func (*mysqlDialect) collation(table, column string) string {
	return "SELECT c.CHARACTER_SET_NAME, c.COLLATION_NAME FROM information_schema.columns c " +
		"WHERE c.TABLE_SCHEMA = DATABASE() AND c.TABLE_NAME = '" + table + "' AND c.COLUMN_NAME = '" + column + "'"
}

func (*mysqlDialect) joins() bool       { return false }
func (*mysqlDialect) forUpdate() string { return " FOR UPDATE" }

// asText is the text's bytes in UTF-8, whatever the column's character set and collation.
func (*mysqlDialect) asText(expr string) string {
	return "CAST(CONVERT(" + expr + " USING utf8mb4) AS BINARY)"
}

func (*mysqlDialect) asInteger(expr, _ string) string { return "CAST(" + expr + " AS SIGNED)" }

// asTime leaves out the zero dates that older servers let in.
func (*mysqlDialect) asTime(expr, _ string) string {
	return "(CASE WHEN MONTH(" + expr + ") > 0 AND DAYOFMONTH(" + expr + ") > 0 THEN CAST(DATE_FORMAT(" + expr +
		", '%Y-%m-%d %H:%i:%s.%f') AS BINARY) END)"
}

func (d *mysqlDialect) asCell(expr, typ string) string {
	for _, numeric := range []string{"TINYINT", "SMALLINT", "MEDIUMINT", "INT", "BIGINT", "FLOAT", "DOUBLE"} {
		if strings.HasPrefix(typ, numeric) {
			return expr
		}
	}
	return d.asText(expr)
}

func (*mysqlDialect) cell(v any) any {
	switch v := v.(type) {
	case []byte:
		return string(v)
	case float32:
		return float64(v)
	case uint64:
		return int64(v)
	}
	return v
}

// equals compares by the column's collation, for its index, and by the bytes: the first
// alone finds what differs in case, in accents and in blanks at the end.
func (d *mysqlDialect) equals(column, arg string) string {
	return "(" + column + " = " + arg + " AND " + d.asText(column) + " = " + arg + ")"
}

func (*mysqlDialect) bind(query string, args []any) (string, []any) {
	var out []any
	query = placeholders(query, func(b *strings.Builder, n int) {
		b.WriteByte('?')
		if n <= len(args) {
			out = append(out, args[n-1])
		}
	})
	return query, out
}

// What is said of a login, and of a statement, in more than one case.
var (
	mysqlLogin = fault{core.CodeDenied, "the server does not take the user and its password",
		"put the password into ~/.my.cnf, or name the place's cinder.conf"}
	tookLong = fault{core.CodeUnavailable, "it took longer than a statement may, and was ended",
		"try again when the server has less to do, or allow more with statement_timeout"}
)

// mysqlErrors are the server's errors (mysqld_error.h) that a person can act on.
var mysqlErrors = map[uint16]fault{
	1040: {core.CodeUnavailable, "the server has as many connections as it takes", "try again later"},
	1044: {core.CodeDenied, "this login may not use the database", "grant it SELECT there"},
	1045: mysqlLogin,
	1047: {core.CodeUnavailable, "the node of the cluster is not ready", "try another node, or later"},
	1049: {core.CodeNotFound, "the server has no database of that name", "name the one that cinder.conf names"},
	1053: {core.CodeUnavailable, "the server is going down", "try again later"},
	1062: {core.CodeConflict, "the database has a row with the same id by now", "look at it again and make a new plan"},
	1129: {core.CodeUnavailable, "the server blocks this host after too many failed connections", "run mysqladmin flush-hosts there"},
	1130: {core.CodeDenied, "the server does not let this host connect", "grant the user the right to come from here"},
	1142: {core.CodeDenied, "this login may not do that", "grant it the right to"},
	1143: {core.CodeDenied, "this login may not do that", "grant it the right to"},
	1205: {core.CodeUnavailable, "another program holds the rows locked", "try again when it is done"},
	1213: {core.CodeConflict, "another program changed the same rows meanwhile", "look at it again and make a new plan"},
	1227: {core.CodeDenied, "this login may not do that", "grant it the right to"},
	1290: {core.CodeReadOnly, "the server is read-only", "name the one that Cinder writes to"},
	1698: mysqlLogin,
	1792: {core.CodeReadOnly, "the transaction is read-only", ""},
	1836: {core.CodeReadOnly, "the server is read-only", "name the one that Cinder writes to"},
	1969: tookLong,
	3024: tookLong,
	3159: {core.CodeDenied, "the server takes encrypted connections only", "write ssl_mode=REQUIRED, or with ssl_ca who vouches for it"},

	1048: {core.CodeRefused, "", ""}, 1264: {core.CodeRefused, "", ""}, 1292: {core.CodeRefused, "", ""}, 1364: {core.CodeRefused, "", ""},
	1366: {core.CodeRefused, "", ""}, 1406: {core.CodeRefused, "", ""}, 1451: {core.CodeRefused, "", ""}, 1452: {core.CodeRefused, "", ""},
	3819: {core.CodeRefused, "", ""}, 4025: {core.CodeRefused, "", ""},
}

// fault is what is to be said of an error of a server's: the code, what went wrong, what
// to do next. An empty what is the server's own words.
type fault struct {
	code       core.Code
	what, next string
}

func (d *mysqlDialect) explain(ctx context.Context, tried string, err error) error {
	var e *mysql.MySQLError
	if err == nil || !errors.As(err, &e) || ctx.Err() != nil {
		return explainServer(ctx, tried, err)
	}
	f, ok := mysqlErrors[e.Number]
	switch {
	case e.Number == 1317: // by somebody else, since our context goes on
		f = fault{core.CodeUnavailable, "somebody ended the statement on the server", "try again"}
	case !ok:
		f = fault{core.CodeInternal, "the database says: " + e.Message, ""}
	case f.what == "":
		f.what = "the database does not take it: " + e.Message
	}
	return core.Fail(f.code, tried, f.what, f.next, err)
}

// explainServer makes a *core.Error of what is no server's answer.
func explainServer(ctx context.Context, tried string, err error) error {
	var known *core.Error
	var nerr net.Error
	var op *net.OpError
	var dns *net.DNSError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return err
	case ctx.Err() != nil, errors.Is(err, context.Canceled):
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return core.Fail(core.CodeCancelled, tried, "it was cancelled", "", err)
	case errors.As(err, &dns):
		return core.Fail(core.CodeUnavailable, tried, "there is no host called "+dns.Name, "check the name", err)
	case untrusted(err) != nil:
		return core.Fail(core.CodeUnavailable, tried, "the server's certificate is not one to trust: "+untrusted(err).Error(),
			"name the authority's file with ssl_ca, or for PostgreSQL with sslrootcert", err)
	case errors.As(err, &op) && op.Op == "dial":
		return core.Fail(core.CodeUnavailable, tried, "nothing answers there: "+op.Error(), "check host and port, and that the server runs", err)
	case errors.As(err, &nerr), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, driver.ErrBadConn),
		errors.Is(err, mysql.ErrInvalidConn), errors.Is(err, net.ErrClosed), errors.Is(err, context.DeadlineExceeded):
		return core.Fail(core.CodeUnavailable, tried, "the connection to the server broke", "try again", err)
	case errors.Is(err, mysql.ErrNoTLS):
		return core.Fail(core.CodeUnavailable, tried, "the server has no TLS", "set it up there, or write ssl_mode=DISABLED", err)
	}
	return core.Fail(core.CodeInternal, tried, "the database says: "+err.Error(), "", err)
}
