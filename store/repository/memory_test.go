package repository_test

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"

	"hearth/core"
	"hearth/store/repository"
)

// endless is a bucket that makes up its objects as it is asked for them: n backups
// of some chunks each, in the order of their names.
type endless struct {
	n, chunks int
	sorted    bool
	flat      bool         // as file drivers name them, all in one folder
	real      bool         // captures as large as Cinder's, of a volume each
	step      func(at int) // if not nil: called as each backup is listed, and read
}

func (e endless) prefix(i int) string {
	volume := uuid(i / 10)
	if e.real {
		volume = uuid(i * 7)
	}
	if e.flat {
		return fmt.Sprintf("volume_%s_20260102030405_backup_%s", volume, uuid(i))
	}
	return fmt.Sprintf("volume_%s/20260102030405/az_nova_backup_%s", volume, uuid(i))
}

func (e endless) List(ctx context.Context, page func([]repository.Object) error) error {
	for i := range e.n {
		if e.step != nil {
			e.step(i)
		}
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
	capture := `{"version": 2, "volume-base-metadata": {"size": 1, "id": "x"}}`
	if e.real {
		capture = realCapture
	}
	fmt.Fprintf(&b, `"backup_name": "b", "backup_description": null, "created_at": "2026-01-02 03:04:05", "parent_id": null, `+
		`"volume_meta": %q, "objects": [`, capture)
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
		if e.step != nil {
			e.step(-1)
		}
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

// realCapture is as a Cinder of today writes one, with as much in it as most have.
var realCapture = `{"version": 2, "volume-base-metadata": {"created_at": "2026-01-02T03:04:05", "updated_at": "2026-01-02T03:04:05", ` +
	`"deleted_at": null, "deleted": false, "id": "` + uuid(1) + `", "_name_id": null, "use_quota": true, "ec2_id": null, ` +
	`"user_id": "0f2b4c7e9a8d4d0f8f4f3c2b1a090807", "project_id": "6d5c4b3a29181706f5e4d3c2b1a09f8e", "snapshot_id": null, ` +
	`"cluster_name": null, "host": "storage-01@lvm#LVM", "size": 1, "availability_zone": "nova", "status": "backing-up", ` +
	`"attach_status": "detached", "migration_status": null, "scheduled_at": "2026-01-02T03:04:05", "launched_at": null, ` +
	`"terminated_at": null, "display_name": "the volume of somebody", "display_description": "", "provider_location": ` +
	`"192.0.2.7:3260,1 iqn.2010-10.org.openstack:volume-` + uuid(1) + ` 1", "provider_auth": "CHAP aaaaaaaaaaaaaaaaaaaa ` +
	`bbbbbbbbbbbbbbbb", "provider_geometry": null, "provider_id": null, "volume_type_id": "` + uuid(2) + `", "source_volid": null, ` +
	`"encryption_key_id": null, "consistencygroup_id": null, "group_id": null, "bootable": true, "multiattach": false, ` +
	`"replication_status": null, "replication_extended_status": null, "replication_driver_data": null, "previous_status": "available", ` +
	`"service_uuid": "` + uuid(3) + `", "shared_targets": true}, "volume-metadata": {"role": "database", "owner": "somebody"}, ` +
	`"volume-glance-metadata": {"image_id": "` + uuid(4) + `", "image_name": "debian-12", "min_ram": "0", "disk_format": "qcow2"}}`

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
		"few":            {endless{n: 1000, chunks: 3, sorted: true}, 4},
		"many":           {endless{n: 20000, chunks: 3, sorted: true}, 4},
		"many, unsorted": {endless{n: 20000, chunks: 3, sorted: false}, 32},
		"one large":      {endless{n: 1, chunks: 100000, sorted: true}, 64}, // its metadata is of 18 MB
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

// mostPerBackup is how much memory a scan may take for each backup, at any time: 1 kB.
const mostPerBackup = 1024

// TestMemoryPerBackup holds what a place takes for each backup: what it keeps after a
// scan, and at the most while it scans. What is alive is counted, after the garbage was
// collected, as things are listed, as bodies are read, and when the rows are put in order.
func TestMemoryPerBackup(t *testing.T) {
	if testing.Short() {
		t.Skip("it goes through tens of thousands of backups")
	}
	const n = 8000
	for name, bucket := range map[string]endless{
		"sorted":                       {n: n, chunks: 3, sorted: true},
		"in one folder":                {n: n, chunks: 3, flat: true},
		"in one folder, a volume each": {n: n, chunks: 3, flat: true, real: true},
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			steps, most := 0, uint64(0)
			var before uint64
			look := func() {
				mu.Lock()
				defer mu.Unlock()
				most = max(most, (&probe{}).left())
			}
			bucket.step = func(int) {
				mu.Lock()
				steps++
				now := steps%(n/4) == 0
				mu.Unlock()
				if now {
					look()
				}
			}
			before = (&probe{}).left()
			p := repository.New(t.Context(), "swift:made/up", bucket, repository.Options{})
			defer p.Close()
			stop := watch()
			page, err := p.Backups(t.Context(), core.Query{Limit: 50})
			seen := stop()
			if err != nil || page.Total != n {
				t.Fatalf("%d backups, %v", page.Total, err)
			}
			look()
			kept := (&probe{}).left()
			per := func(bytes uint64) int64 { return (int64(bytes) - int64(before)) / n }
			if per(kept) > mostPerBackup || per(most) > mostPerBackup {
				t.Errorf("%d bytes are kept of a backup, %d at the most", per(kept), per(most))
			}
			t.Logf("%d bytes are kept of a backup, %d at the most; the collector saw %d", per(kept), per(most), seen/n)
			if page, err := p.Volumes(t.Context(), core.Query{Limit: 1}); err != nil || page.Total == 0 {
				t.Errorf("%d volumes, %v", page.Total, err)
			}
		})
	}
}
