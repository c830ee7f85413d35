package term

import (
	"runtime"

	"github.com/xo/terminfo"
)

// NoScreens says why a terminal of a type, as TERM has it, cannot show screens; ""
// where it can, or where the system's terminfo does not know it.
func NoScreens(name string) string {
	const cannot = ": it cannot place a cursor"
	switch {
	case runtime.GOOS == "windows": // has no TERM
		return ""
	case name == "":
		return "the terminal does not say what it is: TERM is not set"
	case name == "dumb" || name == "unknown": // not every system has their entries
		return "the terminal is " + name + cannot
	}
	if info, err := terminfo.Load(name); err == nil && len(info.Strings[terminfo.CursorAddress]) == 0 {
		return "the terminal is " + name + cannot
	}
	return ""
}
