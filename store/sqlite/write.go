package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/ledger"
)

// Rewrite takes a volume from one state to another in one transaction, with the
// writes that Cinder's own database layer would make: metadata rows that go are
// soft-deleted, those that stay keep their row.
func (p *Place) Rewrite(ctx context.Context, r core.Rewrite) (core.Entry, error) {
	err := p.in(ctx, func(tx *sql.Tx) error { return p.rewrite(ctx, tx, r) })
	return r.Entry, ledger.Explain("change volume "+string(r.Volume), err)
}

func (p *Place) rewrite(ctx context.Context, tx *sql.Tx, r core.Rewrite) error {
	v, err := p.volume(ctx, tx, r.Volume)
	if err != nil {
		return err
	}
	if diff := v.State().Diff(r.Before); len(diff) > 0 {
		return core.Fail(core.CodeConflict, "change volume "+v.Title(), "it is no longer what was seen: "+list(diff)+" changed meanwhile",
			"look at it again and make a new plan", nil)
	}
	now := stamp(p.now())
	if err := p.rewriteColumns(ctx, tx, r, now); err != nil {
		return err
	}
	if err := p.rewriteMetadata(ctx, tx, "volume_metadata", r.Volume, r.Before.Metadata, r.After.Metadata, now); err != nil {
		return err
	}
	return p.rewriteMetadata(ctx, tx, "volume_glance_metadata", r.Volume, r.Before.Image, r.After.Image, now)
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

func (p *Place) rewriteColumns(ctx context.Context, tx *sql.Tx, r core.Rewrite, now string) error {
	sets, args := []string{"updated_at = ?"}, []any{now}
	if !p.schema.has("volumes", "updated_at") {
		sets, args = nil, nil
	}
	for _, c := range []struct {
		column        string
		before, after pyjson.Value
	}{
		{"display_name", r.Before.Name, r.After.Name},
		{"display_description", r.Before.Description, r.After.Description},
		{"encryption_key_id", r.Before.EncryptionKeyID, r.After.EncryptionKeyID},
		{"volume_type_id", r.Before.VolumeTypeID, r.After.VolumeTypeID},
	} {
		if !c.before.Equal(c.after) {
			sets, args = append(sets, c.column+" = ?"), append(args, sqlText(c.after))
		}
	}
	if r.Before.Bootable != r.After.Bootable {
		sets, args = append(sets, "bootable = ?"), append(args, r.After.Bootable)
	}
	if len(sets) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, "UPDATE volumes SET "+strings.Join(sets, ", ")+" WHERE id = ?", append(args, string(r.Volume))...)
	return err
}

// rewriteMetadata brings a key-value table from one state to another.
func (p *Place) rewriteMetadata(ctx context.Context, tx *sql.Tx, table string, id core.VolumeID, before, after *pyjson.Object, now string) error {
	exec := func(query string, args ...any) error {
		_, err := tx.ExecContext(ctx, query, args...)
		return err
	}
	for key, was := range before.All() {
		is, ok := after.Get(key)
		var err error
		switch {
		case !ok:
			err = exec(`UPDATE `+table+` SET deleted = 1, deleted_at = ? WHERE volume_id = ? AND "key" = ? AND (deleted IS NULL OR deleted = 0)`, now, string(id), key)
		case !is.Equal(was):
			err = exec(`UPDATE `+table+` SET value = ?, updated_at = ? WHERE volume_id = ? AND "key" = ? AND (deleted IS NULL OR deleted = 0)`, sqlText(is), now, string(id), key)
		}
		if err != nil {
			return err
		}
	}
	for key, is := range after.All() {
		if before.Has(key) {
			continue
		}
		if err := exec(`INSERT INTO `+table+` (created_at, deleted, volume_id, "key", value) VALUES (?, 0, ?, ?, ?)`, now, string(id), key, sqlText(is)); err != nil {
			return err
		}
	}
	return nil
}

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
	return &Store{p, ledger.Book{DB: p.db}}
}

// Rewrite is Place.Rewrite with its journal entry, all or nothing. An entry that
// undoes another marks that one undone; CodeConflict if it is already.
func (s *Store) Rewrite(ctx context.Context, r core.Rewrite) (core.Entry, error) {
	e := r.Entry
	err := s.in(ctx, func(tx *sql.Tx) error {
		if err := s.rewrite(ctx, tx, r); err != nil {
			return err
		}
		e.State = core.EntryDone
		if e.Kind == core.EntryUndo {
			ok, err := ledger.SetState(ctx, tx, e.Of, core.EntryUndone, "", core.EntryDone, core.EntryHalf)
			if err != nil {
				return err
			}
			if !ok {
				return core.Fail(core.CodeConflict, "undo", "the entry is undone already, or never took effect", "look at hearth journal", nil)
			}
		}
		var err error
		e.ID, err = ledger.AddEntry(ctx, tx, e)
		return err
	})
	return e, ledger.Explain("change volume "+string(r.Volume), err)
}

// ImportFacts says which of the ids are here, and whose services are.
func (p *Place) ImportFacts(ctx context.Context, ids []core.BackupID) (core.ImportFacts, error) {
	f := core.ImportFacts{Existing: map[core.BackupID]string{}, Owner: "each keeps the project that its record names, as this place has no logins"}
	for _, id := range ids {
		var status, deleted sql.NullString
		err := p.db.QueryRowContext(ctx, "SELECT status, deleted FROM backups WHERE id = ?", string(id)).Scan(&status, &deleted)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			continue
		case err != nil:
			return f, ledger.Explain("look for backup "+string(id), err)
		}
		f.Existing[id] = status.String
		if deleted.String == "1" || deleted.String == "true" {
			f.Existing[id] = core.StatusDeleted
		}
	}
	if !p.schema.has("backups", "service") {
		return f, nil
	}
	rows, err := p.db.QueryContext(ctx, "SELECT DISTINCT service FROM backups b WHERE service IS NOT NULL AND service <> '' AND "+live("b")+" ORDER BY service")
	if err != nil {
		return f, ledger.Explain("list the services", err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return f, ledger.Explain("list the services", err)
		}
		f.Services = append(f.Services, s)
	}
	return f, ledger.Explain("list the services", rows.Err())
}

// Import writes the records' rows in one transaction: the same ids, all fields,
// as today's Cinder does, but for the owner (see ImportFacts). Either all are
// written or none; the error then says which one stood in the way.
func (p *Place) Import(ctx context.Context, items []core.ImportItem, entry core.Entry) ([]core.ImportResult, error) {
	var results []core.ImportResult
	err := p.in(ctx, func(tx *sql.Tx) error {
		var err error
		results, err = p.importIn(ctx, tx, items)
		return err
	})
	return results, ledger.Explain("import", err)
}

func (p *Place) importIn(ctx context.Context, tx *sql.Tx, items []core.ImportItem) ([]core.ImportResult, error) {
	var results []core.ImportResult
	for _, item := range items {
		revived, err := p.importOne(ctx, tx, item)
		if err != nil {
			return nil, err
		}
		results = append(results, core.ImportResult{ID: item.ID, Name: item.Name, Status: core.StatusAvailable, Revived: revived})
	}
	return results, nil
}

func (p *Place) importOne(ctx context.Context, tx *sql.Tx, item core.ImportItem) (revived bool, err error) {
	tried := "import backup " + string(item.ID)
	var deleted bool
	err = tx.QueryRowContext(ctx, "SELECT COALESCE(deleted, 0) FROM backups WHERE id = ?", string(item.ID)).Scan(&deleted)
	switch {
	case err == nil && !deleted:
		return false, core.Fail(core.CodeConflict, tried, "it came to be here meanwhile", "nothing of this paste is written; look at the list and leave it out", nil)
	case err == nil:
		revived = true
	case !errors.Is(err, sql.ErrNoRows):
		return false, err
	}
	var columns, marks []string
	var args []any
	for name, v := range item.Row.All() {
		if name == "metadata" || !p.schema.has("backups", name) {
			continue
		}
		columns, marks, args = append(columns, quoteIdent(name)), append(marks, "?"), append(args, sqlValue(v))
	}
	query := "INSERT INTO backups (" + strings.Join(columns, ", ") + ") VALUES (" + strings.Join(marks, ", ") + ")"
	if revived {
		query = "UPDATE backups SET " + strings.Join(columns, " = ?, ") + " = ? WHERE id = ?"
		args = append(args, string(item.ID))
	}
	if _, err := tx.ExecContext(ctx, query, args...); err != nil {
		return revived, err
	}
	if !p.schema.has("backup_metadata", "value") {
		return revived, nil
	}
	now := stamp(p.now())
	if _, err := tx.ExecContext(ctx, "UPDATE backup_metadata SET deleted = 1, deleted_at = ? WHERE backup_id = ? AND (deleted IS NULL OR deleted = 0)", now, string(item.ID)); err != nil {
		return revived, err
	}
	meta, _ := item.Row.Get("metadata")
	for key, v := range meta.Object().All() {
		if _, err := tx.ExecContext(ctx, `INSERT INTO backup_metadata (created_at, deleted, backup_id, "key", value) VALUES (?, 0, ?, ?, ?)`, now, string(item.ID), key, sqlText(v)); err != nil {
			return revived, err
		}
	}
	return revived, nil
}

// sqlValue is a value of a row to be written.
func sqlValue(v pyjson.Value) any {
	switch v.Kind() {
	case pyjson.Null:
		return nil
	case pyjson.Bool:
		return v.Bool()
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

// Import is Place.Import with its journal entry, all or nothing.
func (s *Store) Import(ctx context.Context, items []core.ImportItem, entry core.Entry) ([]core.ImportResult, error) {
	var results []core.ImportResult
	err := s.in(ctx, func(tx *sql.Tx) error {
		var err error
		if results, err = s.importIn(ctx, tx, items); err != nil {
			return err
		}
		entry.State = core.EntryDone
		_, err = ledger.AddEntry(ctx, tx, entry)
		return err
	})
	return results, ledger.Explain("import", err)
}
