package verbs

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"hearth/core"
	"hearth/store/jobs"
)

// planning is the flags of plan and apply.
type planning struct {
	captures []string
	onto     string
	name     string
	rules    string
	layers   string
	via      string
	leaveOut []string
	certain  bool
}

// unknownLayer is the word that stands for the capture of a layer that nobody has.
const unknownLayer = "unknown"

// planHelp explains what plan and apply have in common; %s is the verb.
const planHelp = "hearth %s [BACKUP] [--capture FILE…] (--onto VOLUME | --new [NAME])\n\n" +
	"What a restore puts back comes from the captures of the backup and its chain, as far as they are known; where none " +
	"is, the source volume as it is now stands in and the plan is a guess. Capture files, the full backup's first, " +
	"stand in for what is known, and need no backup beside them."

func (p *planning) flags(e *Env, cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&p.captures, "capture", nil,
		"capture files in order, the full backup's first; - is stdin, unknown a layer that nobody has")
	f.StringVar(&p.onto, "onto", "", "restore onto this volume")
	f.StringVar(&p.name, "new", "", "restore to a new volume; without a name Cinder chooses one")
	f.StringVar(&p.rules, "rules", "auto", "whose rules: icehouse, kilo, newton or auto")
	f.StringVar(&p.layers, "layers", "auto", "what of a chain is put back: all, last or auto")
	complete(cmd, "rules", core.RuleWords())
	complete(cmd, "layers", []string{"auto", "all", "last"})
	complete(cmd, "new", nil)
	if err := cmd.RegisterFlagCompletionFunc("onto", e.volumeIDs); err != nil {
		panic(err)
	}
	cmd.ValidArgsFunction = first(e.backupIDs)
	cmd.Args = takes(0, -1) // more than one is told in words of its own
}

// certainFlag adds the flag that wants certainty.
func (p *planning) certainFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&p.certain, "certain", false, "refuse to go on unless all of the plan is certain")
}

// enough refuses a plan that is not certain where that is wanted; nil is none.
func (p *planning) enough(plan *core.Plan) error {
	if !p.certain {
		return nil
	}
	return plan.Doubt()
}

// viaFlags adds the flags that choose how a plan is carried out.
func (p *planning) viaFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.via, "via", "auto", "what to plan: database, what Cinder's own restore writes, "+
		"or api, what the API can be asked for; auto is api for a volume of a cloud")
	cmd.Flags().StringArrayVar(&p.leaveOut, "leave-out", nil, "via the API: leave this as it is, "+
		"as in name, description, bootable, metadata KEY or image KEY; may be repeated")
	complete(cmd, "via", []string{"auto", core.ViaAPI, core.ViaDatabase})
	complete(cmd, "leave-out", []string{"name", "description", "bootable", "metadata", "image"})
}

// check says what is wrong with the call itself, before a place is opened.
func (p *planning) check(cmd *cobra.Command, args []string) error {
	isNew := cmd.Flags().Changed("new")
	switch {
	case len(args) > 1:
		return misuse(cmd, args[1]+" is one argument too many", "name one backup; a file that is meant as a capture must be there")
	case len(args) == 0 && len(p.captures) == 0 && p.name != "":
		return misuse(cmd, p.name+" was taken for the name of the new volume, and there is nothing to restore from", "name the backup first")
	case len(args) == 0 && len(p.captures) == 0:
		return misuse(cmd, "there is nothing to restore from", "name a backup, or capture files with --capture")
	case isNew && p.onto != "":
		return misuse(cmd, "--onto and --new are both given", "choose one")
	case !isNew && p.onto == "":
		return misuse(cmd, "there is no target", "give --onto VOLUME, --new or --new NAME")
	}
	return nil
}

// request turns flags and arguments into what is to be planned.
func (p *planning) request(ctx context.Context, e *Env, d jobs.Desk, args []string) (r jobs.PlanRequest, err error) {
	if r.Rules, err = core.ParseRuleSet(p.rules); err != nil {
		return r, err
	}
	if r.Layers, err = core.ParseLayers(p.layers); err != nil {
		return r, err
	}
	r.Name, r.LeaveOut = p.name, p.leaveOut
	if p.via != "auto" {
		r.Via = p.via
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
	for _, file := range p.captures {
		if file == unknownLayer {
			r.Captures = append(r.Captures, core.Capture{Source: core.Source{Kind: core.SourceUnknown}})
			continue
		}
		text, err := e.read(ctx, file)
		if err != nil {
			return r, err
		}
		r.Captures = append(r.Captures, core.ReadGiven(text, core.Source{Kind: core.SourceFile, Where: file}))
	}
	return r, nil
}

func (e *Env) plan() *cobra.Command {
	p := &planning{}
	f := &format{}
	var all bool
	var shape core.RestoreRequest
	cmd := &cobra.Command{
		Use: "plan [BACKUP]", Short: "Show what a restore would do to a volume's metadata",
		Long: "Show, field by field, what a restore would do to the target's name, description, user and image metadata, " +
			"bootable flag and encryption key. Nothing is changed.\n\n" + fmt.Sprintf(planHelp, "plan") + "\n\n" +
			"On a cloud the plan for an existing volume is one of calls of its API: it shows what the API refuses, as " +
			"keys beyond ASCII, until that is left out by name.\n\n" +
			"JSON holds fields, steps, after and error, and what the plan was made from; after is what is certain, and after an error " +
			"what had been applied by then. Where not all is certain the plan is shown, and the exit code is 13; where the restore cannot " +
			"be done at all it is 6.",
		Example: "hearth plan 4e47 --onto db-prod-01\n" +
			"hearth plan nightly-full --new --layers last\n" +
			"hearth plan --capture full.json incr-1.json --new restored -o json\n" +
			"hearth plan --capture full.json unknown incr-2.json --onto db-prod-01",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check("table", "json", "yaml"); err != nil {
				return err
			}
			if err := checkShape(cmd, p, &shape); err != nil {
				return err
			}
			if err := p.check(cmd, args); err != nil {
				return err
			}
			return e.with(cmd, func(ctx context.Context, d jobs.Desk) error {
				r, err := p.request(ctx, e, d, args)
				if err != nil {
					return err
				}
				r.Size, r.Type, r.Zone, r.Bare = shape.Size, shape.Type, shape.AvailabilityZone, shape.Shaped()
				plan, err := d.Plan(ctx, r)
				if err != nil {
					return err
				}
				if err := d.Weigh(ctx, plan, r); err != nil {
					return err
				}
				plan = idiom.Plan(plan)
				if f.name == "table" {
					err = writePlan(e.Out, e.Width, plan, all)
				} else {
					err = e.writeObject(f, plan.Object())
				}
				if err != nil {
					return err
				}
				return plan.Doubt()
			})
		},
	}
	p.flags(e, cmd)
	p.viaFlags(cmd)
	shapeFlags(cmd, &shape)
	formatFlag(cmd, &f.name, "table", "how to print: table, json or yaml", []string{"table", "json", "yaml"})
	cmd.Flags().BoolVar(&all, "all", false, "for a table: also the fields that no restore brings back")
	return cmd
}
