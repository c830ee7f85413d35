package jobs_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"hearth/core"
	"hearth/store"
	"hearth/store/jobs"
)

// newestOfThree is a backup in the repository of testdata that stands on two others.
const newestOfThree = core.BackupID("512fd8d1-25cd-4e2b-85cb-30a4f849e9cc")

// folderDesk is a desk at a backup repository that Cinder's own driver wrote.
func folderDesk(t *testing.T, dir string) jobs.Desk {
	t.Helper()
	p, err := store.Open(t.Context(), store.Location{Scheme: "posix", Rest: dir}, store.Options{Now: clock})
	ok(t, err)
	t.Cleanup(func() { p.Close() })
	return jobs.Desk{Place: p, Pace: jobs.Pace{Now: clock}}
}

// repositoryOf is a copy of that of testdata.
func repositoryOf(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	ok(t, os.CopyFS(dir, os.DirFS("../../testdata/repository/posix/repo")))
	return dir
}

// extracted is what a backup holds, as a stream has it.
func extracted(t *testing.T, d jobs.Desk, id core.BackupID) []byte {
	t.Helper()
	x, err := d.PlanExtract(t.Context(), id, core.Range{}, "-")
	ok(t, err)
	var out bytes.Buffer
	_, err = d.Extract(t.Context(), x, false, &out, nil)
	ok(t, err)
	if int64(out.Len()) != x.Image.Size {
		t.Fatalf("%d bytes came of %d", out.Len(), x.Image.Size)
	}
	return out.Bytes()
}

func TestExtractFile(t *testing.T) {
	t.Parallel()
	d, dir := folderDesk(t, repositoryOf(t)), t.TempDir()
	want, to := extracted(t, d, newestOfThree), filepath.Join(dir, "disk.raw")
	x, err := d.PlanExtract(t.Context(), newestOfThree, core.Range{}, to)
	ok(t, err)
	_, err = d.Extract(t.Context(), x, false, nil, nil)
	ok(t, err)
	got, err := os.ReadFile(to)
	ok(t, err)
	if !bytes.Equal(got, want) {
		t.Error("the file holds other bytes than the stream")
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("beside the file there are %v", left)
	}
	if info, err := os.Stat(to); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others may read it: %v", info.Mode())
	}
	_, err = d.PlanExtract(t.Context(), newestOfThree, core.Range{}, to)
	wantCode(t, "over a file", err, core.CodeConflict)
	_, err = d.PlanExtract(t.Context(), newestOfThree, core.Range{}, dir)
	wantCode(t, "to a folder", err, core.CodeUsage)
	_, err = d.PlanExtract(t.Context(), newestOfThree, core.Range{}, filepath.Join(dir, "none", "x"))
	wantCode(t, "into no folder", err, core.CodeNotFound)
	_, err = d.PlanExtract(t.Context(), newestOfThree, core.Range{From: 1 << 50}, filepath.Join(dir, "y"))
	wantCode(t, "behind the end", err, core.CodeUsage)

	c, err := d.Compare(t.Context(), newestOfThree, core.Range{}, to, nil)
	ok(t, err)
	if !c.Same() || c.Blocks == 0 {
		t.Errorf("compared with itself: %+v", c)
	}
	got[5000] ^= 1
	got = got[:len(got)-jobs.CompareBlock-1]
	ok(t, os.WriteFile(to, got, 0o600))
	c, err = d.Compare(t.Context(), newestOfThree, core.Range{}, to, nil)
	ok(t, err)
	if c.Same() || c.Differ != 3 || c.Short != jobs.CompareBlock+1 || c.Where[0] != (core.Range{From: 4096, To: 8192}) {
		t.Errorf("with a byte changed, and a block cut off: %+v", c)
	}
}

// TestExtractDamage: a spoilt chunk leaves no file of that name; going on, there are
// zeros and a name for what is missing; mended, the same goes on where it ended.
func TestExtractDamage(t *testing.T) {
	t.Parallel()
	repository, dir := repositoryOf(t), t.TempDir()
	d := folderDesk(t, repository)
	want := extracted(t, d, newestOfThree)
	var chunk string
	ok(t, filepath.WalkDir(repository, func(path string, _ os.DirEntry, err error) error {
		if strings.HasSuffix(path, "_backup_"+string(newestOfThree)+"-00001") {
			chunk = path
		}
		return err
	}))
	sound, err := os.ReadFile(chunk)
	ok(t, err)
	spoilt := bytes.Clone(sound)
	spoilt[len(spoilt)/2] ^= 1
	ok(t, os.WriteFile(chunk, spoilt, 0o600))

	to := filepath.Join(dir, "disk.raw")
	x, err := d.PlanExtract(t.Context(), newestOfThree, core.Range{}, to)
	ok(t, err)
	_, err = d.Extract(t.Context(), x, false, nil, nil)
	wantCode(t, "a spoilt chunk", err, core.CodeUnreadable)
	if _, err := os.Stat(to); err == nil {
		t.Fatal("a file that is not whole has its name")
	}
	holes := filepath.Join(dir, "holes.raw")
	h, err := d.PlanExtract(t.Context(), newestOfThree, core.Range{}, holes)
	ok(t, err)
	report, err := d.Extract(t.Context(), h, true, nil, nil)
	wantCode(t, "going on", err, core.CodePartial)
	got, rerr := os.ReadFile(holes)
	ok(t, rerr)
	for _, hole := range report.Holes {
		if len(bytes.Trim(got[hole.From:hole.To], "\x00")) > 0 || !strings.HasSuffix(chunk, hole.Object) {
			t.Errorf("at %v of %s there are no zeros", hole.Range, hole.Object)
		}
		clear(want[hole.From:hole.To])
	}
	if len(report.Holes) == 0 || !bytes.Equal(got, want) {
		t.Errorf("%d holes, and what is beside them is not as it was", len(report.Holes))
	}

	ok(t, os.WriteFile(chunk, sound, 0o600))
	x, err = d.PlanExtract(t.Context(), newestOfThree, core.Range{}, to)
	ok(t, err)
	_, err = d.Extract(t.Context(), x, false, nil, nil)
	ok(t, err)
	if got, _ = os.ReadFile(to); !bytes.Equal(got, extracted(t, d, newestOfThree)) {
		t.Error("mended and run again, it holds other bytes")
	}
}

// stopping is a repository that stands still at the nth thing that it hands over, and
// says so on stdout.
type stopping struct {
	store.Place
	store.Imager
	left *atomic.Int64
}

func (s stopping) ReadImage(ctx context.Context, r core.ImageRequest, sink core.ImageSink) (core.ImageReport, error) {
	return s.Imager.ReadImage(ctx, r, stoppingSink{sink, s.left})
}

type stoppingSink struct {
	core.ImageSink
	left *atomic.Int64
}

func (s stoppingSink) step() {
	if s.left.Add(-1) == 0 {
		fmt.Println("now")
		select {}
	}
}

func (s stoppingSink) WriteAt(b []byte, at int64) (int, error) {
	s.step()
	return s.ImageSink.WriteAt(b, at)
}

func (s stoppingSink) Whole(r core.Range) error {
	err := s.ImageSink.Whole(r)
	s.step()
	return err
}

const (
	childGoal = "HEARTH_TEST_EXTRACT_TO"
	childStop = "HEARTH_TEST_EXTRACT_STOP" // at the nth thing; 0: at none
)

// TestChildExtracts is the process that TestExtractKilled kills.
func TestChildExtracts(t *testing.T) {
	to := os.Getenv(childGoal)
	if to == "" {
		t.Skip("it is the child of TestExtractKilled")
	}
	n, err := strconv.ParseInt(os.Getenv(childStop), 10, 64)
	ok(t, err)
	var left atomic.Int64
	left.Store(n)
	d := folderDesk(t, "../../testdata/repository/posix/repo")
	d.Place = stopping{d.Place, d.Place.(store.Imager), &left}
	x, err := d.PlanExtract(t.Context(), newestOfThree, core.Range{}, to)
	ok(t, err)
	fmt.Println("there", x.There.Len() > 0)
	x.SyncEvery = 1
	_, err = d.Extract(t.Context(), x, false, nil, nil)
	ok(t, err)
}

// killedAt runs the child and kills it at the nth thing that it hands over; 0: never.
// It reports whether an earlier try was taken up, and whether it was killed.
func killedAt(t *testing.T, to string, n int) (took, killed bool) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestChildExtracts$")
	child.Env = append(os.Environ(), childGoal+"="+to, childStop+"="+strconv.Itoa(n))
	out, err := child.StdoutPipe()
	ok(t, err)
	ok(t, child.Start())
	for lines := bufio.NewScanner(out); lines.Scan(); {
		switch lines.Text() {
		case "there true":
			took = true
		case "now":
			killed = true
			ok(t, child.Process.Kill())
		}
	}
	if err := child.Wait(); err != nil && !killed {
		t.Fatal(err)
	}
	return took, killed
}

// TestExtractKilled: killed at any moment and run again, it ends with the same file,
// and does not read what it has.
func TestExtractKilled(t *testing.T) {
	t.Parallel()
	want := extracted(t, folderDesk(t, "../../testdata/repository/posix/repo"), newestOfThree)
	taken, step := 0, 1
	if testing.Short() { // each moment is a whole extraction
		step = 3
	}
	for n := 1; ; n += step {
		to := filepath.Join(t.TempDir(), "disk.raw")
		_, killed := killedAt(t, to, n)
		if killed {
			if _, err := os.Stat(to); err == nil {
				t.Fatalf("killed at %d, a file that is not whole has its name", n)
			}
			if took, _ := killedAt(t, to, 0); took {
				taken++
			}
		}
		if got, err := os.ReadFile(to); err != nil || !bytes.Equal(got, want) {
			t.Errorf("killed at %d, it ends with other bytes: %v", n, err)
		}
		if !killed { // there are no more than that
			if n < 4 || taken == 0 {
				t.Errorf("killed at %d moments, taken up at %d", n-1, taken)
			}
			return
		}
	}
}
