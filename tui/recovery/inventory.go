package recovery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
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

// inventoryScreen lists everything that lies in a backup repository, whole or not,
// and what a verification said of each.
type inventoryScreen struct {
	host    ui.Host
	at      *place.Stay
	inv     *core.Inventory
	err     error
	task    ui.TaskID   // that reads or verifies
	verifys bool        // it verifies
	all     bool        // also what is whole and was not verified, or is sound
	want    jobs.Picked // to be verified once it is read
	alone   map[core.BackupID]error
	reports map[string]core.VerifyReport
	ended   string // how the last verification ended
	rows    []int
	table   *grid.Model
	w, h    int
}

// scannedMsg brings what lies there.
type scannedMsg struct {
	inv core.Inventory
	err error
}

// verifiedMsg brings what a verification said.
type verifiedMsg struct {
	reports []core.VerifyReport
	alone   map[core.BackupID]error // left alone, and why
	deep    bool
	err     error
}

var holdingColumns = []grid.Column{
	{Title: "WHAT", Width: 12},
	{Title: "NAME", Width: 30, Min: 18, Grow: 2},
	{Title: "BEGAN", Width: 5, Right: true, Drop: 2},
	{Title: "OBJECTS", Width: 7, Right: true, Drop: 3},
	{Title: "BYTES", Width: 9, Right: true, Drop: 1},
	{Title: "ID", Width: 8, Drop: 4},
	{Title: "WHAT ABOUT IT", Width: 34, Min: 28, Grow: 3},
}

func Inventory(host ui.Host, at *place.Stay, o ui.Open) ui.Screen {
	return &inventoryScreen{
		host:    host,
		at:      at,
		all:     true,
		want:    pickedBy(o),
		reports: map[string]core.VerifyReport{},
		table:   grid.New(holdingColumns, host.Look().Grid()),
	}
}

func (s *inventoryScreen) Title() string { return "Inventory" }
func (s *inventoryScreen) Restyle()      { s.table.SetStyles(s.host.Look().Grid()) }

// Init reads what is there, and asks how to verify where it was opened for that.
func (s *inventoryScreen) Init() tea.Cmd { return s.scan() }

// pickedBy is what a screen is opened for.
func pickedBy(o ui.Open) jobs.Picked {
	p, _ := o.Picked.(jobs.Picked)
	return p.Only(ui.IDs[core.BackupID](o.IDs))
}

// Reopen is for a verification of some of it.
func (s *inventoryScreen) Reopen(msg ui.Open) tea.Cmd {
	if s.inv == nil {
		s.want = pickedBy(msg)
		return nil
	}
	return s.askVerify(pickedBy(msg))
}

func (s *inventoryScreen) scan() tea.Cmd {
	r := s.at.Repository()
	id, cmd := s.at.Start(s.host, "reading the repository", s.touches(), func(ctx context.Context, progress jobs.Progress) ui.Result {
		inv, err := r.Scan(ctx, func(p core.ScanProgress) {
			progress(jobs.Step{Text: fmt.Sprintf("%s, %d unfinished, %d broken; %s",
				core.Count(int(p.Backups), "backup"), p.Unfinished, p.Broken, core.Count(int(p.Objects), "object"))})
		})
		return ui.Result{Answer: scannedMsg{inv, err}}
	})
	if id != 0 {
		s.task, s.verifys, s.err = id, false, nil
	}
	return cmd
}

// touches: one reading of the repository, or verification, at a time.
func (s *inventoryScreen) touches() []string { return place.Touching(s.at, "inventory", "all") }

func (s *inventoryScreen) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case scannedMsg:
		s.task = 0
		if msg.err != nil {
			s.err = msg.err
			return ui.Fail(msg.err)
		}
		s.inv = &msg.inv
		s.fill()
		if want := s.want; len(want.IDs) > 0 {
			s.want = jobs.Picked{}
			return s.askVerify(want)
		}
	case verifiedMsg:
		s.task = 0
		for _, r := range msg.reports {
			s.reports[r.Container+"\n"+r.Prefix] = r
		}
		s.ended, s.alone = verifiedText(msg), msg.alone
		s.fill()
	}
	return nil
}

// fill makes the rows: what is not whole or not sound first.
func (s *inventoryScreen) fill() {
	s.rows = nil
	var sound []int
	for i, h := range s.inv.Holdings.All() {
		switch {
		case s.troubled(&h):
			s.rows = append(s.rows, i)
		case s.all:
			sound = append(sound, i)
		}
	}
	s.rows = append(s.rows, sound...)
	s.table.SetSource(s)
	s.Resize(s.w, s.h)
}

// report is what a verification said of a holding.
func (s *inventoryScreen) report(h *core.Holding) (core.VerifyReport, bool) {
	r, ok := s.reports[h.Container+"\n"+h.Prefix]
	return r, ok
}

// troubled reports whether something is wrong with a holding.
func (s *inventoryScreen) troubled(h *core.Holding) bool {
	r, ok := s.report(h)
	return h.Kind != core.HoldingBackup || h.Problem != "" || ok && !r.Sound()
}

// Len, Row and Key make the screen the table's source.
func (s *inventoryScreen) Len() int { return len(s.rows) }
func (s *inventoryScreen) Key(i int) string {
	h := s.inv.Holdings.At(s.rows[i])
	return h.Container + "\n" + h.Prefix
}

func (s *inventoryScreen) Row(i int) ([]grid.Cell, bool) {
	st, h := s.host.Look(), s.inv.Holdings.At(s.rows[i])
	what := map[core.HoldingKind]grid.Cell{core.HoldingBackup: {Text: "✓ backup", Style: st.Good},
		core.HoldingUnfinished: {Text: "◌ unfinished", Style: st.Warn},
		core.HoldingBroken:     {Text: "✗ broken", Style: st.Bad}, core.HoldingStray: {Text: "? stray", Style: st.Unknown}}[h.Kind]
	name := grid.Cell{Text: core.Visible(h.Prefix), Style: st.Dim}
	switch {
	case h.Kind == core.HoldingBackup && !h.Backup.Unseen.Has("display_name"):
		name = show.NameCell(s.host.Look(), h.Backup.Name)
	case h.ID != "" && h.VolumeID != "":
		name.Text = core.Visible(fmt.Sprintf("%s of volume %s", h.ID.Short(), h.VolumeID.Short()))
	}
	text, look := s.about(&h)
	return []grid.Cell{
		what, name, {Text: s.host.Look().Age(h.Began)}, {Text: fmt.Sprint(h.Objects)}, {Text: core.Bytes(h.Bytes)},
		{Text: core.Visible(h.ID.Short()), Style: st.Dim}, {Text: core.Visible(text), Style: look},
	}, true
}

// about is what there is to say of a holding, in a few words.
func (s *inventoryScreen) about(h *core.Holding) (string, grid.Style) {
	st := s.host.Look()
	if s.verifys && s.busy() {
		if at := s.host.Task(s.task).Items.At(string(h.ID)); at != "" && h.ID != "" {
			return "◌ " + at, st.Busy
		}
	}
	r, ok := s.report(h)
	switch {
	case s.alone[h.ID] != nil:
		return "· not verified: " + ui.WhatOf(s.alone[h.ID]), st.Warn
	case ok && !r.Sound():
		return "✗ " + firstFlaw(&r) + more(r.Damages-1), st.Bad
	case h.Kind == core.HoldingStray:
		return cmp.Or(h.Problem, "no part of any backup"), st.Unknown
	case h.Problem != "":
		return h.Problem, st.Warn
	case ok && len(r.Flaws) > 0:
		return "sound; " + r.Flaws[0].Text, st.Warn
	case ok && r.Deep:
		return "✓ sound: every chunk was read", st.Good
	case ok:
		return "✓ sound, as far as metadata and objects tell", st.Good
	}
	return "not verified yet", st.Dim
}

// firstFlaw is the first damage of a report.
func firstFlaw(r *core.VerifyReport) string {
	for _, f := range r.Flaws {
		if f.Severity == core.SeverityDamage {
			return f.Text
		}
	}
	return "damaged"
}

func more(n int64) string {
	if n < 1 {
		return ""
	}
	return fmt.Sprintf(" (and %d more)", n)
}

// detail is all there is to say of the holding under the cursor.
func (s *inventoryScreen) detail() []ui.Line {
	h := s.current()
	if h == nil {
		return nil
	}
	st := s.host.Look()
	var lines []ui.Line
	if r, ok := s.report(h); ok {
		how := "its objects were compared with its metadata"
		if r.Deep {
			how = fmt.Sprintf("%s and %s were read", core.Count(int(r.Objects), "object"), core.Bytes(r.Bytes))
			if r.Blocks > 0 {
				how += fmt.Sprintf(", %s compared with the sha256 file", core.Count(int(r.Blocks), "block"))
			}
		}
		if r.Sound() {
			lines = append(lines, ui.Line{Sign: st.Good.Paint("✓ "), Value: st.Good.Paint("sound: " + how)})
		} else {
			lines = append(lines, ui.Line{Sign: st.Bad.Paint("✗ "), Value: st.Bad.Paint(core.Count(int(r.Damages), "damage") + ": " + how)})
		}
		for _, f := range r.Flaws {
			sign, look := "· ", st.Dim
			switch f.Severity {
			case core.SeverityDamage:
				sign, look = "✗ ", st.Bad
			case core.SeverityWarning:
				sign, look = "! ", st.Warn
			}
			l := ui.Line{Sign: look.Paint(sign), Value: look.Paint(core.Visible(string(f.Code) + ": " + f.Text))}
			if f.Object != "" {
				l.Value += st.Dim.Paint("  " + core.Visible(f.Object))
			}
			lines = append(lines, l)
		}
		if r.More > 0 {
			lines = append(lines, ui.TextLine(st.Dim.Paint(fmt.Sprintf("… and %d more", r.More))))
		}
	}
	if _, told := s.report(h); h.Problem != "" && !told {
		lines = append(lines, ui.Line{Sign: st.Warn.Paint("! "), Value: st.Warn.Paint(core.Visible(h.Problem))})
	}
	lines = append(lines, ui.FieldLine("prefix", core.Visible(h.Prefix)), ui.FieldLine("container", show.OrNone(st, h.Container)))
	if h.Kind != core.HoldingStray {
		lines = append(lines, ui.FieldLine("backup", show.OrNone(st, string(h.ID))),
			ui.FieldLine("volume", show.OrNone(st, string(h.VolumeID))), ui.FieldLine("began", s.host.Look().Since(h.Began)))
	}
	lines = append(lines, ui.FieldLine("objects", fmt.Sprintf("%d, %s", h.Objects, core.Bytes(h.Bytes))))
	for _, m := range h.Marks {
		if m.State == core.MarkAssumed {
			lines = append(lines, ui.Line{Sign: st.Unknown.Paint("~ "), Value: st.Unknown.Paint(core.Visible(m.Field + " is assumed: " + m.Why))})
		}
	}
	return lines
}

func (s *inventoryScreen) current() *core.Holding {
	if len(s.rows) == 0 {
		return nil
	}
	h := s.inv.Holdings.At(s.rows[s.table.Cursor()])
	return &h
}

// busy reports whether its job goes on.
func (s *inventoryScreen) busy() bool { return s.host.Task(s.task).Runs() }

func (s *inventoryScreen) head(w int) string { return strings.Join(s.heads(w), "\n") }

func (s *inventoryScreen) heads(w int) []string {
	st := s.host.Look()
	if s.busy() {
		return []string{s.host.Task(s.task).Bar(st, w)}
	}
	p := s.inv.ScanProgress
	text := st.Accent.Paint(core.Count(int(p.Backups), "backup"))
	for _, x := range []struct {
		n    int64
		what string
		look grid.Style
	}{{p.Unfinished, "unfinished", st.Warn}, {p.Broken, "broken", st.Bad}, {p.Strays, "", st.Unknown}} {
		said := fmt.Sprintf("%d %s", x.n, x.what)
		if x.what == "" {
			said = core.Count(int(x.n), "stray")
		}
		if x.n > 0 {
			text += st.Dim.Paint(", ") + x.look.Paint(said)
		}
	}
	text += st.Dim.Paint("  " + show.Thousands(int(p.Objects)) + " objects, " + core.Bytes(p.Bytes))
	if n := s.table.Marks(); n > 0 {
		text += st.Accent.Paint(fmt.Sprintf(", %d marked", n))
	}
	if s.ended != "" {
		text += st.Dim.Paint("  " + s.ended)
	}
	return ui.Head(text, w)
}

func (s *inventoryScreen) Resize(w, h int) {
	s.w, s.h = w, h
	s.table.SetSize(w, max(min(len(s.rows)+1, (h-2)*3/5), 2))
}

func (s *inventoryScreen) View(w, h int) string {
	st := s.host.Look()
	switch {
	case s.inv == nil && s.err != nil:
		return ui.FailedView(st, s.err, ui.KeyOf("reread")+" tries again", w)
	case s.inv == nil && s.busy():
		return "\n" + s.host.Task(s.task).Bar(st, w)
	case s.inv == nil:
		return "\n  " + st.Dim.Paint("not read: "+ui.KeyOf("reread")+" reads what lies there")
	case len(s.rows) == 0 && s.inv.Holdings.Len() == 0:
		return s.head(w) + "\n\n  " + st.Dim.Paint("there is nothing in this repository")
	case len(s.rows) == 0:
		return s.head(w) + "\n\n  " + st.Good.Paint("✓ nothing is wrong here, as far as was looked") +
			st.Dim.Paint(" ("+ui.KeyOf("faults-only")+" shows all)")
	}
	heads := s.heads(w)
	return strings.Join(heads, "\n") + "\n" + ui.SplitView(st, s.table, s.detail(), w, h-len(heads))
}

// chosen are the backups to verify: those marked, else the one under the cursor.
func (s *inventoryScreen) chosen() (ids []core.BackupID) {
	keys := map[string]bool{}
	for _, k := range s.table.MarkedKeys() {
		keys[k] = true
	}
	if len(keys) > 0 {
		for _, h := range s.inv.Holdings.All() {
			if h.ID != "" && keys[h.Container+"\n"+h.Prefix] {
				ids = append(ids, h.ID)
			}
		}
	}
	if h := s.current(); len(keys) == 0 && h != nil && h.ID != "" {
		ids = append(ids, h.ID)
	}
	return ids
}

func (s *inventoryScreen) Actions() []ui.Action {
	none := func() string {
		if s.inv == nil {
			return "it is not read yet"
		}
		return s.host.Waits(s.touches()...)
	}
	noRow := func() string {
		if s.inv == nil || s.current() == nil {
			return "there is nothing under the cursor"
		}
		return ""
	}
	return append([]ui.Action{
		{Name: "verify", Keys: []string{"V"}, Label: "verify",
			Help: "Verify what is marked, or the one under the cursor, or all: its objects, or every chunk", Why: none,
			Run: func() tea.Cmd { return s.askVerify(jobs.Picked{IDs: s.chosen()}) }},
		{Name: "open", Keys: []string{"enter"}, Label: "open", Help: "Open the backup", Why: func() string {
			if why := noRow(); why != "" {
				return why
			}
			if s.current().Kind != core.HoldingBackup {
				return "it is no finished backup"
			}
			return ""
		}, Run: func() tea.Cmd { return ui.OpenFor("backup", string(s.current().ID)) }},
		{Name: "mark", Keys: []string{"space"}, Label: "mark", Minor: true, Help: "Mark it, or take its mark away", Why: noRow,
			Run: func() tea.Cmd {
				s.table.Toggle()
				s.table.Step(1)
				return nil
			}},
		{Name: "unmark", Keys: []string{"A"}, Help: "Take all marks away", Run: func() tea.Cmd { s.table.Unmark(); return nil }},
		{Name: "faults-only", Keys: []string{"f"}, Label: "faults only", Help: "Show all, or only what something is wrong with",
			Why: func() string {
				if s.inv == nil {
					return "it is not read yet"
				}
				return ""
			}, Run: func() tea.Cmd {
				s.all = !s.all
				s.fill()
				return nil
			}},
		{Name: "details", Keys: []string{"w"}, Label: "details", Minor: true, Help: "Show all there is to say of it", Why: noRow,
			Run: func() tea.Cmd {
				return ui.Show(&ui.TextBox{Title: "What lies there", Lines: s.detail(), Look: s.host.Look()})
			}},
		s.copies(noRow),
		{Name: "reread", Keys: []string{"ctrl+r"}, Help: "Read what lies there anew",
			Why: func() string { return s.host.Waits(s.touches()...) }, Run: s.scan},
	}, ui.TableMoves(s.table, nil)...)
}

// copies is the key that copies anything of what is under the cursor; its prefix is nearest.
func (s *inventoryScreen) copies(none func() string) ui.Action {
	a := ui.Copies(s.host, s.table, none, func(c *ui.Copying) {
		h := s.current()
		c.ID, c.Command = string(h.ID), s.at.Command("inventory", nil)
		c.Near("The prefix of its objects", h.Prefix, "the prefix", h.Prefix)
		c.Whole(core.HoldingColumns.Object(h, nil))
		if h.Kind == core.HoldingBackup {
			s.at.CopyBackup(c)
		}
	})
	a.Name, a.Help = "copy-prefix", "Copy the prefix of its objects, the id, a field, the row as JSON or YAML; or look at the row"
	return a
}

// askVerify asks what is to be verified, and how.
func (s *inventoryScreen) askVerify(picked jobs.Picked) tea.Cmd {
	ids := picked.IDs
	total, bytes := 0, int64(0)
	some := map[core.BackupID]bool{}
	for _, id := range ids {
		some[id] = true
	}
	var of int64
	for _, h := range s.inv.Holdings.All() {
		if h.Kind == core.HoldingStray {
			continue
		}
		total++
		bytes += h.Bytes
		if some[h.ID] {
			of += h.Bytes
		}
	}
	var items []ui.MenuItem
	var runs []func() tea.Cmd
	add := func(label, hint string, what jobs.Picked, deep bool) {
		items = append(items, ui.MenuItem{Label: label, Hint: hint})
		runs = append(runs, func() tea.Cmd { return s.verify(what, deep) })
	}
	if len(ids) > 0 {
		add(core.Count(len(ids), "backup")+": objects against metadata", "", picked, false)
		add(core.Count(len(ids), "backup")+": read every chunk", core.Bytes(of), picked, true)
	}
	add(fmt.Sprintf("all %d: objects against metadata", total), "", jobs.Picked{}, false)
	add(fmt.Sprintf("all %d: read every chunk", total), core.Bytes(bytes), jobs.Picked{}, true)
	return ui.Show(&ui.MenuBox{Title: "Verify", Items: items, Pick: func(i int) tea.Cmd { return runs[i]() }})
}

// verify verifies backups, none for all, and shows a report of each.
func (s *inventoryScreen) verify(picked jobs.Picked, deep bool) tea.Cmd {
	r := s.at.Repository()
	var words []string
	for _, x := range picked.IDs {
		words = append(words, string(x))
	}
	var flags []string
	if deep {
		flags = append(flags, "--deep")
	}
	command, desk := s.at.Command("verify", words, flags...), s.at.Desk()
	id, cmd := s.at.Start(s.host, "verifying", s.touches(), func(ctx context.Context, progress jobs.Progress) ui.Result {
		m := verify(ctx, desk, r, picked, core.VerifyRequest{Deep: deep}, progress)
		if err := desk.NoteVerified(ctx, m.reports); m.err == nil {
			m.err = err
		}
		return ui.Result{Note: verifiedNote(m, command), Answer: m}
	})
	if id != 0 {
		s.task, s.verifys, s.ended = id, true, ""
	}
	return cmd
}

// verify verifies, and tells how far it is.
func verify(ctx context.Context, d jobs.Desk, r store.Repository, picked jobs.Picked, q core.VerifyRequest,
	progress jobs.Progress) verifiedMsg {
	m := verifiedMsg{deep: q.Deep}
	var at core.VerifyProgress
	step := func(id core.BackupID, state string) {
		progress(jobs.Step{Done: int(at.Done), Total: int(at.Of), Bytes: at.Bytes, Of: at.Total, Item: string(id), State: state})
	}
	q.Progress = func(p core.VerifyProgress) {
		at = p
		step("", "")
	}
	m.alone, m.err = d.Verify(ctx, r, picked, q, func(v core.VerifyReport) error {
		m.reports = append(m.reports, v)
		state := "sound"
		if !v.Sound() {
			state = core.Count(int(v.Damages), "damage")
		}
		step(v.ID, state)
		return nil
	})
	return m
}

// verifiedText is what a verification came to.
func verifiedText(m verifiedMsg) string {
	damaged := 0
	for i := range m.reports {
		if !m.reports[i].Sound() {
			damaged++
		}
	}
	text := fmt.Sprintf("%s verified, %d damaged", core.Count(len(m.reports), "backup"), damaged)
	if n := len(m.alone); n > 0 {
		text += fmt.Sprintf(", %d left alone", n)
	}
	return text
}

func verifiedNote(m verifiedMsg, command string) ui.Note {
	text := verifiedText(m)
	if m.err != nil {
		n := ui.FailureNote(m.err)
		if len(m.reports) > 0 {
			n.Text = text + ", then: " + ui.WhatOf(m.err)
		}
		return n
	}
	l := ui.LevelGood
	for i := range m.reports {
		if !m.reports[i].Sound() {
			l = ui.LevelBad
		}
	}
	n := ui.Note{Level: l, Text: text + ". In a shell: " + command}
	if len(m.alone) > 0 {
		n.Err = core.Fail(core.CodePartial, "verify", fmt.Sprintf("%d were left alone", len(m.alone)), ui.KeyOf("message")+" shows each",
			errors.Join(slices.Collect(maps.Values(m.alone))...))
		if n.Level == ui.LevelGood {
			n.Level = ui.LevelWarn
		}
	}
	return n
}
