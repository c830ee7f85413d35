package sql

import (
	"context"

	"hearth/core"
)

// Volume reads a volume with its metadata and every column of its row.
func (p *Place) Volume(ctx context.Context, id core.VolumeID) (v core.Volume, err error) {
	err = p.read(ctx, "read volume "+string(id), func(q view) error {
		if v, err = p.volume(ctx, q, id); err != nil {
			return err
		}
		counts, err := p.backupCounts(ctx, q)
		if err == nil {
			v.Backups, v.LastBackup = counts.of[id].n, counts.of[id].last
		}
		return err
	})
	return v, err
}

func (p *Place) volume(ctx context.Context, q querier, id core.VolumeID) (core.Volume, error) {
	v, err := scanVolume(
		q.QueryRowContext(ctx, "SELECT "+p.schema.volumeSelect()+" FROM "+p.schema.volumeFrom()+" WHERE v.id = ? AND "+live("v"), string(id)))
	if missing(err) {
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
	v.Unseen = p.unseen.volumes
	return v, nil
}

// Backup reads a backup with its own metadata.
func (p *Place) Backup(ctx context.Context, id core.BackupID) (b core.Backup, err error) {
	tried := "read backup " + string(id)
	err = p.read(ctx, tried, func(q view) error {
		b, err = scanBackup(
			q.QueryRowContext(ctx, "SELECT "+p.schema.backupSelect()+" FROM "+backupFrom+" WHERE b.id = ? AND "+live("b"), string(id)))
		if missing(err) {
			return core.Fail(core.CodeNotFound, tried, "there is no such backup", "list them with hearth backups", nil)
		}
		if err != nil {
			return err
		}
		b.Unseen = p.unseen.backups
		b.Metadata, err = p.metadata(ctx, q, "backup_metadata", "backup_id", string(id))
		return err
	})
	return b, err
}

// VolumeTypes lists the volume types; the one called __DEFAULT__ is what Cinder
// gives a volume that asks for none (since Train).
func (p *Place) VolumeTypes(ctx context.Context) ([]core.VolumeType, error) {
	if !p.schema.has("volume_types", "id") {
		return nil, nil
	}
	var types []core.VolumeType
	err := p.read(ctx, "read the volume types", func(q view) error {
		name := p.schema.text("t", "volume_types", "name")
		rows, err := q.QueryContext(ctx, "SELECT t.id, COALESCE("+name+", '') FROM volume_types t WHERE "+live("t")+" ORDER BY 2, 1")
		if err != nil {
			return err
		}
		defer rows.Close()
		types = []core.VolumeType{}
		for rows.Next() {
			var t core.VolumeType
			if err := rows.Scan(&t.ID, &t.Name); err != nil {
				return err
			}
			t.Default = t.Name == "__DEFAULT__"
			types = append(types, t)
		}
		return rows.Err()
	})
	return types, err
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
		return core.Record{}, core.Fail(core.CodeRefused, tried, "its status is "+b.Status+", and Cinder exports only what is available",
			"wait, or repair it first", nil)
	}
	b.Unseen = nil // what an older release has no column for is null in a record of today's
	r, err := core.ExportRecord(&b)
	if err != nil {
		return core.Record{}, core.Fail(core.CodeRefused, tried, "Cinder could not export it: "+err.Error(), "repair its row first", err)
	}
	return r, nil
}
