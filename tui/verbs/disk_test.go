//go:build linux

package verbs

import (
	"database/sql"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// trouble is what a disk, or a neighbour, does to a line that writes.
type trouble struct {
	name string
	root bool // it mounts a file system
	do   func(m *mill, t *testing.T, x *trial)
}

var troubles = []trouble{
	{"a full disk", true, (*mill).fullDisk},
	{"a disk that is read only", true, (*mill).readOnlyDisk},
	{"a limit for the size of files", false, (*mill).limited},
	{"a file that another program holds locked", false, (*mill).lockedFile},
	{"several at once", false, (*mill).together},
}

// TestDisk runs each line of crashes on a disk that is full at any point of it, on one that
// is read only, with its files locked, and several times at once: what is there is sound,
// what is done at once is done or not, no line says that it did what it did not, and a rerun
// ends where an undisturbed run ends. HEARTH_CRASH is for how long it goes on, as in 10m,
// and HEARTH_CRASH_SEED chooses; without the first it is a full disk and one more for each.
func TestDisk(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds the program and runs it many times")
	}
	long, _ := time.ParseDuration(os.Getenv("HEARTH_CRASH"))
	seed, err := strconv.ParseUint(os.Getenv("HEARTH_CRASH_SEED"), 10, 64)
	if err != nil {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("HEARTH_CRASH_SEED=%d", seed)
	m := &mill{binary: build(t), clean: t.TempDir(), random: rand.New(rand.NewPCG(seed, 2))}
	m.prepare()
	mounts := canMount(t)
	if !mounts {
		t.Log("no file system can be mounted here: no disk is full or read only, but files are locked and lines run side by side")
	}
	var trials []*trial
	for i := range crashes {
		trials = append(trials, m.undisturbed(t, &crashes[i]))
	}
	counts := map[string]int{}
	for until := time.Now().Add(long); ; {
		for _, x := range trials {
			which := troubles
			if long == 0 {
				which = []trouble{troubles[0], troubles[1+m.random.IntN(len(troubles)-1)]}
			}
			for _, w := range which {
				if w.root && !mounts {
					continue
				}
				w.do(m, t, x)
				counts[w.name]++
			}
		}
		if t.Failed() || time.Now().After(until) {
			break
		}
	}
	t.Logf("disk: %v", counts)
}

// canMount reports whether a small file system can be mounted.
func canMount(t *testing.T) bool {
	dir := t.TempDir()
	if syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k") != nil {
		return false
	}
	return syscall.Unmount(dir, 0) == nil
}

// onDisk makes what a trial begins with on a file system of its own, at the same place.
func (m *mill) onDisk(t *testing.T, x *trial) (remount func(flags uintptr, size int64), done func()) {
	t.Helper()
	m.afresh(x.begin)
	must(t, syscall.Mount("tmpfs", m.home, "tmpfs", 0, "size=256m"))
	must(t, os.CopyFS(m.home, os.DirFS(x.begin)))
	remount = func(flags uintptr, size int64) {
		t.Helper()
		must(t, syscall.Mount("tmpfs", m.home, "tmpfs", syscall.MS_REMOUNT|flags, fmt.Sprintf("size=%d", size)))
	}
	return remount, func() { must(t, syscall.Unmount(m.home, syscall.MNT_DETACH)) }
}

// held holds what a disturbed line left against what it said, and against a rerun.
func (m *mill) held(t *testing.T, x *trial, how string, got outcome) {
	t.Helper()
	now := crashedInto(t, m.home, x.crashing)
	switch {
	case x.atomic && now != x.before && now != x.after:
		t.Errorf("%s, %s: half of it is there:\n%s", x.what, how, now)
	case got.code == 0 && now != x.after:
		t.Errorf("%s, %s: it says that it is done, and it is not: %s%s", x.what, how, got.out, got.err)
	case strings.Contains(got.err, "panic") || strings.Contains(got.err, "goroutine"):
		t.Errorf("%s, %s: %s", x.what, how, got.err)
	case got.code != 0 && strings.TrimSpace(got.err) == "":
		t.Errorf("%s, %s: exit %d, and it does not say why", x.what, how, got.code)
	}
}

func (m *mill) rerun(t *testing.T, x *trial, how string) {
	t.Helper()
	again := m.run(m.words(x.args)...)
	if now := crashedInto(t, m.home, x.crashing); now != x.after {
		t.Errorf("%s, %s: the rerun ends with %d, elsewhere than an undisturbed run: %s", x.what, how, again.code, again.err)
	}
}

func (m *mill) fullDisk(t *testing.T, x *trial) {
	t.Helper()
	remount, done := m.onDisk(t, x)
	defer done()
	var fs syscall.Statfs_t
	must(t, syscall.Statfs(m.home, &fs))
	used := int64(fs.Blocks-fs.Bfree) * fs.Bsize
	room := m.random.Int64N(used/2+1<<18) / fs.Bsize * fs.Bsize
	if m.random.IntN(4) == 0 {
		room = 0
	}
	remount(0, used+room)
	how := fmt.Sprintf("with %d KB left on the disk", room>>10)
	got := m.run(m.words(x.args)...)
	remount(0, 256<<20)
	m.held(t, x, how, got)
	m.rerun(t, x, how)
}

// limited has every write fail that goes beyond some size of any file, which needs no root:
// what comes into being behind a name of its own fails there, and a log fails before what
// it is of.
func (m *mill) limited(t *testing.T, x *trial) {
	t.Helper()
	m.afresh(x.begin)
	most := uint64(0)
	must(t, filepath.WalkDir(m.home, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			most = max(most, uint64(info.Size()))
		}
		return err
	}))
	const block = 512 // what a shell counts in
	blocks := m.random.Uint64N(most/block + 1)
	if m.random.IntN(4) == 0 {
		blocks = 0
	}
	m.first = fmt.Sprint("ulimit -f ", blocks) // in the child alone: the test writes files too
	got := m.run(m.words(x.args)...)
	m.first = ""
	how := fmt.Sprintf("with files of at most %d bytes", blocks*block)
	m.held(t, x, how, got)
	m.rerun(t, x, how)
}

func (m *mill) readOnlyDisk(t *testing.T, x *trial) {
	t.Helper()
	remount, done := m.onDisk(t, x)
	defer done()
	remount(syscall.MS_RDONLY, 256<<20)
	got := m.run(m.words(x.args)...)
	remount(0, 256<<20) // what is written through a log cannot be looked at before
	if now := crashedInto(t, m.home, x.crashing); got.code == 0 || now != x.before {
		t.Errorf("%s, on a disk that is read only: exit %d: %s%s", x.what, got.code, got.out, got.err)
	}
	m.held(t, x, "on a disk that is read only", got)
	m.rerun(t, x, "after the disk was read only")
}

func (m *mill) lockedFile(t *testing.T, x *trial) {
	t.Helper()
	m.afresh(x.begin)
	var open []*sql.DB
	for _, name := range append([]string{"data/hearth/archive.sqlite"}, x.files...) {
		file := filepath.Join(m.home, name)
		if _, err := os.Stat(file); err != nil || !strings.HasSuffix(file, ".sqlite") {
			continue
		}
		db, err := sql.Open("sqlite", file)
		must(t, err)
		open = append(open, db)
		db.SetMaxOpenConns(1)
		_, err = db.Exec("BEGIN EXCLUSIVE")
		if err != nil && len(open) > 1 { // the archive is one of the files
			db.Close()
			open = open[:len(open)-1]
			continue
		}
		must(t, err)
	}
	got := m.run(m.words(x.args)...)
	for _, db := range open {
		_, err := db.Exec("ROLLBACK")
		must(t, err)
		must(t, db.Close())
	}
	how := fmt.Sprintf("with %d files locked", len(open))
	m.held(t, x, how, got)
	m.rerun(t, x, how)
}

func (m *mill) together(t *testing.T, x *trial) {
	t.Helper()
	m.afresh(x.begin)
	n := 2 + m.random.IntN(4)
	got := make([]outcome, n)
	var all sync.WaitGroup
	for i := range got {
		all.Go(func() { got[i] = m.run(m.words(x.args)...) })
	}
	all.Wait()
	how := fmt.Sprintf("%d at once", n)
	done := 0
	for _, g := range got {
		m.held(t, x, how, g)
		if g.code == 0 {
			done++
		}
	}
	if done == 0 {
		t.Errorf("%s, %s: none of them did it: %s", x.what, how, got[0].err)
	}
	m.rerun(t, x, how)
}
