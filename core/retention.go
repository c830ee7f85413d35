package core

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Retention says which backups of a volume are to stay, as the options of restic's forget
// and the keep rules of Proxmox are named. Each rule but Last counts spans of time that have
// a backup, from the newest back, and keeps the newest backup of each; a backup that any
// rule keeps stays. A rule of 0 keeps nothing; where all are 0 everything stays.
//
// They count as restic 0.14 does (its manual, "Removing backup snapshots"; the test replays
// its answers): each rule by itself, also over what another one keeps, where Proxmox counts
// on from what the rule before has left. From 0.17 on restic keeps the oldest besides while
// a rule has counts left; hearth does not. Spans are those of UTC, which is Cinder's time;
// restic takes the zone that a snapshot was made in. Weeks are those of ISO 8601, from Monday.
type Retention struct {
	Last, Hourly, Daily, Weekly, Monthly, Yearly int
	// AtLeast is how many stay in any case, the newest; 0 is 1: the last one that can be
	// restored never goes.
	AtLeast int
}

// None reports whether no rule is given, so that everything stays.
func (r Retention) None() bool {
	return r.Last <= 0 && r.Hourly <= 0 && r.Daily <= 0 && r.Weekly <= 0 && r.Monthly <= 0 && r.Yearly <= 0
}

// String is the rules as people write them: "last 3, daily 7".
func (r Retention) String() string {
	var parts []string
	for _, rule := range r.rules() {
		if rule.left > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", rule.name, rule.left))
		}
	}
	if len(parts) == 0 {
		return "everything"
	}
	if r.AtLeast > 1 {
		parts = append(parts, fmt.Sprintf("never fewer than %d", r.AtLeast))
	}
	return strings.Join(parts, ", ")
}

// Retainable is a backup as keep rules see it, of one volume.
type Retainable struct {
	ID     BackupID
	Parent BackupID // what it stands on; "" for a full one
	At     time.Time
	// Outside says why the rules neither count it nor let it go, as one that cannot be
	// restored, or that somebody made by hand; "": they do.
	Outside string
	// Held says why it stays even where no rule keeps it, until somebody gives the word: its
	// data is another place's too; "": nothing.
	Held string
}

// Kept is a rule that keeps a backup, and the span of which it is the newest.
type Kept struct {
	Rule string // last, hourly, daily, weekly, monthly or yearly
	Of   string // "2026-11-24", "2026-W48"; of last its number from the newest on
}

func (k Kept) String() string { return k.Rule + " " + k.Of }

// Retained says of a backup whether it stays, and why.
type Retained struct {
	Retainable
	Goes  bool
	Rules []Kept // that keep it
	Bears int    // how many backups that stay stand on it, directly or not
	Least bool   // it stays so that there are not too few
}

// Because says in a clause why it stays or goes.
func (r *Retained) Because() string {
	var why []string
	for _, k := range r.Rules {
		why = append(why, k.String())
	}
	if r.Outside != "" {
		why = append(why, r.Outside)
	}
	switch {
	case r.Bears == 1:
		why = append(why, "one that stays stands on it")
	case r.Bears > 1:
		why = append(why, fmt.Sprintf("%d that stay stand on it", r.Bears))
	}
	if r.Least {
		why = append(why, "there would be too few")
	}
	if r.Held != "" && len(why) == 0 {
		why = append(why, "no rule keeps it, but "+r.Held)
	}
	if len(why) == 0 {
		return "no rule keeps it"
	}
	return strings.Join(why, ", ")
}

// keepRule is a rule while it counts.
type keepRule struct {
	name string
	left int
	of   func(t time.Time, nr int) string
	last string
}

func (r Retention) rules() []keepRule {
	day := func(layout string) func(time.Time, int) string {
		return func(t time.Time, _ int) string { return t.Format(layout) }
	}
	return []keepRule{
		{name: "last", left: r.Last, of: func(_ time.Time, nr int) string { return fmt.Sprint(nr + 1) }},
		{name: "hourly", left: r.Hourly, of: day("2006-01-02 15h")},
		{name: "daily", left: r.Daily, of: day("2006-01-02")},
		{name: "weekly", left: r.Weekly, of: func(t time.Time, _ int) string {
			year, week := t.ISOWeek()
			return fmt.Sprintf("%d-W%02d", year, week)
		}},
		{name: "monthly", left: r.Monthly, of: day("2006-01")},
		{name: "yearly", left: r.Yearly, of: day("2006")},
	}
}

// Apply says of each backup of a volume whether it stays and why, the newest first. Whatever
// stays has all that it stands on: no incremental is left without its ancestors, as far as
// these are among the backups.
func (r Retention) Apply(backups []Retainable) []Retained {
	out := make([]Retained, len(backups))
	for i, b := range backups {
		out[i] = Retained{Retainable: b, Goes: b.Outside == "" && b.Held == "" && !r.None()}
	}
	slices.SortFunc(out, func(a, b Retained) int {
		if c := b.At.Compare(a.At); c != 0 {
			return c
		}
		return strings.Compare(string(b.ID), string(a.ID))
	})
	r.count(out)
	at := map[BackupID]int{}
	for i := range out {
		at[out[i].ID] = i
	}
	bear(out, at)
	for stay, i := staying(out), 0; i < len(out) && stay < max(1, r.AtLeast); i++ {
		if out[i].Goes {
			out[i].Goes, out[i].Least = false, true
			bear(out, at)
			stay = staying(out)
		}
	}
	return out
}

// count has the rules count, from the newest on.
func (r Retention) count(out []Retained) {
	rules, nr := r.rules(), 0
	for i := range out {
		b := &out[i]
		if b.Outside != "" {
			continue
		}
		for j := range rules {
			s := &rules[j]
			if of := s.of(b.At.UTC(), nr); s.left > 0 && of != s.last {
				s.left--
				s.last, b.Goes, b.Rules = of, false, append(b.Rules, Kept{s.name, of})
			}
		}
		nr++
	}
}

// staying counts the backups that the rules are about and that stay.
func staying(out []Retained) (n int) {
	for i := range out {
		n += boolInt(out[i].Outside == "" && !out[i].Goes)
	}
	return n
}

// bear has all stay that something which stays stands on, and counts those.
func bear(out []Retained, at map[BackupID]int) {
	for i := range out {
		out[i].Bears = 0
	}
	for i := range out {
		if !out[i].Goes {
			below(out, at, i, func(b *Retained) { b.Goes = false })
		}
	}
	for i := range out {
		if !out[i].Goes {
			below(out, at, i, func(b *Retained) { b.Bears++ })
		}
	}
}

// below calls fn with each backup that one stands on, directly or not, as far as they are here.
func below(out []Retained, at map[BackupID]int, i int, fn func(*Retained)) {
	seen := map[BackupID]bool{out[i].ID: true}
	for id := out[i].Parent; id != "" && !seen[id]; {
		seen[id] = true
		j, here := at[id]
		if !here {
			return
		}
		fn(&out[j])
		id = out[j].Parent
	}
}
