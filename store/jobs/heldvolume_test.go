package jobs_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hearth/core"
	"hearth/store"
	"hearth/store/jobs"
	"hearth/store/memory"
	"hearth/store/storetest"
)

// images are the volumes of a Ceph, by their names, and what becomes of their reading.
type images struct {
	bytes map[string][]byte
	size  int64 // that is told; 0: as it is
	// fails is the error behind the last byte; nil: io.EOF.
	fails  error
	opens  error // of each that is there
	opened int
	closed int
}

type imageStream struct {
	of   *images
	in   io.Reader
	size int64
}

func (x *images) open(ctx context.Context, where string) (store.Stream, error) {
	b, there := x.bytes[where]
	if !there {
		return nil, core.Fail(core.CodeNotFound, "read "+where, "there is no such image", "", nil)
	}
	if x.opens != nil {
		return nil, x.opens
	}
	x.opened++
	s := &imageStream{of: x, in: bytes.NewReader(b), size: int64(len(b))}
	if x.size > 0 {
		s.size = x.size
	}
	return s, nil
}

func (s *imageStream) Size() int64 { return s.size }

func (s *imageStream) Read(b []byte) (int, error) {
	n, err := s.in.Read(b[:min(len(b), 70001)]) // not as it is asked for
	if err == io.EOF && s.of.fails != nil {
		err = s.of.fails
	}
	return n, err
}

func (s *imageStream) Close() error {
	s.of.closed++
	return nil
}

const rbdImage = "rbd:volumes/x"

// TestCompareImage: an image in Ceph, which is read from its first byte on alone, is held
// against a backup as a file is; and one whose reading did not end well is never the same.
func TestCompareImage(t *testing.T) {
	at := repositoryOf(t)
	d := folderDesk(t, at)
	whole := extracted(t, d, newestOfThree)
	size := int64(len(whole))
	with := func(change func(b []byte) []byte) []byte { return change(slices.Clone(whole)) }
	flip := func(at int64) []byte { return with(func(b []byte) []byte { b[at] ^= 1; return b }) }
	data := int64(0) // of a block in the middle that is not all zeros
	for i := size / 2 / jobs.CompareBlock * jobs.CompareBlock; data == 0; i += jobs.CompareBlock {
		if len(bytes.Trim(whole[i:i+jobs.CompareBlock], "\x00")) > 0 {
			data = i
		}
	}
	block := core.Range{From: data, To: data + jobs.CompareBlock}
	broken := core.Fail(core.CodeUnavailable, "read it", "it ended with signal: killed", "", nil)
	denied := core.Fail(core.CodeDenied, "read it", "may not", "", nil)
	for what, x := range map[string]struct {
		image   images
		bytes   []byte
		part    core.Range
		code    core.Code // "": it was compared
		says    string
		differ  int64
		short   int64
		longer  int64
		differs core.Range // the first
	}{
		"the same":     {bytes: whole},
		"a part":       {bytes: whole, part: core.Range{From: 12345, To: size - 777}},
		"a byte":       {bytes: flip(data + 9), differ: 1, differs: block},
		"the last":     {bytes: flip(size - 1), differ: 1},
		"a hole":       {bytes: with(func(b []byte) []byte { clear(b[block.From:block.To]); return b }), differ: 1, differs: block},
		"smaller":      {bytes: whole[:size-8192], differ: 3, short: 8192},
		"larger":       {bytes: append(slices.Clone(whole), 1, 2, 3), longer: 3},
		"larger, cut":  {bytes: whole, image: images{size: size + 5}, longer: 5},
		"empty":        {bytes: []byte{}, differ: (size + 4095) / 4096, short: size},
		"killed":       {bytes: whole[:size/2], image: images{size: size, fails: broken}, code: core.CodeUnavailable, says: "signal: killed"},
		"killed late":  {bytes: whole, image: images{size: size, fails: broken}, code: core.CodeUnavailable, says: "signal: killed"},
		"cut":          {bytes: whole[:size-1], image: images{size: size}, code: core.CodeUnreadable, says: "it ends after"},
		"goes on":      {bytes: append(slices.Clone(whole), 0), image: images{size: size}, code: core.CodeUnreadable, says: "goes on behind"},
		"not there":    {code: core.CodeNotFound, says: "no such image"},
		"may not":      {bytes: whole, image: images{opens: denied}, code: core.CodeDenied, says: "may not"},
		"a bad number": {bytes: whole, part: core.Range{From: 5, To: size + 1}, code: core.CodeUsage, says: "not in it"},
	} {
		m := x.image
		if m.bytes = map[string][]byte{}; x.bytes != nil {
			m.bytes[rbdImage] = x.bytes
		}
		d := d
		d.RBD = m.open
		c, err := d.Compare(t.Context(), newestOfThree, x.part, rbdImage, nil)
		if m.opened != m.closed {
			t.Errorf("%s: of %d that were opened %d are closed", what, m.opened, m.closed)
		}
		if x.code != "" {
			if wantCode(t, what, err, x.code); !strings.Contains(err.Error(), x.says) {
				t.Errorf("%s: %v", what, err)
			}
			continue
		}
		longer := max(0, c.Size-c.Image.Size)
		if ok(t, err); c.Differ != x.differ || c.Short != x.short || longer != x.longer || c.Same() != (x.differ+x.short == 0) {
			t.Errorf("%s: %+v", what, c)
		}
		if part := cmpPart(x.part, size); c.Blocks != (part.Len()+jobs.CompareBlock-1)/jobs.CompareBlock {
			t.Errorf("%s: %d blocks of %v were compared", what, c.Blocks, part)
		}
		if x.differs != (core.Range{}) && (len(c.Where) != 1 || c.Where[0] != x.differs) {
			t.Errorf("%s: it differs in %v, want %v", what, c.Where, x.differs)
		}
	}
	d.RBD = nil
	_, err := d.Compare(t.Context(), newestOfThree, core.Range{}, rbdImage, nil)
	wantCode(t, "where none is read", err, core.CodeUnsupported)
}

func cmpPart(part core.Range, size int64) core.Range {
	if part.To == 0 {
		part.To = size
	}
	return part
}

// TestCompareImageHoles: where the repository has lost a chunk, the rest is compared all the
// same, with the image opened once more.
func TestCompareImageHoles(t *testing.T) {
	at := repositoryOf(t)
	d := folderDesk(t, at)
	whole := extracted(t, d, newestOfThree)
	chunks, err := filepath.Glob(filepath.Join(at, "*", "*", "*", "*"+string(newestOfThree)+"-00001"))
	if ok(t, err); len(chunks) != 1 {
		t.Fatalf("its first chunk is %q", chunks)
	}
	body, err := os.ReadFile(chunks[0])
	ok(t, err)
	body[len(body)/2] ^= 1
	for what, spoil := range map[string]func() error{"spoilt": func() error { return os.WriteFile(chunks[0], body, 0o600) },
		"gone": func() error { return os.Remove(chunks[0]) }} {
		ok(t, spoil())
		m := images{bytes: map[string][]byte{rbdImage: whole}}
		d.RBD = m.open
		c, err := d.Compare(t.Context(), newestOfThree, core.Range{}, rbdImage, nil)
		if ok(t, err); c.Same() || c.Differ > 0 || len(c.Holes) == 0 || m.opened != 2 || m.closed < 2 {
			t.Errorf("%s: %+v, opened %d times", what, c, m.opened)
		}
		other := slices.Clone(whole)
		other[len(other)-1] ^= 1
		m.bytes[rbdImage] = other
		if c, err = d.Compare(t.Context(), newestOfThree, core.Range{}, rbdImage, nil); err != nil || c.Differ != 1 {
			t.Errorf("%s, and a byte changed: %+v, %v", what, c, err)
		}
		m.opens = errors.New("gone meanwhile")
		d.RBD = func(ctx context.Context, where string) (store.Stream, error) {
			if m.opened > 4 {
				return nil, m.opens
			}
			m.opens = nil
			s, err := m.open(ctx, where)
			m.opens = errors.New("gone meanwhile")
			return s, err
		}
		if c, err = d.Compare(t.Context(), newestOfThree, core.Range{}, rbdImage, nil); err != m.opens || c.Same() && c.Blocks > 0 {
			t.Errorf("%s, and the image gone at the second try: %+v, %v", what, c, err)
		}
	}
}

// TestCompareImageCancelled: who gives up in the middle is told so.
func TestCompareImageCancelled(t *testing.T) {
	d := folderDesk(t, repositoryOf(t))
	m := images{bytes: map[string][]byte{rbdImage: extracted(t, d, newestOfThree)}}
	ctx, cancel := context.WithCancel(t.Context())
	d.RBD = func(ctx context.Context, where string) (store.Stream, error) {
		cancel()
		return m.open(ctx, where)
	}
	_, err := d.Compare(ctx, newestOfThree, core.Range{}, rbdImage, nil)
	wantCode(t, "cancelled", err, core.CodeCancelled)
	if m.opened != 1 || m.closed == 0 {
		t.Errorf("opened %d times, closed %d times", m.opened, m.closed)
	}
}

// drillOfImage has one backup drilled whose volume's bytes are an image in Ceph, at the
// second of two templates.
func drillOfImage(t *testing.T, m *images, as []byte, templates ...string) core.Drill {
	t.Helper()
	folder := folderDesk(t, repositoryOf(t))
	stored, has, err := folder.Place.(store.CaptureSource).Capture(t.Context(), newestOfThree)
	if ok(t, err); !has {
		t.Fatal("the repository has no capture of it")
	}
	_, d := drillDesk(t, func(w *memory.World) {
		for i := range w.Backups {
			if b := &w.Backups[i]; b.ID == storetest.NullTag {
				b.ID = newestOfThree
				w.Captures = append(w.Captures, core.KeptCapture{VolumeID: b.VolumeID, BackupID: b.ID, At: clock(), Capture: stored})
			}
		}
	})
	d.Source = folder.Place.(store.CaptureSource)
	d.RBD = func(ctx context.Context, where string) (store.Stream, error) {
		if strings.HasPrefix(where, "rbd:volumes/volume-") && as != nil {
			m.bytes = map[string][]byte{where: as}
		}
		return m.open(ctx, where)
	}
	p := planDrill(t, d, jobs.DrillRequest{Backups: []core.BackupID{newestOfThree}, Deep: true, Devices: templates})
	drills, _ := d.Drill(t.Context(), p, nil)
	if len(drills) != 1 || !drills[0].Gone {
		t.Fatalf("%+v", drills)
	}
	return drills[0]
}

// TestDrillImage: a drill whose volume is an image in Ceph proves what it compared, and
// nothing where the reading failed, whatever it had seen by then.
func TestDrillImage(t *testing.T) {
	whole := extracted(t, folderDesk(t, repositoryOf(t)), newestOfThree)
	wrong := slices.Clone(whole)
	wrong[9999] ^= 1
	broken := core.Fail(core.CodeUnavailable, "read it", "it ended with signal: killed", "", nil)
	usual := []string{"/nowhere/volume-{id}", "rbd:others/volume-{id}", "rbd:volumes/volume-{id}"}
	for what, x := range map[string]struct {
		image     images
		bytes     []byte
		templates []string
		verdict   core.DrillVerdict
		says      string
	}{
		"the same": {bytes: whole, verdict: core.DrillProven, says: "proven"},
		"a byte":   {bytes: wrong, verdict: core.DrillDiffers, says: "1 of "},
		"smaller":  {bytes: whole[:len(whole)-2], verdict: core.DrillDiffers, says: "is too short by 2 bytes"},
		"larger": {bytes: append(slices.Clone(whole), 7), verdict: core.DrillProven,
			says: "1 bytes of the volume lie behind all that the backup holds"},
		"killed": {bytes: whole, image: images{fails: broken}, verdict: core.DrillRestored,
			says: "its bytes were not compared: it ended with signal: killed"},
		"half": {bytes: wrong[:20000], image: images{size: int64(len(whole)), fails: broken}, verdict: core.DrillRestored,
			says: "not compared: it ended with"},
		"not there": {verdict: core.DrillRestored, says: "at none of /nowhere/volume-{id}, /dev/*/volume-{id}; rbd:others/volume-"},
		"none of them": {bytes: whole, templates: []string{"rbd:others/volume-{id}"}, verdict: core.DrillRestored,
			says: "at none of /dev/*/volume-{id}; rbd:others/volume-"},
	} {
		if x.templates == nil {
			x.templates = usual
		}
		got := drillOfImage(t, &x.image, x.bytes, x.templates...)
		if got.Verdict != x.verdict || !strings.Contains(got.Says(), x.says) || (got.Compared > 0) != (x.verdict != core.DrillRestored) {
			t.Errorf("%s: %s (%d bytes compared)", what, got.Says(), got.Compared)
		}
		if x.image.opened != x.image.closed {
			t.Errorf("%s: opened %d times, closed %d times", what, x.image.opened, x.image.closed)
		}
	}
}
