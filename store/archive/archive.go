// Package archive is hearth's own SQLite file: captures, records and the journal
// of places that keep none themselves. It never holds anything of a demo.
package archive

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"hearth/core"
	"hearth/store/ledger"
)

// applicationID marks the file (PRAGMA application_id): "HRTA".
const applicationID = 0x48525441

// steps lead from each version of the file to the next; they are only added.
var steps = []string{ledger.Tables + `
CREATE TABLE records (
	id INTEGER PRIMARY KEY, place TEXT NOT NULL, backup_id TEXT NOT NULL, at TEXT NOT NULL,
	direction TEXT NOT NULL, fingerprint TEXT NOT NULL, service TEXT NOT NULL, url TEXT NOT NULL);
CREATE INDEX records_backup ON records (backup_id);
`, `
CREATE TABLE entry_steps (entry_id INTEGER PRIMARY KEY, steps TEXT NOT NULL);
`, listingsStep, seenStep, lifeStep, ledger.AgainStep, heldStep, verifiedStep, ledger.KnownStep, sumStep, ledger.SumStep + heldSumStep,
	turnStep, locksStep, ledger.TurnStep + listingSumStep, morningStep, drillFieldsStep}

// Archive is the open file. It keeps captures and the journal as a
// [ledger.Book], by place.
type Archive struct {
	ledger.Book
	path string
}

// Open opens the archive at path and makes it, mode 0600, in a folder of mode
// 0700, if it is not there. It holds secrets (captures do), so that a file which
// others could read is closed to them. Errors are *core.Error.
func Open(ctx context.Context, path string) (*Archive, error) {
	return open(ctx, path, ledger.Patience)
}

func open(ctx context.Context, path string, patience ledger.Patient) (*Archive, error) {
	tried := "open the archive " + path
	if err := makeFile(path); err != nil {
		return nil, core.Fail(core.CodeUnreadable, tried, "the file cannot be made", "check the folder, or name another with XDG_DATA_HOME", err)
	}
	var head ledger.Head
	if info, err := os.Stat(path); err != nil || info.Size() > 0 { // an empty one is about to be made
		if head, err = ledger.Look(path, tried); err != nil {
			return nil, err
		}
		if head.Application != applicationID && head.Application != 0 {
			return nil, notOurs(path)
		}
	}
	if err := closed(path); err != nil {
		return nil, core.Fail(core.CodeUnreadable, tried, "the file cannot be closed to others", "look whose it is: it can hold secrets", err)
	}
	if err := ledger.Writable(path); err != nil {
		return nil, core.Fail(core.CodeReadOnly, tried, "the file cannot be written", "check its permissions, and the disk's", err)
	}
	db, err := ledger.Open(ctx, path, ledger.Ours, head, patience)
	if err != nil {
		return nil, ledger.Explain(ctx, tried, err)
	}
	a := &Archive{Book: ledger.Book{DB: db, Everywhere: true, Patience: patience}, path: path}
	if err := a.prepare(ctx); err != nil {
		db.Close()
		return nil, err
	}
	return a, nil
}

func notOurs(path string) error {
	return core.Fail(core.CodeUnreadable, "open the archive "+path, "the file there is not hearth's archive",
		"move it away, or name another folder with XDG_DATA_HOME", nil)
}

// makeFile makes an empty file that only its owner can read, if there is none.
// Two programs may do it at once: what goes into it is SQLite's to sort out.
func makeFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err == nil {
		return f.Close()
	}
	if !errors.Is(err, os.ErrExist) {
		return err
	}
	_, err = os.Stat(path)
	return err
}

// closed closes a file that is hearth's to all but its owner.
func closed(path string) error {
	info, err := os.Stat(path)
	if err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
		err = os.Chmod(path, info.Mode().Perm()&0o700)
	}
	return err
}

// prepare marks a new file as the archive and brings its tables up to date.
func (a *Archive) prepare(ctx context.Context) error {
	tried := "open the archive " + a.path
	err := a.Write(ctx, tried, func(tx *sql.Tx) error {
		var id, tables int64
		if err := tx.QueryRowContext(ctx,
			"SELECT application_id, (SELECT count(*) FROM sqlite_master) FROM pragma_application_id").Scan(&id, &tables); err != nil {
			return err
		}
		switch {
		case id == applicationID:
			return nil
		case id != 0 || tables > 0:
			return notOurs(a.path)
		}
		_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d", applicationID))
		return err
	})
	if err != nil {
		return err
	}
	return a.Do(ctx, tried, func() error {
		if _, err := a.DB.ExecContext(ctx, "PRAGMA journal_mode = WAL"); err != nil {
			return err
		}
		return ledger.Migrate(ctx, a.DB, tried, steps)
	})
}

// Path is where the file is.
func (a *Archive) Path() string { return a.path }

// Close gives the archive up.
func (a *Archive) Close() error { return a.DB.Close() }

// Size is in bytes, side files included.
func (a *Archive) Size(context.Context) (int64, error) { return ledger.FileSize(a.path), nil }

const journal = "write the journal"

// Begin writes down what is about to be done, before it is done. The entry is
// open until [Archive.Finish]; its sign of life is renewed by [Archive.Beat]. An entry that is to take back another is refused
// (CodeConflict) if that one is taken back already, or never took effect.
func (a *Archive) Begin(ctx context.Context, e core.Entry) (id core.EntryID, err error) {
	e.State = core.EntryOpen
	err = a.Write(ctx, journal, func(tx *sql.Tx) error {
		if e.Kind == core.EntryUndo {
			if err := ledger.CanUndo(ctx, tx, e.Of); err != nil {
				return err
			}
		}
		if id, err = ledger.AddEntry(ctx, tx, e); err != nil {
			return err
		}
		if err := writeSteps(ctx, tx, id, e.Steps); err != nil {
			return err
		}
		return writeLife(ctx, tx, id, e.Life)
	})
	return id, err
}

// Finish says how an open entry ended; why is for one that did not take effect.
// If it took back another, that one is marked undone in the same stroke. An entry
// that is neither open nor unsettled is left as it is.
func (a *Archive) Finish(ctx context.Context, e core.Entry, state core.EntryState, why string) error {
	return a.Write(ctx, journal, func(tx *sql.Tx) error {
		_, err := finish(ctx, tx, e, state, why)
		return err
	})
}

func finish(ctx context.Context, tx *sql.Tx, e core.Entry, state core.EntryState, why string) (ok bool, err error) {
	ok, err = ledger.SetState(ctx, tx, e.ID, state, why, core.EntryOpen, core.EntryUnsettled)
	if err == nil && ok && e.Kind == core.EntryUndo && state == core.EntryDone {
		_, err = ledger.SetState(ctx, tx, e.Of, core.EntryUndone, "", ledger.Undoable...)
	}
	if err == nil {
		err = letGo(ctx, tx, e.ID)
	}
	if err == nil && ok {
		err = dropHeld(ctx, tx, e.ID)
	}
	return ok, err
}
