package verbs

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"hearth/core"
	"hearth/store/jobs"
)

// lineLimit is how long a line a terminal takes before it loses the rest (Linux'
// canonical mode).
const lineLimit = 4095

func (e *Env) importing() *cobra.Command {
	var dry, yes bool
	var service, owner string
	cmd := &cobra.Command{
		Use: "import [FILE|-]", Short: "Import records from whatever they were copied from", Args: takes(0, 1),
		Long: "Find the records in a file or on stdin (JSON, tables however wrapped, commands, bare base64, or a bundle " +
			"that hearth archive --bundle wrote, whose captures go into the archive), say what would become of each, " +
			"ask, and import those that can be, parents first and all in one transaction. Records that Cinder would " +
			"refuse, or leave broken, are refused.",
		Example: "hearth import record.json --dry-run\nxclip -o | hearth import --yes",
		RunE: func(cmd *cobra.Command, args []string) error {
			defer lean()()
			found, bundle, done, err := e.records(cmd.Context(), args)
			defer done()
			if err != nil {
				return err
			}
			if _, err = core.Renamed(nil, service); err != nil {
				return err
			}
			if bundle != nil {
				bundle.say(e)
			}
			return e.with(cmd, func(ctx context.Context, d jobs.Desk) error {
				d, done, err := e.importFor(ctx, d, owner)
				if err != nil {
					return err
				}
				defer done()
				in, err := d.TakeIn(ctx, renamed{found, service}, core.ProjectID(owner))
				if err != nil {
					return err
				}
				if owner != "" && d.Place.Info().Kind != core.PlaceCloud {
					in.Facts.Owner = "project " + owner + ", whatever the records name"
				}
				for i := range in.Len() {
					c := in.Check(i)
					e.sayCheck(i, &c)
				}
				e.say("Owner: %s.", in.Facts.Owner)
				chosen := in.Chosen()
				if !dry && chosen > 0 {
					if err := e.importChosen(ctx, d, in, yes); err != nil {
						return err
					}
				}
				if !dry && bundle != nil {
					n, err := d.KeepBundle(ctx, bundle.captures)
					if err != nil {
						return err
					}
					if n > 0 {
						e.say("%s of the bundle went into the archive.", core.Count(n, "capture"))
					}
				}
				if dry {
					e.say("Nothing was written; %d of %s would be imported.", chosen, core.Count(in.Len(), "record"))
				}
				return refused(in.Len(), chosen)
			})
		},
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only say what would become of each")
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	cmd.Flags().StringVar(&service, "service", "",
		"the backup service of all records: a class; or today, for the names that a Cinder of today knows")
	cmd.Flags().StringVar(&owner, "owner", "",
		"the project that is to own the backups: its id, or in a cloud also its name, where the login has a role in it")
	return cmd
}

// importFor is the desk at which an import ends up with an owner: in a cloud that of the
// login in the owner's project, as Cinder gives an import to the project of the login.
func (e *Env) importFor(ctx context.Context, d jobs.Desk, owner string) (jobs.Desk, func(), error) {
	if owner == "" || d.Place.Info().Kind != core.PlaceCloud {
		return d, func() {}, nil
	}
	_, location, err := d.ForProject(ctx, owner)
	if err != nil || location == d.Place.Info().Location {
		return d, func() {}, err
	}
	return e.at(ctx, location)
}

// importChosen asks, imports what can be, and says what became of each.
func (e *Env) importChosen(ctx context.Context, d jobs.Desk, in *jobs.Intake, yes bool) error {
	const tried = "import"
	if err := writable(d, tried, core.OpImport); err != nil {
		return err
	}
	question := fmt.Sprintf("Import %s into %s?", core.Count(in.Chosen(), "backup"), d.Place.Info().Location)
	if err := e.confirm(ctx, yes, tried, question, "look at it with --dry-run"); err != nil {
		return err
	}
	failed, n := 0, 0
	err := in.Import(ctx, func(r core.ImportResult) {
		n++
		switch {
		case r.Err != nil:
			failed++
			e.say("- %s (%s): %s.", calling(r.Name), string(r.ID), r.Err)
		case r.Revived:
			e.say("- %s (%s): %s; its deleted row is used again", calling(r.Name), string(r.ID), r.Status)
		default:
			e.say("- %s (%s): %s", calling(r.Name), string(r.ID), r.Status)
		}
		for _, x := range r.Differs {
			e.say("  ! %s", x)
		}
	})
	if err == nil && failed > 0 {
		err = notAll("import", failed, n, "backup", "failed")
	}
	return err
}

// refused is the end of an import in which not all records could be imported.
func refused(records, importable int) error {
	switch {
	case importable == records:
		return nil
	case importable > 0:
		return notAll("import", records-importable, records, "record", "cannot be imported")
	case records == 1:
		return core.Fail(core.CodeRefused, "import", "the record cannot be imported", "see what is said of it", nil)
	}
	return core.Fail(core.CodeRefused, "import", "none of "+core.Count(records, "record")+" can be imported", "see what is said of each", nil)
}

func (e *Env) sayCheck(i int, c *jobs.IntakeCheck) {
	if !c.OK {
		e.say("Record %d, line %d: cannot be read.", i+1, c.Line)
	} else {
		e.say("Record %d, line %d: %s (%s), %d GiB, %s, fingerprint %s", i+1, c.Line, calling(c.Name), string(c.ID), c.Size,
			c.Service, c.Fingerprint)
	}
	for _, f := range c.Findings {
		e.say("  %s %s", map[core.Level]string{core.LevelInfo: "·", core.LevelWarn: "!", core.LevelRefuse: "✗"}[f.Level], f.In(idiom))
	}
}
