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
		{keys: []string{"home", "g"}, help: "To the first row", group: "Moving", run: move(t.Home)},
		{keys: []string{"end", "G"}, help: "To the last row", group: "Moving", run: move(t.End)},
	}
}
