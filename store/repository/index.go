package repository

import (
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"hearth/core"
	"hearth/store/scan"
)

// fewStrays is how many strays are kept by name.
const fewStrays = 1000

// index is what a scan found, kept as rows. While the scan goes on, rows are only
// added; at its end they are put in order, and do not change any more.
type index struct {
	mu       sync.Mutex // guards what follows until the scan is done
	rows     scan.Rows
	others   []core.Holding
	strays   []core.Holding
	strange  strange
	seen     map[core.VolumeID]seen
	progress core.ScanProgress
	at       time.Time

	// Once the scan is done.
	done     bool
	byID     []int32
	volumes  scan.Volumes
	newest   []int32 // beside the volumes: the rows with their last captures
	volumeOf []int32 // beside the rows: the volumes that captures describe; -1 for none
	children []int32 // beside the rows: how many stand on each
}

// seen is a volume's last capture until the scan is done.
type seen struct {
	text string // what there is to say of the volume: see [essence]
	row  int32
}

// begin readies an index that is watched already.
func (x *index) begin() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.rows.Marks = &marks
}

// add keeps what a scan found.
func (x *index) add(h core.Holding, bits uint32) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch h.Kind {
	case core.HoldingStray:
		if x.strange.add(&h); len(x.strays) < fewStrays {
			h.Container, h.Prefix = strings.Clone(h.Container), strings.Clone(h.Prefix)
			x.strays = append(x.strays, h)
		}
	case core.HoldingBackup:
		i := x.rows.Add(&scan.Row{Holding: h, Bits: bits})
		if h.CaptureText.Set {
			x.see(&h, i)
		}
	default:
		x.others = append(x.others, h)
	}
	return nil
}

// see keeps a capture if it is the newest of its volume.
func (x *index) see(h *core.Holding, i int) {
	if x.seen == nil {
		x.seen = map[core.VolumeID]seen{}
	}
	old, have := x.seen[h.Backup.VolumeID]
	if have {
		before := x.rows.At(int(old.row))
		if c := h.Backup.CreatedAt.V.Compare(before.Backup.CreatedAt.V); c < 0 || c == 0 && h.ID < before.ID {
			return
		}
	}
	x.seen[x.rows.VolumeID(i)] = seen{essence(h.CaptureText.V), int32(i)}
}

// finish puts rows in order, each id once, and counts what only all rows tell.
func (x *index) finish(p core.ScanProgress, at time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	order := make([]int32, x.rows.Len())
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(i, j int32) int { return x.spot(int(i)).compare(x.spot(int(j))) })
	x.once(order)
	x.relate()
	byPlace := func(a, b core.Holding) int { return spot{a.Container, a.Prefix}.compare(spot{b.Container, b.Prefix}) }
	slices.SortFunc(x.others, byPlace)
	slices.SortFunc(x.strays, byPlace)
	x.progress, x.at, x.done = p, at, true
}

// once keeps rows in an order, each id once: where a backup stands twice, the one that is
// whole. What captures were seen in keeps its rows.
func (x *index) once(order []int32) {
	newest := make([]core.BackupID, 0, len(x.seen)) // the rows are about to move
	ids := make([]core.VolumeID, 0, len(x.seen))
	for id := range x.seen {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		newest = append(newest, x.rows.ID(int(x.seen[id].row)))
	}
	x.rows.Keep(order)
	byID := x.rows.ByID()
	drop := make([]bool, len(order))
	for from := 0; from < len(byID); {
		to, best := from+1, byID[from]
		for ; to < len(byID) && x.rows.ID(int(byID[to])) == x.rows.ID(int(best)); to++ {
			if !x.available(best) && x.available(byID[to]) {
				best = byID[to]
			}
		}
		for _, i := range byID[from:to] {
			if i != best {
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
		x.rows.Keep(keep)
		byID = x.rows.ByID()
	}
	x.byID = byID
	x.describe(ids, newest)
}

func (x *index) available(i int32) bool {
	row := x.rows.At(int(i))
	return row.Backup.Status == core.StatusAvailable
}

// describe takes the volumes out of their captures, and counts their backups.
func (x *index) describe(ids []core.VolumeID, newest []core.BackupID) {
	type tally struct {
		backups int64
		last    core.Opt[time.Time]
	}
	counts := make([]tally, len(ids))
	for i := range x.rows.Len() {
		row := x.rows.At(i)
		j, ok := slices.BinarySearch(ids, row.Backup.VolumeID)
		if !ok {
			continue
		}
		c := &counts[j]
		if c.backups++; row.Backup.Status == core.StatusAvailable && row.Backup.CreatedAt.Set && row.Backup.CreatedAt.V.After(c.last.V) {
			c.last = row.Backup.CreatedAt
		}
	}
	for j, id := range ids {
		c := core.ReadCapture(x.seen[id].text, core.Source{})
		if base := c.Section(core.BaseSection); base != nil {
			v := core.CapturedVolume(id, base)
			v.Backups, v.LastBackup = counts[j].backups, counts[j].last
			x.volumes.Add(&v)
			i, _ := x.rows.Find(x.byID, newest[j])
			x.newest = append(x.newest, int32(i))
		}
	}
	x.seen = nil
}

// relate counts children, and finds each row's volume.
func (x *index) relate() {
	x.children, x.volumeOf = make([]int32, x.rows.Len()), make([]int32, x.rows.Len())
	for i := range x.rows.Len() {
		if parent := x.rows.ParentID(i); parent != "" {
			if p, ok := x.rows.Find(x.byID, parent); ok {
				x.children[p]++
			}
		}
		x.volumeOf[i] = -1
		if v, ok := x.volumes.Find(x.rows.VolumeID(i)); ok {
			x.volumeOf[i] = int32(v)
		}
	}
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
	container, prefix := x.rows.Spot(i)
	return spot{container, prefix}
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

// inventory is all of it.
func (x *index) inventory() core.Inventory {
	v := core.Inventory{ScanProgress: x.progress, Unknown: x.strange.sorted(), At: x.at}
	v.Holdings = make([]core.Holding, 0, x.rows.Len()+len(x.others)+len(x.strays))
	v.Holdings = slices.AppendSeq(v.Holdings, x.backups())
	v.Holdings = append(v.Holdings, x.strays...)
	return v
}

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
	page := core.SelectBackupsFrom(from.rows.Len(), func(i int) *core.Backup {
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
