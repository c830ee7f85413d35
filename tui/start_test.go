package tui

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store"
	"hearth/store/jobs"
	"hearth/tui/place"
	"hearth/tui/state"
	"hearth/tui/ui"
)

// hostileCloud is the name of a cloud that is meant ill.
const hostileCloud = "cloud:\x1b]0;owned\x07\u202elive\nprod"

// startRig begins hearth at its start: three clouds of which one answers, one does not and one
// has an ill name, and two places of the config. What is opened is the shared demo.
func startRig(t testing.TB, w, h int, change ...func(*Options)) *rig {
	t.Helper()
	m, _ := state.Open("")
	m.Visit("posix:/srv/other", until.Add(-50*time.Hour))
	m.Visit("cloud:old", until.Add(-2*time.Hour))
	o := Options{Memory: m, Start: &place.Start{Now: now,
		Known: func() ([]store.PlaceRow, error) {
			return []store.PlaceRow{{Name: "backups-nfs", Location: "posix:/srv/backups"},
				{Name: "prod", Location: "cloud:prod", Badge: "PROD", Color: "#b02030", ReadOnly: true, Beside: []string{"mysql://db/cinder"}},
				{Name: "old", Location: "cloud:old"}, {Name: strings.TrimPrefix(hostileCloud, "cloud:"), Location: hostileCloud}}, nil
		},
		Knock: func(ctx context.Context, location string) (store.Knocked, error) {
			switch until, ok := ctx.Deadline(); {
			case !ok || time.Until(until) > 5*time.Second:
				t.Errorf("%s is asked without an end", location)
			case location == "cloud:old":
				return store.Knocked{Asked: true, Took: time.Second}, core.Fail(core.CodeUnavailable, "ask old whether it answers",
					"keystone.old:5000 refuses the connection", "see whether it runs", nil)
			case strings.HasPrefix(location, "posix:"):
				return store.Knocked{Changed: now().Add(-26 * time.Hour)}, nil
			}
			return store.Knocked{Asked: true, Took: 84*time.Millisecond + 400*time.Microsecond}, nil
		}},
		Open: func(ctx context.Context, location string) (jobs.Desk, func() error, error) {
			if location == "cloud:old" {
				return jobs.Desk{}, nil, core.Fail(core.CodeDenied, "log in to old", "Keystone refuses the password of \x1b[31meve", "repair it", nil)
			}
			return jobs.Desk{Place: sharedDemo(t), Who: "ops@console", Pace: jobs.Pace{Now: now}}, func() error { return nil }, nil
		}}
	for _, f := range change {
		f(&o)
	}
	return newRigWith(t, sharedDemo(t), w, h, o)
}

// startOn makes a scene of keys at the start.
func startOn(keys ...string) func(testing.TB, int, int) *rig {
	return func(t testing.TB, w, h int) *rig {
		r := startRig(t, w, h)
		for _, k := range keys {
			if text, ok := strings.CutPrefix(k, "text:"); ok {
				r.typeText(text)
			} else if text, ok := strings.CutPrefix(k, "paste:"); ok {
				r.send(tea.PasteMsg{Content: sample(t, text)})
			} else {
				r.press(k)
			}
		}
		return r
	}
}

// TestStart: the last place first and by one key, of each whether it is there, and names that
// are meant ill made visible.
func TestStart(t *testing.T) {
	r := startRig(t, 100, 24).want("Where do you want to look?", "> old", "✗ keystone.old", "2h ago", "✓ answers, 84 ms",
		"✓ changed 26h ago", " PROD ", "other", "2d ago", "demo", `\x1b]0;`).wantNot("live\n")
	if what := checkFrame(r.View().Content, 100, 24); what != "" {
		t.Error(what)
	}
	r.press("enter").said(ui.LevelBad, "Keystone refuses the password").want("Where do you want to look?", "✗ Keystone", `\x1b[31meve`)
	r.press("down", "down").want("posix").press("enter").want("90 backups").wantNot("Where do you want")
	if got := r.Depth(); got != 1 {
		t.Errorf("%d screens lie there", got)
	}
}

// TestStartAsksEach: a place that does not answer holds nobody up.
func TestStartAsksEach(t *testing.T) {
	r := startRig(t, 100, 24)
	r.asleep = true
	r.press("ctrl+r")
	reading := r.queue
	r.queue = nil
	for _, cmd := range reading { // what it asks then is held back
		for _, msg := range unbatch(cmd) {
			r.send(msg)
		}
	}
	if len(r.queue) != 1 {
		t.Fatalf("%d questions", len(r.queue))
	}
	batch, ok := r.queue[0]().(tea.BatchMsg)
	if !ok || len(batch) != 5 {
		t.Fatalf("%d questions in one batch", len(batch))
	}
	r.want("◌ asking…").wantNot("84 ms")
	r.queue = nil
	r.send(batch[2]()) // prod; that of old is never answered
	r.want("✓ answers, 84 ms", "◌ asking…")
}

// TestStartTyped: what is typed narrows the list, or is a place; Esc takes it away, and then quits.
func TestStartTyped(t *testing.T) {
	r := startRig(t, 100, 24).typeText("pro nfs").want("no place has that in its name")
	r.press("esc").typeText("PROD").want("prod", "/ PROD").wantNot("backups-nfs", "demo ")
	r.press("esc").want("backups-nfs")
	r.press("?").want("Keys", "Open the place under the cursor").press("esc")
	r.typeText("?").want("Keys").press("esc").typeText("q?").want("/ q?")
	r.press("esc")
	if r.quits() {
		t.Fatal("a letter quits")
	}
	dir := t.TempDir()
	r.typeText(filepath.Join(dir, "no")).want("open what is typed", "path").press("enter").
		said(ui.LevelBad, "there is no such file or folder").
		want("✗ ", "Where do you want")
	file := filepath.Join(dir, "x.sqlite")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	opened := ""
	r = startRig(t, 100, 24, func(o *Options) {
		o.Open = func(_ context.Context, location string) (jobs.Desk, func() error, error) {
			opened = location
			return jobs.Desk{}, nil, errors.New("enough")
		}
	})
	if r.typeText(file).press("enter"); opened != "sqlite:"+file {
		t.Errorf("%s opens %s", file, opened)
	}
	if r.press("esc").typeText("s3://h/b").press("enter"); opened != "s3://h/b" {
		t.Errorf("opens %s", opened)
	}
	if r.press("esc", "esc"); !r.quits() {
		t.Error("Esc does not quit")
	}
	if r := startRig(t, 80, 24).press("ctrl+c"); !r.quits() {
		t.Error("Ctrl-C does not quit")
	}
}

// TestStartPaste: records are looked at in the place that is chosen then.
func TestStartPaste(t *testing.T) {
	r := startRig(t, 100, 30)
	r.send(tea.PasteMsg{Content: "hello\nworld"})
	r.said(ui.LevelWarn, "no whole record")
	r.send(tea.PasteMsg{Content: sample(t, "db-prod-full.openstack.table")})
	r.want("1 record pasted: where do you want to look at it?").said(ui.LevelGood, "1 record found")
	r.press("esc").wantNot("1 record pasted")
	r.send(tea.PasteMsg{Content: sample(t, "db-prod-full.openstack.json")})
	r.typeText("demo").press("enter").want("1 record ", "db-prod-full")
}

// TestStartForgets: what is remembered of a place can be forgotten there.
func TestStartForgets(t *testing.T) {
	name := filepath.Join(t.TempDir(), "state.json")
	m, _ := state.Open(name)
	m.Visit("cloud:old", until)
	m.Visit("cloud:prod", until.Add(-time.Hour))
	if err := m.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := startRig(t, 100, 24, func(o *Options) { o.Memory = m }).press("ctrl+x").said(ui.LevelInfo, "Forgotten")
	r.want("> prod")
	if again, _ := state.Open(name); len(again.Places()) != 1 || again.Places()[0].Location != "cloud:prod" {
		t.Errorf("%+v", again.Places())
	}
	r.press("down").typeText("demo").press("ctrl+x").said(ui.LevelWarn, "nothing is remembered of it")
}

// TestStartSaysWhy: why hearth begins there stands there, and so does what is wrong with the list.
func TestStartSaysWhy(t *testing.T) {
	startRig(t, 100, 24, func(o *Options) {
		o.Start.Said = "cannot open prod: it is down."
		o.Start.Known = func() ([]store.PlaceRow, error) { return nil, errors.New("clouds.yaml: line 3 is no mapping") }
	}).said(ui.LevelWarn, "cannot open prod").want("! cannot open prod", "! clouds.yaml: line 3", "> old", "demo")
}

// TestRemembers: filter, order, pane and theme come back, each in its place; Esc shows all again.
func TestRemembers(t *testing.T) {
	name := filepath.Join(t.TempDir(), "hearth", "state.json")
	begin := func() *rig {
		m, _ := state.Open(name)
		p := remembered(t)
		return newRigWith(t, p, 160, 45, Options{Memory: m})
	}
	r := begin().find("name~db-prod-01").press("s").typeText("").press("down", "enter", "d", "T", "down", "enter")
	r.press("v").press("S")
	theme := r.CurrentLook().Theme.Name
	frame := r.press("b").screenText()
	again := begin()
	if again.CurrentLook().Theme.Name != theme || theme == "dark" {
		t.Errorf("the theme is %s, and was %s", again.CurrentLook().Theme.Name, theme)
	}
	again.want("filter name~db-prod-01", "backups of 90")
	if got := again.screenText(); !sameBody(got, frame) {
		t.Errorf("looked at otherwise:\n%s\nbefore:\n%s", got, frame)
	}
	again.press("esc").want("90 backups")
	if third := begin().want("90 backups"); third.CurrentLook().Theme.Name != theme {
		t.Error("the theme is forgotten")
	}
	// One that was opened for something is looked at for that, and changes nothing.
	third := begin().press("enter").press("esc")
	third.send(ui.Open{Screen: "backups", Filter: "status:error"})
	third.press("S", "esc")
	if m, _ := state.Open(name); len(m.Places()) != 1 {
		t.Fatalf("%+v", m.Places())
	}
	if m, _ := state.Open(name); m.Places()[0].Lists["backups"].Filter != "" {
		t.Errorf("%+v", m.Places()[0])
	}
	if m, _ := state.Open(name); !m.Places()[0].Lists["backups"].NoPane || m.Places()[0].Lists["volumes"].Sort == "" {
		t.Errorf("%+v", m.Places()[0])
	}
}

// sameBody compares two frames but for their title, status and footer.
func sameBody(a, b string) bool {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	return len(x) == len(y) && strings.Join(x[1:len(x)-2], "\n") == strings.Join(y[1:len(y)-2], "\n")
}

// TestDemoIsForgotten: a demo leaves nothing behind, in what is remembered neither.
func TestDemoIsForgotten(t *testing.T) {
	m, _ := state.Open(filepath.Join(t.TempDir(), "state.json"))
	newRigWith(t, sharedDemo(t), 100, 30, Options{Memory: m}).find("status:error").press("S")
	if got := m.Places(); len(got) > 0 {
		t.Errorf("%+v", got)
	}
}
