package tui

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/tui/settings"
	"hearth/tui/ui"
)

// strange is a key that nothing is bound to, anywhere.
const strange = "ctrl+t"

// TestEveryKeyAnswers: on every screen, dialogs and fields too, an undefined key says so, and
// names one that works. One that is held says it once.
func TestEveryKeyAnswers(t *testing.T) {
	eachScene(t, 100, 30, func(t *testing.T, r *rig) {
		r.asleep = false
		r.queue = nil
		r.notes = nil
		was := where(r)
		r.press(strange, strange)
		var said []string
		for _, n := range r.notes {
			if strings.Contains(n.Text, "does nothing here") {
				said = append(said, n.Text)
			}
		}
		if len(said) != 1 || !strings.HasPrefix(said[0], "Ctrl-T does nothing here; ") {
			t.Errorf("it answers %q", said)
		}
		if where(r) != was {
			t.Error("it does something all the same")
		}
	})
}

// TestNearestKey: the nearest that works is the letter in its other case, then what begins with it.
func TestNearestKey(t *testing.T) {
	r := newRig(t, sharedDemo(t), 100, 30)
	for key, want := range map[string]string{"i": "i does nothing here; I: recovery", "P": "P does nothing here; p: paste",
		"f1": "F1 does nothing here; ?: help"} {
		r.notes = nil
		if r.press(key); len(r.notes) != 1 || !strings.Contains(r.notes[0].Text, want) {
			t.Errorf("%s: %q", key, r.notes)
		}
	}
	if r.press("s", "left"); !strings.Contains(r.lastNote().Text, "← does nothing here; Esc: close") {
		t.Errorf("in a menu: %q", r.lastNote().Text)
	}
}

// TestSlashWorks: on every screen / finds, or says that there is nothing to look through; while
// it is open no letter is a command, and Esc leaves it as it was.
func TestSlashWorks(t *testing.T) {
	eachScene(t, 100, 30, func(t *testing.T, r *rig) {
		if r.asleep || typesText(r) {
			return
		}
		switch r.Dialog().(type) {
		case nil, *ui.TextBox:
		default:
			return // a question is answered
		}
		var find ui.Action
		for _, act := range r.Keys() {
			if slices.Contains(act.Keys, "/") {
				find = act
			}
		}
		if find.Run == nil {
			t.Fatal("/ is bound to nothing")
		}
		if strings.HasPrefix(find.Blocked(), "there is no list") {
			if grids := r.hasTable(); grids {
				t.Error("there is a list, and / does not find in it")
			}
			return
		}
		screen, depth := r.Screen(), r.Depth()
		if r.press("/"); !typesText(r) {
			t.Fatalf("after / letters are no text: the dialog is a %T", r.Dialog())
		}
		r.typeText("qxD")
		if r.Screen() != screen || r.Depth() != depth || r.quits() {
			t.Errorf("a letter was a command: %s", r.screenText())
		}
		if what := checkFrame(r.View().Content, 100, 30); what != "" {
			t.Error(what)
		}
		if r.press("esc"); typesText(r) || r.Screen() != screen {
			t.Error("Esc does not leave it")
		}
	})
}

// hasTable reports whether the frame has a table's cursor in it.
func (r *rig) hasTable() bool {
	for _, line := range strings.Split(r.screenText(), "\n") {
		if strings.HasPrefix(line, "> ") {
			return true
		}
	}
	return false
}

// TestFindInLists: a list shows the rows that fit, the match is lit, and actions work on the row
// that is shown.
func TestFindInLists(t *testing.T) {
	r := used()(t, 100, 30)
	all := r.screenText()
	r.press("/").typeText("import").want("/ import", "1 row of ").press("enter").want(" of ", ": /import  (Esc shows all)")
	if !strings.Contains(r.View().Content, "\x1b[4mimport\x1b[24m") {
		t.Error("the match is not lit")
	}
	if got := r.screenText(); strings.Count(got, "\n> ") != 1 || !strings.Contains(got, "import") {
		t.Errorf("the cursor is nowhere:\n%s", got)
	}
	r.press("w").want("import").press("esc") // the details are of the row that is shown
	r.press("esc", "/").typeText("undo").press("enter")
	if !strings.Contains(r.screenText(), "\n>    2 ") || strings.Contains(r.screenText(), "import of") {
		t.Errorf("the row that fits is another one:\n%s", r.screenText())
	}
	if r.press("esc"); strings.Contains(r.screenText(), "Esc shows all") || r.Screen() != "journal" {
		t.Errorf("Esc does not show all:\n%s", r.screenText())
	}
	r.press("/").typeText("nosuchthing").want("! no row fits").press("esc")
	if all == "" || len(strings.Split(all, "\n")) != len(strings.Split(r.screenText(), "\n")) {
		t.Error("the list is another one")
	}
	r.press("/").typeText("aply").want("row").press("esc") // letters in order
}

// TestFindInTexts: a text is gone through from match to match; n and N only while one is lit.
func TestFindInTexts(t *testing.T) {
	r := newRig(t, sharedDemo(t), 100, 24).press("?", "n").said(ui.LevelWarn, "n does nothing here")
	r.press("/").typeText("volume").want("match 1 of").press("enter")
	if !strings.Contains(strings.ToLower(r.View().Content), "\x1b[4mvolume\x1b[24m") {
		t.Error("the match is not lit")
	}
	for _, k := range []string{"n", "n", "n", "n", "N", "N", "N", "N", "N"} {
		if r.press(k); !strings.Contains(strings.ToLower(r.View().Content), "\x1b[4mvolume") {
			t.Errorf("%s: no match is to be seen", k)
		}
	}
	r.press("esc").want("Keys").press("n").said(ui.LevelWarn, "n does nothing here").press("esc").wantNot("╭ Keys")
	r = openOn("backup", dbBackup, "")(t, 100, 30).press("/").typeText("container").want("match 1 of").press("enter")
	r.press("n").want("container").press("esc").want("[Overview]").press("/").typeText("zzzz").want("! it is nowhere here").press("esc")
}

// TestMenusNarrow: in every menu letters and digits type, what fits is shown with its match, and
// Enter takes the best.
func TestMenusNarrow(t *testing.T) {
	eachScene(t, 100, 30, func(t *testing.T, r *rig) {
		menu, ok := r.Dialog().(*ui.MenuBox)
		if !ok || r.asleep {
			return
		}
		if menu.Typed() != "" {
			r.press("esc")
		}
		n := len(menu.Items)
		for i := range n {
			label := menu.Items[i].Label
			r.send(tea.PasteMsg{Content: label})
			if r.Dialog() != ui.Overlay(menu) || menu.At != i && menu.Items[menu.At].Label != label {
				t.Errorf("%q typed marks %q", label, menu.Items[menu.At].Label)
			}
			if !strings.Contains(r.View().Content, "\x1b[4m") {
				t.Errorf("%q: the match is not lit", label)
			}
			r.press("esc")
		}
		r.press("1", "j", "q", "space")
		if r.Dialog() != ui.Overlay(menu) || menu.Typed() != "1jq " {
			t.Errorf("letters and digits typed %q", menu.Typed())
		}
		r.want("nothing fits").press("esc", "esc")
		if r.Dialog() == ui.Overlay(menu) {
			t.Error("Esc does not close it")
		}
	})
}

// TestPalette: every action of every screen is in it, with its key, and why not; and does there
// what its key does.
func TestPalette(t *testing.T) {
	eachScene(t, 100, 30, func(t *testing.T, r *rig) {
		if r.asleep || r.Dialog() != nil || typesText(r) {
			return
		}
		actions := r.Keys()
		r.press(":")
		p, ok := r.Dialog().(*ui.PaletteBox)
		if !ok {
			t.Fatalf("the dialog is a %T", r.Dialog())
		}
		all := p.Labels()
		for _, act := range actions {
			if act.Name == "palette" {
				continue
			}
			i := slices.IndexFunc(all, func(s string) bool {
				return strings.HasPrefix(s, act.Key()) && strings.Contains(s, act.Help) && strings.HasSuffix(s, act.Name)
			})
			if i < 0 {
				t.Errorf("%s (%s) is not in it", act.Name, act.Help)
			} else if p.Items[i].Why != act.Blocked() {
				t.Errorf("%s: why not is %q, want %q", act.Name, p.Items[i].Why, act.Blocked())
			}
		}
	})
}

// TestPaletteDoes: what is chosen is done, lines are understood, and mistakes told.
func TestPaletteDoes(t *testing.T) {
	r := newRig(t, sharedDemo(t), 120, 30)
	say := func(line string) *rig { return r.press(":").typeText(line).press("enter") }
	say("go to volumes").want("hearth · demo · Volumes")
	say("go backups").want("hearth · demo · Backups")
	say("sort size").want("SIZE▼")
	say("sort size asc").want("SIZE▲")
	say("filter status:error age>7d").want("filter status:error age>7d")
	say("filter nam:x").said(ui.LevelBad, "there is no column nam")
	say("filter").wantNot("filter status")
	say("columns status,name").want("STATUS").wantNot("KIND")
	if head := r.screenText(); strings.Index(head, "STATUS") > strings.Index(head, "NAME") {
		t.Error("the columns are in another order")
	}
	r.want("by size ▲") // out of sight
	say("columns nosuch").said(ui.LevelBad, "it has name, status")
	say("columns").want("KIND")
	say("theme light").said(ui.LevelInfo, "Theme light")
	say("times local").said(ui.LevelInfo, "Times are in")
	r.find("id:"+dbBackup).press("enter", "b")
	if say(dbBackup); r.Screen() != "backup" {
		t.Errorf("what was opened before is not found: %s", r.screenText())
	}
	say("restored-to")
	if r.lastNote().Level != ui.LevelWarn || !strings.Contains(r.lastNote().Text, "cannot be chosen now") {
		t.Errorf("what cannot be done says %q", r.lastNote().Text)
	}
}

// TestTrail: back and forward through where one has been.
func TestTrail(t *testing.T) {
	r := newRig(t, sharedDemo(t), 100, 30)
	r.press("[").said(ui.LevelWarn, "nowhere before")
	r.press("v", "J", "[")
	if r.Screen() != "volumes" {
		t.Errorf("back is %s", r.Screen())
	}
	r.press("[", "]", "]")
	if r.Screen() != "journal" {
		t.Errorf("forward is %s", r.Screen())
	}
	r.press("]").said(ui.LevelWarn, "nothing ahead")
	r.press("[", "b", "]").said(ui.LevelWarn, "nothing ahead") // what lay ahead is ahead no longer
	if r.press("["); r.Screen() != "volumes" {
		t.Errorf("back from where one went instead is %s", r.Screen())
	}
}

// TestMessagesPass: what does not matter ends by itself, a failure stays until it was read, and all
// that was said can be read.
func TestMessagesPass(t *testing.T) {
	r := newRig(t, sharedDemo(t), 100, 30).press("z").want("Times are in")
	pass := func() {
		due := r.later
		r.later = nil
		for _, x := range due {
			if x.after == 20*time.Second {
				r.send(x.fire(until))
			}
		}
	}
	pass()
	r.wantNot("Times are in")
	r.run(ui.Fail(core.Fail(core.CodeUnavailable, "read the place", "it does not answer", "look whether it runs", nil)))
	pass()
	r.want("✗ cannot read the place").press("z").want("Times are in", "✗ not looked at yet (e)")
	pass()
	r.wantNot("Times are in").want("✗ not looked at yet (e)").press("v").want("not looked at yet (e)")
	r.press("e").want("╭ Message", "it does not answer").press("esc").wantNot("not looked at yet")
	r.press("M").want("╭ Messages", "Times are in UTC now.", "it does not answer")
}

// TestChip: the filter that a list was opened with is a thing of its own, which one key takes away.
func TestChip(t *testing.T) {
	r := keysOn(join([]string{"v", "/"}, letters("gitlab"), []string{"enter", "B"})...)(t, 100, 30)
	r.want("[volume-id:", "(Backspace takes it away)").press("/").typeText("status:available").want("[volume-id:").press("enter")
	few := r.screenText()
	if r.press("backspace").wantNot("volume-id:").want("filter status:available"); r.screenText() == few {
		t.Error("it still holds")
	}
	r.press("esc").want("90 backups")
}

// TestKeysOfTheConfig: keys are changed by the name of what they do; the footer, the help and the
// palette tell them. What cannot be is told with the lines.
func TestKeysOfTheConfig(t *testing.T) {
	r := newRigWith(t, sharedDemo(t), 120, 40, Options{Keys: Keys{"export": {"f5"}, "go-volumes": {"ctrl+v", "V"}, "its-volume": {"ctrl+u"}}})
	r.want("F5 export", "Ctrl-V volumes").press("?").want("F5").press("esc", "v").said(ui.LevelWarn, "v does nothing here; Ctrl-V: volumes")
	if r.press("V"); r.Screen() != "volumes" {
		t.Error("the new key does nothing")
	}
	for text, want := range map[string]string{
		"[keys]\nexport = \"f5\"\n":                        "",
		"[keys]\nexprot = \"f5\"\n":                        "line 2: there is no action exprot: write export",
		"[keys]\nexport = \"q\"\n":                         "line 2: q is the key of quit already",
		"[keys]\n\nexport = \"f5\"\nquit = \"F5\"\n":       "line 3: f5 is the key of quit, too (line 4)",
		"[keys]\nexport = \"f5\"\nexport-file = [\"x\"]\n": "", // it was export's
		"[keys]\nmenu-down = \"j\"\n":                      "line 2: j is text where this action stands",
		"[keys]\nexport = \"hyper+x\"\n":                   "line 2: there is no key hyper+x",
		"[keys]\nexport = 5\n":                             "a key",
		"[keys]\nexport = []\n":                            "line 2: export is given no key",
		"[keys]\ngo-backups = \"v\"\ngo-volumes = \"b\"\n": "",
		"[keys]\nits-backups = \"space\"\n":                "line 2: space is the key of mark already",
	} {
		var c struct {
			Keys Keys `toml:"keys"`
		}
		path := filepath.Join(t.TempDir(), "config.toml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		err := settings.Read(path, &c, func() (string, string) { return c.Keys.Check(settings.Nearest) })
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// TestEveryActionHasItsKey: each action of the table can be given another key, and has it then.
func TestEveryActionHasItsKey(t *testing.T) {
	for _, a := range keyActions() {
		k := Keys{a.name: {"f9"}}
		if key, what := k.Check(settings.Nearest); key != "" {
			t.Errorf("%s cannot have another key: %s", a.name, what)
		}
	}
	eachScene(t, 100, 30, func(t *testing.T, r *rig) {
		of := map[string][]string{}
		for _, act := range r.Keys() {
			of[act.Name] = []string{"f9"}
		}
		*inside[map[string][]string](r.App, "opt", "Keys") = of
		for _, act := range r.Keys() {
			if of[act.Name] != nil && !slices.Equal(act.Keys, []string{"f9"}) {
				t.Errorf("%s keeps %v", act.Name, act.Keys)
			}
		}
	})
}
