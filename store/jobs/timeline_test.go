package jobs_test

import (
	"strings"
	"testing"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/store/memory"
)

// TestStrips: each volume has its line, in every sort of place, and each backup is counted in
// one; a repository knows of no volumes, and says so.
func TestStrips(t *testing.T) {
	_, cloud := cloudDesk(t)
	_, own := ownDesk(t)
	_, their := theirDesk(t)
	world := memory.World{Backups: allOf(t, cloud), Now: clock}
	repo := jobs.Desk{Place: memory.NewRepository(world, nil), Pace: jobs.Pace{Now: clock}}
	for what, d := range map[string]jobs.Desk{"cloud": cloud, "own": own, "their": their, "repository": repo} {
		r, err := d.Strips(t.Context(), nil)
		ok(t, err)
		rows, n, gone := allOf(t, d), 0, 0
		for i := range r.Rows {
			n += r.Rows[i].Backups
			if r.Rows[i].Gone {
				gone++
			}
		}
		if n != len(rows) || n == 0 || r.Short != "" {
			t.Errorf("%s: %d backups in the lines, and %d in the list: %s", what, n, len(rows), r.Short)
		}
		if known := r.NoVolumes == ""; known == (what == "repository") || !known && gone > 0 {
			t.Errorf("%s: volumes: %q, %d are gone", what, r.NoVolumes, gone)
		}
	}
}

func allOf(t *testing.T, d jobs.Desk) []core.Backup {
	t.Helper()
	page, err := d.Backups(t.Context(), core.Query{})
	ok(t, err)
	return page.Rows
}

// TestVolumeTime has all backups of a volume and none of others, and says why drills are not
// known.
func TestVolumeTime(t *testing.T) {
	_, d := cloudDesk(t)
	of := map[core.VolumeID]int{}
	for _, b := range allOf(t, d) {
		of[b.VolumeID]++
	}
	for id, n := range of {
		l, err := d.VolumeTime(t.Context(), id)
		ok(t, err)
		if got := len(l.Points) + l.Undated; got != n || l.NoDrills != "" {
			t.Errorf("%s: %d backups, and the list has %d; %s", id, got, n, l.NoDrills)
		}
	}
	d.Archive = nil
	for id := range of {
		if l, err := d.VolumeTime(t.Context(), id); err != nil || !strings.Contains(l.NoDrills, "archive") {
			t.Errorf("%q, %v", l.NoDrills, err)
		}
		break
	}
}
