package verbs

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"hearth/core"
	"hearth/store/jobs"
)

func (e *Env) capture() *cobra.Command {
	var save, of bool
	version := 2
	cmd := &cobra.Command{
		Use: "capture VOLUME", Short: "Print what a backup of a volume would capture now, or what one did capture", Args: takes(1, 1),
		Long: "Print the capture that a backup made now would hold: on stdout its text, byte for byte what Cinder writes, " +
			"and so without a line end unless stdout is a terminal; on stderr what to know about it. " +
			"The text is not masked: it may hold secrets, and stderr then says so.\n\n" +
			"hearth capture --of BACKUP prints the capture of a backup as best it is known, byte for byte; stderr says where it is from. " +
			"The exit code is 13 where that is not for certain what Cinder stored, and 3 where nobody has it.",
		Example: "hearth capture web-root > web-root.json\nhearth capture web-root --save\nhearth capture --of 4e47 > full.json",
		ValidArgsFunction: func(cmd *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if of {
				return first(e.backupIDs)(cmd, args, word)
			}
			return first(e.volumeIDs)(cmd, args, word)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if version != 1 && version != 2 {
				return misuse(cmd, fmt.Sprintf("no release restores version %d", version), "use 1 or 2")
			}
			if of && (save || cmd.Flags().Changed("version")) {
				return misuse(cmd, "--of prints what was captured, and --save and --version are for what would be", "leave them out, or --of")
			}
			if of {
				return e.with(cmd, func(ctx context.Context, d jobs.Desk) error { return e.captureOf(ctx, d, args[0]) })
			}
			return e.with(cmd, func(ctx context.Context, d jobs.Desk) error {
				v, err := d.ResolveVolume(ctx, args[0])
				if err != nil {
					return err
				}
				c, _, err := d.Capture(ctx, v.ID, version)
				if err != nil {
					return err
				}
				if err := e.printCapture(&c); err != nil {
					return err
				}
				if !save {
					return nil
				}
				id, err := d.Keep(ctx, c)
				if err == nil {
					e.say("Kept as capture %d of %s.", id, v.Title())
				}
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&of, "of", false, "print the capture of the backup that is named, as best it is known")
	cmd.Flags().BoolVar(&save, "save", false, "keep it, for later comparison and plans")
	cmd.Flags().IntVar(&version, "version", 2, "of the capture, 1 or 2: Cinder's backup_metadata_version")
	complete(cmd, "version", []string{"1", "2"})
	return cmd
}

// printCapture prints a capture's text on stdout, byte for byte unless that is a
// terminal, and what to know about it on stderr.
func (e *Env) printCapture(c *core.Capture) error {
	text := c.Text
	if e.Shows {
		text += "\n"
	}
	if _, err := io.WriteString(e.Out, text); err != nil {
		return err
	}
	for _, w := range core.CaptureWarnings(c) {
		e.say("- %s", w)
	}
	return nil
}

// captureOf prints the capture of a backup as best it is known, and where it is
// from; CodeUncertain where that is not for certain what Cinder stored.
func (e *Env) captureOf(ctx context.Context, d jobs.Desk, name string) error {
	b, err := d.ResolveBackup(ctx, name)
	if err != nil {
		return err
	}
	l, err := d.BackupCapture(ctx, b.ID)
	if err != nil {
		return err
	}
	if err := e.printCapture(&l.Captures[0]); err != nil {
		return err
	}
	e.say("Evidence: %s, %s.", l.Evidence, l.Source())
	if n := len(l.Captures); n > 1 {
		e.say("It is one of %d that are known; this is the first.", n)
	}
	doubt := l.Evidence.Doubt()
	if l.Evidence == core.EvidenceStored {
		return nil
	}
	if l.Evidence == core.EvidenceHeld {
		e.say("Mind: %s.", doubt)
		return nil
	}
	return core.Fail(core.CodeUncertain, "", "this is not for certain what Cinder stored: "+doubt,
		"name the backup repository for this place to have that", nil)
}
