package ceph

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"hearth/core"
)

// index is what a listing tells, as rows and holdings. Only what its bodies tell is added
// to it later.
type index struct {
	at       time.Time
	progress core.ScanProgress
	backups  []held // by image, and in it by age
	others   []core.Holding
	strays   []core.Holding
	strange  []core.Unrecognised
	byID     map[core.BackupID]int
	newest   map[core.VolumeID]core.BackupID // of those that have metadata

	mu    sync.Mutex // guards the rows, marks and bodies of backups, and what follows
	texts map[core.BackupID]string
	kept  int // bytes of them
}

// mostKept bounds the captures that are kept after their rows were filled, for who did
// that asks for them next. Cinder writes a capture once and never again.
const mostKept = 16 << 20

// keep keeps a capture while there is room; x is locked.
func (x *index) keep(id core.BackupID, text string) {
	if x.kept+len(text) > mostKept {
		return
	}
	if x.texts == nil {
		x.texts = map[core.BackupID]string{}
	}
	x.texts[id] = text
	x.kept += len(text)
}

// held is a finished backup.
type held struct {
	row   core.Backup
	bits  uint32
	image string
	snap  string // "": the whole image is the backup
	size  int64  // in bytes
	meta  bool   // there is a metadata object
	alone bool   // of a Cinder snapshot, in the base: see [builder.single]
	// problem is what the names tell of it, in words.
	problem string
	body    *body // nil: not read yet
}

// prefix names a backup in the pool: its image, or the snapshot.
func (h *held) prefix() string {
	if h.snap == "" {
		return h.image
	}
	return h.image + "@" + h.snap
}

// things is how many things of a backup there are: its snapshot or image, and its metadata.
func (h *held) things() int64 {
	if h.meta {
		return 2
	}
	return 1
}

// builder makes an index of a listing.
type builder struct {
	*index
	listing *listing
	pool    string
	service string
	used    map[core.BackupID]bool // metadata objects of which it is known whose they are
	bases   []image                // bases without a backup's snapshot
}

// build makes an index of a listing, by names alone.
func build(l *listing, pool, service string, at time.Time) *builder {
	b := &builder{index: &index{at: at, byID: map[core.BackupID]int{}}, listing: l, pool: pool, service: service,
		used: map[core.BackupID]bool{}}
	for i := range l.images {
		b.image(&l.images[i])
	}
	for _, name := range l.others {
		b.strays = append(b.strays, core.Holding{Kind: core.HoldingStray, Container: pool, Prefix: name, Objects: 1})
	}
	return b
}

// image takes an image with all that it holds.
func (b *builder) image(im *image) {
	name, ok := parseImage(im.name)
	if !ok {
		b.strays = append(b.strays, core.Holding{Kind: core.HoldingStray, Container: b.pool, Prefix: im.name, Objects: 1, Bytes: im.size})
		return
	}
	if im.problem != "" {
		b.other(core.HoldingBroken, im, name, "the image cannot be opened: "+im.problem)
		return
	}
	at := map[core.BackupID]int{} // the backup's place among the snapshots
	var chain []held
	for _, s := range im.snaps {
		id, began, ok := parseSnap(s.name)
		if !ok {
			continue // somebody's own, and no harm
		}
		if i, twice := at[id]; twice {
			chain[i].row.Status = core.StatusError
			chain[i].problem = "it has more than one snapshot, and Cinder refuses to restore"
			continue
		}
		at[id] = len(chain)
		chain = append(chain, b.backup(im, name, id, s.name, s.size, began))
	}
	b.relate(name, chain)
	_, own := at[name.backup]
	switch hasMeta := b.listing.metas[name.backup]; {
	case own:
	case name.backup == "" && len(chain) == 0:
		b.bases = append(b.bases, *im)
	case name.backup == "":
	case len(chain) == 0 && hasMeta: // a full copy
		chain = append(chain, b.backup(im, name, name.backup, "", im.size, core.Opt[time.Time]{}))
	case len(chain) == 0:
		b.other(core.HoldingUnfinished, im, name, "the image is there, with neither the backup's snapshot nor its metadata: "+
			"the backup was broken off, or is still being made")
	case hasMeta:
		b.used[name.backup] = true
		b.other(core.HoldingBroken, im, name, "its metadata and its image are there, and its snapshot is not: the data cannot be restored")
	}
	for i := range chain {
		b.add(chain[i])
	}
}

// other keeps an image that is no finished backup.
func (b *builder) other(kind core.HoldingKind, im *image, name imageName, problem string) {
	h := core.Holding{Kind: kind, Container: b.pool, Prefix: im.name, ID: name.backup, VolumeID: name.volume, Objects: 1, Bytes: im.size,
		Problem: problem}
	b.others = append(b.others, h)
}

// backup is the row that a database would have, as far as names tell.
func (b *builder) backup(im *image, name imageName, id core.BackupID, snap string, size int64, began core.Opt[time.Time]) held {
	h := held{image: im.name, snap: snap, size: size, meta: b.listing.metas[id], bits: markRest | markDataTimestamp}
	b.used[id] = true
	h.row = core.Backup{ID: id, Status: core.StatusAvailable, VolumeID: name.volume, Size: ceilGiB(size), CreatedAt: began,
		DataTimestamp: began, Container: core.Some(b.pool), Service: core.Some(b.service)}
	switch {
	case began.Set:
		h.bits |= markCreatedSnap
	case snap != "":
		h.bits |= markCreatedLost
	default:
		h.bits |= markCreatedLost | markUnread // the image says when it was made
	}
	if snap != "" {
		h.row.ServiceMetadata = core.Some(`{"base": "` + im.name + `"}`)
		if name.backup == "" {
			h.bits |= markImageName
		}
	}
	if h.meta {
		h.bits |= markUnread
	} else {
		h.bits |= markOwnerLost | markKeyLost
	}
	return h
}

// relate makes a chain of the snapshots of an image, which are in the order in which
// they were made. From Train on each image begins with a full backup, and each
// incremental stands on what was then the newest of its volume: on the one before, or
// rarely on an earlier one.
func (b *builder) relate(name imageName, chain []held) {
	for i := range chain {
		row := &chain[i].row
		if i == 0 {
			if name.backup != "" && row.ID != name.backup {
				row.Incremental = true
				chain[i].bits |= markParentBelow
			}
			continue
		}
		row.ParentID, row.Incremental = chain[i-1].row.ID, true
		chain[i-1].row.Dependents++
		switch {
		case name.backup == "":
			chain[i].bits |= markParentBase
			chain[i-1].bits |= markChild
		case i > 1 || chain[0].row.ID != name.backup:
			chain[i].bits |= markParent
			for j := range chain[:i] {
				chain[j].bits |= markChild
			}
		}
	}
}

// add keeps a backup, each id once.
func (b *builder) add(h held) {
	if i, twice := b.byID[h.row.ID]; twice {
		o := b.holding(&h)
		o.Problem = "the same backup also stands in " + core.Visible(b.backups[i].image)
		b.others = append(b.others, o)
		return
	}
	b.byID[h.row.ID] = len(b.backups)
	b.backups = append(b.backups, h)
}

// orphans are metadata objects of backups that no image names.
func (b *builder) orphans() (out []core.BackupID) {
	for id := range b.listing.metas {
		if !b.used[id] {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// single takes a base that has no snapshot. From Wallaby on it holds the full copy of a
// Cinder snapshot (f04d905a6), of which only the metadata knows the backup's id: it is
// the one orphan that describes the base's volume.
func (b *builder) single(im *image, orphans map[core.VolumeID][]core.BackupID) {
	name, _ := parseImage(im.name)
	switch of := orphans[name.volume]; len(of) {
	case 0:
		b.other(core.HoldingUnfinished, im, name, "the image is there without a backup's snapshot, and no metadata describes its volume: "+
			"a backup was broken off, or is still being made")
	case 1:
		h := b.backup(im, name, of[0], "", im.size, core.Opt[time.Time]{})
		h.bits |= markOfSnapshot
		h.alone = true
		b.add(h)
	default:
		b.other(core.HoldingUnfinished, im, name, fmt.Sprintf(
			"the image is there without a backup's snapshot, and the metadata of %s may be its: which one, nothing tells",
			core.Count(len(of), "backup")))
	}
}

// finish takes what is left, counts and puts in order.
func (b *builder) finish() *index {
	for _, id := range b.orphans() {
		b.others = append(b.others, core.Holding{Kind: core.HoldingBroken, Container: b.pool, Prefix: metaName(id), ID: id, Objects: 1,
			Problem: "its metadata is there, and neither an image nor a snapshot: the data is gone"})
	}
	x := b.index
	x.newest = map[core.VolumeID]core.BackupID{}
	for i := range x.backups {
		h := &x.backups[i]
		x.mark(h)
		if old, ok := x.byID[x.newest[h.row.VolumeID]]; h.meta &&
			(x.newest[h.row.VolumeID] == "" || ok && !x.backups[old].row.CreatedAt.V.After(h.row.CreatedAt.V)) {
			x.newest[h.row.VolumeID] = h.row.ID
		}
	}
	byPrefix := func(a, b core.Holding) int { return strings.Compare(a.Prefix, b.Prefix) }
	slices.SortFunc(x.others, byPrefix)
	slices.SortFunc(x.strays, byPrefix)
	x.count(b.listing)
	return x
}

// count counts what there is.
func (x *index) count(l *listing) {
	p := &x.progress
	p.Objects = l.objects
	p.Backups, p.Strays = int64(len(x.backups)), int64(len(x.strays))+l.foreign-int64(len(l.others))
	for _, im := range l.images {
		p.Bytes += im.size
	}
	for i := range x.others {
		if x.others[i].Kind == core.HoldingUnfinished {
			p.Unfinished++
		} else {
			p.Broken++
		}
	}
	if len(x.strays) > fewOthers {
		x.strays = x.strays[:fewOthers]
	}
	x.strange = strangers(l)
}

// fewNames is how many things of a kind are told by name.
const fewNames = 3

// strangers puts together what is no backup's, and not of an image that RBD keeps.
func strangers(l *listing) (out []core.Unrecognised) {
	images := core.Unrecognised{Looks: "RBD images that Cinder's driver did not make for a backup"}
	for _, im := range l.images {
		if _, ok := parseImage(im.name); !ok {
			images.Objects, images.Bytes = images.Objects+1, images.Bytes+im.size
			if len(images.Names) < fewNames {
				images.Names = append(images.Names, im.name)
			}
		}
	}
	objects := core.Unrecognised{Looks: "objects of another program", Objects: l.foreign, Names: l.others[:min(len(l.others), fewNames)]}
	for _, u := range []core.Unrecognised{images, objects} {
		if u.Objects > 0 {
			out = append(out, u)
		}
	}
	return out
}

// mark puts on a row what its bits say is lost.
func (x *index) mark(h *held) { _, h.row.Unseen = marksOf(h.bits) }

// holding is a backup as an inventory has it.
func (b *index) holding(h *held) core.Holding {
	marks, _ := marksOf(h.bits)
	return core.Holding{Kind: core.HoldingBackup, Container: h.row.Container.V, Prefix: h.prefix(), ID: h.row.ID, VolumeID: h.row.VolumeID,
		Began: h.row.CreatedAt, Objects: h.things(), Bytes: h.size, Problem: h.problem, Backup: h.row, Marks: marks,
		CaptureText: core.Opt[string]{Set: h.meta}}
}

// inventory is all of it.
func (x *index) inventory() core.Inventory {
	x.mu.Lock()
	defer x.mu.Unlock()
	v := core.Inventory{ScanProgress: x.progress, At: x.at}
	v.Holdings = make([]core.Holding, 0, len(x.backups)+len(x.others)+len(x.strays))
	for i := range x.backups {
		v.Holdings = append(v.Holdings, x.holding(&x.backups[i]))
	}
	v.Holdings = append(v.Holdings, x.others...)
	v.Holdings = append(v.Holdings, x.strays...)
	return v
}

// rows are the backups' rows, as far as they are known now.
func (x *index) rows() []core.Backup {
	x.mu.Lock()
	defer x.mu.Unlock()
	out := make([]core.Backup, len(x.backups))
	for i := range x.backups {
		out[i] = x.backups[i].row
	}
	return out
}
