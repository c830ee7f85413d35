package jobs

import (
	"context"
	"slices"

	"hearth/core"
	"hearth/store"
)

// these reads backups as they are now, many at once, and hands each on with its place in
// ids; the ones that are not there are left out. Where a place cannot be asked for many,
// some hundreds are asked for one by one, and of more the list is read.
func (d Desk) these(ctx context.Context, ids []core.BackupID) (map[core.BackupID]core.Backup, error) {
	out := make(map[core.BackupID]core.Backup, len(ids))
	if many, ok := d.Place.(store.BatchReader); ok {
		for some := range slices.Chunk(ids, batchRows) {
			rows, err := many.BackupsOf(ctx, some)
			if err != nil {
				return out, err
			}
			for i := range rows {
				out[rows[i].ID] = rows[i]
			}
		}
		return out, nil
	}
	rest := ids
	if len(ids) > batchRows {
		wanted := make(map[core.BackupID]bool, len(ids))
		for _, id := range ids {
			wanted[id] = true
		}
		for b, err := range d.eachBackup(ctx, newestFirst()) {
			if short, err := notWhole(err); err != nil {
				return out, err
			} else if short == nil && wanted[b.ID] {
				out[b.ID] = b
			}
		}
		rest = slices.DeleteFunc(slices.Clone(ids), func(id core.BackupID) bool {
			_, here := out[id]
			return here
		})
	}
	for _, id := range rest {
		b, err := d.Place.Backup(ctx, id)
		switch {
		case err == nil:
			out[id] = b
		case core.CodeOf(err) != core.CodeNotFound:
			return out, err
		}
	}
	return out, nil
}

// allOf is these where each has to be there, in the order of their ids.
func (d Desk) allOf(ctx context.Context, ids []core.BackupID) ([]core.Backup, error) {
	rows, err := d.these(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]core.Backup, 0, len(ids))
	for _, id := range ids {
		b, here := rows[id]
		if !here {
			if b, err = d.Place.Backup(ctx, id); err != nil { // in the place's own words
				return nil, err
			}
		}
		out = append(out, b)
	}
	return out, nil
}
