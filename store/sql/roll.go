package sql

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"hearth/core"
)

// rollBatch is how many rows of a server one statement of a roll gives: an answer that
// takes long is ended by the server's limits.
const rollBatch = 10_000

// BackupRoll hands on every backup that is not deleted, of one moment, without its
// volume's name: what a list joins and puts in order costs more than the rows do.
func (p *Place) BackupRoll(ctx context.Context, fn func(*core.Backup) error) error {
	t := func(c string) string { return p.schema.text("b", "backups", c) }
	r := roll{p, "backups", "b", []string{t("id"), t("display_name"), t("status"), t("volume_id"), t("parent_id"), t("project_id"),
		t("created_at"), t("updated_at"), p.schema.integer("b", "backups", "size"), t("fail_reason")}}
	return r.read(ctx, func(row scanner) (string, error) {
		var id, name, status, volume, parent, project, created, updated, reason sql.NullString
		var size int64
		if err := row.Scan(&id, &name, &status, &volume, &parent, &project, &created, &updated, &size, &reason); err != nil {
			return "", err
		}
		b := core.Backup{Size: size, FailReason: opt(reason), ID: core.BackupID(id.String), Name: opt(name), Status: status.String,
			VolumeID: core.VolumeID(volume.String), ParentID: core.BackupID(parent.String), Incremental: parent.String != "",
			ProjectID: core.ProjectID(project.String),
			CreatedAt: optStamp(created), UpdatedAt: optStamp(updated)}
		return id.String, fn(&b)
	})
}

// VolumeRoll hands on every volume that is not deleted, of one moment.
func (p *Place) VolumeRoll(ctx context.Context, fn func(*core.Volume) error) error {
	t := func(c string) string { return p.schema.text("v", "volumes", c) }
	r := roll{p, "volumes", "v", []string{t("id"), t("display_name"), t("status"), p.schema.integer("v", "volumes", "size"), t("project_id"),
		t("created_at")}}
	return r.read(ctx, func(row scanner) (string, error) {
		var id, name, status, project, created sql.NullString
		var v core.Volume
		if err := row.Scan(&id, &name, &status, &v.Size, &project, &created); err != nil {
			return "", err
		}
		v.ID, v.Name, v.Status, v.ProjectID, v.CreatedAt = core.VolumeID(id.String), opt(name), status.String,
			core.ProjectID(project.String), optStamp(created)
		return id.String, fn(&v)
	})
}

// roll is a table that is read from end to end, in the order that it lies in.
type roll struct {
	p            *Place
	table, alias string
	columns      []string
}

// read hands on the rows; one that was handed on is not read again, also where another
// program's lock is waited for.
func (r roll) read(ctx context.Context, one func(scanner) (string, error)) error {
	var failed error
	given := false
	tried := "list " + r.table
	err := r.p.read(ctx, tried, func(db view) error {
		last, n, err := "", 0, error(nil)
		for more := true; more; more = r.p.server != nil && n == rollBatch {
			if last, n, err = r.some(ctx, db, last, func(row scanner) (string, error) {
				given = true
				return one(row)
			}); err != nil {
				if given {
					failed, err = err, nil
				}
				return err
			}
		}
		return nil
	})
	if err == nil && failed != nil {
		err = r.p.schema.explain(ctx, tried, failed)
	}
	return err
}

// some reads the rows behind one: of a file all, for its rows lie in the order of their
// numbers; of a server those of one statement.
func (r roll) some(ctx context.Context, db view, last string, one func(scanner) (string, error)) (string, int, error) {
	query := "SELECT " + strings.Join(r.columns, ", ") + " FROM " + r.table + " " + r.alias
	var args []any
	if r.p.server == nil {
		query += " NOT INDEXED WHERE " + live(r.alias)
	} else {
		query += " WHERE " + live(r.alias)
		if last != "" {
			query, args = query+" AND "+r.alias+".id > ?", append(args, last)
		}
		query += fmt.Sprintf(" ORDER BY %s.id LIMIT %d", r.alias, rollBatch)
	}
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return last, 0, err
	}
	defer rows.Close()
	n := 0
	for ; rows.Next(); n++ {
		if last, err = one(rows); err != nil {
			return last, n, err
		}
	}
	return last, n, rows.Err()
}
