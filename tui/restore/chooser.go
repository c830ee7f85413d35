package restore

import (
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/tui/grid"
	"hearth/tui/ui"
)

// chooser is what the screens have in common on which something of a long list is
// chosen, which typing makes shorter.
type chooser struct {
	host  ui.Host
	field textinput.Model
	table *grid.Model
	fill  func() // chooses the rows that fit what is typed
}

func newChooser(host ui.Host, columns []grid.Column) chooser {
	return chooser{host: host, field: ui.NewInput(""), table: grid.New(columns, host.Look().Grid())}
}

func (c *chooser) Restyle()        { c.table.SetStyles(c.host.Look().Grid()) }
func (c *chooser) WantsText() bool { return true }

// Type is a key for the search.
func (c *chooser) Type(k tea.KeyPressMsg) tea.Cmd { return c.typed(k) }

func (c *chooser) typed(msg tea.Msg) tea.Cmd {
	var cmd tea.Cmd
	c.field, cmd = c.field.Update(msg)
	c.fill()
	return cmd
}

// wanted makes what is typed a test of a row's text: each word is a part of it.
func (c *chooser) wanted() func(parts ...string) bool {
	words := strings.Fields(core.Fold(c.field.Value()))
	return func(parts ...string) bool {
		text := core.Fold(strings.Join(parts, " "))
		for _, w := range words {
			if !strings.Contains(text, w) {
				return false
			}
		}
		return true
	}
}

// keys are the keys that are no text.
func (c *chooser) keys(group, help, back string, choose func() tea.Cmd) []ui.Action {
	step := func(f func()) func() tea.Cmd {
		return func() tea.Cmd {
			f()
			return nil
		}
	}
	out := []ui.Action{
		{Name: "chooser-choose", Keys: []string{"enter"}, Label: "choose", Help: help, Run: choose},
		{Name: "chooser-down", Keys: []string{"down"}, Help: "Down", Run: step(func() { c.table.Step(1) })},
		{Name: "chooser-up", Keys: []string{"up"}, Help: "Up", Run: step(func() { c.table.Step(-1) })},
		{Name: "chooser-page-down", Keys: []string{"pgdown"}, Help: "A page down", Run: step(func() { c.table.Page(1) })},
		{Name: "chooser-page-up", Keys: []string{"pgup"}, Help: "A page up", Run: step(func() { c.table.Page(-1) })},
		{Name: "chooser-back", Keys: []string{"esc", "ctrl+c"}, Label: "back", Help: back, Run: func() tea.Cmd { return ui.CloseScreen }},
	}
	for i := range out {
		out[i].Group = group
	}
	return out
}
