package shell

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"hearth/core"
	"hearth/tui/ui"
)

// helpAction is the name of the action that stands at the end of the footer.
const helpAction = "help"

// footer draws as many actions as there is room for: the screen's, then the
// root's, then those that matter less; the help stands at the end.
func (a *App) footer(w int) string {
	var major, minor []ui.Action
	help, room := "", w
	for _, act := range a.scope() {
		switch {
		case act.Label == "":
		case act.Name == helpAction:
			help = a.footerItem(act)
			room -= ansi.StringWidth(help) + 2
		case act.Minor:
			minor = append(minor, act)
		default:
			major = append(major, act)
		}
	}
	var items []string
	for _, act := range append(major, minor...) {
		item := a.footerItem(act)
		if n := ansi.StringWidth(item); n <= room {
			items, room = append(items, item), room-n-2
		}
	}
	if help != "" {
		items = append(items, help)
	}
	return strings.Join(items, "  ")
}

// footerItem is a key with its label; what does not work now stands in brackets.
func (a *App) footerItem(act ui.Action) string {
	s, label := a.look, core.Visible(act.Label)
	if act.Blocked() != "" {
		return s.Key.Paint(act.Key()) + " " + s.Dim.Paint("("+label+")")
	}
	return s.Key.Paint(act.Key()) + " " + s.Text.Paint(label)
}
