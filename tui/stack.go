package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"
)

// The stack of screens: what is opened, what is left, what is told its room.

// screens is the list of screens of the place.
func (a *App) screens() []entry { return a.visit.in.Screens }

// find returns the list's entry of the name.
func (a *App) find(name string) (entry, bool) {
	for _, e := range a.screens() {
		if e.name == name {
			return e, true
		}
	}
	return entry{}, false
}

// hold makes a screen.
func (a *App) hold(name string, mk func(Host) screen) held {
	a.lastID++
	return held{a.lastID, name, mk(a.seat(a.lastID))}
}

// open opens a screen of the list: one with a key of its own takes the place of
// the whole stack and keeps its cursor, any other goes on top.
func (a *App) open(msg openMsg) tea.Cmd {
	e, ok := a.find(msg.Screen)
	if !ok {
		return nil
	}
	mk := func(h Host) screen { return e.make(h, msg) }
	if n := len(a.stack); e.above && n > 0 && a.stack[n-1].name == e.name {
		return nil // it is shown
	}
	if e.kept {
		return a.openKept(e, msg)
	}
	if e.key == "" || e.above || msg.aimed() {
		return a.push(e.name, mk)
	}
	if h, ok := a.roots[e.name]; ok {
		a.stack, a.dialogs, a.note.passed = []held{h}, nil, true
		a.layout()
		return a.resumed()
	}
	a.stack = nil
	cmd := a.push(e.name, mk)
	a.roots[e.name] = a.stack[0]
	return cmd
}

// openKept shows the one screen of its kind: what is on top of it goes.
func (a *App) openKept(e entry, msg openMsg) tea.Cmd {
	h, there := a.roots[e.name]
	if !there {
		h = a.hold(e.name, func(host Host) screen { return e.make(host, msg) })
		a.roots[e.name] = h
	}
	if i := slices.IndexFunc(a.stack, func(x held) bool { return x.id == h.id }); i >= 0 {
		a.stack = a.stack[:i]
	}
	a.stack, a.dialogs, a.note.passed = append(a.stack, h), nil, true
	a.layout()
	if o, ok := h.screen.(opener); ok && there && msg.aimed() {
		return o.reopen(msg)
	}
	if there {
		return a.resumed()
	}
	return h.init()
}

// push puts a screen on top.
func (a *App) push(name string, mk func(Host) screen) tea.Cmd {
	h := a.hold(name, mk)
	a.stack, a.dialogs, a.note.passed = append(a.stack, h), nil, true
	a.layout()
	return h.init()
}

// pop leaves the screen on top; the last one stays.
func (a *App) pop() tea.Cmd {
	if len(a.stack) < 2 {
		return nil
	}
	a.stack, a.note.passed = a.stack[:len(a.stack)-1], true
	a.layout()
	return a.resumed()
}

func (a *App) resumed() tea.Cmd {
	if r, ok := a.top().(resumer); ok {
		return r.resume()
	}
	return nil
}

// layout tells screens and dialogs their room.
func (a *App) layout() {
	w, h := a.body()
	for _, s := range a.stack {
		s.resize(w, h)
	}
	w, h = a.upper()
	for _, d := range a.dialogs {
		d.resize(w, h)
	}
}
