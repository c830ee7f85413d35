package verbs

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/jobs"
)

// report is what a report tells of.
type report struct {
	*core.Morning
	Title  string
	Drills []core.Drill // of the time, newest first
	Done   []doneSum    // of the journal
	NoBook string       // why the journal and the drills are not known; "": they are
}

// doneSum is how often hearth did something.
type doneSum struct {
	Kind  core.EntryKind
	State core.EntryState
	N     int
}

var reportFormats = []string{"markdown", "html", "json"}

func (e *Env) report() *cobra.Command {
	f := &format{}
	var since string
	cmd := &cobra.Command{
		Use: "report", Short: "Write a report on a place for somebody else: Markdown, HTML with pictures, or JSON", Args: takes(0, 0),
		Long: "Write what hearth status shows, for the last week or as long as --since says, with what was made day by day, the drills, and " +
			"what hearth itself did. HTML is one file: its pictures are in it, nothing is loaded, and no script is in it. It is no look: what " +
			"hearth status calls new stays new.\n\n" +
			"What was deleted meanwhile is in no list: the days count what is still there. The trends are of the days on which somebody looked.",
		Example:           "hearth report --cloud prod --all-projects -o html > monday.html\nhearth report --since 30d -o markdown",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(reportFormats...); err != nil {
				return err
			}
			from, err := e.sinceTime(cmd, cmp.Or(since, "7d"))
			if err != nil {
				return err
			}
			defer lean()()
			return e.with(cmd, func(ctx context.Context, d jobs.Desk) error {
				m, err := d.Morning(ctx, jobs.MorningRequest{Since: from}, nil)
				if err != nil && core.CodeOf(err) != core.CodeIncomplete {
					return err
				}
				r := &report{Morning: m, Title: d.Info().Title}
				if rerr := r.fill(ctx, d); rerr != nil {
					return rerr
				}
				if werr := r.write(e.Out, f.name); werr != nil {
					return werr
				}
				for _, why := range []string{wider(d, m.Narrowed), m.Short} {
					if why != "" {
						e.say("! %s.", why)
					}
				}
				return err
			})
		},
	}
	formatFlag(cmd, &f.name, "markdown", "how to write it: "+words(reportFormats, "or"), reportFormats)
	cmd.Flags().StringVar(&since, "since", "", sinceHelp+" (default 7d)")
	return cmd
}

// fill reads what the archive knows of the time.
func (r *report) fill(ctx context.Context, d jobs.Desk) error {
	drills, err := d.Drills(ctx)
	if core.CodeOf(err) == core.CodeUnsupported {
		r.NoBook = err.(*core.Error).What
		return nil
	}
	if err != nil {
		return err
	}
	for _, x := range drills {
		if !x.At.Before(r.Since) {
			r.Drills = append(r.Drills, x)
		}
	}
	entries, err := d.Journal().Entries(ctx, d.Info().Location, 0)
	if err != nil {
		return err
	}
	sums := map[doneSum]int{}
	for i := range entries {
		if !entries[i].At.Before(r.Since) {
			sums[doneSum{Kind: entries[i].Kind, State: entries[i].State}]++
		}
	}
	for s, n := range sums {
		s.N = n
		r.Done = append(r.Done, s)
	}
	slices.SortFunc(r.Done, func(a, b doneSum) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.State, b.State)) })
	return nil
}

func (r *report) write(w io.Writer, format string) error {
	switch format {
	case "html":
		return reportPage.Execute(w, r.view())
	case "json":
		_, err := io.WriteString(w, pyjson.Indent(pyjson.OfDict(r.object()))+"\n")
		return err
	}
	_, err := io.WriteString(w, r.markdown())
	return err
}

func (r *report) object() *pyjson.Object {
	o := r.Morning.Object()
	drills, done := []pyjson.Value{}, []pyjson.Value{}
	for i := range r.Drills {
		drills = append(drills, pyjson.OfDict(r.Drills[i].Object()))
	}
	for _, s := range r.Done {
		x := &pyjson.Object{}
		x.Set("kind", pyjson.OfString(string(s.Kind)))
		x.Set("state", pyjson.OfString(string(s.State)))
		x.Set("entries", pyjson.OfInt(int64(s.N)))
		done = append(done, pyjson.OfDict(x))
	}
	o.Set("drills_since", pyjson.OfList(drills))
	o.Set("journal_since", pyjson.OfList(done))
	if r.NoBook != "" {
		o.Set("drills_since", pyjson.None)
		o.Set("journal_since", pyjson.None)
	}
	return o
}

// span is the time that the report is of.
func (r *report) span() string {
	return clock(r.Since.UTC(), false) + " to " + clock(r.Now, false) + " UTC"
}

// made are the days of the time, of which there are no more than core counts.
func (r *report) made() []core.Made {
	from := core.DayOf(r.Since)
	i := slices.IndexFunc(r.Made, func(m core.Made) bool { return m.Day >= from })
	if i < 0 {
		return nil
	}
	return r.Made[i:]
}

// cautions say what the numbers do not hold.
func (r *report) cautions() (out []string) {
	for _, text := range []string{r.Narrowed, r.Short} {
		if text != "" {
			out = append(out, text)
		}
	}
	if r.Now.Sub(r.Since) > core.MadeDays*24*time.Hour {
		out = append(out, fmt.Sprintf("day by day only the last %d days are counted", core.MadeDays))
	}
	return out
}

func (r *report) markdown() string {
	var b strings.Builder
	md := markdownCell
	fmt.Fprintf(&b, "# Backups of %s\n\n%s\n\n", md(r.Title), r.span())
	for _, text := range r.cautions() {
		fmt.Fprintf(&b, "> %s\n\n", md(text))
	}
	b.WriteString("| | | |\n| --- | ---: | --- |\n")
	for _, l := range r.Lines() {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", md(l.Head), md(l.Count), md(l.Text))
	}
	if len(r.Failures) > 0 {
		b.WriteString("\n## What failed\n\n| backup | volume | when (UTC) | why |\n| --- | --- | --- | --- |\n")
		for _, c := range r.failures() {
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", md(c[0]), md(c[1]), c[2], md(c[3]))
		}
	}
	b.WriteString("\n## Day by day\n\n| day | backups made that are there | GiB | failed |\n| --- | ---: | ---: | ---: |\n")
	for _, m := range r.made() {
		fmt.Fprintf(&b, "| %s | %d | %d | %d |\n", m.Day, m.Rows, m.GiB, m.Failed)
	}
	b.WriteString("\n## Projects\n\n| project | backups | GiB | failed | volumes | unprotected |\n" +
		"| --- | ---: | ---: | ---: | ---: | ---: |\n")
	for _, c := range r.projects() {
		b.WriteString("|")
		for _, cell := range c {
			fmt.Fprintf(&b, " %s |", md(cell))
		}
		b.WriteString("\n")
	}
	b.WriteString("\n## Drills\n\n")
	switch {
	case r.NoBook != "":
		fmt.Fprintf(&b, "Unknown, because %s.\n", md(r.NoBook))
	case len(r.Drills) == 0:
		b.WriteString("There was none.\n")
	default:
		drillMarkdown(&b, r.Drills)
	}
	if len(r.Done) > 0 {
		b.WriteString("\n## What hearth did\n\n")
		for _, s := range r.Done {
			fmt.Fprintf(&b, "- %s %s: %d\n", md(string(s.Kind)), md(string(s.State)), s.N)
		}
	}
	return b.String()
}

// failures are the cells of what failed.
func (r *report) failures() (out [][4]string) {
	for i := range r.Failures {
		f := &r.Failures[i]
		at := "?"
		if t := core.ChangedAt(&f.Backup); t.Set {
			at = clock(t.V.UTC(), false)
		}
		why := f.Why
		switch {
		case why != "":
		case f.Unasked != "":
			why = "not known: " + f.Unasked
		default:
			why = "Cinder does not say"
		}
		out = append(out, [4]string{f.Backup.Title(), cmp.Or(f.Backup.VolumeName.Or(""), string(f.Backup.VolumeID)), at, why})
	}
	return out
}

// projects are the cells of the projects.
func (r *report) projects() (out [][]string) {
	all := r.Projects()
	for i := range all[:min(len(all), 100)] {
		out = append(out, projectCells(&all[i], r.NoVolumes == ""))
	}
	return out
}
