package core

import (
	"cmp"
	"strings"
	"time"
)

// SnapshotID names a snapshot.
type SnapshotID string

// Short is the start of the id.
func (id SnapshotID) Short() string { return Short(id) }

// Snapshot is a volume as it was at a moment, which Cinder keeps beside it and a backup can be
// made from.
type Snapshot struct {
	ID          SnapshotID
	Name        Opt[string]
	Description Opt[string]
	VolumeID    VolumeID
	VolumeName  Opt[string] // not set: it has none, or the place does not tell it with the snapshot
	Status      string
	Size        int64 // of the volume then, in GiB
	ProjectID   ProjectID
	CreatedAt   Opt[time.Time]
}

// Title is its name, or its id where it has none.
func (s *Snapshot) Title() string { return cmp.Or(s.Name.Or(""), string(s.ID)) }

// VolumeTitle is the name of its volume, or the volume's id.
func (s *Snapshot) VolumeTitle() string { return cmp.Or(s.VolumeName.Or(""), string(s.VolumeID)) }

// CannotBackUp says why no backup can be made from it as it is, "" if one may be
// (cinder/backup/api.py create: its status is to be available or, with force, in-use).
func (s *Snapshot) CannotBackUp() string {
	if s.Status != StatusAvailable && s.Status != "in-use" {
		return "it is " + Visible(s.Status)
	}
	return ""
}

// LooksLikeID reports whether a text has the form of an id, as Cinder's API asks of a snapshot's
// (oslo_utils/uuidutils.py is_uuid_like): 32 hexadecimal digits, with hyphens or without.
func LooksLikeID(text string) bool {
	digits := strings.ReplaceAll(text, "-", "")
	return len(digits) == 32 && strings.Trim(strings.ToLower(digits), "0123456789abcdef") == ""
}
