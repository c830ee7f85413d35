package core

import (
	"cmp"
	"strings"
	"time"

	"hearth/core/pyjson"
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

// Object is the snapshot as JSON, keys by Cinder's API names (cinder/api/v3/views/snapshots.py
// detail), and the name of its volume.
func (s *Snapshot) Object() *pyjson.Object {
	o, created := &pyjson.Object{}, pyjson.None
	if s.CreatedAt.Set {
		created = pyjson.OfString(APITime(s.CreatedAt.V))
	}
	o.Set("id", idValue(s.ID))
	o.Set("name", textValue(s.Name))
	o.Set("description", textValue(s.Description))
	o.Set("status", pyjson.OfString(s.Status))
	o.Set("size", pyjson.OfInt(s.Size))
	o.Set("volume_id", idValue(s.VolumeID))
	o.Set("volume_name", textValue(s.VolumeName))
	o.Set("created_at", created)
	o.Set("project_id", idValue(s.ProjectID))
	return o
}

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
