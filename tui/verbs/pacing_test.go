package verbs

import (
	"bytes"
	"regexp"
	"strconv"
	"testing"
	"time"

	"hearth/core"
)

var leftSaid = regexp.MustCompile(`/s, about (\d+)([smhd]) left\n$`)

// TestExtractPace: of a place that is even, slow, bursty or stalls, the time left that an extraction
// tells is right within a factor of two, or it is not told.
func TestExtractPace(t *testing.T) {
	const of = 400 << 20
	unit := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}
	for name, c := range map[string]struct {
		at   func(i int) float64 // when the so manieth MiB is there, in seconds
		told bool
		// since: what was told before this second could not know of what comes; 0: it is always right
		since float64
		there int // MiB that an earlier try left
	}{
		"even":           {func(i int) float64 { return float64(i) / 4 }, true, 0, 0},
		"slow":           {func(i int) float64 { return float64(i) * 30 }, true, 0, 0},
		"in few bursts":  {func(i int) float64 { return float64(i/100+1) * 60 }, false, 0, 0},
		"in many bursts": {func(i int) float64 { return float64(i/5+1) * 3 }, true, 0, 0},
		"stalls": {func(i int) float64 {
			if i > 200 {
				return float64(i)/4 + 900
			}
			return float64(i) / 4
		}, true, 50.1, 0},
		"goes on with an earlier try": {func(i int) float64 { return float64(max(i-200, 0))/4 + float64(min(i, 200))/1000 }, true, 0, 200},
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Date(2026, time.November, 22, 9, 0, 0, 0, time.UTC)
			now, told := began, 0
			var out bytes.Buffer
			e := &Env{Err: &out, Now: func() time.Time { return now }}
			tell := e.pacing(int64(c.there) << 20)
			end := c.at(of >> 20)
			for i := 0; i < of>>20; i++ {
				now = began.Add(time.Duration(c.at(i) * float64(time.Second)))
				out.Reset()
				tell(core.ImageProgress{Done: int64(i) << 20, Of: of})
				m := leftSaid.FindStringSubmatch(out.String())
				if m == nil {
					continue
				}
				told++
				n, _ := strconv.Atoi(m[1])
				least := time.Duration(n) * unit[m[2]]
				truth := time.Duration((end - c.at(i)) * float64(time.Second))
				if c.at(i) >= c.since && (least > 2*truth+time.Second || least+unit[m[2]] < truth/2-time.Second) {
					t.Fatalf("after %v: %q, and it is %v", now.Sub(began), out.String(), truth)
				}
			}
			if (told > 0) != c.told {
				t.Errorf("it is told %d times", told)
			}
		})
	}
}
