package core_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/store/storetest/race"
)

var tallyNow = time.Date(2026, 11, 29, 8, 12, 0, 0, time.UTC)

// history is rows that were made in the last forty days.
func history(n int, seed uint64) (rows []core.Backup) {
	r := rand.New(rand.NewPCG(seed, 2))
	statuses := []string{"available", "available", "available", "error", "creating", "restoring", "deleting", "error_deleting", "odd"}
	for i := range n {
		made := tallyNow.Add(-time.Duration(r.Int64N(int64(40 * 24 * time.Hour))))
		b := core.Backup{ID: core.BackupID(fmt.Sprintf("b%06d", i)), Name: core.Some(fmt.Sprint("n", i)), Status: statuses[r.IntN(len(statuses))],
			Size: r.Int64N(50), ProjectID: core.ProjectID(fmt.Sprint("p", r.IntN(5))), CreatedAt: core.Some(made),
			VolumeID: core.VolumeID(fmt.Sprint("v", r.IntN(40)))}
		if r.IntN(4) > 0 {
			b.UpdatedAt = core.Some(made.Add(time.Duration(r.Int64N(int64(time.Hour)))))
		}
		rows = append(rows, b)
	}
	return rows
}

// TestTally counts rows in two orders, and once more by hand: with the filters that its
// lines open lists with.
func TestTally(t *testing.T) {
	race.Once(t)
	since := tallyNow.Add(-9 * 24 * time.Hour).Add(123456 * time.Microsecond)
	rows := history(3000, 7)
	one, two := core.NewTally(since, tallyNow), core.NewTally(since, tallyNow)
	for i := range rows {
		one.Backup(&rows[i])
		two.Backup(&rows[len(rows)-1-i])
	}
	if !reflect.DeepEqual(one, two) {
		t.Error("it depends on the order of the rows")
	}
	listed := func(filter string) int {
		t.Helper()
		f, err := core.ParseFilter(filter, core.BackupColumns)
		if err != nil {
			t.Fatal(err)
		}
		return core.SelectBackups(rows, core.Query{Filter: f, Now: tallyNow}).Total
	}
	m := core.Morning{Tally: one, Since: since, NoVolumes: "none are here"}
	for _, l := range m.Lines() {
		want := map[string]int{"failed": one.FailedSince, "statuses": one.Backups.Rows}[l.Code]
		if want == 0 {
			continue
		}
		// a row that never changed has no updated_at, and is looked for by when it was made
		got := listed(l.Filter)
		if l.Code == "failed" {
			got += listed("status~error created>=" + one.Since.Format("2006-01-02T15:04:05") + " -updated>=0s -updated<0s")
		}
		if got != want || l.Count != fmt.Sprint(want) {
			t.Errorf("%s: %s is said, the tally has %d, and %q lists %d", l.Code, l.Count, want, l.Filter, got)
		}
	}
	if n := listed("status~error"); n != one.Failed || n == one.FailedSince || one.FailedSince == 0 {
		t.Errorf("%d failed, of which %d lately; the list has %d", one.Failed, one.FailedSince, n)
	}
	if n := listed("status:creating,restoring,deleting"); n != one.Running || n == 0 {
		t.Errorf("%d running, the list has %d", one.Running, n)
	}
	for s, sum := range one.Statuses {
		if n := listed("status:" + s); n != sum.Rows {
			t.Errorf("%s: %d, the list has %d", s, sum.Rows, n)
		}
	}
	for _, p := range one.Projects() {
		if n := listed("project:" + string(p.ID)); n != p.Backups.Rows {
			t.Errorf("project %s: %d, the list has %d", p.ID, p.Backups.Rows, n)
		}
	}
	for _, d := range one.Made {
		next, _ := time.Parse(time.DateOnly, d.Day)
		want := listed(fmt.Sprintf("created>=%s created<%s", d.Day, next.AddDate(0, 0, 1).Format(time.DateOnly)))
		if want != d.Rows {
			t.Errorf("%s: %d made, the list has %d", d.Day, d.Rows, want)
		}
	}
	if len(one.Made) != core.MadeDays || one.Made[core.MadeDays-1].Day != "2026-11-29" {
		t.Errorf("the days are %+v", one.Made)
	}
	for i := 1; i < len(one.FailedRows); i++ {
		if core.ChangedAt(&one.FailedRows[i]).V.After(core.ChangedAt(&one.FailedRows[i-1]).V) {
			t.Fatal("the failed rows are not newest first")
		}
	}
}

// TestTallyBounded: many rows, projects and statuses take no more room than a few.
func TestTallyBounded(t *testing.T) {
	race.Once(t)
	held := func(n int) uint64 {
		tally := core.NewTally(tallyNow.Add(-time.Hour), tallyNow)
		var b core.Backup
		for i := range n {
			b = core.Backup{ID: core.BackupID(fmt.Sprint(i)), Status: fmt.Sprint("error", i%100_000), ProjectID: core.ProjectID(fmt.Sprint("p", i)),
				CreatedAt: core.Some(tallyNow), UpdatedAt: core.Some(tallyNow)}
			tally.Backup(&b)
			tally.Volume(&core.Volume{ID: core.VolumeID(b.ID), ProjectID: b.ProjectID, Status: "error_restoring"}, core.Opt[time.Time]{},
				core.Proof{})
		}
		if tally.Failed != n || tally.Unprotected != n || tally.VolumesFailed != n || len(tally.FailedRows) > 50 || len(tally.Statuses) > 101 {
			t.Errorf("of %d: %d failed, %d unprotected, %d named, %d statuses", n, tally.Failed, tally.Unprotected, len(tally.FailedRows),
				len(tally.Statuses))
		}
		sum := 0
		for _, p := range tally.Projects() {
			sum += p.Backups.Rows
		}
		if sum != n {
			t.Errorf("the projects have %d of %d", sum, n)
		}
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		runtime.KeepAlive(tally)
		return m.HeapAlloc
	}
	few := held(10_000)
	if many := held(200_000); many > few+1<<20 {
		t.Errorf("10,000 rows leave %d bytes, 200,000 leave %d", few, many)
	}
}

func TestUsualTime(t *testing.T) {
	row := func(took time.Duration, incremental bool) core.Backup {
		return core.Backup{Status: core.StatusAvailable, Incremental: incremental, CreatedAt: core.Some(tallyNow),
			UpdatedAt: core.Some(tallyNow.Add(took))}
	}
	// of most the row was changed later, as by an export
	rows := []core.Backup{row(10*time.Minute, false), row(12*time.Minute, false), row(30*24*time.Hour, false), row(20*24*time.Hour, false),
		row(9*24*time.Hour, false), row(time.Minute, true)}
	if u := core.UsualTime(rows, false); !u.Known || u.V != 12*time.Minute {
		t.Errorf("usual: %+v", u)
	}
	if u := core.UsualTime(rows, true); u.Known || !strings.Contains(u.Why, "1 incremental backup") {
		t.Errorf("of one: %+v", u)
	}
	blind := core.NotKnown[time.Duration]("x")
	for what, x := range map[string]struct {
		run  core.Run
		want core.Fact[bool]
	}{
		"four times as long, and an hour": {core.Run{For: core.Knows(73 * time.Minute), Usual: core.Knows(12 * time.Minute)}, core.Knows(true)},
		"not an hour more":                {core.Run{For: core.Knows(70 * time.Minute), Usual: core.Knows(12 * time.Minute)}, core.Knows(false)},
		"not four times as long":          {core.Run{For: core.Knows(5 * time.Hour), Usual: core.Knows(2 * time.Hour)}, core.Knows(false)},
		"blind, a day":                    {core.Run{For: core.Knows(25 * time.Hour), Usual: blind}, core.Knows(true)},
		"blind":                           {core.Run{For: core.Knows(23 * time.Hour), Usual: blind}, core.NotKnown[bool]("x")},
	} {
		if x.run.Weigh(); x.run.Stuck != x.want {
			t.Errorf("%s: %+v", what, x.run.Stuck)
		}
	}
}

// TestDay reads what it wrote.
func TestDay(t *testing.T) {
	d := core.Day{Day: "2026-11-29", At: tallyNow, Backups: 3, Available: 1, Failed: 1, Running: 1, GiB: 70, Volumes: core.Some[int64](0)}
	got := core.DayFrom(d.Object())
	got.At = d.At
	if got != d {
		t.Errorf("%+v became %+v", d, got)
	}
}

// TestSumDrills: the newest drill of a backup tells, and one that came to nothing does not.
func TestSumDrills(t *testing.T) {
	d := func(entry core.EntryID, backup string, v core.DrillVerdict, gone bool) core.Drill {
		return core.Drill{Entry: entry, Backup: core.BackupID(backup), Verdict: v, Gone: gone, At: tallyNow.Add(time.Duration(entry) * time.Hour)}
	}
	got := core.SumDrills([]core.Drill{d(9, "c", core.DrillUnknown, false), d(9, "b", core.DrillFailed, true),
		d(9, "a", core.DrillProven, true),
		d(8, "c", core.DrillRestored, true), d(8, "b", core.DrillProven, true), d(7, "a", core.DrillFailed, true)})
	want := core.DrillSum{Last: tallyNow.Add(9 * time.Hour), LastGood: 1, LastOf: 3, Proven: 1, Restored: 1, Bad: 1, Left: 1}
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// TestTallyProven: a volume is proven by a drill that compared every byte, lately or ever, and
// by no other.
func TestTallyProven(t *testing.T) {
	tally := core.NewTally(tallyNow.Add(-time.Hour), tallyNow)
	ago := func(days int) core.Opt[time.Time] { return core.Some(tallyNow.AddDate(0, 0, -days)) }
	for i, p := range []core.Proof{{Proven: ago(30)}, {Proven: ago(31), Restored: ago(1)}, {Restored: ago(1)}, {Bad: ago(1)}, {}} {
		tally.Volume(&core.Volume{ID: core.VolumeID(fmt.Sprint(i))}, ago(1), p)
	}
	tally.Volume(&core.Volume{ID: "none"}, core.Opt[time.Time]{}, core.Proof{})
	if tally.ProvenLately != 1 || tally.NotProven != 3 || tally.OnlyRestored != 1 {
		t.Errorf("%d proven lately, %d never, %d of them restored", tally.ProvenLately, tally.NotProven, tally.OnlyRestored)
	}
	m := core.Morning{Tally: tally, Drills: core.Knows(core.DrillSum{Last: tallyNow, LastGood: 2, LastOf: 2, Proven: 2})}
	l := lineOf(t, &m, "not_proven")
	if l.Count != "3" || !strings.Contains(l.Text, "; 1 volume proven in the last 30 days, "+
		"1 of those that never were was restored, not compared") {
		t.Errorf("%+v", l)
	}
	v, _ := m.Object().Get("drills")
	for key, want := range map[string]int64{"volumes_proven_30d": 1, "volumes_not_proven": 3, "volumes_only_restored": 1} {
		n, _ := v.Object().Get(key)
		if got, ok := n.Int64(); !ok || got != want {
			t.Errorf("%s is %s", key, n.Text())
		}
	}
}
