package tui

import (
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"hearth/store"
	"hearth/store/storetest/race"
	"hearth/tui/ui"
)

// TestTypeTheNumber: more than five things go by their number, typed; fewer by one key.
func TestTypeTheNumber(t *testing.T) {
	for n, want := range map[int]string{1: "", 5: "", 6: "6", 111: "111"} {
		q := ui.Asking(newRig(t, sharedDemo(t), 80, 24).CurrentLook(), "Delete", "x", "Delete", nil).Guard(n, "")
		if q.Guarded() != want {
			t.Errorf("%d things: type %q, want %q", n, q.Guarded(), want)
		}
	}
	for badge, want := range map[string]string{"PROD": "PROD", " lab ": "lab", "\u202eX": "1", "": ""} {
		q := ui.Asking(newRig(t, sharedDemo(t), 80, 24).CurrentLook(), "Delete", "x", "Delete", nil).Guard(1, badge)
		if q.Guarded() != want {
			t.Errorf("in %q: type %q, want %q", badge, q.Guarded(), want)
		}
	}
}

// TestGuardedQuestion types what a question wants: nothing else says yes.
func TestGuardedQuestion(t *testing.T) {
	done := 0
	begin := func() *rig {
		r := newRig(t, sharedDemo(t), 80, 24)
		r.guarded, done = "by hand, letter by letter", 0
		l := r.CurrentLook()
		q := ui.Asking(l, "Delete", "Delete 12 backups?", "Delete 12", nil)
		q.Answers[0].Do = func() tea.Cmd { done++; return nil }
		q.Answers = append(q.Answers, ui.Answer{Key: "a", Label: "Look at all", Looks: true, Do: func() tea.Cmd { done += 100; return nil }})
		q.After = ui.ShellIs(l, "hearth delete x")
		r.send(ui.ShowMsg{Overlay: q.Guard(12, "PROD")})
		return r
	}
	r := begin().want("Type 12, the number of them:", "> No (Esc)")
	for _, key := range []string{"y", "enter"} {
		r.press(key)
	}
	if done != 0 || r.Dialog() == nil {
		t.Fatal("y and Enter say yes")
	}
	r.said(ui.LevelWarn, "Nothing was done: type 12").press("backspace").typeText("1").press("enter")
	if done != 0 {
		t.Fatal("1 is 12")
	}
	if r.typeText("2").press("enter"); done != 1 || r.Dialog() != nil {
		t.Errorf("12 is not taken: %d", done)
	}
	if r = begin().press("enter"); done != 0 || r.Dialog() != nil {
		t.Error("Enter with nothing typed is not No")
	}
	if r = begin().typeText("12").press("esc"); done != 0 || r.Dialog() != nil {
		t.Error("Esc is not No")
	}
	if begin().press("tab", "tab", "enter"); done != 100 {
		t.Errorf("what only looks wants something typed: %d", done)
	}
	if r = begin().typeText("nq"); r.Dialog() == nil {
		t.Error("letters are keys")
	}
	for _, size := range sizes {
		r := begin()
		resized(r, size[0], size[1])
		if what := checkFrame(r.View().Content, size[0], size[1]); what != "" {
			t.Errorf("%v: %s", size, what)
		}
	}
}

// TestQuestionWaits: a question that appears while somebody types takes no key for half a
// second; one that comes to hands at rest takes it at once.
func TestQuestionWaits(t *testing.T) {
	for rested, deaf := range map[time.Duration]bool{0: true, 400 * time.Millisecond: true, 600 * time.Millisecond: false} {
		t.Run(fmt.Sprint(rested), func(t *testing.T) {
			done := 0
			r := newRigWith(t, sharedDemo(t), 80, 24, Options{Pause: 500 * time.Millisecond})
			at := until
			r.clock = func() time.Time { return at }
			r.press("down")
			at = at.Add(rested)
			r.send(ui.ShowMsg{Overlay: ui.Asking(r.CurrentLook(), "Delete", "Delete it?", "Delete", func() tea.Cmd { done++; return nil })})
			at = at.Add(100 * time.Millisecond)
			r.press("y")
			if (done == 0) != deaf {
				t.Fatalf("%d times yes", done)
			}
			if !deaf {
				return
			}
			r.said(ui.LevelInfo, "takes no key for half a second").want("Delete it?")
			at = at.Add(399 * time.Millisecond)
			if r.press("y"); done != 0 {
				t.Fatal("it takes a key too soon")
			}
			at = at.Add(2 * time.Millisecond)
			if r.press("y"); done != 1 || r.Dialog() != nil {
				t.Error("it takes no key after half a second")
			}
		})
	}
}

// TestEveryQuestionHasItsCommand walks every key of every scene, and of the menus and forms
// that open: each question tells the command that does the same, or why there is none.
func TestEveryQuestionHasItsCommand(t *testing.T) {
	race.Once(t)
	inMemory = true // keys change what is there
	defer func() { inMemory = false }()
	seen, pressed := map[string]bool{}, map[string]bool{}
	look := func(name string, r *rig) {
		q, ok := r.Dialog().(*ui.QuestionBox)
		if !ok {
			return
		}
		resized(r, 160, 200)
		frame := r.screenText()
		seen[q.Title] = true
		if len(q.Answers) > 0 && !strings.Contains(frame, "in a shell: ") {
			t.Errorf("%s: the question %s has no command:\n%s", name, q.Title, frame)
		}
	}
	for _, s := range drawn() {
		r := s.make(t, 100, 40)
		look(s.name, r)
		if r.Dialog() != nil || strings.HasPrefix(s.name, "start") {
			continue
		}
		for _, act := range r.Keys() {
			if act.Blocked() != "" || act.Group == "Everywhere" && act.Name != "undo" || act.Group == "Moving" {
				continue
			}
			// Each action of a screen once, in a store and in a cloud.
			what := fmt.Sprintf("%T %T %s", r.Top(), r.desk.Place, act.Name)
			if pressed[what] {
				continue
			}
			pressed[what] = true
			r := s.make(t, 100, 40)
			if _, ok := r.desk.Place.(store.Operator); r.asleep || ok && act.Name == "reread" {
				continue
			}
			r.press(act.Keys[0])
			look(s.name+" "+act.Name, r)
		}
	}
	if testing.Short() {
		return
	}
	for _, title := range []string{"Delete", "Back up", "Apply the plan", "Restore", "Import", "Undo", "Archive",
		"Copy", "Recover", "Extract"} {
		if !seen[title] {
			t.Errorf("the walk comes by no question %s: %v", title, seen)
		}
	}
}
