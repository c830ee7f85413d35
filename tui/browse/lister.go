package browse

import (
	"context"
	"errors"
	"slices"
	"time"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/tui/grid"
	"hearth/tui/place"
	"hearth/tui/show"
	"hearth/tui/ui"
)

// lister is a list of a place's rows: a window of them, a filter, an order. The
// screens of backups and of volumes are each one of these with their own columns.
type lister[T any] struct {
	host    ui.Host
	at      *place.Stay
	columns core.Columns[T]
	query   func(context.Context, core.Query) (core.Page[T], error)
	id      func(*T) string
	cells   func(*T) []grid.Cell
	judge   func(context.Context, []T) map[string][]core.Mark // what to think of fields of rows; nil: nothing
	turned  func(was, is []T) tea.Cmd                         // what is to be done as rows were read anew; nil: nothing
	counter func(context.Context, core.Query) (int, error)    // counts exactly; nil: the place cannot
	marks   map[string][]core.Mark                            // of the rows that are here
	shown   []grid.Column

	chosenColumns arranged

	table *grid.Model

	ui.Read
	sort     core.Order
	page     core.Page[T] // the rows that are here
	narrow   string       // why they are of fewer projects than were asked for; "": they are not
	wants    []string     // the columns that were asked for with them
	of       string       // what they answer: see question.key
	taken    int          // how many answers were
	asking   bool         // an answer is on its way
	latest   ui.Latest    // asks for it
	anew     bool         // the answer is to other rows: the cursor goes to the first
	ending   bool         // the last rows are asked for, wherever they are
	drifted  bool         // what the rows' numbers are is not sure any more
	reach    span         // of the window, as it was asked for last
	count    count        // of all rows, where a page does not say
	age      aging        // what the clock does to the filter
	choosing ui.Latest    // asks which rows are marked
	rule     *rule        // marks all that fulfil a filter; nil: rows are marked by themselves
	kept     map[string]T // the rows that were marked by themselves
	offline  error        // why the rows could not be read anew, nil once they are
	said     string       // the trouble that the status line told, "" once it is over
	came     time.Time    // when they came, by the clock's tick before

	holds   core.Filter // the filter that the rows fulfil
	begun   string      // the filter that the list was opened with
	field   textinput.Model
	only    bool   // what is marked is shown, and nothing else
	before  string // what was typed as the filter before that
	changes int    // of the marks, while only they are shown
	typing  bool   // the filter has the focus
	mistake error  // in what is typed
	letters collecting

	folder     *folder[T]
	folded     bool         // only what others stand on is listed
	chain      *unfolded[T] // what is unfolded; nil: nothing is
	beneath    ui.Latest    // asks what stands on it
	unfoldings ui.Generation
	away       leftOut
}

// pageLoadedMsg is the answer to load.
type pageLoadedMsg[T any] struct {
	gen ui.Generation
	question
	page core.Page[T]
	err  error
	took time.Duration
	// turns is when the clock changes the answer by itself.
	turns time.Time
	// marks say what to think of fields of the rows, where they are all here.
	marks map[string][]core.Mark
}

// firstOrder is that of a list that nobody has sorted.
var firstOrder = core.Order{Column: "created", Desc: true}

func newLister[T any](host ui.Host, at *place.Stay, columns core.Columns[T], filter string) *lister[T] {
	l := &lister[T]{
		host:    host,
		at:      at,
		columns: columns,
		sort:    firstOrder,
		begun:   filter,
		field:   ui.NewInput(""),
		kept:    map[string]T{},
	}
	l.field.Blur()
	l.holds, l.mistake = core.ParseFilter(filter, columns)
	return l
}

// Len, Row and Key make the lister the table's source.
func (l *lister[T]) Len() int { return l.page.Total + l.extra() }

func (l *lister[T]) Row(i int) ([]grid.Cell, bool) {
	row := l.seenRow(i)
	if row == nil {
		return nil, false
	}
	cells := l.cells(row)
	if l.folding() {
		cells = l.led(i, row, cells)
	}
	return l.arrange(cells), true
}

func (l *lister[T]) Key(i int) string {
	if row := l.seenRow(i); row != nil {
		return l.id(row)
	}
	return ""
}

// row returns row i of the page's numbers if it is here: without what is laid below one of them.
func (l *lister[T]) row(i int) *T {
	if j := i - l.page.Offset; j >= 0 && j < len(l.page.Rows) {
		return &l.page.Rows[j]
	}
	return nil
}

// current is the row under the cursor, nil while it is not here.
func (l *lister[T]) current() *T {
	if l.page.Total == 0 {
		return nil
	}
	return l.seenRow(l.table.Cursor())
}

// projectColumn tells the rows of several projects apart; its cell is the last.
var projectColumn = grid.Column{Name: "project-name", Title: "PROJECT", Width: 16, Min: 10, Grow: 1}

// inView are the columns of the table: those of the screen, and where all projects
// are listed whose each row is.
func (l *lister[T]) inView() []grid.Column {
	if !l.at.Desk().AllProjects() {
		return l.shown
	}
	return append(slices.Clip(l.shown), projectColumn)
}

// loaded takes an answer; an old one is dropped. While it is not complete, the
// rest is asked for after a moment.
func (l *lister[T]) loaded(msg pageLoadedMsg[T]) tea.Cmd {
	if msg.gen != l.Gen {
		return nil
	}
	l.asking = false
	if core.CodeOf(msg.err) == core.CodeIncomplete { // the rows are the place's all the same, and the head says it
		msg.page.Short, msg.err = msg.err, nil
	}
	if msg.err != nil {
		cmd := l.trouble(msg.err)
		if len(msg.page.Rows) > 0 { // what was read before
			l.State = ui.Ready
			l.take(msg)
		}
		return cmd
	}
	if l.found(msg) {
		return l.host.Later(l.patience(msg.took), readOnMsg{l.Gen})
	}
	came := msg.page.Complete || len(l.page.Rows) == 0 || msg.page.All > l.page.All // else it may still be in trouble
	l.State, l.Err = ui.Ready, nil
	over := tea.Cmd(nil)
	if l.turned != nil {
		over = l.turned(l.page.Rows, msg.page.Rows)
	}
	l.came = l.host.Look().Now
	l.take(msg)
	if came {
		over = tea.Batch(over, l.recovered())
	}
	switch {
	case l.page.Complete && l.page.Renewing: // till the clock's next tick those that are here would be too old
		return tea.Batch(over, l.more(), l.countAll(), l.host.Later(time.Second, readOnMsg{l.Gen}))
	case l.page.Complete:
		return tea.Batch(over, l.more(), l.countAll())
	}
	return tea.Batch(over, l.host.Later(l.patience(msg.took), readOnMsg{l.Gen}))
}

// found reports whether rows that were found are being looked for once more, as when the
// clock ticks: then they stay until all are found again.
func (l *lister[T]) found(msg pageLoadedMsg[T]) bool {
	return l.here() && !msg.page.Complete && l.page.Complete && l.of == msg.key && !l.drifted && len(l.page.Rows) > 0
}

// here reports whether the place is on this machine, where rows are looked for only while
// it is asked for them.
func (l *lister[T]) here() bool {
	kind := l.at.Info().Kind
	return kind == core.PlaceEmbedded || kind == core.PlaceDatabase
}

// patience is how long is waited before the rest is asked for. From elsewhere it comes in
// by itself, and an answer costs by the rows that are here.
func (l *lister[T]) patience(took time.Duration) time.Duration {
	if l.here() {
		return 10 * time.Millisecond
	}
	return min(101*time.Millisecond+4*took, 2*time.Second)
}

// recovered ends a trouble; what the status line still says of it is taken back.
func (l *lister[T]) recovered() tea.Cmd {
	said := l.said
	l.offline, l.said = nil, ""
	if said == "" || l.host.Said() != said {
		return nil
	}
	return ui.Say(ui.LevelGood, "The place answers again.")
}

// readOnMsg says that it is time to ask for the rest.
type readOnMsg struct{ gen ui.Generation }

// readOn asks for the rest, if that has not been done meanwhile. A list that is
// not shown asks when it is shown again.
func (l *lister[T]) readOn(msg readOnMsg) tea.Cmd {
	if msg.gen != l.Gen || l.asking || !l.host.Shown() {
		return nil
	}
	return l.reload()
}

// take shows a page; the cursor stays on its row as others come in.
func (l *lister[T]) take(msg pageLoadedMsg[T]) {
	keep, was, at, same := l.table.Key(), l.page.All, l.spot(l.table.Cursor()), l.of == msg.key
	l.page, l.narrow, l.of = msg.page, l.narrowed(msg.page.Rows), msg.key
	l.taken++
	l.marks = msg.marks
	l.numbered(msg.question, was)
	if l.age.turns = msg.turns; was != l.page.All { // one that came in may be of that age sooner
		l.age.turns = time.Time{}
	}
	l.relocate(same)
	l.ruled()
	l.table.SetSource(l)
	l.table.Fade(false)
	switch {
	case l.anew:
		l.anew = false
		l.table.Home()
	case msg.ending && l.ending:
		l.ending = false
		l.table.End()
	case keep != "" && l.table.Key() != keep:
		i := slices.IndexFunc(l.page.Rows, func(row T) bool { return l.id(&row) == keep })
		switch k := l.belowOf(keep); {
		case i >= 0:
			l.table.Move(l.line(spot{l.page.Offset + i, -1}))
		case k >= 0 && l.extra() > 0:
			l.table.Move(l.line(spot{l.chain.at, k}))
		case at.below >= 0:
			l.table.Move(l.line(spot{at.row, -1}))
		}
	}
}

// trouble takes a failure: rows that are here stay, and the head says that they
// are old. The same trouble is told once.
func (l *lister[T]) trouble(err error) tea.Cmd {
	told := l.offline != nil && l.offline.Error() == err.Error()
	l.offline = err
	if l.State != ui.Ready {
		l.State, l.Err = ui.Failed, err
	}
	if told {
		return nil
	}
	l.said = err.Error()
	return ui.Fail(err)
}

// setFilter filters by a text, as it is typed; while it is not right the last
// right one stays.
func (l *lister[T]) setFilter(text string) tea.Cmd {
	f, err := core.ParseFilter(l.within(text), l.columns)
	l.mistake = err
	if err != nil || f.Text == l.holds.Text {
		return nil
	}
	l.holds, l.anew = f, true
	l.away.end()
	return l.collect()
}

// resetFilter goes back to the filter that the list was opened with; the cursor
// stays on its row.
func (l *lister[T]) resetFilter() tea.Cmd {
	l.typing = false
	l.field.Blur()
	l.field.SetValue("")
	l.letters.end()
	cmd := l.setFilter("")
	l.anew = false
	return cmd
}

// fieldActions are the keys that are no text while the filter has the focus.
func (l *lister[T]) fieldActions() []ui.Action {
	const group = "Filter"
	return []ui.Action{
		{Name: "keep-filter", Keys: []string{"enter", "down"}, Label: "keep the filter", Help: "Keep the filter and go back to the list",
			Group: group,
			Run: func() tea.Cmd {
				l.typing = false
				l.field.Blur()
				if l.mistake != nil {
					return ui.Fail(l.mistake)
				}
				return nil
			}},
		{Name: "clear-filter", Keys: []string{"esc", "ctrl+c"}, Label: "clear it", Help: "Clear the filter", Group: group, Run: l.resetFilter},
	}
}

// typed is a key or a paste for the filter.
func (l *lister[T]) typed(msg tea.Msg) tea.Cmd {
	if k, ok := msg.(tea.KeyPressMsg); ok && k.Code == tea.KeyBackspace && l.field.Value() == "" && l.begun != "" && !l.only {
		return l.dropChip()
	}
	var cmd tea.Cmd
	l.field, cmd = l.field.Update(msg)
	return tea.Batch(cmd, l.setFilter(l.field.Value()))
}

// setSort sorts by a column.
func (l *lister[T]) setSort(column string, desc bool) tea.Cmd {
	if column == core.ProvenColumn {
		return ui.Fail(jobs.NoProvenOrder())
	}
	l.sort = core.Order{Column: column, Desc: desc}
	l.table.SetSort(column, desc)
	l.anew = true
	return l.reload()
}

// filterLine shows the filter: what is typed, or what holds.
func (l *lister[T]) filterLine(w int) string {
	s := l.host.Look()
	if l.typing {
		return s.Key.Paint("/") + " " + l.chip() + s.Input(l.field, w-2-ansi.StringWidth(l.chip()))
	}
	hint := s.Dim.Paint("  (" + ui.KeyOf("filter") + " changes it, " + ui.KeyOf("unfilter") + " goes back)")
	switch {
	case l.only:
		hint = s.Dim.Paint("  (" + ui.KeyOf("only-marked") + " shows all again)")
	case l.folding():
		hint = l.foldHint()
	case l.begun != "":
		hint = s.Dim.Paint("  (" + ui.KeyOf("drop-filter") + " takes it away)")
	}
	return s.Dim.Paint("filter ") + l.chip() + s.Mark.Paint(core.Visible(l.typedText())) + hint
}

// head tells how many rows there are ("34 backups of 90"), whether that is all
// and how old, and while a filter is typed what is wrong with it.
func (l *lister[T]) head(noun string, w int) string {
	s := l.host.Look()
	if l.State != ui.Ready && l.page.All == 0 {
		return ""
	}
	text := l.number() + " " + noun
	if l.page.Total != 1 {
		text += "s"
	}
	if l.page.Total != l.page.All || l.page.About {
		text += " of " + show.Thousands(l.page.All)
	}
	switch {
	case l.stale():
		text = s.Busy.Paint("◌ reading…") + s.Dim.Paint(" before: "+text)
	case !l.page.Complete && l.offline == nil:
		text = s.Busy.Paint("◌ reading… " + text + " so far")
	default:
		text = s.Accent.Paint(text)
	}
	text += s.Accent.Paint(l.markedText())
	if l.judge != nil && len(l.page.Rows) > 0 {
		text += s.Unknown.Paint("  ~ assumed, ? lost")
	}
	text += s.Dim.Paint(l.sortedUnseen()) + l.scant()
	var e *core.Error
	if l.typing && errors.As(l.mistake, &e) {
		text += s.Warn.Paint("  ! " + core.Visible(e.What) + "; " + core.Visible(ui.Next(e.Next, e.With...)))
	}
	if l.page.Indexing != "" {
		text += s.Dim.Paint("  index: " + l.page.Indexing)
	}
	for _, what := range l.page.Lacks {
		text += s.Warn.Paint("  without " + core.Visible(what))
	}
	return ui.Clip(text+l.freshness(), w)
}

// scant says that these are not all rows of the place, and why; "" if they are, as far
// as is known.
func (l *lister[T]) scant() string {
	s := l.host.Look()
	switch {
	case l.page.Short != nil:
		return s.Bad.Paint("  ! not the whole list: " + core.Visible(ui.WhatOf(l.page.Short)))
	case l.narrow != "":
		return s.Warn.Paint("  ! " + l.narrow)
	}
	return ""
}

// narrowed says where all projects are asked for, and the place gave one.
func (l *lister[T]) narrowed(rows []T) string {
	column, ok := l.columns.Find("project")
	if !ok || len(rows) == 0 || !l.at.Desk().AllProjects() {
		return ""
	}
	projects := core.FieldSet{}
	for i := range rows {
		projects[column.Value(&rows[i]).Text()] = true
	}
	return l.at.Narrowed(projects)
}

// freshness tells how old the rows are, and why they are not newer.
func (l *lister[T]) freshness() string {
	s, at := l.host.Look(), l.page.AsOf
	if !at.Set && !l.came.IsZero() { // from a place that answers by itself, when it did
		at = core.Some(l.came)
	}
	text := show.AsOf(s, at, l.offline != nil)
	switch {
	case l.offline == nil:
		return text
	case core.CodeOf(l.offline) == core.CodeUnavailable:
		return text + s.Bad.Paint("  offline: "+core.Visible(ui.WhatOf(l.offline)))
	}
	return text + s.Bad.Paint("  not up to date: "+core.Visible(ui.WhatOf(l.offline)))
}
