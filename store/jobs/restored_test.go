package jobs_test

import (
	"context"
	"testing"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/memory"
	"hearth/store/storetest"
)

// lateMetadata is a cloud that shows what a restore noted on the volume only some looks after the
// volume has become available.
type lateMetadata struct {
	*memory.Cloud
	looks, shown int
}

func (l *lateMetadata) Volume(ctx context.Context, id core.VolumeID) (core.Volume, error) {
	v, err := l.Cloud.Volume(ctx, id)
	if core.RestoredFrom(&v) == "" || v.Status != core.StatusAvailable {
		return v, err
	}
	if l.looks++; l.looks < l.shown {
		v.Metadata = &pyjson.Object{}
	}
	return v, err
}

// TestRestoreShownLate: what a restore wrote last is waited for a moment before it is said
// to be missing, and no longer than that.
func TestRestoreShownLate(t *testing.T) {
	for shown, differs := range map[int]bool{1: false, 3: false, 4: false, 9: true} {
		c, d := cloudDesk(t)
		l := &lateMetadata{Cloud: c, shown: shown}
		d.Place = l
		report, err := restoreJob(t, d, core.RestoreRequest{Backup: storetest.Second})
		if (core.CodeOf(err) == core.CodePartial) != differs || (len(report.Differing()) > 0) != differs {
			t.Errorf("shown at look %d: %v, %d differ after %d looks", shown, err, len(report.Differing()), l.looks)
		}
	}
}
