package archive

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"hearth/core"
	"hearth/store/ledger"
)

// lifeStep is the migration that gives open entries a sign of life. Only the archive
// has them: a store that keeps a journal of its own writes each entry together with
// what it tells of, so that none is ever open there.
const lifeStep = `
CREATE TABLE entry_life (
	entry_id INTEGER PRIMARY KEY, host TEXT NOT NULL, machine TEXT NOT NULL,
	pid INTEGER NOT NULL, instance TEXT NOT NULL, at TEXT NOT NULL);
`

const lifeColumns = "host, machine, pid, instance, at"

func writeLife(ctx context.Context, tx *sql.Tx, id core.EntryID, l *core.Life) error {
	if l == nil {
		return nil
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO entry_life (entry_id, "+lifeColumns+") VALUES (?, ?, ?, ?, ?, ?)",
		int64(id), l.Host, l.Machine, l.PID, l.Instance, ledger.WriteTime(l.At))
	return err
}

// Beat says that the process at work on an open entry still is, at that time. Of an
// entry that has a result, or was let go, nothing is said.
func (a *Archive) Beat(ctx context.Context, id core.EntryID, at time.Time) error {
	return a.Write(ctx, journal, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE entry_life SET at = ? WHERE entry_id = ?", ledger.WriteTime(at), int64(id))
		return err
	})
}

// LetGo says that nobody is at work on an entry any more, which stays open.
func (a *Archive) LetGo(ctx context.Context, id core.EntryID) error {
	return a.Write(ctx, journal, func(tx *sql.Tx) error { return letGo(ctx, tx, id) })
}

func letGo(ctx context.Context, tx *sql.Tx, id core.EntryID) error {
	_, err := tx.ExecContext(ctx, "DELETE FROM entry_life WHERE entry_id = ?", int64(id))
	return err
}

// Leave is [Archive.LetGo] that keeps since when nobody is at work on the entry: what
// was asked for until then may take effect some time after it.
func (a *Archive) Leave(ctx context.Context, id core.EntryID, at time.Time) error {
	return a.Write(ctx, journal, func(tx *sql.Tx) error { return leave(ctx, tx, id, at) })
}

func leave(ctx context.Context, tx *sql.Tx, id core.EntryID, at time.Time) error {
	if err := letGo(ctx, tx, id); err != nil {
		return err
	}
	return writeLife(ctx, tx, id, &core.Life{At: at})
}

// Unsettle says of an open entry that its request got no answer: it may take effect
// some time after at. An entry that is not open is left as it is.
func (a *Archive) Unsettle(ctx context.Context, id core.EntryID, why string, at time.Time) error {
	return a.Write(ctx, journal, func(tx *sql.Tx) error {
		ok, err := ledger.SetState(ctx, tx, id, core.EntryUnsettled, why, core.EntryOpen)
		if err != nil || !ok {
			return err
		}
		return leave(ctx, tx, id, at)
	})
}

// Settle is [Archive.Finish] for an entry that was found open and without anybody
// at work on it. If it has given a sign of life since it was read, or was finished,
// nothing changes and ok is false.
func (a *Archive) Settle(ctx context.Context, e core.Entry, state core.EntryState, why string) (ok bool, err error) {
	err = a.Write(ctx, journal, func(tx *sql.Tx) error {
		now, err := scanLife(tx.QueryRowContext(ctx, "SELECT "+lifeColumns+" FROM entry_life WHERE entry_id = ?", int64(e.ID)))
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		ok = now.Equal(e.Life)
		if ok {
			ok, err = finish(ctx, tx, e, state, why)
			return err
		}
		return nil
	})
	return ok && err == nil, err
}

// scanLife reads a sign of life; nil with any error.
func scanLife(row interface{ Scan(...any) error }, before ...any) (*core.Life, error) {
	var l core.Life
	var at string
	if err := row.Scan(append(before, &l.Host, &l.Machine, &l.PID, &l.Instance, &at)...); err != nil {
		return nil, err
	}
	l.At = ledger.ReadTime(at)
	return &l, nil
}

// lives reads the signs of life of the entries from one number to another.
func (a *Archive) lives(ctx context.Context, from, to core.EntryID) (map[core.EntryID]*core.Life, error) {
	var out map[core.EntryID]*core.Life
	err := a.Do(ctx, "read the journal", func() error {
		out = map[core.EntryID]*core.Life{}
		rows, err := a.DB.QueryContext(ctx, "SELECT entry_id, "+lifeColumns+" FROM entry_life WHERE entry_id BETWEEN ? AND ?",
			int64(from), int64(to))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id core.EntryID
			l, err := scanLife(rows, &id)
			if err != nil {
				return err
			}
			out[id] = l
		}
		return rows.Err()
	})
	return out, err
}
