//go:build unix

package verbs

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// keeping is a file that hearth opens: by which line, and what that does where the file is
// no good.
type keeping struct {
	name, file string
	args       []string
	config     string // what the config says
	body       string // what the file holds; "": what prepare made
	without    bool   // the line does without it, and says that it does
	passes     string // as the openstack client does, it passes over a file that is no good: exit 0, and these words behind its name
}

var keepings = []keeping{
	{name: "archive", file: "data/hearth/archive.sqlite", without: true,
		args: []string{"backups", "--store", "AT/foreign.sqlite", "-o", "value", "-c", "id"}},
	{name: "store", file: "store.sqlite", args: []string{"backups", "--store", "AT/store.sqlite", "-o", "value", "-c", "id"}},
	{name: "Cinder's database", file: "foreign.sqlite", args: []string{"backups", "--store", "AT/foreign.sqlite", "-o", "value", "-c", "id"}},
	{name: "config", file: "config/hearth/config.toml", body: "place = \"sqlite:AT/foreign.sqlite\"\n",
		args: []string{"backups", "-o", "value", "-c", "id"}},
	{name: "theme", file: "own.toml", body: "THEME", config: "[screen]\ntheme = \"AT/own.toml\"\n",
		args: []string{"backups", "--store", "AT/foreign.sqlite", "-o", "value", "-c", "id"}},
	{name: "clouds.yaml", file: "config/openstack/clouds.yaml", args: []string{"check"}, body: "clouds: {}\n",
		passes: " is there and cannot be read"},
	{name: "cinder.conf", file: "cinder.conf", body: "[database]\nconnection = sqlite:///AT/foreign.sqlite\n",
		args: []string{"backups", "--place", "cinderconf:AT/cinder.conf", "-o", "value", "-c", "id"}},
	{name: "records", file: "some.json", body: "RECORD", args: []string{"decode", "AT/some.json"}},
}

// damage is what happens to a file. Where sound, the line works as before.
type damage struct {
	name  string
	do    func(t *testing.T, file string, body []byte)
	sound func(k *keeping) bool
	only  func(k *keeping) bool
}

func isDatabase(k *keeping) bool { return strings.HasSuffix(k.file, ".sqlite") }

func never(*keeping) bool  { return false }
func always(*keeping) bool { return true }

var damages = []damage{
	{"sound", func(t *testing.T, file string, body []byte) {}, always, always},
	{"cut short", func(t *testing.T, file string, body []byte) { must(t, os.Truncate(file, int64(len(body))*2/3)) }, never, isDatabase},
	{"empty", func(t *testing.T, file string, body []byte) { must(t, os.Truncate(file, 0)) },
		func(k *keeping) bool { return k.name == "archive" || k.name == "clouds.yaml" }, always},
	{"rubbish", func(t *testing.T, file string, body []byte) {
		must(t, os.WriteFile(file, bytes.Repeat([]byte("\x00\xff{[ rubbish = "), 300), 0o600))
	}, never, always},
	{"of a newer hearth", func(t *testing.T, file string, body []byte) { change(t, file, "PRAGMA user_version = 99") }, never,
		func(k *keeping) bool { return k.name == "archive" || k.name == "store" }},
	{"somebody else's", func(t *testing.T, file string, body []byte) {
		must(t, os.Remove(file))
		change(t, file, "CREATE TABLE theirs (a)", "PRAGMA application_id = 42")
	}, never, isDatabase},
	{"read only", func(t *testing.T, file string, body []byte) { must(t, os.Chmod(file, 0o400)) },
		func(k *keeping) bool { return k.name != "archive" }, always},
	{"unreadable", func(t *testing.T, file string, body []byte) { must(t, os.Chmod(file, 0)) }, never, always},
	{"a folder", func(t *testing.T, file string, body []byte) {
		must(t, os.Remove(file))
		must(t, os.Mkdir(file, 0o700))
	}, never, always},
	{"a pipe", func(t *testing.T, file string, body []byte) {
		must(t, os.Remove(file))
		must(t, syscall.Mkfifo(file, 0o600))
	}, never, func(k *keeping) bool { return k.name != "records" }}, // a pipe that is named is waited for, as with <(…)
	{"a link in a circle", func(t *testing.T, file string, body []byte) {
		must(t, os.Remove(file))
		must(t, os.Symlink(filepath.Base(file), file))
	}, never, always},
	{"a device without an end", func(t *testing.T, file string, body []byte) {
		must(t, os.Remove(file))
		must(t, os.Symlink("/dev/zero", file))
	}, never, func(k *keeping) bool { return k.name != "records" }},
	{"a link to it", func(t *testing.T, file string, body []byte) {
		must(t, os.Rename(file, file+".moved"))
		must(t, os.Symlink(filepath.Base(file)+".moved", file))
	}, always, always},
	{"huge and full of holes", func(t *testing.T, file string, body []byte) {
		must(t, os.WriteFile(file, []byte("x"), 0o600))
		must(t, os.Truncate(file, 1<<33))
	}, never, func(k *keeping) bool { return k.name != "records" }},
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestDamagedFiles walks what hearth opens and what may have happened to it: nothing blocks,
// nothing is overwritten, nothing grows, and what does not need the file goes on.
func TestDamagedFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("it runs the real program many times")
	}
	m := &mill{binary: build(t), clean: t.TempDir()}
	m.prepare()
	nobody := syscall.Geteuid() == 0 // root may read and write whatever the mode says
	for i := range keepings {
		for j := range damages {
			if k, d := &keepings[i], &damages[j]; d.only(k) {
				t.Run(k.name+" "+d.name, func(t *testing.T) { m.damaged(t, k, d, nobody) })
			}
		}
	}
}

func (m *mill) damaged(t *testing.T, k *keeping, d *damage, nobody bool) {
	m.t, m.home = t, t.TempDir()
	m.afresh(m.clean)
	file := filepath.Join(m.home, k.file)
	write := func(file, text string) {
		t.Helper()
		switch text {
		case "THEME":
			body, err := os.ReadFile("../../themes/contrast.toml")
			must(t, err)
			text = string(body)
		case "RECORD":
			text = m.run(m.words([]string{"export", "BACKUP", "--store", "AT/store.sqlite"})...).out
			os.RemoveAll(filepath.Join(m.home, "data"))
		}
		must(t, os.MkdirAll(filepath.Dir(file), 0o700))
		must(t, os.WriteFile(file, []byte(m.words([]string{text})[0]), 0o600))
	}
	if k.config != "" {
		write(filepath.Join(m.home, "config/hearth/config.toml"), k.config)
	}
	if k.body != "" {
		write(file, k.body)
	}
	sound := m.run(m.words(k.args)...)
	if sound.code != 0 || sound.out == "" {
		t.Fatalf("before: exit %d: %s%s", sound.code, sound.out, sound.err)
	}
	body, err := os.ReadFile(file)
	must(t, err)
	for _, side := range []string{"-wal", "-shm"} {
		os.Remove(file + side)
	}
	d.do(t, file, body)
	if nobody {
		must(t, filepath.WalkDir(m.home, func(path string, _ fs.DirEntry, err error) error {
			if err == nil {
				err = os.Lchown(path, 65534, 65534)
			}
			return err
		}))
	}
	before, held := stateOf(t, file), sizeOf(t, m.home)
	got := m.asNobody(t, nobody, m.words(k.args)...)
	switch {
	case d.sound(k):
		if got.code != 0 || got.out != sound.out {
			t.Errorf("exit %d: %s", got.code, got.err)
		}
	case k.without:
		if got.code != 0 || got.out != sound.out || !strings.Contains(got.err, "archive") {
			t.Errorf("exit %d: %q", got.code, got.err)
		}
	case k.passes != "":
		if got.code != 0 || !strings.Contains(got.out, file+k.passes) || !strings.Contains(got.out, "passed over") {
			t.Errorf("exit %d, and it is not said to be passed over: %q", got.code, got.err+got.out)
		}
	default:
		text := got.err + got.out
		if got.code == 0 || !strings.Contains(text, filepath.Base(k.file)) && !(k.name == "config" && d.name == "empty") { // that names no place
			t.Errorf("exit %d, and the file is not named: %q", got.code, text)
		}
	}
	for _, bad := range []string{"panic", "goroutine", "internal error"} {
		if strings.Contains(got.err, bad) {
			t.Errorf("it says %q", got.err)
		}
	}
	aside, _ := filepath.Glob(file + ".damaged-*")
	switch after := stateOf(t, file); {
	case after == before, d.sound(k):
	case len(aside) == 1 && stateOf(t, aside[0]) == before && k.without:
	default:
		t.Errorf("it was changed, or moved to %v", aside)
	}
	if now := sizeOf(t, m.home); now > held+1<<20 {
		t.Errorf("%d bytes are %d now", held, now)
	}
}

// asNobody runs a line as somebody who is not root, and gives it two minutes.
func (m *mill) asNobody(t *testing.T, nobody bool, args ...string) outcome {
	t.Helper()
	cmd := m.command(args...)
	if nobody {
		for _, in := range []string{m.path, m.home} {
			for dir := in; dir != "/" && dir != os.TempDir(); dir = filepath.Dir(dir) {
				must(t, os.Chmod(dir, 0o755))
			}
		}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	var out, talk strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &talk
	must(t, cmd.Start())
	late := time.AfterFunc(2*time.Minute, func() { cmd.Process.Kill() })
	err := cmd.Wait()
	if !late.Stop() {
		t.Fatalf("hearth %q blocks: %s", args, talk.String())
	}
	if _, exit := err.(*exec.ExitError); err != nil && !exit {
		t.Fatal(err)
	}
	return outcome{out.String(), talk.String(), cmd.ProcessState.ExitCode()}
}

// stateOf is what a name stands for: its kind, its mode, and the bytes of a file of some size.
func stateOf(t *testing.T, file string) string {
	t.Helper()
	info, err := os.Lstat(file)
	if err != nil {
		return "nothing"
	}
	text := info.Mode().String()
	if info.Mode().IsRegular() && info.Size() < 1<<28 {
		body, err := os.ReadFile(file)
		must(t, err)
		text += string(body)
	}
	return text
}

// sizeOf is what a folder takes of the disk.
func sizeOf(t *testing.T, dir string) (n int64) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil {
			n += info.Sys().(*syscall.Stat_t).Blocks * 512
		}
		return err
	}))
	return n
}
