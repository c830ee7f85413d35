package jobs

import (
	"context"
	"slices"

	"hearth/core"
	"hearth/store"
)

// captures returns where captures of the place are kept: in itself if it keeps
// them, else in the archive. nil if there is neither.
func (d Desk) captures() store.Captures {
	if c, ok := d.Place.(store.Captures); ok && d.own() {
		return c
	}
	if d.Archive != nil {
		return d.Archive
	}
	return nil
}

// Journal returns where changes of the place are accounted for; nil if nowhere.
func (d Desk) Journal() store.Journal {
	if j, ok := d.Place.(store.Journal); ok && d.own() {
		return j
	}
	if d.Archive != nil {
		return d.Archive
	}
	return nil
}

// KeptCaptures returns the kept captures of a backup, or with an empty backup of
// a volume, newest first. A backup's are those that were kept of it in another
// place, where none were in this one: its id is the same in every cloud that a copy
// of it was imported into, and so are its files. What Cinder itself stored with the
// backup comes before all of them, where a repository shows it. Those that do not match
// their fingerprints are left out; [Desk.Layers] names them.
func (d Desk) KeptCaptures(ctx context.Context, volume core.VolumeID, backup core.BackupID) ([]core.KeptCapture, error) {
	var first []core.KeptCapture
	if c, has, _, err := d.stored(ctx, backup); has {
		first = []core.KeptCapture{{Place: c.Source.Where, VolumeID: volume, BackupID: backup, At: c.Source.At.V, Capture: c}}
	} else if ctx.Err() != nil {
		return nil, err
	}
	kept, err := d.keptInBooks(ctx, volume, backup)
	return append(first, slices.DeleteFunc(kept, func(k core.KeptCapture) bool { return k.Rotten })...), err
}

// keptInBooks is KeptCaptures without what Cinder stored, and with those that are rotten.
func (d Desk) keptInBooks(ctx context.Context, volume core.VolumeID, backup core.BackupID) ([]core.KeptCapture, error) {
	c := d.captures()
	if c == nil {
		return nil, nil
	}
	kept, err := c.Captures(ctx, d.location(), volume, backup)
	if err == nil && len(kept) == 0 && backup != "" && d.Archive != nil {
		kept, err = d.Archive.Captures(ctx, "", volume, backup)
	}
	return kept, err
}

// Capture takes the capture of a volume as it is now.
func (d Desk) Capture(ctx context.Context, id core.VolumeID, version int) (core.Capture, core.Volume, error) {
	v, err := d.Place.Volume(ctx, id)
	if err != nil {
		return core.Capture{}, v, err
	}
	c, err := core.CaptureOf(&v, version, core.Source{Kind: core.SourceNow, Where: d.location(), At: core.Some(d.Now())})
	if err != nil {
		return c, v, core.Fail(core.CodeRefused, "capture volume "+v.Title(), err.Error(),
			"Cinder's backup of it would fail as well; repair the field first", err)
	}
	return c, v, nil
}

// Keep keeps a capture of a volume, taken now, for later comparison.
func (d Desk) Keep(ctx context.Context, c core.Capture) (int64, error) {
	books := d.captures()
	if books == nil {
		return 0, noBooks()
	}
	c.Source.Kind = core.SourceTaken
	return books.KeepCapture(ctx, core.KeptCapture{Place: d.location(), VolumeID: c.VolumeID, BackupID: c.BackupID, At: d.Now(), Capture: c})
}

func noBooks() error {
	return core.Fail(core.CodeUnsupported, "keep the capture", "there is no archive", "hearth check says what is wrong", nil)
}

// Chain follows the parents of a backup.
func (d Desk) Chain(ctx context.Context, id core.BackupID) (core.Chain, error) {
	chain, err := core.ChainOf(id, func(id core.BackupID) (core.Backup, bool, error) {
		b, err := d.Place.Backup(ctx, id)
		if core.CodeOf(err) == core.CodeNotFound {
			return b, false, nil
		}
		if err == nil {
			err = d.parented(ctx, &b)
		}
		return b, err == nil, err
	})
	if r, ok := d.Place.(store.Recaller); ok && err == nil && chain.Missing != "" && len(chain.Backups) > 0 {
		switch b, gone := r.Recall(ctx, chain.Missing); core.CodeOf(gone) {
		case "":
			chain.Deleted = &b
		case core.CodeCancelled:
			return chain, gone
		}
	}
	return chain, err
}

// parented fills in what a backup stands on, where the place does not name it: what its
// repository, or a record of it that is kept, says of that never changes.
func (d Desk) parented(ctx context.Context, b *core.Backup) error {
	if !b.Incremental || b.ParentID != "" && !b.ParentGuessed {
		return nil
	}
	if p, ok := d.source().(store.Place); ok { // one that is out of reach is no reason to know less of the rest
		if stored, err := p.Backup(ctx, b.ID); err == nil && stored.ParentID != "" && !stored.ParentGuessed {
			b.ParentID, b.ParentGuessed = stored.ParentID, false
			return nil
		}
	}
	if d.Archive == nil {
		return nil
	}
	kept, err := d.Archive.Records(ctx, d.location(), b.ID)
	if err != nil || len(kept) == 0 {
		return err
	}
	if r, err := core.DecodeRecord(kept[0].Record.URL, core.Today); err == nil && r.ParentID() != "" {
		b.ParentID, b.ParentGuessed = r.ParentID(), false
	}
	return nil
}
