package tui

import (
	"context"
	"testing"
	"time"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/store/memory"
	"hearth/tui/ui"
)

// cancelledOn is a restore that was cancelled while Cinder was at it.
func cancelledOn(t testing.TB, w, h int, onto ...string) (*rig, *cloud) {
	t.Helper()
	c := newCloudOf(t, 0, func(w *memory.World) {
		for i := range w.Volumes {
			w.Volumes[i].Size = 500 // the restore fits on each
		}
	})
	gaveUp := false
	r := newRigWith(t, c, w, h, new(world).options(t), func(d *jobs.Desk) {
		d.Sleep = func(ctx context.Context, pause time.Duration) error {
			if !gaveUp && asked(c, "RestoreBackup") > 0 {
				gaveUp = true
				return context.Canceled
			}
			return c.Sleep(ctx, pause)
		}
	})
	r.send(ui.Open{Screen: "backup", ID: fullID(t, "backup", dbBackup), Tab: "restore"})
	for _, name := range onto {
		r.press("t").typeText(name).press("enter", "enter", "y")
		return r, c
	}
	r.press("t", "enter").typeText("hearth-test-1").press("enter", "enter", "y")
	return r, c
}

// TestCancelledRestore: what a cancelled restore leaves behind is named and offered to be
// taken away, and nothing is before that was said.
func TestCancelledRestore(t *testing.T) {
	r, c := cancelledOn(t, 120, 40)
	r.said(ui.LevelWarn, "is left behind")
	r.want("Left behind", "hearth-test-1", "restoring-backup", "no way back", "openstack --os-cloud=lab volume delete ", "Delete")
	if asked(c, "DeleteVolume") > 0 {
		t.Fatal("it is deleted before it was asked about")
	}
	r.press("esc").want("Restore of db-prod-01-incr").press("D").want("Left behind", "hearth-test-1")
	r.press("y").said(ui.LevelGood, "Volume hearth-test-1 is deleted.")
	if asked(c, "DeleteVolume") != 1 {
		t.Errorf("it is asked for %d times", asked(c, "DeleteVolume"))
	}
	r.press("D").said(ui.LevelBad, "no such volume")

	r, c = cancelledOn(t, 120, 40, "jenkins-home")
	if r.said(ui.LevelWarn, "goes on in the cloud: what was on it is being overwritten"); r.Dialog() != nil {
		t.Errorf("something is asked about a volume that was there:\n%s", r.screenText())
	}
	r.press("D").said(ui.LevelWarn, "made no volume")
	if core.CodeOf(r.Tasks()[0].Note.Err) != core.CodeCancelled || asked(c, "DeleteVolume") > 0 {
		t.Errorf("%+v", r.Tasks()[0].Note)
	}
}
