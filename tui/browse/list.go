package browse

import (
	"context"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/tui/ui"
)

// listScreen is a list with a live detail pane beside it where the terminal is
// wide. Backups and volumes are each one of these.
type listScreen[T any] struct {
	*lister[T]
	noun   string
	open   func(*T) tea.Cmd                            // enter
	own    func() []ui.Action                          // the kind's own actions
	lines  func(*T) []ui.Line                          // what the pane shows of a row
	detail func(ctx context.Context, row T) (T, error) // reads a row with all that belongs to it
	hidden bool                                        // the pane is turned off
	seenAs string                                      // under which name it is remembered how it is looked at; "": it is not
	pane   paneOf[T]
	// renewed: something was done, so that the pane is read anew though the list shows no
	// change.
	renewed bool
	wrong   error // with the view that it was opened by
	w, h    int
}

// narrowest is the width that the list keeps beside the pane: that of a small terminal, as
// columns tell rows apart, and the pane tells of one.
const narrowest = 80

func (s *listScreen[T]) paneShown() bool { return s.noPane() == "" && !s.hidden }

// listWidth is the list's share of the width.
func (s *listScreen[T]) listWidth() int {
	if s.paneShown() {
		return s.w - s.paneWidth() - 2
	}
	return s.w
}

func (s *listScreen[T]) paneWidth() int { return min(max(s.w*3/8, 52), 70) }

func (s *listScreen[T]) Init() tea.Cmd {
	if s.wrong != nil {
		return tea.Batch(ui.Fail(s.wrong), s.reload())
	}
	return s.reload()
}

// Resume reads anew: something may have happened meanwhile.
func (s *listScreen[T]) Resume() tea.Cmd { return s.reload() }

func (s *listScreen[T]) Restyle() { s.table.SetStyles(s.host.Look().Grid()) }

func (s *listScreen[T]) WantsText() bool { return s.typing }

func (s *listScreen[T]) Type(k tea.KeyPressMsg) tea.Cmd { return s.typed(k) }

// FieldActions are the lister's; the filter's line comes and goes with them.
func (s *listScreen[T]) FieldActions() []ui.Action {
	out := s.lister.fieldActions()
	for i := range out {
		out[i].Run = s.remembering(s.refitted(out[i].Run))
	}
	return out
}

// refitted does something that may change how many lines stand above the table.
func (s *listScreen[T]) refitted(run func() tea.Cmd) func() tea.Cmd {
	return func() tea.Cmd {
		cmd := run()
		s.fitTable()
		return cmd
	}
}

// heads is how many lines stand above the table: counts, the filter, and what is folded.
func (s *listScreen[T]) heads() int {
	switch {
	case s.folding():
		return 3
	case s.typing || s.holds.Text != "" || s.only:
		return 2
	}
	return 1
}

func (s *listScreen[T]) Resize(w, h int) {
	s.w, s.h = w, h
	s.fitTable()
}

// fitTable gives the table its room.
func (s *listScreen[T]) fitTable() { s.table.SetSize(s.listWidth(), s.h-s.heads()) }

func (s *listScreen[T]) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case pageLoadedMsg[T]:
		return s.pageLoaded(msg)
	case readOnMsg:
		return s.readOn(msg)
	case fadeMsg:
		s.fade(msg)
	case collectedMsg:
		return s.collected(msg)
	case countedMsg:
		s.takeCount(msg)
	case belowMsg[T]:
		return tea.Batch(s.takeBelow(msg), s.more(), s.look(s.at.Info().Kind != core.PlaceCloud || s.changed()))
	case leftOutMsg:
		s.takeLeftOut(msg)
	case lookMsg:
		return s.lookUp(msg)
	case lingerMsg:
		return s.readWhole(msg.gen)
	case paneLoadedMsg[T]:
		return s.paneLoaded(msg)
	case allMarkedMsg[T]:
		return s.markBesides(msg)
	case chosenMsg[T]:
		return s.chosen(msg)
	case ui.Changed:
		s.forget(msg.Gone)
		s.renewed = true
		return s.unmarked()
	case tea.WindowSizeMsg:
		return s.moved()
	case ui.TickMsg: // cheap where nothing is new
		if s.asking || s.hopeless() {
			return nil
		}
		return s.reload()
	case tea.PasteMsg:
		return s.typed(msg)
	}
	return nil
}

// pageLoaded takes an answer of the list, and has the pane follow. In a cloud the pane is
// only read anew where the list shows that it has changed: each is a request.
func (s *listScreen[T]) pageLoaded(msg pageLoadedMsg[T]) tea.Cmd {
	stale := msg.gen != s.Gen
	cmd := s.loaded(msg)
	s.fitTable()
	if stale {
		return cmd
	}
	if s.offline == nil && s.page.Complete {
		cmd = tea.Batch(cmd, s.belowAgain(s.renewed), s.askLeftOut(s.renewed))
	}
	again := s.renewed || s.at.Info().Kind != core.PlaceCloud || s.changed()
	if s.page.Complete {
		s.renewed = false
	}
	if s.page.Complete && again || s.current() != nil && s.id(s.current()) != s.pane.key {
		cmd = tea.Batch(cmd, s.look(again))
	}
	return cmd
}

// hopeless reports whether asking again by itself would not help, or do harm, as a
// wrong password given again and again does.
func (s *listScreen[T]) hopeless() bool {
	code := core.CodeOf(s.offline)
	return code == core.CodeDenied || s.State == ui.Failed && code != core.CodeUnavailable
}

// moved follows a movement of the cursor.
func (s *listScreen[T]) moved() tea.Cmd { return tea.Batch(s.more(), s.look(false)) }

func (s *listScreen[T]) View(w, h int) string {
	lw := s.listWidth()
	head := s.head(s.listed(), lw)
	if s.heads() > 1 {
		head += "\n" + s.filterLine(lw)
	}
	if s.heads() > 2 {
		head += "\n" + s.foldLine(lw)
	}
	list := ui.Fit(head+"\n"+s.body(lw), lw, h)
	if !s.paneShown() {
		return list
	}
	return ui.SideBySide(list, s.paneView(s.paneWidth(), h), lw, s.paneWidth(), h, s.host.Look().Border)
}

// body is the table, or why there is none.
func (s *listScreen[T]) body(w int) string {
	st := s.host.Look()
	var what string
	switch {
	case s.page.Total > 0:
		return s.table.View()
	case s.State == ui.Failed:
		what = st.Bad.Paint("✗ "+core.Visible(s.Err.Error())) + "\n\n" +
			st.Dim.Paint(ui.KeyOf("reread")+" tries again, "+ui.KeyOf("message")+" shows the cause, "+ui.KeyOf("go-places")+" goes to another place")
	case s.State != ui.Ready, !s.page.Complete && s.offline == nil:
		what = st.Busy.Paint("◌ reading…")
	case s.only && s.holds.Text == "":
		what = st.Dim.Paint("what was marked is here no longer; " + ui.KeyOf("only-marked") + " shows all")
	case s.folding() && s.typedText() == "":
		what = st.Dim.Paint("there are no " + s.listed() + "s here; " + ui.KeyOf("fold-chains") + " shows all")
	case s.holds.Text != "":
		what = st.Dim.Paint("no " + s.listed() + " fulfils the filter; " + ui.KeyOf("unfilter") + " goes back")
	default:
		what = st.Dim.Paint("there are no " + s.noun + "s here yet")
	}
	return "\n" + strings.Join(ui.Hang("  ", what, w-2), "\n")
}

func (s *listScreen[T]) noRow() string {
	if why := s.noAct(); why != "" {
		return why
	}
	if s.current() == nil {
		return "there is no " + s.noun + " under the cursor"
	}
	return ""
}

// Actions are what keys do in every list, with the kind's own among them.
func (s *listScreen[T]) Actions() []ui.Action {
	return slices.Concat(s.finding(s.opens()), s.folds(), s.own(), s.ordering(s.marking()), s.moves())
}

// moves are the keys that move the cursor; the last row may be further on than is known.
func (s *listScreen[T]) moves() []ui.Action {
	out := ui.Moves(s.table, s.moved)
	for i := range out {
		if out[i].Name == "end" {
			out[i].Run = func() tea.Cmd {
				s.toEnd()
				return s.moved()
			}
		}
	}
	return out
}

// opens opens the row under the cursor.
func (s *listScreen[T]) opens() ui.Action {
	return ui.Action{Name: "open", Keys: []string{"enter"}, Label: "open", Help: "Open it: every field, its capture, its chain", Why: s.noRow,
		Run: func() tea.Cmd { return s.open(s.current()) }}
}

// inLists puts actions under the heading of what every list can do.
func inLists(actions []ui.Action) []ui.Action {
	for i := range actions {
		actions[i].Group = "Lists"
	}
	return actions
}

// finding are what Enter does, and the filter.
func (s *listScreen[T]) finding(enter ui.Action) []ui.Action {
	out := []ui.Action{enter,
		{Name: "filter", Keys: []string{"/"}, Label: "filter", Help: "Filter as you type: name~db status:error age>30d size>=10 kind:incr word",
			Run: s.refitted(func() tea.Cmd {
				s.typing = true
				return s.field.Focus()
			})}}
	switch {
	case s.holds.Text != s.within(""):
		out = append(out,
			ui.Action{Name: "unfilter", Keys: []string{"esc"}, Label: "all again", Help: "Clear the filter",
				Run: s.remembering(s.refitted(s.resetFilter))})
	case s.only:
		out = append(out, ui.Action{Name: "unfilter", Keys: []string{"esc"}, Label: "all again",
			Help: "Show all again, and not only what is marked", Run: s.refitted(s.allAgain)})
	}
	if s.begun != "" && !s.only {
		out = append(out, ui.Action{Name: "drop-filter", Keys: []string{"backspace"}, Label: "all " + s.noun + "s",
			Help: "Show all, and not only those for which the list was opened", Run: s.refitted(s.dropChip)})
	}
	return inLists(out)
}

// marking marks rows.
func (s *listScreen[T]) marking() []ui.Action {
	return []ui.Action{
		{Name: "mark", Keys: []string{"space"}, Label: "mark", Minor: true, Help: "Mark the row, or take its mark away", Why: s.noRow,
			Run: func() tea.Cmd {
				s.mark()
				s.table.Step(1)
				return tea.Batch(s.moved(), s.unmarked())
			}},
		{Name: "mark-all", Keys: []string{"a"}, Help: "Mark all that fulfil the filter", Why: s.noMarking, Run: s.markAll},
		{Name: "unmark", Keys: []string{"A"}, Help: "Take all marks away", Run: s.refitted(func() tea.Cmd { s.unmark(); return s.unmarked() })},
		s.onlyMarked(),
	}
}

// ordering is the rest: the marks, the order, the pane.
func (s *listScreen[T]) ordering(marks []ui.Action) []ui.Action {
	return inLists(append(marks,
		ui.Action{Name: "sort", Keys: []string{"s"}, Label: "sort", Minor: true, Help: "Sort by a column", Run: s.chooseSort},
		ui.Action{Name: "turn-order", Keys: []string{"S"}, Help: "Turn the order round",
			Run: s.remembering(func() tea.Cmd { return s.setSort(s.sort.Column, !s.sort.Desc) })},
		ui.Action{Name: "pane", Keys: []string{"d"}, Help: "Show or hide the detail pane", Why: s.noPane, Run: func() tea.Cmd {
			s.hidden = !s.hidden
			s.fitTable()
			return tea.Batch(s.moved(), s.remember())
		}},
		ui.Action{Name: "reread", Keys: []string{"ctrl+r"}, Help: "Read it anew", Run: func() tea.Cmd {
			s.renewed = true
			return s.refresh()
		}},
	))
}

func (s *listScreen[T]) noPane() string {
	if s.w-s.paneWidth()-2 < narrowest {
		return "the terminal is too narrow for a list and a pane; " + ui.KeyOf("open") + " opens the details"
	}
	return ""
}

func (s *listScreen[T]) chooseSort() tea.Cmd {
	var items []ui.MenuItem
	at := 0
	for i, c := range s.columns {
		hint := ""
		if c.Name == s.sort.Column {
			at = i
			hint = map[bool]string{true: "now, descending", false: "now, ascending"}[s.sort.Desc]
		}
		why := ""
		if c.Name == core.ProvenColumn {
			why = ui.WhatOf(jobs.NoProvenOrder())
		}
		items = append(items, ui.MenuItem{Label: c.Title, Hint: hint, Why: why})
	}
	return ui.Show(&ui.MenuBox{Title: "Sort by", Items: items, At: at, Pick: func(i int) tea.Cmd {
		return s.remembering(func() tea.Cmd { return s.setSort(s.columns[i].Name, s.wayOf(&s.columns[i])) })()
	}})
}

// howMany is how many rows an action on several works on.
func (s *listScreen[T]) howMany() int {
	if n, _ := s.marked(); n > 0 || s.rule != nil {
		return n
	}
	if s.table.Key() != "" {
		return 1
	}
	return 0
}
