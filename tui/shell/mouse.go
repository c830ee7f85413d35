package shell

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"hearth/tui/grid"
	"hearth/tui/ui"
)

// wheel is how many lines a notch of the mouse's wheel goes.
const wheel = 3

// mouse takes what a mouse does: the wheel moves as the arrows do, a click is for what is
// drawn where it is.
func (a *App) mouse(msg tea.MouseMsg) tea.Cmd {
	if !a.opt.Mouse { // a terminal that was left with it sends it unasked
		return nil
	}
	at := msg.Mouse()
	switch msg.(type) {
	case tea.MouseWheelMsg:
		code := tea.KeyDown
		switch at.Button {
		case tea.MouseWheelUp:
			code = tea.KeyUp
		case tea.MouseWheelDown:
		default:
			return nil
		}
		var cmds []tea.Cmd
		for range wheel {
			if cmd, ok := ui.Press(a.scope(), tea.KeyPressMsg{Code: code}.String()); ok {
				cmds = append(cmds, cmd)
			}
		}
		return tea.Batch(cmds...)
	case tea.MouseClickMsg:
		if at.Button == tea.MouseLeft && !a.deaf() {
			return a.click(at.X, at.Y)
		}
	}
	return nil
}

// click is one at a cell of the frame: in the dialog on top, or in the screen.
func (a *App) click(x, y int) tea.Cmd {
	if n := len(a.dialogs); n > 0 {
		d := a.dialogs[n-1]
		w, h := a.upper()
		box := d.View(a.look, w, h)
		left, top := ui.Centre(box, w, h)
		p, ok := d.(ui.Pointed)
		if !ok {
			return nil
		}
		cmd := p.Point(strings.Split(ansi.Strip(box), "\n"), x-left, y-top)
		a.dialogs = slices.DeleteFunc(a.dialogs, func(o ui.Overlay) bool { return o == d && d.Closed() })
		return cmd
	}
	if a.chrome() == 3 {
		y--
	}
	w, h := a.body()
	if y < 0 || y >= h {
		return nil
	}
	lines := strings.Split(ansi.Strip(a.top().View(w, h)), "\n")
	if p, ok := a.top().(ui.Pointed); ok {
		if cmd := p.Point(lines, x, y); cmd != nil {
			return cmd
		}
	}
	scope := a.scope()
	for _, act := range scope {
		if act.Table != nil && act.Name == "down" {
			return a.clickTable(scope, act.Table, lines, x, y)
		}
	}
	return nil
}

// clickTable is one in a table that a screen draws somewhere: on a heading it sorts, on a row
// it goes there, on the row under the cursor it is Enter.
func (a *App) clickTable(scope []ui.Action, t *grid.Model, lines []string, x, y int) tea.Cmd {
	drawn, _, _ := strings.Cut(ansi.Strip(t.View()), "\n")
	head := strings.TrimRight(drawn, " ")
	if strings.TrimSpace(head) == "" {
		return nil
	}
	for top, line := range lines {
		before, _, ok := strings.Cut(line, head)
		if !ok {
			continue
		}
		x -= ansi.StringWidth(before)
		if x < 0 || x >= t.Width() {
			return nil
		}
		if y == top {
			return a.sortBy(t.ColumnAt(x))
		}
		by, ok := t.RowAt(y - top)
		if !ok {
			return nil
		}
		return rowOf(scope, t, by)
	}
	return nil
}

// rowOf goes so many rows on, as the arrows do; by none it is Enter.
func rowOf(scope []ui.Action, t *grid.Model, by int) tea.Cmd {
	key := "enter"
	switch {
	case by > 0:
		t.Step(by - 1)
		key = "down"
	case by < 0:
		t.Step(by + 1)
		key = "up"
	}
	cmd, _ := ui.Press(scope, key)
	return cmd
}

// sortBy sorts the screen's list, where it can be sorted by that.
func (a *App) sortBy(column string) tea.Cmd {
	if column == "" {
		return nil
	}
	for _, c := range a.commands() {
		if c.Name == "sort" {
			return c.Run(column)
		}
	}
	return nil
}
