package jobs

import (
	"cmp"
	"context"
	"time"

	"hearth/core"
	"hearth/store/archive"
)

// RecordState says what the archive has of a backup's record.
type RecordState string

const (
	RecordNone    RecordState = "none"
	RecordOld     RecordState = "old" // the backup has changed since, or may have
	RecordCurrent RecordState = "current"
)

// BackupCover is how well one backup is covered.
type BackupCover struct {
	Backup  core.Backup
	Record  RecordState
	Checked core.Opt[time.Time] // when the record was last found to hold
	Capture core.SourceKind     // of the captures that carry furthest; "": none is known
	// Evidence is how far those carry; EvidenceUnknown: none is known.
	Evidence core.Evidence
	// Lacking counts the layers that it stands on of which no capture is known, as far
	// as the place names them: a restore puts the metadata of all back.
	Lacking int
}

// Gap says what there is not: "no record", "an old record", "no capture", or where there
// is one "no capture of 2 layers below it".
func (c *BackupCover) Gap() (out []string) {
	switch c.Record {
	case RecordNone:
		out = append(out, "no record")
	case RecordOld:
		out = append(out, "an old record")
	}
	switch {
	case c.Capture == "":
		out = append(out, "no capture")
	case c.Lacking > 0:
		out = append(out, "no capture of "+core.Count(c.Lacking, "layer")+" below it")
	}
	return out
}

// VolumeCover is how old the newest backup of a volume is.
type VolumeCover struct {
	Volume core.Volume
	Newest core.Opt[time.Time] // of its available backups; null: it has none
	Stale  bool                // that is too long ago
}

// Coverage says what of a place could be brought back.
type Coverage struct {
	Backups []BackupCover // the available ones
	Volumes []VolumeCover
}

// Projects are those of all that was looked at.
func (c *Coverage) Projects() core.FieldSet {
	projects := core.FieldSet{}
	for i := range c.Backups {
		projects[string(c.Backups[i].Backup.ProjectID)] = true
	}
	for i := range c.Volumes {
		projects[string(c.Volumes[i].Volume.ProjectID)] = true
	}
	return projects
}

// ByEvidence counts the backups by how far what is known of their captures carries.
func (c *Coverage) ByEvidence() map[core.Evidence]int {
	n := map[core.Evidence]int{}
	for i := range c.Backups {
		n[c.Backups[i].Evidence]++
	}
	return n
}

// Coverage looks through the archive for what is there of the place. A volume is
// stale without an available backup of the last so long; 0 does not look. Of
// captures is known what was taken by hearth, what was read from a repository, and
// what lies in the repository that is configured for the place: what lies in any
// other is not seen. With CodeIncomplete it is as far as a list that ended early tells.
func (d Desk) Coverage(ctx context.Context, olderThan time.Duration) (Coverage, error) {
	var c Coverage
	if err := d.keeps("look at the coverage"); err != nil {
		return c, err
	}
	records, err := d.Archive.Index(ctx, d.location())
	if err != nil {
		return c, err
	}
	captured, err := d.Archive.Captured(ctx, "")
	if err != nil {
		return c, err
	}
	if err := d.stocked(ctx, captured); err != nil {
		return c, err
	}
	backups, err := d.allBackups(ctx)
	short, err := notWhole(err)
	if err != nil {
		return c, err
	}
	d.addOwn(ctx, backups, captured)
	parents := map[core.BackupID]core.BackupID{}
	for i := range backups {
		parents[backups[i].ID] = backups[i].ParentID
	}
	newest := map[core.VolumeID]core.Opt[time.Time]{}
	for _, b := range backups {
		if b.Status != core.StatusAvailable && b.Status != core.StatusRestoring {
			continue
		}
		if at := b.CreatedAt; at.Set && (!newest[b.VolumeID].Set || at.V.After(newest[b.VolumeID].V)) {
			newest[b.VolumeID] = at
		}
		k, known := records[b.ID], captured[b.ID]
		if known.Evidence == "" {
			known.Evidence = core.EvidenceUnknown
		}
		cover := BackupCover{Backup: b, Record: RecordNone, Capture: known.Kind, Evidence: known.Evidence}
		if k.ID != 0 {
			cover.Record, cover.Checked = RecordOld, core.Some(k.Checked)
			if current(&k, &b) {
				cover.Record = RecordCurrent
			}
		}
		cover.Lacking = lacking(b.ParentID, parents, captured)
		c.Backups = append(c.Backups, cover)
	}
	volumes, err := allRows(ctx, d.Volumes)
	for _, v := range volumes {
		at := newest[v.ID]
		c.Volumes = append(c.Volumes, VolumeCover{v, at, olderThan > 0 && (!at.Set || d.Now().Sub(at.V) > olderThan)})
	}
	return c, cmp.Or(err, short)
}

// addOwn adds the captures that the place itself keeps.
func (d Desk) addOwn(ctx context.Context, backups []core.Backup, captured map[core.BackupID]archive.Captured) {
	own := d.captures()
	if own == nil || !d.own() {
		return
	}
	for i := range backups {
		b := &backups[i]
		if _, ok := captured[b.ID]; ok {
			continue
		}
		if kept, err := own.Captures(ctx, d.location(), b.VolumeID, b.ID); err == nil && len(kept) > 0 {
			e, best := core.Evident(kept)
			captured[b.ID] = archive.Captured{Kind: best[0].Capture.Source.Kind, Evidence: e}
		}
	}
}

// lacking counts the layers from a parent down that no capture is known of. One that is
// not here is the last that is counted.
func lacking(parent core.BackupID, parents map[core.BackupID]core.BackupID, captured map[core.BackupID]archive.Captured) (lacks int) {
	seen := map[core.BackupID]bool{}
	for parent != "" && !seen[parent] {
		seen[parent] = true
		if captured[parent].Kind == "" {
			lacks++
		}
		parent = parents[parent]
	}
	return lacks
}

// stocked adds the captures that lie in the place's repository, where one is
// configured.
func (d Desk) stocked(ctx context.Context, captured map[core.BackupID]archive.Captured) error {
	r, ok := d.source().(scanned)
	if !ok {
		return nil
	}
	inv, err := r.Scan(ctx, nil)
	for i := range inv.Holdings {
		if h := &inv.Holdings[i]; h.Kind == core.HoldingBackup && h.CaptureText.Set {
			captured[h.Backup.ID] = archive.Captured{Kind: core.SourceRepository, Evidence: core.EvidenceStored}
		}
	}
	return err
}

// Outdated is what a prune would drop.
type Outdated struct {
	Before            time.Time // what was last found to hold before this
	Records, Captures int
	Bytes             int64
}

const tryPrune = "prune the archive"

// Outdated looks for what of the archive is older than so long and was replaced by
// something newer of the same backup of the same place.
func (d Desk) Outdated(ctx context.Context, age time.Duration) (Outdated, error) {
	o := Outdated{Before: d.Now().Add(-age)}
	if d.Archive == nil {
		return o, core.Fail(core.CodeUnsupported, tryPrune, "there is no archive", "", nil)
	}
	found, err := d.Archive.Outdated(ctx, o.Before)
	o.Records, o.Captures, o.Bytes = len(found.Records), len(found.Captures), found.Bytes
	return o, err
}

// Prune drops what [Desk.Outdated] told of. CodeConflict, and nothing is dropped,
// if that is no longer what is there.
func (d Desk) Prune(ctx context.Context, seen Outdated) error {
	if d.Archive == nil {
		return core.Fail(core.CodeUnsupported, tryPrune, "there is no archive", "", nil)
	}
	found, err := d.Archive.Outdated(ctx, seen.Before)
	if err != nil {
		return err
	}
	if len(found.Records) != seen.Records || len(found.Captures) != seen.Captures || found.Bytes != seen.Bytes {
		return core.Fail(core.CodeConflict, tryPrune, "it is no longer what was shown", "look again", nil)
	}
	return d.Archive.Drop(ctx, found)
}
