package verbs

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/jobs"
)

// planning is the flags of plan and apply.
type planning struct {
	captures []string
	onto     string
	newName  string
	isNew    bool
	rules    string
	layers   string
	all      bool
}

func (p *planning) flags(cmd *cobra.Command) {
	cmd.Flags().StringSliceVar(&p.captures, "capture", nil, "capture files in order, the full backup's first, instead of what is known; - is stdin")
	cmd.Flags().StringVar(&p.onto, "onto", "", "the volume to restore onto")
	cmd.Flags().StringVar(&p.newName, "new", "", "a new volume, with =NAME or without a name")
	cmd.Flags().Lookup("new").NoOptDefVal = "\x00"
	cmd.Flags().StringVar(&p.rules, "rules", "auto", "icehouse, kilo, newton or auto")
	cmd.Flags().StringVar(&p.layers, "layers", "auto", "all, last or auto")
	cmd.RegisterFlagCompletionFunc("rules", cobra.FixedCompletions([]string{"auto", "icehouse", "kilo", "newton"}, cobra.ShellCompDirectiveNoFileComp))
	cmd.RegisterFlagCompletionFunc("layers", cobra.FixedCompletions([]string{"auto", "all", "last"}, cobra.ShellCompDirectiveNoFileComp))
}

// request turns flags and arguments into what is to be planned.
func (p *planning) request(ctx context.Context, e *Env, cmd *cobra.Command, d jobs.Desk, args []string) (jobs.PlanRequest, error) {
	var r jobs.PlanRequest
	var err error
	p.isNew = cmd.Flags().Changed("new")
	if p.newName == "\x00" {
		p.newName = ""
	}
	// "--new NAME" reads as a flag without value and one more argument.
	if p.isNew && p.newName == "" && len(args) == 2 {
		p.newName, args = args[1], args[:1]
	}
	switch {
	case len(args) > 1:
		return r, core.Fail(core.CodeUsage, "plan", "more than one backup is named", "name one", nil)
	case len(args) == 0 && len(p.captures) == 0:
		return r, core.Fail(core.CodeUsage, "plan", "there is nothing to restore from", "name a backup, or capture files with --capture", nil)
	case p.isNew == (p.onto != ""):
		return r, core.Fail(core.CodeUsage, "plan", "the target is not clear", "give --onto VOLUME, or --new, or --new=NAME", nil)
	}
	if r.Rules, err = core.ParseRuleSet(p.rules); err != nil {
		return r, err
	}
	if r.Layers, err = core.ParseLayers(p.layers); err != nil {
		return r, err
	}
	if len(args) == 1 {
		b, err := d.ResolveBackup(ctx, args[0])
		if err != nil {
			return r, err
		}
		r.Backup = b.ID
	}
	if p.onto != "" {
		v, err := d.ResolveVolume(ctx, p.onto)
		if err != nil {
			return r, err
		}
		r.Onto = v.ID
	}
	r.Name = p.newName
	for _, file := range p.captures {
		text, err := e.read(file)
		if err != nil {
			return r, err
		}
		r.Captures = append(r.Captures, core.ReadCapture(text, core.Source{Kind: core.SourceFile, Where: file}))
	}
	return r, nil
}

// read reads a whole file, or stdin for "-" and "".
func (e *Env) read(file string) (string, error) {
	if file == "-" || file == "" {
		b, err := io.ReadAll(e.In)
		if err != nil {
			return "", core.Fail(core.CodeUnreadable, "read standard input", "it broke off", "", err)
		}
		return string(b), nil
	}
	b, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		return "", core.Fail(core.CodeNotFound, "read "+file, "there is no such file", "", err)
	}
	if err != nil {
		return "", core.Fail(core.CodeUnreadable, "read "+file, "the file cannot be read", "check its permissions", err)
	}
	return string(b), nil
}

func (e *Env) plan() *cobra.Command {
	p := &planning{}
	f := &format{}
	cmd := &cobra.Command{
		Use: "plan [BACKUP]", Short: "Show what a restore would do to a volume's metadata",
		Long: "Show, field by field, what a restore would do to the target's name, description, user and image\n" +
			"metadata, bootable flag and encryption key. Nothing is changed.",
		Args: cobra.MaximumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.name != "table" && f.name != "json" && f.name != "yaml" {
				return core.Fail(core.CodeUsage, "print the plan as "+f.name, "there is no such format", "use table, json or yaml", nil)
			}
			return e.with(cmd, func(ctx context.Context, d jobs.Desk) error {
				r, err := p.request(ctx, e, cmd, d, args)
				if err != nil {
					return err
				}
				plan, err := d.Plan(ctx, r)
				if err != nil {
					return err
				}
				if f.name != "table" {
					return e.writeObject(f, plan.Object())
				}
				return e.writePlan(e.Out, plan, p.all)
			})
		},
	}
	p.flags(cmd)
	cmd.Flags().StringVarP(&f.name, "output", "o", "table", "table, json or yaml")
	cmd.Flags().BoolVar(&p.all, "all", false, "table: every field, also those that no rule ever restores")
	return cmd
}

// writePlan prints a plan for eyes.
func (e *Env) writePlan(w io.Writer, p *core.Plan, all bool) error {
	target := "a new volume"
	switch {
	case p.Target.Volume != nil:
		target = "volume " + core.Visible(p.Target.Volume.Title()) + " (" + string(p.Target.Volume.ID) + ")"
	case p.Target.Kind == core.TargetNewNamed:
		target = "a new volume named " + core.Visible(p.Target.Name)
	}
	fmt.Fprintf(w, "Target   %s\nRules    %s, %s: %s\nLayers   %s: %s\n", target, p.Rules, p.Rules.Releases(), p.RulesWhy, p.Layers, p.LayersWhy)
	for i, c := range p.Captures {
		fmt.Fprintf(w, "Capture  %d of %d, version %d, %s\n", i+1, len(p.Captures), c.Version(), core.Visible(c.Source.String()))
	}
	fmt.Fprintln(w)
	t := grid{rows: [][]string{{"Section", "Field", "Before", "After", "Verdict", "Why"}}}
	for _, fp := range p.Fields {
		if fp.Verdict == core.VerdictNotRestored && !all {
			continue
		}
		t.rows = append(t.rows, []string{fp.Section.Title(), core.Visible(fp.Name), optShown(fp, fp.Before), optShown(fp, fp.After), string(fp.Verdict), fp.Why})
	}
	if err := t.write(w, e.Width); err != nil {
		return err
	}
	fmt.Fprintf(w, "\n%s.\n", p.Summary())
	for _, warning := range p.Warnings {
		fmt.Fprintf(w, "! %s.\n", core.Visible(warning))
	}
	if p.Error != nil {
		fmt.Fprintf(w, "! Cinder refuses: %s: %s\n", p.Error.Class, core.Visible(p.Error.Message))
	}
	return nil
}

func optShown(f core.FieldPlan, v core.Opt[pyjson.Value]) string {
	if !v.Set {
		return ""
	}
	if s, ok := v.V.Str(); ok && s == "" {
		return `""`
	}
	return shown(f.Name, v.V)
}

func (e *Env) apply() *cobra.Command {
	p := &planning{}
	var yes bool
	cmd := &cobra.Command{
		Use: "apply [BACKUP]", Short: "Apply a restore's metadata to a volume, after showing the plan",
		Long: "Show the plan, ask, and carry it out: metadata only, in one transaction, journalled. It refuses\n" +
			"when the volume is no longer what the plan was made from. hearth undo takes it back.",
		Args: cobra.MaximumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return e.with(cmd, func(ctx context.Context, d jobs.Desk) error {
				r, err := p.request(ctx, e, cmd, d, args)
				if err != nil {
					return err
				}
				plan, err := d.Plan(ctx, r)
				if err != nil {
					return err
				}
				if err := e.writePlan(e.Err, plan, false); err != nil {
					return err
				}
				if err := plan.Applicable(); err != nil {
					return err
				}
				v := plan.Target.Volume
				if err := e.confirm(yes, "apply the plan", fmt.Sprintf("\nApply this to volume %s (%s)?", core.Visible(v.Title()), v.ID)); err != nil {
					return err
				}
				entry, err := d.Apply(ctx, plan)
				if err != nil {
					return err
				}
				e.say("Applied to %s as journal entry %d. Take it back with: hearth undo %d", core.Visible(v.Title()), entry.ID, entry.ID)
				return nil
			})
		},
	}
	p.flags(cmd)
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

func (e *Env) undo() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "undo [ENTRY]", Short: "Take back what apply did", Args: cobra.MaximumNArgs(1),
		Long: "Take a journal entry back, the last one without a number. It refuses when the volume is no\nlonger what the entry made of it.",
		RunE: func(cmd *cobra.Command, args []string) error {
			var id core.EntryID
			if len(args) == 1 {
				n, err := strconv.ParseInt(args[0], 10, 64)
				if err != nil || n < 1 {
					return core.Fail(core.CodeUsage, "undo "+args[0], "that is no number of a journal entry", "list them with hearth journal", nil)
				}
				id = core.EntryID(n)
			}
			return e.with(cmd, func(ctx context.Context, d jobs.Desk) error {
				of, err := d.UndoTarget(ctx, id)
				if err != nil {
					return err
				}
				e.say("Entry %d of %s by %s: %s", of.ID, clock(of.At, false)+" UTC", of.Who, of.Summary)
				if err := e.confirm(yes, "undo", fmt.Sprintf("Take this back on volume %s?", of.Volume)); err != nil {
					return err
				}
				done, err := d.Undo(ctx, of.ID)
				if err != nil {
					return err
				}
				e.say("Taken back, as journal entry %d.", done.ID)
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

func (e *Env) journal() *cobra.Command {
	f := &format{}
	limit := 0
	cmd := &cobra.Command{
		Use: "journal", Short: "List what was changed, newest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return err
			}
			return e.with(cmd, func(ctx context.Context, d jobs.Desk) error {
				j := d.Journal()
				if j == nil {
					return core.Fail(core.CodeUnsupported, "read the journal", "there is none", "", nil)
				}
				entries, err := j.Entries(ctx, d.Place.Info().Location, limit)
				if err != nil {
					return err
				}
				r := rows[core.Entry]{format: f, all: entryColumns, width: e.Width, unseen: func(*core.Entry) core.FieldSet { return nil }}
				if r.columns, err = pick(entryColumns, f.columns, []string{"id", "at", "who", "kind", "state", "summary"}); err != nil {
					return err
				}
				if f.name == "json" || f.name == "yaml" {
					return writeList(e.Out, f, entries, (*core.Entry).Object)
				}
				given := false
				return r.print(e.Out, func() ([]core.Entry, error) {
					if given {
						return nil, nil
					}
					given = true
					return entries, nil
				})
			})
		},
	}
	f.flags(cmd)
	cmd.Flags().IntVar(&limit, "limit", 0, "at most so many entries (default all)")
	return cmd
}

var entryColumns = core.Columns[core.Entry]{
	{Name: "id", Title: "Entry", Kind: core.NumberColumn, Value: func(e *core.Entry) pyjson.Value { return pyjson.OfInt(int64(e.ID)) }},
	{Name: "at", Title: "At (UTC)", Kind: core.TimeColumn, Value: func(e *core.Entry) pyjson.Value { return pyjson.OfTime(e.At, false) }},
	{Name: "who", Title: "Who", Value: func(e *core.Entry) pyjson.Value { return pyjson.OfString(e.Who) }},
	{Name: "kind", Title: "What", Kind: core.WordColumn, Value: func(e *core.Entry) pyjson.Value { return pyjson.OfString(string(e.Kind)) }},
	{Name: "state", Title: "State", Kind: core.WordColumn, Value: func(e *core.Entry) pyjson.Value { return pyjson.OfString(string(e.State)) }},
	{Name: "volume", Title: "Volume", Kind: core.IDColumn, Value: func(e *core.Entry) pyjson.Value { return pyjson.OfString(string(e.Volume)) }},
	{Name: "summary", Title: "Summary", Value: func(e *core.Entry) pyjson.Value { return pyjson.OfString(e.Summary) }},
	{Name: "error", Title: "Error", Value: func(e *core.Entry) pyjson.Value { return pyjson.OfString(e.Error) }},
}

// writeList prints whole objects as a JSON or YAML list.
func writeList[T any](w io.Writer, f *format, items []T, object func(*T) *pyjson.Object) error {
	list := []pyjson.Value{}
	for i := range items {
		list = append(list, pyjson.OfDict(object(&items[i])))
	}
	text := pyjson.Indent(pyjson.OfList(list)) + "\n"
	if f.name == "yaml" {
		text = yamlText(pyjson.OfList(list))
	}
	_, err := io.WriteString(w, text)
	return err
}
