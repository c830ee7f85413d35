package browse

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/tui/grid"
	"hearth/tui/state"
	"hearth/tui/ui"
)

// How a list is looked at, as a text: for lines, for what is remembered, for saved views.

// sortOf takes a text apart that says an order: "size", "size asc", "size desc". Where it does not
// say the way round, what is newest, largest or most comes first.
func sortOf[T any](text string, columns core.Columns[T]) (core.Order, error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return firstOrder, nil
	}
	c, ok := columns.Find(words[0])
	if !ok {
		return core.Order{}, core.Fail(core.CodeUsage, "sort", "there is no column "+core.Visible(words[0]),
			ui.KeyOf("sort")+" shows those there are", nil)
	}
	o := core.Order{Column: c.Name, Desc: downFirst(c)}
	switch {
	case c.Name == core.ProvenColumn:
		return core.Order{}, jobs.NoProvenOrder()
	case len(words) > 2 || len(words) == 2 && !strings.HasPrefix(words[1], "asc") && !strings.HasPrefix(words[1], "desc"):
		return o, core.Fail(core.CodeUsage, "sort by "+c.Name, "the way round is asc or desc, and not "+
			core.Visible(strings.Join(words[1:], " ")), "", nil)
	case len(words) == 2:
		o.Desc = strings.HasPrefix(words[1], "desc")
	}
	return o, nil
}

// downFirst reports whether a column is sorted by downwards first.
func downFirst[T any](c *core.Column[T]) bool {
	return c.Kind == core.TimeColumn || c.Kind == core.SizeColumn || c.Kind == core.NumberColumn
}

// sortText is an order as [sortOf] reads it; "" is that of a list that nobody has sorted.
func sortText(o core.Order) string {
	if o == firstOrder {
		return ""
	}
	return o.Column + map[bool]string{true: " desc", false: " asc"}[o.Desc]
}

// widest is how many cells a column can be given.
const widest = 200

// columnsOf takes a text apart that names columns in their order, with a width or without one:
// "name:40,size". Those there are stand in every.
func columnsOf(text string, every []grid.Column) (a arranged, shown []grid.Column, err error) {
	var names []string
	for _, c := range every {
		names = append(names, c.Name)
	}
	a.every = every
	for n, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
		name, width, given := strings.Cut(word, ":")
		i := slices.IndexFunc(every, func(c grid.Column) bool { return strings.EqualFold(c.Name, name) || strings.EqualFold(c.Title, name) })
		tried := "show the column " + core.Visible(name)
		switch {
		case i < 0:
			return a, nil, core.Fail(core.CodeUsage, tried, "the list has none of that name", "it has "+strings.Join(names, ", "), nil)
		case slices.Contains(a.order, i):
			continue
		}
		c := every[i]
		c.Drop = n // what is named last goes first where there is no room
		said := c.Name
		if given {
			w, err := strconv.Atoi(width)
			if err != nil || w < 1 || w > widest {
				return a, nil, core.Fail(core.CodeUsage, tried, "its width is a number of cells from 1 to "+
					strconv.Itoa(widest)+", as in name:40", "", nil)
			}
			c.Width, c.Min, c.Grow = w, w, 0
			said = fmt.Sprintf("%s:%d", c.Name, w)
		}
		a.order, shown, a.text = append(a.order, i), append(shown, c), strings.TrimPrefix(a.text+","+said, ",")
	}
	if len(a.order) == 0 {
		return arranged{}, every, nil
	}
	return a, shown, nil
}

// putColumns shows columns as a text has them.
func (l *lister[T]) putColumns(text string) error {
	a, shown, err := columnsOf(text, l.usual())
	if err == nil {
		l.chosenColumns, l.shown = a, shown
		l.table.SetColumns(l.inView())
	}
	return err
}

// seen is how the list is looked at now, as a view.
func (s *listScreen[T]) seen() state.View {
	v := state.View{List: s.noun + "s", Filter: joined(s.begun, s.typedText()), Sort: sortText(s.sort), Columns: s.chosenColumns.text,
		Fold: s.folded}
	if s.only {
		v.Filter = s.before
	}
	return v
}

// lookBy looks at the list as a view has it.
func (s *listScreen[T]) lookBy(v state.View) error {
	o, err := sortOf(v.Sort, s.columns)
	if err != nil {
		return err
	}
	if _, err := core.ParseFilter(v.Filter, s.columns); err != nil {
		return err
	}
	if err := s.putColumns(v.Columns); err != nil {
		return err
	}
	s.shut()
	s.sort, s.begun, s.before = o, "", ""
	s.mistake, s.typing, s.only = nil, false, false
	s.folded = v.Fold && s.folder != nil
	if s.holds, err = core.ParseFilter(s.within(v.Filter), s.columns); err != nil {
		return err
	}
	s.field.Blur()
	s.field.SetValue(v.Filter)
	s.letters.end()
	s.table.SetSort(o.Column, o.Desc)
	s.anew = true
	s.fitTable()
	return nil
}

// Reopen looks at the list as a saved view has it.
func (s *listScreen[T]) Reopen(o ui.Open) tea.Cmd {
	v, ok := s.at.View(o.View)
	if !ok {
		return s.Resume()
	}
	if err := s.lookBy(v); err != nil {
		return tea.Batch(ui.Fail(err), s.Resume())
	}
	return tea.Batch(s.reload(), s.remember())
}

// saveView saves how the list is looked at under a name.
func (s *listScreen[T]) saveView(name string) tea.Cmd { return s.at.SaveView(s.host, name, s.seen()) }

// CheckView says what is wrong with a view of the config: its setting and why; "" where nothing is.
func CheckView(v state.View, nearest func(word string, of []string) string) (key, what string) {
	near := func(what, word string, of []string) string {
		if n := nearest(word, of); n != "" {
			what += ": write " + n
		}
		return what
	}
	switch v.ListName() {
	case "backups":
		return checkView(v, core.ListedBackups, append(slices.Clip(backupColumns), provenColumn), near)
	case "volumes":
		if v.Fold {
			return "fold", "only backups stand on each other: a list of volumes has no chains to fold"
		}
		return checkView(v, core.ListedVolumes, append(slices.Clip(volumeColumns), provenColumn), near)
	}
	return "list", near(v.List+" is neither backups nor volumes", v.List, []string{"backups", "volumes"})
}

func checkView[T any](v state.View, columns core.Columns[T], shown []grid.Column,
	near func(what, word string, of []string) string) (key, what string) {
	var all, seen []string
	for _, c := range columns {
		all = append(all, c.Name)
	}
	for _, c := range shown {
		seen = append(seen, c.Name)
	}
	if _, err := core.ParseFilter(v.Filter, columns); err != nil {
		return "filter", ui.WhatOf(err)
	}
	if _, err := sortOf(v.Sort, columns); err != nil {
		word, _, _ := strings.Cut(strings.TrimSpace(v.Sort), " ")
		if _, ok := columns.Find(word); ok {
			return "sort", ui.WhatOf(err)
		}
		return "sort", near(ui.WhatOf(err), word, all)
	}
	for _, word := range strings.FieldsFunc(v.Columns, func(r rune) bool { return r == ',' || r == ' ' }) {
		name, _, _ := strings.Cut(word, ":")
		if _, _, err := columnsOf(word, shown); err != nil {
			what := ui.WhatOf(err)
			if !slices.Contains(seen, name) {
				what = near("there is no column "+name, name, seen)
			}
			return "columns", what
		}
	}
	return "", ""
}
