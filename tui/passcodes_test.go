package tui

import (
	"strings"
	"testing"

	"hearth/core"
)

// TestPasscode: a login that waits for a one-time passcode has it asked on the screens,
// where it is not shown as it is typed; what was typed reaches the login, and a question
// that is left reaches it as none. What takes other dialogs away leaves this one.
func TestPasscode(t *testing.T) {
	for key, want := range map[string]string{"enter": "135790", "esc": ""} {
		r, p, got := newRig(t, sharedDemo(t), 100, 30), NewPasscodes(), make(chan string, 1)
		go func() {
			text, err := p.Ask(t.Context(), core.Passcode{Cloud: "prod", User: "alice", Why: "the token has ended"})
			if err != nil {
				text = err.Error()
			}
			got <- text
		}()
		r.send(<-p.questions())
		r.CloseDialogs()
		resized(r, 100, 30)
		r.typeText("135790")
		view := r.screenText()
		if !strings.Contains(view, "One-time passcode of alice for prod (the token has ended)") || strings.Contains(view, "135790") ||
			!strings.Contains(view, "••••••") {
			t.Errorf("the screen is\n%s", view)
		}
		r.press(key)
		if text := <-got; text != want {
			t.Errorf("%s: the login got %q", key, text)
		}
		if strings.Contains(r.screenText(), "One-time") {
			t.Error("the question stays")
		}
	}
}
