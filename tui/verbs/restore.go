package verbs

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/jobs"
)

func (e *Env) restore() *cobra.Command {
	p := &planning{}
	f := &format{}
	var r core.RestoreRequest
	var yes, noWait bool
	cmd := &cobra.Command{
		Use: "restore BACKUP", Short: "Restore a backup, data and metadata, and see whether the plan came true",
		Long: "Show what the restore will make of the volume's metadata, ask, and have the cloud restore data and " +
			"metadata. hearth then watches the volume, reads it back, and reports field by field whether it is as " +
			"planned.\n\n" +
			"hearth restore BACKUP (--onto VOLUME | --new [NAME])\n\n" +
			"With a name of its own the new volume keeps that, and not the captured one. --size, --type and " +
			"--availability-zone are for a new volume.\n\n" +
			"A full backup of a driver that is known, and that leaves zeros out rightly, goes to a volume that Cinder makes " +
			"for it. All others, incrementals above all, go to one that hearth makes first and that is written whole: what " +
			"Cinder 22 to 28 makes itself may hold old data where there should be zeros. An encrypted backup gets the type " +
			"that it came from, unless --type names one. What certainly cannot be is refused before anything is made.",
		Example: "hearth restore 4e47 --new\n" +
			"hearth restore 4e47 --onto db-prod-01 --yes -o json\n" +
			"hearth restore 4e47 --new --type fast --size 20",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check("table", "json", "yaml"); err != nil {
				return err
			}
			if err := checkRestore(cmd, args, p, &r); err != nil {
				return err
			}
			return e.with(cmd, func(ctx context.Context, d jobs.Desk) error {
				if err := d.Allowed(core.OpRestore); err != nil {
					return err
				}
				plan, err := e.planRestore(ctx, d, p, args, &r)
				if err != nil {
					return err
				}
				if err := e.standsAgainst(ctx, d, plan, r); err != nil {
					return err
				}
				if err := e.confirm(ctx, yes, string(core.OpRestore), restoreQuestion(plan, r), "look at it with hearth plan"); err != nil {
					return err
				}
				report, err := d.Restore(ctx, r, plan, !noWait, e.progress())
				if report.Made != "" && core.CodeOf(err) == core.CodeCancelled {
					e.say("! Volume %s, which was made for it, is left behind: delete it if it is not wanted, when Cinder is done with it.",
						core.Visible(string(report.Made)))
				}
				if report.Volume == "" {
					return err
				}
				if werr := e.writeReport(f, report); err == nil {
					err = werr
				}
				return err
			})
		},
	}
	p.flags(e, cmd)
	p.certainFlag(cmd)
	shapeFlags(cmd, &r)
	fl := cmd.Flags()
	fl.BoolVar(&noWait, "no-wait", false, "only ask for it, and do not watch it")
	fl.BoolVar(&yes, "yes", false, "do not ask")
	formatFlag(cmd, &f.name, "table", "how to print the report: table, json or yaml", []string{"table", "json", "yaml"})
	return cmd
}

// checkRestore says what is wrong with the call itself, before a place is opened.
func checkRestore(cmd *cobra.Command, args []string, p *planning, r *core.RestoreRequest) error {
	if len(args) == 0 {
		return misuse(cmd, "an argument is missing", "name the backup")
	}
	if err := checkShape(cmd, p, r); err != nil {
		return err
	}
	return p.check(cmd, args)
}

// shapeFlags adds the flags that say what a new volume is to be.
func shapeFlags(cmd *cobra.Command, r *core.RestoreRequest) {
	f := cmd.Flags()
	f.Int64Var(&r.Size, "size", 0, "of the new volume, in GiB (default that of the backup)")
	f.StringVar(&r.Type, "type", "", "the type of the new volume (default the cloud's)")
	f.StringVar(&r.AvailabilityZone, "availability-zone", "", "the zone of the new volume")
}

func checkShape(cmd *cobra.Command, p *planning, r *core.RestoreRequest) error {
	switch {
	case p.onto != "" && (r.Shaped() || r.Size != 0):
		return misuse(cmd, "--size, --type and --availability-zone are for a new volume", "leave them out, or give --new")
	case r.Size < 0:
		return misuse(cmd, "--size wants a number from 1", "")
	}
	return nil
}

// standsAgainst refuses what cannot be, by the plan too, and tells what is not known.
func (e *Env) standsAgainst(ctx context.Context, d jobs.Desk, plan *core.Plan, r core.RestoreRequest) error {
	can, falls, err := d.Weighed(ctx, jobs.CanRequest{Restore: r, Plan: plan})
	if err != nil {
		return err
	}
	if err := jobs.Blocked(can); err != nil {
		return err
	}
	for _, reason := range can.Reasons {
		text := reason.Text
		if reason.Next != "" {
			text += "; " + idiom.Next(reason.Next, reason.With...)
		}
		e.say("! Whether it can be restored is not certain: %s.", core.Visible(text))
	}
	e.warn(core.PitfallTexts(falls))
	return nil
}

// planRestore fills in the request and shows the plan.
func (e *Env) planRestore(ctx context.Context, d jobs.Desk, p *planning, args []string, r *core.RestoreRequest) (*core.Plan, error) {
	request, err := p.request(ctx, e, d, args)
	if err != nil {
		return nil, err
	}
	r.Backup, r.Volume, r.Name = request.Backup, request.Onto, request.Name
	if err := d.CheckRestore(ctx, *r); err != nil {
		return nil, err
	}
	bare := r.Shaped()
	if *r, err = d.Routed(ctx, *r); err != nil {
		return nil, err
	}
	request.Via, request.Type, request.Bare, request.Route = core.ViaDatabase, r.Type, bare, r.Route
	plan, err := d.Plan(ctx, request)
	if err != nil {
		return nil, err
	}
	if err := writePlan(e.Err, e.ErrWidth, plan, false); err != nil {
		return nil, err
	}
	return plan, p.enough(plan)
}

func restoreQuestion(p *core.Plan, r core.RestoreRequest) string {
	if r.Volume == "" {
		return "The way: " + r.Route.Says() + ". Restore this backup to a new volume?"
	}
	title := string(r.Volume)
	if p != nil && p.Target.Volume != nil {
		title = p.Target.Volume.Title()
	}
	return fmt.Sprintf("Restore this backup onto volume %s (%s)? All data on it is overwritten.", title, r.Volume)
}

// writeReport prints what became of a restore.
func (e *Env) writeReport(f *format, r *core.RestoreReport) error {
	if f.name != "table" {
		return e.writeObject(f, r.Object())
	}
	return reportTable(e.Out, e.Width, r)
}

func reportTable(w io.Writer, width int, r *core.RestoreReport) error {
	head := grid{lanes: []lane{{}, {wraps: true}}, rows: [][]string{
		{"Volume", core.Visible(r.VolumeName) + " (" + core.Visible(string(r.Volume)) + ") " + core.Visible(r.VolumeStatus)},
		{"Backup", core.Visible(string(r.Backup)) + " " + core.Visible(r.BackupStatus)},
	}}
	for _, m := range r.Messages {
		head.rows = append(head.rows, []string{"Message", core.Visible(m.Text)})
	}
	if err := head.write(w, width); err != nil {
		return err
	}
	if len(r.Fields) > 0 {
		fmt.Fprintln(w)
		if err := cameTable(r.Fields).write(w, width); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "\n%s.\n", core.Visible(r.Verdict()))
	return err
}

// cameTable has a line for each field: as it was planned, as it is, and whether that
// is the same.
func cameTable(fields []core.FieldOutcome) grid {
	g := grid{lanes: []lane{
		{title: "Section"}, {title: "Field"}, {title: "Planned", wraps: true}, {title: "Actual", wraps: true},
		{title: "Came"}, {title: "Why", wraps: true},
	}}
	value := func(name string, v core.Opt[pyjson.Value]) string {
		if !v.Set {
			return "(none)"
		}
		return shown(name, v.V)
	}
	for _, x := range fields {
		g.rows = append(g.rows, []string{
			x.Section.Title(), core.Visible(x.Name), value(x.Name, x.Planned), changed(value(x.Name, x.Actual), x.Planned, x.Actual),
			string(x.Came), core.Visible(x.Why),
		})
	}
	return g
}
