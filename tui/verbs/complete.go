package verbs

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"hearth/core"
	"hearth/store/jobs"
)

// complete offers fixed words for a flag's value.
func complete(cmd *cobra.Command, flag string, words []string) {
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // the flag does not exist, or has completions already
	}
}

// completer offers what fits the beginning of an argument or of a flag's value.
type completer = func(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective)

// offered is how many backups or volumes a completion offers at most.
const offered = 100

// first is a completer for the first argument only.
func first(c completer) completer {
	return func(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return c(cmd, args, typed)
	}
}

// backupIDs completes ids and names of backups, newest first.
func (e *Env) backupIDs(cmd *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return e.offer(cmd, func(ctx context.Context, d jobs.Desk) ([]cobra.Completion, error) {
		return fitting(ctx, d.Place.Backups, core.BackupColumns, typed, func(b *core.Backup) (id, name, status string) {
			return string(b.ID), b.Name.Or(""), b.Status
		})
	})
}

// volumeIDs is the same for volumes.
func (e *Env) volumeIDs(cmd *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return e.offer(cmd, func(ctx context.Context, d jobs.Desk) ([]cobra.Completion, error) {
		return fitting(ctx, d.Place.Volumes, core.VolumeFields, typed, func(v *core.Volume) (id, name, status string) {
			return string(v.ID), v.Name.Or(""), v.Status
		})
	})
}

// offer asks the place. Whatever fails, the shell just gets nothing: there is
// nobody to tell.
func (e *Env) offer(cmd *cobra.Command, ask func(context.Context, jobs.Desk) ([]cobra.Completion, error)) (
	[]cobra.Completion, cobra.ShellCompDirective) {
	d, done, err := e.Desk(cmd.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer done()
	out, err := ask(cmd.Context(), d)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return out, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}

// fitting lists the rows whose id or name begins with what is typed; names only
// where a shell needs no quotes for them.
func fitting[T any](ctx context.Context, list func(context.Context, core.Query) (core.Page[T], error), columns core.Columns[T],
	typed string, of func(*T) (id, name, status string)) ([]cobra.Completion, error) {
	query := func(column string, op core.Compare) (core.Page[T], error) {
		q := core.Query{Limit: offered}
		if col, ok := columns.Find(column); ok && typed != "" {
			q.Filter.Text = column + string(op) + typed
			q.Filter.Terms = []core.Term{{Column: col.Name, Kind: col.Kind, Op: op, Words: []string{core.Fold(typed)}}}
		}
		return list(ctx, q)
	}
	ids, err := query("id", core.Is)
	if err != nil {
		return nil, err
	}
	var out []cobra.Completion
	for i := range ids.Rows {
		id, name, status := of(&ids.Rows[i])
		out = append(out, cobra.CompletionWithDesc(id, core.Visible(strings.TrimSpace(name+" "+status))))
	}
	if typed == "" {
		return out, nil
	}
	names, err := query("name", core.Contains)
	if err != nil {
		return nil, err
	}
	for i := range names.Rows {
		if id, name, status := of(&names.Rows[i]); strings.HasPrefix(name, typed) && plainWord(name) {
			out = append(out, cobra.CompletionWithDesc(name, core.Visible(id+" "+status)))
		}
	}
	return out, nil
}

// plainWord reports whether no shell sees anything in s but a word.
func plainWord(s string) bool {
	for _, r := range s {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r)) {
			return false
		}
	}
	return s != ""
}

// completePlaces completes flags that name a place.
func (e *Env) completePlaces(cmd *cobra.Command, flags ...string) {
	for _, name := range flags {
		if err := cmd.RegisterFlagCompletionFunc(name, e.placeNames); err != nil {
			panic(err) // the flag does not exist, or has completions already
		}
	}
}

// placeNames completes the names of places, and else files.
func (e *Env) placeNames(cmd *cobra.Command, _ []string, _ string) (out []cobra.Completion, _ cobra.ShellCompDirective) {
	if e.Places != nil {
		known, _ := e.Places(cmd.Context()) // nobody is there to be told
		for _, p := range known {
			if p.Name != "" {
				out = append(out, p.Name)
			}
		}
	}
	return out, cobra.ShellCompDirectiveDefault
}
