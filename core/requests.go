package core

import (
	"time"

	"hearth/core/pyjson"
)

// Operation is something that a person may do in a place, or not.
type Operation string

const (
	OpCreate      Operation = "create a backup"
	OpEdit        Operation = "rename a backup"
	OpDelete      Operation = "delete a backup"
	OpForceDelete Operation = "force-delete a backup"
	OpReset       Operation = "reset a backup's state"
	OpRestore     Operation = "restore a backup"
	OpMakeVolume  Operation = "make a volume"
	OpExport      Operation = "export records"
	OpImport      Operation = "import records"
	OpWriteVolume Operation = "change a volume's metadata"
	OpAllProjects Operation = "list all projects"
)

// BackupRequest asks for a new backup (POST /backups). Only Volume must be set.
type BackupRequest struct {
	Volume           VolumeID
	Name             string
	Description      string
	Incremental      bool           // stands on the volume's newest backup
	Force            bool           // also of a volume, or a snapshot, that is in use
	Snapshot         string         // its id: back up this state of the volume
	Container        string         // where the driver puts it; "": the driver's choice
	Metadata         *pyjson.Object // properties (3.43); nil: none
	AvailabilityZone string         // 3.51; "": Cinder's choice
}

// BackupEdit changes what people wrote about a backup (PUT /backups/{id}); nil
// leaves a part as it is.
type BackupEdit struct {
	Name        *string
	Description *string
	Metadata    *pyjson.Object // all properties, in place of those that are there (3.43)
}

// RestoreRequest asks for a backup's data and metadata to be put on a volume.
type RestoreRequest struct {
	Backup BackupID
	Volume VolumeID // the target; "": a new volume
	Name   string   // of the new volume; "": Cinder names it, and then takes the captured name
	// Size in GiB, Type and AvailabilityZone of the new volume. Any of them set
	// makes it a POST /volumes with backup_id (3.47), where Cinder makes it; zero: as
	// the backup, the default type, Cinder's choice.
	Size             int64
	Type             string
	AvailabilityZone string
	// Route is who makes the new volume; the zero Route leaves it to [ChooseRoute]. A
	// place does not look at it.
	Route Route
}

// Shaped reports whether the request says of which shape the new volume is to be.
func (r *RestoreRequest) Shaped() bool { return r.Size > 0 || r.Type != "" || r.AvailabilityZone != "" }

// VolumeRequest asks for a new, empty volume (POST /volumes).
type VolumeRequest struct {
	Name             string
	Description      string
	Size             int64  // GiB
	Type             string // its name or id; "": the default one
	AvailabilityZone string // "": Cinder's choice
}

// MadeVolume is a volume that was asked for.
type MadeVolume struct {
	ID VolumeID
	// Inferred: the answer was lost, and a volume of that name is there which was not
	// before. Somebody else may have made it.
	Inferred bool
}

// Restoring is a restore that Cinder has accepted.
type Restoring struct {
	Backup     BackupID
	Volume     VolumeID // its target
	VolumeName string   // as it was then: a restore without a name may still rename it
	// Inferred: Cinder's answer was lost, and a new volume that could be its target
	// is there. Whether anything is put on it is not known: Cinder makes the volume
	// first, and begins the restore later.
	Inferred bool
	// Refused, with an error: it is sure that nothing was begun.
	Refused bool
}

// Message is what Cinder tells a user about something that went wrong on the way
// (GET /messages, 3.3).
type Message struct {
	ID           string
	ResourceType string // VOLUME, VOLUME_BACKUP
	ResourceID   string
	Level        string
	Event        string
	Text         string
	RequestID    string
	At           Opt[time.Time]
}

// Scope is where a place stands and where else the same login may stand.
type Scope struct {
	Region   string
	Project  Project
	User     string
	Roles    []string
	Version  string   // the API's newest microversion, "3.70"
	Release  Releases // that the place may be of, with what tells
	MayNot   string   // what the login may not do, or not in every release, in a clause; "": all that there is
	Regions  []string // that have the service
	Projects []Project
	Beside   Beside // the database that stands beside the place; a zero one where none does, or it was not asked
}

// Project is a project of a cloud; its name is "" where it is not known.
type Project struct {
	ID     ProjectID
	Name   string
	Domain string
}
