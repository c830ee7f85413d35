package archive

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"hearth/core"
	"hearth/store/ledger"
)

// locksStep is the migration that makes room for locks: who is at work on something in a
// place that only one hearth at a time may do.
const locksStep = `
CREATE TABLE IF NOT EXISTS locks (
	place TEXT NOT NULL, name TEXT NOT NULL, host TEXT NOT NULL, machine TEXT NOT NULL,
	pid INTEGER NOT NULL, instance TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (place, name));
`

const lock = "lock the archive"

// Lock takes a lock of a place for a process, whose sign of life is renewed by
// [Archive.BeatLock]. Where another one has it, of which lives says that it is still at work,
// that one is returned, and nothing has changed; one that is not is taken over from.
func (a *Archive) Lock(ctx context.Context, place, name string, own core.Life, lives func(*core.Life) bool) (other *core.Life, err error) {
	err = a.Write(ctx, lock, func(tx *sql.Tx) error {
		other, err = scanLife(tx.QueryRowContext(ctx, "SELECT "+lifeColumns+" FROM locks WHERE place = ? AND name = ?", place, name))
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if other != nil && lives(other) {
			return nil
		}
		other = nil
		_, err = tx.ExecContext(ctx, "INSERT OR REPLACE INTO locks (place, name, "+lifeColumns+") VALUES (?, ?, ?, ?, ?, ?, ?)",
			place, name, own.Host, own.Machine, own.PID, own.Instance, ledger.WriteTime(own.At))
		return err
	})
	return other, err
}

// BeatLock says that the process that has a lock is still at work, at that time.
func (a *Archive) BeatLock(ctx context.Context, place, name string, own core.Life, at time.Time) error {
	return a.Write(ctx, lock, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE locks SET at = ? WHERE place = ? AND name = ? AND machine = ? AND pid = ? AND instance = ?",
			ledger.WriteTime(at), place, name, own.Machine, own.PID, own.Instance)
		return err
	})
}

// Unlock gives a lock back. One that another process took over meanwhile is left to that.
func (a *Archive) Unlock(ctx context.Context, place, name string, own core.Life) error {
	return a.Write(ctx, lock, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM locks WHERE place = ? AND name = ? AND machine = ? AND pid = ? AND instance = ?",
			place, name, own.Machine, own.PID, own.Instance)
		return err
	})
}
