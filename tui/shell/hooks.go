package shell

import (
	tea "charm.land/bubbletea/v2"

	"hearth/themes"
	"hearth/tui/ui"
)

// What those see who drive the shell without a terminal, as tests do.

// Note is what was said last, and whether the status line still says it.
func (a *App) Note() (n ui.Note, shown bool) { return a.said.last() }

// Top is the screen that is shown, Depth how many lie on the stack.
func (a *App) Top() ui.Screen { return a.top() }

// Depth is how many screens lie on the stack.
func (a *App) Depth() int { return len(a.stack) }

// Dialog is the dialog on top, nil if there is none.
func (a *App) Dialog() ui.Overlay {
	if n := len(a.dialogs); n > 0 {
		return a.dialogs[n-1]
	}
	return nil
}

// Keys are the actions that keys reach now.
func (a *App) Keys() []ui.Action { return a.scope() }

// CurrentLook is the look as it is now.
func (a *App) CurrentLook() ui.Look { return a.look }

// Tasks are those that run and that ran, oldest first.
func (a *App) Tasks() (out []ui.Task) {
	for _, b := range a.tasks.list {
		out = append(out, a.tasks.as(b.ID))
	}
	return out
}

// Running is the one task that runs; the zero Task if none or more do.
func (a *App) Running() ui.Task {
	if run := a.tasks.running(nil); len(run) == 1 {
		return a.tasks.as(run[0].ID)
	}
	return ui.Task{}
}

// Host is a host of no screen.
func (a *App) Host() ui.Host { return a.seat(0) }

// Paint uses a theme, with or without colours.
func (a *App) Paint(t themes.Theme, mono bool) {
	a.terminal.mono = mono
	a.setTheme(t)
}

// CloseDialogs takes all dialogs away.
func (a *App) CloseDialogs() { a.dialogs = nil }

// Anew forgets all screens, as before the first was opened.
func (a *App) Anew() { a.roots, a.stack = map[string]held{}, nil }

// RootKeys are the actions that keys reach everywhere.
func (a *App) RootKeys() []ui.Action { return a.rootActions() }

// Status draws the status line.
func (a *App) Status(w int) string { return a.statusLine(w) }

// Progressed is the message by which a task says how far it is.
func Progressed(id ui.TaskID, s ui.Step, items map[string]string) tea.Msg {
	return progressMsg{id: id, step: s, items: items}
}

// SetPlain draws in ASCII, or not.
func (a *App) SetPlain(on bool) { a.opt.Plain = on }

// Screen is the name of the screen that is shown, Where what the list of screens calls it.
func (a *App) Screen() string {
	if n := len(a.stack); n > 0 {
		return a.stack[n-1].name
	}
	return ""
}

// Where is what the list of screens calls the screen that is shown.
func (a *App) Where() string {
	if n := len(a.stack); n > 0 {
		return a.nameOf(a.stack[n-1])
	}
	return ""
}

// Screens is the list of screens of the place.
func (a *App) Screens() []ui.Entry { return a.screens() }
