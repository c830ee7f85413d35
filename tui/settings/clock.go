package settings

import "time"

// clock is when hearth takes it to be as it begins, in RFC 3339; "" is what the machine says.
// Only the linker sets it (-X hearth/tui/settings.clock=…), for the test that keeps frames of
// the real program: with another clock it draws other frames.
var clock string

// began is when it began, by the machine.
var began = time.Now()

// Now is the time.
func Now() time.Time {
	if clock == "" {
		return time.Now()
	}
	at, err := time.Parse(time.RFC3339, clock)
	if err != nil {
		panic(err) // whoever linked it so reads this
	}
	return at.Add(time.Since(began))
}
