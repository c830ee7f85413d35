package ui

import (
	"time"

	"hearth/core"
)

// Look is all that drawing needs: a theme made ready to paint with, the time that
// ages are told against, and the zone that times are written in. What draws is a
// function of it.
type Look struct {
	*Styles
	Now   time.Time // when the clock last ticked
	Local bool      // times in local time instead of UTC
	// Reveal shows secrets as they are, which else are masked.
	Reveal bool
}

// Zone is the zone that times are shown in.
func (l Look) Zone() string {
	if !l.Local {
		return "UTC"
	}
	name, _ := l.Now.In(time.Local).Zone()
	return name
}

// Clock writes a point in time, in the zone that the title bar says.
func (l Look) Clock(t core.Opt[time.Time]) string {
	if !t.Set {
		return "-"
	}
	at := t.V.UTC()
	if l.Local {
		at = at.Local()
	}
	return at.Format("2006-01-02 15:04:05")
}

// Since is a point in time with its age, for details.
func (l Look) Since(t core.Opt[time.Time]) string {
	if !t.Set {
		return l.Dim.Paint("-")
	}
	return l.Clock(t) + "  " + l.Dim.Paint(l.Age(t)+" ago")
}

// Age tells how long ago something was: 45s, 12m, 5h, 30d, 2y.
func (l Look) Age(t core.Opt[time.Time]) string {
	if !t.Set {
		return "-"
	}
	return Span(l.Now.Sub(t.V))
}

// Span tells a length of time by its largest unit.
func Span(d time.Duration) string { return core.Span(d) }
