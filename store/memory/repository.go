package memory

import (
	"context"

	"hearth/core"
)

// Repository is a backup repository in memory: read-only, its captures are those
// that Cinder stored.
type Repository struct {
	*Place
	marks    map[core.BackupID][]core.Mark
	unusable []core.Holding
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
	return &Repository{New(w), marks, unusable}
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
	for _, b := range r.backups {
		h := core.Holding{Kind: core.HoldingBackup, ID: b.ID, VolumeID: b.VolumeID, Backup: b, Marks: r.marks[b.ID]}
		for _, k := range r.captures {
			h.Captured = h.Captured || k.BackupID == b.ID
		}
		inv.Holdings = append(inv.Holdings, h)
		inv.Backups++
	}
	inv.Holdings = append(inv.Holdings, r.unusable...)
	if progress != nil {
		progress(inv.ScanProgress)
	}
	return inv, nil
}
