package jobs_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"hearth/core"
	"hearth/store"
	"hearth/store/jobs"
	"hearth/store/memory"
	"hearth/store/sql"
)

// ofName leaves alone what is not of a name.
func ofName(part string) func(*core.Backup) string {
	return func(b *core.Backup) string {
		if strings.Contains(b.Name.Or(""), part) {
			return ""
		}
		return "it is no longer of that name"
	}
}

func rename(t *testing.T, p *pair, id core.BackupID, name string) {
	t.Helper()
	ok(t, p.from.EditBackup(t.Context(), id, core.BackupEdit{Name: &name}))
}

// TestCopyPicked: what no longer is what was picked when its turn comes is left alone, in
// the plan and after it, and what stands on such with it; what comes to be like the others
// is left alone too, and a parent that comes along need not be like them.
func TestCopyPicked(t *testing.T) {
	p := twoClouds(t, 8)
	rename(t, p, chained(0), "a parent that comes along")
	rename(t, p, chained(3), "another before the plan")
	picked := jobs.Picked{IDs: []core.BackupID{chained(1), chained(3), chained(4), chained(5)}, Left: ofName("set")}
	plan, err := jobs.PlanCopy(t.Context(), p.fromDesk, p.toDesk, picked, jobs.CopyOptions{Chain: true}, nil)
	ok(t, err)
	if got := plan.Count(); got.Goes != 5 || got.Refused != 1 {
		t.Fatalf("%+v", got)
	}
	rename(t, p, chained(4), "another after the plan")
	rename(t, p, chained(0), "a parent with yet another name")
	results, err := jobs.Copy(t.Context(), p.toDesk, &plan, nil)
	wantCode(t, "with some left alone", err, core.CodePartial)
	said := map[core.BackupID]string{}
	for _, r := range results {
		if said[r.ID] = ""; r.Err != nil {
			said[r.ID] = r.Err.Error()
		}
	}
	for i, want := range map[int]string{0: "", 1: "", 2: "", 3: "no longer of that name", 4: "no longer of that name", 5: "did not arrive"} {
		if got, told := said[chained(i)]; !told || (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%d: %q, want %q", i, got, want)
		}
	}
	p.arrived(t, 3, "with some left alone")
}

// TestExportPicked: a place that exports in batches leaves alone what is no longer meant.
func TestExportPicked(t *testing.T) {
	s, err := sql.CreateDemo(t.Context(), sql.Options{}, sql.World{Backups: 60})
	ok(t, err)
	defer s.Close()
	var ids []core.BackupID
	for b, err := range jobs.Backups(t.Context(), s, core.Query{}) {
		if ok(t, err); b.Status == core.StatusAvailable {
			ids = append(ids, b.ID)
		}
	}
	out := ids[3]
	done, err := jobs.Desk{Place: s, Pace: jobs.Pace{Now: clock}}.ExportPicked(t.Context(),
		jobs.Picked{IDs: ids, Left: func(b *core.Backup) string {
			return map[bool]string{b.ID == out: "it is another now"}[true]
		}}, false, nil)
	ok(t, err)
	for _, x := range done {
		if left := x.Err != nil; left != (x.Backup.ID == out) || left != (x.Record.URL == "") {
			t.Errorf("%s: %v", x.Backup.ID, x.Err)
		}
	}
	if len(done) != len(ids) {
		t.Errorf("%d of %d", len(done), len(ids))
	}
}

// verified is a repository that notes what it is asked to verify.
type verified struct {
	store.Repository
	rows  map[core.BackupID]core.Backup
	asked [][]core.BackupID
	then  func() // after each request
}

func (v *verified) Backup(_ context.Context, id core.BackupID) (core.Backup, error) {
	if b, here := v.rows[id]; here {
		return b, nil
	}
	return core.Backup{}, core.Fail(core.CodeNotFound, "read it", "it is not here", "", nil)
}

func (v *verified) BackupsOf(ctx context.Context, ids []core.BackupID) (out []core.Backup, _ error) {
	for _, id := range ids {
		if b, err := v.Backup(ctx, id); err == nil {
			out = append(out, b)
		}
	}
	return out, nil
}

func (v *verified) Verify(_ context.Context, q core.VerifyRequest, report func(core.VerifyReport) error) error {
	v.asked = append(v.asked, q.IDs)
	for i, id := range q.IDs {
		q.Progress(core.VerifyProgress{Done: int64(i + 1), Of: int64(len(q.IDs)), Bytes: int64(i + 1)})
		if err := report(core.VerifyReport{ID: id}); err != nil {
			return err
		}
	}
	if v.then != nil {
		v.then()
	}
	return nil
}

// TestVerifyPicked: each is looked at when its turn comes, some hundreds at a time.
func TestVerifyPicked(t *testing.T) {
	v := &verified{rows: map[core.BackupID]core.Backup{}}
	var ids []core.BackupID
	for i := range 1200 {
		b := core.Backup{ID: crowdID(i), Name: core.Some("set")}
		v.rows[b.ID], ids = b, append(ids, b.ID)
	}
	another := func(i int) { v.rows[crowdID(i)] = core.Backup{ID: crowdID(i), Name: core.Some("another")} }
	another(7)
	delete(v.rows, crowdID(8))
	v.then = func() { another(300); another(1100) } // of which the first had its turn
	var reports int
	var last core.VerifyProgress
	d := jobs.Desk{Place: v, Pace: jobs.Pace{Now: clock}}
	q := core.VerifyRequest{Progress: func(p core.VerifyProgress) { last = p }}
	alone, err := d.Verify(t.Context(), v, jobs.Picked{IDs: ids, Left: ofName("set")}, q,
		func(core.VerifyReport) error { reports++; return nil })
	ok(t, err)
	if len(alone) != 3 || alone[crowdID(7)] == nil || core.CodeOf(alone[crowdID(8)]) != core.CodeNotFound || alone[crowdID(1100)] == nil {
		t.Errorf("left alone are %v", alone)
	}
	if reports != 1197 || last.Done != 1197 || last.Of != 1197 || last.Bytes != 1197 {
		t.Errorf("%d reports, %+v", reports, last)
	}
	v.asked = nil
	if alone, err = d.Verify(t.Context(), v, jobs.Picked{IDs: ids}, q, func(core.VerifyReport) error { return nil }); err != nil ||
		len(alone) > 0 || len(v.asked) != 1 || !slices.Equal(v.asked[0], ids) {
		t.Errorf("each by itself: %v, %v, %d requests", alone, err, len(v.asked))
	}
}

// TestPlanDeleteAsksOnce: what stands on a backup is asked once for each of a plan, however
// long their chains are, and the rows of a place that can are read in one question.
func TestPlanDeleteAsksOnce(t *testing.T) {
	const n = 40
	rows := crowd(n)
	for i := 1; i < n; i++ {
		rows[i].ParentID, rows[i].Incremental = rows[i-1].ID, true
	}
	c := memory.NewCloud(memory.World{Backups: rows, Now: clock})
	var all []core.BackupID
	for i := range rows {
		all = append(all, rows[i].ID)
	}
	b := &inBatches{Cloud: c}
	plan, err := jobs.Desk{Place: b, Archive: openArchive(t), Pace: jobs.Pace{Now: clock, Sleep: c.Sleep}}.PlanDelete(t.Context(), all, true)
	ok(t, err)
	if got := len(plan.Deletable()); got != n {
		t.Errorf("%d can be deleted", got)
	}
	if asked, read := count(c, "Dependents"), count(c, "Backup"); asked != n || read != 0 || b.asked != 1 {
		t.Errorf("%d times asked for dependents, %d rows by themselves, %d batches", asked, read, b.asked)
	}
}

// inBatches is a cloud that can be asked for many backups at once.
type inBatches struct {
	*memory.Cloud
	asked int
}

func (b *inBatches) BackupsOf(ctx context.Context, ids []core.BackupID) (out []core.Backup, err error) {
	b.asked++
	page, err := b.Backups(ctx, core.Query{})
	for _, row := range page.Rows {
		if slices.Contains(ids, row.ID) {
			out = append(out, row)
		}
	}
	return out, err
}
