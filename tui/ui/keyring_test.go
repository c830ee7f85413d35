package ui

import (
	"testing"

	"hearth/core"
)

// TestKeyOf: a sentence names the key that was given, else the action's own; where letters are text
// one that types nothing; and arrows in words where the terminal shows ASCII alone.
func TestKeyOf(t *testing.T) {
	defer HaveKeys(nil, nil)
	defer core.OnlyASCII(false)
	if got := KeyOf("undo"); got != "undo" {
		t.Errorf("where nothing is known it is %q", got)
	}
	HaveKeys(map[string][]string{"undo": {"U"}, "no": {"esc"}, "next": {"right"}}, map[string][]string{"no": {"x", "ctrl+n"}})
	for got, want := range map[string]string{KeyOf("undo"): "U", KeyOf("no"): "x", KeyHere("no", "n"): "x", KeyTyping("no", "esc"): "Ctrl-N",
		KeyTyping("undo", "esc"): "Esc", KeyHere("undo", "u"): "u", KeyOf("next"): "→"} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	core.OnlyASCII(true)
	if got := KeyOf("next"); got != "Right" {
		t.Errorf("in ASCII an arrow is %q", got)
	}
}
