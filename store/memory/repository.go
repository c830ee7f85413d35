package memory

import (
	"bytes"
	"context"
	"slices"

	"hearth/core"
)

// Repository is a backup repository in memory: read-only, its captures are those
// that Cinder stored.
type Repository struct {
	*Place
	marks    map[core.BackupID][]core.Mark
	unusable []core.Holding
	flaws    map[core.BackupID][]core.Flaw
}

// NewRepository makes a repository of a world's available backups and captures.
func NewRepository(w World, marks map[core.BackupID][]core.Mark, unusable ...core.Holding) *Repository {
	if w.Info.Location == "" {
		w.Info = core.PlaceInfo{Location: "posix:/memory", Title: "memory", Kind: core.PlaceRepository, ReadOnly: "a repository is only read"}
	}
	var whole []core.Backup
	for _, b := range w.Backups {
		if b.Status == core.StatusAvailable && !b.Deleted {
			whole = append(whole, b)
		}
	}
	w.Backups = whole
	return &Repository{Place: New(w), marks: marks, unusable: unusable}
}

// Capture returns what was stored with a backup.
func (r *Repository) Capture(ctx context.Context, id core.BackupID) (core.Capture, bool, error) {
	if _, err := r.Backup(ctx, id); err != nil {
		return core.Capture{}, false, err
	}
	kept, err := r.Captures(ctx, "", "", id)
	if err != nil || len(kept) == 0 {
		return core.Capture{}, false, err
	}
	c := kept[0].Capture
	c.Source = core.Source{Kind: core.SourceRepository, Where: r.info.Location}
	return c, true, nil
}

// Marks says what of a row is assumed or lost.
func (r *Repository) Marks(_ context.Context, id core.BackupID) ([]core.Mark, error) {
	return r.marks[id], nil
}

// Scan tells what is in it.
func (r *Repository) Scan(ctx context.Context, progress func(core.ScanProgress)) (core.Inventory, error) {
	if err := r.enter(ctx, "Scan", "scan the repository"); err != nil {
		return core.Inventory{}, err
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	inv := core.Inventory{At: r.now()}
	var found []core.Holding
	for _, b := range r.backups {
		h := core.Holding{Kind: core.HoldingBackup, ID: b.ID, VolumeID: b.VolumeID, Backup: b, Marks: r.marks[b.ID],
			Container: b.Container.V, Prefix: "backup_" + string(b.ID), Began: b.CreatedAt, Objects: b.ObjectCount + 2, Bytes: b.ObjectCount << 20}
		for _, k := range r.captures {
			h.CaptureText.Set = h.CaptureText.Set || k.BackupID == b.ID
		}
		found = append(found, h)
		inv.Backups++
	}
	for _, h := range r.unusable {
		found = append(found, h)
		*map[core.HoldingKind]*int64{
			core.HoldingBackup: &inv.Backups, core.HoldingUnfinished: &inv.Unfinished, core.HoldingBroken: &inv.Broken,
			core.HoldingStray: &inv.Strays,
		}[h.Kind]++
	}
	for _, h := range found {
		inv.Objects += h.Objects
		inv.Bytes += h.Bytes
	}
	inv.Holdings = core.HoldingsOf(len(found), func(i int) core.Holding { return found[i] })
	if progress != nil {
		progress(inv.ScanProgress)
	}
	return inv, nil
}

// Verify reports that a backup is sound, or what [Repository.Spoil] said of it, in
// the order of the inventory.
func (r *Repository) Verify(ctx context.Context, q core.VerifyRequest, report func(core.VerifyReport) error) error {
	inv, err := r.Scan(ctx, nil)
	if err != nil {
		return err
	}
	var todo []core.VerifyReport
	for _, h := range inv.Holdings.All() {
		if h.Kind == core.HoldingStray || len(q.IDs) > 0 && !slices.Contains(q.IDs, h.ID) {
			continue
		}
		v := core.VerifyReport{ID: h.ID, Name: h.Backup.Name, VolumeID: h.VolumeID, Container: h.Container, Prefix: h.Prefix, Deep: q.Deep,
			Objects: max(h.Objects, 1), Flaws: r.flaws[h.ID]}
		switch h.Kind {
		case core.HoldingUnfinished:
			v.Flaws = append(v.Flaws, core.Flaw{Code: core.FlawUnfinished, Severity: core.SeverityDamage, Text: h.Problem})
		case core.HoldingBroken:
			v.Flaws = append(v.Flaws, core.Flaw{Code: core.FlawMetadataCut, Severity: core.SeverityDamage, Text: h.Problem})
		}
		if q.Deep {
			v.Bytes = h.Bytes
		}
		for _, f := range v.Flaws {
			if f.Severity == core.SeverityDamage {
				v.Damages++
			}
		}
		todo = append(todo, v)
	}
	for i, v := range todo {
		if err := r.enter(ctx, "Verify", "verify the repository"); err != nil {
			return err
		}
		if err := report(v); err != nil {
			return err
		}
		if q.Progress != nil {
			q.Progress(core.VerifyProgress{Done: int64(i + 1), Of: int64(len(todo))})
		}
	}
	return nil
}

// Spoil says what a verification finds of a backup.
func (r *Repository) Spoil(id core.BackupID, flaws ...core.Flaw) {
	if r.flaws == nil {
		r.flaws = map[core.BackupID][]core.Flaw{}
	}
	r.flaws[id] = flaws
}

// Rename gives a backup another name, as one that is rebuilt otherwise would have.
func (r *Repository) Rename(id core.BackupID, name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.backups {
		if r.backups[i].ID == id {
			r.backups[i].Name = core.Some(name)
		}
	}
}

// imageSize is how many bytes each backup's volume has.
const imageSize = 5 << 20

// Image tells what there is to read of a backup, whose bytes are all its id's first.
func (r *Repository) Image(ctx context.Context, id core.BackupID) (core.Image, error) {
	if err := r.enter(ctx, "Image", "read the bytes of a backup"); err != nil {
		return core.Image{}, err
	}
	b, err := r.Backup(ctx, id)
	i := core.Image{Backup: id, Name: b.Name, VolumeID: b.VolumeID, Size: imageSize, Stored: b.ObjectCount << 20}
	for at := b; err == nil; at, err = r.Backup(ctx, at.ParentID) {
		i.Chain = append(i.Chain, at.ID)
		if at.ParentID == "" {
			slices.Reverse(i.Chain)
			return i, nil
		}
	}
	return i, err
}

// ReadImage hands the bytes over, a MiB at a time.
func (r *Repository) ReadImage(ctx context.Context, q core.ImageRequest, sink core.ImageSink) (core.ImageReport, error) {
	var report core.ImageReport
	part := q.Part
	if part.To == 0 {
		part.To = imageSize
	}
	for at := part.From; at < part.To; {
		if err := r.enter(ctx, "ReadImage", "read the bytes of a backup"); err != nil {
			return report, err
		}
		next := min(at+1<<20, part.To)
		if _, err := sink.WriteAt(bytes.Repeat([]byte{q.Backup[0]}, int(next-at)), at); err != nil {
			return report, err
		}
		if err := sink.Whole(core.Range{From: at, To: next}); err != nil {
			return report, err
		}
		report.Bytes += next - at
		at = next
		if q.Progress != nil {
			q.Progress(core.ImageProgress{Done: report.Bytes, Of: part.Len(), Read: report.Bytes})
		}
	}
	return report, nil
}
