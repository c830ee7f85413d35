package verbs

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hearth/core"
	"hearth/store/jobs"
)

func (e *Env) copying() *cobra.Command {
	var from, to string
	var o jobs.CopyOptions
	how := transferring{what: "copy"}
	cmd := &cobra.Command{
		Use: "copy BACKUP… [--from PLACE] [--to PLACE]", Short: "Copy backups into another cloud, by their records", Args: takes(1, -1),
		Long: "Bring backups, each named " + named + ", into another place: export their records, import them there, " +
			"parents first, follow each until it is available, and compare what arrived with the record. It says first " +
			"what would be sent and in which order, what is there already, what is refused and why, whose it will be, " +
			"and what nobody can know before a restore; and asks. The records are exported for that, unless the archive " +
			"has them as they are now.\n\n" +
			"A copy has no files of its own: both clouds must see the same backup repository, and deleting either " +
			"deletes the files of both.\n\n" +
			"Whatever interrupts it, the same command goes on where it stopped, and imports nothing twice. PLACE is a " +
			"name of the config or of clouds.yaml, or a location; where --from or --to is left out, it is the place of " +
			"--place, --cloud and so on.",
		Example: "hearth copy db-incr-2 --chain --from prod --to dr\n" +
			"hearth copy $(hearth backups --cloud prod -o value -c id) --from prod --to dr --dry-run",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case from == "" && to == "":
				return misuse(cmd, "neither --from nor --to is given", "")
			case o.Jobs < 1:
				return misuse(cmd, "--jobs wants a number from 1", "")
			}
			ctx := cmd.Context()
			open := func() (jobs.Desk, func(), error) { return e.at(ctx, from) }
			return across(ctx, e, open, to, how.writes(), func(source, target jobs.Desk) error {
				ids, err := backupsNamed(ctx, source, args)
				if err != nil {
					return err
				}
				progress, end := e.bar(how.quiet)
				t, err := jobs.PlanCopy(ctx, source, target, jobs.Picked{IDs: ids}, o, progress)
				end()
				if err != nil {
					return err
				}
				e.sayTransfer(&t)
				return e.transfer(ctx, how, &t, func(p jobs.Progress) ([]core.ImportResult, error) {
					return jobs.Copy(ctx, target, &t, p)
				})
			})
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&from, "from", "", "the place that has them")
	fl.StringVar(&to, "to", "", "the place that is to have them")
	fl.BoolVar(&o.Chain, "chain", false, "with the parents of each")
	fl.IntVar(&o.Jobs, "jobs", 2, "how many exports run at once")
	how.flags(cmd)
	e.completePlaces(cmd, "from", "to")
	return cmd
}

// sayTransfer says what a transfer comes to: a line for each backup in the order in
// which they go.
func (e *Env) sayTransfer(t *jobs.Transfer) {
	if len(t.Items) == 0 {
		e.say("There is nothing to bring from %s to %s.", t.From, t.To)
		return
	}
	e.say("From %s to %s:", t.From, t.To)
	common, rebuilt := commonMarks(t)
	for i := range t.Items {
		e.sayArrival(i, &t.Items[i], common)
	}
	if len(common) > 0 {
		e.say("Of the %s that were rebuilt:", core.Count(rebuilt, "record"))
		for _, m := range common {
			e.say("  · %s is %s: %s", m.Field, string(m.State), m.Why)
		}
	}
	e.say("Owner: %s.", t.Facts.Owner)
	if t.Facts.Quota.Set {
		e.say("Quota: %s left.", left(t.Facts.Quota.V))
	}
	e.warn(t.Warnings)
	e.say("%s.", tallied(t.Count()))
}

// commonMarks are the marks that all rebuilt backups have which go; a single one's
// are its own.
func commonMarks(t *jobs.Transfer) (common []core.Mark, rebuilt int) {
	for i := range t.Items {
		it := &t.Items[i]
		if !it.Rebuilt || !it.Ticked {
			continue
		}
		if rebuilt++; rebuilt == 1 {
			common = slices.Clone(it.Marks)
			continue
		}
		common = slices.DeleteFunc(common, func(m core.Mark) bool { return !slices.Contains(it.Marks, m) })
	}
	if rebuilt < 2 {
		return nil, rebuilt
	}
	return common, rebuilt
}

func left(h core.Headway) string {
	part := func(n int64, unit string) string {
		if n < 0 {
			return "any number of " + unit
		}
		return fmt.Sprintf("%d %s", n, unit)
	}
	return part(h.Backups, "backups") + " and " + part(h.GiB, "GiB")
}

func tallied(n jobs.Transferred) string {
	parts := []string{fmt.Sprintf("%d to send", n.Goes)}
	for _, p := range []struct {
		n    int
		what string
	}{
		{n.Under, "on the way"}, {n.There, "there already"}, {n.Held, "held back"}, {n.Refused, "refused"}, {n.Unticked, "not chosen"},
	} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	return strings.Join(parts, ", ")
}

func (e *Env) sayArrival(i int, it *jobs.Arrival, common []core.Mark) {
	name, kind := calling(it.Name), "full"
	if it.Parent != "" {
		kind = "incremental"
	}
	state := string(it.State)
	switch {
	case it.State == jobs.ArrivalThere:
		state = "there already (" + it.Status + "), left as it is"
	case it.State == jobs.ArrivalUnder:
		state = "on its way already: it is followed"
	case it.State == jobs.ArrivalRefused:
	case !it.Ticked:
		state = "not chosen"
	case it.Problem != "":
		state = "held back"
	}
	e.say("%4d  %s (%s), %s, %d GiB: %s", i+1, name, string(it.ID), kind, it.Size, state)
	mark := map[core.Level]string{core.LevelInfo: "·", core.LevelWarn: "!", core.LevelRefuse: "✗"}
	for _, f := range it.Findings {
		if f.Level > core.LevelInfo {
			e.say("      %s %s", mark[f.Level], f.In(idiom))
		}
	}
	if it.Problem != "" {
		e.say("      ✗ %s", it.Problem)
	}
	for _, x := range it.Differs {
		e.say("      ! %s", x)
	}
	if it.Stranger != "" {
		e.say("      ! %s", it.Stranger)
	}
	if it.Stranger != "" && !it.Ticked {
		return
	}
	for _, x := range it.Lacks {
		e.say("      ! %s", x)
	}
	for _, m := range it.Marks {
		if slices.Contains(common, m) {
			continue
		}
		e.say("      · %s is %s: %s", m.Field, string(m.State), m.Why)
	}
	if it.Origin != "" && it.Origin != "exported" {
		e.say("      · %s", it.Origin)
	}
	for _, x := range it.Conflicts {
		e.say("      · %s", x)
	}
}

// across opens a source of backups and the place that to names, runs fn with both,
// and closes them. writes is what fn does to the target, which is refused before fn
// runs where that may not be written; empty if fn only reads.
func across[S any](ctx context.Context, e *Env, open func() (S, func(), error), to, writes string,
	fn func(source S, target jobs.Desk) error) error {
	source, closeSource, err := open()
	if err != nil {
		return err
	}
	defer closeSource()
	target, closeTarget, err := e.at(ctx, to)
	if err != nil {
		return err
	}
	defer closeTarget()
	if writes != "" {
		if err := writable(target, writes, core.OpImport); err != nil {
			return err
		}
	}
	return fn(source, target)
}

// transferring is how a transfer is done.
type transferring struct {
	what            string // copy, recover
	yes, dry, quiet bool
}

func (how *transferring) flags(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.BoolVar(&how.dry, "dry-run", false, "only say what would be done")
	fl.BoolVar(&how.yes, "yes", false, "do not ask")
	fl.BoolVarP(&how.quiet, "quiet", "q", false, "say nothing of how it gets on")
}

// writes is what is done to the target: nothing in a dry run.
func (how *transferring) writes() string {
	if how.dry {
		return ""
	}
	return how.what
}

// transfer asks, carries a transfer out and says what became of each.
func (e *Env) transfer(ctx context.Context, how transferring, t *jobs.Transfer,
	do func(jobs.Progress) ([]core.ImportResult, error)) error {
	n := t.Count()
	switch {
	case len(t.Items) == 0:
		return nil
	case how.dry:
		e.say("Nothing was sent.")
		if n.Refused+n.Held > 0 {
			return core.Fail(core.CodePartial, how.what+" all",
				fmt.Sprintf("%s would not go", core.Count(n.Refused+n.Held, "backup")), "see what is said of each", nil)
		}
		return nil
	}
	if n.Goes+n.Under > 0 {
		question := fmt.Sprintf("Import %s into %s?", core.Count(n.Goes, "backup"), t.To)
		if n.Goes == 0 {
			question = fmt.Sprintf("Follow %s in %s?", core.Count(n.Under, "backup"), t.To)
		}
		if err := e.confirm(ctx, how.yes, how.what, question, "look at it with --dry-run"); err != nil {
			return err
		}
	}
	progress, end := e.bar(how.quiet)
	results, err := do(progress)
	end()
	e.sayArrived(t, results)
	return err
}

// sayArrived says what became of each backup that was to go.
func (e *Env) sayArrived(t *jobs.Transfer, results []core.ImportResult) {
	arrived := 0
	was := map[core.BackupID]jobs.ArrivalState{}
	for i := range t.Items {
		was[t.Items[i].ID] = t.Items[i].State
	}
	for _, r := range results {
		switch {
		case r.Err != nil:
			e.say("- %s (%s): %s.", calling(r.Name), string(r.ID), r.Err)
		case was[r.ID] == jobs.ArrivalThere:
			continue
		default:
			arrived++
			e.say("- %s (%s): %s", calling(r.Name), string(r.ID), r.Status)
			for _, x := range r.Differs {
				e.say("  ! %s", x)
			}
		}
	}
	e.say("%s arrived in %s, %d were there already.", core.Count(arrived, "backup"), t.To, t.Count().There)
}
