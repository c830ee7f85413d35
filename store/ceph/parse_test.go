package ceph

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hearth/core"
)

// The files in testdata are what the programs of Ceph 16.2.15 printed of a pool that
// .ci/lab/py/ceph_fill.py had filled, and of a small image.

func testdata(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// printed is the listing that is read of what both programs printed. What Ceph itself
// says is tried in TestRealCeph.
func printed(t *testing.T, images, objects []byte) *listing {
	t.Helper()
	l := &listing{metas: map[core.BackupID]meta{}}
	if err := l.readImages(bytes.NewReader(images)); err != nil {
		t.Fatal(err)
	}
	if err := l.readObjects(bytes.NewReader(objects), nil); err != nil {
		t.Fatal(err)
	}
	l.order(nil)
	return l
}

func TestListing(t *testing.T) {
	t.Parallel()
	l := printed(t, testdata(t, "rbd-ls-16.json"), testdata(t, "rados-ls-16.json"))
	x := build(l, "backups", Driver, time.Unix(0, 0)).finish()
	if p := x.progress; p.Backups != 10 || p.Unfinished != 1 || p.Broken != 2 || p.Strays != 2 || p.Objects != 57 {
		t.Errorf("%+v", p)
	}
	chain := []core.BackupID{"33050754-a709-40d9-98e1-c0a9c2a7a0f2", "1098eee6-4b61-40bf-8a8c-5c75197d16c3",
		"d5a07b47-a837-42d3-91b1-9b97bc267406"}
	for i, id := range chain {
		h := x.of(t, id)
		parent, want := core.BackupID(""), core.Some(`{"base": "volume-da2f7214-c43f-44a0-97a6-d5415ee1d7ba.backup.`+string(chain[0])+`"}`)
		if i > 0 {
			parent = chain[i-1]
		}
		if h.row.ServiceMetadata != want || h.row.ParentID != parent || h.row.Incremental != (i > 0) || h.row.Size != 1 ||
			(h.bits&markParent != 0) != (i == 2) || h.row.VolumeID != "da2f7214-c43f-44a0-97a6-d5415ee1d7ba" {
			t.Errorf("%s: %+v", id, h.row)
		}
	}
	if at := x.of(t, chain[0]).row.CreatedAt; at.V.Format(time.RFC3339Nano) != "2026-11-28T22:06:53.354384Z" {
		t.Errorf("created at %v", at)
	}
	for _, h := range x.others {
		if h.Problem == "" {
			t.Errorf("%s: no word on what is wrong", h.Prefix)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	const v, b = "da2f7214-c43f-44a0-97a6-d5415ee1d7ba", "33050754-a709-40d9-98e1-c0a9c2a7a0f2"
	for s, want := range map[string]string{
		"volume-" + v + ".backup.base": v + " ", "volume-" + v + ".backup." + b: v + " " + b,
		"volume-" + v: "", "volume-.backup.base": "", "volume-" + v + ".backup.": "", "volume-" + v + ".backup.a b": "",
		"volume-" + v + ".backup.base.1": "", "vm-100-disk-0": "",
	} {
		got := ""
		if n, ok := parseImage(s); ok {
			got = string(n.volume) + " " + string(n.backup)
		}
		if got != want {
			t.Errorf("the image %s is %q, want %q", s, got, want)
		}
	}
	for s, want := range map[string]string{
		"backup." + b + ".snap.1795903613.354384": b + " 2026-11-28T22:06:53.354384Z",
		"backup." + b + ".snap.1384732800.5":      b + " 2013-11-18T00:00:00.5Z",
		"backup." + b + ".snap.later":             b + " ",
		"backup." + b + ".snap.":                  "", "backup." + b: "", "backup.A.snap.1": "", "mine": "",
	} {
		got := ""
		if id, at, ok := parseSnap(s); ok {
			got = string(id) + " "
			if at.Set {
				got += at.V.Format(time.RFC3339Nano)
			}
		}
		if got != want {
			t.Errorf("the snapshot %s is %q, want %q", s, got, want)
		}
	}
	for s, want := range map[string]core.BackupID{"backup." + b + ".meta": b, "backup..meta": "", "backup." + b: "", "README": ""} {
		if id, ok := parseMeta(s); id != want && ok || ok != (want != "") {
			t.Errorf("the object %s is of %q, %v", s, id, ok)
		}
	}
	for s, want := range map[string]string{"backups": "", "a/b": "a pool's name has no blank, / or @ in it", "-x": "no dash"} {
		if got := WrongPool(s); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("the pool %s: %q", s, got)
		}
	}
}

const gib = 1 << 30

// of is a backup that is there.
func (x *index) of(t *testing.T, id core.BackupID) held {
	t.Helper()
	i, ok := x.find(id)
	if !ok {
		t.Fatalf("%s is not there", id)
	}
	return x.held(i)
}

// pool makes an index of a few names: images with their snapshots, and objects.
func pool(metas []string, images ...image) *index {
	l := &listing{metas: map[core.BackupID]meta{}, images: images}
	for _, id := range metas {
		l.metas[core.BackupID(id)] = metaThere
	}
	b := build(l, "backups", Driver, time.Unix(0, 0))
	for i := range b.bases {
		b.single(&b.bases[i], map[core.VolumeID][]core.BackupID{"v-single": {"lone"}, "v-two": {"one", "other"}})
	}
	return b.finish()
}

func snaps(ids ...string) (out []snapshot) {
	for i, id := range ids {
		out = append(out, snapshot{"backup." + id + ".snap.100" + string(rune('0'+i)) + ".5", int64(i), gib})
	}
	return out
}

// TestPools holds what names tell where backups are not as the fill makes them: an old
// base for all, a chain whose beginning is gone, two snapshots of one, an image that does
// not open, and the single copy of a Cinder snapshot.
func TestPools(t *testing.T) {
	t.Parallel()
	x := pool([]string{"a", "b", "gone", "lone", "one", "other"},
		image{name: "volume-v-old.backup.base", size: gib, snaps: snaps("a", "b", "c")},
		image{name: "volume-v-cut.backup.gone", size: gib, snaps: snaps("d", "e")},
		image{name: "volume-v-twice.backup.f", size: gib, snaps: snaps("f", "f")},
		image{name: "volume-v-shut.backup.g", problem: "(5) Input/output error"},
		image{name: "volume-v-single.backup.base", size: 2 * gib},
		image{name: "volume-v-two.backup.base", size: gib},
		image{name: "volume-v-own.backup.h", size: gib + 1, snaps: []snapshot{{"mine", 1, gib}, {"backup.h.snap.7", 2, gib + 1}}},
		image{name: "volume-v-copy.backup.h", size: gib, snaps: snaps("h")},
	)
	type seen struct {
		parent, status, base string
		child                int64
		marks                uint32
	}
	const fields = markParent | markParentBase | markParentBelow | markImageName | markOfSnapshot | markOwnerLost
	base := func(s string) string { return `{"base": "` + s + `"}` }
	for id, want := range map[core.BackupID]seen{
		"a":    {"", "available", base("volume-v-old.backup.base"), 1, markImageName},
		"b":    {"a", "available", base("volume-v-old.backup.base"), 1, markImageName | markParentBase},
		"c":    {"b", "available", base("volume-v-old.backup.base"), 0, markImageName | markParentBase | markOwnerLost},
		"d":    {"", "available", base("volume-v-cut.backup.gone"), 1, markParentBelow | markOwnerLost},
		"e":    {"d", "available", base("volume-v-cut.backup.gone"), 0, markParent | markOwnerLost},
		"f":    {"", "error", base("volume-v-twice.backup.f"), 0, markOwnerLost},
		"lone": {"", "available", "", 0, markOfSnapshot},
		"h":    {"", "available", base("volume-v-own.backup.h"), 0, markOwnerLost},
	} {
		h := x.of(t, id)
		got := seen{string(h.row.ParentID), h.row.Status, h.row.ServiceMetadata.V, h.row.Dependents, h.bits & fields}
		if got != want {
			t.Errorf("%s: %+v, want %+v", id, got, want)
		}
	}
	full := pool([]string{"m"}, image{name: "volume-v.backup.m", size: gib})
	if h := full.of(t, "m"); h.row.Layout != &fullCopy || !h.unread() {
		t.Errorf("a full copy is %+v", h)
	}
	if h := x.of(t, "lone"); h.row.Layout != nil {
		t.Errorf("a full copy in the base is %+v", h.row.Layout)
	}
	if n := x.of(t, "h").row.Size; n != 2 {
		t.Errorf("a byte more than a GiB is of %d GiB", n)
	}
	if x.rows.Len() != 8 {
		t.Errorf("%d backups", x.rows.Len())
	}
	words := map[string]string{
		"volume-v-cut.backup.gone": "its snapshot is not", "volume-v-shut.backup.g": "cannot be opened", "volume-v-two.backup.base": "which one",
		"volume-v-copy.backup.h@backup.h.snap.1000.5": "also stands in volume-v-own.backup.h",
		"backup.one.meta": "the data is gone", "backup.other.meta": "the data is gone",
	}
	for _, o := range x.others {
		if w := words[o.Prefix]; w == "" || !strings.Contains(o.Problem, w) {
			t.Errorf("%s: %s", o.Prefix, o.Problem)
		}
		delete(words, o.Prefix)
	}
	if len(words) > 0 {
		t.Errorf("not told: %v", words)
	}
}

// TestDiffs holds what is read of a diff to `rbd export | sha256sum` of the same snapshot.
func TestDiffs(t *testing.T) {
	t.Parallel()
	read := func(b []byte) (*diff, error) {
		return readDiff(bytes.NewReader(b), func([]byte, int64) error { return nil })
	}
	for file, want := range map[string]string{
		"full-16.diff":  "aeddd360ab7439c093056191c1e8fdcc1540ea92d00f86325aab20fcf6e6330e",
		"later-16.diff": "caf5dbc8a87d8e54f8b5650e4ab40f4fbb9dc799498f35856e95ace2735ebef9",
	} {
		sum, next := sha256.New(), int64(0)
		d, err := readDiff(bytes.NewReader(testdata(t, file)), func(b []byte, at int64) error {
			if at != next {
				t.Errorf("%s: %d bytes at %d, after %d", file, len(b), at, next)
			}
			next += int64(len(b))
			sum.Write(b)
			return nil
		})
		if got := hex.EncodeToString(sum.Sum(nil)); err != nil || got != want || d.size != 1<<20 || d.jumps {
			t.Errorf("%s: %s of %d bytes, %v", file, got, d.size, err)
		}
	}
	if d, err := read(testdata(t, "from-16.diff")); err != nil || d.data != 1 { // with zeros, and the name that it goes from
		t.Errorf("from-16.diff: %d bytes of data, %v", d.data, err)
	}
	whole := testdata(t, "full-16.diff")
	for n := 0; n < len(whole); n += 1 + n/100 {
		if _, err := read(whole[:n]); err != io.ErrUnexpectedEOF {
			t.Fatalf("cut after %d bytes: %v", n, err)
		}
	}
	for what, b := range map[string]string{
		"another head":  "rbd diff v2\nx",
		"no size":       "rbd diff v1\ne",
		"beyond it":     "rbd diff v1\ns\x01\x00\x00\x00\x00\x00\x00\x00z\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00e",
		"a long name":   "rbd diff v1\nt\xff\xff\xff\xff",
		"another word":  "rbd diff v1\nq",
		"data, no size": "rbd diff v1\nw\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00x",
	} {
		if _, err := read([]byte(b)); !errors.Is(err, errOdd) {
			t.Errorf("%s: %v", what, err)
		}
	}
	back := "rbd diff v1\ns\x04\x00\x00\x00\x00\x00\x00\x00" +
		"w\x02\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00xw\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00ye"
	if d, err := read([]byte(back)); err != nil || !d.jumps || d.data != 2 {
		t.Errorf("data that goes back is read as %+v, %v", d, err)
	}
}

// TestWords: what the programs say, as they said it to Ceph's own errors, is told as
// something that can be done about it.
func TestWords(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		said string
		want core.Code
	}{
		{"rbd: error opening pool 'nopool': (2) No such file or directory\nrbd: listing images failed: (2) No such file or directory",
			core.CodeNotFound},
		{"error opening pool nopool: (2) No such file or directory", core.CodeNotFound},
		{"error getting backups/nosuch: (2) No such file or directory", core.CodeNotFound},
		{"rbd: couldn't connect to the cluster!\nrbd: listing images failed: (1) Operation not permitted", core.CodeDenied},
		{"error putting backups/x: (1) Operation not permitted", core.CodeDenied},
		{"rados_nobjects_list_next2: Operation not permitted", core.CodeDenied},
		{"global_init: unable to open config file from search list /nonexistent", core.CodeUsage},
		{"rbd: couldn't connect to the cluster!\nrbd: listing images failed: (110) Connection timed out", core.CodeUnavailable},
		{"failed to fetch mon config (--no-mon-config to skip)", core.CodeUnavailable},
		{"", core.CodeUnavailable},
	} {
		err := explain("list the pool", x.said, &exec.ExitError{ProcessState: &os.ProcessState{}})
		if e := (*core.Error)(nil); !errors.As(err, &e) || e.Code != x.want || e.What == "" || e.Next == "" {
			t.Errorf("%q is %v (%s)", x.said, err, core.CodeOf(err))
		} else if silent := e.What == "the cluster does not answer"; silent != (x.want == core.CodeUnavailable && x.said != "") {
			t.Errorf("%q is told as: %s", x.said, e.What)
		}
	}
}

// TestNoPrograms: where a program is missing, the package is named that has it.
func TestNoPrograms(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Open(context.Background(), "backups", Options{})
	if core.CodeOf(err) != core.CodeUnsupported || !strings.Contains(err.Error(), "ceph-common") {
		t.Errorf("%v", err)
	}
}

// TestBodies: what a row needs of a capture, and what is told of one that is of no use.
func TestBodies(t *testing.T) {
	t.Parallel()
	b := bodyOf(`{"version": 2, "volume-base-metadata": {"id": "v", "user_id": "u", "project_id": "p", "display_name": "n", `+
		`"encryption_key_id": "k", "size": 3}}`, "v")
	h := held{bits: markRest | markUnread | markCreatedLost}
	h.take(&b, core.Some(time.Unix(9, 0)))
	if h.row.UserID != "u" || h.row.ProjectID != "p" || h.row.VolumeName.V != "n" || !h.row.CreatedAt.Set ||
		h.bits != markRest|markCreatedImage|markOwner|markKeyVolume {
		t.Errorf("%b %+v", h.bits, h.row)
	}
	for text, want := range map[string]string{"": "cut short", `{"version": 2, "volume-ba`: "cut short", "\xff": "no UTF-8"} {
		b := bodyOf(text, "v")
		h := held{bits: markRest | markUnread}
		if h.take(&b, core.Opt[time.Time]{}); !strings.Contains(h.problem, want) || h.bits != markRest|markOwnerLost|markKeyLost {
			t.Errorf("%q: %q, %b", text, h.problem, h.bits)
		}
	}
}

func TestMade(t *testing.T) {
	t.Parallel()
	at, err := readMade(bytes.NewReader(testdata(t, "rbd-info-16.json")))
	if err != nil || at != core.Some(time.Date(2026, 11, 28, 22, 7, 4, 0, time.UTC)) {
		t.Errorf("%v, %v", at, err)
	}
	if at, err := readMade(strings.NewReader("{}")); err != nil || at.Set { // before Nautilus it was not kept
		t.Errorf("%v, %v", at, err)
	}
}

// TestOddOutput: what is not understood is said, and what ends too early is left to the
// program to explain.
func TestOddOutput(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]core.Code{"": "", "[": "", `[{"image":"a"`: "", "{}": core.CodeUnreadable, "[1]": core.CodeUnreadable,
		"name size\n": core.CodeUnreadable} {
		l := &listing{}
		err := odd("rbd ls -l", "list", l.readImages(strings.NewReader(text)))
		if want == "" && err != io.ErrUnexpectedEOF || want != "" && core.CodeOf(err) != want {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestStrangers: an image and objects that are no backup's are counted, so that a
// verification of the pool does not say that all in it is sound.
func TestStrangers(t *testing.T) {
	l := &listing{images: []image{{name: "vm-disk", size: 7}, {name: "volume-00000000-0000-4000-8000-000000000001.backup.base"}},
		others: []string{"a", "b", "c", "d"}, foreign: 4}
	got := strangers(l)
	if len(got) != 2 || got[0].Objects != 1 || got[0].Bytes != 7 || got[0].Names[0] != "vm-disk" ||
		got[1].Objects != 4 || len(got[1].Names) != 3 {
		t.Errorf("%+v", got)
	}
	if got := strangers(&listing{images: l.images[1:]}); len(got) != 0 {
		t.Errorf("of a backup alone: %+v", got)
	}
}
