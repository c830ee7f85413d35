// Package ledger is what hearth writes down in SQLite files, wherever those are:
// captures and the journal, beside Cinder's tables in a store that hearth made,
// and in the archive. It also opens such files with care, waits for those who
// have them locked, and tells SQLite's errors in words, for both.
package ledger

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"hearth/core"
)

// Access says how a file is opened.
type Access uint8

const (
	ReadOnly Access = iota // no statement can write
	Theirs                 // somebody else's file, written to as it is
	Ours                   // a file that hearth made
	Still                  // one that is read as it lies: nobody writes it, and nothing is made beside it
)

// Head is what the first page of a SQLite file says of it.
type Head struct {
	Application uint32 // PRAGMA application_id: whose file it is
	WAL         bool   // it is written through a write-ahead log
}

// headSize is how long SQLite's header is, in bytes.
const headSize = 100

// Look reads a file's head and refuses what is plainly no SQLite database before
// SQLite sees it, so that nothing is made or changed by opening. Errors are
// *core.Error.
func Look(path, tried string) (Head, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return Head{}, core.Fail(core.CodeNotFound, tried, "there is no such file",
			"make one with hearth demo --out "+path+", or name another", err)
	case err != nil:
		return Head{}, core.Fail(core.CodeUnreadable, tried, "the file cannot be read", "check its permissions", err)
	case info.IsDir():
		return Head{}, core.Fail(core.CodeUnreadable, tried, "it is a folder",
			"name a database file, or posix:"+path+" for a backup repository", nil)
	case !info.Mode().IsRegular():
		return Head{}, core.Fail(core.CodeUnreadable, tried, "it is no ordinary file", "name a database file", nil)
	}
	f, err := os.Open(path)
	if err != nil {
		return Head{}, core.Fail(core.CodeUnreadable, tried, "the file cannot be read", "check its permissions", err)
	}
	defer f.Close()
	head := make([]byte, headSize)
	if n, err := io.ReadFull(f, head); err != nil || string(head[:16]) != "SQLite format 3\x00" {
		what := "it is no SQLite database"
		if n == 0 {
			what = "it is empty"
		}
		return Head{}, core.Fail(core.CodeUnreadable, tried, what, "name a SQLite file with Cinder's schema", ErrDamaged)
	}
	if want := wholeSize(head); want > info.Size() && !hasLog(path) {
		return Head{}, core.Fail(core.CodeUnreadable, tried,
			fmt.Sprintf("it is cut short: %s of %s are there", core.Bytes(info.Size()), core.Bytes(want)), "copy it again, whole", ErrDamaged)
	}
	return Head{Application: binary.BigEndian.Uint32(head[68:72]), WAL: head[19] == 2}, nil
}

// wholeSize is how large the file is by its own head, in bytes; 0 if that does
// not say: the number of pages holds only if it was written together with the
// change counter (file format 1.3.7).
func wholeSize(head []byte) int64 {
	if string(head[24:28]) != string(head[92:96]) {
		return 0
	}
	page := int64(binary.BigEndian.Uint16(head[16:18]))
	if page == 1 {
		page = 65536
	}
	return page * int64(binary.BigEndian.Uint32(head[28:32]))
}

// hasLog reports whether a log lies beside the file. While it does, pages of the
// file may still be in it, and the file's size says nothing.
func hasLog(path string) bool {
	for _, suffix := range []string{"-wal", "-journal"} {
		if info, err := os.Stat(path + suffix); err == nil && info.Size() > 0 {
			return true
		}
	}
	return false
}

// DSN is the connection string. A database of somebody else's is opened without
// any pragma that would change it.
func DSN(path string, a Access) string {
	mode := "rw"
	if a == ReadOnly {
		mode = "ro"
	}
	return dsn(path, a, url.Values{"mode": {mode}})
}

func dsn(path string, a Access, q url.Values) string {
	q.Add("_pragma", fmt.Sprintf("busy_timeout(%d)", slice.Milliseconds()))
	q.Add("_txlock", "immediate") // of transactions that may write
	switch a {
	case ReadOnly:
		q.Add("_pragma", "query_only(1)")
	case Ours:
		q.Add("_pragma", "foreign_keys(0)") // Cinder's tables refer to some that are not here
		q.Add("_pragma", "synchronous(normal)")
		q.Add("_pragma", "cache_size(-12288)") // KiB of each connection: rows of a million lie far apart
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		abs = path
	}
	u := url.URL{Scheme: "file", Path: abs, RawQuery: q.Encode()}
	return u.String()
}

// Open opens a file that [Look] has found sound, and reads it once, so that what
// is wrong with it shows now. It waits for patience if the file is locked; 0 is
// [Patience].
func Open(ctx context.Context, path string, a Access, head Head, patience Patient) (*sql.DB, error) {
	if a == Still && head.WAL && !hasLog(path) {
		return openAs(ctx, dsn(path, ReadOnly, url.Values{"mode": {"ro"}, "immutable": {"1"}}), patience)
	}
	if a == Still {
		a = ReadOnly
	}
	if a != ReadOnly || !head.WAL || hasLog(path) {
		return openAs(ctx, DSN(path, a), patience)
	}
	// A reader of a write-ahead log has to make the log's side files, and cleans
	// them up at the end only if it may write; query_only keeps it from more.
	db, err := openAs(ctx, dsn(path, a, url.Values{"mode": {"rw"}}), patience)
	var e *sqlite.Error
	if errors.As(err, &e) && (e.Code()&0xFF == sqlite3.SQLITE_CANTOPEN || e.Code()&0xFF == sqlite3.SQLITE_READONLY) {
		// Not where the folder is read-only: then nobody is writing it either.
		return openAs(ctx, dsn(path, a, url.Values{"mode": {"ro"}, "immutable": {"1"}}), patience)
	}
	return db, err
}

// idle is how many connections stay open: a list, its counts, a detail and a job at a time.
const idle = 4

// Shed gives back the pages that idle connections keep in memory, up to twice their
// cache_size each: after a job that went through many, before one in another file. It must
// be a file that [Open] opened.
func Shed(db *sql.DB) {
	db.SetMaxIdleConns(0) // which closes them
	db.SetMaxIdleConns(idle)
}

func openAs(ctx context.Context, dsn string, patience Patient) (*sql.DB, error) {
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxIdleConns(idle)
	err = patience.Wait(ctx, func() error {
		var n int64
		return db.QueryRowContext(ctx, "PRAGMA schema_version").Scan(&n)
	})
	if err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// Migrate brings a file's own tables up to date: steps[i] leads from version i
// (PRAGMA user_version) to the next. A file of a newer hearth is refused: tried is
// what is to be done, for that error. Two programs may do it at once.
func Migrate(ctx context.Context, db *sql.DB, tried string, steps []string) error {
	for {
		version, err := Version(ctx, db, tried, steps)
		if err != nil || version == len(steps) {
			return err
		}
		if err := step(ctx, db, version, steps[version]); err != nil {
			return err
		}
	}
}

// ErrNewer is why a file cannot be used that a newer hearth made.
var ErrNewer = errors.New("a newer hearth made it")

// ErrDamaged is why a file cannot be used that is no SQLite database, or no whole one.
var ErrDamaged = errors.New("no whole SQLite database")

// Damaged reports whether an error says that a file is no whole SQLite database, and never
// will be by itself.
func Damaged(err error) bool {
	code := codeOf(err) & 0xFF
	return errors.Is(err, ErrDamaged) || code == sqlite3.SQLITE_NOTADB || code == sqlite3.SQLITE_CORRUPT
}

// Version is which of the steps a file has behind it; a file of a newer hearth is
// an error.
func Version(ctx context.Context, db *sql.DB, tried string, steps []string) (int, error) {
	var version int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return 0, err
	}
	if version < 0 || version > len(steps) {
		return version, core.Fail(core.CodeUnreadable, tried,
			fmt.Sprintf("a newer hearth made it (version %d, this one knows %d)", version, len(steps)),
			"use that hearth, or a newer one", ErrNewer)
	}
	return version, nil
}

// step does one step, unless another program was faster.
func step(ctx context.Context, db *sql.DB, version int, stmts string) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var now int
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&now); err != nil || now != version {
		return err
	}
	if _, err := tx.ExecContext(ctx, stmts+fmt.Sprintf("PRAGMA user_version = %d;", version+1)); err != nil {
		return err
	}
	return tx.Commit()
}

// Writable is nil where a file may be written to, and else why not. SQLite opens one that may
// not for reading, and tells of it at the first change.
func Writable(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return f.Close()
}

// FileSize is the size of a SQLite file with its side files, in bytes.
func FileSize(path string) int64 {
	var sum int64
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		if info, err := os.Stat(path + suffix); err == nil {
			sum += info.Size()
		}
	}
	return sum
}
