package tui

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
)

// listScreen is a list with a live detail pane beside it where the terminal is
// wide. Backups and volumes are each one of these.
type listScreen[T any] struct {
	*lister[T]
	noun   string
	open   func(*T) tea.Cmd                            // enter
	own    func() []action                             // the kind's own actions
	lines  func(*T) []string                           // what the pane shows of a row
	detail func(ctx context.Context, row T) (T, error) // reads a row with all that belongs to it
	hidden bool                                        // the pane is turned off
	pane   paneOf[T]
	w, h   int
}

// paneOf is the row that the pane shows.
type paneOf[T any] struct {
	gen generation
	key string
	row *T // with all that belongs to it, nil until that is here
	top int
}

// paneLoadedMsg is the answer for the pane.
type paneLoadedMsg[T any] struct {
	gen generation
	row T
	err error
}

// wideEnough is the width from which the pane stands beside the list.
const wideEnough = 120

func (s *listScreen[T]) paneShown() bool { return s.w >= wideEnough && !s.hidden }

// listWidth is the list's share of the width.
func (s *listScreen[T]) listWidth() int {
	if s.paneShown() {
		return s.w - s.paneWidth() - 2
	}
	return s.w
}

func (s *listScreen[T]) paneWidth() int { return min(max(s.w/3, 46), 70) }

func (s *listScreen[T]) init() tea.Cmd { return s.reload() }

// resume reads anew: something may have happened meanwhile.
func (s *listScreen[T]) resume() tea.Cmd { return s.reload() }

func (s *listScreen[T]) restyle() { s.table.SetStyles(s.styles.grid()) }

func (s *listScreen[T]) wantsText() bool { return s.typing }

func (s *listScreen[T]) key(k tea.KeyPressMsg) tea.Cmd { return s.filterKey(k) }

// heads is how many lines stand above the table: counts, and the filter.
func (s *listScreen[T]) heads() int {
	if s.typing || s.query.Filter.Text != "" {
		return 2
	}
	return 1
}

func (s *listScreen[T]) resize(w, h int) {
	s.w, s.h = w, h
	s.table.SetSize(s.listWidth(), h-s.heads())
}

func (s *listScreen[T]) update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case pageLoadedMsg[T]:
		cmd := s.loaded(msg)
		s.resize(s.w, s.h)
		return tea.Batch(cmd, s.look())
	case paneLoadedMsg[T]:
		if msg.gen == s.pane.gen && msg.err == nil {
			s.pane.row = &msg.row
		}
		return nil
	case markedMsg:
		if msg.err != nil {
			return func() tea.Msg { return failure(msg.err) }
		}
		for _, key := range msg.keys {
			s.table.Mark(key)
		}
		return note(info, thousands(len(msg.keys))+" marked.")
	case tickMsg:
		return s.refresh()
	case tea.PasteMsg:
		return s.filterMsg(msg)
	}
	if s.typing {
		return s.filterMsg(msg)
	}
	return nil
}

// refresh looks whether anything is new; cheap where nothing is.
func (s *listScreen[T]) refresh() tea.Cmd {
	if s.asking || s.state == failed {
		return nil
	}
	return s.reload()
}

// moved follows a movement of the cursor.
func (s *listScreen[T]) moved() tea.Cmd { return tea.Batch(s.more(), s.look()) }

// look shows the row under the cursor in the pane: at once what the list knows,
// and when it is here all that belongs to it.
func (s *listScreen[T]) look() tea.Cmd {
	row := s.current()
	if row == nil {
		s.pane = paneOf[T]{gen: s.pane.gen.next()}
		return nil
	}
	key := s.id(row)
	if key != s.pane.key {
		s.pane.top, s.pane.row = 0, nil
	}
	s.pane.key = key
	if !s.paneShown() {
		return nil
	}
	gen, detail, copied := s.pane.gen.next(), s.detail, *row
	return s.base.ask(func(ctx context.Context) tea.Msg {
		full, err := detail(ctx, copied)
		return paneLoadedMsg[T]{gen, full, err}
	})
}

func (s *listScreen[T]) view(w, h int) string {
	st := s.styles
	head := st.accent.Paint(s.count(s.noun))
	if s.page.AsOf.Set {
		head += st.warn.Paint("  as of " + s.clock(s.page.AsOf) + ", " + s.age(s.page.AsOf) + " ago")
	}
	lw := s.listWidth()
	if s.heads() == 2 {
		head += "\n" + s.filterLine(lw)
	}
	var body string
	switch {
	case s.state == loading && s.total == 0:
		body = st.busy.Paint("  ◌ reading…")
	case s.state == failed && s.total == 0:
		body = "  " + st.bad.Paint("✗ "+core.Visible(s.err.Error())) + "\n  " + st.dim.Paint("Ctrl-R tries again, e shows the cause")
		body = strings.Join(wrap(body, max(lw-2, 1)), "\n")
	case s.total == 0 && s.query.Filter.Text != "":
		body = st.dim.Paint("  no " + s.noun + " fulfils the filter; Esc in the filter clears it")
	case s.total == 0:
		body = st.dim.Paint("  there are no " + s.noun + "s here")
	default:
		body = s.table.View()
	}
	list := fit(head+"\n"+body, lw, h)
	if !s.paneShown() {
		return list
	}
	return beside(list, s.paneView(s.paneWidth(), h), lw, s.paneWidth(), h, st.border)
}

func (s *listScreen[T]) paneView(w, h int) string {
	row := s.current()
	if s.pane.row != nil && row != nil && s.id(s.pane.row) == s.id(row) {
		row = s.pane.row
	}
	if row == nil {
		return ""
	}
	var lines []string
	for _, l := range s.lines(row) {
		lines = append(lines, wrapField(l, w)...)
	}
	shown, top := window(lines, s.pane.top, h)
	if rest := len(lines) - top - len(shown); rest > 0 && len(shown) > 0 {
		shown = append(append([]string{}, shown[:len(shown)-1]...), s.styles.dim.Paint("… more: Enter opens it"))
	}
	return strings.Join(shown, "\n")
}

// actions are what keys do in every list, and then the kind's own.
func (s *listScreen[T]) actions() []action {
	noRow := func() string {
		if s.current() == nil {
			return "there is no " + s.noun + " under the cursor"
		}
		return ""
	}
	out := []action{
		{keys: []string{"enter"}, label: "open", help: "Open it: every field, what it captures and restores, its chain", why: noRow, run: func() tea.Cmd { return s.open(s.current()) }},
		{keys: []string{"/"}, label: "filter", help: "Filter as you type: name~db status:error age>30d size>=10 kind:incr word", run: func() tea.Cmd {
			s.typing = true
			s.resize(s.w, s.h)
			return s.filter.Focus()
		}},
		{keys: []string{"space"}, label: "mark", help: "Mark the row, or take its mark away", why: noRow, run: func() tea.Cmd {
			s.table.Toggle()
			s.table.Step(1)
			return s.moved()
		}},
		{keys: []string{"a"}, help: "Mark all that fulfil the filter", run: s.markAll},
		{keys: []string{"A"}, help: "Take all marks away", run: func() tea.Cmd { s.table.Unmark(); return nil }},
		{keys: []string{"s"}, label: "sort", help: "Sort by a column", run: s.chooseSort},
		{keys: []string{"S"}, help: "Turn the order round", run: func() tea.Cmd { return s.setSort(s.sort.Column, !s.sort.Desc) }},
	}
	out = append(out, s.own()...)
	out = append(out,
		action{keys: []string{"d"}, help: "Show or hide the detail pane", why: func() string {
			if s.w < wideEnough {
				return "the terminal is narrower than 120 columns; Enter opens the details"
			}
			return ""
		}, run: func() tea.Cmd {
			s.hidden = !s.hidden
			s.resize(s.w, s.h)
			return s.look()
		}},
		action{keys: []string{"ctrl+r"}, help: "Read the list anew", run: s.reload},
	)
	return append(out, tableMoves(s.table, s.moved)...)
}

// markedMsg brings the keys of all rows that fulfil the filter.
type markedMsg struct {
	keys []string
	err  error
}

// markAll marks every row that fulfils the filter, those not on screen as well.
func (s *listScreen[T]) markAll() tea.Cmd {
	q, ask, id := s.query, s.lister.ask, s.id
	q.Sort, q.Now = []core.Order{s.sort}, s.now
	return s.base.ask(func(ctx context.Context) tea.Msg {
		page, err := ask(ctx, q)
		var m markedMsg
		m.err = err
		for i := range page.Rows {
			m.keys = append(m.keys, id(&page.Rows[i]))
		}
		return m
	})
}

func (s *listScreen[T]) chooseSort() tea.Cmd {
	var items []menuItem
	at := 0
	for i, c := range s.columns {
		hint := ""
		if c.Name == s.sort.Column {
			at = i
			hint = map[bool]string{true: "now, descending", false: "now, ascending"}[s.sort.Desc]
		}
		items = append(items, menuItem{label: c.Title, hint: hint})
	}
	return show(&menuBox{title: "Sort by", items: items, at: at, pick: func(i int) tea.Cmd {
		c := s.columns[i]
		desc := c.Kind == core.TimeColumn || c.Kind == core.SizeColumn || c.Kind == core.NumberColumn
		if c.Name == s.sort.Column {
			desc = !s.sort.Desc
		}
		return s.setSort(c.Name, desc)
	}})
}

// chosen is what an action on several works on: the marked rows, else the one
// under the cursor.
func (s *listScreen[T]) chosen() []string {
	if s.table.Marks() > 0 {
		return s.table.MarkedKeys()
	}
	if key := s.table.Key(); key != "" {
		return []string{key}
	}
	return nil
}
