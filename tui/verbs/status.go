package verbs

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hearth/core"
	"hearth/store/jobs"
)

// sinceHelp says how a time to look back to is written.
const sinceHelp = "a time to look back to: an age such as 24h or 7d, or a date such as 2026-01-31"

// sinceTime reads it.
func (e *Env) sinceTime(cmd *cobra.Command, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if age, err := core.ParseAge(text); err == nil {
		return e.Now().Add(-age), nil
	}
	at, err := core.ParseDate(text)
	if err != nil {
		return at, misuse(cmd, "--since wants an age or a date, and "+text+" is neither", "write 24h, 7d or 2026-01-31")
	}
	return at, nil
}

func (e *Env) status() *cobra.Command {
	f := &format{}
	var since string
	var peek, quick bool
	cmd := &cobra.Command{
		Use: "status", Short: "Show how a place stands: what failed, what is stuck, what is not protected", Args: takes(0, 0),
		Long: "Show in a few lines how the backups of a place stand: what failed since the last look, and why; what is under way, " +
			"and for how long beside what is usual; volumes without an available backup, and the one that has waited longest; of how " +
			"many volumes a drill brought a backup back; damage that verifications found; records and captures; the " +
			"services; sizes and how they grew; the quota. The lists are read once. What the place cannot tell is unknown, and it says why.\n\n" +
			"Each look is kept in hearth's archive, with what the day came to, of which the trends are made; --peek is no look, so that " +
			"what is said to be new stays new for the next who asks. --quick leaves out records, captures and what is stored.\n\n" +
			strings.ToUpper(core.StuckRule[:1]) + core.StuckRule[1:] + ". The usual time is that of the volume's other backups of the kind, " +
			"of which the lower quartile counts: what changes a row later makes it look longer.\n\n" +
			"JSON and YAML have every number and the rows that are named; what is not known there is null, and unknown says why. " +
			"The exit code is that of a list that ended early where that is so, and else 0: it tells of the look, not of the place.",
		Example:           "hearth status --cloud prod --all-projects\nhearth status --since 7d --peek -o json",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check("table", "json", "yaml"); err != nil {
				return err
			}
			from, err := e.sinceTime(cmd, since)
			if err != nil {
				return err
			}
			defer lean()()
			return e.with(cmd, func(ctx context.Context, d jobs.Desk) error {
				m, err := d.Morning(ctx, jobs.MorningRequest{Since: from, Look: !peek, Quick: quick}, nil)
				if err != nil && core.CodeOf(err) != core.CodeIncomplete {
					return err
				}
				if f.name != "table" {
					if werr := e.writeObject(f, m.Object()); werr != nil {
						return werr
					}
					return err
				}
				if werr := morningTable(e.Out, e.Width, m); werr != nil {
					return werr
				}
				e.sayMorning(d, m)
				return err
			})
		},
	}
	formatFlag(cmd, &f.name, "table", "how to print: table, json or yaml", []string{"table", "json", "yaml"})
	cmd.Flags().StringVar(&since, "since", "", sinceHelp+" (default the last look)")
	cmd.Flags().BoolVar(&peek, "peek", false, "do not count this as a look")
	cmd.Flags().BoolVar(&quick, "quick", false, "leave out what takes long: records, captures, what is stored")
	return cmd
}

// fewProjects is how many projects a table has a line for.
const fewProjects = 10

// morningTable prints the lines of a morning, and a line for each project where there are
// several.
func morningTable(w io.Writer, width int, m *core.Morning) error {
	g := grid{lanes: []lane{{}, {kind: core.NumberColumn}, {wraps: true}}}
	for _, l := range m.Lines() {
		g.rows = append(g.rows, []string{l.Head, l.Count, core.Visible(l.Text)})
	}
	if err := g.write(w, width); err != nil {
		return err
	}
	all := m.Projects()
	if len(all) < 2 {
		return nil
	}
	p := grid{lanes: []lane{{title: "Project"}, {title: "Backups", kind: core.NumberColumn}, {title: "GiB", kind: core.NumberColumn},
		{title: "Failed", kind: core.NumberColumn}, {title: "Volumes", kind: core.NumberColumn},
		{title: "Unprotected", kind: core.NumberColumn}}}
	for i := range all[:min(len(all), fewProjects)] {
		p.rows = append(p.rows, projectCells(&all[i], m.NoVolumes == ""))
	}
	fmt.Fprintln(w)
	return p.write(w, width)
}

func projectCells(p *core.ProjectSum, volumes bool) []string {
	name := core.Visible(string(p.ID))
	switch {
	case p.Others > 0:
		name = core.Count(p.Others, "other project")
	case p.Name != "":
		name = core.Visible(p.Name) + " (" + core.Visible(core.Short(p.ID)) + ")"
	case name == "":
		name = "(none)"
	}
	cells := []string{name, fmt.Sprint(p.Backups.Rows), fmt.Sprint(p.Backups.GiB), fmt.Sprint(p.Failed), "?", "?"}
	if volumes {
		cells[4], cells[5] = fmt.Sprint(p.Volumes.Rows), fmt.Sprint(p.Unprotected)
	}
	return cells
}

// sayMorning says what the numbers rest on.
func (e *Env) sayMorning(d jobs.Desk, m *core.Morning) {
	e.say("Since %s UTC: %s.", clock(m.Since.UTC(), false), m.SinceWhy)
	if n := len(m.Projects()); n > fewProjects {
		e.say("%d more lines of projects are in -o json.", n-fewProjects)
	}
	e.warnOf(wider(d, m.Narrowed), m.Short)
	if m.NotKept != "" {
		e.say("! It is not kept as a day of the trends: %s.", m.NotKept)
	}
}
