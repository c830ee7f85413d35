package core

import (
	"slices"
	"strings"
	"time"
)

// Point is a backup in the time of its volume.
type Point struct {
	Backup Backup
	At     time.Time // when it was begun
	// Base is the full backup that its chain begins with; "" where that is not known, or not
	// among the backups.
	Base BackupID
	// Took is how long it took at most: its row may have been changed since it ended. Null
	// where the row does not tell.
	Took Opt[time.Duration]
	// Waited is how long there was none before it, where that was a gap; 0: it was none.
	Waited time.Duration
}

// Failed reports whether the backup failed.
func (p *Point) Failed() bool { return Failed(p.Backup.Status) }

// Gap is a time without a backup that ended well, longer than is usual.
type Gap struct {
	From, To time.Time
	Open     bool // none has come since: To is now
}

// Lasts is how long the gap is.
func (g *Gap) Lasts() time.Duration { return g.To.Sub(g.From) }

// GapRule says in words what a gap is.
const GapRule = "a gap is a time without a backup that is half as long again as is usual for the volume"

// fewestSpans is of how many spans between backups at least a rhythm is made.
const fewestSpans = 3

// Timeline is a volume's backups in time.
type Timeline struct {
	Points  []Point // oldest first
	Undated int     // backups of which nobody knows when they were begun
	Rhythm  Fact[time.Duration]
	Gaps    []Gap // oldest first
	Now     time.Time
}

// counts reports whether a backup is one that the rhythm is made of.
func (p *Point) counts() bool {
	return p.Backup.Status == StatusAvailable || p.Backup.Status == StatusRestoring
}

// NewTimeline puts the backups of one volume in time.
func NewTimeline(backups []Backup, now time.Time) Timeline {
	t := Timeline{Now: now.UTC()}
	bases := map[BackupID]*Backup{}
	for i := range backups {
		bases[backups[i].ID] = &backups[i]
	}
	for i := range backups {
		b := &backups[i]
		switch {
		case b.Deleted:
			continue
		case !b.CreatedAt.Set:
			t.Undated++
			continue
		}
		p := Point{Backup: *b, At: b.CreatedAt.V.UTC(), Base: baseOf(b, bases)}
		if b.Status == StatusAvailable && b.UpdatedAt.Set && b.UpdatedAt.V.After(b.CreatedAt.V) {
			p.Took = Some(b.UpdatedAt.V.Sub(b.CreatedAt.V))
		}
		t.Points = append(t.Points, p)
	}
	slices.SortStableFunc(t.Points, func(a, b Point) int {
		if c := a.At.Compare(b.At); c != 0 {
			return c
		}
		return strings.Compare(string(a.Backup.ID), string(b.Backup.ID))
	})
	t.beat()
	return t
}

// baseOf follows the parents of a backup to a full one.
func baseOf(b *Backup, all map[BackupID]*Backup) BackupID {
	seen := map[BackupID]bool{}
	for b != nil && !seen[b.ID] {
		if !b.Incremental && b.ParentID == "" {
			return b.ID
		}
		seen[b.ID] = true
		b = all[b.ParentID]
	}
	return ""
}

// beat finds the rhythm, and the gaps.
func (t *Timeline) beat() {
	var good []int
	var at []time.Time
	for i := range t.Points {
		if t.Points[i].counts() {
			good, at = append(good, i), append(at, t.Points[i].At)
		}
	}
	t.Rhythm, t.Gaps = rhythm(at, t.Now)
	for n := 1; n < len(good); n++ {
		if p, waited := &t.Points[good[n]], at[n].Sub(at[n-1]); t.Rhythm.Known && waited > late(t.Rhythm.V) {
			p.Waited = waited
		}
	}
}

// late is after how long it is a gap.
func late(usual time.Duration) time.Duration { return usual + usual/2 }

// rhythm is the time from one to the next that is usual, the median, and the gaps that there
// are beside it; the times are those of what ended well, oldest first.
func rhythm(at []time.Time, now time.Time) (usual Fact[time.Duration], gaps []Gap) {
	var spans []time.Duration
	for n := 1; n < len(at); n++ {
		spans = append(spans, at[n].Sub(at[n-1]))
	}
	if len(spans) < fewestSpans {
		return NotKnown[time.Duration](Count(len(at), "backup") + " of it ended well, and a rhythm wants four"), nil
	}
	slices.Sort(spans)
	usual = Knows(spans[len(spans)/2])
	for n := 1; n < len(at); n++ {
		if at[n].Sub(at[n-1]) > late(usual.V) {
			gaps = append(gaps, Gap{From: at[n-1], To: at[n]})
		}
	}
	if last := at[len(at)-1]; now.Sub(last) > late(usual.V) {
		gaps = append(gaps, Gap{From: last, To: now, Open: true})
	}
	return usual, gaps
}

// days calls fn with each day that lacks a backup in the gap.
func (g *Gap) days(usual time.Duration, fn func(day int64)) {
	for day := DayNumber(g.From.Add(usual)); day < DayNumber(g.To) || g.Open && day == DayNumber(g.To); day++ {
		fn(day)
	}
}

const daySeconds = 24 * 60 * 60

// On is what there is of a volume on a day of UTC.
type On struct {
	Full, Incremental int // that are there, or on the way
	FailedFull        int
	FailedIncremental int
	Gap               bool // the day is within a gap, from its first missing day on
	Points            []int
}

// DayNumber is the day of a time in UTC, counted from 1970.
func DayNumber(at time.Time) int64 { return at.UTC().Unix() / daySeconds }

// DayAt is the beginning of a day of that number.
func DayAt(n int64) time.Time { return time.Unix(n*daySeconds, 0).UTC() }

// Days are so many days up to the one of a number, oldest first.
func (t *Timeline) Days(last int64, n int) []On {
	out := make([]On, max(n, 0))
	first := last - int64(n) + 1
	for i := range t.Points {
		at := DayNumber(t.Points[i].At) - first
		if at < 0 || at >= int64(n) {
			continue
		}
		d, p := &out[at], &t.Points[i]
		d.Points = append(d.Points, i)
		switch {
		case p.Failed() && p.Backup.Incremental:
			d.FailedIncremental++
		case p.Failed():
			d.FailedFull++
		case p.Backup.Incremental:
			d.Incremental++
		default:
			d.Full++
		}
	}
	for i := range t.Gaps {
		t.Gaps[i].days(t.Rhythm.V, func(day int64) {
			if at := day - first; at >= 0 && at < int64(n) {
				out[at].Gap = true
			}
		})
	}
	return out
}

// Chain says of each point whether it is of the chain of one: what it stands on, and all
// that stands on the same full backup.
func (t *Timeline) Chain(of int) []bool {
	out := make([]bool, len(t.Points))
	if of < 0 || of >= len(t.Points) {
		return out
	}
	out[of] = true
	for i := range t.Points {
		if base := t.Points[of].Base; base != "" && t.Points[i].Base == base {
			out[i] = true
		}
	}
	return out
}
