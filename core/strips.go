package core

import (
	"cmp"
	"slices"
	"time"
)

// StripDays is how many days a strip has.
const StripDays = 200

// What there is on a day of a strip.
const (
	DayFull byte = 1 << iota
	DayIncremental
	DayFailed
	DayGap
)

// Strip is a volume's backups in a line: a byte a day.
type Strip struct {
	Volume  VolumeID
	Name    Opt[string]
	Project ProjectID
	Gone    bool            // the place has no such volume, only its backups
	Days    [StripDays]byte // oldest first; the last one is today
	Backups int
	Failed  int
	Newest  Opt[time.Time] // of those that ended well
	Rhythm  Fact[time.Duration]
	Overdue bool // a gap goes on now
	good    []time.Time
}

// Title is the volume's name for people, or its id where it has none.
func (s *Strip) Title() string { return cmp.Or(s.Name.Or(""), string(s.Volume)) }

// Strips collects the rows of a place, in any order, to a line a volume. [NewStrips] makes one.
type Strips struct {
	Now time.Time
	// Volumes says that the place's volumes were read: then one that was not is gone, and
	// one without a backup has its line.
	Volumes bool
	by      map[VolumeID]*Strip
}

// NewStrips are the strips of a place of which nothing was read yet.
func NewStrips(now time.Time) *Strips { return &Strips{Now: now.UTC(), by: map[VolumeID]*Strip{}} }

func (s *Strips) of(id VolumeID) *Strip {
	x := s.by[id]
	if x == nil {
		x = &Strip{Volume: id, Gone: true}
		s.by[id] = x
	}
	return x
}

// Volume adds a volume.
func (s *Strips) Volume(v *Volume) {
	x := s.of(v.ID)
	x.Name, x.Project, x.Gone = v.Name, v.ProjectID, false
}

// Backup adds a backup.
func (s *Strips) Backup(b *Backup) {
	if b.Deleted {
		return
	}
	x := s.of(b.VolumeID)
	x.Backups++
	if x.Gone {
		x.Project = b.ProjectID
		if b.VolumeName.Set {
			x.Name = b.VolumeName
		}
	}
	kind := DayFull
	if b.Incremental {
		kind = DayIncremental
	}
	if Failed(b.Status) {
		x.Failed++
		kind = DayFailed
	}
	if !b.CreatedAt.Set { // it is counted, and has no day
		return
	}
	if i := StripDays - 1 - (DayNumber(s.Now) - DayNumber(b.CreatedAt.V)); i >= 0 && i < StripDays {
		x.Days[i] |= kind
	}
	if b.Status == StatusAvailable || b.Status == StatusRestoring {
		x.good = append(x.good, b.CreatedAt.V.UTC())
	}
}

// All are the strips, with their gaps: those whose newest backup is overdue first, those
// that have waited longest before others, then volumes without any, then the others by name.
func (s *Strips) All() (out []Strip) {
	today := DayNumber(s.Now)
	for _, x := range s.by {
		if x.Gone = x.Gone && s.Volumes; x.Gone && x.Backups == 0 {
			continue
		}
		slices.SortFunc(x.good, time.Time.Compare)
		var gaps []Gap
		x.Rhythm, gaps = rhythm(x.good, s.Now)
		if n := len(x.good); n > 0 {
			x.Newest = Some(x.good[n-1])
		}
		for i := range gaps {
			x.Overdue = x.Overdue || gaps[i].Open
			gaps[i].days(x.Rhythm.V, func(day int64) {
				if at := StripDays - 1 - (today - day); at >= 0 && at < StripDays {
					x.Days[at] |= DayGap
				}
			})
		}
		out = append(out, *x)
	}
	slices.SortFunc(out, func(a, b Strip) int {
		if c := cmp.Compare(a.rank(), b.rank()); c != 0 {
			return c
		}
		if a.rank() == 0 {
			if c := a.Newest.V.Compare(b.Newest.V); c != 0 {
				return c
			}
		}
		return cmp.Or(cmp.Compare(Fold(a.Title()), Fold(b.Title())), cmp.Compare(a.Volume, b.Volume))
	})
	return out
}

// rank is where a strip stands in the list: what is overdue, what has none, the rest, what is
// gone.
func (s *Strip) rank() int {
	switch {
	case s.Gone:
		return 3
	case s.Overdue:
		return 0
	case !s.Newest.Set:
		return 1
	}
	return 2
}
