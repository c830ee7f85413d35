package tui

import (
	"context"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/tui/grid"
)

// journalScreen lists what was changed, and takes it back.
type journalScreen struct {
	*base
	table   *grid.Model
	gen     generation
	state   state
	err     error
	entries []core.Entry
	w, h    int
}

type journalMsg struct {
	gen     generation
	entries []core.Entry
	err     error
}

var journalColumns = []grid.Column{
	{Title: "#", Width: 4, Right: true},
	{Title: "WHEN", Width: 19, Min: 10},
	{Title: "WHAT", Width: 7},
	{Title: "STATE", Width: 8},
	{Title: "SUMMARY", Width: 40, Min: 20, Grow: 3},
	{Title: "WHO", Width: 18, Min: 8, Drop: 1},
}

func newJournal(b base, _ string) screen {
	return &journalScreen{base: &b, table: grid.New(journalColumns, b.styles.grid())}
}

func (s *journalScreen) title() string   { return "Journal" }
func (s *journalScreen) init() tea.Cmd   { return s.load() }
func (s *journalScreen) resume() tea.Cmd { return s.load() }
func (s *journalScreen) restyle()        { s.table.SetStyles(s.styles.grid()) }

// journalLimit is how many entries are shown; hearth journal has them all.
const journalLimit = 1000

func (s *journalScreen) load() tea.Cmd {
	if s.state != ready {
		s.state = loading
	}
	gen, desk := s.gen.next(), s.desk
	return s.ask(func(ctx context.Context) tea.Msg {
		j := desk.Journal()
		if j == nil {
			return journalMsg{gen: gen, err: core.Fail(core.CodeUnsupported, "read the journal", "there is none", "", nil)}
		}
		entries, err := j.Entries(ctx, desk.Place.Info().Location, journalLimit)
		return journalMsg{gen, entries, err}
	})
}

func (s *journalScreen) update(msg tea.Msg) tea.Cmd {
	m, ok := msg.(journalMsg)
	if !ok || m.gen != s.gen {
		return nil
	}
	if s.err = m.err; s.err != nil {
		s.state = failed
		return nil
	}
	s.state, s.entries = ready, m.entries
	s.table.SetSource(s)
	s.resize(s.w, s.h)
	return nil
}

// Len, Row and Key make the screen the table's source.
func (s *journalScreen) Len() int         { return len(s.entries) }
func (s *journalScreen) Key(i int) string { return fmt.Sprint(s.entries[i].ID) }
func (s *journalScreen) Row(i int) ([]grid.Cell, bool) {
	e, st := &s.entries[i], s.styles
	look := map[core.EntryState]grid.Style{core.EntryDone: st.good, core.EntryFailed: st.bad, core.EntryHalf: st.bad, core.EntryOpen: st.warn, core.EntryUndone: st.dim}[e.State]
	return []grid.Cell{{Text: fmt.Sprint(e.ID)}, {Text: s.clock(core.Some(e.At))}, {Text: string(e.Kind)}, {Text: string(e.State), Style: look},
		{Text: core.Visible(e.Summary)}, {Text: core.Visible(e.Who), Style: st.dim}}, true
}

func (s *journalScreen) current() *core.Entry {
	if len(s.entries) == 0 {
		return nil
	}
	return &s.entries[s.table.Cursor()]
}

func (s *journalScreen) resize(w, h int) {
	s.w, s.h = w, h
	s.table.SetSize(w, max(min(len(s.entries)+1, h/2), 2))
}

func (s *journalScreen) view(w, h int) string {
	st := s.styles
	switch {
	case s.state == failed:
		return "\n  " + st.bad.Paint("✗ "+core.Visible(s.err.Error()))
	case s.state != ready:
		return "\n  " + st.busy.Paint("◌ reading…")
	case len(s.entries) == 0:
		return "\n  " + st.dim.Paint("nothing has been changed here yet")
	}
	return s.table.View() + "\n" + st.border.Paint(strings.Repeat("─", w)) + "\n" + strings.Join(s.detail(w), "\n")
}

// detail tells what the entry under the cursor changed, field by field.
func (s *journalScreen) detail(w int) []string {
	e, st := s.current(), s.styles
	lines := wrapField(st.field("summary", core.Visible(e.Summary)), w)
	if e.Volume != "" {
		lines = append(lines, st.field("volume", core.Visible(string(e.Volume))))
	}
	if e.Backup != "" {
		lines = append(lines, st.field("from backup", core.Visible(string(e.Backup))))
	}
	for _, id := range e.Backups {
		lines = append(lines, st.field("backup", core.Visible(string(id))))
	}
	if e.Error != "" {
		lines = append(lines, wrapField(st.field("why", st.bad.Paint(core.Visible(e.Error))), w)...)
	}
	if e.Before == nil || e.After == nil {
		return lines
	}
	for _, name := range e.Before.Diff(*e.After) {
		before, after := sideOf(*e.Before, name), sideOf(*e.After, name)
		lines = append(lines, wrapField(st.field(core.Visible(name), st.removed.Paint(before)+" → "+st.added.Paint(after)), w)...)
	}
	return lines
}

// sideOf is the value of a field that State.Diff names.
func sideOf(s core.State, name string) string {
	v, ok := pyjson.None, true
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
		if key, image := strings.CutPrefix(name, "image metadata "); image {
			v, ok = s.Image.Get(key)
		} else if key, user := strings.CutPrefix(name, "metadata "); user {
			v, ok = s.Metadata.Get(key)
		}
	}
	switch {
	case !ok:
		return "(absent)"
	case v.IsNull():
		return "-"
	}
	if text, ok := v.Str(); ok {
		return `"` + core.Visible(text) + `"`
	}
	return core.Visible(pyjson.Text(v))
}

func (s *journalScreen) actions() []action {
	return append([]action{
		{keys: []string{"u"}, label: "undo this", help: "Take back the entry under the cursor", why: func() string {
			e := s.current()
			switch {
			case e == nil:
				return "there is none"
			case s.cannotWrite() != "":
				return s.cannotWrite()
			}
			if err := e.Undoable(); err != nil {
				return err.(*core.Error).What
			}
			return ""
		}, run: func() tea.Cmd { return s.undo(s.current().ID) }},
		{keys: []string{"enter"}, help: "Go to its volume", why: func() string {
			if e := s.current(); e == nil || e.Volume == "" {
				return "it has none"
			}
			return ""
		}, run: func() tea.Cmd { return open("volume", string(s.current().Volume)) }},
		{keys: []string{"ctrl+r"}, help: "Read it anew", run: s.load},
	}, tableMoves(s.table, func() tea.Cmd {
		s.resize(s.w, s.h)
		return nil
	})...)
}
