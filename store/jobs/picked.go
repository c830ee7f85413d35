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
	if why := left(&b); why != "" {
		return core.Fail(core.CodeConflict, tried, why, "it was left alone; mark it by itself if it is meant", nil)
	}
	return nil
}
