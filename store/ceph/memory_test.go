package ceph

import (
	"bufio"
	"fmt"
	"io"
	"runtime"
	"testing"
	"time"

	"hearth/core"
)

// printing writes what both programs print of a pool of images with ten backups each.
func printing(n int, step func()) (images, objects io.Reader) {
	pipe := func(write func(w *bufio.Writer)) io.Reader {
		r, p := io.Pipe()
		go func() {
			w := bufio.NewWriter(p)
			write(w)
			p.CloseWithError(w.Flush())
		}()
		return r
	}
	id := func(kind byte, i int) string { return fmt.Sprintf("%c0000000-1111-4222-8333-%012d", kind, i) }
	images = pipe(func(w *bufio.Writer) {
		sep := "["
		for i := range n {
			image := "volume-" + id('a', i/10) + ".backup." + id('b', i/10*10)
			if i%10 == 0 {
				fmt.Fprintf(w, `%s{"image": %q, "id": "10d7", "size": 1073741824, "format": 2}`, sep, image)
				sep = ","
			}
			fmt.Fprintf(w, `,{"image": %q, "snapshot": "backup.%s.snap.17959%05d.354384", "snapshot_id": %d, "size": 1073741824}`,
				image, id('b', i), i, i)
			if i%(n/4) == n/8 {
				step()
			}
		}
		w.WriteString("]")
	})
	objects = pipe(func(w *bufio.Writer) {
		sep := "["
		for i := range n {
			fmt.Fprintf(w, `%s{"namespace": "", "name": "backup.%s.meta"},{"name": "rbd_data.10d7.%016x"}`, sep, id('b', i), i)
			sep = ","
		}
		w.WriteString("]")
	})
	return images, objects
}

// TestMemoryPerBackup holds what a place takes for each backup of a pool: what it keeps
// of a listing, and at the most while it reads it and makes rows of it. What is alive is
// counted, after the garbage was collected.
func TestMemoryPerBackup(t *testing.T) {
	if testing.Short() {
		t.Skip("it goes through tens of thousands of backups")
	}
	const n, limit = 20000, 1024
	left := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := left()
	var most uint64
	look := func() { most = max(most, left()) }
	images, objects := printing(n, look)
	l := &listing{metas: map[core.BackupID]meta{}}
	if err := l.readImages(images); err != nil {
		t.Fatal(err)
	}
	look()
	if err := l.readObjects(objects, nil); err != nil {
		t.Fatal(err)
	}
	look()
	l.order(nil)
	b := build(l, "backups", Driver, time.Unix(0, 0))
	look()
	x := b.finish()
	look()
	runtime.KeepAlive(b)
	b, l = nil, nil
	kept := left()
	per := func(bytes uint64) int64 { return (int64(bytes) - int64(before)) / n }
	if x.rows.Len() != n || per(kept) > limit || per(most) > limit {
		t.Errorf("of %d backups %d bytes each are kept, %d at the most", x.rows.Len(), per(kept), per(most))
	}
	t.Logf("%d bytes are kept of a backup, %d at the most", per(kept), per(most))
	if page := x.answer(core.Query{Limit: 50}); page.Total != n || len(page.Rows) != 50 {
		t.Errorf("%d backups, %d of them shown", page.Total, len(page.Rows))
	}
}
