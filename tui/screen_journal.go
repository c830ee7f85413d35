package tui

import (
	"context"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/jobs"
	"hearth/tui/grid"
)

// journalScreen lists what was changed, and takes it back.
type journalScreen struct {
	host Host
	at   *Stay
	read
	table   *grid.Model
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
	{Title: "WHEN", Width: 19},
	{Title: "WHAT", Width: 7},
	{Title: "STATE", Width: 8},
	{Title: "SUMMARY", Width: 40, Min: 20, Grow: 3},
	{Title: "WHO", Width: 20, Min: 14, Drop: 1},
}

func newJournal(host Host, at *Stay, _ openMsg) screen {
	return &journalScreen{host: host, at: at, table: grid.New(journalColumns, host.Look().grid())}
}

func (s *journalScreen) title() string   { return "Journal" }
func (s *journalScreen) init() tea.Cmd   { return s.load() }
func (s *journalScreen) resume() tea.Cmd { return s.load() }
func (s *journalScreen) restyle()        { s.table.SetStyles(s.host.Look().grid()) }

// journalLimit is how many entries are shown; hearth journal has them all.
const journalLimit = 1000

func (s *journalScreen) load() tea.Cmd {
	gen, desk := s.begin(), s.at.Desk()
	return s.host.Ask(func(ctx context.Context) tea.Msg {
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
	if !ok {
		return nil
	}
	cmd, ok := s.end(m.gen, m.err)
	if !ok {
		return cmd
	}
	s.entries = m.entries
	s.table.SetSource(s)
	s.resize(s.w, s.h)
	return nil
}

// Len, Row and Key make the screen the table's source.
func (s *journalScreen) Len() int         { return len(s.entries) }
func (s *journalScreen) Key(i int) string { return fmt.Sprint(s.entries[i].ID) }
func (s *journalScreen) Row(i int) ([]grid.Cell, bool) {
	e, st := &s.entries[i], s.host.Look()
	look := map[core.EntryState]grid.Style{core.EntryDone: st.good, core.EntryFailed: st.bad, core.EntryHalf: st.bad, core.EntryOpen: st.warn, core.EntryUndone: st.dim}[e.State]
	return []grid.Cell{{Text: fmt.Sprint(e.ID)}, {Text: s.host.Look().Clock(core.Some(e.At))}, {Text: string(e.Kind)}, {Text: string(e.State), Style: look},
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
	st := s.host.Look()
	switch {
	case s.state == failed:
		return failedView(st, s.err, "Ctrl-R tries again", w)
	case s.state != ready:
		return "\n  " + st.busy.Paint("◌ reading…")
	case len(s.entries) == 0:
		return "\n" + strings.Join(hang("  ", st.dim.Paint("nothing has been changed here yet: what is applied, undone and imported will stand here"), w-2), "\n")
	}
	return splitView(st, s.table, s.detail(), w, h)
}

// detail tells what the entry under the cursor changed, field by field.
func (s *journalScreen) detail() []line {
	e, st := s.current(), s.host.Look()
	lines := []line{field("summary", core.Visible(e.Summary)), field("who", core.Visible(e.Who))}
	if e.Volume != "" {
		lines = append(lines, field("volume", core.Visible(string(e.Volume))))
	}
	if e.Backup != "" {
		lines = append(lines, field("from backup", core.Visible(string(e.Backup))))
	}
	for _, id := range e.Backups {
		lines = append(lines, field("backup", core.Visible(string(id))))
	}
	for _, step := range e.Steps {
		sign, look := st.dim.Paint("  · "), st.dim
		if step.Done {
			sign, look = st.good.Paint("  ✓ "), st.text
		}
		lines = append(lines, line{sign: sign, value: look.Paint(core.Visible(step.What))})
	}
	if e.Error != "" {
		lines = append(lines, field("why", st.bad.Paint(core.Visible(e.Error))))
	}
	if e.Before == nil || e.After == nil {
		return lines
	}
	lines = append(lines, line{}, st.heading("before → after"))
	for _, name := range e.Before.Diff(*e.After) {
		before, after := sideOf(*e.Before, name), sideOf(*e.After, name)
		lines = append(lines, field(core.Visible(name), st.removed.Paint(before)+" → "+st.added.Paint(after)))
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

func (s *journalScreen) noEntry() string {
	if s.current() == nil {
		return "there is no entry under the cursor"
	}
	return ""
}

// notWith says why something cannot be done with the entry under the cursor, ""
// if it can.
func (s *journalScreen) notWith(check func(*core.Entry) error) string {
	if why := either(s.noEntry(), s.at.Cannot(core.OpWriteVolume)); why != "" {
		return why
	}
	if err := check(s.current()); err != nil {
		return whatOf(err)
	}
	return ""
}

func (s *journalScreen) actions() []action {
	return append([]action{
		{name: "undo-this", keys: []string{"u"}, label: "undo this", help: "Take back the entry under the cursor",
			why: func() string { return s.notWith((*core.Entry).Undoable) },
			run: func() tea.Cmd { return operator{s.host, s.at}.undo(s.current().ID) }},
		{name: "finish", keys: []string{"f"}, label: "finish this", minor: true, help: "Do the rest of the entry under the cursor, which ended half-way",
			why: func() string { return s.notWith((*core.Entry).Unfinished) }, run: s.confirmFinish},
		{keys: []string{"w"}, label: "details", minor: true, help: "Show all of the entry", why: s.noEntry, run: func() tea.Cmd {
			return show(&textBox{title: "The entry", lines: s.detail(), look: s.host.Look()})
		}},
		{keys: []string{"enter"}, label: "its volume", help: "Go to its volume", why: func() string {
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

// confirmFinish asks before the rest of an entry is done.
func (s *journalScreen) confirmFinish() tea.Cmd {
	e := s.current()
	q := asking(s.host.Look(), "Finish", fmt.Sprintf("Do the rest of entry %d?\n\n%s\n", e.ID, core.Visible(e.Summary)), "Finish",
		func() tea.Cmd { return s.finish(*e) })
	q.lines = append(q.lines, s.detail()...)
	q.lines = append(q.lines, s.at.InShell(s.host.Look(), "apply", "--resume", fmt.Sprint(e.ID))...)
	return show(q)
}

func (s *journalScreen) finish(e core.Entry) tea.Cmd {
	desk := s.at.Desk()
	_, cmd := s.at.Start(s.host, fmt.Sprintf("finishing entry %d", e.ID), Touching(s.at, "volume", e.Volume),
		func(ctx context.Context, _ jobs.Progress) Result {
			done, err := desk.Finish(ctx, e.ID)
			return wrote(fmt.Sprintf("Entry %d finished, as journal entry %d.", e.ID, done.ID), err)
		})
	return cmd
}
