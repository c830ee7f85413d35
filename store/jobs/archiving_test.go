package jobs_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/store/memory"
	"hearth/store/storetest"
)

// tally counts the states of an archive run.
func tally(results []jobs.Archived) map[jobs.ArchivedState]int {
	out := map[jobs.ArchivedState]int{}
	for _, r := range results {
		out[r.State]++
	}
	return out
}

// archiveAll collects what becomes of each.
func archiveAll(ctx context.Context, d jobs.Desk, o jobs.ArchiveOptions, progress jobs.Progress) (out []jobs.Archived, err error) {
	said, err := d.ArchiveRecords(ctx, o, func(a jobs.Archived) { out = append(out, a) }, progress)
	for state, n := range tally(out) {
		if said[state] < n {
			panic(fmt.Sprintf("%d are said to be %s of %d", said[state], state, n))
		}
	}
	return out, err
}

// touchy makes exports write the backup's row, as Cinder's do.
func touchy(c *memory.Cloud) { c.Touches(true) }

func exports(c *memory.Cloud) (n int) {
	for _, call := range c.Calls() {
		if call == "Export" {
			n++
		}
	}
	return n
}

func TestArchiveRecords(t *testing.T) {
	c, d := cloudDesk(t)
	touchy(c)
	steps := 0
	results, err := archiveAll(t.Context(), d, jobs.ArchiveOptions{}, func(s jobs.Step) {
		if steps++; s.Done > s.Total {
			t.Errorf("%d of %d", s.Done, s.Total)
		}
	})
	wantCode(t, "with some that cannot be exported", err, core.CodePartial)
	first := tally(results)
	if first[jobs.ArchivedNew] < 5 || first[jobs.ArchivedFailed] == 0 || len(first) != 2 || steps != len(results)+1 {
		t.Fatalf("%v, %d steps", first, steps)
	}
	n := exports(c)
	again, _ := archiveAll(t.Context(), d, jobs.ArchiveOptions{}, nil)
	if got := tally(again); got[jobs.ArchivedUnchanged] != first[jobs.ArchivedNew] || exports(c)-n != first[jobs.ArchivedFailed] {
		t.Errorf("again: %v, %d exports", got, exports(c)-n)
	}
	// A change is seen; an export by somebody else is exported again, and is the same.
	name := "renamed"
	ok(t, c.EditBackup(t.Context(), storetest.Full, core.BackupEdit{Name: &name}))
	_, err = c.Export(t.Context(), storetest.First)
	ok(t, err)
	again, _ = archiveAll(t.Context(), d, jobs.ArchiveOptions{Jobs: 4}, nil)
	if got := tally(again); got[jobs.ArchivedChanged] != 1 || got[jobs.ArchivedSame] != 1 {
		t.Errorf("after changes: %v", got)
	}
	kept, err := d.Archive.Records(t.Context(), "cloud:memory", storetest.Full)
	ok(t, err)
	if len(kept) != 2 {
		t.Errorf("%d records of one that changed", len(kept))
	}
	again, _ = archiveAll(t.Context(), d, jobs.ArchiveOptions{All: true}, nil)
	if got := tally(again); got[jobs.ArchivedSame] != first[jobs.ArchivedNew] {
		t.Errorf("all: %v", got)
	}
	c.Deny(core.OpExport, "a reader may not export")
	_, err = archiveAll(t.Context(), d, jobs.ArchiveOptions{}, nil)
	wantCode(t, "denied", err, core.CodeDenied)
}

// TestArchiveRecordsEnded: a run that ends anywhere goes on where it stopped, and
// no backup is exported more than once more than there were interruptions.
func TestArchiveRecordsEnded(t *testing.T) {
	c, d := cloudDesk(t)
	touchy(c)
	runs := 0
	for stop := 2; stop < 60; stop++ { // each run asks the place one time more
		ctx, cancel := context.WithCancel(t.Context())
		c.OnCall(stop, cancel)
		_, err := archiveAll(ctx, d, jobs.ArchiveOptions{Jobs: 1}, nil)
		cancel()
		if core.CodeOf(err) != core.CodeCancelled {
			break
		}
		runs++
	}
	c.OnCall(0, nil)
	results, _ := archiveAll(t.Context(), d, jobs.ArchiveOptions{}, nil)
	got := tally(results)
	if got[jobs.ArchivedNot] != 0 ||
		got[jobs.ArchivedNew]+got[jobs.ArchivedSame]+got[jobs.ArchivedUnchanged]+got[jobs.ArchivedFailed] != len(results) {
		t.Errorf("%v of %d", got, len(results))
	}
	if most := len(results) + (runs+2)*(1+got[jobs.ArchivedFailed]); runs < 3 || exports(c) > most {
		t.Errorf("%d exports of %d backups in %d runs", exports(c), len(results), runs)
	}
	for _, r := range results {
		kept, err := d.Archive.Records(t.Context(), "", r.Backup.ID)
		if r.State != jobs.ArchivedFailed && (err != nil || len(kept) != 1) {
			t.Errorf("%s is kept %d times, %v", r.Backup.ID, len(kept), err)
		}
	}
}

// TestArchiveRecordsOutage: a place that answers no more is not asked for each.
func TestArchiveRecordsOutage(t *testing.T) {
	c, d := cloudDesk(t)
	for i := 2; i < 100; i++ {
		c.FailCall(i, core.Fail(core.CodeUnavailable, "export", "the cloud is down", "", nil))
	}
	results, err := archiveAll(t.Context(), d, jobs.ArchiveOptions{}, nil)
	wantCode(t, "an outage", err, core.CodeUnavailable)
	if n := exports(c); n > 8 {
		t.Errorf("%d exports of %d", n, len(results))
	}
}

func TestCoverage(t *testing.T) {
	c, d := cloudDesk(t)
	touchy(c)
	_, err := d.Export(t.Context(), []core.BackupID{storetest.Full}, false, nil)
	ok(t, err)
	_, _ = archiveAll(t.Context(), d, jobs.ArchiveOptions{}, nil)
	name := "renamed"
	ok(t, c.EditBackup(t.Context(), storetest.First, core.BackupEdit{Name: &name}))
	keepReal(t, d, storetest.Database, storetest.Second)
	cover, err := d.Coverage(t.Context(), 24*time.Hour)
	ok(t, err)
	got := map[core.BackupID]string{}
	for _, b := range cover.Backups() {
		got[b.ID] = strings.Join(b.Gap(), ", ")
	}
	for id, want := range map[core.BackupID]string{
		storetest.Full: "no capture", storetest.First: "an old record, no capture", storetest.Second: "no capture of 2 layers below it",
		storetest.NullTag: "no record, no capture",
	} {
		if got[id] != want {
			t.Errorf("%s: %q, want %q", id, got[id], want)
		}
	}
	stale := 0
	for _, v := range cover.Volumes() {
		if v.Stale {
			stale++
		}
	}
	if stale == 0 || cover.CoverCounts.Volumes == 0 {
		t.Errorf("%d of %d volumes are stale", stale, cover.CoverCounts.Volumes)
	}
}

// TestCoverageByEvidence: captures are counted by how far they carry, over what the
// archive and the repository have.
func TestCoverageByEvidence(t *testing.T) {
	_, d := cloudDesk(t)
	end := clock().Add(time.Hour)
	differs := func(since time.Duration) core.Again {
		return core.Again{State: core.AgainDiffers, At: core.Some(end.Add(since)), Ended: core.Some(end)}
	}
	keepTaken(t, d, storetest.Full, "once", core.Again{})
	keepTaken(t, d, storetest.First, "held", core.Again{State: core.AgainEqual, At: core.Some(end), Ended: core.Some(end)})
	keepTaken(t, d, storetest.Second, "before", differs(0))
	keepTaken(t, d, storetest.Second, "after", differs(0))
	keepTaken(t, d, storetest.Tagged, "before", differs(time.Hour))
	keepTaken(t, d, storetest.Tagged, "after", differs(time.Hour))
	keepReal(t, d, storetest.Database, storetest.NullTag)
	counts := func() string {
		t.Helper()
		cover, err := d.Coverage(t.Context(), 0)
		ok(t, err)
		n := cover.ByEvidence
		sum := 0
		for _, c := range n {
			sum += c
		}
		for _, b := range cover.Backups() {
			if (b.Evidence == core.EvidenceUnknown) != slices.Contains(b.Gap(), "no capture") {
				t.Errorf("%s is %s, and its gap is %q", b.ID, b.Evidence, b.Gap())
			}
		}
		if sum != cover.CoverCounts.Backups {
			t.Errorf("%d of %d are counted", sum, cover.CoverCounts.Backups)
		}
		return fmt.Sprintf("stored %d, held %d, either %d, late %d, moment %d", n[core.EvidenceStored], n[core.EvidenceHeld],
			n[core.EvidenceEither], n[core.EvidenceLate], n[core.EvidenceMoment])
	}
	if before := counts(); before != "stored 1, held 1, either 1, late 1, moment 1" {
		t.Errorf("%s", before)
	}
	d.Source = stockedRepository()
	if after := counts(); after != "stored 4, held 0, either 0, late 1, moment 0" {
		t.Errorf("with the repository: %s", after)
	}
}

// TestBundleAgain: both looks of a capture travel together, and say as much there.
func TestBundleAgain(t *testing.T) {
	_, d := cloudDesk(t)
	again := core.Again{State: core.AgainDiffers, At: core.Some(clock().Add(time.Minute)), Ended: core.Some(clock())}
	keepTaken(t, d, storetest.Second, "before", again)
	keepTaken(t, d, storetest.Second, "after", again)
	keepTaken(t, d, storetest.First, "due", core.Again{State: core.AgainDue})
	file := filepath.Join(t.TempDir(), "b.jsonl")
	n, err := d.WriteBundle(t.Context(), file, jobs.BundleOptions{})
	ok(t, err)
	text, err := os.ReadFile(file)
	ok(t, err)
	b, err := core.ReadBundle(string(text))
	ok(t, err)
	_, other := cloudDesk(t)
	kept, err := other.KeepBundle(t.Context(), capturesOf(&b))
	ok(t, err)
	if _, told, _ := layersOf(t, other, storetest.Second); n.Captures != 3 || kept != 3 ||
		told != "1/3 unknown 0 of 0[]; 2/3 moment 1 of 1[]; 3/3 either 2 of 2[]" {
		t.Errorf("%d, and %d there: %s", n.Captures, kept, told)
	}
	if due, err := other.Archive.Due(t.Context(), ""); err != nil || len(due) > 0 {
		t.Errorf("due there are %+v, %v", due, err)
	}
}

func keepReal(t *testing.T, d jobs.Desk, v core.VolumeID, b core.BackupID) {
	t.Helper()
	_, err := d.Archive.KeepCapture(t.Context(), core.KeptCapture{Place: d.Place.Info().Location, VolumeID: v, BackupID: b, At: clock(),
		Capture: core.ReadCapture(`{"version": 1, "volume-base-metadata": {"provider_auth": "CHAP secret"}}`,
			core.Source{Kind: core.SourceRepository})})
	ok(t, err)
}

func TestBundle(t *testing.T) {
	c, d := cloudDesk(t)
	touchy(c)
	file := filepath.Join(t.TempDir(), "b.jsonl")
	_, err := d.WriteBundle(t.Context(), file, jobs.BundleOptions{})
	wantCode(t, "an empty archive", err, core.CodeNotFound)
	_, _ = archiveAll(t.Context(), d, jobs.ArchiveOptions{}, nil)
	keepReal(t, d, storetest.Database, storetest.Full)
	filter, err := core.ParseFilter("volume-id:"+string(storetest.Database), core.BackupColumns)
	ok(t, err)
	_, err = d.WriteBundle(t.Context(), file, jobs.BundleOptions{})
	ok(t, err)
	_, err = d.WriteBundle(t.Context(), file, jobs.BundleOptions{})
	wantCode(t, "a file that is there", err, core.CodeConflict)
	for _, o := range []jobs.BundleOptions{{}, {Mask: true}, {Filter: filter}, {Everywhere: true}} {
		o.Overwrite = true
		n, err := d.WriteBundle(t.Context(), file, o)
		ok(t, err)
		info, err := os.Stat(file)
		ok(t, err)
		text, err := os.ReadFile(file)
		ok(t, err)
		b, err := core.ReadBundle(string(text))
		ok(t, err)
		if info.Mode().Perm() != 0o600 || n.Bytes != info.Size() || len(b.Records) != n.Records || len(b.Captures) != 1 ||
			strings.Contains(string(text), "CHAP secret") == o.Mask || n.Masked > 0 != o.Mask {
			t.Errorf("%+v: %v, %+v, %+v", o, info.Mode(), n, b.BundleHead)
		}
		if !o.Filter.Empty() && n.Records != 3 && n.Records != 4 {
			t.Errorf("the filter chose %d", n.Records)
		}
		// Into another archive.
		_, other := cloudDesk(t)
		kept, err := other.KeepBundle(t.Context(), capturesOf(&b))
		ok(t, err)
		captures, err := other.KeptCaptures(t.Context(), storetest.Database, storetest.Full)
		if kept != 1 || err != nil || len(captures) != 1 || strings.Contains(captures[0].Capture.Source.Where, "masked") != o.Mask {
			t.Errorf("%d captures were kept: %+v, %v", kept, captures, err)
		}
	}
	if left, _ := os.ReadDir(filepath.Dir(file)); len(left) != 1 {
		t.Errorf("it leaves %v", left)
	}
	_, err = d.WriteBundle(t.Context(), filepath.Join(t.TempDir(), "no", "such"), jobs.BundleOptions{})
	wantCode(t, "no such folder", err, core.CodeUnreadable)
}

// meanwhile is a context whose work is met by something else, once it has begun.
type meanwhile struct {
	context.Context
	does func()
}

func (m meanwhile) Done() <-chan struct{} {
	m.does()
	return m.Context.Done()
}

// TestBundleMeanwhile: a file that somebody else makes while a bundle is being written is
// not written over, unless that was asked for.
func TestBundleMeanwhile(t *testing.T) {
	_, d := cloudDesk(t)
	keepReal(t, d, storetest.Database, storetest.Full)
	for _, over := range []bool{false, true} {
		dir := t.TempDir()
		file := filepath.Join(dir, "b.jsonl")
		ctx := meanwhile{t.Context(), sync.OnceFunc(func() { ok(t, os.WriteFile(file, []byte("somebody's"), 0o600)) })}
		_, err := d.WriteBundle(ctx, file, jobs.BundleOptions{Overwrite: over})
		text, rerr := os.ReadFile(file)
		ok(t, rerr)
		if over && err != nil || !over && core.CodeOf(err) != core.CodeConflict || over == (string(text) == "somebody's") {
			t.Errorf("overwriting %v: %v, and the file is %.60q", over, err, text)
		}
		if left, _ := os.ReadDir(dir); len(left) != 1 {
			t.Errorf("it leaves %v", left)
		}
	}
}

func TestPrune(t *testing.T) {
	now := storetest.Later
	c, d := cloudDesk(t)
	touchy(c)
	d.Now = func() time.Time { return now }
	for _, name := range []string{"one", "two", "three"} {
		ok(t, c.EditBackup(t.Context(), storetest.Full, core.BackupEdit{Name: &name}))
		_, _ = archiveAll(t.Context(), d, jobs.ArchiveOptions{}, nil)
		now = now.Add(48 * time.Hour)
	}
	now = now.Add(365 * 24 * time.Hour)
	o, err := d.Outdated(t.Context(), 24*time.Hour)
	ok(t, err)
	if o.Records != 2 || o.Bytes == 0 {
		t.Errorf("outdated: %+v", o)
	}
	wrong := o
	wrong.Records++
	wantCode(t, "other than what was seen", d.Prune(t.Context(), wrong), core.CodeConflict)
	ok(t, d.Prune(t.Context(), o))
	kept, err := d.Archive.Records(t.Context(), "", storetest.Full)
	if err != nil || len(kept) != 1 {
		t.Errorf("%d records are left, %v", len(kept), err)
	}
	if o, err = d.Outdated(t.Context(), 24*time.Hour); err != nil || o.Records+o.Captures != 0 {
		t.Errorf("what is left is outdated: %+v, %v", o, err)
	}
	for s, want := range map[string]time.Duration{
		"36h": 36 * time.Hour, "2w": 336 * time.Hour, "1y": 8760 * time.Hour, "": 0, "d": 0, "0d": 0, "-1d": 0, "3m": 0, "1dd": 0,
		"9d9d": 0,
	} {
		if age, err := jobs.ParseAge(s); age != want || (err != nil) != (want == 0) {
			t.Errorf("%q is %v, %v", s, age, err)
		}
	}
}

// paged is a cloud that gives few rows at a time, and tells of each question.
type paged struct {
	*memory.Cloud
	asked func(core.Query)
}

func (p *paged) Reach() core.Reach { return core.ReachOwn }

func (p *paged) Backups(ctx context.Context, q core.Query) (core.Page[core.Backup], error) {
	p.asked(q)
	if q.Limit > 0 {
		q.Limit = min(q.Limit, 4)
	}
	return p.Cloud.Backups(ctx, q)
}

// TestReachHolds: a job ends with the reach that it began with, whatever becomes
// meanwhile of the desk that it was begun at.
func TestReachHolds(t *testing.T) {
	c, d := cloudDesk(t)
	d.Reach = core.ReachAll
	var reaches []core.Reach
	d.Place = &paged{c, func(q core.Query) {
		reaches = append(reaches, q.Reach)
		d.Reach = core.ReachOwn // as when somebody goes back to one project
	}}
	_, err := d.Coverage(t.Context(), 0)
	ok(t, err)
	if len(reaches) < 2 || slices.Contains(reaches, core.ReachOwn) || slices.Contains(reaches, core.ReachDefault) {
		t.Errorf("the pages are asked with the reaches %v", reaches)
	}
	if d.AllProjects() {
		t.Error("the desk itself does not change")
	}
}

// capturesOf goes through the captures of a bundle.
func capturesOf(b *core.Bundle) func(func(core.BundleCapture) error) error {
	return func(fn func(core.BundleCapture) error) error {
		for _, c := range b.Captures {
			if err := fn(c); err != nil {
				return err
			}
		}
		return nil
	}
}
