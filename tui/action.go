package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"hearth/core"
)

// action is everything there is to know about something that a key does: its
// handler, the footer, the help and the README all read this one record.
type action struct {
	keys  []string // as tea writes them; the first is shown
	label string   // a word or two, for the footer; "" keeps it out of there
	help  string   // what it does, for the help
	group string   // heading in the help; "" is the screen itself
	minor bool     // in the footer only where there is room
	// why says why it cannot be done now, "" if it can; nil is always.
	why func() string
	run func() tea.Cmd
}

// blocked says why the action cannot be done now, "" if it can.
func (a action) blocked() string {
	if a.why == nil {
		return ""
	}
	return a.why()
}

// key is the key as people read it.
func (a action) key() string { return keyName(a.keys[0]) }

var keyNames = map[string]string{
	"space": "Space", "enter": "Enter", "esc": "Esc", "tab": "Tab", "shift+tab": "Shift-Tab", "up": "↑", "down": "↓", "left": "←", "right": "→",
	"pgup": "PgUp", "pgdown": "PgDn", "home": "Home", "end": "End",
}

func keyName(k string) string {
	if name, ok := keyNames[k]; ok {
		return name
	}
	if rest, ok := strings.CutPrefix(k, "ctrl+"); ok {
		return "Ctrl-" + strings.ToUpper(rest)
	}
	return k
}

// press runs the action that has the key. One that is blocked says why instead.
func press(actions []action, key string) (tea.Cmd, bool) {
	for _, a := range actions {
		if !slices.Contains(a.keys, key) {
			continue
		}
		if why := a.blocked(); why != "" {
			return note(warn, a.key()+" does not work now: "+strings.TrimSuffix(why, ".")+"."), true
		}
		return a.run(), true
	}
	return nil, false
}

// scope is the actions that keys reach now, the nearest first: those of the
// dialog on top, or of the text field that has the focus, or of the screen and
// then the root.
func (a *app) scope() []action {
	top := a.top()
	if n := len(a.dialogs); n > 0 {
		return a.dialogs[n-1].actions()
	}
	if t, ok := top.(texter); ok && t.wantsText() {
		return t.fieldActions()
	}
	out := slices.Clip(top.actions())
	taken := map[string]bool{}
	for _, act := range out {
		for _, k := range act.keys {
			taken[k] = true
		}
	}
	for _, act := range a.rootActions() { // what a screen's own hides is not told
		if slices.ContainsFunc(act.keys, func(k string) bool { return !taken[k] }) {
			out = append(out, act)
		}
	}
	return out
}

// footer draws as many actions as there is room for: the screen's, then the
// root's, then those that matter less; the help stands at the end.
func (a *app) footer(w int) string {
	var major, minor []action
	help, room := "", w
	for _, act := range a.scope() {
		switch {
		case act.label == "":
		case act.keys[0] == "?":
			help = a.footerItem(act)
			room -= ansi.StringWidth(help) + 2
		case act.minor:
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
func (a *app) footerItem(act action) string {
	s, label := a.styles, core.Visible(act.label)
	if act.blocked() != "" {
		return s.key.Paint(act.key()) + " " + s.dim.Paint("("+label+")")
	}
	return s.key.Paint(act.key()) + " " + s.text.Paint(label)
}
