package operate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/jobs"
	"hearth/tui/grid"
	"hearth/tui/place"
	"hearth/tui/ui"
)

// journalScreen lists what was changed, and takes it back.
type journalScreen struct {
	host ui.Host
	at   *place.Stay
	ui.Read
	table   *grid.Model
	entries []core.Entry
	w, h    int
}

type journalMsg struct {
	gen     ui.Generation
	entries []core.Entry
	err     error
}

var journalColumns = []grid.Column{
	{Title: "#", Width: 4, Right: true},
	{Title: "WHEN", Width: 19},
	{Title: "WHAT", Width: 7},
	{Title: "STATE", Width: 9},
	{Title: "SUMMARY", Width: 40, Min: 20, Grow: 3},
	{Title: "WHO", Width: 20, Min: 14, Drop: 1},
}

func Journal(host ui.Host, at *place.Stay, _ ui.Open) ui.Screen {
	return &journalScreen{host: host, at: at, table: grid.New(journalColumns, host.Look().Grid())}
}

func (s *journalScreen) Title() string   { return "Journal" }
func (s *journalScreen) Init() tea.Cmd   { return s.load() }
func (s *journalScreen) Resume() tea.Cmd { return s.load() }
func (s *journalScreen) Restyle()        { s.table.SetStyles(s.host.Look().Grid()) }

// journalLimit is how many entries are shown; hearth journal has them all.
const journalLimit = 1000

func (s *journalScreen) load() tea.Cmd {
	gen, desk := s.Begin(), s.at.Desk()
	return s.Ask(s.host, func(ctx context.Context) tea.Msg {
		j := desk.Journal()
		if j == nil {
			return journalMsg{gen: gen, err: core.Fail(core.CodeUnsupported, "read the journal", "there is none", "", nil)}
		}
		entries, err := j.Entries(ctx, desk.Place.Info().Location, journalLimit)
		return journalMsg{gen, entries, err}
	})
}

func (s *journalScreen) Update(msg tea.Msg) tea.Cmd {
	m, ok := msg.(journalMsg)
	if !ok {
		return nil
	}
	cmd, ok := s.End(m.gen, m.err)
	if !ok {
		return cmd
	}
	s.entries = m.entries
	s.table.SetSource(s)
	s.Resize(s.w, s.h)
	return nil
}

// Len, Row and Key make the screen the table's source.
func (s *journalScreen) Len() int         { return len(s.entries) }
func (s *journalScreen) Key(i int) string { return fmt.Sprint(s.entries[i].ID) }
func (s *journalScreen) Row(i int) ([]grid.Cell, bool) {
	e, st := &s.entries[i], s.host.Look()
	look := map[core.EntryState]grid.Style{
		core.EntryDone:      st.Good,
		core.EntryFailed:    st.Bad,
		core.EntryHalf:      st.Bad,
		core.EntryOpen:      st.Warn,
		core.EntryUnsettled: st.Warn,
		core.EntryUndone:    st.Dim,
	}[e.State]
	return []grid.Cell{{Text: fmt.Sprint(e.ID)}, {Text: s.host.Look().Clock(core.Some(e.At))}, {Text: string(e.Kind)},
		{Text: string(e.State), Style: look},
		{Text: core.Visible(e.Summary)}, {Text: core.Visible(e.Who), Style: st.Dim}}, true
}

func (s *journalScreen) current() *core.Entry {
	if len(s.entries) == 0 {
		return nil
	}
	return &s.entries[s.table.Cursor()]
}

func (s *journalScreen) Resize(w, h int) {
	s.w, s.h = w, h
	s.table.SetSize(w, max(min(len(s.entries)+1, h/2), 2))
}

func (s *journalScreen) View(w, h int) string {
	st := s.host.Look()
	if none := s.Missing(st, w); none != "" {
		return none
	}
	if len(s.entries) == 0 {
		return "\n" +
			strings.Join(ui.Hang("  ", st.Dim.Paint("nothing has been changed here yet: what is applied, undone and imported will stand here"), w-2),
				"\n")
	}
	return ui.SplitView(st, s.table, s.detail(), w, h)
}

// detail tells what the entry under the cursor changed, field by field.
func (s *journalScreen) detail() []ui.Line {
	e, st := s.current(), s.host.Look()
	lines := []ui.Line{ui.FieldLine("summary", core.Visible(e.Summary)), ui.FieldLine("who", core.Visible(e.Who))}
	if e.Volume != "" {
		lines = append(lines, ui.FieldLine("volume", core.Visible(string(e.Volume))))
	}
	if e.Backup != "" {
		lines = append(lines, ui.FieldLine("from backup", core.Visible(string(e.Backup))))
	}
	for _, id := range e.Backups {
		lines = append(lines, ui.FieldLine("backup", core.Visible(string(id))))
	}
	for _, step := range e.Steps {
		sign, look := st.Dim.Paint("  · "), st.Dim
		if step.Done {
			sign, look = st.Good.Paint("  ✓ "), st.Text
		}
		lines = append(lines, ui.Line{Sign: sign, Value: look.Paint(core.Visible(step.What))})
	}
	if e.Error != "" {
		lines = append(lines, ui.FieldLine("why", st.Bad.Paint(core.Visible(e.Error))))
	}
	if e.Before == nil || e.After == nil {
		return lines
	}
	lines = append(lines, ui.Line{}, st.Heading("before → after"))
	for _, name := range e.Before.Diff(*e.After) {
		before, after := sideOf(st, *e.Before, name), sideOf(st, *e.After, name)
		if before == core.Masked && after == before {
			after += ", changed"
		}
		lines = append(lines, ui.FieldLine(core.Visible(name), st.Removed.Paint(before)+" → "+st.Added.Paint(after)))
	}
	return lines
}

// sideOf is the value of a field that State.Diff names; a secret is masked.
func sideOf(l ui.Look, s core.State, name string) string {
	v, ok := pyjson.None, true
	key := name
	switch name {
	case "name":
		v = s.Name
	case "description":
		v = s.Description
	case "encryption_key_id":
		v = s.EncryptionKeyID
	case "volume_type_id":
		v = s.VolumeTypeID
	case "bootable":
		v = pyjson.OfBool(s.Bootable)
	default:
		var image, user bool
		if key, image = strings.CutPrefix(name, "image metadata "); image {
			v, ok = s.Image.Get(key)
		} else if key, user = strings.CutPrefix(name, "metadata "); user {
			v, ok = s.Metadata.Get(key)
		}
	}
	switch {
	case !ok:
		return "(absent)"
	case v.IsNull():
		return "-"
	case !l.Reveal && core.IsSecret(key) && v.Truthy():
		return core.Masked
	}
	if text, ok := v.Str(); ok {
		return `"` + core.Visible(text) + `"`
	}
	return core.Visible(pyjson.Text(v))
}

func (s *journalScreen) noEntry() string {
	if s.current() == nil {
		return "there is no entry under the cursor"
	}
	return ""
}

// notWith says why something cannot be done with the entry under the cursor, ""
// if it can.
func (s *journalScreen) notWith(check func(*core.Entry) error) string {
	if why := ui.Either(s.noEntry(), s.at.Cannot(core.OpWriteVolume)); why != "" {
		return why
	}
	if err := check(s.current()); err != nil {
		return ui.WhatOf(err)
	}
	return ""
}

func (s *journalScreen) Actions() []ui.Action {
	return append([]ui.Action{
		{Name: "undo-this", Keys: []string{"u"}, Label: "undo this", Help: "Take back the entry under the cursor",
			Why: func() string { return s.notWith((*core.Entry).Undoable) },
			Run: func() tea.Cmd { return operator{s.host, s.at}.undo(s.current().ID) }},
		{Name: "finish", Keys: []string{"f"}, Label: "finish this", Minor: true,
			Help: "Do the rest of the entry under the cursor, which ended half-way",
			Why:  func() string { return s.notWith((*core.Entry).Unfinished) }, Run: s.confirmFinish},
		{Name: "settle", Keys: []string{"o"}, Label: "look", Minor: true,
			Help: "Look in the place what became of the entries whose end is not known",
			Why:  s.allSettled, Run: s.settle},
		{Name: "details", Keys: []string{"w"}, Label: "details", Minor: true, Help: "Show all of the entry", Why: s.noEntry, Run: func() tea.Cmd {
			return ui.Show(&ui.TextBox{Title: "The entry", Lines: s.detail(), Look: s.host.Look()})
		}},
		{Name: "volume-of-entry", Keys: []string{"enter"}, Label: "its volume", Help: "Go to its volume", Why: func() string {
			if e := s.current(); e == nil || e.Volume == "" {
				return "it has none"
			}
			return ""
		}, Run: func() tea.Cmd { return ui.OpenFor("volume", string(s.current().Volume)) }},
		ui.Copies(s.host, s.table, s.noEntry, func(c *ui.Copying) {
			c.Called, c.Command = "number of the entry", s.at.Command("journal", nil)
			c.Whole(s.current().Object())
		}),
		{Name: "reread", Keys: []string{"ctrl+r"}, Help: "Read it anew", Run: s.load},
	}, ui.TableMoves(s.table, func() tea.Cmd {
		s.Resize(s.w, s.h)
		return nil
	})...)
}

// allSettled says that there is nothing to look for, "" if there is.
func (s *journalScreen) allSettled() string {
	if slices.ContainsFunc(s.entries, func(e core.Entry) bool { return jobs.Unsettled(&e) }) {
		return ""
	}
	return "the end of every entry is known"
}

// settle looks in the place what became of the entries whose end is not known.
func (s *journalScreen) settle() tea.Cmd {
	desk := s.at.Desk()
	_, cmd := s.at.Start(s.host, "looking what became of them", place.Touching[core.VolumeID](s.at, "volume"),
		func(ctx context.Context, _ jobs.Progress) ui.Result {
			settled, left, err := desk.SettleAll(ctx)
			if err != nil {
				return ui.Wrote("", err)
			}
			n := ui.Note{Level: ui.LevelGood, Text: jobs.SettledText(settled, left)}
			if len(left) > 0 {
				n.Level = ui.LevelWarn
			}
			return ui.Result{Note: n, Changed: true}
		})
	return cmd
}

// confirmFinish asks before the rest of an entry is done.
func (s *journalScreen) confirmFinish() tea.Cmd {
	e := s.current()
	q := ui.Asking(s.host.Look(), "Finish", fmt.Sprintf("Do the rest of entry %d?\n\n%s\n", e.ID, core.Visible(e.Summary)), "Finish",
		func() tea.Cmd { return s.finish(*e) })
	q.Lines = append(q.Lines, s.detail()...)
	q.Lines = append(q.Lines, s.at.InShell(s.host.Look(), "apply", nil, place.Flag("--resume", fmt.Sprint(e.ID)))...)
	return ui.Show(q.Guard(1, s.at.Info().Badge))
}

func (s *journalScreen) finish(e core.Entry) tea.Cmd {
	desk := s.at.Desk()
	_, cmd := s.at.Start(s.host, fmt.Sprintf("finishing entry %d", e.ID), place.Touching(s.at, "volume", e.Volume),
		func(ctx context.Context, _ jobs.Progress) ui.Result {
			done, err := desk.Finish(ctx, e.ID)
			return ui.Wrote(fmt.Sprintf("Entry %d finished, as journal entry %d.", e.ID, done.ID), err)
		})
	return cmd
}
