package shell

import (
	"context"
	"slices"

	tea "charm.land/bubbletea/v2"

	"hearth/tui/ui"
)

// The stack of screens: what is opened, what is left, what is told its room.

// screens is the list of screens of the place.
func (a *App) screens() []ui.Entry { return a.visit.in.Screens }

// find returns the list's entry of the name.
func (a *App) find(name string) (ui.Entry, bool) {
	for _, e := range a.screens() {
		if e.Name == name {
			return e, true
		}
	}
	return ui.Entry{}, false
}

// hold makes a screen.
func (a *App) hold(name string, mk func(ui.Host) ui.Screen) held {
	a.lastID++
	ctx, leave := context.WithCancel(a.visit.ctx)
	return held{id: a.lastID, name: name, leave: leave, Screen: mk(seat{a, a.visit, a.lastID, ctx})}
}

// left ends what screens have asked that are there no longer, of those that were.
func (a *App) left(were []held) {
	for _, h := range were {
		if !slices.ContainsFunc(a.held(), func(x held) bool { return x.id == h.id }) {
			h.leave()
		}
	}
}

// open opens a screen of the list: one with a key of its own takes the place of
// the whole stack and keeps its cursor, any other goes on top.
func (a *App) open(msg ui.Open) tea.Cmd {
	e, ok := a.find(msg.Screen)
	if !ok {
		return nil
	}
	mk, were := func(h ui.Host) ui.Screen { return e.Make(h, msg) }, a.held()
	defer func() {
		if n := len(a.stack); n > 0 && a.stack[n-1].name == e.Name {
			a.stack[n-1].opened = msg
		}
	}()
	if n := len(a.stack); e.Above && n > 0 && a.stack[n-1].name == e.Name {
		return nil // it is shown
	}
	if e.Kept {
		return a.openKept(e, msg)
	}
	if e.Key == "" || e.Above || msg.Aimed() {
		return a.push(e.Name, mk)
	}
	if h, ok := a.roots[e.Name]; ok {
		a.stack, a.dialogs, a.said.passed = []held{h}, nil, true
		a.left(were)
		a.layout()
		if o, ok := h.Screen.(ui.Opener); ok && msg.View != "" {
			return o.Reopen(msg)
		}
		return a.resumed()
	}
	a.stack = nil
	cmd := a.push(e.Name, mk)
	a.roots[e.Name] = a.stack[0]
	a.left(were)
	return cmd
}

// openKept shows the one screen of its kind: what is on top of it goes.
func (a *App) openKept(e ui.Entry, msg ui.Open) tea.Cmd {
	were := a.held()
	h, there := a.roots[e.Name]
	if !there {
		h = a.hold(e.Name, func(host ui.Host) ui.Screen { return e.Make(host, msg) })
		a.roots[e.Name] = h
	}
	if i := slices.IndexFunc(a.stack, func(x held) bool { return x.id == h.id }); i >= 0 {
		a.stack = a.stack[:i]
		a.left(were)
	}
	a.stack, a.dialogs, a.said.passed = append(a.stack, h), nil, true
	a.layout()
	if o, ok := h.Screen.(ui.Opener); ok && there && msg.Aimed() {
		return o.Reopen(msg)
	}
	if there {
		return a.resumed()
	}
	return h.Init()
}

// push puts a screen on top.
func (a *App) push(name string, mk func(ui.Host) ui.Screen) tea.Cmd {
	h := a.hold(name, mk)
	a.stack, a.dialogs, a.said.passed = append(a.stack, h), nil, true
	a.layout()
	return h.Init()
}

// pop leaves the screen on top; the last one stays.
func (a *App) pop() tea.Cmd {
	if len(a.stack) < 2 {
		return nil
	}
	were := a.held()
	a.stack, a.said.passed = a.stack[:len(a.stack)-1], true
	a.left(were)
	a.layout()
	a.visit.trail.left(a.stack[len(a.stack)-1].opened)
	return a.resumed()
}

func (a *App) resumed() tea.Cmd {
	if r, ok := a.top().(ui.Resumer); ok {
		return r.Resume()
	}
	return nil
}

// layout tells screens and dialogs their room.
func (a *App) layout() {
	w, h := a.body()
	for _, s := range a.stack {
		s.Resize(w, h)
	}
	w, h = a.upper()
	for _, d := range a.dialogs {
		d.Resize(w, h)
	}
}
