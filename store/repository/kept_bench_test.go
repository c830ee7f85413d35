//go:build unix

package repository_test

import (
	"os"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"hearth/core"
	"hearth/store/repository"
)

// spent is the CPU time that the process has taken.
func spent(t testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkKept is the second question to a repository of 20,000 backups, of which the
// cache has the rows, beside listing its objects alone, as a ratio of the same run: the
// median of the pairs, by the clock and by CPU time (1.2 is wanted). Each question is of a
// place that was opened anew, as by another process.
func BenchmarkKept(b *testing.B) {
	n := 20000
	if s, err := strconv.Atoi(os.Getenv("HEARTH_BENCH_BACKUPS")); err == nil {
		n = s
	}
	dir := os.Getenv("HEARTH_BENCH_FOLDER") // of so many backups, and nothing else
	if dir == "" {
		dir = many(b, n, false)
	}
	later := func() time.Time { return time.Now().Add(time.Hour) }
	o := repository.Options{Kept: b.TempDir(), Now: later}
	ask := func() {
		p, err := repository.OpenPosix(b.Context(), dir, o)
		if err != nil {
			b.Fatal(err)
		}
		defer p.Close()
		q := core.Query{Limit: 100, Sort: []core.Order{{Column: "created", Desc: true}, {Column: "id", Desc: true}}}
		if page, err := p.Backups(b.Context(), q); err != nil || page.Total != n || len(page.Rows) != 100 {
			b.Fatalf("%d backups, %v", page.Total, err)
		}
	}
	list := func() {
		bucket, err := repository.OpenFolder(dir)
		if err != nil {
			b.Fatal(err)
		}
		defer bucket.Close()
		if err := bucket.List(b.Context(), func([]repository.Object) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	timed := func(f func()) (wall, cpu time.Duration) {
		began, before := time.Now(), spent(b)
		f()
		return time.Since(began), spent(b) - before
	}
	firstWall, firstCPU := timed(ask)
	var walls, cpus []float64
	var listWall, listCPU time.Duration
	for b.Loop() {
		w, c := timed(list)
		w2, c2 := timed(ask)
		walls, cpus = append(walls, w2.Seconds()/w.Seconds()), append(cpus, c2.Seconds()/c.Seconds())
		listWall, listCPU = listWall+w, listCPU+c
	}
	median := func(of []float64) float64 {
		slices.Sort(of)
		return of[len(of)/2]
	}
	b.ReportMetric(median(walls), "wall-ratio")
	b.ReportMetric(median(cpus), "cpu-ratio")
	b.ReportMetric(firstWall.Seconds()*float64(len(walls))/listWall.Seconds(), "first-wall-ratio")
	b.ReportMetric(firstCPU.Seconds()*float64(len(walls))/listCPU.Seconds(), "first-cpu-ratio")
	b.ReportMetric(0, "ns/op")
}
