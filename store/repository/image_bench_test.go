package repository_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/ncw/swift/v2"

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

// BenchmarkRealImage reads 12 chunks of 50 MiB from a real Swift and a real S3, several
// at a time beside one at a time: as a ratio of the same run, above 1 where several are
// better. It fills a container of its own, and empties it.
func BenchmarkRealImage(b *testing.B) {
	dir := b.TempDir()
	id := large(b, dir, 12)
	const box = "hearth-bench"
	b.Run("swift", func(b *testing.B) {
		where, user, key, _ := real(b, "HEARTH_TEST_SWIFT", "AUTH-URL,USER,KEY,DIR/swift")
		c := &swift.Connection{AuthUrl: where, UserName: user, ApiKey: key}
		must(b, c.Authenticate(b.Context()), c.ContainerCreate(b.Context(), box, nil))
		each(b, dir, func(name string, body io.Reader) {
			_, err := c.ObjectPut(b.Context(), box, name, body, false, "", "", nil)
			must(b, err)
			b.Cleanup(func() { c.ObjectDelete(context.Background(), box, name) })
		})
		several(b, id, func(o repository.Options) (*repository.Place, error) {
			o.Swift = repository.SwiftOptions{AuthURL: where, User: user, Key: key}
			return repository.OpenSwift(b.Context(), "lab", box, o)
		})
	})
	b.Run("s3", func(b *testing.B) {
		where, user, key, _ := real(b, "HEARTH_TEST_S3", "HOST:PORT,KEY,SECRET,DIR/s3")
		c, err := minio.New(where, &minio.Options{Creds: credentials.NewStaticV4(user, key, ""), Region: "us-east-1"})
		must(b, err)
		if there, _ := c.BucketExists(b.Context(), box); !there {
			must(b, c.MakeBucket(b.Context(), box, minio.MakeBucketOptions{}))
		}
		each(b, dir, func(name string, body io.Reader) {
			data, err := io.ReadAll(body)
			must(b, err) // Swift takes no streams that are signed piece by piece
			_, err = c.PutObject(b.Context(), box, name, bytes.NewReader(data), int64(len(data)),
				minio.PutObjectOptions{DisableContentSha256: true, DisableMultipart: true})
			must(b, err)
			b.Cleanup(func() { c.RemoveObject(context.Background(), box, name, minio.RemoveObjectOptions{}) })
		})
		several(b, id, func(o repository.Options) (*repository.Place, error) {
			o.S3 = repository.S3Options{AccessKey: user, SecretKey: key, Region: "us-east-1", Plain: true}
			return repository.OpenS3(b.Context(), where+"/"+box, o)
		})
	})
}

func must(b *testing.B, errs ...error) {
	b.Helper()
	if err := errors.Join(errs...); err != nil {
		b.Fatal(err)
	}
}

// each hands over the files of a folder.
func each(b *testing.B, dir string, put func(name string, body io.Reader)) {
	files, err := os.ReadDir(dir)
	must(b, err)
	for _, f := range files {
		in, err := os.Open(filepath.Join(dir, f.Name()))
		must(b, err)
		put(f.Name(), in)
		in.Close()
	}
}

// several reads an image one chunk at a time, and then as many as usual.
func several(b *testing.B, id core.BackupID, open func(repository.Options) (*repository.Place, error)) {
	read := func(parallel int) time.Duration {
		p, err := open(repository.Options{Parallel: parallel})
		must(b, err)
		defer p.Close()
		began := time.Now()
		_, err = p.ReadImage(b.Context(), core.ImageRequest{Backup: id}, nowhere{})
		must(b, err)
		return time.Since(began)
	}
	var one, many time.Duration
	for b.Loop() {
		one += read(1)
		many += read(repository.DefaultParallel)
	}
	b.ReportMetric(float64(one)/float64(many), "ratio")
	b.ReportMetric(0, "ns/op")
}
