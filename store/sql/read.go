package sql

import (
	"cmp"
	"context"
	"database/sql"
	"slices"

	"hearth/core"
)

// Volume reads a volume with its metadata and every column of its row.
func (p *Place) Volume(ctx context.Context, id core.VolumeID) (v core.Volume, err error) {
	err = p.read(ctx, "read volume "+string(id), func(q view) error {
		if v, err = p.volume(ctx, q, id); err != nil {
			return err
		}
		counts, err := p.countsOf(ctx, q, []core.Volume{v})
		v.Backups, v.LastBackup = counts[id].n, counts[id].last
		return err
	})
	return v, err
}

func (p *Place) volume(ctx context.Context, q querier, id core.VolumeID) (core.Volume, error) {
	v, err := scanVolume(
		q.QueryRowContext(ctx, "SELECT "+p.schema.volumeSelect()+" FROM "+p.schema.volumeFrom()+" WHERE "+p.schema.is("v", "id", 1)+
			" AND "+live("v"), string(id)))
	if missing(err) {
		return v, core.Fail(core.CodeNotFound, "read volume "+string(id), "there is no such volume", "list them with hearth volumes", nil)
	}
	if err != nil {
		return v, err
	}
	if err = p.addType(ctx, q, &v); err != nil {
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
			q.QueryRowContext(ctx, "SELECT "+p.schema.backupSelect()+" FROM "+p.schema.backupFrom()+" WHERE "+p.schema.is("b", "id", 1)+
				" AND "+live("b"), string(id)))
		if missing(err) {
			return core.Fail(core.CodeNotFound, tried, "there is no such backup", "list them with hearth backups", nil)
		}
		if err != nil {
			return err
		}
		b.Unseen = p.unseen.backups
		if err = p.addVolumeName(ctx, q, &b); err != nil {
			return err
		}
		b.Metadata, err = p.metadata(ctx, q, "backup_metadata", "backup_id", string(id))
		return err
	})
	return b, err
}

// addType looks up the name of a volume's type, where volumeFrom does not join it.
func (p *Place) addType(ctx context.Context, q querier, v *core.Volume) error {
	if p.schema.joins() || !v.VolumeTypeID.Set || !p.schema.has("volume_types", "id") {
		return nil
	}
	var name sql.NullString
	err := q.QueryRowContext(ctx, "SELECT "+p.schema.text("t", "volume_types", "name")+" FROM volume_types t WHERE "+p.schema.is("t", "id", 1),
		v.VolumeTypeID.V).Scan(&name)
	v.VolumeType = opt(name)
	return unlessMissing(err)
}

// addVolumeName looks up the name of a backup's volume, where backupFrom does not join it.
func (p *Place) addVolumeName(ctx context.Context, q querier, b *core.Backup) error {
	if p.schema.joins() {
		return nil
	}
	var name sql.NullString
	err := q.QueryRowContext(ctx, "SELECT "+p.schema.text("v", "volumes", "display_name")+" FROM volumes v WHERE "+p.schema.is("v", "id", 1),
		string(b.VolumeID)).Scan(&name)
	b.VolumeName = opt(name)
	return unlessMissing(err)
}

// unlessMissing is err, but for a row that is not there.
func unlessMissing(err error) error {
	if missing(err) {
		return nil
	}
	return err
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
		rows, err := q.QueryContext(ctx, "SELECT "+p.schema.text("t", "volume_types", "id")+", COALESCE("+name+", '') "+
			"FROM volume_types t WHERE "+live("t"))
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
		slices.SortFunc(types, func(a, b core.VolumeType) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
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
