package repository_test

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"hearth/core"
	"hearth/store/repository"
)

// endless is a bucket that makes up its objects as it is asked for them: n backups
// of some chunks each, in the order of their names.
type endless struct {
	n, chunks int
	sorted    bool
}

func (e endless) prefix(i int) string {
	return fmt.Sprintf("volume_%s/20260102030405/az_nova_backup_%s", uuid(i/10), uuid(i))
}

func (e endless) List(ctx context.Context, page func([]repository.Object) error) error {
	for i := range e.n {
		if err := e.ListPrefix(ctx, "box", e.prefix(i), page); err != nil {
			return err
		}
	}
	return nil
}

func (e endless) ListPrefix(ctx context.Context, _, prefix string, page func([]repository.Object) error) error {
	objects := make([]repository.Object, 0, 1000)
	add := func(o repository.Object) error {
		if objects = append(objects, o); len(objects) < cap(objects) && !strings.HasSuffix(o.Name, "file") {
			return nil
		}
		err := page(objects)
		objects = objects[:0]
		return err
	}
	for j := range e.chunks {
		chunk := repository.Object{
			Container: "box", Name: fmt.Sprintf("%s-%05d", prefix, j+1), Size: 4, MD5: "8d777f385d3dfec8815d20f7496026dc",
		}
		if err := add(chunk); err != nil {
			return err
		}
	}
	if err := add(repository.Object{Container: "box", Name: prefix + "_metadata", Size: int64(len(e.metadata(prefix)))}); err != nil {
		return err
	}
	return add(repository.Object{Container: "box", Name: prefix + "_sha256file", Size: 9})
}

func (e endless) metadata(prefix string) string {
	var b strings.Builder
	id := prefix[len(prefix)-36:]
	fmt.Fprintf(&b, `{"version": "1.0.0", "backup_id": %q, "volume_id": %q, `, id, prefix[7:43])
	b.WriteString(`"backup_name": "b", "backup_description": null, "created_at": "2026-01-02 03:04:05", "parent_id": null, ` +
		`"volume_meta": "{\"version\": 2, \"volume-base-metadata\": {\"size\": 1, \"id\": \"x\"}}", "objects": [`)
	for j := range e.chunks {
		if j > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, `{"%s-%05d": {"compression": "none", "length": 4, "md5": "8d777f385d3dfec8815d20f7496026dc", "offset": %d}}`,
			prefix, j+1, 4*j)
	}
	b.WriteString("]}")
	return b.String()
}

func (e endless) Get(_ context.Context, _, name string) (io.ReadCloser, error) {
	if prefix, ok := strings.CutSuffix(name, "_metadata"); ok {
		return io.NopCloser(strings.NewReader(e.metadata(prefix))), nil
	}
	if strings.HasSuffix(name, "_sha256file") {
		return io.NopCloser(strings.NewReader("{}")), nil
	}
	return io.NopCloser(strings.NewReader("data")), nil
}

func (e endless) Sorted() bool            { return e.sorted }
func (e endless) Close() error            { return nil }
func (e endless) Service() (string, bool) { return repository.SwiftDriver, true }

// probe collects garbage now and then, and keeps how much was left at most.
type probe struct {
	every, n     int
	before, most uint64
}

func newProbe(n int) *probe {
	p := &probe{every: max(n/8, 1)}
	p.before = p.left()
	return p
}

func (p *probe) left() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func (p *probe) step() {
	if p.n++; p.n%p.every == 0 {
		p.most = max(p.most, p.left())
	}
}

func (p *probe) mib() uint64 { return (max(p.most, p.before) - p.before) >> 20 }

// TestMemory: what a scan and a verification hold does not grow with what there is.
// (Where a listing has no order it grows by what one folder holds: some forty bytes
// an object.)
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("it goes through hundreds of thousands of objects")
	}
	for name, c := range map[string]struct {
		bucket endless
		most   uint64 // MiB
	}{
		"few":            {endless{1000, 3, true}, 4},
		"many":           {endless{20000, 3, true}, 4},
		"many, unsorted": {endless{20000, 3, false}, 32},
		"one large":      {endless{1, 100000, true}, 64}, // its metadata is of 18 MB
	} {
		t.Run(name, func(t *testing.T) {
			probe := newProbe(c.bucket.n)
			n := 0
			err := repository.Scan(t.Context(), c.bucket, repository.Options{}, func(h core.Holding) error {
				probe.step()
				if h.Kind == core.HoldingBackup && h.Problem == "" && h.Objects == int64(c.bucket.chunks) {
					n++
				}
				return nil
			}, nil)
			most := probe.mib()
			if err != nil || n != c.bucket.n || most > c.most {
				t.Errorf("%d backups, %d MiB, %v", n, most, err)
			}
			t.Logf("a scan of %d backups holds %d MiB at most", n, most)

			p := repository.New(t.Context(), "swift:made/up", c.bucket, repository.Options{})
			defer p.Close()
			if _, err := p.Backups(t.Context(), core.Query{}); err != nil {
				t.Fatal(err)
			}
			probe = newProbe(c.bucket.n)
			n = 0
			err = p.Verify(t.Context(), core.VerifyRequest{}, func(r core.VerifyReport) error {
				probe.step()
				if r.Sound() && r.Objects == int64(c.bucket.chunks) {
					n++
				}
				return nil
			})
			most = probe.mib()
			if err != nil || n != c.bucket.n || most > c.most {
				t.Errorf("%d reports, %d MiB, %v", n, most, err)
			}
			t.Logf("a verification holds %d MiB at most", most)
		})
	}
}
