//go:build linux || darwin

package whole_test

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"hearth/store/whole"
)

// TestMain is also the program that is killed: it begins to make a file, says so, and
// waits.
func TestMain(m *testing.M) {
	if goal := os.Getenv("HEARTH_WHOLE_GOAL"); goal != "" {
		making, err := whole.Begin(goal)
		if err == nil {
			err = os.WriteFile(making.Path(), []byte("half"), 0o600)
		}
		if err != nil {
			panic(err)
		}
		os.Stdout.WriteString(making.Dir() + "\n")
		os.Stdin.Read(make([]byte, 1))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func names(t *testing.T, dir string) (out []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func TestKilled(t *testing.T) {
	dir := t.TempDir()
	goal := filepath.Join(dir, "goal")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "HEARTH_WHOLE_GOAL="+goal)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if n := whole.Sweep(dir, ".goal.hearth-"); n != 0 || len(names(t, dir)) != 1 {
		t.Errorf("what somebody is making was cleared away: %d swept, %v are left", n, names(t, dir))
	}
	cmd.Process.Kill()
	cmd.Wait()
	if got := names(t, dir); len(got) != 1 {
		t.Fatalf("a killed run left %v", got)
	}
	// One that was killed right behind giving the name: the next is told that it is there.
	left := filepath.Join(dir, names(t, dir)[0])
	other := filepath.Join(dir, "other")
	os.WriteFile(other, nil, 0o600)
	os.Mkdir(filepath.Join(dir, ".other.hearth-1"), 0o700)
	os.Link(filepath.Join(left, "lock"), filepath.Join(dir, ".other.hearth-1", "lock"))
	if err := whole.Write(other, []byte("whole")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a name that is taken: %v", err)
	}
	if got := names(t, dir); slices.Contains(got, ".other.hearth-1") || !slices.Contains(got, "other") {
		t.Errorf("the next run left %v", got)
	}
	os.Remove(other)
	if err := whole.Write(goal, []byte("whole")); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); len(got) != 1 || got[0] != "goal" {
		t.Errorf("the next run left %v", got)
	}
}

func TestNothingIsOverwritten(t *testing.T) {
	dir := t.TempDir()
	there, link := filepath.Join(dir, "there"), filepath.Join(dir, "link")
	os.WriteFile(there, []byte("theirs"), 0o644)
	os.Symlink(filepath.Join(dir, "nowhere"), link)
	for _, goal := range []string{there, link} {
		if err := whole.Write(goal, []byte("ours")); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s: %v", goal, err)
		}
	}
	late := filepath.Join(dir, "late")
	m, err := whole.Begin(late)
	if err != nil {
		t.Fatal(err)
	}
	os.WriteFile(m.Path(), []byte("ours"), 0o600)
	os.WriteFile(late, []byte("theirs"), 0o644)
	if err := m.Done(); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a name that was taken meanwhile: %v", err)
	}
	if body, _ := os.ReadFile(late); string(body) != "theirs" {
		t.Errorf("%q was overwritten", body)
	}
	// What is to be overwritten is, but never what a link leads to.
	os.Remove(link)
	os.Symlink(there, link)
	if err := whole.WriteOver(link, []byte("ours")); err != nil {
		t.Fatal(err)
	}
	if body, _ := os.ReadFile(there); string(body) != "theirs" {
		t.Errorf("it was written through a link: %q", body)
	}
	if body, _ := os.ReadFile(link); string(body) != "ours" {
		t.Errorf("%q", body)
	}
	if got := names(t, dir); len(got) != 3 {
		t.Errorf("left behind: %v", got)
	}
}

func TestModes(t *testing.T) {
	for _, mask := range []int{0, 0o022, 0o777} {
		dir := t.TempDir()
		old := syscall.Umask(mask)
		m, err := whole.Begin(filepath.Join(dir, "goal"))
		var f *os.File
		if err == nil {
			f, err = m.Create()
		}
		syscall.Umask(old)
		if err != nil {
			t.Fatalf("umask %o: %v", mask, err)
		}
		folder, _ := os.Stat(m.Dir())
		f.Close()
		if err := m.Done(); err != nil {
			t.Fatal(err)
		}
		file, err := os.Stat(filepath.Join(dir, "goal"))
		if err != nil || file.Mode().Perm() != 0o600 || folder.Mode().Perm() != 0o700 {
			t.Errorf("umask %o: the file %v in %v (%v)", mask, file.Mode(), folder.Mode(), err)
		}
	}
}

// What others planted under such names is not followed, and not touched.
func TestPlanted(t *testing.T) {
	dir, out := t.TempDir(), t.TempDir()
	kept := filepath.Join(out, "kept")
	os.WriteFile(kept, nil, 0o600)
	os.Symlink(out, filepath.Join(dir, ".goal.hearth-1"))
	linked := filepath.Join(dir, ".goal.hearth-2")
	os.Mkdir(linked, 0o700)
	os.Symlink(kept, filepath.Join(linked, "lock"))
	full := filepath.Join(dir, ".goal.hearth-3") // none of ours is without a lock and holds something
	os.Mkdir(full, 0o700)
	os.WriteFile(filepath.Join(full, "theirs"), nil, 0o600)
	os.Mkdir(filepath.Join(dir, ".goal.hearth-work"), 0o700) // a name that we do not make
	fifo := filepath.Join(dir, ".goal.hearth-4")
	os.Mkdir(fifo, 0o700)
	if err := syscall.Mkfifo(filepath.Join(fifo, "lock"), 0o600); err != nil {
		t.Fatal(err)
	}
	if n := whole.Sweep(dir, ".goal.hearth-"); n != 0 {
		t.Errorf("%d were cleared away; left: %v", n, names(t, dir))
	}
	if _, err := os.Stat(kept); err != nil {
		t.Error(err)
	}
	if got := names(t, dir); len(got) != 5 {
		t.Errorf("left: %v", got)
	}
}

func TestDropped(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	m, err := whole.Folder("hearth-demo-")
	if err != nil {
		t.Fatal(err)
	}
	os.WriteFile(filepath.Join(m.Dir(), "demo.sqlite"), nil, 0o600)
	if err := errors.Join(m.Drop(), m.Drop()); err != nil {
		t.Error(err)
	}
	if got := names(t, os.TempDir()); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
}
