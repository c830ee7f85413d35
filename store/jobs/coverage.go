package jobs

import (
	"cmp"
	"context"
	"iter"
	"math"
	"slices"
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
		Capture: core.SourceKind(t.words[r.capture]), Evidence: core.Evidence(t.words[r.evidence]), Lacking: int(r.lacking)}
}

// Volume is the ith of [Coverage.Volumes].
func (c *Coverage) Volume(i int) VolumeCover {
	t := &c.volumes
	r := t.shown(i)
	return VolumeCover{ID: core.VolumeID(t.id(r.id)), Name: t.nameOf(r), Project: core.ProjectID(t.words[r.project]),
		Status: t.words[r.status], Size: int64(r.size), Newest: ofMicros(r.checked), Stale: r.flags&coverStale != 0}
}

// Coverage looks through the archive for what is there of the place. A volume is
// stale without an available backup of the last so long; 0 does not look. Of
// captures is known what was taken by hearth, what was read from a repository, and
// what lies in the repository that is configured for the place: what lies in any
// other is not seen. With CodeIncomplete it is as far as a list that ended early tells,
// or without the records that are no longer what was written.
//
// It goes through the place's backups and the books side by side, both by id, a batch at
// a time.
func (d Desk) Coverage(ctx context.Context, olderThan time.Duration) (Coverage, error) {
	c := covering{d: d, newest: map[idKey]int64{}}
	c.projects, c.ByEvidence = core.FieldSet{}, map[core.Evidence]int{}
	if err := d.keeps("look at the coverage"); err != nil {
		return c.Coverage, err
	}
	for _, word := range []string{"", string(RecordNone), string(RecordOld), string(RecordCurrent)} {
		c.backups.say(word) // that their numbers are small
	}
	if err := c.stock(ctx); err != nil {
		return c.Coverage, err
	}
	var short error
	for b, err := range d.backupBatches(ctx, core.Query{Anew: true}) {
		if short, err = notWhole(err); err == nil && short == nil {
			err = c.take(ctx, b.rows)
		}
		if err != nil {
			return c.Coverage, err
		}
	}
	if err := c.layers(ctx); err != nil {
		return c.Coverage, err
	}
	c.backups.arrange()
	c.count()
	err := c.age(ctx, olderThan)
	return c.Coverage, cmp.Or(err, short, c.rotten.Err("look at the coverage"))
}

// covering is a coverage that is being made.
type covering struct {
	Coverage
	d       Desk
	newest  map[idKey]int64    // when a volume's newest available backup was made
	parents [][]idKey          // of the rows, in pieces like theirs
	rotten  archive.Rotten     // records that are no longer what was written
	stocked map[idKey]struct{} // backups whose captures lie in the place's repository
}

// stock learns what lies in the place's repository, where one is configured.
func (c *covering) stock(ctx context.Context) error {
	r, ok := c.d.source().(scanned)
	if !ok {
		return nil
	}
	c.stocked = map[idKey]struct{}{}
	inv, err := r.Scan(ctx, nil)
	for i := range inv.Holdings {
		if h := &inv.Holdings[i]; h.Kind == core.HoldingBackup && h.CaptureText.Set {
			k, _ := keyOf(string(h.Backup.ID))
			c.stocked[k] = struct{}{}
		}
	}
	return err
}

// captured says what is known of the captures of backups.
func (c *covering) captured(ctx context.Context, backups []core.Backup) (map[core.BackupID]core.Captured, error) {
	ids := make([]core.BackupID, len(backups))
	for i := range backups {
		ids[i] = backups[i].ID
	}
	known, err := c.d.Archive.CapturedOf(ctx, "", ids)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		k, _ := keyOf(string(id))
		if _, ok := c.stocked[k]; ok {
			known[id] = core.Captured{Kind: core.SourceRepository, Evidence: core.EvidenceStored}
		}
	}
	return known, c.d.addOwn(ctx, backups, known)
}

// addOwn adds the captures that the place itself keeps.
func (d Desk) addOwn(ctx context.Context, backups []core.Backup, known map[core.BackupID]core.Captured) error {
	own := d.captures()
	if own == nil || !d.own() {
		return nil
	}
	var ids []core.BackupID
	for i := range backups {
		if _, ok := known[backups[i].ID]; !ok {
			ids = append(ids, backups[i].ID)
		}
	}
	more, err := own.CapturedOf(ctx, d.location(), ids)
	for id, k := range more {
		known[id] = k
	}
	return err
}

// take adds a batch of backups.
func (c *covering) take(ctx context.Context, backups []core.Backup) error {
	ids := make([]core.BackupID, len(backups))
	for i := range backups {
		ids[i] = backups[i].ID
	}
	records, rotten, err := c.d.Archive.IndexOf(ctx, c.d.location(), ids)
	c.rotten = append(c.rotten, rotten...)
	if err != nil {
		return err
	}
	captured, err := c.captured(ctx, backups)
	if err != nil {
		return err
	}
	t := &c.backups
	for i := range backups {
		b := &backups[i]
		known, parent := captured[b.ID], idKey{}
		r := coverRow{id: t.key(string(b.ID)), created: micros(b.CreatedAt), checked: unset, project: t.say(string(b.ProjectID)),
			record: uint8(t.say(string(RecordNone))), capture: uint8(t.say(string(known.Kind))),
			evidence: uint8(t.say(string(cmp.Or(known.Evidence, core.EvidenceUnknown))))}
		if b.ParentID != "" {
			parent, r.flags = t.key(string(b.ParentID)), coverParent
		}
		if b.Status == core.StatusAvailable || b.Status == core.StatusRestoring {
			r.flags |= coverShown
			t.named(&r, b.Name)
			c.projects[string(b.ProjectID)] = true
			volume, _ := keyOf(string(b.VolumeID))
			if at, has := c.newest[volume]; b.CreatedAt.Set && (!has || r.created > at) {
				c.newest[volume] = r.created
			}
		}
		if k := records[b.ID]; k.ID != 0 {
			r.record, r.checked = uint8(t.say(string(RecordOld))), micros(core.Some(k.Checked))
			if current(&k, b) {
				r.record = uint8(t.say(string(RecordCurrent)))
			}
		}
		c.stand(t.add(r), parent)
	}
	return nil
}

// stand notes what a row stands on.
func (c *covering) stand(i int, parent idKey) {
	if i%pieceRows == 0 {
		c.parents = append(c.parents, make([]idKey, pieceRows))
	}
	c.parents[i/pieceRows][i%pieceRows] = parent
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
func (c *covering) layers(ctx context.Context) error {
	on, err := c.resolve(ctx)
	if err != nil {
		return err
	}
	t := &c.backups
	lacks := make([]int32, len(on))
	for i := range lacks {
		lacks[i] = lackingUnknown
	}
	var path []int
	for i := range on {
		path = path[:0]
		at := i
		for at >= 0 && lacks[at] == lackingUnknown {
			path, lacks[at] = append(path, at), lackingAsked
			at = int(on[at])
		}
		ring := at >= 0 && lacks[at] == lackingAsked
		for _, j := range slices.Backward(path) {
			switch {
			case ring:
				lacks[j] = c.around(on, j)
			case on[j] < 0:
				lacks[j] = map[int32]int32{standsOnHole: 1}[on[j]]
			default:
				lacks[j] = lacks[on[j]] + c.hole(int(on[j]))
			}
		}
	}
	for i := range on {
		t.at(i).lacking = uint16(min(lacks[i], math.MaxUint16))
	}
	return nil
}

// hole is 1 where no capture is known of a row.
func (c *covering) hole(i int) int32 {
	if c.backups.words[c.backups.at(i).capture] == "" {
		return 1
	}
	return 0
}

// around counts the holes below a row that stands on a ring, each once.
func (c *covering) around(on []int32, i int) (n int32) {
	seen := map[int32]bool{}
	for at := on[i]; at >= 0 && !seen[at]; at = on[at] {
		seen[at] = true
		n += c.hole(int(at))
	}
	return n
}

// resolve finds the row that each row stands on.
func (c *covering) resolve(ctx context.Context) ([]int32, error) {
	t, find := &c.backups, c.backups.finder()
	on := make([]int32, t.len())
	var gone []int
	for i := range on {
		on[i] = standsOnNone
		if t.at(i).flags&coverParent == 0 {
			continue
		}
		j, here := find(c.parents[i/pieceRows][i%pieceRows])
		if on[i] = int32(j); !here {
			gone = append(gone, i)
		}
	}
	for some := range slices.Chunk(gone, batchRows) {
		backups := make([]core.Backup, len(some))
		for n, i := range some {
			backups[n].ID = core.BackupID(t.id(c.parents[i/pieceRows][i%pieceRows]))
		}
		known, err := c.captured(ctx, backups)
		if err != nil {
			return nil, err
		}
		for n, i := range some {
			if on[i] = standsOnHole; known[backups[n].ID].Kind != "" {
				on[i] = standsOnAway
			}
		}
	}
	c.parents = nil
	return on, nil
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
		case r.lacking > 0:
			c.OnHoles++
		}
		c.ByEvidence[core.Evidence(t.words[r.evidence])]++
	}
}

// age reads the volumes, and how old the newest backup of each is.
func (c *covering) age(ctx context.Context, olderThan time.Duration) error {
	t := &c.volumes
	var failed error
	for v, err := range c.d.eachVolume(ctx, core.Query{Anew: true}) {
		if failed = err; err != nil {
			break
		}
		k, _ := keyOf(string(v.ID))
		r := coverRow{id: t.key(string(v.ID)), created: micros(v.CreatedAt), checked: unset, project: t.say(string(v.ProjectID)),
			status: t.say(v.Status), size: int32(v.Size), flags: coverShown}
		t.named(&r, v.Name)
		c.projects[string(v.ProjectID)] = true
		if at, has := c.newest[k]; has {
			r.checked = at
		}
		if olderThan > 0 && (r.checked == unset || c.d.Now().Sub(time.UnixMicro(r.checked)) > olderThan) {
			r.flags |= coverStale
			c.Stale++
		}
		t.add(r)
	}
	t.arrange()
	c.CoverCounts.Volumes = len(t.order)
	return failed
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
