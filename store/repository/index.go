package repository

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"hearth/core"
	"hearth/store/scan"
)

// mostOthers is how many backups that are not whole are told.
const mostOthers = 20_000

// fewStrays is how many strays are kept by name.
const fewStrays = 1000

// index is what a scan found, kept as rows. While the scan goes on, rows are only
// added; at its end they are put in order, and do not change any more.
type index struct {
	mu       sync.Mutex // guards what follows until the scan is done
	rows     scan.Rows
	keys     []keptKey // beside the rows
	spare    []keptRow // of backups that also stand elsewhere
	reused   int       // of them, taken as they were kept
	from     keptFile  // where they are kept
	others   []core.Holding
	strays   []core.Holding
	strange  strange
	seen     map[core.VolumeID]seen // until the scan is done
	progress core.ScanProgress
	at       time.Time
	short    error // why not all that there is was found; nil: it was

	// Once the scan is done.
	done     bool
	byID     []int32
	volumes  scan.Volumes
	newest   []int32 // beside the volumes: the rows with their last captures
	volumeOf []int32 // beside the rows: the volumes that captures describe; -1 for none
	children []int32 // beside the rows: how many stand on each
}

// begin readies an index that is watched already.
func (x *index) begin() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.rows.Marks = &marks
}

// reuse readies it for the rows that are kept, before it has any.
func (x *index) reuse(k *kept) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.rows.From(k.words, k.layouts)
}

// add keeps what a scan found.
func (x *index) add(f *found) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	h := &f.h
	switch {
	case h.Kind == core.HoldingStray:
		if x.strange.add(h); len(x.strays) < fewStrays {
			h.Container, h.Prefix = strings.Clone(h.Container), strings.Clone(h.Prefix)
			x.strays = append(x.strays, *h)
		}
	case h.Kind != core.HoldingBackup:
		if len(x.others) == mostOthers {
			x.short = core.Fail(core.CodeIncomplete, "scan the repository",
				"more than "+core.Count(mostOthers, "backup")+" in it are not whole, and only so many are told",
				"look whether it is a repository of Cinder's", nil)
			return nil
		}
		x.others = append(x.others, *h)
	case f.packed != "":
		x.reused++
		x.see(x.rows.AddPacked(f.packed), f.key)
	default:
		x.see(x.rows.Add(&scan.Row{Holding: *h, Bits: f.bits, Volume: capturedIn(h)}), f.key)
	}
	return nil
}

// capturedIn is the volume as a backup's capture describes it; nil: it describes none.
func capturedIn(h *core.Holding) *core.Volume {
	if !h.CaptureText.Set {
		return nil
	}
	c := core.ReadCapture(essence(h.CaptureText.V), core.Source{})
	base := c.Section(core.BaseSection)
	if base == nil {
		return nil
	}
	v := core.CapturedVolume(h.Backup.VolumeID, base)
	return &v
}

// seen is the last capture of a volume so far.
type seen struct {
	row int32
	at  time.Time
}

// see keeps a row's key, and the row as its volume's if its capture is the newest.
func (x *index) see(i int, key keptKey) {
	x.keys = append(x.keys, key)
	head := x.rows.Head(i)
	if !head.Captured {
		return
	}
	if x.seen == nil {
		x.seen = map[core.VolumeID]seen{}
	}
	if old, have := x.seen[head.VolumeID]; have {
		c := head.CreatedAt.V.Compare(old.at)
		if c == 0 {
			before := x.rows.Head(int(old.row))
			c = cmp.Or(strings.Compare(string(head.ID), string(before.ID)), // and the one backup may stand twice
				spot{before.Container, before.Prefix}.compare(spot{head.Container, head.Prefix}))
		}
		if c < 0 {
			return
		}
	}
	x.seen[head.VolumeID] = seen{int32(i), head.CreatedAt.V}
}

// finish puts rows in order, each id once, and counts what only all rows tell.
func (x *index) finish(p core.ScanProgress, at time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	spots := make([]spot, x.rows.Len())
	for i := range spots {
		spots[i] = x.spot(i)
	}
	order := scan.Order(len(spots), func(i int) string { return spots[i].container }, func(i, j int) int { return spots[i].compare(spots[j]) })
	x.once(order)
	byPlace := func(a, b core.Holding) int { return spot{a.Container, a.Prefix}.compare(spot{b.Container, b.Prefix}) }
	slices.SortFunc(x.others, byPlace)
	slices.SortFunc(x.strays, byPlace)
	x.progress, x.at, x.done = p, at, true
}

// once keeps rows in an order, each id once: where a backup stands twice, the one that is
// whole. What captures were seen in keeps its rows.
func (x *index) once(order []int32) {
	newest := make([]string, 0, len(x.seen)) // the rows are about to move
	volumes := make([]core.VolumeID, 0, len(x.seen))
	for id := range x.seen {
		volumes = append(volumes, id)
	}
	slices.Sort(volumes)
	for _, id := range volumes {
		newest = append(newest, x.rows.Packed(int(x.seen[id].row)))
	}
	x.seen = nil
	x.keep(order)
	byID := x.rows.ByID()
	drop := make([]bool, len(order))
	for from := 0; from < len(byID); {
		to, best := from+1, byID[from]
		for id := x.rows.ID(int(best)); to < len(byID) && x.rows.ID(int(byID[to])) == id; to++ {
			if !x.available(best) && x.available(byID[to]) {
				best = byID[to]
			}
		}
		for _, i := range byID[from:to] {
			if i != best {
				if key := x.keys[i]; key != (keptKey{}) {
					x.spare = append(x.spare, keptRow{key, x.rows.Packed(int(i))})
				}
				h := x.rows.Holding(int(i))
				h.Problem = "the same backup also stands under " + core.Visible(x.spot(int(best)).String())
				x.others, drop[i] = append(x.others, h), true
			}
		}
		from = to
	}
	keep := order[:0]
	for i := range drop {
		if !drop[i] {
			keep = append(keep, int32(i))
		}
	}
	if len(keep) < len(drop) {
		x.keep(keep)
		byID = x.rows.ByID()
	}
	x.byID = byID
	x.describe(volumes, newest, x.relate(volumes))
}

// keep keeps these rows, with their keys.
func (x *index) keep(order []int32) {
	x.rows.Keep(order)
	keys := make([]keptKey, len(order))
	for i, j := range order {
		keys[i] = x.keys[j]
	}
	x.keys = keys
}

// keyed are the rows that can be kept, with their keys.
func (x *index) keyed() []keptRow {
	rows := append(make([]keptRow, 0, len(x.keys)+len(x.spare)), x.spare...)
	for i, key := range x.keys {
		if key != (keptKey{}) {
			rows = append(rows, keptRow{key, x.rows.Packed(i)})
		}
	}
	return rows
}

func (x *index) available(i int32) bool { return x.rows.Head(int(i)).Status == core.StatusAvailable }

// counted is what the rows of a volume come to.
type counted struct {
	backups int64
	last    core.Opt[time.Time]
}

// relate counts children, finds each row's volume among those of which captures were
// seen, and counts theirs.
func (x *index) relate(volumes []core.VolumeID) []counted {
	id := func(i int) string { return string(x.rows.ID(int(x.byID[i]))) }
	volume := func(i int) string { return string(volumes[i]) }
	ids, known := scan.LeadsOf(len(x.byID), id), scan.LeadsOf(len(volumes), volume)
	counts := make([]counted, len(volumes))
	x.children, x.volumeOf = make([]int32, x.rows.Len()), make([]int32, x.rows.Len())
	for i := range x.rows.Len() {
		head := x.rows.Head(i)
		if head.ParentID != "" {
			if p, ok := ids.Find(string(head.ParentID), id); ok {
				x.children[x.byID[p]]++
			}
		}
		x.volumeOf[i] = -1
		v, ok := known.Find(string(head.VolumeID), volume)
		if !ok {
			continue
		}
		x.volumeOf[i] = int32(v)
		c := &counts[v]
		if c.backups++; head.Status == core.StatusAvailable && head.CreatedAt.Set && head.CreatedAt.V.After(c.last.V) {
			c.last = head.CreatedAt
		}
	}
	return counts
}

// describe takes the volumes out of their captures: some describe none.
func (x *index) describe(volumes []core.VolumeID, newest []string, counts []counted) {
	place := make([]int32, len(volumes))
	for j := range volumes {
		place[j] = -1
		if v, id, ok := x.rows.Volume(newest[j]); ok {
			v.Backups, v.LastBackup = counts[j].backups, counts[j].last
			place[j] = int32(x.volumes.Len())
			x.volumes.Add(&v)
			i, _ := x.rows.Find(x.byID, id)
			x.newest = append(x.newest, int32(i))
		}
	}
	for i, v := range x.volumeOf {
		if v >= 0 {
			x.volumeOf[i] = place[v]
		}
	}
}

// ended is why not all that there is was found; nil where it was, or is still looked for.
func (x *index) ended() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.done {
		return nil
	}
	return x.short
}

// find looks a backup up; x is done.
func (x *index) find(id core.BackupID) (int, bool) { return x.rows.Find(x.byID, id) }

// into makes a row, with what only all rows tell if that is known.
func (x *index) into(i int, row *scan.Row) {
	x.rows.Into(i, row)
	if x.done {
		row.Backup.Dependents = int64(x.children[i])
		if v := x.volumeOf[i]; v >= 0 {
			row.Backup.VolumeName = x.volumes.Name(int(v))
		}
	}
}

// row is a row.
func (x *index) row(i int) core.Backup {
	var row scan.Row
	x.into(i, &row)
	return row.Backup
}

// spot is where a row's objects lie.
func (x *index) spot(i int) spot {
	head := x.rows.Head(i)
	return spot{head.Container, head.Prefix}
}

// holding is a row as an inventory has it.
func (x *index) holding(i int) core.Holding {
	var row scan.Row
	x.into(i, &row)
	return row.Holding
}

// backups goes through what is no stray.
func (x *index) backups() iter.Seq[core.Holding] {
	return func(yield func(core.Holding) bool) {
		for i := range x.rows.Len() {
			if !yield(x.holding(i)) {
				return
			}
		}
		for _, h := range x.others {
			if !yield(h) {
				return
			}
		}
	}
}

// inventory is all of it; x is done.
func (x *index) inventory() core.Inventory {
	v := core.Inventory{ScanProgress: x.progress, Unknown: x.strange.sorted(), At: x.at}
	n, others := x.rows.Len(), len(x.others)
	v.Holdings = core.HoldingsOf(n+others+len(x.strays), func(i int) core.Holding {
		switch {
		case i < n:
			return x.holding(i)
		case i < n+others:
			return x.others[i-n]
		}
		return x.strays[i-n-others]
	})
	return v
}

// headColumns are the columns that the head of a row has.
var headColumns = core.NewFieldSet("id", "volume-id", "created", "status", "parent")

// answer selects from the rows that there are so far, and tells when the scan ended if it
// has. A scan that goes on is not kept waiting: it adds rows, and changes none.
func (x *index) answer(q core.Query) core.Page[core.Backup] {
	x.mu.Lock()
	from := x
	if !x.done {
		from = &index{rows: *x.rows.View()}
	}
	x.mu.Unlock()
	var row scan.Row
	var b core.Backup
	page := core.SelectBackupsByHeads(from.rows.Len(), func(i int) *core.Backup {
		head := from.rows.Head(i)
		b.ID, b.VolumeID, b.CreatedAt, b.Status, b.ParentID = head.ID, head.VolumeID, head.CreatedAt, head.Status, head.ParentID
		return &b
	}, headColumns, func(i int) *core.Backup {
		from.into(i, &row)
		return &row.Backup
	}, q)
	if from.done {
		page.AsOf = core.Some(from.at)
	}
	return page
}

// list selects volumes: none until the scan is done, for only then are they known.
func (x *index) list(q core.Query) core.Page[core.Volume] {
	x.mu.Lock()
	done := x.done
	x.mu.Unlock()
	if !done {
		return core.SelectVolumes(nil, q)
	}
	var v core.Volume
	page := core.SelectVolumesFrom(x.volumes.Len(), func(i int) *core.Volume {
		v = x.volumes.At(i)
		return &v
	}, q)
	page.AsOf = core.Some(x.at)
	return page
}
