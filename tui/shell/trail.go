package shell

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"hearth/tui/ui"
)

// trail is where one has been in a place: what was opened, in order, and where in it one is.
type trail struct {
	steps []step
	at    int // the step that is shown
}

// step is something that was opened.
type step struct {
	open  ui.Open
	title string // as it called itself when it was left; "" before
}

// mostSteps is how far back one can go.
const mostSteps = 200

// same reports whether two open the same.
func same(a, b ui.Open) bool {
	return a.Screen == b.Screen && a.ID == b.ID && a.Filter == b.Filter && a.View == b.View && slices.Equal(a.IDs, b.IDs)
}

// went notes that something was opened; what lay ahead is ahead no longer.
func (t *trail) went(to ui.Open) {
	switch {
	case len(t.steps) > 0 && same(t.steps[t.at].open, to):
		return
	case len(t.steps) > 0:
		t.steps = t.steps[:t.at+1]
	}
	if t.steps = append(t.steps, step{open: to}); len(t.steps) > mostSteps {
		t.steps = t.steps[1:]
	}
	t.at = len(t.steps) - 1
}

// left notes that one is at the screen below by Esc: where that was opened before.
func (t *trail) left(to ui.Open) {
	for i := t.at - 1; i >= 0; i-- {
		if same(t.steps[i].open, to) {
			t.at = i
			return
		}
	}
}

// objects are the backups and volumes that were opened, the last one first, each once.
func (t *trail) objects() (out []step) {
	for i := len(t.steps) - 1; i >= 0; i-- {
		s := t.steps[i]
		if s.open.ID == "" || slices.ContainsFunc(out, func(x step) bool { return same(x.open, s.open) }) {
			continue
		}
		if s.title == "" {
			s.title = s.open.ID
		}
		out = append(out, s)
	}
	return out
}

// nowhere says why one cannot go so many steps along the trail, "" if one can.
func (a *App) nowhere(by int) func() string {
	return func() string {
		switch at := a.visit.trail.at + by; {
		case at < 0:
			return "you have been nowhere before"
		case at >= len(a.visit.trail.steps):
			return "there is nothing ahead"
		}
		return ""
	}
}

// along goes along the trail.
func (a *App) along(by int) func() tea.Cmd {
	return func() tea.Cmd {
		t := &a.visit.trail
		a.titled()
		to := t.at + by
		cmd := a.open(t.steps[to].open)
		t.at = to
		return cmd
	}
}

// titled notes how what is shown calls itself.
func (a *App) titled() {
	t, n := &a.visit.trail, len(a.stack)
	if n == 0 || t.at >= len(t.steps) || t.steps[t.at].open.Screen != a.stack[n-1].name {
		return
	}
	if s, ok := a.stack[n-1].Screen.(ui.Titled); ok {
		t.steps[t.at].title = s.Title()
	}
}
