package core

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Sum counts rows, and the GiB that they are said to have: a backup's size is that of its
// volume, whatever was stored of it (cinder/backup/api.py create).
type Sum struct {
	Rows int
	GiB  int64
}

func (s *Sum) add(gib int64) { s.Rows, s.GiB = s.Rows+1, s.GiB+gib }

// ProjectSum is what a project has.
type ProjectSum struct {
	ID          ProjectID // "": of the projects that are counted together
	Name        string    // "" where it is not known
	Backups     Sum
	Failed      int // backups in an error status, whenever they came into it
	Volumes     Sum
	Unprotected int // volumes without an available backup; only as far as the volumes are known
	Others      int // how many projects are counted together here; 0: it is one
}

// NamedVolume is a volume that a tally names.
type NamedVolume struct {
	ID      VolumeID
	Name    Opt[string]
	Project ProjectID
	Status  string
	GiB     int64
	Newest  Opt[time.Time] // of its available backups; null: it has none
}

// Title is the volume's name for people, or its id where it has none.
func (v *NamedVolume) Title() string { return cmp.Or(v.Name.Or(""), string(v.ID)) }

// What a tally keeps of each: the rest is counted. A place can have more projects and more
// kinds of status than anybody looks at, as its tenants and services choose.
const (
	mostNamed    = 50
	mostProjects = 2000
	mostStatuses = 100
	// MadeDays is of how many days a tally counts what was made.
	MadeDays = 31
)

// Made is what was begun on a day, of the backups that are there: one that was deleted
// meanwhile is not counted.
type Made struct {
	Day    string // of UTC, 2026-01-31
	Rows   int
	GiB    int64
	Failed int // of the rows, that are in an error status now
}

// ProvenDays is how many days ago a drill may have proven a volume's backup to count as
// lately.
const ProvenDays = 30

// Tally counts the rows of a place as they come, in any order. It holds numbers, and of
// the rows themselves only those few that are to be named: a million take no more room
// than a thousand. [NewTally] makes one.
type Tally struct {
	Since time.Time // what failed before is counted, and not named
	Now   time.Time

	Backups        Sum
	Statuses       map[string]Sum // of backups
	Failed         int            // backups in an error status
	FailedSince    int            // of those, whose row changed since Since
	FailedRows     []Backup       // the newest of FailedSince, newest first
	Running        int            // backups that are on the way to another status
	RunningRows    []Backup       // those that have been so longest, longest first
	Made           []Made         // of the last MadeDays days, oldest first
	Volumes        Sum
	VolumeStatuses map[string]Sum
	FailedVolumes  []NamedVolume // volumes in an error status that a backup or restore left them in
	VolumesFailed  int
	Unprotected    int           // volumes without an available backup
	UnprotectedOf  []NamedVolume // the largest of them
	NotProven      int           // volumes with an available backup, none of whose backups a drill has proven
	OnlyRestored   int           // of NotProven, those of which a drill restored one, its bytes not compared
	ProvenLately   int           // volumes of which a drill proved a backup in the last ProvenDays days
	Oldest         NamedVolume   // whose newest available backup is the oldest; no ID: there is none
	projects       map[ProjectID]*ProjectSum
	others         map[ProjectID]struct{} // up to as many again; then they are only counted
	other          ProjectSum
	days           map[string]int // of Made
}

// NewTally is an empty tally of what is there now. What failed since a time is named; it
// counts by the second, as filters do.
func NewTally(since, now time.Time) *Tally {
	t := &Tally{Since: since.UTC().Truncate(time.Second), Now: now.UTC(), Statuses: map[string]Sum{}, VolumeStatuses: map[string]Sum{},
		projects: map[ProjectID]*ProjectSum{}, others: map[ProjectID]struct{}{}, days: map[string]int{}}
	for n := MadeDays - 1; n >= 0; n-- {
		day := DayOf(t.Now.AddDate(0, 0, -n))
		t.days[day] = len(t.Made)
		t.Made = append(t.Made, Made{Day: day})
	}
	return t
}

// DayOf is the day of a time, in UTC.
func DayOf(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// ChangedAt is when a backup's row changed last, as far as it says: Cinder writes its
// updated_at when the status changes, when the backup is edited, and when it is exported.
func ChangedAt(b *Backup) Opt[time.Time] {
	if b.UpdatedAt.Set {
		return b.UpdatedAt
	}
	return b.CreatedAt
}

// BegunAt is since when a backup is in the status that it is on the way from, as far as its
// row says; null where it does not.
func BegunAt(b *Backup) Opt[time.Time] {
	if b.Status == StatusCreating {
		return b.CreatedAt
	}
	return ChangedAt(b)
}

// Backup counts a backup.
func (t *Tally) Backup(b *Backup) {
	t.Backups.add(b.Size)
	count(t.Statuses, b.Status, b.Size)
	p := t.project(b.ProjectID, b.ProjectName.Or(""))
	p.Backups.add(b.Size)
	failed := Failed(b.Status)
	if failed {
		t.Failed++
		p.Failed++
		if at := ChangedAt(b); at.Set && !at.V.Before(t.Since) {
			t.FailedSince++
			t.FailedRows = few(t.FailedRows, *b, func(a, b *Backup) int { return byTime(ChangedAt(b), ChangedAt(a), b.ID, a.ID) })
		}
	}
	if InTransit(b.Status) {
		t.Running++
		t.RunningRows = few(t.RunningRows, *b, func(a, b *Backup) int { return byTime(BegunAt(a), BegunAt(b), a.ID, b.ID) })
	}
	if at := b.CreatedAt; at.Set && t.Now.Sub(at.V) < (MadeDays+1)*24*time.Hour {
		if i, ok := t.days[DayOf(at.V)]; ok {
			m := &t.Made[i]
			m.Rows, m.GiB = m.Rows+1, m.GiB+b.Size
			if failed {
				m.Failed++
			}
		}
	}
}

// Volume counts a volume; newest is when the newest of its available backups was made, null
// if it has none, and proof what drills say of them.
func (t *Tally) Volume(v *Volume, newest Opt[time.Time], proof Proof) {
	t.Volumes.add(v.Size)
	count(t.VolumeStatuses, v.Status, v.Size)
	p := t.project(v.ProjectID, v.ProjectName.Or(""))
	p.Volumes.add(v.Size)
	n := NamedVolume{ID: v.ID, Name: v.Name, Project: v.ProjectID, Status: v.Status, GiB: v.Size, Newest: newest}
	if v.Status == "error_restoring" || v.Status == "error_backing-up" {
		t.VolumesFailed++
		t.FailedVolumes = few(t.FailedVolumes, n, func(a, b *NamedVolume) int { return cmp.Compare(a.ID, b.ID) })
	}
	switch {
	case proof.Proven.Set && t.Now.Sub(proof.Proven.V) <= ProvenDays*24*time.Hour:
		t.ProvenLately++
	case newest.Set && !proof.Proven.Set:
		t.NotProven++
		if proof.Restored.Set {
			t.OnlyRestored++
		}
	}
	switch {
	case !newest.Set:
		t.Unprotected++
		p.Unprotected++
		t.UnprotectedOf = few(t.UnprotectedOf, n, func(a, b *NamedVolume) int {
			return cmp.Or(cmp.Compare(b.GiB, a.GiB), cmp.Compare(a.ID, b.ID))
		})
	case t.Oldest.ID == "" || byTime(newest, t.Oldest.Newest, v.ID, t.Oldest.ID) < 0:
		t.Oldest = n
	}
}

// Projects are the projects that the rows name, those with most backups first; the last may
// stand for many that are counted together.
func (t *Tally) Projects() (out []ProjectSum) {
	for _, p := range t.projects {
		out = append(out, *p)
	}
	slices.SortFunc(out, func(a, b ProjectSum) int {
		return cmp.Or(cmp.Compare(b.Backups.Rows, a.Backups.Rows), cmp.Compare(b.Volumes.Rows, a.Volumes.Rows), cmp.Compare(a.ID, b.ID))
	})
	if t.other.Backups.Rows+t.other.Volumes.Rows > 0 {
		other := t.other
		other.Others = len(t.others)
		out = append(out, other)
	}
	return out
}

// Ranked are the statuses of a count, those of most rows first.
func Ranked(sums map[string]Sum) (out []string) {
	for status := range sums {
		out = append(out, status)
	}
	slices.SortFunc(out, func(a, b string) int { return cmp.Or(cmp.Compare(sums[b].Rows, sums[a].Rows), cmp.Compare(a, b)) })
	return out
}

// OtherStatuses is what the statuses beyond those that a tally keeps are counted under.
const OtherStatuses = "(others)"

func count(sums map[string]Sum, status string, gib int64) {
	if _, ok := sums[status]; !ok && len(sums) >= mostStatuses {
		status = OtherStatuses
	}
	s := sums[status]
	s.add(gib)
	sums[status] = s
}

func (t *Tally) project(id ProjectID, name string) *ProjectSum {
	p := t.projects[id]
	switch {
	case p == nil && len(t.projects) >= mostProjects:
		if len(t.others) < mostProjects {
			t.others[id] = struct{}{}
		}
		return &t.other
	case p == nil:
		p = &ProjectSum{ID: id}
		t.projects[id] = p
	}
	if p.Name == "" {
		p.Name = name
	}
	return p
}

// few keeps those of some rows that come first, in order.
func few[T any](rows []T, row T, compare func(a, b *T) int) []T {
	i, _ := slices.BinarySearchFunc(rows, row, func(a, b T) int { return compare(&a, &b) })
	if i >= mostNamed {
		return rows
	}
	rows = slices.Insert(rows, i, row)
	return rows[:min(len(rows), mostNamed)]
}

// byTime compares times, those that lack last, and then ids.
func byTime[T cmp.Ordered](a, b Opt[time.Time], x, y T) int {
	switch {
	case a.Set != b.Set && a.Set:
		return -1
	case a.Set != b.Set:
		return 1
	}
	return cmp.Or(a.V.Compare(b.V), cmp.Compare(x, y))
}

// provenText says how many volumes were proven lately, and of those that never were, how many
// came back unproven.
func (t *Tally) provenText() string {
	text := fmt.Sprintf("%s proven in the last %d days", Count(t.ProvenLately, "volume"), ProvenDays)
	switch {
	case t.OnlyRestored == 1:
		text += ", 1 of those that never were was restored, not compared"
	case t.OnlyRestored > 1:
		text += fmt.Sprintf(", %d of those that never were were restored, not compared", t.OnlyRestored)
	}
	return text
}
