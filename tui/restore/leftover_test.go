package restore

import (
	"strings"
	"testing"

	"hearth/core"
	"hearth/tui/ui"
)

// TestGivenUp: of a restore that was cancelled no more is said than is known: a volume that was
// there is being overwritten, and one that came while nobody heard an answer may be the restore's.
func TestGivenUp(t *testing.T) {
	for _, c := range []struct {
		report core.RestoreReport
		want   string
	}{
		{core.RestoreReport{Volume: "v-1"}, "The restore onto volume db (v-1) goes on"},
		{core.RestoreReport{Volume: "v-1", Inferred: true}, "volume v-1 may be what it made"},
		{core.RestoreReport{}, ""},
	} {
		var done ui.Result
		leaving{}.givenUp(t.Context(), &c.report, "db", &done)
		if got := done.Note.Text; !strings.Contains(got, c.want) || (got == "") != (c.want == "") || done.Then != nil {
			t.Errorf("%+v: %q, and then %v", c.report, got, done.Then)
		}
	}
}
