package jobs

import (
	"context"
	"fmt"
	"strings"

	"hearth/core"
)

// ResolveBackup finds the backup that a person means: by its id, by the beginning
// of one if there is no other such, or by its name if no other is called so.
// CodeNotFound or CodeAmbiguous otherwise.
func (d Desk) ResolveBackup(ctx context.Context, ref string) (core.Backup, error) {
	if ref == "" {
		return core.Backup{}, noName("backup")
	}
	b, err := d.Place.Backup(ctx, core.BackupID(ref))
	if core.CodeOf(err) != core.CodeNotFound {
		return b, err
	}
	id, err := resolve(ctx, "backup", d.Backups, ref, func(b *core.Backup) (string, string) { return string(b.ID), b.Name.Or("") })
	if err != nil {
		return core.Backup{}, err
	}
	return d.Place.Backup(ctx, core.BackupID(id))
}

// noName says that there is nothing to find, as where a script's variable is empty.
func noName(noun string) error {
	return core.Fail(core.CodeNotFound, "find a "+noun, "its id is empty", "list the ids with hearth "+noun+"s", nil)
}

// ResolveVolume is ResolveBackup for volumes.
func (d Desk) ResolveVolume(ctx context.Context, ref string) (core.Volume, error) {
	if ref == "" {
		return core.Volume{}, noName("volume")
	}
	v, err := d.Place.Volume(ctx, core.VolumeID(ref))
	if core.CodeOf(err) != core.CodeNotFound {
		return v, err
	}
	id, err := resolve(ctx, "volume", d.Volumes, ref, func(v *core.Volume) (string, string) { return string(v.ID), v.Name.Or("") })
	if err != nil {
		return core.Volume{}, err
	}
	return d.Place.Volume(ctx, core.VolumeID(id))
}

// fitting is what fits a reference.
type fitting struct {
	ids   []string // the first of them
	exact []string // of those, the ones whose name is the reference to the letter
	total int
	more  bool // it was not counted to the end
}

// resolve returns the one id that begins with ref, or else the id of the one row
// of that name: first exactly, then without regard to case.
func resolve[T any](ctx context.Context, noun string, list func(context.Context, core.Query) (core.Page[T], error), ref string,
	of func(*T) (id, name string)) (string, error) {
	begins, err := ask(ctx, list, "id", core.IDColumn, ref, of)
	if err != nil {
		return "", err
	}
	if begins.total == 1 {
		return begins.ids[0], nil
	}
	named, err := ask(ctx, list, "name", core.TextColumn, ref, of)
	switch {
	case err != nil:
		return "", err
	case named.total > len(named.ids): // those that were not listed may be exact too
	case len(named.exact) == 1:
		return named.exact[0], nil
	case len(named.exact) == 0 && named.total == 1:
		return named.ids[0], nil
	}
	return "", notOne(noun, ref,
		fitting{ids: append(begins.ids, named.ids...), total: begins.total + named.total, more: begins.more || named.more})
}

// most is how many rows are looked at for one whose name fits to the letter.
const most = 1000

// ask lists what has ref in a column.
func ask[T any](ctx context.Context, list func(context.Context, core.Query) (core.Page[T], error), column string,
	kind core.ColumnKind, ref string, of func(*T) (id, name string)) (fitting, error) {
	page, err := list(ctx, core.Query{Limit: most, Filter: core.Filter{Text: column + ":" + ref,
		Terms: []core.Term{{Column: column, Kind: kind, Op: core.Is, Words: []string{core.Fold(ref)}}}}})
	f := fitting{total: page.Total, more: !page.Complete}
	for i := range page.Rows {
		id, name := of(&page.Rows[i])
		f.ids = append(f.ids, id)
		if name == ref {
			f.exact = append(f.exact, id)
		}
	}
	return f, err
}

// shown is how many ids a message names.
const shown = 5

func notOne(noun, ref string, f fitting) error {
	tried := "find " + noun + " " + ref
	if f.total == 0 {
		return core.Fail(core.CodeNotFound, tried, "there is none of that id, beginning of an id, or name",
			"list them with hearth "+noun+"s", nil)
	}
	ids := f.ids
	if len(ids) > shown {
		ids = append(ids[:shown:shown], "…")
	}
	many := core.Count(f.total, noun)
	if f.more {
		many = fmt.Sprintf("%d or more %ss", f.total, noun)
	}
	return core.Fail(core.CodeAmbiguous, tried, many+" fit it: "+strings.Join(ids, ", "), "give the whole id", nil)
}
