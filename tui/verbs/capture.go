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
	var save bool
	version := 2
	cmd := &cobra.Command{
		Use: "capture VOLUME", Short: "Print what a backup of a volume would capture now", Args: takes(1, 1),
		Long: "Print the capture that a backup made now would hold: on stdout its text, byte for byte what Cinder writes, " +
			"and so without a line end unless stdout is a terminal; on stderr what to know about it. " +
			"The text is not masked: it may hold secrets, and stderr then says so.",
		Example:           "hearth capture web-root > web-root.json\nhearth capture web-root --save",
		ValidArgsFunction: first(e.volumeIDs),
		RunE: func(cmd *cobra.Command, args []string) error {
			if version != 1 && version != 2 {
				return misuse(cmd, fmt.Sprintf("no release restores version %d", version), "use 1 or 2")
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
				text := c.Text
				if e.Shows {
					text += "\n"
				}
				if _, err := io.WriteString(e.Out, text); err != nil {
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
	cmd.Flags().BoolVar(&save, "save", false, "keep it, for later comparison and plans")
	cmd.Flags().IntVar(&version, "version", 2, "of the capture, 1 or 2: Cinder's backup_metadata_version")
	complete(cmd, "version", []string{"1", "2"})
	return cmd
}
