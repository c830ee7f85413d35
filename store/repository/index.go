package repository

import (
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"hearth/core"
)

// fewStrays is how many strays are kept by name.
const fewStrays = 1000

// index is what a scan found, kept as rows. While the scan goes on, rows are only
// added; at its end they are put in order, and do not change any more.
type index struct {
	mu       sync.Mutex // guards what follows until the scan is done
	rows     []core.Backup
	held     []held // beside the rows
	others   []core.Holding
	strays   []core.Holding
	strange  strange
	volumes  map[core.VolumeID]*seen
	progress core.ScanProgress
	at       time.Time

	// Once the scan is done.
	byID map[core.BackupID]int
	list []core.Volume // by id
}

// held is what is known of a finished backup besides its row.
type held struct {
	began    core.Opt[time.Time]
	objects  int64
	bytes    int64
	problem  string
	marks    []core.Mark
	volume   core.VolumeID // that its prefix names
	captured bool
	spot     spot // where it lies
}

// seen is a volume as the last capture has it.
type seen struct {
	text   string // of the capture, until the scan is done
	volume core.Volume
	at     core.Opt[time.Time]
	backup core.BackupID
}

// add keeps what a scan found.
func (x *index) add(h core.Holding) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch h.Kind {
	case core.HoldingStray:
		if x.strange.add(&h); len(x.strays) < fewStrays {
			x.strays = append(x.strays, h)
		}
	case core.HoldingBackup:
		if h.CaptureText.Set {
			x.see(&h)
		}
		x.rows = append(x.rows, h.Backup)
		x.held = append(x.held, held{h.Began, h.Objects, h.Bytes, h.Problem, h.Marks, h.VolumeID, h.CaptureText.Set,
			spot{h.Container, h.Prefix}})
	default:
		x.others = append(x.others, h)
	}
	return nil
}

// see keeps a capture if it is the newest of its volume.
func (x *index) see(h *core.Holding) {
	if x.volumes == nil {
		x.volumes = map[core.VolumeID]*seen{}
	}
	id, at := h.Backup.VolumeID, h.Backup.CreatedAt
	if old := x.volumes[id]; old != nil {
		if c := at.V.Compare(old.at.V); c < 0 || c == 0 && h.ID < old.backup {
			return
		}
	}
	x.volumes[id] = &seen{text: strings.Clone(h.CaptureText.V), at: at, backup: h.ID}
}

// describe takes the volumes out of their captures.
func (x *index) describe() {
	for id, s := range x.volumes {
		c := core.ReadCapture(s.text, core.Source{})
		s.text = ""
		if base := c.Section(core.BaseSection); base != nil {
			s.volume = core.CapturedVolume(id, base)
		} else {
			delete(x.volumes, id)
		}
	}
}

// finish puts rows in order, each id once, and counts what only all rows tell.
func (x *index) finish(p core.ScanProgress, at time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	order := make([]int, len(x.rows))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int {
		a, b := x.spot(i), x.spot(j)
		if c := strings.Compare(a.container, b.container); c != 0 {
			return c
		}
		return strings.Compare(a.prefix, b.prefix)
	})
	best := map[core.BackupID]int{} // where a backup stands twice, the one that is whole
	for _, i := range order {
		j, twice := best[x.rows[i].ID]
		if !twice || x.rows[j].Status != core.StatusAvailable && x.rows[i].Status == core.StatusAvailable {
			best[x.rows[i].ID] = i
		}
	}
	rows, keep := make([]core.Backup, 0, len(best)), make([]held, 0, len(best))
	x.byID = make(map[core.BackupID]int, len(best))
	for _, i := range order {
		if j := best[x.rows[i].ID]; i != j {
			h := x.holding(i)
			h.Problem = "the same backup also stands under " + core.Visible(x.spot(j).String())
			x.others = append(x.others, h)
			continue
		}
		x.byID[x.rows[i].ID] = len(rows)
		rows, keep = append(rows, x.rows[i]), append(keep, x.held[i])
	}
	x.rows, x.held = rows, keep
	x.describe()
	x.relate()
	byPlace := func(a, b core.Holding) int {
		if c := strings.Compare(a.Container, b.Container); c != 0 {
			return c
		}
		return strings.Compare(a.Prefix, b.Prefix)
	}
	slices.SortFunc(x.others, byPlace)
	slices.SortFunc(x.strays, byPlace)
	x.progress, x.at = p, at
}

// relate counts children and backups, and names volumes.
func (x *index) relate() {
	for i := range x.rows {
		if p, ok := x.byID[x.rows[i].ParentID]; ok && x.rows[i].ParentID != "" {
			x.rows[p].Dependents++
		}
	}
	for i := range x.rows {
		s := x.volumes[x.rows[i].VolumeID]
		if s == nil {
			continue
		}
		x.rows[i].VolumeName = s.volume.Name
		if b := &x.rows[i]; b.Status == core.StatusAvailable {
			if s.volume.Backups++; b.CreatedAt.Set && b.CreatedAt.V.After(s.volume.LastBackup.V) {
				s.volume.LastBackup = b.CreatedAt
			}
		} else {
			s.volume.Backups++
		}
	}
	x.list = make([]core.Volume, 0, len(x.volumes))
	for _, s := range x.volumes {
		x.list = append(x.list, s.volume)
	}
	slices.SortFunc(x.list, func(a, b core.Volume) int { return strings.Compare(string(a.ID), string(b.ID)) })
}

// spot is where a row's objects lie.
func (x *index) spot(i int) spot { return x.held[i].spot }

// holding is a row as an inventory has it.
func (x *index) holding(i int) core.Holding {
	b, h := &x.rows[i], &x.held[i]
	return core.Holding{Kind: core.HoldingBackup, Container: h.spot.container, Prefix: h.spot.prefix, ID: b.ID,
		VolumeID: h.volume, Began: h.began,
		Objects: h.objects, Bytes: h.bytes, Problem: h.problem, Backup: *b, Marks: h.marks, CaptureText: core.Opt[string]{Set: h.captured}}
}

// backups goes through what is no stray.
func (x *index) backups() iter.Seq[core.Holding] {
	return func(yield func(core.Holding) bool) {
		for i := range x.rows {
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
	v.Holdings = make([]core.Holding, 0, len(x.rows)+len(x.others)+len(x.strays))
	v.Holdings = slices.AppendSeq(v.Holdings, x.backups())
	v.Holdings = append(v.Holdings, x.strays...)
	return v
}

// shown are the rows that there are so far, and when the scan ended if it has.
// Nobody changes them any more.
func (x *index) shown() ([]core.Backup, core.Opt[time.Time]) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.byID != nil {
		return x.rows, core.Some(x.at)
	}
	return slices.Clone(x.rows), core.Opt[time.Time]{}
}
