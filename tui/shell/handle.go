package shell

import (
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/tui/term"
	"hearth/tui/ui"
)

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

func (a *App) tick() tea.Cmd {
	return a.opt.After(10*time.Second, func(time.Time) tea.Msg { return ui.TickMsg{} })
}

// Update is tea's.
func (a *App) Update(msg tea.Msg) (tea.Model, tea.Cmd) { return a, a.handle(msg) }

// handle takes a message: the terminal's, the clock's, what leads somewhere, what
// comes from work; what is none of these is for the screen that is shown.
func (a *App) handle(msg tea.Msg) tea.Cmd {
	if len(a.stack) == 0 && typed(msg) {
		a.ahead = append(a.ahead, msg)
		return nil
	}
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		return a.sized(msg)
	case tea.BackgroundColorMsg, tea.ColorProfileMsg:
		a.coloured(msg)
	case ui.TickMsg:
		a.renew()
		return tea.Batch(a.tick(), a.top().Update(msg))
	case ui.Note:
		a.note = told{Note: msg}
	case ui.Reply:
		return a.deliver(msg)
	case ui.Open, ui.Push, ui.Close, ui.ShowMsg, ui.Go, ui.Begin:
		return a.navigate(msg)
	case ui.BannerMsg:
		a.renew()
	case ui.Changed:
		return tea.Batch(a.everyScreen(msg), a.resumed())
	case ui.CopyMsg, ui.SaveMsg, copiedMsg, clipboardTextMsg, tea.ClipboardMsg, clipboardLateMsg:
		return a.copying(msg)
	case progressMsg:
		return a.progress(msg)
	case workEndedMsg:
		return a.workEnded(msg)
	case tea.PasteMsg:
		return a.takePaste(msg.Content)
	case term.Cut:
		return a.pasteCut(msg)
	case term.Unsuspended:
		return ui.Say(ui.LevelWarn, "Nothing is suspended: hearth was not begun from a shell here, so that nothing could bring it back.")
	case tea.KeyPressMsg:
		return a.keyPress(msg)
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
		return ui.OpenFor(a.visit.in.Screens[0].Name, "")
	}
	return a.top().Update(msg)
}

// navigate goes where a message leads.
func (a *App) navigate(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case ui.Open:
		return tea.Batch(a.open(msg), a.catchUp())
	case ui.Push:
		return a.push(msg.Name, msg.Make)
	case ui.Close:
		return a.pop()
	case ui.ShowMsg:
		a.note.passed = a.note.passed || a.note.Level == ui.LevelBusy // it has come
		a.dialogs = append(a.dialogs, msg.Overlay)
		a.layout()
	case ui.Go:
		return a.elsewhere(msg)
	case ui.Begin:
		return a.begin(msg)
	}
	return nil
}

// typed reports whether a message is of the keyboard and is kept for the first screen.
// Ctrl-C is not: it ends what does not begin.
func typed(msg tea.Msg) bool {
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		return msg.String() != "ctrl+c"
	case tea.PasteMsg, term.Cut:
		return true
	}
	return false
}

// catchUp does what was typed before there was a screen.
func (a *App) catchUp() tea.Cmd {
	ahead := a.ahead
	a.ahead = nil
	var cmds []tea.Cmd
	for _, msg := range ahead {
		cmds = append(cmds, a.handle(msg))
	}
	return tea.Batch(cmds...)
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

// keyPress goes, in this order, to: the dialog on top, the text field that has
// the focus, the screen's actions, the root keys.
func (a *App) keyPress(k tea.KeyPressMsg) tea.Cmd {
	cmd, ok := ui.Press(a.scope(), k.String())
	if n := len(a.dialogs); n > 0 {
		d := a.dialogs[n-1]
		if !ok {
			cmd = d.Update(k)
		}
		if d.Closed() {
			a.dialogs = a.dialogs[:n-1]
		}
		return cmd
	}
	if t, typing := a.top().(ui.Texter); typing && !ok && t.WantsText() {
		return t.Type(k)
	}
	return cmd
}

// takePaste takes a paste wherever it comes: a text field that has the focus and
// a text for one, a screen that wants it; else it is taken for records.
func (a *App) takePaste(text string) tea.Cmd {
	short, small := ui.ForField(text)
	if n := len(a.dialogs); n > 0 {
		d := a.dialogs[n-1]
		if t, ok := d.(interface{ WantsText() bool }); ok && t.WantsText() && small {
			return d.Update(tea.PasteMsg{Content: short})
		}
		return ui.Say(ui.LevelWarn, "Close the dialog first, then paste again.")
	}
	top := a.top()
	if t, ok := top.(ui.Texter); ok && t.WantsText() && small {
		return top.Update(tea.PasteMsg{Content: short})
	}
	return a.pasted(text)
}

// pasteCut tells of a paste whose end never came: what there is of it has been taken
// like any other. A dialog tells, as what comes yet may be meant for the paste.
func (a *App) pasteCut(c term.Cut) tea.Cmd {
	until := fmt.Sprintf("until nothing more came for %g s", c.After.Seconds())
	if c.Key {
		until = "until Ctrl-C"
	}
	n := len(a.dialogs)
	if n > 0 && a.dialogs[n-1] == a.cut { // the rest of the rest
		a.dialogs = a.dialogs[:n-1]
	}
	box := ui.NoteBox(a.look, "Paste without an end", ui.Note{Level: ui.LevelWarn,
		Text: fmt.Sprintf("%s were taken as pasted, %s: the terminal did not say where the paste ends. See whether all of it is there; "+
			"else paste again.", core.Bytes(int64(c.Bytes)), until)})
	a.cut = box
	return ui.Show(box)
}

// pasted opens the screen that takes pastes, or hands the text to it if it is
// shown; "" opens it empty.
func (a *App) pasted(text string) tea.Cmd {
	if p, ok := a.top().(ui.Paster); ok {
		return p.Paste(text)
	}
	for _, e := range a.screens() {
		if e.Paste != nil {
			return a.push(e.Name, func(h ui.Host) ui.Screen { return e.Paste(h, text) })
		}
	}
	return nil
}
