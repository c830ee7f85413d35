package verbs

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"hearth/core"
	"hearth/store/jobs"
)

// listing is a verb that lists Ts.
type listing[T any] struct {
	format
	listFlags
	filter string
	sort   []string
	limit  int

	sheet   sheet[T]
	more    []string // columns besides the usual ones with --long
	noun    string
	project func(*T) string
	caution func(*T) string // what is to be known of a row before anything is done with it; nil: nothing
	pages   func(jobs.Desk) func(context.Context, core.Query) (core.Page[T], error)
}

// pageSize is how many rows are read at a time.
const pageSize = 1000

// sortHelp and filterHelp explain the two languages of lists.
const (
	sortHelp   = "columns to sort by, several with commas; size:desc is descending (default newest first)"
	filterHelp = "only rows that fulfil it, such as 'name~db status:error,creating age>30d size>=10 word'"
)

// longHelp is the end of the help of a list.
func longHelp(columns []string) string {
	return "A filter is terms that must all hold: COLUMN:WORD, COLUMN~PART, COLUMN>=NUMBER, age>30d, created<2026-01-31, " +
		"-TERM for its opposite, and plain words, looked for in names, ids and texts.\n\n" +
		"JSON and YAML hold every column under Cinder's API name, unless -c asks for some; -c takes names, API names and the headings " +
		"of tables. --all-tenants, --status, --name, --volume and --long of the openstack client work too. A table, csv and " +
		"value show the usual columns, " +
		"a table on a narrow terminal only those that fit. Times are UTC.\n\n" +
		"When a drill last proved a backup byte for byte (proven) is known from hearth's archive: where there is none it is left out, and " +
		"lists can be filtered by it, as with proven<30d or -proven>=0s, and not sorted.\n\n" +
		"The columns are " + words(columns, "and") + "."
}

func (l *listing[T]) command(e *Env, cmd *cobra.Command) *cobra.Command {
	cmd.Args = takes(0, 0)
	cmd.ValidArgsFunction = cobra.NoFileCompletions
	names := l.sheet.columns.Names()
	l.format.flags(cmd, names)
	l.format.localFlag(cmd)
	l.filters = true
	cmd.Flags().StringVar(&l.filter, "filter", "", filterHelp)
	l.listFlags.add(cmd, names)
	cmd.Flags().StringSliceVar(&l.sort, "sort", nil, sortHelp)
	cmd.Flags().IntVar(&l.limit, "limit", 0, "at most so many rows (default all)")
	complete(cmd, "sort", names)
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return l.run(e, cmd) }
	return cmd
}

// query reads the flags.
func (l *listing[T]) query(e *Env, cmd *cobra.Command) (q core.Query, err error) {
	if err := checkLimit(cmd, l.limit); err != nil {
		return q, err
	}
	q.Now = e.Now()
	if q.Filter, err = core.ParseFilter(l.filter, l.sheet.columns); err != nil {
		return q, err
	}
	l.terms(&q.Filter)
	for _, s := range l.sort {
		o, err := core.ParseOrder(s, l.sheet.columns)
		if err != nil {
			return q, err
		}
		q.Sort = append(q.Sort, o)
	}
	return q, nil
}

// counted are texts, each with how often it was said.
type counted struct {
	texts []string
	n     map[string]int
}

func (c *counted) add(text string) {
	switch {
	case text == "":
		return
	case c.n == nil:
		c.n = map[string]int{}
	}
	if c.n[text]++; c.n[text] == 1 {
		c.texts = append(c.texts, text)
	}
}

func (l *listing[T]) run(e *Env, cmd *cobra.Command) error {
	if l.long && len(l.columns) == 0 && l.format.name != "json" && l.format.name != "yaml" {
		l.columns = append(slices.Clone(l.sheet.usual), l.more...)
	}
	r, err := l.sheet.rows(&l.format, e.Width)
	if err != nil {
		return err
	}
	q, err := l.query(e, cmd)
	if err != nil {
		return err
	}
	q.Wants = []string{"project", "user", "key", core.ProvenColumn}
	if len(l.columns) > 0 || l.format.name != "json" && l.format.name != "yaml" {
		q.Wants = r.columns.Names() // else what is no field of the row itself is not asked for: it costs more
	}
	return e.with(cmd, func(ctx context.Context, d jobs.Desk) error {
		pages, short := l.pages(d), error(nil)
		projects, lacks := core.FieldSet{}, []string(nil)
		said := counted{}
		r.next = func() ([]T, error) {
			q.Limit = pageSize
			if l.limit > 0 {
				if q.Limit = min(pageSize, l.limit-q.Offset); q.Limit == 0 {
					return nil, nil
				}
			}
			page, err := pages(ctx, q)
			for i := range page.Rows {
				projects[l.project(&page.Rows[i])] = true
				if l.caution != nil {
					said.add(l.caution(&page.Rows[i]))
				}
			}
			if core.CodeOf(err) == core.CodeIncomplete { // what there is is shown all the same
				short, err = err, nil
			}
			q.Offset += len(page.Rows)
			for _, what := range page.Lacks {
				if !slices.Contains(lacks, what) {
					lacks = append(lacks, what)
				}
			}
			return page.Rows, err
		}
		n, err := r.print(e.Out)
		if err == nil && n == 0 && l.format.name == "table" {
			what := l.noun
			if !q.Filter.Empty() {
				what += " that fulfils the filter"
			}
			e.say("There is no %s.", what)
		}
		for _, what := range lacks {
			e.say("! The list is without %s.", what)
		}
		for _, text := range said.texts {
			e.say("! %s: %s.", core.Count(said.n[text], l.noun), core.Visible(text))
		}
		if err == nil && n == 0 && q.Filter.Empty() {
			strange, _ := sift(ctx, d.Place) // what it does hold is said on top of the answer
			if text := core.UnrecognisedText(strange); text != "" {
				e.say("%s holds %s.", core.Visible(d.Place.Info().Location), text)
			}
		}
		if d.AllProjects() && err == nil {
			e.sayNarrowed(d, projects)
		}
		if err == nil {
			err = short
		}
		return err
	})
}

// sayNarrowed says where one project was looked at, and not the whole place.
func (e *Env) sayNarrowed(d jobs.Desk, projects core.FieldSet) {
	e.warnOf(wider(d, d.Narrowed(projects)))
}

// wider adds to why one project was looked at how all are.
func wider(d jobs.Desk, why string) string {
	if why == "" || d.AllProjects() {
		return why
	}
	return why + ": --all-projects looks at all"
}

func (e *Env) backups() *cobra.Command {
	l := &listing[core.Backup]{
		noun:    "backup",
		more:    []string{"description", "az", "container", "volume-id"},
		project: func(b *core.Backup) string { return string(b.ProjectID) },
		caution: func(b *core.Backup) string { return b.Layout.Advice() },
		sheet: sheet[core.Backup]{
			columns: core.ListedBackups,
			usual:   []string{"id", "name", "status", "kind", "size", "created", "volume", "reason"},
			spare:   []string{"reason", "volume"},
			unseen:  func(b *core.Backup) core.FieldSet { return b.Unseen },
		},
		pages: func(d jobs.Desk) func(context.Context, core.Query) (core.Page[core.Backup], error) {
			return d.BackupRows
		},
	}
	return l.command(e, &cobra.Command{
		Use: "backups", Short: "List backups",
		Long: "List backups, newest first.\n\n" + longHelp(l.sheet.columns.Names()),
		Example: "hearth backups --filter 'status:error age<7d'\n" +
			"hearth backups -o json --sort size:desc --limit 10\n" +
			"hearth backups -o value -c id --filter 'kind:full volume:web-root'",
	})
}

func (e *Env) volumes() *cobra.Command {
	l := &listing[core.Volume]{
		noun:    "volume",
		more:    []string{"type", "az", "description"},
		project: func(v *core.Volume) string { return string(v.ProjectID) },
		sheet: sheet[core.Volume]{
			columns: core.ListedVolumes,
			usual:   []string{"id", "name", "status", "size", "bootable", "backups", "last-backup", "created"},
			spare:   []string{"bootable", "last-backup"},
			unseen:  func(v *core.Volume) core.FieldSet { return v.Unseen },
		},
		pages: func(d jobs.Desk) func(context.Context, core.Query) (core.Page[core.Volume], error) {
			return d.VolumeRows
		},
	}
	return l.command(e, &cobra.Command{
		Use: "volumes", Short: "List volumes",
		Long:    "List volumes, newest first, with how many backups each has.\n\n" + longHelp(l.sheet.columns.Names()),
		Example: "hearth volumes --filter 'backups:0'\nhearth volumes --filter 'last-backup>30d' -o csv",
	})
}

// named explains how a volume or backup is named.
const named = "by its id, a beginning of it that no other has, or a name that no other has"

func (e *Env) volume() *cobra.Command { return e.also(e.oneVolume(), volumeWords, findVolume) }

func (e *Env) oneVolume() *cobra.Command {
	f := &format{}
	cmd := &cobra.Command{
		Use: "volume ID", Short: "Show a volume: every field, its metadata", Args: takes(1, 1),
		Long: "Show a volume, named " + named + ": what the list has of it, its metadata, and every other " +
			"column of its row. Secrets are masked.",
		ValidArgsFunction: first(e.volumeIDs),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(formats...); err != nil {
				return err
			}
			return e.with(cmd, func(ctx context.Context, d jobs.Desk) error {
				v, err := d.ResolveVolume(ctx, args[0])
				if err != nil {
					return err
				}
				d.VolumeWithProof(ctx, &v)
				o, err := f.only(core.VolumeObject(&v), keyIn(core.ListedVolumes))
				if err != nil {
					return err
				}
				return e.writeObject(f, o)
			})
		},
	}
	f.flags(cmd, core.ListedVolumes.Names())
	return cmd
}

func (e *Env) backup() *cobra.Command { return e.also(e.oneBackup(), backupWords, findBackup) }

func (e *Env) oneBackup() *cobra.Command {
	f := &format{}
	cmd := &cobra.Command{
		Use: "backup ID", Short: "Show a backup: every field, its chain", Args: takes(1, 1),
		Long: "Show a backup, named " + named + ": what the list has of it, its metadata, and the ids of " +
			"its chain, the full backup's first.",
		ValidArgsFunction: first(e.backupIDs),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(formats...); err != nil {
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
				d.WithProof(ctx, &b)
				o, err := f.only(core.BackupObject(&b, chain), keyIn(core.ListedBackups))
				if err != nil {
					return err
				}
				return e.writeObject(f, o)
			})
		},
	}
	f.flags(cmd, core.ListedBackups.Names())
	return cmd
}
