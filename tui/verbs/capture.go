package verbs

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"hearth/core"
	"hearth/store/jobs"
)

func (e *Env) capture() *cobra.Command {
	var save bool
	version := 2
	cmd := &cobra.Command{
		Use: "capture VOLUME", Short: "Print what a backup of a volume would capture now", Args: cobra.ExactArgs(1),
		Long: "Print the capture that a backup made now would hold: on stdout the exact text, byte for byte\n" +
			"what Cinder writes; on stderr what to know about it. The text is not masked: it may hold secrets.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if version != 1 && version != 2 {
				return core.Fail(core.CodeUsage, "capture", fmt.Sprintf("no release restores version %d", version), "use 1 or 2", nil)
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
				if _, err := fmt.Fprintln(e.Out, c.Text); err != nil {
					return err
				}
				for _, w := range core.CaptureWarnings(&c) {
					e.say("- %s", w)
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
	cmd.Flags().BoolVar(&save, "save", false, "keep it, for later comparison")
	cmd.Flags().IntVar(&version, "version", 2, "of the capture, 1 or 2 (Cinder's backup_metadata_version)")
	return cmd
}
