package tui

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/tui/grid"
)

// archiveScreen shows what of a place could be brought back if it were lost: which
// backups have no record in the archive, an old one, or no capture, and which
// volumes have no recent backup. It fills the archive, writes bundles and prunes.
type archiveScreen struct {
	*base
	read
	cover   jobs.Coverage
	age     string // volumes are to have a backup of the last so long
	all     bool   // also what has no gap
	volumes bool   // the volumes are shown
	rows    []int  // of what is shown: those with a gap, or all
	table   *grid.Model
	other   *grid.Model // of what is not shown
	job     int         // that archives
	results map[core.BackupID]jobs.Archived
	w, h    int
}

// coverMsg brings the coverage.
type coverMsg struct {
	gen   generation
	cover jobs.Coverage
	err   error
}

// archivedMsg is how a run of exports ended.
type archivedMsg struct {
	job     int
	results []jobs.Archived
	err     error
}

var coverColumns = []grid.Column{
	{Title: "NAME", Width: 32, Min: 22, Grow: 2},
	{Title: "AGE", Width: 4, Right: true},
	{Title: "RECORD", Width: 9},
	{Title: "CHECKED", Width: 7, Right: true, Drop: 2},
	{Title: "CAPTURE", Width: 12, Drop: 1},
	{Title: "ID", Width: 8, Drop: 3},
	{Title: "LAST RUN", Width: 14, Min: 11, Grow: 2},
}

var staleColumns = []grid.Column{
	{Title: "VOLUME", Width: 34, Min: 22, Grow: 2},
	{Title: "STATUS", Width: 14, Drop: 2},
	{Title: "SIZE", Width: 9, Right: true, Drop: 1},
	{Title: "NEWEST", Width: 6, Right: true},
	{Title: "ID", Width: 8, Drop: 3},
	{Title: "GAP", Width: 18, Min: 15, Grow: 1},
}

// usualAge is how old a volume's newest backup may be, until something else is said.
const usualAge = "7d"

func newArchive(b base, _ openMsg) screen {
	return &archiveScreen{base: &b, age: usualAge, table: grid.New(coverColumns, b.styles.grid()), other: grid.New(staleColumns, b.styles.grid()), results: map[core.BackupID]jobs.Archived{}}
}

func (s *archiveScreen) title() string   { return "Archive" }
func (s *archiveScreen) init() tea.Cmd   { return s.load() }
func (s *archiveScreen) resume() tea.Cmd { return s.load() }
func (s *archiveScreen) restyle() {
	s.table.SetStyles(s.styles.grid())
	s.other.SetStyles(s.styles.grid())
}

func (s *archiveScreen) load() tea.Cmd {
	age, err := jobs.ParseAge(s.age)
	if err != nil {
		return fail(err)
	}
	gen, desk := s.begin(), s.desk
	return s.ask(func(ctx context.Context) tea.Msg {
		cover, err := desk.Coverage(ctx, age)
		return coverMsg{gen, cover, err}
	})
}

func (s *archiveScreen) update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case coverMsg:
		cmd, ok := s.end(msg.gen, msg.err)
		if !ok {
			return cmd
		}
		s.cover = msg.cover
		s.fill()
	case archivedMsg:
		for _, r := range msg.results {
			s.results[r.Backup.ID] = r
		}
		s.job = 0
		return s.load()
	case ageMsg:
		s.age = msg.age
		return s.load()
	}
	return nil
}

// fill makes the rows.
func (s *archiveScreen) fill() {
	s.rows = nil
	if s.volumes {
		for i := range s.cover.Volumes {
			if s.all || s.cover.Volumes[i].Stale {
				s.rows = append(s.rows, i)
			}
		}
	} else {
		for i := range s.cover.Backups {
			x := &s.cover.Backups[i]
			if r, done := s.results[x.Backup.ID]; s.all || len(x.Gap()) > 0 || done && r.State != jobs.ArchivedUnchanged {
				s.rows = append(s.rows, i)
			}
		}
	}
	s.table.SetSource(s)
	s.resize(s.w, s.h)
}

// turn shows the volumes in place of the backups, or the backups.
func (s *archiveScreen) turn() tea.Cmd {
	s.volumes = !s.volumes
	s.table, s.other = s.other, s.table
	s.fill()
	return nil
}

// Len, Row and Key make the screen the table's source.
func (s *archiveScreen) Len() int { return len(s.rows) }
func (s *archiveScreen) Key(i int) string {
	if s.volumes {
		return string(s.cover.Volumes[s.rows[i]].Volume.ID)
	}
	return string(s.cover.Backups[s.rows[i]].Backup.ID)
}

func (s *archiveScreen) Row(i int) ([]grid.Cell, bool) {
	st := s.styles
	if s.volumes {
		v := &s.cover.Volumes[s.rows[i]]
		gap := grid.Cell{Text: "✓", Style: st.good}
		switch {
		case v.Stale && !v.Newest.Set:
			gap = grid.Cell{Text: "✗ no backup", Style: st.bad}
		case v.Stale:
			gap = grid.Cell{Text: "! none in " + s.age, Style: st.warn}
		}
		return []grid.Cell{s.nameCell(v.Volume.Name), s.statusCell(v.Volume.Status), {Text: gib(v.Volume.Size)}, {Text: s.ageOf(v.Newest)}, {Text: core.Visible(v.Volume.ID.Short()), Style: st.dim}, gap}, true
	}
	x := &s.cover.Backups[s.rows[i]]
	record := map[jobs.RecordState]grid.Cell{jobs.RecordNone: {Text: "✗ none", Style: st.bad}, jobs.RecordOld: {Text: "! old", Style: st.warn}, jobs.RecordCurrent: {Text: "✓ current", Style: st.good}}[x.Record]
	capture := grid.Cell{Text: "✓ " + string(x.Capture), Style: st.good}
	if x.Capture == "" {
		capture = grid.Cell{Text: "! none known", Style: st.warn}
	}
	return []grid.Cell{s.nameCell(x.Backup.Name), {Text: s.ageOf(x.Backup.CreatedAt)}, record, {Text: s.ageOf(x.Checked)}, capture, {Text: core.Visible(x.Backup.ID.Short()), Style: st.dim}, s.runCell(x)}, true
}

// runCell is what has just become of a backup's record.
func (s *archiveScreen) runCell(x *jobs.BackupCover) grid.Cell {
	st, r := s.styles, s.results[x.Backup.ID]
	if s.archiving() {
		r = jobs.Archived{State: jobs.ArchivedState(s.app.job.items[string(x.Backup.ID)])}
	}
	switch {
	case r.Err != nil:
		return grid.Cell{Text: "✗ " + core.Visible(whatOf(r.Err)), Style: st.bad}
	case r.State == jobs.ArchivedFailed:
		return grid.Cell{Text: "✗ " + string(r.State), Style: st.bad}
	case r.State == jobs.ArchivedNot:
		return grid.Cell{Text: "· " + string(r.State), Style: st.warn}
	case r.State == "":
		return grid.Cell{}
	}
	return grid.Cell{Text: "✓ " + string(r.State), Style: st.good}
}

// ageOf is an age for a column, "-" where there is none. (The field age is the
// limit.)
func (s *archiveScreen) ageOf(t core.Opt[time.Time]) string { return s.app.age(t) }

// counts tells the gaps.
func (s *archiveScreen) counts() (none, old, uncaptured, stale int) {
	for i := range s.cover.Backups {
		switch x := &s.cover.Backups[i]; x.Record {
		case jobs.RecordNone:
			none++
		case jobs.RecordOld:
			old++
		}
		if s.cover.Backups[i].Capture == "" {
			uncaptured++
		}
	}
	for i := range s.cover.Volumes {
		if s.cover.Volumes[i].Stale {
			stale++
		}
	}
	return none, old, uncaptured, stale
}

// archiving reports whether the exports go on.
func (s *archiveScreen) archiving() bool { return s.app.job != nil && s.app.job.id == s.job }

func (s *archiveScreen) head(w int) []string {
	st := s.styles
	none, old, uncaptured, stale := s.counts()
	tell := func(n int, text string) string {
		look := st.warn
		if n == 0 {
			look = st.good
		}
		return look.Paint(fmt.Sprintf("%d %s", n, text))
	}
	backups := fmt.Sprintf("%s: ", core.Count(len(s.cover.Backups), "backup"))
	volumes := fmt.Sprintf("%s: ", core.Count(len(s.cover.Volumes), "volume"))
	b, v := st.dim.Paint("  "+backups), st.tab.Paint("["+volumes+"]")
	if !s.volumes {
		b, v = st.tab.Paint("["+strings.TrimSuffix(backups, ": ")+"] "), st.dim.Paint("  "+volumes)
	} else {
		v = st.tab.Paint("[" + strings.TrimSuffix(volumes, ": ") + "] ")
	}
	lines := []string{
		clip(b+tell(none, "without a record")+", "+tell(old, "with an old one")+", "+tell(uncaptured, "no known capture"), w),
		clip(v+tell(stale, "without a backup of the last "+s.age)+st.dim.Paint(" (N)"), w),
	}
	if s.archiving() {
		lines = append(lines, s.bar(w))
	}
	return lines
}

func (s *archiveScreen) resize(w, h int) {
	s.w, s.h = w, h
	s.table.SetSize(w, max(h-4, 2))
}

func (s *archiveScreen) view(w, h int) string {
	st := s.styles
	switch {
	case s.state == failed:
		return failedView(st, s.err, "Ctrl-R tries again", w)
	case s.state != ready:
		return "\n  " + st.busy.Paint("◌ reading…")
	}
	head := s.head(w)
	body := s.table.View()
	if len(s.rows) == 0 {
		what := "no gap: each backup has a current record and a known capture (f shows them all)"
		if s.volumes {
			what = "no gap: each volume has a backup of the last " + s.age + " (f shows them all)"
		}
		body = "\n" + strings.Join(hang("  ", st.good.Paint("✓ ")+st.text.Paint(what), w-2), "\n")
	}
	hint := "only available backups count; each export is a call to the backup service, and writes the backup's row"
	if s.volumes {
		hint = "only available backups count"
	}
	return fit(strings.Join(head, "\n")+"\n"+body, w, h-1) + "\n" + clip(st.dim.Paint(hint), w)
}

// none says why nothing can be done yet.
func (s *archiveScreen) none() string {
	switch {
	case s.state == failed:
		return whatOf(s.err)
	case s.state != ready:
		return "it is not read yet"
	}
	return ""
}

func (s *archiveScreen) noRow() string {
	if why := s.none(); why != "" || len(s.rows) > 0 {
		return why
	}
	return "there is nothing under the cursor"
}

func (s *archiveScreen) actions() []action {
	noExport := func() string {
		if s.archiving() {
			return "it goes on already; Ctrl-C cancels it"
		}
		return either(s.none(), s.cannot(core.OpExport))
	}
	missing := func() string {
		if why := noExport(); why != "" {
			return why
		}
		if none, old, _, _ := s.counts(); none+old == 0 {
			return "every record is current; X exports all again"
		}
		return ""
	}
	return append([]action{
		{keys: []string{"x"}, label: "archive missing", help: "Export the records that are missing or old into the archive, after asking", why: missing, run: func() tea.Cmd { return s.askArchive(false) }},
		{keys: []string{"X"}, label: "all", help: "Export the records of all available backups, after asking", why: noExport, run: func() tea.Cmd { return s.askArchive(true) }},
		{keys: []string{"tab", "shift+tab"}, label: "volumes", help: "Show the volumes, or the backups", run: s.turn},
		{keys: []string{"N"}, label: "days", help: "Change how old a volume's newest backup may be", why: s.none, run: s.askAge},
		{keys: []string{"f"}, label: "all", minor: true, help: "Show all, or only what has a gap", why: s.none, run: func() tea.Cmd {
			s.all = !s.all
			s.fill()
			return nil
		}},
		{keys: []string{"w"}, label: "bundle", help: "Write what the archive has of this place into a file that carries it to another machine", why: s.none, run: s.askBundle},
		{keys: []string{"D"}, label: "prune", minor: true, help: "Drop from the archive what something newer has taken the place of, after showing what that is", why: s.none, run: s.askKeep},
		{keys: []string{"enter"}, help: "Open it", why: s.noRow, run: func() tea.Cmd {
			if s.volumes {
				return open("volume", s.table.Key())
			}
			return open("backup", s.table.Key())
		}},
		{keys: []string{"y"}, help: "Copy the id", why: s.noRow, run: func() tea.Cmd { return s.copyText(s.table.Key(), "the id") }},
		{keys: []string{"ctrl+r"}, help: "Read it anew", run: s.load},
	}, tableMoves(s.table, nil)...)
}

// askArchive says what an export of records does, and asks.
func (s *archiveScreen) askArchive(all bool) tea.Cmd {
	none, old, _, _ := s.counts()
	n, words := none+old, []string{}
	if all {
		n, words = len(s.cover.Backups), []string{"--all"}
	}
	q := s.asking("Archive", fmt.Sprintf("Export the records of %s of %s into hearth's archive?\n", core.Count(n, "backup"), core.Visible(s.info.Location)), "Archive",
		func() tea.Cmd { return s.archive(all) })
	q.lines = append(q.lines, s.warning("each export is a call to the backup service, and writes the backup's row: its updated_at moves. Two run at once"),
		text(s.styles.dim.Paint("Ctrl-C ends it at any moment; the next run goes on where it stopped.")))
	q.lines = append(q.lines, s.inShell("archive", words...)...)
	return show(q)
}

func (s *archiveScreen) archive(all bool) tea.Cmd {
	desk, id, before := s.desk, s.id, s.app.job
	clear(s.results)
	cmd := s.start("archiving records", func(ctx context.Context, progress jobs.Progress) tea.Msg {
		results, err := desk.ArchiveRecords(ctx, jobs.ArchiveOptions{All: all}, progress)
		return tell(archivedNote(results, err), reply{id, archivedMsg{results: results, err: err}})
	})
	if s.app.job != before {
		s.job = s.app.job.id
	}
	return cmd
}

// archivedNote tells how the exports went: how many of each, and under e which
// failed.
func archivedNote(results []jobs.Archived, err error) tea.Msg {
	count, failures := map[jobs.ArchivedState]int{}, []error{}
	for _, r := range results {
		if count[r.State]++; r.Err != nil && r.State == jobs.ArchivedFailed {
			failures = append(failures, fmt.Errorf("%s: %w", core.Visible(r.Backup.Title()), r.Err))
		}
	}
	var parts []string
	for _, state := range []jobs.ArchivedState{jobs.ArchivedNew, jobs.ArchivedChanged, jobs.ArchivedSame, jobs.ArchivedUnchanged, jobs.ArchivedFailed, jobs.ArchivedNot} {
		if count[state] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", count[state], state))
		}
	}
	said := strings.Join(parts, ", ")
	switch {
	case err != nil && len(results) == 0:
		return failure(err)
	case err != nil && core.CodeOf(err) == core.CodeCancelled:
		return noteMsg{level: warn, text: "Records: " + said + "; x goes on with the rest.", err: err}
	case err != nil:
		return noteMsg{level: warn, text: "Records: " + said + "; each says why.", err: core.Fail(core.CodeOf(err), "archive all records", whatOf(err), "", errors.Join(failures...))}
	case said == "":
		said = "there is no available backup"
	}
	return noteMsg{level: good, text: "Records: " + said + "."}
}

// ageMsg brings another limit for the volumes' newest backups.
type ageMsg struct{ age string }

func (s *archiveScreen) askAge() tea.Cmd {
	id := s.id
	return show(&inputBox{title: "A backup of the last", hint: "A volume without an available backup of the last so long has a gap: such as 36h, 7d, 12w or 1y.", input: newInput(s.age), submit: func(text string) tea.Cmd {
		text = strings.TrimSpace(text)
		if _, err := jobs.ParseAge(text); err != nil {
			return fail(core.Fail(core.CodeUsage, "look at the coverage", err.Error(), "", err))
		}
		return func() tea.Msg { return reply{id, ageMsg{text}} }
	}})
}

// The fields of the form for a bundle.
const (
	bundleFile = iota
	bundleFilter
	bundleMask
	bundleEverywhere
)

func (s *archiveScreen) askBundle() tea.Cmd {
	return show(&formBox{title: "Write a bundle", submit: s.bundle, fields: []formField{
		textField("file", "hearth-bundle.jsonl", "Only you will be able to read it (mode 0600); nothing is overwritten."),
		textField("filter", "", "Only of backups that fulfil it, such as age<90d; empty is all that the archive has of this place."),
		switchField("mask secrets", "Captures hold secrets of a volume's backend. Masked, they are no longer byte for byte what Cinder wrote: for a file that leaves the house."),
		switchField("every place", "What the archive has of every place, not of this one alone."),
	}})
}

// bundle writes one.
func (s *archiveScreen) bundle(f *formBox) tea.Cmd {
	again := f.again()
	file := expandHome(strings.TrimSpace(f.text(bundleFile)))
	filter, err := core.ParseFilter(f.text(bundleFilter), core.BackupColumns)
	if err == nil && file == "" {
		err = core.Fail(core.CodeUsage, "write a bundle", "no file is named", "", nil)
	}
	if err != nil {
		return func() tea.Msg { return again(err) }
	}
	desk, o := s.desk, jobs.BundleOptions{Filter: filter, Mask: f.on(bundleMask), Everywhere: f.on(bundleEverywhere)}
	words := []string{"--bundle", file}
	if filter.Text != "" {
		words = append(words, "--filter", filter.Text)
	}
	for flag, on := range map[string]bool{"--mask-secrets": o.Mask, "--everywhere": o.Everywhere} {
		if on {
			words = append(words, flag)
		}
	}
	command := s.command("archive", words...)
	return s.start("writing a bundle", func(ctx context.Context, _ jobs.Progress) tea.Msg {
		if err := mustBeNew(file); err != nil {
			return again(err)
		}
		n, err := desk.WriteBundle(ctx, file, o)
		if err != nil {
			return again(err)
		}
		said := noteMsg{level: good, text: fmt.Sprintf("Wrote %s and %s (%s) to %s.", core.Count(n.Records, "record"), core.Count(n.Captures, "capture"), core.Bytes(n.Bytes), core.Visible(file))}
		switch {
		case n.LeftOut > 0:
			said.level, said.text = warn, said.text+fmt.Sprintf(" %s cannot be read, so that nothing in them can be masked: left out.", core.Count(n.LeftOut, "capture"))
		case !o.Mask && n.Captures > 0:
			said.text += " Captures can hold secrets: mask them where the file leaves the house."
		}
		said.text += " In a shell: " + command
		return said
	})
}

// askKeep asks how old the outdated must be, and looks for it.
func (s *archiveScreen) askKeep() tea.Cmd {
	return show(&inputBox{title: "Prune the archive", hint: "Of what something newer of the same backup has taken the place of, keep what is younger than this, such as 90d. The newest of each is always kept. What would go is shown first.",
		input: newInput("90d"), submit: func(text string) tea.Cmd {
			text = strings.TrimSpace(text)
			age, err := jobs.ParseAge(text)
			if err != nil {
				return fail(core.Fail(core.CodeUsage, "prune the archive", err.Error(), "", err))
			}
			desk := s.desk
			return tea.Batch(looking("Looking for what is outdated"), s.task(func(ctx context.Context) tea.Msg {
				o, err := desk.Outdated(ctx, age)
				if err != nil {
					return failure(err)
				}
				if o.Records+o.Captures == 0 {
					return noteMsg{level: info, text: "Nothing is older than " + text + " and outdated; nothing was dropped."}
				}
				return showMsg{s.askPrune(o, text)}
			}))
		}})
}

func (s *archiveScreen) askPrune(o jobs.Outdated, age string) overlay {
	q := s.asking("Prune the archive", fmt.Sprintf("Drop %s and %s (%s) that are older than %s,\nof every place that the archive knows?\nEach has a newer one of the same backup, which stays. There is no way back.\n",
		core.Count(o.Records, "record"), core.Count(o.Captures, "capture"), core.Bytes(o.Bytes), age), "Drop them", func() tea.Cmd {
		desk := s.desk
		return s.start("pruning the archive", func(ctx context.Context, _ jobs.Progress) tea.Msg {
			if err := desk.Prune(ctx, o); err != nil {
				return failure(err)
			}
			return noteMsg{level: good, text: fmt.Sprintf("Dropped %s and %s.", core.Count(o.Records, "record"), core.Count(o.Captures, "capture"))}
		})
	})
	q.lines = append(q.lines, s.shellIs(shellLine([]string{"hearth", "archive", "--prune", "--keep", age, "--place", s.info.Location}))...)
	return q
}
