package shell

import (
	"context"
	"slices"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"

	"hearth/themes"
	"hearth/tui/ui"
)

// Options is what the shell is given.
type Options struct {
	Theme     themes.Theme
	AutoTheme bool // follow the terminal's background
	Clipboard ui.Clipboard
	Local     bool             // times in local time instead of UTC
	Now       func() time.Time // the clock; nil is the real one
	// After makes a command that waits and then makes a message; nil is tea.Tick.
	After func(time.Duration, func(time.Time) tea.Msg) tea.Cmd
	// Mouse asks the terminal for the mouse; then it cannot mark text by itself.
	Mouse bool
	// Plain draws in ASCII.
	Plain bool
	// Pause is how long a question that appears while somebody types takes no key; 0 is half a
	// second, and a negative one none.
	Pause time.Duration
	// Keys are the keys of actions, by their names, in place of their own.
	Keys map[string][]string
	// Secrets are questions that work asks the user; nil: there are none.
	Secrets <-chan ui.Secret
}

// App is the root model: what runs the screens. It names no screen and no place;
// both come with a [Begin].
type App struct {
	ctx      context.Context // hearth's own; what is asked of a place has the visit's
	opt      Options
	visit    *visit
	banner   ui.Banner
	look     ui.Look // changed by relook alone: others read it off the loop
	looking  *sync.RWMutex
	terminal terminal
	w, h     int
	stack    []held
	roots    map[string]held // screens that a key opens keep their place
	dialogs  []ui.Overlay
	said     messages
	tasks    tasks
	lastID   int
	clock    struct {
		nth     int       // its last tick
		touched time.Time // when a key was pressed last
		deaf    time.Time // until when a question takes no key
	}
}

// held is a screen on the stack.
type held struct {
	id    int
	name  string
	leave context.CancelFunc // ends what it asked

	opened ui.Open // for what it was opened
	ui.Screen
}

// New makes the model, in a place; nothing is read yet.
func New(ctx context.Context, in ui.Begin, o Options) *App {
	if o.After == nil {
		o.After = tea.Tick
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Pause == 0 {
		o.Pause = 500 * time.Millisecond
	}
	a := &App{ctx: ctx, opt: o, visit: newVisit(ctx, in), banner: in.Banner(), roots: map[string]held{}, looking: &sync.RWMutex{}}
	a.clock.touched = o.Now()
	if o.Theme.Path != "" {
		a.terminal.own.theme = o.Theme
	}
	a.look = ui.Look{Styles: ui.NewStyles(a.themeHere(), false, a.banner.Color), Now: o.Now(), Local: o.Local}
	return a
}

// End cancels all that runs and closes the place, at most so long.
func (a *App) End(atMost time.Duration) error { return a.visit.end(atMost) }

// top is the screen that is shown.
func (a *App) top() ui.Screen {
	if len(a.stack) == 0 {
		return blank{}
	}
	return a.stack[len(a.stack)-1].Screen
}

// blank is shown before the first screen is open.
type blank struct{}

func (blank) Init() tea.Cmd          { return nil }
func (blank) Update(tea.Msg) tea.Cmd { return nil }
func (blank) Resize(int, int)        {}
func (blank) View(int, int) string   { return "" }
func (blank) Actions() []ui.Action   { return nil }

// renew looks at the clock, and at what is to be said of the place.
func (a *App) renew() {
	a.banner = a.visit.in.Banner()
	a.relook(func(l *ui.Look) { l.Now = a.opt.Now() })
}

// relook changes the look.
func (a *App) relook(change func(*ui.Look)) {
	a.looking.Lock()
	defer a.looking.Unlock()
	change(&a.look)
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

// terminal is what the terminal said of itself, and what is open with it.
type terminal struct {
	light bool
	few   bool // 16 colours
	mono  bool // none

	own   ownTheme   // the theme that was made for it, in a file
	asked bool       // for its clipboard
	ahead []tea.Msg  // typed before there was a screen
	cut   ui.Overlay // what told last of a paste without its end
}
