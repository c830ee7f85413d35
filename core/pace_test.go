package core

import (
	"testing"
	"time"
)

// TestPace: of a place that is fast, slow, bursty or stalls, the time left is
// right within a factor of two whenever it is said; and of an even one it is said.
func TestPace(t *testing.T) {
	began := time.Date(2026, time.November, 22, 9, 0, 0, 0, time.UTC)
	at := func(seconds float64) time.Time { return began.Add(time.Duration(seconds * float64(time.Second))) }
	even := func(n int, each float64) (out []float64) {
		for i := range n {
			out = append(out, float64(i+1)*each)
		}
		return out
	}
	bursts := func(n, of int, each float64) (out []float64) {
		for i := range n {
			out = append(out, float64(i/of+1)*each)
		}
		return out
	}
	stalls := func(n, until int, each, pause float64) (out []float64) {
		for i := range n {
			x := float64(i+1) * each
			if i >= until {
				x += pause
			}
			out = append(out, x)
		}
		return out
	}
	for name, c := range map[string]struct {
		ends  []float64 // of each thing, in seconds
		after float64   // what was said before that could not know of what comes
		says  bool      // it has to be said at some time
	}{
		"even": {even(200, 1), 0, true}, "fast": {even(5000, 0.02), 0, true}, "slow": {even(60, 45), 0, true}, "few": {even(4, 30), 0, false},
		"in bursts": {bursts(2000, 10, 5), 0, true}, "in two bursts": {bursts(200, 100, 60), 0, false},
		"in five bursts":      {bursts(200, 40, 60), 0, false},
		"stalls":              {stalls(400, 200, 1, 300), 203.5, false},
		"stalls early":        {stalls(2000, 100, 0.5, 300), 52.5, true},
		"stalls, and is slow": {stalls(80, 40, 30, 3600), 1295, false},
	} {
		t.Run(name, func(t *testing.T) {
			var p Pace
			p.Note(began, 0, int64(len(c.ends)))
			end, done, said := c.ends[len(c.ends)-1], 0, 0
			for now := 0.25; now < end; now += 0.25 {
				for done < len(c.ends) && c.ends[done] <= now {
					done++
					p.Note(at(c.ends[done-1]), int64(done), int64(len(c.ends)))
				}
				_, left, ok := p.Known(at(now))
				if !ok {
					continue
				}
				said++
				if truth := end - now; now >= c.after && (left.Seconds() > 2*truth+1 || left.Seconds() < truth/2-1) {
					t.Fatalf("after %.2f s, with %d of %d done: %v left, and it is %.1f s", now, done, len(c.ends), left, truth)
				}
			}
			if (said > 0) != c.says && (c.says || c.after == 0) {
				t.Errorf("it is said %d times", said)
			}
			if len(p.marks) > mostMarks {
				t.Errorf("%d marks", len(p.marks))
			}
		})
	}
	// While it stalls nothing is said.
	var p Pace
	for i := range 100 {
		p.Note(at(float64(i)), int64(i), 200)
	}
	if p.Text(at(99.5)) == "" || p.Text(at(103.5)) != "" {
		t.Errorf("%q, then %q", p.Text(at(99.5)), p.Text(at(103.5)))
	}
	if got := p.Text(at(99.5)); got != "1.0/s, about 1m left" && got != "1.0/s, about 100s left" {
		t.Error(got)
	}
}
