package shell

import (
	"fmt"
	"slices"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/tui/term"
	"hearth/tui/ui"
)

// keyboard takes what was typed or pasted. Before there is a screen it is kept for the
// first one; but for Ctrl-C, which ends what does not begin.
func (a *App) keyboard(msg tea.Msg) tea.Cmd {
	if k, ok := msg.(tea.KeyPressMsg); len(a.stack) == 0 && !(ok && k.String() == "ctrl+c") {
		a.terminal.ahead = append(a.terminal.ahead, msg)
		return nil
	}
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		return a.keyPress(msg)
	case tea.PasteMsg:
		return a.takePaste(msg.Content)
	case ui.Pasted:
		return a.takePaste(msg.Text)
	case term.Cut:
		return a.pasteCut(msg)
	case term.Unsuspended:
		return ui.Say(ui.LevelWarn, "Nothing is suspended: hearth was not begun from a shell here, so that nothing could bring it back.")
	}
	return nil
}

// catchUp does what was typed before there was a screen.
func (a *App) catchUp() tea.Cmd {
	ahead := a.terminal.ahead
	a.terminal.ahead = nil
	var cmds []tea.Cmd
	for _, msg := range ahead {
		cmds = append(cmds, a.keyboard(msg))
	}
	return tea.Batch(cmds...)
}

// keyPress goes, in this order, to: the dialog on top, the text field that has
// the focus, the screen's actions, the root keys.
func (a *App) keyPress(k tea.KeyPressMsg) tea.Cmd {
	if a.deaf() {
		return ui.Say(ui.LevelInfo, "The question came while you were typing, and takes no key for half a second: press it again.")
	}
	cmd, ok := ui.Press(a.scope(), k.String())
	if n := len(a.dialogs); n > 0 {
		d := a.dialogs[n-1]
		switch {
		case ok:
		case takes(d, k):
			cmd = d.Update(k)
		case k.String() == "?": // no dialog has a screen's help
			cmd = a.showHelp()
		default:
			cmd = a.undefined(k.String())
		}
		a.dialogs = slices.DeleteFunc(a.dialogs, func(x ui.Overlay) bool { return x == d && d.Closed() })
		return cmd
	}
	if ok {
		return cmd
	}
	if t, typing := a.top().(ui.Texter); typing && t.WantsText() && takes(t, k) {
		return t.Type(k)
	}
	return a.undefined(k.String())
}

// takePaste takes a paste wherever it comes: a text field that has the focus and
// a text for one, a screen that wants it; else it is taken for records.
func (a *App) takePaste(text string) tea.Cmd {
	short, small := ui.ForField(text)
	if a.deaf() {
		return nil
	}
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
		until = "until " + ui.KeyOf("interrupt")
	}
	n := len(a.dialogs)
	if n > 0 && a.dialogs[n-1] == a.terminal.cut { // the rest of the rest
		a.dialogs = a.dialogs[:n-1]
	}
	box := ui.NoteBox(a.look, "Paste without an end", ui.Note{Level: ui.LevelWarn,
		Text: fmt.Sprintf("%s were taken as pasted, %s: the terminal did not say where the paste ends. See whether all of it is there; "+
			"else paste again.", core.Bytes(int64(c.Bytes)), until)})
	a.terminal.cut = box
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
