package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"hearth/core"
	"hearth/core/pyjson"
)

const entryColumns = "id, at, who, place, kind, state, volume_id, backup_id, backup_ids, of_entry, summary, before, after, error"

// Entries returns the newest entries first; limit 0 is all, place "" every place.
func (b Book) Entries(ctx context.Context, place string, limit int) ([]core.Entry, error) {
	query, args := "SELECT "+entryColumns+" FROM hearth_journal", []any{}
	if b.Everywhere && place != "" {
		query, args = query+" WHERE place = ?", append(args, place)
	}
	query += " ORDER BY id DESC"
	if limit > 0 {
		query += fmt.Sprintf(" LIMIT %d", limit)
	}
	var out []core.Entry
	err := b.Do(ctx, "read the journal", func() error {
		out = nil
		rows, err := b.DB.QueryContext(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			e, err := scanEntry(rows)
			if err != nil {
				return err
			}
			out = append(out, e)
		}
		return rows.Err()
	})
	return out, err
}

// Entry reads one entry.
func (b Book) Entry(ctx context.Context, id core.EntryID) (e core.Entry, err error) {
	tried := fmt.Sprintf("read journal entry %d", id)
	err = b.Do(ctx, tried, func() error {
		e, err = scanEntry(b.DB.QueryRowContext(ctx, "SELECT "+entryColumns+" FROM hearth_journal WHERE id = ?", int64(id)))
		if errors.Is(err, sql.ErrNoRows) {
			return core.Fail(core.CodeNotFound, tried, "there is no such entry", "list them with hearth journal", nil)
		}
		return err
	})
	return e, err
}

func scanEntry(row interface{ Scan(...any) error }) (core.Entry, error) {
	var e core.Entry
	var at, ids string
	var before, after sql.NullString
	err := row.Scan(&e.ID, &at, &e.Who, &e.Place, &e.Kind, &e.State, &e.Volume, &e.Backup, &ids, &e.Of, &e.Summary, &before, &after, &e.Error)
	if err != nil {
		return e, err
	}
	e.At = ReadTime(at)
	list, err := pyjson.Parse(ids)
	if err != nil {
		return e, damaged(e.ID, err)
	}
	for _, v := range list.Items() {
		e.Backups = append(e.Backups, core.BackupID(v.Text()))
	}
	if e.Before, err = readState(before); err == nil {
		e.After, err = readState(after)
	}
	if err != nil {
		return e, damaged(e.ID, err)
	}
	return e, nil
}

func damaged(id core.EntryID, err error) error {
	return core.Fail(core.CodeUnreadable, fmt.Sprintf("read journal entry %d", id), "what it holds does not parse",
		"restore the file from a copy", err)
}

func readState(s sql.NullString) (*core.State, error) {
	if !s.Valid {
		return nil, nil
	}
	st, err := core.ReadState(s.String)
	if err != nil {
		return nil, err
	}
	return &st, nil
}

func writeState(s *core.State) any {
	if s == nil {
		return nil
	}
	return pyjson.Text(pyjson.OfDict(s.Object()))
}

// AddEntry writes an entry and returns its number.
func AddEntry(ctx context.Context, tx *sql.Tx, e core.Entry) (core.EntryID, error) {
	var ids strings.Builder // of an import there may be very many: written once, and not anew as it grows
	ids.Grow(2 + len(e.Backups)*len(`"00000000-0000-0000-0000-000000000000", `))
	ids.WriteByte('[')
	for i, id := range e.Backups {
		if i > 0 {
			ids.WriteString(", ")
		}
		ids.WriteString(pyjson.Text(pyjson.OfString(string(id))))
	}
	ids.WriteByte(']')
	res, err := tx.ExecContext(ctx, "INSERT INTO hearth_journal (at, who, place, kind, state, volume_id, backup_id, backup_ids, "+
		"of_entry, summary, before, after, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		WriteTime(e.At), e.Who, e.Place, string(e.Kind), string(e.State), string(e.Volume), string(e.Backup), ids.String(),
		int64(e.Of), e.Summary, writeState(e.Before), writeState(e.After), e.Error)
	if err != nil {
		return 0, err
	}
	id, err := res.LastInsertId()
	return core.EntryID(id), err
}

// SetState says how an entry ended. If it was in none of the states from (any,
// when none is given) nothing changes and ok is false.
func SetState(ctx context.Context, tx *sql.Tx, id core.EntryID, state core.EntryState, why string,
	from ...core.EntryState) (ok bool, err error) {
	query, args := "UPDATE hearth_journal SET state = ?, error = ? WHERE id = ?", []any{string(state), why, int64(id)}
	if len(from) > 0 {
		query += " AND state IN (" + strings.TrimSuffix(strings.Repeat("?, ", len(from)), ", ") + ")"
		for _, s := range from {
			args = append(args, string(s))
		}
	}
	res, err := tx.ExecContext(ctx, query, args...)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// Undoable are the states that an entry can be taken back from.
var Undoable = []core.EntryState{core.EntryDone, core.EntryHalf}

// CanUndo is CodeConflict if an entry is taken back already, or did not take
// effect.
func CanUndo(ctx context.Context, tx *sql.Tx, id core.EntryID) error {
	var state core.EntryState
	err := tx.QueryRowContext(ctx, "SELECT state FROM hearth_journal WHERE id = ?", int64(id)).Scan(&state)
	if errors.Is(err, sql.ErrNoRows) || err == nil && !slices.Contains(Undoable, state) {
		return core.Fail(core.CodeConflict, fmt.Sprintf("undo entry %d", id), "it is undone already, or never took effect",
			"look at hearth journal", nil)
	}
	return err
}

// MarkUndone marks an entry as taken back, once and only once: CodeConflict if it
// is already, or did not take effect.
func MarkUndone(ctx context.Context, tx *sql.Tx, id core.EntryID) error {
	if err := CanUndo(ctx, tx, id); err != nil {
		return err
	}
	_, err := SetState(ctx, tx, id, core.EntryUndone, "")
	return err
}
