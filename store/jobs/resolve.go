package jobs

import (
	"context"
	"strings"

	"hearth/core"
)

// ResolveBackup finds the backup that a person means: an id, the beginning of
// one that is unique, or a unique name. CodeNotFound or CodeAmbiguous otherwise.
func (d Desk) ResolveBackup(ctx context.Context, ref string) (core.Backup, error) {
	b, err := d.Place.Backup(ctx, core.BackupID(ref))
	if core.CodeOf(err) != core.CodeNotFound {
		return b, err
	}
	rows, err := resolve(ctx, d.Place.Backups, core.BackupColumns, ref, func(b *core.Backup) (string, string) { return string(b.ID), b.Name.Or("") })
	if err != nil {
		return b, err
	}
	if len(rows) != 1 {
		return b, notOne("backup", ref, rows, func(b core.Backup) string { return string(b.ID) })
	}
	return d.Place.Backup(ctx, rows[0].ID)
}

// ResolveVolume is ResolveBackup for volumes.
func (d Desk) ResolveVolume(ctx context.Context, ref string) (core.Volume, error) {
	v, err := d.Place.Volume(ctx, core.VolumeID(ref))
	if core.CodeOf(err) != core.CodeNotFound {
		return v, err
	}
	rows, err := resolve(ctx, d.Place.Volumes, core.VolumeFields, ref, func(v *core.Volume) (string, string) { return string(v.ID), v.Name.Or("") })
	if err != nil {
		return v, err
	}
	if len(rows) != 1 {
		return v, notOne("volume", ref, rows, func(v core.Volume) string { return string(v.ID) })
	}
	return d.Place.Volume(ctx, rows[0].ID)
}

// resolve lists what has ref as the beginning of its id, or failing that as its
// name: first exactly, then without regard to case.
func resolve[T any](ctx context.Context, list func(context.Context, core.Query) (core.Page[T], error), columns core.Columns[T], ref string, of func(*T) (id, name string)) ([]T, error) {
	if ref == "" {
		return nil, nil
	}
	ask := func(column string, kind core.ColumnKind) ([]T, error) {
		q := core.Query{Limit: 20, Filter: core.Filter{Text: column + ":" + ref,
			Terms: []core.Term{{Column: column, Kind: kind, Op: core.Is, Words: []string{core.Fold(ref)}}}}}
		page, err := list(ctx, q)
		return page.Rows, err
	}
	rows, err := ask("id", core.IDColumn)
	if err != nil || len(rows) > 0 {
		return rows, err
	}
	rows, err = ask("name", core.TextColumn)
	if err != nil {
		return nil, err
	}
	var exact []T
	for i := range rows {
		if _, name := of(&rows[i]); name == ref {
			exact = append(exact, rows[i])
		}
	}
	if len(exact) > 0 {
		return exact, nil
	}
	return rows, nil
}

func notOne[T any](noun, ref string, rows []T, id func(T) string) error {
	tried := "find " + noun + " " + ref
	if len(rows) == 0 {
		return core.Fail(core.CodeNotFound, tried, "there is none of that id, beginning of an id, or name", "list them with hearth "+noun+"s", nil)
	}
	var ids []string
	for i, r := range rows {
		if i == 5 {
			ids = append(ids, "…")
			break
		}
		ids = append(ids, id(r))
	}
	return core.Fail(core.CodeAmbiguous, tried, core.Count(len(rows), noun)+" fit it: "+strings.Join(ids, ", "), "give the whole id", nil)
}
