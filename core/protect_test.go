package core

import (
	"slices"
	"strings"
	"testing"
	"time"

	"hearth/core/pyjson"
	"hearth/store/storetest/race"
)

// TestPolicyMark: a mark comes back from properties and from a description, and nothing else
// is taken for one.
func TestPolicyMark(t *testing.T) {
	m := PolicyMark{"gold", time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)}
	byProperty, byText := Backup{Metadata: m.Properties(), Description: Some("hearth policy x, due 2026-01-01T00:00:00Z")},
		Backup{Description: Some(m.Description())}
	for what, b := range map[string]*Backup{"property": &byProperty, "description": &byText} {
		if got, ok := MarkOf(b); !ok || !got.Same(m) {
			t.Errorf("by its %s: %+v, %v", what, got, ok)
		}
	}
	half := &pyjson.Object{}
	half.Set(PolicyProperty, pyjson.OfString("gold"))
	for _, b := range []*Backup{{}, {Metadata: half}, {Description: Some("hearth policy gold")},
		{Description: Some("hearth policy a b, due 2026-01-01T00:00:00Z")},
		{Description: Some("hearth policy gold, due tomorrow")}, {Description: Some("no hearth policy gold, due 2026-01-01T00:00:00Z")}} {
		if got, ok := MarkOf(b); ok {
			t.Errorf("%+v is taken for %+v", b, got)
		}
	}
	if name := m.Name(" db "); name != "db-gold-20261129T000000Z" {
		t.Error(name)
	}
	if name := m.Name(strings.Repeat("ü", 300)); pyjson.Len(name) != 255 || !strings.HasSuffix(name, "ü-gold-20261129T000000Z") {
		t.Errorf("%d: %s", pyjson.Len(name), name)
	}
}

// TestJudge: whether a policy is kept, and since when it is not.
func TestJudge(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	s := Schedule{Every: 24 * time.Hour, Grace: 6 * time.Hour}
	made := func(hours int, status string) Backup {
		return Backup{Status: status, CreatedAt: Some(now.Add(-time.Duration(hours) * time.Hour)), FailReason: Some("full")}
	}
	old := Some(now.AddDate(-1, 0, 0))
	for name, x := range map[string]struct {
		backups []Backup
		created Opt[time.Time]
		want    Keeping
		since   int // hours ago; 0: null
		why     string
	}{
		"fresh":         {[]Backup{made(1, "available")}, old, PolicyKept, 0, ""},
		"just so":       {[]Backup{made(30, "available")}, old, PolicyKept, 0, ""},
		"late":          {[]Backup{made(31, "available")}, old, PolicyBroken, 1, "its newest backup is 1d 7h old"},
		"missed":        {[]Backup{made(55, "available")}, old, PolicyMissed, 25, "its newest backup is 2d 7h old"},
		"none":          {nil, Some(now.Add(-40 * time.Hour)), PolicyMissed, 10, "it has no backup that is available"},
		"new":           {nil, Some(now.Add(-4 * time.Hour)), PolicyKept, 0, "it is new, and has no backup yet"},
		"age not known": {nil, Opt[time.Time]{}, PolicyMissed, 0, "it has no backup that is available"},
		"the last fails": {[]Backup{made(31, "available"), made(2, "error")}, old, PolicyBroken, 1,
			"its newest backup is 1d 7h old, the last one is error: full"},
		"only failures": {[]Backup{made(2, "error")}, Some(now.Add(-40 * time.Hour)), PolicyMissed, 10,
			"it has no backup that is available, the last one is error: full"},
		"being restored": {[]Backup{made(2, "restoring")}, old, PolicyKept, 0, ""},
	} {
		j := s.Judge(x.backups, x.created, now)
		since := 0
		if j.Since.Set {
			since = int(now.Sub(j.Since.V) / time.Hour)
		}
		if j.Keeping != x.want || since != x.since || j.Why != x.why {
			t.Errorf("%s: %+v, since %d hours", name, j, since)
		}
	}
	if due := s.Due(now); !due.Equal(time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)) {
		t.Error(due)
	}
	if due := (Schedule{Every: 7 * 24 * time.Hour}).Due(now); due.Weekday() != time.Monday || due.Day() != 23 {
		t.Error(due)
	}
}

// TestNextIsFull: each so-manyth backup is a full one, and whatever has nothing to stand on.
func TestNextIsFull(t *testing.T) {
	at := time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)
	chain := func(kinds string) (out []Backup) {
		for i, k := range kinds {
			b := Backup{Status: StatusAvailable, Size: 1, Incremental: k != 'F', DataTimestamp: Some(at.AddDate(0, 0, i))}
			if k == 'e' {
				b.Status = StatusError
			}
			out = append(out, b)
		}
		return out
	}
	for kinds, want := range map[string]string{"": "there is no full one", "i": "there is no full one", "F": "", "Fi": "", "Fii": "every 3",
		"FiiF": "",
		"Fiie": "every 3", "Fie": ""} {
		if got := (Schedule{FullEvery: 3}).Full(chain(kinds), 1); !strings.HasPrefix(got, want) || (got == "") != (want == "") {
			t.Errorf("%s: %q, want %q", kinds, got, want)
		}
	}
	if got := (Schedule{}).Full(chain("F"), 1); got == "" {
		t.Error("without full_every all are full ones")
	}
	if got := (Schedule{FullEvery: 3}).Full(chain("F"), 2); got != "the volume has grown" {
		t.Error(got)
	}
}

// TestUnite: of several policies each keeps what it keeps, whatever the others say; one goes that
// a policy is about and none keeps; and nothing is left without its ancestors.
func TestUnite(t *testing.T) {
	race.Once(t)
	r := seeded(t, "HEARTH_RETENTION_SEED")
	for n := range 2000 {
		history := drawHistory(r)
		var all [][]Retained
		keeps, about := map[BackupID]bool{}, map[BackupID]bool{}
		for range 1 + r.IntN(3) {
			own := slices.Clone(history) // a policy is about some of them
			for i := range own {
				if r.IntN(3) == 0 {
					own[i].Outside = "another policy made it"
				}
			}
			one := drawRules(r).Apply(own)
			for _, b := range one {
				about[b.ID] = about[b.ID] || b.Outside == ""
				keeps[b.ID] = keeps[b.ID] || b.Outside == "" && !b.Goes
			}
			all = append(all, one)
		}
		goes := map[BackupID]bool{}
		for _, b := range Unite(all) {
			goes[b.ID] = b.Goes
			if b.Goes && (keeps[b.ID] || !about[b.ID]) || !b.Goes && about[b.ID] && !keeps[b.ID] && b.Bears == 0 {
				t.Errorf("%d: %s goes: %v; kept: %v, about it: %v, bears %d", n, b.ID, b.Goes, keeps[b.ID], about[b.ID], b.Bears)
			}
		}
		for _, b := range history {
			if !goes[b.ID] && goes[b.Parent] {
				t.Errorf("%d: %s stays, and its parent %s goes", n, b.ID, b.Parent)
			}
		}
		if t.Failed() {
			return
		}
	}
	if Unite(nil) != nil {
		t.Error("of none there is something")
	}
}
