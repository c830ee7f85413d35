package restore

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store"
	"hearth/store/jobs"
	"hearth/tui/grid"
	"hearth/tui/place"
	"hearth/tui/show"
	"hearth/tui/ui"
)

// targetScreen chooses what to restore onto: a new volume, or one that is there. It
// says which of them the backup fits onto, those first, and is searched by typing.
type targetScreen struct {
	chooser
	at *place.Stay
	ui.Read
	backup core.Backup
	answer func(targetMsg) tea.Msg // to the tab that asked
	fresh  bool                    // a new volume may be chosen
	bare   bool                    // the metadata alone goes there: that fits onto every volume
	all    []candidate
	rows   []candidate // those that fit what is typed
	types  []string    // the volume types that there are, for the form
	zones  []string    // the availability zones
	more   int         // volumes beyond those that were read
	w, h   int
	short  string    // why there may be more volumes yet, "" if not
	came   time.Time // when the volumes came
	can    core.Can  // of a restore to a new volume: much of it holds for every target
}

// candidate is a volume, or with none a new one.
type candidate struct {
	volume *core.Volume
	misfit string // why the backup does not fit onto it, "" if it does
}

// targetMsg says what was chosen.
type targetMsg struct {
	volume core.VolumeID // "": a new one
	name   string
	shape  shape
}

// candidatesMsg brings the volumes that there are.
type candidatesMsg struct {
	gen   ui.Generation
	all   []candidate
	types []string
	zones []string
	more  int
	can   core.Can
	short string // why there may be more yet, "" if not
	err   error
	// unlisted is why types or zones are not offered, nil if they are.
	unlisted error
}

// mostCandidates is how many volumes are offered; whoever has more types an id into
// the filter of the list of volumes, and restores from a shell.
const mostCandidates = 2000

var targetColumns = []grid.Column{
	{Title: "NAME", Width: 30, Min: 18, Grow: 2},
	{Title: "ID", Width: 8, Drop: 1},
	{Title: "SIZE", Width: 10, Right: true},
	{Title: "STATUS", Width: 16, Min: 12},
	{Title: "TYPE", Width: 14, Min: 8, Grow: 1, Drop: 2},
	{Title: "FITS?", Width: 24, Min: 22, Grow: 1},
}

// chooseTarget asks what to restore onto. The tab is shown again when that is left,
// and works the plan out then.
func (t *restoreTab) chooseTarget() tea.Cmd {
	return t.chooseFor(func(m targetMsg) tea.Msg { return m })
}

// chooseFor asks for a target, and has the tab be told of it in a message.
func (t *restoreTab) chooseFor(tell func(targetMsg) tea.Msg) tea.Cmd {
	if t.backup == nil {
		return ui.Say(ui.LevelWarn, "The backup is not read yet.")
	}
	backup, at, bare, fresh := *t.backup, t.at, t.metadata, !t.metadata || !t.at.Operates()
	answer := func(m targetMsg) tea.Msg { return t.host.Answer(tell(m)) }
	return func() tea.Msg {
		return ui.Push{Name: "target", Make: func(host ui.Host) ui.Screen {
			s := &targetScreen{chooser: newChooser(host, targetColumns), at: at, backup: backup, answer: answer, fresh: fresh, bare: bare}
			s.fill = s.find
			return s
		}}
	}
}

// take aims the plan at what was chosen.
func (t *restoreTab) take(msg targetMsg) tea.Cmd {
	t.request.Onto, t.request.Name, t.shape = msg.volume, msg.name, msg.shape
	t.request.Type, t.request.Bare = msg.shape.typ, msg.shape.bare()
	t.aimed = true
	t.forget()
	return nil // the tab is shown again next, and works the plan out then
}

func (s *targetScreen) Title() string { return "Restore onto…" }

// Init reads the volumes.
func (s *targetScreen) Init() tea.Cmd {
	gen, desk, backup, fresh, bare := s.Begin(), s.at.Desk(), s.backup, s.fresh, s.bare
	weighed := s.at.Operates() && !bare
	return s.host.Ask(func(ctx context.Context) tea.Msg {
		page, err := desk.Volumes(ctx, core.Query{Limit: mostCandidates, Sort: []core.Order{{Column: "name"}}})
		m := candidatesMsg{gen: gen, err: err, more: page.Total - len(page.Rows)}
		if core.CodeOf(err) == core.CodeIncomplete {
			m.short, m.err = ui.WhatOf(err), nil
		}
		if fresh {
			m.all = append(m.all, candidate{})
		}
		var encrypted core.Fact[bool]
		if weighed && m.err == nil {
			if encrypted, m.err = desk.Encrypted(ctx, backup); m.err != nil && ctx.Err() == nil { // of each volume its preview tells it, too
				encrypted, m.err = core.NotKnown[bool](ui.WhatOf(m.err)), nil
			}
		}
		m.fit(page.Rows, &backup, encrypted, bare)
		if m.err == nil && fresh {
			m.list(ctx, desk.Place)
		}
		if weighed && m.err == nil {
			m.can, m.err = desk.Can(ctx, jobs.CanRequest{Restore: core.RestoreRequest{Backup: backup.ID}})
		}
		return m
	})
}

// fit adds volumes, and says which of them the backup fits onto: those stand first.
func (m *candidatesMsg) fit(volumes []core.Volume, b *core.Backup, encrypted core.Fact[bool], bare bool) {
	for i := range volumes {
		c := candidate{volume: &volumes[i]}
		if !bare {
			c.misfit = core.FitsOnto(b, encrypted, c.volume)
		}
		m.all = append(m.all, c)
	}
	slices.SortStableFunc(m.all, func(a, b candidate) int { return a.rank() - b.rank() })
}

// list reads what a new volume can be: its types and zones, where the place tells them.
func (m *candidatesMsg) list(ctx context.Context, p store.Place) {
	if p, ok := p.(store.Typer); ok {
		var types []core.VolumeType
		types, m.unlisted = p.VolumeTypes(ctx)
		for _, t := range types {
			m.types = append(m.types, t.Name)
		}
	}
	if p, ok := p.(store.Zoner); ok {
		var err error
		if m.zones, err = p.Zones(ctx); m.unlisted == nil {
			m.unlisted = err
		}
	}
}

// rank puts the new volume first, and what fits before what does not.
func (c candidate) rank() int {
	switch {
	case c.volume == nil:
		return 0
	case c.misfit == "":
		return 1
	}
	return 2
}

func (s *targetScreen) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case candidatesMsg:
		cmd, ok := s.End(msg.gen, msg.err)
		if ok {
			s.all, s.types, s.zones, s.more, s.short, s.can = msg.all, msg.types, msg.zones, msg.more, msg.short, msg.can
			s.came = s.host.Look().Now
			s.Resize(s.w, s.h)
			s.find()
			return ui.Fail(msg.unlisted)
		}
		return cmd
	case tea.PasteMsg:
		return s.typed(msg)
	}
	return nil
}

// find chooses what fits what is typed: a part of a name, id, status or type.
func (s *targetScreen) find() {
	s.rows = nil
	wanted := s.wanted()
	for _, c := range s.all {
		parts := []string{"new"}
		if v := c.volume; v != nil {
			parts = []string{v.Name.Or(""), string(v.ID), v.Status, v.VolumeType.Or(""), c.misfit}
		}
		if wanted(parts...) {
			s.rows = append(s.rows, c)
		}
	}
	s.table.SetSource(s)
	s.table.Home()
}

// Len, Row and Key make the screen the table's source.
func (s *targetScreen) Len() int { return len(s.rows) }
func (s *targetScreen) Key(i int) string {
	if v := s.rows[i].volume; v != nil {
		return string(v.ID)
	}
	return "new"
}

func (s *targetScreen) Row(i int) ([]grid.Cell, bool) {
	l, c := s.host.Look(), s.rows[i]
	if c.volume == nil {
		return []grid.Cell{{Text: "a new volume", Style: l.Accent}, {}, {}, {}, {}, {Text: "size, type, zone next", Style: l.Dim}}, true
	}
	v := c.volume
	fits := grid.Cell{Text: "✓ fits", Style: l.Good}
	if s.bare {
		fits = grid.Cell{}
	}
	if extra := v.Size - s.backup.Size; !s.bare && c.misfit == "" && extra > 0 {
		fits.Text += ", " + show.GiB(extra) + " more"
	}
	if c.misfit != "" {
		fits = grid.Cell{Text: "✗ " + core.Visible(c.misfit), Style: l.Bad}
	}
	return []grid.Cell{show.NameCell(l, v.Name), {Text: core.Visible(v.ID.Short()), Style: l.Dim}, {Text: show.GiB(v.Size)},
		show.StatusCell(l, v.Status), {Text: core.Visible(v.VolumeType.Or(""))}, fits}, true
}

func (s *targetScreen) Resize(w, h int) {
	s.w, s.h = w, h
	s.table.SetSize(w, max(h-3-len(s.against(w)), 2))
}

// mostAgainst is how many lines the chooser has for that; the preview tells all of it.
const mostAgainst = 3

// against says what stands against a restore onto whatever is chosen, and against one to
// a new volume as the cloud makes it; in a line where it only may.
func (s *targetScreen) against(w int) (lines []string) {
	l := s.host.Look()
	for i, r := range s.can.Reasons {
		text := "whatever it goes onto: " + r.Text
		if r.OfTarget() {
			text = "a new volume: " + r.Text
		}
		if r.Answer == core.AnswerNo {
			lines = append(lines, ui.Hang(l.Bad.Paint("✗ "), l.Bad.Paint(core.Visible(text)), w)...)
			continue
		}
		if n := len(s.can.Reasons) - i - 1; n > 0 {
			text = fmt.Sprintf("(and %d more) ", n) + text
		}
		lines = append(lines, ui.Clip(l.Unknown.Paint("? "+core.Visible(text)), w))
		break
	}
	return lines[:min(len(lines), mostAgainst)]
}

func (s *targetScreen) View(w, h int) string {
	l := s.host.Look()
	about := fmt.Sprintf("Restore %s, %s, onto", core.Visible(s.backup.Title()), show.GiB(s.backup.Size))
	if s.more > 0 {
		about += fmt.Sprintf(" (%d more volumes are not listed)", s.more)
	}
	if s.short != "" {
		about += " (not the whole list: " + core.Visible(s.short) + ")"
	}
	about = l.Accent.Paint(about)
	if s.State == ui.Ready {
		about += show.AsOf(l, core.Some(s.came), false)
	}
	lines := []string{ui.Spread(ui.Clip(about, w), l.Dim.Paint("type to find"), w), l.Key.Paint("> ") + l.Input(s.field, w-2)}
	lines = append(lines, s.against(w)...)
	switch {
	case s.State == ui.Failed:
		lines = append(lines, ui.FailedView(l, s.Err, ui.KeyOf("chooser-back")+" goes back", w))
	case s.State != ui.Ready:
		lines = append(lines, "", "  "+l.Busy.Paint("◌ reading…"))
	case len(s.rows) == 0:
		lines = append(lines, "", "  "+l.Dim.Paint("no volume is like that"))
	default:
		lines = append(lines, s.table.View())
	}
	return strings.Join(lines, "\n")
}

// Actions are those while one types: it always does.
func (s *targetScreen) Actions() []ui.Action { return s.FieldActions() }

// FieldActions are the keys that are no text.
func (s *targetScreen) FieldActions() []ui.Action {
	return s.keys("Choosing what to restore onto", "Restore onto this one: its preview is shown before anything is done",
		"Go back, and leave the target as it was", s.choose)
}

// choose takes the volume under the cursor; of a new one it asks first what that is
// to be.
func (s *targetScreen) choose() tea.Cmd {
	if len(s.rows) == 0 {
		return ui.Say(ui.LevelWarn, "There is no volume under the cursor.")
	}
	answer := s.answer
	if v := s.rows[s.table.Cursor()].volume; v != nil {
		return tea.Sequence(func() tea.Msg { return answer(targetMsg{volume: v.ID}) }, ui.CloseScreen)
	}
	return ui.Show(&ui.FormBox{Title: "A new volume", Fields: []ui.FormField{
		ui.TextField("name", "", "With a name, Cinder keeps it and leaves the description alone; without, the volume gets the captured one."),
		ui.TextField("size", "", "GiB; empty is the backup's size, "+show.GiB(s.backup.Size)+".").Checked(wrongSize),
		ui.OneOf("type", "the default one, or what an encrypted backup needs", s.types,
			"The volume type.", "A volume type; empty is the default one, or the one that an encrypted backup needs."),
		ui.OneOf("zone", "Cinder's choice", s.zones, "The availability zone.", "The availability zone; empty is Cinder's choice."),
	}, Submit: func(f *ui.FormBox) tea.Cmd {
		m := targetMsg{name: f.Text(0), shape: shape{typ: strings.TrimSpace(f.Text(2)), zone: strings.TrimSpace(f.Text(3))}}
		if size := strings.TrimSpace(f.Text(1)); size != "" {
			n, err := strconv.ParseInt(size, 10, 64)
			if err != nil || n < 1 {
				again := f.Again()
				return func() tea.Msg {
					return again(core.Fail(core.CodeUsage, "restore", "the size is no number of GiB", "write one, or leave it empty", nil))
				}
			}
			m.shape.size = n
		}
		return tea.Sequence(func() tea.Msg { return answer(m) }, ui.CloseScreen)
	}})
}

// wrongSize says why a text is no size of a new volume.
func wrongSize(text string) string {
	if text = strings.TrimSpace(text); text == "" {
		return ""
	}
	if n, err := strconv.ParseInt(text, 10, 64); err != nil || n < 1 {
		return "this is no number of GiB"
	}
	return ""
}
