package shell

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/tui/ui"
)

// elsewhere goes to another place. While tasks run in this one it asks what is to
// become of them.
func (a *App) elsewhere(to ui.Go) tea.Cmd {
	run := a.tasks.running(a.visit)
	if len(run) == 0 {
		return a.openPlace(to)
	}
	title, them := core.Visible(run[0].What)+" is still running", "it"
	if len(run) > 1 {
		title, them = core.Count(len(run), "task")+" are still running", "them"
	}
	items := []ui.MenuItem{
		{Label: "Stay here"},
		{Label: "Leave " + them + " running, and go", Hint: "this place is closed when the last has ended"},
		{Label: "Cancel " + them + ", and go"},
	}
	return ui.Show(&ui.MenuBox{Title: title, Items: items, Pick: func(i int) tea.Cmd {
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
func (a *App) openPlace(to ui.Go) tea.Cmd {
	_, cmd := a.start(seat{app: a, visit: a.visit}, ui.Work{What: "opening " + to.To, Do: func(ctx context.Context, _ ui.Progress) ui.Result {
		in, err := to.Open(ctx)
		if err != nil {
			return ui.FailedWith(err)
		}
		return ui.Result{Then: in}
	}})
	return cmd
}

// begin leaves the old place, with all its screens, for a new one. What runs there
// and was not cancelled goes on, and the place is closed when the last of it ends.
func (a *App) begin(in ui.Begin) tea.Cmd {
	old := a.visit
	for _, h := range a.held() {
		h.leave()
	}
	a.visit, a.banner = newVisit(a.ctx, in), in.Banner()
	a.stack, a.roots, a.dialogs = nil, map[string]held{}, nil
	a.follow()
	leave := func() tea.Msg { return ui.Failure(old.leave()) }
	return tea.Batch(leave, in.Opens(), a.arrive(), a.watchTheme(), ui.Say(ui.LevelGood, in.Said))
}
