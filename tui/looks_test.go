package tui

import (
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store/memory"
	"hearth/themes"
	"hearth/tui/ui"
)

// TestOwnTheme: the theme of a file is read anew as it is saved, without a pause in what is
// shown; one that is half saved is told of once, and one that is not in use is not looked at.
func TestOwnTheme(t *testing.T) {
	body, err := os.ReadFile(filepath.Join("..", "themes", "hearth.toml"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "mine.toml")
	save := func(accent string) {
		t.Helper()
		text := strings.ReplaceAll(string(body), "#ffc66d", accent)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	save("#ffffff")
	th, err := themes.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	r := newRigWith(t, sharedDemo(t), 80, 24, Options{Theme: th})
	accent := func() string { return r.CurrentLook().Theme.Roles["accent"].Fg }
	r.fire()
	if len(r.notes) > 0 && strings.Contains(r.lastNote().Text, "saved") {
		t.Error("it is told as saved, and nobody saved it")
	}
	save("#aabbcc ") // no colour
	r.fire()
	r.said(ui.LevelWarn, "no colour")
	n := len(r.notes)
	if r.fire(); accent() != "#ffffff" || len(r.notes) != n {
		t.Errorf("accent %s, %d notes after %d: what is half saved is taken, or told twice", accent(), len(r.notes), n)
	}
	save("#aabbcc")
	r.fire()
	if r.said(ui.LevelInfo, "was saved"); accent() != "#aabbcc" {
		t.Errorf("accent %s", accent())
	}
	r.press("T").want(filepath.Base(path)[:4]).typeText("light").press("enter").fire()
	watched := func() bool {
		for _, x := range r.later {
			if x.after.Seconds() == 2 {
				return true
			}
		}
		return false
	}
	save("#ddeeff")
	if r.fire(); watched() {
		t.Error("a file that is not in use is looked at")
	}
	r.press("T", "home", "enter")
	if r.said(ui.LevelInfo, path); !watched() {
		t.Error("the file is in use again, and is not looked at")
	}
	if r.fire(); accent() != "#ddeeff" {
		t.Errorf("accent %s", accent())
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	r.fire()
	r.said(ui.LevelWarn, "there is no theme")
	n = len(r.notes)
	if r.fire(); len(r.notes) != n || accent() != "#ddeeff" {
		t.Errorf("it is told twice, or the look is gone: %s", accent())
	}
	save("#ddeeff")
	r.fire()
	save("#ffffff")
	if r.fire(); accent() != "#ffffff" {
		t.Errorf("accent %s: the file is back, and not followed", accent())
	}
}

// TestPlaceColour: a place's colour is that of its badge and its name in the title, also
// where there is no badge; without colours, and where the title is cut, it is as without.
func TestPlaceColour(t *testing.T) {
	at := func(colour string) *rig {
		info := core.PlaceInfo{Location: "memory", Title: "memory", Kind: core.PlaceEmbedded, Rules: core.RulesAuto, Journals: true,
			Color: colour}
		return newRig(t, memory.New(memory.World{Now: now, Info: info}), 80, 24)
	}
	r := at("blue")
	own, ok := r.CurrentLook().InColour("blue")
	if !ok {
		t.Fatal("blue is no colour")
	}
	where := " memory "
	title := strings.Split(r.View().Content, "\n")[0]
	if !strings.Contains(title, own.Paint(where)) {
		t.Errorf("the name has not its colour: %q", title)
	}
	for w := 1; w < 60; w++ {
		r.send(tea.WindowSizeMsg{Width: w, Height: 24})
		if what := checkFrame(r.View().Content, w, 24); what != "" {
			t.Errorf("%d columns: %s", w, what)
		}
	}
	r.send(tea.WindowSizeMsg{Width: 80, Height: 24})
	if r.screenText() != at("").screenText() {
		t.Error("the text depends on the colour")
	}
}

// TestDialogTakesTheTheme: a dialog that is open while the theme changes is drawn in the new one,
// as where the terminal says late that its ground is light.
func TestDialogTakesTheTheme(t *testing.T) {
	for name, keys := range map[string][]string{"the help": {"?"}, "a question": {"r", "P", "P"}, "a menu": {"s"}} {
		r := newRigWith(t, sharedDemo(t), 80, 24, Options{AutoTheme: true})
		r.send(tea.BackgroundColorMsg{Color: color.Black})
		if name == "a question" {
			r.send(ui.Open{Screen: "backup", ID: fullID(t, "backup", dbBackup), Tab: "restore"})
			keys = []string{"P"}
		}
		if r.press(keys...); r.Dialog() == nil {
			t.Fatalf("%s: no dialog is open", name)
		}
		was := ui.NewStyles(r.CurrentLook().Theme, false, "")
		r.send(tea.BackgroundColorMsg{Color: color.White})
		is := ui.NewStyles(r.CurrentLook().Theme, false, "")
		if r.CurrentLook().Theme.Name != "light" {
			t.Fatalf("the theme is %s", r.CurrentLook().Theme.Name)
		}
		frame := r.View().Content
		for role, open := range map[string][2]string{"text": {was.InDialog.Open, is.InDialog.Open}, "dim": {was.Dim.Open, is.Dim.Open},
			"key": {was.Key.Open, is.Key.Open}, "warn": {was.Warn.Open, is.Warn.Open}, "accent": {was.Accent.Open, is.Accent.Open}} {
			if open[0] != "" && open[0] != open[1] && strings.Contains(frame, open[0]) {
				t.Errorf("%s: something is still drawn in the %s of the theme of before", name, role)
			}
		}
	}
}
