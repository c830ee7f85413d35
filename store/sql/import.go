package sql

import (
	"context"
	"database/sql"
	"strings"

	"hearth/core"
	"hearth/store/ledger"
)

// ImportFacts says which of the ids are here, and whose services are. What counts
// is the row's status, deleted or not: Cinder uses a row again whose status is
// deleted, and no other (cinder/backup/api.py _get_import_backup).
func (p *Place) ImportFacts(ctx context.Context, ids []core.BackupID) (f core.ImportFacts, err error) {
	err = p.read(ctx, "look for the backups", func(q view) error {
		f = core.ImportFacts{Existing: map[core.BackupID]string{},
			Owner: "each keeps the project that its record names, as this place has no logins"}
		for _, id := range ids {
			status, err := p.importStatus(ctx, q, id, "")
			switch {
			case missing(err):
			case err != nil:
				return err
			default:
				f.Existing[id] = status
			}
		}
		f.Services, err = p.services(ctx, q)
		return err
	})
	return f, err
}

// importStatus reads the status of a backup, deleted or not.
func (p *Place) importStatus(ctx context.Context, q querier, id core.BackupID, suffix string) (string, error) {
	var status sql.NullString
	err := q.QueryRowContext(ctx, "SELECT "+p.schema.text("b", "backups", "status")+" FROM backups b WHERE "+p.schema.is("b", "id", 1)+suffix,
		string(id)).Scan(&status)
	return status.String, err
}

// services lists the drivers that backups here were made by.
func (p *Place) services(ctx context.Context, q querier) ([]string, error) {
	if !p.schema.has("backups", "service") {
		return nil, nil
	}
	service := p.schema.id("b", "backups", "service")
	rows, err := q.QueryContext(ctx, "SELECT DISTINCT "+service+" FROM backups b WHERE "+service+" IS NOT NULL AND "+live("b")+" ORDER BY 1")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// Import writes the records' rows in one transaction: the same ids, all fields,
// as today's Cinder does, but for the owner (see ImportFacts). Either all are
// written or none; the error then says which one stood in the way.
func (p *Place) Import(ctx context.Context, items []core.ImportItem, entry core.Entry) (results []core.ImportResult, err error) {
	err = p.in(ctx, "import", func(tx change) error {
		results, err = p.importIn(ctx, tx, items)
		return err
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

// Import is Place.Import with its journal entry, all or nothing.
func (s *Store) Import(ctx context.Context, items []core.ImportItem, entry core.Entry) (results []core.ImportResult, err error) {
	err = s.in(ctx, "import", func(tx change) error {
		if results, err = s.importIn(ctx, tx, items); err != nil {
			return err
		}
		entry.State = core.EntryDone
		_, err = ledger.AddEntry(ctx, tx.tx, entry)
		return err
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

func (p *Place) importIn(ctx context.Context, tx change, items []core.ImportItem) ([]core.ImportResult, error) {
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

func (p *Place) importOne(ctx context.Context, tx change, item core.ImportItem) (revived bool, err error) {
	status, err := p.importStatus(ctx, tx, item.ID, p.schema.forUpdate())
	switch {
	case err == nil && status != core.StatusDeleted:
		return false, core.Fail(core.CodeConflict, "import backup "+string(item.ID), "it came to be here meanwhile",
			"nothing of this paste is written; look at the list and leave it out", nil)
	case err != nil && !missing(err):
		return false, err
	}
	revived = err == nil
	now := stamp(p.now())
	if err := p.importRow(ctx, tx, item, revived, now); err != nil {
		return revived, err
	}
	return revived, p.importMetadata(ctx, tx, item, now)
}

// importRow writes the columns that the item and this database have in common.
// When it was made is the record's to say; when it was changed is now.
func (p *Place) importRow(ctx context.Context, tx change, item core.ImportItem, revived bool, now string) error {
	var columns, marks []string
	var args []any
	set := func(name string, v any) {
		if p.schema.has("backups", name) {
			columns, marks, args = append(columns, quoteIdent(name)), append(marks, "?"), append(args, v)
		}
	}
	for name, v := range item.Row.All() {
		if name != "metadata" && name != "updated_at" {
			set(name, sqlValue(v))
		}
	}
	set("updated_at", now)
	if !revived && !item.Row.Has("created_at") {
		set("created_at", now)
	}
	query := "INSERT INTO backups (" + strings.Join(columns, ", ") + ") VALUES (" + strings.Join(marks, ", ") + ")"
	if revived {
		query = "UPDATE backups SET " + strings.Join(columns, " = ?, ") + " = ? WHERE " + p.schema.is("backups", "id", len(args)+1)
		args = append(args, string(item.ID))
	}
	_, err := tx.ExecContext(ctx, query, args...)
	return err
}

// importMetadata gives the backup the record's metadata and no other.
func (p *Place) importMetadata(ctx context.Context, tx change, item core.ImportItem, now string) error {
	if !p.schema.has("backup_metadata", "value") {
		return nil
	}
	if _, err := tx.ExecContext(ctx,
		"UPDATE backup_metadata SET deleted = TRUE, deleted_at = ?1, updated_at = ?2 WHERE "+p.schema.is("backup_metadata", "backup_id", 3)+
			" AND "+live("backup_metadata"), now, now, string(item.ID)); err != nil {
		return err
	}
	meta, _ := item.Row.Get("metadata")
	for key, v := range meta.Object().All() {
		if _, err := tx.ExecContext(ctx,
			`INSERT INTO backup_metadata (created_at, deleted, backup_id, "key", value) VALUES (?, FALSE, ?, ?, ?)`, now, string(item.ID), key,
			sqlText(v)); err != nil {
			return err
		}
	}
	return nil
}
