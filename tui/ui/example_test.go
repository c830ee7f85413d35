package ui_test

import (
	"context"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/tui/grid"
	"hearth/tui/ui"
)

// notesScreen is a whole screen: a list that is read off the loop, with one action.
type notesScreen struct {
	host ui.Host
	ui.Read
	list  func(context.Context) ([]string, error) // handed in by the maker
	notes []string
	table *grid.Model
}

// notesMsg is the answer to load: success and failure come in one message, with the
// generation of the question.
type notesMsg struct {
	gen   ui.Generation
	notes []string
	err   error
}

// Notes is its maker. The line in tui/screens.go that makes it reachable:
//
//	{Name: "notes", Key: "N", Help: "Notes", Make: notes.Notes(at.Notes)},
//
// where at.Notes reads them: what a screen needs of a place its maker hands in.
func Notes(list func(context.Context) ([]string, error)) func(ui.Host, ui.Open) ui.Screen {
	return func(host ui.Host, _ ui.Open) ui.Screen {
		columns := []grid.Column{{Title: "NOTE", Width: 20, Grow: 1}}
		return &notesScreen{host: host, list: list, table: grid.New(columns, host.Look().Grid())}
	}
}

// Init asks for the rows; nothing is read in Update or View.
func (s *notesScreen) Init() tea.Cmd {
	gen, list := s.Begin(), s.list
	return s.host.Ask(func(ctx context.Context) tea.Msg {
		notes, err := list(ctx)
		return notesMsg{gen, notes, err}
	})
}

// Update takes the answer; what answers an older question is dropped by End.
func (s *notesScreen) Update(msg tea.Msg) tea.Cmd {
	m, ok := msg.(notesMsg)
	if !ok {
		return nil
	}
	cmd, ok := s.End(m.gen, m.err)
	if ok {
		s.notes = m.notes
		s.table.SetSource(s)
	}
	return cmd
}

// Resize is told the room before anything is drawn in it.
func (s *notesScreen) Resize(w, h int) { s.table.SetSize(w, h) }

// View draws, and changes nothing.
func (s *notesScreen) View(w, _ int) string {
	if s.State == ui.Failed {
		return ui.FailedView(s.host.Look(), s.Err, "", w)
	}
	return s.table.View()
}

// Actions are all that keys do here: the footer, the help and the table of keys are
// made of them.
func (s *notesScreen) Actions() []ui.Action {
	return append([]ui.Action{{
		Name: "copy", Keys: []string{"y"}, Label: "copy", Help: "Copy the note",
		Why: func() string {
			if len(s.notes) == 0 {
				return "there is no note under the cursor"
			}
			return ""
		},
		Run: func() tea.Cmd { return s.host.Copy(s.notes[s.table.Cursor()], "the note") },
	}}, ui.TableMoves(s.table, nil)...)
}

// Len, Row and Key make the screen the table's source.
func (s *notesScreen) Len() int         { return len(s.notes) }
func (s *notesScreen) Key(i int) string { return s.notes[i] }
func (s *notesScreen) Row(i int) ([]grid.Cell, bool) {
	return []grid.Cell{{Text: core.Visible(s.notes[i])}}, true
}

// A screen in forty lines: a list that is read off the loop, and one action.
func Example() {
	make := Notes(func(context.Context) ([]string, error) { return []string{"rotate the tapes"}, nil })
	screen := make(desk{}, ui.Open{})
	screen.Resize(20, 3)
	screen.Update(screen.Init()()) // the shell runs the command, and hands its answer back
	for line := range strings.Lines(screen.View(20, 3)) {
		fmt.Println(strings.TrimSpace(line))
	}
	fmt.Println(screen.Actions()[0].Help)
	// Output:
	// NOTE
	// > rotate the tapes
	// Copy the note
}

// desk is a host of the example's own: it answers at once.
type desk struct{ ui.Host }

func (desk) Look() ui.Look { return ui.Look{Styles: &ui.Styles{}} }

func (desk) Ask(work func(context.Context) tea.Msg) tea.Cmd {
	return func() tea.Msg { return work(context.Background()) }
}
