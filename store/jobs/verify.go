package jobs

import (
	"context"
	"slices"

	"hearth/core"
	"hearth/store"
)

// Verify has the repository, which is the desk's place, verify what is picked, or without
// ids everything, as [store.Repository.Verify] does. alone says of each that was left
// alone why; some hundreds are looked at, and then verified, at a time.
func (d Desk) Verify(ctx context.Context, r store.Repository, picked Picked, q core.VerifyRequest,
	report func(core.VerifyReport) error) (alone map[core.BackupID]error, err error) {
	if q.IDs = picked.IDs; picked.Left == nil || len(q.IDs) == 0 {
		return nil, r.Verify(ctx, q, report)
	}
	alone = map[core.BackupID]error{}
	tell, before := q.Progress, core.VerifyProgress{}
	for some := range slices.Chunk(picked.IDs, batchRows) {
		why, err := d.leaves(ctx, picked.Left, some, "verify backup")
		if err != nil {
			return alone, err
		}
		part := q
		part.IDs = nil
		for _, id := range some {
			if err := why[id]; err != nil {
				alone[id] = err
			} else {
				part.IDs = append(part.IDs, id)
			}
		}
		at := core.VerifyProgress{}
		if part.Progress = nil; tell != nil {
			part.Progress = func(p core.VerifyProgress) {
				at = p
				p.Done, p.Bytes, p.Of = p.Done+before.Done, p.Bytes+before.Bytes, int64(len(picked.IDs)-len(alone))
				if len(part.IDs) < int(p.Of) {
					p.Total = 0 // what the others take is not known
				}
				tell(p)
			}
		}
		if len(part.IDs) == 0 {
			continue // no ids are everything
		}
		if err := r.Verify(ctx, part, report); err != nil {
			return alone, err
		}
		before.Done, before.Bytes = before.Done+int64(len(part.IDs)), before.Bytes+at.Bytes
	}
	return alone, nil
}
