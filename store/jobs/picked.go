package jobs

import (
	"context"

	"hearth/core"
)

// Picked is what a job on several backups works on: these, and no others that may come
// to be like them.
type Picked struct {
	IDs []core.BackupID
	// Left says of a backup, as it is when its turn comes, why it is left alone, "" if it
	// is still meant: one that was picked by a filter may fulfil it no longer. nil: each
	// was picked by itself.
	Left func(*core.Backup) string
}

// Only is what is picked of ids, which may be others too: those were picked by themselves.
func (p Picked) Only(ids []core.BackupID) Picked {
	if p.Left == nil {
		return Picked{IDs: ids}
	}
	by := make(map[core.BackupID]bool, len(p.IDs))
	for _, id := range p.IDs {
		by[id] = true
	}
	return Picked{ids, func(b *core.Backup) string {
		if !by[b.ID] {
			return ""
		}
		return p.Left(b)
	}}
}

// leaves says why backups whose turn has come are left alone, which those are too that are
// gone; those that are not are left out.
func (d Desk) leaves(ctx context.Context, left func(*core.Backup) string, ids []core.BackupID,
	tried string) (map[core.BackupID]error, error) {
	if left == nil {
		return nil, nil
	}
	rows, err := d.these(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := map[core.BackupID]error{}
	for _, id := range ids {
		b, here := rows[id]
		err := leftAlone(left, &b, tried+" "+b.Title())
		if !here {
			err = core.Fail(core.CodeNotFound, tried+" "+string(id), "it is there no longer", "", nil)
		}
		if err != nil {
			out[id] = err
		}
	}
	return out, nil
}

// leftAlone is the error of a backup that is left alone; nil if it is not.
func leftAlone(left func(*core.Backup) string, b *core.Backup, tried string) error {
	if left != nil {
		if why := left(b); why != "" {
			return core.Fail(core.CodeConflict, tried, why, "it was left alone; mark it by itself if it is meant", nil)
		}
	}
	return nil
}

// leave reads a backup whose turn has come, and says why it is left alone; nil if it is
// not. One that cannot be read is left alone too, but for one that is gone: the request for
// it says what that means.
func (d Desk) leave(ctx context.Context, left func(*core.Backup) string, id core.BackupID, tried string) error {
	if left == nil {
		return nil
	}
	b, err := d.Place.Backup(ctx, id)
	if err != nil {
		if core.CodeOf(err) == core.CodeNotFound {
			return nil
		}
		return err
	}
	return leftAlone(left, &b, tried)
}
