// Package memory is a whole place in memory, for tests: it does what a store that
// hearth made does, keeps nothing, and can be told to stall, to fail at its nth
// call, and to count its calls.
package memory

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
)

// World is what a place holds when it is made. The zero World is an empty store
// that hearth made, called memory.
type World struct {
	Info core.PlaceInfo // Location "": that of a store that hearth made
	// Volumes with their metadata and rows. One whose row says deleted is only
	// known by name.
	Volumes []core.Volume
	Backups []core.Backup // also those that are deleted
	Types   []core.VolumeType
	// Snapshots are those of a cloud.
	Snapshots []core.Snapshot
	Captures  []core.KeptCapture // their ID and Place are the place's to give
	Now       func() time.Time   // the clock; nil: time.Now
}

// Place is a place in memory. Its methods may be called from many goroutines.
type Place struct {
	Knobs
	info core.PlaceInfo
	now  func() time.Time

	mu       sync.RWMutex // guards what follows
	volumes  []core.Volume
	backups  []core.Backup
	types    []core.VolumeType
	shots    []core.Snapshot
	captures []core.KeptCapture
	journal  []core.Entry
}

// New makes a place of a world. It keeps copies of what can change.
func New(w World) *Place {
	p := &Place{info: w.Info, now: w.Now, backups: slices.Clone(w.Backups), types: slices.Clone(w.Types), shots: slices.Clone(w.Snapshots)}
	if p.now == nil {
		p.now = time.Now
	}
	if p.info.Location == "" {
		p.info = core.PlaceInfo{Location: "memory", Title: "memory", Kind: core.PlaceEmbedded, Rules: core.RulesAuto, Journals: true}
	}
	for _, v := range w.Volumes {
		v.Metadata, v.Image, v.Row = v.Metadata.Clone(), v.Image.Clone(), v.Row.Clone()
		p.volumes = append(p.volumes, v)
	}
	for _, k := range w.Captures {
		p.keep(k)
	}
	return p
}

// Info describes the place. It is no call: it does no I/O anywhere.
func (p *Place) Info() core.PlaceInfo { return p.info }

// Close is no call either.
func (p *Place) Close() error { return nil }

func deleted(v *core.Volume) bool {
	d, _ := v.Row.Get("deleted")
	return d.Truthy()
}

// Volumes answers a query.
func (p *Place) Volumes(ctx context.Context, q core.Query) (core.Page[core.Volume], error) {
	if err := p.enter(ctx, "Volumes", "list volumes"); err != nil {
		return core.Page[core.Volume]{Offset: q.Offset}, err
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	rows := make([]core.Volume, 0, len(p.volumes))
	counts := p.counts()
	for _, v := range p.volumes {
		if !deleted(&v) {
			v.Metadata, v.Image, v.Row = nil, nil, nil
			v.Backups, v.LastBackup = counts[v.ID].n, counts[v.ID].last
			rows = append(rows, v)
		}
	}
	return core.SelectVolumes(rows, q), nil
}

type count struct {
	n    int64
	last core.Opt[time.Time]
}

// counts counts the backups of each volume.
func (p *Place) counts() map[core.VolumeID]count {
	out := map[core.VolumeID]count{}
	for i := range p.backups {
		b := &p.backups[i]
		if b.Deleted {
			continue
		}
		c := out[b.VolumeID]
		c.n++
		if at := b.CreatedAt; b.Status == core.StatusAvailable && at.Set && (!c.last.Set || at.V.After(c.last.V)) {
			c.last = at
		}
		out[b.VolumeID] = c
	}
	return out
}

// Backups answers a query.
func (p *Place) Backups(ctx context.Context, q core.Query) (core.Page[core.Backup], error) {
	if err := p.enter(ctx, "Backups", "list backups"); err != nil {
		return core.Page[core.Backup]{Offset: q.Offset}, err
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	names := map[core.VolumeID]core.Opt[string]{}
	for i := range p.volumes {
		names[p.volumes[i].ID] = p.volumes[i].Name
	}
	rows := make([]core.Backup, 0, len(p.backups))
	for _, b := range p.backups {
		if !b.Deleted {
			b.VolumeName, b.Metadata = names[b.VolumeID], nil
			rows = append(rows, b)
		}
	}
	return core.SelectBackups(rows, q), nil
}

// Volume reads one volume.
func (p *Place) Volume(ctx context.Context, id core.VolumeID) (core.Volume, error) {
	tried := "read volume " + string(id)
	if err := p.enter(ctx, "Volume", tried); err != nil {
		return core.Volume{}, err
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	v := p.volume(id)
	if v == nil {
		return core.Volume{}, core.Fail(core.CodeNotFound, tried, "there is no such volume", "list them with hearth volumes", nil)
	}
	out := *v
	out.Metadata, out.Image, out.Row = v.Metadata.Clone(), v.Image.Clone(), v.Row.Clone()
	c := p.counts()[id]
	out.Backups, out.LastBackup = c.n, c.last
	return out, nil
}

// volume finds a volume that is not deleted; nil if there is none.
func (p *Place) volume(id core.VolumeID) *core.Volume {
	i := slices.IndexFunc(p.volumes, func(v core.Volume) bool { return v.ID == id })
	if i < 0 || deleted(&p.volumes[i]) {
		return nil
	}
	return &p.volumes[i]
}

// Backup reads one backup.
func (p *Place) Backup(ctx context.Context, id core.BackupID) (core.Backup, error) {
	tried := "read backup " + string(id)
	if err := p.enter(ctx, "Backup", tried); err != nil {
		return core.Backup{}, err
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.backup(id, tried)
}

func (p *Place) backup(id core.BackupID, tried string) (core.Backup, error) {
	i := slices.IndexFunc(p.backups, func(b core.Backup) bool { return b.ID == id })
	if i < 0 || p.backups[i].Deleted {
		return core.Backup{}, core.Fail(core.CodeNotFound, tried, "there is no such backup", "list them with hearth backups", nil)
	}
	b := p.backups[i]
	b.Metadata = b.Metadata.Clone()
	for j := range p.volumes {
		if p.volumes[j].ID == b.VolumeID {
			b.VolumeName = p.volumes[j].Name
		}
	}
	return b, nil
}

// VolumeTypes lists the volume types, by name.
func (p *Place) VolumeTypes(ctx context.Context) ([]core.VolumeType, error) {
	if err := p.enter(ctx, "VolumeTypes", "read the volume types"); err != nil {
		return nil, err
	}
	types := slices.Clone(p.types)
	slices.SortFunc(types, func(a, b core.VolumeType) int { return strings.Compare(a.Name+"\x00"+a.ID, b.Name+"\x00"+b.ID) })
	return types, nil
}

// Captures returns the kept captures of a backup, or with an empty backup of a
// volume, newest first.
func (p *Place) Captures(ctx context.Context, _ string, volume core.VolumeID, backup core.BackupID) ([]core.KeptCapture, error) {
	if err := p.enter(ctx, "Captures", "read the captures"); err != nil {
		return nil, err
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	var out []core.KeptCapture
	for _, k := range p.captures {
		if backup != "" && k.BackupID == backup || backup == "" && k.VolumeID == volume {
			out = append(out, k)
		}
	}
	slices.Reverse(out) // as they came to be kept, whatever the clock did
	return out, nil
}

// CapturedOf says what is known of the captures of some backups.
func (p *Place) CapturedOf(ctx context.Context, _ string, ids []core.BackupID) (map[core.BackupID]core.Captured, error) {
	if err := p.enter(ctx, "CapturedOf", "read the captures"); err != nil {
		return nil, err
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	kept := map[core.BackupID][]core.KeptCapture{}
	for _, k := range slices.Backward(p.captures) {
		if k.BackupID != "" && slices.Contains(ids, k.BackupID) {
			kept[k.BackupID] = append(kept[k.BackupID], k)
		}
	}
	out := map[core.BackupID]core.Captured{}
	for id, of := range kept {
		out[id] = core.CapturedBy(of)
	}
	return out, nil
}

// KeepCapture keeps a capture, once.
func (p *Place) KeepCapture(ctx context.Context, k core.KeptCapture) (int64, error) {
	const tried = "keep the capture"
	if err := p.enterToWrite(ctx, "KeepCapture", tried); err != nil {
		return 0, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.keep(k), nil
}

func (p *Place) keep(k core.KeptCapture) int64 {
	for _, old := range p.captures {
		if old.VolumeID == k.VolumeID && old.BackupID == k.BackupID && old.Capture.Text == k.Capture.Text {
			return old.ID
		}
	}
	k.ID, k.Place = int64(len(p.captures)+1), ""
	k.At = k.At.UTC().Truncate(time.Microsecond)
	k.Capture.VolumeID, k.Capture.BackupID = k.VolumeID, k.BackupID
	p.captures = append(p.captures, k)
	return k.ID
}

// Entries returns the newest entries first; limit 0 is all. There is one place,
// so that its name is not looked at.
func (p *Place) Entries(ctx context.Context, _ string, limit int) ([]core.Entry, error) {
	if err := p.enter(ctx, "Entries", "read the journal"); err != nil {
		return nil, err
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	out := slices.Clone(p.journal)
	slices.Reverse(out)
	if limit > 0 && limit < len(out) {
		out = out[:limit]
	}
	return out, nil
}

// Entry reads one entry.
func (p *Place) Entry(ctx context.Context, id core.EntryID) (core.Entry, error) {
	const tried = "read a journal entry"
	if err := p.enter(ctx, "Entry", tried); err != nil {
		return core.Entry{}, err
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	if id < 1 || int(id) > len(p.journal) {
		return core.Entry{}, core.Fail(core.CodeNotFound, tried, "there is no such entry", "list them with hearth journal", nil)
	}
	return p.journal[id-1], nil
}

// Size is as if each volume, backup and capture took a kilobyte.
func (p *Place) Size(ctx context.Context) (int64, error) {
	if err := p.enter(ctx, "Size", "ask for the size"); err != nil {
		return 0, err
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	return int64(1+len(p.volumes)+len(p.backups)+len(p.captures)) << 10, nil
}

// Export makes the record that Cinder would export.
func (p *Place) Export(ctx context.Context, id core.BackupID) (core.Record, error) {
	tried := "export backup " + string(id)
	if err := p.enter(ctx, "Export", tried); err != nil {
		return core.Record{}, err
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	b, err := p.backup(id, tried)
	if err != nil {
		return core.Record{}, err
	}
	if b.Status != core.StatusAvailable {
		return core.Record{}, core.Fail(core.CodeRefused, tried, "its status is "+b.Status+", and Cinder exports only what is available",
			"wait, or repair it first", nil)
	}
	b.Unseen = nil
	r, err := core.ExportRecord(&b)
	if err != nil {
		return core.Record{}, core.Fail(core.CodeRefused, tried, "Cinder could not export it: "+err.Error(), "repair its row first", err)
	}
	return r, nil
}

// textOf is a nullable text out of a Python value.
func textOf(v pyjson.Value) core.Opt[string] {
	if v.IsNull() {
		return core.Opt[string]{}
	}
	return core.Some(v.Text())
}
