package core

import (
	"time"

	"hearth/core/pyjson"
)

// Day is what a place came to on a day, at the last look of that day: of these the trends
// are made that no list shows, since what was deleted is in none.
type Day struct {
	Day         string // of UTC, 2026-01-31
	At          time.Time
	Backups     int64
	Available   int64
	Failed      int64 // in an error status
	Running     int64
	GiB         int64      // of the backups, as Cinder counts them for the quota
	Stored      Opt[int64] // bytes in the repository; null: not known
	Volumes     Opt[int64] // null: not known
	Unprotected Opt[int64]
}

// Day is what the tally comes to, for later.
func (t *Tally) Day(volumes bool) Day {
	d := Day{Day: DayOf(t.Now), At: t.Now, Backups: int64(t.Backups.Rows), Available: int64(t.Statuses[StatusAvailable].Rows),
		Failed: int64(t.Failed), Running: int64(t.Running), GiB: t.Backups.GiB}
	if volumes {
		d.Volumes, d.Unprotected = Some(int64(t.Volumes.Rows)), Some(int64(t.Unprotected))
	}
	return d
}

// Object is the day as JSON.
func (d *Day) Object() *pyjson.Object {
	o := &pyjson.Object{}
	o.Set("day", pyjson.OfString(d.Day))
	o.Set("at", pyjson.OfString(APITime(d.At)))
	for _, n := range d.numbers() {
		v := pyjson.None
		if n.opt == nil {
			v = pyjson.OfInt(*n.plain)
		} else if n.opt.Set {
			v = pyjson.OfInt(n.opt.V)
		}
		o.Set(n.key, v)
	}
	return o
}

type dayNumber struct {
	key   string
	plain *int64
	opt   *Opt[int64]
}

func (d *Day) numbers() []dayNumber {
	return []dayNumber{{"backups", &d.Backups, nil}, {"available", &d.Available, nil}, {"failed", &d.Failed, nil},
		{"running", &d.Running, nil}, {"gib", &d.GiB, nil}, {"stored_bytes", nil, &d.Stored}, {"volumes", nil, &d.Volumes},
		{"unprotected", nil, &d.Unprotected}}
}

// DayFrom reads what [Day.Object] wrote; what is missing is zero or null. Its time is
// whoever's it is that kept it.
func DayFrom(o *pyjson.Object) (d Day) {
	day, _ := o.Get("day")
	d.Day = day.Text()
	for _, n := range d.numbers() {
		v, _ := o.Get(n.key)
		i, ok := v.Int64()
		switch {
		case !ok:
		case n.opt == nil:
			*n.plain = i
		default:
			*n.opt = Some(i)
		}
	}
	return d
}
