package ceph_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store"
	"hearth/store/ceph"
	"hearth/store/jobs"
)

var (
	_ store.Repository = (*ceph.Place)(nil)
	_ store.Filler     = (*ceph.Place)(nil)
	_ store.Imager     = (*ceph.Place)(nil)
)

// truth is what Cinder's database has of a backup, what it exported, what was backed up
// and what it captured.
type truth struct {
	Row    map[string]any
	Record struct {
		Service string `json:"backup_service"`
		URL     string `json:"backup_url"`
	}
	SHA256  string
	Bytes   int64
	Capture *string
}

// real opens the pool that .ci/lab/py/ceph_fill.py filled, and reads what it says of it.
// HEARTH_TEST_CEPH is CONF,USER,KEYRING,DIR: a user that may only read is enough.
func real(t *testing.T) (*ceph.Place, ceph.Access, string) {
	t.Helper()
	words := strings.Split(os.Getenv("HEARTH_TEST_CEPH"), ",")
	if len(words) != 4 {
		t.Skip("HEARTH_TEST_CEPH names no cluster as CONF,USER,KEYRING,DIR: .ci/lab/lab ceph starts one")
	}
	access := ceph.Access{Conf: words[0], User: words[1], Keyring: words[2]}
	p := open(t, "backups", access)
	return p, access, words[3]
}

func open(t *testing.T, pool string, access ceph.Access) *ceph.Place {
	t.Helper()
	p, err := ceph.Open(t.Context(), pool, ceph.Options{Access: access})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	body, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(body, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestRealCeph(t *testing.T) {
	p, access, dir := real(t)
	var rows []truth
	readJSON(t, filepath.Join(dir, "truth.json"), &rows)
	want := map[core.BackupID]truth{}
	for _, x := range rows {
		want[core.BackupID(x.Row["id"].(string))] = x
	}
	t.Run("rows", func(t *testing.T) { agree(t, p, want) })
	t.Run("inventory", func(t *testing.T) { strays(t, p, dir, want) })
	t.Run("verify", func(t *testing.T) { verified(t, p, access, want) })
	t.Run("images", func(t *testing.T) { images(t, p, want) })
	t.Run("compare", func(t *testing.T) { compared(t, p, want) })
	t.Run("volumes", func(t *testing.T) { volumes(t, p, want) })
	t.Run("errors", func(t *testing.T) { failures(t, access) })
	t.Run("cancelled", func(t *testing.T) { stop(t, access) })
}

// agree holds what was rebuilt of every backup to the truth, field by field, but for what
// is marked as lost.
func agree(t *testing.T, p *ceph.Place, want map[core.BackupID]truth) {
	page, err := p.Backups(t.Context(), core.Query{Wants: core.BackupColumns.Names()})
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Rows) != len(want) || !page.Complete {
		t.Errorf("%d backups of %d", len(page.Rows), len(want))
	}
	fields := 0
	for i := range page.Rows {
		b := &page.Rows[i]
		x, ok := want[b.ID]
		if !ok {
			t.Errorf("%s is in no database", b.ID)
			continue
		}
		again, err := p.Backup(t.Context(), b.ID)
		if err != nil || !pyjson.OfDict(again.Object()).Equal(pyjson.OfDict(b.Object())) {
			t.Errorf("%s: the list has %v, by itself it is %v, %v", b.ID, b.Object(), again.Object(), err)
		}
		fields += agreeRow(t, p, b, x)
		marks, _ := p.Marks(t.Context(), b.ID)
		single := slices.ContainsFunc(marks, func(m core.Mark) bool { return m.Field == "id" }) // in the base, where they do look
		if told := strings.Contains(b.Layout.Advice(), "18.0 to 22.1"); told != (x.Row["service_metadata"] == nil && !single) {
			t.Errorf("%s: %q, and its service metadata is %v", b.ID, b.Layout.Advice(), x.Row["service_metadata"])
		}
		c, has, err := p.Capture(t.Context(), b.ID)
		if err != nil || has != (x.Capture != nil) || has && c.Text != *x.Capture {
			t.Errorf("%s: a capture %v, %v: %s", b.ID, has, err, c.Text)
		}
	}
	t.Logf("%d backups, %d fields compared with rows", len(page.Rows), fields)
}

func agreeRow(t *testing.T, p *ceph.Place, b *core.Backup, x truth) int {
	t.Helper()
	marks, err := p.Marks(t.Context(), b.ID)
	if err != nil {
		t.Fatal(err)
	}
	state := map[string]core.MarkState{}
	for _, m := range marks {
		if m.Why == "" || state[m.Field] != "" {
			t.Errorf("%s: %s is marked twice, or without a word", b.ID, m.Field)
		}
		state[m.Field] = m.State
	}
	record, err := p.Export(t.Context(), b.ID)
	if err != nil {
		t.Fatal(err)
	}
	got, err := core.DecodeRecord(record.URL, core.Today)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := core.DecodeRecord(x.Record.URL, core.Today)
	if err != nil {
		t.Fatal(err)
	}
	got.Doc.Object().Delete("driver_info") // the fill asks the row, and not the service that adds it
	if g, w := got.Doc.Object().Keys(), theirs.Doc.Object().Keys(); !slices.Equal(g, w) || record.Service != x.Record.Service {
		t.Errorf("%s: a record of %s with the keys %v, Cinder's of %s with %v", b.ID, record.Service, g, x.Record.Service, w)
	}
	n := 0
	for field, w := range theirs.Doc.Object().All() {
		g := got.Field(field)
		switch {
		case state[field] == core.MarkLost:
			if !b.Unseen.Has(field) || g.Truthy() {
				t.Errorf("%s: %s is lost, and shown as %s", b.ID, field, pyjson.Text(g))
			}
		case field == "user_id": // the fill's volumes have none
		case field == "created_at", field == "data_timestamp":
			near(t, b.ID, field, g, w)
			n++
		case !g.Equal(w):
			t.Errorf("%s: %s is %s, Cinder's %s (%s)", b.ID, field, pyjson.Text(g), pyjson.Text(w), state[field])
		default:
			n++
		}
	}
	return n
}

// near holds a time that is assumed to the truth: the row is a moment older.
func near(t *testing.T, id core.BackupID, field string, got, want pyjson.Value) {
	t.Helper()
	g, err := time.Parse("2006-01-02T15:04:05Z", got.Text())
	w, werr := time.Parse("2006-01-02T15:04:05Z", want.Text())
	if d := g.Sub(w); err != nil || werr != nil || d < -time.Second || d > 10*time.Second {
		t.Errorf("%s: %s is %s, Cinder's %s", id, field, got.Text(), want.Text())
	}
}

// strays holds an inventory to the list of what is no backup.
func strays(t *testing.T, p *ceph.Place, dir string, want map[core.BackupID]truth) {
	var list []struct{ Object, Image, Why string }
	readJSON(t, filepath.Join(dir, "strays.json"), &list)
	var told core.ScanProgress
	inv, err := p.Scan(t.Context(), func(s core.ScanProgress) { told = s })
	if err != nil {
		t.Fatal(err)
	}
	if told != inv.ScanProgress || inv.Backups != int64(len(want)) {
		t.Errorf("told %+v, there is %+v", told, inv.ScanProgress)
	}
	left := map[string]core.HoldingKind{}
	for _, h := range inv.Holdings.All() {
		if h.Kind == core.HoldingBackup {
			if h.CaptureText.Set != (want[h.ID].Capture != nil) {
				t.Errorf("%s: a capture: %v", h.ID, h.CaptureText.Set)
			}
			continue
		}
		left[h.Prefix] = h.Kind
		if h.Kind != core.HoldingStray && h.Problem == "" {
			t.Errorf("%s: no word on what is wrong", h.Prefix)
		}
	}
	for _, x := range list {
		kind := core.HoldingStray
		switch {
		case strings.Contains(x.Why, "broken off"):
			kind = core.HoldingUnfinished
		case strings.HasPrefix(x.Object, "backup."):
			kind = core.HoldingBroken
		}
		if name := x.Object + x.Image; left[name] != kind {
			t.Errorf("%s (%s) is %q, want %q", name, x.Why, left[name], kind)
		} else {
			delete(left, name)
		}
	}
	if len(left) > 0 {
		t.Errorf("nobody knows of %v", left)
	}
}

// verified reads every backup through: the sums are those of what was backed up.
func verified(t *testing.T, p *ceph.Place, access ceph.Access, want map[core.BackupID]truth) {
	sums := map[core.BackupID]string{}
	other := ""
	for id, x := range want {
		if sums[id] = wholeSum(t, access, x); other == "" && x.Capture != nil && x.Row["service_metadata"] != nil {
			other, sums[id] = string(id), strings.Repeat("0", 64)
		}
	}
	n := 0
	err := p.Verify(t.Context(), core.VerifyRequest{Deep: true, Sums: sums}, func(r core.VerifyReport) error {
		x, ok := want[r.ID]
		codes := map[core.FlawCode]core.Severity{}
		for _, f := range r.Flaws {
			codes[f.Code] = f.Severity
		}
		switch {
		case !ok && r.Sound():
			t.Errorf("%s is sound, and no backup", r.Prefix)
		case ok && r.Sum != sums[r.ID] && string(r.ID) != other:
			t.Errorf("%s: the sum of %d bytes is %s, want %s", r.ID, r.Bytes, r.Sum, sums[r.ID])
		case ok && r.Sound() == (string(r.ID) == other), string(r.ID) == other && codes[core.FlawSHA256] != core.SeverityDamage:
			t.Errorf("%s: %v", r.ID, r.Flaws)
		case ok && (codes[core.FlawMetadataMissing] == core.SeverityWarning) != (x.Capture == nil),
			ok && (codes[core.FlawOldRestore] == core.SeverityWarning) != (x.Row["service_metadata"] == nil):
			t.Errorf("%s: %v", r.ID, codes)
		}
		if ok {
			n++
		}
		return nil
	})
	if err != nil || n != len(want) {
		t.Errorf("%d of %d verified, %v", n, len(want), err)
	}
	var one core.VerifyReport
	err = p.Verify(t.Context(), core.VerifyRequest{IDs: []core.BackupID{core.BackupID(other)}, Deep: true},
		func(r core.VerifyReport) error { one = r; return nil })
	if err != nil || !one.Sound() || len(one.Flaws) == 0 || one.Flaws[0].Code != core.FlawUncompared || one.Sum == "" {
		t.Errorf("without a sum that is known: %+v, %v", one, err)
	}
	err = p.Verify(t.Context(), core.VerifyRequest{IDs: []core.BackupID{"none"}}, nil)
	if core.CodeOf(err) != core.CodeNotFound {
		t.Errorf("one that is not there: %v", err)
	}
}

// wholeSum is the sum of what lies in the pool. A full copy is of a GiB, of which the
// truth has the beginning: it is what the fill gave to the driver, and the rest is zeros.
func wholeSum(t *testing.T, access ceph.Access, x truth) string {
	t.Helper()
	if x.Row["service_metadata"] != nil {
		return x.SHA256
	}
	image := fmt.Sprintf("volume-%s.backup.%s", x.Row["volume_id"], x.Row["id"])
	cmd := exec.CommandContext(t.Context(), "rbd", "--conf", access.Conf, "--id", access.User, "--keyring", access.Keyring, "export",
		"--no-progress", "backups/"+image, "-")
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	first := make([]byte, x.Bytes)
	if err == nil {
		_, err = io.ReadFull(out, first)
	}
	if err != nil {
		t.Fatal(err)
	}
	cmd.Process.Kill()
	cmd.Wait() // killed: what is left is zeros
	all := sha256.New()
	all.Write(first)
	if got := hex.EncodeToString(all.Sum(nil)); got != x.SHA256 {
		t.Errorf("%s begins with %s, want %s", image, got, x.SHA256)
	}
	for left := 1<<30 - x.Bytes; left > 0; left -= x.Bytes {
		all.Write(make([]byte, min(left, x.Bytes)))
	}
	return hex.EncodeToString(all.Sum(nil))
}

// stream takes an image's bytes in their order.
type stream struct {
	sum  hash.Hash
	next int64
	fail error
}

func (s *stream) WriteAt(b []byte, at int64) (int, error) {
	if at != s.next && s.fail == nil {
		s.fail = fmt.Errorf("%d bytes at %d, after %d", len(b), at, s.next)
	}
	s.next = at + int64(len(b))
	s.sum.Write(b)
	return len(b), s.fail
}

func (s *stream) Whole(core.Range) error { return nil }
func (s *stream) Hole(h core.Hole) error { return errors.New(h.Why) }

// written takes an image's bytes as a file.
type written struct{ *os.File }

func (w written) Whole(core.Range) error { return nil }
func (w written) Hole(h core.Hole) error { return errors.New(h.Why) }

// compared holds backups against files: one with the same bytes is the same, one with a
// byte changed differs in its block, and one cut short lacks what is cut.
func compared(t *testing.T, p *ceph.Place, want map[core.BackupID]truth) {
	desk := jobs.Desk{Place: p}
	for id, x := range want {
		f, err := os.Create(filepath.Join(t.TempDir(), "volume"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		part := core.Range{To: x.Bytes}
		if err = f.Truncate(x.Bytes); err == nil {
			_, err = p.ReadImage(t.Context(), core.ImageRequest{Backup: id, Part: part, InOrder: true}, written{f})
		}
		if err != nil {
			t.Fatal(err)
		}
		if c, err := desk.Compare(t.Context(), id, part, f.Name(), nil); err != nil || !c.Same() || c.Blocks != x.Bytes/jobs.CompareBlock {
			t.Errorf("%s: %+v, %v", id, c, err)
		}
		at := x.Bytes/2/jobs.CompareBlock*jobs.CompareBlock + 7
		was := make([]byte, 1)
		if _, err = f.ReadAt(was, at); err == nil {
			_, err = f.WriteAt([]byte{was[0] ^ 1}, at)
		}
		if err != nil {
			t.Fatal(err)
		}
		block := core.Range{From: at - 7, To: at - 7 + jobs.CompareBlock}
		if c, err := desk.Compare(t.Context(), id, part, f.Name(), nil); err != nil || c.Differ != 1 || len(c.Where) != 1 || c.Where[0] != block {
			t.Errorf("%s, with a byte changed at %d: %+v, %v", id, at, c, err)
		}
		if err := f.Truncate(at - 7); err != nil {
			t.Fatal(err)
		}
		if c, err := desk.Compare(t.Context(), id, part, f.Name(), nil); err != nil || c.Short != x.Bytes-at+7 || c.Same() {
			t.Errorf("%s, cut after %d: %+v, %v", id, at-7, c, err)
		}
	}
}

// images holds the bytes of each volume to those that were backed up.
func images(t *testing.T, p *ceph.Place, want map[core.BackupID]truth) {
	for id, x := range want {
		image, err := p.Image(t.Context(), id)
		if err != nil || string(image.VolumeID) != x.Row["volume_id"] || image.Size < x.Bytes || len(image.Notes) == 0 {
			t.Errorf("%s: %+v, %v", id, image, err)
			continue
		}
		s := &stream{sum: sha256.New()} // of a full copy the truth has the beginning
		report, err := p.ReadImage(t.Context(), core.ImageRequest{Backup: id, Part: core.Range{To: x.Bytes}, InOrder: true}, s)
		if got := hex.EncodeToString(s.sum.Sum(nil)); err != nil || got != x.SHA256 || report.Bytes != x.Bytes {
			t.Errorf("%s: %d bytes are %s, want %s: %v", id, report.Bytes, got, x.SHA256, err)
		}
		s = &stream{sum: sha256.New(), next: 100}
		if _, err = p.ReadImage(t.Context(), core.ImageRequest{Backup: id, Part: core.Range{From: 100, To: x.Bytes - 1}}, s); err != nil ||
			s.next != x.Bytes-1 {
			t.Errorf("%s: a part ends at %d, %v", id, s.next, err)
		}
		full := errors.New("no room")
		_, err = p.ReadImage(t.Context(), core.ImageRequest{Backup: id, KeepGoing: true}, &stream{sum: sha256.New(), fail: full})
		if err != full {
			t.Errorf("%s: the sink's error is %v", id, err)
		}
	}
	if _, err := p.Image(t.Context(), "none"); core.CodeOf(err) != core.CodeNotFound {
		t.Errorf("one that is not there: %v", err)
	}
}

// volumes holds the volumes to the newest captures.
func volumes(t *testing.T, p *ceph.Place, want map[core.BackupID]truth) {
	page, err := p.Volumes(t.Context(), core.Query{})
	if err != nil {
		t.Fatal(err)
	}
	captured := map[core.VolumeID]bool{}
	for _, x := range want {
		if x.Capture != nil {
			captured[core.VolumeID(x.Row["volume_id"].(string))] = true
		}
	}
	if len(page.Rows) != len(captured) {
		t.Errorf("%d volumes, want %d", len(page.Rows), len(captured))
	}
	for _, v := range page.Rows {
		one, err := p.Volume(t.Context(), v.ID)
		if err != nil || one.Name != v.Name || one.Metadata == nil || !captured[v.ID] {
			t.Errorf("%s: %q and %q, %v", v.ID, one.Name.V, v.Name.V, err)
		}
	}
}

// failures: what Ceph refuses is told in words that help.
func failures(t *testing.T, access ceph.Access) {
	for what, x := range map[string]struct {
		pool   string
		change func(*ceph.Access)
		code   core.Code
	}{
		"no such pool": {"nopool", func(*ceph.Access) {}, core.CodeNotFound},
		"no such conf": {"backups", func(a *ceph.Access) { a.Conf += ".none" }, core.CodeUsage},
		"no such user": {"backups", func(a *ceph.Access) { a.User = "nobody" }, core.CodeDenied},
		"no caps":      {"volumes", func(*ceph.Access) {}, core.CodeDenied},
	} {
		a := access
		x.change(&a)
		_, err := open(t, x.pool, a).Scan(t.Context(), nil)
		if core.CodeOf(err) != x.code {
			t.Errorf("%s: %v (%s)", what, err, core.CodeOf(err))
		}
	}
	p := open(t, "backups", access)
	for what, err := range map[string]error{
		"backup":  second(p.Backup(t.Context(), "none")),
		"volume":  second(p.Volume(t.Context(), "none")),
		"export":  second(p.Export(t.Context(), "none")),
		"marks":   second(p.Marks(t.Context(), "none")),
		"capture": func() error { _, _, err := p.Capture(t.Context(), "none"); return err }(),
	} {
		if core.CodeOf(err) != core.CodeNotFound {
			t.Errorf("a %s that is not there: %v", what, err)
		}
	}
	if out, err := exec.Command("rados", "--conf", access.Conf, "--id", access.User, "--keyring", access.Keyring, "-p", "backups", "put",
		"x", "/dev/null").CombinedOutput(); err == nil {
		t.Errorf("the user may write: %s", out)
	}
}

func second[T any](_ T, err error) error { return err }

// stop: what is cancelled ends soon, and says so.
func stop(t *testing.T, access ceph.Access) {
	p := open(t, "backups", access)
	for what, f := range map[string]func(context.Context) error{
		"scan":    func(ctx context.Context) error { return second(p.Scan(ctx, nil)) },
		"volumes": func(ctx context.Context) error { return second(p.Volumes(ctx, core.Query{Anew: true})) },
		"verify": func(ctx context.Context) error {
			return p.Verify(ctx, core.VerifyRequest{Deep: true}, func(core.VerifyReport) error { return nil })
		},
	} {
		ctx, end := context.WithTimeoutCause(t.Context(), 30*time.Millisecond, context.Canceled)
		began := time.Now()
		err := f(ctx)
		if code := core.CodeOf(err); code != core.CodeUnavailable && code != core.CodeCancelled || time.Since(began) > 3*time.Second {
			t.Errorf("%s: %v after %s", what, err, time.Since(began))
		}
		end()
	}
}
