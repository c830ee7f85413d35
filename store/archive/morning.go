package archive

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/ledger"
)

// morningStep is the migration that makes room for what the morning round keeps: when a
// place was last looked at, what it came to on each day, and the restores that were tried.
const morningStep = `
CREATE TABLE IF NOT EXISTS looks (place TEXT PRIMARY KEY, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS days (place TEXT NOT NULL, day TEXT NOT NULL, at TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (place, day));
CREATE TABLE IF NOT EXISTS drills (
	id INTEGER PRIMARY KEY AUTOINCREMENT, entry_id INTEGER NOT NULL, place TEXT NOT NULL, backup_id TEXT NOT NULL,
	backup_name TEXT NOT NULL, source_id TEXT NOT NULL, source_name TEXT NOT NULL, gib INTEGER NOT NULL, name TEXT NOT NULL,
	volume_id TEXT NOT NULL, at TEXT NOT NULL, took INTEGER NOT NULL, verdict TEXT NOT NULL, why TEXT NOT NULL,
	compared INTEGER NOT NULL, not_deep TEXT NOT NULL, gone INTEGER NOT NULL, left_why TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS drills_backup ON drills (backup_id);
CREATE INDEX IF NOT EXISTS drills_place ON drills (place, id);
`

// drillFieldsStep is the migration that makes room for how the fields of a drill came out.
const drillFieldsStep = `
CREATE TABLE IF NOT EXISTS drill_fields (drill_id INTEGER PRIMARY KEY, body TEXT NOT NULL);
`

// LastLook is when a place was last looked at; the zero time where it never was.
func (a *Archive) LastLook(ctx context.Context, place string) (time.Time, error) {
	var at string
	err := a.Do(ctx, "read when the place was looked at", func() error {
		err := a.DB.QueryRowContext(ctx, "SELECT at FROM looks WHERE place = ?", place).Scan(&at)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	return ledger.ReadTime(at), err
}

// KeepDay keeps what a place came to, in place of what is kept of that day. With looked it
// was looked at then.
func (a *Archive) KeepDay(ctx context.Context, place string, d core.Day, looked bool) error {
	return a.Write(ctx, "keep what the place came to", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO days (place, day, at, body) VALUES (?, ?, ?, ?)", place, d.Day,
			ledger.WriteTime(d.At), pyjson.Text(pyjson.OfDict(d.Object())))
		if err == nil && looked {
			_, err = tx.ExecContext(ctx, "INSERT OR REPLACE INTO looks (place, at) VALUES (?, ?)", place, ledger.WriteTime(d.At))
		}
		return err
	})
}

// Days are what a place came to on the days from one on, oldest first. A row that does not
// read is left out: it is a number of a picture.
func (a *Archive) Days(ctx context.Context, place, from string) (out []core.Day, err error) {
	err = a.Do(ctx, "read what the place came to", func() error {
		out = nil
		rows, err := a.DB.QueryContext(ctx, "SELECT at, body FROM days WHERE place = ? AND day >= ? ORDER BY day", place, from)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var at, body string
			if err := rows.Scan(&at, &body); err != nil {
				return err
			}
			if v, err := pyjson.Parse(body); err == nil {
				d := core.DayFrom(v.Object())
				d.At = ledger.ReadTime(at)
				out = append(out, d)
			}
		}
		return rows.Err()
	})
	return out, err
}

// Damaged are the backups of which a verification found damage last, in whichever
// repository, at most so many; of how many any verification tells is said too, and when the
// last was.
func (a *Archive) Damaged(ctx context.Context, most int) (damaged []core.Verified, of int, last time.Time, err error) {
	err = a.Do(ctx, "read what was verified", func() error {
		var at sql.NullString
		if err := a.DB.QueryRowContext(ctx, "SELECT count(*), max(at) FROM verified").Scan(&of, &at); err != nil {
			return err
		}
		last = ledger.ReadTime(at.String)
		var err error
		damaged, err = a.verified(ctx, "WHERE damages > 0 ORDER BY at DESC, backup_id LIMIT ?", most)
		return err
	})
	return damaged, of, last, err
}

const drillColumns = "id, entry_id, place, backup_id, backup_name, source_id, source_name, gib, name, volume_id, at, took, verdict, why, " +
	"compared, not_deep, gone, left_why"

// BeginDrill writes down a drill before anything of it is asked for, above all what the
// volume will be called that it makes; it returns its number.
func (a *Archive) BeginDrill(ctx context.Context, d core.Drill) (id int64, err error) {
	err = a.Write(ctx, "write down the drill", func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, "INSERT INTO drills ("+drillColumns+") VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			int64(d.Entry), d.Place, string(d.Backup), d.BackupName, string(d.Source), d.SourceName, d.GiB, d.Name, string(d.Volume),
			ledger.WriteTime(d.At), int64(d.Took), string(d.Verdict), d.Why, d.Compared, d.NotDeep, d.Gone, d.Left)
		if err != nil {
			return err
		}
		id, err = r.LastInsertId()
		return err
	})
	return id, err
}

// KeepDrill writes down what has become known of a drill. How its fields came out stays as it
// was kept where d has none.
func (a *Archive) KeepDrill(ctx context.Context, d core.Drill) error {
	return a.Write(ctx, "write down the drill", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE drills SET volume_id = ?, took = ?, verdict = ?, why = ?, compared = ?, not_deep = ?, "+
			"gone = ?, left_why = ? WHERE id = ?", string(d.Volume), int64(d.Took), string(d.Verdict), d.Why, d.Compared, d.NotDeep, d.Gone, d.Left,
			d.ID)
		if err == nil && len(d.Fields) > 0 {
			_, err = tx.ExecContext(ctx, "INSERT OR REPLACE INTO drill_fields (drill_id, body) VALUES (?, ?)", d.ID, d.FieldsText())
		}
		return err
	})
}

// DrillFields are how the fields of a drill came out; none where no volume was read back, or
// where a hearth made it that kept none.
func (a *Archive) DrillFields(ctx context.Context, id int64) (fields []core.FieldOutcome, err error) {
	err = a.Do(ctx, "read how a drill came out", func() error {
		var body string
		err := a.DB.QueryRowContext(ctx, "SELECT body FROM drill_fields WHERE drill_id = ?", id).Scan(&body)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		fields = core.FieldsFrom(body)
		return err
	})
	return fields, err
}

// Drills are those of a place that began at a time or later, newest first, without their fields.
func (a *Archive) Drills(ctx context.Context, place string, since time.Time) (out []core.Drill, err error) {
	return a.drills(ctx, "place = ? AND at >= ? ORDER BY id DESC", place, ledger.WriteTime(since))
}

// LeftDrills are those of a place whose volume may still be there, oldest first.
func (a *Archive) LeftDrills(ctx context.Context, place string) ([]core.Drill, error) {
	return a.drills(ctx, "place = ? AND gone = 0 ORDER BY id", place)
}

// DrillsOf are the drills of some backups in any place that say something of them: newest
// first.
func (a *Archive) DrillsOf(ctx context.Context, ids []core.BackupID) (map[core.BackupID]core.Drill, error) {
	out := map[core.BackupID]core.Drill{}
	if len(ids) == 0 {
		return out, nil
	}
	cond, args := ledger.OneOf("backup_id", ids)
	rows, err := a.drills(ctx, cond+" AND verdict IN ('proven', 'restored', 'differs', 'failed') ORDER BY id", args...)
	for _, d := range rows { // the newest comes last
		out[d.Backup] = d
	}
	return out, err
}

func (a *Archive) drills(ctx context.Context, where string, args ...any) (out []core.Drill, err error) {
	err = a.Do(ctx, "read the drills", func() error {
		out = nil
		rows, err := a.DB.QueryContext(ctx, "SELECT "+drillColumns+" FROM drills WHERE "+where, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var d core.Drill
			var at string
			if err := rows.Scan(&d.ID, &d.Entry, &d.Place, &d.Backup, &d.BackupName, &d.Source, &d.SourceName, &d.GiB, &d.Name, &d.Volume, &at,
				&d.Took, &d.Verdict, &d.Why, &d.Compared, &d.NotDeep, &d.Gone, &d.Left); err != nil {
				return err
			}
			d.At = ledger.ReadTime(at)
			out = append(out, d)
		}
		return rows.Err()
	})
	return out, err
}
