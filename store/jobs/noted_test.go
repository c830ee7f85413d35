package jobs_test

import (
	"testing"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/store/memory"
	"hearth/store/storetest"
)

// TestNotedPlan: where a cloud's manager notes the backup in the volume's metadata,
// the plan has it as a row, and the restore comes out like that; where hearth writes
// the metadata itself it has not, and an old cloud does neither.
func TestNotedPlan(t *testing.T) {
	const key = "src_backup_id"
	_, d := cloudDesk(t, func(w *memory.World) {
		for i := range w.Volumes {
			w.Volumes[i].Size = 1000 // large enough for any backup
		}
	})
	for _, k := range storetest.Standard().Captures {
		k.Place = "cloud:memory"
		_, err := d.Archive.KeepCapture(t.Context(), k)
		ok(t, err)
	}
	request := jobs.PlanRequest{Backup: storetest.Second, Onto: storetest.WebRoot, Via: core.ViaDatabase}
	p := plan(t, d, request)
	f := p.Field(core.UserSection, key)
	if f == nil || f.Certainty != core.Certain || !f.After.Set || f.After.V.Text() != string(storetest.Second) {
		t.Fatalf("onto another volume: %+v", f)
	}
	report, err := d.Restore(t.Context(), core.RestoreRequest{Backup: storetest.Second, Volume: storetest.WebRoot}, p, true, nil)
	ok(t, err)
	for _, x := range report.Fields {
		if x.Came == core.CameNot {
			t.Errorf("%s is planned as %v and came out as %v", x.Name, x.Planned, x.Actual)
		}
	}
	made := plan(t, d, jobs.PlanRequest{Backup: storetest.Second, Name: "n"})
	if f = made.Field(core.UserSection, key); f == nil || f.Certainty != core.Certain {
		t.Errorf("to a new volume: %+v", f)
	}
	own := plan(t, d, jobs.PlanRequest{Backup: storetest.Second, Onto: storetest.Database, Via: core.ViaDatabase})
	if f = own.Field(core.UserSection, key); f != nil && f.After.Set {
		t.Errorf("onto its own volume, which has none: %+v", f)
	}
	request.Via = core.ViaAPI
	if f = plan(t, d, request).Field(core.UserSection, key); f != nil && f.Why != "" && f.Verdict.Changes() && f.After.Set {
		t.Errorf("metadata only: %+v", f)
	}
	_, embedded := ownDesk(t)
	stored := plan(t, embedded, jobs.PlanRequest{Backup: storetest.Second, Onto: storetest.WebRoot})
	if f = stored.Field(core.UserSection, key); f != nil && f.After.Set {
		t.Errorf("in a store of hearth's own: %+v", f)
	}
	for version, want := range map[string]core.Noting{"3.59": core.NotNoted, "3.60": core.ManagerNotes, "3.71": core.ManagerNotes,
		"": core.MaybeNoted} {
		if got := core.NotingOf(version); got != want {
			t.Errorf("a cloud at %q: %d, want %d", version, got, want)
		}
	}
}
