package morning

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"hearth/core"
	"hearth/tui/grid"
	"hearth/tui/show"
	"hearth/tui/ui"
)

// head is what the numbers rest on: since when, how old they are, and what is not seen.
func (s *dashboard) head(w int) []string {
	st := s.host.Look()
	if s.reads() {
		return []string{s.bar(w)}
	}
	text := st.Dim.Paint("new is what failed since ") + st.Text.Paint(st.Clock(core.Some(s.got.Since))) + st.Dim.Paint(": "+s.got.SinceWhy)
	notKept := ""
	if s.got.NotKept != "" {
		notKept = "it is not kept as a day of the trends: " + s.got.NotKept
	}
	head := ui.Head(text+show.AsOf(st, core.Some(s.came), false), w)
	return append(head, s.warnings(w, notKept, s.got.Short, s.at.Wider(s.got.Narrowed))...)
}

// rest is how many lines are left to what stands below the table.
const rest = 6

func (s *dashboard) Resize(w, h int) {
	s.w, s.h = w, h
	s.table.SetSize(w, s.tableHeight(h))
}

// tableHeight is the table's share of the height: its heading says nothing, and is cut.
func (s *dashboard) tableHeight(h int) int {
	heads := 1
	if s.got != nil {
		heads = len(s.head(s.w))
	}
	if h < ui.LowRoom {
		return max(h-heads+1, 2)
	}
	return max(min(len(s.lines)+1, h-heads-rest+1), 2)
}

func (s *dashboard) View(w, h int) string {
	st := s.host.Look()
	if missing := s.missing(w); missing != "" {
		return missing
	}
	out := s.head(w)
	if _, table, ok := strings.Cut(s.table.View(), "\n"); ok {
		out = append(out, strings.Split(table, "\n")...)
	}
	if h < ui.LowRoom {
		return strings.Join(out, "\n")
	}
	out = append(out, st.Border.Paint(strings.Repeat("─", max(w, 0))))
	below := s.trends(w)
	projects := s.projects(w)
	if room := h - len(out) - len(below); len(projects) > 0 && room > len(projects)+rest {
		below = append(append(projects, ""), below...)
	}
	about := st.Lay(s.about(s.current(), st.Text), w)
	if room := max(h-len(out)-len(below), 1); len(about) > room {
		about = append(about[:room-1], st.Dim.Paint("… "+ui.KeyOf("details")+" shows all of it"))
	}
	out = append(out, about...)
	for len(out)+len(below) < h {
		out = append(out, "")
	}
	return strings.Join(append(out, below...), "\n")
}

// about is all that there is to say of a line.
func (s *dashboard) about(l *core.MorningLine, look grid.Style) []ui.Line {
	if l == nil {
		return nil
	}
	st := s.host.Look()
	item := func(sign, text, more string) ui.Line {
		return ui.Line{Sign: sign, Value: look.Paint(core.Visible(text)) + st.Dim.Paint("  "+core.Visible(more))}
	}
	bad := st.Bad.Paint("✗ ")
	var lines []ui.Line
	switch l.Code {
	case "failed":
		for i := range s.got.Failures {
			f := &s.got.Failures[i]
			lines = append(lines, item(bad, f.Backup.Title()+": "+whyOf(f), f.Backup.Status+", "+st.Age(f.Backup.CreatedAt)+" old"))
		}
		for i := range s.got.FailedVolumes {
			v := &s.got.FailedVolumes[i]
			lines = append(lines, item(bad, "volume "+v.Title(), v.Status))
		}
	case "stuck":
		for i := range s.got.Runs {
			r := &s.got.Runs[i]
			sign := map[bool]string{true: bad, false: st.Busy.Paint("◌ ")}[r.Stuck.Known && r.Stuck.V]
			lines = append(lines, item(sign, r.Backup.Title()+" "+r.Says(), ""))
		}
		lines = append(lines, ui.TextLine(st.Dim.Paint(core.StuckRule)))
	case "unprotected":
		for i := range s.got.UnprotectedOf {
			v := &s.got.UnprotectedOf[i]
			lines = append(lines, item(bad, v.Title(), show.GiB(v.GiB)+", "+v.Status))
		}
	case "services":
		for _, x := range s.got.Services.V {
			sign, state := st.Good.Paint("✓ "), "up"
			switch {
			case !x.Up:
				sign, state = bad, "down"
			case !x.Enabled:
				sign, state = bad, "disabled"
			}
			lines = append(lines, item(sign, x.Host, state+", zone "+x.Zone))
		}
	case "damaged":
		for _, d := range s.got.Damage.V.Damaged {
			lines = append(lines, item(bad, string(d.Backup)+": "+d.Flaw, "in "+d.Repository))
		}
	case "statuses":
		for _, status := range core.Ranked(s.got.Statuses) {
			n := s.got.Statuses[status]
			sign := show.StatusStyle(st, status).Paint(show.StatusGlyph(status) + " ")
			lines = append(lines, item(sign, fmt.Sprintf("%d %s", n.Rows, status), show.GiB(n.GiB)))
		}
	}
	if len(lines) == 0 {
		lines = append(lines, ui.TextLine(look.Paint(core.Visible(cmp.Or(l.Text, "there is none")))))
	}
	return append(lines, ui.TextLine(st.Dim.Paint(s.leads(l))))
}

// whyOf is why a backup failed, or why that is not known.
func whyOf(f *core.Failure) string {
	switch {
	case f.Why != "":
		return f.Why
	case f.Unasked != "":
		return "why is not known, " + f.Unasked
	}
	return "Cinder does not say why"
}

// leads says which list the line counts.
func (s *dashboard) leads(l *core.MorningLine) string {
	switch l.List {
	case "":
		return "it counts no list"
	case "coverage":
		return ui.KeyOf("open") + " opens the archive, which lists them"
	}
	if l.List == "drills" && s.got.Drills.Known && s.got.Drills.V.Left > 0 {
		return ui.KeyOf("open") + " lists the drills; " + ui.KeyOf("tidy-drills") + " there deletes what they left"
	}
	if l.Filter == "" {
		return ui.KeyOf("open") + " lists the " + l.List
	}
	return ui.KeyOf("open") + " lists the " + l.List + ": " + core.Visible(l.Filter)
}

// trends draws what was made a day, and what the place came to on the days that are kept.
func (s *dashboard) trends(w int) []string {
	st := s.host.Look()
	var gib []int64
	sum, rows, failed := int64(0), 0, 0
	for _, d := range s.got.Made {
		gib = append(gib, d.GiB)
		sum, rows, failed = sum+d.GiB, rows+d.Rows, failed+d.Failed
	}
	text := fmt.Sprintf("%s in %s, %d failed", show.GiB(sum), core.Count(rows, "backup"), failed)
	made := st.Dim.Paint("made a day ") + st.Accent.Paint(show.Spark(gib)) +
		st.Text.Paint("  "+text) + st.Dim.Paint(fmt.Sprintf(": %d days, of those that are there", len(gib)))
	return []string{ui.Clip(made, w), ui.Clip(s.held(), w)}
}

// mostHeld is how many days of what the place came to are drawn.
const mostHeld = 31

// held draws what the backups came to on the days that are kept: a day that is not is a "?".
func (s *dashboard) held() string {
	st := s.host.Look()
	label := st.Dim.Paint("held       ")
	days := map[string]int64{}
	for _, d := range s.got.Days {
		days[d.Day] = d.GiB
	}
	if len(days) < 2 {
		why := s.got.Growth.Why
		if s.got.Growth.Known || why == "" {
			why = "only one day is kept"
		}
		return label + st.Unknown.Paint("? a trend is unknown, because "+core.Visible(why))
	}
	var values []int64
	var known []bool
	least := int64(-1)
	for n := mostHeld - 1; n >= 0; n-- {
		v, ok := days[core.DayOf(s.got.Tally.Now.Add(-time.Duration(n)*24*time.Hour))]
		if len(values) > 0 || ok {
			values, known = append(values, v), append(known, ok)
		}
		if ok && (least < 0 || v < least) {
			least = v
		}
	}
	for i := range values { // from the least to the most: what is between is what is to be seen
		if known[i] {
			values[i] += 1 + s.spread(least)/8 - least
		}
	}
	shown := []rune(show.Spark(values))
	var b strings.Builder
	for i := range values {
		if known[i] {
			b.WriteString(st.Accent.Paint(string(shown[i])))
		} else {
			b.WriteString(st.Unknown.Paint("?"))
		}
	}
	return label + b.String() + st.Text.Paint(fmt.Sprintf("  %s to %s", show.GiB(least), show.GiB(s.got.Backups.GiB))) +
		st.Dim.Paint(fmt.Sprintf(": %d days, ? is one that nobody looked at", len(values)))
}

// spread is how far the days that are kept lie apart, from the least on.
func (s *dashboard) spread(least int64) (most int64) {
	for _, d := range s.got.Days {
		most = max(most, d.GiB-least)
	}
	return most
}

// mostProjects is how many projects are shown.
const mostProjects = 8

// projects is a line for each project, those with most backups first.
func (s *dashboard) projects(w int) []string {
	all := s.got.Projects()
	if len(all) < 2 || w < 70 {
		return nil
	}
	st := s.host.Look()
	line := func(name string, cells ...string) string {
		text := ui.Pad(name, 34)
		for _, c := range cells {
			text += fmt.Sprintf("%12s", c)
		}
		return text
	}
	lines := []string{ui.Clip(st.Heading(line("PROJECT", "BACKUPS", "GIB", "FAILED", "VOLUMES", "UNPROTECTED")).Value, w)}
	for i := range all[:min(len(all), mostProjects)] {
		p := &all[i]
		name := core.Visible(cmp.Or(p.Name, string(p.ID), "(none)"))
		if p.Others > 0 {
			name = core.Count(p.Others, "other project")
		}
		volumes, bare := "?", "?"
		if s.got.NoVolumes == "" {
			volumes, bare = fmt.Sprint(p.Volumes.Rows), fmt.Sprint(p.Unprotected)
		}
		lines = append(lines, ui.Clip(st.Text.Paint(line(name, fmt.Sprint(p.Backups.Rows), fmt.Sprint(p.Backups.GiB), fmt.Sprint(p.Failed),
			volumes, bare)), w))
	}
	if n := len(all) - mostProjects; n > 0 {
		lines = append(lines, st.Dim.Paint(fmt.Sprintf("and %d more", n)))
	}
	return lines
}
