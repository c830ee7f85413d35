package browse

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/tui/grid"
	"hearth/tui/ui"
)

// What can be said of a list in a line: its filter, its order, its columns.

// Commands are the lines of a list.
func (s *listScreen[T]) Commands() []ui.Command {
	var columns []ui.MenuItem
	for _, c := range s.columns {
		hint := c.Title
		if c.Name == s.sort.Column {
			hint += ", now " + map[bool]string{true: "descending", false: "ascending"}[s.sort.Desc]
		}
		columns = append(columns, ui.MenuItem{Label: c.Name, Hint: hint})
	}
	return []ui.Command{
		{Name: "filter", Help: "show what fulfils it: status:error age>7d name~db word; nothing shows all", Run: s.filterBy},
		{Name: "sort", Help: "sort by a column; again, or with asc or desc, the other way round", Free: true,
			Words: func() []ui.MenuItem { return columns }, Run: s.sortBy},
		{Name: "columns", Run: s.showColumns,
			Help: "show these, in this order, name:40 in 40 cells: " + strings.Join(s.columnNames(), " ") + "; nothing shows the usual ones"},
		s.at.ViewCommand(s.host, s.saveView),
	}
}

// filterBy filters by a text.
func (s *listScreen[T]) filterBy(text string) tea.Cmd {
	if _, err := core.ParseFilter(s.within(text), s.columns); err != nil {
		return ui.Fail(err)
	}
	s.field.SetValue(text)
	cmd := s.setFilter(text)
	s.fitTable()
	return tea.Batch(cmd, s.remember())
}

// sortBy sorts by a column, the way round that is said.
func (s *listScreen[T]) sortBy(text string) tea.Cmd {
	words := strings.Fields(text)
	if len(words) == 0 {
		return s.chooseSort()
	}
	c, ok := s.columns.Find(words[0])
	if !ok {
		return ui.Fail(core.Fail(core.CodeUsage, "sort", "there is no column "+core.Visible(words[0]),
			ui.KeyOf("sort")+" shows those there are", nil))
	}
	desc := s.wayOf(c)
	switch {
	case len(words) > 1 && strings.HasPrefix(words[1], "asc"):
		desc = false
	case len(words) > 1 && strings.HasPrefix(words[1], "desc"):
		desc = true
	}
	return s.remembering(func() tea.Cmd { return s.setSort(c.Name, desc) })()
}

// wayOf is the way round in which a column is sorted by: the other one where it is already.
func (l *lister[T]) wayOf(c *core.Column[T]) (desc bool) {
	if c.Name == l.sort.Column {
		return !l.sort.Desc
	}
	return downFirst(c)
}

// arranged are the columns that were chosen, and their order.
type arranged struct {
	every []grid.Column // those there are
	order []int         // which of them; nil: all, as they are
	text  string        // as they are typed: see columnsOf
}

// columnNames are those of the columns there are.
func (l *lister[T]) columnNames() (names []string) {
	for _, c := range l.usual() {
		names = append(names, c.Name)
	}
	return names
}

// usual are the columns there are.
func (l *lister[T]) usual() []grid.Column {
	if l.chosenColumns.every != nil {
		return l.chosenColumns.every
	}
	return l.shown
}

// showColumns shows some columns, in the order in which they are named.
func (s *listScreen[T]) showColumns(text string) tea.Cmd {
	if err := s.putColumns(text); err != nil {
		return ui.Fail(err)
	}
	return tea.Batch(s.moved(), s.remember())
}

// arrange puts the cells of a row in the order of the columns.
func (l *lister[T]) arrange(cells []grid.Cell) []grid.Cell {
	if l.chosenColumns.order == nil {
		return cells
	}
	var out []grid.Cell
	for _, i := range l.chosenColumns.order {
		out = append(out, cells[i])
	}
	return append(out, cells[len(l.chosenColumns.every):]...)
}

// sortedUnseen names the column that the list is sorted by where that is out of sight; "" where
// it is seen.
func (l *lister[T]) sortedUnseen() string {
	c, ok := l.columns.Find(l.sort.Column)
	if !ok || slices.Contains(l.table.Shown(), l.sort.Column) {
		return ""
	}
	return "  by " + strings.ToLower(c.Title) + map[bool]string{true: " ▼", false: " ▲"}[l.sort.Desc]
}

// within is the text of a filter inside that with which the list was opened; the marked are shown
// wherever they come from.
func (l *lister[T]) within(text string) string {
	if l.only {
		return strings.TrimSpace(text)
	}
	return joined(l.begun, l.foldText(), text)
}

// joined are the parts of a filter as one text.
func joined(parts ...string) string {
	parts = slices.DeleteFunc(parts, func(p string) bool { return strings.TrimSpace(p) == "" })
	return strings.TrimSpace(strings.Join(parts, " "))
}

// typedText is what was typed of the filter that holds.
func (l *lister[T]) typedText() string {
	return strings.TrimSpace(strings.TrimPrefix(l.holds.Text, l.within("")))
}

// dropChip shows all rows, and not only those for which the list was opened.
func (l *lister[T]) dropChip() tea.Cmd {
	l.begun = ""
	return l.setFilter(l.field.Value())
}

// chip is the filter with which the list was opened, and what folds it, as things that can be taken
// away.
func (l *lister[T]) chip() (out string) {
	s := l.host.Look()
	if l.only {
		return s.Mark.Paint("[marked]") + " "
	}
	for _, text := range []string{l.begun, l.foldText()} {
		if text != "" {
			out += s.Mark.Paint("["+ui.Clip(core.Visible(text), 48)+"]") + " "
		}
	}
	return out
}

// provenColumn says when a drill last proved what a row is about, where there is an archive
// that knows.
var provenColumn = grid.Column{Name: core.ProvenColumn, Title: "PROVEN", Width: 6, Right: true, Drop: 7}

// showProven adds the column of what drills have proven, of what is the archive's to say.
func (l *lister[T]) showProven(of func(*T) *core.Proof) {
	if !l.at.Desk().KnowsProofs() {
		return
	}
	l.shown = append(slices.Clip(l.shown), provenColumn)
	cells := l.cells
	l.cells = func(row *T) []grid.Cell {
		cell, last := grid.Cell{Text: "?", Style: l.host.Look().Unknown}, cells(row)
		if p := of(row); p != nil && p.Unread == "" {
			cell = grid.Cell{Text: l.host.Look().Age(p.Proven)}
		}
		return slices.Insert(last, len(last)-1, cell) // the project's stays the last
	}
}
