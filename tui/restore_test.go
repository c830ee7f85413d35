package tui

import (
	"strings"
	"testing"
	"unsafe"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store"
	"hearth/tui/ui"
)

// preview opens the restore of the demo's database backup.
func preview(t testing.TB, p store.Place) *rig {
	r := newRig(t, p, 130, 40)
	r.send(ui.Open{Screen: "backup", ID: fullID(t, "backup", dbBackup), Tab: "restore"})
	return r
}

func planOf(r *rig) *core.Plan {
	r.t.Helper()
	tab := valueAt(r.Top(), "tabs").Index(*inside[int](r.Top(), "at")).Elem()
	return *(**core.Plan)(unsafe.Pointer(tab.Elem().FieldByName("plan").UnsafeAddr()))
}

func TestPreview(t *testing.T) {
	r := preview(t, sharedDemo(t))
	r.want("3 FIELDS CHANGE", "1 LOST: maintenance", "onto db-prod-01 (", "newton (Newton to today)", "all of 5", "~ meta owner",
		"- meta maintenance", "+ meta backup-policy", "7 unchanged")
	r.press("f").want("not restored", "created_at").press("f").wantNot("created_at")

	for _, want := range []core.RuleSet{core.Icehouse, core.Kilo, core.Newton, core.Newton} {
		if r.press("o"); planOf(r).Rules != want {
			t.Errorf("the rules are %s, want %s", planOf(r).Rules, want)
		}
	}
	for _, want := range []core.Layers{core.LayersAll, core.LayersLast, core.LayersAll} {
		if r.press("L"); planOf(r).Layers != want {
			t.Errorf("the layers are %s, want %s", planOf(r).Layers, want)
		}
	}
	r.press("w").want("The plan", "now", "layer 1 of 5", "as Cinder stored it").press("esc")
}

// TestTarget chooses another volume, a new one and a new one with a name.
func TestTarget(t *testing.T) {
	r := preview(t, sharedDemo(t))
	r.press("t").want("Restore onto…", "Enter choose", "> a new volume", "type to find")
	r.typeText("web-root").press("enter").want("onto web-root (", "[Restore]")
	if p := planOf(r); p.Target.Kind != core.TargetExisting || p.Target.Volume.Title() != "web-root" {
		t.Errorf("the target is %s", p.Target.Kind)
	}
	r.press("t", "enter", "enter").want("onto a new volume, named by Cinder")
	if p := planOf(r); p.Target.Kind != core.TargetNew {
		t.Errorf("the target is %s", p.Target.Kind)
	}
	r.press("P").said(ui.LevelWarn, "does not exist yet")
	r.press("t", "enter").typeText("db copy").press("enter").want("onto a new volume named db copy")
	if p := planOf(r); p.Target.Kind != core.TargetNewNamed || p.Target.Name != "db copy" {
		t.Errorf("the target is %s %q", p.Target.Kind, p.Target.Name)
	}
	r.press("t", "enter", "esc").said(ui.LevelInfo, "Nothing was done").want("Restore onto…")
	r.press("esc").want("a new volume named db copy") // leaving chooses nothing
	r.press("tab", "shift+tab").want("a new volume named db copy")
}

// TestTargetsByFit: on a cloud what fits comes first, and what does not says why;
// typing finds.
func TestTargetsByFit(t *testing.T) {
	r, _ := onCloud(t, 130, 40)
	r.send(ui.Open{Screen: "backup", ID: fullID(t, "backup", dbBackup), Tab: "restore"})
	r.press("t").want("✓ fits, 250 GiB more", "✗ too small", "✗ its own volume, is in-use", "✗ is in-use")
	if frame := r.screenText(); strings.LastIndex(frame, "✓ fits") > strings.Index(frame, "✗") {
		t.Errorf("what does not fit stands before what does:\n%s", frame)
	}
	r.typeText("too small").wantNot("✓ fits").press("enter").want("CANNOT: ").press("enter").said(ui.LevelWarn, "does not work now")
	r.press("t").typeText("nosuch").want("no volume is like that").press("enter").said(ui.LevelWarn, "no volume under the cursor")
}

// TestApplyAndUndo: nothing happens without a yes, the question names the volume,
// the result says how to take it back, and that is done.
func TestApplyAndUndo(t *testing.T) {
	p := demo(t, store.World{})
	r := preview(t, p)
	id := core.VolumeID(fullID(t, "volume", "db-prod-01"))
	state := func() core.State {
		v, err := p.Volume(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return v.State()
	}
	before := state()
	r.press("P").want("Apply to volume db-prod-01", string(id), "1 LOST: maintenance · 3 FIELDS CHANGE · name stays",
		"meta maintenance: 2026-12-01 → gone", "> No (n)")
	for _, no := range []string{"enter", "n", "esc", "q", "ctrl+c"} {
		r.CloseDialogs()
		if r.press("P", no).said(ui.LevelInfo, "Nothing was done"); !state().Equal(before) {
			t.Fatalf("%s applies it", no)
		}
	}
	after := planOf(r).After
	r.press("P", "tab", "enter").said(ui.LevelGood, "Applied as journal entry 1; U takes it back").want("NOTHING CHANGES", "P (apply)")
	if !state().Equal(after) {
		t.Errorf("the volume differs from the plan in %v", state().Diff(after))
	}
	r.press("P").said(ui.LevelWarn, "nothing would change")
	r.press("U").want("Take back entry 1", "db-prod-01", string(id)).press("n")
	r.press("U", "y").said(ui.LevelGood, "Entry 1 taken back, as journal entry 2").want("~ meta owner")
	if !state().Equal(before) {
		t.Errorf("the undo leaves %v", state().Diff(before))
	}
	r.press("U").said(ui.LevelBad, "nothing that can be undone")
	r.press("J").want("undo of entry 1", "undone").press("u").want("Take back entry 2").press("esc")
	r.press("down", "u").said(ui.LevelWarn, "undone already")
	r.press("enter").want("[Overview]", "db-prod-01")
}

// TestApplyRefusesAChangedVolume: somebody else was faster.
func TestApplyRefusesAChangedVolume(t *testing.T) {
	p := demo(t, store.World{})
	one, other := preview(t, p), preview(t, p)
	other.press("P", "y").said(ui.LevelGood, "Applied")
	one.press("P", "y").said(ui.LevelBad, "cannot")
	if core.CodeOf(one.lastNote().Err) != core.CodeConflict {
		t.Errorf("the error is %v", one.lastNote().Err)
	}
	one.want("NOTHING CHANGES") // the plan is worked out anew
}

// TestGuess: a plan without a capture says that it is a guess.
func TestGuess(t *testing.T) {
	r := newRig(t, sharedDemo(t), 100, 30)
	r.send(ui.Open{Screen: "backup", ID: fullID(t, "backup", guessedBackup), Tab: "restore"})
	r.want("UNKNOWN: no capture of this backup is known", "unknown  ")
	r.press("shift+tab").want("GUESS").press("s").said(ui.LevelWarn, "only a guess")
}

// TestReadOnlyPlace: what would write says why it does not.
func TestReadOnlyPlace(t *testing.T) {
	r := readOnly()(t, 130, 40)
	r.want(" PROD ", "(read-only)")
	for _, key := range []string{"U"} {
		r.press(key).said(ui.LevelWarn, "opened read-only")
	}
	r.send(ui.Open{Screen: "backup", ID: fullID(t, "backup", dbBackup), Tab: "restore"})
	r.press("P").said(ui.LevelWarn, "opened read-only").want("P (apply)")
	r.send(tea.PasteMsg{Content: several(t)})
	r.press("i").said(ui.LevelWarn, "opened read-only")
}

// TestCapture: a volume's capture of now is kept and compared with.
func TestCapture(t *testing.T) {
	r := newRig(t, demo(t, store.World{}), 130, 90)
	r.press("v").find("db-prod-01").press("m").want("what a backup made now would capture", "user metadata",
		"+↩ maintenance", "-  backup-policy", "~↩ owner", "image metadata", "absent")
	r.press("s").said(ui.LevelGood, "Kept as capture").want("compared with", "taken", " ↩ maintenance").wantNot("backup-policy",
		"~↩", "~·")

	// Secrets are masked on the screen and nowhere else.
	r.press("v", "esc").find("mail-spool").press("m").want("provider_auth", core.Masked, "holds a secret")
	v, err := r.desk.Place.Volume(t.Context(), core.VolumeID(fullID(t, "volume", "mail-spool-01")))
	if err != nil {
		t.Fatal(err)
	}
	secret, _ := v.Row.Get("provider_auth")
	if s := secret.Text(); s == "" || strings.Contains(r.View().Content, s) {
		t.Errorf("the secret %q is on the screen", s)
	}
	r.press("*").said(ui.LevelWarn, "Secrets are shown").want(strings.Fields(secret.Text())[1][:8])
	r.press("*").said(ui.LevelInfo, "masked").want(core.Masked).wantNot(strings.Fields(secret.Text())[1][:8])
}
