package tui

import (
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"hearth/store/storetest/race"
	"hearth/tui/ui"
)

// TestNoIOInUpdate presses every key of every screen and every dialog over a place
// whose calls block: what may wait has to be in a command, which nobody runs here.
func TestNoIOInUpdate(t *testing.T) {
	slow := race.Longer(200 * time.Millisecond)
	inMemory = true
	defer func() { inMemory = false }()
	for _, s := range drawn() {
		t.Run(s.name, func(t *testing.T) {
			r := stalled(t, s)
			in := where(r)
			var pressed []string // since the scene was made
			for _, act := range r.Keys() {
				for _, key := range act.Keys {
					press := func() { r.send(keyMsg(key)) }
					took := timed(r, press)
					for range again(took, slow) {
						r = stalled(t, s).press(pressed...)
						took = min(took, timed(r, press))
					}
					if took > slow {
						t.Errorf("%s (%s) takes %v", key, act.Help, took)
					}
					pressed = append(pressed, key)
					if where(r) != in {
						r, pressed = stalled(t, s), nil
					}
				}
			}
			paste := func() {
				r.send(tea.PasteMsg{Content: strings.Repeat("x", 8<<20)})
				r.send(tea.WindowSizeMsg{Width: 120, Height: 40})
				r.send(ui.TickMsg{})
			}
			took := timed(r, paste)
			for range again(took, slow) {
				r = stalled(t, s).press(pressed...)
				took = min(took, timed(r, paste))
			}
			if took > slow {
				t.Errorf("a large paste, a new size and a tick take %v", took)
			}
		})
	}
}

// timed is how long something takes, with the frame that shows it.
func timed(r *rig, do func()) time.Duration {
	begin := time.Now()
	do()
	r.View()
	return time.Since(begin)
}

// again is how often what took too long is tried again: on a machine that is busy with
// other things one try may be late, and what waits for something is late every time.
func again(took, slow time.Duration) int {
	if took <= slow {
		return 0
	}
	return 5
}

// stalled is a scene whose place does not answer any more.
func stalled(t *testing.T, s scene) *rig {
	t.Helper()
	r := s.make(t, 100, 30)
	t.Cleanup(placeOf(r).Stall())
	r.asleep = true
	return r
}

// where tells what gets the keys.
func where(r *rig) string {
	var b strings.Builder
	for _, act := range r.Keys() {
		b.WriteString(act.Help + act.Label)
	}
	return b.String()
}

// TestStaleReplies: an answer to an older question is dropped, and so is one for a
// screen that has been left.
func TestStaleReplies(t *testing.T) {
	r := newRig(t, sharedDemo(t), 100, 30)
	r.asleep = true
	r.press("/")
	r.queue = nil
	r.typeText("web").typeText("-root")
	asked := r.queue
	r.queue = nil
	if len(asked) < 8 {
		t.Fatalf("only %d questions", len(asked))
	}
	for i := len(asked) - 1; i >= 0; i-- { // the newest answer comes first
		for _, msg := range unbatch(asked[i]) {
			r.send(msg)
		}
	}
	r.wake()
	r.want("7 backups of 90")
	r.press("enter", "enter")
	r.asleep = true
	r.press("ctrl+r")
	held := r.queue
	r.queue = nil
	r.asleep = false
	r.press("esc")
	before := fingerprint(r.App)
	for _, cmd := range held {
		for _, msg := range unbatch(cmd) {
			r.send(msg)
		}
	}
	if after := fingerprint(r.App); after != before {
		t.Errorf("the answer for a screen that was left changed something:\n%s", firstDifference(before, after))
	}
}

// unbatch runs a command and what it is made of.
func unbatch(cmd tea.Cmd) []tea.Msg {
	switch msg := cmd().(type) {
	case nil:
		return nil
	case tea.BatchMsg:
		var out []tea.Msg
		for _, c := range msg {
			if c != nil {
				out = append(out, unbatch(c)...)
			}
		}
		return out
	default:
		return []tea.Msg{msg}
	}
}
