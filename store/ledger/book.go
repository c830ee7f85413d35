package ledger

import (
	"context"
	"database/sql"
	"errors"
	"sort"
	"strings"
	"time"

	"hearth/core"
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
	// Patience is how long a call waits for a lock.
	Patience Patient
}

// Do runs fn, again and again while another program has the file locked, and
// tells its error in words: tried is what was to be done.
func (b Book) Do(ctx context.Context, tried string, fn func() error) error {
	return Explain(ctx, tried, b.Patience.Wait(ctx, fn))
}

// Write runs fn in a transaction that may write, like [Book.Do]. It is rolled
// back if fn fails.
func (b Book) Write(ctx context.Context, tried string, fn func(*sql.Tx) error) error {
	return b.Do(ctx, tried, func() error {
		tx, err := b.DB.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if err := fn(tx); err != nil {
			return err
		}
		return tx.Commit()
	})
}

// timeLayout has always the same length, so that its text sorts as its time does.
const timeLayout = "2006-01-02T15:04:05.000000Z"

// WriteTime writes a time as the ledger's tables hold it, in UTC.
func WriteTime(t time.Time) string { return t.UTC().Format(timeLayout) }

// ReadTime reads what [WriteTime] wrote; the zero time for anything else.
func ReadTime(s string) time.Time {
	t, _ := time.Parse(timeLayout, s)
	return t
}

// Captures returns the kept captures of a backup, or with an empty backup those
// of a volume that belong to no backup or to any, newest first. An empty place
// means every place.
func (b Book) Captures(ctx context.Context, place string, volume core.VolumeID, backup core.BackupID) ([]core.KeptCapture, error) {
	where, args := "volume_id = ?", []any{string(volume)}
	if backup != "" {
		where, args = "backup_id = ?", []any{string(backup)}
	}
	if b.Everywhere && place != "" {
		where, args = where+" AND place = ?", append(args, place)
	}
	var out []core.KeptCapture
	err := b.Do(ctx, "read the captures", func() error {
		out = nil
		rows, err := b.DB.QueryContext(ctx,
			"SELECT id, place, volume_id, backup_id, at, source, source_where, source_at, unseen, text FROM hearth_captures "+
				"WHERE "+where+" ORDER BY at DESC, id DESC", args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			k, err := scanCapture(rows)
			if err != nil {
				return err
			}
			out = append(out, k)
		}
		return rows.Err()
	})
	return out, err
}

func scanCapture(row interface{ Scan(...any) error }) (core.KeptCapture, error) {
	var k core.KeptCapture
	var at, kind, where, sourceAt, unseen, text string
	if err := row.Scan(&k.ID, &k.Place, &k.VolumeID, &k.BackupID, &at, &kind, &where, &sourceAt, &unseen, &text); err != nil {
		return k, err
	}
	k.At = ReadTime(at)
	src := core.Source{Kind: core.SourceKind(kind), Where: where}
	if sourceAt != "" {
		src.At = core.Some(ReadTime(sourceAt))
	}
	k.Capture = core.ReadCapture(text, src)
	k.Capture.VolumeID, k.Capture.BackupID = k.VolumeID, k.BackupID
	if unseen != "" {
		k.Capture.Unseen = core.NewFieldSet(strings.Split(unseen, ",")...)
	}
	return k, nil
}

// KeepCapture keeps a capture and returns its number. The same text of the same
// volume and backup is not kept twice.
func (b Book) KeepCapture(ctx context.Context, k core.KeptCapture) (id int64, err error) {
	if !b.Everywhere {
		k.Place = "" // the file is the place, wherever it lies
	}
	err = b.Write(ctx, "keep the capture", func(tx *sql.Tx) error {
		keeper, err := NewKeeper(ctx, tx)
		if err == nil {
			id, err = keeper.Keep(ctx, k)
		}
		return err
	})
	return id, err
}

// Keeper keeps captures within a transaction; its statements are prepared once,
// and closed with the transaction.
type Keeper struct{ find, add *sql.Stmt }

// NewKeeper makes a Keeper for tx.
func NewKeeper(ctx context.Context, tx *sql.Tx) (*Keeper, error) {
	var k Keeper
	var err error
	if k.find, err = tx.PrepareContext(ctx,
		"SELECT id FROM hearth_captures WHERE place = ? AND volume_id = ? AND backup_id = ? AND text = ?"); err != nil {
		return nil, err
	}
	k.add, err = tx.PrepareContext(ctx,
		"INSERT INTO hearth_captures (place, volume_id, backup_id, at, source, source_where, source_at, unseen, text) "+
			"VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
	return &k, err
}

// Keep keeps a capture and returns its number, or that of the one that is kept
// already.
func (k *Keeper) Keep(ctx context.Context, c core.KeptCapture) (int64, error) {
	var id int64
	err := k.find.QueryRowContext(ctx, c.Place, string(c.VolumeID), string(c.BackupID), c.Capture.Text).Scan(&id)
	if !errors.Is(err, sql.ErrNoRows) {
		return id, err
	}
	sourceAt := ""
	if c.Capture.Source.At.Set {
		sourceAt = WriteTime(c.Capture.Source.At.V)
	}
	var unseen []string
	for name := range c.Capture.Unseen {
		unseen = append(unseen, name)
	}
	sort.Strings(unseen)
	res, err := k.add.ExecContext(ctx, c.Place, string(c.VolumeID), string(c.BackupID), WriteTime(c.At),
		string(c.Capture.Source.Kind), c.Capture.Source.Where, sourceAt, strings.Join(unseen, ","), c.Capture.Text)
	if err != nil {
		return 0, err
	}
	return res.LastInsertId()
}
