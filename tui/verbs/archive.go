package verbs

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hearth/core"
	"hearth/store/jobs"
)

// bar tells how far a job is: on a terminal a line that is written over, else a
// line for each tenth. end must be called before anything else is said.
func (e *Env) bar(quiet bool) (progress jobs.Progress, end func()) {
	if quiet {
		return nil, func() {}
	}
	tenth, drawn, pace := -1, false, core.Pace{}
	progress = func(s jobs.Step) {
		now := e.Now()
		pace.Note(now, int64(s.Done), int64(s.Total))
		switch {
		case e.ErrWidth > 0:
			drawn = true
			fmt.Fprint(e.Err, "\r\x1b[K"+core.Visible(barLine(s, pace.Text(now), e.ErrWidth-1)))
		case s.Total == 0:
			e.say("… %s", s.Text)
		case s.Done*10/s.Total != tenth:
			tenth = s.Done * 10 / s.Total
			e.say("… %d of %d%s", s.Done, s.Total, ahead(&pace, now))
		}
	}
	return progress, func() {
		if drawn {
			fmt.Fprint(e.Err, "\r\x1b[K")
			drawn = false
		}
	}
}

// barLine is a bar, how many of how many, how fast and how long that takes if it is known, and
// what it is at, cut to a width.
func barLine(s jobs.Step, pace string, width int) string {
	line := s.Text
	if s.Total > 0 {
		const cells = 20
		n := min(s.Done*cells/s.Total, cells)
		line = fmt.Sprintf("[%s%s] %d/%d  ", strings.Repeat("#", n), strings.Repeat("·", cells-n), s.Done, s.Total)
		if pace != "" {
			line += pace + "  "
		}
		line += s.Text
	}
	return lane{}.lines(line, width)[0]
}

func (e *Env) archive() *cobra.Command {
	var o jobs.ArchiveOptions
	var b bundling
	var quiet, prune, yes bool
	var keep string
	cmd := &cobra.Command{
		Use: "archive", Short: "Keep the records of all backups in hearth's archive", Args: takes(0, 0),
		Long: "Export the records of all available backups of a place into hearth's archive, from which they can be " +
			"brought back when the place has lost its database. It is made for cron: what has not changed since the last " +
			"run is not exported again, a run that was ended goes on where it stopped, and each backup that failed is " +
			"named. Each export is a call to the cloud's backup service and writes the backup's row (its updated_at), so " +
			"that only two run at once unless --jobs says more. Before that it looks again at the volumes of backups that hearth " +
			"asked for and that have ended meanwhile, so that their captures say more.\n\n" +
			"With --bundle it exports nothing, and writes what the archive has of the place into a file that carries it " +
			"to another machine; hearth import reads it there. Captures hold secrets of a volume's backend: " +
			"--mask-secrets takes them out, and those captures are then no longer byte for byte what Cinder wrote.\n\n" +
			"With --prune it exports nothing, and drops records and captures which a newer one of the same backup has " +
			"taken the place of and which are older than --keep, or keep of [archive] in the config. The newest of each " +
			"is never dropped, nor is the journal. It says first what that is, and asks. Nothing is ever dropped unasked.",
		Example: "hearth archive --cloud prod --all-projects --quiet\n" +
			"hearth archive --bundle prod.jsonl --filter 'age<90d'\n" +
			"hearth archive --prune --keep 1y",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case prune && b.file != "":
				return misuse(cmd, "--prune and --bundle are both given", "choose one")
			case b.file == "" && (b.filter != "" || b.mask || b.everywhere || b.overwrite):
				return misuse(cmd, "--filter, --mask-secrets, --everywhere and --overwrite are of a bundle", "give --bundle FILE too")
			case o.Jobs < 1:
				return misuse(cmd, "--jobs wants a number from 1", "")
			}
			return e.with(cmd, func(ctx context.Context, d jobs.Desk) error {
				switch {
				case b.file != "":
					return e.bundle(ctx, d, b, quiet)
				case prune:
					return e.prune(ctx, cmd, d, keep, yes)
				}
				return e.archiveAll(ctx, d, o, quiet)
			})
		},
	}
	fl := cmd.Flags()
	fl.BoolVar(&o.All, "all", false, "export also what has not changed since it was archived")
	fl.IntVar(&o.Jobs, "jobs", 2, "how many exports run at once")
	fl.BoolVarP(&quiet, "quiet", "q", false, "say only what failed, and the last line")
	fl.StringVar(&b.file, "bundle", "", "write what the archive has into this new file instead (mode 0600)")
	fl.StringVar(&b.filter, "filter", "", "of a bundle: only backups that fulfil it, as hearth backups takes it")
	fl.BoolVar(&b.mask, "mask-secrets", false, "of a bundle: without the secrets that captures hold")
	fl.BoolVar(&b.everywhere, "everywhere", false, "of a bundle: what the archive has of every place")
	fl.BoolVar(&b.overwrite, "overwrite", false, "of a bundle: replace the file if it is there, once the new one is whole")
	fl.BoolVar(&prune, "prune", false, "drop what is outdated instead")
	fl.StringVar(&keep, "keep", "", "of --prune: keep what is younger, such as 90d (default that of the config)")
	fl.BoolVar(&yes, "yes", false, "of --prune: do not ask")
	return cmd
}

func (e *Env) archiveAll(ctx context.Context, d jobs.Desk, o jobs.ArchiveOptions, quiet bool) error {
	progress, end := e.bar(quiet)
	count, err := d.ArchiveRecords(ctx, o, func(r jobs.Archived) {
		if r.Err != nil && r.State == jobs.ArchivedFailed {
			end()
			e.say("- %s (%s): %s.", r.Backup.Title(), string(r.Backup.ID), r.Err)
		}
	}, progress)
	end()
	if count != nil {
		var parts []string
		for _, s := range []jobs.ArchivedState{
			jobs.ArchivedNew, jobs.ArchivedChanged, jobs.ArchivedSame, jobs.ArchivedUnchanged, jobs.ArchivedFailed, jobs.ArchivedNot,
		} {
			if count[s] > 0 {
				parts = append(parts, fmt.Sprintf("%d %s", count[s], s))
			}
		}
		if len(parts) == 0 {
			parts = []string{"there is no available backup"}
		}
		e.say("Archived the records of %s: %s.", d.Place.Info().Location, strings.Join(parts, ", "))
	}
	return err
}

func (e *Env) prune(ctx context.Context, cmd *cobra.Command, d jobs.Desk, keep string, yes bool) error {
	age, err := e.age(cmd, keep)
	if err != nil {
		return err
	}
	o, err := d.Outdated(ctx, age)
	if err != nil {
		return err
	}
	if o.Records+o.Captures == 0 {
		e.say("The archive has nothing that something newer has taken the place of and that is from before %s UTC.", clock(o.Before.UTC(), false))
		return nil
	}
	e.say("%s and %s (%s) were replaced by newer ones and are from before %s UTC, over all places.",
		core.Count(o.Records, "record"), core.Count(o.Captures, "capture"), core.Bytes(o.Bytes), clock(o.Before.UTC(), false))
	if err := e.confirm(ctx, yes, "prune the archive", "Drop them? There is no way back.", "look at what is said above"); err != nil {
		return err
	}
	if err = d.Prune(ctx, o); err == nil {
		e.say("Dropped.")
	}
	return err
}

// age is how long a prune keeps: by flag, else by the config.
func (e *Env) age(cmd *cobra.Command, keep string) (age time.Duration, err error) {
	if keep != "" {
		if age, err = jobs.ParseAge(keep); err != nil {
			return 0, misuse(cmd, err.Error(), "")
		}
		return age, nil
	}
	if e.Keep != nil {
		if age, err = e.Keep(); err != nil {
			return 0, err
		}
	}
	if age == 0 {
		return 0, core.Fail(core.CodeUsage, "prune the archive", "nothing says how long to keep: the default is for ever",
			"give --keep 90d, or set keep under [archive] in the config", nil)
	}
	return age, nil
}
