package ceph_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/store"
	"hearth/store/ceph"
	"hearth/store/jobs"
)

// scratch is a pool in which a test makes images, as the administrator that the cluster's conf
// names, and reads them as a user who may read only.
type scratch struct {
	t    *testing.T
	conf string
	user string // behind an image's name
}

func (s scratch) rbd(stdin io.Reader, args ...string) []byte {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), "rbd", append([]string{"--conf", s.conf}, args...)...)
	var said bytes.Buffer
	cmd.Stdin, cmd.Stderr = stdin, &said
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("rbd %s: %v\n%s", strings.Join(args, " "), err, said.String())
	}
	return out
}

// image is one of these bytes, which goes with the test.
func (s scratch) image(name string, b []byte, more ...string) string {
	s.t.Helper()
	s.rbd(bytes.NewReader(b), append([]string{"import", "-", "volumes/" + name}, more...)...)
	s.t.Cleanup(func() { exec.Command("rbd", "--conf", s.conf, "rm", "--no-progress", "volumes/"+name).Run() })
	return s.named(name)
}

func (s scratch) named(name string) string { return "rbd:volumes/" + name + s.user }

// change writes bytes, or with none zeros, into an image, as rbd import-diff does.
func (s scratch) change(name string, size, at int64, b []byte, zeros int64) {
	s.t.Helper()
	var d bytes.Buffer
	put := func(kind byte, numbers ...int64) {
		d.WriteByte(kind)
		binary.Write(&d, binary.LittleEndian, numbers)
	}
	d.WriteString("rbd diff v1\n")
	if put('s', size); zeros > 0 {
		put('z', at, zeros)
	} else {
		put('w', at, int64(len(b)))
		d.Write(b)
	}
	d.WriteByte('e')
	s.rbd(&d, "import-diff", "-", "volumes/"+name)
}

// bytesOf is what a backup holds.
func bytesOf(t *testing.T, p store.Imager, id core.BackupID) []byte {
	t.Helper()
	image, err := p.Image(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	held := &collected{b: make([]byte, image.Size)}
	if _, err := p.ReadImage(t.Context(), core.ImageRequest{Backup: id, InOrder: true}, held); err != nil {
		t.Fatal(err)
	}
	return held.b
}

type collected struct{ b []byte }

func (c *collected) WriteAt(b []byte, at int64) (int, error) { return copy(c.b[at:], b), nil }
func (c *collected) Whole(core.Range) error                  { return nil }
func (c *collected) Hole(h core.Hole) error                  { return errors.New(h.Why) }

// TestRealVolumes holds backups, of a pool and of a folder, against real images in Ceph: the
// volumes themselves, which are as they were when they were last backed up, and images that
// differ from a backup in one thing each.
func TestRealVolumes(t *testing.T) {
	p, access, dir := real(t)
	at := filepath.Dir(access.Conf)
	s := scratch{t, access.Conf, ":conf=" + access.Conf + ":id=drill:keyring=" + filepath.Join(at, "drill.keyring")}
	if _, err := os.Stat(filepath.Join(at, "drill.keyring")); err != nil {
		t.Skip("there is no user who may read the volumes: ", err)
	}
	var rows []truth
	readJSON(t, filepath.Join(dir, "truth.json"), &rows)
	desk := jobs.Desk{Place: p, RBD: store.OpenRBD}

	t.Run("as Cinder has them", func(t *testing.T) {
		newest := map[any]core.BackupID{}
		for _, x := range rows { // in the order in which they were made
			if x.Row["service_metadata"] != nil { // of an image; the others are of a volume that is none
				newest[x.Row["volume_id"]] = core.BackupID(x.Row["id"].(string))
			}
		}
		same, other := 0, 0
		for _, x := range rows {
			id, volume := core.BackupID(x.Row["id"].(string)), x.Row["volume_id"]
			if newest[volume] == "" {
				continue
			}
			c, err := desk.Compare(t.Context(), id, core.Range{}, s.named(fmt.Sprintf("volume-%s", volume)), nil)
			switch {
			case err != nil || c.Size != x.Bytes || c.Blocks != x.Bytes/jobs.CompareBlock || c.Short != 0 || len(c.Holes) > 0:
				t.Errorf("%s: %+v, %v", id, c, err)
			case newest[volume] == id:
				if same++; !c.Same() {
					t.Errorf("%s is the newest, and %d blocks differ", id, c.Differ)
				}
			default: // each change since wrote 4,096 bytes, in one block or two
				if other++; c.Differ == 0 || c.Differ > 8 {
					t.Errorf("%s is an older one, and %d blocks differ", id, c.Differ)
				}
			}
		}
		if same < 4 || other < 3 {
			t.Errorf("%d newest and %d older backups were compared", same, other)
		}
		t.Logf("%d backups are what their volumes hold, %d older ones are not", same, other)
	})

	t.Run("of a pool", func(t *testing.T) {
		id := core.BackupID(rows[0].Row["id"].(string))
		differences(t, scratch{t, s.conf, s.user}, desk, id, bytesOf(t, p, id))
	})
	t.Run("of a folder", func(t *testing.T) {
		folder, err := store.Open(t.Context(), store.Location{Scheme: "posix", Rest: "../../testdata/repository/posix/repo"}, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { folder.Close() })
		page, err := folder.Backups(t.Context(), core.Query{})
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(page.Rows, func(b core.Backup) bool { return b.Incremental && b.Status == core.StatusAvailable })
		if i < 0 {
			t.Fatal("it has no incremental")
		}
		id := page.Rows[i].ID
		differences(t, scratch{t, s.conf, s.user}, jobs.Desk{Place: folder, RBD: store.OpenRBD}, id, bytesOf(t, folder.(store.Imager), id))
	})
	t.Run("errors", func(t *testing.T) { unread(t, scratch{t, s.conf, s.user}, access) })
	t.Run("broken off", func(t *testing.T) {
		id := core.BackupID(rows[0].Row["id"].(string))
		b := bytesOf(t, p, id)
		for i := range b { // so that there is much to read
			b[i] |= 1
		}
		brokenOff(t, scratch{t, s.conf, s.user}, desk, id, b)
	})
}

// differences holds a backup against images that are it but for one thing.
func differences(t *testing.T, s scratch, desk jobs.Desk, id core.BackupID, whole []byte) {
	size, name := int64(len(whole)), fmt.Sprintf("hearth-test-%x", time.Now().UnixNano())
	block := int64(0) // one that is not all zeros, in the last third
	for at := size / 3 * 2 / jobs.CompareBlock * jobs.CompareBlock; at+jobs.CompareBlock <= size && block == 0; at += jobs.CompareBlock {
		if len(bytes.Trim(whole[at:at+jobs.CompareBlock], "\x00")) > 0 {
			block = at
		}
	}
	if block == 0 { // it is data in its beginning alone
		block = jobs.CompareBlock
	}
	var objects []string
	compare := func(what, where string) jobs.Comparison {
		t.Helper()
		c, err := desk.Compare(t.Context(), id, core.Range{}, where, nil)
		if objects = append(objects, what); err != nil || c.Blocks != (size+jobs.CompareBlock-1)/jobs.CompareBlock {
			t.Errorf("%s: %+v, %v", what, c, err)
		}
		return c
	}
	where := s.image(name, whole, "--image-feature", "layering")
	if c := compare("the same", where); !c.Same() || c.Size != size {
		t.Errorf("the same: %+v", c)
	}
	fast := s.image(name+"-fast", whole, "--image-feature", "layering,exclusive-lock,object-map,fast-diff")
	if c := compare("the same with fast-diff", fast); !c.Same() {
		t.Errorf("the same with fast-diff: %+v", c)
	}
	striped := s.image(name+"-striped", whole, "--stripe-unit", "65536", "--stripe-count", "4") // which older Cephs give out of order
	if c := compare("the same with fancy striping", striped); !c.Same() {
		t.Errorf("the same with fancy striping: %+v", c)
	}
	s.rbd(nil, "snap", "create", "volumes/"+name+"@as-it-was")
	s.rbd(nil, "snap", "protect", "volumes/"+name+"@as-it-was")
	s.rbd(nil, "clone", "volumes/"+name+"@as-it-was", "volumes/"+name+"-clone")
	if c := compare("a clone", s.named(name+"-clone")); !c.Same() {
		t.Errorf("a clone: %+v", c)
	}
	byteAt := block + 1234
	for _, to := range []string{name + "-clone", name + "-fast", name} {
		s.change(to, size, byteAt, []byte{whole[byteAt] ^ 0x20}, 0)
		c := compare("a byte of "+to, s.named(to))
		if c.Differ != 1 || len(c.Where) != 1 || c.Where[0] != (core.Range{From: block, To: block + jobs.CompareBlock}) || c.Same() {
			t.Errorf("a byte of %s: %+v", to, c)
		}
	}
	if c := compare("its snapshot", s.named(name+"@as-it-was")); !c.Same() {
		t.Errorf("its snapshot: %+v", c)
	}
	s.rbd(nil, "rm", "volumes/"+name+"-clone")
	s.rbd(nil, "snap", "unprotect", "volumes/"+name+"@as-it-was")
	s.rbd(nil, "snap", "rm", "volumes/"+name+"@as-it-was")
	s.change(name, size, byteAt, whole[byteAt:byteAt+1], 0)
	s.change(name, size, block, nil, jobs.CompareBlock)
	if c := compare("a hole", where); len(bytes.Trim(whole[block:block+jobs.CompareBlock], "\x00")) > 0 && c.Differ != 1 {
		t.Errorf("a hole: %+v", c)
	}
	s.change(name, size, block, whole[block:block+jobs.CompareBlock], 0)
	if c := compare("mended", where); !c.Same() {
		t.Errorf("mended: %+v", c)
	}
	s.rbd(nil, "resize", "--size", fmt.Sprint(size+1<<20, "B"), "volumes/"+name)
	if c := compare("larger", where); !c.Same() || c.Size != size+1<<20 {
		t.Errorf("larger: %+v", c)
	}
	s.rbd(nil, "resize", "--allow-shrink", "--size", fmt.Sprint(size-1<<16, "B"), "volumes/"+name)
	if c := compare("smaller", where); c.Same() || c.Short != 1<<16 || c.Size != size-1<<16 {
		t.Errorf("smaller: %+v", c)
	}
	s.rbd(nil, "create", "--size", fmt.Sprint(size, "B"), "volumes/"+name+"-empty")
	t.Cleanup(func() { exec.Command("rbd", "--conf", s.conf, "rm", "--no-progress", "volumes/"+name+"-empty").Run() })
	written := int64(0)
	for at := int64(0); at < size; at += jobs.CompareBlock {
		if len(bytes.Trim(whole[at:min(at+jobs.CompareBlock, size)], "\x00")) > 0 {
			written++
		}
	}
	if c := compare("empty", s.named(name+"-empty")); c.Differ != written {
		t.Errorf("an empty image: %d blocks differ, %d have data", c.Differ, written)
	}
	t.Logf("%d bytes, %d comparisons: %s", size, len(objects), strings.Join(objects, ", "))
}

// unread: what Ceph refuses is told in words that help.
func unread(t *testing.T, s scratch, access ceph.Access) {
	there := fmt.Sprintf("hearth-test-there-%x", time.Now().UnixNano())
	s.image(there, make([]byte, 4096))
	for what, x := range map[string]struct {
		where string
		code  core.Code
		says  string
	}{
		"no image":    {s.named("none"), core.CodeNotFound, "there is no such image in the pool volumes"},
		"no snapshot": {s.named(there + "@none"), core.CodeNotFound, "there is no such image, or snapshot of it, in the pool volumes"},
		"no pool":     {"rbd:nopool/x" + s.user, core.CodeNotFound, "no such pool"},
		"no conf":     {"rbd:volumes/x:conf=/none", core.CodeUsage, "no ceph.conf"},
		"no user":     {"rbd:volumes/x:id=nobody:conf=" + access.Conf, core.CodeDenied, "does not take the user's key"},
		"no caps": {"rbd:volumes/x:id=" + access.User + ":keyring=" + access.Keyring + ":conf=" + access.Conf, core.CodeDenied,
			"may not read it"},
	} {
		v, err := ceph.OpenVolume(t.Context(), x.where)
		if err == nil {
			_, err = io.Copy(io.Discard, v)
			v.Close()
		}
		if core.CodeOf(err) != x.code || !strings.Contains(err.Error(), x.says) {
			t.Errorf("%s: %v (%s)", what, err, core.CodeOf(err))
		} else {
			t.Logf("%s: %v", what, err)
		}
	}
}

// brokenOff: an image whose reading ends before its end proves nothing, whoever ends it, and no
// program is left.
func brokenOff(t *testing.T, s scratch, desk jobs.Desk, id core.BackupID, b []byte) {
	where := s.image(fmt.Sprintf("hearth-test-cut-%x", time.Now().UnixNano()), b)
	rbd, err := exec.LookPath("rbd")
	if err != nil {
		t.Fatal(err)
	}
	for what, script := range map[string]string{"killed": "kill -9 $$", "cut": "exit 0"} {
		dir := t.TempDir()
		text := fmt.Sprintf("#!/bin/sh\n[ \"$1\" = --version ] && exec %s --version\n%s \"$@\" | head -c 3000000\n%s\n", rbd, rbd, script)
		if err := os.WriteFile(filepath.Join(dir, "rbd"), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
		t.Run(what, func(t *testing.T) {
			t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
			if c, err := desk.Compare(t.Context(), id, core.Range{}, where, nil); err == nil || core.CodeOf(err) == core.CodeConflict {
				t.Errorf("%+v, %v", c, err)
			} else {
				t.Log(err)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	v, err := ceph.OpenVolume(ctx, where)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if _, err := io.ReadFull(v, make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	cancel()
	if _, err := io.Copy(io.Discard, v); core.CodeOf(err) != core.CodeCancelled || time.Since(began) > 3*time.Second {
		t.Errorf("cancelled: %v after %s", err, time.Since(began))
	}
	if out, err := exec.Command("pgrep", "-f", strings.TrimPrefix(strings.SplitN(where, ":", 3)[1], "volumes/")).Output(); err == nil {
		t.Errorf("still there: %s", out)
	}
}
