package verbs

import (
	"bytes"
	"context"
	"testing"

	"hearth/core"
)

// TestPasscode: the question goes to stderr and says why; where there is no terminal nobody
// is asked, and the ways without one are named.
func TestPasscode(t *testing.T) {
	var said bytes.Buffer
	e := Env{Err: &said, Asks: true, Secret: func(context.Context) (string, error) { return "135790", nil }}
	of := core.Passcode{Cloud: "prod\x1b[2J", User: "alice", Why: "the token has ended"}
	got, err := e.Passcode(t.Context(), of)
	want := "One-time passcode of alice for prod" + core.Visible("\x1b[2J") + " (the token has ended): \n"
	if err != nil || got != "135790" || said.String() != want {
		t.Errorf("%q, %v, and said %q", got, err, said.String())
	}
	e.Asks = false
	if _, err := e.Passcode(t.Context(), of); core.CodeOf(err) != core.CodeUsage {
		t.Errorf("without a terminal: %v", err)
	}
}
