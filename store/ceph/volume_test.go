package ceph

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"hearth/core"
)

// TestVolumeNames: the name of an image is read as QEMU reads it.
func TestVolumeNames(t *testing.T) {
	t.Parallel()
	for where, want := range map[string]volumeName{
		"rbd:volumes/volume-1":   {pool: "volumes", image: "volume-1"},
		"rbd:volumes/v@s":        {pool: "volumes", image: "v", snap: "s"},
		"rbd:v/i:id=u":           {"v", "i", "", Access{User: "u"}},
		`rbd:a\:b/i\:j@k\:l`:     {pool: "a:b", image: "i:j", snap: "k:l"},
		`rbd:v/i:conf=/a\:b/c=d`: {"v", "i", "", Access{Conf: "/a:b/c=d"}},
		"rbd:v/i:conf=~/c:keyring=k:id=client.u:cluster=two": {"v", "i", "", Access{"~/c", "client.u", "k", "two"}},
	} {
		if got, wrong := parseVolume(where); got != want || wrong != "" {
			t.Errorf("%s is %+v, %s", where, got, wrong)
		}
	}
	for where, want := range map[string]string{
		"rbd:": "is written rbd:POOL/IMAGE", "rbd:i": "is written", "rbd:/i": "is written", "rbd:p/": "is written", "rbd:p/n/i": "is written",
		"/p/i": "is written", "rbd:p/i@": "no snapshot behind", "rbd:p/i@a@b": "@SNAPSHOT", "rbd:-p/i": "no dash", "rbd:p/-i": "is called -i",
		"rbd:p/i@-s": "is called -s", "rbd:p q/i": "no blank", "rbd:p/i\n": `is called i\n`, "rbd:p/i:key=AQ": "key is none of the options",
		"rbd:p/i:id": "the option id has one value", "rbd:p/i:id=a:id=b": "the option id has one value", "rbd:p/i:": "none of the options",
		`rbd:p\/i`: "is written",
	} {
		if _, wrong := parseVolume(where); !strings.Contains(wrong, want) {
			t.Errorf("%q: %q", where, wrong)
		}
	}
}

// standIn puts a shell script in the place of rbd, which says its version by itself.
func standIn(t *testing.T, script string) (dir string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the stand-in is a shell script")
	}
	dir = t.TempDir()
	text := "#!/bin/sh\n[ \"$1\" = --version ] && { echo 'ceph version 16.2.15 (0) pacific (stable)'; exit 0; }\ncd " + dir + "\n" + script
	if err := os.WriteFile(filepath.Join(dir, "rbd"), []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "diff"), testdata(t, "full-16.diff"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	return dir
}

// readVolume reads an image through, as far as that goes.
func readVolume(t *testing.T, where string) (n int64, err error) {
	t.Helper()
	v, err := OpenVolume(t.Context(), where)
	if err != nil {
		return 0, err
	}
	defer v.Close()
	n, err = io.Copy(io.Discard, v)
	if err == nil && n != v.Size() {
		t.Errorf("%s ends well after %d of %d bytes", where, n, v.Size())
	}
	return n, err
}

// TestVolumeFails: whatever becomes of the program before it has ended well, the volume is
// not said to be read to its end.
func TestVolumeFails(t *testing.T) {
	whole := int64(1 << 20)
	back := `printf 'rbd diff v1\ns\004\0\0\0\0\0\0\0w\002\0\0\0\0\0\0\0\001\0\0\0\0\0\0\0xw\0\0\0\0\0\0\0\0\001\0\0\0\0\0\0\0ye'`
	for what, x := range map[string]struct {
		script string
		code   core.Code
		says   string
	}{
		"sound":             {"cat diff", "", ""},
		"killed":            {"head -c 9000 diff; kill -9 $$", core.CodeUnavailable, "it ended with signal: killed"},
		"killed at its end": {"cat diff; kill -9 $$", core.CodeUnavailable, "it ended with signal: killed"},
		"cut":               {"head -c 9000 diff", core.CodeUnreadable, "ends too early"},
		"without its end":   {"head -c -1 diff", core.CodeUnreadable, "ends too early"},
		"nothing":           {"true", core.CodeUnreadable, "ends too early"},
		"an error of the OSD": {"head -c 9000 diff; echo 'rbd: error reading: (5) Input/output error' >&2; exit 5", core.CodeUnavailable,
			"rbd: error reading: (5) Input/output error"},
		"a late error": {"cat diff; echo 'rbd: export-diff error: (5) Input/output error' >&2; exit 5", core.CodeUnavailable, "(5) Input/output"},
		"no image": {"echo 'rbd: error opening image i: (2) No such file or directory' >&2; exit 2", core.CodeNotFound,
			"there is no such image in the pool p"},
		"no pool": {"echo \"rbd: error opening pool 'p': (2) No such file or directory\" >&2; exit 2", core.CodeNotFound, "no such pool"},
		"denied":  {"echo 'rbd: error opening image i: (1) Operation not permitted' >&2; exit 1", core.CodeDenied, "may not read it"},
		"no key": {"echo \"rbd: couldn't connect to the cluster!\nrbd: x: (1) Operation not permitted\" >&2; exit 1", core.CodeDenied,
			"does not take the user's key"},
		"no key, no number": {"echo \"rbd: couldn't connect to the cluster!\" >&2; exit 1", core.CodeDenied, "does not take the user's key"},
		"no answer":         {"echo \"rbd: couldn't connect to the cluster!\" >&2; exit 110", core.CodeUnavailable, "does not answer"},
		"no conf":           {"echo 'global_init: unable to open config file from search list /x' >&2; exit 1", core.CodeUsage, "no ceph.conf"},
		"no cluster": {"echo \"rbd: couldn't connect to the cluster!\nx: (110) Connection timed out\" >&2; exit 1", core.CodeUnavailable,
			"does not answer"},
		"another kind": {"echo something else entirely", core.CodeUnreadable, "is not understood"},
		"out of order": {back, core.CodeUnsupported, "not give its bytes in their order"},
	} {
		t.Run(what, func(t *testing.T) {
			standIn(t, x.script)
			n, err := readVolume(t, "rbd:p/i")
			if x.code == "" {
				if err != nil || n != whole {
					t.Errorf("%d bytes, %v", n, err)
				}
				return
			}
			e := &core.Error{}
			if !errors.As(err, &e) || e.Code != x.code || !strings.Contains(e.What, x.says) || !strings.Contains(e.Tried, "rbd:p/i") {
				t.Errorf("after %d bytes: %v (%s)", n, err, core.CodeOf(err))
			}
		})
	}
	t.Run("not installed", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		if _, err := readVolume(t, "rbd:p/i"); core.CodeOf(err) != core.CodeUnsupported || !strings.Contains(err.Error(), "ceph-common") {
			t.Errorf("%v", err)
		}
	})
}

// TestVolumeArguments: what a name says is what the program is told, and nothing of it is
// taken for an option.
func TestVolumeArguments(t *testing.T) {
	dir := standIn(t, "printf '%s\\n' \"$@\" >said; cat diff")
	if _, err := readVolume(t, `rbd:vol\:umes/volume-1@s:id=client.drill:conf=/a b/c:keyring=/k:cluster=two`); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "said"))
	if err != nil {
		t.Fatal(err)
	}
	got := strings.ReplaceAll(string(b), "\n", "|")
	for _, want := range []string{"--conf|/a b/c|", "--keyring|/k|", "--cluster|two|", "--id|drill|",
		"export-diff|--no-progress|--pool|vol:umes|--image|volume-1|--snap|s|--path|-|"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in %s", want, got)
		}
	}
}

// TestVolumeEnds: who gives up, by its context or by closing it, ends the program, also one
// that prints nothing any more, and one that is waited for by nobody because something that
// it began has its output.
func TestVolumeEnds(t *testing.T) {
	huge := `'rbd diff v1\ns\0\0\0\0\0\001\0\0w\0\0\0\0\0\0\0\0\0\0\0\0\0\001\0\0'` // a TiB of data
	for what, script := range map[string]string{
		"silent":  "echo $$ >pid; head -c 9000 diff; exec sleep 60",
		"busy":    "echo $$ >pid; printf " + huge + "; exec yes",
		"a child": "echo $$ >pid; head -c 9000 diff; sleep 60; true",
	} {
		for _, by := range []string{"context", "close"} {
			t.Run(what+" by "+by, func(t *testing.T) {
				dir := standIn(t, script)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				v, err := OpenVolume(ctx, "rbd:p/i")
				if err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadFull(v, make([]byte, 4096)); err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				if by == "context" {
					time.AfterFunc(20*time.Millisecond, cancel)
					_, err = io.Copy(io.Discard, v)
					if code := core.CodeOf(err); code != core.CodeCancelled {
						t.Errorf("it ends with %v (%s)", err, code)
					}
				}
				v.Close()
				if took := time.Since(began); took > killedAfter+3*time.Second {
					t.Errorf("it took %s", took)
				}
				pid, err := os.ReadFile(filepath.Join(dir, "pid"))
				if err != nil {
					t.Fatal(err)
				}
				if state, err := os.ReadFile(fmt.Sprintf("/proc/%s/stat", bytes.TrimSpace(pid))); err == nil && runtime.GOOS == "linux" {
					t.Errorf("the program is still there: %s", state)
				}
			})
		}
	}
}
