package jobs

import (
	"context"

	"hearth/core"
	"hearth/store"
)

// source is what knows the captures that Cinder stored with the place's backups:
// the place itself, if it is a backup repository, or the one configured for it.
func (d Desk) source() store.CaptureSource {
	if s, ok := d.Place.(store.CaptureSource); ok {
		return s
	}
	return d.Source
}

// stored returns the capture that Cinder stored with a backup. known is false
// where the repository does not hold the backup, or there is no repository; a
// backup that is known and has no capture gives none.
func (d Desk) stored(ctx context.Context, id core.BackupID) (c core.Capture, has, known bool, err error) {
	s := d.source()
	if s == nil || id == "" {
		return c, false, false, nil
	}
	c, has, err = s.Capture(ctx, id)
	if core.CodeOf(err) == core.CodeNotFound {
		return c, false, false, nil
	}
	c.BackupID = id
	return c, has, err == nil, err
}

// laidOut fills in how the backups of a chain were written, as far as the source knows:
// a source that is out of reach is no reason to know less of the rest.
func (d Desk) laidOut(ctx context.Context, backups []core.Backup) {
	dater, ok := d.source().(store.Dater)
	if !ok {
		return
	}
	for i := range backups {
		if backups[i].Layout == nil {
			backups[i].Layout, _ = dater.Layout(ctx, backups[i].ID)
		}
	}
}

// scanned is a repository, as far as a recovery needs one.
type scanned interface {
	store.CaptureSource
	Scan(ctx context.Context, progress func(core.ScanProgress)) (core.Inventory, error)
}
