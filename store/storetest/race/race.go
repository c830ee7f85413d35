// Package race says whether the race detector watches the tests. Like store/storetest/peak
// it stands apart, for every package's tests.
package race

import "testing"

// Once skips a test in which one goroutine does much, under the race detector: it has nothing
// to find there, and makes it take some ten times as long.
func Once(t testing.TB) {
	t.Helper()
	if Watches {
		t.Skip("one goroutine does all of it: nothing is there to race with")
	}
}
