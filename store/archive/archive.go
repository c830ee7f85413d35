// Package archive is hearth's own SQLite file: captures, records, the journal of
// places that keep none themselves, and their last listings. It never holds
// anything of a demo.
package archive

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"time"

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
CREATE INDEX records_backup ON records (place, backup_id);
`}

// Archive is the open file. It keeps captures and the journal as a
// [ledger.Book], by place.
type Archive struct {
	ledger.Book
	path string
	db   *sql.DB
}

// Open opens the archive at path and makes it, mode 0600, in a folder of mode
// 0700, if it is not there. Errors are *core.Error.
func Open(ctx context.Context, path string) (*Archive, error) {
	tried := "open the archive " + path
	if err := makeFile(path); err != nil {
		return nil, core.Fail(core.CodeUnreadable, tried, "the file cannot be made", "check the folder, or name another with XDG_DATA_HOME", err)
	}
	if err := ledger.Sound(path, tried); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", ledger.DSN(path, ledger.Ours))
	if err != nil {
		return nil, ledger.Explain(tried, err)
	}
	a := &Archive{Book: ledger.Book{DB: db, Everywhere: true}, path: path, db: db}
	if err := a.prepare(ctx); err != nil {
		db.Close()
		return nil, ledger.Explain(tried, err)
	}
	return a, nil
}

// makeFile makes an empty SQLite file that only its owner can read, if there is
// none. It is made under another name first, so that a second hearth never sees
// half a file.
func makeFile(path string) error {
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".archive-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	f.Close()
	db, err := sql.Open("sqlite", ledger.DSN(f.Name(), ledger.Ours))
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	_, err = db.Exec("PRAGMA application_id = 1213355073; PRAGMA journal_mode = DELETE; VACUUM")
	if err = errors.Join(err, db.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, os.ErrExist) {
		return os.Rename(f.Name(), path) // a file system without links
	}
	return nil
}

func (a *Archive) prepare(ctx context.Context) error {
	var id int64
	if err := a.db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err != nil {
		return err
	}
	if id != applicationID {
		return core.Fail(core.CodeUnreadable, "open the archive "+a.path, "the file there is not hearth's archive", "move it away, or name another folder with XDG_DATA_HOME", nil)
	}
	if _, err := a.db.ExecContext(ctx, "PRAGMA journal_mode = WAL"); err != nil {
		return err
	}
	return ledger.Migrate(ctx, a.db, steps)
}

// Path is where the file is.
func (a *Archive) Path() string { return a.path }

// Close gives the archive up.
func (a *Archive) Close() error { return a.db.Close() }

// Size is in bytes, side files included.
func (a *Archive) Size(context.Context) (int64, error) { return ledger.FileSize(a.path), nil }

// Begin writes down what is about to be done, before it is done. The entry is
// open until [Archive.Finish].
func (a *Archive) Begin(ctx context.Context, e core.Entry) (core.EntryID, error) {
	e.State = core.EntryOpen
	id, err := ledger.AddEntry(ctx, a.db, e)
	return id, ledger.Explain("write the journal", err)
}

// Finish says how an open entry ended; why is for one that failed. An entry that
// is no longer open is left as it is.
func (a *Archive) Finish(ctx context.Context, id core.EntryID, state core.EntryState, why string) error {
	_, err := ledger.SetState(ctx, a.db, id, state, why, core.EntryOpen)
	return ledger.Explain("write the journal", err)
}

// Undone marks an entry as taken back.
func (a *Archive) Undone(ctx context.Context, id core.EntryID) error {
	_, err := ledger.SetState(ctx, a.db, id, core.EntryUndone, "", core.EntryDone, core.EntryHalf, core.EntryOpen)
	return ledger.Explain("write the journal", err)
}

// KeptRecord is a record in the archive.
type KeptRecord struct {
	ID          int64
	Place       string
	Backup      core.BackupID
	At          time.Time
	Direction   string // "export" or "import"
	Fingerprint string
	Record      core.Record
}

// KeepRecord keeps a record that was exported or imported. One that says the
// same of the same backup (by fingerprint) is kept once.
func (a *Archive) KeepRecord(ctx context.Context, k KeptRecord) error {
	_, err := a.db.ExecContext(ctx, `INSERT INTO records (place, backup_id, at, direction, fingerprint, service, url)
		SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE NOT EXISTS (SELECT 1 FROM records WHERE place = ?1 AND backup_id = ?2 AND fingerprint = ?5)`,
		k.Place, string(k.Backup), k.At.UTC().Format(time.RFC3339Nano), k.Direction, k.Fingerprint, k.Record.Service, k.Record.URL)
	return ledger.Explain("keep the record", err)
}

// Records returns the kept records of a backup, newest first; with an empty
// place those of every place.
func (a *Archive) Records(ctx context.Context, place string, backup core.BackupID) ([]KeptRecord, error) {
	rows, err := a.db.QueryContext(ctx, `SELECT id, place, backup_id, at, direction, fingerprint, service, url FROM records
		WHERE backup_id = ?1 AND (?2 = '' OR place = ?2) ORDER BY at DESC, id DESC`, string(backup), place)
	if err != nil {
		return nil, ledger.Explain("read the records", err)
	}
	defer rows.Close()
	var out []KeptRecord
	for rows.Next() {
		var k KeptRecord
		var at string
		if err := rows.Scan(&k.ID, &k.Place, &k.Backup, &at, &k.Direction, &k.Fingerprint, &k.Record.Service, &k.Record.URL); err != nil {
			return nil, ledger.Explain("read the records", err)
		}
		k.At, _ = time.Parse(time.RFC3339Nano, at)
		out = append(out, k)
	}
	return out, ledger.Explain("read the records", rows.Err())
}
