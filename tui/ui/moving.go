package ui

import (
	tea "charm.land/bubbletea/v2"

	"hearth/tui/grid"
)

// TableMoves are the keys that move a table's cursor, and that find in it; then, if not nil,
// is what follows a movement.
func TableMoves(t *grid.Model, then func() tea.Cmd) []Action {
	return append(Finds(tableFinder{t}, then), Moves(t, then)...)
}

// Moves are the keys that move a table's cursor, of one with a filter of its own.
func Moves(t *grid.Model, then func() tea.Cmd) []Action {
	move := func(f func()) func() tea.Cmd {
		return func() tea.Cmd {
			f()
			if then == nil {
				return nil
			}
			return then()
		}
	}
	return []Action{
		{Name: "down", Keys: []string{"down", "j"}, Help: "Down", Group: "Moving", Run: move(func() { t.Step(1) }), Table: t},
		{Name: "up", Keys: []string{"up", "k"}, Help: "Up", Group: "Moving", Run: move(func() { t.Step(-1) }), Table: t},
		{Name: "page-down", Keys: []string{"pgdown", "ctrl+f"}, Help: "A page down", Group: "Moving", Run: move(func() { t.Page(1) })},
		{Name: "page-up", Keys: []string{"pgup", "ctrl+b"}, Help: "A page up", Group: "Moving", Run: move(func() { t.Page(-1) })},
		{Name: "home", Keys: []string{"home", "g"}, Help: "To the beginning", Group: "Moving", Run: move(t.Home)},
		{Name: "end", Keys: []string{"end", "G"}, Help: "To the end", Group: "Moving", Run: move(t.End)},
	}
}

// scrolls are the keys that scroll a text of which h lines are shown.
func scrolls(h func() int, by func(lines int)) []Action {
	move := func(n func() int) func() tea.Cmd {
		return func() tea.Cmd {
			by(n())
			return nil
		}
	}
	page := func() int { return max(h()-1, 1) }
	const far = 1 << 30
	return []Action{
		{Name: "down", Keys: []string{"down", "j"}, Help: "Down", Group: "Moving", Run: move(func() int { return 1 })},
		{Name: "up", Keys: []string{"up", "k"}, Help: "Up", Group: "Moving", Run: move(func() int { return -1 })},
		{Name: "page-down", Keys: []string{"pgdown", "ctrl+f"}, Help: "A page down", Group: "Moving", Run: move(page)},
		{Name: "read-on", Keys: []string{"space"}, Help: "A page down", Group: "Moving", Run: move(page)},
		{Name: "page-up", Keys: []string{"pgup", "ctrl+b"}, Help: "A page up", Group: "Moving", Run: move(func() int { return -page() })},
		{Name: "home", Keys: []string{"home", "g"}, Help: "To the beginning", Group: "Moving", Run: move(func() int { return -far })},
		{Name: "end", Keys: []string{"end", "G"}, Help: "To the end", Group: "Moving", Run: move(func() int { return far })},
	}
}
