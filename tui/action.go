package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// action is everything there is to know about something that a key does: its
// handler, the footer, the help and the README all read this one record.
type action struct {
	name  string   // tells it from the others of its screen, whatever its keys are
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
