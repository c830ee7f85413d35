package tui

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/tui/ui"
)

// TestEveryCallFails lets each call of the place fail in turn, in everything that
// the screens do: the error reaches the status line as one sentence, and e shows
// what lies beneath.
func TestEveryCallFails(t *testing.T) {
	backup := fullID(t, "backup", dbBackup)
	at := func(tab string, keys ...string) func(*rig) {
		return func(r *rig) {
			r.send(ui.Open{Screen: "backup", ID: backup, Tab: tab})
			r.press(keys...)
		}
	}
	for name, flow := range map[string]struct{ before, during func(*rig) }{
		"list":        {nil, func(r *rig) { r.press("ctrl+r") }},
		"tick":        {nil, func(r *rig) { r.send(ui.TickMsg{}) }},
		"filter":      {nil, func(r *rig) { r.press("/").typeText("web") }},
		"pane":        {nil, func(r *rig) { r.press("down") }},
		"mark all":    {func(r *rig) { r.find("id:9dd96bf0").press("a") }, func(r *rig) { r.press("x") }},
		"volumes":     {nil, func(r *rig) { r.press("v") }},
		"its backups": {nil, func(r *rig) { r.press("v", "B") }},
		"origin":      {nil, func(r *rig) { r.press("v", "O") }},
		"backup":      {nil, at("")},
		"capture":     {at(""), func(r *rig) { r.press("tab") }},
		"keep": {func(r *rig) { r.send(ui.Open{Screen: "volume", ID: fullID(t, "volume", "db-prod-01"), Tab: "capture"}) },
			func(r *rig) { r.press("s") }},
		"plan":         {at("capture"), func(r *rig) { r.press("tab") }},
		"rules":        {at("restore"), func(r *rig) { r.press("o") }},
		"target":       {at("restore"), func(r *rig) { r.press("t") }},
		"other target": {at("restore", "t"), func(r *rig) { r.typeText("web-root").press("enter") }},
		"apply":        {at("restore", "P"), func(r *rig) { r.press("y") }},
		"undo":         {at("restore", "P", "y"), func(r *rig) { r.press("U") }},
		"undo, yes":    {at("restore", "P", "y", "U"), func(r *rig) { r.press("y") }},
		"record":       {at("restore"), func(r *rig) { r.press("tab") }},
		"chain":        {at("record"), func(r *rig) { r.press("tab") }},
		"export":       {nil, func(r *rig) { r.find("db-prod").press("x") }},
		"export, file": {nil, func(r *rig) { r.press("down", "X").setField(filepath.Join(t.TempDir(), "r.json")).press("enter") }},
		"paste":        {nil, func(r *rig) { r.send(tea.PasteMsg{Content: several(t)}) }},
		"import":       {func(r *rig) { r.send(tea.PasteMsg{Content: several(t)}) }, func(r *rig) { r.press("i", "y") }},
		"journal":      {nil, func(r *rig) { r.press("J") }},
		"undo this":    {at("restore", "P", "y", "J"), func(r *rig) { r.press("u", "y") }},
		"volume":       {nil, func(r *rig) { r.send(ui.Open{Screen: "volume", ID: fullID(t, "volume", "db-prod-01")}) }},
		"resumed":      {at("chain"), func(r *rig) { r.press("esc") }},
	} {
		t.Run(name, func(t *testing.T) {
			begin := func() *rig {
				r := newRig(t, remembered(t), 140, 40)
				if flow.before != nil {
					flow.before(r)
				}
				r.notes = nil
				return r
			}
			whole := begin()
			first := len(callsOf(whole))
			flow.during(whole)
			calls := callsOf(whole)[first:]
			if len(calls) == 0 {
				t.Fatal("the place is not called at all")
			}
			for _, n := range whole.notes {
				if n.Level == ui.LevelBad {
					t.Fatalf("without a fault: %s", n.Text)
				}
			}
			for n, call := range calls {
				failNth(t, begin(), n+1, call, flow.during)
			}
		})
	}
}

// failNth lets the nth call from now fail while something is done.
func failNth(t *testing.T, r *rig, n int, call string, during func(*rig)) {
	t.Helper()
	cause := errors.New("a reason deep below")
	fault := core.Fail(core.CodeUnavailable, "ask the place", "call "+call+" fails", "try again", cause)
	placeOf(r).FailCall(n, fault)
	during(r)
	i := slices.IndexFunc(r.notes, func(m ui.Note) bool { return errors.Is(m.Err, cause) })
	if i < 0 {
		t.Errorf("call %d, %s: the error does not reach the status line; it said %v", n, call, r.notes)
		return
	}
	said := r.notes[i]
	if said.Level != ui.LevelBad || strings.ContainsAny(said.Text, "\n\x1b") || said.Text == "" {
		t.Errorf("call %d, %s: said as %v %q", n, call, said.Level, said.Text)
	}
	r.CloseDialogs()
	r.send(said)
	if line := r.Status(140); !strings.Contains(line, "✗") || !strings.Contains(line, "e: more") {
		t.Errorf("call %d, %s: the status line is %q", n, call, line)
	}
	if tx, ok := r.Top().(ui.Texter); ok && tx.WantsText() {
		r.press("enter")
		r.CloseDialogs()
		if tx, ok := r.Top().(ui.Texter); ok && tx.WantsText() { // it is one for typing alone
			r.press("esc")
		}
		r.send(said)
	}
	r.press("e").want("because", "a reason deep below")
}
