package tui

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store"
	"hearth/store/jobs"
	"hearth/tui/ui"
)

// world is several places to go to, and what was closed.
type world struct {
	opened, closed []string
	fails          error
}

func (w *world) options(t testing.TB) Options {
	return Options{
		Places: func() []store.PlaceRow {
			return []store.PlaceRow{
				{Name: "lab", Location: "cloud:lab", Badge: "LAB", Color: "#205080"},
				{Name: "prod", Location: "cloud:prod", Badge: "PROD", Color: "#b02030", ReadOnly: true},
				{Name: "evening copy", Location: "sqlite:/srv/copy.sqlite"},
			}
		},
		Open: func(_ context.Context, location string) (jobs.Desk, func() error, error) {
			w.opened = append(w.opened, location)
			if w.fails != nil {
				return jobs.Desk{}, nil, w.fails
			}
			c := newCloud(t, 0)
			return jobs.Desk{Place: c, Who: "ops@console", Pace: jobs.Pace{Now: now, Sleep: c.Sleep}}, w.closing(location), nil
		},
		Close: w.closing("the first"),
	}
}

func (w *world) closing(name string) func() error {
	return func() error {
		w.closed = append(w.closed, name)
		return nil
	}
}

// among is a cloud with others to go to.
func among(keys ...string) func(testing.TB, int, int) *rig {
	return func(t testing.TB, w, h int) *rig {
		return newRigWith(t, newCloud(t, 0), w, h, new(world).options(t)).press(keys...)
	}
}

// TestPlaces goes to another place: its first screen opens, the old place is
// closed, and nothing of it is left.
func TestPlaces(t *testing.T) {
	w := &world{}
	r := newRigWith(t, newCloud(t, 0), 120, 30, w.options(t)).want("hearth · lab · demo · RegionOne · Backups")
	r.press("enter", "c").want("› Places", "● place   lab", "prod", "read-only", "● region  RegionOne", "RegionTwo",
		"● project demo", "staging", "ffffeeee0000", "as ops (member, reader)", "API 3.70")
	r.press("c").want("› Places").wantNot("Places › Places")
	r.press("down", "enter").said(ui.LevelGood, "This is lab").want("· Backups", "90 backups").wantNot("›")
	if !slices.Equal(w.opened, []string{"cloud:prod"}) || !slices.Equal(w.closed, []string{"the first"}) {
		t.Errorf("opened %v, closed %v", w.opened, w.closed)
	}
	if r.press("esc"); r.Depth() != 1 || valueAt(r.App, "roots").Len() != 1 || r.Running().ID != 0 {
		t.Error("something of the old place is left")
	}
	r.press("c", "end", "enter")
	if !slices.Equal(w.opened, []string{"cloud:prod", "cloud:lab/ffffeeee0000"}) || w.closed[1] != "cloud:prod" {
		t.Errorf("opened %v, closed %v", w.opened, w.closed)
	}
	r.press("c", "down", "down", "down", "down", "enter")
	if w.opened[2] != "cloud:lab@RegionTwo" {
		t.Errorf("opened %v", w.opened)
	}
}

// TestPlacesFail: where the other place cannot be opened nothing changes.
func TestPlacesFail(t *testing.T) {
	w := &world{
		fails: core.Fail(core.CodeUnavailable, "open cloud:prod", "Keystone does not answer", "look whether it runs", errors.New("dial tcp")),
	}
	r := newRigWith(t, newCloud(t, 0), 120, 30, w.options(t)).press("c", "down", "enter")
	r.said(ui.LevelBad, "Keystone does not answer").want("› Places", "lab · demo · RegionOne")
	if len(w.closed) > 0 || r.press("esc").wantNot("Places") == nil {
		t.Errorf("closed %v", w.closed)
	}
	r.want("90 backups").press("e").want("because", "dial tcp")

	// The scope may fail; the places are there all the same.
	c := newCloud(t, 0)
	r = newRigWith(t, c, 120, 30, new(world).options(t))
	c.FailCall(1, down(nil))
	r.press("c").said(ui.LevelBad, "does not answer").want("prod", "evening copy")

	r = newRig(t, sharedDemo(t), 120, 30).press("c").want("● place   demo").wantNot("region")
	r.press("enter").said(ui.LevelWarn, "you are there")
	newRig(t, newCloud(t, 0), 120, 30).press("c", "end", "enter").said(ui.LevelWarn, "not given a way")
}

// TestPlacesWait: the screens live on while another place is opened, which can be
// cancelled; while something else runs they stay.
func TestPlacesWait(t *testing.T) {
	w := &world{}
	r := newRigWith(t, newCloud(t, 0), 120, 30, w.options(t)).press("c", "down")
	r.asleep = true
	r.press("enter").takeLast().want("◌ opening cloud:prod")
	r.press("down").want(">   place   evening copy")
	if r.wake(); r.Running().ID != 0 || r.Depth() != 1 {
		t.Error("it does not arrive")
	}

	// While something runs it asks what is to become of that.
	leaving := func(choice string) (*rig, int) {
		r := newRigWith(t, newCloud(t, 0), 120, 30, w.options(t)).find("db-prod").press("a")
		r.asleep = true
		r.press("x").begun().press("c").takeLast()
		r.takeLast()
		n := len(w.opened)
		r.press("down", "enter").takeLast()
		r.takeLast().want("exporting 10 backups is still running", "Stay here", "Leave it running, and go", "Cancel it, and go")
		r.press(choice)
		return r, n
	}
	r, n := leaving("#1")
	if r.wake(); len(w.opened) != n {
		t.Error("the place is left though one stays")
	}
	r, n = leaving("#2")
	if r.wake(); len(w.opened) != n+1 || r.Running().ID != 0 {
		t.Errorf("%d places were opened, and %q runs", len(w.opened)-n, r.Running().What)
	}
	if all := r.Tasks(); all[0].State != ui.TaskDone {
		t.Errorf("what was left running is %s", all[0].State)
	}
	r, n = leaving("#3")
	if r.wake(); len(w.opened) != n+1 {
		t.Error("it does not go")
	}
	if all := r.Tasks(); all[0].State != ui.TaskCancelled {
		t.Errorf("what was cancelled is %s", all[0].State)
	}
}

// TestStayEnds: what was asked of a place that has been left comes to nothing, and
// the place is closed after it.
func TestStayEnds(t *testing.T) {
	w := &world{}
	r := newRigWith(t, newCloud(t, 0), 120, 30, w.options(t)).press("c", "down")
	late := r.Host().Tell(func(context.Context) tea.Msg { return ui.Note{Level: ui.LevelBad, Text: "too late"} })
	r.press("enter")
	if msg := late(); msg != nil {
		t.Errorf("it says %v", msg)
	}
}

// TestAllProjects switches, and says so in the title.
func TestAllProjects(t *testing.T) {
	c := newCloud(t, 0)
	r := newRig(t, c, 120, 30)
	n := len(c.asked)
	if n == 0 || c.asked[n-1].Reach != core.ReachDefault {
		t.Error("the first list is not as the place was opened")
	}
	r.press("0").said(ui.LevelInfo, "All projects are listed now").want("lab · demo · all projects", "PROJECT")
	if len(c.asked) == n || c.asked[len(c.asked)-1].Reach != core.ReachAll {
		t.Error("the list is not read again, of all projects")
	}
	r.press("0").said(ui.LevelInfo, "Only the own project").wantNot("· all projects")
	if n = len(c.asked); c.asked[n-1].Reach != core.ReachOwn {
		t.Error("the own project's list is not read again")
	}
	c.Deny(core.OpAllProjects, "it takes the role admin, and you have member")
	r.press("0").said(ui.LevelWarn, "it takes the role admin").wantNot("· all projects")
	if len(c.asked) != n {
		t.Error("it is switched all the same")
	}
	wide := newCloud(t, 0)
	wide.reach = core.ReachAll // as with --all-projects
	newRig(t, wide, 120, 30).want("lab · demo · all projects", "PROJECT").press("0").wantNot("· all projects")
	if _, ok := ui.Press(newRig(t, sharedDemo(t), 80, 24).Keys(), "0"); ok {
		t.Error("a file has projects to choose from")
	}
}

// TestDenied: what the login may not do is not offered, with the reason.
func TestDenied(t *testing.T) {
	c := newCloud(t, 0)
	const why = "it takes the role admin, and you have reader"
	for _, op := range []core.Operation{core.OpExport, core.OpImport, core.OpWriteVolume} {
		c.Deny(op, why)
	}
	r := newRig(t, c, 120, 30)
	for _, key := range []string{"x", "X", "U"} {
		r.press("z").press(key).said(ui.LevelWarn, why)
	}
	r.want("x (export)")
	r.send(ui.Open{Screen: "backup", ID: fullID(t, "backup", dbBackup), Tab: "restore"})
	r.press("P").said(ui.LevelWarn, why)
	r.press("tab", "enter").said(ui.LevelWarn, why)
	r.send(tea.PasteMsg{Content: several(t)})
	r.press("i").said(ui.LevelWarn, why)
	if calls := strings.Join(c.Calls(), " "); strings.Contains(calls, "Export") || strings.Contains(calls, "Import ") {
		t.Errorf("called %s", calls)
	}
}
