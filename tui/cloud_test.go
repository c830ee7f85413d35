package tui

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/memory"
	"hearth/tui/ui"
)

// cloud is the demo's world behind an API: its rows come in pages, a login sees a
// part of it and may not do everything, and its changes are requests.
type cloud struct {
	*memory.Cloud
	page     int // rows that come in by each question; 0: all are here
	here     int // rows that are here
	asOf     core.Opt[time.Time]
	renewing bool
	asked    []core.Query
	reach    core.Reach // of a question that names none
	short    error      // its lists end early
	one      bool       // it shows one project's rows, whoever asks
}

// newCloud is a cloud whose rows come in pages, 0 for all at once.
func newCloud(t testing.TB, page int) *cloud { return newCloudOf(t, page, func(*memory.World) {}) }

// labSnapshots are the snapshots of the cloud: of two volumes, one of them being made.
func labSnapshots(volumes []core.Volume) (out []core.Snapshot) {
	for i, name := range []string{"before the upgrade", "", "nightly"} {
		v := &volumes[i]
		x := core.Snapshot{ID: core.SnapshotID(fmt.Sprintf("5a000000-0000-4000-8000-%012d", i+1)), VolumeID: v.ID,
			Status: core.StatusAvailable, Size: v.Size,
			CreatedAt: core.Some(until.Add(-time.Duration(i*26+3) * time.Hour))}
		if x.Name = core.Some(name); name == "" {
			x.Name, x.Status = core.Opt[string]{}, core.StatusCreating
		}
		out = append(out, x)
	}
	return out
}

// newCloudOf is a cloud of another world.
func newCloudOf(t testing.TB, page int, change func(*memory.World)) *cloud {
	t.Helper()
	w, err := demoWorld()
	if err != nil {
		t.Fatal(err)
	}
	w.Info = core.PlaceInfo{
		Location: "cloud:lab",
		Title:    "lab",
		Kind:     core.PlaceCloud,
		Rules:    core.Newton,
		RulesWhy: "what every Cinder since Newton does",
		Badge:    "LAB",
		Color:    "#205080",
		Demo:     true,
	}
	w.Volumes = slices.Clone(w.Volumes)
	for i := range w.Volumes { // what an API refuses
		if v := &w.Volumes[i]; v.Name.Or("") == "db-prod-01" {
			v.Metadata = v.Metadata.Clone()
			v.Metadata.Set("größe", pyjson.OfString("500 GiB"))
		}
	}
	w.Snapshots = labSnapshots(w.Volumes)
	change(&w)
	c := memory.NewCloud(w)
	c.Scoped(labScope)
	return &cloud{Cloud: c, page: page}
}

// labScope is where the login stands.
var labScope = core.Scope{Region: "RegionOne",
	Project: core.Project{ID: "171e179117b711cc8a0dd2a3925c102c", Name: "demo", Domain: "Default"}, User: "ops",
	Roles:   []string{"member", "reader"},
	Version: "3.70", Regions: []string{"RegionOne", "RegionTwo"}, Projects: []core.Project{
		{ID: "171e179117b711cc8a0dd2a3925c102c", Name: "demo", Domain: "Default"},
		{ID: "0c9d8e7f6a5b4c3d2e1f0a9b8c7d6e5f", Name: "staging", Domain: "Default"}, {ID: "ffffeeee0000"}}}

// Info tells the project, as a cloud's title does once it is known.
func (c *cloud) Info() core.PlaceInfo {
	info := c.Cloud.Info()
	info.Title += " · " + labScope.Project.Name
	return info
}

func (c *cloud) Reach() core.Reach { return cmp.Or(c.reach, core.ReachOwn) }

func (c *cloud) Backups(ctx context.Context, q core.Query) (core.Page[core.Backup], error) {
	c.asked = append(c.asked, q)
	all, err := c.Cloud.Backups(ctx, core.Query{})
	if err != nil {
		return core.Page[core.Backup]{}, err
	}
	rows := all.Rows
	if c.one {
		rows = slices.DeleteFunc(slices.Clone(rows), func(b core.Backup) bool { return b.ProjectID != rows[0].ProjectID })
	}
	if q.Anew {
		c.here = 0
	}
	if c.page > 0 && q.Partial {
		c.here = min(c.here+c.page, len(rows))
		rows = rows[:c.here]
	}
	page := core.SelectBackups(rows, q)
	for i := range page.Rows {
		c.blur(&page.Rows[i])
	}
	page.Complete, page.AsOf, page.Renewing = c.page == 0 || len(rows) == len(all.Rows), c.asOf, c.renewing
	if page.Complete {
		page.Short = c.short
	}
	if !q.Partial && c.short != nil {
		return page, c.short
	}
	return page, nil
}

func (c *cloud) Backup(ctx context.Context, id core.BackupID) (core.Backup, error) {
	b, err := c.Cloud.Backup(ctx, id)
	c.blur(&b)
	return b, err
}

// blur takes away what an API does not give.
func (c *cloud) blur(b *core.Backup) {
	b.Unseen = core.NewFieldSet("parent_id", "num_dependent_backups", "service", "service_metadata", "restore_volume_id",
		"host", "temp_volume_id", "temp_snapshot_id")
	b.Service, b.ServiceMetadata, b.Host, b.RestoreVolumeID, b.Dependents = core.Opt[string]{}, core.Opt[string]{}, core.Opt[string]{}, "", 0
	b.ParentGuessed = b.Incremental
}

func down(cause error) error {
	return core.Fail(core.CodeUnavailable, "list the backups", "lab does not answer",
		"look whether it runs; hearth asks again by itself", cause)
}

// TestStream: the first page is shown before the place is asked on, the rest comes
// in by itself, and only what is on screen is asked for.
func TestStream(t *testing.T) {
	c := newCloud(t, 40)
	r := newRig(t, c, 100, 24).want("◌ reading… 40 backups so far", "> bastion-root-full")
	if n := len(c.asked); n != 1 {
		t.Fatalf("it was asked %d times", n)
	}
	if q := c.asked[0]; !q.Partial || q.Anew {
		t.Errorf("asked %+v", q)
	}
	r.press("down", "down")
	key := backupsOf(r).table.Key()
	r.fire()
	r.want("◌ reading… 80 backups so far")
	late := r.later
	r.fire()
	r.want("90 backups").wantNot("reading", "so far")
	if got := backupsOf(r).table.Key(); got != key {
		t.Error("the cursor does not stay on its row")
	}
	r.later = nil
	n := len(c.asked)
	r.send(late[len(late)-1].fire(until))
	if len(late) == 0 || r.later != nil || len(c.asked) > n {
		t.Error("it asks on though all is here")
	}

	r.press("ctrl+r").want("◌ reading… 40 backups so far")
	if q := c.asked[len(c.asked)-1]; !q.Anew || !q.Partial {
		t.Errorf("Ctrl-R asked %+v", q)
	}
	r.fire()
	if q := c.asked[len(c.asked)-1]; q.Anew {
		t.Error("it has everything read anew again and again")
	}
}

// TestStreamFiltered counts what fulfils the filter of what is here.
func TestStreamFiltered(t *testing.T) {
	r := newRig(t, newCloud(t, 5), 100, 24).find("db-prod").want("so far", "reading")
	for range 20 {
		r.fire()
	}
	r.want("10 backups of 90").wantNot("so far")
	newRig(t, newCloud(t, 1), 100, 24).find("nonesuch").want("◌ reading…").wantNot("no backup fulfils")
}

// TestStreamStops when the list is left, and goes on when it is shown again.
func TestStreamStops(t *testing.T) {
	c := newCloud(t, 40)
	r := newRig(t, c, 100, 24).press("enter")
	n := len(c.asked)
	r.fire()
	if len(c.asked) != n {
		t.Error("a list that is not shown asks")
	}
	if r.press("esc"); len(c.asked) != n+1 {
		t.Error("a list that is shown again does not ask")
	}
	r.press("v")
	n = len(c.asked)
	if r.fire(); len(c.asked) != n {
		t.Error("a root that is not shown asks")
	}
}

// TestWants: a column that comes on screen is asked for.
func TestWants(t *testing.T) {
	c := newCloud(t, 0)
	r := newRig(t, c, 60, 24)
	if q := c.asked[len(c.asked)-1]; q.Needs("volume") || !q.Needs("status") {
		t.Errorf("it wants %v", q.Wants)
	}
	n := len(c.asked)
	r.press("down", "up")
	if len(c.asked) != n {
		t.Error("a movement asks")
	}
	resized(r, 110, 24)
	if q := c.asked[len(c.asked)-1]; !q.Needs("volume") {
		t.Errorf("wider it wants %v", q.Wants)
	}
}

// TestOffline: rows stay when the place is gone, the head says so until it answers
// again, and the status line says it once.
func TestOffline(t *testing.T) {
	c := newCloud(t, 0)
	c.asOf = core.Some(until.Add(-time.Minute))
	r := newRig(t, c, 100, 24).want("as of 2026-11-22 08:59:00, 1m ago").wantNot("offline")
	r.notes = nil
	for range 6 {
		c.FailCall(1, down(nil))
		r.send(ui.TickMsg{})
	}
	r.want("90 backups", "as of 2026-11-22 08:59:00, 1m ago", "offline: lab does not answer", "> bastion-root-full")
	if len(r.notes) != 1 {
		t.Errorf("the status line said %v", r.notes)
	}
	r.press("down").want("> web-root") // it can be browsed
	c.FailCall(1, down(nil))
	if r.press("ctrl+r"); len(r.notes) != 2 {
		t.Error("Ctrl-R does not say that it failed")
	}
	if r.send(ui.TickMsg{}); strings.Contains(r.screenText(), "offline") {
		t.Error("it is offline though the place answers")
	}
	r.said(ui.LevelGood, "answers again") // the trouble is over, and is not told any longer
	c.asOf = core.Some(until.Add(-5 * time.Hour))
	r.send(ui.TickMsg{})
	r.want("as of 2026-11-22 04:00:00, 5h ago")

	// Without any rows it asks by itself as well.
	c = newCloud(t, 0)
	c.FailCall(1, down(nil)) // the scope
	c.FailCall(2, down(nil))
	r = newRig(t, c, 100, 24).want("lab does not answer", "Ctrl-R")
	r.send(ui.TickMsg{})
	r.want("90 backups").wantNot("offline")

	// An answer that breaks off shows what is here, and asks no more by itself.
	c = newCloud(t, 40)
	r = newRig(t, c, 100, 24)
	c.FailCall(1, down(nil))
	r.fire()
	r.want("40 backups", "offline:").wantNot("reading")
	r.send(ui.TickMsg{})
	r.want("80 backups so far").said(ui.LevelGood, "answers again")
}

// TestAges: a status that is older than it would be read anew has its age beside it,
// whatever the reason: kept from the last run, the place gone, an answer that does not
// come, a screen that is left open.
func TestAges(t *testing.T) {
	c := newCloud(t, 0)
	c.asOf = core.Some(until.Add(-20 * time.Second))
	var r *rig
	tick := func() *rig {
		t.Helper()
		r.send(ui.TickMsg{})
		return r
	}
	r = newRig(t, c, 100, 24).want("90 backups").wantNot("as of")
	c.asOf = core.Some(until.Add(-21 * time.Second))
	tick().want("as of 2026-11-22 08:59:39, 21s ago").wantNot("offline")

	// A place that answers itself says nothing of the time: then it is when it answered.
	c = newCloud(t, 0)
	r = newRig(t, c, 100, 24)
	c.FailCall(1, down(nil))
	tick().want("as of 2026-11-22 09:00:00, 0s ago", "offline")
	r.clock = func() time.Time { return until.Add(30 * time.Second) }
	tick().want("90 backups").wantNot("as of") // it answers again
	*inside[bool](r.Top(), "asking") = true    // and then no more
	r.clock = func() time.Time { return until.Add(55 * time.Second) }
	tick().want("as of 2026-11-22 09:00:30, 25s ago")

	// What is opened is read anew when somebody asks for it.
	for _, open := range []ui.Open{
		{Screen: "backup", ID: fullID(t, "backup", dbBackup)},
		{Screen: "backup", ID: fullID(t, "backup", dbBackup), Tab: "chain"},
		{Screen: "volume", ID: fullID(t, "volume", "bastion-root")},
	} {
		r = newRig(t, newCloud(t, 0), 100, 24)
		r.send(open)
		r.wantNot("as of")
		r.clock = func() time.Time { return until.Add(25 * time.Second) }
		tick().want("as of 2026-11-22 09:00:00, 25s ago")
		r.press("ctrl+r").wantNot("as of")
	}
}

// TestRenewing: while a place reads anew what it has shown, the list asks again soon, and
// not when the clock ticks next.
func TestRenewing(t *testing.T) {
	c := newCloud(t, 0)
	r := newRig(t, c, 100, 24)
	r.later, c.renewing = nil, true
	r.send(ui.TickMsg{})
	n := len(c.asked)
	c.renewing = false
	for _, x := range r.later {
		if m := x.fire(until); m != (ui.TickMsg{}) {
			r.send(m)
		}
	}
	if len(c.asked) != n+1 || c.asked[n].Anew {
		t.Errorf("asked %d times more", len(c.asked)-n)
	}
}

// TestPaneRests: in a cloud the pane waits until the cursor rests.
func TestPaneRests(t *testing.T) {
	c := newCloud(t, 0)
	r := newRig(t, c, 140, 40)
	r.fire()
	n := len(c.Calls())
	r.press("down", "down", "down")
	if got := len(c.Calls()); got != n {
		t.Errorf("%d calls while it moves", got-n)
	}
	r.fire()
	if got := c.Calls()[n:]; len(got) == 0 || strings.Count(strings.Join(got, " "), "Backup ") > 1 {
		t.Errorf("when it rests: %v", got)
	}
}

// TestUnseen: what the API does not give is unknown, which is not the same as
// nothing; a parent that is guessed is told to be.
func TestUnseen(t *testing.T) {
	c := newCloud(t, 0)
	r := newRig(t, c, 100, 45)
	id := fullID(t, "backup", dbBackup)
	r.send(ui.Open{Screen: "backup", ID: id})
	r.want("service        ? unknown here", "restored to    ? unknown here", "dependents     ? unknown here",
		"? a guess: the newest backup before it", "encryption key -")
	r.send(ui.Open{Screen: "backup", ID: id, Tab: "chain"})
	r.want("? this place does not name the parent", "└ ? postgres-primary-incr", "[Chain]")
	r.wantNot("? postgres-primary-full")
}

// inCloud opens a screen over a cloud.
func inCloud(screen, id, tab string, keys ...string) func(testing.TB, int, int) *rig {
	return func(t testing.TB, w, h int) *rig {
		r := newRigWith(t, newCloud(t, 0), w, h, new(world).options(t))
		r.send(ui.Open{Screen: screen, ID: fullID(t, screen, id), Tab: tab})
		return r.press(keys...)
	}
}

// streaming is a list of which a part is here.
func streaming(keys ...string) func(testing.TB, int, int) *rig {
	return func(t testing.TB, w, h int) *rig { return newRig(t, newCloud(t, 40), w, h).press(keys...) }
}

// scant is a list that ended early, or of one project though all were asked for.
func scant(one bool, keys ...string) func(testing.TB, int, int) *rig {
	return func(t testing.TB, w, h int) *rig {
		c := newCloud(t, 0)
		if c.one = one; one {
			c.reach = core.ReachAll
			c.Deny(core.OpAllProjects, "it takes the role admin, and you have member")
		} else {
			c.short = core.Fail(core.CodeIncomplete, "read the list whole", "the cloud counts 93 rows and lists 90", "read it again", nil)
		}
		return newRig(t, c, w, h).press(keys...)
	}
}

// scantArchive is what the archive has of a cloud whose list ended early.
func scantArchive(t testing.TB, w, h int) *rig {
	p := newPlacesOf(t)
	p.lab.short = core.Fail(core.CodeIncomplete, "read the list whole", "the cloud counts 93 rows and lists 90", "read it again", nil)
	return p.rig(t, p.lab, w, h).press("K")
}

// TestScant: a list that is not whole says so for as long as it is shown, and what is
// counted and marked in it does too; so does one of one project where all were asked for.
func TestScant(t *testing.T) {
	const says = "! not the whole list: the cloud counts 93 rows and lists 90"
	r := scant(false)(t, 160, 30).want("90 backups  " + says)
	r.send(ui.TickMsg{})
	r.want(says).wantNot("offline", "not up to date")
	r.press("a").want("90 marked")
	r.find("db-prod").want(says)

	r = scantArchive(t, 120, 30).want(says, "without a record")
	r.press("tab").want(says)

	const one = "! of one project: this login does not see all"
	scant(true)(t, 160, 30).want(one)
	c := newCloud(t, 0)
	c.reach = core.ReachAll
	newRig(t, c, 160, 30).wantNot(one) // who may, and sees several
	c.Deny(core.OpAllProjects, "by default only the role admin may")
	newRig(t, c, 160, 30).wantNot(one) // whose cloud has rules of its own
}

// offline is a list whose place does not answer any more.
func offline(keys ...string) func(testing.TB, int, int) *rig {
	return func(t testing.TB, w, h int) *rig {
		c := newCloud(t, 0)
		c.asOf = core.Some(until.Add(-5 * time.Hour))
		r := newRig(t, c, w, h)
		c.FailCall(1, down(nil))
		return r.press("ctrl+r").press(keys...)
	}
}
