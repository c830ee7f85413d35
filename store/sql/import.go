package sql

import (
	"context"
	"database/sql"
	"iter"
	"slices"
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
		for some := range slices.Chunk(ids, chunk) {
			if err := p.importStatuses(ctx, q, some, "", f.Existing); err != nil {
				return err
			}
		}
		f.Services, err = p.services(ctx, q)
		return err
	})
	return f, err
}

// importStatuses reads the status of those of some ids that are here, deleted or not.
func (p *Place) importStatuses(ctx context.Context, q querier, ids []core.BackupID, suffix string, out map[core.BackupID]string) error {
	marks, args := ledger.Marks(ids)
	rows, err := q.QueryContext(ctx, "SELECT "+p.schema.text("b", "backups", "id")+", "+p.schema.text("b", "backups", "status")+
		" FROM backups b WHERE b.id IN ("+marks+")"+suffix, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var status sql.NullString
		if err := rows.Scan(&id, &status); err != nil {
			return err
		}
		out[core.BackupID(id)] = status.String
	}
	return rows.Err()
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
func (p *Place) Import(ctx context.Context, items []core.ImportItem, entry core.Entry) ([]core.ImportResult, error) {
	return collected(items, func(batches iter.Seq2[[]core.ImportItem, error], each func(core.ImportResult)) error {
		return p.ImportAll(ctx, batches, entry, each)
	})
}

// Import is Place.Import with its journal entry, all or nothing.
func (s *Store) Import(ctx context.Context, items []core.ImportItem, entry core.Entry) ([]core.ImportResult, error) {
	return collected(items, func(batches iter.Seq2[[]core.ImportItem, error], each func(core.ImportResult)) error {
		return s.ImportAll(ctx, batches, entry, each)
	})
}

// collected is an import of what is there whole.
func collected(items []core.ImportItem, all func(iter.Seq2[[]core.ImportItem, error], func(core.ImportResult)) error) (
	results []core.ImportResult, err error) {
	err = all(func(yield func([]core.ImportItem, error) bool) {
		results = nil
		for some := range slices.Chunk(items, chunk) {
			if !yield(some, nil) {
				return
			}
		}
	}, func(r core.ImportResult) { results = append(results, r) })
	if err != nil {
		return nil, err
	}
	return results, nil
}

// ImportAll is Import of items that come a batch at a time. What each tells holds once all
// is written; where the file is locked they are asked for once more from the beginning.
func (p *Place) ImportAll(ctx context.Context, items iter.Seq2[[]core.ImportItem, error], entry core.Entry,
	each func(core.ImportResult)) error {
	defer p.shed()
	return p.in(ctx, "import", func(tx change) error { return p.importIn(ctx, tx, items, each) })
}

// shed gives back the memory of pages that an import went through: its records go into the
// archive next, which has as many.
func (p *Place) shed() {
	if p.server == nil {
		ledger.Shed(p.db)
	}
}

// ImportAll is Place.ImportAll with its journal entry, all or nothing.
func (s *Store) ImportAll(ctx context.Context, items iter.Seq2[[]core.ImportItem, error], entry core.Entry,
	each func(core.ImportResult)) error {
	defer s.shed()
	return s.in(ctx, "import", func(tx change) error {
		if err := s.importIn(ctx, tx, items, each); err != nil {
			return err
		}
		entry.State = core.EntryDone
		_, err := ledger.AddEntry(ctx, tx.tx, entry)
		return err
	})
}

// importing writes rows within a transaction. In a file its statements do not end with the
// context, as each that could be interrupted costs a goroutine: that is looked at between
// rows.
type importing struct {
	p     *Place
	ctx   context.Context
	tx    change
	now   string
	stmts map[string]*sql.Stmt // closed with the transaction
}

func (p *Place) importIn(ctx context.Context, tx change, items iter.Seq2[[]core.ImportItem, error], each func(core.ImportResult)) error {
	w := importing{p: p, ctx: ctx, tx: tx, now: stamp(p.now()), stmts: map[string]*sql.Stmt{}}
	if p.server == nil {
		w.ctx = context.WithoutCancel(ctx)
	}
	for some, err := range items {
		if err != nil {
			return err
		}
		if err := w.batch(ctx, some, each); err != nil {
			return err
		}
	}
	return nil
}

// batch looks what is there of some items, and writes them.
func (w *importing) batch(ctx context.Context, items []core.ImportItem, each func(core.ImportResult)) error {
	ids := make([]core.BackupID, len(items))
	for i := range items {
		ids[i] = items[i].ID
	}
	there := map[core.BackupID]string{}
	if err := w.p.importStatuses(w.ctx, w.tx, ids, w.p.schema.forUpdate(), there); err != nil {
		return err
	}
	if err := w.dropMetadata(ids); err != nil {
		return err
	}
	for i := range items {
		item := &items[i]
		if err := ctx.Err(); err != nil {
			return err
		}
		status, here := there[item.ID]
		if here && status != core.StatusDeleted {
			return core.Fail(core.CodeConflict, "import backup "+string(item.ID), "it came to be here meanwhile",
				"nothing of this paste is written; look at the list and leave it out", nil)
		}
		there[item.ID] = core.StatusAvailable
		if err := w.row(item, here); err != nil {
			return err
		}
		if err := w.metadata(item); err != nil {
			return err
		}
		each(core.ImportResult{ID: item.ID, Name: item.Name, Status: core.StatusAvailable, Revived: here})
	}
	return nil
}

// exec runs a statement, which is prepared once.
func (w *importing) exec(query string, args ...any) error {
	query, args = w.tx.dialect.bind(query, args)
	stmt := w.stmts[query]
	if stmt == nil {
		var err error
		if stmt, err = w.tx.tx.PrepareContext(w.ctx, query); err != nil {
			return err
		}
		w.stmts[query] = stmt
	}
	_, err := stmt.ExecContext(w.ctx, args...)
	return err
}

// row writes the columns that the item and this database have in common.
// When it was made is the record's to say; when it was changed is now.
func (w *importing) row(item *core.ImportItem, revived bool) error {
	var columns, marks []string
	var args []any
	set := func(name string, v any) {
		if w.p.schema.has("backups", name) {
			columns, marks, args = append(columns, quoteIdent(name)), append(marks, "?"), append(args, v)
		}
	}
	for name, v := range item.Row.All() {
		if name != "metadata" && name != "updated_at" {
			set(name, sqlValue(v))
		}
	}
	set("updated_at", w.now)
	if !revived && !item.Row.Has("created_at") {
		set("created_at", w.now)
	}
	if revived {
		return w.exec("UPDATE backups SET "+strings.Join(columns, " = ?, ")+" = ? WHERE "+w.p.schema.is("backups", "id", len(args)+1),
			append(args, string(item.ID))...)
	}
	return w.exec("INSERT INTO backups ("+strings.Join(columns, ", ")+") VALUES ("+strings.Join(marks, ", ")+")", args...)
}

// dropMetadata takes what metadata there is off ids that are about to be imported: each has
// its record's and no other.
func (w *importing) dropMetadata(ids []core.BackupID) error {
	if !w.p.schema.has("backup_metadata", "value") {
		return nil
	}
	marks, args := ledger.Marks(ids, w.now, w.now)
	theirs := "backup_id IN (" + marks + ")"
	if !w.p.schema.joins() { // where a collation would take others for them
		each := make([]string, len(ids))
		for i := range ids {
			each[i] = w.p.schema.is("backup_metadata", "backup_id", i+3)
		}
		theirs = "(" + strings.Join(each, " OR ") + ")"
	}
	_, err := w.tx.ExecContext(w.ctx, "UPDATE backup_metadata SET deleted = TRUE, deleted_at = ?, updated_at = ? WHERE "+theirs+" AND "+
		live("backup_metadata"), args...)
	return err
}

func (w *importing) metadata(item *core.ImportItem) error {
	if !w.p.schema.has("backup_metadata", "value") {
		return nil
	}
	meta, _ := item.Row.Get("metadata")
	for key, v := range meta.Object().All() {
		if err := w.exec(`INSERT INTO backup_metadata (created_at, deleted, backup_id, "key", value) VALUES (?, FALSE, ?, ?, ?)`, w.now,
			string(item.ID), key, sqlText(v)); err != nil {
			return err
		}
	}
	return nil
}
