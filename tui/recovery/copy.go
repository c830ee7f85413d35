package recovery

import (
	"context"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store"
	"hearth/store/jobs"
	"hearth/tui/grid"
	"hearth/tui/place"
	"hearth/tui/show"
	"hearth/tui/ui"
)

// copyScreen has two places side by side: what this one has, and what is in the
// other already. What is marked is planned, asked about, and brought there.
type copyScreen struct {
	host     ui.Host
	at       *place.Stay
	from, to side
	target   jobs.Desk
	toName   string
	right    bool // the other place has the focus
	bare     bool // without the parents
	filter   core.Filter
	pane     *transferPane // the plan; nil: the two sides are shown
	planned  []core.BackupID
	opened   jobs.Picked // what it was opened for: of that some may be left alone
	planning ui.TaskID   // the task that plans
	w, h     int
}

// side is the backups of one of the two places.
type side struct {
	ui.Read
	s     *copyScreen
	mine  bool
	all   []core.Backup
	rows  []int // of all: those that fulfil the filter
	at    map[core.BackupID]int
	table *grid.Model
}

// sideMsg brings the backups of a side; desk is that of the other place.
type sideMsg struct {
	gen     ui.Generation
	mine    bool
	desk    jobs.Desk
	backups []core.Backup
	err     error
}

// plannedMsg brings the plan of a copy.
type plannedMsg struct {
	plan jobs.Transfer
	err  error
}

var fromColumns = []grid.Column{
	{Title: "NAME", Width: 30, Min: 18, Grow: 3},
	{Title: "STATUS", Width: 13, Drop: 3},
	{Title: "KIND", Width: 5, Drop: 1},
	{Title: "SIZE", Width: 9, Right: true, Drop: 2},
	{Title: "AGE", Width: 4, Right: true, Drop: 4},
	{Title: "THERE?", Width: 12},
}

var toColumns = []grid.Column{
	{Title: "NAME", Width: 30, Min: 18, Grow: 3},
	{Title: "STATUS", Width: 13},
	{Title: "KIND", Width: 5, Drop: 1},
	{Title: "SIZE", Width: 9, Right: true, Drop: 2},
	{Title: "AGE", Width: 4, Right: true, Drop: 4},
	{Title: "HERE?", Width: 5},
}

func Copy(host ui.Host, at *place.Stay, o ui.Open) ui.Screen {
	s := &copyScreen{host: host, at: at}
	s.from = side{s: s, mine: true, table: grid.New(fromColumns, host.Look().Grid())}
	s.to = side{s: s, table: grid.New(toColumns, host.Look().Grid())}
	s.mark(o)
	return s
}

// mark marks the backups that it was opened for.
func (s *copyScreen) mark(o ui.Open) {
	s.opened, _ = o.Picked.(jobs.Picked)
	for _, id := range o.IDs {
		s.from.table.Mark(id)
	}
}

// Reopen takes other backups; a plan that is not being carried out goes.
func (s *copyScreen) Reopen(msg ui.Open) tea.Cmd {
	if s.pane != nil && s.pane.running() {
		return ui.Say(ui.LevelWarn, "The copy that goes on is shown first.")
	}
	s.pane = nil
	s.from.table.Unmark()
	s.mark(msg)
	s.toMark()
	return s.Resume()
}

func (s *copyScreen) Title() string {
	if s.toName == "" {
		return "Copy"
	}
	return "Copy to " + s.toName
}

func (s *copyScreen) Restyle() {
	s.from.table.SetStyles(s.host.Look().Grid())
	s.to.table.SetStyles(s.host.Look().Grid())
	if s.pane != nil {
		s.pane.Restyle()
	}
}

func (s *copyScreen) Init() tea.Cmd {
	cmds := []tea.Cmd{s.load(&s.from)}
	if s.at.NoOther() == "" {
		cmds = append(cmds, s.choose())
	}
	return tea.Batch(cmds...)
}

func (s *copyScreen) Resume() tea.Cmd {
	if s.pane != nil {
		return nil
	}
	if s.to.State == ui.Idle {
		return s.load(&s.from)
	}
	return tea.Batch(s.load(&s.from), s.load(&s.to))
}

// load reads the backups of a side; the other place is opened for it.
func (s *copyScreen) load(x *side) tea.Cmd {
	gen, mine, desk, to, opens := x.Begin(), x.mine, s.at.Desk(), s.toName, s.at.Another
	return s.host.Ask(func(ctx context.Context) tea.Msg {
		m := sideMsg{gen: gen, mine: mine, desk: desk}
		if !mine {
			if m.desk, m.err = opens(ctx, to); m.err != nil {
				return m
			}
		}
		m.backups, m.err = place.EveryBackup(ctx, m.desk)
		return m
	})
}

// choose asks where to copy to.
func (s *copyScreen) choose() tea.Cmd {
	answer := s.host.Answer
	return s.at.Choose(s.host, "Copy to", nil, place.NoImports, func(location string) tea.Cmd {
		return func() tea.Msg { return answer(targetMsg{location}) }
	})
}

// targetMsg says which place was chosen.
type targetMsg struct{ location string }

func (s *copyScreen) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case targetMsg:
		s.toName, s.target = msg.location, jobs.Desk{}
		s.to.all, s.to.Read = nil, ui.Read{Gen: s.to.Gen}
		s.to.fill()
		s.from.fill()
		return s.load(&s.to)
	case sideMsg:
		return s.loaded(msg)
	case plannedMsg:
		if msg.err != nil {
			return ui.Fail(msg.err)
		}
		s.show(msg.plan)
	case sentMsg:
		if s.pane != nil {
			s.pane.sent(msg)
		}
	}
	return nil
}

func (s *copyScreen) loaded(msg sideMsg) tea.Cmd {
	x := &s.to
	if msg.mine {
		x = &s.from
	}
	cmd, ok := x.End(msg.gen, msg.err)
	if !ok {
		return cmd
	}
	if !msg.mine {
		s.target = msg.desk
	}
	first := len(x.all) == 0
	x.all = msg.backups
	s.from.fill()
	s.to.fill()
	if msg.mine && first {
		s.toMark()
	}
	return nil
}

// toMark puts the cursor on the first that is marked.
func (s *copyScreen) toMark() {
	for i := range s.from.rows {
		if s.from.table.Marked(s.from.Key(i)) {
			s.from.table.Move(i)
			return
		}
	}
}

// fill makes the rows of a side.
func (x *side) fill() {
	x.rows, x.at = nil, map[core.BackupID]int{}
	for i := range x.all {
		b := &x.all[i]
		x.at[b.ID] = i
		if x.s.filter.Empty() || core.Match(x.s.filter, core.BackupColumns, b, x.s.host.Look().Now) {
			x.rows = append(x.rows, i)
		}
	}
	x.table.SetSource(x)
}

// Len, Row and Key make a side the source of its table.
func (x *side) Len() int         { return len(x.rows) }
func (x *side) Key(i int) string { return string(x.all[x.rows[i]].ID) }
func (x *side) Row(i int) ([]grid.Cell, bool) {
	b, st := &x.all[x.rows[i]], x.s.host.Look()
	kind := grid.Cell{Text: "full"}
	if b.Incremental {
		kind = grid.Cell{Text: "incr", Style: st.Dim}
	}
	return []grid.Cell{
		show.NameCell(st, b.Name), show.StatusCell(st, b.Status), kind, {Text: show.GiB(b.Size)},
		{Text: x.s.host.Look().Age(b.CreatedAt)}, x.met(b),
	}, true
}

// met says whether the other side has a backup too.
func (x *side) met(b *core.Backup) grid.Cell {
	other, st := &x.s.to, x.s.host.Look()
	if !x.mine {
		other = &x.s.from
	}
	if other.State != ui.Ready {
		return grid.Cell{}
	}
	i, ok := other.at[b.ID]
	switch {
	case !ok && x.mine && b.Status != core.StatusAvailable:
		return grid.Cell{Text: "no export", Style: st.Dim}
	case !ok:
		return grid.Cell{}
	case !x.mine:
		return grid.Cell{Text: "✓", Style: st.Good}
	}
	switch there := &other.all[i]; {
	case there.Status != core.StatusAvailable:
		return grid.Cell{Text: show.StatusGlyph(there.Status) + " " + core.Visible(there.Status), Style: show.StatusStyle(st, there.Status)}
	case len(core.BackupsDiffer(b, there)) > 0:
		return grid.Cell{Text: "≠ differs", Style: st.Warn}
	}
	return grid.Cell{Text: "✓ there", Style: st.Good}
}

// chosen are the backups to copy: the marked ones, else the one under the cursor.
func (s *copyScreen) chosen() []core.BackupID {
	if s.from.table.Marks() > 0 {
		return ui.IDs[core.BackupID](s.from.table.MarkedKeys())
	}
	if key := s.from.table.Key(); key != "" {
		return []core.BackupID{core.BackupID(key)}
	}
	return nil
}

// sideBySide reports whether there is room for both.
func (s *copyScreen) sideBySide() bool { return s.w >= ui.WideEnough }

func (s *copyScreen) Resize(w, h int) {
	s.w, s.h = w, h
	left, right := w, w
	if s.sideBySide() {
		left = w/2 - 1
		right = w - left - 2
	}
	s.from.table.SetSize(left, h-2)
	s.to.table.SetSize(right, h-2)
	if s.pane != nil {
		s.pane.resize(w, h)
	}
}

func (s *copyScreen) View(w, h int) string {
	st := s.host.Look()
	if s.pane != nil {
		return s.pane.view(w, h)
	}
	parents := "with the parents of each"
	if s.bare {
		parents = "without parents"
	}
	foot := ui.Clip(st.Dim.Paint(parents+" ("+ui.KeyOf("parents")+")"), w)
	if s.filter.Text != "" {
		foot = ui.Clip(st.Dim.Paint("filter ")+st.Mark.Paint(core.Visible(s.filter.Text))+
			st.Dim.Paint("  "+parents+" ("+ui.KeyOf("parents")+")"), w)
	}
	if t := s.host.Task(s.planning); t.Runs() {
		foot = t.Bar(st, w)
	}
	if s.sideBySide() {
		lw := w/2 - 1
		return ui.SideBySide(s.from.view(lw, h-1), s.to.view(w-lw-2, h-1), lw, w-lw-2, h-1, st.Border) + "\n" + foot
	}
	shown := &s.from
	if s.right {
		shown = &s.to
	}
	return ui.Fit(shown.view(w, h-1), w, h-1) + "\n" + foot
}

// view is a side: its heading, and its rows or why there are none.
func (x *side) view(w, h int) string {
	s, st := x.s, x.s.host.Look()
	name, look := "from "+core.Visible(s.at.Info().Title), st.Dim
	if !x.mine {
		name = "to " + core.Visible(s.toName)
		if s.target.Place != nil {
			name = "to " + core.Visible(s.target.Info().Title)
		}
	}
	if x.mine != s.right {
		look, name = st.OpenTab, "["+name+"]"
	} else {
		name = " " + name + " "
	}
	head := look.Paint(name)
	if x.State == ui.Ready {
		count := "  " + core.Count(len(x.all), "backup")
		if len(x.rows) != len(x.all) {
			count = fmt.Sprintf("  %d of %d backups", len(x.rows), len(x.all))
		}
		head += st.Dim.Paint(count)
		if n := x.table.Marks(); n > 0 {
			head += st.Accent.Paint(fmt.Sprintf(", %d marked", n))
		}
	}
	what := ""
	switch {
	case x.State == ui.Failed:
		what = st.Bad.Paint("✗ "+core.Visible(x.Err.Error())) + "\n\n" +
			st.Dim.Paint(ui.KeyOf("plan-anew")+" tries again, "+ui.KeyOf("target")+" chooses another place")
	case x.State == ui.Loading:
		what = st.Busy.Paint("◌ reading…")
	case x.State == ui.Idle:
		what = st.Dim.Paint(ui.KeyOf("target") + " chooses the place to copy to")
	case len(x.all) == 0:
		what = st.Dim.Paint("there are no backups yet")
	case len(x.rows) == 0:
		what = st.Dim.Paint("no backup fulfils the filter; " + ui.KeyOf("find") + " changes it")
	default:
		return ui.Clip(head, w) + "\n" + x.table.View()
	}
	return ui.Clip(head, w) + "\n\n" + strings.Join(ui.Hang("  ", what, w-2), "\n")
}

// plan exports the records of what is chosen, unless the archive has them, and asks
// the other place about them.
func (s *copyScreen) plan(ids []core.BackupID) tea.Cmd {
	from, to, o, picked := s.at.Desk(), s.target, jobs.CopyOptions{Chain: !s.bare}, s.opened.Only(ids)
	id, cmd := s.at.Start(s.host, "planning the copy", append(place.Touching(s.at, "copy", "plan"), place.Touching(s.at, "backup", ids...)...),
		func(ctx context.Context, progress jobs.Progress) ui.Result {
			plan, err := jobs.PlanCopy(ctx, from, to, picked, o, progress)
			return ui.Result{Answer: plannedMsg{plan, err}}
		})
	if id != 0 {
		s.planning, s.planned = id, ids
	}
	return cmd
}

// show shows a plan.
func (s *copyScreen) show(plan jobs.Transfer) {
	to := s.target
	s.pane = newTransferPane(s.host, s.at, copying, &plan, to)
	s.pane.send = func(ctx context.Context, t *jobs.Transfer, p jobs.Progress) ([]core.ImportResult, error) {
		return jobs.Copy(ctx, to, t, p)
	}
	s.pane.shell = s.shell
	s.Resize(s.w, s.h)
}

// shell is the command that does the same.
func (s *copyScreen) shell() string {
	const most = 20
	var words []string
	for i, id := range s.planned {
		if i == most { // nobody reads on
			words = append(words, fmt.Sprintf("…%d more", len(s.planned)-most))
			break
		}
		words = append(words, string(id))
	}
	var flags []string
	if !s.bare {
		flags = append(flags, "--chain")
	}
	return s.at.Command("copy", words, append(flags, place.Flag("--to", s.toName))...)
}

func (s *copyScreen) noPlan() string {
	switch {
	case s.toName == "":
		return "no place to copy to is chosen; " + ui.KeyOf("target") + " chooses one"
	case s.to.State == ui.Failed:
		return "the place to copy to cannot be read"
	case s.target.Place == nil || s.from.State != ui.Ready:
		return "the backups are not read yet"
	case len(s.chosen()) == 0:
		return "there is no backup to copy"
	}
	if _, ok := s.target.Place.(store.Importer); !ok {
		return "records cannot be imported there"
	}
	if err := s.target.Allowed(core.OpImport); err != nil {
		return ui.WhatOf(err)
	}
	return s.at.Cannot(core.OpExport)
}

func (s *copyScreen) Actions() []ui.Action {
	if s.pane != nil {
		return append(s.pane.actions(),
			ui.Action{Name: "places",
				Keys:  []string{"esc"},
				Label: "the places",
				Help:  "Back to the two places; while a copy goes on, to where you came from",
				Run:   s.back,
			},
			ui.Action{Name: "plan-anew", Keys: []string{"ctrl+r"},
				Help: "Plan it anew: what is there by now is left as it is, the rest goes",
				Why: func() string {
					if s.pane.running() {
						return "it is being carried out"
					}
					return ""
				}, Run: func() tea.Cmd { return s.plan(s.planned) }},
		)
	}
	on := s.from
	if s.right {
		on = s.to
	}
	left := func() string {
		if s.right {
			return "only what is here can be marked; " + ui.KeyOf("other-side") + " goes there"
		}
		return ""
	}
	return append([]ui.Action{
		{Name: "plan", Keys: []string{"enter"}, Label: "plan",
			Help: "Plan the copy of what is marked, or of the one under the cursor. Its records are exported for that, " +
				"unless the archive has them: each export is a call that writes the backup's row",
			Why: s.noPlan,
			Run: func() tea.Cmd { return s.plan(s.chosen()) }},
		{Name: "target", Keys: []string{"t"}, Label: "target", Help: "Choose the place to copy to", Why: s.at.NoOther, Run: s.choose},
		{Name: "other-side", Keys: []string{"tab", "shift+tab", "left", "right"}, Label: "other side",
			Help: "To the other place",
			Run: func() tea.Cmd {
				s.right = !s.right
				return nil
			}},
		{Name: "mark", Keys: []string{"space"}, Label: "mark", Help: "Mark it, or take its mark away", Why: left, Run: func() tea.Cmd {
			s.from.table.Toggle()
			s.from.table.Step(1)
			return nil
		}},
		{Name: "mark-missing", Keys: []string{"a"}, Help: "Mark all that can be exported and are not there yet", Why: left, Run: s.markMissing},
		{Name: "unmark", Keys: []string{"A"}, Help: "Take all marks away", Run: func() tea.Cmd { s.from.table.Unmark(); return nil }},
		{Name: "parents", Keys: []string{"L"}, Help: "With the parents of each, or without", Run: func() tea.Cmd {
			s.bare = !s.bare
			return nil
		}},
		ui.Copies(s.host, on.table, nil, func(c *ui.Copying) {
			b := &on.all[on.rows[on.table.Cursor()]]
			c.Whole(core.BackupColumns.Object(b, b.Unseen))
		}),
		{Name: "reread", Keys: []string{"ctrl+r"}, Help: "Read both anew", Run: s.Resume},
	}, append(s.filters(), ui.Moves(on.table, nil)...)...)
}

// back leaves the plan; one that goes on is shown again by the next look.
func (s *copyScreen) back() tea.Cmd {
	if s.pane.running() {
		return ui.CloseScreen
	}
	s.pane = nil
	return s.Resume()
}

func (s *copyScreen) markMissing() tea.Cmd {
	n := 0
	for _, i := range s.from.rows {
		b := &s.from.all[i]
		if _, there := s.to.at[b.ID]; !there && b.Status == core.StatusAvailable {
			s.from.table.Mark(string(b.ID))
			n++
		}
	}
	return ui.Say(ui.LevelInfo, show.Thousands(n)+" marked.")
}

// bothSides filters both sides as one types.
type bothSides struct{ *copyScreen }

func (s bothSides) Looked() string { return s.filter.Text }
func (s bothSides) Match(by int) {
	if s.right {
		s.to.table.Step(by)
	} else {
		s.from.table.Step(by)
	}
}

// Look filters by what is typed; while it is not right the last right one stays.
func (s bothSides) Look(text string) (string, bool) {
	f, err := core.ParseFilter(text, core.BackupColumns)
	if err != nil {
		return ui.WhatOf(err), false
	}
	s.filter = f
	s.from.fill()
	s.to.fill()
	n := len(s.from.rows) + len(s.to.rows)
	return fmt.Sprintf("%s here, %s there", show.Thousands(len(s.from.rows)), show.Thousands(len(s.to.rows))), n > 0 || f.Empty()
}

// filters are the keys of the filter.
func (s *copyScreen) filters() []ui.Action {
	out := ui.Finds(bothSides{s}, nil)
	out[0].Label, out[0].Minor, out[0].Help = "filter", true, "Filter both sides as you type: name~db age>30d word"
	return out
}
