package verbs

import (
	"context"

	"github.com/spf13/cobra"

	"hearth/core"
	"hearth/store/jobs"
)

// listing is what volumes and backups have in common.
type listing struct {
	format
	filter string
	sort   []string
	limit  int
}

func (l *listing) flags(cmd *cobra.Command, columns []string) {
	l.format.flags(cmd)
	cmd.Flags().StringVarP(&l.filter, "filter", "f", "", `only rows that fulfil it: name~db status:error,creating age>30d size>=10 word`)
	cmd.Flags().StringSliceVar(&l.sort, "sort", nil, "columns to sort by; -size or size:desc is descending (default newest first)")
	cmd.Flags().IntVar(&l.limit, "limit", 0, "at most so many rows (default all)")
	for _, name := range []string{"sort", "column"} {
		cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(columns, cobra.ShellCompDirectiveNoFileComp))
	}
}

// pageSize is how many rows are read and printed at a time.
const pageSize = 1000

// list runs a listing of either kind.
func list[T any](e *Env, cmd *cobra.Command, l *listing, columns core.Columns[T], usual []string, unseen func(*T) core.FieldSet,
	source func(jobs.Desk) func(context.Context, core.Query) (core.Page[T], error)) error {
	if err := l.check(); err != nil {
		return err
	}
	if l.limit < 0 {
		return core.Fail(core.CodeUsage, "list", "--limit cannot be negative", "leave it out for all rows", nil)
	}
	chosen, err := pick(columns, l.columns, usual)
	if err != nil {
		return err
	}
	q := core.Query{Now: e.Now()}
	if q.Filter, err = core.ParseFilter(l.filter, columns); err != nil {
		return err
	}
	for _, s := range l.sort {
		o, err := core.ParseOrder(s, columns)
		if err != nil {
			return err
		}
		q.Sort = append(q.Sort, o)
	}
	return e.with(cmd, func(ctx context.Context, d jobs.Desk) error {
		ask := source(d)
		printed := 0
		next := func() ([]T, error) {
			q.Offset, q.Limit = printed, pageSize
			if l.limit > 0 {
				if q.Limit = min(pageSize, l.limit-printed); q.Limit == 0 {
					return nil, nil
				}
			}
			page, err := ask(ctx, q)
			printed += len(page.Rows)
			return page.Rows, err
		}
		r := rows[T]{format: &l.format, columns: chosen, all: columns, unseen: unseen, width: e.Width}
		return r.print(e.Out, next)
	})
}

func (e *Env) backups() *cobra.Command {
	l := &listing{}
	cmd := &cobra.Command{
		Use: "backups", Short: "List backups", Args: cobra.NoArgs,
		Long: "List backups, newest first. JSON and YAML hold every field under its API name.",
		RunE: func(cmd *cobra.Command, args []string) error {
			usual := []string{"id", "name", "status", "kind", "size", "created", "volume", "reason"}
			return list(e, cmd, l, core.BackupColumns, usual, func(b *core.Backup) core.FieldSet { return b.Unseen },
				func(d jobs.Desk) func(context.Context, core.Query) (core.Page[core.Backup], error) {
					return d.Place.Backups
				})
		},
	}
	l.flags(cmd, core.BackupColumns.Names())
	return cmd
}

func (e *Env) volumes() *cobra.Command {
	l := &listing{}
	cmd := &cobra.Command{
		Use: "volumes", Short: "List volumes", Args: cobra.NoArgs,
		Long: "List volumes, newest first, with how many backups each has. JSON and YAML hold every field under its API name.",
		RunE: func(cmd *cobra.Command, args []string) error {
			usual := []string{"id", "name", "status", "size", "bootable", "backups", "last-backup", "created"}
			return list(e, cmd, l, core.VolumeFields, usual, func(v *core.Volume) core.FieldSet { return v.Unseen },
				func(d jobs.Desk) func(context.Context, core.Query) (core.Page[core.Volume], error) {
					return d.Place.Volumes
				})
		},
	}
	l.flags(cmd, core.VolumeFields.Names())
	return cmd
}

func (e *Env) volume() *cobra.Command {
	f := &format{}
	cmd := &cobra.Command{
		Use: "volume ID", Short: "Show a volume: every field, its metadata", Args: cobra.ExactArgs(1),
		Long: "Show a volume, named by its id, a unique beginning of it, or a unique name.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return err
			}
			return e.with(cmd, func(ctx context.Context, d jobs.Desk) error {
				v, err := d.ResolveVolume(ctx, args[0])
				if err != nil {
					return err
				}
				return e.writeObject(f, core.VolumeObject(&v))
			})
		},
	}
	f.flags(cmd)
	return cmd
}

func (e *Env) backup() *cobra.Command {
	f := &format{}
	cmd := &cobra.Command{
		Use: "backup ID", Short: "Show a backup: every field, its chain", Args: cobra.ExactArgs(1),
		Long: "Show a backup, named by its id, a unique beginning of it, or a unique name.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return err
			}
			return e.with(cmd, func(ctx context.Context, d jobs.Desk) error {
				b, err := d.ResolveBackup(ctx, args[0])
				if err != nil {
					return err
				}
				chain, err := d.Chain(ctx, b.ID)
				if err != nil {
					return err
				}
				return e.writeObject(f, core.BackupObject(&b, chain))
			})
		},
	}
	f.flags(cmd)
	return cmd
}
