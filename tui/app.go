package tui

import (
	"context"
	"slices"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"

	"hearth/themes"
)

// Options is what the shell is given.
type ShellOptions struct {
	Theme     themes.Theme
	AutoTheme bool // follow the terminal's background
	Clipboard Clipboard
	Local     bool             // times in local time instead of UTC
	Now       func() time.Time // the clock; nil is the real one
	// After makes a command that waits and then makes a message; nil is tea.Tick.
	After func(time.Duration, func(time.Time) tea.Msg) tea.Cmd
}

// App is the root model: what runs the screens. It names no screen and no place;
// both come with a [Begin].
type App struct {
	ctx      context.Context // hearth's own; what is asked of a place has the visit's
	opt      ShellOptions
	visit    *visit
	banner   Banner
	look     Look // changed by relook alone: others read it off the loop
	looking  *sync.RWMutex
	terminal terminal
	w, h     int
	stack    []held
	roots    map[string]held // screens that a key opens keep their place
	dialogs  []overlay
	note     told
	tasks    tasks
	lastID   int
	asked    bool // the terminal was asked for its clipboard
}

// held is a screen on the stack.
type held struct {
	id   int
	name string
	screen
}

// told is the last note.
type told struct {
	noteMsg
	passed bool // it is of a screen that has been left
}

// NewApp makes the model, in a place; nothing is read yet.
func NewApp(ctx context.Context, in Begin, o ShellOptions) *App {
	if o.After == nil {
		o.After = tea.Tick
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	a := &App{ctx: ctx, opt: o, visit: newVisit(ctx, in), banner: in.Banner(), roots: map[string]held{}, looking: &sync.RWMutex{}}
	a.look = Look{newStyles(o.Theme, false, a.banner.Color), o.Now(), o.Local}
	return a
}

func (a *App) tick() tea.Cmd {
	return a.opt.After(10*time.Second, func(time.Time) tea.Msg { return TickMsg{} })
}

// Init is what happens before the terminal says its size.
func (a *App) Init() tea.Cmd {
	cmds := []tea.Cmd{a.tick(), a.arrive()}
	if a.opt.AutoTheme {
		cmds = append(cmds, tea.RequestBackgroundColor)
	}
	return tea.Batch(cmds...)
}

// arrive is what is done first in a place.
func (a *App) arrive() tea.Cmd {
	if a.visit.in.Arrive == nil {
		return nil
	}
	return a.visit.in.Arrive(a.seat(0))
}

// End cancels all that runs and closes the place, at most so long.
func (a *App) End(atMost time.Duration) error { return a.visit.end(atMost) }

// top is the screen that is shown.
func (a *App) top() screen {
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
func (a *App) Update(msg tea.Msg) (tea.Model, tea.Cmd) { return a, a.handle(msg) }

// handle takes a message: the terminal's, the clock's, what leads somewhere, what
// comes from work; what is none of these is for the screen that is shown.
func (a *App) handle(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		return a.sized(msg)
	case tea.BackgroundColorMsg, tea.ColorProfileMsg:
		a.coloured(msg)
	case TickMsg:
		a.renew()
		return tea.Batch(a.tick(), a.top().update(msg))
	case noteMsg:
		a.note = told{noteMsg: msg}
	case reply:
		return a.answer(msg)
	case openMsg, pushMsg, closeMsg, showMsg, Go, Begin:
		return a.navigate(msg)
	case BannerMsg:
		a.renew()
	case changedMsg:
		return tea.Batch(a.everyScreen(msg), a.resumed())
	case copyMsg, saveMsg, copiedMsg, clipboardTextMsg, tea.ClipboardMsg, clipboardLateMsg:
		return a.copying(msg)
	case progressMsg:
		return a.progress(msg)
	case workEndedMsg:
		return a.workEnded(msg)
	case tea.PasteMsg:
		return a.takePaste(msg.Content)
	case tea.KeyPressMsg:
		return a.keyPress(msg)
	default:
		return a.top().update(msg)
	}
	return nil
}

// sized takes the terminal's size.
func (a *App) sized(msg tea.WindowSizeMsg) tea.Cmd {
	a.w, a.h = msg.Width, msg.Height
	a.layout()
	if len(a.stack) == 0 { // what a screen asks for depends on its room
		return open(a.visit.in.Screens[0].name, "")
	}
	return a.top().update(msg)
}

// renew looks at the clock, and at what is to be said of the place.
func (a *App) renew() {
	a.banner = a.visit.in.Banner()
	a.relook(func(l *Look) { l.Now = a.opt.Now() })
}

// relook changes the look.
func (a *App) relook(change func(*Look)) {
	a.looking.Lock()
	defer a.looking.Unlock()
	change(&a.look)
}

// navigate goes where a message leads.
func (a *App) navigate(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case openMsg:
		return a.open(msg)
	case pushMsg:
		return a.push(msg.name, msg.make)
	case closeMsg:
		return a.pop()
	case showMsg:
		a.note.passed = a.note.passed || a.note.level == busy // it has come
		a.dialogs = append(a.dialogs, msg.overlay)
		a.layout()
	case Go:
		return a.elsewhere(msg)
	case Begin:
		return a.begin(msg)
	}
	return nil
}

// answer takes a reply to the screen that asked, if it is alive.
func (a *App) answer(r reply) tea.Cmd {
	for _, h := range a.held() {
		if h.id == r.to {
			return h.update(r.msg)
		}
	}
	return nil
}

// held lists the screens that are alive: those on the stack and the roots.
func (a *App) held() []held {
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
func (a *App) keyPress(k tea.KeyPressMsg) tea.Cmd {
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

// takePaste takes a paste wherever it comes: a text field that has the focus and
// a text for one, a screen that wants it; else it is taken for records.
func (a *App) takePaste(text string) tea.Cmd {
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
	return a.pasted(text)
}

// pasted opens the screen that takes pastes, or hands the text to it if it is
// shown; "" opens it empty.
func (a *App) pasted(text string) tea.Cmd {
	if p, ok := a.top().(paster); ok {
		return p.paste(text)
	}
	for _, e := range a.screens() {
		if e.paste != nil {
			return a.push(e.name, func(h Host) screen { return e.paste(h, text) })
		}
	}
	return nil
}
