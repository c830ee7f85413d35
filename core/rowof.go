package core

import (
	"time"

	"hearth/core/pyjson"
)

// RecordBackup is the row that a record tells of, as far as its fields are what
// they should be; the fields that the record does not have are unseen.
func RecordBackup(d Decoded) Backup {
	b := Backup{Unseen: FieldSet{}}
	got := &pyjson.Object{}
	for _, name := range BackupFields {
		v, ok := d.Doc.Object().Get(name)
		if !ok {
			b.Unseen[name] = true
			continue
		}
		set, _, err := coerceField(name, v)
		if err != nil {
			b.Unseen[name] = true
			continue
		}
		got.Set(name, set)
	}
	text := func(name string) Opt[string] {
		v, _ := got.Get(name)
		s, ok := v.Str()
		return Opt[string]{V: s, Set: ok}
	}
	number := func(name string) int64 {
		v, _ := got.Get(name)
		n, _ := v.Int64()
		return n
	}
	when := func(name string) Opt[time.Time] {
		v, _ := got.Get(name)
		t, _ := v.Time()
		return Opt[time.Time]{V: t, Set: v.Kind() == pyjson.Time}
	}
	b.ID, b.ParentID = BackupID(text("id").V), BackupID(text("parent_id").V)
	b.VolumeID = VolumeID(text("volume_id").V)
	b.RestoreVolumeID = VolumeID(text("restore_volume_id").V)
	b.TempVolumeID = VolumeID(text("temp_volume_id").V)
	b.Name, b.Description, b.Status, b.FailReason = text("display_name"), text("display_description"), text("status").V, text("fail_reason")
	b.Size, b.ObjectCount, b.Dependents = number("size"), number("object_count"), number("num_dependent_backups")
	b.SnapshotID, b.Container, b.Service, b.ServiceMetadata = text("snapshot_id"), text("container"), text("service"), text("service_metadata")
	b.ProjectID, b.UserID = ProjectID(text("project_id").V), text("user_id").V
	b.Host, b.AvailabilityZone = text("host"), text("availability_zone")
	b.TempSnapshotID, b.EncryptionKeyID = text("temp_snapshot_id"), text("encryption_key_id")
	b.DataTimestamp, b.CreatedAt, b.UpdatedAt, b.DeletedAt = when("data_timestamp"), when("created_at"), when("updated_at"), when("deleted_at")
	b.Incremental = b.ParentID != ""
	if v, ok := got.Get("metadata"); ok {
		b.Metadata = v.Object().Clone()
	}
	return b
}
