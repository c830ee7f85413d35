package tui

import (
	"context"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store/jobs"
)

// app is the root model: size, theme, the stack of screens, the stack of
// dialogs, the status line and the one job that may run. It names no screen.
type app struct {
	ctx      context.Context // hearth's own; what is asked of the place has the stay's
	stay     *stay
	desk     jobs.Desk
	info     core.PlaceInfo
	standing core.Scope // where in its place the login stands, as far as that is known
	opt      Options
	styles   *styles
	mono     bool // the terminal has no colours
	terminal terminal
	w, h     int
	now      time.Time // when the clock last ticked; ages are told against it
	local    bool      // times in local time instead of UTC
	stack    []held
	roots    map[string]held // screens that a key opens keep their place
	dialogs  []overlay
	note     noteMsg
	passed   bool // the note is of a screen that has been left
	job      *job
	restores *restoring // the last restore that was begun
	lastID   int
	format   core.RecordFormat // of x and X
	// wholeChain: exports take the parents along.
	wholeChain bool
	asked      bool // the terminal was asked for its clipboard
}

// held is a screen on the stack.
type held struct {
	id   int
	name string
	screen
}

// newApp makes the model; nothing is read yet.
func newApp(ctx context.Context, desk jobs.Desk, o Options) *app {
	if o.After == nil {
		o.After = tea.Tick
	}
	info := desk.Info()
	return &app{ctx: ctx, stay: newStay(ctx, o.Close), desk: desk, info: info, opt: o, now: desk.Now(), local: o.Config.Local(),
		styles: newStyles(o.Theme, false, info.Color), roots: map[string]held{}, format: core.FormatAPI}
}

// tickMsg is the clock's: ages grow.
type tickMsg time.Time

func (a *app) tick() tea.Cmd {
	return a.opt.After(10*time.Second, func(t time.Time) tea.Msg { return tickMsg(t) })
}

// Init is what happens before the terminal says its size.
func (a *app) Init() tea.Cmd {
	cmds := []tea.Cmd{a.tick(), a.arrive()}
	if a.opt.AutoTheme {
		cmds = append(cmds, tea.RequestBackgroundColor)
	}
	return tea.Batch(cmds...)
}

// settle looks at what an interrupted hearth may have left behind.
func (a *app) settle() tea.Cmd {
	desk := a.desk
	return a.task(func(ctx context.Context) tea.Msg {
		settled, err := desk.Settle(ctx)
		if err != nil || len(settled) == 0 {
			return failure(err)
		}
		return noteMsg{level: warn, text: core.Count(len(settled), "journal entry") + " of an interrupted hearth settled by reading the place back; J shows the journal."}
	})
}

// top is the screen that is shown.
func (a *app) top() screen {
	if len(a.stack) == 0 {
		return blank{}
	}
	return a.stack[len(a.stack)-1].screen
}

// blank is shown before the first screen is open.
type blank struct{}

func (blank) init() tea.Cmd          { return nil }
func (blank) update(tea.Msg) tea.Cmd { return nil }
func (blank) resize(int, int)        {}
func (blank) view(int, int) string   { return "" }
func (blank) actions() []action      { return nil }

// Update is tea's.
func (a *app) Update(msg tea.Msg) (tea.Model, tea.Cmd) { return a, a.handle(msg) }

func (a *app) handle(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		a.w, a.h = msg.Width, msg.Height
		a.layout()
		if len(a.stack) == 0 { // what a screen asks for depends on its room
			return open(registry[0].name, "")
		}
		return a.top().update(msg)
	case tea.BackgroundColorMsg:
		a.background(msg)
	case tea.ColorProfileMsg:
		a.colours(msg)
	case tickMsg:
		a.now, a.info = a.desk.Now(), a.desk.Info()
		return tea.Batch(a.tick(), a.top().update(msg))
	case noteMsg:
		a.note, a.passed = msg, false
	case reply:
		return a.answer(msg)
	case openMsg:
		return a.open(msg)
	case pushMsg:
		return a.push(msg.name, msg.make)
	case closeMsg:
		return a.pop()
	case showMsg:
		a.passed = a.passed || a.note.level == busy // it has come
		a.dialogs = append(a.dialogs, msg.overlay)
		a.layout()
	case changedMsg:
		return a.resumed()
	case scopeMsg:
		a.standing, a.info = msg.scope, a.desk.Info()
	case restoredMsg:
		return a.restored(msg)
	case movedMsg:
		return a.moved(msg)
	case exportedMsg:
		return a.exported(msg)
	case copiedMsg:
		return a.copied(msg)
	case clipboardTextMsg:
		return a.clipboardText(msg)
	case tea.ClipboardMsg:
		return a.clipboardAnswer(msg.Content)
	case clipboardLateMsg:
		return a.clipboardLate()
	case progressMsg:
		return a.progress(msg)
	case jobEndedMsg:
		return a.jobEnded(msg)
	case tea.PasteMsg:
		return a.takePaste(msg.Content)
	case tea.KeyPressMsg:
		return a.keyPress(msg)
	default:
		return a.top().update(msg)
	}
	return nil
}

// answer takes a reply to the screen that asked, if it is alive.
func (a *app) answer(r reply) tea.Cmd {
	for _, h := range a.held() {
		if h.id == r.to {
			return h.update(r.msg)
		}
	}
	return nil
}

// held lists the screens that are alive: those on the stack and the roots.
func (a *app) held() []held {
	out := append([]held{}, a.stack...)
	for _, r := range a.roots {
		if !slices.ContainsFunc(a.stack, func(h held) bool { return h.id == r.id }) {
			out = append(out, r)
		}
	}
	return out
}

// keyPress goes, in this order, to: the dialog on top, the text field that has
// the focus, the screen's actions, the root keys.
func (a *app) keyPress(k tea.KeyPressMsg) tea.Cmd {
	cmd, ok := press(a.scope(), k.String())
	if n := len(a.dialogs); n > 0 {
		d := a.dialogs[n-1]
		if !ok {
			cmd = d.update(k)
		}
		if d.closed() {
			a.dialogs = a.dialogs[:n-1]
		}
		return cmd
	}
	if t, typing := a.top().(texter); typing && !ok && t.wantsText() {
		return t.key(k)
	}
	return cmd
}

// open opens a screen of the registry: one with a key of its own takes the place
// of the whole stack and keeps its cursor, any other goes on top.
func (a *app) open(msg openMsg) tea.Cmd {
	e, ok := find(msg.screen)
	if !ok {
		return nil
	}
	mk := func(b base) screen { return e.make(b, msg) }
	if n := len(a.stack); e.above && n > 0 && a.stack[n-1].name == e.name {
		return nil // it is shown
	}
	if e.kept {
		return a.openKept(e, msg)
	}
	if e.key == "" || e.above || msg.id != "" {
		return a.push(e.name, mk)
	}
	if h, ok := a.roots[e.name]; ok {
		a.stack, a.dialogs, a.passed = []held{h}, nil, true
		a.layout()
		return a.resumed()
	}
	a.stack = nil
	cmd := a.push(e.name, mk)
	a.roots[e.name] = a.stack[0]
	return cmd
}

// openKept shows the one screen of its kind: what is on top of it goes.
func (a *app) openKept(e entry, msg openMsg) tea.Cmd {
	h, there := a.roots[e.name]
	if !there {
		a.lastID++
		h = held{a.lastID, e.name, e.make(base{a, a.lastID}, msg)}
		a.roots[e.name] = h
	}
	if i := slices.IndexFunc(a.stack, func(x held) bool { return x.id == h.id }); i >= 0 {
		a.stack = a.stack[:i]
	}
	a.stack, a.dialogs, a.passed = append(a.stack, h), nil, true
	a.layout()
	if o, ok := h.screen.(opener); ok && there && msg.id != "" {
		return o.reopen(msg)
	}
	if there {
		return a.resumed()
	}
	return h.init()
}

// push puts a screen on top.
func (a *app) push(name string, mk func(base) screen) tea.Cmd {
	a.lastID++
	h := held{a.lastID, name, mk(base{a, a.lastID})}
	a.stack, a.dialogs, a.passed = append(a.stack, h), nil, true
	a.layout()
	return h.init()
}

// pop leaves the screen on top; the last one stays.
func (a *app) pop() tea.Cmd {
	if len(a.stack) < 2 {
		return nil
	}
	a.stack, a.passed = a.stack[:len(a.stack)-1], true
	a.layout()
	return a.resumed()
}

func (a *app) resumed() tea.Cmd {
	if r, ok := a.top().(resumer); ok {
		return r.resume()
	}
	return nil
}

// layout tells screens and dialogs their room.
func (a *app) layout() {
	w, h := a.body()
	for _, s := range a.stack {
		s.resize(w, h)
	}
	w, h = a.upper()
	for _, d := range a.dialogs {
		d.resize(w, h)
	}
}

// takePaste takes a paste wherever it comes: a text field that has the focus and
// a text for one, a screen that wants it; else it is taken for records.
func (a *app) takePaste(text string) tea.Cmd {
	short, small := forField(text)
	if n := len(a.dialogs); n > 0 {
		d := a.dialogs[n-1]
		if t, ok := d.(interface{ wantsText() bool }); ok && t.wantsText() && small {
			return d.update(tea.PasteMsg{Content: short})
		}
		return note(warn, "Close the dialog first, then paste again.")
	}
	top := a.top()
	if t, ok := top.(texter); ok && t.wantsText() && small {
		return top.update(tea.PasteMsg{Content: short})
	}
	return a.importText(text)
}

// importText opens the screen that takes pastes, or hands the text to it if it is
// shown; "" opens it empty.
func (a *app) importText(text string) tea.Cmd {
	if p, ok := a.top().(paster); ok {
		return p.paste(text)
	}
	for _, e := range registry {
		if e.paste != nil {
			return a.push(e.name, func(b base) screen { return e.paste(b, text) })
		}
	}
	return nil
}
