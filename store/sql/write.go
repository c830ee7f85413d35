package sql

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/ledger"
)

// Store is a place that hearth made: it keeps captures and a journal of its own,
// and what it changes is journalled in the same transaction.
type Store struct {
	*Place
	ledger.Book
}

// Own returns the place as a Store, nil if hearth did not make it.
func (p *Place) Own() *Store {
	if !p.own {
		return nil
	}
	return &Store{p, p.book()}
}

// KeepCapture keeps a capture and returns its number.
func (s *Store) KeepCapture(ctx context.Context, k core.KeptCapture) (int64, error) {
	if !s.write {
		return 0, core.Fail(core.CodeReadOnly, "keep the capture", s.Info().ReadOnly, "", nil)
	}
	return s.Book.KeepCapture(ctx, k)
}

// Rewrite takes a volume from one state to another in one transaction, with the
// rows that Cinder's own restore would leave (cinder/backup/driver.py put).
func (p *Place) Rewrite(ctx context.Context, r core.Rewrite) (core.Entry, error) {
	err := p.in(ctx, "change volume "+string(r.Volume), func(tx change) error { return p.rewrite(ctx, tx, r) })
	return r.Entry, err
}

// Rewrite is Place.Rewrite with its journal entry, all or nothing. An entry that
// undoes another marks that one undone; CodeConflict if it is already.
func (s *Store) Rewrite(ctx context.Context, r core.Rewrite) (core.Entry, error) {
	e := r.Entry
	err := s.in(ctx, "change volume "+string(r.Volume), func(tx change) error {
		if e.Kind == core.EntryUndo {
			if err := ledger.MarkUndone(ctx, tx.tx, e.Of); err != nil {
				return err
			}
		}
		if err := s.rewrite(ctx, tx, r); err != nil {
			return err
		}
		e.State = core.EntryDone
		var err error
		e.ID, err = ledger.AddEntry(ctx, tx.tx, e)
		return err
	})
	if err != nil {
		return r.Entry, err
	}
	return e, nil
}

func (p *Place) rewrite(ctx context.Context, tx change, r core.Rewrite) error {
	if err := p.hold(ctx, tx, r.Volume); err != nil {
		return err
	}
	v, err := p.volume(ctx, tx, r.Volume)
	if err != nil {
		return err
	}
	tried := "change volume " + v.Title()
	if err := p.yields(ctx, tx, tried, &v); err != nil {
		return err
	}
	if diff := v.State().Diff(r.Before); len(diff) > 0 {
		return core.Fail(core.CodeConflict, tried, "it is no longer what was seen: "+list(diff)+" changed meanwhile",
			"look at it again and make a new plan", nil)
	}
	image := !slices.Equal(r.Before.Image.Keys(), r.After.Image.Keys()) || !r.Before.Image.Equal(r.After.Image)
	now := stamp(p.now())
	if err := p.rewriteRow(ctx, tx, tried, r, now, image); err != nil {
		return err
	}
	if err := p.rewriteMetadata(ctx, tx, tried, r, now); err != nil {
		return err
	}
	if image {
		return p.replaceImage(ctx, tx, tried, r, now)
	}
	return nil
}

// list joins names for a message, not too many of them.
func list(names []string) string {
	if len(names) > 4 {
		names = append(append([]string{}, names[:3]...), "more")
	}
	return strings.Join(names, ", ")
}

// sqlText is a value of a State for a text column.
func sqlText(v pyjson.Value) any {
	if v.IsNull() {
		return nil
	}
	return v.Text()
}

// noRoom is the error of a place that has no column or table for a change.
func noRoom(tried, what string) error {
	return core.Fail(core.CodeRefused, tried, "this database has no "+what, "it is of another release of Cinder; choose another target", nil)
}

// rewriteRow changes the volume's own columns. With new image metadata Cinder
// writes bootable, which touches the row in any case.
func (p *Place) rewriteRow(ctx context.Context, tx change, tried string, r core.Rewrite, now string, touch bool) error {
	var sets []string
	var args []any
	for _, c := range []struct {
		column string
		same   bool
		after  any
	}{
		{"display_name", r.Before.Name.Equal(r.After.Name), sqlText(r.After.Name)},
		{"display_description", r.Before.Description.Equal(r.After.Description), sqlText(r.After.Description)},
		{"encryption_key_id", r.Before.EncryptionKeyID.Equal(r.After.EncryptionKeyID), sqlText(r.After.EncryptionKeyID)},
		{"volume_type_id", r.Before.VolumeTypeID.Equal(r.After.VolumeTypeID), sqlText(r.After.VolumeTypeID)},
		{"bootable", r.Before.Bootable == r.After.Bootable, r.After.Bootable},
	} {
		if c.same {
			continue
		}
		if !p.schema.has("volumes", c.column) {
			return noRoom(tried, "column volumes."+c.column)
		}
		sets, args = append(sets, c.column+" = ?"), append(args, c.after)
	}
	if len(sets) == 0 && !touch {
		return nil
	}
	if p.schema.has("volumes", "updated_at") {
		sets, args = append(sets, "updated_at = ?"), append(args, now)
	}
	if len(sets) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, "UPDATE volumes SET "+strings.Join(sets, ", ")+" WHERE "+p.schema.is("volumes", "id", len(args)+1),
		append(args, string(r.Volume))...)
	return err
}

// rewriteMetadata changes the user metadata: rows of keys that go are
// soft-deleted, those of keys that stay are kept.
func (p *Place) rewriteMetadata(ctx context.Context, tx change, tried string, r core.Rewrite, now string) error {
	before, after := r.Before.Metadata, r.After.Metadata
	const table = "volume_metadata"
	if !p.schema.has(table, "value") && !before.Equal(after) {
		return noRoom(tried, "table "+table)
	}
	id := string(r.Volume)
	for key, was := range before.All() {
		is, stays := after.Get(key)
		var err error
		switch {
		case !stays:
			_, err = tx.ExecContext(ctx,
				"UPDATE "+table+" SET deleted = TRUE, deleted_at = ?1, updated_at = ?2 WHERE "+p.schema.is(table, "volume_id", 3)+" AND "+
					p.schema.is(table, "key", 4)+" AND "+live(table), now, now, id, key)
		case !is.Equal(was):
			_, err = tx.ExecContext(ctx,
				"UPDATE "+table+" SET value = ?1, updated_at = ?2 WHERE "+p.schema.is(table, "volume_id", 3)+" AND "+
					p.schema.is(table, "key", 4)+" AND "+live(table), sqlText(is), now, id, key)
		}
		if err != nil {
			return err
		}
	}
	for key, is := range after.All() {
		if before.Has(key) {
			continue
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO `+table+` (created_at, deleted, volume_id, "key", value) VALUES (?, FALSE, ?, ?, ?)`, now,
			id, key, sqlText(is)); err != nil {
			return err
		}
	}
	return nil
}

// replaceImage soft-deletes all image metadata and writes it anew, in order.
func (p *Place) replaceImage(ctx context.Context, tx change, tried string, r core.Rewrite, now string) error {
	const table = "volume_glance_metadata"
	if !p.schema.has(table, "value") {
		return noRoom(tried, "table "+table)
	}
	if _, err := tx.ExecContext(ctx, "UPDATE "+table+" SET deleted = TRUE, deleted_at = ?1 "+
		"WHERE "+p.schema.is(table, "volume_id", 2)+" AND "+live(table),
		now, string(r.Volume)); err != nil {
		return err
	}
	for key, v := range r.After.Image.All() {
		if _, err := tx.ExecContext(ctx, `INSERT INTO `+table+` (created_at, deleted, volume_id, "key", value) VALUES (?, FALSE, ?, ?, ?)`, now,
			string(r.Volume), key, sqlText(v)); err != nil {
			return err
		}
	}
	return nil
}

// sqlValue is a value of a row to be written.
func sqlValue(v pyjson.Value) any {
	switch v.Kind() {
	case pyjson.Null:
		return nil
	case pyjson.Bool:
		return v.Bool()
	case pyjson.Float:
		return v.Float()
	case pyjson.Int:
		if n, ok := v.Int64(); ok {
			return n
		}
	case pyjson.Time:
		t, _ := v.Time()
		return stamp(t)
	}
	return v.Text()
}

// missing reports whether err is that of a row that is not there.
func missing(err error) bool { return errors.Is(err, sql.ErrNoRows) }
