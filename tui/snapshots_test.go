package tui

import (
	"strings"
	"testing"

	"hearth/core"
	"hearth/tui/ui"
)

// TestSnapshots: they are listed beside backups, and a backup is made from one by choosing it.
func TestSnapshots(t *testing.T) {
	r, c := onCloud(t, 120, 30)
	r.press("ctrl+s").want("3 snapshots", "before the upgrade", "nightly", "creating", "n back up")
	r.press("down", "n").said(ui.LevelWarn, "it is creating")
	r.press("up", "n").want("as of before the upgrade", "5a000000-0000-4000-8000-000000000001")
	r.press("down", "down", "down", "space", "enter").want("a full backup of", "--snapshot", "5a000000-0000-4000-8000-000000000001")
	r.press("y")
	if asked(c, "CreateBackup") != 1 {
		t.Errorf("it is asked for %d times:\n%s", asked(c, "CreateBackup"), r.screenText())
	}
	c.FailEach("Snapshots", core.Fail(core.CodeDenied, "list the snapshots", "your role may not", "", nil))
	r.press("ctrl+r").said(ui.LevelBad, "your role may not").want("before the upgrade")
	if r = newRig(t, sharedDemo(t), 120, 30); strings.Contains(r.press("ctrl+s").screenText(), "snapshot") {
		t.Error("a store that has no snapshots lists them")
	}
}

// TestFormOffers: a field is filled from a list of the place, which is narrowed by typing; what
// cannot be read is told with its reason, and the field can be typed all the same.
func TestFormOffers(t *testing.T) {
	r, c := onCloud(t, 100, 30)
	r.press("v").find("db-prod-01").press("n").want("Back up db-prod-01")
	to := func(label string) *rig {
		for range 12 {
			if strings.Contains(r.screenText(), "> "+label) {
				return r
			}
			r.press("down")
		}
		t.Fatalf("there is no field %s:\n%s", label, r.screenText())
		return r
	}
	to("zone").want("Ctrl-O lists the zones").press("ctrl+o").typeText("ov").want("> nova").press("enter").want("> zone         nova")
	to("container").press("ctrl+o").want("backups").press("esc")
	to("snapshot").press("ctrl+o")
	if f, ok := r.Dialog().(*ui.FormBox); !ok && f == nil {
		r.press("esc")
	}
	to("snapshot").typeText("x").want("✗ this is no id").press("enter").said(ui.LevelWarn, "snapshot: this is no id").want("> snapshot")
	r.press("backspace").wantNot("✗ this is no id")
	to("properties").typeText("a b").want("✗ ").press("enter").want("> properties")
	c.FailEach("Zones", core.Fail(core.CodeDenied, "list the zones", "your role may not", "", nil))
	to("zone").press("ctrl+o").said(ui.LevelWarn, "The zones cannot be read, because your role may not").typeText("z").want("novaz")

	to("container") // and the form is left before the list is there
	r.asleep = true
	r.press("ctrl+o", "esc").wake()
	if r.Dialog() != nil {
		t.Errorf("a list is shown for a form that was left:\n%s", r.screenText())
	}
}
