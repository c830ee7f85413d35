package sql

import (
	"context"
	"database/sql"
	"strings"
)

// copied is a table that a mirror has, row for row.
type copied struct {
	m       *mirror
	table   string // of the database
	alias   string
	all     string // the condition of the rows that it has in the end
	columns []cell
}

// cell is a column of a mirror, and how the database's own is read into it.
type cell struct {
	name string
	kind cellKind
}

type cellKind uint8

const (
	textCell cellKind = iota
	idCell            // an empty one is none
	numberCell
	flagCell
	timeCell
)

// cells are columns of one kind.
func cells(kind cellKind, names ...string) (out []cell) {
	for _, n := range names {
		out = append(out, cell{n, kind})
	}
	return out
}

// join puts columns of several kinds one after the other.
func join(parts ...[]cell) (out []cell) {
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

// tables are the two that lists are of, with the columns that those go by and no others.
// The id is the first, and whether the row is deleted the last.
func (m *mirror) tables() []copied {
	return []copied{
		{m, "volumes", "v", "1 = 1", join(
			cells(textCell, "id", "display_name", "display_description", "status"), cells(numberCell, "size"),
			cells(textCell, "volume_type_id", "encryption_key_id", "availability_zone", "host", "snapshot_id", "attach_status"),
			cells(flagCell, "bootable", "multiattach"), cells(idCell, "project_id", "user_id", "source_volid"),
			cells(timeCell, "created_at", "updated_at"), cells(flagCell, "deleted"))},
		{m, "backups", "b", live("b"), join(
			cells(textCell, "id", "display_name", "display_description", "status", "fail_reason", "volume_id"),
			cells(numberCell, "size", "object_count", "num_dependent_backups"),
			cells(textCell, "snapshot_id", "container", "service", "service_metadata", "host", "availability_zone", "encryption_key_id"),
			cells(idCell, "parent_id", "project_id", "user_id", "restore_volume_id"),
			cells(timeCell, "data_timestamp", "created_at", "updated_at"), cells(flagCell, "deleted"))},
	}
}

// names are those of the columns.
func (t copied) names() []string {
	out := make([]string, len(t.columns))
	for i, c := range t.columns {
		out[i] = c.name
	}
	return out
}

// query selects the rows as scan reads them, up to where a condition may follow: when a
// row was deleted is behind the columns.
func (t copied) query() string {
	s := t.m.of.schema
	var exprs []string
	for _, c := range t.columns {
		switch c.kind {
		case textCell:
			exprs = append(exprs, s.text(t.alias, t.table, c.name))
		case idCell:
			exprs = append(exprs, s.id(t.alias, t.table, c.name))
		case numberCell:
			exprs = append(exprs, s.integer(t.alias, t.table, c.name))
		case flagCell:
			exprs = append(exprs, s.flag(t.alias, t.table, c.name))
		case timeCell:
			exprs = append(exprs, s.time(t.alias, t.table, c.name))
		}
	}
	exprs = append(exprs, s.time(t.alias, t.table, "deleted_at"))
	return "SELECT " + strings.Join(exprs, ", ") + " FROM " + t.table + " " + t.alias + " WHERE "
}

// mirrorRow is a row as the mirror keeps it.
type mirrorRow struct {
	id      string
	deleted bool   // it is not to be in the mirror
	changed string // when it was last, as stamps
	args    []any
}

// moment is a time as the database gave it, in the form that sorts as its text; "" where
// it is none.
func moment(s sql.NullString) string {
	if len(s.String) == len("2006-01-02 15:04:05.000000") && s.String[10] == ' ' && s.String[19] == '.' {
		return s.String
	}
	if at := optStamp(s); at.Set {
		return stamp(at.V)
	}
	return ""
}

// scanning reads rows into the same places again and again.
type scanning struct {
	t       copied
	texts   []sql.NullString
	numbers []sql.NullInt64
	flags   []sql.NullBool
	into    []any
}

func (t copied) scanning() *scanning {
	n := len(t.columns) + 1
	s := &scanning{t, make([]sql.NullString, n), make([]sql.NullInt64, n), make([]sql.NullBool, n), make([]any, n)}
	for i := range s.into {
		s.into[i] = &s.texts[i]
		if i < len(t.columns) {
			switch t.columns[i].kind {
			case numberCell:
				s.into[i] = &s.numbers[i]
			case flagCell:
				s.into[i] = &s.flags[i]
			}
		}
	}
	return s
}

func (s *scanning) row(from scanner) (mirrorRow, error) {
	if err := from.Scan(s.into...); err != nil {
		return mirrorRow{}, err
	}
	r := mirrorRow{id: s.texts[0].String, changed: moment(s.texts[len(s.t.columns)]), args: make([]any, len(s.t.columns))}
	for i, c := range s.t.columns {
		switch c.kind {
		case numberCell:
			r.args[i] = s.numbers[i].Int64
		case flagCell:
			r.args[i] = s.flags[i].Bool
			r.deleted = c.name == "deleted" && s.flags[i].Bool && s.t.table == "backups" // a volume's name outlives it
		case timeCell:
			if at := moment(s.texts[i]); at != "" {
				r.args[i] = at
				if c.name != "data_timestamp" {
					r.changed = max(r.changed, at)
				}
			}
		default:
			if s.texts[i].Valid {
				r.args[i] = s.texts[i].String
			}
		}
	}
	return r, nil
}

// read reads rows of the database that fulfil a condition.
func (t copied) read(ctx context.Context, cond string, args ...any) (out []mirrorRow, err error) {
	query := t.query() + cond
	err = t.m.of.read(ctx, "read "+t.table, func(db view) error {
		out = nil
		rows, err := db.QueryContext(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for s := t.scanning(); rows.Next(); {
			r, err := s.row(rows)
			if err != nil {
				return err
			}
			out = append(out, r)
		}
		return rows.Err()
	})
	return out, err
}

// times are the columns that say when a row changed last, as the database has them.
func (t copied) times() (out []string) {
	for _, c := range []string{"created_at", "updated_at", "deleted_at"} {
		if s := t.m.of.schema; s.has(t.table, c) {
			out = append(out, s.time(t.alias, t.table, c))
		}
	}
	return out
}

// newest is the newest change of any row, "" where there is none that tells.
func (t copied) newest(ctx context.Context) (newest string, err error) {
	err = t.m.of.read(ctx, "read "+t.table, func(db view) error {
		for _, at := range t.times() {
			var text sql.NullString
			if err := db.QueryRowContext(ctx, "SELECT MAX("+at+") FROM "+t.table+" "+t.alias).Scan(&text); err != nil {
				return err
			}
			newest = max(newest, moment(text))
		}
		return nil
	})
	return newest, err
}

// some is a batch of rows on its way from the database into the mirror.
type some struct {
	rows []mirrorRow
	err  error
}

// fill copies the rows behind those that are there, batch by batch, each in a transaction
// of its own on both sides. While one is written the next is read.
//
// What changed after the making had begun is looked for once the mirror is whole, however
// long that takes: so what is noted as the newest change is that of then.
func (t copied) fill(ctx context.Context, s *Place) error {
	var upto, newest sql.NullString
	var whole bool
	err := s.db.QueryRowContext(ctx, "SELECT upto, newest, whole FROM hearth_mirror WHERE of = ?", t.table).Scan(&upto, &newest, &whole)
	if missing(err) {
		newest.String, err = t.newest(ctx)
	}
	if err != nil || whole {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	batches := make(chan some)
	go t.batches(ctx, upto, batches)
	for b := range batches {
		if b.err != nil {
			return b.err
		}
		whole = len(b.rows) < mirrorBatch
		if len(b.rows) > 0 {
			upto.String = b.rows[len(b.rows)-1].id
		}
		if err := t.keep(ctx, s, b.rows, progress{upto.String, newest.String, whole}); err != nil {
			return err
		}
		t.m.copied.Add(int64(len(b.rows)))
	}
	return ctx.Err()
}

// batches reads the rows behind an id, and closes the channel behind the last.
func (t copied) batches(ctx context.Context, upto sql.NullString, out chan<- some) {
	defer close(out)
	for {
		cond, args := "1 = 1", []any{}
		if upto.Valid {
			cond, args = t.alias+".id > ?", []any{upto.String}
		}
		rows, err := t.read(ctx, cond+" ORDER BY "+t.alias+".id LIMIT ?", append(args, mirrorBatch)...)
		select {
		case out <- some{rows, err}:
		case <-ctx.Done():
			return
		}
		if err != nil || len(rows) < mirrorBatch {
			return
		}
		upto = sql.NullString{String: rows[len(rows)-1].id, Valid: true}
	}
}

// progress is how far the mirror of a table is: the rows up to which id are there, what
// changed last of those, and whether that is all.
type progress struct {
	upto, newest string
	whole        bool
}

// mirrorRows is how many rows one statement writes.
const mirrorRows = 50

// put is the statement that writes n rows: one that is there as it is costs no write, and
// wakes no trigger.
func (t copied) put(n int) string {
	var set, differs []string
	for _, c := range t.names() {
		set = append(set, quoteIdent(c)+" = excluded."+quoteIdent(c))
		differs = append(differs, t.table+"."+quoteIdent(c)+" IS NOT excluded."+quoteIdent(c))
	}
	values := "(?" + strings.Repeat(", ?", len(t.columns)-1) + ")"
	return "INSERT INTO " + t.table + " (" + strings.Join(t.names(), ", ") + ") VALUES " + values + strings.Repeat(", "+values, n-1) +
		" ON CONFLICT (id) DO UPDATE SET " + strings.Join(set, ", ") + " WHERE " + strings.Join(differs, " OR ")
}

// keep writes rows into the mirror, and how far it is now.
func (t copied) keep(ctx context.Context, s *Place, rows []mirrorRow, p progress) error {
	return s.in(ctx, "write "+t.m.file, func(tx change) error {
		if err := t.write(ctx, tx, rows); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO hearth_mirror VALUES (?, ?, ?, ?) ON CONFLICT (of) DO UPDATE SET "+
			"upto = excluded.upto, newest = excluded.newest, whole = excluded.whole", t.table, p.upto, p.newest, p.whole)
		return err
	})
}

func (t copied) write(ctx context.Context, tx change, rows []mirrorRow) error {
	many, err := tx.tx.PrepareContext(ctx, t.put(mirrorRows))
	if err != nil {
		return err
	}
	defer many.Close()
	var args []any
	n := 0
	for _, r := range rows {
		if r.deleted {
			if _, err := tx.ExecContext(ctx, "DELETE FROM "+t.table+" WHERE id = ?", r.id); err != nil {
				return err
			}
			continue
		}
		if args, n = append(args, r.args...), n+1; n < mirrorRows {
			continue
		}
		if _, err := many.ExecContext(ctx, args...); err != nil {
			return err
		}
		args, n = args[:0], 0
	}
	if n == 0 {
		return nil
	}
	_, err = tx.tx.ExecContext(ctx, t.put(n), args...)
	return err
}
