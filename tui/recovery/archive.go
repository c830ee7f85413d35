package recovery

import (
	"context"
	"errors"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/tui/grid"
	"hearth/tui/place"
	"hearth/tui/show"
	"hearth/tui/ui"
)

// archiveScreen shows what of a place could be brought back if it were lost: which
// backups have no record in the archive, an old one, or no capture, and which
// volumes have no recent backup. It fills the archive, writes bundles and prunes.
type archiveScreen struct {
	host ui.Host
	at   *place.Stay
	ui.Read
	cover   jobs.Coverage
	scant   string  // why that is not of the whole place; "": it is, as far as is known
	age     string  // volumes are to have a backup of the last so long
	all     bool    // also what has no gap
	volumes bool    // the volumes are shown
	rows    []int32 // of what is shown: those with a gap, or all
	table   *grid.Model
	other   *grid.Model // of what is not shown
	task    ui.TaskID   // that archives
	results archivedResults
	w, h    int
}

// coverMsg brings the coverage.
type coverMsg struct {
	gen   ui.Generation
	cover jobs.Coverage
	err   error
}

// archivedMsg is how a run of exports ended.
type archivedMsg struct{ results archivedResults }

// archivedResults is what became of the records of a run: of those only that were
// exported, or were to be.
type archivedResults map[core.BackupID]archivedResult

type archivedResult struct {
	state jobs.ArchivedState
	err   error
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

func Archive(host ui.Host, at *place.Stay, _ ui.Open) ui.Screen {
	return &archiveScreen{
		host:    host,
		at:      at,
		age:     usualAge,
		table:   grid.New(coverColumns, host.Look().Grid()),
		other:   grid.New(staleColumns, host.Look().Grid()),
		results: archivedResults{},
	}
}

func (s *archiveScreen) Title() string   { return "Archive" }
func (s *archiveScreen) Init() tea.Cmd   { return s.load() }
func (s *archiveScreen) Resume() tea.Cmd { return s.load() }
func (s *archiveScreen) Restyle() {
	s.table.SetStyles(s.host.Look().Grid())
	s.other.SetStyles(s.host.Look().Grid())
}

func (s *archiveScreen) load() tea.Cmd {
	age, err := jobs.ParseAge(s.age)
	if err != nil {
		return ui.Fail(err)
	}
	gen, desk := s.Begin(), s.at.Desk()
	return s.Ask(s.host, func(ctx context.Context) tea.Msg {
		cover, err := desk.Coverage(ctx, age)
		return coverMsg{gen, cover, err}
	})
}

func (s *archiveScreen) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case coverMsg:
		s.scant = ""
		if core.CodeOf(msg.err) == core.CodeIncomplete {
			s.scant, msg.err = "not the whole list: "+ui.WhatOf(msg.err), nil
		}
		cmd, ok := s.End(msg.gen, msg.err)
		if !ok {
			return cmd
		}
		s.cover = msg.cover
		if s.scant == "" {
			s.scant = s.at.Narrowed(s.cover.Projects())
		}
		s.fill()
	case archivedMsg:
		s.results = msg.results
		s.task = 0
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
		for i, v := range s.cover.Volumes() {
			if s.all || v.Stale {
				s.rows = append(s.rows, int32(i))
			}
		}
	} else {
		for i, x := range s.cover.Backups() {
			if _, done := s.results[x.ID]; s.all || done || x.HasGap() {
				s.rows = append(s.rows, int32(i))
			}
		}
	}
	s.table.SetSource(s)
	s.Resize(s.w, s.h)
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
		return string(s.cover.Volume(int(s.rows[i])).ID)
	}
	return string(s.cover.Backup(int(s.rows[i])).ID)
}

func (s *archiveScreen) Row(i int) ([]grid.Cell, bool) {
	st := s.host.Look()
	if s.volumes {
		v := s.cover.Volume(int(s.rows[i]))
		gap := grid.Cell{Text: "✓", Style: st.Good}
		switch {
		case v.Stale && !v.Newest.Set:
			gap = grid.Cell{Text: "✗ no backup", Style: st.Bad}
		case v.Stale:
			gap = grid.Cell{Text: "! none in " + s.age, Style: st.Warn}
		}
		return []grid.Cell{
			show.NameCell(s.host.Look(), v.Name), show.StatusCell(s.host.Look(), v.Status),
			{Text: show.GiB(v.Size)}, {Text: st.Age(v.Newest)},
			{Text: core.Visible(v.ID.Short()), Style: st.Dim}, gap,
		}, true
	}
	x := s.cover.Backup(int(s.rows[i]))
	record := map[jobs.RecordState]grid.Cell{
		jobs.RecordNone:    {Text: "✗ none", Style: st.Bad},
		jobs.RecordOld:     {Text: "! old", Style: st.Warn},
		jobs.RecordCurrent: {Text: "✓ current", Style: st.Good},
	}[x.Record]
	capture := grid.Cell{Text: "✓ " + string(x.Capture), Style: st.Good}
	if x.Capture == "" {
		capture = grid.Cell{Text: "! none known", Style: st.Warn}
	}
	return []grid.Cell{
		show.NameCell(s.host.Look(), x.Name), {Text: st.Age(x.Created)}, record, {Text: st.Age(x.Checked)},
		capture, {Text: core.Visible(x.ID.Short()), Style: st.Dim}, s.runCell(x.ID),
	}, true
}

// runCell is what has just become of a backup's record.
func (s *archiveScreen) runCell(id core.BackupID) grid.Cell {
	st, r := s.host.Look(), s.results[id]
	if s.archiving() {
		r = archivedResult{state: jobs.ArchivedState(s.host.Task(s.task).Items.At(string(id)))}
	}
	switch {
	case r.err != nil:
		return grid.Cell{Text: "✗ " + core.Visible(ui.WhatOf(r.err)), Style: st.Bad}
	case r.state == jobs.ArchivedFailed:
		return grid.Cell{Text: "✗ " + string(r.state), Style: st.Bad}
	case r.state == jobs.ArchivedNot:
		return grid.Cell{Text: "· " + string(r.state), Style: st.Warn}
	case r.state == "":
		return grid.Cell{}
	}
	return grid.Cell{Text: "✓ " + string(r.state), Style: st.Good}
}

// archiving reports whether the exports go on.
func (s *archiveScreen) archiving() bool { return s.host.Task(s.task).Runs() }

func (s *archiveScreen) head(w int) []string {
	st := s.host.Look()
	n := &s.cover.CoverCounts
	tell := func(n int, text string) string {
		look := st.Warn
		if n == 0 {
			look = st.Good
		}
		return look.Paint(fmt.Sprintf("%d %s", n, text))
	}
	backups, volumes := core.Count(n.Backups, "backup"), core.Count(n.Volumes, "volume")
	b, v := st.OpenTab.Paint("["+backups+"] "), st.Dim.Paint("  "+volumes+": ")
	if s.volumes {
		b, v = st.Dim.Paint("  "+backups+": "), st.OpenTab.Paint("["+volumes+"] ")
	}
	lines := []string{
		ui.Clip(b+tell(n.NoRecord, "without a record")+", "+tell(n.OldRecord, "with an old one")+", "+tell(n.NoCapture, "no known capture"), w),
		ui.Clip(v+tell(n.Stale, "without a backup of the last "+s.age)+st.Dim.Paint(" ("+ui.KeyOf("days")+")"), w),
	}
	if s.scant != "" {
		lines = append(lines, ui.Clip(st.Warn.Paint("! "+core.Visible(s.scant)), w))
	}
	if s.archiving() {
		lines = append(lines, s.host.Task(s.task).Bar(st, w))
	}
	return lines
}

func (s *archiveScreen) Resize(w, h int) {
	s.w, s.h = w, h
	if s.scant != "" {
		h--
	}
	s.table.SetSize(w, max(h-4, 2))
}

func (s *archiveScreen) View(w, h int) string {
	st := s.host.Look()
	if none := s.Missing(st, w); none != "" {
		return none
	}
	head := s.head(w)
	body := s.table.View()
	if len(s.rows) == 0 {
		what := "no gap: each backup has a current record and a known capture (" + ui.KeyOf("show-all") + " shows them all)"
		if s.volumes {
			what = "no gap: each volume has a backup of the last " + s.age + " (" + ui.KeyOf("show-all") + " shows them all)"
		}
		body = "\n" + strings.Join(ui.Hang("  ", st.Good.Paint("✓ ")+st.Text.Paint(what), w-2), "\n")
	}
	hint := "only available backups count; each export is a call to the backup service, and writes the backup's row"
	if s.volumes {
		hint = "only available backups count"
	}
	return ui.Fit(strings.Join(head, "\n")+"\n"+body, w, h-1) + "\n" + ui.Clip(st.Dim.Paint(hint), w)
}

// none says why nothing can be done yet.
func (s *archiveScreen) none() string {
	switch {
	case s.State == ui.Failed:
		return ui.WhatOf(s.Err)
	case s.State != ui.Ready:
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

func (s *archiveScreen) Actions() []ui.Action {
	noExport := func() string {
		if s.archiving() {
			return "it goes on already; " + ui.KeyOf("interrupt") + " cancels it"
		}
		return ui.Either(s.none(), s.at.Cannot(core.OpExport))
	}
	missing := func() string {
		if why := noExport(); why != "" {
			return why
		}
		if s.cover.NoRecord+s.cover.OldRecord == 0 {
			return "every record is current; " + ui.KeyOf("archive-all") + " exports all again"
		}
		return ""
	}
	return append([]ui.Action{
		{Name: "archive-missing", Keys: []string{"x"}, Label: "archive missing",
			Help: "Export the records that are missing or old into the archive, after asking", Why: missing,
			Run: func() tea.Cmd { return s.askArchive(false) }},
		{Name: "archive-all", Keys: []string{"X"}, Label: "all", Help: "Export the records of all available backups, after asking", Why: noExport,
			Run: func() tea.Cmd { return s.askArchive(true) }},
		{Name: "volumes", Keys: []string{"tab", "shift+tab"}, Label: "volumes", Help: "Show the volumes, or the backups", Run: s.turn},
		{Name: "days", Keys: []string{"N"}, Label: "days", Help: "Change how old a volume's newest backup may be", Why: s.none, Run: s.askAge},
		{Name: "show-all", Keys: []string{"f"}, Label: "all", Minor: true, Help: "Show all, or only what has a gap", Why: s.none,
			Run: func() tea.Cmd {
				s.all = !s.all
				s.fill()
				return nil
			}},
		{Name: "bundle", Keys: []string{"w"}, Label: "bundle",
			Help: "Write what the archive has of this place into a file that carries it to another machine", Why: s.none,
			Run: s.askBundle},
		{Name: "prune", Keys: []string{"D"}, Label: "prune", Minor: true,
			Help: "Drop from the archive what something newer has taken the place of, after showing what that is",
			Why:  s.none, Run: s.askKeep},
		{Name: "open", Keys: []string{"enter"}, Help: "Open it", Why: s.noRow, Run: func() tea.Cmd {
			if s.volumes {
				return ui.OpenFor("volume", s.table.Key())
			}
			return ui.OpenFor("backup", s.table.Key())
		}},
		ui.Copies(s.host, s.table, s.noRow, s.copied),
		{Name: "reread", Keys: []string{"ctrl+r"}, Help: "Read it anew", Run: s.load},
	}, ui.TableMoves(s.table, nil)...)
}

// copied says what can be copied of the row under the cursor besides its cells.
func (s *archiveScreen) copied(c *ui.Copying) {
	if s.volumes {
		s.at.CopyVolume(c)
	} else {
		s.at.CopyBackup(c)
	}
}

// askArchive says what an export of records does, and asks.
func (s *archiveScreen) askArchive(all bool) tea.Cmd {
	n, words := s.cover.NoRecord+s.cover.OldRecord, []string{}
	if all {
		n, words = s.cover.CoverCounts.Backups, []string{"--all"}
	}
	q := ui.Asking(s.host.Look(), "Archive",
		fmt.Sprintf("Export the records of %s of %s into hearth's archive?\n", core.Count(n, "backup"), core.Visible(s.at.Info().Location)),
		"Archive",
		func() tea.Cmd { return s.archive(all) })
	q.Lines = append(q.Lines,
		show.Warning(s.host.Look(),
			"each export is a call to the backup service, and writes the backup's row: its updated_at moves. Two run at once"),
		ui.TextLine(s.host.Look().Dim.Paint(ui.KeyOf("interrupt")+" ends it at any moment; the next run goes on where it stopped.")))
	q.Lines = append(q.Lines, s.at.InShell(s.host.Look(), "archive", nil, words...)...)
	return ui.Show(q.Guard(n, s.at.Info().Badge))
}

func (s *archiveScreen) archive(all bool) tea.Cmd {
	desk := s.at.Desk()
	s.results = archivedResults{}
	id, cmd := s.at.Start(s.host, "archiving records", place.Touching(s.at, "archive", "records"),
		func(ctx context.Context, progress jobs.Progress) ui.Result {
			results, failures := archivedResults{}, []error(nil)
			count, err := desk.ArchiveRecords(ctx, jobs.ArchiveOptions{All: all}, func(r jobs.Archived) {
				if r.State != jobs.ArchivedUnchanged {
					results[r.Backup.ID] = archivedResult{r.State, r.Err}
				}
				if r.Err != nil && r.State == jobs.ArchivedFailed && len(failures) < failuresMost {
					failures = append(failures, fmt.Errorf("%s: %w", core.Visible(r.Backup.Title()), r.Err))
				}
			}, progress)
			return ui.Result{Note: archivedNote(count, failures, err), Answer: archivedMsg{results}}
		})
	if id != 0 {
		s.task = id
	}
	return cmd
}

// failuresMost is how many failures a note tells of one by one.
const failuresMost = 1000

// archivedNote tells how the exports went: how many of each, and under e which
// failed.
func archivedNote(count jobs.ArchivedCounts, failures []error, err error) ui.Note {
	var parts []string
	for _, state := range []jobs.ArchivedState{
		jobs.ArchivedNew, jobs.ArchivedChanged, jobs.ArchivedSame, jobs.ArchivedUnchanged, jobs.ArchivedFailed, jobs.ArchivedNot,
	} {
		if count[state] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", count[state], state))
		}
	}
	said := strings.Join(parts, ", ")
	switch {
	case err != nil && len(count) == 0:
		return ui.FailureNote(err)
	case err != nil && core.CodeOf(err) == core.CodeCancelled:
		return ui.Note{Level: ui.LevelWarn, Text: "Records: " + said + "; " + ui.KeyOf("archive-missing") + " goes on with the rest.", Err: err}
	case err != nil:
		return ui.Note{
			Level: ui.LevelWarn,
			Text:  "Records: " + said + "; each says why.",
			Err:   core.Fail(core.CodeOf(err), "archive all records", ui.WhatOf(err), "", errors.Join(failures...)),
		}
	case said == "":
		said = "there is no available backup"
	}
	return ui.Note{Level: ui.LevelGood, Text: "Records: " + said + "."}
}

// ageMsg brings another limit for the volumes' newest backups.
type ageMsg struct{ age string }

// wrongAge says why a text is no age.
func wrongAge(text string) string {
	if _, err := jobs.ParseAge(strings.TrimSpace(text)); err != nil {
		return ui.WhatOf(err)
	}
	return ""
}

func (s *archiveScreen) askAge() tea.Cmd {
	answer := s.host.Answer
	return ui.Show(&ui.InputBox{Title: "A backup of the last",
		Hint:  "A volume without an available backup of the last so long has a gap: such as 36h, 7d, 12w or 1y.",
		Input: ui.NewInput(s.age),
		Check: wrongAge,
		Submit: func(text string) tea.Cmd {
			text = strings.TrimSpace(text)
			if _, err := jobs.ParseAge(text); err != nil {
				return ui.Fail(core.Fail(core.CodeUsage, "look at the coverage", err.Error(), "", err))
			}
			return func() tea.Msg { return answer(ageMsg{text}) }
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
	return ui.Show(&ui.FormBox{Title: "Write a bundle", Submit: s.bundle, Fields: []ui.FormField{
		ui.TextField("file", "hearth-bundle.jsonl", "Only you will be able to read it (mode 0600); nothing is overwritten."),
		ui.TextField("filter", "", "Only of backups that fulfil it, such as age<90d; empty is all that the archive has of this place."),
		ui.SwitchField("mask secrets",
			"Captures hold secrets of a volume's backend. Masked, they are no longer byte for byte what Cinder wrote: for a "+
				"file that leaves the house."),
		ui.SwitchField("every place", "What the archive has of every place, not of this one alone."),
	}})
}

// bundle writes one.
func (s *archiveScreen) bundle(f *ui.FormBox) tea.Cmd {
	again := f.Again()
	file := ui.ExpandHome(strings.TrimSpace(f.Text(bundleFile)))
	filter, err := core.ParseFilter(f.Text(bundleFilter), core.BackupColumns)
	if err == nil && file == "" {
		err = core.Fail(core.CodeUsage, "write a bundle", "no file is named", "", nil)
	}
	if err != nil {
		return func() tea.Msg { return again(err) }
	}
	desk, o := s.at.Desk(), jobs.BundleOptions{Filter: filter, Mask: f.On(bundleMask), Everywhere: f.On(bundleEverywhere)}
	words := []string{place.Flag("--bundle", file)}
	if filter.Text != "" {
		words = append(words, place.Flag("--filter", filter.Text))
	}
	for flag, on := range map[string]bool{"--mask-secrets": o.Mask, "--everywhere": o.Everywhere} {
		if on {
			words = append(words, flag)
		}
	}
	command := s.at.Command("archive", nil, words...)
	_, cmd := s.at.Start(s.host, "writing a bundle", place.Touching(s.at, "file", file), func(ctx context.Context, _ jobs.Progress) ui.Result {
		if err := ui.MustBeNew(file); err != nil {
			return ui.Result{Then: again(err)}
		}
		n, err := desk.WriteBundle(ctx, file, o)
		if err != nil && (core.CodeOf(err) != core.CodeIncomplete || n.Bytes == 0) {
			return ui.Result{Then: again(err)}
		}
		told := bundleNote(file, n, o.Mask, command)
		if err != nil { // what is sound was written all the same
			told.Level, told.Err = ui.LevelWarn, err
			told.Text += " But " + ui.WhatOf(err) + "."
		}
		return ui.Result{Note: told}
	})
	return cmd
}

// bundleNote tells what a bundle holds.
func bundleNote(file string, n jobs.Bundled, masked bool, command string) ui.Note {
	told := ui.Note{Level: ui.LevelGood, Text: fmt.Sprintf("Wrote %s and %s (%s) to %s.",
		core.Count(n.Records, "record"), core.Count(n.Captures, "capture"), core.Bytes(n.Bytes), core.Visible(file))}
	switch {
	case n.LeftOut > 0:
		told.Level = ui.LevelWarn
		told.Text += fmt.Sprintf(" %s cannot be read, so that nothing in them can be masked: left out.", core.Count(n.LeftOut, "capture"))
	case !masked && n.Captures > 0:
		told.Text += " Captures can hold secrets: mask them where the file leaves the house."
	}
	told.Text += " In a shell: " + command
	return told
}

// askKeep asks how old the outdated must be, and looks for it.
func (s *archiveScreen) askKeep() tea.Cmd {
	return ui.Show(&ui.InputBox{Title: "Prune the archive",
		Hint: "Of what something newer of the same backup has taken the place of, keep what is younger than this, such " +
			"as 90d. The newest of each is always kept. What would go is shown first.",
		Input: ui.NewInput("90d"), Submit: func(text string) tea.Cmd {
			text = strings.TrimSpace(text)
			age, err := jobs.ParseAge(text)
			if err != nil {
				return ui.Fail(core.Fail(core.CodeUsage, "prune the archive", err.Error(), "", err))
			}
			desk := s.at.Desk()
			return tea.Batch(ui.Looking("Looking for what is outdated"), s.host.Tell(func(ctx context.Context) tea.Msg {
				o, err := desk.Outdated(ctx, age)
				if err != nil {
					return ui.Failure(err)
				}
				if o.Records+o.Captures == 0 {
					return ui.Note{Level: ui.LevelInfo, Text: "Nothing is older than " + text + " and outdated; nothing was dropped."}
				}
				return ui.ShowMsg{Overlay: s.askPrune(o, text)}
			}))
		}})
}

func (s *archiveScreen) askPrune(o jobs.Outdated, age string) ui.Overlay {
	q := ui.Asking(s.host.Look(), "Prune the archive",
		fmt.Sprintf("Drop %s and %s (%s) that are older than %s,\nof every place that the archive knows?\nEach has a "+
			"newer one of the same backup, which stays. There is no way back.\n",
			core.Count(o.Records, "record"), core.Count(o.Captures, "capture"), core.Bytes(o.Bytes), age), "Drop them", func() tea.Cmd {
			desk := s.at.Desk()
			_, cmd := s.at.Start(s.host, "pruning the archive", place.Touching(s.at, "archive", "records"),
				func(ctx context.Context, _ jobs.Progress) ui.Result {
					if err := desk.Prune(ctx, o); err != nil {
						return ui.FailedWith(err)
					}
					return ui.Result{
						Note: ui.Note{
							Level: ui.LevelGood,
							Text:  fmt.Sprintf("Dropped %s and %s.", core.Count(o.Records, "record"), core.Count(o.Captures, "capture")),
						},
					}
				})
			return cmd
		})
	q.Lines = append(q.Lines,
		ui.ShellIs(s.host.Look(), place.CommandLine("archive", nil, "--prune",
			place.Flag("--keep", age), place.Flag("--place", s.at.Info().Location)))...)
	return q.Guard(o.Records+o.Captures, "") // it is of no place
}
