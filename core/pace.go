package core

import (
	"fmt"
	"time"
)

// Pace is how fast work goes on: what was done when, as far as that is needed to say how long
// the rest takes. The zero Pace knows nothing. It has no clock: the time is passed in.
type Pace struct {
	Bytes bool // what is counted are bytes
	total int64
	marks []paceMark // in the order of time, each with more done than the one before
}

type paceMark struct {
	at   time.Time
	done int64
}

// Bounds of what is said of a pace: it is not said of little work, nor of work that comes in
// bursts or has begun to stall, as the rest may take as long as it likes then.
const (
	mostMarks  = 256
	leastMarks = 5
	leastTime  = 5 * time.Second
	uneven     = 1.5 // times that the pace of late may be that of all
)

// Note takes how much was done of how much, and when.
func (p *Pace) Note(at time.Time, done, total int64) {
	n := len(p.marks)
	if total != p.total || n > 0 && done < p.marks[n-1].done { // other work
		p.marks, n = nil, 0
	}
	p.total = total
	if n > 0 && done == p.marks[n-1].done {
		return
	}
	if p.marks = append(p.marks, paceMark{at, done}); n+1 > mostMarks { // every second of them tells as much, more coarsely
		kept := p.marks[:0:0]
		for i, m := range p.marks {
			if i%2 == 0 || i == n {
				kept = append(kept, m)
			}
		}
		p.marks = kept
	}
}

// Known is how many are done in a second, and how long the rest takes if it goes on so; false
// where that cannot be said, within a factor of two.
func (p *Pace) Known(now time.Time) (rate float64, left time.Duration, ok bool) {
	n := len(p.marks)
	if n < leastMarks || p.total <= p.marks[n-1].done {
		return 0, 0, false
	}
	first, last := p.marks[0], p.marks[n-1]
	took := last.at.Sub(first.at)
	if took < leastTime {
		return 0, 0, false
	}
	// The later half, by time: how it goes of late, and its longest pause.
	from, half := first, last.at.Add(-took/2)
	pause := time.Duration(0)
	for i, m := range p.marks {
		if !m.at.After(half) {
			from = m
			continue
		}
		pause = max(pause, m.at.Sub(p.marks[i-1].at))
	}
	late := last.at.Sub(from.at)
	overall := float64(last.done-first.done) / took.Seconds()
	rate = float64(last.done-from.done) / late.Seconds()
	left = time.Duration(float64(p.total-last.done) / rate * float64(time.Second))
	switch idle := now.Sub(last.at); {
	case rate > overall*uneven, overall > rate*uneven: // it grows slower, or faster
		return 0, 0, false
	case pause > late/4, left < 2*pause: // bursts
		return 0, 0, false
	case idle > 3*pause && idle > time.Second: // it stalls
		return 0, 0, false
	default:
		return rate, max(left-idle, 0), true
	}
}

// Text tells the rate and the time left, "" where they are not known.
func (p *Pace) Text(now time.Time) string {
	rate, left, ok := p.Known(now)
	if !ok {
		return ""
	}
	each := fmt.Sprintf("%.0f/s", rate)
	switch {
	case p.Bytes:
		each = Bytes(int64(rate)) + "/s"
	case rate < 1.0/60:
		each = fmt.Sprintf("%.1f/h", rate*3600)
	case rate < 1:
		each = fmt.Sprintf("%.1f/min", rate*60)
	case rate < 10:
		each = fmt.Sprintf("%.1f/s", rate)
	}
	return each + ", about " + Span(left) + " left"
}

// Span tells a length of time by its largest unit, as short as it goes: 40s, 12m, 13h, 9d.
func Span(d time.Duration) string {
	switch {
	case d < 0:
		return "0s"
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	case d < 2*365*24*time.Hour:
		return fmt.Sprintf("%dd", int(d.Hours()/24))
	}
	return fmt.Sprintf("%dy", int(d.Hours()/24/365))
}
