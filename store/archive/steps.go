package archive

import (
	"context"
	"database/sql"
	"fmt"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/ledger"
)

// Note writes down what has become known of an entry that is open or unsettled: the ids of what it is
// about, and which of its steps are done.
func (a *Archive) Note(ctx context.Context, e core.Entry) error {
	return a.Write(ctx, journal, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE hearth_journal SET volume_id = ?, backup_id = ? WHERE id = ? AND state IN (?, ?)",
			string(e.Volume), string(e.Backup), int64(e.ID), string(core.EntryOpen), string(core.EntryUnsettled))
		if err != nil {
			return err
		}
		return writeSteps(ctx, tx, e.ID, e.Steps)
	})
}

// MarkFinished says of an entry that ended half-way that a later one did the rest.
func (a *Archive) MarkFinished(ctx context.Context, id, by core.EntryID) error {
	return a.Write(ctx, journal, func(tx *sql.Tx) error {
		_, err := ledger.SetState(ctx, tx, id, core.EntryFinished, fmt.Sprintf("it ended half-way; entry %d did the rest", by), core.EntryHalf)
		return err
	})
}

// Remark writes down, of an entry that is done, in what it came out otherwise than asked for.
func (a *Archive) Remark(ctx context.Context, id core.EntryID, what string) error {
	return a.Write(ctx, journal, func(tx *sql.Tx) error {
		_, err := ledger.SetState(ctx, tx, id, core.EntryDone, what, core.EntryDone)
		return err
	})
}

func writeSteps(ctx context.Context, tx *sql.Tx, id core.EntryID, steps []core.EntryStep) error {
	if len(steps) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO entry_steps (entry_id, steps) VALUES (?, ?) ON CONFLICT (entry_id) DO UPDATE SET "+
		"steps = excluded.steps",
		int64(id), pyjson.Text(pyjson.OfList(core.StepValues(steps))))
	return err
}

// Entries returns the newest entries first, with their steps and signs of life;
// limit 0 is all, place "" every place.
func (a *Archive) Entries(ctx context.Context, place string, limit int) ([]core.Entry, error) {
	entries, err := a.Book.Entries(ctx, place, limit)
	if err != nil || len(entries) == 0 {
		return entries, err
	}
	return entries, a.complete(ctx, entries)
}

// complete adds what lies in tables beside the journal to entries, newest first.
func (a *Archive) complete(ctx context.Context, entries []core.Entry) error {
	from, to := entries[len(entries)-1].ID, entries[0].ID
	steps, err := a.steps(ctx, from, to)
	if err != nil {
		return err
	}
	lives, err := a.lives(ctx, from, to)
	for i := range entries {
		entries[i].Steps, entries[i].Life = steps[entries[i].ID], lives[entries[i].ID]
	}
	return err
}

// Entry reads one entry, with its steps and its sign of life.
func (a *Archive) Entry(ctx context.Context, id core.EntryID) (core.Entry, error) {
	e, err := a.Book.Entry(ctx, id)
	if err != nil {
		return e, err
	}
	one := []core.Entry{e}
	err = a.complete(ctx, one)
	return one[0], err
}

// steps reads the steps of the entries from one number to another.
func (a *Archive) steps(ctx context.Context, from, to core.EntryID) (map[core.EntryID][]core.EntryStep, error) {
	out := map[core.EntryID][]core.EntryStep{}
	err := a.Do(ctx, "read the journal", func() error {
		rows, err := a.DB.QueryContext(ctx, "SELECT entry_id, steps FROM entry_steps WHERE entry_id BETWEEN ? AND ?", int64(from), int64(to))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id core.EntryID
			var text string
			if err := rows.Scan(&id, &text); err != nil {
				return err
			}
			v, err := pyjson.Parse(text)
			if err != nil {
				return core.Fail(core.CodeUnreadable, fmt.Sprintf("read journal entry %d", id), "its steps do not parse",
					"restore the file from a copy", err)
			}
			out[id] = core.StepsFrom(v)
		}
		return rows.Err()
	})
	return out, err
}
