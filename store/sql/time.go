package sql

import (
	"time"

	"hearth/core"
)

// stampLayout is how SQLAlchemy writes a DATETIME into SQLite.
const stampLayout = "2006-01-02 15:04:05.000000"

// stampPattern is what GLOB knows such a text by.
const stampPattern = "????-??-?? ??:??:??.??????"

// stamp writes a time as a row holds it.
func stamp(t time.Time) string { return t.UTC().Format(stampLayout) }

// stampUp is the stamp of the first time not before t that a row can hold.
func stampUp(t time.Time) string { return stamp(t.Add(time.Microsecond - time.Nanosecond)) }

// parseStamp reads a DATETIME column's text; other text is null.
func parseStamp(s string) core.Opt[time.Time] {
	for _, layout := range []string{
		"2006-01-02 15:04:05.999999", "2006-01-02T15:04:05.999999", "2006-01-02T15:04:05.999999Z07:00",
		"2006-01-02 15:04:05.999999Z07:00", "2006-01-02 15:04:05.999999Z07", "2006-01-02",
	} {
		if t, err := time.Parse(layout, s); err == nil {
			return core.Some(t.UTC().Truncate(time.Microsecond))
		}
	}
	return core.Opt[time.Time]{}
}
