package core

import (
	"strings"
	"testing"
	"time"
)

// TestProve: what a policy that wants backups proven says of a volume, drill by drill.
func TestProve(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	s := Schedule{ProvenEvery: 10 * 24 * time.Hour}
	ago := func(days int) Opt[time.Time] { return Some(now.AddDate(0, 0, -days)) }
	drill := func(days int, backup string, v DrillVerdict) Drill {
		d := Drill{Source: "v", Backup: BackupID(backup), Verdict: v, At: ago(days).V}
		if v == DrillDiffers {
			d.Why = "1 of 5 blocks"
		}
		return d
	}
	for name, x := range map[string]struct {
		drills []Drill
		made   Opt[time.Time]
		want   Keeping
		since  int // days ago; -1: null
		last   int // days ago; -1: null
		says   string
	}{
		"in time":        {[]Drill{drill(10, "b", DrillProven)}, ago(99), PolicyKept, -1, 10, ""},
		"too long ago":   {[]Drill{drill(11, "b", DrillProven)}, ago(99), PolicyBroken, 1, 11, "was so 11d 0h ago"},
		"much too long":  {[]Drill{drill(21, "b", DrillProven)}, ago(99), PolicyMissed, 11, 21, "was so 21d 0h ago"},
		"never":          {nil, ago(99), PolicyMissed, 89, -1, "no backup of it was proven in a drill, as far as this archive knows"},
		"never, of late": {nil, ago(12), PolicyBroken, 2, -1, "no backup of it was proven"},
		"new":            {nil, ago(3), PolicyKept, -1, -1, "it is new"},
		"age unknown":    {nil, Opt[time.Time]{}, PolicyMissed, -1, -1, "no backup of it was proven"},
		"only restored": {[]Drill{drill(1, "b", DrillRestored)}, ago(99), PolicyMissed, 89, -1,
			"; one was restored 1d 0h ago, whose bytes were not compared"},
		"restored since": {[]Drill{drill(12, "b", DrillProven), drill(1, "b", DrillRestored)}, ago(99), PolicyBroken, 2, 12,
			"restored 1d 0h ago"},
		"restored before": {[]Drill{drill(1, "b", DrillProven), drill(5, "b", DrillRestored)}, ago(99), PolicyKept, -1, 1, ""},
		"fell since": {[]Drill{drill(5, "b", DrillProven), drill(2, "c", DrillDiffers)}, ago(99), PolicyMissed, 2, 5,
			"backup c 2d 0h ago did not bring it back: 1 of 5"},
		"failed, new": {[]Drill{drill(2, "c", DrillFailed)}, ago(3), PolicyMissed, 2, -1, "did not bring it back"},
		"restored is weak": {[]Drill{drill(5, "b", DrillProven), drill(2, "c", DrillFailed), drill(1, "c", DrillRestored)},
			ago(99), PolicyMissed, 2, 5, ""},
		"proven after that": {[]Drill{drill(2, "c", DrillFailed), drill(1, "c", DrillProven)}, ago(99), PolicyKept, -1, 1, ""},
		"says nothing": {[]Drill{drill(1, "b", DrillRefused), drill(1, "b", DrillUnknown), drill(1, "b", "")}, ago(12),
			PolicyBroken, 2, -1, ""},
		"of another volume": {[]Drill{{Source: "w", Backup: "b", Verdict: DrillProven, At: now}}, ago(12), PolicyBroken, 2, -1, ""},
	} {
		r := s.Prove(ProofsOf(x.drills).Volumes["v"], x.made, now)
		days := func(at Opt[time.Time]) int {
			if !at.Set {
				return -1
			}
			return int(now.Sub(at.V) / (24 * time.Hour))
		}
		if r.Keeping != x.want || days(r.Since) != x.since || days(r.Last) != x.last || !strings.Contains(r.Why, x.says) ||
			x.says == "" && x.want == PolicyKept && r.Why != "" {
			t.Errorf("%s: %+v, since %d days, last %d", name, r, days(r.Since), days(r.Last))
		}
	}
	p := ProofsOf([]Drill{drill(3, "b", DrillProven), drill(2, "c", DrillFailed), drill(9, "b", DrillProven)})
	if b, c := p.Backups["b"], p.Backups["c"]; b.Proven != ago(3) || b.Fell() || c.Proven.Set || !c.Fell() || len(p.Backups) != 2 {
		t.Errorf("%+v", p)
	}
}

// TestJudgedWith: the worse of both, since the earlier, and both reasons.
func TestJudgedWith(t *testing.T) {
	at := func(h int) Opt[time.Time] { return Some(time.Date(2026, 11, 29, h, 0, 0, 0, time.UTC)) }
	for i, x := range []struct {
		a    Judged
		p    Proofed
		want Judged
	}{
		{Judged{Keeping: PolicyBroken, Since: at(3), Why: "a"}, Proofed{}, Judged{Keeping: PolicyBroken, Since: at(3), Why: "a"}},
		{Judged{Keeping: PolicyKept}, Proofed{Keeping: PolicyBroken, Since: at(2), Why: "p"},
			Judged{Keeping: PolicyBroken, Since: at(2), Why: "p"}},
		{Judged{Keeping: PolicyBroken, Since: at(3), Why: "a"}, Proofed{Keeping: PolicyMissed, Since: at(2), Why: "p"},
			Judged{Keeping: PolicyMissed, Since: at(2), Why: "a; p"}},
		{Judged{Keeping: PolicyMissed, Since: at(1), Why: "a"}, Proofed{Keeping: PolicyBroken, Since: at(2)},
			Judged{Keeping: PolicyMissed, Since: at(1), Why: "a"}},
		{Judged{Keeping: PolicyMissed, Why: "a"}, Proofed{Keeping: PolicyBroken, Since: at(2)}, Judged{Keeping: PolicyMissed, Why: "a"}},
		{Judged{Keeping: PolicyKept}, Proofed{Keeping: PolicyUnknown, Why: "p"}, Judged{Keeping: PolicyUnknown, Why: "p"}},
		{Judged{Keeping: PolicyUnknown, Why: "a"}, Proofed{Keeping: PolicyBroken, Since: at(2)},
			Judged{Keeping: PolicyBroken, Since: at(2), Why: "a"}},
		{Judged{Keeping: PolicyBroken, Since: at(2)}, Proofed{Keeping: PolicyUnknown}, Judged{Keeping: PolicyBroken, Since: at(2)}},
		{Judged{Keeping: PolicyKept, Why: "new"}, Proofed{Keeping: PolicyKept}, Judged{Keeping: PolicyKept, Why: "new"}},
	} {
		if got := x.a.With(x.p); got != x.want {
			t.Errorf("%d: %+v, want %+v", i, got, x.want)
		}
	}
}
