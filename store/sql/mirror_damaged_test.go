//go:build unix

package sql_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"hearth/store/sql"
	"hearth/store/storetest/race"
)

// TestMirrorDamaged: whatever stands where a mirror is kept, lists are right, and nobody
// waits for it; where that may be, the mirror is made anew.
func TestMirrorDamaged(t *testing.T) {
	race.Once(t)
	file, mirrors := theirs(t)
	plain := begin(t, file, sql.Options{})
	defer plain.Close()
	first := begin(t, file, sql.Options{Mirrors: mirrors})
	first.WaitForMirror(t)
	ok(t, first.Close())
	made, err := filepath.Glob(filepath.Join(mirrors, "*.sqlite"))
	if err != nil || len(made) != 1 {
		t.Fatalf("%v, %v", made, err)
	}
	at := made[0]
	whole, err := os.ReadFile(at)
	ok(t, err)
	other := filepath.Join(t.TempDir(), "other")
	ok(t, os.WriteFile(other, []byte("somebody else's"), 0o644))
	put := func(body []byte) func() {
		return func() { ok(t, os.WriteFile(at, body, 0o600)) }
	}
	damages := map[string]func(){
		"empty":        put(nil),
		"rubbish":      put(bytes.Repeat([]byte("no database "), 999)),
		"cut":          put(whole[:len(whole)*2/3]),
		"cut short":    put(whole[:100]),
		"too long":     put(append(bytes.Clone(whole), bytes.Repeat([]byte{7}, 5000)...)),
		"a folder":     func() { ok(t, os.Mkdir(at, 0o700)) },
		"a link out":   func() { ok(t, os.Symlink(other, at)) },
		"a link":       func() { ok(t, os.Symlink(filepath.Join(mirrors, "nowhere"), at)) },
		"a link round": func() { ok(t, os.Symlink(at, at)) },
		"closed":       func() { put(whole)(); ok(t, os.Chmod(at, 0)) },
		"only read":    func() { put(whole)(); ok(t, os.Chmod(at, 0o400)) },
		"a pipe":       func() { ok(t, syscall.Mkfifo(at, 0o600)) },
		"newer": func() {
			put(whole)()
			exec(t, at, "PRAGMA user_version = 9999")
		},
		"without a table": func() {
			put(whole)()
			exec(t, at, "DROP TABLE backup_metadata")
		},
		"a hot journal": func() {
			put(whole)()
			ok(t, os.WriteFile(at+"-journal", bytes.Repeat([]byte("journal"), 500), 0o600))
		},
	}
	d := rand.New(rand.NewPCG(5, 5))
	for i := range 6 {
		damages[fmt.Sprint("a page ", i)] = func() {
			bad := bytes.Clone(whole)
			from := d.IntN(len(bad) - 4096)
			for j := range 4096 {
				bad[from+j] = byte(d.IntN(256))
			}
			put(bad)()
		}
	}
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			ok(t, os.RemoveAll(at))
			for _, beside := range []string{"-wal", "-shm", "-journal"} {
				ok(t, os.RemoveAll(at+beside))
			}
			damage()
			began := time.Now()
			p := begin(t, file, sql.Options{Mirrors: mirrors})
			p.WaitForMirror(t)
			reflects(t, p, plain)
			ok(t, p.Close())
			again := begin(t, file, sql.Options{Mirrors: mirrors})
			again.WaitForMirror(t)
			reflects(t, again, plain)
			ok(t, again.Close())
			if took := time.Since(began); took > time.Minute {
				t.Errorf("it took %v", took)
			}
			if body, err := os.ReadFile(other); err != nil || string(body) != "somebody else's" {
				t.Errorf("what the link leads to is %q, %v", body, err)
			}
		})
	}
}
