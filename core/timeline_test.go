package core_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"hearth/core"
)

var lineNow = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// nightly is a backup of a day that lies so many before, at one o'clock.
func nightly(before int, parent int, status string) core.Backup {
	at := lineNow.Truncate(24*time.Hour).AddDate(0, 0, -before).Add(time.Hour)
	b := core.Backup{ID: core.BackupID(fmt.Sprintf("b%02d", before)), VolumeID: "v", VolumeName: core.Some("vol"), Status: status, Size: 10,
		CreatedAt: core.Some(at), UpdatedAt: core.Some(at.Add(12 * time.Minute))}
	if parent >= 0 {
		b.Incremental, b.ParentID = true, core.BackupID(fmt.Sprintf("b%02d", parent))
	}
	return b
}

// fortnight is a full one and incrementals, with a gap of two days and a failure in it, and
// a second chain.
func fortnight() (out []core.Backup) {
	out = append(out, nightly(13, -1, "available"), nightly(12, 13, "available"), nightly(11, 12, "available"))
	out = append(out, nightly(10, 11, "error"), nightly(8, 11, "available")) // none on 9 days before, and 10 failed
	out = append(out, nightly(7, -1, "available"))
	for n := 6; n >= 0; n-- {
		out = append(out, nightly(n, n+1, "available"))
	}
	return out
}

func TestTimeline(t *testing.T) {
	all := fortnight()
	undated := nightly(5, 6, "available")
	undated.ID, undated.CreatedAt = "odd", core.Opt[time.Time]{}
	gone := nightly(4, -1, "deleted")
	gone.ID, gone.Deleted = "gone", true
	l := core.NewTimeline(append([]core.Backup{all[9], undated, gone}, append(all[10:], all[:9]...)...), lineNow)
	if len(l.Points) != 13 || l.Undated != 1 || !l.Points[0].At.Before(l.Points[1].At) {
		t.Fatalf("%d points, %d undated", len(l.Points), l.Undated)
	}
	if !l.Rhythm.Known || l.Rhythm.V != 24*time.Hour {
		t.Errorf("the rhythm is %+v", l.Rhythm)
	}
	if len(l.Gaps) != 1 || l.Gaps[0].Open || l.Gaps[0].Lasts() != 72*time.Hour {
		t.Errorf("the gaps are %+v", l.Gaps)
	}
	if p := l.Points[4]; p.Backup.ID != "b08" || p.Waited != 72*time.Hour || p.Base != "b13" || p.Took.V != 12*time.Minute {
		t.Errorf("%+v", p)
	}
	if p := l.Points[3]; !p.Failed() || p.Took.Set {
		t.Errorf("%+v", p)
	}
	var picture strings.Builder
	for _, d := range l.Days(core.DayNumber(lineNow), 14) {
		switch {
		case d.Full > 0:
			picture.WriteByte('F')
		case d.Incremental > 0:
			picture.WriteByte('i')
		case d.FailedIncremental > 0 && d.Gap:
			picture.WriteByte('X')
		case d.Gap:
			picture.WriteByte('-')
		default:
			picture.WriteByte(' ')
		}
	}
	if got := picture.String(); got != "FiiX-iFiiiiiii" {
		t.Errorf("the days are %q", got)
	}
	of := l.Chain(2)
	if want := []bool{true, true, true, true, true, false}; !reflect.DeepEqual(of[:6], want) {
		t.Errorf("the chain is %v", of)
	}
}

// TestTimelineSaysNoMore: few backups make no rhythm, a parent that is not there or goes round
// no chain, and what nobody has made since is a gap that goes on.
func TestTimelineSaysNoMore(t *testing.T) {
	l := core.NewTimeline(fortnight()[:3], lineNow)
	if l.Rhythm.Known || l.Rhythm.Why == "" || len(l.Gaps) > 0 {
		t.Errorf("%+v, %d gaps", l.Rhythm, len(l.Gaps))
	}
	round := []core.Backup{nightly(1, 0, "available"), nightly(0, 1, "available"), nightly(3, 5, "available")}
	for _, p := range core.NewTimeline(round, lineNow).Points {
		if p.Base != "" {
			t.Errorf("%s stands on %s", p.Backup.ID, p.Base)
		}
	}
	l = core.NewTimeline(fortnight(), lineNow.AddDate(0, 0, 3))
	if n := len(l.Gaps); n != 2 || !l.Gaps[1].Open {
		t.Errorf("the gaps are %+v", l.Gaps)
	}
	days := l.Days(core.DayNumber(l.Now), 4)
	if days[0].Gap || !days[1].Gap || !days[3].Gap {
		t.Errorf("%+v", days)
	}
}

// TestStrips: the lines have the days of the timeline, the overdue first, then those without
// any, those that are gone last.
func TestStrips(t *testing.T) {
	s := core.NewStrips(lineNow.AddDate(0, 0, 3))
	for _, name := range []string{"z", "v", "bare"} {
		s.Volume(&core.Volume{ID: core.VolumeID(name), Name: core.Some(name)})
	}
	for _, b := range fortnight() {
		for _, of := range []core.VolumeID{"v", "lost"} {
			b.VolumeID = of
			s.Backup(&b)
		}
	}
	for n := range 5 { // one that is on time
		b := nightly(n-3, -1, "available")
		b.VolumeID = "z"
		s.Backup(&b)
	}
	s.Volumes = true
	var order []string
	for _, x := range s.All() {
		order = append(order, x.Title())
		if x.Volume != "v" {
			continue
		}
		var got strings.Builder
		for _, d := range x.Days[core.StripDays-17:] {
			got.WriteByte(" Fi?X??X-???X"[d])
		}
		if got.String() != "FiiX-iFiiiiiii---" || x.Backups != 13 || x.Failed != 1 || !x.Overdue {
			t.Errorf("%q, %d backups, %d failed, overdue: %v", got.String(), x.Backups, x.Failed, x.Overdue)
		}
	}
	if want := []string{"v", "bare", "z", "vol"}; !reflect.DeepEqual(order, want) {
		t.Errorf("the order is %v, want %v", order, want)
	}
}
