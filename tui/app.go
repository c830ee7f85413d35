package tui

import (
	"context"
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/themes"
)

// app is the root model: size, theme, the stack of screens, the stack of
// dialogs, the status line and the one job that may run. It names no screen.
type app struct {
	ctx     context.Context
	desk    jobs.Desk
	info    core.PlaceInfo
	opt     Options
	styles  *styles
	mono    bool // the terminal has no colours
	w, h    int
	now     time.Time // when the clock last ticked; ages are told against it
	local   bool      // times in local time instead of UTC
	stack   []held
	roots   map[string]held // screens that a key opens keep their place
	dialogs []overlay
	note    noteMsg
	job     *job
	lastID  int
	format  core.RecordFormat // of x and X
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

// job is long work that shows progress and can be cancelled.
type job struct {
	id          int
	what        string
	done, total int
	cancel      context.CancelFunc
	stopping    bool
}

// newApp makes the model; nothing is read yet.
func newApp(ctx context.Context, desk jobs.Desk, o Options) *app {
	return &app{ctx: ctx, desk: desk, info: desk.Place.Info(), opt: o, now: desk.Now(), local: o.Config.Local(),
		styles: newStyles(o.Theme, false), roots: map[string]held{}, format: core.FormatAPI}
}

// tickMsg is the clock's: ages grow.
type tickMsg time.Time

func tick() tea.Cmd {
	return tea.Tick(10*time.Second, func(t time.Time) tea.Msg { return tickMsg(t) })
}

// Init opens the first screen.
func (a *app) Init() tea.Cmd {
	cmds := []tea.Cmd{open(registry[0].name, ""), tick(), a.settle()}
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
		return noteMsg{level: warn, text: core.Count(len(settled), "journal entry") + " of an interrupted hearth settled by reading the place back; J shows the journal"}
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
		a.resize()
		return nil
	case tea.BackgroundColorMsg:
		if a.opt.AutoTheme {
			a.setTheme(themeFor(msg.IsDark()))
		}
		return nil
	case tea.ColorProfileMsg:
		a.mono = msg.Profile <= colorprofile.ASCII
		a.setTheme(a.styles.theme)
		return nil
	case tickMsg:
		a.now = a.desk.Now()
		return tea.Batch(tick(), a.everywhere(msg))
	case noteMsg:
		a.note = msg
		return nil
	case reply:
		for _, h := range a.held() {
			if h.id == msg.to {
				return h.update(msg.msg)
			}
		}
		return nil // of a screen that has been left
	case openMsg:
		return a.open(msg)
	case pushMsg:
		return a.push(msg.name, msg.make)
	case closeMsg:
		return a.pop()
	case showMsg:
		a.dialogs = append(a.dialogs, msg.overlay)
		return nil
	case undoneMsg:
		a.note = noteMsg{level: good, text: fmt.Sprintf("Entry %d taken back, as journal entry %d.", msg.entry.Of, msg.entry.ID)}
		return a.resumed()
	case exportedMsg:
		return a.exported(msg)
	case copiedMsg:
		return a.copied(msg)
	case clipboardTextMsg:
		return a.clipboardText(msg)
	case tea.ClipboardMsg:
		if !a.asked {
			return nil
		}
		a.asked = false
		return a.clipboardText(clipboardTextMsg{text: msg.Content, ok: true})
	case clipboardLateMsg:
		if !a.asked {
			return nil
		}
		a.asked = false
		return note(warn, "This terminal does not hand out its clipboard; paste with its own key (Ctrl-Shift-V, Shift-Insert, Cmd-V).")
	case progressMsg, jobEndedMsg:
		return a.jobMsg(msg)
	case tea.PasteMsg:
		return a.paste(msg.Content)
	case tea.KeyPressMsg:
		return a.keyPress(msg)
	}
	return a.others(msg)
}

// others is what nobody here knows: a cursor that blinks, a clipboard's answer.
func (a *app) others(msg tea.Msg) tea.Cmd {
	if n := len(a.dialogs); n > 0 {
		cmd, done := a.dialogs[n-1].update(msg)
		if done {
			a.dialogs = a.dialogs[:n-1]
		}
		return cmd
	}
	return a.top().update(msg)
}

// held lists the screens that are alive: those on the stack and the roots.
func (a *app) held() []held {
	out := append([]held{}, a.stack...)
	for _, r := range a.roots {
		if len(a.stack) == 0 || a.stack[0].id != r.id {
			out = append(out, r)
		}
	}
	return out
}

// everywhere tells all screens a fact.
func (a *app) everywhere(msg tea.Msg) tea.Cmd {
	var cmds []tea.Cmd
	for _, h := range a.held() {
		cmds = append(cmds, h.update(msg))
	}
	return tea.Batch(cmds...)
}

// keyPress goes, in this order, to: the dialog on top, the text field that has
// the focus, the screen's actions, the shared keys, the root keys.
func (a *app) keyPress(k tea.KeyPressMsg) tea.Cmd {
	if len(a.dialogs) > 0 {
		return a.others(k)
	}
	top := a.top()
	if t, ok := top.(texter); ok && t.wantsText() && k.String() != "ctrl+c" {
		if field, ok := top.(keyed); ok {
			return field.key(k)
		}
	}
	if cmd, ok := press(top.actions(), k.String()); ok {
		return cmd
	}
	if cmd, ok := press(a.rootActions(), k.String()); ok {
		return cmd
	}
	return nil
}

// open opens a screen of the registry: one with a key of its own takes the place
// of the whole stack and keeps its cursor, any other goes on top.
func (a *app) open(msg openMsg) tea.Cmd {
	e, ok := find(msg.screen)
	if !ok {
		return nil
	}
	if e.key == "" || msg.id != "" {
		return a.push(e.name, func(b base) screen { return e.make(b, msg.id) })
	}
	a.dialogs = nil
	if h, ok := a.roots[e.name]; ok {
		a.stack = []held{h}
		a.resize()
		return a.resumed()
	}
	a.stack = nil
	cmd := a.push(e.name, func(b base) screen { return e.make(b, "") })
	a.roots[e.name] = a.stack[0]
	return cmd
}

func (a *app) push(name string, mk func(base) screen) tea.Cmd {
	a.lastID++
	h := held{a.lastID, name, mk(base{a, a.lastID})}
	a.stack = append(a.stack, h)
	a.resize()
	return h.init()
}

// pop leaves the screen on top; the last one stays.
func (a *app) pop() tea.Cmd {
	if len(a.stack) < 2 {
		return nil
	}
	a.stack = a.stack[:len(a.stack)-1]
	a.resize()
	return a.resumed()
}

func (a *app) resumed() tea.Cmd {
	if r, ok := a.top().(resumer); ok {
		return r.resume()
	}
	return nil
}

// resize tells the screens their room.
func (a *app) resize() {
	w, h := a.body()
	for _, s := range a.stack {
		s.resize(w, h)
	}
}

// body is the room for a screen: all but title, status and footer, which go in
// this order where the terminal is too low for them.
func (a *app) body() (w, h int) {
	w, h = max(a.w, 0), max(a.h, 0)
	return w, max(h-a.chrome(), 0)
}

func (a *app) chrome() int {
	switch {
	case a.h >= 6:
		return 3
	case a.h >= 3:
		return 1
	}
	return 0
}

// setTheme changes the looks of everything.
func (a *app) setTheme(t themes.Theme) {
	a.styles = newStyles(t, a.mono)
	for _, h := range a.held() {
		if s, ok := h.screen.(styled); ok {
			s.restyle()
		}
	}
}

func themeFor(dark bool) themes.Theme {
	name := "light"
	if dark {
		name = "dark"
	}
	t, err := themes.Load(name)
	if err != nil {
		panic(err) // the built-in themes are tested
	}
	return t
}

// paste takes a paste wherever it comes: a text field that has the focus, a
// screen that wants it; else it is taken for records.
func (a *app) paste(text string) tea.Cmd {
	if len(a.dialogs) > 0 {
		return a.others(tea.PasteMsg{Content: text})
	}
	top := a.top()
	if t, ok := top.(texter); ok && t.wantsText() {
		return top.update(tea.PasteMsg{Content: text})
	}
	if p, ok := top.(paster); ok {
		return p.paste(text)
	}
	for _, e := range registry {
		if e.paste != nil {
			return a.push(e.name, func(b base) screen { return e.paste(b, text) })
		}
	}
	return nil
}
