package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
)

// action is everything there is to know about something that a key does: its
// handler, the footer, the help and the README all read this one record.
type action struct {
	keys  []string // as tea writes them; the first is shown
	label string   // a word or two, for the footer; "" keeps it out of there
	help  string   // what it does, for the help
	group string   // heading in the help
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

func keyName(k string) string {
	switch k {
	case "space":
		return "Space"
	case "enter":
		return "Enter"
	case "esc":
		return "Esc"
	case "tab":
		return "Tab"
	case "shift+tab":
		return "Shift-Tab"
	case "up":
		return "↑"
	case "down":
		return "↓"
	case "left":
		return "←"
	case "right":
		return "→"
	case "pgup":
		return "PgUp"
	case "pgdown":
		return "PgDn"
	case "home":
		return "Home"
	case "end":
		return "End"
	}
	if rest, ok := strings.CutPrefix(k, "ctrl+"); ok {
		return "Ctrl-" + strings.ToUpper(rest)
	}
	return k
}

// press runs the first action that has the key. An action that is blocked says
// why instead.
func press(actions []action, key string) (tea.Cmd, bool) {
	for _, a := range actions {
		for _, k := range a.keys {
			if k != key {
				continue
			}
			if why := a.blocked(); why != "" {
				return note(warn, a.help+": not now, "+why), true
			}
			return a.run(), true
		}
	}
	return nil, false
}

// footer draws as many actions as there is room for: screen's own first.
func (a *app) footer(w int) string {
	s := a.styles
	var b strings.Builder
	used := 0
	for _, act := range append(a.top().actions(), a.rootActions()...) {
		if act.label == "" {
			continue
		}
		key, label := act.key(), act.label
		n := len([]rune(key)) + 1 + len([]rune(label)) + 2
		if used+n > w {
			continue
		}
		used += n
		style := s.text
		if act.blocked() != "" {
			style = s.dim
			label = "(" + label + ")" // not by colour alone
			if used += 2; used > w {
				break
			}
		}
		b.WriteString(s.key.Paint(key) + " " + style.Paint(label) + "  ")
	}
	return strings.TrimRight(b.String(), " ")
}
