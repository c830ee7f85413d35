package ui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/tui/grid"
)

// Action is everything there is to know about something that a key does: its
// handler, the footer, the help and the README all read this one record.
type Action struct {
	Name  string   // tells it from the others of its screen, whatever its keys are
	Keys  []string // as tea writes them; the first is shown
	Label string   // a word or two, for the footer; "" keeps it out of there
	Help  string   // what it does, for the help
	Group string   // heading in the help; "" is the screen itself
	Minor bool     // in the footer only where there is room
	// why says why it cannot be done now, "" if it can; nil is always.
	Why func() string
	Run func() tea.Cmd
	// Table is the one whose cursor the action moves, nil for any other: a mouse clicks in it.
	Table *grid.Model
}

// Blocked says why the action cannot be done now, "" if it can.
func (a Action) Blocked() string {
	if a.Why == nil {
		return ""
	}
	return a.Why()
}

// Key is the key as people read it.
func (a Action) Key() string { return KeyName(a.Keys[0]) }

var keyNames = map[string]string{
	"space": "Space", "enter": "Enter", "esc": "Esc", "tab": "Tab", "shift+tab": "Shift-Tab", "up": "↑", "down": "↓",
	"left": "←", "right": "→",
	"backspace": "Backspace", "delete": "Del", "insert": "Ins",
	"pgup": "PgUp", "pgdown": "PgDn", "home": "Home", "end": "End",
}

func KeyName(k string) string {
	if name, ok := keyNames[k]; ok {
		return name
	}
	if rest, ok := strings.CutPrefix(k, "f"); ok && rest != "" && strings.Trim(rest, "0123456789") == "" {
		return "F" + rest
	}
	if rest, ok := strings.CutPrefix(k, "ctrl+"); ok {
		return "Ctrl-" + strings.ToUpper(rest)
	}
	return k
}

// Press runs the action that has the key. One that is blocked says why instead.
func Press(actions []Action, key string) (tea.Cmd, bool) {
	for _, a := range actions {
		if !slices.Contains(a.Keys, key) {
			continue
		}
		if why := a.Blocked(); why != "" {
			return Say(LevelWarn, a.Key()+" does not work now: "+strings.TrimSuffix(why, ".")+"."), true
		}
		return a.Run(), true
	}
	return nil, false
}
