package recovery

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/tui/grid"
	"hearth/tui/place"
	"hearth/tui/show"
	"hearth/tui/ui"
)

// recoverScreen leads through bringing back what a place has lost: from where, to
// where, what there is on both sides, what of it is to come, a dry run, the way
// there, and what came of it. What is interrupted goes on with the next look.
type recoverScreen struct {
	host    ui.Host
	at      *place.Stay
	from    origin
	to      string    // the location of the target; "": none is chosen
	finding ui.TaskID // the task that looks
	dry     bool
	dried   bool // a dry run was shown
	found   *jobs.Recovery
	pane    *transferPane
	compare bool // both sides are shown, not what is to come
	all     bool // also what both have, and the same
	table   *grid.Model
	lines   []meeting
	w, h    int
}

// meeting is a line of what both sides have.
type meeting struct {
	both *core.Reconciled
	lame *core.Holding // unfinished or broken, in a repository
}

// foundMsg brings what was found.
type foundMsg struct {
	found  jobs.Recovery
	target jobs.Desk
	err    error
}

var meetingColumns = []grid.Column{
	{Title: "IN", Width: 11},
	{Title: "NAME", Width: 28, Min: 16, Grow: 2},
	{Title: "KIND", Width: 5, Drop: 2},
	{Title: "SIZE", Width: 9, Right: true, Drop: 1},
	{Title: "AGE", Width: 4, Right: true, Drop: 4},
	{Title: "ID", Width: 8, Drop: 3},
	{Title: "WHAT ABOUT IT", Width: 36, Min: 20, Grow: 3},
}

func Recover(host ui.Host, at *place.Stay, _ ui.Open) ui.Screen {
	s := &recoverScreen{host: host, at: at, table: grid.New(meetingColumns, host.Look().Grid())}
	if at.Repository() != nil {
		s.from = origin{fromPlace, at.Info().Location}
	} else {
		s.to = at.Info().Location
	}
	return s
}

func (s *recoverScreen) Title() string { return "Recovery" }
func (s *recoverScreen) Init() tea.Cmd { return nil }
func (s *recoverScreen) Restyle() {
	s.table.SetStyles(s.host.Look().Grid())
	if s.pane != nil {
		s.pane.Restyle()
	}
}

// looks reports whether it looks for what is lost.
func (s *recoverScreen) looks() bool { return s.host.Task(s.finding).Runs() }

func (s *recoverScreen) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case originMsg:
		s.from = msg.origin
		s.forget()
	case targetMsg:
		s.to = msg.location
		s.forget()
	case foundMsg:
		return s.take(msg)
	case sentMsg:
		if s.pane != nil {
			s.pane.sent(msg)
		}
	}
	return nil
}

// forget goes back to the beginning.
func (s *recoverScreen) forget() { s.found, s.pane, s.dried, s.lines = nil, nil, false, nil }

// look finds what there is on both sides, and plans. Nothing is changed.
func (s *recoverScreen) look(dry bool) tea.Cmd {
	from, to, opens := s.from, s.to, s.desks()
	id, cmd := s.at.Start(s.host, "looking for what is lost", place.TouchingIn(to, "recovery", "plan"),
		func(ctx context.Context, progress jobs.Progress) ui.Result {
			var m foundMsg
			source, err := from.open(ctx, opens)
			if err == nil {
				m.target, err = opens(ctx, to)
			}
			if err == nil {
				m.found, err = jobs.PlanRecovery(ctx, source, m.target, jobs.RecoverOptions{}, progress)
			}
			m.err = err
			return ui.Result{Answer: m}
		})
	if id != 0 {
		s.finding, s.dry = id, dry
	}
	return cmd
}

// take takes what was found; what was chosen before stays chosen.
func (s *recoverScreen) take(msg foundMsg) tea.Cmd {
	s.finding = 0
	if msg.err != nil {
		return ui.Fail(msg.err)
	}
	found, target := msg.found, msg.target
	again := s.pane != nil
	if again {
		was := map[core.BackupID]bool{}
		for i := range s.pane.plan.Items {
			was[s.pane.plan.Items[i].ID] = s.pane.plan.Items[i].Ticked
		}
		for i := range found.Items {
			if on, ok := was[found.Items[i].ID]; ok {
				found.Items[i].Ticked = on
			}
		}
		found.Fit()
	}
	s.found = &found
	p := newTransferPane(s.host, s.at, recovering, &found.Transfer, target)
	p.send = func(ctx context.Context, t *jobs.Transfer, progress jobs.Progress) ([]core.ImportResult, error) {
		r := found
		r.Transfer = *t
		return jobs.Recover(ctx, target, &r, progress)
	}
	p.shell = s.shell
	s.pane = p
	if !again {
		s.compare = true
	}
	s.fill()
	s.Resize(s.w, s.h)
	if s.dry {
		s.dry, s.dried = false, true
		return s.showDry()
	}
	return nil
}

// fill makes the lines of what both sides have.
func (s *recoverScreen) fill() {
	s.lines = nil
	for i := range s.found.Compared {
		r := &s.found.Compared[i]
		if s.all || r.Standing != core.InBoth || len(r.Differs) > 0 || r.Target.Status != core.StatusAvailable {
			s.lines = append(s.lines, meeting{both: r})
		}
	}
	for i := range s.found.Unusable {
		s.lines = append(s.lines, meeting{lame: &s.found.Unusable[i]})
	}
	s.table.SetSource(s)
}

// Len, Row and Key make the screen the source of the table of both sides.
func (s *recoverScreen) Len() int         { return len(s.lines) }
func (s *recoverScreen) Key(i int) string { return fmt.Sprint(i) }
func (s *recoverScreen) Row(i int) ([]grid.Cell, bool) {
	st, m := s.host.Look(), s.lines[i]
	if h := m.lame; h != nil {
		return []grid.Cell{{Text: "✗ " + string(h.Kind), Style: st.Bad},
			{Text: core.Visible(ui.Either(h.Backup.Name.Or(""), h.Prefix))}, {}, {Text: core.Bytes(h.Bytes)},
			{Text: s.host.Look().Age(h.Began)}, {Text: core.Visible(h.ID.Short()), Style: st.Dim},
			{Text: core.Visible(h.Problem), Style: st.Bad}}, true
	}
	b := m.both.Backup()
	in := map[core.Standing]grid.Cell{
		core.OnlySource: {Text: "+ source", Style: st.Added},
		core.OnlyTarget: {Text: "- target", Style: st.Dim},
		core.InBoth:     {Text: "= both", Style: st.Dim},
	}[m.both.Standing]
	kind := "full"
	if b.Incremental {
		kind = "incr"
	}
	text, look := s.about(m.both)
	return []grid.Cell{
		in, show.BackupName(s.host.Look(), b), {Text: kind}, {Text: show.GiB(b.Size)},
		{Text: s.host.Look().Age(b.CreatedAt)}, {Text: core.Visible(b.ID.Short()), Style: st.Dim},
		{Text: core.Visible(text), Style: look},
	}, true
}

// about is what there is to say of a backup that one or both sides have.
func (s *recoverScreen) about(r *core.Reconciled) (string, grid.Style) {
	st := s.host.Look()
	switch p := r.Problem(); {
	case p != "":
		return p, st.Bad
	case r.Standing == core.OnlySource:
		return "the target has lost it, or never had it", st.Added
	case r.Standing == core.OnlyTarget:
		return "the source has nothing of it", st.Warn
	case r.Target.Status != core.StatusAvailable:
		return "it is " + r.Target.Status + " in the target", show.StatusStyle(st, r.Target.Status)
	case len(r.Differs) > 0:
		return "≠ " + strings.Join(r.Differs, "; "), st.Changed
	}
	return "the same", st.Dim
}

// below is all there is to say of the line under the cursor.
func (s *recoverScreen) below() []ui.Line {
	if len(s.lines) == 0 {
		return nil
	}
	st, m := s.host.Look(), s.lines[s.table.Cursor()]
	if h := m.lame; h != nil {
		return []ui.Line{{Sign: st.Bad.Paint("✗ "), Value: st.Bad.Paint(core.Visible(string(h.Kind) + ": " + h.Problem))},
			ui.FieldLine("prefix", core.Visible(h.Prefix)), ui.FieldLine("container", core.Visible(h.Container)),
			ui.FieldLine("backup", core.Visible(string(h.ID))), ui.FieldLine("volume", core.Visible(string(h.VolumeID))),
			ui.FieldLine("objects", fmt.Sprintf("%d, %s", h.Objects, core.Bytes(h.Bytes)))}
	}
	text, look := s.about(m.both)
	lines := []ui.Line{{Value: look.Paint(core.Visible(text))}}
	for _, d := range m.both.Differs {
		lines = append(lines, ui.Line{Sign: st.Changed.Paint("≠ "), Value: core.Visible(d) + st.Dim.Paint("  (source, target)")})
	}
	b := m.both.Backup()
	return append(lines, ui.FieldLine("id", core.Visible(string(b.ID))),
		ui.FieldLine("volume", show.NameAndID(st, b.VolumeName, string(b.VolumeID))),
		ui.FieldLine("chain", core.Count(len(m.both.Chain), "layer")),
		ui.FieldLine("project", show.NameAndID(st, b.ProjectName, string(b.ProjectID))),
		ui.FieldLine("created", s.host.Look().Since(b.CreatedAt)), ui.FieldLine("container", show.Nullable(st, b.Container)))
}

// stations are the parts of the way, and at which of them one is.
func (s *recoverScreen) stations() (names []string, at int) {
	names = []string{"source", "target", "find", "choose", "dry run", "go", "report"}
	switch {
	case s.from.kind == "":
		return names, 0
	case s.to == "":
		return names, 1
	case s.pane == nil || s.compare:
		return names, 2
	case s.pane.over:
		return names, 6
	case s.pane.running():
		return names, 5
	case s.dried:
		return names, 4
	}
	return names, 3
}

// way draws the stations.
func (s *recoverScreen) way(w int) string {
	st := s.host.Look()
	names, at := s.stations()
	var parts []string
	for i, n := range names {
		switch {
		case i == at:
			parts = append(parts, st.OpenTab.Paint("["+n+"]"))
		case i < at && (n != "dry run" || s.dried):
			parts = append(parts, st.Good.Paint("✓ "+n))
		default:
			parts = append(parts, st.Dim.Paint(n))
		}
	}
	return ui.Clip(strings.Join(parts, st.Dim.Paint(" › ")), w)
}

func (s *recoverScreen) Resize(w, h int) {
	s.w, s.h = w, h
	s.table.SetSize(w, max(min(len(s.lines)+1, (h-4)*3/5), 2))
	if s.pane != nil {
		s.pane.resize(w, h-2)
	}
}

func (s *recoverScreen) View(w, h int) string {
	st := s.host.Look()
	head := s.way(w) + "\n" + st.Border.Paint(strings.Repeat("─", max(w, 0)))
	switch {
	case s.pane == nil:
		return head + "\n" + s.begin(w)
	case s.compare:
		return head + "\n" + s.counts(w) + "\n" + ui.SplitView(st, s.table, s.below(), w, h-3)
	case s.looks():
		return head + "\n" + s.host.Task(s.finding).Bar(st, w)
	}
	return head + "\n" + s.pane.view(w, h-2)
}

// counts tells what the two sides have.
func (s *recoverScreen) counts(w int) string {
	st, n := s.host.Look(), map[core.Standing]int{}
	if s.looks() {
		return s.host.Task(s.finding).Bar(st, w)
	}
	for i := range s.found.Compared {
		n[s.found.Compared[i].Standing]++
	}
	text := fmt.Sprintf("%d only in the source, %d in both, %d only in the target", n[core.OnlySource], n[core.InBoth], n[core.OnlyTarget])
	if k := len(s.found.Unusable); k > 0 {
		text += fmt.Sprintf(", %d unusable", k)
	}
	return ui.Clip(st.Accent.Paint(text)+st.Dim.Paint("  "+core.Visible(s.found.From)+" → "+core.Visible(s.found.To)), w)
}

// begin is the screen before anything was looked for.
func (s *recoverScreen) begin(w int) string {
	st := s.host.Look()
	or := func(text, none string) string {
		if text == "" {
			return st.Warn.Paint(none)
		}
		return core.Visible(text)
	}
	lines := []ui.Line{
		ui.TextLine(st.Text.Paint("What a place has lost comes back from where it still lies: a backup repository itself, a " +
			"bundle, hearth's archive, or another place.")),
		{},
		ui.FieldLine("source", or(s.from.String(), "not chosen: s")),
		ui.FieldLine("target", or(s.to, "not chosen: t")), {},
	}
	switch {
	case s.looks():
		return strings.Join(s.host.Look().Lay(lines, w), "\n") + "\n" + s.host.Task(s.finding).Bar(st, w)
	case s.noLook() == "":
		lines = append(lines,
			ui.TextLine(st.Dim.Paint(ui.KeyOf("look-for-lost")+
				" looks for what is in the source and not in the target, and the reverse. Nothing is changed by that.")))
	}
	lines = append(lines, ui.TextLine(st.Dim.Paint("What was interrupted goes on: look again, and what is there by then is left as it is.")))
	return strings.Join(s.host.Look().Lay(lines, w), "\n")
}

// noLook says why it cannot look, "" if it can.
func (s *recoverScreen) noLook() string {
	switch {
	case s.from.kind == "":
		return "no source is chosen; " + ui.KeyOf("recover-from") + " chooses one"
	case s.to == "":
		return "no target is chosen; " + ui.KeyOf("target") + " chooses one"
	case s.from.kind == fromPlace && s.from.name == s.to:
		return "source and target are the same"
	case s.pane != nil && s.pane.running():
		return "it is being carried out; " + ui.KeyOf("interrupt") + " cancels it"
	}
	return s.host.Waits(place.TouchingIn(s.to, "recovery", "plan")...)
}

func (s *recoverScreen) Actions() []ui.Action {
	again := ui.Action{Name: "look-again", Keys: []string{"ctrl+r"},
		Help: "Look again: what is there by now is left as it is, the rest goes on",
		Why:  s.noLook,
		Run: func() tea.Cmd {
			s.dried = false
			return s.look(false)
		}}
	busy := func() string {
		if s.pane != nil && s.pane.running() || s.looks() {
			return "it goes on; " + ui.KeyOf("interrupt") + " cancels it"
		}
		return ""
	}
	if s.pane == nil {
		return []ui.Action{
			{Name: "look-for-lost", Keys: []string{"enter"}, Label: "find",
				Help: "Look for what is lost, and lay both sides side by side; nothing is changed", Why: s.noLook,
				Run: func() tea.Cmd { return s.look(false) }},
			{Name: "recover-from", Keys: []string{"s"}, Label: "source", Help: "Choose where to recover from", Why: busy, Run: s.chooseSource},
			{Name: "target", Keys: []string{"t"}, Label: "target", Help: "Choose the place that is to have it", Why: busy, Run: s.chooseTarget},
		}
	}
	tab := ui.Action{Name: "both-sides",
		Keys:  []string{"tab", "shift+tab"},
		Label: "both sides",
		Help:  "What both sides have, or what is to come back",
		Run:   s.turn,
	}
	back := ui.Action{Name: "begin-anew", Keys: []string{"esc"}, Label: "begin anew",
		Help: "Back to the beginning; while it goes on, to where you came from",
		Run: func() tea.Cmd {
			if s.pane.running() {
				return ui.CloseScreen
			}
			s.forget()
			return nil
		}}
	if s.compare {
		tab.Label = ""
		return append([]ui.Action{
			{Name: "go-choose", Keys: []string{"enter"}, Label: "choose", Help: "Go on: choose what is to come back", Why: busy, Run: s.turn}, tab,
			{Name: "show-all", Keys: []string{"f"}, Label: "all", Help: "Show all, or only what is not the same on both sides", Run: func() tea.Cmd {
				s.all = !s.all
				s.fill()
				s.Resize(s.w, s.h)
				return nil
			}},
			{Name: "details", Keys: []string{"w"}, Label: "details", Minor: true, Help: "Show all there is to say of it", Run: func() tea.Cmd {
				return ui.Show(&ui.TextBox{Title: "On both sides", Lines: s.below(), Look: s.host.Look()})
			}},
			ui.Copies(s.host, s.table, nil, func(c *ui.Copying) {
				if h := s.lines[s.table.Cursor()].lame; h != nil {
					c.ID = string(h.ID)
					c.Whole(core.HoldingColumns.Object(h, nil))
					return
				}
				b := s.lines[s.table.Cursor()].both.Backup()
				c.ID = string(b.ID)
				c.Whole(core.BackupColumns.Object(b, b.Unseen))
			}),
			back, again}, ui.TableMoves(s.table, nil)...)
	}
	return append(s.pane.actions(), tab,
		ui.Action{Name: "dry-run", Keys: []string{"d"}, Label: "dry run",
			Help: "Ask the target again, and show all that would be done; nothing is changed",
			Why: func() string {
				if s.pane.over {
					return "it has been carried out; " + ui.KeyOf("look-again") + " looks again"
				}
				return s.noLook()
			}, Run: func() tea.Cmd { return s.look(true) }},
		back, again)
}

func (s *recoverScreen) turn() tea.Cmd {
	s.compare = !s.compare
	return nil
}

// shell is the command that does the same, or says where it does more.
func (s *recoverScreen) shell() string {
	from := s.from.name
	if s.from.kind == fromArchive {
		from = fromArchive
	}
	words := []string{place.Flag("--from", from), place.Flag("--to", s.to)}
	strangers, ticked, left := 0, 0, 0
	for i := range s.pane.plan.Items {
		switch it := &s.pane.plan.Items[i]; {
		case it.State == jobs.ArrivalThere, it.State == jobs.ArrivalRefused:
		case it.Stranger != "":
			strangers++
			if it.Ticked {
				ticked++
			}
		case !it.Ticked:
			left++
		}
	}
	if ticked > 0 {
		words = append(words, "--all")
	}
	line := place.CommandLine("recover", nil, words...)
	if left > 0 || ticked > 0 && ticked < strangers {
		line += "  # takes all that can go, not only what is chosen"
	}
	return line
}

// commonlyLost are the fields that are lost of every one that was rebuilt.
func (p *transferPane) commonlyLost() core.FieldSet {
	count, of := map[string]int{}, 0
	for i := range p.plan.Items {
		if it := &p.plan.Items[i]; it.Rebuilt {
			of++
			for _, m := range it.Marks {
				if m.State == core.MarkLost {
					count[m.Field]++
				}
			}
		}
	}
	common := core.FieldSet{}
	for name, n := range count {
		if n == of {
			common[name] = true
		}
	}
	return common
}

// showDry shows all that would be done.
func (s *recoverScreen) showDry() tea.Cmd {
	p, st := s.pane, s.host.Look()
	n := p.plan.Count()
	lines := []ui.Line{ui.TextLine(st.Accent.Paint(fmt.Sprintf("%d would be sent, in this order; nothing was.", n.Goes+n.Under))), {}}
	common := p.commonlyLost()
	for i := range p.plan.Items {
		it := &p.plan.Items[i]
		if !it.Ticked && it.State == jobs.ArrivalGoes {
			continue
		}
		box, says, look := p.stands(it)
		record := it.Record()
		project, _ := record.Decoded.Field("project_id").Str()
		lines = append(lines,
			ui.Line{
				Sign: look.Paint(strings.TrimSpace(box)) + " ",
				Value: core.Visible(ui.Either(it.Name, "(no name)")) +
					st.Dim.Paint("  "+core.Visible(it.ID.Short())+"  of project "+core.Visible(project)+"  ") +
					look.Paint(core.Visible(says)),
			})
		for _, l := range it.Lacks {
			lines = append(lines, ui.Line{Sign: st.Warn.Paint("    ! "), Value: st.Warn.Paint(core.Visible(l))})
		}
		for _, m := range it.Marks {
			if m.State == core.MarkLost && !common.Has(m.Field) {
				lines = append(lines, ui.Line{Sign: st.Dim.Paint("    ? "), Value: st.Dim.Paint(core.Visible(m.Field + " is lost: " + m.Why))})
			}
		}
	}
	if len(common) > 0 {
		lines = append(lines, ui.Line{},
			ui.Line{
				Sign:  st.Dim.Paint("? "),
				Value: st.Dim.Paint("lost of all that were rebuilt: " + core.Visible(strings.Join(slices.Sorted(maps.Keys(common)), ", "))),
			})
	}
	return ui.Show(&ui.TextBox{Title: "Dry run", Lines: append(lines, append([]ui.Line{{}}, p.whole()...)...), Look: st})
}
