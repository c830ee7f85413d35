package shell

import (
	"strings"
	"unicode"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/tui/ui"
)

// Every key answers: one that nothing is bound to says so, with the nearest that works.

// undefined answers a key that does nothing here. While the status line says so already, as
// with a key that is held, it is not said again.
func (a *App) undefined(key string) tea.Cmd {
	text := core.Visible(ui.KeyName(key)) + " does nothing here"
	if near, ok := nearest(a.scope(), key); ok {
		what := near.Label
		if what == "" {
			what = lower(near.Help)
		}
		text += "; " + near.Key() + ": " + core.Visible(what)
	} else {
		text += "; what does is in the line below"
	}
	if now, shown := a.Note(); shown && now.Text == text+"." {
		return nil
	}
	return ui.Say(ui.LevelWarn, text+".")
}

// nearest is the action that was most likely meant: on the same letter in another case, or with
// Ctrl; else one that begins with it; else the help.
func nearest(scope []ui.Action, key string) (best ui.Action, ok bool) {
	least := 9
	for _, act := range scope {
		if act.Blocked() != "" {
			continue
		}
		for _, k := range act.Keys {
			far := 9
			switch {
			case strings.EqualFold(k, key):
				far = 1
			case strings.EqualFold(strings.TrimPrefix(k, "ctrl+"), strings.TrimPrefix(key, "ctrl+")):
				far = 2
			case len(key) == 1 && strings.HasPrefix(strings.ToLower(act.Label), strings.ToLower(key)):
				far = 3
			case act.Name == helpAction:
				far = 5
			case act.Name == "menu-close", act.Name == "no", act.Name == "field-leave", act.Name == "form-leave":
				far = 6
			}
			if far < least {
				best, least = act, far
			}
		}
	}
	return best, least < 9
}

// lower writes a sentence so that it can go on another.
func lower(s string) string {
	first := []rune(s)
	if len(first) > 1 && unicode.IsLower(first[1]) {
		first[0] = unicode.ToLower(first[0])
	}
	return string(first)
}

// takes reports whether what has the focus takes a key as text.
func takes(of any, k tea.KeyPressMsg) bool {
	if t, ok := of.(ui.Taker); ok {
		return t.Takes(k)
	}
	if t, ok := of.(interface{ WantsText() bool }); ok {
		return t.WantsText() && ui.Edits(k)
	}
	return false
}
