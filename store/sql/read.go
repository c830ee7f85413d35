package sql

import (
	"cmp"
	"context"
	"database/sql"
	"slices"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/ledger"
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
			return noBackup(tried)
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

func noBackup(tried string) error {
	return core.Fail(core.CodeNotFound, tried, "there is no such backup", "list them with hearth backups", nil)
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
	b, err := p.Backup(ctx, id)
	if err != nil {
		return core.Record{}, err
	}
	return exported(b)
}

func exported(b core.Backup) (core.Record, error) {
	tried := "export backup " + string(b.ID)
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

// BackupsOf reads backups with their own metadata, as they stand at one moment.
func (p *Place) BackupsOf(ctx context.Context, ids []core.BackupID) (out []core.Backup, err error) {
	err = p.read(ctx, "read backups", func(q view) error {
		read, err := p.backups(ctx, q, ids)
		if err != nil {
			return err
		}
		out = make([]core.Backup, 0, len(read))
		for _, b := range read {
			out = append(out, b)
		}
		if p.schema.joins() {
			return nil
		}
		return p.addVolumeNames(ctx, q, out)
	})
	return out, err
}

// ExportBatch exports backups as they stand at one moment.
func (p *Place) ExportBatch(ctx context.Context, ids []core.BackupID) (out []core.Exported, err error) {
	var read map[core.BackupID]core.Backup
	err = p.read(ctx, "export backups", func(q view) error {
		read, err = p.backups(ctx, q, ids)
		return err
	})
	for _, id := range ids {
		b, here := read[id]
		x := core.Exported{Backup: b}
		if !here {
			x.Backup.ID, x.Err = id, noBackup("read backup "+string(id))
		} else {
			x.Record, x.Err = exported(b)
		}
		out = append(out, x)
	}
	return out, err
}

// backups reads some backups with their metadata; those that are not there are left out.
func (p *Place) backups(ctx context.Context, q querier, ids []core.BackupID) (map[core.BackupID]core.Backup, error) {
	out := make(map[core.BackupID]core.Backup, len(ids))
	for some := range slices.Chunk(ids, chunk) {
		marks, args := ledger.Marks(some)
		rows, err := q.QueryContext(ctx, "SELECT "+p.schema.backupSelect()+" FROM "+p.schema.backupFrom()+
			" WHERE b.id IN ("+marks+") AND "+live("b"), args...)
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		for rows.Next() {
			b, err := scanBackup(rows)
			if err != nil {
				return nil, err
			}
			b.Unseen, b.Metadata = p.unseen.backups, &pyjson.Object{}
			out[b.ID] = b
		}
		if err := rows.Err(); err != nil {
			return nil, err
		}
		if err := p.metadataOf(ctx, q, marks, args, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// metadataOf reads the metadata of backups that were read, as [Place.metadata] does that of
// one.
func (p *Place) metadataOf(ctx context.Context, q querier, marks string, args []any, backups map[core.BackupID]core.Backup) error {
	if !p.schema.has("backup_metadata", "value") {
		return nil
	}
	t := func(column string) string { return p.schema.text("m", "backup_metadata", column) }
	rows, err := q.QueryContext(ctx, "SELECT "+t("backup_id")+", "+t("key")+", "+t("value")+" FROM backup_metadata m WHERE m.backup_id IN ("+
		marks+") AND "+live("m")+" ORDER BY m.id", args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var key, value sql.NullString
		if err := rows.Scan(&id, &key, &value); err != nil {
			return err
		}
		b, here := backups[core.BackupID(id)]
		switch {
		case !here:
		case value.Valid:
			b.Metadata.Set(key.String, pyjson.OfString(value.String))
		default:
			b.Metadata.Set(key.String, pyjson.None)
		}
	}
	return rows.Err()
}
