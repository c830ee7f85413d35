package verbs

import (
	"fmt"

	"github.com/spf13/cobra"

	"hearth/core"
	"hearth/store/jobs"
)

func (e *Env) settle() *cobra.Command {
	f := &format{}
	cmd := &cobra.Command{
		Use: "settle", Short: "Look what became of changes whose end is not known", Args: takes(0, 0),
		Long: "Look in the place what became of the journal's entries whose end is not known: hearth was killed meanwhile, or " +
			"what it asked for got no answer. What did not take effect may still do so, as where a proxy gave up and the cloud " +
			"goes on: it is unsettled until settle_after in the config has passed (default 5m), and then done, failed or half. " +
			"Nothing in the place is changed. The entries whose end is known by now are printed; it ends with 11 while others are left.",
		Example:           "hearth settle\nhearth settle -o value -c id,state",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := entrySheet.rows(f, e.Width)
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			d, done, err := e.Desk(ctx) // unlike other verbs, which settle unasked and say so in passing
			if err != nil {
				return err
			}
			defer done()
			settled, left, err := d.SettleAll(ctx)
			if err != nil {
				return err
			}
			if _, err := r.list(e.Out, settled); err != nil {
				return err
			}
			if len(left) > 0 {
				return core.Fail(core.CodePartial, "settle "+core.Count(len(left), "entry"),
					fmt.Sprintf("the end of entry %d is not known yet: it is under way, or may take effect yet", left[0].ID),
					"look again in "+d.SettleAfter.String(), nil)
			}
			e.say("%s", jobs.SettledText(nil, nil))
			return nil
		},
	}
	f.flags(cmd, entryColumns.Names())
	f.localFlag(cmd)
	return cmd
}
