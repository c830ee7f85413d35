package browse

import (
	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/tui/state"
	"hearth/tui/ui"
)

// recall has the list looked at as it was the last time, under a name. One that was opened
// for something is looked at for that, and nothing is remembered of it.
func (s *listScreen[T]) recall(name string, o ui.Open) {
	if o.Aimed() {
		return
	}
	s.seenAs = name
	seen := s.at.Seen().Lists[name]
	s.hidden = seen.NoPane
	if _, ok := s.columns.Find(seen.Sort); ok {
		s.sort = core.Order{Column: seen.Sort, Desc: seen.Desc}
		s.table.SetSort(s.sort.Column, s.sort.Desc)
	}
	s.folded = seen.Fold && s.folder != nil
	f, err := core.ParseFilter(s.within(seen.Filter), s.columns)
	if err == nil {
		s.field.SetValue(seen.Filter)
	} else { // of another hearth
		f, _ = core.ParseFilter(s.within(""), s.columns)
	}
	s.holds = f
	s.putColumns(seen.Columns) // of another hearth there may be one that this has not
	if v, ok := s.at.View(o.View); ok {
		s.wrong = s.lookBy(v)
	}
}

// remember remembers how the list is looked at.
func (s *listScreen[T]) remember() tea.Cmd {
	if s.seenAs == "" {
		return nil
	}
	l := state.List{Filter: s.typedText(), Fold: s.folded, NoPane: s.hidden, Columns: s.chosenColumns.text}
	if s.only {
		l.Filter = s.before
	}
	if s.sort != firstOrder {
		l.Sort, l.Desc = s.sort.Column, s.sort.Desc
	}
	return s.at.RememberList(s.host, s.seenAs, l)
}

// remembering does something that changes how the list is looked at, and remembers it.
func (s *listScreen[T]) remembering(run func() tea.Cmd) func() tea.Cmd {
	return func() tea.Cmd {
		cmd := run()
		return tea.Batch(cmd, s.remember())
	}
}
