//go:build unix

package repository_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"hearth/core"
	"hearth/store/repository"
	"hearth/store/storetest/peak"
	"hearth/store/storetest/race"
)

// canary is what a file outside of the repository holds: it must not come out of it.
const canary = "this lies outside of the repository, and is nobody's backup"

// mostHostile is how much memory no folder may have hearth take.
const mostHostile = 200 << 20

// trap is a repository of one backup in which something was put that is no backup's: by
// whom has write access there, as a tenant's mount or a broken disk.
type trap struct {
	name  string
	root  bool                                       // only root can make it
	open  bool                                       // root is stopped by no mode
	set   func(t *testing.T, dir, p, outside string) // p is the path of the backup's objects
	said  []string                                   // each of these stands in what the lists and the checks say
	whole bool                                       // the backup itself is sound all the same
}

// instead puts something in place of the object of a suffix.
func instead(suffix string, put func(at, outside string) error) func(t *testing.T, dir, p, outside string) {
	return func(t *testing.T, _, p, outside string) {
		t.Helper()
		os.Remove(p + suffix)
		if err := put(p+suffix, outside); err != nil {
			t.Fatal(err)
		}
	}
}

func link(at, outside string) error { return os.Symlink(outside, at) }
func pipe(at, _ string) error       { return syscall.Mkfifo(at, 0o600) }
func zeroes(at, _ string) error     { return syscall.Mknod(at, syscall.S_IFCHR|0o600, 1<<8|5) }
func circle(at, _ string) error     { return os.Symlink(filepath.Base(at), at) }
func folder(at, _ string) error     { return os.Mkdir(at, 0o700) }

// holes is a file of 64 GB that takes no room.
func holes(at, _ string) error {
	return errors.Join(os.WriteFile(at, []byte("{"), 0o600), os.Truncate(at, 64<<30))
}

// bombed packs 256 MB of zeros.
func bombed(z io.WriteCloser) {
	for range 256 {
		z.Write(make([]byte, 1<<20))
	}
	z.Close()
}

// metadata changes what the backup's metadata says.
func metadataOf(t *testing.T, p string, change func(m map[string]any)) {
	t.Helper()
	body, err := os.ReadFile(p + "_metadata")
	var m map[string]any
	if err == nil {
		err = json.Unmarshal(body, &m)
	}
	if err != nil {
		t.Fatal(err)
	}
	change(m)
	if body, err = json.Marshal(m); err != nil {
		t.Fatal(err)
	}
	put(t, p+"_metadata", body)
}

// chunkNamed has the metadata name another object for the first chunk, whose sum is that
// of the file outside.
func chunkNamed(name func(dir, outside string) string) func(t *testing.T, dir, p, outside string) {
	return func(t *testing.T, dir, p, outside string) {
		sum := md5.Sum([]byte(canary))
		metadataOf(t, p, func(m map[string]any) {
			m["objects"] = []any{map[string]any{name(dir, outside): map[string]any{"compression": "none", "length": len(canary),
				"md5": hex.EncodeToString(sum[:]), "offset": 0}}}
		})
	}
}

var traps = []trap{
	{name: "a chunk that is a link out", set: func(t *testing.T, dir, p, outside string) {
		instead("-00001", link)(t, dir, p, outside)
		chunkNamed(func(_, _ string) string { return filepath.Base(p) + "-00001" })(t, dir, p, outside) // as its sum says, it is sound
	}, said: []string{"-00001"}},
	{name: "metadata that is a link out", set: instead("_metadata", link), said: []string{"a link that leads to no file in the repository"}},
	{name: "hashes that are a link out", set: instead("_sha256file", link), said: []string{"_sha256file"}, whole: true},
	{name: "a chunk that is a pipe", set: instead("-00001", pipe), said: []string{"-00001"}},
	{name: "metadata that is a pipe", set: instead("_metadata", pipe), said: []string{"no file, but p"}},
	{name: "hashes that are a pipe", set: instead("_sha256file", pipe), said: []string{"_sha256file"}, whole: true},
	{name: "a pipe of some name", set: func(t *testing.T, dir, _, _ string) {
		if err := pipe(filepath.Join(dir, "pipe"), ""); err != nil {
			t.Fatal(err)
		}
	}, said: []string{"pipe"}, whole: true},
	{name: "a chunk that is a device", root: true, set: instead("-00001", zeroes), said: []string{"-00001"}},
	{name: "metadata that is a device", root: true, set: instead("_metadata", zeroes), said: []string{"no file, but D"}},
	{name: "a chunk of 64 GB of nothing", set: instead("-00001", holes), said: []string{"-00001"}},
	{name: "metadata of 64 GB of nothing", set: instead("_metadata", holes), said: []string{"which no backup needs"}},
	{name: "hashes of 64 GB of nothing", set: instead("_sha256file", holes), said: []string{"_sha256file"}, whole: true},
	{name: "a chunk that unpacks to 256 MB", set: func(t *testing.T, _, p, _ string) {
		var b bytes.Buffer
		bombed(zlib.NewWriter(&b))
		put(t, p+"-00001", b.Bytes())
		sum := md5.Sum(make([]byte, 1000))
		metadataOf(t, p, func(m map[string]any) {
			m["objects"] = []any{map[string]any{filepath.Base(p) + "-00001": map[string]any{"compression": "zlib", "length": 1000,
				"md5": hex.EncodeToString(sum[:]), "offset": 0}}}
		})
	}, said: []string{"-00001", "it holds more than 1000 bytes"}},
	{name: "metadata that is packed", set: func(t *testing.T, _, p, _ string) {
		var b bytes.Buffer
		bombed(gzip.NewWriter(&b))
		put(t, p+"_metadata", b.Bytes())
	}, said: []string{"volume_"}},
	{name: "metadata of brackets", set: func(t *testing.T, _, p, _ string) {
		put(t, p+"_metadata", bytes.Repeat([]byte("["), 8<<20))
	}, said: []string{"volume_"}},
	{name: "a capture of brackets", set: func(t *testing.T, _, p, _ string) {
		metadataOf(t, p, func(m map[string]any) { m["volume_meta"] = strings.Repeat("[", 8<<20) })
	}, said: []string{"volume_"}},
	{name: "a chunk whose link is a circle", set: instead("-00001", circle), said: []string{"-00001"}},
	{name: "folders in a circle", set: func(t *testing.T, dir, _, _ string) {
		must := func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		}
		must(os.Symlink(".", filepath.Join(dir, "round")))
		must(os.Mkdir(filepath.Join(dir, "under"), 0o700))
		must(os.Symlink("..", filepath.Join(dir, "under", "up")))
	}, said: []string{"round", "up"}, whole: true},
	{name: "a folder that is a link out", set: func(t *testing.T, dir, _, outside string) {
		if err := os.Symlink(filepath.Dir(outside), filepath.Join(dir, "elsewhere")); err != nil {
			t.Fatal(err)
		}
	}, said: []string{"elsewhere"}, whole: true},
	{name: "a chunk that lies above", set: chunkNamed(func(dir, outside string) string { return "../" + filepath.Base(outside) }),
		said: []string{"../outside"}},
	{name: "a chunk of a whole path", set: chunkNamed(func(_, outside string) string { return outside }), said: []string{"outside"}},
	{name: "a chunk that is a folder", set: instead("-00001", folder), said: []string{"-00001"}},
	{name: "metadata that is a folder", set: instead("_metadata", folder), said: []string{"volume_"}},
	{name: "a folder that nobody may read", open: true, set: func(t *testing.T, dir, _, _ string) {
		closed := filepath.Join(dir, "closed")
		if err := os.Mkdir(closed, 0); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.Chmod(closed, 0o700) })
	}, said: []string{"closed", "this user may not read the folder"}, whole: true},
	{name: "100,000 names", set: func(t *testing.T, dir, _, _ string) {
		if testing.Short() {
			t.Skip("it makes 100,000 files")
		}
		for i := range 100_000 {
			if i%100 == 0 {
				if err := os.Mkdir(fmt.Sprintf("%s/many%04d", dir, i/100), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			if err := syscall.Mknod(fmt.Sprintf("%s/many%04d/name%d", dir, i/100, i), syscall.S_IFREG|0o600, 0); err != nil {
				t.Skip(err)
			}
		}
	}, said: []string{"many"}, whole: true},
}

// asked is what a repository says to each of its readers, and the bytes that came out of it.
type asked struct {
	said   strings.Builder
	bytes  []byte
	failed error // of the bytes
	sound  bool
}

// ask asks for lists, the inventory, a deep check, the capture and the bytes.
func (a *asked) ask(ctx context.Context, t *testing.T, dir string, id core.BackupID) {
	p := openPosix(t, dir, repository.Options{})
	page, err := p.Backups(ctx, core.Query{})
	fmt.Fprintln(&a.said, "backups:", page.Total, err)
	inventory, err := p.Scan(ctx, nil)
	fmt.Fprintln(&a.said, "inventory:", err)
	for i := range inventory.Holdings.Len() {
		h := inventory.Holdings.At(i)
		fmt.Fprintln(&a.said, h.Kind, h.Container, h.Prefix, h.Problem)
	}
	for _, u := range inventory.Unknown {
		fmt.Fprintln(&a.said, u.Says())
	}
	a.sound = true
	err = p.Verify(ctx, core.VerifyRequest{Deep: true}, func(r core.VerifyReport) error {
		a.sound = a.sound && r.Sound()
		for _, f := range r.Flaws {
			fmt.Fprintln(&a.said, f.Object, f.Text)
		}
		return nil
	})
	fmt.Fprintln(&a.said, "verify:", err)
	c, has, err := p.Capture(ctx, id)
	fmt.Fprintln(&a.said, "capture:", has, len(c.Text), err)
	about, err := p.Image(ctx, id)
	if err != nil || about.Size > 1<<20 {
		a.failed = cmpErr(err, "it is said to be of "+core.Bytes(about.Size))
		return
	}
	m := &inMemory{t: t, bytes: make([]byte, about.Size)}
	_, a.failed = p.ReadImage(ctx, core.ImageRequest{Backup: id, Part: core.Range{To: about.Size}}, m)
	a.bytes = m.bytes
}

func cmpErr(err error, or string) error {
	if err != nil {
		return err
	}
	return errors.New(or)
}

// TestHostileFolder: whatever lies in a repository, it is named, not followed and not waited
// for, it takes no memory, and what is sound beside it is read as ever.
func TestHostileFolder(t *testing.T) {
	race.Once(t)
	root := syscall.Geteuid() == 0
	for _, c := range traps {
		t.Run(c.name, func(t *testing.T) {
			if c.root && !root || c.open && root {
				t.Skip("not as this user")
			}
			base := t.TempDir()
			dir, outside := filepath.Join(base, "repo"), filepath.Join(base, "outside")
			put(t, outside, []byte(canary))
			m := made{volume: uuid(1), id: uuid(2), stamp: "20260102030405", chunks: 1}
			p := m.write(t, dir)
			c.set(t, dir, p, outside)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			var a asked
			var done sync.WaitGroup
			ended := make(chan struct{})
			top := peak.Heap(func() {
				done.Go(func() { a.ask(ctx, t, dir, core.BackupID(m.id)) })
				go func() { done.Wait(); close(ended) }()
				select {
				case <-ended:
				case <-time.After(6 * time.Minute):
				}
			})
			select {
			case <-ended:
			default:
				t.Fatal("it blocks")
			}
			said := a.said.String()
			for _, words := range c.said {
				if !strings.Contains(said, words) {
					t.Errorf("it does not say %q:\n%s", words, said)
				}
			}
			if a.sound != c.whole && c.whole || (a.failed == nil) != c.whole {
				t.Errorf("sound: %v, and its bytes: %v\n%s", a.sound, a.failed, said)
			}
			if strings.Contains(said, canary) || bytes.Contains(a.bytes, []byte(canary)) {
				t.Error("what lies outside came out of it")
			}
			if ctx.Err() != nil || top > mostHostile {
				t.Errorf("it takes %d MB, %v", top>>20, ctx.Err())
			}
		})
	}
}

// TestKeptIsNoFile: what a scan would go by, and is no file, is nobody's trouble.
func TestKeptIsNoFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "repo")
	made{volume: uuid(1), id: uuid(2), stamp: "20260102030405", chunks: 1}.write(t, dir)
	later := repository.Options{Now: func() time.Time { return time.Now().Add(time.Hour) }}
	for name, instead := range map[string]func(at, outside string) error{"a pipe": pipe, "a circle": circle, "64 GB of nothing": holes,
		"a link to a device": func(at, _ string) error { return os.Symlink("/dev/zero", at) }, "as it was": nil} {
		kept := t.TempDir()
		asWithout(t, folders(t, dir), kept, later)
		files, err := filepath.Glob(filepath.Join(kept, "*.index"))
		if err != nil || len(files) != 1 {
			t.Fatal(files, err)
		}
		want := 1
		if instead != nil {
			want = 0
			rm(t, files[0])
			if err := instead(files[0], ""); err != nil {
				t.Fatal(err)
			}
		}
		ended := make(chan int)
		go func() { ended <- asWithout(t, folders(t, dir), kept, later) }()
		select {
		case n := <-ended:
			if n != want {
				t.Errorf("%s: %d rows are taken", name, n)
			}
		case <-time.After(5 * time.Minute):
			t.Fatalf("%s: it blocks", name)
		}
	}
}
