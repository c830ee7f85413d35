package ledger

import (
	"context"
	"database/sql"
	"errors"
	"slices"
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

// AgainStep is the step that makes room for the second look at a volume of which a
// capture was taken before a backup ([core.Again]). What is kept by then is of one
// moment.
const AgainStep = `
ALTER TABLE hearth_captures ADD COLUMN again TEXT NOT NULL DEFAULT '';
ALTER TABLE hearth_captures ADD COLUMN again_at TEXT NOT NULL DEFAULT '';
ALTER TABLE hearth_captures ADD COLUMN ended_at TEXT NOT NULL DEFAULT '';
CREATE INDEX hearth_captures_due ON hearth_captures (place) WHERE again = 'due';
`

// KnownStep is the step by which what is known of the captures of many backups is read
// from an index alone: in the table each stands behind a text.
const KnownStep = `
DROP INDEX IF EXISTS hearth_captures_backup;
CREATE INDEX hearth_captures_known ON hearth_captures (backup_id, at, place, source, again, again_at, ended_at);
`

// TurnStep is the step that numbers captures as they came to be kept: a clock can be set
// back, and what it said decides no more which of two is the newer. Those that were kept
// before are numbered as their times say, which is how they were told apart.
const TurnStep = `
ALTER TABLE hearth_captures ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;
UPDATE hearth_captures SET turn = n FROM (SELECT id AS of, row_number() OVER (ORDER BY at, id) AS n FROM hearth_captures) WHERE id = of;
CREATE INDEX hearth_captures_turn ON hearth_captures (turn);
`

// Newest is the order of captures in SQL, the newest first: as they came to be kept.
const Newest = "turn DESC, at DESC, id DESC"

// Book reads and writes the ledger's tables of one file.
type Book struct {
	DB *sql.DB
	// Everywhere: the file keeps the books of many places, so rows are told apart
	// by place. A store that is one place ignores it.
	Everywhere bool
	// Patience is how long a call waits for a lock.
	Patience Patient
	// ReadOnly is why nothing can be written; "" if it can.
	ReadOnly string
}

// Do runs fn, again and again while another program has the file locked, and
// tells its error in words: tried is what was to be done.
func (b Book) Do(ctx context.Context, tried string, fn func() error) error {
	return Explain(ctx, tried, b.Patience.Wait(ctx, fn))
}

// Write runs fn in a transaction that may write, like [Book.Do]. It is rolled
// back if fn fails.
func (b Book) Write(ctx context.Context, tried string, fn func(*sql.Tx) error) error {
	if b.ReadOnly != "" {
		return core.Fail(core.CodeReadOnly, tried, b.ReadOnly, "", nil)
	}
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

// WriteOptTime writes a time that may lack, which is "".
func WriteOptTime(t core.Opt[time.Time]) string {
	if !t.Set {
		return ""
	}
	return WriteTime(t.V)
}

// ReadOptTime reads what [WriteOptTime] wrote.
func ReadOptTime(s string) core.Opt[time.Time] {
	if s == "" {
		return core.Opt[time.Time]{}
	}
	return core.Some(ReadTime(s))
}

// Captures returns the kept captures of a backup, or with an empty backup those
// of a volume that belong to no backup or to any, newest first: as they came to be kept,
// whatever hearth's clock did meanwhile. An empty place means every place. One that does not match its fingerprint is among them as
// Rotten, without its text.
func (b Book) Captures(ctx context.Context, place string, volume core.VolumeID, backup core.BackupID) ([]core.KeptCapture, error) {
	where, args := "volume_id = ?", []any{string(volume)}
	if backup != "" {
		where, args = "backup_id = ?", []any{string(backup)}
	}
	if b.Everywhere && place != "" {
		where, args = where+" AND place = ?", append(args, place)
	}
	return b.captures(ctx, where+" ORDER BY "+Newest, args...)
}

// AskMost is how many ids one statement asks for.
const AskMost = 500

// OneOf is the condition that a column is one of many ids, and its arguments: a statement
// with a mark for each takes longer to be understood than to be answered.
func OneOf(column string, ids []core.BackupID) (cond string, args []any) {
	list := make([]byte, 0, 39*len(ids)+2)
	for i := range ids {
		if strings.ContainsFunc(string(ids[i]), func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }) {
			marks, args := Marks(ids)
			return column + " IN (" + marks + ")", args
		}
		list = append(append(append(list, `,"`...), ids[i]...), '"')
	}
	if len(list) == 0 {
		list = append(list, ' ')
	}
	list[0] = '['
	return column + " IN (SELECT value FROM json_each(?))", []any{string(append(list, ']'))}
}

// Marks are the question marks for ids in a statement, and its arguments: those that come
// before, and the ids.
func Marks(ids []core.BackupID, before ...any) (marks string, args []any) {
	for _, id := range ids {
		before = append(before, string(id))
	}
	return strings.TrimSuffix(strings.Repeat("?,", len(ids)), ","), before
}

// CapturedOf says of those of some backups that captures are kept of how far those carry.
// Their texts are read, and held to their fingerprints. An empty place means every place.
func (b Book) CapturedOf(ctx context.Context, place string, ids []core.BackupID) (map[core.BackupID]core.Captured, error) {
	out := make(map[core.BackupID]core.Captured, len(ids))
	for some := range slices.Chunk(ids, AskMost) {
		kept := map[core.BackupID][]core.KeptCapture{}
		err := b.Do(ctx, "read the captures", func() error {
			clear(kept)
			return b.capturedOf(ctx, place, some, kept)
		})
		if err != nil {
			return out, err
		}
		for id, of := range kept {
			out[id] = core.CapturedBy(of)
		}
	}
	return out, nil
}

func (b Book) capturedOf(ctx context.Context, place string, ids []core.BackupID, kept map[core.BackupID][]core.KeptCapture) error {
	where, args := OneOf("backup_id", ids)
	if b.Everywhere && place != "" {
		where, args = where+" AND place = ?", append(args, place)
	}
	rows, err := b.DB.QueryContext(ctx, "SELECT "+captureColumns+
		" FROM hearth_captures INDEXED BY hearth_captures_known WHERE "+where+
		" ORDER BY "+Newest, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		k, err := scanText(rows)
		if err != nil {
			return err
		}
		k.Capture.Text = "" // many of them would be much
		kept[k.BackupID] = append(kept[k.BackupID], k)
	}
	return rows.Err()
}

// Due returns the captures of a place that are to be looked at again, oldest first, but
// for those that do not match their fingerprints. An empty place means every place.
func (b Book) Due(ctx context.Context, place string) ([]core.KeptCapture, error) {
	where, args := "again = 'due'", []any(nil)
	if b.Everywhere && place != "" {
		where, args = where+" AND place = ?", append(args, place)
	}
	due, err := b.captures(ctx, where+" ORDER BY turn, at, id", args...)
	return slices.DeleteFunc(due, func(k core.KeptCapture) bool { return k.Rotten }), err
}

// CaptureColumns are those that hold a capture: [CaptureValues] are written to them.
const CaptureColumns = "place, volume_id, backup_id, at, source, source_where, source_at, unseen, text, again, again_at, ended_at"

// captureColumns are those that ScanCapture reads.
const captureColumns = "id, " + CaptureColumns + ", sum"

// captures reads those that a condition, and an order, give.
func (b Book) captures(ctx context.Context, where string, args ...any) ([]core.KeptCapture, error) {
	out, err := b.texts(ctx, where, args...)
	for i := range out {
		read(&out[i])
	}
	return out, err
}

// texts is captures without reading their texts into documents.
func (b Book) texts(ctx context.Context, where string, args ...any) ([]core.KeptCapture, error) {
	var out []core.KeptCapture
	err := b.Do(ctx, "read the captures", func() error {
		out = nil
		rows, err := b.DB.QueryContext(ctx, "SELECT "+captureColumns+" FROM hearth_captures WHERE "+where, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			k, err := scanText(rows)
			if err != nil {
				return err
			}
			out = append(out, k)
		}
		return rows.Err()
	})
	return out, err
}

// read reads a capture's text.
func read(k *core.KeptCapture) {
	if k.Rotten {
		return
	}
	unseen := k.Capture.Unseen
	k.Capture = core.ReadCapture(k.Capture.Text, k.Capture.Source)
	k.Capture.VolumeID, k.Capture.BackupID, k.Capture.Unseen = k.VolumeID, k.BackupID, unseen
}

// ScanCapture reads a capture of a row of an id, the [CaptureColumns] and the fingerprint.
func ScanCapture(row interface{ Scan(...any) error }) (core.KeptCapture, error) {
	k, err := scanText(row)
	if err == nil {
		read(&k)
	}
	return k, err
}

func scanText(row interface{ Scan(...any) error }) (core.KeptCapture, error) {
	var k core.KeptCapture
	var at, kind, where, sourceAt, unseen, text, again, againAt, endedAt, sum string
	if err := row.Scan(&k.ID, &k.Place, &k.VolumeID, &k.BackupID, &at, &kind, &where, &sourceAt, &unseen, &text,
		&again, &againAt, &endedAt, &sum); err != nil {
		return k, err
	}
	if k.Rotten = sum != sumOf(k.Place, string(k.VolumeID), string(k.BackupID), at, kind, where, sourceAt, unseen, text,
		again, againAt, endedAt); k.Rotten {
		text = ""
	}
	k.At, k.Again = ReadTime(at), ReadAgain(again, againAt, endedAt)
	k.Capture = core.Capture{Text: text, Source: core.Source{Kind: core.SourceKind(kind), Where: where, At: ReadOptTime(sourceAt)},
		VolumeID: k.VolumeID, BackupID: k.BackupID}
	if unseen != "" {
		k.Capture.Unseen = core.NewFieldSet(strings.Split(unseen, ",")...)
	}
	return k, nil
}

// ReadAgain makes a second look of the columns that hold it.
func ReadAgain(again, at, ended string) core.Again {
	return core.Again{State: core.AgainState(again), At: ReadOptTime(at), Ended: ReadOptTime(ended)}
}

// LookedAgain writes down what the second look at the volume of a due capture showed,
// and keeps the capture that it took where that differs, both or nothing; after is nil
// where it does not. A capture that is not due, since another program was faster, is
// left as it is: false.
func (b Book) LookedAgain(ctx context.Context, id int64, again core.Again, after *core.KeptCapture) (done bool, err error) {
	err = b.Write(ctx, "keep what the second look showed", func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, againStatement+" AND again = 'due'",
			string(again.State), WriteOptTime(again.At), WriteOptTime(again.Ended), id)
		if err != nil {
			return err
		}
		n, err := r.RowsAffected()
		if done = n > 0; !done || err != nil || after == nil {
			return err
		}
		keeper, err := NewKeeper(ctx, tx)
		if err == nil {
			_, err = keeper.Keep(ctx, *after)
		}
		return err
	})
	return done, err
}

// againStatement writes down what a second look showed, of a capture that is still what was
// written. What is assigned sees the row as it was before.
var againStatement = "UPDATE hearth_captures SET again = ?1, again_at = ?2, ended_at = ?3, sum = " +
	sumWith("place, volume_id, backup_id, at, source, source_where, source_at, unseen, text, ?1, ?2, ?3") +
	" WHERE id = ?4 AND sum = " + sumColumns

// KeepCapture keeps a capture and returns its number. The same text of the same
// volume and backup is not kept twice; what a second look showed is added to one that
// had none.
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

// KeepCaptures keeps many that were taken some time before, as those of a bundle were, in
// one transaction: their times say between which others of their volume they belong.
func (b Book) KeepCaptures(ctx context.Context, captures []core.KeptCapture) error {
	return b.Write(ctx, "keep the captures", func(tx *sql.Tx) error {
		keeper, err := NewPastKeeper(ctx, tx)
		for i := 0; err == nil && i < len(captures); i++ {
			k := captures[i]
			if !b.Everywhere {
				k.Place = ""
			}
			_, err = keeper.Keep(ctx, k)
		}
		return err
	})
}

// Keeper keeps captures within a transaction; its statements are prepared once,
// and closed with the transaction.
type Keeper struct{ find, add, again *sql.Stmt }

// NewKeeper makes a Keeper for tx, of captures that are taken now: each is newer than all
// that are kept.
func NewKeeper(ctx context.Context, tx *sql.Tx) (*Keeper, error) {
	return newKeeper(ctx, tx, "SELECT coalesce(max(turn), 0) + 1 FROM hearth_captures")
}

// NewPastKeeper makes a Keeper for tx, of captures that were taken before: each belongs
// behind the last one of its volume that is as old.
func NewPastKeeper(ctx context.Context, tx *sql.Tx) (*Keeper, error) {
	return newKeeper(ctx, tx, "SELECT coalesce(max(turn), 0) FROM hearth_captures WHERE volume_id = ?2 AND at <= ?4")
}

// newKeeper makes one whose captures get the turn that a query gives.
func newKeeper(ctx context.Context, tx *sql.Tx, turn string) (*Keeper, error) {
	var k Keeper
	var err error
	if k.find, err = tx.PrepareContext(ctx,
		"SELECT id, again FROM hearth_captures WHERE place = ? AND volume_id = ? AND backup_id = ? AND text = ? AND sum = "+
			sumColumns); err != nil {
		return nil, err
	}
	if k.again, err = tx.PrepareContext(ctx, againStatement); err != nil {
		return nil, err
	}
	k.add, err = tx.PrepareContext(ctx, "INSERT INTO hearth_captures ("+captureColumns+", turn) "+
		"VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ("+turn+"))")
	return &k, err
}

// Keep keeps a capture and returns its number, or that of the one that is kept
// already.
func (k *Keeper) Keep(ctx context.Context, c core.KeptCapture) (int64, error) {
	var id int64
	var had core.AgainState
	again := []any{string(c.Again.State), WriteOptTime(c.Again.At), WriteOptTime(c.Again.Ended)}
	err := k.find.QueryRowContext(ctx, c.Place, string(c.VolumeID), string(c.BackupID), c.Capture.Text).Scan(&id, &had)
	switch {
	case err == nil && had.Open() && !c.Again.State.Open():
		_, err = k.again.ExecContext(ctx, append(again, id)...)
		return id, err
	case !errors.Is(err, sql.ErrNoRows):
		return id, err
	}
	res, err := k.add.ExecContext(ctx, CaptureValues(&c)...)
	if err != nil {
		return 0, err
	}
	return res.LastInsertId()
}

// CaptureValues are a capture's values of the [CaptureColumns], and its fingerprint.
func CaptureValues(c *core.KeptCapture) []any {
	var unseen []string
	for name := range c.Capture.Unseen {
		unseen = append(unseen, name)
	}
	sort.Strings(unseen)
	source := c.Capture.Source
	values := []any{c.Place, string(c.VolumeID), string(c.BackupID), WriteTime(c.At), string(source.Kind), source.Where,
		WriteOptTime(source.At), strings.Join(unseen, ","), c.Capture.Text, string(c.Again.State), WriteOptTime(c.Again.At),
		WriteOptTime(c.Again.Ended)}
	return append(values, sumOf(values...))
}
