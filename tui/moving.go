package tui

import (
	tea "charm.land/bubbletea/v2"

	"hearth/tui/grid"
)

// tableMoves are the keys that move a table's cursor; then, if not nil, is what
// follows a movement.
func tableMoves(t *grid.Model, then func() tea.Cmd) []action {
	move := func(f func()) func() tea.Cmd {
		return func() tea.Cmd {
			f()
			if then == nil {
				return nil
			}
			return then()
		}
	}
	return []action{
		{keys: []string{"down", "j"}, help: "Down", group: "Moving", run: move(func() { t.Step(1) })},
		{keys: []string{"up", "k"}, help: "Up", group: "Moving", run: move(func() { t.Step(-1) })},
		{keys: []string{"pgdown", "ctrl+f"}, help: "A page down", group: "Moving", run: move(func() { t.Page(1) })},
		{keys: []string{"pgup", "ctrl+b"}, help: "A page up", group: "Moving", run: move(func() { t.Page(-1) })},
		{keys: []string{"home", "g"}, help: "To the beginning", group: "Moving", run: move(t.Home)},
		{keys: []string{"end", "G"}, help: "To the end", group: "Moving", run: move(t.End)},
	}
}

// scrolls are the keys that scroll a text of which h lines are shown.
func scrolls(h func() int, by func(lines int)) []action {
	move := func(n func() int) func() tea.Cmd {
		return func() tea.Cmd {
			by(n())
			return nil
		}
	}
	page := func() int { return max(h()-1, 1) }
	const far = 1 << 30
	return []action{
		{keys: []string{"down", "j"}, help: "Down", group: "Moving", run: move(func() int { return 1 })},
		{keys: []string{"up", "k"}, help: "Up", group: "Moving", run: move(func() int { return -1 })},
		{keys: []string{"pgdown", "ctrl+f", "space"}, help: "A page down", group: "Moving", run: move(page)},
		{keys: []string{"pgup", "ctrl+b"}, help: "A page up", group: "Moving", run: move(func() int { return -page() })},
		{keys: []string{"home", "g"}, help: "To the beginning", group: "Moving", run: move(func() int { return -far })},
		{keys: []string{"end", "G"}, help: "To the end", group: "Moving", run: move(func() int { return far })},
	}
}
