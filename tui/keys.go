package tui

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"hearth/tui/show"
	"hearth/tui/ui"
)

// Keys are keys by the name of what they do, as [keys] of the config has them; KEYS.md has
// the names. Those of an action take the place of its own.
type Keys map[string]KeyList

// KeyList is one key, or several: the first is shown.
type KeyList []string

// UnmarshalTOML takes a text, or a list of texts.
func (k *KeyList) UnmarshalTOML(v any) error {
	switch v := v.(type) {
	case string:
		*k = KeyList{keyOf(v)}
		return nil
	case []any:
		for _, x := range v {
			text, ok := x.(string)
			if !ok {
				return fmt.Errorf("a key is a string, such as \"x\" or \"ctrl+x\"")
			}
			*k = append(*k, keyOf(text))
		}
		return nil
	}
	return fmt.Errorf("it wants a key, such as \"x\" or \"ctrl+x\", or a list of keys")
}

// keyOf writes a key as the screens do, however a person wrote it.
func keyOf(text string) string {
	switch low := strings.ToLower(text); {
	case text == " ":
		return "space"
	case utf8.RuneCountInString(text) == 1:
		return text
	case low == "escape":
		return "esc"
	case low == "return":
		return "enter"
	case low == "pgdn", low == "pagedown":
		return "pgdown"
	case low == "pageup":
		return "pgup"
	default:
		return strings.ReplaceAll(strings.ReplaceAll(low, "ctrl-", "ctrl+"), "shift-", "shift+")
	}
}

// keysTable is every action with its keys, and the scenes in which it stands with others; a
// test makes it of the screens themselves.
//
//go:embed keys.txt
var keysTable string

// init has every sentence that names a key know which the actions have by themselves.
func init() {
	Keys(nil).Say()
	ui.HaveIdiom(show.Idiom)
}

// Say has every sentence that names a key name those that these give.
func (k Keys) Say() {
	own, given := map[string][]string{}, map[string][]string{}
	for _, a := range keyActions() {
		own[a.name] = a.keys
	}
	for name, list := range k {
		given[name] = list
	}
	ui.HaveKeys(own, given)
}

// keyAction is a line of it.
type keyAction struct {
	name   string
	keys   []string
	text   bool     // letters are text where it stands
	scopes []string // those that share one are there at the same time
}

// keyActions reads the table.
func keyActions() (out []keyAction) {
	for _, line := range strings.Split(keysTable, "\n") {
		f := strings.Split(line, "\t")
		if len(f) != 4 || strings.HasPrefix(line, "#") {
			continue
		}
		out = append(out, keyAction{f[0], strings.Fields(f[1]), f[2] == "text", strings.Fields(f[3])})
	}
	return out
}

// named are keys with a name of their own.
var named = []string{"enter", "esc", "tab", "shift+tab", "space", "up", "down", "left", "right", "pgup", "pgdown", "home", "end",
	"backspace", "delete", "insert", "f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9", "f10", "f11", "f12"}

// Check says what is wrong with them: the name at fault and why. nearest finds the word that
// was probably meant, "" if none is plain. Where what names another setting of the config, it
// stands between two NULs: whoever knows the file puts its line there.
func (k Keys) Check(nearest func(word string, of []string) string) (key, what string) {
	table := keyActions()
	var names []string
	for _, a := range table {
		names = append(names, a.name)
	}
	given := slices.Sorted(maps.Keys(k))
	for _, name := range given {
		i := slices.Index(names, name)
		if i < 0 {
			what = "there is no action " + name
			if near := nearest(name, names); near != "" {
				what += ": write " + near
			}
			return "keys." + name, what
		}
		if len(k[name]) == 0 {
			return "keys." + name, name + " is given no key"
		}
		for _, x := range k[name] {
			if what := wrongKey(x, table[i].text); what != "" {
				return "keys." + name, what
			}
		}
	}
	for _, name := range given {
		if what := k.clash(name, table); what != "" {
			return "keys." + name, what
		}
	}
	return "", ""
}

// wrongKey says why a key cannot be one, "" if it can.
func wrongKey(key string, text bool) string {
	letter := utf8.RuneCountInString(key) == 1 || key == "space"
	bare := key
	for _, mod := range []string{"ctrl+", "alt+", "shift+"} {
		if rest, ok := strings.CutPrefix(bare, mod); ok {
			bare = rest
		}
	}
	switch {
	case letter && text:
		return key + " is text where this action stands: give it a key that types nothing"
	case utf8.RuneCountInString(bare) == 1, slices.Contains(named, bare):
		return ""
	}
	return "there is no key " + key + ": write a letter, or such as enter, esc, tab, space, up, pgdown, f1, ctrl+x, alt+x"
}

// clash says what else has a key of an action where that stands, "" if nothing has. What has
// the same key from the start, on purpose, is no clash.
func (k Keys) clash(name string, table []keyAction) string {
	of := func(a *keyAction) []string {
		if given, ok := k[a.name]; ok {
			return given
		}
		return a.keys
	}
	i := slices.IndexFunc(table, func(a keyAction) bool { return a.name == name })
	for j := range table {
		a := &table[j]
		if j == i || !slices.ContainsFunc(a.scopes, func(s string) bool { return slices.Contains(table[i].scopes, s) }) {
			continue
		}
		for _, key := range k[name] {
			if !slices.Contains(of(a), key) || slices.Contains(a.keys, key) && slices.Contains(table[i].keys, key) {
				continue
			}
			if _, both := k[a.name]; both {
				return fmt.Sprintf("%s is the key of %s, too (\x00keys.%s\x00): on one screen a key does one thing", key, a.name, a.name)
			}
			return fmt.Sprintf("%s is the key of %s already: on one screen a key does one thing; give %s another, too", key, a.name, a.name)
		}
	}
	return ""
}
