package browse

import (
	"context"
	"reflect"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/tui/ui"
)

// The pane beside a list, which shows the row under the cursor. While the cursor moves it
// keeps what it shows, marked as not of this row: over a slow line a pane drawn anew for
// each row that a held key passes costs more than the list.

// paneOf is the row that the pane shows.
type paneOf[T any] struct {
	gen    ui.Generation
	key    string
	next   string // the row that the cursor is coming to rest on, "" if on none
	row    *T     // nil: nothing was under the cursor yet
	whole  bool   // with all that belongs to it
	listed T      // as the list had it when the rest was asked for
	latest ui.Latest
}

// paneLoadedMsg is the answer for the pane.
type paneLoadedMsg[T any] struct {
	gen ui.Generation
	row T
	err error
}

// lookMsg says that the cursor has come to rest.
type lookMsg struct{ gen ui.Generation }

// rest is how long the cursor stands on a row before the pane shows it.
const rest = 100 * time.Millisecond

// linger is how long it stands there before a cloud is asked for all that belongs to the
// row: that is a request.
const linger = 150 * time.Millisecond

// lingerMsg says that it has.
type lingerMsg struct{ gen ui.Generation }

// look has the pane show the row under the cursor once that rests there. again: also
// where it is shown already, for it may have changed.
func (s *listScreen[T]) look(again bool) tea.Cmd {
	row := s.current()
	if row != nil && s.pane.next == s.id(row) && s.paneShown() {
		return nil // it will be read when the cursor has rested
	}
	s.pane.next = ""
	gen := s.pane.gen.Next() // what would come of a row that was passed is not wanted
	switch first := s.pane.row == nil; {
	case row == nil && s.page.Total > 0: // it is not here yet
		return nil
	case row == nil, !s.paneShown():
		s.pane.latest.End()
		s.pane = paneOf[T]{gen: gen}
		return nil
	case s.pane.whole && s.id(row) == s.pane.key && !again:
		return nil
	case first:
		return s.lookUp(lookMsg{gen})
	}
	s.pane.next = s.id(row)
	return s.host.Later(rest, lookMsg{gen})
}

// shows has the pane show what the list knows of a row.
func (s *listScreen[T]) shows(row *T) {
	listed := *row
	if s.pane.row == nil || s.pane.key != s.id(row) {
		s.pane.key, s.pane.row, s.pane.whole = s.id(row), &listed, false
	}
	s.pane.listed = listed
}

// changed reports whether the list has another thing to say of the row in the pane than
// when that was read.
func (s *listScreen[T]) changed() bool {
	row := s.current()
	return row != nil && (s.pane.row == nil || s.id(row) != s.pane.key || !reflect.DeepEqual(*row, s.pane.listed))
}

// lookUp shows the row under the cursor: at once what the list knows, and when it is
// here all that belongs to it.
func (s *listScreen[T]) lookUp(msg lookMsg) tea.Cmd {
	row := s.current()
	if msg.gen == s.pane.gen {
		s.pane.next = ""
	}
	if row == nil || msg.gen != s.pane.gen || !s.host.Shown() || !s.paneShown() || s.pending() {
		return nil
	}
	s.shows(row)
	switch {
	case s.offline != nil:
		return nil
	case s.at.Info().Kind == core.PlaceCloud:
		return s.host.Later(linger, lingerMsg(msg))
	}
	return s.readWhole(msg.gen)
}

// readWhole reads all that belongs to the row in the pane.
func (s *listScreen[T]) readWhole(gen ui.Generation) tea.Cmd {
	row := s.current()
	if row == nil || gen != s.pane.gen || !s.host.Shown() || s.pending() {
		return nil
	}
	detail, copied := s.detail, *row
	return s.pane.latest.Ask(s.host, func(ctx context.Context) tea.Msg {
		full, err := detail(ctx, copied)
		return paneLoadedMsg[T]{gen, full, err}
	})
}

func (s *listScreen[T]) paneLoaded(msg paneLoadedMsg[T]) tea.Cmd {
	switch {
	case msg.gen != s.pane.gen:
		return nil
	case msg.err != nil:
		return ui.Fail(msg.err)
	}
	s.pane.row, s.pane.whole = &msg.row, true
	return nil
}

func (s *listScreen[T]) paneView(w, h int) string {
	if s.pane.row == nil {
		return ""
	}
	look := s.host.Look()
	lines := look.Lay(s.lines(s.pane.row), w)
	if row := s.current(); len(lines) > 0 && (row == nil || s.id(row) != s.pane.key || s.pending()) {
		lines[0] = ui.Clip(look.Busy.Paint("◌ not of this row"), w)
	}
	if len(lines) > h && h > 0 {
		lines = append(lines[:h-1], look.Dim.Paint("↓ more: "+ui.KeyOf("open")+" opens it"))
	}
	return strings.Join(lines, "\n")
}
