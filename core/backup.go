package core

import (
	"strings"
	"time"

	"hearth/core/pyjson"
)

// Backup is a row of Cinder's backups. Metadata is nil in lists.
type Backup struct {
	ID               BackupID
	Name             Opt[string]
	Description      Opt[string]
	Status           string
	FailReason       Opt[string]
	Size             int64 // GiB
	ObjectCount      int64
	VolumeID         VolumeID
	VolumeName       Opt[string] // of the volume as it is now, where the place has it
	SnapshotID       Opt[string]
	Container        Opt[string] // the object-store container or folder
	Service          Opt[string] // the backup driver's class
	ServiceMetadata  Opt[string]
	ParentID         BackupID // "": a full backup
	ParentGuessed    bool     // the place does not name the parent: it is taken for the newest earlier one
	Incremental      bool     // has a parent; a cloud says this without naming it
	Dependents       int64    // Cinder's counter of children, which may drift (bug 2163042)
	ProjectID        ProjectID
	ProjectName      Opt[string]
	UserID           string
	Host             Opt[string]
	AvailabilityZone Opt[string]
	RestoreVolumeID  VolumeID // the last volume that it was restored to
	TempVolumeID     VolumeID
	TempSnapshotID   Opt[string]
	EncryptionKeyID  Opt[string]
	DataTimestamp    Opt[time.Time]
	CreatedAt        Opt[time.Time]
	UpdatedAt        Opt[time.Time]
	DeletedAt        Opt[time.Time]
	Deleted          bool

	Metadata *pyjson.Object // the backup's own properties (3.43)
	Unseen   FieldSet       // fields that the place cannot see
	Told     Told           // fields that what stands beside the place told
	Layout   *Layout        // how its objects were written, where a repository tells; nil: not known
	Odd      Odd            // what the place sent in another kind than it should
	Proof    *Proof         // what drills say of it, which no place knows: nil: nobody was asked
}

// Title is the backup's name for people: its name, or its id where it has none.
func (b *Backup) Title() string {
	if b.Name.Or("") != "" {
		return b.Name.V
	}
	return string(b.ID)
}

// Kind is "full" or "incremental".
func (b *Backup) Kind() string {
	if b.Incremental {
		return "incremental"
	}
	return "full"
}

// IsCeph reports whether the backup's service is Cinder's Ceph driver, which
// restores the metadata of one backup only (cinder/backup/drivers/ceph.py
// _restore_metadata), where chunked drivers restore that of every layer.
func IsCeph(service string) bool {
	return strings.HasPrefix(service, "cinder.backup.drivers.ceph")
}

// BackupFields are the fields of Cinder's Backup object in the order of its
// record (cinder/objects/backup.py Backup.fields, encode_record).
var BackupFields = []string{
	"id", "user_id", "project_id", "volume_id", "host", "availability_zone", "container", "parent_id",
	"status", "fail_reason", "size", "display_name", "display_description", "service_metadata", "service",
	"object_count", "temp_volume_id", "temp_snapshot_id", "num_dependent_backups", "snapshot_id",
	"data_timestamp", "restore_volume_id", "metadata", "encryption_key_id",
	"created_at", "updated_at", "deleted_at", "deleted",
}

// Object is the backup as Cinder's object holds it, field by field in the order
// of a record; fields that the place cannot see are left out.
func (b *Backup) Object() *pyjson.Object {
	meta := b.Metadata.Clone()
	all := map[string]pyjson.Value{
		"id": idValue(b.ID), "user_id": idValue(b.UserID), "project_id": idValue(b.ProjectID),
		"volume_id": idValue(b.VolumeID), "host": textValue(b.Host), "availability_zone": textValue(b.AvailabilityZone),
		"container": textValue(b.Container), "parent_id": idValue(b.ParentID), "status": pyjson.OfString(b.Status),
		"fail_reason": textValue(b.FailReason), "size": pyjson.OfInt(b.Size), "display_name": textValue(b.Name),
		"display_description": textValue(b.Description), "service_metadata": textValue(b.ServiceMetadata),
		"service": textValue(b.Service), "object_count": pyjson.OfInt(b.ObjectCount),
		"temp_volume_id": idValue(b.TempVolumeID), "temp_snapshot_id": textValue(b.TempSnapshotID),
		"num_dependent_backups": pyjson.OfInt(b.Dependents), "snapshot_id": textValue(b.SnapshotID),
		"data_timestamp": timeValue(b.DataTimestamp), "restore_volume_id": idValue(b.RestoreVolumeID),
		"metadata": pyjson.OfDict(meta), "encryption_key_id": textValue(b.EncryptionKeyID),
		"created_at": timeValue(b.CreatedAt), "updated_at": timeValue(b.UpdatedAt),
		"deleted_at": timeValue(b.DeletedAt), "deleted": pyjson.OfBool(b.Deleted),
	}
	o := &pyjson.Object{}
	for _, name := range BackupFields {
		if !b.Unseen.Has(name) {
			o.Set(name, all[name])
		}
	}
	return o
}

// Statuses of backups (cinder/objects/fields.py BackupStatus).
const (
	StatusAvailable     = "available"
	StatusError         = "error"
	StatusErrorDeleting = "error_deleting"
	StatusCreating      = "creating"
	StatusDeleting      = "deleting"
	StatusDeleted       = "deleted"
	StatusRestoring     = "restoring"
)

// InTransit reports whether a backup or volume of this status is on its way to
// another one by itself.
func InTransit(status string) bool {
	switch status {
	case StatusCreating, StatusDeleting, StatusRestoring, "backing-up", "restoring-backup", "downloading",
		"uploading", "attaching", "detaching", "extending", "retyping", "maintenance", "reserved":
		return true
	}
	return false
}

// Failed reports whether a status says that something went wrong.
func Failed(status string) bool { return strings.HasPrefix(status, "error") }
