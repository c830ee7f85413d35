package ledger

import (
	"context"
	"errors"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"hearth/core"
)

// Patient is how long a call waits for a file that another program has locked;
// 0 is [Patience].
type Patient time.Duration

// Patience is how long a call waits as a rule.
const Patience = Patient(5 * time.Second)

// slice is how long SQLite itself waits at a time. It does not look at the
// context while it does, so that the waiting is cut in slices.
const slice = 50 * time.Millisecond

// Wait calls fn until it no longer meets a lock, patience is at its end, or ctx
// is. fn has to begin anew each time.
func (p Patient) Wait(ctx context.Context, fn func() error) error {
	if p == 0 {
		p = Patience
	}
	for began := time.Now(); ; {
		err := fn()
		if !Locked(err) || time.Since(began) >= time.Duration(p) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(slice / 10): // some locks SQLite does not wait for at all
		}
	}
}

// Locked reports whether err is another program's lock on a SQLite database.
func Locked(err error) bool {
	code := codeOf(err) & 0xFF
	return code == sqlite3.SQLITE_BUSY || code == sqlite3.SQLITE_LOCKED
}

// codeOf is SQLite's extended code of an error, 0 if it is not SQLite's.
func codeOf(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

// Explain makes a *core.Error of what SQLite says; nil stays nil, and what is
// one already stays as it is. What fails because ctx has ended is CodeCancelled,
// whatever the database calls it.
func Explain(ctx context.Context, tried string, err error) error {
	if err == nil {
		return nil
	}
	var known *core.Error
	if errors.As(err, &known) {
		return err
	}
	code := codeOf(err)
	if ctx.Err() != nil || code == sqlite3.SQLITE_INTERRUPT || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return core.Fail(core.CodeCancelled, tried, "it was cancelled", "", err)
	}
	switch code {
	case sqlite3.SQLITE_READONLY_ROLLBACK, sqlite3.SQLITE_READONLY_RECOVERY, sqlite3.SQLITE_READONLY_CANTINIT:
		return core.Fail(core.CodeUnavailable, tried, "whoever wrote it last was interrupted in the middle of a change, which has to be "+
			"rolled back by one who may write it (it lies in the -journal or -wal file beside it: never remove that)",
			"open it once with hearth --write, with sqlite3, or with Cinder; or read a copy of all its files", err)
	}
	switch code & 0xFF {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return core.Fail(core.CodeUnavailable, tried, "another program holds the database locked", "try again when it is done", err)
	case sqlite3.SQLITE_NOTADB:
		return core.Fail(core.CodeUnreadable, tried, "it is no SQLite database, or an encrypted one", "name another file", err)
	case sqlite3.SQLITE_CORRUPT:
		return core.Fail(core.CodeUnreadable, tried, "the database is damaged", "restore it from a copy", err)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH:
		return core.Fail(core.CodeReadOnly, tried, "the file cannot be written", "check its permissions", err)
	case sqlite3.SQLITE_CANTOPEN:
		return core.Fail(core.CodeUnreadable, tried, "the file cannot be opened", "check that it and its folder can be read and written", err)
	case sqlite3.SQLITE_FULL:
		return core.Fail(core.CodeUnavailable, tried, "the disk is full", "make room and try again", err)
	case sqlite3.SQLITE_IOERR:
		return core.Fail(core.CodeUnavailable, tried, "the system refused to read or write the file",
			"look at the limit for the size of files (ulimit -f), at quotas and at the system's log", err)
	case sqlite3.SQLITE_CONSTRAINT:
		return core.Fail(core.CodeRefused, tried, "the database does not take it: "+err.Error(), "", err)
	}
	return core.Fail(core.CodeInternal, tried, "the database says: "+err.Error(), "", err)
}
