package records

import (
	"context"
	"fmt"
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

// importScreen takes a paste: every record found in it, what would become of each,
// which are to be imported, and how that ended.
type importScreen struct {
	host ui.Host
	at   *place.Stay
	ui.Read
	text   string // the paste, until it is read
	table  *grid.Model
	checks []core.Check
	facts  core.ImportFacts
	owner  owner
	today  bool // the records have the services that a Cinder of today knows
	chosen map[int]bool
	ended  map[core.BackupID]core.ImportResult
	w, h   int
}

// checkedMsg brings the records of a paste, checked.
type checkedMsg struct {
	gen    ui.Generation
	checks []core.Check
	facts  core.ImportFacts
	size   int
	again  bool // they are those of before, for another owner
	owner  owner
	today  bool
	err    error
}

// importedMsg is how an import ended, record by record; into another place than the one
// that is shown, if there is one.
type importedMsg struct {
	results []core.ImportResult
	into    string
}

// note tells how an import ended, whatever screen is shown by then.
func (m importedMsg) note(err error) ui.Note {
	failed, total := 0, core.Count(len(m.results), "backup")
	for _, r := range m.results {
		if r.Err != nil {
			failed++
		}
	}
	switch {
	case err != nil:
		return ui.FailureNote(err)
	case failed > 0:
		return ui.Note{Level: ui.LevelWarn, Text: fmt.Sprintf("%d of %s could not be imported; see each.", failed, total)}
	}
	if m.into != "" {
		return ui.Note{Level: ui.LevelGood, Text: total + " imported into " + core.Visible(m.into) +
			"; " + ui.KeyOf("go-places") + " goes there."}
	}
	return ui.Note{Level: ui.LevelGood, Text: total + " imported; " + ui.KeyOf("go-backups") + " lists them."}
}

var importColumns = []grid.Column{
	{Title: "", Width: 3},
	{Title: "NAME", Width: 28, Min: 20, Grow: 2},
	{Title: "KIND", Width: 5, Drop: 2},
	{Title: "SIZE", Width: 8, Right: true, Drop: 1},
	{Title: "ID", Width: 8, Drop: 3},
	{Title: "WHAT BECOMES OF IT", Width: 40, Min: 27, Grow: 4},
}

// Import is the screen without a paste yet.
func Import(host ui.Host, at *place.Stay, _ ui.Open) ui.Screen { return ImportOf(host, at, "") }

// ImportOf is the screen of a pasted text.
func ImportOf(host ui.Host, at *place.Stay, text string) ui.Screen {
	return &importScreen{
		host:   host,
		at:     at,
		text:   text,
		table:  grid.New(importColumns, host.Look().Grid()),
		chosen: map[int]bool{},
		ended:  map[core.BackupID]core.ImportResult{},
	}
}

func (s *importScreen) Title() string { return "Import" }
func (s *importScreen) Restyle()      { s.table.SetStyles(s.host.Look().Grid()) }

func (s *importScreen) Init() tea.Cmd {
	text := s.text
	s.text = "" // it may be large, and is not needed twice
	return s.Paste(text)
}

// Paste takes another paste in place of this one.
func (s *importScreen) Paste(text string) tea.Cmd {
	if text == "" {
		return nil
	}
	s.State, s.owner = ui.Loading, owner{}
	return s.check(text)
}

// check finds and checks the records, off the loop: a paste may be large.
func (s *importScreen) check(text string) tea.Cmd {
	gen, desk := s.Begin(), s.at.Desk()
	return s.host.Ask(func(ctx context.Context) tea.Msg {
		m := checkedMsg{gen: gen, size: len(text)}
		found := core.FindRecords(text)
		if len(found) > 0 {
			m.checks, m.facts, m.err = desk.Preflight(ctx, found)
		}
		return m
	})
}

// renames reports whether a record has a service that Cinder has renamed since.
func (s *importScreen) renames() bool {
	for i := range s.checks {
		if today, _ := core.ServiceToday(s.checks[i].Found.Record.Service); today != "" {
			return true
		}
	}
	return false
}

// rename checks the records anew, with the services that a Cinder of today knows.
func (s *importScreen) rename() tea.Cmd {
	var found []core.Found
	for i := range s.checks {
		found = append(found, s.checks[i].Found)
	}
	gen, desk, owner := s.Begin(), s.desk(), s.owner
	return s.host.Ask(func(ctx context.Context) tea.Msg {
		m := checkedMsg{gen: gen, owner: owner, today: true}
		if found, m.err = core.Renamed(found, "today"); m.err == nil {
			m.checks, m.facts, m.err = desk.Preflight(ctx, found)
		}
		for i := range found {
			m.size += len(found[i].Record.URL)
		}
		return m
	})
}

func (s *importScreen) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case checkedMsg:
		return s.checked(msg)
	case importedMsg:
		return s.imported(msg)
	}
	return nil
}

func (s *importScreen) checked(msg checkedMsg) tea.Cmd {
	if msg.again && msg.err != nil && msg.gen == s.Gen { // the records are still those of this owner
		return ui.Fail(msg.err)
	}
	cmd, ok := s.End(msg.gen, msg.err)
	if !ok {
		return cmd
	}
	s.checks, s.facts, s.owner = msg.checks, msg.facts, msg.owner
	s.today = msg.today || msg.again && s.today
	clear(s.ended)
	good := s.choose()
	if msg.again {
		s.Resize(s.w, s.h)
		return ui.Say(ui.LevelInfo, fmt.Sprintf("Owner: %s. %d can be imported.", core.Visible(s.words()), good))
	}
	s.table.SetSource(s)
	s.table.Home()
	s.Resize(s.w, s.h)
	size := core.Bytes(int64(msg.size))
	if len(s.checks) == 0 {
		return ui.Say(ui.LevelWarn, "There is no record in the "+size+" that were pasted.")
	}
	return ui.Say(ui.LevelInfo,
		fmt.Sprintf("%s in the %s that were pasted; %d can be imported.", core.Count(len(s.checks), "record"), size, good))
}

func (s *importScreen) imported(msg importedMsg) tea.Cmd {
	for _, r := range msg.results {
		s.ended[r.ID] = r
	}
	clear(s.chosen)
	return nil
}

// Len, Row and Key make the screen the table's source.
func (s *importScreen) Len() int         { return len(s.checks) }
func (s *importScreen) Key(i int) string { return fmt.Sprint(i) }
func (s *importScreen) Row(i int) ([]grid.Cell, bool) {
	c, st := &s.checks[i], s.host.Look()
	box, style := "[ ]", grid.Style{}
	switch {
	case c.Refused():
		box, style = " ✗ ", st.Bad
	case s.chosen[i]:
		box, style = "[x]", st.Good
	}
	verdict, look := c.Verdict(), []grid.Style{st.Good, st.Warn, st.Bad}[c.Level()]
	if r, ok := s.ended[c.ID]; ok && !c.Refused() {
		box, style, look = " ✓ ", st.Good, st.Good
		verdict = "imported: " + r.Status
		if n := len(r.Differs); n > 0 {
			style, look, verdict = st.Warn, st.Warn, verdict+", but "+core.Count(n, "field")+" arrived otherwise"
		}
		if r.Err != nil {
			box, style, look, verdict = " ✗ ", st.Bad, st.Bad, r.Err.Error()
		}
	}
	name, kind, size := core.Visible(c.Name), "full", show.GiB(c.Size)
	if name == "" {
		name = "(no name)"
	}
	if c.Parent != "" {
		kind = "incr"
	}
	if !c.Found.OK() {
		name, kind, size = fmt.Sprintf("(line %d)", c.Found.Line), "", ""
		if c.Found.Err != nil { // the row has no room for the whole sentence
			verdict = ui.WhatOf(c.Found.Err)
		}
	}
	return []grid.Cell{
		{Text: box, Style: style},
		{Text: name},
		{Text: kind},
		{Text: size},
		{Text: core.Visible(c.ID.Short()), Style: st.Dim},
		{Text: core.Visible(verdict), Style: look},
	}, true
}

// detail is what there is to say of the record under the cursor.
func (s *importScreen) detail() []ui.Line {
	if len(s.checks) == 0 {
		return nil
	}
	c, st := &s.checks[s.table.Cursor()], s.host.Look()
	var lines []ui.Line
	if r, ok := s.ended[c.ID]; ok && !c.Refused() {
		return append(s.result(r), show.RecordLines(s.host.Look(), c)...)
	}
	for _, f := range c.Findings {
		sign := []string{st.Dim.Paint("· "), st.Warn.Paint("! "), st.Bad.Paint("✗ ")}[f.Level]
		lines = append(lines, ui.Line{Sign: sign, Value: core.Visible(show.FindingText(f))})
	}
	if len(c.Findings) == 0 {
		lines = append(lines, ui.Line{Sign: st.Good.Paint("✓ "), Value: c.Verdict()})
	}
	if !c.Found.OK() {
		return lines
	}
	return append(lines, show.RecordLines(s.host.Look(), c)...)
}

// result is what became of a record.
func (s *importScreen) result(r core.ImportResult) []ui.Line {
	st := s.host.Look()
	if r.Err != nil {
		return []ui.Line{{Sign: st.Bad.Paint("✗ "), Value: st.Bad.Paint(core.Visible(ui.Told(r.Err)))}}
	}
	text := "imported: it is " + core.Visible(r.Status) + " now"
	if r.Revived {
		text += "; its deleted row was used again"
	}
	lines := []ui.Line{{Sign: st.Good.Paint("✓ "), Value: st.Good.Paint(text)}}
	for _, d := range r.Differs {
		lines = append(lines, ui.Line{Sign: st.Warn.Paint("! "), Value: st.Warn.Paint("it arrived otherwise: " + core.Visible(d))})
	}
	return lines
}

// head tells how many records there are, and who will own them.
func (s *importScreen) head(w, h int) []string {
	st := s.host.Look()
	lines := ui.Hang(st.Accent.Paint(core.Count(len(s.checks), "record"))+"  ", st.Dim.Paint("owner: "+core.Visible(s.words())), w)
	if h < ui.LowRoom { // the question before the import tells it again
		lines = lines[:1]
	}
	return lines
}

// Resize gives the table what it needs and no more than half; the details get the
// rest.
func (s *importScreen) Resize(w, h int) {
	s.w, s.h = w, h
	s.table.SetSize(w, max(min(len(s.checks)+1, h/2), 2))
}

func (s *importScreen) View(w, h int) string {
	st := s.host.Look()
	switch {
	case s.State == ui.Loading:
		return "\n  " + st.Busy.Paint("◌ looking for records…")
	case s.State == ui.Failed:
		return ui.FailedView(st, s.Err, "", w)
	case s.State == ui.Idle || len(s.checks) == 0:
		hint := "Paste records here with the terminal's own key: the API's JSON, the output of openstack … record " +
			"export or of cinder backup-export in any format and wrapping, or bare base64.\n\n" +
			ui.KeyOf("paste") + " reads the clipboard where that can work."
		if s.State == ui.Ready {
			hint = "There is no record in what was pasted. A record's base64 begins with eyJ; copy it from its beginning.\n\n" + hint
		}
		return "\n" + strings.Join(ui.Hang("  ", st.Text.Paint(hint), w-2), "\n")
	}
	return strings.Join(s.head(w, h), "\n") + "\n" + ui.SplitView(st, s.table, s.detail(), w, h-len(s.head(w, h)))
}

func (s *importScreen) Actions() []ui.Action {
	none := func() string {
		if s.State != ui.Ready || len(s.checks) == 0 {
			return "there are no records yet"
		}
		return ""
	}
	return append([]ui.Action{
		{Name: "import", Keys: []string{"i"}, Label: "import", Help: "Import the chosen records, after asking", Why: func() string {
			why := none()
			if err := s.desk().Allowed(core.OpImport); err != nil {
				why = ui.WhatOf(err)
			}
			if why == "" && len(s.picked()) == 0 {
				why = "none is chosen"
			}
			return why
		}, Run: s.confirm},
		{Name: "take-record", Keys: []string{"space", "enter"}, Label: "choose", Help: "Choose the record, or leave it out", Why: func() string {
			if why := none(); why != "" {
				return why
			}
			c := &s.checks[s.table.Cursor()]
			if _, done := s.ended[c.ID]; done {
				return "it is imported already"
			}
			if c.Refused() {
				return c.Verdict()
			}
			return ""
		}, Run: func() tea.Cmd {
			i := s.table.Cursor()
			s.chosen[i] = !s.chosen[i]
			s.table.Step(1)
			return nil
		}},
		{Name: "details", Keys: []string{"w"}, Label: "details", Minor: true, Help: "Show all there is to say of the record",
			Why: none,
			Run: func() tea.Cmd {
				return ui.Show(&ui.TextBox{Title: "The record", Lines: s.detail(), Look: s.host.Look()})
			}},
		{Name: "service-today", Keys: []string{"s"}, Help: "Take the service that a Cinder of today knows, where Cinder renamed it",
			Why: func() string {
				if why := none(); why != "" {
					return why
				}
				if !s.renames() {
					return "Cinder has renamed the service of none of them"
				}
				return ""
			}, Run: s.rename},
		{Name: "owner", Keys: []string{"o"}, Label: ownerLabel(s.tenants()), Minor: true,
			Help: "Choose the project that is to own them: one that the paste names beside them, or another",
			Why:  func() string { return ui.Either(none(), s.at.Cannot(core.OpImport)) }, Run: s.chooseOwner},
		s.copies(none),
	}, ui.TableMoves(s.table, nil)...)
}

// copies is the key that copies anything of the record under the cursor: its fingerprint is
// nearest, and the row is what is inside the record.
func (s *importScreen) copies(none func() string) ui.Action {
	a := ui.Copies(s.host, s.table, none, func(c *ui.Copying) {
		x := &s.checks[s.table.Cursor()]
		c.ID = string(x.ID)
		if !x.Found.OK() {
			return
		}
		mark := x.Found.Decoded.Fingerprint()
		c.Near("The fingerprint", mark, "the fingerprint", mark)
		c.Near("The record", "as the API takes it", "the record", core.WriteRecords([]core.Record{x.Found.Record}, core.FormatAPI))
		c.Whole(x.Found.Decoded.Doc.Object())
	})
	a.Name, a.Help = "copy-fingerprint", "Copy the fingerprint, the id, the record, what is inside it as JSON or YAML, a field; or look at it"
	return a
}

// picked are the chosen records, in the order of the paste.
func (s *importScreen) picked() []int {
	var out []int
	for i := range s.checks {
		if _, done := s.ended[s.checks[i].ID]; s.chosen[i] && !s.checks[i].Refused() && !done {
			out = append(out, i)
		}
	}
	return out
}

func (s *importScreen) confirm() tea.Cmd {
	picked := s.picked()
	var text strings.Builder
	fmt.Fprintf(&text, "Import %s into %s?\n\n", core.Count(len(picked), "backup"), core.Visible(s.desk().Info().Location))
	for n, i := range picked {
		if n == 8 {
			fmt.Fprintf(&text, "… and %d more\n", len(picked)-n)
			break
		}
		c := &s.checks[i]
		fmt.Fprintf(&text, "%s  %s\n", c.ID.Short(), core.Visible(c.Name))
		if c.Level() == core.LevelWarn {
			fmt.Fprintf(&text, "  ! %s\n", core.Visible(c.Verdict()))
		}
	}
	fmt.Fprintf(&text, "\nOwner: %s.", core.Visible(s.words()))
	q := ui.Asking(s.host.Look(), "Import", text.String(), "Import", func() tea.Cmd { return s.bringIn(picked) })
	q.After = s.inShell(len(picked))
	return ui.Show(q.Guard(len(picked), s.desk().Info().Badge))
}

// inShell are the lines that tell the command of the same, of so many records: it takes all
// that it finds on stdin.
func (s *importScreen) inShell(n int) []ui.Line {
	l, can := s.host.Look(), 0
	for i := range s.checks {
		if _, done := s.ended[s.checks[i].ID]; !s.checks[i].Refused() && !done {
			can++
		}
	}
	if n != can {
		return ui.ShellIsNot(l, "hearth import takes all the records that it is given, and not all are chosen here")
	}
	var flags []string
	if s.owner.name != "" {
		flags = append(flags, place.Flag("--owner", s.owner.name))
	}
	if s.today {
		flags = append(flags, "--service=today")
	}
	return append(s.at.InShell(l, "import", []string{"-"}, flags...),
		ui.TextLine(l.Dim.Paint("            with the same records on its stdin")))
}

// bringIn imports the records.
func (s *importScreen) bringIn(picked []int) tea.Cmd {
	desk, checks := s.desk(), slices.Clone(s.checks)
	var ids []core.BackupID
	for _, i := range picked {
		ids = append(ids, checks[i].ID)
	}
	into := ""
	if s.owner.in != nil {
		into = desk.Info().Location
	}
	_, cmd := s.at.Start(s.host, "importing "+core.Count(len(picked), "backup"), place.TouchingIn(desk.Info().Location, "backup", ids...),
		func(ctx context.Context, _ jobs.Progress) ui.Result {
			results, err := desk.Import(ctx, checks, picked)
			m := importedMsg{results, into}
			return ui.Result{Note: m.note(err), Answer: m}
		})
	return cmd
}
