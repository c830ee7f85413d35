package ceph

import (
	"math"
	"strconv"
	"strings"
	"time"

	"hearth/core"
)

// imageName is the name of an image that the driver makes (_get_backup_base_name):
//
//	volume-VOLUME.backup.base   all backups of the volume, up to Stein; from Wallaby on one of a Cinder snapshot
//	volume-VOLUME.backup.ID     the full backup ID and the incrementals on it, from Train on; and a full
//	                            copy of a volume that is no RBD image, which has no snapshot, ever since
type imageName struct {
	volume core.VolumeID
	backup core.BackupID // "": the base
}

const backupMark = ".backup."

// parseImage takes an image's name apart; false for one that is no backup's.
func parseImage(s string) (imageName, bool) {
	rest, ok := strings.CutPrefix(s, "volume-")
	if !ok {
		return imageName{}, false
	}
	volume, tail, ok := strings.Cut(rest, backupMark)
	switch {
	case !ok || !isID(volume):
		return imageName{}, false
	case tail == "base":
		return imageName{volume: core.VolumeID(volume)}, true
	case !isID(tail):
		return imageName{}, false
	}
	return imageName{core.VolumeID(volume), core.BackupID(tail)}, true
}

// isID reports whether a text may be an id: one of Cinder's is a UUID, an imported one
// whatever the record said.
func isID(s string) bool {
	for i := range len(s) {
		if c := s[i]; !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return s != ""
}

// parseSnap reads the name of a backup's snapshot, backup.ID.snap.TIME, by the
// pattern of backup_snapshot_name_pattern. A time that is none is not set.
func parseSnap(s string) (id core.BackupID, at core.Opt[time.Time], ok bool) {
	rest, ok := strings.CutPrefix(s, "backup.")
	if !ok {
		return "", at, false
	}
	word, stamp, ok := strings.Cut(rest, ".snap.")
	if !ok || word == "" || stamp == "" || strings.Trim(word, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return "", at, false
	}
	return core.BackupID(word), parseStamp(stamp), true
}

// parseStamp reads Python's time.time() as text.
func parseStamp(s string) core.Opt[time.Time] {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || f < 0 || f > 1<<40 {
		return core.Opt[time.Time]{}
	}
	sec, frac := math.Modf(f)
	return core.Some(time.Unix(int64(sec), int64(math.Round(frac*1e6))*1e3).UTC())
}

// metaName is the name of a backup's metadata object (VolumeMetadataBackup.name).
func metaName(id core.BackupID) string { return "backup." + string(id) + ".meta" }

// parseMeta reads it; false for any other object.
func parseMeta(s string) (core.BackupID, bool) {
	rest, ok := strings.CutPrefix(s, "backup.")
	if !ok {
		return "", false
	}
	id, ok := strings.CutSuffix(rest, ".meta")
	return core.BackupID(id), ok && isID(id)
}

// ofRBD reports whether an object is one that images are made of.
func ofRBD(s string) bool {
	return strings.HasPrefix(s, "rbd_") || strings.HasPrefix(s, "journal.") || strings.HasPrefix(s, "journal_data.") ||
		strings.HasSuffix(s, ".rbd") // the header of an image of the first format
}
