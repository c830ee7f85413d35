// Package ledger is what hearth writes down in SQLite files, wherever those are:
// captures and the journal, beside Cinder's tables in a store that hearth made,
// and in the archive. It also opens such files with care, and tells SQLite's
// errors in words, for both.
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
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"hearth/core"
)

// busyTimeout is how long a write waits for another program's.
const busyTimeout = 5 * time.Second

// Access says how a file is opened.
type Access uint8

const (
	ReadOnly Access = iota // nothing can be written, by any means
	Theirs                 // somebody else's file, written to as it is
	Ours                   // a file that hearth made
)

// DSN is the connection string. A database of somebody else's is opened without
// any pragma that would change it.
func DSN(path string, a Access) string {
	q := url.Values{}
	q.Add("_pragma", fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()))
	q.Add("_txlock", "immediate")
	if a == ReadOnly {
		q.Set("mode", "ro")
		q.Add("_pragma", "query_only(1)")
	} else {
		q.Set("mode", "rw")
	}
	if a == Ours {
		q.Add("_pragma", "foreign_keys(0)") // Cinder's tables refer to some that are not here
		q.Add("_pragma", "synchronous(normal)")
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		abs = path
	}
	u := url.URL{Scheme: "file", Path: abs, RawQuery: q.Encode()}
	return u.String()
}

// Sound refuses what is plainly no SQLite database before SQLite sees it,
// so that nothing is made or changed by opening.
func Sound(path, tried string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return core.Fail(core.CodeNotFound, tried, "there is no such file", "make one with hearth demo --out "+path+", or name another", err)
	case err != nil:
		return core.Fail(core.CodeUnreadable, tried, "the file cannot be read", "check its permissions", err)
	case info.IsDir():
		return core.Fail(core.CodeUnreadable, tried, "it is a folder", "name a database file, or posix:"+path+" for a backup repository", nil)
	}
	f, err := os.Open(path)
	if err != nil {
		return core.Fail(core.CodeUnreadable, tried, "the file cannot be read", "check its permissions", err)
	}
	defer f.Close()
	head := make([]byte, 100)
	if n, err := io.ReadFull(f, head); err != nil || string(head[:16]) != "SQLite format 3\x00" {
		what := "it is no SQLite database"
		if n == 0 {
			what = "it is empty"
		}
		return core.Fail(core.CodeUnreadable, tried, what, "name a SQLite file with Cinder's schema", nil)
	}
	page := int64(binary.BigEndian.Uint16(head[16:18]))
	if page == 1 {
		page = 65536
	}
	// The header's size holds only if it was written together with the change
	// counter (file format 1.3.7).
	pages := int64(binary.BigEndian.Uint32(head[28:32]))
	if string(head[24:28]) == string(head[92:96]) && pages*page > info.Size() {
		return core.Fail(core.CodeUnreadable, tried,
			fmt.Sprintf("it is cut short: %s of %s are there", core.Bytes(info.Size()), core.Bytes(pages*page)), "copy it again, whole", nil)
	}
	return nil
}

// Explain makes a *core.Error of what SQLite says; nil stays nil, and what is
// one already stays as it is.
func Explain(tried string, err error) error {
	if err == nil {
		return nil
	}
	var known *core.Error
	if errors.As(err, &known) {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return core.Fail(core.CodeCancelled, tried, "it was cancelled", "", err)
	}
	var e *sqlite.Error
	if errors.As(err, &e) {
		switch e.Code() & 0xFF {
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
			return core.Fail(core.CodeUnavailable, tried, "another program holds the database locked", "try again when it is done", err)
		case sqlite3.SQLITE_NOTADB:
			return core.Fail(core.CodeUnreadable, tried, "it is no SQLite database, or an encrypted one", "name another file", err)
		case sqlite3.SQLITE_CORRUPT:
			return core.Fail(core.CodeUnreadable, tried, "the database is damaged", "restore it from a copy", err)
		case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH:
			return core.Fail(core.CodeReadOnly, tried, "the file cannot be written", "check its permissions", err)
		case sqlite3.SQLITE_CANTOPEN:
			return core.Fail(core.CodeUnreadable, tried, "the file cannot be opened", "check that it and its folder can be read", err)
		case sqlite3.SQLITE_FULL:
			return core.Fail(core.CodeUnavailable, tried, "the disk is full", "make room and try again", err)
		}
	}
	return core.Fail(core.CodeInternal, tried, "the database says: "+err.Error(), "", err)
}

// Migrate brings a file's own tables up to date: steps[i] leads from version i
// (PRAGMA user_version) to the next. A file of a newer hearth is refused. Two
// programs may do it at once.
func Migrate(ctx context.Context, db *sql.DB, steps []string) error {
	for {
		var version int
		if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
			return err
		}
		switch {
		case version == len(steps):
			return nil
		case version > len(steps):
			return core.Fail(core.CodeUnreadable, "open the file", fmt.Sprintf("a newer hearth made it (version %d, this one knows %d)", version, len(steps)),
				"use that hearth, or a newer one", nil)
		}
		if err := step(ctx, db, version, steps[version]); err != nil {
			return err
		}
	}
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
