package ledger

import (
	"context"

	"hearth/core"
)

// EachCapture calls fn with the capture of each source of each backup of a place that
// carries furthest, the newest of several, and with both where two belong together
// ([core.Evident]); by the backup's id, with an empty place of every place. They come as
// texts, not read into documents, a batch in memory at a time. What does not match its
// fingerprint comes too, as Rotten and without its text, where nothing makes good for it
// ([core.Spoiled]). fn must not use the book.
func (b Book) EachCapture(ctx context.Context, place string, fn func(core.KeptCapture) error) error {
	for after := ""; ; {
		ids, err := b.capturedAfter(ctx, place, after)
		if err != nil || len(ids) == 0 {
			return err
		}
		after = string(ids[len(ids)-1])
		marks, args := Marks(ids)
		where := "backup_id IN (" + marks + ")"
		if b.Everywhere && place != "" {
			where, args = where+" AND place = ?", append(args, place)
		}
		kept, err := b.texts(ctx, where+" ORDER BY backup_id, place, "+Newest, args...)
		if err != nil {
			return err
		}
		for len(kept) > 0 {
			n := 1
			for n < len(kept) && kept[n].BackupID == kept[0].BackupID && kept[n].Place == kept[0].Place {
				n++
			}
			for _, of := range bySource(kept[:n]) {
				_, best := core.Evident(of)
				best = append(core.Spoiled(of), best...)
				for _, k := range best {
					if err := fn(k); err != nil {
						return err
					}
				}
			}
			kept = kept[n:]
		}
	}
}

// eachMost is for how many backups captures are read at a time: their texts are long.
const eachMost = 200

// capturedAfter are the next backups by id that captures are kept of.
func (b Book) capturedAfter(ctx context.Context, place, after string) (ids []core.BackupID, err error) {
	where, args := "backup_id > ?", []any{after}
	if b.Everywhere && place != "" {
		where, args = where+" AND place = ?", append(args, place)
	}
	err = b.Do(ctx, "read the captures", func() error {
		ids = nil
		rows, err := b.DB.QueryContext(ctx, "SELECT DISTINCT backup_id FROM hearth_captures WHERE "+where+" ORDER BY backup_id LIMIT ?",
			append(args, eachMost)...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id core.BackupID
			if err := rows.Scan(&id); err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return rows.Err()
	})
	return ids, err
}

// bySource groups captures by the kind of their source, in the order in which those
// first come.
func bySource(kept []core.KeptCapture) (groups [][]core.KeptCapture) {
	at := map[core.SourceKind]int{}
	for _, k := range kept {
		i, ok := at[k.Capture.Source.Kind]
		if !ok {
			i = len(groups)
			at[k.Capture.Source.Kind] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], k)
	}
	return groups
}
