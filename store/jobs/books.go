// Package jobs is what both faces do at length with places: plan, apply and read
// back, undo, export, import, archive, copy, recover. Its functions work over the store's interfaces,
// take a context, and give one result per item.
package jobs

import (
	"context"
	"time"

	"hearth/core"
	"hearth/store"
	"hearth/store/archive"
)

// Desk is what a job works with: a place, the books it is accounted for in, and
// whose hand it is.
type Desk struct {
	Place   store.Place
	Archive *archive.Archive // nil: nothing is kept outside of the place (a demo)
	Who     string           // user@host, for the journal
	Now     func() time.Time // the clock
	// Source knows the captures that Cinder stored with the place's backups: the
	// backup repository, where one is configured for the place; nil: none is.
	Source store.CaptureSource
	// Sleep waits between two looks at a place; nil waits for real. It returns the
	// context's error when that ends.
	Sleep func(ctx context.Context, d time.Duration) error
	// ImportPatience is how long an import is followed where the place imports by
	// and by; 0 is a minute.
	ImportPatience time.Duration
	// Reach says whose rows the desk lists and works on, where several projects
	// share the place; ReachDefault: as the place was opened. A job has a desk of
	// its own, so that it ends with the reach that it began with.
	Reach core.Reach
}

// Backups and Volumes list rows of the place; a query that names no reach has the
// desk's.
func (d Desk) Backups(ctx context.Context, q core.Query) (core.Page[core.Backup], error) {
	return d.Place.Backups(ctx, d.reaching(q))
}

// Volumes lists volumes as Backups does backups.
func (d Desk) Volumes(ctx context.Context, q core.Query) (core.Page[core.Volume], error) {
	return d.Place.Volumes(ctx, d.reaching(q))
}

func (d Desk) reaching(q core.Query) core.Query {
	if q.Reach == core.ReachDefault {
		q.Reach = d.Reach
	}
	return q
}

// AllProjects reports whether the desk lists the rows of every project.
func (d Desk) AllProjects() bool {
	p, ok := d.Place.(store.Reacher)
	return ok && (d.Reach == core.ReachAll || d.Reach == core.ReachDefault && p.Reach() == core.ReachAll)
}

// Info describes the place as far as the desk reaches; it does no I/O.
func (d Desk) Info() core.PlaceInfo {
	info := d.Place.Info()
	if d.AllProjects() {
		info.Title += " · all projects"
	}
	return info
}

// location is the place's name in the archive.
func (d Desk) location() string { return d.Place.Info().Location }

// own reports whether the place keeps its own books, or nobody else does.
func (d Desk) own() bool { return d.Place.Info().Journals || d.Archive == nil }

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
// backup comes before all of them, where a repository shows it.
func (d Desk) KeptCaptures(ctx context.Context, volume core.VolumeID, backup core.BackupID) ([]core.KeptCapture, error) {
	var first []core.KeptCapture
	if c, has, _, err := d.stored(ctx, backup); has {
		first = []core.KeptCapture{{Place: c.Source.Where, VolumeID: volume, BackupID: backup, At: c.Source.At.V, Capture: c}}
	} else if ctx.Err() != nil {
		return nil, err
	}
	c := d.captures()
	if c == nil {
		return first, nil
	}
	kept, err := c.Captures(ctx, d.location(), volume, backup)
	if err == nil && len(kept) == 0 && backup != "" && d.Archive != nil {
		kept, err = d.Archive.Captures(ctx, "", volume, backup)
	}
	return append(first, kept...), err
}

// Capture takes the capture of a volume as it is now.
func (d Desk) Capture(ctx context.Context, id core.VolumeID, version int) (core.Capture, core.Volume, error) {
	v, err := d.Place.Volume(ctx, id)
	if err != nil {
		return core.Capture{}, v, err
	}
	c, err := core.CaptureOf(&v, version, core.Source{Kind: core.SourceNow, Where: d.location(), At: core.Some(d.Now())})
	if err != nil {
		return c, v, core.Fail(core.CodeRefused, "capture volume "+v.Title(), err.Error(), "Cinder's backup of it would fail as well; repair the field first", err)
	}
	return c, v, nil
}

// Keep keeps a capture of a volume, taken now, for later comparison.
func (d Desk) Keep(ctx context.Context, c core.Capture) (int64, error) {
	books := d.captures()
	if books == nil {
		return 0, core.Fail(core.CodeUnsupported, "keep the capture", "there is no archive", "", nil)
	}
	c.Source.Kind = core.SourceTaken
	return books.KeepCapture(ctx, core.KeptCapture{Place: d.location(), VolumeID: c.VolumeID, BackupID: c.BackupID, At: d.Now(), Capture: c})
}

// Chain follows the parents of a backup.
func (d Desk) Chain(ctx context.Context, id core.BackupID) (core.Chain, error) {
	return core.ChainOf(id, func(id core.BackupID) (core.Backup, bool, error) {
		b, err := d.Place.Backup(ctx, id)
		if core.CodeOf(err) == core.CodeNotFound {
			return b, false, nil
		}
		return b, err == nil, err
	})
}
