package jobs

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"time"

	"hearth/core"
	"hearth/store"
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
	ID      core.BackupID
	Name    core.Opt[string]
	Project core.ProjectID
	Created core.Opt[time.Time]
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

// HasGap is whether [BackupCover.Gap] has anything to say.
func (c *BackupCover) HasGap() bool {
	return c.Record != RecordCurrent || c.Capture == "" || c.Lacking > 0
}

// VolumeCover is how old the newest backup of a volume is.
type VolumeCover struct {
	ID      core.VolumeID
	Name    core.Opt[string]
	Project core.ProjectID
	Status  string
	Size    int64               // GiB
	Newest  core.Opt[time.Time] // of its available backups; null: it has none
	Stale   bool                // that is too long ago
}

// CoverCounts is what a coverage comes to.
type CoverCounts struct {
	Backups    int // the available ones
	NoRecord   int
	OldRecord  int
	NoCapture  int
	OnHoles    int // with a capture, and on layers without
	Volumes    int
	Stale      int
	ByEvidence map[core.Evidence]int // backups by how far what is known of their captures carries
}

// Coverage says what of a place could be brought back. It holds little of each row, so
// that it fits for a million of them.
type Coverage struct {
	CoverCounts
	backups, volumes coverTable
	projects         core.FieldSet
}

// Projects are those of all that was looked at.
func (c *Coverage) Projects() core.FieldSet { return c.projects }

// Backups are the available backups, newest first.
func (c *Coverage) Backups() iter.Seq2[int, BackupCover] {
	return pairs(c.CoverCounts.Backups, c.Backup)
}

// Volumes are the volumes, newest first.
func (c *Coverage) Volumes() iter.Seq2[int, VolumeCover] {
	return pairs(c.CoverCounts.Volumes, c.Volume)
}

// Backup is the ith of [Coverage.Backups].
func (c *Coverage) Backup(i int) BackupCover {
	t := &c.backups
	r := t.shown(i)
	return BackupCover{ID: core.BackupID(t.id(r.id)), Name: t.nameOf(r), Project: core.ProjectID(t.words[r.project]),
		Created: ofMicros(r.created), Record: RecordState(t.words[r.record]), Checked: ofMicros(r.checked),
		Capture: core.SourceKind(t.words[r.capture]), Evidence: core.Evidence(t.words[r.evidence]), Lacking: int(r.n)}
}

// Volume is the ith of [Coverage.Volumes].
func (c *Coverage) Volume(i int) VolumeCover {
	t := &c.volumes
	r := t.shown(i)
	return VolumeCover{ID: core.VolumeID(t.id(r.id)), Name: t.nameOf(r), Project: core.ProjectID(t.words[r.project]),
		Status: t.words[t.status[t.order[i]]], Size: int64(r.n), Newest: ofMicros(r.checked), Stale: r.flags&coverStale != 0}
}

// Coverage looks through the archive for what is there of the place. A volume is
// stale without an available backup of the last so long; 0 does not look. Of
// captures is known what was taken by hearth, what was read from a repository, and
// what lies in the repository that is configured for the place: what lies in any
// other is not seen. With CodeIncomplete it is as far as a list that ended early tells,
// or without the records that are no longer what was written.
//
// Rows are read in the order that costs the place least, what the books have of them by
// id, a batch at a time: of all that is there little is read, and less is kept.
func (d Desk) Coverage(ctx context.Context, olderThan time.Duration) (Coverage, error) {
	c := d.covering()
	if err := d.keeps("look at the coverage"); err != nil {
		return c.Coverage, err
	}
	if err := c.stock(ctx); err != nil {
		return c.Coverage, err
	}
	short, err := c.rows(ctx)
	if err != nil {
		return c.Coverage, err
	}
	if err := c.cover(ctx); err != nil {
		return c.Coverage, err
	}
	err = c.age(ctx, olderThan)
	return c.Coverage, cmp.Or(err, short, c.rotten.Err("look at the coverage"),
		core.RottenCaptures("look at the coverage", c.spoiled))
}

func (d Desk) covering() *covering {
	c := &covering{d: d, newest: map[core.IDKey]int64{}}
	c.projects, c.ByEvidence = core.FieldSet{}, map[core.Evidence]int{}
	for _, word := range []string{"", string(RecordNone), string(RecordOld), string(RecordCurrent), string(core.EvidenceUnknown)} {
		c.backups.say(word) // that their numbers are small
	}
	return c
}

// cover looks up in the books what there is of the rows that were read.
func (c *covering) cover(ctx context.Context) error {
	byKey := c.backups.byKey()
	if err := c.lookUp(ctx, byKey); err != nil {
		return err
	}
	if err := c.resolve(ctx, byKey); err != nil {
		return err
	}
	c.layers()
	c.backups.arrange(byKey)
	c.count()
	return nil
}

// rows reads the place's backups; short is why they may not be all.
func (c *covering) rows(ctx context.Context) (short, err error) {
	if r, ok := c.d.Place.(store.Roller); ok {
		return nil, r.BackupRoll(ctx, func(b *core.Backup) error {
			c.row(b)
			return nil
		})
	}
	for b, err := range c.d.backupBatches(ctx, core.Query{Anew: true}) {
		if short, err = notWhole(err); err != nil {
			return nil, err
		}
		for i := range b.rows {
			c.row(&b.rows[i])
		}
	}
	return short, nil
}

// covering is a coverage that is being made.
type covering struct {
	Coverage
	d       Desk
	newest  map[core.IDKey]int64    // when a volume's newest available backup was made
	parents keyList                 // of the rows that have one
	rotten  archive.Rotten          // records that are no longer what was written
	spoiled []core.KeptCapture      // captures that do not match their fingerprints
	stocked map[core.IDKey]struct{} // backups whose captures lie in the place's repository
	stored  core.Opt[int64]         // bytes in that repository
	round   *round                  // that counts the rows as well; nil: none does
}

// stock learns what lies in the place's repository, where one is configured.
func (c *covering) stock(ctx context.Context) error {
	r, ok := c.d.source().(scanned)
	if !ok {
		return nil
	}
	c.stocked = map[core.IDKey]struct{}{}
	inv, err := r.Scan(ctx, nil)
	c.stored = core.Opt[int64]{V: inv.Bytes, Set: err == nil}
	for _, h := range inv.Holdings.All() {
		if h.Kind == core.HoldingBackup && h.CaptureText.Set {
			k, _ := core.KeyOf(string(h.Backup.ID))
			c.stocked[k] = struct{}{}
		}
	}
	return err
}

// captured says what is known of the captures of backups.
func (c *covering) captured(ctx context.Context, ids []core.BackupID) (map[core.BackupID]core.Captured, error) {
	known, err := c.d.Archive.CapturedOf(ctx, "", ids)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if c.stocked == nil {
			break
		}
		k, _ := core.KeyOf(string(id))
		if _, ok := c.stocked[k]; ok {
			known[id] = core.Captured{Kind: core.SourceRepository, Evidence: core.EvidenceStored}
		}
	}
	return known, c.d.addOwn(ctx, ids, known)
}

// addOwn adds the captures that the place itself keeps.
func (d Desk) addOwn(ctx context.Context, ids []core.BackupID, known map[core.BackupID]core.Captured) error {
	own := d.captures()
	if own == nil || !d.own() {
		return nil
	}
	if len(known) > 0 {
		ids = slices.DeleteFunc(slices.Clone(ids), func(id core.BackupID) bool {
			return known[id].Kind != "" // what is left of one that is rotten is nothing
		})
	}
	more, err := own.CapturedOf(ctx, d.location(), ids)
	maps.Copy(known, more)
	return err
}

// row adds a backup.
func (c *covering) row(b *core.Backup) {
	if c.round != nil {
		c.round.backup(b)
	}
	t := &c.backups
	r := coverRow{id: t.key(string(b.ID)), created: micros(b.CreatedAt), checked: micros(rowTime(b)), project: t.say(string(b.ProjectID)),
		n: standsOnNone}
	if b.ParentID != "" {
		r.n = c.parents.add(t.key(string(b.ParentID)))
	}
	if b.Status == core.StatusAvailable || b.Status == core.StatusRestoring {
		r.flags |= coverShown
		t.named(&r, b.Name)
		c.projects[t.words[r.project]] = true
		volume, _ := core.KeyOf(string(b.VolumeID))
		if at, has := c.newest[volume]; b.CreatedAt.Set && (!has || r.created > at) {
			c.newest[volume] = r.created
		}
	}
	t.add(r)
}

// lookUp looks up in the books what there is of the rows, in the order of their keys.
func (c *covering) lookUp(ctx context.Context, byKey []int32) error {
	t := &c.backups
	ids := make([]core.BackupID, 0, batchRows)
	none, old, current := uint8(t.say(string(RecordNone))), uint8(t.say(string(RecordOld))), uint8(t.say(string(RecordCurrent)))
	for some := range slices.Chunk(byKey, batchRows) {
		ids = ids[:0]
		for _, i := range some {
			ids = append(ids, core.BackupID(t.id(t.at(int(i)).id)))
		}
		records, rotten, err := c.d.Archive.IndexOf(ctx, c.d.location(), ids)
		c.rotten = append(c.rotten, rotten...)
		if err != nil {
			return err
		}
		captured, err := c.captured(ctx, ids)
		if err != nil {
			return err
		}
		for n, i := range some {
			r, known := t.at(int(i)), captured[ids[n]]
			if known.Spoiled {
				c.spoiled = append(c.spoiled, core.KeptCapture{BackupID: ids[n]})
			}
			r.capture, r.evidence = uint8(t.say(string(known.Kind))), uint8(t.say(string(cmp.Or(known.Evidence, core.EvidenceUnknown))))
			changed := r.checked
			r.record, r.checked = none, unset
			if k := records[ids[n]]; k.ID != 0 {
				r.record, r.checked = old, micros(core.Some(k.Checked))
				if changed != unset && k.Seen.Set && k.Seen.V.UnixMicro() == changed { // as current has it
					r.record = current
				}
			}
		}
	}
	return nil
}

// What a row stands on, besides another row.
const (
	standsOnNone   = -1
	standsOnAway   = -2 // one that is not here, and of which a capture is known
	standsOnHole   = -3 // one that is not here, and of which none is
	lackingUnknown = -1
	lackingAsked   = -2
)

// layers counts for each backup the layers from its parent down that no capture is known
// of. One that is not here is the last that is counted.
func (c *covering) layers() {
	t := &c.backups
	lacks := make([]int32, t.len())
	for i := range lacks {
		lacks[i] = lackingUnknown
	}
	var path []int
	for i := range lacks {
		path = path[:0]
		at := i
		for at >= 0 && lacks[at] == lackingUnknown {
			path, lacks[at] = append(path, at), lackingAsked
			at = int(t.at(at).n)
		}
		ring := at >= 0 && lacks[at] == lackingAsked
		for _, j := range slices.Backward(path) {
			switch on := t.at(j).n; {
			case ring:
				lacks[j] = c.around(j)
			case on == standsOnHole:
				lacks[j] = 1
			case on < 0:
				lacks[j] = 0
			default:
				lacks[j] = lacks[on] + c.hole(int(on))
			}
		}
	}
	for i := range lacks {
		t.at(i).n = lacks[i]
	}
}

// hole is 1 where no capture is known of a row.
func (c *covering) hole(i int) int32 {
	if c.backups.words[c.backups.at(i).capture] == "" {
		return 1
	}
	return 0
}

// around counts the holes below a row that stands on a ring, each once.
func (c *covering) around(i int) (n int32) {
	seen := map[int32]bool{}
	for at := c.backups.at(i).n; at >= 0 && !seen[at]; at = c.backups.at(int(at)).n {
		seen[at] = true
		n += c.hole(int(at))
	}
	return n
}

// resolve finds the row that each row stands on.
func (c *covering) resolve(ctx context.Context, byKey []int32) error {
	t := &c.backups
	var gone []int32 // the rows that stand on what is not here
	for i := range t.len() {
		r := t.at(i)
		if r.n == standsOnNone {
			continue
		}
		if on, here := t.find(byKey, c.parents.at(r.n)); here {
			r.n = on
		} else {
			gone = append(gone, int32(i))
		}
	}
	ids := make([]core.BackupID, 0, batchRows)
	for some := range slices.Chunk(gone, batchRows) {
		ids = ids[:0]
		for _, i := range some {
			ids = append(ids, core.BackupID(t.id(c.parents.at(t.at(int(i)).n))))
		}
		known, err := c.captured(ctx, ids)
		if err != nil {
			return err
		}
		for n, i := range some {
			if t.at(int(i)).n = standsOnHole; known[ids[n]].Kind != "" {
				t.at(int(i)).n = standsOnAway
			}
		}
	}
	c.parents = keyList{}
	return nil
}

// count counts the gaps.
func (c *covering) count() {
	t := &c.backups
	c.CoverCounts.Backups = len(t.order)
	for i := range t.order {
		r := t.shown(i)
		switch RecordState(t.words[r.record]) {
		case RecordNone:
			c.NoRecord++
		case RecordOld:
			c.OldRecord++
		}
		switch {
		case t.words[r.capture] == "":
			c.NoCapture++
		case r.n > 0:
			c.OnHoles++
		}
		c.ByEvidence[core.Evidence(t.words[r.evidence])]++
	}
}

// age reads the volumes, and how old the newest backup of each is.
func (c *covering) age(ctx context.Context, olderThan time.Duration) error {
	t := &c.volumes
	var failed error
	if r, ok := c.d.Place.(store.Roller); ok {
		failed = r.VolumeRoll(ctx, func(v *core.Volume) error {
			c.grow(v, olderThan)
			return nil
		})
	} else {
		for v, err := range c.d.eachVolume(ctx, core.Query{Anew: true}) {
			if failed = err; err != nil {
				break
			}
			c.grow(&v, olderThan)
		}
	}
	t.arrange(nil)
	c.CoverCounts.Volumes = len(t.order)
	return failed
}

// grow adds a volume.
func (c *covering) grow(v *core.Volume, olderThan time.Duration) {
	t := &c.volumes
	r := coverRow{id: t.key(string(v.ID)), created: micros(v.CreatedAt), checked: unset, project: t.say(string(v.ProjectID)),
		n: int32(v.Size), flags: coverShown}
	t.named(&r, v.Name)
	c.projects[t.words[r.project]] = true
	k, _ := core.KeyOf(string(v.ID))
	if at, has := c.newest[k]; has {
		r.checked = at
	}
	if olderThan > 0 && (r.checked == unset || c.d.Now().Sub(time.UnixMicro(r.checked)) > olderThan) {
		r.flags |= coverStale
		c.Stale++
	}
	if c.round != nil {
		c.round.volume(v, ofMicros(r.checked))
	}
	t.add(r)
	t.status = append(t.status, t.say(v.Status))
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
