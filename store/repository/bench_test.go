package repository_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hearth/core"
	"hearth/store/repository"
)

// many makes a repository of n backups out of one of a real Cinder, five objects
// each: in Cinder's own folders, or all in one.
func many(t testing.TB, n int, flat bool) string {
	t.Helper()
	from, _ := lab(t)
	var prefix string
	err := filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, "_metadata") {
			if body, _ := os.ReadFile(path); bytes.Contains(body, []byte(`"db-prod-full"`)) {
				prefix = strings.TrimSuffix(path, "_metadata")
			}
		}
		return err
	})
	if err != nil || prefix == "" {
		t.Fatal(err)
	}
	body, err := os.ReadFile(prefix + "_metadata")
	if err != nil {
		t.Fatal(err)
	}
	id, dir := prefix[len(prefix)-36:], t.TempDir()
	base := filepath.Base(prefix)
	for i := range n {
		mine := uuid(i * 0x10001)
		folder := filepath.Join(dir, mine[:2], mine[2:4], mine)
		if flat {
			folder = filepath.Join(dir, "box")
		}
		name := strings.Replace(base, id, mine, 1)
		put(t, filepath.Join(folder, name+"_metadata"), bytes.ReplaceAll(body, []byte(id), []byte(mine)))
		for _, suffix := range []string{"-00001", "-00002", "-00003", "_sha256file"} {
			put(t, filepath.Join(folder, name+suffix), nil)
		}
	}
	return dir
}

// read lists a repository and reads its metadata objects, and does nothing with
// them: no scan can do with less. It is as parallel as a scan.
func read(t testing.TB, b repository.Bucket) (objects, bytes int64) {
	work := make(chan repository.Object, 64)
	var wait sync.WaitGroup
	var sum atomic.Int64
	for range repository.DefaultParallel {
		wait.Go(func() {
			for o := range work {
				r, err := b.Get(context.Background(), o.Container, o.Name)
				if err != nil {
					t.Error(err)
					return
				}
				body, err := io.ReadAll(r)
				if err != nil {
					t.Error(err)
				}
				r.Close()
				sum.Add(int64(len(body)))
			}
		})
	}
	err := b.List(context.Background(), func(page []repository.Object) error {
		objects += int64(len(page))
		for _, o := range page {
			if strings.HasSuffix(o.Name, "_metadata") {
				work <- o
			}
		}
		return nil
	})
	close(work)
	wait.Wait()
	if err != nil {
		t.Fatal(err)
	}
	return objects, sum.Load()
}

// watch samples the heap until stop is called, which returns the most that was in
// use beyond what was before: what the collector found alive at the end of its
// rounds.
func watch() (stop func() uint64) {
	runtime.GC()
	live := func() uint64 {
		sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(sample)
		return sample[0].Value.Uint64()
	}
	before, most := live(), uint64(0)
	end, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-end:
				return
			case <-time.After(2 * time.Millisecond):
				most = max(most, live())
			}
		}
	}()
	return func() uint64 {
		close(end)
		<-done
		return max(most, before) - before
	}
}

// BenchmarkScan is a scan of 20,000 backups beside listing and reading alone, as a
// ratio of the same run (at least 0.5 is wanted), and the most memory that either
// the scan alone or a place that keeps what it found takes.
func BenchmarkScan(b *testing.B) {
	n := 20000
	if s, err := strconv.Atoi(os.Getenv("HEARTH_BENCH_BACKUPS")); err == nil {
		n = s
	}
	for name, flat := range map[string]bool{"folders": false, "one folder": true} {
		b.Run(name, func(b *testing.B) {
			dir := many(b, n, flat)
			bucket, err := repository.OpenFolder(dir)
			if err != nil {
				b.Fatal(err)
			}
			defer bucket.Close()
			read(b, bucket) // warm
			var alone, scanned, kept time.Duration
			var heapScan, heapKept uint64
			for b.Loop() {
				began := time.Now()
				if objects, _ := read(b, bucket); objects != int64(5*n) {
					b.Fatalf("%d objects", objects)
				}
				alone += time.Since(began)

				stop := watch()
				began = time.Now()
				found := 0
				err := repository.Scan(b.Context(), bucket, repository.Options{}, func(h core.Holding) error {
					if h.Kind == core.HoldingBackup && h.CaptureText.Set {
						found++
					}
					return nil
				}, nil)
				scanned += time.Since(began)
				heapScan = max(heapScan, stop())
				if err != nil || found != n {
					b.Fatalf("%d backups, %v", found, err)
				}

				stop = watch()
				p := openPosix(b, dir, repository.Options{})
				began = time.Now()
				if page, err := p.Backups(b.Context(), core.Query{Limit: 50}); err != nil || page.Total != n {
					b.Fatalf("%d backups, %v", page.Total, err)
				}
				kept += time.Since(began)
				heapKept = max(heapKept, stop())
			}
			b.ReportMetric(float64(alone)/float64(scanned), "scan-ratio")
			b.ReportMetric(float64(alone)/float64(kept), "place-ratio")
			b.ReportMetric(alone.Seconds()/float64(b.N), "alone-s")
			b.ReportMetric(float64(heapScan)/(1<<20), "scan-MiB")
			b.ReportMetric(float64(heapKept)/(1<<20), "place-MiB")
			b.ReportMetric(0, "ns/op")
		})
	}
}
