package archive

import (
	"context"
	"database/sql"

	"hearth/core"
	"hearth/store/ledger"
)

// verifiedStep is the migration that makes room for what verifications of repositories
// said: a row a backup of a repository, the newest.
const verifiedStep = `
CREATE TABLE verified (
	repository TEXT NOT NULL, backup_id TEXT NOT NULL, at TEXT NOT NULL, deep INTEGER NOT NULL,
	damages INTEGER NOT NULL, flaw TEXT NOT NULL, PRIMARY KEY (repository, backup_id));
CREATE INDEX verified_backup ON verified (backup_id);
`

// KeepVerified keeps what a verification said. It takes the place of what an earlier one
// did, but for damage in the chunks that this one did not read.
func (a *Archive) KeepVerified(ctx context.Context, verified []core.Verified) error {
	if len(verified) == 0 {
		return nil
	}
	return a.Write(ctx, "keep what was verified", func(tx *sql.Tx) error {
		stmt, err := tx.PrepareContext(ctx, `INSERT INTO verified (repository, backup_id, at, deep, damages, flaw) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (repository, backup_id) DO UPDATE SET
				at = excluded.at, deep = excluded.deep, damages = excluded.damages, flaw = excluded.flaw
			WHERE excluded.deep >= deep OR excluded.damages > 0 OR damages = 0`)
		if err != nil {
			return err
		}
		for _, v := range verified {
			if _, err := stmt.ExecContext(ctx, v.Repository, string(v.Backup), ledger.WriteTime(v.At), v.Deep, v.Damages, v.Flaw); err != nil {
				return err
			}
		}
		return nil
	})
}

// Verified returns what verifications said of a backup, in whichever repository.
func (a *Archive) Verified(ctx context.Context, id core.BackupID) (out []core.Verified, err error) {
	err = a.Do(ctx, "read what was verified", func() error {
		out, err = a.verified(ctx, "WHERE backup_id = ? ORDER BY repository", string(id))
		return err
	})
	return out, err
}

// verified reads rows of what verifications said.
func (a *Archive) verified(ctx context.Context, where string, args ...any) (out []core.Verified, err error) {
	rows, err := a.DB.QueryContext(ctx, "SELECT repository, backup_id, at, deep, damages, flaw FROM verified "+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var v core.Verified
		var at string
		if err := rows.Scan(&v.Repository, &v.Backup, &at, &v.Deep, &v.Damages, &v.Flaw); err != nil {
			return nil, err
		}
		v.At = ledger.ReadTime(at)
		out = append(out, v)
	}
	return out, rows.Err()
}
