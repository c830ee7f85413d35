package ceph

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"hearth/core"
	"hearth/store/scan"
)

// index is what a listing tells, as rows and holdings. Only what its bodies tell is added
// to it later.
type index struct {
	at       time.Time
	progress core.ScanProgress
	others   []core.Holding
	strays   []core.Holding
	strange  []core.Unrecognised
	byID     []int32
	newest   []int32 // of each volume the row of its newest backup that has metadata, by volume

	mu      sync.Mutex // guards what follows
	rows    scan.Rows  // by image, and in it by age
	volumes map[core.VolumeID]core.Volume
	texts   map[core.BackupID]string
	kept    int // bytes of them
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
	// problem is what the names tell of it, in words.
	problem string
}

// unread reports whether there is more to read of it.
func (h *held) unread() bool { return h.bits&markUnread != 0 }

// packed is a backup as the rows keep it.
func (h *held) packed() *scan.Row {
	return &scan.Row{Bits: h.bits, Holding: core.Holding{Kind: core.HoldingBackup, Container: h.row.Container.V, Prefix: h.prefix(),
		ID: h.row.ID, VolumeID: h.row.VolumeID, Began: h.row.CreatedAt, Objects: h.things(), Bytes: h.size, Problem: h.problem,
		Backup: h.row, CaptureText: core.Opt[string]{Set: h.meta}}}
}

// held is a backup again; x is locked.
func (x *index) held(i int) held {
	row := x.rows.At(i)
	h := held{row: row.Backup, bits: row.Bits, size: row.Bytes, meta: row.CaptureText.Set, problem: row.Problem}
	h.image, h.snap, _ = strings.Cut(row.Prefix, "@")
	return h
}

// find looks a backup up.
func (x *index) find(id core.BackupID) (int, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.rows.Find(x.byID, id)
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
	have    map[core.BackupID]int // the backups that there are, and their rows
	bases   []image               // bases without a backup's snapshot
}

// build makes an index of a listing, by names alone.
func build(l *listing, pool, service string, at time.Time) *builder {
	b := &builder{index: &index{at: at, rows: scan.Rows{Marks: &marks}}, listing: l, pool: pool, service: service,
		have: map[core.BackupID]int{}}
	for i := range l.images {
		b.image(&l.images[i])
		l.images[i].snaps = nil // there may be very many
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
	switch hasMeta := b.listing.metas[name.backup] != metaNone; {
	case own:
	case name.backup == "" && len(chain) == 0:
		b.bases = append(b.bases, *im)
	case name.backup == "":
	case len(chain) == 0 && hasMeta: // a full copy
		h := b.backup(im, name, name.backup, "", im.size, core.Opt[time.Time]{})
		h.row.Layout = &fullCopy
		chain = append(chain, h)
	case len(chain) == 0:
		b.other(core.HoldingUnfinished, im, name, "the image is there, with neither the backup's snapshot nor its metadata: "+
			"the backup was broken off, or is still being made")
	case hasMeta:
		b.listing.metas[name.backup] = metaUsed
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
	h := held{image: im.name, snap: snap, size: size, meta: b.listing.metas[id] != metaNone, bits: markRest | markDataTimestamp}
	if h.meta {
		b.listing.metas[id] = metaUsed
	}
	h.row = core.Backup{ID: id, Status: core.StatusAvailable, VolumeID: name.volume, Size: scan.CeilGiB(size), CreatedAt: began,
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
	if i, twice := b.have[h.row.ID]; twice {
		o := h.packed().Holding
		o.Marks, o.Backup.Unseen = marks.Of(h.bits)
		o.Problem = "the same backup also stands in " + core.Visible(b.index.held(i).image)
		b.others = append(b.others, o)
		return
	}
	i := b.rows.Add(h.packed())
	b.have[b.rows.ID(i)] = i
}

// orphans are metadata objects of backups that no image names.
func (b *builder) orphans() (out []core.BackupID) {
	for id, meta := range b.listing.metas {
		if meta == metaThere {
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
	b.have = nil
	x.byID = x.rows.ByID()
	x.latest()
	byPrefix := func(a, b core.Holding) int { return strings.Compare(a.Prefix, b.Prefix) }
	slices.SortFunc(x.others, byPrefix)
	slices.SortFunc(x.strays, byPrefix)
	x.count(b.listing)
	return x
}

// latest finds the newest backup of each volume that has metadata, the last of those of
// one time.
func (x *index) latest() {
	var of []int32
	for i := range x.rows.Len() {
		if h := x.held(i); h.meta {
			of = append(of, int32(i))
		}
	}
	slices.SortStableFunc(of, func(i, j int32) int {
		return strings.Compare(string(x.rows.VolumeID(int(i))), string(x.rows.VolumeID(int(j))))
	})
	for _, i := range of {
		if last := len(x.newest) - 1; last >= 0 && x.rows.VolumeID(int(x.newest[last])) == x.rows.VolumeID(int(i)) {
			if h, old := x.held(int(i)), x.held(int(x.newest[last])); !old.row.CreatedAt.V.After(h.row.CreatedAt.V) {
				x.newest[last] = i
			}
			continue
		}
		x.newest = append(x.newest, i)
	}
	x.newest = slices.Clip(x.newest)
}

// newestOf is the row of a volume's newest backup that has metadata; x is locked.
func (x *index) newestOf(id core.VolumeID) (int, bool) {
	i, ok := slices.BinarySearchFunc(x.newest, id, func(i int32, id core.VolumeID) int {
		return strings.Compare(string(x.rows.VolumeID(int(i))), string(id))
	})
	if !ok {
		return 0, false
	}
	return int(x.newest[i]), true
}

// count counts what there is.
func (x *index) count(l *listing) {
	p := &x.progress
	p.Objects = l.objects
	p.Backups, p.Strays = int64(x.rows.Len()), int64(len(x.strays))+l.foreign-int64(len(l.others))
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

// inventory is all of it.
func (x *index) inventory() core.Inventory {
	x.mu.Lock()
	defer x.mu.Unlock()
	v := core.Inventory{ScanProgress: x.progress, At: x.at}
	rows, n, others := x.rows.View(), x.rows.Len(), len(x.others) // rows may be filled meanwhile
	v.Holdings = core.HoldingsOf(n+others+len(x.strays), func(i int) core.Holding {
		switch {
		case i < n:
			return rows.Holding(i)
		case i < n+others:
			return x.others[i-n]
		}
		return x.strays[i-n-others]
	})
	return v
}

// answer selects from the rows, as far as they are known now.
func (x *index) answer(q core.Query) core.Page[core.Backup] {
	x.mu.Lock()
	rows := x.rows.View()
	x.mu.Unlock()
	var row scan.Row
	return core.SelectBackupsFrom(rows.Len(), func(i int) *core.Backup {
		rows.Into(i, &row)
		return &row.Backup
	}, q)
}
