package core

import (
	"testing"
	"time"
)

// TestSoonAfter: of two looks that differ one is Cinder's only where the second came soon
// after the backup's end; one that came before it tells of a clock that was set back.
func TestSoonAfter(t *testing.T) {
	end := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for after, want := range map[time.Duration]Evidence{0: EvidenceEither, lookSoon: EvidenceEither, lookSoon + 1: EvidenceLate,
		-1: EvidenceLate, -time.Hour: EvidenceLate} {
		k := KeptCapture{Capture: Capture{Source: Source{Kind: SourceTaken}},
			Again: Again{State: AgainDiffers, At: Some(end.Add(after)), Ended: Some(end)}}
		if got := k.Evidence(); got != want {
			t.Errorf("a look %v after the end: %s, want %s", after, got, want)
		}
	}
}
