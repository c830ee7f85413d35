package beside

import (
	"maps"

	"hearth/core"
	"hearth/core/pyjson"
)

// by names the source of what is filled in.
const by = "the database"

// backupField is a column of a backup that the API may hide.
type backupField struct {
	name string // as in core.Backup.Unseen
	// once reports whether a row has what never changes again; nil: it may always change.
	once func(d *core.Backup) bool
	copy func(b, d *core.Backup)
}

// backupFields are those that are filled in. parent_id and service are set when a backup
// begins, and a key that it has stays (cinder/backup/manager.py create_backup,
// _run_restore); a key that is null may be filled in by a restore.
var backupFields = []backupField{
	{"parent_id", func(d *core.Backup) bool { return true }, func(b, d *core.Backup) { b.ParentID, b.ParentGuessed = d.ParentID, false }},
	{"service", func(d *core.Backup) bool { return d.Service.Or("") != "" }, func(b, d *core.Backup) { b.Service = d.Service }},
	{"encryption_key_id", func(d *core.Backup) bool { return d.EncryptionKeyID.Or("") != "" },
		func(b, d *core.Backup) { b.EncryptionKeyID = d.EncryptionKeyID }},
	{"service_metadata", nil, func(b, d *core.Backup) { b.ServiceMetadata = d.ServiceMetadata }},
	{"host", nil, func(b, d *core.Backup) { b.Host = d.Host }},
	{"restore_volume_id", nil, func(b, d *core.Backup) { b.RestoreVolumeID = d.RestoreVolumeID }},
	{"temp_volume_id", nil, func(b, d *core.Backup) { b.TempVolumeID = d.TempVolumeID }},
	{"temp_snapshot_id", nil, func(b, d *core.Backup) { b.TempSnapshotID = d.TempSnapshotID }},
	{"num_dependent_backups", nil, func(b, d *core.Backup) { b.Dependents = d.Dependents }},
	{"deleted", nil, func(b, d *core.Backup) { b.Deleted = d.Deleted }},
	{"deleted_at", nil, func(b, d *core.Backup) { b.DeletedAt = d.DeletedAt }},
	{"project_id", nil, func(b, d *core.Backup) { b.ProjectID = d.ProjectID }},
	{"user_id", nil, func(b, d *core.Backup) { b.UserID = d.UserID }},
	{"metadata", nil, func(b, d *core.Backup) { b.Metadata = d.Metadata }},
	{"volume_name", nil, func(b, d *core.Backup) { b.VolumeName = d.VolumeName }},
}

// hides reports whether the cloud's row does not show a field, or shows less of it than
// there is: a parent that it guesses, and the key of Cinder's own key manager, which it
// shows as none.
func hides(b *core.Backup, name string) bool {
	switch name {
	case "parent_id":
		return b.Unseen.Has(name) || b.ParentGuessed || b.Incremental && b.ParentID == ""
	case "encryption_key_id":
		return b.EncryptionKeyID.Or("") == ""
	}
	return b.Unseen.Has(name)
}

// fillBackup puts into a cloud's row what the database's tells, as far as their states
// allow. listed: the rows are of lists, and have no properties.
func fillBackup(b, d *core.Backup, s state, listed bool) {
	unseen, told := maps.Clone(b.Unseen), core.FieldSet{}
	for _, f := range backupFields {
		if listed && f.name == "metadata" || !hides(b, f.name) || d.Unseen.Has(f.name) || s != same && (f.once == nil || !f.once(d)) {
			continue
		}
		was := b.EncryptionKeyID
		f.copy(b, d)
		if f.name != "encryption_key_id" || b.Unseen.Has(f.name) || was.Or("") != d.EncryptionKeyID.Or("") {
			told[f.name] = true
		}
		delete(unseen, f.name)
	}
	if len(told) > 0 {
		b.Unseen, b.Told = unseen, core.Told{Fields: told, By: by}
	}
}

// fillVolume puts into a cloud's row every column of the database's, where both are the
// same row in the same state. What the cloud shows stays as it is.
func fillVolume(v, d *core.Volume) {
	unseen, told := maps.Clone(v.Unseen), core.FieldSet{}
	row := &pyjson.Object{}
	for name, value := range d.Row.All() {
		if of, shown := v.Row.Get(name); shown && !v.Unseen.Has(name) {
			value = of
		} else {
			told[name] = true
		}
		row.Set(name, value)
		delete(unseen, name)
	}
	for name, value := range v.Row.All() {
		if !row.Has(name) {
			row.Set(name, value)
		}
	}
	if told["encryption_key_id"] || v.EncryptionKeyID.Or("") == "" && d.EncryptionKeyID.Or("") != "" {
		v.EncryptionKeyID, told["encryption_key_id"] = d.EncryptionKeyID, true
		key, _ := d.Row.Get("encryption_key_id") // the API shows the fixed key as none
		row.Set("encryption_key_id", key)
	}
	if told["volume_type_id"] {
		v.VolumeTypeID = d.VolumeTypeID
	}
	if told["host"] {
		v.Host = d.Host
	}
	if told["project_id"] {
		v.ProjectID = d.ProjectID
	}
	if told["user_id"] {
		v.UserID = d.UserID
	}
	if told["attach_status"] {
		v.AttachStatus = d.AttachStatus
	}
	if v.Metadata.Equal(d.Metadata) { // in the order in which Cinder captures it
		v.Metadata = d.Metadata
	}
	if v.Image.Equal(d.Image) {
		v.Image = d.Image
	}
	v.Row, v.Unseen, v.Told = row, unseen, core.Told{Fields: told, By: by}
}
