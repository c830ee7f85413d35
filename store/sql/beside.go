package sql

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"strings"
	"time"

	"hearth/core"
)

// AsOf is the last sign of life in the database: of Cinder's services, which write one
// every few seconds, or where their table cannot be read the newest change of a backup or
// a volume. Not set: there is nothing that tells.
func (p *Place) AsOf(ctx context.Context) (core.Opt[time.Time], error) {
	var newest core.Opt[time.Time]
	err := p.read(ctx, "ask the database what it heard last", func(q view) error {
		newest = core.Opt[time.Time]{}
		tables := []string{"services"}
		if !p.schema.has("services", "updated_at") {
			tables = []string{"backups", "volumes"}
		}
		for _, table := range tables {
			for _, column := range []string{"updated_at", "created_at"} {
				if !p.schema.has(table, column) {
					continue
				}
				var text sql.NullString
				err := q.QueryRowContext(ctx, "SELECT MAX("+p.schema.time("r", table, column)+") FROM "+table+" r").Scan(&text)
				if err != nil {
					return err
				}
				if at := optStamp(text); at.Set && (!newest.Set || at.V.After(newest.V)) {
					newest = at
				}
			}
		}
		return nil
	})
	return newest, err
}

// TypeEncrypts reports whether volumes of a type, by its id, are encrypted
// (cinder/db/sqlalchemy/models.py Encryption); null where the table cannot be read.
func (p *Place) TypeEncrypts(ctx context.Context, id string) (yes core.Opt[bool], err error) {
	if !p.schema.has("encryption", "volume_type_id") || !p.schema.has("encryption", "deleted") {
		return yes, nil
	}
	err = p.read(ctx, "read the encryption of volume type "+id, func(q view) error {
		var n int
		err := q.QueryRowContext(ctx, "SELECT count(*) FROM encryption e WHERE "+p.schema.is("e", "volume_type_id", 1)+" AND "+live("e"),
			id).Scan(&n)
		yes = core.Some(n > 0)
		return err
	})
	return yes, err
}

// Recall reads the row of a backup that was deleted. Cinder marks it, and leaves it there
// until somebody purges the database.
func (p *Place) Recall(ctx context.Context, id core.BackupID) (b core.Backup, err error) {
	tried := "read the deleted backup " + string(id)
	err = p.read(ctx, tried, func(q view) error {
		b, err = scanBackup(q.QueryRowContext(ctx, "SELECT "+p.schema.backupSelect()+" FROM "+p.schema.backupFrom()+" WHERE "+
			p.schema.is("b", "id", 1)+" AND NOT "+live("b"), string(id)))
		if missing(err) {
			return noBackup(tried)
		}
		b.Unseen = p.unseen.backups
		return err
	})
	return b, err
}

// Children lists what stands directly on a backup, in every project, newest first.
func (p *Place) Children(ctx context.Context, id core.BackupID) (out []core.Backup, err error) {
	if !p.schema.has("backups", "parent_id") {
		return nil, nil
	}
	return p.backupsWith(ctx, "read what stands on backup "+string(id), "parent_id", string(id))
}

// VolumeBackups lists the backups of a volume, in every project, newest first.
func (p *Place) VolumeBackups(ctx context.Context, id core.VolumeID) (out []core.Backup, err error) {
	return p.backupsWith(ctx, "read the backups of volume "+string(id), "volume_id", string(id))
}

func (p *Place) backupsWith(ctx context.Context, tried, column, value string) (out []core.Backup, err error) {
	err = p.read(ctx, tried, func(q view) error {
		out = nil
		rows, err := q.QueryContext(ctx, "SELECT "+p.schema.backupSelect()+" FROM "+p.schema.backupFrom()+" WHERE "+p.schema.is("b", column, 1)+
			" AND "+live("b")+" ORDER BY "+p.schema.time("b", "backups", "created_at")+" DESC, b.id", value)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			b, err := scanBackup(rows)
			if err != nil {
				return err
			}
			b.Unseen = p.unseen.backups
			out = append(out, b)
		}
		return rows.Err()
	})
	return out, err
}

// notingSince is the version of Cinder's objects (cinder/objects/base.py OBJ_VERSIONS)
// that came with Cinder 20 (Yoga: use_quota). The manager notes what a volume was
// restored from since Cinder 16, which brought no version of its own.
const notingSince = 1_039

// Noting says what the backup services do after a restore, by the versions that they wrote
// beside their names when they started: [core.MaybeNoted] where those do not tell.
func (p *Place) Noting(ctx context.Context) (core.Noting, error) {
	if p.own || !p.schema.has("services", "object_current_version") || !p.schema.has("services", "binary") {
		return core.MaybeNoted, nil
	}
	all, some := true, false
	err := p.read(ctx, "ask the database for the releases of its services", func(q view) error {
		all, some = true, false
		rows, err := q.QueryContext(ctx, "SELECT "+p.schema.text("s", "services", "object_current_version")+" FROM services s WHERE "+
			p.schema.is("s", "binary", 1)+" AND "+live("s"), "cinder-backup")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var text sql.NullString
			if err := rows.Scan(&text); err != nil {
				return err
			}
			var major, minor int
			n, _ := fmt.Sscanf(text.String, "%d.%d", &major, &minor)
			some, all = true, all && n == 2 && major*1000+minor >= notingSince
		}
		return rows.Err()
	})
	if err != nil || !some || !all {
		return core.MaybeNoted, err
	}
	return core.ManagerNotes, nil
}

// mostKeys is of how many keys it is asked which are alike.
const mostKeys = 1000

// keyTables are where the keys of a section are.
var keyTables = map[core.Section]string{core.UserSection: "volume_metadata", core.ImageSection: "volume_glance_metadata"}

// collationName is what a character set or collation is called; nothing else is put into a
// statement.
var collationName = regexp.MustCompile(`^[A-Za-z0-9_]+$`)

// Alike asks the database which of some keys of metadata it takes for the same, by the
// collation of the column that they stand in: of each the first of those. nil where it
// cannot tell.
func (p *Place) Alike(ctx context.Context, s core.Section, keys []string) (map[string]string, error) {
	table := keyTables[s]
	byBytes := p.schema.collation(table, "key") == ""
	switch {
	case p.own || !p.schema.has(table, "key") || len(keys) > mostKeys && !byBytes:
		return nil, nil
	case byBytes || len(keys) < 2:
		return map[string]string{}, nil
	}
	out := map[string]string{}
	err := p.read(ctx, "ask the database how it compares keys", func(q view) error {
		var set, collation sql.NullString
		err := q.QueryRowContext(ctx, p.schema.collation(table, "key")).Scan(&set, &collation)
		if err != nil {
			return err
		}
		if !collationName.MatchString(set.String) || !collationName.MatchString(collation.String) {
			out = nil
			return nil
		}
		return alike(ctx, q, keys, set.String, collation.String, out)
	})
	return out, err
}

// alike has the database compare each key with each other one.
func alike(ctx context.Context, q querier, keys []string, set, collation string, out map[string]string) error {
	var list strings.Builder
	args := make([]any, len(keys))
	for i, key := range keys {
		if i > 0 {
			list.WriteString(" UNION ALL ")
		}
		fmt.Fprintf(&list, "SELECT %d AS i, CONVERT(?%d USING %s) COLLATE %s AS k", i, i+1, set, collation)
		args[i] = key
	}
	rows, err := q.QueryContext(ctx, "SELECT x.i, MIN(y.i) FROM ("+list.String()+") x JOIN ("+list.String()+") y ON x.k = y.k GROUP BY x.i",
		args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var i, first int
		if err := rows.Scan(&i, &first); err != nil {
			return err
		}
		out[keys[i]] = keys[first]
	}
	return rows.Err()
}
