package verbs

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/jobs"
)

var dueColumns = append(ofPolicy(func(i *jobs.DueItem) (string, *core.Volume) { return i.Policy, &i.Volume }),
	core.Columns[jobs.DueItem]{
		{Name: "due", Key: "due_at", Title: "Due", Kind: core.TimeColumn,
			Value: func(i *jobs.DueItem) pyjson.Value { return timeOrNull(core.Some(i.Mark.Due)) }},
		{Name: "state", Key: "state", Title: "State", Kind: core.WordColumn,
			Value: func(i *jobs.DueItem) pyjson.Value { return pyjson.OfString(string(i.State)) }},
		{Name: "kind", Key: "kind", Title: "Kind", Kind: core.WordColumn,
			Value: func(i *jobs.DueItem) pyjson.Value { return orNull(dueKind(i)) }},
		{Name: "backup", Key: "backup_id", Title: "Backup", Kind: core.IDColumn,
			Value: func(i *jobs.DueItem) pyjson.Value { return orNull(string(i.Backup.ID)) }},
		{Name: "new", Key: "new", Title: "New", Kind: core.FlagColumn, Value: func(i *jobs.DueItem) pyjson.Value { return pyjson.OfBool(i.New) }},
		{Name: "record", Key: "record", Title: "Record", Kind: core.WordColumn,
			Value: func(i *jobs.DueItem) pyjson.Value { return orNull(string(i.Record)) }},
		{Name: "why", Key: "why", Title: "Why", Value: func(i *jobs.DueItem) pyjson.Value { return orNull(dueWhy(i)) }},
	}...)

var dueSheet = sheet[jobs.DueItem]{
	columns: dueColumns,
	usual:   []string{"policy", "volume", "due", "state", "kind", "backup", "record", "why"},
	spare:   []string{"record", "backup", "due"},
}

// dueKind is what a backup is, or is to be; "" where there is none.
func dueKind(i *jobs.DueItem) string {
	switch {
	case i.Backup.ID != "":
		return i.Backup.Kind()
	case i.State != jobs.DueMake:
		return ""
	case i.Full == "":
		return "incremental"
	}
	return "full"
}

// dueWhy is what there is to say of an item.
func dueWhy(i *jobs.DueItem) string {
	switch {
	case i.State != jobs.DueMake:
		return i.Why
	case i.Full != "":
		return i.Full
	case i.Parent != nil:
		return "it stands on " + i.Parent.Title()
	}
	return ""
}

func (e *Env) policyRun() *cobra.Command {
	f := &format{}
	var o jobs.RunOptions
	var dry, yes bool
	cmd := &cobra.Command{
		Use: "run [POLICY…]", Short: "Make the backups that policies say are due", Args: takes(0, -1),
		Long: "Make the backups that are due: the newest due time of each policy, those that were missed are not made up for. It says " +
			"first what that is, and asks. Made for cron: a few at a time of the volumes of each host, no more once no backup service is " +
			"up, each waited for; the capture of its volume is kept, and its record archived where the login may export.\n\n" +
			"Each carries its policy and due time, by which another run, also on another host, sees it. Of those that share an archive one " +
			"runs at a time, and the other ends with 9. One that was killed is run again: it goes on, and what may have " +
			"been asked for is not asked for twice. A backup that failed is tried again, three times for one due time.\n\n" +
			"The columns are " + words(dueColumns.Names(), "and") + ".",
		Example:           "hearth policy run --dry-run\nhearth policy run gold --yes",
		ValidArgsFunction: e.policyNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.PerHost < 1 {
				return misuse(cmd, "--per-host wants a number from 1", "")
			}
			return atPolicies(e, cmd, args, &dueSheet, f, func(ctx context.Context, d jobs.Desk, policies []jobs.Policy,
				r rows[jobs.DueItem]) error {
				p, err := d.PlanPolicies(ctx, policies, e.steps())
				if err != nil {
					return err
				}
				e.sayDue(d, &p)
				if dry {
					_, err := r.list(e.Out, p.Items)
					return err
				}
				if n := p.Todo(jobs.DueMake); n > 0 {
					question := fmt.Sprintf("Make %s?", core.Count(n, "backup"))
					if err := e.confirm(ctx, yes, string(core.OpCreate), question, "look at the plan with hearth policy run --dry-run"); err != nil {
						return err
					}
				}
				err = d.RunPolicies(ctx, &p, o, e.progress())
				if _, perr := r.list(e.Out, p.Items); perr != nil && err == nil {
					err = perr
				}
				return err
			})
		},
	}
	fl := cmd.Flags()
	fl.BoolVar(&dry, "dry-run", false, "only say what is due, and make nothing")
	fl.IntVar(&o.PerHost, "per-host", 2, "how many backups of the volumes of one host are made at a time")
	fl.BoolVar(&yes, "yes", false, "do not ask")
	f.flags(cmd, dueColumns.Names())
	f.localFlag(cmd)
	return cmd
}

// sayDue says what is about to be made.
func (e *Env) sayDue(d jobs.Desk, p *jobs.PolicyPlan) {
	for i := range p.Items {
		it := &p.Items[i]
		switch {
		case it.State == jobs.DueMake:
			e.say("+ %s (%s), policy %s, due %s UTC: %s, %s", it.Volume.Title(), string(it.Volume.ID), it.Policy, clock(it.Mark.Due, false),
				dueKind(it), dueWhy(it))
			e.warn(it.Warnings)
		case it.State != jobs.DueMade:
			e.say("- %s (%s), policy %s: %s", it.Volume.Title(), string(it.Volume.ID), it.Policy, it.Why)
		}
	}
	e.say("Of %s: %d due, %d made already, %d being made.", core.Count(len(p.Items), "volume"), p.Todo(jobs.DueMake), p.Todo(jobs.DueMade),
		p.Todo(jobs.DueWait))
	e.warnOf(p.Unseen...)
	if err := d.Allowed(core.OpExport); err != nil {
		e.say("! Records are not archived: %s.", err)
	}
}

// pruned is a line of what keep rules do.
type pruned struct {
	of       *jobs.PruneVolume
	b        *jobs.PruneBackup
	policies string
}

var pruneColumns = core.Columns[pruned]{
	{Name: "volume", Key: "volume_name", Title: "Volume", Value: func(p *pruned) pyjson.Value { return orNull(p.of.Volume.Name.Or("")) }},
	{Name: "volume-id", Key: "volume_id", Title: "Volume ID", Kind: core.IDColumn,
		Value: func(p *pruned) pyjson.Value { return pyjson.OfString(string(p.of.Volume.ID)) }},
	{Name: "policy", Key: "policies", Title: "Policy", Kind: core.WordColumn, Value: func(p *pruned) pyjson.Value {
		return orNull(p.policies)
	}},
	{Name: "backup", Key: "backup_id", Title: "Backup", Kind: core.IDColumn,
		Value: func(p *pruned) pyjson.Value { return pyjson.OfString(string(p.b.ID)) }},
	{Name: "name", Key: "name", Title: "Name", Value: func(p *pruned) pyjson.Value { return orNull(p.b.Backup.Name.Or("")) }},
	{Name: "kind", Key: "kind", Title: "Kind", Kind: core.WordColumn,
		Value: func(p *pruned) pyjson.Value { return pyjson.OfString(p.b.Backup.Kind()) }},
	{Name: "data-time", Key: "data_timestamp", Title: "Data of", Kind: core.TimeColumn,
		Value: func(p *pruned) pyjson.Value { return timeOrNull(core.Some(p.b.At)) }},
	{Name: "goes", Key: "goes", Title: "Goes", Kind: core.FlagColumn, Value: func(p *pruned) pyjson.Value { return pyjson.OfBool(p.b.Goes) }},
	{Name: "why", Key: "why", Title: "Why", Value: func(p *pruned) pyjson.Value { return pyjson.OfString(p.b.Why) }},
}

var pruneSheet = sheet[pruned]{
	columns: pruneColumns,
	usual:   []string{"volume", "backup", "data-time", "kind", "goes", "why"},
	spare:   []string{"kind", "backup"},
}

func (e *Env) policyPrune() *cobra.Command {
	f := &format{}
	var dry, yes, shared bool
	cmd := &cobra.Command{
		Use: "prune [POLICY…]", Short: "Delete the backups that no keep rule of a policy keeps", Args: takes(0, -1),
		Long: "Show what stays and goes by the keep rules of policies, and why, and delete what goes once you have typed how many " +
			"that is; in the order in which Cinder lets them go, the newest first, each after all that stands on it. There is no way back.\n\n" +
			"The rules count what the policy made, and with others = true under keep what nobody's policy did. What stays has " +
			"all that it stands on. The last one never goes, nor are there ever fewer than at_least. What was imported, and what another " +
			"place has a record of, goes only with --shared, as its data is the other's too. What is not available stays; so does what another " +
			"policy made, or keeps. The space that it frees is told where the config names the repository.\n\n" +
			"In the calendar a backup is a letter, the oldest left: K is kept by a rule, + stays for others that stand on it or for another " +
			"reason, and · goes. The columns are " + words(pruneColumns.Names(), "and") + ".",
		Example:           "hearth policy prune --dry-run\nhearth policy prune gold --yes",
		ValidArgsFunction: e.policyNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			return atPolicies(e, cmd, args, &pruneSheet, f, func(ctx context.Context, d jobs.Desk, policies []jobs.Policy,
				r rows[pruned]) error {
				p, err := d.PlanPrune(ctx, policies, shared, e.steps())
				if err != nil {
					return err
				}
				if _, err := r.list(e.Out, pruneLines(&p)); err != nil {
					return err
				}
				e.sayPrune(&p)
				n, _ := p.Goes()
				if n == 0 || dry {
					return nil
				}
				if err := e.confirmNumber(ctx, yes, string(core.OpDelete), n, "backup"); err != nil {
					return err
				}
				results, err := d.PrunePolicies(ctx, policies, &p, shared, e.progress())
				e.sayResults(results, "deleted")
				return err
			})
		},
	}
	fl := cmd.Flags()
	fl.BoolVar(&dry, "dry-run", false, "only say what would go, and delete nothing")
	fl.BoolVar(&shared, "shared", false, "also copies, and what another place has a record of: their data is the other's too")
	fl.BoolVar(&yes, "yes", false, "do not ask")
	f.flags(cmd, pruneColumns.Names())
	f.localFlag(cmd)
	return cmd
}

func pruneLines(p *jobs.PrunePlan) (out []pruned) {
	for i := range p.Volumes {
		v := &p.Volumes[i]
		var names []string
		for _, x := range v.Policies {
			names = append(names, x.Name)
		}
		for j := range v.Backups {
			out = append(out, pruned{v, &v.Backups[j], strings.Join(names, ", ")})
		}
	}
	return out
}

// calendar is a volume's backups, a letter each, the oldest left.
func calendar(v *jobs.PruneVolume) string {
	var b strings.Builder
	for i := range v.Backups {
		x := &v.Backups[len(v.Backups)-1-i]
		switch {
		case x.Goes:
			b.WriteString("·")
		case len(x.Rules) > 0:
			b.WriteString("K")
		default:
			b.WriteString("+")
		}
	}
	return b.String()
}

// sayPrune shows the calendars, and what all of it comes to.
func (e *Env) sayPrune(p *jobs.PrunePlan) {
	bears := 0
	for i := range p.Volumes {
		v := &p.Volumes[i]
		goes := 0
		for j := range v.Backups {
			x := &v.Backups[j]
			if x.Goes {
				goes++
			} else if x.Bears > 0 && len(x.Rules) == 0 && x.Outside == "" {
				bears++
			}
		}
		var rules []string
		for _, x := range v.Policies {
			rules = append(rules, x.Name+": "+x.Keep.String())
		}
		e.say("%s  %s  %d stay, %d go (%s)", v.Volume.Title(), calendar(v), len(v.Backups)-goes, goes, strings.Join(rules, "; "))
	}
	n, of := p.Goes()
	space := "how much space that frees is not known, as Cinder does not tell it"
	if p.Freed.Set {
		space = "that frees " + core.Bytes(p.Freed.V) + " of the repository"
	}
	if n == 0 {
		e.say("None of %s goes.", core.Count(of, "backup"))
	} else {
		e.say("%d of %s go; %s.", n, core.Count(of, "backup"), space)
	}
	if bears > 0 {
		e.say("%s stay only for those that stand on them: a new full backup first begins a chain of its own (full_every, or hearth create), "+
			"and the old one goes whole.", core.Count(bears, "backup"))
	}
	e.warn(p.Delete.Warnings)
	e.warnOf(p.Unseen...)
}
