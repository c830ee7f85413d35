package morning

import (
	"context"
	"crypto/rand"
	bits "encoding/binary"
	"fmt"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store"
	"hearth/store/jobs"
	"hearth/tui/place"
	"hearth/tui/show"
	"hearth/tui/ui"
)

// The fields of the form for a drill.
const (
	drillWhich = iota
	drillMost
	drillFilter
	drillType
	drillDeep
)

// The rules by which a drill takes backups, in words; the newest of each volume is what
// choosing none of them means.
const (
	drillsNewest = "the newest of each volume"
	drillsRandom = "some at random"
	drillsNever  = "those that no drill ever took"
)

// noDrill says why no drill can be made now, "" if one can.
func (s *drills) noDrill() string {
	switch {
	case s.works():
		return "a drill goes on"
	case s.State != ui.Ready:
		return "the drills have not been read yet"
	case !s.at.Operates():
		return "this kind of place only keeps backups: nobody there would restore one"
	}
	return s.at.Cannot(core.OpRestore)
}

// form asks what a drill is to try, once the place has told its types of volumes.
func (s *drills) form() tea.Cmd {
	p := s.at.Desk().Place
	return s.host.Tell(func(ctx context.Context) tea.Msg {
		var types []string
		var err error
		if t, ok := p.(store.Typer); ok {
			var all []core.VolumeType
			all, err = t.VolumeTypes(ctx)
			for _, x := range all {
				types = append(types, x.Name)
			}
		}
		form := ui.ShowMsg{Overlay: s.formOf(types)}
		if err != nil { // it can be typed
			return ui.Tell(ui.Failure(err), form)
		}
		return form
	})
}

func (s *drills) formOf(types []string) *ui.FormBox {
	return &ui.FormBox{Title: "Drill", Submit: s.plan, Fields: []ui.FormField{
		ui.ChoiceField("which", drillsNewest, []string{drillsRandom, drillsNever},
			"Of each volume, those come first that waited longest for a drill. "+ui.KeyOf("form-go-on")+" shows the plan before anything is done."),
		ui.TextField("at most", "10", "So many backups, one after the other; empty is all that the rule takes.").Checked(wrongMost),
		ui.TextField("filter", "", "Only backups that fulfil it, as in the list: name~db volume~gold size<100.").Checked(wrongBackupFilter),
		ui.OneOf("type", "the default one, or what an encrypted backup needs", types, "The type of the volumes that are made.",
			"The type of the volumes that are made; empty is the default one, or the one that an encrypted backup needs."),
		ui.SwitchField("deep", "Compare every byte with the repository, where this machine can read both. "+
			"Cinder calls a restore available that holds the wrong bytes, too."),
	}}
}

func wrongMost(text string) string {
	if n, err := strconv.Atoi(text); text != "" && (err != nil || n < 1) {
		return "that is no number from 1"
	}
	return ""
}

func wrongBackupFilter(text string) string {
	if _, err := core.ParseFilter(text, core.BackupColumns); err != nil {
		return ui.WhatOf(err)
	}
	return ""
}

// requestOf is what the form says.
func requestOf(f *ui.FormBox) (q jobs.DrillRequest, err error) {
	q = jobs.DrillRequest{Rule: jobs.DrillNewest, Type: f.Text(drillType), Deep: f.On(drillDeep)}
	q.Most, _ = strconv.Atoi(f.Text(drillMost)) // the form has looked at it
	switch f.Text(drillWhich) {
	case drillsRandom:
		if q.Rule = jobs.DrillRandom; q.Most == 0 {
			return q, core.Fail(core.CodeUsage, "choose some at random", "it is not said how many", "say so", nil)
		}
		var b [8]byte
		rand.Read(b[:]) // it never fails
		q.Seed = bits.LittleEndian.Uint64(b[:]) >> 12
	case drillsNever:
		q.Rule = jobs.DrillNever
	}
	q.Filter, err = core.ParseFilter(f.Text(drillFilter), core.BackupColumns)
	return q, err
}

// plan has the drill planned, and then asks.
func (s *drills) plan(f *ui.FormBox) tea.Cmd {
	again := f.Again()
	q, err := requestOf(f)
	if err != nil {
		return func() tea.Msg { return again(err) }
	}
	desk, devices := s.at.Desk(), s.at.Devices
	_, cmd := s.at.Start(s.host, "planning a drill", place.Touching(s.at, "drill", "all"),
		func(ctx context.Context, progress jobs.Progress) ui.Result {
			q := q
			var err error
			if q.Devices, err = devices(); err != nil {
				return ui.FailedWith(err)
			}
			p, err := desk.PlanDrill(ctx, q, progress)
			switch {
			case err != nil:
				return ui.FailedWith(err)
			case len(p.Items) == 0:
				none := core.Fail(core.CodeNotFound, "drill", "there is no available backup that the rule takes", "choose another rule or filter", nil)
				return ui.FailedWith(none)
			}
			return ui.Result{Then: ui.ShowMsg{Overlay: s.ask(&p)}}
		})
	return cmd
}

// ask shows what is tried, what stands against each, and what goes first, and asks.
func (s *drills) ask(p *jobs.DrillPlan) ui.Overlay {
	st := s.host.Look()
	n, gib := p.Todo()
	q := &ui.QuestionBox{Title: "Drill", Look: st}
	text := fmt.Sprintf("Restore %s, one after the other, each into a volume of its own, and delete that again?", core.Count(n, "backup"))
	if n == 0 {
		text = "None of them can be tried as it stands."
	}
	q.Lines = append(ui.Said(st, text), ui.Line{})
	for i := range p.Left {
		x := &p.Left[i]
		q.Lines = append(q.Lines, ui.Line{Sign: st.Warn.Paint("! "), Value: st.Warn.Paint("first the volume " + core.Visible(x.Name) +
			" goes, which an earlier drill left")})
	}
	q.Items, q.Item = len(p.Items), func(i int) []ui.Line { return tries(s.host.Look(), &p.Items[i]) }
	say := func(text string) { q.After = append(q.After, ui.TextLine(st.Dim.Paint(text))) }
	q.After = append(q.After, ui.Line{})
	say(fmt.Sprintf("%d of %s that the rule could take; the largest takes %s for a while.", n, core.Count(p.Of, "backup"), show.GiB(gib)))
	if n > 0 {
		say("Whether a backend has room for that is not known beforehand: Cinder's scheduler decides, and says so of the volume.")
	}
	if p.NotDeep != "" {
		q.After = append(q.After, ui.Line{Sign: st.Warn.Paint("! "),
			Value: st.Warn.Paint("no bytes will be compared: " + core.Visible(p.NotDeep))})
	}
	if n == 0 {
		q.After = append(q.After, ui.ShellIsNot(st, "none of it can be tried as it stands")...)
		return q
	}
	q.After = append(q.After, s.at.InShell(st, "drill", nil, drillWords(&p.Request)...)...)
	q.Answers = []ui.Answer{{Key: "y", Label: fmt.Sprintf("Drill %d", n), Do: func() tea.Cmd { return s.drill(p, n) }}}
	return q.Guard(n, s.at.Info().Badge)
}

// tries are the lines of a backup in the question whether it is to be tried.
func tries(l ui.Look, it *jobs.DrillItem) []ui.Line {
	b := &it.Backup
	into := strings.TrimSuffix(it.Restore.Name, it.Restore.Name[strings.LastIndex(it.Restore.Name, "-")+1:]) + "…"
	if it.Type != "" {
		into += " of type " + it.Type
	}
	about := fmt.Sprintf("  %s, %s, into %s", b.Kind(), show.GiB(b.Size), into)
	if it.Problem != nil {
		about = fmt.Sprintf("  %s, %s: not tried", b.Kind(), show.GiB(b.Size))
	}
	lines := []ui.Line{{Sign: l.InDialog.Paint("- "), Value: l.InDialog.Paint(core.Visible(b.Title())) + l.Dim.Paint(core.Visible(about))}}
	if it.Problem != nil {
		lines = append(lines, ui.Line{Sign: l.Bad.Paint("  ✗ "), Value: l.Bad.Paint(core.Visible(ui.WhatOf(it.Problem)))})
	}
	for _, why := range it.Unsure {
		lines = append(lines, ui.Line{Sign: l.Warn.Paint("  ! "),
			Value: l.Warn.Paint("whether it can be restored is not certain: " + core.Visible(why))})
	}
	return lines
}

// drillWords are the flags of hearth drill that ask for the same.
func drillWords(q *jobs.DrillRequest) (words []string) {
	switch {
	case q.Rule == jobs.DrillRandom:
		words = append(words, place.Flag("--random", strconv.Itoa(q.Most)), place.Flag("--seed", strconv.FormatUint(q.Seed, 10)))
	case q.Most > 0:
		words = append(words, place.Flag("--limit", strconv.Itoa(q.Most)))
	}
	if q.Rule == jobs.DrillNever {
		words = append(words, "--never")
	}
	if q.Filter.Text != "" {
		words = append(words, place.Flag("--filter", q.Filter.Text))
	}
	if q.Type != "" {
		words = append(words, place.Flag("--type", q.Type))
	}
	if q.Deep {
		words = append(words, "--deep")
	}
	return words
}

// drill tries what was shown.
func (s *drills) drill(p *jobs.DrillPlan, n int) tea.Cmd {
	desk, plan := s.at.Desk(), *p
	touches := place.Touching(s.at, "drill", "all")
	for i := range plan.Items {
		if it := &plan.Items[i]; it.Problem == nil {
			touches = append(touches, place.Touching(s.at, "backup", it.Backup.ID)...)
		}
	}
	id, cmd := s.at.Start(s.host, "drilling "+core.Count(n, "backup"), touches, func(ctx context.Context, progress jobs.Progress) ui.Result {
		tried, err := desk.Drill(ctx, plan, progress)
		return ui.Wrote(core.Count(len(tried), "backup")+" came back, and nothing that the drill made is left.", err)
	})
	if id != 0 {
		s.task = id
	}
	return cmd
}

// noTidy says why nothing can be tidied up now, "" if it can.
func (s *drills) noTidy() string {
	switch {
	case s.works():
		return "a drill goes on"
	case len(s.left) == 0:
		return "no drill left anything that hearth knows of"
	}
	return s.at.Cannot(core.OpRestore)
}

// askTidy shows what drills left, and asks.
func (s *drills) askTidy() tea.Cmd {
	st, left := s.host.Look(), s.left
	q := &ui.QuestionBox{Title: "Tidy up after drills", Look: st}
	q.Lines = append(ui.Said(st, "Delete "+core.Count(len(left), "volume")+", with the data? Each is a drill's by its name and its id; "+
		"one that has another name by now, or is attached, is left alone."), ui.Line{})
	q.Items, q.Item = len(left), func(i int) []ui.Line {
		l, x := s.host.Look(), &left[i]
		about := "  of a drill of " + x.Title() + ", " + l.Age(core.Some(x.At)) + " ago"
		return []ui.Line{{Sign: l.InDialog.Paint("- "), Value: l.InDialog.Paint(core.Visible(x.Name)) + l.Dim.Paint(core.Visible(about))}}
	}
	q.After = s.at.InShell(st, "drill", nil, "--tidy")
	q.Answers = []ui.Answer{{Key: "y", Label: fmt.Sprintf("Delete %d", len(left)), Do: s.tidy}}
	return ui.Show(q.Guard(len(left), s.at.Info().Badge))
}

// tidy deletes what drills left.
func (s *drills) tidy() tea.Cmd {
	desk := s.at.Desk()
	id, cmd := s.at.Start(s.host, "tidying up after drills", place.Touching(s.at, "drill", "all"),
		func(ctx context.Context, progress jobs.Progress) ui.Result {
			left, err := desk.TidyDrills(ctx, progress)
			var still []string
			for i := range left {
				if x := &left[i]; !x.Gone {
					still = append(still, core.Visible(x.Name)+" is still there: "+core.Visible(x.Left))
				}
			}
			if len(still) > 0 && core.CodeOf(err) == core.CodePartial {
				return ui.Wrote("", core.Fail(core.CodePartial, "tidy up after drills", strings.Join(still, "; "), "", err))
			}
			return ui.Wrote(core.Count(len(left), "volume")+" of drills: gone.", err)
		})
	if id != 0 {
		s.task = id
	}
	return cmd
}
