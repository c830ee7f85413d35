package tui

import (
	"context"
	"fmt"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store"
	"hearth/store/jobs"
	"hearth/tui/grid"
)

// inventoryScreen lists everything that lies in a backup repository, whole or not,
// and what a verification said of each.
type inventoryScreen struct {
	host    Host
	at      *Stay
	inv     *core.Inventory
	err     error
	task    TaskID // that reads or verifies
	verifys bool   // it verifies
	all     bool   // also what is whole and was not verified, or is sound
	want    []core.BackupID
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
	{Title: "WHAT ABOUT IT", Width: 34, Min: 20, Grow: 3},
}

func newInventory(host Host, at *Stay, o openMsg) screen {
	return &inventoryScreen{host: host, at: at, all: true, want: IDs[core.BackupID](o.IDs), reports: map[string]core.VerifyReport{}, table: grid.New(holdingColumns, host.Look().grid())}
}

func (s *inventoryScreen) title() string { return "Inventory" }
func (s *inventoryScreen) restyle()      { s.table.SetStyles(s.host.Look().grid()) }

// init reads what is there, and asks how to verify where it was opened for that.
func (s *inventoryScreen) init() tea.Cmd { return s.scan() }

// reopen is for a verification of some of it.
func (s *inventoryScreen) reopen(msg openMsg) tea.Cmd {
	if s.inv == nil {
		s.want = IDs[core.BackupID](msg.IDs)
		return nil
	}
	return s.askVerify(IDs[core.BackupID](msg.IDs))
}

func (s *inventoryScreen) scan() tea.Cmd {
	r := s.at.Repository()
	id, cmd := s.at.Start(s.host, "reading the repository", s.touches(), func(ctx context.Context, progress jobs.Progress) Result {
		inv, err := r.Scan(ctx, func(p core.ScanProgress) {
			progress(jobs.Step{Text: fmt.Sprintf("%s, %d unfinished, %d broken; %s",
				core.Count(int(p.Backups), "backup"), p.Unfinished, p.Broken, core.Count(int(p.Objects), "object"))})
		})
		return Result{Answer: scannedMsg{inv, err}}
	})
	if id != 0 {
		s.task, s.verifys, s.err = id, false, nil
	}
	return cmd
}

// touches: one reading of the repository, or verification, at a time.
func (s *inventoryScreen) touches() []string { return Touching(s.at, "inventory", "all") }

func (s *inventoryScreen) update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case scannedMsg:
		s.task = 0
		if msg.err != nil {
			s.err = msg.err
			return fail(msg.err)
		}
		s.inv = &msg.inv
		s.fill()
		if want := s.want; len(want) > 0 {
			s.want = nil
			return s.askVerify(want)
		}
	case verifiedMsg:
		s.task = 0
		for _, r := range msg.reports {
			s.reports[r.Container+"\n"+r.Prefix] = r
		}
		s.ended = verifiedText(msg)
		s.fill()
	}
	return nil
}

// fill makes the rows: what is not whole or not sound first.
func (s *inventoryScreen) fill() {
	s.rows = nil
	for _, trouble := range []bool{true, false} {
		for i := range s.inv.Holdings {
			if s.troubled(&s.inv.Holdings[i]) == trouble && (trouble || s.all) {
				s.rows = append(s.rows, i)
			}
		}
	}
	s.table.SetSource(s)
	s.resize(s.w, s.h)
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
	h := &s.inv.Holdings[s.rows[i]]
	return h.Container + "\n" + h.Prefix
}

func (s *inventoryScreen) Row(i int) ([]grid.Cell, bool) {
	st, h := s.host.Look(), &s.inv.Holdings[s.rows[i]]
	what := map[core.HoldingKind]grid.Cell{core.HoldingBackup: {Text: "✓ backup", Style: st.good}, core.HoldingUnfinished: {Text: "◌ unfinished", Style: st.warn},
		core.HoldingBroken: {Text: "✗ broken", Style: st.bad}, core.HoldingStray: {Text: "? stray", Style: st.unknown}}[h.Kind]
	name := grid.Cell{Text: core.Visible(h.Prefix), Style: st.dim}
	switch {
	case h.Kind == core.HoldingBackup:
		name = nameCell(s.host.Look(), h.Backup.Name)
	case h.ID != "" && h.VolumeID != "":
		name.Text = core.Visible(fmt.Sprintf("%s of volume %s", h.ID.Short(), h.VolumeID.Short()))
	}
	text, look := s.about(h)
	return []grid.Cell{what, name, {Text: s.host.Look().Age(h.Began)}, {Text: fmt.Sprint(h.Objects)}, {Text: core.Bytes(h.Bytes)}, {Text: core.Visible(h.ID.Short()), Style: st.dim}, {Text: core.Visible(text), Style: look}}, true
}

// about is what there is to say of a holding, in a few words.
func (s *inventoryScreen) about(h *core.Holding) (string, grid.Style) {
	st := s.host.Look()
	if s.verifys && s.busy() {
		if at := s.host.Task(s.task).Items[string(h.ID)]; at != "" && h.ID != "" {
			return "◌ " + at, st.busy
		}
	}
	r, ok := s.report(h)
	switch {
	case ok && !r.Sound():
		return "✗ " + firstFlaw(&r) + more(r.Damages-1), st.bad
	case h.Problem != "":
		return h.Problem, st.warn
	case h.Kind == core.HoldingStray:
		return "no part of any backup", st.unknown
	case ok && len(r.Flaws) > 0:
		return "sound; " + r.Flaws[0].Text, st.warn
	case ok && r.Deep:
		return "✓ sound: every chunk was read", st.good
	case ok:
		return "✓ sound, as far as metadata and objects tell", st.good
	}
	return "not verified yet", st.dim
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
func (s *inventoryScreen) detail() []line {
	h := s.current()
	if h == nil {
		return nil
	}
	st := s.host.Look()
	var lines []line
	if r, ok := s.report(h); ok {
		how := "its objects were compared with its metadata"
		if r.Deep {
			how = fmt.Sprintf("%s and %s were read", core.Count(int(r.Objects), "object"), core.Bytes(r.Bytes))
			if r.Blocks > 0 {
				how += fmt.Sprintf(", %s compared with the sha256 file", core.Count(int(r.Blocks), "block"))
			}
		}
		if r.Sound() {
			lines = append(lines, line{sign: st.good.Paint("✓ "), value: st.good.Paint("sound: " + how)})
		} else {
			lines = append(lines, line{sign: st.bad.Paint("✗ "), value: st.bad.Paint(core.Count(int(r.Damages), "damage") + ": " + how)})
		}
		for _, f := range r.Flaws {
			sign, look := "· ", st.dim
			switch f.Severity {
			case core.SeverityDamage:
				sign, look = "✗ ", st.bad
			case core.SeverityWarning:
				sign, look = "! ", st.warn
			}
			l := line{sign: look.Paint(sign), value: look.Paint(core.Visible(string(f.Code) + ": " + f.Text))}
			if f.Object != "" {
				l.value += st.dim.Paint("  " + core.Visible(f.Object))
			}
			lines = append(lines, l)
		}
		if r.More > 0 {
			lines = append(lines, text(st.dim.Paint(fmt.Sprintf("… and %d more", r.More))))
		}
	}
	if _, told := s.report(h); h.Problem != "" && !told {
		lines = append(lines, line{sign: st.warn.Paint("! "), value: st.warn.Paint(core.Visible(h.Problem))})
	}
	lines = append(lines, field("prefix", core.Visible(h.Prefix)), field("container", orNone(st, h.Container)))
	if h.Kind != core.HoldingStray {
		lines = append(lines, field("backup", orNone(st, string(h.ID))), field("volume", orNone(st, string(h.VolumeID))), field("began", s.host.Look().Since(h.Began)))
	}
	lines = append(lines, field("objects", fmt.Sprintf("%d, %s", h.Objects, core.Bytes(h.Bytes))))
	for _, m := range h.Marks {
		if m.State == core.MarkAssumed {
			lines = append(lines, line{sign: st.unknown.Paint("~ "), value: st.unknown.Paint(core.Visible(m.Field + " is assumed: " + m.Why))})
		}
	}
	return lines
}

func (s *inventoryScreen) current() *core.Holding {
	if len(s.rows) == 0 {
		return nil
	}
	return &s.inv.Holdings[s.rows[s.table.Cursor()]]
}

// busy reports whether its job goes on.
func (s *inventoryScreen) busy() bool { return s.host.Task(s.task).Runs() }

func (s *inventoryScreen) head(w int) string {
	st := s.host.Look()
	if s.busy() {
		return s.host.Task(s.task).bar(st, w)
	}
	p := s.inv.ScanProgress
	text := st.accent.Paint(core.Count(int(p.Backups), "backup"))
	for _, x := range []struct {
		n    int64
		what string
		look grid.Style
	}{{p.Unfinished, "unfinished", st.warn}, {p.Broken, "broken", st.bad}, {p.Strays, "strays", st.unknown}} {
		if x.n > 0 {
			text += st.dim.Paint(", ") + x.look.Paint(fmt.Sprintf("%d %s", x.n, x.what))
		}
	}
	text += st.dim.Paint("  " + thousands(int(p.Objects)) + " objects, " + core.Bytes(p.Bytes))
	if n := s.table.Marks(); n > 0 {
		text += st.accent.Paint(fmt.Sprintf(", %d marked", n))
	}
	if s.ended != "" {
		text += st.dim.Paint("  " + s.ended)
	}
	return clip(text, w)
}

func (s *inventoryScreen) resize(w, h int) {
	s.w, s.h = w, h
	s.table.SetSize(w, max(min(len(s.rows)+1, (h-2)*3/5), 2))
}

func (s *inventoryScreen) view(w, h int) string {
	st := s.host.Look()
	switch {
	case s.inv == nil && s.err != nil:
		return failedView(st, s.err, "Ctrl-R tries again", w)
	case s.inv == nil && s.busy():
		return "\n" + s.host.Task(s.task).bar(st, w)
	case s.inv == nil:
		return "\n  " + st.dim.Paint("not read: Ctrl-R reads what lies there")
	case len(s.rows) == 0 && len(s.inv.Holdings) == 0:
		return s.head(w) + "\n\n  " + st.dim.Paint("there is nothing in this repository")
	case len(s.rows) == 0:
		return s.head(w) + "\n\n  " + st.good.Paint("✓ nothing is wrong here, as far as was looked") + st.dim.Paint(" (f shows all)")
	}
	return s.head(w) + "\n" + splitView(st, s.table, s.detail(), w, h-1)
}

// chosen are the backups to verify: those marked, else the one under the cursor.
func (s *inventoryScreen) chosen() (ids []core.BackupID) {
	keys := map[string]bool{}
	for _, k := range s.table.MarkedKeys() {
		keys[k] = true
	}
	for i := range s.inv.Holdings {
		if h := &s.inv.Holdings[i]; keys[h.Container+"\n"+h.Prefix] && h.ID != "" {
			ids = append(ids, h.ID)
		}
	}
	if h := s.current(); len(keys) == 0 && h != nil && h.ID != "" {
		ids = append(ids, h.ID)
	}
	return ids
}

func (s *inventoryScreen) actions() []action {
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
	return append([]action{
		{keys: []string{"V"}, label: "verify", help: "Verify what is marked, or the one under the cursor, or all: its objects, or every chunk", why: none, run: func() tea.Cmd { return s.askVerify(s.chosen()) }},
		{keys: []string{"enter"}, label: "open", help: "Open the backup", why: func() string {
			if why := noRow(); why != "" {
				return why
			}
			if s.current().Kind != core.HoldingBackup {
				return "it is no finished backup"
			}
			return ""
		}, run: func() tea.Cmd { return open("backup", string(s.current().ID)) }},
		{keys: []string{"space"}, label: "mark", minor: true, help: "Mark it, or take its mark away", why: noRow, run: func() tea.Cmd {
			s.table.Toggle()
			s.table.Step(1)
			return nil
		}},
		{keys: []string{"A"}, help: "Take all marks away", run: func() tea.Cmd { s.table.Unmark(); return nil }},
		{keys: []string{"f"}, label: "faults only", help: "Show all, or only what something is wrong with", why: func() string {
			if s.inv == nil {
				return "it is not read yet"
			}
			return ""
		}, run: func() tea.Cmd {
			s.all = !s.all
			s.fill()
			return nil
		}},
		{keys: []string{"w"}, label: "details", minor: true, help: "Show all there is to say of it", why: noRow, run: func() tea.Cmd {
			return show(&textBox{title: "What lies there", lines: s.detail(), look: s.host.Look()})
		}},
		{keys: []string{"y"}, help: "Copy the prefix of its objects", why: noRow, run: func() tea.Cmd { return s.host.Copy(s.current().Prefix, "the prefix") }},
		{keys: []string{"ctrl+r"}, help: "Read what lies there anew", why: func() string { return s.host.Waits(s.touches()...) }, run: s.scan},
	}, tableMoves(s.table, nil)...)
}

// askVerify asks what is to be verified, and how.
func (s *inventoryScreen) askVerify(ids []core.BackupID) tea.Cmd {
	total, bytes := 0, int64(0)
	some := map[core.BackupID]bool{}
	for _, id := range ids {
		some[id] = true
	}
	var of int64
	for i := range s.inv.Holdings {
		h := &s.inv.Holdings[i]
		if h.Kind == core.HoldingStray {
			continue
		}
		total++
		bytes += h.Bytes
		if some[h.ID] {
			of += h.Bytes
		}
	}
	var items []menuItem
	var runs []func() tea.Cmd
	add := func(label, hint string, ids []core.BackupID, deep bool) {
		items = append(items, menuItem{label: label, hint: hint})
		runs = append(runs, func() tea.Cmd { return s.verify(ids, deep) })
	}
	if len(ids) > 0 {
		add(core.Count(len(ids), "backup")+": objects against metadata", "", ids, false)
		add(core.Count(len(ids), "backup")+": read every chunk", core.Bytes(of), ids, true)
	}
	add(fmt.Sprintf("all %d: objects against metadata", total), "", nil, false)
	add(fmt.Sprintf("all %d: read every chunk", total), core.Bytes(bytes), nil, true)
	return show(&menuBox{title: "Verify", items: items, pick: func(i int) tea.Cmd { return runs[i]() }})
}

// verify verifies backups, none for all, and shows a report of each.
func (s *inventoryScreen) verify(ids []core.BackupID, deep bool) tea.Cmd {
	r := s.at.Repository()
	var words []string
	for _, x := range ids {
		words = append(words, string(x))
	}
	if deep {
		words = append(words, "--deep")
	}
	command := s.at.Command("verify", words...)
	id, cmd := s.at.Start(s.host, "verifying", s.touches(), func(ctx context.Context, progress jobs.Progress) Result {
		m := verify(ctx, r, core.VerifyRequest{IDs: ids, Deep: deep}, progress)
		return Result{Note: verifiedNote(m, command), Answer: m}
	})
	if id != 0 {
		s.task, s.verifys, s.ended = id, true, ""
	}
	return cmd
}

// verify verifies, and tells how far it is.
func verify(ctx context.Context, r store.Repository, q core.VerifyRequest, progress jobs.Progress) verifiedMsg {
	m := verifiedMsg{deep: q.Deep}
	var at core.VerifyProgress
	step := func(id core.BackupID, state string) {
		text := ""
		if at.Total > 0 {
			text = core.Bytes(at.Bytes) + " of " + core.Bytes(at.Total)
		}
		progress(jobs.Step{Done: int(at.Done), Total: int(at.Of), Text: text, Item: string(id), State: state})
	}
	q.Progress = func(p core.VerifyProgress) {
		at = p
		step("", "")
	}
	m.err = r.Verify(ctx, q, func(v core.VerifyReport) error {
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
	return fmt.Sprintf("%s verified, %d damaged", core.Count(len(m.reports), "backup"), damaged)
}

func verifiedNote(m verifiedMsg, command string) noteMsg {
	text := verifiedText(m)
	if m.err != nil {
		n := failureNote(m.err)
		if len(m.reports) > 0 {
			n.text = text + ", then: " + whatOf(m.err)
		}
		return n
	}
	l := good
	for i := range m.reports {
		if !m.reports[i].Sound() {
			l = bad
		}
	}
	return noteMsg{level: l, text: text + ". In a shell: " + command}
}
