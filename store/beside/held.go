package beside

import (
	"time"

	"hearth/core"
)

// state is how a row of the database stands to the cloud's row of the same id.
type state uint8

const (
	none  state = iota // the database says nothing of the row
	older              // it has the row, not as the cloud shows it: what never changes holds
	same               // it has the row as the cloud shows it
	ahead              // it has a later change than the cloud showed
	other              // it contradicts the cloud
)

// contradiction is a sentence's clause for what the database has otherwise.
func contradiction(what, field string) string {
	return "it is not this cloud's: it has another " + field + " of " + what + " than the cloud"
}

// otherBackup says in what the database contradicts the cloud by what never changes of a
// backup; "" if it does not. While a record is imported its row is not whole
// (cinder/backup/api.py _get_import_backup).
func otherBackup(a, d *core.Backup) string {
	if a.Status == core.StatusCreating || d.Status == core.StatusCreating {
		return ""
	}
	what := "backup " + core.Visible(string(a.ID))
	switch {
	case !sameSecond(a.CreatedAt, d.CreatedAt):
		return contradiction(what, "time of creation")
	case a.VolumeID != d.VolumeID:
		return contradiction(what, "volume")
	case a.Size != d.Size:
		return contradiction(what, "size")
	case a.Incremental != d.Incremental && !d.Unseen.Has("parent_id"):
		return contradiction(what, "kind")
	case a.ProjectID != "" && d.ProjectID != a.ProjectID && !d.Unseen.Has("project_id"):
		return contradiction(what, "project")
	case a.ParentID != "" && !a.ParentGuessed && a.ParentID != d.ParentID && !d.Unseen.Has("parent_id"):
		return contradiction(what, "parent")
	}
	return ""
}

// otherVolume does the same for a volume.
func otherVolume(a, d *core.Volume) string {
	what := "volume " + core.Visible(string(a.ID))
	switch {
	case !sameSecond(a.CreatedAt, d.CreatedAt):
		return contradiction(what, "time of creation")
	case a.SnapshotID != d.SnapshotID && !d.Unseen.Has("snapshot_id"):
		return contradiction(what, "snapshot")
	}
	return ""
}

// sameSecond compares as exactly as every database keeps times.
func sameSecond(a, b core.Opt[time.Time]) bool {
	return a.Set == b.Set && a.V.Truncate(time.Second).Equal(b.V.Truncate(time.Second))
}

// changed compares when two rows were changed last: below 0 where the database's was
// before, above 0 where it was after; ok is false where the cloud does not say.
func changed(a, d core.Opt[time.Time]) (c int, ok bool) {
	switch {
	case !a.Set && !d.Set:
		return 0, true
	case !a.Set:
		return 0, false // an old API shows none, and a row that was never changed has none
	case !d.Set:
		return -1, true
	}
	return d.V.Truncate(time.Second).Compare(a.V.Truncate(time.Second)), true
}

// backupState holds the database's row of a backup to the cloud's.
func backupState(a, d *core.Backup) (state, string) {
	if why := otherBackup(a, d); why != "" {
		return other, why
	}
	alike := a.Name == d.Name && a.Description == d.Description && a.Status == d.Status && a.Container == d.Container &&
		a.ObjectCount == d.ObjectCount && (a.EncryptionKeyID.Or("") == "" || a.EncryptionKeyID == d.EncryptionKeyID)
	return judged(a.UpdatedAt, d.UpdatedAt, alike), ""
}

// volumeState does the same for a volume.
func volumeState(a, d *core.Volume) (state, string) {
	if why := otherVolume(a, d); why != "" {
		return other, why
	}
	alike := a.Name == d.Name && a.Description == d.Description && a.Status == d.Status && a.Size == d.Size && a.Bootable == d.Bootable &&
		(!a.VolumeTypeID.Set || a.VolumeTypeID == d.VolumeTypeID) && a.AvailabilityZone == d.AvailabilityZone &&
		(a.EncryptionKeyID.Or("") == "" || a.EncryptionKeyID == d.EncryptionKeyID)
	return judged(a.UpdatedAt, d.UpdatedAt, alike), ""
}

// judged is the state of a row that contradicts nothing. Times have whole seconds, in
// which a row may change twice.
func judged(a, d core.Opt[time.Time], alike bool) state {
	c, ok := changed(a, d)
	switch {
	case ok && c > 0:
		return ahead
	case ok && c < 0 || !alike:
		return older
	}
	return same
}

// count takes a row that was looked for into account; it says why the database is not the
// cloud's, "" if nothing says so. err is that of reading it there.
func count(found *core.Beside, what string, made core.Opt[time.Time], err error, differs func() string) string {
	found.Held++
	switch core.CodeOf(err) {
	case "":
		return differs()
	case core.CodeNotFound:
		found.Missing++
		return missing(found.AsOf, what, made)
	}
	return "it cannot be read: " + whatOf(err)
}

// missing says why a row that the database does not have shows that it is not the
// cloud's; "" where it is newer than all that the database has.
func missing(asOf core.Opt[time.Time], what string, made core.Opt[time.Time]) string {
	if made.Set && asOf.Set && !made.V.Before(asOf.V.Add(-grace)) {
		return ""
	}
	return "it does not know what the cloud lists: " + what + " is not in it"
}
