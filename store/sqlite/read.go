package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"sort"

	"hearth/core"
	"hearth/store/ledger"
)

func sortedStrings(s []string) []string {
	sort.Strings(s)
	return s
}

// Volume reads a volume with its metadata and every column of its row.
func (p *Place) Volume(ctx context.Context, id core.VolumeID) (core.Volume, error) {
	v, err := p.volume(ctx, p.db, id)
	if err != nil {
		return v, ledger.Explain("read volume "+string(id), err)
	}
	counts, err := p.backupCounts(ctx)
	if err == nil {
		c := counts.of[id]
		v.Backups, v.LastBackup = c.n, c.last
	}
	return v, ledger.Explain("read volume "+string(id), err)
}

func (p *Place) volume(ctx context.Context, q querier, id core.VolumeID) (core.Volume, error) {
	v, err := scanVolume(q.QueryRowContext(ctx, "SELECT "+p.volumeSelect()+" FROM "+p.volumeFrom()+" WHERE v.id = ? AND "+live("v"), string(id)))
	if errors.Is(err, sql.ErrNoRows) {
		return v, core.Fail(core.CodeNotFound, "read volume "+string(id), "there is no such volume", "list them with hearth volumes", nil)
	}
	if err != nil {
		return v, err
	}
	if v.Metadata, err = p.metadata(ctx, q, "volume_metadata", "volume_id", string(id)); err != nil {
		return v, err
	}
	if v.Image, err = p.metadata(ctx, q, "volume_glance_metadata", "volume_id", string(id)); err != nil {
		return v, err
	}
	if v.Row, err = p.row(ctx, q, id); err != nil {
		return v, err
	}
	v.Unseen = p.schema.unseen("volumes", volumeColumns)
	return v, nil
}

// Backup reads a backup with its own metadata.
func (p *Place) Backup(ctx context.Context, id core.BackupID) (core.Backup, error) {
	tried := "read backup " + string(id)
	b, err := scanBackup(p.db.QueryRowContext(ctx, "SELECT "+p.backupSelect()+" FROM "+backupFrom+" WHERE b.id = ? AND "+live("b"), string(id)))
	if errors.Is(err, sql.ErrNoRows) {
		return b, core.Fail(core.CodeNotFound, tried, "there is no such backup", "list them with hearth backups", nil)
	}
	if err != nil {
		return b, ledger.Explain(tried, err)
	}
	b.Metadata, err = p.metadata(ctx, p.db, "backup_metadata", "backup_id", string(id))
	b.Unseen = p.schema.unseen("backups", backupColumns)
	return b, ledger.Explain(tried, err)
}

// backupFrom is where backups are read from; the name of a volume that is
// deleted is still worth knowing.
const backupFrom = "backups b LEFT JOIN volumes v ON v.id = b.volume_id"

// VolumeTypes lists the volume types; the one called __DEFAULT__ is what Cinder
// gives a volume that asks for none (since Train).
func (p *Place) VolumeTypes(ctx context.Context) ([]core.VolumeType, error) {
	if !p.schema.has("volume_types", "id") {
		return nil, nil
	}
	rows, err := p.db.QueryContext(ctx, "SELECT id, COALESCE(name, '') FROM volume_types t WHERE "+live("t")+" ORDER BY name, id")
	if err != nil {
		return nil, ledger.Explain("read the volume types", err)
	}
	defer rows.Close()
	types := []core.VolumeType{}
	for rows.Next() {
		var t core.VolumeType
		if err := rows.Scan(&t.ID, &t.Name); err != nil {
			return nil, ledger.Explain("read the volume types", err)
		}
		t.Default = t.Name == "__DEFAULT__"
		types = append(types, t)
	}
	return types, ledger.Explain("read the volume types", rows.Err())
}

// Export makes the record that Cinder would export. Nothing is written, where
// Cinder's own export saves the row.
func (p *Place) Export(ctx context.Context, id core.BackupID) (core.Record, error) {
	tried := "export backup " + string(id)
	b, err := p.Backup(ctx, id)
	if err != nil {
		return core.Record{}, err
	}
	if b.Status != core.StatusAvailable {
		return core.Record{}, core.Fail(core.CodeRefused, tried, "its status is "+b.Status+", and Cinder exports only what is available", "wait, or repair it first", nil)
	}
	b.Unseen = nil // what an older release has no column for is null in a record of today's
	r, err := core.ExportRecord(&b)
	return r, ledger.Explain(tried, err)
}
