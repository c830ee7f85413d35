package sql

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
)

// scanner is *sql.Row or *sql.Rows.
type scanner interface{ Scan(...any) error }

// opt makes an Opt of what came out of a nullable column.
func opt(s sql.NullString) core.Opt[string] { return core.Opt[string]{V: s.String, Set: s.Valid} }

// optStamp is a nullable time.
func optStamp(s sql.NullString) core.Opt[time.Time] {
	if !s.Valid {
		return core.Opt[time.Time]{}
	}
	return parseStamp(s.String)
}

// backupSelect lists the columns of a backup in the order scanBackup reads them.
// b is backups, v volumes, as in backupFrom.
func (s schema) backupSelect() string {
	t := func(c string) string { return s.text("b", "backups", c) }
	n := func(c string) string { return s.integer("b", "backups", c) }
	return strings.Join([]string{
		t("id"), t("display_name"), t("display_description"), t("status"), t("fail_reason"), n("size"), n("object_count"),
		t("volume_id"), s.volumeName(), t("snapshot_id"), t("container"), t("service"), t("service_metadata"),
		t("parent_id"), n("num_dependent_backups"), t("project_id"), t("user_id"), t("host"), t("availability_zone"),
		t("restore_volume_id"), t("temp_volume_id"), t("temp_snapshot_id"), t("encryption_key_id"),
		t("data_timestamp"), t("created_at"), t("updated_at"), t("deleted_at"), s.flag("b", "backups", "deleted"),
	}, ", ")
}

// volumeName selects the name of a backup's volume from backupFrom; NULL where that is
// looked up by itself.
func (s schema) volumeName() string {
	if !s.joins() {
		return "NULL"
	}
	return s.text("v", "volumes", "display_name")
}

// backupFrom is where backups are read from; the name of a volume that is
// deleted is still worth knowing.
const backupFrom = "backups b LEFT JOIN volumes v ON v.id = b.volume_id"

// backupFrom is [backupFrom], or backups alone where the dialect joins nothing.
func (s schema) backupFrom() string {
	if !s.joins() {
		return "backups b"
	}
	return backupFrom
}

// backupFields are the columns of backups that the API calls by another name, or
// says something else with.
var backupFields = map[string]string{
	"display_name":          "name",
	"display_description":   "description",
	"parent_id":             "is_incremental",
	"num_dependent_backups": "has_dependent_backups",
}

func scanBackup(row scanner) (core.Backup, error) {
	var b core.Backup
	var id, name, desc, status, fail, volume, volumeName, snapshot, container, service, serviceMeta sql.NullString
	var parent, project, user, host, az, restored, tempVolume, tempSnapshot, key, data, created, updated, deletedAt sql.NullString
	err := row.Scan(&id, &name, &desc, &status, &fail, &b.Size, &b.ObjectCount, &volume, &volumeName, &snapshot, &container, &service,
		&serviceMeta, &parent, &b.Dependents, &project, &user, &host, &az, &restored, &tempVolume, &tempSnapshot, &key,
		&data, &created, &updated, &deletedAt, &b.Deleted)
	b.ID, b.Name, b.Description, b.Status, b.FailReason = core.BackupID(id.String), opt(name), opt(desc), status.String, opt(fail)
	b.VolumeID, b.VolumeName, b.SnapshotID = core.VolumeID(volume.String), opt(volumeName), opt(snapshot)
	b.Container, b.Service, b.ServiceMetadata = opt(container), opt(service), opt(serviceMeta)
	b.ParentID, b.Incremental = core.BackupID(parent.String), parent.String != ""
	b.ProjectID, b.UserID, b.Host, b.AvailabilityZone = core.ProjectID(project.String), user.String, opt(host), opt(az)
	b.RestoreVolumeID, b.TempVolumeID, b.TempSnapshotID = core.VolumeID(restored.String), core.VolumeID(tempVolume.String), opt(tempSnapshot)
	b.EncryptionKeyID = opt(key)
	b.DataTimestamp, b.CreatedAt, b.UpdatedAt, b.DeletedAt = optStamp(data), optStamp(created), optStamp(updated), optStamp(deletedAt)
	return b, err
}

// volumeSelect lists the columns of a volume in the order scanVolume reads them.
// v is volumes, t volume_types.
func (s schema) volumeSelect() string {
	t := func(c string) string { return s.text("v", "volumes", c) }
	n := func(c string) string { return s.integer("v", "volumes", c) }
	return strings.Join([]string{
		t("id"), t("display_name"), t("display_description"), t("status"), n("size"), t("volume_type_id"), s.typeName(),
		s.flag("v", "volumes", "bootable"),
		s.flag("v", "volumes", "multiattach"), t("encryption_key_id"), t("project_id"), t("user_id"), t("availability_zone"), t("host"),
		t("snapshot_id"),
		t("source_volid"), t("attach_status"), t("created_at"), t("updated_at"),
	}, ", ")
}

// volumeFrom is where volumes are read from, types joined if there are any, and the
// dialect joins.
func (s schema) volumeFrom() string {
	if s.joins() && s.has("volume_types", "id") && s.has("volumes", "volume_type_id") {
		return "volumes v LEFT JOIN volume_types t ON t.id = v.volume_type_id"
	}
	return "volumes v"
}

// typeName selects the name of a volume's type from volumeFrom.
func (s schema) typeName() string {
	if !s.joins() || !s.has("volume_types", "id") || !s.has("volumes", "volume_type_id") {
		return "NULL"
	}
	return s.text("t", "volume_types", "name")
}

// volumeFields are the columns of volumes that the API calls by another name.
var volumeFields = map[string]string{"display_name": "name", "display_description": "description"}

func scanVolume(row scanner) (core.Volume, error) {
	var v core.Volume
	var id, name, desc, status, typeID, typeName, key, project, user, az, host, snapshot, source, attach, created, updated sql.NullString
	err := row.Scan(&id, &name, &desc, &status, &v.Size, &typeID, &typeName, &v.Bootable, &v.Multiattach, &key, &project, &user,
		&az, &host, &snapshot, &source, &attach, &created, &updated)
	v.ID, v.Name, v.Description, v.Status = core.VolumeID(id.String), opt(name), opt(desc), status.String
	v.VolumeTypeID, v.VolumeType, v.EncryptionKeyID = opt(typeID), opt(typeName), opt(key)
	v.ProjectID, v.UserID, v.AvailabilityZone, v.Host = core.ProjectID(project.String), user.String, opt(az), opt(host)
	v.SnapshotID, v.SourceVolumeID, v.AttachStatus = opt(snapshot), core.VolumeID(source.String), opt(attach)
	v.CreatedAt, v.UpdatedAt = optStamp(created), optStamp(updated)
	return v, err
}

// metadata reads the undeleted rows of a key-value table, in the order of their
// ids, as Cinder does; a key that repeats keeps its last value.
func (p *Place) metadata(ctx context.Context, q querier, table, owner, id string) (*pyjson.Object, error) {
	o := &pyjson.Object{}
	if !p.schema.has(table, "value") {
		return o, nil
	}
	rows, err := q.QueryContext(ctx,
		"SELECT "+p.schema.text("m", table, "key")+", "+p.schema.text("m", table, "value")+" FROM "+table+" m WHERE "+
			p.schema.is("m", owner, 1)+" AND "+live("m")+" ORDER BY m.id", id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var key, value sql.NullString
		if err := rows.Scan(&key, &value); err != nil {
			return nil, err
		}
		if value.Valid {
			o.Set(key.String, pyjson.OfString(value.String))
		} else {
			o.Set(key.String, pyjson.None)
		}
	}
	return o, rows.Err()
}

// row reads every column of a volume, those that Cinder knows in its order, the
// others behind them.
func (p *Place) row(ctx context.Context, q querier, id core.VolumeID) (*pyjson.Object, error) {
	names := p.schema.order("volumes", core.VolumeColumns)
	exprs := make([]string, len(names))
	for i, n := range names {
		exprs[i] = p.schema.asCell(quoteIdent(n), p.schema.tables["volumes"][n])
	}
	vals := make([]any, len(names))
	ptrs := make([]any, len(names))
	for i := range vals {
		ptrs[i] = &vals[i]
	}
	err := q.QueryRowContext(ctx, "SELECT "+strings.Join(exprs, ", ")+" FROM volumes v WHERE "+p.schema.is("v", "id", 1),
		string(id)).Scan(ptrs...)
	if err != nil {
		return nil, err
	}
	o := &pyjson.Object{}
	for i, n := range names {
		o.Set(n, columnValue(p.schema.cell(vals[i]), kindOf(n, p.schema.tables["volumes"][n])))
	}
	return o, nil
}

// order lists a table's columns: first those of want that it has, in that order.
func (s schema) order(table string, want []string) []string {
	var out, extra []string
	for _, c := range want {
		if s.has(table, c) {
			out = append(out, c)
		}
	}
	for c := range s.tables[table] {
		if !slices.Contains(want, c) {
			extra = append(extra, c)
		}
	}
	slices.Sort(extra)
	return append(out, extra...)
}

// columnKind is what Cinder's model makes of a column's value.
type columnKind uint8

const (
	plainColumn columnKind = iota
	flagColumn
	timeColumn
)

// kindOf tells a column's kind: by its name where it is one of Cinder's, as a
// database that was brought over from another system may declare it otherwise.
func kindOf(column, typ string) columnKind {
	switch column {
	case "deleted", "use_quota", "bootable", "multiattach", "shared_targets":
		return flagColumn
	case "created_at", "updated_at", "deleted_at", "scheduled_at", "launched_at", "terminated_at":
		return timeColumn
	}
	switch {
	case strings.HasPrefix(typ, "BOOL"), typ == "TINYINT(1)":
		return flagColumn
	case strings.HasPrefix(typ, "DATETIME"), strings.HasPrefix(typ, "TIMESTAMP"):
		return timeColumn
	}
	return plainColumn
}

// columnValue is a column's value as Cinder's model gives it to Python.
func columnValue(v any, kind columnKind) pyjson.Value {
	switch v := v.(type) {
	case int64:
		if kind == flagColumn {
			return pyjson.OfBool(v != 0)
		}
		return pyjson.OfInt(v)
	case float64:
		return pyjson.OfFloat(v)
	case bool:
		return pyjson.OfBool(v)
	case []byte:
		return pyjson.OfBytes(string(v))
	case string:
		if t := parseStamp(v); kind == timeColumn && t.Set {
			return pyjson.OfTime(t.V, false)
		}
		return pyjson.OfString(v)
	}
	return pyjson.None
}
