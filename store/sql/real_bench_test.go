//go:build unix

package sql_test

import (
	"context"
	dbsql "database/sql"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"hearth/store/sql"
)

// peak is the most memory that the process has held since it was called last, in MB; 0
// where that is not told.
func peak() float64 {
	text, _ := os.ReadFile("/proc/self/status")
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	kb, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	n, _ := strconv.Atoi(kb)
	return float64(n) / 1024
}

// processor is how long the process has had a processor.
func processor() time.Duration {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// bare reads all rows of the tables that lists go by once, with the driver and no more.
func (s *realServer) bare(b *testing.B) (rows int) {
	for _, table := range []string{"volumes", "backups"} {
		answer, err := s.admin.Query("SELECT * FROM " + table)
		ok(b, err)
		columns, err := answer.Columns()
		ok(b, err)
		cells, into := make([]dbsql.RawBytes, len(columns)), make([]any, len(columns))
		for i := range cells {
			into[i] = &cells[i]
		}
		for answer.Next() {
			ok(b, answer.Scan(into...))
			rows++
		}
		ok(b, answer.Err())
		ok(b, answer.Close())
	}
	return rows
}

// BenchmarkRealMirror makes the mirror of what .ci/lab/lab sql fill left on each server, and
// compares that with reading the same rows once with the bare driver. Run it with
// -benchtime 1x.
func BenchmarkRealMirror(b *testing.B) {
	for _, variable := range []string{"HEARTH_TEST_MYSQL", "HEARTH_TEST_POSTGRES"} {
		b.Run(strings.TrimPrefix(variable, "HEARTH_TEST_"), func(b *testing.B) {
			s := serverOf(b, variable)
			if n := s.one(b, "SELECT count(*) FROM backups"); len(n) < 5 {
				b.Skip("it holds " + n + " backups: .ci/lab/lab sql fill STORE.sqlite fills it")
			}
			began, used := time.Now(), processor()
			rows := s.bare(b)
			read, readCPU := time.Since(began), processor()-used
			for range b.N {
				file := filepath.Join(b.TempDir(), "mirrors")
				peak()
				began, used = time.Now(), processor()
				p, err := sql.OpenServer(context.Background(), s.scheme, s.rest, "", sql.Options{Mirrors: file})
				ok(b, err)
				p.WaitForMirror(b)
				if !p.Mirrored() {
					b.Fatal("lists do not go by a mirror")
				}
				made, madeCPU := time.Since(began), processor()-used
				b.ReportMetric(float64(rows), "rows")
				b.ReportMetric(read.Seconds(), "s-bare")
				b.ReportMetric(readCPU.Seconds(), "cpu-s-bare")
				b.ReportMetric(made.Seconds(), "s-made")
				b.ReportMetric(madeCPU.Seconds(), "cpu-s-made")
				b.ReportMetric(made.Seconds()/read.Seconds(), "x")
				b.ReportMetric(peak(), "MB")
				ok(b, p.Close())
			}
		})
	}
}
