package jobs_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

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

// telling is a repository that says on stdout what it hands over.
type telling struct {
	store.Place
	store.Imager
}

func (s telling) ReadImage(ctx context.Context, r core.ImageRequest, sink core.ImageSink) (core.ImageReport, error) {
	return s.Imager.ReadImage(ctx, r, tellingSink{sink})
}

type tellingSink struct{ core.ImageSink }

func (s tellingSink) WriteAt(b []byte, at int64) (int, error) {
	fmt.Println("write")
	time.Sleep(time.Millisecond) // so that it is killed in the middle
	return s.ImageSink.WriteAt(b, at)
}

func (s tellingSink) Whole(r core.Range) error {
	err := s.ImageSink.Whole(r)
	fmt.Println("whole")
	return err
}

const childGoal = "HEARTH_TEST_EXTRACT_TO"

// TestChildExtracts is the process that TestExtractKilled kills.
func TestChildExtracts(t *testing.T) {
	to := os.Getenv(childGoal)
	if to == "" {
		t.Skip("it is the child of TestExtractKilled")
	}
	d := folderDesk(t, "../../testdata/repository/posix/repo")
	d.Place = telling{d.Place, d.Place.(store.Imager)}
	x, err := d.PlanExtract(t.Context(), newestOfThree, core.Range{}, to)
	ok(t, err)
	fmt.Println("there", x.There.Len() > 0)
	x.SyncEvery = 1
	_, err = d.Extract(t.Context(), x, false, nil, nil)
	ok(t, err)
}

// killedAt runs the child and kills it when it says its nth word of what it hands
// over; 0: never. It reports whether an earlier try was taken up.
func killedAt(t *testing.T, to string, n int) (took bool, err error) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestChildExtracts$")
	child.Env = append(os.Environ(), childGoal+"="+to)
	out, err := child.StdoutPipe()
	ok(t, err)
	ok(t, child.Start())
	for lines := bufio.NewScanner(out); lines.Scan(); {
		switch lines.Text() {
		case "there true":
			took = true
		case "write", "whole":
			if n--; n == 0 {
				child.Process.Kill()
			}
		}
	}
	return took, child.Wait()
}

// TestExtractKilled: killed at any moment and run again, it ends with the same file,
// and does not read what it has.
func TestExtractKilled(t *testing.T) {
	t.Parallel()
	to := filepath.Join(t.TempDir(), "disk.raw")
	taken, killed := 0, 0
	for try := 1; try <= 20; try++ {
		took, err := killedAt(t, to, 1+rand.IntN(6))
		if took {
			taken++
		}
		if err == nil {
			break
		}
		killed++
		if _, err := os.Stat(to); err == nil {
			t.Fatal("a file that is not whole has its name")
		}
	}
	if _, err := os.Stat(to); err != nil {
		_, err := killedAt(t, to, 0)
		ok(t, err)
	}
	got, err := os.ReadFile(to)
	ok(t, err)
	if !bytes.Equal(got, extracted(t, folderDesk(t, "../../testdata/repository/posix/repo"), newestOfThree)) {
		t.Error("it ends with other bytes")
	}
	if killed == 0 || taken == 0 {
		t.Errorf("killed %d times, taken up %d times", killed, taken)
	}
}
