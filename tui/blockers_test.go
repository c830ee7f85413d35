package tui

import (
	"strconv"
	"strings"
	"testing"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/store/memory"
	"hearth/store/storetest"
	"hearth/tui/ui"
)

// blockedRig is the screens at a cloud where a restore is blocked, on its preview.
func blockedRig(t testing.TB, x *storetest.Blocker, w, h int) (*rig, *memory.Cloud) {
	t.Helper()
	c, desk := x.Open(t, core.PlaceInfo{}, now)
	r := newRigWith(t, c, w, h, Options{}, func(d *jobs.Desk) { d.Sleep, d.Archive, d.Source = desk.Sleep, desk.Archive, desk.Source })
	r.send(ui.Open{Screen: "backup", ID: string(x.Ask.Backup), Tab: "restore"})
	if x.Metadata {
		r.press("i")
	}
	files, _ := x.Files(t)
	for _, file := range files {
		r.press("C").typeText(file).press("enter")
	}
	return r, c
}

// aim chooses the target; the chooser says whether it fits.
func (r *rig) aim(x *storetest.Blocker) {
	r.t.Helper()
	switch r.press("t"); {
	case x.Ask.Volume != "":
		r.typeText(string(x.Ask.Volume))
		if x.Fits != "" {
			r.want("✗", x.Fits)
		}
		r.press("enter")
		return
	case x.Ask.Size == 0 && x.Ask.Type == "":
		r.holds("the chooser", x.Says)
	}
	r.press("enter", "tab")
	if x.Ask.Size > 0 {
		r.typeText(strconv.FormatInt(x.Ask.Size, 10))
	}
	r.press("tab").typeText(x.Ask.Type).press("enter")
}

// holds checks that the frame has a text, however its lines are broken.
func (r *rig) holds(where, text string) {
	r.t.Helper()
	frame := r.screenText()
	if !strings.Contains(storetest.Unwrapped(frame), text) {
		r.t.Errorf("%s does not say %q:\n%s", where, text, frame)
	}
}

// shownByFile reports whether the captures of a blocker can be handed in on a screen.
func shownByFile(x *storetest.Blocker) bool {
	for _, c := range x.Captures {
		if c.Source.Kind != core.SourceFile {
			return false
		}
	}
	return true
}

// blockedOn is a scene of a blocker: its preview, or what keys lead to from there.
func blockedOn(what string, keys ...string) func(testing.TB, int, int) *rig {
	return func(t testing.TB, w, h int) *rig {
		for _, x := range storetest.Blockers() {
			if x.What == what {
				r, _ := blockedRig(t, &x, w, h)
				if x.Ask.Volume != "" && len(keys) == 0 {
					r.press("t").typeText(string(x.Ask.Volume)).press("enter")
				}
				return r.press(keys...)
			}
		}
		t.Fatalf("no blocker is called %q", what)
		return nil
	}
}

// The other blockers have scenes of their own among those of restores.
func init() {
	scenes = append(scenes, scene{"blocked-role", blockedOn("no role")}, scene{"blocked-chooser", blockedOn("the service is down", "t")},
		scene{"blocked-service", blockedOn("the service is down")}, scene{"blocked-quota", blockedOn("no gigabytes left")},
		scene{"blocked-luks", blockedOn("LUKS onto a plain volume")}, scene{"blocked-attached", blockedOn("the target is attached")},
		scene{"blocked-damaged", blockedOn("its repository is damaged")}, scene{"blocked-backup", blockedOn("it is in error")},
		scene{"blocked-status", blockedOn("the target is being restored onto")},
		scene{"blocked-unsure", blockedOn("its parent is in error", "enter", "enter", "enter", "enter")})
}

// TestBlockersShown walks the blockers: the chooser says it, or says of the volume that it
// does not fit; the preview begins with the answer; the question is not asked, or tells
// of it. Nothing is sent.
func TestBlockersShown(t *testing.T) {
	for _, x := range storetest.Blockers() {
		if x.Unplanned || !shownByFile(&x) || x.Code == core.ReasonTypeGone { // the form offers those types that are there
			continue
		}
		t.Run(x.What, func(t *testing.T) {
			r, c := blockedRig(t, &x, 200, 90)
			if !x.Metadata && len(x.Captures) == 0 {
				r.aim(&x)
			}
			if x.Answer == core.AnswerNo {
				r.want(" CANNOT: ")
			} else {
				r.want(" may fail: ")
			}
			r.press("w").holds("the preview", x.Says)
			r.press("esc")
			key := "enter"
			if x.Metadata {
				key = "P"
			}
			r.press(key)
			switch asks := strings.Contains(r.screenText(), "No (n)"); {
			case asks && x.Answer == core.AnswerNo:
				t.Errorf("it asks all the same:\n%s", r.screenText())
			case asks && !strings.Contains(r.screenText(), "more, which w in the preview shows"):
				r.holds("the question", x.Says)
			case x.Answer == core.AnswerNo && r.lastNote().Level != ui.LevelWarn:
				t.Errorf("why not is not said: %+v", r.lastNote())
			}
			if sent := storetest.Sent(c.Calls()); len(sent) > 0 {
				t.Errorf("%q was sent", sent)
			}
		})
	}
}

// TestTypeGoesWhileChosen: a volume type that the form still offered, and that is gone
// when it is chosen, is told of by the preview, which the chooser could not know; the
// restore is not asked about, and nothing is sent.
func TestTypeGoesWhileChosen(t *testing.T) {
	r, c := blockedRig(t, &storetest.Blocker{Ask: core.RestoreRequest{Backup: storetest.Full}}, 200, 90)
	r.press("t").wantNot("✗ a new volume", "✗ whatever")
	r.press("enter", "tab", "tab").typeText("ssd").want("ssd")
	c.DropType(storetest.SSD)
	r.press("enter").want(" CANNOT: there is no volume type ssd that this login may use", "choose another one")
	r.press("w").holds("the preview", "there is no volume type ssd that this login may use; choose another one")
	r.press("esc", "enter").wantNot("No (n)").said(ui.LevelWarn, "there is no volume type ssd")
	if sent := storetest.Sent(c.Calls()); len(sent) > 0 {
		t.Errorf("%q was sent", sent)
	}
	r.press("t", "enter", "tab", "tab").typeText("ssd").press("enter").wantNot("CANNOT") // it is not offered any more
}
