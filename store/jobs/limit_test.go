package jobs_test

import (
	"testing"
	"time"

	"hearth/store/jobs"
)

// TestLimit: how long a change may take to land is five minutes unless the config says
// otherwise, and what is no time is told.
func TestLimit(t *testing.T) {
	for text, want := range map[string]time.Duration{"": 5 * time.Minute, "90s": 90 * time.Second, "0": 0, "-1s": -1, "soon": -1} {
		c := jobs.Config{SettleAfter: text}
		got, err := c.Limit()
		key, what := c.Check()
		if bad := want < 0; bad != (err != nil) || !bad && got != want || bad != (key == "settle_after") || bad != (what != "") {
			t.Errorf("%q is %v, %v, %q, %q", text, got, err, key, what)
		}
	}
}
