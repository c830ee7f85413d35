package shell

import (
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"hearth/tui/term"
	"hearth/tui/ui"
)

// Init is what happens before the terminal says its size.
func (a *App) Init() tea.Cmd {
	cmds := []tea.Cmd{a.tick(), a.arrive(), a.watchTheme()}
	if a.opt.AutoTheme {
		cmds = append(cmds, tea.RequestBackgroundColor)
	}
	if a.opt.Secrets != nil {
		cmds = append(cmds, a.listen)
	}
	return tea.Batch(cmds...)
}

// listen waits for a question that work asks the user.
func (a *App) listen() tea.Msg {
	select {
	case s := <-a.opt.Secrets:
		return s
	case <-a.ctx.Done():
		return nil
	}
}

// asks puts a question of work's on top, and again where another screen took it away with
// its dialogs: somebody waits for the answer.
func (a *App) asks() {
	switch {
	case a.tasks.secret == nil:
	case a.tasks.secret.Closed():
		a.tasks.secret = nil
	case !slices.Contains(a.dialogs, ui.Overlay(a.tasks.secret)):
		a.dialogs = append(a.dialogs, a.tasks.secret)
		a.layout()
	}
}

// arrive is what is done first in a place.
func (a *App) arrive() tea.Cmd {
	if a.visit.in.Arrive == nil {
		return nil
	}
	return a.visit.in.Arrive(a.seat(0))
}

// How often the clock ticks, and after how long without a key it does so more seldom:
// what nobody looks at need not be read anew all the time.
const (
	lively  = 10 * time.Second
	drowsy  = time.Minute
	looking = 5 * time.Minute
)

// clockMsg is the clock's; those of a clock that was set anew come to nothing.
type clockMsg struct{ nth int }

func (a *App) tick() tea.Cmd {
	wait := lively
	if a.drowses() {
		wait = drowsy
	}
	a.clock.nth++
	nth := a.clock.nth
	return a.opt.After(wait, func(time.Time) tea.Msg { return clockMsg{nth} })
}

// clocked takes a tick of the clock, or one that was asked for.
func (a *App) clocked(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case clockMsg:
		if msg.nth != a.clock.nth {
			return nil
		}
		return tea.Batch(a.tick(), a.ticked())
	}
	return a.ticked()
}

// drowses reports whether nobody has pressed a key for a while.
func (a *App) drowses() bool { return a.opt.Now().Sub(a.clock.touched) >= looking }

// ticked looks at the clock, and has the screen that is shown do so.
func (a *App) ticked() tea.Cmd {
	a.renew()
	return a.top().Update(ui.TickMsg{})
}

// touched is a key: after a while without one, what is shown is looked at anew at once.
func (a *App) touched() tea.Cmd {
	slept := a.drowses()
	a.clock.touched = a.opt.Now()
	if !slept {
		return nil
	}
	return tea.Batch(a.tick(), a.ticked())
}

// startle has a question that appears while somebody types take no key for a moment: what is
// being typed was not meant for it.
func (a *App) startle(o ui.Overlay) {
	now := a.opt.Now()
	if _, asks := o.(*ui.QuestionBox); asks && a.opt.Pause > 0 && now.Sub(a.clock.touched) < a.opt.Pause {
		a.clock.deaf = now.Add(a.opt.Pause)
	}
}

// deaf reports whether the dialog on top takes no key yet.
func (a *App) deaf() bool {
	if len(a.dialogs) == 0 || !a.opt.Now().Before(a.clock.deaf) {
		return false
	}
	_, asks := a.dialogs[len(a.dialogs)-1].(*ui.QuestionBox)
	return asks
}

// Update is tea's.
func (a *App) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	cmd := a.handle(msg)
	a.asks()
	return a, cmd
}

// handle takes a message: the terminal's, the clock's, what leads somewhere, what
// comes from work; what is none of these is for the screen that is shown.
func (a *App) handle(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		return a.sized(msg)
	case tea.BackgroundColorMsg, tea.ColorProfileMsg:
		a.coloured(msg)
	case clockMsg, ui.TickMsg:
		return a.clocked(msg)
	case themeDueMsg, themeReadMsg:
		return a.themed(msg)
	case ui.Note, ui.BannerMsg, passMsg:
		return a.telling(msg)
	case ui.Reply:
		return a.deliver(msg)
	case ui.Open, ui.Push, ui.Close, ui.ShowMsg, ui.Secret, ui.Go, ui.Begin, jumpsMsg, doMsg:
		return a.navigate(msg)
	case ui.Changed:
		return tea.Batch(a.everyScreen(msg), a.resumed())
	case ui.CopyMsg, ui.SaveMsg, ui.ClipboardMsg, copiedMsg, clipboardTextMsg, tea.ClipboardMsg, clipboardLateMsg:
		return a.copying(msg)
	case progressMsg, workEndedMsg:
		return a.working(msg)
	case tea.MouseMsg:
		return tea.Batch(a.touched(), a.mouse(msg))
	case tea.KeyPressMsg, tea.PasteMsg, ui.Pasted, term.Cut, term.Unsuspended:
		return tea.Batch(a.touched(), a.keyboard(msg))
	default:
		return a.top().Update(msg)
	}
	return nil
}

// sized takes the terminal's size.
func (a *App) sized(msg tea.WindowSizeMsg) tea.Cmd {
	a.w, a.h = msg.Width, msg.Height
	a.layout()
	if len(a.stack) == 0 { // what a screen asks for depends on its room
		return a.visit.in.Opens()
	}
	return a.top().Update(msg)
}

// navigate goes where a message leads.
func (a *App) navigate(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case ui.Open:
		a.titled()
		cmd := a.open(msg)
		if _, ok := a.find(msg.Screen); ok {
			a.visit.trail.went(msg)
		}
		return tea.Batch(cmd, a.catchUp())
	case jumpsMsg:
		a.jumped(msg)
	case doMsg:
		return a.do(msg.name)
	case ui.Push:
		return a.push(msg.Name, msg.Make)
	case ui.Close:
		a.titled()
		return a.pop()
	case ui.ShowMsg:
		if msg.Over != nil && !slices.Contains(a.dialogs, msg.Over) { // it was left meanwhile
			return nil
		}
		n, _ := a.said.last()
		a.said.passed = a.said.passed || n.Level == ui.LevelBusy // it has come
		a.dialogs = append(a.dialogs, msg.Overlay)
		a.startle(msg.Overlay)
		a.layout()
	case ui.Secret:
		if a.tasks.secret = msg.Box(); a.opt.Secrets != nil {
			return a.listen
		}
	case ui.Go:
		return a.elsewhere(msg)
	case ui.Begin:
		return a.begin(msg)
	}
	return nil
}

// deliver takes a reply to the screen that asked, if it is alive.
func (a *App) deliver(r ui.Reply) tea.Cmd {
	for _, h := range a.held() {
		if h.id == r.To {
			return h.Update(r.Msg)
		}
	}
	return nil
}
