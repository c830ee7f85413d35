package verbs

import (
	"context"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/jobs"
)

// fromHelp explains where backups can be recovered from.
const fromHelp = "a backup repository or another place (a name, or a location such as posix:/srv/backups or ceph:backups), " +
	"a bundle file, or archive"

// source opens what --from names. The function returned closes it.
func (e *Env) source(ctx context.Context, cmd *cobra.Command, from string) (jobs.Source, func(), error) {
	switch {
	case from == "":
		return jobs.Source{}, nil, misuse(cmd, "--from is missing", "name "+fromHelp)
	case from == "archive":
		return jobs.FromArchive(), func() {}, nil
	}
	if info, err := os.Stat(from); from == "-" || err == nil && info.Mode().IsRegular() {
		text, err := e.read(ctx, from)
		if err != nil {
			return jobs.Source{}, nil, err
		}
		b, err := bundled(text)
		if err == nil && b == nil {
			err = core.Fail(core.CodeUnreadable, "read "+from, "it is no bundle",
				"records are read by hearth import; a database is named sqlite:"+from, nil)
		}
		if err != nil {
			return jobs.Source{}, nil, err
		}
		masked := 0
		for _, c := range b.Captures {
			if len(c.Masked) > 0 {
				masked++
			}
		}
		e.sayBundle(b.BundleHead, masked)
		return jobs.FromBundle(b, from), func() {}, nil
	}
	d, done, err := e.at(ctx, from)
	if err != nil {
		return jobs.Source{}, nil, err
	}
	return jobs.FromPlace(d), done, nil
}

func (e *Env) recovering() *cobra.Command {
	var from, to string
	var o jobs.RecoverOptions
	how := transferring{what: "recover"}
	cmd := &cobra.Command{
		Use: "recover --from SOURCE [--to PLACE]", Short: "Bring back backups whose database is lost", Args: takes(0, 0),
		Long: "Find backups that a place has lost and bring them back: from what lies in the backup repository itself, " +
			"from a bundle, or from hearth's archive. It compares the source with what the place still has, says of each " +
			"missing one in which order and into whose project it would be imported, what of it is assumed or lost, and " +
			"what must be there besides (keys, volume types, parents); then it asks, imports parents first, follows each " +
			"until it is available, and says what became of it.\n\n" +
			"Of a backup that both the repository and the archive know, the archive's record is taken, which holds more; " +
			"where they differ is said. A backup whose capture names another cloud's host or project is not chosen " +
			"unless --all is given: a repository may serve several clouds, and deleting an imported copy deletes the " +
			"other cloud's files.\n\n" +
			"SOURCE is " + fromHelp + ". Whatever interrupts it, the same command goes on where it stopped.",
		Example: "hearth recover --from posix:/srv/backups --to prod --dry-run\n" +
			"hearth recover --from prod.jsonl --to prod\n" +
			"hearth recover --from archive --cloud prod --yes",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			open := func() (jobs.Source, func(), error) { return e.source(ctx, cmd, from) }
			return across(ctx, e, open, to, how.writes(), func(source jobs.Source, target jobs.Desk) error {
				progress, end := e.bar(how.quiet)
				r, err := jobs.PlanRecovery(ctx, source, target, o, progress)
				end()
				if err != nil {
					return err
				}
				e.sayRecovery(&r)
				return e.transfer(ctx, how, &r.Transfer, func(p jobs.Progress) ([]core.ImportResult, error) {
					return jobs.Recover(ctx, target, &r, p)
				})
			})
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&from, "from", "", fromHelp)
	fl.StringVar(&to, "to", "", "the place that has lost them (default that of --place, --cloud and so on)")
	fl.BoolVar(&o.All, "all", false, "also those that seem to be another cloud's")
	how.flags(cmd)
	e.completePlaces(cmd, "from", "to")
	return cmd
}

func (e *Env) sayRecovery(r *jobs.Recovery) {
	e.sayStandings(r.Compared, r.From, r.To)
	e.sayUnusable("  ", r.Unusable)
	e.sayTransfer(&r.Transfer)
}

// sayStandings says how many backups are where.
func (e *Env) sayStandings(compared []core.Reconciled, from, to string) {
	n := map[core.Standing]int{}
	for i := range compared {
		n[compared[i].Standing]++
	}
	e.say("%d only in %s, %d in both, %d only in %s.", n[core.OnlySource], from, n[core.InBoth], n[core.OnlyTarget], to)
}

// sayUnusable says what lies in a source and cannot be brought back, and why.
func (e *Env) sayUnusable(indent string, list []core.Holding) {
	for _, h := range list {
		e.say(indent+"✗ %s (%s) is %s: %s.", string(h.ID), h.Prefix, string(h.Kind), h.Problem)
	}
}

var reconcileColumns = core.Columns[core.Reconciled]{
	{Name: "id", Key: "id", Title: "ID", Kind: core.IDColumn,
		Value: func(r *core.Reconciled) pyjson.Value { return pyjson.OfString(string(r.ID)) }},
	{Name: "name", Key: "name", Title: "Name",
		Value: func(r *core.Reconciled) pyjson.Value { return orNull(r.Backup().Name.Or("")) }},
	{Name: "in", Key: "in", Title: "In", Kind: core.WordColumn,
		Value: func(r *core.Reconciled) pyjson.Value { return pyjson.OfString(string(r.Standing)) }},
	{Name: "kind", Key: "is_incremental", Title: "Kind", Kind: core.FlagColumn,
		Value: func(r *core.Reconciled) pyjson.Value { return pyjson.OfBool(r.Backup().Incremental) }},
	{Name: "size", Key: "size", Title: "Size", Kind: core.SizeColumn,
		Value: func(r *core.Reconciled) pyjson.Value { return pyjson.OfInt(r.Backup().Size) }},
	{Name: "created", Key: "created_at", Title: "Created", Kind: core.TimeColumn,
		Value: func(r *core.Reconciled) pyjson.Value { return timeOrNull(r.Backup().CreatedAt) }},
	{Name: "volume-id", Key: "volume_id", Title: "Volume ID", Kind: core.IDColumn,
		Value: func(r *core.Reconciled) pyjson.Value { return orNull(string(r.Backup().VolumeID)) }},
	{Name: "status", Key: "status", Title: "Status", Kind: core.WordColumn,
		Value: func(r *core.Reconciled) pyjson.Value {
			if r.Target == nil {
				return pyjson.None
			}
			return pyjson.OfString(r.Target.Status)
		}},
	{Name: "chain", Key: "chain", Title: "Chain",
		Value: func(r *core.Reconciled) pyjson.Value {
			if p := r.Problem(); p != "" {
				return pyjson.OfString(p)
			}
			return pyjson.OfString(core.Count(len(r.Chain), "layer"))
		}},
	{Name: "differs", Key: "differs", Title: "Differs",
		Value: func(r *core.Reconciled) pyjson.Value { return orNull(strings.Join(r.Differs, "; ")) }},
}

var reconcileSheet = sheet[core.Reconciled]{
	columns: reconcileColumns,
	usual:   []string{"id", "name", "in", "kind", "size", "created", "status", "chain", "differs"},
	spare:   []string{"created", "size", "status"},
}

// worthALine leaves out what is in both places and the same, unless every one is
// asked for.
func worthALine(compared []core.Reconciled, every bool) (list []core.Reconciled) {
	for _, r := range compared {
		if every || r.Standing != core.InBoth || len(r.Differs) > 0 {
			list = append(list, r)
		}
	}
	return list
}

func (e *Env) reconcile() *cobra.Command {
	f := &format{}
	var from, to string
	var every, quiet bool
	cmd := &cobra.Command{
		Use: "reconcile --from SOURCE [--to PLACE]", Args: takes(0, 0),
		Short: "Compare a backup repository, a bundle or the archive with a place's database",
		Long: "List what a source has and a place's database has not, and the reverse, each with its chain, parents " +
			"first; with --all also what is in both. Where both have a backup, differs says in which fields: source " +
			"first. Nothing is changed.\n\n" +
			"SOURCE is " + fromHelp + ".\n\n" +
			"The columns are " + words(reconcileColumns.Names(), "and") + ".",
		Example:           "hearth reconcile --from posix:/srv/backups --to prod\nhearth reconcile --from archive --cloud prod -o value -c id,in",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := reconcileSheet.rows(f, e.Width)
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			open := func() (jobs.Source, func(), error) { return e.source(ctx, cmd, from) }
			return across(ctx, e, open, to, "", func(source jobs.Source, target jobs.Desk) error {
				progress, end := e.bar(quiet)
				compared, unusable, err := jobs.Reconcile(ctx, source, target, progress)
				end()
				if err != nil && core.CodeOf(err) != core.CodeIncomplete {
					return err
				}
				if _, err := r.list(e.Out, worthALine(compared, every)); err != nil {
					return err
				}
				e.sayUnusable("", unusable)
				e.sayStandings(compared, source.Name, target.Place.Info().Location)
				projects := core.FieldSet{}
				for i := range compared {
					if b := compared[i].Target; b != nil {
						projects[string(b.ProjectID)] = true
					}
				}
				e.sayNarrowed(target, projects)
				return err // what there is was shown all the same
			})
		},
	}
	f.flags(cmd, reconcileColumns.Names())
	f.localFlag(cmd)
	cmd.Flags().StringVar(&from, "from", "", fromHelp)
	cmd.Flags().StringVar(&to, "to", "", "the place (default that of --place, --cloud and so on)")
	cmd.Flags().BoolVar(&every, "all", false, "also what is in both and the same")
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "say nothing of how it gets on")
	e.completePlaces(cmd, "from", "to")
	return cmd
}
