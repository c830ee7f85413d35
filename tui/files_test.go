package tui

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/tui/ui"
)

// TestGivenCaptures gives captures from files, in place of those that are known.
func TestGivenCaptures(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("full.json", `{"version": 2, "volume-base-metadata": {"display_name": "given"}, "volume-metadata": {"from": "the full one"}}`)
	write("incr.json", `{"version": 2, "volume-base-metadata": {"display_name": "given"}, "volume-metadata": {"from": "the next one"}}`)
	write("broken.json", `{"version": 2,`)
	write(".hidden", "x")
	write("evil\x1b[31m.json", "[]")
	if err := os.Mkdir(filepath.Join(dir, "older"), 0o700); err != nil {
		t.Fatal(err)
	}
	at := dir + string(filepath.Separator)

	r := preview(t, sharedDemo(t)).press("C").want("A capture from a file", "Enter take it")
	r.send(tea.PasteMsg{Content: at})
	r.want("older/", "full.json", `evil\x1b[31m.json`).wantNot(".hidden")
	r.typeText("b").want("broken.json").wantNot("full.json").press("enter").said(ui.LevelBad, "it is no capture")
	r.press("backspace").typeText("ev").press("enter").said(ui.LevelBad, "which is a JSON object")
	r.press("backspace", "backspace").typeText("nosuch").want("nothing here begins like that").press("enter").said(ui.LevelBad, "no such file")
	for range "nosuch" {
		r.press("backspace")
	}
	r.typeText("ful").press("tab").want("> " + at + "full.json").press("ctrl+u").typeText(at + "old").press("enter")
	r.want("> "+at+"older"+string(filepath.Separator)).press("esc").want("[Restore]", "read from the repository")

	r.press("C")
	r.send(tea.PasteMsg{Content: at + "fu"})
	r.press("enter").want("[Restore]", "1 file given, in this order: full.json", "meta from", "the full one")
	if p := planOf(r); p.Guess() || len(p.Captures) != 1 || p.Captures[0].Source.Kind != core.SourceFile {
		t.Errorf("the plan rests on %+v", p.Captures)
	}
	r.press("C", "#1").want("The capture of the layer above full.json").typeText("inc").press("enter")
	r.want("2 files given, in this order: full.json, incr.json", "the next one")
	r.press("t", "enter", "enter").want("2 files given", "onto a new volume") // they stay
	r.press("C", "#2").want("1 file given").press("C", "#3").want("read from the repository")
}

// TestGivenInShell: the command that does the same names the files.
func TestGivenInShell(t *testing.T) {
	file := filepath.Join(t.TempDir(), "c.json")
	if err := os.WriteFile(file, []byte(`{"version": 2, "volume-base-metadata": {}, "volume-metadata": {"a": "b"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	r := newRigWith(t, newCloud(t, 0), 80, 70, new(world).options(t))
	r.send(ui.Open{Screen: "backup", ID: fullID(t, "backup", dbBackup), Tab: "restore"})
	r.press("C")
	r.send(tea.PasteMsg{Content: file})
	r.press("enter")
	for _, keys := range [][]string{{"enter", "enter", "enter", "enter"}, {"P", "P"}} {
		r.press(keys...)
		if flat := strings.Join(strings.Fields(strings.ReplaceAll(r.screenText(), "│", "")), ""); !strings.Contains(flat, "--capture") ||
			!strings.Contains(flat, file) {
			t.Errorf("%v: the command does not name %s:\n%s", keys, file, r.screenText())
		}
		r.press("n")
	}
}
