package tui

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hearth/store/jobs"
	"hearth/tui/settings"
	"hearth/tui/state"
	"hearth/tui/ui"
)

// say types a line behind ":".
func (r *rig) say(line string) *rig {
	r.t.Helper()
	return r.press(":").typeText(line).press("enter")
}

// firsts are the beginnings of the rows that are shown.
func (r *rig) firsts() (out []string) {
	begun := false
	for _, l := range strings.Split(r.screenText(), "\n") {
		switch {
		case strings.Contains(l, "  NAME") && strings.Contains(l, "STATUS"):
			begun = true
		case begun && strings.TrimSpace(l) == "":
			return out
		case begun:
			out = append(out, strings.Fields(l[2:])[0])
		}
	}
	return out
}

// TestOnlyMarked: one key shows the marked alone, those of another filter and of a rule too; they
// are filtered and sorted there, and all come back with what was filtered before.
func TestOnlyMarked(t *testing.T) {
	r := newRig(t, sharedDemo(t), 100, 30).press("o").said(ui.LevelWarn, "o does not work now: nothing is marked; Space marks a row")
	r.press("/").typeText("web-root").press("enter", "space", "esc")
	r.press("/").typeText("db-prod").press("enter", "space", "space")
	r.press("o").want("3 backups, 3 marked", "[marked]", "(o shows all again)", "*db-prod-01", "*web-root")
	if got := r.firsts(); len(got) != 3 {
		t.Errorf("shown are %q", got)
	}
	r.say("sort name").want("NAME▲")
	if got := r.firsts(); len(got) != 3 || !slices.IsSorted(got) {
		t.Errorf("by name they are %q", got)
	}
	r.press("/").typeText("web").press("enter").want("1 backup of 3")
	r.press("a").said(ui.LevelWarn, "what is shown is marked already")
	r.press("esc").want("3 backups, 3 marked").press("o").want("filter db-prod", "3 marked").wantNot("[marked]")
	r.press("o", "esc").want("filter db-prod") // Esc leaves it, too
	r.press("o", "home", "space").want("2 backups, 2 marked").press("A").wantNot("[marked]").want("filter db-prod", " of 90")

	r.press("esc", "/").typeText("status:error").press("enter", "a", "home", "space").press("esc", "/").typeText("known").press("enter", "esc")
	n := len(r.press("o").firsts())
	if frame := r.screenText(); n != 2 || !strings.Contains(frame, "marked") || strings.Contains(frame, "✓ available") {
		t.Errorf("of a rule there are %d:\n%s", n, frame)
	}
	r.press("esc").press("/").typeText("db-prod-01-incr").press("enter", "space", "esc", "o")
	if got := r.firsts(); len(got) != n+1 {
		t.Errorf("of a rule and by itself there are %d, want %d", len(got), n+1)
	}
	r.press("J", "b").want("[marked]") // marks, and the view of them, stay
}

// TestSavedViews: a list is saved by a name, in the place, and comes back by it: on : and at the start.
func TestSavedViews(t *testing.T) {
	m, _ := state.Open(filepath.Join(t.TempDir(), "state.json"))
	p := remembered(t)
	r := newRigWith(t, p, 100, 30, Options{Memory: m, Views: Views{"mine": {Filter: "status:error", Columns: "status,name:20"}}})
	r.say("filter kind:full age>7d").say("sort size").say("columns name:30,size,kind").want("filter kind:full", "SIZE▼")
	r.say("view save old ones").said(ui.LevelGood, "Saved as the view old ones: :view old ones shows it.")
	want := state.View{List: "backups", Place: p.Info().Location, Filter: "kind:full age>7d", Sort: "size desc", Columns: "name:30,size,kind"}
	if got := m.Views()["old ones"]; got != want {
		t.Errorf("saved is %+v, want %+v", got, want)
	}
	r.press("esc").say("sort name").say("columns").want("VOLUME").press("v")
	r.press(":").typeText("old ones").want("view old ones").press("enter").
		want("hearth · ", "Backups", "filter kind:full age>7d", "SIZE▼").wantNot("VOLUME")
	r.say("view mine").want("filter status:error", "STATUS").wantNot("KIND", "SIZE")
	if head := r.screenText(); strings.Index(head, "STATUS") > strings.Index(head, "NAME") {
		t.Error("the columns are in another order")
	}
	r.say("view nosuch").said(ui.LevelBad, "there are mine, old ones")
	r.say("view save mine").said(ui.LevelWarn, "is the config's")
	r.say("view save").said(ui.LevelWarn, "Say under which name")
	r.press("J").say("view save here").said(ui.LevelWarn, "A view is of a list")
	r.press("J").say("view old ones").want("filter kind:full age>7d")
	r.say("view forget old ones").said(ui.LevelInfo, "is forgotten")
	if _, ok := m.Views()["old ones"]; ok {
		t.Error("it is not")
	}
	again, _ := state.Open(filepath.Join(t.TempDir(), "nothing"))
	newRigWith(t, sharedDemo(t), 100, 30, Options{Memory: again}).say("view save one") // of a demo: of any place
	if v := again.Views()["one"]; v.List != "backups" || v.Place != "" {
		t.Errorf("in a demo %+v is saved", v)
	}
}

// TestViewElsewhere: a view of another place opens that, and what it shows is the view.
func TestViewElsewhere(t *testing.T) {
	opened := ""
	o := Options{Views: Views{"far": {List: "volumes", Place: "cloud:far", Sort: "name asc"}},
		Open: func(_ context.Context, location string) (jobs.Desk, func() error, error) {
			opened = location
			return jobs.Desk{Place: remembered(t), Pace: jobs.Pace{Now: now}}, func() error { return nil }, nil
		}}
	r := newRigWith(t, sharedDemo(t), 100, 30, o).say("view far").want("Volumes", "NAME▲")
	if opened != "cloud:far" || r.Depth() != 1 {
		t.Errorf("opened is %q, %d screens lie there", opened, r.Depth())
	}
	newRigWith(t, sharedDemo(t), 100, 30, Options{Views: o.Views}).say("view far").said(ui.LevelWarn, "The view far is of cloud:far")
	r = startRig(t, 100, 30, func(o *Options) {
		o.Views = Views{"failed": {Place: "cloud:prod", Filter: "status:error"}, "nowhere": {Filter: "x"}}
		o.Memory.SaveView("mine", state.View{Place: "posix:/srv/b", Sort: "size"})
	}).want("failed", "view ", "backups w", "mine").wantNot("nowhere")
	r.typeText("failed").want("backups with status:error, in cloud:prod").press("enter").want("filter status:error", "Backups")
	r = startRig(t, 100, 30, func(o *Options) { o.Memory.SaveView("mine", state.View{Place: "posix:/srv/b"}) })
	r.typeText("mine").press("ctrl+x").said(ui.LevelInfo, "The view mine is forgotten").press("esc").wantNot("  mine")
}

// TestColumnsRemembered: columns, their order and widths come back with the place, and end with it.
func TestColumnsRemembered(t *testing.T) {
	m, _ := state.Open("")
	p := remembered(t)
	open := func() *rig { return newRigWith(t, p, 160, 30, Options{Memory: m}) }
	open().say("columns size:12,name:50").want("        SIZE").say("columns name:0").
		said(ui.LevelBad, "its width is a number of cells from 1 to 200")
	r := open().want("        SIZE").wantNot("STATUS ").press("v").want("STATUS")
	head := r.press("b").screenText()
	if at := strings.Index(head, "        SIZE NAME"); at < 0 {
		t.Errorf("the columns are not as they were:\n%s", head)
	}
	r.say("columns")
	open().want("STATUS", "VOLUME")
	m.Change(p.Info().Location, func(x *state.Place) { x.Lists["backups"] = state.List{Columns: "nosuch:9"} })
	open().want("STATUS", "VOLUME") // of another hearth
}

// TestViewsOfTheConfig: mistakes in views are told with their line and the nearest right word.
func TestViewsOfTheConfig(t *testing.T) {
	for text, want := range map[string]string{
		"[views.a]\nlist = \"volumes\"\nfilter = \"size>10\"\nsort = \"size desc\"\ncolumns = \"name:40,id\"\nplace = \"p\"": "",
		"[views.a]\nlist = \"volume\"":              "line 2: volume is neither backups nor volumes: write volumes",
		"[views.a]\nfiltre = \"x\"":                 "line 2: there is no setting views.a.filtre",
		"[views.\"old ones\"]\nfilter = \"sise>1\"": "line 2: there is no column sise",
		"[views.a]\n\nsort = \"siez\"":              "line 3: there is no column siez: write size",
		"[views.a]\nsort = \"size up\"":             "line 2: the way round is asc or desc, and not up",
		"[views.a]\ncolumns = \"name,stauts\"":      "line 2: there is no column stauts: write status",
		"[views.a]\ncolumns = \"name:wide\"":        "line 2: its width is a number of cells",
	} {
		var c struct {
			Views Views `toml:"views"`
		}
		path := filepath.Join(t.TempDir(), "config.toml")
		if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		err := settings.Read(path, &c, func() (string, string) { return c.Views.Check(settings.Nearest) })
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
