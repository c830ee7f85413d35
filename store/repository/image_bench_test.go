package repository_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/store/repository"
)

// large writes a full backup of n chunks of Swift's default size, compressed, half of
// each zeros and the rest half compressible.
func large(t testing.TB, dir string, n int) core.BackupID {
	t.Helper()
	const size = 52428800
	m := made{volume: uuid(1), id: uuid(2), stamp: "20260101000000"}
	r := rand.New(rand.NewPCG(1, 2))
	objects := []any{}
	for i := range n {
		data := make([]byte, size)
		for at := 0; at < size/2; at += 8 {
			copy(data[at:], strconv.FormatUint(r.Uint64N(1<<40), 36))
		}
		sum := md5.Sum(data)
		var body bytes.Buffer
		z, _ := zlib.NewWriterLevel(&body, zlib.BestSpeed)
		z.Write(data)
		z.Close()
		name := fmt.Sprintf("%s-%05d", m.prefix(), i+1)
		put(t, filepath.Join(dir, name), body.Bytes())
		objects = append(objects, map[string]any{name: map[string]any{
			"compression": "zlib", "length": size, "md5": hex.EncodeToString(sum[:]), "offset": i * size}})
	}
	doc, err := json.Marshal(map[string]any{"version": "1.0.0", "backup_id": m.id, "volume_id": m.volume, "backup_name": "b",
		"backup_description": nil, "created_at": "2026-01-02 03:04:05.678901+00:00", "objects": objects, "parent_id": nil, "volume_meta": nil})
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, m.prefix()+"_metadata"), doc)
	return core.BackupID(m.id)
}

// nowhere is a sink that forgets.
type nowhere struct{}

func (nowhere) WriteAt(b []byte, _ int64) (int, error) { return len(b), nil }
func (nowhere) Whole(core.Range) error                 { return nil }
func (nowhere) Hole(core.Hole) error                   { return nil }

// bare reads and decompresses the chunks one after the other, and checks nothing.
func bare(b *testing.B, dir string) (n int64) {
	files, err := filepath.Glob(filepath.Join(dir, "*-0*"))
	if err != nil {
		b.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_metadata") {
			continue
		}
		f, err := os.Open(file)
		if err != nil {
			b.Fatal(err)
		}
		z, err := zlib.NewReader(f)
		if err != nil {
			b.Fatal(err)
		}
		m, err := io.Copy(io.Discard, z)
		if err != nil {
			b.Fatal(err)
		}
		n += m
		f.Close()
	}
	return n
}

// BenchmarkImage reads 40 chunks of 50 MiB, each held against its md5, in any order
// and in the volume's, beside a bare loop that reads and decompresses the same one
// after the other: as ratios of the same run (at least 0.8 is wanted), and the memory
// that it takes.
func BenchmarkImage(b *testing.B) {
	dir := b.TempDir()
	id := large(b, dir, 40)
	p := openPosix(b, dir, repository.Options{})
	bare(b, dir) // warm
	for name, order := range map[string]bool{"any order": false, "in order": true} {
		b.Run(name, func(b *testing.B) {
			var alone, read time.Duration
			var heap uint64
			for b.Loop() {
				began := time.Now()
				n := bare(b, dir)
				alone += time.Since(began)
				stop := watch()
				began = time.Now()
				report, err := p.ReadImage(context.Background(), core.ImageRequest{Backup: id, InOrder: order}, nowhere{})
				read += time.Since(began)
				heap = max(heap, stop())
				if err != nil || report.Bytes != n {
					b.Fatalf("%d bytes of %d, %v", report.Bytes, n, err)
				}
			}
			b.ReportMetric(float64(alone)/float64(read), "ratio")
			b.ReportMetric(float64(heap)/(1<<20), "MiB")
			b.ReportMetric(0, "ns/op")
		})
	}
}
