package archive

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"hearth/core"
	"hearth/store/ledger"
)

// made is an archive with a record, closed.
func made(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hearth", "archive.sqlite")
	a, err := Open(context.Background(), path)
	ok(t, err)
	ok(t, a.KeepRecord(context.Background(), realRecord(t, "one", "first")))
	ok(t, a.Close())
	return path
}

func body(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	ok(t, err)
	return b
}

// What is wrong with an archive stops nobody who only reads a place, and nothing of it is
// ever overwritten.
func TestReach(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct {
		name  string
		spoil func(t *testing.T, path string)
		want  string // "new", "read-only" or "none"
		says  string
	}{
		{"no database", func(t *testing.T, path string) { ok(t, os.WriteFile(path, []byte("hello, this is not it"), 0o600)) }, "new", "damaged"},
		{"cut short", func(t *testing.T, path string) { ok(t, os.Truncate(path, 20000)) }, "new", "cut short"},
		{"cut to a head", func(t *testing.T, path string) { ok(t, os.Truncate(path, 60)) }, "new", "damaged"},
		{"the first page spoiled", func(t *testing.T, path string) {
			b := body(t, path)
			for i := 100; i < 4096; i++ {
				b[i] = 0xff
			}
			ok(t, os.WriteFile(path, b, 0o600))
		}, "new", "damaged"},
		{"of a newer hearth", func(t *testing.T, path string) { exec(t, path, "PRAGMA user_version = 99") }, "read-only", "newer hearth"},
		{"of a newer hearth that knows other tables", func(t *testing.T, path string) {
			exec(t, path, "PRAGMA user_version = 99", "ALTER TABLE records RENAME COLUMN url TO body")
		}, "none", "newer hearth"},
		{"somebody else's", func(t *testing.T, path string) { exec(t, path, "PRAGMA application_id = 42") }, "none", "not hearth's"},
		{"a folder", func(t *testing.T, path string) { ok(t, errors.Join(os.Remove(path), os.Mkdir(path, 0o700))) }, "none", "folder"},
		{"sound", func(t *testing.T, path string) {}, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := made(t)
			c.spoil(t, path)
			var before []byte
			if c.want != "none" || c.name != "a folder" {
				before = body(t, path)
			}
			a, said, err := Reach(ctx, path, now)
			if a != nil {
				defer a.Close()
			}
			if told := said + fmt.Sprint(err); !strings.Contains(told, c.says) {
				t.Errorf("it says %q, %v", said, err)
			}
			aside := path + ".damaged-20260301T120000"
			switch c.want {
			case "none":
				if a != nil || err == nil {
					t.Errorf("it was opened: %v", err)
				}
			case "read-only":
				ok(t, err)
				kept, err := a.Records(ctx, "", "one")
				if err != nil || len(kept) != 1 {
					t.Errorf("%+v, %v", kept, err)
				}
				if err := a.KeepRecord(ctx, realRecord(t, "two", "x")); core.CodeOf(err) != core.CodeReadOnly {
					t.Errorf("written: %v", err)
				}
			case "new":
				ok(t, err)
				if string(body(t, aside)) != string(before) || !strings.Contains(said, aside) {
					t.Errorf("what was moved aside is not what was there, or not named: %s", said)
				}
				ok(t, a.KeepRecord(ctx, realRecord(t, "two", "x")))
				return
			default:
				ok(t, err)
				return
			}
			if before != nil && string(body(t, path)) != string(before) {
				t.Error("it was changed")
			}
			if left, _ := filepath.Glob(path + ".damaged*"); len(left) > 0 {
				t.Errorf("it was moved: %v", left)
			}
		})
	}
}

// Five hearths at once come to a damaged archive: one moves it aside, and no new one is
// taken for a damaged one.
func TestReachTogether(t *testing.T) {
	ctx := context.Background()
	path := made(t)
	ok(t, os.Truncate(path, 20000))
	var all sync.WaitGroup
	errs := make([]error, 5)
	for i := range errs {
		all.Go(func() {
			a, _, err := Reach(ctx, path, now)
			if err == nil {
				err = errors.Join(a.KeepRecord(ctx, realRecord(t, core.BackupID(fmt.Sprint(i)), "x")), a.Close())
			}
			errs[i] = err
		})
	}
	all.Wait()
	ok(t, errors.Join(errs...))
	if left, _ := filepath.Glob(path + ".damaged*"); len(left) != 1 {
		t.Errorf("moved aside: %v", left)
	}
	a := opened(t, path)
	if _, n, err := a.Rotten(ctx); err != nil || n != 5 {
		t.Errorf("%d records of five, %v", n, err)
	}
	// A second time on the same second, nothing that was moved aside is overwritten.
	ok(t, a.Close())
	ok(t, os.WriteFile(path, []byte("hello"), 0o600))
	os.Remove(path + "-wal")
	b, said, err := Reach(ctx, path, now)
	ok(t, err)
	b.Close()
	if left, _ := filepath.Glob(path + ".damaged*"); len(left) != 2 {
		t.Errorf("moved aside: %v, %s", left, said)
	}
}

func TestExamine(t *testing.T) {
	ctx := context.Background()
	path := made(t)
	exec(t, path, "INSERT INTO records (place, backup_id, at, direction, fingerprint, service, url, sum) "+
		"SELECT place, 'two', at, direction, fingerprint, service, 'A' || url, sum FROM records")
	x, err := Examine(ctx, path)
	if err != nil || x.Records != 2 || len(x.Rotten) != 1 || x.Rotten[0].Backup != "two" || x.Damage != "" {
		t.Errorf("%+v, %v", x, err)
	}
	b := body(t, path)
	for i := 4096 * 2; i < 4096*3; i++ { // a page in the middle, which opening does not look at
		b[i] ^= 0x5a
	}
	ok(t, os.WriteFile(path, b, 0o600))
	if x, err := Examine(ctx, path); err != nil || x.Damage == "" {
		t.Errorf("%+v, %v", x, err)
	}
	if _, err := Examine(ctx, path+".none"); core.CodeOf(err) != core.CodeNotFound {
		t.Error(err)
	}
	ok(t, os.WriteFile(path, []byte("nothing"), 0o600))
	if _, err := Examine(ctx, path); !ledger.Damaged(err) {
		t.Error(err)
	}
}
