package verbs

import (
	"cmp"
	"context"
	"os"

	"github.com/spf13/cobra"

	"hearth/core"
	"hearth/store"
)

func (e *Env) check() *cobra.Command {
	return &cobra.Command{
		Use: "check", Aliases: []string{"info"}, Args: takes(0, 0),
		Short: "Show where hearth keeps things, what it runs in, and what its logins are made of",
		Long: "Show where the config and the archive are, how large they are, the places that the config knows, and the " +
			"one that opens when none is named. Then what the terminal shows and how many colours, which clipboard a copy goes " +
			"to and whether hearth can know that it came, and how to mend " +
			"what is in the way. Then, of each cloud of clouds.yaml and of the OS_* variables, who goes where and through " +
			"which proxy, or why its entry is of no use, and what in it is read otherwise than it stands there: all of it as the openstack " +
			"client reads it. The archive is read through, and what in it is no longer what was written is counted and named. " +
			"Nobody is asked: hearth places does that. The old name is hearth info.\n\n" +
			"The config is TOML:\n\n" + configExample + "\n" + policyConfig,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			paths, problem := e.Paths() // where the config is matters most when it is wrong
			g := grid{lanes: []lane{{}, {wraps: true}}}
			for _, p := range paths {
				where := core.Visible(p.Where)
				if p.File {
					where += " (" + fileSize(p.Where) + ")"
				}
				g.rows = append(g.rows, []string{core.Visible(p.What), where})
			}
			g.rows = append(g.rows, []string{"syntax", store.Syntax})
			damage := e.examine(cmd.Context(), &g)
			if err := g.write(e.Out, e.Width); err != nil {
				return err
			}
			if err := e.checked(cmd.Context()); err != nil {
				return err
			}
			return cmp.Or(problem, damage)
		},
	}
}

// examine adds what there is to be said of what the archive holds.
func (e *Env) examine(ctx context.Context, g *grid) error {
	if e.Archive == nil {
		return nil
	}
	says, err := e.Archive(ctx)
	for _, line := range says {
		g.rows = append(g.rows, []string{"", core.Visible(line)})
	}
	return err
}

// checked shows what hearth runs in, and what there is to be said of the logins.
func (e *Env) checked(ctx context.Context) error {
	var all []core.Checked
	if e.Session != nil {
		all = append(all, e.Session(ctx)...)
	}
	if e.Logins != nil {
		all = append(all, e.Logins()...)
	}
	if len(all) == 0 {
		return nil
	}
	g := grid{lanes: []lane{{}, {wraps: true}}, rows: [][]string{{"", ""}}}
	for _, f := range all {
		what := f.What
		lines := f.Lines
		if f.Err != nil {
			lines = append([]string{f.Err.Error()}, lines...)
		}
		for _, line := range lines {
			g.rows = append(g.rows, []string{what, line})
			what = ""
		}
	}
	return g.write(e.Out, e.Width)
}

// configExample shows every setting.
const configExample = `  place = "prod"                # opened when none is named
  [places.prod]
  location = "sqlite:/srv/cinder.sqlite"
  badge = "PROD"                # a word for the title bar
  color = "red"                 # of the badge and the name: #rrggbb, 0 to 15, or a name
  read_only = true              # nothing is ever written there
  [screen]
  theme = "hearth"              # a theme, or the path of one; auto follows the terminal
  times = "utc"                 # or local
  clipboard = "auto"            # or off
  mouse = false                 # true: the wheel, rows, headings, tabs and answers take clicks
  [keys]                        # by the name of what a key does
  export = "f5"                 # one key, or several: ["f5", "x"]
  [views."old ones"]            # :view old ones shows it
  list = "backups"              # or volumes
  place = "prod"                # none: wherever one is
  filter = "kind:full age>90d"
  sort = "size desc"            # or asc
  columns = "name:40,size"      # in this order; name in 40 cells
  [drill]
  devices = ["/srv/volumes/volume-{id}",   # where this machine reads volumes, for drill --deep
             "rbd:volumes/volume-{id}:id=cinder"]`

// fileSize tells the size of a file, if it is there.
func fileSize(name string) string {
	st, err := os.Stat(name)
	switch {
	case err != nil:
		return "not there yet"
	case st.IsDir():
		return "a folder"
	}
	return core.Bytes(st.Size())
}
