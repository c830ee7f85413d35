package core

import (
	"time"

	"hearth/core/pyjson"
)

// VolumeID, BackupID and ProjectID are ids as Cinder gives them: UUIDs, though an
// imported backup may have any text for one.
type (
	VolumeID  string
	BackupID  string
	ProjectID string
)

// Short is the start of an id of whatever kind, 8 bytes at most, for where a whole
// one has no room.
func Short[T ~string](id T) string {
	if len(id) <= 8 {
		return string(id)
	}
	return string(id[:8])
}

// Short is the start of the id.
func (id VolumeID) Short() string { return Short(id) }

// Short is the start of the id.
func (id BackupID) Short() string { return Short(id) }

// ZeroVolumeID is the volume of an imported backup whose record named none
// (cinder/backup/api.py _get_import_backup).
const ZeroVolumeID VolumeID = "00000000-0000-0000-0000-000000000000"

// Volume is a row of Cinder's volumes with what belongs to it. Lists leave
// Metadata, Image and Row nil; reading one volume fills them.
type Volume struct {
	ID               VolumeID
	Name             Opt[string]
	Description      Opt[string]
	Status           string
	Size             int64 // GiB
	VolumeTypeID     Opt[string]
	VolumeType       Opt[string] // the type's name, where the place knows it
	Bootable         bool
	Multiattach      bool
	EncryptionKeyID  Opt[string]
	ProjectID        ProjectID
	ProjectName      Opt[string]
	UserID           string
	AvailabilityZone Opt[string]
	Host             Opt[string]
	SnapshotID       Opt[string]
	SourceVolumeID   VolumeID
	AttachStatus     Opt[string]
	Attachments      []Attachment
	Encrypted        Opt[bool] // as the place says it; null: it does not
	CreatedAt        Opt[time.Time]
	UpdatedAt        Opt[time.Time]

	// What the place knows of its backups: their number, and when the newest of
	// those that are available was made.
	Backups    int64
	LastBackup Opt[time.Time]

	Metadata *pyjson.Object // user metadata, in the order Cinder returns it
	Image    *pyjson.Object // image (glance) metadata; nil and empty are the same
	Row      *pyjson.Object // every column of the row, in Cinder's order
	Unseen   FieldSet       // fields that the place cannot see
	Told     Told           // fields that what stands beside the place told
	Odd      Odd            // what the place sent in another kind than it should
	Proof    *Proof         // what drills say of its backups, which no place knows: nil: nobody was asked
}

// Told says which fields of a row another source told than its place's API, and which.
type Told struct {
	Fields FieldSet // nil: none
	By     string   // the source: "the database"
}

// Has reports whether a field was told so.
func (t Told) Has(name string) bool { return t.Fields.Has(name) }

// Attachment is where a volume is attached.
type Attachment struct {
	Server string // the server's id; "" where the place hides it
	Device string // its name there, such as /dev/vdb
	Host   string // the machine that the server runs on; "" where the place hides it
}

// Where is the server, what the volume is there, and on which machine, as far as they are
// known. hearth only shows it: attachments are made and ended by Nova.
func (a Attachment) Where() string {
	text := "server " + Visible(a.Server)
	if a.Server == "" {
		text = "a server that the place does not name"
	}
	if a.Device != "" {
		text += " as " + Visible(a.Device)
	}
	if a.Host != "" {
		text += " on " + Visible(a.Host)
	}
	return text
}

// Title is the volume's name for people: its name, or its id where it has none.
func (v *Volume) Title() string {
	if v.Name.Or("") != "" {
		return v.Name.V
	}
	return string(v.ID)
}

// VolumeColumns is every column of Cinder's volumes in the order of its model
// (cinder/db/sqlalchemy/models.py Volume, 21.3.1), which is the order of a
// capture: a database made by migrations has another.
var VolumeColumns = []string{
	"created_at", "updated_at", "deleted_at", "deleted", "id", "_name_id", "use_quota", "ec2_id",
	"user_id", "project_id", "snapshot_id", "cluster_name", "host", "size", "availability_zone",
	"status", "attach_status", "migration_status", "scheduled_at", "launched_at", "terminated_at",
	"display_name", "display_description", "provider_location", "provider_auth", "provider_geometry",
	"provider_id", "volume_type_id", "source_volid", "encryption_key_id", "consistencygroup_id",
	"group_id", "bootable", "multiattach", "replication_status", "replication_extended_status",
	"replication_driver_data", "previous_status", "service_uuid", "shared_targets",
}

// SecretFields are the fields whose text hearth shows masked: the iSCSI CHAP
// secret and what replication drivers keep. They lie in clear text in captures.
var SecretFields = NewFieldSet("provider_auth", "replication_driver_data")

// IsSecret reports whether the value of a field, or of a key of metadata, is masked on
// screens and in tables: one of [SecretFields], or one whose name says so. JSON, YAML,
// captures and records have the values of metadata as they are.
func IsSecret(name string) bool { return SecretFields.Has(name) || SecretName(name) }

// MaskedIn is a value for eyes: without the secrets that stand in it under names that say so
// ([IsSecret]). A value without any comes back as it is.
func MaskedIn(v pyjson.Value) pyjson.Value {
	if k := v.Kind(); k != pyjson.List && k != pyjson.Dict {
		return v
	}
	had := FieldSet{}
	if masked := mask(v, had); len(had) > 0 {
		return masked
	}
	return v
}

// Unmasked is metadata that was shown by [MaskedIn] and written anew: what was left masked
// is what it was.
func Unmasked(o, was *pyjson.Object) *pyjson.Object {
	if o == nil {
		return nil
	}
	out := &pyjson.Object{}
	for k, v := range o.All() {
		if old, had := was.Get(k); had && IsSecret(k) && v.Text() == Masked {
			v = old
		}
		out.Set(k, v)
	}
	return out
}

// mask is a value without its secrets, whose names it puts into had.
func mask(v pyjson.Value, had FieldSet) pyjson.Value {
	switch v.Kind() {
	case pyjson.List:
		items := []pyjson.Value{}
		for _, item := range v.Items() {
			items = append(items, mask(item, had))
		}
		return pyjson.OfList(items)
	case pyjson.Dict:
		o := &pyjson.Object{}
		for key, item := range v.Object().All() {
			if IsSecret(key) && item.Truthy() {
				had[key] = true
				item = pyjson.OfString(Masked)
			}
			o.Set(key, mask(item, had))
		}
		return pyjson.OfDict(o)
	}
	return v
}

// EncryptedNow reports whether the volume is encrypted; null where that is not seen.
func (v *Volume) EncryptedNow() Opt[bool] {
	switch {
	case v.Encrypted.Set:
		return v.Encrypted
	case v.EncryptionKeyID.Or("") != "":
		return Some(true)
	case v.Unseen.Has("encryption_key_id"):
		return Opt[bool]{}
	}
	return Some(false)
}

// Proof is what the drills of one archive say of a volume's backups, or of one backup. The
// zero Proof says that none of them was ever tried there: drills that another machine's
// archive keeps are not in it.
type Proof struct {
	// Proven is when a drill last began that compared every byte that a backup holds with the
	// repository; null: none ever did. It says of that backup, and as of then, that it would
	// come back, and stays true of the day when the backup is gone.
	Proven Opt[time.Time]
	Of     BackupID // what was proven
	OfName string
	// Restored is when a drill last brought one back whose bytes nobody compared: Cinder
	// calls a wrong restore available, too.
	Restored Opt[time.Time]
	// Bad is when a drill last did not bring one back, or other bytes or fields than it was
	// to; BadOf and Why are what and why.
	Bad   Opt[time.Time]
	BadOf BackupID
	Why   string
	// Unread is why the archive's drills could not be read: nothing of the above is known then;
	// "": they were.
	Unread string
}

// Fell reports whether a backup did not come back since one was last proven.
func (p *Proof) Fell() bool { return p.Bad.Set && (!p.Proven.Set || p.Bad.V.After(p.Proven.V)) }
