package jobs_test

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hearth/core"
	"hearth/store/archive"
	"hearth/store/jobs"
	"hearth/store/memory"
	"hearth/store/storetest"
)

// ofThree are backups that can be deleted together.
var ofThree = []core.BackupID{storetest.Full, storetest.First, storetest.Second}

// stuckIn is a sleep that says that it has begun, and ends when it is let.
func stuckIn(begun chan<- struct{}, let <-chan struct{}) func(context.Context, time.Duration) error {
	return func(ctx context.Context, _ time.Duration) error {
		select {
		case begun <- struct{}{}:
		default:
		}
		<-let
		return ctx.Err()
	}
}

// at is the desk at another time.
func at(d jobs.Desk, t time.Time) jobs.Desk {
	d.Now = func() time.Time { return t }
	return d
}

// wantSettled settles and compares what that was; "" is nothing.
func wantSettled(t *testing.T, what string, d jobs.Desk, want core.EntryState) {
	t.Helper()
	settled, err := d.Settle(t.Context())
	ok(t, err)
	got := core.EntryState("")
	if len(settled) > 0 {
		got = settled[0].State
	}
	if len(settled) > 1 || got != want {
		t.Errorf("%s: settled %+v, want %q", what, settled, want)
	}
}

// TestSettleLeavesOwnWork: a long deletion of this process, and a second desk with
// the archive open once more.
func TestSettleLeavesOwnWork(t *testing.T) {
	c, d := cloudDesk(t)
	begun, let, done := make(chan struct{}, 1), make(chan struct{}), make(chan error, 1)
	stuck := stuckIn(begun, let)
	d.Sleep = func(ctx context.Context, pause time.Duration) error {
		c.Advance()
		return stuck(ctx, pause)
	}
	p, err := d.PlanDelete(t.Context(), ofThree, false)
	ok(t, err)
	go func() {
		_, err := d.Delete(t.Context(), p, true, nil)
		done <- err
	}()
	<-begun
	books, err := archive.Open(t.Context(), d.Archive.Path())
	ok(t, err)
	defer books.Close()
	second := jobs.Desk{Place: c, Archive: books, Who: "bob@here", Pace: jobs.Pace{Now: clock}}
	e := newest(t, second)
	if e.State != core.EntryOpen || e.Life == nil || e.Life.PID != os.Getpid() || !e.Life.At.Equal(clock()) {
		t.Fatalf("while it is worked at the entry is %s, %+v", e.State, e.Life)
	}
	wantSettled(t, "hours later", at(second, clock().Add(5*time.Hour)), "")
	_, err = second.Undo(t.Context(), e.ID)
	if core.CodeOf(err) != core.CodeConflict || !strings.Contains(err.Error(), "a hearth is at work on it: process ") {
		t.Errorf("undo of it: %v", err)
	}
	close(let)
	ok(t, <-done)
	if e := newest(t, second); e.State != core.EntryDone || e.Life != nil {
		t.Errorf("when it is over the entry is %s, %+v", e.State, e.Life)
	}
}

// childArchive is set for a child process that deletes and never comes to an end.
const childArchive = "HEARTH_TEST_CHILD_ARCHIVE"

func TestChildDeletes(t *testing.T) {
	path := os.Getenv(childArchive)
	if path == "" {
		t.Skip("it is the child of TestSettleAfterKill")
	}
	_, d := cloudDesk(t)
	books, err := archive.Open(t.Context(), path)
	ok(t, err)
	d.Archive = books
	p, err := d.PlanDelete(t.Context(), ofThree, false)
	ok(t, err)
	d.Sleep = func(context.Context, time.Duration) error {
		os.Stdout.WriteString("at work\n")
		select {}
	}
	d.Delete(t.Context(), p, true, nil)
}

// TestSettleAfterKill: a long deletion of another process is left alone while that
// lives, and is settled as soon as it does not.
func TestSettleAfterKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "archive.sqlite")
	child := exec.Command(os.Args[0], "-test.run=^TestChildDeletes$")
	child.Env = append(os.Environ(), childArchive+"="+path)
	out, err := child.StdoutPipe()
	ok(t, err)
	ok(t, child.Start())
	defer child.Process.Kill()
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "at work\n" {
		t.Fatalf("the child says %q, %v", line, err)
	}
	c, d := cloudDesk(t)
	d.Archive, err = archive.Open(t.Context(), path)
	ok(t, err)
	defer d.Archive.Close()
	ok(t, c.DeleteBackup(t.Context(), storetest.Second, false)) // as the child did
	c.Advance()
	wantSettled(t, "a lively one", at(d, clock().Add(90*time.Second)), "")
	if runtime.GOOS == "linux" || runtime.GOOS == "windows" { // where processes can be looked up
		wantSettled(t, "a silent one that lives", at(d, clock().Add(5*time.Hour)), "")
	}
	ok(t, child.Process.Kill())
	child.Wait()
	wantSettled(t, "at once after its end", d, core.EntryHalf)
	if e := newest(t, d); e.State != core.EntryHalf || e.Life != nil || !strings.Contains(e.Error, "interrupted") {
		t.Errorf("the entry is %s %q, %+v", e.State, e.Error, e.Life)
	}
}

// opened is an open entry of a deletion that nobody has begun yet, with a sign of
// life.
func opened(t *testing.T, d jobs.Desk, life *core.Life) core.EntryID {
	t.Helper()
	id, err := d.Archive.Begin(t.Context(),
		core.Entry{At: clock(), Place: d.Place.Info().Location, Kind: core.EntryDelete, Backups: ofThree, Life: life})
	ok(t, err)
	return id
}

// TestSettleByHeartbeat: of another machine's process, and of one whose machine is
// not known, there are only the signs that it gives.
func TestSettleByHeartbeat(t *testing.T) {
	for _, machine := range []string{"another boot", ""} {
		_, d := cloudDesk(t)
		id := opened(t, d, &core.Life{Host: "elsewhere", Machine: machine, PID: os.Getpid(), Instance: "1", At: clock().Add(time.Hour)})
		wantSettled(t, "a young sign", at(d, clock().Add(time.Hour+2*time.Minute-time.Second)), "")
		ok(t, d.Archive.Beat(t.Context(), id, clock().Add(2*time.Hour)))
		wantSettled(t, "a new sign", at(d, clock().Add(2*time.Hour)), "")
		wantSettled(t, "a clock that goes ahead", at(d, clock()), "")
		wantSettled(t, "an old sign", at(d, clock().Add(2*time.Hour+2*time.Minute)), core.EntryFailed)
	}
}

// TestSettleWithoutLife: what an older hearth began, and what was let go, is left
// alone for a minute.
func TestSettleWithoutLife(t *testing.T) {
	_, d := cloudDesk(t)
	opened(t, d, nil)
	wantSettled(t, "within the minute", at(d, clock().Add(59*time.Second)), "")
	wantSettled(t, "after it", at(d, clock().Add(time.Minute)), core.EntryFailed)
	id := opened(t, d, &core.Life{Host: "elsewhere", Machine: "another boot", PID: 1, Instance: "1", At: clock().Add(time.Hour)})
	ok(t, d.Archive.LetGo(t.Context(), id))
	wantSettled(t, "let go, within the minute", at(d, clock().Add(59*time.Second)), "")
	wantSettled(t, "let go, after it", at(d, clock().Add(time.Minute)), core.EntryFailed)
}

// TestSettleReusedNumber: a process that has the number of one that is dead.
func TestSettleReusedNumber(t *testing.T) {
	_, d := cloudDesk(t)
	own := ownLife(t)
	if own.Machine == "" {
		t.Skip("processes are not looked up here")
	}
	life := own
	life.Instance = "another"
	opened(t, d, &life)
	wantSettled(t, "this process' number", d, core.EntryFailed)
	life.PID = os.Getppid()
	opened(t, d, &life)
	switch runtime.GOOS {
	case "linux", "windows":
		wantSettled(t, "a living process' number", d, core.EntryFailed)
	default: // when it began is not known
		wantSettled(t, "a living process' number", d, "")
	}
	life.Machine = "another boot"
	opened(t, d, &life)
	wantSettled(t, "another machine's process of that number", d, "")
}

// ownLife is the sign of life of this process.
func ownLife(t *testing.T) (life core.Life) {
	t.Helper()
	_, d := cloudDesk(t)
	p, err := d.PlanDelete(t.Context(), []core.BackupID{storetest.Second}, false)
	ok(t, err)
	sleep := d.Sleep
	d.Sleep = func(ctx context.Context, pause time.Duration) error {
		life = *newest(t, d).Life
		return sleep(ctx, pause)
	}
	_, err = d.Delete(t.Context(), p, true, nil)
	ok(t, err)
	return life
}

// TestHeartbeat: while the work runs its sign of life is renewed, also when it was
// cancelled and is not over yet; an end without a result lets the entry go.
func TestHeartbeat(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		books, err := archive.Open(context.Background(), filepath.Join(dir, "archive.sqlite"))
		ok(t, err)
		defer books.Close()
		s := storetest.Standard()
		c := memory.NewCloud(memory.World{Volumes: s.AllVolumes(), Backups: s.AllBackups(), Types: s.Types, Now: time.Now})
		d := jobs.Desk{Place: c, Archive: books, Pace: jobs.Pace{Now: time.Now}}
		ctx, cancel := context.WithCancel(t.Context())
		began := time.Now()
		age := func() time.Duration { return newest(t, d).Life.At.Sub(began) }
		d.Sleep = func(context.Context, time.Duration) error {
			if got := age(); got != 0 {
				t.Errorf("at the beginning the sign is of %s later", got)
			}
			time.Sleep(25 * time.Second)
			if got := age(); got != 20*time.Second {
				t.Errorf("25 s later the sign is of %s after the beginning", got)
			}
			cancel()
			time.Sleep(10 * time.Second)
			if got := age(); got != 30*time.Second {
				t.Errorf("cancelled, 10 s later, it is of %s", got)
			}
			return ctx.Err()
		}
		_, err = d.Restore(ctx, core.RestoreRequest{Backup: storetest.Second}, nil, true, nil)
		wantCode(t, "cancelled", err, core.CodeCancelled)
		if e := newest(t, d); e.State != core.EntryOpen || e.Life != nil {
			t.Errorf("what was left is %s, %+v", e.State, e.Life)
		}
	})
}
