package tui

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
)

// elsewhere goes to another place. While tasks run in this one it asks what is to
// become of them.
func (a *App) elsewhere(to Go) tea.Cmd {
	run := a.tasks.running(a.visit)
	if len(run) == 0 {
		return a.openPlace(to)
	}
	title, them := core.Visible(run[0].What)+" is still running", "it"
	if len(run) > 1 {
		title, them = core.Count(len(run), "task")+" are still running", "them"
	}
	items := []menuItem{
		{label: "Stay here"},
		{label: "Leave " + them + " running, and go", hint: "this place is closed when the last has ended"},
		{label: "Cancel " + them + ", and go"},
	}
	return show(&menuBox{title: title, items: items, pick: func(i int) tea.Cmd {
		switch i {
		case 1:
			return a.openPlace(to)
		case 2:
			return tea.Batch(a.stopAll(a.visit), a.openPlace(to))
		}
		return nil
	}})
}

// openPlace opens the other place, and goes there when it is open.
func (a *App) openPlace(to Go) tea.Cmd {
	_, cmd := a.start(seat{app: a, visit: a.visit}, Work{What: "opening " + to.To, Do: func(ctx context.Context, _ Progress) Result {
		in, err := to.Open(ctx)
		if err != nil {
			return failedWith(err)
		}
		return Result{Then: in}
	}})
	return cmd
}

// begin leaves the old place, with all its screens, for a new one. What runs there
// and was not cancelled goes on, and the place is closed when the last of it ends.
func (a *App) begin(in Begin) tea.Cmd {
	old := a.visit
	a.visit, a.banner = newVisit(a.ctx, in), in.Banner()
	a.stack, a.roots, a.dialogs = nil, map[string]held{}, nil
	a.setTheme(a.look.theme)
	leave := func() tea.Msg { return failure(old.leave()) }
	return tea.Batch(leave, open(in.Screens[0].name, ""), a.arrive(), note(good, in.Said))
}
