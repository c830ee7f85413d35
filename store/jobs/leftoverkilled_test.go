package jobs_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"hearth/core"
	"hearth/store"
	"hearth/store/archive"
	"hearth/store/jobs"
	"hearth/store/storetest"
)

// childLeft is set for a child process that gives a restore up and takes away what that left.
const childLeft = "HEARTH_TEST_CHILD_LEFT"

// leftDesk is a desk at the cloud on the wire, with an archive of this path.
func leftDesk(t *testing.T, path string) jobs.Desk {
	t.Helper()
	now := func() time.Time { return storetest.Now }
	waits := store.Waits{Repeat: time.Millisecond, Look: time.Millisecond}
	place, err := store.Open(t.Context(), store.Location{Scheme: "cloud", Rest: "left"}, store.Options{Now: now, Waits: waits})
	ok(t, err)
	t.Cleanup(func() { place.Close() })
	books, err := archive.Open(t.Context(), path)
	ok(t, err)
	t.Cleanup(func() { books.Close() })
	return jobs.Desk{Place: place, Archive: books, Who: "ada@here", Pace: jobs.Pace{Now: now,
		Sleep: func(ctx context.Context, _ time.Duration) error { time.Sleep(2 * time.Millisecond); return ctx.Err() }}}
}

func TestChildDropsLeftover(t *testing.T) {
	path := os.Getenv(childLeft)
	if path == "" {
		t.Skip("it is the child of TestLeftoverKilled")
	}
	d := leftDesk(t, path)
	impatient := d
	impatient.Sleep = func(context.Context, time.Duration) error { return context.Canceled }
	report, err := impatient.Restore(t.Context(), core.RestoreRequest{Backup: storetest.APIBackup}, nil, true, nil)
	wantCode(t, "the restore", err, core.CodeCancelled)
	l, err := d.Leftover(t.Context(), report)
	ok(t, err)
	fmt.Println("left", report.Made)
	ok(t, d.DropLeftover(t.Context(), l, nil))
	fmt.Println("over")
}

// killing is a cloud on the wire where a child is killed at a moment: so long after it has given
// its restore up, or, where write is set, when it asks for a deletion, before or after that is
// done.
type killing struct {
	*storetest.API
	mu    sync.Mutex
	after time.Duration // 0: never
	write string        // "before", "after"; "": by time
	kill  func()
}

// set says when the next child is killed, and how.
func (k *killing) set(write string, after time.Duration, kill func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.write, k.after, k.kill = write, after, kill
}

func (k *killing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	k.mu.Lock()
	write, kill := k.write, k.kill
	k.mu.Unlock()
	deletes := r.Method == http.MethodDelete && write != ""
	if deletes && write == "before" {
		kill()
		return // what was killed before it was sent never came
	}
	if k.API.ServeHTTP(w, r); deletes {
		kill()
	}
}

// run has a child give up and take away; which volume was left, "" if it was killed before that was known,
// how long the second took, and whether it came to its end.
func (k *killing) run(t *testing.T, path string) (left core.VolumeID, took time.Duration, over bool) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestChildDropsLeftover$")
	child.Env = append(os.Environ(), childLeft+"="+path)
	out, err := child.StdoutPipe()
	ok(t, err)
	kill := func() { child.Process.Kill() }
	k.set(k.write, k.after, kill)
	ok(t, child.Start())
	var said []string
	var began time.Time
	for lines := bufio.NewScanner(out); lines.Scan(); {
		said = append(said, lines.Text())
		switch id, is := strings.CutPrefix(lines.Text(), "left "); {
		case is:
			left, began = core.VolumeID(id), time.Now()
			if k.write == "" && k.after > 0 {
				time.AfterFunc(k.after, kill)
			}
		case lines.Text() == "over":
			took, over = time.Since(began), true
		}
	}
	if child.Wait(); left == "" {
		t.Fatalf("the child says %q", said)
	}
	return left, took, over
}

// TestLeftoverKilled kills the deletion of what a cancelled restore left at random moments, and
// before and after its one call: nothing else is deleted and nothing is asked for twice, the
// journal says what came of it, and who looks again finds what is left and can take it away.
// HEARTH_CRASH and HEARTH_CRASH_SEED are as for the kills of the verbs.
func TestLeftoverKilled(t *testing.T) {
	long, _ := time.ParseDuration(os.Getenv("HEARTH_CRASH"))
	seed, err := strconv.ParseUint(os.Getenv("HEARTH_CRASH_SEED"), 10, 64)
	if err != nil {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("HEARTH_CRASH_SEED=%d", seed)
	random := rand.New(rand.NewPCG(seed, 2))
	k := &killing{API: storetest.NewAPI(t)}
	k.Server.Config.Handler = k
	storetest.Clouds(t, map[string]*storetest.API{"left": k.API})
	_, whole, over := k.run(t, filepath.Join(t.TempDir(), "archive.sqlite"))
	if !over {
		t.Fatal("undisturbed, it does not end")
	}
	tries, kills, gone := 0, 0, 0
	for until := time.Now().Add(long); tries < 10 || time.Now().Before(until); tries++ {
		k.set([...]string{"before", "after", "", "", ""}[tries%5], time.Duration(random.Int64N(int64(whole)))+1, nil)
		k.Reset()
		path := filepath.Join(t.TempDir(), "archive.sqlite")
		left, _, over := k.run(t, path)
		if !over {
			kills++
		}
		if k.settled(t, left, path) {
			gone++
		}
		if t.Failed() {
			t.Fatalf("try %d", tries)
		}
	}
	if kills == 0 || gone == 0 || gone == tries {
		t.Errorf("of %d tries %d were killed, and of %d the volume was gone by then: it shows nothing", tries, kills, gone)
	}
	t.Logf("%d tries, %d killed, of %d the volume was gone by then", tries, kills, gone)
}

// settled looks at what a killed one left, settles it and takes away the rest; it reports
// whether the volume was gone by then.
func (k *killing) settled(t *testing.T, left core.VolumeID, path string) (gone bool) {
	t.Helper()
	k.set("", 0, nil)
	d := leftDesk(t, path)
	there := func(id core.VolumeID) bool {
		_, err := d.Place.Volume(t.Context(), id)
		if err != nil && core.CodeOf(err) != core.CodeNotFound {
			t.Error(err)
		}
		return err == nil
	}
	deletions := func() (n int) {
		for _, w := range k.Writes() {
			if verb, path, _ := strings.Cut(w, " "); verb == http.MethodDelete {
				if n++; path != "/volumes/"+string(left) {
					t.Errorf("it deletes %s, and %s was left", path, left)
				}
			}
		}
		return n
	}
	if deletions() > 1 {
		t.Errorf("it is asked for more than once: %q", k.Writes())
	}
	gone = !there(left)
	_, err := d.Settle(t.Context())
	ok(t, err)
	entries := journal(t, d)
	i := slices.IndexFunc(entries, func(e core.Entry) bool { return e.Kind == core.EntryDelete })
	switch {
	case i < 0 && (gone || deletions() > 0):
		t.Error("the journal does not say that it was asked for")
	case i >= 0 && (entries[i].Volume != left || (entries[i].State == core.EntryDone) != gone || jobs.Unsettled(&entries[i])):
		t.Errorf("the volume is gone: %v, and the journal says %+v", gone, entries[i])
	}
	if !slices.ContainsFunc(entries, func(e core.Entry) bool { return e.Kind == core.EntryRestore && e.Volume == left }) {
		t.Error("the journal does not say what the restore left")
	}
	if l, err := d.Leftover(t.Context(), &core.RestoreReport{Made: left, Backup: storetest.APIBackup}); !gone {
		ok(t, err)
		ok(t, d.DropLeftover(t.Context(), l, nil))
	} else if core.CodeOf(err) != core.CodeNotFound {
		t.Errorf("it is gone, and looking at it says %v", err)
	}
	if there(left) || !there(storetest.APIVolume) {
		t.Error("what was left is still there, or another volume is not")
	}
	_, err = d.Place.Backup(t.Context(), storetest.APIBackup)
	ok(t, err)
	return gone
}
