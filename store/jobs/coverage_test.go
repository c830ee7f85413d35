package jobs_test

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"hearth/core"
	"hearth/store/archive"
	"hearth/store/jobs"
	"hearth/store/memory"
	"hearth/store/sql"
)

// TestCoverageLayers: what a backup stands on is counted by its own chain, also where that
// is broken, goes in a ring, or leads to what is not here.
func TestCoverageLayers(t *testing.T) {
	rows := crowd(40)
	by := func(i int, parent core.BackupID) { rows[i].ParentID, rows[i].Incremental = parent, parent != "" }
	by(9, "not-a-uuid")   // not here
	by(19, crowdID(1000)) // not here, and its capture is known
	by(29, crowdID(25))   // a ring
	by(39, crowdID(39))   // itself
	rows[3].ID, rows[2].ParentID = "BACKUP:3", "BACKUP:3"
	d := jobs.Desk{Place: memory.NewCloud(memory.World{Backups: rows, Now: clock}), Archive: openArchive(t), Pace: jobs.Pace{Now: clock}}
	captured := map[core.BackupID]bool{rows[0].ID: true, rows[1].ID: true, rows[15].ID: true, crowdID(1000): true, rows[27].ID: true}
	for id := range captured {
		keepReal(t, d, rows[0].VolumeID, id)
	}
	parents := map[core.BackupID]core.BackupID{}
	for _, b := range rows {
		parents[b.ID] = b.ParentID
	}
	cover, err := d.Coverage(t.Context(), 0)
	ok(t, err)
	n := 0
	for i, c := range cover.Backups() {
		want, seen := 0, map[core.BackupID]bool{}
		for p := parents[rows[i].ID]; p != "" && !seen[p]; p = parents[p] {
			if seen[p] = true; !captured[p] {
				want++
			}
		}
		if c.ID != rows[i].ID || c.Lacking != want || (c.Capture != "") != captured[c.ID] || c.Name != rows[i].Name ||
			!c.Created.V.Equal(rows[i].CreatedAt.V) || c.HasGap() != (len(c.Gap()) > 0) {
			t.Errorf("%d: %+v lacks %d", i, c, want)
		}
		n++
	}
	if n != len(rows) || cover.NoCapture != len(rows)-len(captured)+1 {
		t.Errorf("%d of %d, %d without a capture", n, len(rows), cover.NoCapture)
	}
}

// TestCoverageBounded: a coverage asks for no page larger than a batch, and holds little of
// each row.
func TestCoverageBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a while")
	}
	const n = 20_000
	s, err := sql.CreateDemo(t.Context(), sql.Options{}, sql.World{Backups: n})
	ok(t, err)
	defer s.Close()
	place := &narrow{Place: &notDemo{s}}
	d := jobs.Desk{Place: place, Archive: openArchive(t), Pace: jobs.Pace{Now: clock}}
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	cover, err := d.Coverage(t.Context(), 24*time.Hour)
	ok(t, err)
	if each := (heap() - before) / n; each > 160 {
		t.Errorf("%d bytes a backup", each)
	}
	if place.most > batchMost || cover.CoverCounts.Backups < n/2 || cover.CoverCounts.Volumes < 100 {
		t.Errorf("%d rows at once; %+v", place.most, cover.CoverCounts)
	}
	var at []time.Time
	for _, c := range cover.Backups() {
		at = append(at, c.Created.V)
	}
	if slices.Reverse(at); !slices.IsSortedFunc(at, time.Time.Compare) {
		t.Error("the newest is not the first")
	}
}

// notDemo is a demo that says it is none.
type notDemo struct{ *sql.Store }

func (n *notDemo) Info() core.PlaceInfo {
	info := n.Store.Info()
	info.Demo, info.Location = false, "sqlite:/store"
	return info
}

// BenchmarkCoverage compares the coverage of a store and its archive with reading the rows
// of both once with the bare driver.
func BenchmarkCoverage(b *testing.B) {
	const n = 20_000
	s, err := sql.CreateDemo(b.Context(), sql.Options{}, sql.World{Backups: n})
	ok(b, err)
	defer s.Close()
	d := jobs.Desk{Place: &notDemo{s}, Archive: openArchive(b), Pace: jobs.Pace{Now: clock}}
	var some []archive.KeptRecord
	for i := range n {
		some = append(some, archive.KeptRecord{Place: "sqlite:/store", Backup: crowdID(i), Fingerprint: fmt.Sprint(i)})
	}
	ok(b, d.Archive.KeepRecords(b.Context(), some))
	began := time.Now()
	for _, err := range jobs.Backups(b.Context(), s, core.Query{}) {
		ok(b, err)
	}
	bare := time.Since(began)
	for b.Loop() {
		_, err := d.Coverage(b.Context(), time.Hour)
		ok(b, err)
	}
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(bare), "×list")
}
