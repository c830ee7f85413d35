package verbs

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"hearth/core"
	"hearth/store/jobs"
)

func (e *Env) apply() *cobra.Command {
	p := &planning{}
	var yes bool
	var resume int64
	cmd := &cobra.Command{
		Use: "apply [BACKUP]", Short: "Apply a restore's metadata to a volume, after showing the plan",
		Long: "Show the plan, ask, and carry it out: metadata only, in one transaction, or on a cloud call by call, and " +
			"journalled. It refuses when the volume is no longer what the plan was made from. hearth undo takes it back. " +
			"What ended half-way is finished with --resume ENTRY, or taken back.\n\n" + fmt.Sprintf(planHelp, "apply"),
		Example: "hearth apply 4e47 --onto db-prod-01\nhearth apply 4e47 --onto db-prod-01 --yes && hearth journal --limit 1",
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("resume") {
				return e.resume(cmd, args, resume, yes)
			}
			if err := p.check(cmd, args); err != nil {
				return err
			}
			return e.with(cmd, func(ctx context.Context, d jobs.Desk) error {
				r, err := p.request(ctx, e, d, args)
				if err != nil {
					return err
				}
				r.MetadataOnly = true
				plan, err := d.Plan(ctx, r)
				if err != nil {
					return err
				}
				if err := writePlan(e.Err, e.ErrWidth, plan, false); err != nil {
					return err
				}
				const tried = "apply the plan"
				if err := plan.Applicable(); err != nil {
					return err
				}
				if err := p.enough(plan); err != nil {
					return err
				}
				if err := writable(d, tried, core.OpWriteVolume); err != nil {
					return err
				}
				v := plan.Target.Volume
				question := fmt.Sprintf("Apply this to volume %s (%s)?", v.Title(), v.ID)
				if err := e.confirm(ctx, yes || d.Idle(plan), tried, question, "look at it with hearth plan"); err != nil {
					return err
				}
				entry, err := d.Apply(ctx, plan)
				if err != nil {
					e.sayHalf(&entry)
					return err
				}
				if entry.None() {
					e.say("Volume %s is so already: nothing was sent.", v.Title())
					return nil
				}
				e.say("Applied to %s as journal entry %d. Take it back with: hearth undo %d", v.Title(), entry.ID, entry.ID)
				return nil
			})
		},
	}
	p.flags(e, cmd)
	p.viaFlags(cmd)
	p.certainFlag(cmd)
	cmd.Flags().Int64Var(&resume, "resume", 0, "do the rest of this journal entry, which ended half-way")
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

// sayHalf says how to go on from an entry that ended half-way.
func (e *Env) sayHalf(entry *core.Entry) {
	if entry.State != core.EntryHalf {
		return
	}
	for _, s := range entry.Steps {
		mark := "·"
		if s.Done {
			mark = "✓"
		}
		e.say("  %s %s", mark, s.What)
	}
	e.say("It ended half-way, as journal entry %d. Do the rest with: hearth apply --resume %d, or take it back with: hearth undo %d",
		entry.ID, entry.ID, entry.ID)
}

// resume does the rest of an entry that ended half-way.
func (e *Env) resume(cmd *cobra.Command, args []string, n int64, yes bool) error {
	switch {
	case len(args) > 0:
		return misuse(cmd, args[0]+" is one argument too many", "--resume ENTRY stands alone")
	case n < 1:
		return misuse(cmd, "--resume wants the number of a journal entry", "list them with hearth journal")
	}
	return e.with(cmd, func(ctx context.Context, d jobs.Desk) error {
		of, err := d.FinishTarget(ctx, core.EntryID(n))
		if err != nil {
			return err
		}
		tried := fmt.Sprintf("finish entry %d", of.ID)
		e.say("Entry %d of %s UTC by %s: %s", of.ID, clock(of.At.UTC(), false), of.Who, of.Summary)
		for _, s := range of.Steps {
			if !s.Done {
				e.say("  · %s", s.What)
			}
		}
		if err := writable(d, tried, core.OpWriteVolume); err != nil {
			return err
		}
		question := fmt.Sprintf("Do the rest of this on volume %s?", of.Volume)
		if err := e.confirm(ctx, yes, tried, question, "look at it with hearth journal -o json"); err != nil {
			return err
		}
		entry, err := d.Finish(ctx, of.ID)
		if err != nil {
			e.sayHalf(&entry)
			return err
		}
		e.say("Finished, as journal entry %d, which holds all of it.", entry.ID)
		return nil
	})
}

func (e *Env) undo() *cobra.Command {
	var yes, partly bool
	cmd := &cobra.Command{
		Use: "undo [ENTRY]", Short: "Take back what apply did", Args: takes(0, 1),
		Long: "Take a journal entry back; without a number, the last one that was applied and not yet taken back. It " +
			"asks first. What somebody else has changed since is shown and left alone: with --yes only if --partly is given, " +
			"too, where that is part of the entry; it ends with 11 then. " +
			"It refuses where nothing stands any more as the entry left it.",
		ValidArgsFunction: first(e.undoable),
		RunE: func(cmd *cobra.Command, args []string) error {
			var id core.EntryID
			if len(args) == 1 {
				n, err := strconv.ParseInt(args[0], 10, 64)
				if err != nil || n < 1 {
					return misuse(cmd, args[0]+" is no number of a journal entry", "list them with hearth journal")
				}
				id = core.EntryID(n)
			}
			return e.with(cmd, func(ctx context.Context, d jobs.Desk) error {
				p, err := d.PlanUndo(ctx, id)
				if err != nil {
					return err
				}
				of := p.Entry
				e.say("Entry %d of %s UTC by %s: %s", of.ID, clock(of.At.UTC(), false), of.Who, of.Summary)
				e.sayUndo(&p)
				tried := fmt.Sprintf("undo entry %d", of.ID)
				if yes && !partly && len(p.Alone) > 0 {
					return core.Fail(core.CodeConflict, tried, "somebody has changed some of it since", "undo the rest with --partly", nil)
				}
				op, what := core.OpWriteVolume, "volume "+string(of.Volume)
				if of.Volume == "" {
					op, what = core.OpEdit, "backup "+string(of.Backup)
				}
				if err := writable(d, tried, op); err != nil {
					return err
				}
				if err := e.confirm(ctx, yes, tried, fmt.Sprintf("Take this back on %s?", what), "look at it with hearth journal -o json"); err != nil {
					return err
				}
				done, err := d.UndoAsShown(ctx, p)
				if err != nil {
					e.sayHalf(&done)
					return err
				}
				e.say("Taken back, as journal entry %d.", done.ID)
				if len(p.Alone) > 0 {
					return notAll(tried, len(p.Alone), len(p.Alone)+len(p.Back), "field", "was left alone: somebody else has changed it since")
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	cmd.Flags().BoolVar(&partly, "partly", false, "with --yes: also where some of it cannot be taken back, as somebody has changed it since")
	return cmd
}

// sayUndo says what an undo takes back, and what it leaves alone, where that is not
// all that the entry changed.
func (e *Env) sayUndo(p *jobs.UndoPlan) {
	if len(p.Alone)+len(p.Others) == 0 {
		return
	}
	for _, name := range p.Back {
		e.say("  %s is taken back", name)
	}
	for _, name := range p.Alone {
		e.say("  ! %s is left alone: somebody has changed it since", name)
	}
	for _, name := range p.Others {
		e.say("  %s is left alone: it was changed since, and not by this entry", name)
	}
}

// undoable completes the numbers of the entries that can be taken back.
func (e *Env) undoable(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return e.offer(cmd, func(ctx context.Context, d jobs.Desk) (out []cobra.Completion, err error) {
		j := d.Journal()
		if j == nil {
			return nil, nil
		}
		entries, err := j.Entries(ctx, d.Place.Info().Location, offered)
		for i := range entries {
			if entries[i].Undoable() == nil {
				out = append(out, cobra.CompletionWithDesc(fmt.Sprint(entries[i].ID), core.Visible(entries[i].Summary)))
			}
		}
		return out, err
	})
}
