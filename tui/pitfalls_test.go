package tui

import (
	"testing"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/store/storetest"
	"hearth/tui/ui"
)

// TestPitfallsShown walks the pitfalls: the question tells of each, or the preview, or
// what is said of the record. Nothing is sent.
func TestPitfallsShown(t *testing.T) {
	for _, x := range storetest.Pitfalls() {
		t.Run(x.What, func(t *testing.T) {
			c, desk := x.Open(t, core.PlaceInfo{}, x.Does, now)
			r := newRigWith(t, c, 200, 90, Options{}, func(d *jobs.Desk) { d.Sleep, d.Archive, d.Source = desk.Sleep, desk.Archive, desk.Source })
			switch x.Asked {
			case core.OpCreate:
				r.press("v").find("id:" + string(x.Create.Volume)).press("n")
				if x.Create.Incremental {
					r.press("tab", "tab", "space", "tab", "space")
				}
				if x.Create.AvailabilityZone != "" {
					r.press("tab", "tab", "tab", "tab", "tab", "tab", "tab").typeText(x.Create.AvailabilityZone)
				}
				r.press("enter")
			case core.OpDelete:
				r.find("id:" + string(x.Delete)).press("D")
			case core.OpImport:
				r.send(tea.PasteMsg{Content: x.Import.Service + "\n" + x.Import.URL + "\n"})
			case core.OpWriteVolume:
				args := x.Arguments(t)
				r.send(ui.Open{Screen: "backup", ID: string(x.Restore.Backup), Tab: "restore"})
				r.press("i", "C").typeText(args[len(args)-1]).press("enter")
				r.press("w").holds("the preview", x.Says)
				r.press("esc", "P")
			default:
				r.send(ui.Open{Screen: "backup", ID: string(x.Restore.Backup), Tab: "restore"})
				b := storetest.Blocker{Ask: x.Restore}
				r.aim(&b)
				r.press("w").holds("the preview", x.Says)
				r.press("esc", "enter")
			}
			r.holds("the screen", x.Says)
			if sent := storetest.Sent(c.Calls()); len(sent) > 0 {
				t.Errorf("%q was sent", sent)
			}
		})
	}
}
