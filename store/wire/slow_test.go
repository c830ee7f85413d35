package wire

import (
	"testing"
	"time"
)

// TestSlowSays: how long it took is told in a unit that shows it.
func TestSlowSays(t *testing.T) {
	for in, want := range map[time.Duration]string{
		412*time.Millisecond + 300*time.Microsecond: "h sends its answer too slowly: 74 bytes in 412ms",
		1510 * time.Millisecond:                     "h sends its answer too slowly: 74 bytes in 1.51s",
		60400 * time.Millisecond:                    "h sends its answer too slowly: 74 bytes in 1m0s",
	} {
		if got := (&Slow{Host: "h", Got: 74, In: in}).Error(); got != want {
			t.Errorf("%v: %s", in, got)
		}
	}
}
