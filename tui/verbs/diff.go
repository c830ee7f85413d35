package verbs

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"hearth/core"
	"hearth/store/jobs"
)

// differing is the flags of diff.
type differing struct {
	onto  []string
	fresh bool   // --new
	name  string // of the new volume
	rules []string
	all   bool
}

func (e *Env) diff() *cobra.Command {
	o := &differing{}
	f := &format{}
	cmd := &cobra.Command{
		Use: "diff A B", Short: "Show how two backups or volumes differ, or two restores of one backup",
		Long: "Show, field by field, how what two backups captured differs, or what one captured and a volume as it is, or two " +
			"volumes. Each is named " + named + "; where a backup and a volume fit, write backup:NAME or volume:NAME. file:PATH is " +
			"a capture in a file.\n\n" +
			"With one backup it shows what two restores of it come to: onto two targets (--onto twice, or --onto and --new), or by " +
			"two rule sets (--rules twice).\n\n" +
			"What is not known of one of the two is never taken for empty: the field is not known then, and says what it hangs on. " +
			"A table shows what differs or is not known of what a restore can bring back; --all shows the rest. JSON holds every " +
			"field; of each side value is absent where the field is not there, and possible lists the values where it is one of " +
			"several. The exit code is 0 whether they differ or not, and 13 where not all of it is certain.",
		Example: "hearth diff db-full db-incr-3\nhearth diff 4e47 volume:db-prod-01\n" +
			"hearth diff 4e47 --onto db-prod-01 --onto scratch\nhearth diff 4e47 --new --rules kilo --rules newton -o json",
		Args:              takes(1, 2),
		ValidArgsFunction: e.backupIDs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check("table", "json", "yaml"); err != nil {
				return err
			}
			o.fresh = cmd.Flags().Changed("new")
			if err := o.check(cmd, args); err != nil {
				return err
			}
			return e.with(cmd, func(ctx context.Context, d jobs.Desk) error {
				a, b, err := o.sides(ctx, e, d, args)
				if err != nil {
					return err
				}
				diff := core.DiffOf(a, b)
				if f.name == "table" {
					err = writeDiff(e.Out, e.Width, &diff, o.all)
				} else {
					err = e.writeObject(f, diff.Object())
				}
				if err != nil {
					return err
				}
				return diff.Unsure()
			})
		},
	}
	fl := cmd.Flags()
	fl.StringArrayVar(&o.onto, "onto", nil, "what a restore onto this volume comes to; twice, or with --new or two --rules")
	fl.StringVar(&o.name, "new", "", "what a restore to a new volume comes to; without a name Cinder chooses one")
	fl.StringArrayVar(&o.rules, "rules", nil, "by these rules: icehouse, kilo or newton; twice for both beside each other")
	fl.BoolVar(&o.all, "all", false, "for a table: also what is the same, and what no restore brings back")
	formatFlag(cmd, &f.name, "table", "how to print: table, json or yaml", []string{"table", "json", "yaml"})
	complete(cmd, "rules", core.RuleWords())
	complete(cmd, "new", nil)
	if err := cmd.RegisterFlagCompletionFunc("onto", e.volumeIDs); err != nil {
		panic(err)
	}
	return cmd
}

// check says what is wrong with the call, before a place is opened.
func (o *differing) check(cmd *cobra.Command, args []string) error {
	targets := len(o.onto)
	if o.fresh {
		targets++
	}
	switch {
	case len(args) == 2 && (targets > 0 || len(o.rules) > 0):
		return misuse(cmd, "--onto, --new and --rules are of the restores of one backup", "name one, or leave them out")
	case len(args) == 2:
		return nil
	case targets == 0 && len(o.rules) == 0:
		return misuse(cmd, "there is only one to compare", "name another backup or volume, or two targets with --onto or --new")
	case targets == 0:
		return misuse(cmd, "there is no target", "give --onto VOLUME or --new")
	case targets > 2 || len(o.rules) > 2 || targets == 2 && len(o.rules) == 2:
		return misuse(cmd, "that is more than two to compare", "give two targets, or two rule sets")
	case targets == 1 && len(o.rules) < 2:
		return misuse(cmd, "there is only one to compare", "give a second target with --onto or --new, or a second rule set")
	}
	return nil
}

// sides reads the two that are to be compared.
func (o *differing) sides(ctx context.Context, e *Env, d jobs.Desk, args []string) (a, b core.DiffSide, err error) {
	if len(args) == 2 {
		if a, err = e.sideOf(ctx, d, args[0]); err == nil {
			b, err = e.sideOf(ctx, d, args[1])
		}
		return a, b, err
	}
	backup, err := d.ResolveBackup(ctx, strings.TrimPrefix(args[0], "backup:"))
	if err != nil {
		return a, b, err
	}
	var plans []core.DiffSide
	rules := o.rules
	if len(rules) == 0 {
		rules = []string{string(core.RulesAuto)}
	}
	targets := o.onto
	if o.fresh {
		targets = append(targets, "")
	}
	for _, target := range targets {
		for _, rule := range rules {
			r := jobs.PlanRequest{Backup: backup.ID, Via: core.ViaDatabase}
			if r.Rules, err = core.ParseRuleSet(rule); err != nil {
				return a, b, err
			}
			title := "onto a new volume"
			switch {
			case target == "" && o.name != "":
				r.Name, title = o.name, "onto a new volume named "+o.name
			case target != "":
				v, err := d.ResolveVolume(ctx, target)
				if err != nil {
					return a, b, err
				}
				r.Onto, title = v.ID, fmt.Sprintf("onto %s (%s)", v.Title(), v.ID.Short())
			}
			if len(rules) == 2 {
				title += " by " + string(r.Rules)
			}
			side, err := d.PlanSide(ctx, r, title)
			if err != nil {
				return a, b, err
			}
			plans = append(plans, side)
		}
	}
	return plans[0], plans[1], nil
}

// sideOf finds what a word means: a backup or a volume, where one of the two fits, or
// what it says by itself.
func (e *Env) sideOf(ctx context.Context, d jobs.Desk, word string) (s core.DiffSide, err error) {
	kind, ref, _ := strings.Cut(word, ":")
	switch kind {
	case core.SideFile:
		text, err := e.read(ctx, ref)
		return core.SideOfFile(core.ReadCapture(text, core.Source{Kind: core.SourceFile, Where: ref})), err
	case core.SideBackup, core.SideVolume:
	default:
		kind, ref = "", word
	}
	var b core.Backup
	var v core.Volume
	noBackup, noVolume := error(nil), error(nil)
	if kind != core.SideVolume {
		b, noBackup = d.ResolveBackup(ctx, ref)
	}
	if kind != core.SideBackup {
		v, noVolume = d.ResolveVolume(ctx, ref)
	}
	switch {
	case kind == core.SideBackup && noBackup != nil:
		return s, noBackup
	case kind == core.SideVolume && noVolume != nil:
		return s, noVolume
	case kind == "" && noBackup == nil && noVolume == nil:
		return s, core.Fail(core.CodeAmbiguous, "find "+ref, "a backup and a volume fit it", "write backup:"+ref+" or volume:"+ref, nil)
	case kind == core.SideVolume || kind == "" && noVolume == nil:
		return d.VolumeSide(ctx, v.ID)
	case noBackup == nil:
		return d.BackupSide(ctx, b.ID)
	case core.CodeOf(noBackup) != core.CodeNotFound:
		return s, noBackup
	case core.CodeOf(noVolume) != core.CodeNotFound:
		return s, noVolume
	}
	return s, core.Fail(core.CodeNotFound, "find "+ref, "no backup or volume is of that id, beginning of an id, or name",
		"list them with hearth backups or hearth volumes; a file is file:PATH", nil)
}

// writeDiff prints a difference for eyes: what it comes to, what the two are, and the
// fields that differ or are not known.
func writeDiff(w io.Writer, width int, d *core.Diff, all bool) error {
	head := grid{lanes: []lane{{}, {wraps: true}}, rows: [][]string{{"Answer", d.HeadlineText()}}}
	for _, x := range []struct {
		word string
		side *core.DiffSide
	}{{"First", &d.A}, {"Second", &d.B}} {
		text := core.Visible(x.side.Title + ": " + x.side.About)
		if x.side.Doubt != "" {
			text += " (" + core.Visible(x.side.Doubt) + ")"
		}
		head.rows = append(head.rows, []string{x.word, text})
	}
	for _, s := range d.Open {
		head.rows = append(head.rows, []string{"?", s.Title() + " may have keys that nobody knows of"})
	}
	if err := head.write(w, width); err != nil {
		return err
	}
	fields, folded := d.Shown(all)
	if len(fields) > 0 {
		g := diffTable(fields)
		if width > 0 && total(g.widths()) > width {
			g = diffCards(fields)
		}
		fmt.Fprintln(w)
		if err := g.write(w, width); err != nil {
			return err
		}
	}
	if folded == "" {
		return nil
	}
	_, err := fmt.Fprintf(w, "\n%s: --all shows them.\n", folded)
	return err
}

// diffTable has a line for each field.
func diffTable(fields []core.FieldDiff) grid {
	g := grid{}
	for _, title := range []string{"Section", "Field", "First", "Second", "Verdict", "Because"} {
		g.lanes = append(g.lanes, lane{title: title})
	}
	for i := range fields {
		f := &fields[i]
		a, b := sidesText(f)
		g.rows = append(g.rows, []string{f.Section.Title(), core.Visible(f.Name), a, b, diffVerdict(f), core.Visible(f.Because)})
	}
	return g
}

// diffCards is the same for a terminal that is too narrow for the table; a reason does
// not stand there twice in a row.
func diffCards(fields []core.FieldDiff) grid {
	g := grid{lanes: []lane{{}, {wraps: true}}}
	because := ""
	for i := range fields {
		f := &fields[i]
		text, b := sidesText(f)
		if f.Verdict != core.DiffSame {
			text += " ↔ " + b
		}
		g.rows = append(g.rows, []string{diffVerdict(f), f.Section.Title() + " " + core.Visible(f.Name) + ": " + text})
		if f.Because != because {
			because = f.Because
			g.rows = append(g.rows, []string{"", core.Visible(because)})
		}
	}
	return g
}

// sidesText is what is known of a field of both; of secrets that are masked, the second says
// that it is another.
func sidesText(f *core.FieldDiff) (a, b string) {
	a, b = knownText(f, &f.A), knownText(f, &f.B)
	if a == core.Masked && b == a && f.Verdict == core.DiffDiffers {
		b += ", changed"
	}
	return a, b
}

// diffVerdict is how a field differs, and how sure that is.
func diffVerdict(f *core.FieldDiff) string {
	if f.Certainty == core.Assumed {
		return string(f.Verdict) + ", assumed"
	}
	return string(f.Verdict)
}

// knownText is what is known of a field of one side.
func knownText(f *core.FieldDiff, k *core.Know) string {
	as := core.FieldPlan{Section: f.Section, Name: f.Name}
	switch {
	case k.Certainty == core.Unknown:
		return "?"
	case k.Certainty == core.OneOf:
		var values []string
		for _, v := range k.Possible {
			if !v.Set {
				values = append(values, "(not there)")
				continue
			}
			values = append(values, side(as, v))
		}
		return strings.Join(values, " or ")
	case !k.Value.Set:
		return "(not there)"
	case f.Name == "" && f.Section != core.BaseSection:
		return "(empty)"
	}
	return side(as, k.Value)
}
