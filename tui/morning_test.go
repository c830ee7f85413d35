package tui

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/store/archive"
	"hearth/store/jobs"
	"hearth/store/memory"
	"hearth/themes"
	"hearth/tui/settings"
	"hearth/tui/ui"
)

// nightly are the backups of a volume of 70 nights: a full one each Sunday, incrementals on
// it, a failure, and four nights without any.
func nightly(volume core.VolumeID, name string) (out []core.Backup) {
	base := core.BackupID("")
	for before := 69; before >= 0; before-- {
		at := until.Truncate(24*time.Hour).AddDate(0, 0, -before).Add(90 * time.Minute)
		b := core.Backup{ID: core.BackupID(fmt.Sprintf("aaaa%04d-0000-4000-8000-000000000000", before)), VolumeID: volume, Status: "available",
			VolumeName: core.Some(name), Name: core.Some("nightly-" + core.DayOf(at)), Size: 40 + int64(69-before)/10*5, CreatedAt: core.Some(at),
			UpdatedAt: core.Some(at.Add(time.Duration(4+before%5) * time.Minute)), ProjectID: "171e179117b711cc8a0dd2a3925c102c"}
		switch {
		case before >= 20 && before < 24:
			continue
		case before == 33:
			b.Status, b.FailReason = "error", core.Some("no backup service was up")
			b.Incremental, b.ParentID = true, base
			out = append(out, b)
			continue
		case at.Weekday() == time.Sunday || base == "":
			b.UpdatedAt = core.Some(at.Add(40 * time.Minute))
		default:
			b.Incremental, b.ParentID = true, base
		}
		out, base = append(out, b), b.ID
	}
	return out
}

// ordersDB is the volume with a history.
const ordersDB = "aaaaaaaa-0000-4000-8000-000000000000"

// nightlyCloud is a cloud with it.
func nightlyCloud(t testing.TB) *memory.Cloud {
	t.Helper()
	world, err := demoWorld()
	if err != nil {
		t.Fatal(err)
	}
	world.Info = core.PlaceInfo{Location: "cloud:lab", Title: "lab", Kind: core.PlaceCloud, Rules: core.Newton}
	world.Volumes = append(slices.Clone(world.Volumes), core.Volume{ID: ordersDB, Name: core.Some("orders-db"), Status: "in-use", Size: 75,
		ProjectID: "171e179117b711cc8a0dd2a3925c102c", CreatedAt: core.Some(until.AddDate(0, 0, -80))})
	world.Backups = append(slices.Clone(world.Backups), nightly(ordersDB, "orders-db")...)
	c := memory.NewCloud(world)
	c.Scoped(labScope)
	return c
}

// policiesOf are policies as a config has them.
func policiesOf(t testing.TB, c jobs.PoliciesConfig) func() ([]jobs.Policy, error) {
	t.Helper()
	if key, what := c.Check(); what != "" {
		t.Fatalf("%s: %s", key, what)
	}
	return func() ([]jobs.Policy, error) { return c.Policies(), nil }
}

// goldAndAll are a policy for the volume with a history, and one that many volumes break.
var goldAndAll = jobs.PoliciesConfig{
	"gold": {Filter: "name:orders-db", Every: "24h", FullEvery: 7, ProvenEvery: "30d",
		Keep: jobs.KeepConfig{Last: 3, Daily: 7, Weekly: 4, AtLeast: 2, Others: true}},
	"all": {Every: "7d", Grace: "1d"},
}

// policed is a screen of a place whose config has policies.
func policed(keys ...string) func(testing.TB, int, int) *rig {
	return func(t testing.TB, w, h int) *rig {
		return newRigWith(t, nightlyCloud(t), w, h, Options{Policies: policiesOf(t, goldAndAll)}).press(keys...)
	}
}

// theMorning is a cloud with a history, and books in which days and drills are kept.
func theMorning(t testing.TB, w, h int, keys ...string) *rig {
	t.Helper()
	c := nightlyCloud(t)
	c.Serves(core.BackupService{Host: "backup-1", Zone: "nova", Up: true, Enabled: true}, core.BackupService{Host: "backup-2", Zone: "nova"})
	c.Allows(map[string]core.Allowance{"backups": {Limit: 200, Used: 156}, "backup_gigabytes": {Limit: 40000, Used: 27400}})
	books := booksOf(t)
	r := newRigWith(t, c, w, h, Options{Policies: policiesOf(t, goldAndAll)}, func(d *jobs.Desk) { d.Archive, d.Sleep = books, c.Sleep })
	ctx, name := context.Background(), "cloud:lab"
	for before := 16; before > 0; before-- {
		if before == 5 || before == 6 {
			continue
		}
		at := until.AddDate(0, 0, -before)
		d := core.Day{Day: core.DayOf(at), At: at, Backups: 150 - int64(before), GiB: 26000 - int64(before)*310}
		if err := books.KeepDay(ctx, name, d, before == 1); err != nil {
			t.Fatal(err)
		}
	}
	for i, verdict := range []core.DrillVerdict{core.DrillProven, core.DrillRestored, core.DrillFailed} {
		_, err := books.BeginDrill(ctx, core.Drill{Place: name, Backup: core.BackupID(fmt.Sprintf("aaaa%04d-0000-4000-8000-000000000000", 3+i)),
			Source: ordersDB, Name: "hearth-drill-x", At: until.AddDate(0, 0, -2), Verdict: verdict, Gone: true})
		if err != nil {
			t.Fatal(err)
		}
	}
	return r.press(keys...)
}

// booksOf opens an archive of the test's own.
func booksOf(t testing.TB) *archive.Archive {
	t.Helper()
	books, err := archive.Open(context.Background(), filepath.Join(t.TempDir(), "archive.sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { books.Close() })
	return books
}

// timeIn opens the timeline of the volume with a history.
func timeIn(r *rig) *rig {
	r.send(ui.Open{Screen: "timeline", ID: ordersDB})
	return r
}

// TestMorningFrames draws the dashboard and a timeline in sixteen colours and in ASCII, in
// three sizes; what they say does not hang on colours or characters.
func TestMorningFrames(t *testing.T) {
	sixteen, err := themes.Load("sixteen")
	if err != nil {
		t.Fatal(err)
	}
	wide := regexp.MustCompile("\x1b\\[[0-9;]*[34]8;[25];")
	for _, size := range [][2]int{{80, 24}, {120, 30}, {200, 60}} {
		w, h := size[0], size[1]
		for name, draw := range map[string]func() *rig{
			"dashboard": func() *rig { return theMorning(t, w, h, "!") },
			"timeline":  func() *rig { return timeIn(theMorning(t, w, h)).press("O", "left") },
			"timelines": func() *rig { return theMorning(t, w, h, "!", "l") },
		} {
			r := draw()
			r.Paint(sixteen, false)
			frame := r.View().Content
			if what := checkFrame(frame, w, h); what != "" || wide.MatchString(frame) {
				t.Errorf("%s %dx%d: %s", name, w, h, what)
			}
			golden(t, fmt.Sprintf("morning/%s.%dx%d.sixteen.ansi", name, w, h), frame+"\n")
			text := r.screenText()
			core.OnlyASCII(true)
			r.SetPlain(true)
			plain := r.screenText()
			core.OnlyASCII(false)
			if at := strings.IndexFunc(plain, func(c rune) bool { return c > 126 }); at >= 0 || len([]rune(plain)) < len([]rune(text))/2 {
				t.Errorf("%s %dx%d: no ASCII: %q", name, w, h, plain[max(at, 0):])
			}
			golden(t, fmt.Sprintf("morning/%s.%dx%d.ascii.txt", name, w, h), plain+"\n")
		}
	}
}

// TestDashboardOpensWhatItCounts: Enter on a number opens a list of as many rows.
func TestDashboardOpensWhatItCounts(t *testing.T) {
	r := theMorning(t, 160, 45, "!")
	counts := regexp.MustCompile(`(?m)^([\d,]+) (backups?|volumes?)( of [\d,]+)?`)
	opened := 0
	for range 20 {
		row := regexp.MustCompile(`(?m)^> . (\S+(?: \S+)?) +(\S+) `).FindStringSubmatch(r.screenText())
		if row == nil {
			t.Fatalf("no line under the cursor:\n%s", r.screenText())
		}
		enter := slices.IndexFunc(r.Keys(), func(a ui.Action) bool { return a.Name == "open" })
		if r.Keys()[enter].Blocked() == "" && row[1] != "NO RECORD" && row[1] != "NOT PROVEN" {
			r.press("enter")
			list := counts.FindStringSubmatch(r.screenText())
			if list == nil {
				t.Fatalf("%s opens no list:\n%s", row[1], r.screenText())
			}
			want := row[2]
			switch row[1] {
			case "OLDEST": // it says for how long
				want = "1"
			case "STUCK": // none is, and what is on the way is listed
				want = "3"
			}
			if n, err := strconv.Atoi(strings.ReplaceAll(list[1], ",", "")); err != nil || fmt.Sprint(n) != want {
				t.Errorf("%s says %s, and its list has %s", row[1], want, list[0])
			}
			opened++
			if r.press("esc"); !strings.Contains(r.screenText(), "Dashboard") { // all backups are no list of something
				r.press("!")
			}
		}
		r.want("Dashboard").press("down")
	}
	if opened < 5 {
		t.Errorf("only %d lists were opened", opened)
	}
}

// TestDashboardIsNoLook: who opens the dashboard makes nothing old; L does, and says so.
func TestDashboardIsNoLook(t *testing.T) {
	r := theMorning(t, 160, 45, "!")
	first, err := r.desk.Archive.LastLook(context.Background(), "cloud:lab")
	if err != nil || !first.Equal(until.AddDate(0, 0, -1)) {
		t.Fatalf("the last look was %v, %v", first, err)
	}
	r.press("ctrl+r").want("2026-11-21 09:00:00: the last look").press("L").said(ui.LevelGood, "what fails from here on is new")
	if at, err := r.desk.Archive.LastLook(context.Background(), "cloud:lab"); err != nil || !at.Equal(until) {
		t.Errorf("the last look was %v, %v", at, err)
	}
	r.want("2026-11-21 09:00:00: the last look").press("ctrl+r").want("2026-11-22 09:00:00: the last look", "5 before that")
}

// TestDashboardIsRead by a task, which can be cancelled; what changed since is told.
func TestDashboardIsRead(t *testing.T) {
	r := readingOf("!")(t, 100, 30)
	r.want("reading the backups", "Ctrl-C cancels it").wantNot("FAILED")
	r.wake()
	r.want("FAILED").send(ui.Changed{})
	r.want("something was changed since it was read").press("ctrl+r").wantNot("something was changed")
}

// TestReadingOfBefore: a change while a reading goes on may be missed by it, and is told; one
// that cannot be read anew leaves what was read, and why stands in the status line.
func TestReadingOfBefore(t *testing.T) {
	for _, keys := range [][]string{{"!"}, {"@"}, {"@", "C"}, {"!", "l"}} {
		r := policed(keys...)(t, 120, 40)
		r.asleep = true
		r.press("ctrl+r")
		r.send(ui.Changed{})
		r.wake()
		r.want("something was changed since it was").press("ctrl+r").wantNot("something was changed")
	}
	p := remembered(t)
	r := newRig(t, p, 120, 40).press("!").want("UNPROTECTED")
	for i := range 20 {
		p.FailCall(i+1, core.Fail(core.CodeUnavailable, "read the place", "it does not answer", "look whether it runs", nil))
	}
	r.press("ctrl+r").said(ui.LevelBad, "it does not answer").want("UNPROTECTED").wantNot("something was changed")
}

// TestFirst: the config says which screen of a place comes first.
func TestFirst(t *testing.T) {
	for first, want := range map[string]string{"": "90 backups", "backups": "90 backups", "volumes": "26 volumes",
		"dashboard": "UNPROTECTED"} {
		newRigWith(t, sharedDemo(t), 100, 30, Options{Config: Config{First: first}}).want(want).press("esc").want(want)
	}
	if key, what := (Config{First: "journal"}).Check(settings.Nearest); key != "first" || what == "" {
		t.Errorf("%q %q", key, what)
	}
}

// TestTimelineMoves: left and right go from backup to backup, f and o to fulls and gaps, and
// Enter previews a restore of the backup under the cursor.
func TestTimelineMoves(t *testing.T) {
	r := timeIn(theMorning(t, 120, 40))
	r.want("usually one each 24 h", "2 gaps", "> 2026-11-22 01:30:00 full")
	r.press("left").want("> 2026-11-21 01:30:00 incr", "stands on the full one of 2026-11-15")
	r.press("left").want("> 2026-11-20").press("right", "right").want("> 2026-11-22")
	r.press("right").said(ui.LevelWarn, "there is no backup after this")
	r.press("F").want("> 2026-11-15 01:30:00 full").press("f").want("> 2026-11-22")
	r.press("O").want("> 2026-11-03 01:30:00 incr", "! 5 d gap")
	r.press("o").said(ui.LevelWarn, "no gap after this")
	r.press("O").want("> 2026-10-21 01:30:00 incr", "! 2 d gap").press("O").said(ui.LevelWarn, "there is no gap before this").press("o")
	r.press("enter").want("nightly-2026-11-03", "[Restore]").press("esc").want("> 2026-11-03")
	r.press("end", "left", "left", "left").want("> 2026-11-19", "✓ 2d ago", "drill: proven")

	r = theMorning(t, 120, 40, "!", "l").want("orders-db", "i····i").find("orders").press("enter").want("Timeline of orders-db")
	r.press("V", "l").want("Timeline of orders-db", "usually one each 24 h")
}

// TestPolicies: the screen shows who breaks which policy and since when, the worst first, and
// leads to the volume, its timeline and the calendar of a prune.
func TestPolicies(t *testing.T) {
	r := theMorning(t, 160, 45, "@")
	r.want("missed", "its newest backup is 105d 5h old", "one each 7 d").wantNot("orders-db").press("f").want("orders-db", "✓")
	r.find("orders").press("down").want("keeps", "last 3, daily 7, weekly 4, never fewer than 2")
	r.press("l").want("Timeline of orders-db").press("esc").press("enter").want("Overview").press("esc", "C").want("Prune by the policies")
	r = theMorning(t, 160, 45, "@", "f").find("orders").press("down")
	r.want("PROVEN", "one proven in a drill each 30 d", "2d ago, byte for byte")
	r = policed("@")(t, 160, 45)
	r.want("! whether backups were proven is not known: there is no archive", "orders-db", "? not known")
	newRig(t, sharedDemo(t), 100, 30).press("@").want("the config has none", "[policy.gold]")
}

// TestPruneCalendar: the calendar agrees with the plan, says why of each, and deletes after
// its number was typed; then what is left is planned anew.
func TestPruneCalendar(t *testing.T) {
	r := theMorning(t, 160, 45, "@", "C")
	p, err := r.desk.PlanPrune(t.Context(), goldAndAll.Policies(), false, nil)
	if err != nil {
		t.Fatal(err)
	}
	goes, of := p.Goes()
	if goes < 10 || goes == of {
		t.Fatalf("%d of %d go", goes, of)
	}
	r.want(fmt.Sprintf("%d of %d backups go", goes, of), "how much that frees is not known",
		"policy all has no keep rules: nothing goes by it")
	r.want("stays  last 1, daily 2026-11-22", "> 2026-11-22").press("left").want("> 2026-11-21").press("right", "right").want("> 2026-11-22")
	var row string
	for _, l := range strings.Split(r.screenText(), "\n") {
		if strings.HasPrefix(l, "> orders-db") {
			row = l
		}
	}
	if got := strings.Count(strings.TrimPrefix(row, "> orders-db"), "x"); got != goes {
		t.Errorf("%d go in the calendar, %d in the plan: %q", got, goes, row)
	}
	r.press("D").want("Prune", fmt.Sprintf("Type %d", goes)).press("end").want("hearth policy prune --cloud=lab")
	r.press("esc").said(ui.LevelInfo, "Nothing was done")
	before := len(placeRows(t, r))
	r.press("D", "y")
	if after := len(placeRows(t, r)); before-after != goes {
		t.Errorf("%d are gone, and %d were to go", before-after, goes)
	}
	r.want("0 of "+fmt.Sprint(of-goes)+" backups go").press("D").said(ui.LevelWarn, "nothing goes")
}

// placeRows are the backups of the rig's place.
func placeRows(t *testing.T, r *rig) []core.Backup {
	t.Helper()
	page, err := r.desk.Backups(t.Context(), core.Query{})
	if err != nil {
		t.Fatal(err)
	}
	return page.Rows
}

// TestProvenColumn: the lists say when a drill last proved what a row is about, filter by it,
// and say why they do not sort by it; without an archive there is no such column.
func TestProvenColumn(t *testing.T) {
	r := theMorning(t, 200, 45, "v")
	r.want("PROVEN").press("/").typeText("proven<30d").press("enter").want("1 volume of", "orders-db", "2d").wantNot("db-prod-01")
	r.press("s").typeText("proven").want("Last proven  (not now: the place sorts its list")
	r.press("enter").said(ui.LevelWarn, "only hearth's archive knows").press("esc", "esc")
	r.want("last proven", "by aaaa0003, byte for byte,").press("enter").want("Overview", "last proven", "byte for byte, in a drill")
	r.press("esc", "esc", "/").typeText("name:db-prod-01").press("enter", "enter").want("last proven", "never, as far as this archive knows")
	r.desk.Archive.Close()
	r.press("ctrl+r").want("last proven", "? unknown, because ")
	theMorning(t, 200, 45, "b", "enter").want("Overview", "last proven", "never, as far as")
	policed("v", "enter")(t, 200, 45).want("Overview").wantNot("last proven")
	policed("v")(t, 200, 45).want("NEWEST").wantNot("PROVEN")
}
