package archive

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"hearth/core"
	"hearth/store/ledger"
)

// seenStep is the migration that remembers of a record when it was last found to
// be what the backup says, and which state of the row that was.
const seenStep = `
ALTER TABLE records ADD COLUMN checked TEXT NOT NULL DEFAULT '';
ALTER TABLE records ADD COLUMN seen TEXT NOT NULL DEFAULT '';
UPDATE records SET checked = at;
CREATE INDEX records_place ON records (place, backup_id);
`

// turnStep is the migration that numbers the records as they were last found to hold: a
// clock can be set back, and what it said decides no more which of two is the newer.
const turnStep = `
ALTER TABLE records ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;
UPDATE records SET turn = n FROM (SELECT id AS of, row_number() OVER (ORDER BY checked, id) AS n FROM records) WHERE of = id;
CREATE INDEX records_turn ON records (turn);
`

// nextTurn is the number of what is found to hold now.
const nextTurn = "(SELECT coalesce(max(turn), 0) + 1 FROM records)"

// KeptRecord is a record in the archive.
type KeptRecord struct {
	ID          int64
	Place       string
	Backup      core.BackupID
	At          time.Time // when it first came
	Direction   string    // "export" or "import"
	Fingerprint string
	Record      core.Record

	// Checked is when the backup was last found to say this, by hearth's clock; zero: At.
	// Which of two was found later the order of the calls says, whatever that clock did.
	Checked time.Time
	// Seen is the row's updated_at of then, after the export, which moves it; null
	// where that is not known. A row that still has it has not changed since.
	Seen core.Opt[time.Time]

	sum  string // of the text; "": it was kept before there were any
	turn int64  // counts what was found to hold
}

// KeepRecord keeps a record that was exported or imported. One that says the
// same of the same backup (by fingerprint) is kept once, and noted as found again.
func (a *Archive) KeepRecord(ctx context.Context, k KeptRecord) error {
	return a.keepRecords(ctx, "keep the record", []KeptRecord{k})
}

// KeepRecords is KeepRecord for many, in one transaction.
func (a *Archive) KeepRecords(ctx context.Context, records []KeptRecord) error {
	if len(records) == 0 {
		return nil
	}
	return a.keepRecords(ctx, "keep the records", records)
}

func (a *Archive) keepRecords(ctx context.Context, tried string, records []KeptRecord) error {
	return a.Write(ctx, tried, func(tx *sql.Tx) error {
		same, err := tx.PrepareContext(ctx, "SELECT "+recordColumns+" FROM records WHERE place = ? AND backup_id = ? AND fingerprint = ?")
		if err != nil {
			return err
		}
		again, err := tx.PrepareContext(ctx, "UPDATE records SET checked = max(checked, ?2), seen = CASE WHEN ?3 = '' THEN seen ELSE ?3 END, "+
			"turn = "+nextTurn+" WHERE id = ?1")
		if err != nil {
			return err
		}
		add, err := tx.PrepareContext(ctx, "INSERT INTO records (place, backup_id, at, direction, fingerprint, service, url, checked, "+
			"seen, sum, turn) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "+nextTurn+")")
		if err != nil {
			return err
		}
		for i := range records {
			if err := keepRecord(ctx, same, again, add, &records[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// keepRecord keeps a record, or notes that one which is there was found again. One that is
// no longer what was written does not stand for it.
func keepRecord(ctx context.Context, same, again, add *sql.Stmt, k *KeptRecord) error {
	checked, seen := k.Checked, ledger.WriteOptTime(k.Seen)
	if checked.IsZero() {
		checked = k.At
	}
	id, err := soundOf(ctx, same, k)
	if err != nil {
		return err
	}
	if id != 0 {
		_, err := again.ExecContext(ctx, id, ledger.WriteTime(checked), seen)
		return err
	}
	_, err = add.ExecContext(ctx, k.Place, string(k.Backup), ledger.WriteTime(k.At), k.Direction, k.Fingerprint, k.Record.Service,
		k.Record.URL, ledger.WriteTime(checked), seen, sumOf(k.Record))
	return err
}

// Newer reports whether a kept record was found to hold later than another.
func (k *KeptRecord) Newer(than *KeptRecord) bool {
	return k.turn > than.turn || k.turn == than.turn && k.ID > than.ID
}

// soundOf is the number of a kept record that says the same as k; 0 where there is none.
func soundOf(ctx context.Context, same *sql.Stmt, k *KeptRecord) (int64, error) {
	rows, err := same.QueryContext(ctx, k.Place, string(k.Backup), k.Fingerprint)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		had, err := scanRecord(rows)
		if err != nil {
			return 0, err
		}
		if had.sound() {
			return had.ID, nil
		}
	}
	return 0, rows.Err()
}

const recordColumns = "id, place, backup_id, at, direction, fingerprint, service, url, checked, seen, sum, turn"

func scanRecord(rows *sql.Rows) (k KeptRecord, err error) {
	var at, checked, seen string
	err = rows.Scan(&k.ID, &k.Place, &k.Backup, &at, &k.Direction, &k.Fingerprint, &k.Record.Service, &k.Record.URL, &checked, &seen,
		&k.sum, &k.turn)
	k.At, k.Checked = ledger.ReadTime(at), ledger.ReadTime(checked)
	if seen != "" {
		k.Seen = core.Some(ledger.ReadTime(seen))
	}
	return k, err
}

// Records returns the kept records of a backup, the one that was last found to
// hold first; with an empty place those of every place. What is no longer what was written
// is left out.
func (a *Archive) Records(ctx context.Context, place string, backup core.BackupID) ([]KeptRecord, error) {
	var out []KeptRecord
	err := a.each(ctx, "SELECT "+recordColumns+` FROM records
		WHERE backup_id = ?1 AND (?2 = '' OR place = ?2) ORDER BY turn DESC, id DESC`, func(k KeptRecord) error {
		if k.sound() {
			out = append(out, k)
		}
		return nil
	}, string(backup), place)
	return out, err
}

// EachNewest calls fn with the newest record of each backup of a place, by place
// and id; with an empty place of every place. One that is no longer what was written is left
// out, and returned; the one before it is handed on instead, where there is one. fn must not
// use the archive.
func (a *Archive) EachNewest(ctx context.Context, place string, fn func(KeptRecord) error) (rotten Rotten, err error) {
	var done RottenRecord // the backup whose newest sound record was handed on
	err = a.each(ctx, "SELECT "+recordColumns+" FROM records WHERE (?1 = '' OR place = ?1) ORDER BY place, backup_id, turn DESC, id DESC",
		func(k KeptRecord) error {
			of := RottenRecord{Place: k.Place, Backup: k.Backup}
			if done == of {
				return nil
			}
			if !k.sound() {
				rotten = append(rotten, RottenRecord{k.ID, k.Place, k.Backup})
				return nil
			}
			done = of
			return fn(k)
		}, place)
	return rotten, err
}

func (a *Archive) each(ctx context.Context, query string, fn func(KeptRecord) error, args ...any) error {
	const tried = "read the records"
	var failed error // of what was handed on, which is not tried again
	err := a.Do(ctx, tried, func() error {
		rows, err := a.DB.QueryContext(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			k, err := scanRecord(rows)
			if err == nil {
				err = fn(k)
			}
			if err != nil {
				failed = err
				return nil
			}
		}
		failed = ledger.Explain(ctx, tried, rows.Err())
		return nil
	})
	if err == nil {
		err = failed
	}
	return err
}

// IndexOf returns the newest record of each of some backups of a place without its text,
// which is most of it. The texts are read all the same: what is no longer what was written
// is left out, and returned where nothing newer has taken its place.
func (a *Archive) IndexOf(ctx context.Context, place string, ids []core.BackupID) (map[core.BackupID]KeptRecord, Rotten, error) {
	out := make(map[core.BackupID]KeptRecord, len(ids))
	var spoiled []KeptRecord
	for some := range slices.Chunk(ids, ledger.AskMost) {
		oneOf, args := ledger.OneOf("backup_id", some)
		err := a.each(ctx, "SELECT "+recordColumns+" FROM records WHERE place = ? AND "+oneOf, func(k KeptRecord) error {
			if !k.sound() {
				k.Record.URL = ""
				spoiled = append(spoiled, k)
				return nil
			}
			k.Record.URL = ""
			old, twice := out[k.Backup]
			if !twice || k.Newer(&old) {
				out[k.Backup] = k
			}
			return nil
		}, append([]any{place}, args...)...)
		if err != nil {
			return out, nil, err
		}
	}
	var rotten Rotten
	for _, k := range spoiled {
		if now, has := out[k.Backup]; !has || k.Newer(&now) {
			rotten = append(rotten, RottenRecord{k.ID, k.Place, k.Backup})
		}
	}
	return out, rotten, nil
}

// KnownRecord is where the archive knows a record from, and how it came.
type KnownRecord struct {
	Place, Direction string // as KeptRecord has them
}

// KnownIn says of some backups where their records are known from, in no order; those
// without any are left out.
func (a *Archive) KnownIn(ctx context.Context, ids []core.BackupID) (map[core.BackupID][]KnownRecord, error) {
	out := map[core.BackupID][]KnownRecord{}
	for some := range slices.Chunk(ids, ledger.AskMost) {
		oneOf, args := ledger.OneOf("backup_id", some)
		err := a.Do(ctx, "read the records", func() error {
			for _, id := range some {
				delete(out, id)
			}
			rows, err := a.DB.QueryContext(ctx, "SELECT backup_id, place, direction FROM records WHERE "+oneOf, args...)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var id core.BackupID
				var k KnownRecord
				if err := rows.Scan(&id, &k.Place, &k.Direction); err != nil {
					return err
				}
				out[id] = append(out[id], k)
			}
			return rows.Err()
		})
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

// Came says of each backup that the archive has records of how the first of them
// came to be known in a place: by its export, or by an import that hearth made.
func (a *Archive) Came(ctx context.Context, place string) (map[core.BackupID]string, error) {
	var rows []string
	err := a.texts(ctx, &rows, `SELECT direction || ' ' || backup_id FROM records AS r WHERE place = ?1
		AND NOT EXISTS (SELECT 1 FROM records AS n WHERE n.place = r.place AND n.backup_id = r.backup_id AND n.id < r.id)`, place)
	out := map[core.BackupID]string{}
	for _, row := range rows {
		direction, id, _ := strings.Cut(row, " ")
		out[core.BackupID(id)] = direction
	}
	return out, err
}

func (a *Archive) texts(ctx context.Context, out *[]string, query string, args ...any) error {
	return a.Do(ctx, "read the archive", func() error {
		*out = nil
		rows, err := a.DB.QueryContext(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var s string
			if err := rows.Scan(&s); err != nil {
				return err
			}
			*out = append(*out, s)
		}
		return rows.Err()
	})
}
