package repository_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"hearth/core"
	"hearth/store/repository"
)

// inMemory is a sink that keeps what it is given, and holds hearth to what it promises.
type inMemory struct {
	t     *testing.T
	order bool

	mu    sync.Mutex
	bytes []byte
	from  int64 // of the first byte
	next  int64 // in order: the byte that must come next
	whole core.Ranges
	holes core.Ranges
}

func (m *inMemory) WriteAt(b []byte, at int64) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.order && at != m.next {
		m.t.Errorf("byte %d came when byte %d was next", at, m.next)
	}
	m.next = at + int64(len(b))
	return copy(m.bytes[at-m.from:], b), nil
}

func (m *inMemory) Whole(r core.Range) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.whole = m.whole.Add(r)
	return nil
}

func (m *inMemory) Hole(h core.Hole) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.order && h.From != m.next {
		m.t.Errorf("a hole at %d came when byte %d was next", h.From, m.next)
	}
	m.next = h.To
	clear(m.bytes[h.From-m.from : h.To-m.from])
	m.holes = m.holes.Add(h.Range)
	return nil
}

// image reads all of a backup, or a part.
func image(t *testing.T, p *repository.Place, req core.ImageRequest) (*inMemory, core.ImageReport, error) {
	t.Helper()
	about, err := p.Image(t.Context(), req.Backup)
	if err != nil {
		t.Fatal(err)
	}
	if req.Part.To == 0 {
		req.Part.To = about.Size
	}
	m := &inMemory{t: t, order: req.InOrder, bytes: make([]byte, req.Part.Len()), from: req.Part.From, next: req.Part.From}
	report, err := p.ReadImage(t.Context(), req, m)
	return m, report, err
}

// said are the sums of all blocks of a volume, as Cinder stored them with its backups.
func said(t *testing.T, dir string) map[core.BackupID]struct {
	Block int64    `json:"chunk_size"`
	Sums  []string `json:"sha256s"`
} {
	t.Helper()
	out := map[core.BackupID]struct {
		Block int64    `json:"chunk_size"`
		Sums  []string `json:"sha256s"`
	}{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_sha256file") {
			return err
		}
		var x struct {
			Backup core.BackupID `json:"backup_id"`
			Block  int64         `json:"chunk_size"`
			Sums   []string      `json:"sha256s"`
		}
		body, err := os.ReadFile(path)
		if err := errors.Join(err, json.Unmarshal(body, &x)); err != nil {
			return err
		}
		out[x.Backup] = struct {
			Block int64    `json:"chunk_size"`
			Sums  []string `json:"sha256s"`
		}{x.Block, x.Sums}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestImage: what is read of each backup, of chains too, is what Cinder hashed when it
// made it: an incremental's sums are those of the whole volume.
func TestImage(t *testing.T) {
	t.Parallel()
	labDir, _ := lab(t)
	for name, dir := range map[string]string{"lab": labDir, "compressed": folderOf(t)} {
		p := openPosix(t, dir, repository.Options{})
		sums := said(t, dir)
		page, err := p.Backups(t.Context(), core.Query{})
		if err != nil {
			t.Fatal(err)
		}
		chains := 0
		for _, b := range page.Rows {
			if b.Status != core.StatusAvailable || name == "lab" && !b.Incremental { // those stand on fulls enough
				continue
			}
			want, ok := sums[b.ID]
			if !ok {
				continue
			}
			m, report, err := image(t, p, core.ImageRequest{Backup: b.ID})
			if err != nil || len(report.Holes) > 0 || report.Bytes != int64(len(m.bytes)) {
				t.Fatalf("%s: %s: %v, %+v of %d bytes", name, b.ID, err, report, len(m.bytes))
			}
			for i := range want.Sums {
				from := min(int64(i)*want.Block, int64(len(m.bytes)))
				sum := sha256.Sum256(m.bytes[from:min(from+want.Block, int64(len(m.bytes)))])
				if hex.EncodeToString(sum[:]) != want.Sums[i] {
					t.Fatalf("%s: block %d of %s, %s, is not what Cinder hashed", name, i, b.ID, b.Name.Or(""))
				}
			}
			if n := (int64(len(m.bytes)) + want.Block - 1) / want.Block; n != int64(len(want.Sums)) {
				t.Errorf("%s: %s has %d blocks, and Cinder hashed %d", name, b.ID, n, len(want.Sums))
			}
			if b.Incremental {
				chains++
			}
			if !slices.Equal(m.whole, core.Ranges{{From: 0, To: int64(len(m.bytes))}}) {
				t.Errorf("%s: told as whole: %v", b.ID, m.whole)
			}
			if name == "compressed" { // the lab's are some hundred MB
				alike(t, p, b.ID, m.bytes)
			}
		}
		if chains < 2 {
			t.Errorf("%s: %d incrementals", name, chains)
		}
	}
}

// alike reads the same in order, and a part of it.
func alike(t *testing.T, p *repository.Place, id core.BackupID, want []byte) {
	t.Helper()
	for _, keep := range []bool{false, true} {
		m, _, err := image(t, p, core.ImageRequest{Backup: id, InOrder: true, KeepGoing: keep})
		if err != nil || !bytes.Equal(m.bytes, want) {
			t.Errorf("%s in order: %v", id, err)
		}
	}
	part := core.Range{From: int64(len(want)) / 3, To: int64(len(want))/3 + 70001}
	for _, order := range []bool{false, true} {
		m, report, err := image(t, p, core.ImageRequest{Backup: id, Part: part, InOrder: order})
		if err != nil || report.Bytes != part.Len() || !bytes.Equal(m.bytes, want[part.From:part.To]) {
			t.Errorf("%s: %v of it: %v, %+v", id, part, err, report)
		}
	}
	half := int64(len(want)) / 2
	have := core.Ranges{{From: 0, To: half}}
	m, _, err := image(t, p, core.ImageRequest{Backup: id, Have: have})
	for _, r := range m.whole {
		have = have.Add(r)
	}
	if err != nil || !have.Holds(core.Range{From: 0, To: int64(len(want))}) || !bytes.Equal(m.bytes[half:], want[half:]) {
		t.Errorf("%s: with the first half there: %v, %v", id, err, have)
	}
}

// TestImageDamage: what is not as it was is never handed over as whole.
func TestImageDamage(t *testing.T) {
	t.Parallel()
	dir := folderOf(t)
	p := openPosix(t, dir, repository.Options{})
	page, err := p.Backups(t.Context(), core.Query{})
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, b := range page.Rows {
		if b.Status != core.StatusAvailable || b.Incremental {
			continue
		}
		sound, _, err := image(t, p, core.ImageRequest{Backup: b.ID})
		if err != nil {
			t.Fatal(err)
		}
		chunk := filepath.Join(dir, b.Container.V, b.ServiceMetadata.V+"-00001")
		body, err := os.ReadFile(chunk)
		if err != nil {
			t.Fatal(err)
		}
		for what, spoilt := range map[string][]byte{"flipped": flip(len(body) / 2)(body), "cut": body[:len(body)/2], "gone": nil} {
			if put(t, chunk, spoilt); spoilt == nil {
				os.Remove(chunk)
			}
			for _, order := range []bool{false, true} {
				m, report, err := image(t, p, core.ImageRequest{Backup: b.ID, InOrder: order})
				if core.CodeOf(err) != core.CodeUnreadable || m.whole.Holds(core.Range{From: 0, To: 1}) {
					t.Errorf("%s %s, in order %v: %v, whole %v", what, chunk, order, err, m.whole)
				}
				m, report, err = image(t, p, core.ImageRequest{Backup: b.ID, InOrder: order, KeepGoing: true})
				if err != nil || len(report.Holes) != 1 {
					t.Fatalf("%s %s, in order %v, going on: %v, %+v", what, chunk, order, err, report)
				}
				if h := report.Holes[0]; h.From != 0 || h.Backup != b.ID || h.Why == "" {
					t.Errorf("%s %s, in order %v, going on: %v, %+v", what, chunk, order, err, report)
				}
				end := report.Holes[0].To
				if report.Bytes+end != int64(len(sound.bytes)) || !bytes.Equal(m.bytes[end:], sound.bytes[end:]) {
					t.Errorf("%s: what is sound of it is not there", chunk)
				}
			}
		}
		put(t, chunk, body)
		tried++
	}
	if tried < 4 {
		t.Errorf("%d backups were tried", tried)
	}
}

// TestImageChain: a parent that is gone is told by its id.
func TestImageChain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	full := made{volume: uuid(1), id: uuid(2), stamp: "20260101000000", chunks: 2}
	incr := made{volume: uuid(1), id: uuid(3), parent: uuid(9), stamp: "20260102000000", chunks: 1}
	full.write(t, dir)
	incr.write(t, dir)
	p := openPosix(t, dir, repository.Options{})
	_, err := p.Image(t.Context(), core.BackupID(uuid(3)))
	if core.CodeOf(err) != core.CodeNotFound || !strings.Contains(err.Error(), uuid(9)) {
		t.Errorf("a chain without its full backup: %v", err)
	}
	if _, err := p.Image(t.Context(), core.BackupID(uuid(4))); core.CodeOf(err) != core.CodeNotFound {
		t.Errorf("no such backup: %v", err)
	}
	beyond := core.ImageRequest{Backup: core.BackupID(uuid(2)), Part: core.Range{From: 5, To: 1 << 40}}
	_, err = p.ReadImage(t.Context(), beyond, &inMemory{t: t})
	if core.CodeOf(err) != core.CodeUsage {
		t.Errorf("a part behind the end: %v", err)
	}
}
