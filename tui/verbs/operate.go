package verbs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/jobs"
)

// progress tells how a job gets on, a line for each thing that is new.
func (e *Env) progress() jobs.Progress {
	last := ""
	return func(s jobs.Step) {
		if s.Text != last {
			last = s.Text
			e.say("… %s", s.Text)
		}
	}
}

func (e *Env) warn(warnings []string) {
	for _, w := range warnings {
		e.say("! %s.", w)
	}
}

// properties reads --property key=value; nil where none is given.
func properties(cmd *cobra.Command, given []string) (*pyjson.Object, error) {
	if len(given) == 0 {
		return nil, nil
	}
	o := &pyjson.Object{}
	for _, s := range given {
		k, v, ok := strings.Cut(s, "=")
		if !ok {
			return nil, misuse(cmd, "--property "+s+" has no value", "write --property KEY=VALUE")
		}
		if o.Has(k) {
			return nil, misuse(cmd, "--property "+k+" is given twice", "give each key once")
		}
		o.Set(k, pyjson.OfString(v))
	}
	return o, nil
}

func (e *Env) create() *cobra.Command {
	var r core.BackupRequest
	var props []string
	var wait, noWait, yes bool
	f := &format{}
	cmd := &cobra.Command{
		Use: "create VOLUME", Short: "Make a backup of a volume", Args: takes(1, 1),
		Long: "Have the cloud make a backup of a volume, named " + named + ". It says first what an incremental will " +
			"stand on, and what force means, and asks. It then waits until the backup is available, or has failed, and " +
			"prints it; with -o value -c id the id is printed as soon as it is known.\n\n" +
			"The volume's capture is kept in hearth's archive, taken before the request, and the volume is looked at again " +
			"when the backup has ended, because Cinder takes its own only then. Where both are the same, a plan knows what " +
			"Cinder captured; where they differ, both are kept. With --no-wait that look is left to whatever hearth does " +
			"next in that place.",
		Example: "hearth create db-prod-01 --name before-upgrade\n" +
			"hearth create db-prod-01 --incremental --property ticket=OPS-1 --yes --no-wait -o value -c id",
		ValidArgsFunction: first(e.volumeIDs),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if err := f.check(formats...); err != nil {
				return err
			}
			if wait && noWait {
				return misuse(cmd, "--wait and --no-wait are both given", "choose one; it waits unless it is told not to")
			}
			if r.Metadata, err = properties(cmd, props); err != nil {
				return err
			}
			return e.with(cmd, func(ctx context.Context, d jobs.Desk) error {
				if err := d.Allowed(core.OpCreate); err != nil {
					return err
				}
				v, err := d.ResolveVolume(ctx, args[0])
				if err != nil {
					return err
				}
				r.Volume = v.ID
				p, err := d.PlanCreate(ctx, r)
				if err != nil {
					return err
				}
				e.sayCreate(&p)
				look := "look at the volume with hearth volume " + string(v.ID)
				if err := e.confirm(ctx, yes, string(core.OpCreate), "Make this backup?", look); err != nil {
					return err
				}
				return e.created(ctx, d, p, !noWait, f)
			})
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&r.Name, "name", "", "its name")
	fl.StringVar(&r.Description, "description", "", "its description")
	fl.BoolVar(&r.Incremental, "incremental", false, "only what has changed since the newest backup")
	fl.BoolVar(&r.Force, "force", false, "also of a volume that is in use: what is being written is caught half-way")
	fl.StringVar(&r.Snapshot, "snapshot", "", "of this snapshot of the volume, by its id")
	fl.StringVar(&r.Container, "container", "", "where the driver puts it (default the driver's choice)")
	fl.StringVar(&r.AvailabilityZone, "availability-zone", "", "the zone of the backup service")
	fl.StringArrayVar(&props, "property", nil, "a property, KEY=VALUE; may be repeated")
	fl.BoolVar(&noWait, "no-wait", false, "only ask for it, and do not wait until it is available, or has failed")
	fl.BoolVar(&wait, "wait", false, "wait for it, as is done anyway")
	fl.BoolVar(&yes, "yes", false, "do not ask")
	f.flags(cmd, core.BackupColumns.Names())
	return cmd
}

func (e *Env) sayCreate(p *jobs.CreatePlan) {
	what := "A full backup"
	if p.Parent != nil {
		what = "An incremental backup"
	}
	e.say("%s of volume %s (%s), %d GiB, %s.", what, p.Volume.Title(), string(p.Volume.ID), p.Volume.Size, p.Volume.Status)
	if p.Parent != nil {
		at := "at a time that is not known"
		if p.Parent.CreatedAt.Set {
			at = clock(p.Parent.CreatedAt.V, false) + " UTC"
		}
		e.say("It will stand on %s (%s), made %s.", p.Parent.Title(), string(p.Parent.ID), at)
	}
	e.warn(p.Warnings)
}

// created makes the backup and prints it, also one that failed: where only its id is
// wanted, before the wait.
func (e *Env) created(ctx context.Context, d jobs.Desk, p jobs.CreatePlan, wait bool, f *format) error {
	c, err := d.Create(ctx, p, false, e.progress())
	if c.Backup.ID == "" {
		return err
	}
	early := f.name == "value" && slices.Equal(f.columns, []string{"id"})
	if early {
		err = errors.Join(err, e.printBackup(f, &c.Backup))
	}
	e.sayCapture(&c, wait)
	if err == nil && wait {
		err = d.Await(ctx, &c, e.progress())
		e.sayAgain(&c)
	}
	if !early {
		if oerr := e.printBackup(f, &c.Backup); err == nil {
			err = oerr
		}
	}
	return err
}

func (e *Env) printBackup(f *format, b *core.Backup) error {
	o, err := f.only(core.BackupColumns.Object(b, b.Unseen), keyIn(core.BackupColumns))
	if err != nil {
		return err
	}
	return e.writeObject(f, o)
}

// sayCapture says what became of the capture from before the backup.
func (e *Env) sayCapture(c *jobs.Created, wait bool) {
	switch {
	case c.CaptureErr != nil:
		e.say("! The capture of that moment was not kept: %s.", c.CaptureErr)
	case c.Capture == 0:
	case wait || !c.Due():
		e.say("Its capture is kept as capture %d.", c.Capture)
	default:
		e.say("Its capture is kept as capture %d. Once the backup has ended, the next hearth in this place looks at the volume again.", c.Capture)
	}
}

// sayAgain says what the look at the volume after the backup showed.
func (e *Env) sayAgain(c *jobs.Created) {
	var differs []string
	for _, x := range c.Again.Differs {
		differs = append(differs, x.String())
	}
	what := strings.Join(differs, ", ")
	switch {
	case c.Again.Err != nil:
		e.say("! The volume could not be looked at again, so that its capture counts for one moment so far: %s.", c.Again.Err)
	case c.Again.Evidence == core.EvidenceHeld:
		e.say("The volume is as it was before the backup: that capture held throughout.")
	case c.Again.Evidence == core.EvidenceEither:
		e.say("! The volume changed while the backup was made: %s. Both captures are kept, and which of them is Cinder's is not known.", what)
	case c.Again.Evidence == core.EvidenceLate:
		e.say("! The volume changed: %s. Both captures are kept, but the backup ended too long ago to say that Cinder's is one of them.", what)
	}
}

func (e *Env) edit() *cobra.Command {
	var name, description string
	var props []string
	var none, yes bool
	cmd := &cobra.Command{
		Use: "edit BACKUP", Short: "Rename or describe a backup, or set its properties", Args: takes(1, 1),
		Long: "Change a backup's name, description or properties. Properties that are given take the place of all that it has. " +
			"It says what changes and asks; hearth undo takes it back.",
		Example:           "hearth edit 4e47 --name keep-2026 --property keep=1y\nhearth edit 4e47 --no-properties --yes",
		ValidArgsFunction: first(e.backupIDs),
		RunE: func(cmd *cobra.Command, args []string) error {
			var edit core.BackupEdit
			var err error
			if edit.Metadata, err = properties(cmd, props); err != nil {
				return err
			}
			if none {
				if len(props) > 0 {
					return misuse(cmd, "--property and --no-properties are both given", "choose one")
				}
				edit.Metadata = &pyjson.Object{}
			}
			if cmd.Flags().Changed("name") {
				edit.Name = &name
			}
			if cmd.Flags().Changed("description") {
				edit.Description = &description
			}
			if edit == (core.BackupEdit{}) {
				return misuse(cmd, "there is nothing to change", "give --name, --description, --property or --no-properties")
			}
			return e.with(cmd, func(ctx context.Context, d jobs.Desk) error {
				return e.edited(ctx, d, args[0], edit, yes)
			})
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&name, "name", "", "its new name")
	fl.StringVar(&description, "description", "", "its new description")
	fl.StringArrayVar(&props, "property", nil, "a property, KEY=VALUE, in place of all that are there; may be repeated")
	fl.BoolVar(&none, "no-properties", false, "take all its properties away")
	fl.BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

func (e *Env) edited(ctx context.Context, d jobs.Desk, ref string, edit core.BackupEdit, yes bool) error {
	const tried = string(core.OpEdit)
	if err := d.Allowed(core.OpEdit); err != nil {
		return err
	}
	b, err := d.ResolveBackup(ctx, ref)
	if err != nil {
		return err
	}
	if edit = jobs.Narrow(&b, edit); edit == (core.BackupEdit{}) {
		e.say("Backup %s (%s) is so already: nothing was sent.", b.Title(), string(b.ID))
		return nil
	}
	e.say("Backup %s (%s):", b.Title(), string(b.ID))
	text := func(o core.Opt[string]) string {
		if !o.Set {
			return "-"
		}
		return core.Visible(o.V)
	}
	if edit.Name != nil {
		e.say("  name         %s → %s", text(b.Name), *edit.Name)
	}
	if edit.Description != nil {
		e.say("  description  %s → %s", text(b.Description), *edit.Description)
	}
	if edit.Metadata != nil {
		before, after := pyjson.OfDict(b.Metadata.Clone()), pyjson.OfDict(edit.Metadata)
		from, to := pyjson.Text(core.MaskedIn(before)), pyjson.Text(core.MaskedIn(after))
		if from == to {
			to += ", changed" // a secret, which is masked
		}
		e.say("  properties   %s → %s", from, to)
	}
	if err := e.confirm(ctx, yes, tried, "Change this?", "look at it with hearth backup "+string(b.ID)); err != nil {
		return err
	}
	entry, err := d.Edit(ctx, b.ID, edit)
	switch {
	case err != nil:
	case entry.None():
		e.say("It is so already: nothing was sent.")
	default:
		e.say("Changed, as journal entry %d. Take it back with: hearth undo %d", entry.ID, entry.ID)
	}
	return err
}

// backupsNamed finds all backups that the arguments name.
func backupsNamed(ctx context.Context, d jobs.Desk, refs []string) (ids []core.BackupID, err error) {
	for _, ref := range refs {
		b, err := d.ResolveBackup(ctx, ref)
		if err != nil {
			return nil, err
		}
		ids = append(ids, b.ID)
	}
	return ids, nil
}

func (e *Env) delete() *cobra.Command {
	var force, yes, noWait bool
	cmd := &cobra.Command{
		Use: "delete BACKUP…", Short: "Delete backups, with their data", Args: takes(1, -1),
		Long: "Delete backups, each named " + named + ". What stands on one is looked up over all projects that can be " +
			"seen and listed, newest first; a chain that is named whole goes in the right order. It asks first, and " +
			"there is no way back.",
		Example:           "hearth delete 4e47\nhearth delete db-incr-2 db-incr-1 db-full --yes",
		ValidArgsFunction: e.backupIDs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return e.with(cmd, func(ctx context.Context, d jobs.Desk) error {
				op := core.OpDelete
				if force {
					op = core.OpForceDelete
				}
				if err := d.Allowed(op); err != nil {
					return err
				}
				ids, err := backupsNamed(ctx, d, args)
				if err != nil {
					return err
				}
				p, err := d.PlanDelete(ctx, ids, force)
				if err != nil {
					return err
				}
				e.sayDelete(&p)
				n := len(p.Deletable())
				if n > 0 {
					question := fmt.Sprintf("Delete %s, with the data? There is no way back.", core.Count(n, "backup"))
					if err := e.confirm(ctx, yes, string(op), question, "look at them with hearth backup"); err != nil {
						return err
					}
				}
				results, err := d.Delete(ctx, p, !noWait, e.progress())
				e.sayResults(results, "deleted")
				if err == nil && n < len(p.Items) {
					err = notAll("delete", len(p.Items)-n, len(p.Items), "backup", "cannot be deleted")
				}
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "in any status (an administrator's right)")
	cmd.Flags().BoolVar(&noWait, "no-wait", false, "only ask for it, and do not wait until they are gone")
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

func (e *Env) sayDelete(p *jobs.DeletePlan) {
	for _, it := range p.Items {
		e.say("- %s (%s), %s, %d GiB, %s", it.Backup.Title(), string(it.Backup.ID), it.Backup.Kind(), it.Backup.Size, it.Backup.Status)
		for _, b := range it.Dependents {
			e.say("    %s (%s) stands on it, project %s, %s", b.Title(), string(b.ID), string(b.ProjectID), b.Status)
		}
		if it.Problem != nil {
			e.say("  ✗ %s.", it.Problem)
		}
	}
	e.warn(p.Warnings)
}

// sayResults says what became of each; gone is the word for one that is.
func (e *Env) sayResults(results []jobs.Result, gone string) {
	for _, r := range results {
		status := r.Status
		switch {
		case r.Err != nil:
			e.say("- %s (%s): %s.", r.Backup.Title(), string(r.Backup.ID), r.Err)
			continue
		case status == "":
			status = gone
		}
		e.say("- %s (%s): %s", r.Backup.Title(), string(r.Backup.ID), status)
	}
}

func (e *Env) reset() *cobra.Command {
	var state string
	var yes bool
	cmd := &cobra.Command{
		Use: "reset BACKUP…", Short: "Set the status of backups to available or error", Args: takes(1, -1),
		Long: "Set the status of backups (an administrator's right). It repairs nothing: it says what it " +
			"stops or leaves behind, and asks.",
		Example:           "hearth reset stuck-backup --state error",
		ValidArgsFunction: e.backupIDs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if state != core.StatusAvailable && state != core.StatusError {
				return misuse(cmd, "--state wants available or error", "give --state error")
			}
			return e.with(cmd, func(ctx context.Context, d jobs.Desk) error {
				if err := d.Allowed(core.OpReset); err != nil {
					return err
				}
				ids, err := backupsNamed(ctx, d, args)
				if err != nil {
					return err
				}
				p, err := d.PlanReset(ctx, ids, state)
				if err != nil {
					return err
				}
				for _, it := range p.Items {
					if it.Backup.Status == state {
						e.say("- %s (%s): %s already, nothing is sent", it.Backup.Title(), string(it.Backup.ID), state)
						continue
					}
					e.say("- %s (%s): %s → %s", it.Backup.Title(), string(it.Backup.ID), it.Backup.Status, state)
					if it.Says != "" {
						e.say("  ! %s.", it.Says)
					}
				}
				if p.Todo() == 0 {
					return nil
				}
				question := fmt.Sprintf("Set %s to %s?", core.Count(p.Todo(), "backup"), state)
				if err := e.confirm(ctx, yes, string(core.OpReset), question, "look at them with hearth backup"); err != nil {
					return err
				}
				results, err := d.Reset(ctx, p, e.progress())
				e.sayResults(results, "gone")
				return err
			})
		},
	}
	cmd.Flags().StringVar(&state, "state", "", "available or error")
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	complete(cmd, "state", []string{core.StatusAvailable, core.StatusError})
	return cmd
}
