package jobs_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/jobs"
	"hearth/store/memory"
	"hearth/store/storetest"
)

// chains are n backups of one volume, four to a chain.
func chains(n int) (out []core.Backup) {
	for i := range n {
		b := storetest.BackupOf(storetest.Standard().Backups[0])
		b.ID, b.ParentID = chained(i), ""
		b.Name = core.Some(fmt.Sprintf("set %d", i))
		if b.Incremental = i%4 > 0; b.Incremental {
			b.ParentID = chained(i - 1)
		}
		b.CreatedAt = core.Some(storetest.Now.Add(time.Duration(i) * time.Minute))
		b.UpdatedAt, b.DataTimestamp = b.CreatedAt, b.CreatedAt
		b.Status, b.Metadata, b.Unseen = core.StatusAvailable, &pyjson.Object{}, nil
		out = append(out, b)
	}
	return out
}

func chained(i int) core.BackupID {
	return core.BackupID(fmt.Sprintf("6c%06d-0000-4000-8000-000000000000", i))
}

// pair is two clouds: one with n backups in chains, and an empty one.
type pair struct {
	from, to         *memory.Cloud
	fromDesk, toDesk jobs.Desk
}

func twoClouds(t testing.TB, n int) *pair {
	t.Helper()
	var p pair
	info := func(name string) core.PlaceInfo {
		return core.PlaceInfo{Location: "cloud:" + name, Title: name, Kind: core.PlaceCloud, Rules: core.Newton}
	}
	s := storetest.Standard()
	p.from = memory.NewCloud(memory.World{Info: info("a"), Volumes: s.AllVolumes(), Backups: chains(n), Now: clock})
	p.to = memory.NewCloud(memory.World{Info: info("b"), Now: clock})
	p.from.Touches(true)
	books := openArchive(t)
	p.fromDesk = jobs.Desk{Place: p.from, Archive: books, Who: "ada@here", Pace: jobs.Pace{Now: clock, Sleep: p.from.Sleep}}
	p.toDesk = jobs.Desk{Place: p.to, Archive: books, Who: "ada@here", Pace: jobs.Pace{Now: clock, Sleep: p.to.Sleep}}
	return &p
}

func idsOf(n int) (out []core.BackupID) {
	for i := range n {
		out = append(out, chained(n-1-i)) // newest first: the order is to be found
	}
	return out
}

// copyAll plans and copies.
func (p *pair) copyAll(ctx context.Context, n int) (jobs.Transfer, []core.ImportResult, error) {
	t, err := jobs.PlanCopy(ctx, p.fromDesk, p.toDesk, jobs.Picked{IDs: idsOf(n)}, jobs.CopyOptions{}, nil)
	if err != nil {
		return t, nil, err
	}
	results, err := jobs.Copy(ctx, p.toDesk, &t, nil)
	return t, results, err
}

// arrived fails unless the target has the first n backups, each once, available,
// with its parent.
func (p *pair) arrived(t *testing.T, n int, when string) {
	t.Helper()
	page, err := p.to.Backups(t.Context(), core.Query{})
	ok(t, err)
	seen := map[core.BackupID]int{}
	for _, b := range page.Rows {
		seen[b.ID]++
		if b.Status != core.StatusAvailable {
			t.Errorf("%s: %s is %s", when, b.Name.V, b.Status)
		}
	}
	for i := range n {
		if seen[chained(i)] != 1 {
			t.Errorf("%s: %s is there %d times", when, chained(i), seen[chained(i)])
		}
	}
	if len(page.Rows) != n {
		t.Errorf("%s: %d are there, want %d", when, len(page.Rows), n)
	}
}

func count(c *memory.Cloud, method string) (n int) {
	for _, call := range c.Calls() {
		if call == method {
			n++
		}
	}
	return n
}

func TestCopy(t *testing.T) {
	const n = 12
	p := twoClouds(t, n)
	picked := jobs.Picked{IDs: []core.BackupID{chained(3)}}
	plan, err := jobs.PlanCopy(t.Context(), p.fromDesk, p.toDesk, picked, jobs.CopyOptions{Chain: true}, nil)
	ok(t, err)
	if got := plan.Count(); got.Goes != 4 || len(plan.Items) != 4 || plan.Items[0].ID != chained(0) || plan.Items[3].ID != chained(3) {
		t.Errorf("a chain: %+v", got)
	}
	if all := strings.Join(plan.Warnings, "\n"); !strings.Contains(all, "deletes the files of both") ||
		!strings.Contains(all, "4 backups of project ") {
		t.Errorf("it warns %q", all)
	}
	if count(p.to, "Import") > 0 {
		t.Error("the plan imports")
	}
	var said []jobs.Step
	results, err := jobs.Copy(t.Context(), p.toDesk, &plan, func(s jobs.Step) { said = append(said, s) })
	ok(t, err)
	if len(results) != 4 || results[3].Status != core.StatusAvailable || len(results[3].Differs) > 0 || said[len(said)-1].Done != 4 {
		t.Errorf("%+v", results)
	}
	p.arrived(t, 4, "a chain")
	// The rest; what is there is left.
	plan, results, err = p.copyAll(t.Context(), n)
	ok(t, err)
	if got := plan.Count(); got.Goes != 8 || got.There != 4 || len(results) != n || count(p.to, "Import") != n {
		t.Errorf("the rest: %+v, %d results, %d imports", got, len(results), count(p.to, "Import"))
	}
	p.arrived(t, n, "the rest")
	exported := exports(p.from)
	plan, _, err = p.copyAll(t.Context(), n)
	ok(t, err)
	if got := plan.Count(); got.There != n || exports(p.from) != exported {
		t.Errorf("again: %+v, %d exports more", got, exports(p.from)-exported)
	}
	// What was renamed there is said, and left.
	name := "theirs"
	ok(t, p.to.EditBackup(t.Context(), chained(0), core.BackupEdit{Name: &name}))
	plan, results, err = p.copyAll(t.Context(), n)
	ok(t, err)
	for i, it := range plan.Items {
		if differs := fmt.Sprint(it.Differs, results[i].Differs); strings.Count(differs, "display_name is") != 2 && it.ID == chained(0) {
			t.Errorf("renamed there: %s", differs)
		}
	}
	if e := newest(t, p.toDesk); e.Kind != core.EntryImport || e.State != core.EntryDone || len(e.Backups) != 8 ||
		e.Summary != "copy of 8 backups from cloud:a" {
		t.Errorf("the journal says %+v", e)
	}
	_, err = jobs.PlanCopy(t.Context(), p.fromDesk, p.fromDesk, jobs.Picked{IDs: idsOf(1)}, jobs.CopyOptions{}, nil)
	wantCode(t, "onto itself", err, core.CodeUsage)
}

// TestCopyKilled: killed at each call of either cloud in turn, and begun anew, it
// brings all there exactly once.
func TestCopyKilled(t *testing.T) {
	const n = 6
	for _, side := range []string{"from", "to"} {
		for at := 1; ; at++ {
			p := twoClouds(t, n)
			c := p.from
			if side == "to" {
				c = p.to
			}
			c.KillCall(at)
			done := make(chan bool, 1)
			go func() {
				survived := false
				defer func() { done <- survived }()
				p.copyAll(context.Background(), n)
				survived = true
			}()
			survived := <-done
			c.KillCall(0)
			before := count(p.to, "Import")
			if at%2 == 0 { // sometimes what was under way has ended meanwhile
				p.to.Advance()
			}
			_, results, err := p.copyAll(t.Context(), n)
			when := fmt.Sprintf("killed at call %d of %s", at, side)
			if err != nil || len(results) != n {
				t.Errorf("%s: %d results, %v", when, len(results), err)
			}
			p.arrived(t, n, when)
			if imports := count(p.to, "Import"); imports > n+1 {
				t.Errorf("%s: %d imports, %d of them before", when, imports, before)
			}
			if survived {
				if at < 5 {
					t.Errorf("%s: it was not killed", when)
				}
				break
			}
		}
	}
}

// finished reports whether all is there.
func finished(p *pair, n int) bool {
	page, err := p.to.Backups(context.Background(), core.Query{})
	for _, b := range page.Rows {
		if b.Status != core.StatusAvailable {
			return false
		}
	}
	return err == nil && len(page.Rows) == n
}

// TestCopyCancelled: the same, told to stop.
func TestCopyCancelled(t *testing.T) {
	const n = 6
	for at := 1; ; at++ {
		p := twoClouds(t, n)
		ctx, cancel := context.WithCancel(t.Context())
		p.to.OnCall(at, cancel)
		_, _, err := p.copyAll(ctx, n)
		stopped := ctx.Err() != nil
		cancel()
		if stopped && err == nil && !finished(p, n) {
			t.Errorf("cancelled at call %d: no error", at)
		}
		p.to.OnCall(0, nil)
		_, _, err = p.copyAll(t.Context(), n)
		ok(t, err)
		p.arrived(t, n, fmt.Sprintf("cancelled at call %d", at))
		if !stopped {
			return
		}
	}
}

// TestCopyFaults: each call failing in turn, nothing goes in twice, and a new run
// ends what is left.
func TestCopyFaults(t *testing.T) {
	const n = 5
	for _, code := range []core.Code{core.CodeUnavailable, core.CodeRefused} {
		for at := 1; at < 30; at++ {
			p := twoClouds(t, n)
			p.to.FailCall(at, core.Fail(code, "do it", "fault", "", nil))
			_, first, err := p.copyAll(t.Context(), n)
			if len(p.to.Calls()) < at {
				break
			}
			if err != nil && !strings.Contains(err.Error(), "fault") &&
				!slices.ContainsFunc(first, func(r core.ImportResult) bool { return r.Err != nil }) {
				t.Errorf("call %d: %v", at, err)
			}
			_, _, err = p.copyAll(t.Context(), n)
			ok(t, err)
			p.arrived(t, n, fmt.Sprintf("%s at call %d", code, at))
			if imports := count(p.to, "Import"); imports > n+1 {
				t.Errorf("%s at call %d: %d imports", code, at, imports)
			}
		}
	}
}

// TestCopyMeanwhile: what came between the plan and the sending is followed, not
// sent again; what is on its way is too.
func TestCopyMeanwhile(t *testing.T) {
	p := twoClouds(t, 4)
	plan, err := jobs.PlanCopy(t.Context(), p.fromDesk, p.toDesk, jobs.Picked{IDs: idsOf(4)}, jobs.CopyOptions{}, nil)
	ok(t, err)
	again, err := jobs.PlanCopy(t.Context(), p.fromDesk, p.toDesk, jobs.Picked{IDs: idsOf(4)}, jobs.CopyOptions{}, nil)
	ok(t, err)
	_, err = jobs.Copy(t.Context(), p.toDesk, &again, nil)
	ok(t, err)
	results, err := jobs.Copy(t.Context(), p.toDesk, &plan, nil)
	ok(t, err)
	if len(results) != 4 || results[0].Status != core.StatusAvailable {
		t.Errorf("%+v", results)
	}
	p.arrived(t, 4, "sent by two")
}

func TestCopyRefusals(t *testing.T) {
	p := twoClouds(t, 8)
	ok(t, p.from.ResetBackup(t.Context(), chained(5), core.StatusError))
	p.from.Advance()
	p.to.Leaves(core.Some(core.Headway{Backups: 5, GiB: -1}))
	plan, results, err := p.copyAll(t.Context(), 8)
	wantCode(t, "with some held back", err, core.CodePartial)
	if got := plan.Count(); got.Goes != 5 || got.Refused != 1 || got.Held != 2 {
		t.Errorf("%+v", got)
	}
	failed := 0
	for _, r := range results {
		if r.Err != nil {
			failed++
		}
	}
	if failed != 3 || len(results) != 8 || count(p.to, "Import") != 5 {
		t.Errorf("%d failed of %d", failed, len(results))
	}
	// A parent that fails keeps back what stands on it.
	p = twoClouds(t, 4)
	p.to.GoWrong(core.OpImport, "no such service")
	_, results, err = p.copyAll(t.Context(), 4)
	wantCode(t, "a parent that fails", err, core.CodePartial)
	if len(results) != 4 || !strings.Contains(results[3].Err.Error(), "did not arrive") || count(p.to, "Import") != 1 {
		t.Errorf("%+v", results)
	}
	plan, _, err = p.copyAll(t.Context(), 4)
	if got := plan.Count(); got.Refused != 1 || err == nil || !strings.Contains(plan.Items[0].Verdict(), "is there already, and is error") {
		t.Errorf("again: %+v, %v", got, err)
	}
	p.to.Deny(core.OpImport, "a member may not import")
	_, _, err = p.copyAll(t.Context(), 4)
	wantCode(t, "denied", err, core.CodeDenied)
}

// lostCloud is a cloud that has lost its backups, and the repository that has not.
func lostCloud(t testing.TB, n int) (*memory.Cloud, jobs.Desk, jobs.Desk) {
	t.Helper()
	s := storetest.Standard()
	volumes := s.AllVolumes()
	for i := range volumes {
		volumes[i].Host = core.Some("here@file#pool")
	}
	c := memory.NewCloud(memory.World{Volumes: volumes, Types: s.Types, Now: clock})
	d := jobs.Desk{Place: c, Archive: openArchive(t), Who: "ada@here", Pace: jobs.Pace{Now: clock, Sleep: c.Sleep}}
	backups := chains(n)
	var captures []core.KeptCapture
	marks := map[core.BackupID][]core.Mark{}
	for i := range backups {
		b := &backups[i]
		host, key := "here@file#pool", ""
		if i >= n/2 {
			host, key = "elsewhere@file#pool", `, "encryption_key_id": "key-1", "volume_type_id": "no-such-type"`
		}
		captures = append(captures, core.KeptCapture{VolumeID: b.VolumeID, BackupID: b.ID, At: clock(),
			Capture: core.ReadCapture(`{"version": 2, "volume-base-metadata": {"host": "`+host+`"`+key+`}}`, core.Source{})})
		marks[b.ID] = []core.Mark{{Field: "data_timestamp", State: core.MarkAssumed, Why: "taken for created_at"}}
	}
	r := memory.NewRepository(memory.World{Backups: backups, Captures: captures, Now: clock}, marks,
		core.Holding{Kind: core.HoldingUnfinished, ID: "unfinished", Problem: "no metadata object"})
	return c, d, jobs.Desk{Place: r, Pace: jobs.Pace{Now: clock}}
}

// frugal is a repository whose scan leaves out whose the backups are.
type frugal struct {
	*memory.Repository
	asked []core.BackupID
}

func (f *frugal) Scan(ctx context.Context, progress func(core.ScanProgress)) (core.Inventory, error) {
	inv, err := f.Repository.Scan(ctx, progress)
	whole := inv.Holdings
	inv.Holdings = core.HoldingsOf(whole.Len(), func(i int) core.Holding {
		h := whole.At(i)
		h.Backup.ProjectID = ""
		h.Marks = []core.Mark{{Field: "project_id", State: core.MarkLost, Why: "not read yet"}}
		return h
	})
	return inv, err
}

func (f *frugal) Fill(ctx context.Context, ids []core.BackupID, _ func(done, of int)) (out []core.Holding, err error) {
	f.asked = append(f.asked, ids...)
	inv, err := f.Repository.Scan(ctx, nil)
	for _, h := range inv.Holdings.All() {
		if slices.Contains(ids, h.ID) && h.ID != ids[0] { // and one of them is gone meanwhile
			out = append(out, h)
		}
	}
	return out, err
}

// TestRecoverFills: of a repository whose scan reads names only, the rest is read of what
// is lost, and of that alone.
func TestRecoverFills(t *testing.T) {
	const n = 8
	_, d, repository := lostCloud(t, n)
	first := chains(n)[0]
	d.Place = memory.NewCloud(memory.World{Backups: []core.Backup{first}, Now: clock})
	f := &frugal{Repository: repository.Place.(*memory.Repository)}
	repository.Place = f
	plan, err := jobs.PlanRecovery(t.Context(), jobs.FromPlace(repository), d, jobs.RecoverOptions{}, nil)
	ok(t, err)
	if len(f.asked) != n-1 || slices.Contains(f.asked, first.ID) || len(plan.Items) != n-1 {
		t.Errorf("%d were asked for, %d would come", len(f.asked), len(plan.Items))
	}
	for i := range plan.Items {
		it := &plan.Items[i]
		if gone := it.Backup.ID == f.asked[0]; gone != (it.Backup.ProjectID == "") || gone != (it.Marks[0].Field == "project_id") {
			t.Errorf("%s: %q, %v", it.Backup.ID, it.Backup.ProjectID, it.Marks)
		}
	}
}

func TestRecover(t *testing.T) {
	const n = 8
	c, d, repository := lostCloud(t, n)
	// The archive has a better record of one.
	better := chains(1)[0]
	better.Name = core.Some("as the archive has it")
	r, err := core.ExportRecord(&better)
	ok(t, err)
	keepAs(t, d, "cloud:memory", better.ID, r)
	plan, err := jobs.PlanRecovery(t.Context(), jobs.FromPlace(repository), d, jobs.RecoverOptions{}, nil)
	ok(t, err)
	if got := plan.Count(); got.Goes != n/2 || got.Unticked != n/2 || len(plan.Unusable) != 1 || len(plan.Compared) != n {
		t.Fatalf("%+v, %d unusable", got, len(plan.Unusable))
	}
	first, last := plan.Items[0], plan.Items[n-1]
	if first.Name != "as the archive has it" || first.Rebuilt || len(first.Conflicts) != 1 || !strings.Contains(first.Conflicts[0], "set 0") {
		t.Errorf("the archive's record: %+v", first.Conflicts)
	}
	if !last.Rebuilt || !strings.Contains(last.Stranger, "elsewhere@file") || len(last.Lacks) != 2 || len(last.Marks) != 1 || !last.Captured {
		t.Errorf("another cloud's: %q, %q", last.Stranger, last.Lacks)
	}
	const theirs = "4 backups seem to be another cloud's: deleting an imported copy here deletes that cloud's files"
	if !strings.Contains(strings.Join(plan.Warnings, " "), theirs) || count(c, "Import") > 0 {
		t.Errorf("it warns %q", plan.Warnings)
	}
	results, err := jobs.Recover(t.Context(), d, &plan, nil)
	ok(t, err)
	if len(results) != n/2 || count(c, "Import") != n/2 {
		t.Errorf("%d results, %d imports", len(results), count(c, "Import"))
	}
	kept, err := d.Archive.Captures(t.Context(), "cloud:memory", "", chained(1))
	if err != nil || len(kept) != 1 || kept[0].Capture.Source.Kind != core.SourceRepository {
		t.Errorf("its capture: %+v, %v", kept, err)
	}
	// What is copied out of a repository is rebuilt, and not archived as if it had
	// been exported.
	books := repository
	books.Archive, books.Sleep = d.Archive, c.Sleep
	copied, err := jobs.PlanCopy(t.Context(), books, d, jobs.Picked{IDs: []core.BackupID{chained(n - 1)}}, jobs.CopyOptions{Chain: true}, nil)
	ok(t, err)
	var chain []core.BackupID
	for i := range n {
		chain = append(chain, chained(i))
	}
	if kept, _, err := d.Archive.IndexOf(t.Context(), "posix:/memory", chain); err != nil || len(kept) != 0 || copied.Count().Goes != 4 {
		t.Errorf("copied out of a repository: %+v, %d records are archived, %v", copied.Count(), len(kept), err)
	}
	_, err = archiveAll(t.Context(), books, jobs.ArchiveOptions{}, nil)
	wantCode(t, "archiving a repository", err, core.CodeUnsupported)
	recoverAll(t, d, repository, n, better.ID)
}

// recoverAll brings back the rest, with those chosen that seem strange, and compares
// what is there then: of one the archive's record was better.
func recoverAll(t *testing.T, d, repository jobs.Desk, n int, better core.BackupID) {
	t.Helper()
	plan, err := jobs.PlanRecovery(t.Context(), jobs.FromPlace(repository), d, jobs.RecoverOptions{All: true}, nil)
	ok(t, err)
	if got := plan.Count(); got.Goes != n/2 || got.Unticked != 0 || len(plan.Items) != n/2 {
		t.Errorf("all: %+v", got)
	}
	_, err = jobs.Recover(t.Context(), d, &plan, nil)
	ok(t, err)
	compared, unusable, err := jobs.Reconcile(t.Context(), jobs.FromPlace(repository), d, nil)
	ok(t, err)
	for _, x := range compared {
		if x.Standing != core.InBoth || x.Problem() != "" {
			t.Errorf("%s is in %s, %s", x.ID, x.Standing, x.Problem())
		}
		if x.ID == better && len(x.Differs) != 1 {
			t.Errorf("%s differs in %q", x.ID, x.Differs)
		}
	}
	if len(compared) != n || len(unusable) != 1 {
		t.Errorf("%d and %d", len(compared), len(unusable))
	}
}

func keepAs(t *testing.T, d jobs.Desk, place string, id core.BackupID, r core.Record) {
	t.Helper()
	p := jobs.Desk{Place: memory.New(memory.World{Info: core.PlaceInfo{Location: place, Kind: core.PlaceDatabase}}), Archive: d.Archive,
		Pace: jobs.Pace{Now: clock}}
	ok(t, p.KeepRecord(t.Context(), id, r))
}

// TestRecoverFromArchive: a place's own records before those of others, and from a
// bundle the same.
func TestRecoverFromArchive(t *testing.T) {
	const n = 6
	p := twoClouds(t, n)
	_, err := archiveAll(t.Context(), p.fromDesk, jobs.ArchiveOptions{}, nil)
	ok(t, err)
	bundle, _, err := p.fromDesk.Bundle(t.Context(), jobs.BundleOptions{})
	ok(t, err)
	for _, source := range []jobs.Source{jobs.FromArchive(), jobs.FromBundle(&bundle, "b.jsonl")} {
		fresh := twoClouds(t, n)
		all := source.Name == "the archive" // which has them from the other cloud only
		if all {
			fresh.toDesk.Archive = p.fromDesk.Archive
		}
		plan, err := jobs.PlanRecovery(t.Context(), source, fresh.toDesk, jobs.RecoverOptions{}, nil)
		ok(t, err)
		if got := plan.Count(); all && (got.Unticked != n || !strings.Contains(plan.Items[0].Stranger, "archived from cloud:a")) {
			t.Errorf("%s: %+v", source.Name, got)
		}
		plan, err = jobs.PlanRecovery(t.Context(), source, fresh.toDesk, jobs.RecoverOptions{All: all}, nil)
		ok(t, err)
		if got := plan.Count(); got.Goes != n || plan.Items[0].ID != chained(0) || plan.Items[3].ID != chained(3) {
			t.Errorf("%s: %+v", source.Name, got)
		}
		results, err := jobs.Recover(t.Context(), fresh.toDesk, &plan, nil)
		ok(t, err)
		if len(results) != n {
			t.Errorf("%s: %d results", source.Name, len(results))
		}
		fresh.arrived(t, n, source.Name)
	}
}

// TestRecoverKilled: killed at each call of the cloud in turn, and begun anew.
func TestRecoverKilled(t *testing.T) {
	const n = 5
	for at := 1; ; at++ {
		c, d, repository := lostCloud(t, n)
		p := &pair{to: c, toDesk: d}
		run := func(ctx context.Context) error {
			plan, err := jobs.PlanRecovery(ctx, jobs.FromPlace(repository), d, jobs.RecoverOptions{All: true}, nil)
			if err == nil {
				_, err = jobs.Recover(ctx, d, &plan, nil)
			}
			return err
		}
		c.KillCall(at)
		done := make(chan bool, 1)
		go func() {
			survived := false
			defer func() { done <- survived }()
			run(context.Background())
			survived = true
		}()
		survived := <-done
		c.KillCall(0)
		ok(t, run(t.Context()))
		p.arrived(t, n, fmt.Sprintf("killed at call %d", at))
		if survived {
			if at < 10 {
				t.Errorf("it takes %d calls", at)
			}
			return
		}
	}
}
