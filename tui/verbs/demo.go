package verbs

import (
	"github.com/spf13/cobra"

	"hearth/core"
	"hearth/store"
)

func (e *Env) demo() *cobra.Command {
	var out string
	w := store.World{}
	cmd := &cobra.Command{
		Use: "demo --out FILE", Short: "Make a store with demo data", Args: takes(0, 0),
		Long: "Make a store of hearth's own with a believable world in it: volumes, chains of backups over months, " +
			"captures that change from layer to layer, and names that are meant ill. The same seed makes the same world. " +
			"To only look around, hearth --demo makes a small one that goes when hearth ends.",
		Example: "hearth demo --out demo.sqlite && hearth --store demo.sqlite\n" +
			"hearth demo --out large.sqlite --volumes 5000 --backups 100000",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				return misuse(cmd, "--out is missing", "")
			}
			for flag, n := range map[string]*int{"volumes": &w.Volumes, "backups": &w.Backups} {
				switch {
				case *n < 0:
					return misuse(cmd, "--"+flag+" cannot be negative", "leave it out for the usual number")
				case cmd.Flags().Changed(flag) && *n == 0:
					*n = -1 // none at all, where 0 is the usual number
				}
			}
			ctx := cmd.Context()
			s, err := store.MakeDemo(ctx, out, w, store.Options{Now: e.Now})
			if err != nil {
				return err
			}
			defer s.Close()
			v, err := s.Volumes(ctx, core.Query{Limit: 1})
			if err != nil {
				return err
			}
			b, err := s.Backups(ctx, core.Query{Limit: 1})
			if err != nil {
				return err
			}
			e.say("%s: %s, %s. Open it with: hearth --store %s", out, core.Count(v.All, "volume"), core.Count(b.All, "backup"), out)
			return nil
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "the file to make; nothing is overwritten")
	cmd.Flags().IntVar(&w.Volumes, "volumes", 0, "how many volumes (default a few dozen)")
	cmd.Flags().IntVar(&w.Backups, "backups", 0, "how many backups (default about a hundred)")
	cmd.Flags().Int64Var(&w.Seed, "seed", 0, "chooses among worlds")
	return cmd
}
