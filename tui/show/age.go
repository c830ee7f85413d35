package show

import (
	"time"

	"hearth/core"
	"hearth/tui/ui"
)

// Fresh is how often what a place says of its rows is read anew while it is shown. A
// status that is older has its age beside it: it may have changed since.
const Fresh = 20 * time.Second

// AsOf says how old something is that was read at a time; "" while it is fresh, and
// nothing says that it may not be.
func AsOf(l ui.Look, at core.Opt[time.Time], doubt bool) string {
	if !at.Set || l.Now.Sub(at.V) <= Fresh && !doubt {
		return ""
	}
	return l.Warn.Paint("  as of " + l.Clock(at) + ", " + l.Age(at) + " ago")
}
