package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
)

// Tables is the SQL that makes the ledger's tables.
const Tables = `
CREATE TABLE hearth_captures (
	id INTEGER PRIMARY KEY, place TEXT NOT NULL, volume_id TEXT NOT NULL, backup_id TEXT NOT NULL,
	at TEXT NOT NULL, source TEXT NOT NULL, source_where TEXT NOT NULL, source_at TEXT NOT NULL,
	unseen TEXT NOT NULL, text TEXT NOT NULL);
CREATE INDEX hearth_captures_backup ON hearth_captures (backup_id);
CREATE INDEX hearth_captures_volume ON hearth_captures (volume_id);
CREATE TABLE hearth_journal (
	id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, who TEXT NOT NULL, place TEXT NOT NULL,
	kind TEXT NOT NULL, state TEXT NOT NULL, volume_id TEXT NOT NULL, backup_id TEXT NOT NULL,
	backup_ids TEXT NOT NULL, of_entry INTEGER NOT NULL, summary TEXT NOT NULL,
	before TEXT, after TEXT, error TEXT NOT NULL);
`

// Book reads and writes the ledger's tables of one file.
type Book struct {
	DB *sql.DB
	// Everywhere: the file keeps the books of many places, so rows are told apart
	// by place. A store that is one place ignores it.
	Everywhere bool
}

// execer is *sql.DB or *sql.Tx.
type execer interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
	QueryRowContext(context.Context, string, ...any) *sql.Row
}

const timeLayout = "2006-01-02T15:04:05.000000Z"

func writeTime(t time.Time) string { return t.UTC().Format(timeLayout) }

func readTime(s string) time.Time {
	t, _ := time.Parse(timeLayout, s)
	return t
}

// Captures returns the kept captures of a backup, or with an empty backup those
// of a volume that belong to no backup or to any, newest first.
func (b Book) Captures(ctx context.Context, place string, volume core.VolumeID, backup core.BackupID) ([]core.KeptCapture, error) {
	where, args := "volume_id = ?", []any{string(volume)}
	if backup != "" {
		where, args = "backup_id = ?", []any{string(backup)}
	}
	if b.Everywhere && place != "" {
		where, args = where+" AND place = ?", append(args, place)
	}
	rows, err := b.DB.QueryContext(ctx, "SELECT id, place, volume_id, backup_id, at, source, source_where, source_at, unseen, text FROM hearth_captures WHERE "+where+" ORDER BY at DESC, id DESC", args...)
	if err != nil {
		return nil, Explain("read the captures", err)
	}
	defer rows.Close()
	var out []core.KeptCapture
	for rows.Next() {
		var k core.KeptCapture
		var at, kind, whereFrom, sourceAt, unseen, text string
		if err := rows.Scan(&k.ID, &k.Place, &k.VolumeID, &k.BackupID, &at, &kind, &whereFrom, &sourceAt, &unseen, &text); err != nil {
			return nil, Explain("read the captures", err)
		}
		k.At = readTime(at)
		src := core.Source{Kind: core.SourceKind(kind), Where: whereFrom}
		if t := readTime(sourceAt); !t.IsZero() {
			src.At = core.Some(t)
		}
		k.Capture = core.ReadCapture(text, src)
		k.Capture.VolumeID, k.Capture.BackupID = k.VolumeID, k.BackupID
		if unseen != "" {
			k.Capture.Unseen = core.NewFieldSet(strings.Split(unseen, ",")...)
		}
		out = append(out, k)
	}
	return out, Explain("read the captures", rows.Err())
}

// KeepCapture keeps a capture and returns its number. The same text of the same
// volume and backup is not kept twice.
func (b Book) KeepCapture(ctx context.Context, k core.KeptCapture) (int64, error) {
	if !b.Everywhere {
		k.Place = "" // the file is the place, wherever it lies
	}
	id, err := keepCapture(ctx, b.DB, k)
	return id, Explain("keep the capture", err)
}

// KeepCaptureIn is KeepCapture inside a transaction.
func KeepCaptureIn(ctx context.Context, tx *sql.Tx, k core.KeptCapture) (int64, error) {
	return keepCapture(ctx, tx, k)
}

func keepCapture(ctx context.Context, q execer, k core.KeptCapture) (int64, error) {
	var id int64
	err := q.QueryRowContext(ctx, "SELECT id FROM hearth_captures WHERE place = ? AND volume_id = ? AND backup_id = ? AND text = ?",
		k.Place, string(k.VolumeID), string(k.BackupID), k.Capture.Text).Scan(&id)
	if !errors.Is(err, sql.ErrNoRows) {
		return id, err
	}
	sourceAt := ""
	if k.Capture.Source.At.Set {
		sourceAt = writeTime(k.Capture.Source.At.V)
	}
	var unseen []string
	for name := range k.Capture.Unseen {
		unseen = append(unseen, name)
	}
	sort.Strings(unseen)
	res, err := q.ExecContext(ctx, "INSERT INTO hearth_captures (place, volume_id, backup_id, at, source, source_where, source_at, unseen, text) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		k.Place, string(k.VolumeID), string(k.BackupID), writeTime(k.At), string(k.Capture.Source.Kind), k.Capture.Source.Where, sourceAt, strings.Join(unseen, ","), k.Capture.Text)
	if err != nil {
		return 0, err
	}
	return res.LastInsertId()
}

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
	rows, err := b.DB.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, Explain("read the journal", err)
	}
	defer rows.Close()
	var out []core.Entry
	for rows.Next() {
		e, err := scanEntry(rows)
		if err != nil {
			return nil, Explain("read the journal", err)
		}
		out = append(out, e)
	}
	return out, Explain("read the journal", rows.Err())
}

// Entry reads one entry.
func (b Book) Entry(ctx context.Context, id core.EntryID) (core.Entry, error) {
	e, err := scanEntry(b.DB.QueryRowContext(ctx, "SELECT "+entryColumns+" FROM hearth_journal WHERE id = ?", int64(id)))
	if errors.Is(err, sql.ErrNoRows) {
		return e, core.Fail(core.CodeNotFound, fmt.Sprintf("read journal entry %d", id), "there is no such entry", "list them with hearth journal", nil)
	}
	return e, Explain("read the journal", err)
}

func scanEntry(row interface{ Scan(...any) error }) (core.Entry, error) {
	var e core.Entry
	var at, ids string
	var before, after sql.NullString
	err := row.Scan(&e.ID, &at, &e.Who, &e.Place, &e.Kind, &e.State, &e.Volume, &e.Backup, &ids, &e.Of, &e.Summary, &before, &after, &e.Error)
	if err != nil {
		return e, err
	}
	e.At = readTime(at)
	if list, err := pyjson.Parse(ids); err == nil {
		for _, v := range list.Items() {
			e.Backups = append(e.Backups, core.BackupID(v.Text()))
		}
	}
	e.Before, e.After = readState(before), readState(after)
	return e, nil
}

func readState(s sql.NullString) *core.State {
	if !s.Valid {
		return nil
	}
	v, err := pyjson.Parse(s.String)
	if err != nil {
		return nil
	}
	st := core.StateFrom(v.Object())
	return &st
}

func writeState(s *core.State) any {
	if s == nil {
		return nil
	}
	return pyjson.Text(pyjson.OfDict(s.Object()))
}

// AddEntry writes an entry and returns its number.
func AddEntry(ctx context.Context, q execer, e core.Entry) (core.EntryID, error) {
	var ids []pyjson.Value
	for _, id := range e.Backups {
		ids = append(ids, pyjson.OfString(string(id)))
	}
	res, err := q.ExecContext(ctx, "INSERT INTO hearth_journal (at, who, place, kind, state, volume_id, backup_id, backup_ids, of_entry, summary, before, after, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		writeTime(e.At), e.Who, e.Place, string(e.Kind), string(e.State), string(e.Volume), string(e.Backup), pyjson.Text(pyjson.OfList(ids)), int64(e.Of), e.Summary, writeState(e.Before), writeState(e.After), e.Error)
	if err != nil {
		return 0, err
	}
	id, err := res.LastInsertId()
	return core.EntryID(id), err
}

// SetState says how an entry ended. If it was in none of the states from (any,
// when none is given) nothing changes and ok is false.
func SetState(ctx context.Context, q execer, id core.EntryID, state core.EntryState, why string, from ...core.EntryState) (ok bool, err error) {
	query, args := "UPDATE hearth_journal SET state = ?, error = ? WHERE id = ?", []any{string(state), why, int64(id)}
	if len(from) > 0 {
		query += " AND state IN (" + strings.TrimSuffix(strings.Repeat("?, ", len(from)), ", ") + ")"
		for _, s := range from {
			args = append(args, string(s))
		}
	}
	res, err := q.ExecContext(ctx, query, args...)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}
