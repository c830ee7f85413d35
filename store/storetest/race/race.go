// Package race says whether the race detector watches the tests. Like store/storetest/peak
// it stands apart, for every package's tests.
package race

import (
	"testing"
	"time"
)

// Once skips a test in which one goroutine does much, under the race detector: it has nothing
// to find there, and makes it take some ten times as long.
func Once(t testing.TB) {
	t.Helper()
	if Watches {
		t.Skip("one goroutine does all of it: nothing is there to race with")
	}
}

// Longer is a time that something may take, and ten times that under the race detector.
func Longer(d time.Duration) time.Duration {
	if Watches {
		return 10 * d
	}
	return d
}
