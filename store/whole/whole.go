// Package whole makes files that come into being whole or not at all. What is being made
// lies in a folder of its own beside its goal, of mode 0700 and with a name that nobody
// can guess, and gets its name at the end. Who makes it holds a lock in that folder, so
// that the next run knows what one that was killed has left behind, and clears it away.
package whole

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// mark stands in the names of folders in which something is being made.
const mark = ".hearth-"

// Making is a file that is being made.
type Making struct {
	goal string
	dir  string
	lock *os.File
}

// Begin begins to make the file goal: os.ErrExist where there is something of that name
// already, a link to nowhere included. It clears away what killed runs left of theirs.
func Begin(goal string) (*Making, error) {
	if _, err := os.Lstat(goal); err == nil {
		Sweep(filepath.Dir(goal), leftover(goal)) // one that was killed right behind giving the name
		return nil, &fs.PathError{Op: "make", Path: goal, Err: fs.ErrExist}
	}
	return BeginOver(goal)
}

// BeginOver is Begin for a file that may be there, and is then replaced by
// [Making.Replace].
func BeginOver(goal string) (*Making, error) {
	parent, prefix := filepath.Dir(goal), leftover(goal)
	Sweep(parent, prefix)
	m, err := folder(parent, prefix)
	if err == nil {
		m.goal = goal
	}
	return m, err
}

// leftover is how the names of folders begin in which a file is made.
func leftover(goal string) string { return "." + filepath.Base(goal) + mark }

// Folder makes a folder of a name that begins with prefix, for what is gone when it is
// dropped; in the folder for temporary files. It clears away what killed runs left.
func Folder(prefix string) (*Making, error) {
	Sweep(os.TempDir(), prefix)
	return folder(os.TempDir(), prefix)
}

// tries is how often a folder is made anew that somebody took for a leftover before it
// was locked.
const tries = 10

func folder(parent, prefix string) (*Making, error) {
	var err error
	for range tries {
		var dir string
		if dir, err = os.MkdirTemp(parent, prefix+"*"); err != nil {
			return nil, err
		}
		if err = os.Chmod(dir, 0o700); err != nil { // whatever the umask
			os.Remove(dir)
			return nil, err
		}
		var lock *os.File
		if lock, err = os.OpenFile(filepath.Join(dir, lockName), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600); err != nil {
			os.RemoveAll(dir)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			return nil, err
		}
		if held(lock) && same(lock) {
			return &Making{dir: dir, lock: lock}, nil
		}
		lock.Close()
		err = fs.ErrExist
	}
	return nil, err
}

const lockName = "lock"

// same reports whether a file still has its name.
func same(f *os.File) bool {
	open, err := f.Stat()
	if err != nil {
		return false
	}
	named, err := os.Lstat(f.Name())
	return err == nil && os.SameFile(open, named)
}

// Path is where the file is to be made.
func (m *Making) Path() string {
	if m.goal == "" {
		return filepath.Join(m.dir, "file")
	}
	return filepath.Join(m.dir, filepath.Base(m.goal))
}

// Dir is the folder.
func (m *Making) Dir() string { return m.dir }

// Create makes the file, of mode 0600.
func (m *Making) Create() (*os.File, error) {
	f, err := os.OpenFile(m.Path(), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err == nil {
		err = f.Chmod(0o600)
		if errors.Is(err, errors.ErrUnsupported) {
			err = nil
		}
	}
	return f, err
}

// Done gives the file its name: os.ErrExist where that was taken meanwhile. The file has
// to be closed, and synced by whoever wrote it. The making is over, whatever the answer.
func (m *Making) Done() error {
	defer m.Drop()
	// A link fails where the name was taken; where there are no links the name is looked
	// for, and given.
	err := os.Link(m.Path(), m.goal)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		if _, taken := os.Lstat(m.goal); taken == nil {
			return &fs.PathError{Op: "make", Path: m.goal, Err: fs.ErrExist}
		}
		err = os.Rename(m.Path(), m.goal)
	}
	if err == nil {
		SyncDir(filepath.Dir(m.goal))
	}
	return err
}

// Replace gives the file its name, which whatever had it loses in the same stroke. A link
// of that name is replaced, and what it leads to is not touched.
func (m *Making) Replace() error {
	defer m.Drop()
	err := os.Rename(m.Path(), m.goal)
	if err == nil {
		SyncDir(filepath.Dir(m.goal))
	}
	return err
}

// Drop removes what was made and did not get its name. It may be called again.
func (m *Making) Drop() error {
	if m.lock == nil {
		return nil
	}
	err := clear(m.dir, m.lock)
	m.lock = nil
	return err
}

// clear removes a folder whose lock is held. The lock goes last, so that what is left if
// this is killed is a leftover still.
func clear(dir string, lock *os.File) error {
	name := filepath.Join(dir, lockName)
	if beforeRemoval { // the lock is that it cannot be removed
		lock.Close()
		if err := os.Remove(name); err != nil {
			return err
		}
		return os.RemoveAll(dir)
	}
	defer lock.Close()
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if e.Name() != lockName {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	return errors.Join(err, os.Remove(name), os.Remove(dir))
}

// Sweep clears away what killed runs left in a folder: folders of the user's own, of
// names that begin with prefix, whose lock nobody holds. What it cannot remove it leaves.
// It follows no links.
func Sweep(parent, prefix string) (swept int) {
	f, err := os.Open(parent)
	if err != nil {
		return 0
	}
	defer f.Close()
	names, _ := f.Readdirnames(-1)
	for _, name := range names {
		if rest, ok := strings.CutPrefix(name, prefix); !ok || rest == "" || strings.Trim(rest, "0123456789") != "" {
			continue
		}
		if sweep(filepath.Join(parent, name)) {
			swept++
		}
	}
	return swept
}

func sweep(dir string) bool {
	info, err := os.Lstat(dir)
	if err != nil || !info.IsDir() || !mine(info) {
		return false
	}
	name := filepath.Join(dir, lockName)
	if info, err = os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
		return os.Remove(dir) == nil // killed before it was locked; one with something in it stays
	}
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	lock, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return false
	}
	if !held(lock) || !same(lock) {
		lock.Close()
		return false
	}
	return clear(dir, lock) == nil
}

// Lock locks a folder against others who lock it, waiting for those who have it. Where
// folders cannot be locked it locks nothing.
func Lock(ctx context.Context, dir string) (unlock func(), err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	for !held(f) {
		select {
		case <-ctx.Done():
			f.Close()
			return nil, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
	return func() { f.Close() }, nil
}

// SyncDir makes the names in a folder safe, where a folder can be asked to.
func SyncDir(dir string) {
	if f, err := os.Open(dir); err == nil {
		f.Sync() // some file systems cannot
		f.Close()
	}
}

// Write makes a file of mode 0600 that is not there yet: os.ErrExist where it is.
func Write(goal string, body []byte) error { return write(goal, body, Begin, (*Making).Done) }

// WriteOver makes a file of mode 0600 in place of one that may be there.
func WriteOver(goal string, body []byte) error {
	return write(goal, body, BeginOver, (*Making).Replace)
}

func write(goal string, body []byte, begin func(string) (*Making, error), end func(*Making) error) error {
	m, err := begin(goal)
	if err != nil {
		return err
	}
	defer m.Drop()
	f, err := m.Create()
	if err != nil {
		return err
	}
	_, err = f.Write(body)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return end(m)
}

// ErrTooLarge is why a file of settings was not read: it is larger than any of those, or
// nests deeper.
var ErrTooLarge = errors.New("it is larger than any such file, or nests deeper")

// What a file of settings may be at most: bytes, and brackets within brackets. Those who
// read TOML and YAML take a kilobyte and more for each bracket, and look at no context.
const (
	mostSettings = 1 << 20
	mostNested   = 500
)

// ErrNoFile is why something was not read: it is a folder, a pipe, a socket or a device.
var ErrNoFile = errors.New("it is no ordinary file")

// OpenFile opens an ordinary file, or what a link to one leads to, for reading: ErrNoFile
// for anything else. It never waits, as the opening of a pipe does for somebody who writes
// into it.
func OpenFile(path string) (*os.File, error) {
	fail := func(err error) (*os.File, error) { return nil, &fs.PathError{Op: "open", Path: path, Err: err} }
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return fail(ErrNoFile) // a device is not even opened: some do something then
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() { // it was put there meanwhile
		f.Close()
		return fail(ErrNoFile)
	}
	return f, nil
}

// ReadFile reads an ordinary file of at most so many bytes: ErrNoFile, ErrTooLarge.
func ReadFile(path string, most int64) ([]byte, error) {
	f, err := OpenFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	body, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(body)) > most {
		err = &fs.PathError{Op: "read", Path: path, Err: ErrTooLarge}
	}
	if err != nil {
		return nil, err
	}
	return body, nil
}

// ReadSettings reads a file of settings, which somebody wrote by hand: ErrTooLarge where
// that cannot be, and no more of it is read; ErrNoFile where it is a pipe or the like.
func ReadSettings(path string) ([]byte, error) {
	f, err := OpenFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	body, err := io.ReadAll(io.LimitReader(f, mostSettings+1))
	if err == nil && (len(body) > mostSettings || TooDeep(body)) {
		err = &fs.PathError{Op: "read", Path: path, Err: ErrTooLarge}
	}
	if err != nil {
		return nil, err
	}
	return body, nil
}

// TooDeep reports whether a text has more brackets within brackets than anybody writes.
// What stands in quotes counts too.
func TooDeep(body []byte) bool {
	depth := 0
	for _, c := range body {
		switch c {
		case '[', '{':
			if depth++; depth > mostNested {
				return true
			}
		case ']', '}':
			depth = max(depth-1, 0)
		}
	}
	return false
}
