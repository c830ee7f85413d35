package ui

import (
	"testing"
	"time"
)

// TestTaskPace: a task's bytes are told as such, with their rate and the time that is left.
func TestTaskPace(t *testing.T) {
	began := time.Date(2026, time.November, 22, 9, 0, 0, 0, time.UTC)
	at := func(seconds float64) time.Time { return began.Add(time.Duration(seconds * float64(time.Second))) }
	var b Task
	for i := range 100 {
		b.Heard(at(float64(i)), Step{Bytes: int64(i) * 3_000_000, Of: 600_000_000}, nil)
	}
	if got := b.Pace.Text(at(99.5)); got != "3.0 MB/s, about 100s left" && got != "3.0 MB/s, about 1m left" {
		t.Error(got)
	}
	if got := b.Step.Amount(); got != "297 MB of 600 MB" || b.Step.Gauge(8, "#", ".") != "###....." {
		t.Errorf("%s %s", got, b.Step.Gauge(8, "#", "."))
	}
	if got := (Step{Done: 3, Total: 10, Bytes: 5, Of: 7}).Amount(); got != "3 of 10, 5 bytes of 7 bytes" {
		t.Error(got)
	}
}
