package jobs_test

import (
	"reflect"
	"runtime"
	"testing"

	"hearth/core"
	"hearth/store/jobs"
)

// heap is what is held now.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestArrivalsBounded: a plan of a copy holds rows and the records' texts, and not what they
// decode to, which is several times as much; and the same goes for one of a recovery. What
// is said of each is what a preflight of all of them says.
func TestArrivalsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("what a backup takes is measured, and the race detector takes more")
	}
	const n = 1500
	from, fromDesk := storeDesk(t, n)
	_, to := emptyDesk(t)
	found := exportedRecords(t, from)
	var ids []core.BackupID
	for i := range found {
		ids = append(ids, found[i].Decoded.ID())
	}
	for name, plan := range map[string]func() (jobs.Transfer, error){
		"copy": func() (jobs.Transfer, error) {
			return jobs.PlanCopy(t.Context(), fromDesk, to, jobs.Picked{IDs: ids}, jobs.CopyOptions{}, nil)
		},
		"recovery": func() (jobs.Transfer, error) {
			r, err := jobs.PlanRecovery(t.Context(), jobs.FromPlace(fromDesk), to, jobs.RecoverOptions{}, nil)
			r.Compared = nil
			return r.Transfer, err
		},
	} {
		before := heap()
		made, err := plan()
		ok(t, err)
		if len(made.Items) != len(ids) {
			t.Fatalf("a %s is of %d backups, and not of %d", name, len(made.Items), len(ids))
		}
		each := int(heap()-before) / len(ids)
		t.Logf("a %s holds %d bytes of each", name, each)
		if each > 6000 {
			t.Errorf("a %s holds %d bytes of each", name, each)
		}
		paste, at := make([]core.Found, len(made.Items)), map[core.BackupID]int{}
		for i := range made.Items {
			paste[i], at[made.Items[i].ID] = made.Items[i].Record(), i
		}
		for i, want := range core.Preflight(paste, made.Facts) {
			got := made.Items[i].Whole()
			if got.ID != want.ID || got.Name != want.Name || got.Parent != want.Parent || got.Size != want.Size ||
				got.Level() != want.Level() || !reflect.DeepEqual(got.Found, want.Found) || len(got.Findings) != len(want.Findings) {
				t.Fatalf("a %s says of backup %d\n%+v, and a preflight\n%+v", name, i, got, want)
			}
		}
		runtime.KeepAlive(made)
	}
}

// TestCopyAll: all that a plan of a copy has goes, whole, in one transaction and with one entry.
func TestCopyAll(t *testing.T) {
	from, fromDesk := storeDesk(t, 1300)
	place, to := emptyDesk(t)
	var ids []core.BackupID
	for _, f := range exportedRecords(t, from) {
		ids = append(ids, f.Decoded.ID())
	}
	plan, err := jobs.PlanCopy(t.Context(), fromDesk, to, jobs.Picked{IDs: ids}, jobs.CopyOptions{}, nil)
	ok(t, err)
	results, err := jobs.Copy(t.Context(), to, &plan, nil)
	ok(t, err)
	page, err := place.Backups(t.Context(), core.Query{})
	ok(t, err)
	if len(results) != len(ids) || page.Total != len(ids) {
		t.Errorf("%d results and %d rows of %d backups", len(results), page.Total, len(ids))
	}
	for i := range results {
		if r := &results[i]; r.Err != nil || r.Status != core.StatusAvailable || r.Name != plan.Items[i].Name {
			t.Fatalf("%+v of %s", r, plan.Items[i].ID)
		}
		if kept, err := to.Archive.Records(t.Context(), "", results[i].ID); i%100 == 0 && (err != nil || len(kept) != 1) {
			t.Errorf("%d records of %s are kept, %v", len(kept), results[i].ID, err)
		}
	}
}
