package archive

import (
	"context"
	"database/sql"
	"errors"

	"hearth/core"
	"hearth/store/ledger"
)

// heldStep is the migration that makes room for captures that belong to a backup which
// is just being asked for, and has no id yet: a row an open entry.
const heldStep = `
CREATE TABLE held_captures (
	entry_id INTEGER PRIMARY KEY, place TEXT NOT NULL, volume_id TEXT NOT NULL, backup_id TEXT NOT NULL,
	at TEXT NOT NULL, source TEXT NOT NULL, source_where TEXT NOT NULL, source_at TEXT NOT NULL,
	unseen TEXT NOT NULL, text TEXT NOT NULL, again TEXT NOT NULL, again_at TEXT NOT NULL, ended_at TEXT NOT NULL);
`

// heldSumStep gives those a fingerprint too.
var heldSumStep = `
ALTER TABLE held_captures ADD COLUMN sum TEXT NOT NULL DEFAULT '';
` + ledger.SumOf("held_captures") + `;
`

// HoldCapture keeps a capture for the backup that an open entry is about to ask for,
// so that it outlives whoever asks. It belongs to no backup until [Archive.TieCapture]
// says to which; where the entry ends without that, it goes with it.
func (a *Archive) HoldCapture(ctx context.Context, id core.EntryID, k core.KeptCapture) error {
	return a.Write(ctx, "keep the capture", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO held_captures (entry_id, "+ledger.CaptureColumns+
			", sum) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", append([]any{int64(id)}, ledger.CaptureValues(&k)...)...)
		return err
	})
}

// TieCapture keeps the capture that is held for an entry as that of the backup which it
// asked for, and returns it with its number; false where none is held that is still what
// was written.
func (a *Archive) TieCapture(ctx context.Context, id core.EntryID, backup core.BackupID) (k core.KeptCapture, held bool, err error) {
	err = a.Write(ctx, "keep the capture", func(tx *sql.Tx) error {
		held = false
		k, err = ledger.ScanCapture(tx.QueryRowContext(ctx,
			"SELECT entry_id, "+ledger.CaptureColumns+", sum FROM held_captures WHERE entry_id = ?", int64(id)))
		if errors.Is(err, sql.ErrNoRows) || err == nil && k.Rotten {
			return nil
		}
		if err != nil {
			return err
		}
		k.BackupID, k.Capture.BackupID = backup, backup
		keeper, err := ledger.NewKeeper(ctx, tx)
		if err != nil {
			return err
		}
		if k.ID, err = keeper.Keep(ctx, k); err != nil {
			return err
		}
		held = true
		return dropHeld(ctx, tx, id)
	})
	return k, held && err == nil, err
}

// dropHeld forgets the capture that is held for an entry.
func dropHeld(ctx context.Context, tx *sql.Tx, id core.EntryID) error {
	_, err := tx.ExecContext(ctx, "DELETE FROM held_captures WHERE entry_id = ?", int64(id))
	return err
}
