package tui

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/jobs"
	"hearth/store/memory"
	"hearth/tui/ui"
)

// theDrills is a cloud whose books have drills of each verdict, one of them with its fields,
// and one whose volume is still there.
func theDrills(t testing.TB, w, h int, keys ...string) *rig {
	t.Helper()
	r := theMorning(t, w, h)
	books, ctx := r.desk.Archive, context.Background()
	text := func(s string) core.Opt[pyjson.Value] { return core.Some(pyjson.OfString(s)) }
	for i, d := range []core.Drill{
		{Verdict: core.DrillDiffers, Why: "2 of 9 blocks are not what the repository has, the first at byte 52428800", Compared: 9 << 20,
			Fields: []core.FieldOutcome{
				{Section: core.BaseSection, Name: "display_name", Planned: text("orders-db"), Actual: text("orders-db"), Came: core.CameTrue},
				{Section: core.UserSection, Name: "tier", Planned: text("gold"), Actual: text("silver"), Came: core.CameNot},
				{Section: core.UserSection, Name: "password", Planned: text("hunter2"), Actual: text("hunter3"), Came: core.CameNot},
				{Section: core.ImageSection, Name: "os", Planned: text("linux"), Came: core.CameUnknown, Why: "the place does not tell it"},
			}},
		{Verdict: core.DrillRefused, Why: "the quota has room for 10 GiB, and it wants 75"},
		{Verdict: core.DrillRestored, NotDeep: "this machine has the volume at none of /dev/*/volume-{id}", BackupName: "a\x1b[31mred\nname"},
		{Verdict: "", Volume: "dddd0000-0000-4000-8000-000000000001", Left: "it is attached to a server"},
	} {
		d.Place, d.Backup = "cloud:lab", core.BackupID(fmt.Sprintf("aaaa%04d-0000-4000-8000-000000000000", 10+i))
		d.Source, d.SourceName, d.GiB, d.Name = ordersDB, "orders-db", 75, fmt.Sprintf("hearth-drill-aaaa%04d-0123456789abcdef", 10+i)
		d.At, d.Gone, d.Took = until.Add(time.Duration(i-30)*time.Hour), d.Volume == "", time.Duration(i)*95*time.Second
		id, err := books.BeginDrill(ctx, d)
		if err != nil {
			t.Fatal(err)
		}
		d.ID = id
		if err := books.KeepDrill(ctx, d); err != nil {
			t.Fatal(err)
		}
	}
	return r.press(keys...)
}

// drilled is the screen of drills, after keys.
func drilled(keys ...string) func(testing.TB, int, int) *rig {
	return func(t testing.TB, w, h int) *rig { return theDrills(t, w, h, keys...) }
}

// TestDrills: the screen lists what hearth drill --results does, newest first; / narrows, Enter
// tells how each field came out, and the dashboard's line leads there.
func TestDrills(t *testing.T) {
	r := theDrills(t, 160, 45, "#")
	all, err := r.desk.Drills(t.Context())
	if err != nil || len(all) != 7 {
		t.Fatalf("%d drills, %v", len(all), err)
	}
	at := 0
	for i := range all { // each in its place
		next := strings.Index(r.screenText()[at:], all[i].Backup.Short())
		if next < 0 {
			t.Fatalf("%s is not listed after those before:\n%s", all[i].Backup, r.screenText())
		}
		at += next
	}
	r.want("7 drills", "1 backup proven, 2 restored, 2 did not come back", "not ended", "the quota has room for 10 GiB",
		"! 1 volume of drills may still be there; D deletes", `red`).wantNot("\x1b[31mred")
	r.press("/").typeText("52428800").press("enter").want("differs", "9.4 MB").wantNot("refused")
	r.press("enter").want("1 of 4 FIELDS", "meta tier", "silver  (planned gold)", "the place does not tell it").wantNot("hunter")
	r.press("esc").press("o").want("nightly-", "[Overview]").press("esc").press("l").want("Timeline of orders-db").press("esc")

	r = theDrills(t, 160, 45, "!", "end")
	for line := regexp.MustCompile(`(?m)^> . NOT PROVEN`); !line.MatchString(r.screenText()); {
		was := r.screenText()
		if r.press("up"); r.screenText() == was {
			t.Fatalf("no line counts drills:\n%s", was)
		}
	}
	r.want("lists the drills").press("enter").want("7 drills")
}

// drillWorks does what the form of a drill says, and yes to the plan.
func drillWorks(r *rig) { r.press("#", "n", "enter", "y") }

// TestDrillOnScreen plans a drill, shows what is tried, what stands against it and what goes
// first, tries it, and nothing of it is left.
func TestDrillOnScreen(t *testing.T) {
	r := theDrills(t, 160, 45, "#", "n")
	r.want("the newest of each volume", "at most").press("right").want("some at random").press("tab").typeText("x").
		press("enter").said(ui.LevelWarn, "no number from 1").press("ctrl+u").typeText("3").
		press("tab").typeText("volume~orders").press("tab", "tab", "space", "enter")
	r.want("Restore 3 backups, one after the other", ", into",
		"first the volume hearth-drill-aaaa0013-0123456789abcdef goes").
		press("end").want("backups that the rule could take", "hearth drill --random=3 --seed=", "--filter=volume~orders", "--deep",
		"no bytes will be compared")
	r.press("n").said(ui.LevelInfo, "Nothing was done")
	before := volumesOf(t, r)
	r.press("n").press("tab", "ctrl+u").typeText("2").press("enter").want("Restore 2 backups", "--limit=2").press("y")
	r.said(ui.LevelGood, "2 backups came back")
	after, err := r.desk.Drills(t.Context())
	if err != nil || len(after) != 9 || !after[0].Gone || !after[1].Gone {
		t.Errorf("kept are %+v, %v", after, err)
	}
	if is := volumesOf(t, r); !slices.Equal(is, before) {
		t.Errorf("the volumes were %v, and are %v", before, is)
	}
	r.want("9 drills")
}

// volumesOf are the ids of the volumes of the rig's place.
func volumesOf(t *testing.T, r *rig) (ids []core.VolumeID) {
	t.Helper()
	page, err := r.desk.Volumes(t.Context(), core.Query{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range page.Rows {
		ids = append(ids, page.Rows[i].ID)
	}
	return ids
}

// TestDrillComesIn: while a drill goes on, what is kept of it is shown as it comes, and it can
// be cancelled; what is in the way is said before.
func TestDrillComesIn(t *testing.T) {
	r := theDrills(t, 120, 40, "#", "n", "enter")
	r.asleep = true
	r.press("y")
	r.want("7 drills", "drilling")
	for _, a := range r.Keys() {
		if a.Name == "drill" || a.Name == "tidy-drills" {
			if why := a.Blocked(); why != "a drill goes on" {
				t.Errorf("%s: %q", a.Name, why)
			}
		}
	}
	x := core.Drill{Place: "cloud:lab", Backup: "b", Name: "x", At: until, Gone: true}
	if _, err := r.desk.Archive.BeginDrill(t.Context(), x); err != nil {
		t.Fatal(err)
	}
	r.send(ui.TickMsg{})
	r.takeLast().want("8 drills")
	r.press("ctrl+c")
	r.wake()
	r.wantNot("drilling")
	if x := r.Running(); x.Runs() {
		t.Errorf("it goes on: %+v", x)
	}
}

// TestDrillTidied deletes what drills left, after showing it, and says what is still there.
func TestDrillTidied(t *testing.T) {
	r := theDrills(t, 120, 40, "#", "D")
	r.want("Delete 1 volume, with the data?", "hearth-drill-aaaa0013", "hearth drill --tidy --cloud=lab").press("esc").
		said(ui.LevelInfo, "Nothing was done")
	r.press("D", "y").said(ui.LevelGood, "1 volume of drills: gone").wantNot("may still be there").
		press("D").said(ui.LevelWarn, "no drill left anything")
}

// TestDrillCannot: where nothing can be restored or noted it is said why.
func TestDrillCannot(t *testing.T) {
	c := nightlyCloud(t)
	newRig(t, c, 120, 30).press("#").want("archive") // without one, nothing is kept
	r := newRigWith(t, memory.New(memory.World{Info: core.PlaceInfo{Location: "x", Title: "x", Kind: core.PlaceDatabase}}), 120, 30, Options{},
		func(d *jobs.Desk) { d.Archive = booksOf(t) })
	r.press("#").want("no backup of this place was ever tried").press("n").said(ui.LevelWarn, "nobody there would restore one")
}

// TestOwnWay: where one project was looked at, the screens of the morning name the key that
// lists all, and no verb's flag; so does what a drill left.
func TestOwnWay(t *testing.T) {
	c := newCloudOf(t, 500, func(w *memory.World) {
		one := w.Backups[0].ProjectID
		w.Backups = slices.DeleteFunc(slices.Clone(w.Backups), func(b core.Backup) bool { return b.ProjectID != one })
		w.Volumes = slices.DeleteFunc(slices.Clone(w.Volumes), func(v core.Volume) bool { return v.ProjectID != one })
	})
	for _, keys := range [][]string{{"!"}, {"!", "l"}} {
		r := newRig(t, c, 160, 45).press(keys...)
		r.want("one project was looked at", "; 0 looks at all").wantNot("--all-projects")
	}
	if got := ui.Told(core.Fail(core.CodePartial, "drill", "a volume is left", core.DoTidyDrills, nil)); got !=
		"cannot drill: a volume is left; D among the drills deletes what it left" {
		t.Errorf("%q", got)
	}
}
