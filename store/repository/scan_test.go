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
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/store/repository"
)

// made writes a backup as Cinder does, into one folder of file names.
type made struct {
	volume, id, parent string
	stamp              string
	chunks             int
	extra              map[string]any // what differs in the metadata; nil values are left out
}

func (m made) prefix() string {
	return fmt.Sprintf("volume_%s_%s_backup_%s", m.volume, m.stamp, m.id)
}

func (m made) write(t testing.TB, dir string) string {
	t.Helper()
	p := filepath.Join(dir, m.prefix())
	objects := []any{}
	for i := range m.chunks {
		body := fmt.Appendf(nil, "chunk %d of %s", i, m.id)
		sum := md5.Sum(body)
		name := fmt.Sprintf("%s-%05d", m.prefix(), i+1)
		put(t, filepath.Join(dir, name), body)
		chunk := map[string]any{"compression": "none", "length": len(body), "md5": hex.EncodeToString(sum[:]), "offset": i * len(body)}
		objects = append(objects, map[string]any{name: chunk})
	}
	doc := map[string]any{"version": "1.0.0", "backup_id": m.id, "volume_id": m.volume, "backup_name": "b",
		"backup_description": nil, "created_at": "2026-01-02 03:04:05.678901+00:00",
		"objects": objects, "parent_id": nil, "volume_meta": nil}
	if m.parent != "" {
		doc["parent_id"] = m.parent
	}
	for k, v := range m.extra {
		if doc[k] = v; v == nil {
			delete(doc, k)
		}
	}
	body, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	put(t, p+"_metadata", body)
	return p
}

func uuid(n int) string { return fmt.Sprintf("%08x-1111-2222-3333-444455556666", n) }

func only(t *testing.T, p *repository.Place) core.Holding {
	t.Helper()
	v, err := p.Scan(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if v.Holdings.Len() != 1 {
		t.Fatalf("%+v", slices.Collect(maps.Values(maps.Collect(v.Holdings.All()))))
	}
	return v.Holdings.At(0)
}

func marks(h core.Holding) map[string]core.MarkState {
	out := map[string]core.MarkState{}
	for _, m := range h.Marks {
		out[m.Field] = m.State
	}
	return out
}

// rebuilt is a backup as made, and what its row is to be.
type rebuilt struct {
	m      made
	status string
	check  func(b core.Backup, m marked) bool
}

type marked = map[string]core.MarkState

// rebuiltTimes are ways of telling when a backup was made, rebuiltSizes what its
// capture tells, or not.
func rebuiltTimes() map[string]rebuilt {
	return map[string]rebuilt{
		"as it is": {made{chunks: 2}, core.StatusAvailable, func(b core.Backup, m marked) bool {
			return b.CreatedAt.V.Format(time.RFC3339Nano) == "2026-01-02T03:04:05.678901Z" && m["created_at"] == "" &&
				b.DataTimestamp == b.CreatedAt && m["data_timestamp"] == core.MarkAssumed &&
				b.Size == 1 && m["size"] == core.MarkAssumed && m["encryption_key_id"] == core.MarkLost &&
				b.Service.V == repository.PosixDriver && m["service"] == core.MarkAssumed &&
				m["user_id"] == core.MarkLost && m["availability_zone"] == core.MarkLost
		}},
		"2014": {made{chunks: 1, extra: map[string]any{"parent_id": nil, "volume_meta": nil, "created_at": "2014-02-27 12:38:10"}},
			core.StatusAvailable,
			func(b core.Backup, m marked) bool {
				return b.CreatedAt.V.Equal(time.Date(2014, 2, 27, 12, 38, 10, 0, time.UTC)) && m["created_at"] == "" && b.ParentID == ""
			}},
		"another zone": {made{extra: map[string]any{"created_at": "2026-01-02 03:04:05+02:00"}},
			core.StatusAvailable, func(b core.Backup, m marked) bool {
				return b.CreatedAt.V.Equal(time.Date(2026, 1, 2, 1, 4, 5, 0, time.UTC))
			}},
		"no time": {made{extra: map[string]any{"created_at": "None"}},
			core.StatusAvailable, func(b core.Backup, m marked) bool {
				return b.CreatedAt.V.Equal(time.Date(2026, 1, 2, 3, 4, 4, 0, time.UTC)) && m["created_at"] == core.MarkAssumed
			}},
	}
}

func rebuiltSizes() map[string]rebuilt {
	capture := func(base string) string { return `{"version": 2, "volume-base-metadata": {` + base + `}}` }
	return map[string]rebuilt{
		"the capture's size": {made{chunks: 1,
			extra: map[string]any{"volume_meta": capture(`"size": 7, "user_id": "u", "project_id": "p", "encryption_key_id": null`)}},
			core.StatusAvailable,
			func(b core.Backup, m marked) bool {
				return b.Size == 7 && m["size"] == "" && b.UserID == "u" && b.ProjectID == "p" &&
					m["project_id"] == core.MarkAssumed && m["encryption_key_id"] == ""
			}},
		"encrypted": {made{extra: map[string]any{"volume_meta": capture(`"encryption_key_id": "k"`)}},
			core.StatusAvailable, func(b core.Backup, m marked) bool {
				return !b.EncryptionKeyID.Set && m["encryption_key_id"] == core.MarkLost && b.Unseen.Has("encryption_key_id")
			}},
		"a capture that is none": {made{extra: map[string]any{"volume_meta": "{"}},
			core.StatusAvailable, func(b core.Backup, m marked) bool {
				return m["encryption_key_id"] == core.MarkLost && m["size"] == core.MarkLost
			}},
		"an incremental without size": {made{parent: "x", chunks: 1},
			core.StatusAvailable, func(b core.Backup, m marked) bool {
				return b.Size == 0 && m["size"] == core.MarkLost && b.ParentID == "x" && b.Incremental
			}},
		"a size of rubbish": {made{extra: map[string]any{"volume_meta": capture(`"size": "7"`)}},
			core.StatusAvailable, func(b core.Backup, m marked) bool {
				return m["size"] == core.MarkLost
			}},
		"a name of rubbish": {made{extra: map[string]any{"backup_name": []any{1}}},
			core.StatusAvailable, func(b core.Backup, m marked) bool { return !b.Name.Set }},
		"objects of rubbish": {made{extra: map[string]any{"objects": []any{map[string]any{"x": nil}}}},
			core.StatusError, func(b core.Backup, m marked) bool {
				return b.ObjectCount == 1
			}},
	}
}

// TestRebuild holds each way of telling a field, and its mark.
func TestRebuild(t *testing.T) {
	for _, cases := range []map[string]rebuilt{rebuiltTimes(), rebuiltSizes()} {
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				c.m.volume, c.m.id, c.m.stamp = "v", uuid(1), "20260102030404"
				dir := t.TempDir()
				c.m.write(t, filepath.Join(dir, "box"))
				p := openPosix(t, dir, repository.Options{})
				h := only(t, p)
				if h.Kind != core.HoldingBackup || h.Backup.Status != c.status || h.Backup.Container.V != "box" ||
					h.Backup.ServiceMetadata.V != c.m.prefix() || !c.check(h.Backup, marks(h)) {
					t.Errorf("%+v", h)
				}
				_, err := p.Export(t.Context(), core.BackupID(uuid(1)))
				if (core.CodeOf(err) == core.CodeRefused) != (c.status == core.StatusError) {
					t.Error(err)
				}
			})
		}
	}
}

// TestSwift2014 has a backup as Icehouse's Swift driver wrote them: offsets after
// the chunk, md5 of what is stored, no sha256 file.
func TestSwift2014(t *testing.T) {
	prefix := "volume_v/20140227123810/az_nova_backup_" + uuid(1)
	objects := map[string][]byte{}
	var list []any
	offset := 0
	for i, text := range []string{strings.Repeat("a", 5000), strings.Repeat("b", 3000)} {
		var body bytes.Buffer
		z := zlib.NewWriter(&body)
		z.Write([]byte(text))
		z.Close()
		sum := md5.Sum(body.Bytes())
		offset += len(text)
		name := fmt.Sprintf("%s-%05d", prefix, i+1)
		objects[name] = body.Bytes()
		chunk := map[string]any{"compression": "zlib", "length": len(text), "md5": hex.EncodeToString(sum[:]), "offset": offset}
		list = append(list, map[string]any{name: chunk})
	}
	doc, err := json.Marshal(map[string]any{
		"version":            "1.0.0",
		"backup_id":          uuid(1),
		"volume_id":          "v",
		"backup_name":        nil,
		"backup_description": nil,
		"created_at":         "2014-02-27 12:38:10",
		"objects":            list,
	})
	if err != nil {
		t.Fatal(err)
	}
	objects[prefix+"_metadata"] = doc
	pages := 0
	server := served{"box": objects}.swift(t, &pages)
	p, err := repository.OpenSwift(t.Context(), "old", "box",
		repository.Options{Swift: repository.SwiftOptions{AuthURL: server.URL + "/auth/v1.0", User: "backup:cinder", Key: "labpass"}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	h := only(t, p)
	if b := h.Backup; b.Size != 1 || marks(h)["size"] != core.MarkAssumed || b.Status != core.StatusAvailable ||
		b.AvailabilityZone.V != "nova" || b.ObjectCount != 2 || h.CaptureText.Set {
		t.Errorf("%+v", h)
	}
	for _, deep := range []bool{false, true} {
		r := verify(t, p, core.VerifyRequest{Deep: deep, IDs: []core.BackupID{core.BackupID(uuid(1))}})[prefix]
		if r.Sound() || !r.Misplaced() || len(r.Flaws) != 1 || r.Layout.Name != "havana" {
			t.Errorf("deep=%v: %+v", deep, r.Flaws)
		}
	}
	objects[prefix+"-00002"][20] ^= 1
	if r := verify(t, p, core.VerifyRequest{})[prefix]; r.Sound() { // by the listing's md5
		t.Errorf("flipped, and %+v", r)
	}
	if c, ok, err := p.Capture(t.Context(), core.BackupID(uuid(1))); ok || err != nil {
		t.Errorf("%+v, %v", c, err)
	}
}

// mixedFolder is a folder with a bit of everything in it.
func mixedFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	id := func(n int) made { return made{volume: "v", id: uuid(n), stamp: "20260102030405", chunks: 2} }
	box := filepath.Join(dir, "box")
	id(1).write(t, box)
	rm(t, id(2).write(t, box)+"_metadata")
	put(t, id(3).write(t, box)+"_metadata", []byte(`{"backup_id": `))
	other := id(4)
	other.extra = map[string]any{"backup_id": uuid(1)}
	other.write(t, box)
	id(5).write(t, filepath.Join(dir, uuid(5)[:2], uuid(5)[2:4], uuid(5)))
	id(6).write(t, filepath.Join(dir, "deeper", uuid(6)[:2], uuid(6)[2:4], uuid(6)))
	id(7).write(t, box)
	id(7).write(t, filepath.Join(dir, "copy"))
	rm(t, id(7).write(t, filepath.Join(dir, "a-copy"))+"-00001")
	id(8).write(t, dir) // at the root
	put(t, filepath.Join(dir, "README"), []byte("hello"))
	outside := filepath.Join(t.TempDir(), "secret")
	put(t, outside, []byte("secret"))
	for from, to := range map[string]string{"loop": ".", "out": outside, "dead": "none"} {
		if err := os.Symlink(to, filepath.Join(dir, from)); err != nil {
			t.Skip(err)
		}
	}
	if err := os.Symlink(outside, filepath.Join(box, id(9).prefix()+"_metadata")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(box, id(1).prefix()+"-00001"), filepath.Join(box, "moved")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("moved", filepath.Join(box, id(1).prefix()+"-00001")); err != nil { // as good as the file
		t.Fatal(err)
	}
	return dir
}

// TestHoldings: what is no finished backup is listed as what it is.
func TestHoldings(t *testing.T) {
	p := openPosix(t, mixedFolder(t), repository.Options{})
	var progress core.ScanProgress
	v, err := p.Scan(t.Context(), func(s core.ScanProgress) { progress = s })
	if err != nil {
		t.Fatal(err)
	}
	if progress != v.ScanProgress || progress.Backups != 7 || progress.Unfinished != 1 || progress.Broken != 3 || progress.Strays != 5 {
		t.Errorf("%+v and %+v", progress, v.ScanProgress)
	}
	got := map[string]string{}
	for _, h := range v.Holdings.All() {
		text := string(h.Kind)
		if h.Kind == core.HoldingBackup && h.Problem != "" {
			text += "!"
		}
		if marks(h)["container"] == core.MarkAssumed {
			text += "?"
		}
		got[h.Container+"/"+strings.TrimPrefix(h.Prefix, "volume_v_20260102030405_backup_")] = text
	}
	want := map[string]string{
		"box/" + uuid(1): "backup", "box/" + uuid(2): "unfinished", "box/" + uuid(3): "broken",
		"box/" + uuid(4): "broken", "box/" + uuid(9): "broken",
		"00/00/" + uuid(5) + "/" + uuid(5): "backup", "deeper/00/00/" + uuid(6) + "/" + uuid(6): "backup?",
		"a-copy/" + uuid(7): "backup!", "box/" + uuid(7): "backup", "copy/" + uuid(7): "backup!", "/" + uuid(8): "backup?",
		"/README": "stray", "box/moved": "stray", "/loop": "stray", "/out": "stray", "/dead": "stray",
	}
	for k, w := range want {
		if got[k] != w {
			t.Errorf("%s is %q, want %q", k, got[k], w)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%v", got)
	}
	page, err := p.Backups(t.Context(), core.Query{})
	if err != nil || len(page.Rows) != 5 { // the copies are one
		t.Errorf("%d rows, %v", len(page.Rows), err)
	}
	if _, err := p.Backup(t.Context(), core.BackupID(uuid(2))); core.CodeOf(err) != core.CodeNotFound {
		t.Error(err)
	}
}

// TestCaptures: the real ones, layer by layer.
func TestCaptures(t *testing.T) {
	dir, rows := lab(t)
	p := openPosix(t, dir, repository.Options{})
	for id := range rows {
		c, ok, err := p.Capture(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		base := c.Section(core.BaseSection)
		if !ok || c.Err != nil || c.Version() == 0 || base == nil || c.BackupID != id || string(c.VolumeID) != rows[id].Row["volume_id"] {
			t.Errorf("%s: %v %v", id, ok, c.Err)
		}
		if c.Source.Kind != core.SourceRepository || c.Source.Where != p.Info().Location || !c.Source.At.Set || c.Source.Guess() {
			t.Errorf("%+v", c.Source)
		}
	}
	if _, _, err := p.Capture(t.Context(), "none"); core.CodeOf(err) != core.CodeNotFound {
		t.Error(err)
	}
	volumes, err := p.Volumes(t.Context(), core.Query{})
	if err != nil || volumes.Total == 0 || !volumes.Complete {
		t.Fatalf("%+v %v", volumes, err)
	}
	for _, v := range volumes.Rows {
		if v.Row != nil || v.Metadata != nil || v.Backups == 0 || v.Status == "backing-up" {
			t.Errorf("%+v", v)
		}
		whole, err := p.Volume(t.Context(), v.ID)
		if err != nil {
			t.Fatal(err)
		}
		if id, _ := whole.Row.Get("id"); id.Text() != string(v.ID) || whole.Title() != v.Title() || whole.Size == 0 {
			t.Errorf("%+v", whole)
		}
	}
	if _, err := p.Volume(t.Context(), "none"); core.CodeOf(err) != core.CodeNotFound {
		t.Error(err)
	}
}

// slow is a bucket whose objects take as long as a test wants.
type slow struct {
	gate chan struct{}
	fail error
}

func (s *slow) List(ctx context.Context, page func([]repository.Object) error) error {
	for i := range 50 {
		name := made{volume: "v", id: uuid(i), stamp: "20260102030405"}.prefix() + "_metadata"
		if err := page([]repository.Object{{Container: "box", Name: name, Size: 9}}); err != nil {
			return err
		}
	}
	return s.fail
}
func (s *slow) ListPrefix(ctx context.Context, container, prefix string, page func([]repository.Object) error) error {
	return page([]repository.Object{{Container: container, Name: prefix + "_metadata", Size: 9}})
}
func (s *slow) Sorted() bool            { return true }
func (s *slow) Close() error            { return nil }
func (s *slow) Service() (string, bool) { return repository.S3Driver, true }
func (s *slow) Get(ctx context.Context, _, name string) (io.ReadCloser, error) {
	<-s.gate // deaf to the context, as a share that is gone
	return nil, core.Fail(core.CodeNotFound, "read "+name, "it is gone", "", nil)
}

func TestCancel(t *testing.T) {
	s := &slow{gate: make(chan struct{})}
	p := repository.New(t.Context(), "s3://slow/box", s, repository.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	for name, call := range map[string]func(ctx context.Context) error{
		"backups": func(ctx context.Context) error { _, err := p.Backups(ctx, core.Query{}); return err },
		"volumes": func(ctx context.Context) error { _, err := p.Volumes(ctx, core.Query{}); return err },
		"backup":  func(ctx context.Context) error { _, err := p.Backup(ctx, "x"); return err },
		"volume":  func(ctx context.Context) error { _, err := p.Volume(ctx, "x"); return err },
		"export":  func(ctx context.Context) error { _, err := p.Export(ctx, "x"); return err },
		"capture": func(ctx context.Context) error { _, _, err := p.Capture(ctx, core.BackupID(uuid(1))); return err },
		"marks":   func(ctx context.Context) error { _, err := p.Marks(ctx, "x"); return err },
		"scan":    func(ctx context.Context) error { _, err := p.Scan(ctx, nil); return err },
		"partial": func(ctx context.Context) error { _, err := p.Backups(ctx, core.Query{Partial: true}); return err },
		"verify": func(ctx context.Context) error {
			return p.Verify(ctx, core.VerifyRequest{}, func(core.VerifyReport) error { return nil })
		},
	} {
		ctx, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
		began := time.Now()
		if err := call(ctx); core.CodeOf(err) != core.CodeUnavailable && core.CodeOf(err) != core.CodeCancelled ||
			time.Since(began) > time.Second {
			t.Errorf("%s: %v after %s", name, err, time.Since(began))
		}
		cancel()
	}
	cancel()
	if _, err := p.Backups(ctx, core.Query{}); core.CodeOf(err) != core.CodeCancelled {
		t.Error(err)
	}
	close(s.gate)
	page, err := p.Backups(t.Context(), core.Query{})
	if err != nil || page.Total != 0 {
		t.Errorf("%+v %v", page, err)
	}
	v, err := p.Scan(t.Context(), nil)
	if err != nil || v.Unfinished != 50 {
		t.Errorf("%+v %v", v.ScanProgress, err)
	}
	s.fail = core.Fail(core.CodeDenied, "list", "no", "", nil)
	if _, err := p.Scan(t.Context(), nil); core.CodeOf(err) != core.CodeDenied {
		t.Error(err)
	}
	if _, err := p.Backups(t.Context(), core.Query{}); err != nil { // the last that worked
		t.Error(err)
	}
	stop := errors.New("enough")
	if err := p.Verify(t.Context(), core.VerifyRequest{}, func(core.VerifyReport) error { return stop }); err == nil {
		t.Error("a report's error did not end the verification")
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	nothingLeft(t)
}

// nothingLeft waits until no goroutine of the package is left.
func nothingLeft(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		buf := make([]byte, 1<<20)
		if !bytes.Contains(buf[:runtime.Stack(buf, true)], []byte("store/repository.(*")) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("left behind: %s", buf[:runtime.Stack(buf, true)])
		}
	}
}

// TestPartial: a list grows while it is read, and is answered from memory later.
func TestPartial(t *testing.T) {
	dir, rows := lab(t)
	p := openPosix(t, dir, repository.Options{})
	page, err := p.Backups(t.Context(), core.Query{Partial: true})
	for err == nil && !page.Complete {
		page, err = p.Backups(t.Context(), core.Query{Partial: true})
	}
	if err != nil || len(page.Rows) != len(rows) || !page.AsOf.Set {
		t.Fatalf("%d rows, %v", len(page.Rows), err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "weekly")); err != nil {
		t.Fatal(err)
	}
	if page, err = p.Backups(t.Context(), core.Query{}); err != nil || len(page.Rows) != len(rows) {
		t.Errorf("%d rows, %v", len(page.Rows), err)
	}
	if page, err = p.Backups(t.Context(), core.Query{Anew: true}); err != nil || len(page.Rows) != len(rows)-2 {
		t.Errorf("%d rows, %v", len(page.Rows), err)
	}
}
