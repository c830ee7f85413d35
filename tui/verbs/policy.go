package verbs

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/jobs"
)

// policyConfig shows every setting of a policy.
const policyConfig = `  [policy.gold]
  metadata = { backup = "gold" }  # volumes that have it; filter = "name~db size<500" and project = "…" choose too
  every = "24h"                   # due at midnight UTC; of 168h on Mondays
  grace = "6h"                    # how late a backup may be (default a quarter of every)
  proven_every = "30d"            # within what time a drill is to prove a backup, byte for byte; without it none has to
  full_every = 7                  # each 7th is a full one; without it all are
  force = true                    # also of volumes that are in use
  keep = { last = 3, daily = 7, weekly = 4, monthly = 6, yearly = 2, at_least = 2 }`

func (e *Env) policy() *cobra.Command {
	cmd := &cobra.Command{
		Use: "policy VERB", Short: "Hold volumes to the backup policies of the config: check, run, prune", Args: cobra.ArbitraryArgs,
		Long: "Policies say which volumes are to be backed up, how often, and what stays. They stand in the config, and hearth runs " +
			"nothing by itself: cron, or a timer, runs hearth policy run.\n\n" + policyConfig + "\n\n" +
			"Each backup that is made carries its policy and due time, as properties (hearth-policy, hearth-due) and in its " +
			"description, by which any hearth sees it. Keep rules count as restic's do: each over what there is of it, the newest " +
			"of an hour, a day, an ISO week, a month or a year, in UTC.",
		Example:           "hearth policy check --all\nhearth policy run --yes\nhearth policy prune",
		ValidArgsFunction: cobra.NoFileCompletions, // besides the verbs, which cobra completes
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return misuse(cmd, "an argument is missing", "write hearth policy check, run or prune")
			}
			return misuse(cmd, "there is no hearth policy "+args[0], "write hearth policy check, run or prune")
		},
	}
	cmd.AddCommand(e.policyCheck(), e.policyRun(), e.policyPrune())
	return cmd
}

// policies are those of the config that are named, all where none is.
func (e *Env) policies(names []string) ([]jobs.Policy, error) {
	var all []jobs.Policy
	if e.Policies != nil {
		var err error
		if all, err = e.Policies(); err != nil {
			return nil, err
		}
	}
	return jobs.Chosen(all, names)
}

// policyNames completes names of policies.
func (e *Env) policyNames(*cobra.Command, []string, string) (out []cobra.Completion, _ cobra.ShellCompDirective) {
	if e.Policies != nil {
		all, _ := e.Policies()
		for _, p := range all {
			out = append(out, p.Name)
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

// ofPolicy are the columns that say which volume of which policy a line is about.
func ofPolicy[T any](of func(*T) (policy string, v *core.Volume)) core.Columns[T] {
	volume := func(x *T) *core.Volume { _, v := of(x); return v }
	return core.Columns[T]{
		{Name: "policy", Key: "policy", Title: "Policy", Kind: core.WordColumn, Value: func(x *T) pyjson.Value {
			policy, _ := of(x)
			return pyjson.OfString(policy)
		}},
		{Name: "volume", Key: "volume_name", Title: "Volume", Value: func(x *T) pyjson.Value { return orNull(volume(x).Name.Or("")) }},
		{Name: "volume-id", Key: "volume_id", Title: "Volume ID", Kind: core.IDColumn,
			Value: func(x *T) pyjson.Value { return pyjson.OfString(string(volume(x).ID)) }},
	}
}

// atPolicies is what each verb of policies does with its words: it checks how to print,
// finds the policies that are named, and opens the place.
func atPolicies[T any](e *Env, cmd *cobra.Command, args []string, s *sheet[T], f *format,
	do func(ctx context.Context, d jobs.Desk, policies []jobs.Policy, r rows[T]) error) error {
	r, err := s.rows(f, e.Width)
	if err != nil {
		return err
	}
	policies, err := e.policies(args)
	if err != nil {
		return err
	}
	return e.with(cmd, func(ctx context.Context, d jobs.Desk) error { return do(ctx, d, policies, r) })
}

// warnOf says what stands against what is shown, a clause each.
func (e *Env) warnOf(clauses ...string) {
	for _, what := range clauses {
		if what != "" {
			e.say("! %s%s.", strings.ToUpper(what[:1]), what[1:])
		}
	}
}

var policyColumns = append(ofPolicy(func(s *jobs.PolicyState) (string, *core.Volume) { return s.Policy, &s.Volume }),
	core.Columns[jobs.PolicyState]{
		{Name: "project", Key: "project_id", Title: "Project", Kind: core.IDColumn,
			Value: func(s *jobs.PolicyState) pyjson.Value { return orNull(string(s.Volume.ProjectID)) }},
		{Name: "state", Key: "state", Title: "State", Kind: core.WordColumn,
			Value: func(s *jobs.PolicyState) pyjson.Value { return pyjson.OfString(string(s.Keeping)) }},
		{Name: "since", Key: "broken_since", Title: "Broken since", Kind: core.TimeColumn,
			Value: func(s *jobs.PolicyState) pyjson.Value { return timeOrNull(s.Since) }},
		{Name: "newest", Key: "newest_backup_at", Title: "Newest backup", Kind: core.TimeColumn,
			Value: func(s *jobs.PolicyState) pyjson.Value { return timeOrNull(s.Newest) }},
		{Name: "proof", Key: "proof", Title: "Proof", Kind: core.WordColumn,
			Value: func(s *jobs.PolicyState) pyjson.Value { return orNull(string(s.Proof.Keeping)) }},
		{Name: "proven", Key: "last_proven_at", Title: "Last proven", Kind: core.TimeColumn,
			Value: func(s *jobs.PolicyState) pyjson.Value { return timeOrNull(s.Proof.Last) }},
		{Name: "unproven-since", Key: "unproven_since", Title: "Unproven since", Kind: core.TimeColumn,
			Value: func(s *jobs.PolicyState) pyjson.Value { return timeOrNull(s.Proof.Since) }},
		{Name: "why", Key: "why", Title: "Why", Value: func(s *jobs.PolicyState) pyjson.Value { return orNull(s.Why) }},
	}...)

var policySheet = sheet[jobs.PolicyState]{
	columns: policyColumns,
	usual:   []string{"policy", "volume", "volume-id", "state", "since", "why"},
	spare:   []string{"volume-id", "since"},
}

var checkFormats = append(slices.Clone(formats), "prometheus")

func (e *Env) policyCheck() *cobra.Command {
	f := &format{}
	var all, nagios bool
	cmd := &cobra.Command{
		Use: "check [POLICY…]", Short: "Show which volumes break which policy, and since when", Args: takes(0, -1),
		Long: "Show which volumes break which policy, and since when: their newest backup that is available, whoever made it, is " +
			"older than every and grace of the policy. One that is older by another every, or a volume without any, is missed. What " +
			"could not be seen is said, and what is not known is unknown.\n\n" +
			"Any available backup counts for that, whether it would restore or not. With proven_every a drill has to have proven one " +
			"of the volume's within that time, too: hearth drill --deep, which compares every byte with the repository. One that was " +
			"only restored is not proven, as Cinder calls a wrong restore available. Known are the drills of this archive, and not those of " +
			"another machine; one that did not bring a backup back makes the volume missed until another is proven.\n\n" +
			"With --nagios it prints one line and ends with 0 where all are kept, 1 where some are broken, 2 where some are " +
			"missed, 3 where it is not known, and where hearth itself failed. -o prometheus is for the textfile collector " +
			"of node_exporter.\n\nThe columns are " + words(policyColumns.Names(), "and") + ".",
		Example: "hearth policy check\nhearth policy check gold --nagios\n" +
			"hearth policy check -o prometheus > /var/lib/prometheus/node-exporter/hearth.prom.new",
		ValidArgsFunction: e.policyNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			if nagios {
				return e.nagios(cmd, args)
			}
			return e.policyChecked(cmd, args, f, all)
		},
	}
	f.flags(cmd, policyColumns.Names())
	f.localFlag(cmd)
	for _, name := range []string{"output", "format"} {
		cmd.Flags().Lookup(name).Usage = "how to print: " + words(checkFormats, "or")
	}
	cmd.Flags().BoolVar(&all, "all", false, "also volumes whose policy is kept")
	cmd.Flags().BoolVar(&nagios, "nagios", false, "one line and an exit code from 0 to 3, as monitoring plugins have them")
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		if err = badFlag(cmd, err); slices.Contains(e.Words, "--nagios") {
			err = e.plugin(3, err.Error())
		}
		return err
	})
	return cmd
}

func (e *Env) policyChecked(cmd *cobra.Command, args []string, f *format, all bool) error {
	metrics := f.name == "prometheus"
	if err := f.check(checkFormats...); err != nil {
		return err
	}
	if metrics {
		f.name = "table" // whose columns it has not, and whose checks it passes
	}
	return atPolicies(e, cmd, args, &policySheet, f, func(ctx context.Context, d jobs.Desk, policies []jobs.Policy,
		r rows[jobs.PolicyState]) error {
		report, err := d.CheckPolicies(ctx, policies, e.steps())
		if err != nil && core.CodeOf(err) != core.CodeIncomplete {
			return err
		}
		if metrics {
			if _, werr := fmt.Fprint(e.Out, policyMetrics(&report, d.Place.Info().Location, e.Now())); werr != nil {
				return werr
			}
		} else {
			states := slices.DeleteFunc(slices.Clone(report.States), func(s jobs.PolicyState) bool { return !all && s.Keeping == core.PolicyKept })
			if _, werr := r.list(e.Out, states); werr != nil {
				return werr
			}
		}
		e.say("%s.", report.Says())
		e.warnOf(report.Unseen...)
		if n := report.Count("")[core.PolicyUnknown]; n > 0 && err == nil {
			return core.Fail(core.CodeUncertain, "check the policies", core.Count(n, "volume")+" could not be judged", "see what is said of each",
				nil)
		}
		return err
	})
}

// steps tells how a job gets on where somebody looks.
func (e *Env) steps() jobs.Progress {
	if e.ErrWidth == 0 {
		return nil
	}
	return e.progress()
}

// errPlugin is how a monitoring plugin ends: what there is to say was said.
type errPlugin struct{ exit int }

func (p *errPlugin) Error() string { return fmt.Sprintf("the check ends with %d", p.exit) }

// plugin prints a plugin's line, and ends with its exit code.
func (e *Env) plugin(exit int, text string) error {
	word := []string{"OK", "WARNING", "CRITICAL", "UNKNOWN"}[exit]
	line := core.Visible(strings.NewReplacer("\n", " ", "|", "/").Replace(core.Struck(text)))
	fmt.Fprintf(e.Out, "HEARTH %s - %s\n", word, line) // where nobody reads it the code says as much
	if exit == 0 {
		return nil
	}
	return &errPlugin{exit}
}

// nagios checks the policies as a monitoring plugin does: whatever goes wrong with hearth is
// unknown, never a state of the volumes.
func (e *Env) nagios(cmd *cobra.Command, args []string) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = e.plugin(3, fmt.Sprint("something unforeseen went wrong: ", r))
		}
	}()
	exit, text := 3, ""
	policies, err := e.policies(args)
	if err == nil {
		err = e.with(cmd, func(ctx context.Context, d jobs.Desk) error {
			report, err := d.CheckPolicies(ctx, policies, nil)
			if err == nil || core.CodeOf(err) == core.CodeIncomplete {
				exit, text = nagiosState(&report)
				err = nil
			}
			return err
		})
	}
	if err != nil {
		return e.plugin(3, err.Error())
	}
	return e.plugin(exit, text)
}

// nagiosState is the exit code of a report, and its line: the worst first.
func nagiosState(r *jobs.PolicyReport) (exit int, text string) {
	n := r.Count("")
	text = r.Says()
	switch {
	case n[core.PolicyMissed] > 0:
		exit = 2
	case n[core.PolicyBroken] > 0:
		exit = 1
	case n[core.PolicyUnknown] > 0 || slices.ContainsFunc(r.Policies, func(p jobs.Policy) bool { return len(r.Count(p.Name)) == 0 }):
		exit = 3 // that nothing is broken is not known
	}
	worst := slices.Clone(r.States)
	slices.SortStableFunc(worst, func(a, b jobs.PolicyState) int { return b.Keeping.Badness() - a.Keeping.Badness() })
	for i, s := range worst {
		if s.Keeping == core.PolicyKept || i == 3 {
			break
		}
		text += fmt.Sprintf("; %s %s of %s: %s", s.Volume.Title(), s.Keeping, s.Policy, s.Why)
	}
	if len(r.Unseen) > 0 {
		text += "; not seen: " + strings.Join(r.Unseen, ", ")
	}
	return exit, text
}
