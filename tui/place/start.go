package place

import (
	"context"
	"fmt"
	"strings"
	"time"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store"
	"hearth/tui/grid"
	"hearth/tui/ui"
)

// Start is what the start screen is given.
type Start struct {
	Options
	// Known lists the places of the config and of clouds.yaml, as far as they can be read; it
	// may read files. nil: there are none.
	Known func() ([]store.PlaceRow, error)
	// Knock finds out whether a place is there without opening it; nil: nobody is asked.
	Knock func(ctx context.Context, location string) (store.Knocked, error)
	Now   func() time.Time
	// Said is why hearth begins here, where that is not that nothing was named; "".
	Said string
}

// BeginAt begins at the start screen, where no place is open yet; tasks are the shell's own.
func (o Start) BeginAt(tasks ui.Entry) ui.Begin {
	return ui.Begin{
		Banner: func() ui.Banner { return ui.Banner{} },
		Screens: []ui.Entry{
			{Name: "start", Help: "Start", Make: func(h ui.Host, _ ui.Open) ui.Screen { return newStart(h, o) }},
			tasks,
		},
		Arrive: func(ui.Host) tea.Cmd {
			if o.Said == "" {
				return nil
			}
			return ui.Say(ui.LevelWarn, o.Said)
		},
	}
}

// patience is how long a place may take to say that it is there.
const patience = 5 * time.Second

// startScreen is where hearth begins when nothing was named: every place it knows, whether
// it answers, and when one was there. What is typed narrows the list, or is a place itself.
type startScreen struct {
	host ui.Host
	opt  Start
	ui.Read
	table   *grid.Model
	field   textinput.Model
	all     []door // the last one that one was at first, the demo last
	rows    []door // those that what is typed fits
	knocked map[string]knocked
	failed  map[string]error // why they could not be opened
	wrong   error            // with clouds.yaml or the config
	task    ui.TaskID        // opens one
	at      string           // which
	pasted  string           // waits for a place to look at it in; "": nothing
	records int              // in it
	w, h    int
}

// knocked is what came of asking a place whether it is there.
type knocked struct {
	asking bool
	store.Knocked
	err error
}

// doorsMsg brings the places, knockedMsg what became of asking one.
type (
	doorsMsg struct {
		gen  ui.Generation
		all  []door
		err  error
		asks []string
	}
	knockedMsg struct {
		gen      ui.Generation
		location string
		store.Knocked
		err error
	}
	notOpenedMsg struct {
		location string
		err      error
	}
	recordsMsg struct {
		text string
		n    int
	}
)

var startColumns = []grid.Column{
	{Title: "PLACE", Width: 20, Min: 12, Grow: 2},
	{Title: "KIND", Width: 8, Drop: 1},
	{Title: "BADGE", Width: 8, Drop: 4},
	{Title: "WHERE", Width: 30, Min: 16, Grow: 2, Drop: 3},
	{Title: "IS IT THERE?", Width: 22, Min: 16, Grow: 2},
	{Title: "LAST HERE", Width: 9, Drop: 2, Right: true},
}

func newStart(host ui.Host, o Start) *startScreen {
	return &startScreen{host: host, opt: o, table: grid.New(startColumns, host.Look().Grid()), field: ui.NewInput(""),
		knocked: map[string]knocked{}, failed: map[string]error{}}
}

func (s *startScreen) Init() tea.Cmd   { return s.load() }
func (s *startScreen) Resume() tea.Cmd { return nil }
func (s *startScreen) Restyle()        { s.table.SetStyles(s.host.Look().Grid()) }
func (s *startScreen) Title() string   { return "Start" }

// load reads which places there are.
func (s *startScreen) load() tea.Cmd {
	gen, o := s.Begin(), s.opt
	return s.host.Ask(func(context.Context) tea.Msg {
		m := doorsMsg{gen: gen}
		var known []store.PlaceRow
		if o.Known != nil {
			known, m.err = o.Known()
		}
		m.all = doors(known, o)
		for _, d := range m.all {
			if o.Knock != nil && d.kind != "demo" && d.kind != "database" && d.view == "" {
				m.asks = append(m.asks, d.Location)
			}
		}
		return m
	})
}

func (s *startScreen) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case doorsMsg:
		return s.came(msg)
	case knockedMsg:
		if msg.gen == s.Gen {
			s.knocked[msg.location] = knocked{Knocked: msg.Knocked, err: msg.err}
		}
	case notOpenedMsg:
		s.failed[msg.location] = msg.err
		s.task = 0
	case recordsMsg:
		return s.found(msg)
	case tea.PasteMsg: // one line, for the field; a record may be one
		if strings.ContainsAny(msg.Content, "{") || len(strings.Fields(msg.Content)) == 1 && len(msg.Content) > 200 {
			return s.Paste(msg.Content)
		}
		return s.typed(msg)
	}
	return nil
}

// came takes the list of places, and asks each of them whether it is there: at once, each for
// itself, so that none waits for another.
func (s *startScreen) came(m doorsMsg) tea.Cmd {
	if m.gen != s.Gen {
		return nil
	}
	s.State, s.all, s.wrong = ui.Ready, m.all, m.err
	s.narrow()
	var cmds []tea.Cmd
	for _, location := range m.asks {
		s.knocked[location] = knocked{asking: true}
		gen, knock := s.Gen, s.opt.Knock
		cmds = append(cmds, s.host.Ask(func(ctx context.Context) tea.Msg {
			ctx, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			k, err := knock(ctx, location)
			return knockedMsg{gen, location, k, err}
		}))
	}
	return tea.Batch(cmds...)
}

// narrow finds the rows that what is typed fits; a path or a location is one itself.
func (s *startScreen) narrow() {
	text := strings.TrimSpace(s.field.Value())
	s.rows = nil
	for _, d := range s.all {
		if d.fits(text) {
			s.rows = append(s.rows, d)
		}
	}
	if location, ok := typedPlace(text); ok {
		s.rows = append([]door{{PlaceRow: store.PlaceRow{Name: "open what is typed", Location: location}, kind: kindOf(location)}}, s.rows...)
	}
	s.table.SetSource(s)
	s.Resize(s.w, s.h)
}

// pathScheme marks a path of which nobody knows yet what it leads to.
const pathScheme = "path:"

// typedPlace is the place that a text is by itself: a path, or a location.
func typedPlace(text string) (string, bool) {
	for _, begin := range []string{"/", "~/", "./", "../"} {
		if strings.HasPrefix(text, begin) {
			return pathScheme + text, true
		}
	}
	l, err := store.ParseLocation(text)
	return l.String(), err == nil && l.Kind() != store.KindDemo
}

// Len, Row and Key make the screen the table's source.
func (s *startScreen) Len() int         { return len(s.rows) }
func (s *startScreen) Key(i int) string { return s.rows[i].key() }
func (s *startScreen) Row(i int) ([]grid.Cell, bool) {
	d, st := s.rows[i], s.host.Look()
	last := ""
	if !d.last.IsZero() {
		last = st.Age(core.Some(d.last)) + " ago"
	}
	kind := d.kind
	if strings.HasPrefix(d.Location, pathScheme) {
		kind = "path"
	}
	return []grid.Cell{{Text: core.Visible(d.name()), Style: st.Accent}, {Text: kind, Style: st.Dim}, badgeIn(st, d.PlaceRow),
		{Text: core.Visible(d.Location), Style: st.Dim}, s.there(d), {Text: last, Style: st.Dim}}, true
}

// there says whether a place is there, as far as is known.
func (s *startScreen) there(d door) grid.Cell {
	st := s.host.Look()
	k, asked := s.knocked[d.key()]
	switch err := s.failed[d.key()]; {
	case s.opens(d.key()):
		return grid.Cell{Text: "◌ opening…", Style: st.Busy}
	case err != nil:
		return grid.Cell{Text: "✗ " + core.Visible(ui.WhatOf(err)), Style: st.Bad}
	case d.view != "":
		v := d.of
		v.Place = ""
		return grid.Cell{Text: core.Visible(viewHint(v)), Style: st.Dim}
	case d.kind == "demo":
		return grid.Cell{Text: "made anew", Style: st.Dim}
	case !asked:
		return grid.Cell{}
	case k.asking:
		return grid.Cell{Text: "◌ asking…", Style: st.Busy}
	case k.err != nil:
		return grid.Cell{Text: "✗ " + core.Visible(ui.WhatOf(k.err)), Style: st.Bad}
	case k.Asked:
		return grid.Cell{Text: fmt.Sprintf("✓ answers, %d ms", max(k.Took.Milliseconds(), 1)), Style: st.Good}
	case k.Changed.IsZero():
		return grid.Cell{}
	}
	text := "✓ changed " + st.Age(core.Some(k.Changed)) + " ago"
	if k.Size > 0 {
		text = "✓ " + core.Bytes(k.Size) + ", " + strings.TrimPrefix(text, "✓ ")
	}
	return grid.Cell{Text: text, Style: st.Good}
}

// opens reports whether a place is being opened.
func (s *startScreen) opens(location string) bool {
	return s.task != 0 && s.at == location && s.host.Task(s.task).Runs()
}

// current is the door under the cursor, nil if there is none.
func (s *startScreen) current() *door {
	if len(s.rows) == 0 {
		return nil
	}
	return &s.rows[s.table.Cursor()]
}

func (s *startScreen) Resize(w, h int) {
	s.w, s.h = w, h
	s.table.SetSize(w, max(min(len(s.rows)+1, h-startHead-len(s.below(w))), 2))
}

const startHead = 3 // lines above the table: the question, what is typed, an empty one

// View draws the list, and below it all there is to say of the place under the cursor.
func (s *startScreen) View(w, h int) string {
	st := s.host.Look()
	head := " " + st.Title.Paint("Where do you want to look?")
	if s.pasted != "" {
		head = " " + st.Accent.Paint(core.Count(s.records, "record")+" pasted: where do you want to look at "+
			map[bool]string{true: "it", false: "them"}[s.records == 1]+"?")
	}
	lines := []string{ui.Spread(head, st.Dim.Paint("type to find, or a path "), w),
		" " + st.Key.Paint("/") + " " + s.host.Look().Input(s.field, max(w-4, 0)), ""}
	switch {
	case s.State != ui.Ready:
		lines = append(lines, "  "+st.Busy.Paint("◌ looking which places there are…"))
	case len(s.rows) == 0:
		lines = append(lines, "  "+st.Dim.Paint("no place has that in its name; "+ui.KeyOf("leave")+" shows all, a path begins with /, ~/ or ./"))
	default:
		lines = append(lines, strings.Split(s.table.View(), "\n")...)
	}
	return ui.Fit(strings.Join(append(lines, s.below(w)...), "\n"), w, h)
}

// below is what stands below the table.
func (s *startScreen) below(w int) (out []string) {
	st := s.host.Look()
	out = []string{""}
	say := func(sign, text string, look grid.Style) {
		out = append(out, ui.Hang("  "+look.Paint(sign), look.Paint(core.Visible(text)), max(w-2, 1))...)
	}
	if d := s.current(); d != nil {
		text := d.Location
		if d.view != "" {
			text = viewHint(d.of)
		}
		if d.ReadOnly {
			text += ", only read"
		}
		for _, b := range d.Beside {
			text += " + " + b
		}
		say("", text, st.Dim)
		k := s.knocked[d.key()]
		switch err := s.failed[d.key()]; {
		case err != nil:
			say("✗ ", ui.Told(err), st.Bad)
		case k.err != nil:
			say("✗ ", ui.Told(k.err), st.Warn)
		case k.Asked && !k.asking:
			say("", "its Keystone answers, nobody has logged in yet", st.Dim)
		}
	}
	if s.wrong != nil {
		say("! ", s.wrong.Error(), st.Warn)
	}
	if s.opt.Said != "" {
		say("! ", s.opt.Said, st.Warn)
	}
	hint := "a paste or " + ui.KeyOf("from-clipboard") + ": records   a path: file or repository   demo: to look around"
	return append(out, "", ui.Clip("  "+st.Dim.Paint(hint), w))
}

// WantsText: what is typed is always text here.
func (s *startScreen) WantsText() bool { return true }

// Blank reports whether nothing is typed: then keys that begin no name work as everywhere.
func (s *startScreen) Blank() bool { return s.field.Value() == "" }

func (s *startScreen) Type(k tea.KeyPressMsg) tea.Cmd { return s.typed(k) }

// typed is a key or a paste for the field.
func (s *startScreen) typed(msg tea.Msg) tea.Cmd {
	was := s.field.Value()
	var cmd tea.Cmd
	s.field, cmd = s.field.Update(msg)
	if s.field.Value() != was {
		s.narrow()
		s.table.Home()
	}
	return cmd
}

func (s *startScreen) FieldActions() []ui.Action { return s.Actions() }

func (s *startScreen) Actions() []ui.Action {
	out := []ui.Action{
		{Name: "open", Keys: []string{"enter"}, Label: "open", Help: "Open the place under the cursor", Why: s.noDoor, Run: s.open},
		{Name: "from-clipboard", Keys: []string{"ctrl+v"}, Label: "paste", Help: "Look at records from the clipboard",
			Run: func() tea.Cmd { return func() tea.Msg { return ui.ClipboardMsg{} } }},
		{Name: "reread", Keys: []string{"ctrl+r"}, Label: "ask again",
			Help: "Look anew which places there are, and whether they answer", Run: s.load},
		{Name: "forget", Keys: []string{"ctrl+x"}, Label: "forget", Minor: true,
			Help: "Forget when one was there, and how it was looked at", Why: s.noMemory, Run: s.forget},
		{Name: "leave", Keys: []string{"esc"}, Label: "quit", Help: "Take away what is typed; else quit", Run: s.leave},
	}
	for _, a := range ui.Moves(s.table, nil) {
		a.Keys = a.Keys[:1] // the letters are text
		out = append(out, a)
	}
	return out
}

func (s *startScreen) noDoor() string {
	switch d := s.current(); {
	case d == nil:
		return "no place is under the cursor"
	case s.task != 0 && s.host.Task(s.task).Runs():
		return s.at + " is being opened; " + ui.KeyOf("interrupt") + " cancels it"
	case s.opt.Open == nil:
		return noWay
	}
	return ""
}

// open opens the place under the cursor; where that fails it is told, and one stays.
func (s *startScreen) open() tea.Cmd {
	d, opt, pasted := *s.current(), s.opt.Options, s.pasted
	location, key := d.Location, d.key()
	delete(s.failed, key)
	work := ui.Work{What: "opening " + strings.TrimPrefix(location, pathScheme), Do: func(ctx context.Context, _ ui.Progress) ui.Result {
		to := location
		if path, ok := strings.CutPrefix(location, pathScheme); ok {
			l, err := store.OfFile(path)
			if err != nil {
				return ui.Result{Note: ui.FailureNote(err), Answer: notOpenedMsg{key, err}}
			}
			to = l.String()
		}
		desk, closing, err := opt.Open(ctx, to)
		if err != nil {
			return ui.Result{Note: ui.FailureNote(err), Answer: notOpenedMsg{key, err}}
		}
		in := opt.Begin(New(desk, closing, opt))
		in.Said = "This is " + desk.Info().Title + " now."
		if d.view != "" {
			in.First = ui.Open{Screen: d.of.ListName(), View: d.view}
		}
		return ui.Result{Then: withPaste(in, pasted)}
	}}
	id, cmd := s.host.Start(work)
	s.task, s.at = id, key
	return cmd
}

// withPaste has a place be begun with a paste, if there is one.
func withPaste(in ui.Begin, text string) ui.Begin {
	if text == "" {
		return in
	}
	arrive := in.Arrive
	in.Arrive = func(h ui.Host) tea.Cmd {
		paste := func() tea.Msg { return ui.Pasted{Text: text} }
		if arrive == nil {
			return paste
		}
		return tea.Batch(arrive(h), paste)
	}
	return in
}

// Paste takes records to be looked at in the place that is chosen then.
func (s *startScreen) Paste(text string) tea.Cmd {
	return s.host.Ask(func(context.Context) tea.Msg {
		n := 0
		for _, f := range core.FindRecords(text) {
			if f.OK() {
				n++
			}
		}
		return recordsMsg{text, n}
	})
}

// found takes what is in a paste.
func (s *startScreen) found(m recordsMsg) tea.Cmd {
	if m.n == 0 {
		if m.text == "" {
			return nil
		}
		return ui.Say(ui.LevelWarn, "There is no whole record in what was pasted: openstack volume backup record export prints one.")
	}
	s.pasted, s.records = m.text, m.n
	return ui.Say(ui.LevelGood, core.Count(m.n, "record")+" found. Choose where to look at it; nothing is written before you were asked.")
}

func (s *startScreen) noMemory() string {
	switch d := s.current(); {
	case d != nil && d.view != "":
		return ""
	case d == nil || s.opt.Memory.Of(d.Location).Location == "":
		return "nothing is remembered of it"
	}
	return ""
}

// forget forgets what is remembered of the place under the cursor.
func (s *startScreen) forget() tea.Cmd {
	if view := s.current().view; view != "" {
		return tea.Batch(s.opt.forgetView(s.host, view), s.load())
	}
	memory, location := s.opt.Memory, s.current().Location
	memory.Forget(location)
	return tea.Batch(s.host.Tell(func(ctx context.Context) tea.Msg { return ui.Failure(memory.Save(ctx)) }), s.load(),
		ui.Say(ui.LevelInfo, "Forgotten: when you were in "+core.Visible(location)+
			", and how it was looked at. hearth forget forgets all places."))
}

// leave takes away what was typed or pasted; else it quits.
func (s *startScreen) leave() tea.Cmd {
	switch {
	case s.field.Value() != "":
		s.field.SetValue("")
		s.narrow()
		return nil
	case s.pasted != "":
		s.pasted, s.records = "", 0
		return ui.Say(ui.LevelInfo, "What was pasted is put away.")
	case s.task != 0 && s.host.Task(s.task).Runs():
		return ui.Say(ui.LevelWarn, core.Visible(s.at)+" is being opened; "+ui.KeyOf("interrupt")+" cancels it.")
	}
	return tea.Quit
}
