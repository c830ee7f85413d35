package sql_test

import (
	"context"
	dbsql "database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store"
	"hearth/store/ledger"
	"hearth/store/sql"
	"hearth/store/storetest"
)

// fast is how long tests wait for a lock that nobody is going to give up.
const fast = ledger.Patient(60 * time.Millisecond)

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// raw opens a file with nothing of hearth's in between.
func raw(t testing.TB, path string) *dbsql.DB {
	t.Helper()
	db, err := dbsql.Open("sqlite", "file:"+path+"?mode=rw&_pragma=busy_timeout(5000)")
	ok(t, err)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	return db
}

// exec runs statements on a file that nobody else has open.
func exec(t testing.TB, path string, stmts ...string) {
	t.Helper()
	db := raw(t, path)
	for _, s := range stmts {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	ok(t, db.Close())
}

// query returns the first column of a query's rows as text.
func query(t testing.TB, path, q string, args ...any) []string {
	t.Helper()
	db := raw(t, path)
	defer db.Close()
	rows, err := db.Query(q, args...)
	ok(t, err)
	defer rows.Close()
	var out []string
	for rows.Next() {
		var s dbsql.NullString
		ok(t, rows.Scan(&s))
		out = append(out, s.String)
	}
	ok(t, rows.Err())
	return out
}

// bind is a value of a row for SQL, as SQLAlchemy would write it.
func bind(v pyjson.Value) any {
	switch v.Kind() {
	case pyjson.Null:
		return nil
	case pyjson.Bool:
		return v.Bool()
	case pyjson.Int:
		n, _ := v.Int64()
		return n
	case pyjson.Time:
		at, _ := v.Time()
		return at.Format("2006-01-02 15:04:05.000000")
	}
	return v.Text()
}

// fill writes a world's rows into a file with Cinder's tables.
func fill(t testing.TB, path string, w storetest.World) {
	t.Helper()
	db := raw(t, path)
	tx, err := db.Begin()
	ok(t, err)
	insert := func(table string, columns []string, args ...any) {
		t.Helper()
		_, err := tx.Exec(
			`INSERT INTO `+table+` ("`+strings.Join(columns, `", "`)+`") VALUES (`+strings.TrimSuffix(strings.Repeat("?, ", len(args)), ", ")+")",
			args...)
		ok(t, err)
	}
	object := func(table string, o *pyjson.Object) {
		var args []any
		for _, v := range o.All() {
			args = append(args, bind(v))
		}
		insert(table, o.Keys(), args...)
	}
	pairs := func(table, owner string, id pyjson.Value, rows []core.Pair, deleted any) {
		for _, p := range rows {
			insert(table, []string{owner, "key", "value", "deleted"}, id.Text(), p.Key, bind(p.Value), deleted)
		}
	}
	for _, typ := range w.Types {
		insert("volume_types", []string{"id", "name", "deleted"}, typ.ID, typ.Name, false)
	}
	for i, v := range w.Volumes {
		object("volumes", v.Columns)
		id, _ := v.Columns.Get("id")
		pairs("volume_metadata", "volume_id", id, v.Gone, true)
		pairs("volume_metadata", "volume_id", id, v.Metadata, []any{false, nil}[i%2]) // NULL is not deleted
		pairs("volume_glance_metadata", "volume_id", id, v.Gone, true)
		pairs("volume_glance_metadata", "volume_id", id, v.Image, false)
	}
	for _, b := range w.Backups {
		object("backups", b.Columns)
		id, _ := b.Columns.Get("id")
		pairs("backup_metadata", "backup_id", id, b.Gone, true)
		pairs("backup_metadata", "backup_id", id, b.Metadata, false)
	}
	ok(t, tx.Commit())
	ok(t, db.Close())
}

// made are files with worlds in them, by what they are: making one takes longer
// than copying it.
var made sync.Map

// copyOf copies what make makes, which it does once for each name.
func copyOf(t testing.TB, name string, make func(path string)) string {
	t.Helper()
	data, known := made.Load(name)
	if !known {
		path := filepath.Join(t.TempDir(), "made.sqlite")
		make(path)
		bytes, err := os.ReadFile(path)
		ok(t, err)
		data = bytes
		made.Store(name, data)
	}
	path := filepath.Join(t.TempDir(), "copy.sqlite")
	ok(t, os.WriteFile(path, data.([]byte), 0o600))
	return path
}

// ownFile is a store of hearth's with a world in it.
func ownFile(t testing.TB, w storetest.World) string {
	t.Helper()
	return copyOf(t, fmt.Sprintf("own %d %d", len(w.Volumes), len(w.Backups)), func(path string) { makeOwn(t, path, w) })
}

func makeOwn(t testing.TB, path string, w storetest.World) {
	t.Helper()
	s, err := sql.Create(context.Background(), path, sql.Options{})
	ok(t, err)
	for _, k := range w.Captures {
		_, err := s.KeepCapture(context.Background(), k)
		ok(t, err)
	}
	ok(t, s.Close())
	fill(t, path, w)
}

// theirFile is a database with Cinder's tables that hearth knows nothing of.
func theirFile(t testing.TB, w storetest.World) string {
	t.Helper()
	return copyOf(t, fmt.Sprintf("theirs %d %d", len(w.Volumes), len(w.Backups)), func(path string) {
		makeOwn(t, path, w)
		exec(t, path, "DROP TABLE hearth_captures", "DROP TABLE hearth_journal", "DROP INDEX hearth_backups_volume",
			"DROP INDEX hearth_backups_parent",
			"PRAGMA application_id = 0", "PRAGMA user_version = 0", "PRAGMA journal_mode = DELETE")
	})
}

// open opens a file as store.Open would.
func open(t testing.TB, path string, o sql.Options) store.Place {
	t.Helper()
	if o.Patience == 0 {
		o.Patience = fast
	}
	p, err := sql.Open(context.Background(), path, o)
	ok(t, err)
	if own := p.Own(); own != nil {
		return own
	}
	return p
}

// lock takes a file so that nobody else can read it, until release is called.
func lock(t testing.TB, path string) (release func()) {
	t.Helper()
	db := raw(t, path)
	_, err := db.Exec("BEGIN EXCLUSIVE")
	ok(t, err)
	return func() { db.Close() }
}

func TestContract(t *testing.T) {
	storetest.Run(t, storetest.Driver{
		Make: func(t *testing.T, w storetest.World, now func() time.Time) store.Place {
			return open(t, ownFile(t, w), sql.Options{Now: now, Patience: ledger.Patience})
		},
		Block: func(t *testing.T, p store.Place) func() { return lock(t, pathOf(p)) },
	})
}

func TestContractTheirs(t *testing.T) {
	storetest.Run(t, storetest.Driver{
		ReadOnly: true,
		Make: func(t *testing.T, w storetest.World, now func() time.Time) store.Place {
			return open(t, theirFile(t, w), sql.Options{Now: now, Patience: ledger.Patience})
		},
		Block: func(t *testing.T, p store.Place) func() { return lock(t, pathOf(p)) },
	})
}

func pathOf(p store.Place) string { return strings.TrimPrefix(p.Info().Location, "sqlite:") }

// state is a folder's listing with what is in each file, to see that nothing of
// it has changed.
func state(t testing.TB, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	ok(t, err)
	var b strings.Builder
	for _, e := range entries {
		info, err := e.Info()
		ok(t, err)
		fmt.Fprintln(&b, e.Name(), info.Mode(), info.Size(), sum(t, filepath.Join(dir, e.Name())))
	}
	return b.String()
}

// tempDir is a folder that lasts as long as the tests do.
func tempDir() (string, error) {
	dir, err := os.MkdirTemp("", "hearth-test-")
	shared = append(shared, dir)
	return dir, err
}

// shared are the folders to remove at the end.
var shared []string

func TestMain(m *testing.M) {
	code := m.Run()
	for _, dir := range shared {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}
