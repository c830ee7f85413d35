package sql_test

import (
	"context"
	dbsql "database/sql"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"

	"hearth/core/pyjson"
	"hearth/store"
	"hearth/store/sql"
	"hearth/store/storetest"
)

// cinderTables are the tables that hearth reads; each database that a test makes has
// them as Cinder made them.
var cinderTables = []string{"volume_types", "volumes", "volume_metadata", "volume_glance_metadata", "backups", "backup_metadata",
	"services", "encryption"}

// realServer is a server that has a database with the schema that Cinder itself made.
type realServer struct {
	scheme string
	rest   string // of its location, with the password
	admin  *dbsql.DB

	t    testing.TB
	wide sync.Once               // makes the tables that hold what Cinder's cannot
	free map[bool][]madeDatabase // those that a test has done with, by whether they are wide: making one takes its time
}

// serverOf is the server that a variable names, as .ci/lab/lab sql env does; the test is
// skipped without it.
func serverOf(t testing.TB, variable string) *realServer {
	t.Helper()
	location := os.Getenv(variable)
	if location == "" {
		t.Skip(variable + " names no server: .ci/lab/lab sql up starts one, and .ci/lab/lab sql env names it")
	}
	s := &realServer{t: t, free: map[bool][]madeDatabase{}}
	s.scheme, s.rest, _ = strings.Cut(location, ":")
	u, err := url.Parse(location)
	ok(t, err)
	if s.scheme == "mysql" {
		c := mysql.NewConfig()
		c.User, c.Net, c.Addr, c.DBName = u.User.Username(), "tcp", u.Host, strings.TrimPrefix(u.Path, "/")
		c.Passwd, _ = u.User.Password()
		connector, err := mysql.NewConnector(c)
		ok(t, err)
		s.admin = dbsql.OpenDB(connector)
	} else {
		s.admin, err = dbsql.Open("pgx", location)
		ok(t, err)
	}
	t.Cleanup(func() { s.admin.Close() })
	return s
}

func servers(t *testing.T, fn func(t *testing.T, s *realServer)) {
	t.Run("MariaDB", func(t *testing.T) { fn(t, serverOf(t, "HEARTH_TEST_MYSQL")) })
	t.Run("PostgreSQL", func(t *testing.T) { fn(t, serverOf(t, "HEARTH_TEST_POSTGRES")) })
}

func (s *realServer) exec(t testing.TB, stmts ...string) {
	t.Helper()
	for _, stmt := range stmts {
		if _, err := s.admin.Exec(stmt); err != nil {
			t.Fatalf("%s: %v", stmt, err)
		}
	}
}

// one is the first column of the first row of a query, as text.
func (s *realServer) one(t testing.TB, query string) string {
	t.Helper()
	var text dbsql.NullString
	ok(t, s.admin.QueryRow(query).Scan(&text))
	return text.String
}

// databases counts those that were made.
var databases atomic.Int64

// made is a database of a test's own.
type madeDatabase struct {
	*realServer
	name  string // of the database, in PostgreSQL of the schema
	place string // what follows the scheme of its location
}

// make gives a test an empty database with Cinder's tables, until it ends. Those that
// Cinder makes in MySQL hold whole seconds and three bytes a letter; wide ones hold all
// that other databases do.
func (s *realServer) make(t testing.TB, wide bool) madeDatabase {
	t.Helper()
	var d madeDatabase
	if had := s.free[wide]; len(had) > 0 {
		d, s.free[wide] = had[len(had)-1], had[:len(had)-1]
		for i := range cinderTables {
			s.exec(t, "DELETE FROM "+d.name+"."+cinderTables[len(cinderTables)-1-i])
		}
	} else {
		d = s.makeAnew(t, wide)
	}
	t.Cleanup(func() { s.free[wide] = append(s.free[wide], d) })
	return d
}

// makeAnew makes a database, which goes when the test of the server ends.
func (s *realServer) makeAnew(t testing.TB, wide bool) madeDatabase {
	t.Helper()
	d := madeDatabase{realServer: s, name: fmt.Sprintf("hearth_test_%d_%d", os.Getpid(), databases.Add(1))}
	if s.scheme == "postgres" {
		s.exec(t, "CREATE SCHEMA "+d.name)
		s.t.Cleanup(func() { s.exec(s.t, "DROP SCHEMA "+d.name+" CASCADE") })
		for _, table := range cinderTables {
			s.exec(t, "CREATE TABLE "+d.name+"."+table+" (LIKE public."+table+" INCLUDING ALL)")
		}
		s.exec(t, "ALTER TABLE "+d.name+".volumes ALTER volume_type_id DROP NOT NULL") // as before Train
		d.place = s.rest + "?search_path=" + d.name
		return d
	}
	from := "cinder"
	if wide {
		from = fmt.Sprintf("hearth_test_%d_wide", os.Getpid())
		s.wide.Do(func() { s.makeWide(t, from) })
	}
	s.exec(t, "CREATE DATABASE "+d.name)
	s.t.Cleanup(func() { s.exec(s.t, "DROP DATABASE "+d.name) })
	for _, table := range cinderTables {
		s.exec(t, "CREATE TABLE "+d.name+"."+table+" LIKE "+from+"."+table)
	}
	s.exec(t, "ALTER TABLE "+d.name+".volumes MODIFY volume_type_id VARCHAR(36) NULL")
	d.place = s.rest[:strings.LastIndexByte(s.rest, '/')+1] + d.name
	return d
}

// makeWide makes tables with DATETIME(6) and utf8mb4, to copy.
func (s *realServer) makeWide(t testing.TB, name string) {
	t.Helper()
	s.exec(t, "CREATE DATABASE "+name)
	s.t.Cleanup(func() { s.exec(s.t, "DROP DATABASE "+name) })
	for _, table := range cinderTables {
		s.exec(t, "CREATE TABLE "+name+"."+table+" LIKE cinder."+table,
			"ALTER TABLE "+name+"."+table+" CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
		rows, err := s.admin.Query("SELECT column_name FROM information_schema.columns "+
			"WHERE table_schema = ? AND table_name = ? AND data_type = 'datetime'", name, table)
		ok(t, err)
		var columns []string
		for rows.Next() {
			var c string
			ok(t, rows.Scan(&c))
			columns = append(columns, c)
		}
		ok(t, rows.Err())
		for _, c := range columns {
			s.exec(t, "ALTER TABLE "+name+"."+table+" MODIFY "+c+" DATETIME(6) NULL")
		}
	}
}

// insert writes a row as SQLAlchemy would.
func (d madeDatabase) insert(t testing.TB, tx *dbsql.Tx, table string, columns []string, args ...any) {
	t.Helper()
	quote, marks := "`", make([]string, len(args))
	for i := range args {
		marks[i] = "?"
	}
	if d.scheme == "postgres" {
		quote = `"`
		for i := range args {
			marks[i] = fmt.Sprintf("$%d", i+1)
		}
	}
	_, err := tx.Exec("INSERT INTO "+d.name+"."+table+" ("+quote+strings.Join(columns, quote+", "+quote)+quote+") VALUES ("+
		strings.Join(marks, ", ")+")", args...)
	if err != nil {
		t.Fatalf("%s %v: %v", table, args, err)
	}
}

// fill writes a world's rows.
func (d madeDatabase) fill(t testing.TB, w storetest.World) {
	t.Helper()
	tx, err := d.admin.Begin()
	ok(t, err)
	defer tx.Rollback()
	object := func(table string, o *pyjson.Object) {
		var args []any
		for _, v := range o.All() {
			args = append(args, bind(v))
		}
		d.insert(t, tx, table, o.Keys(), args...)
	}
	for _, typ := range w.Types {
		d.insert(t, tx, "volume_types", []string{"id", "name", "deleted"}, typ.ID, typ.Name, false)
	}
	for i, v := range w.Volumes {
		object("volumes", v.Columns)
		id, _ := v.Columns.Get("id")
		for _, p := range v.Gone {
			d.insert(t, tx, "volume_metadata", []string{"volume_id", "key", "value", "deleted"}, id.Text(), p.Key, bind(p.Value), true)
			d.insert(t, tx, "volume_glance_metadata", []string{"volume_id", "key", "value", "deleted"}, id.Text(), p.Key, bind(p.Value), true)
		}
		for _, p := range v.Metadata {
			d.insert(t, tx, "volume_metadata", []string{"volume_id", "key", "value", "deleted"}, id.Text(), p.Key, bind(p.Value),
				[]any{false, nil}[i%2])
		}
		for _, p := range v.Image {
			d.insert(t, tx, "volume_glance_metadata", []string{"volume_id", "key", "value", "deleted"}, id.Text(), p.Key, bind(p.Value), false)
		}
	}
	for _, b := range w.Backups {
		object("backups", b.Columns)
		id, _ := b.Columns.Get("id")
		for _, p := range b.Gone {
			d.insert(t, tx, "backup_metadata", []string{"backup_id", "key", "value", "deleted"}, id.Text(), p.Key, bind(p.Value), true)
		}
		for _, p := range b.Metadata {
			d.insert(t, tx, "backup_metadata", []string{"backup_id", "key", "value", "deleted"}, id.Text(), p.Key, bind(p.Value), false)
		}
	}
	ok(t, tx.Commit())
}

// open opens the database as a place.
func (d madeDatabase) open(t testing.TB, o sql.Options) *sql.Place {
	t.Helper()
	p, err := sql.OpenServer(context.Background(), d.scheme, d.place, "", o)
	ok(t, err)
	return p
}

// block takes the tables from everybody until release is called.
func (d madeDatabase) block(t testing.TB) (release func()) {
	t.Helper()
	conn, err := d.admin.Conn(context.Background())
	ok(t, err)
	var names []string
	for _, table := range cinderTables {
		names = append(names, d.name+"."+table)
	}
	lock := "BEGIN; LOCK TABLE " + strings.Join(names, ", ") + " IN ACCESS EXCLUSIVE MODE"
	unlock := "ROLLBACK"
	if d.scheme == "mysql" {
		lock, unlock = "LOCK TABLES "+strings.Join(names, " WRITE, ")+" WRITE", "UNLOCK TABLES"
	}
	_, err = conn.ExecContext(context.Background(), lock)
	ok(t, err)
	return func() {
		_, err := conn.ExecContext(context.Background(), unlock)
		ok(t, err)
		conn.Close()
	}
}

// contract runs the contract over databases of one kind.
func (s *realServer) contract(t *testing.T, wide, write bool) {
	var of sync.Map // place -> its database
	storetest.Run(t, storetest.Driver{
		ReadOnly: !write,
		Narrow:   !wide,
		Make: func(t *testing.T, w storetest.World, now func() time.Time) store.Place {
			d := s.make(t, wide)
			d.fill(t, w)
			p := d.open(t, sql.Options{Now: now, Write: write})
			if !write {
				of.Store(store.Place(p), d)
				return p
			}
			place := storetest.WithBooks(t, p, w)
			of.Store(store.Place(place), d)
			return place
		},
		Block: func(t *testing.T, p store.Place) func() {
			d, _ := of.Load(p)
			return d.(madeDatabase).block(t)
		},
	})
}

// TestRealContract holds both servers to the contract, with Cinder's own tables and with
// wider ones, for reading and for writing.
func TestRealContract(t *testing.T) {
	t.Run("MariaDB", func(t *testing.T) {
		s := serverOf(t, "HEARTH_TEST_MYSQL")
		t.Run("read", func(t *testing.T) { s.contract(t, false, false) })
		t.Run("wide", func(t *testing.T) { s.contract(t, true, false) })
		t.Run("write", func(t *testing.T) { s.contract(t, false, true) })
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		s := serverOf(t, "HEARTH_TEST_POSTGRES")
		t.Run("read", func(t *testing.T) { s.contract(t, true, false) })
		t.Run("write", func(t *testing.T) { s.contract(t, true, true) })
	})
}
