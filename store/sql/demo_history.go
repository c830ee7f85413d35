package sql

import (
	"strconv"
	"strings"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
)

// longest is how far back the backups of a volume go at most; with many of them
// they are made more often.
const longest = 400 * day

// schedule makes the life's backups, oldest first, with all that does not depend
// on what happens to the volume meanwhile.
func (l *life) schedule() {
	n := l.pruned + l.count
	if n == 0 {
		return
	}
	step := min(l.rhythm.every, longest/time.Duration(n)).Truncate(time.Second)
	step = max(step, time.Second)
	newest := l.newestAt(step)
	l.backups = make([]core.Backup, n)
	for i := range l.backups {
		b := &l.backups[i]
		*b = core.Backup{ID: core.BackupID(uuid(l.rng)), VolumeID: l.id, Status: core.StatusAvailable, Size: l.size, Metadata: &pyjson.Object{},
			ProjectID: core.ProjectID(l.owner().id), UserID: l.owner().users[0], AvailabilityZone: core.Some(l.owner().zone),
			Host: core.Some(l.driver.host), Service: core.Some(l.driver.service)}
		at := newest.Add(-time.Duration(n-1-i) * step).Add(l.seconds(0, min(step/8, 9*time.Minute)))
		b.CreatedAt, b.DataTimestamp = core.Some(at), core.Some(at)
		switch {
		case n-1-i == l.fails-1 && i > l.pruned:
			b.Status = core.StatusError
		case i == n-1 && l.ends != "":
			b.Status = l.ends
		case l.rng.IntN(25) == 0:
			b.SnapshotID = core.Some(uuid(l.rng))
			b.DataTimestamp = core.Some(at.Add(-min(20*time.Minute, step/4)).Truncate(time.Second))
		}
	}
	l.link()
	for i := range l.backups {
		l.finish(i)
	}
}

// newestAt is when the newest backup was begun, about.
func (l *life) newestAt(step time.Duration) time.Time {
	if l.ends == core.StatusCreating {
		return l.st.Until.Add(-time.Duration(6+l.rng.IntN(8)) * time.Minute).Add(-min(step/8, 9*time.Minute))
	}
	idle := l.idle
	if days := int(step / day); days > 1 {
		idle += l.rng.IntN(days)
	}
	at := l.st.Until.Truncate(day).Add(time.Hour + time.Duration(l.rng.IntN(14))*15*time.Minute)
	if at.After(l.st.Until.Add(-30 * time.Minute)) {
		at = at.Add(-day)
	}
	return at.Add(-time.Duration(idle) * day)
}

// link makes chains of the backups: each incremental stands on the newest backup
// before it that is available.
func (l *life) link() {
	n, length := len(l.backups), l.rhythm.chain
	parent, due := -1, true
	for i := range l.backups {
		b := &l.backups[i]
		if i == l.pruned { // nothing that is left stands on what was deleted
			parent, due = -1, !l.rootless
			if l.rootless {
				b.ParentID, b.Incremental = core.BackupID(uuid(l.rng)), true
			}
		}
		// Counted from the newest, so that its chain has some layers.
		if (n-1-i)%length == length*2/3 && parent >= 0 || length == 1 {
			due = true
		}
		switch b.Status {
		case core.StatusError, core.StatusCreating: // these are tried as full ones
			continue
		}
		if !due && parent >= 0 {
			b.ParentID, b.Incremental = l.backups[parent].ID, true
			if i >= l.pruned {
				l.backups[parent].Dependents++
			}
		}
		parent, due = i, false
	}
	if l.drifts {
		for i := n - 1; i >= 0; i-- {
			if b := &l.backups[i]; b.ParentID == "" && b.Status == core.StatusAvailable {
				b.Dependents++ // as a race leaves it (bug 2163042)
				break
			}
		}
	}
}

// finish fills in how backup i ended, and where it lies.
func (l *life) finish(i int) {
	b := &l.backups[i]
	work := time.Minute + time.Duration(b.Size)*time.Second
	if !b.Incremental {
		work *= 4
	}
	done := b.CreatedAt.V.Add(min(work, 5*time.Hour))
	just := l.st.Until.Add(-l.seconds(30*time.Second, 5*time.Minute))
	switch b.Status {
	case core.StatusCreating, core.StatusRestoring, core.StatusDeleting:
		done = just
	}
	if done.After(just) {
		done = just
	}
	b.UpdatedAt = core.Some(done)
	l.store(i)
	switch b.Status {
	case core.StatusError:
		b.FailReason = core.Some(l.fill(pick(l.rng, l.driver.reasons), b))
		if l.odd > 0 {
			b.FailReason = core.Some(commonReasons[len(commonReasons)-1]) // the one of several lines
		}
	case core.StatusErrorDeleting:
		b.FailReason = core.Some(deletingReason)
	case core.StatusRestoring:
		b.RestoreVolumeID = l.id
	case core.StatusAvailable:
		if l.restored && l.st.leftover != "" && i == len(l.backups)-2 {
			b.RestoreVolumeID, l.st.restored = l.st.leftover, b.ID
		} else if l.rng.IntN(30) == 0 {
			b.RestoreVolumeID = l.id
		}
	}
	if i < l.pruned {
		b.Deleted, b.Status = true, core.StatusDeleted
		b.DeletedAt = core.Some(done.Add(l.st.Until.Sub(done) / 2).Truncate(time.Second))
		b.UpdatedAt = b.DeletedAt
	}
}

// store says where the data of backup i lie, as its driver does.
func (l *life) store(i int) {
	b := &l.backups[i]
	began := b.CreatedAt.V.Add(time.Second).Format("20060102150405")
	id, volume := string(b.ID), string(l.id)
	prefix := "volume_" + volume + "_" + began + "_backup_" + id
	b.Container = core.Some(l.driver.container)
	switch l.driver.container {
	case "":
		b.Container = core.Some(id[:2] + "/" + id[2:4] + "/" + id)
	case "volumebackups":
		prefix = "volume_" + volume + "/" + began + "/az_" + l.owner().zone + "_backup_" + id
	default: // Ceph: the image that the chain stands on
		base := i
		for j := i - 1; j >= 0 && l.backups[base].Incremental; j-- {
			if l.backups[j].ID == l.backups[base].ParentID {
				base = j
			}
		}
		prefix = `{"base": "volume-` + volume + ".backup." + string(l.backups[base].ID) + `"}`
	}
	switch {
	case b.Status == core.StatusError:
		return // it failed before anything was said of it
	case b.Status != core.StatusCreating && l.driver.objectSize > 0:
		whole := (b.Size<<30 + l.driver.objectSize - 1) / l.driver.objectSize
		if b.ObjectCount = whole; b.Incremental {
			b.ObjectCount = l.rng.Int64N(whole/12 + 2)
		}
	}
	b.ServiceMetadata = core.Some(prefix)
}

func (l *life) fill(reason string, b *core.Backup) string {
	return strings.NewReplacer("{volume}", string(l.id), "{id}", strings.ReplaceAll(string(b.ID), "-", "")).Replace(reason)
}

// describeBackup gives backup i a name and the like, as whoever made it would
// have at the time.
func (l *life) describeBackup(i int) {
	b := &l.backups[i]
	if l.text("encryption_key_id") != "" && b.Status != core.StatusError && !b.Deleted {
		b.EncryptionKeyID = core.Some(uuid(l.rng)) // a clone of the volume's (Queens and later)
	}
	if l.odd > 0 {
		b.Name = core.Some(oddBackupNames[(2*(l.odd-1)+i)%len(oddBackupNames)])
		b.Description = core.Some(oddTexts[(l.odd+i)%len(oddTexts)])
		b.Metadata = texts([]string{"label", oddTexts[(l.odd+i+1)%len(oddTexts)]})
		return
	}
	kind, date := "full", b.CreatedAt.V.Format("2006-01-02")
	if b.Incremental {
		kind = "incr"
	}
	volume := l.text("display_name")
	switch way := int(l.id[0]) % 4; {
	case volume == "":
		if !l.null {
			b.Name = core.Some("")
		}
	case l.rng.IntN(40) == 0:
		b.Name, b.Description = core.Some(pick(l.rng, byHand)), core.Some("made by hand")
	case way == 0:
		b.Name = core.Some("auto-" + b.CreatedAt.V.Format("20060102-1504") + "-" + volume)
	default:
		b.Name = core.Some(volume + "-" + kind + "-" + date)
	}
	if b.Name.Set && !b.Incremental && !b.Description.Set {
		b.Description = core.Some(l.rhythm.full)
	}
	if l.rng.IntN(5) == 0 {
		b.Metadata = texts([]string{"schedule", l.rhythm.word, "retention", strconv.Itoa(30*(1+l.rng.IntN(12))) + "d"})
	}
}

// capture is what Cinder stored with backup i; nil if it stored nothing, or the
// repository has not been read.
func (l *life) capture(i int) (*core.Capture, error) {
	b := &l.backups[i]
	kept := i - l.pruned
	switch {
	case b.Deleted, b.Status == core.StatusCreating, b.Status == core.StatusError, kept < l.uncaptured:
		return nil, nil
	case l.filler && l.rng.IntN(30) == 0:
		return nil, nil
	}
	l.setTime("updated_at", b.CreatedAt.V)
	if b.SnapshotID.Set { // then the volume itself stays as the last backup left it
		l.setText("status", l.uses())
		if i > 0 {
			l.setText("previous_status", "backing-up")
		}
	} else {
		l.setText("status", "backing-up")
		l.setText("previous_status", l.uses())
	}
	version := 2
	switch {
	case l.v3 && i == len(l.backups)-1:
		version = 3
	case kept*4 < l.count*l.v1:
		version = 1
	}
	in := core.Content{Base: l.row, User: l.user}
	for key, v := range l.image.All() {
		in.Image = append(in.Image, core.Pair{Key: key, Value: v})
	}
	c, err := core.TakeCapture(in, version, core.Today)
	c.Source = core.Source{Kind: core.SourceRepository, Where: l.driver.where, At: b.CreatedAt}
	c.BackupID = b.ID
	return &c, err
}
