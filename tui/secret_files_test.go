//go:build unix

package tui

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"hearth/core"
	"hearth/store/archive"
	"hearth/store/memory"
	"hearth/tui/term"
	"hearth/tui/ui"
)

// holdsPlants are the files that the screens write, and whether secrets of the data stand in
// them: what carries captures carries them exactly, and nothing else does.
var holdsPlants = map[string]bool{
	"record-api.json": false, "record-text.txt": false, "record-command.sh": false, // rows in base64
	"hearth-bundle.jsonl": true, "hearth-bundle.jsonl-masked": false,
	"archive.sqlite": true, "reports/panic-20261122-090000.txt": false,
}

// TestSecretsInFiles has the screens write each kind of file that they write, over a world
// full of secrets and without a umask: only their owner can read them, and those that do not
// carry captures have none. Programs that are run get them by a pipe, and not as arguments.
func TestSecretsInFiles(t *testing.T) {
	plantWorld(t)
	dir := elsewhere(t)
	defer syscall.Umask(syscall.Umask(0))
	told, got := programsThatTell(t)

	r := newRig(t, remembered(t), 160, 45).find("id:" + dbBackup)
	for i, name := range []string{"record-api.json", "record-text.txt", "record-command.sh"} {
		if r.press("F"); i > 0 {
			r.press("down")
		}
		r.press("enter").press("X").setField(name).press("enter").said(ui.LevelGood, "Wrote")
	}
	r.press("x").said(ui.LevelGood, "to tmux's buffer")

	books, err := archive.Open(t.Context(), filepath.Join(dir, "archive.sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	defer books.Close()
	p := &severalPlaces{books: books, lab: labOf(t, "lab", func(*memory.World) {}), repo: newRepository(t)}
	keepPlanted(t, books, p.lab.Info().Location)
	r = p.rig(t, p.lab, 160, 45).press("K", "x", "y", "w", "enter").said(ui.LevelGood, "Wrote")
	r.press("w").typeText("-masked").press("tab", "tab", "space", "enter").said(ui.LevelGood, "Wrote")

	broke := &term.Panicked{Value: refusal().Error() + " " + plantLogin, Stack: []byte("token " + plantToken + "\n")}
	if err := reported(broke, Options{Reports: filepath.Join(dir, "reports")}, now()); !strings.Contains(err.Error(), "reports/panic-") {
		t.Errorf("no report is named: %v", err)
	}

	if err := books.Close(); err != nil { // what is in its log comes into it
		t.Fatal(err)
	}
	filesAre(t, dir, holdsPlants)
	args, _ := os.ReadFile(told)
	if in, _ := os.ReadFile(got); len(core.FindRecords(string(in))) == 0 || !strings.Contains(string(args), "/tmux load-buffer") {
		t.Errorf("tmux was told %q and got %q", args, in)
	}
	if s := leaks(string(args)); s != "" {
		t.Errorf("a program is told …%s…", s)
	}
}

// keepPlanted keeps a capture with secrets, as the archive does of a backup that is made.
func keepPlanted(t *testing.T, books *archive.Archive, place string) {
	t.Helper()
	w, err := demoWorld()
	if err != nil {
		t.Fatal(err)
	}
	for i := range w.Captures {
		k := w.Captures[i]
		if k.Place = place; strings.Contains(k.Capture.Text, plantData) && k.BackupID != "" {
			if _, err := books.KeepCapture(t.Context(), k); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatal("no capture holds a secret")
}

// programsThatTell stand before those of clipboards and of Ceph: each writes what it was
// told into one file, and what it got into another.
func programsThatTell(t *testing.T) (told, got string) {
	t.Helper()
	bin := t.TempDir()
	told, got = filepath.Join(bin, "told"), filepath.Join(bin, "got")
	for _, name := range []string{"tmux", "xclip", "xsel", "wl-copy", "rbd", "rados", "ssh"} {
		script := "#!/bin/sh\necho \"$0 $*\" >>" + told + "\ncat >>" + got + "\n"
		if err := os.WriteFile(filepath.Join(bin, name), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	t.Setenv("TMUX", "/tmp/x,1,0")
	return told, got
}

// filesAre holds all files in a folder to what may be in them, and to who may read them.
func filesAre(t *testing.T, dir string, holds map[string]bool) {
	t.Helper()
	found := map[string]bool{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil || path == dir {
			return err
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is of mode %v", path, info.Mode())
		}
		if d.IsDir() {
			return nil
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		may, known := holds[name]
		side := strings.HasSuffix(name, "-wal") || strings.HasSuffix(name, "-shm")
		found[name] = true
		switch s := leaks(string(text)); {
		case side:
		case !known:
			err = errors.Join(err, errors.New(path+" is of no kind that is known"))
		case s != "" && !may:
			t.Errorf("%s holds …%s…", path, s)
		case s == "" && may:
			t.Errorf("%s holds nothing that was planted, so that nothing is shown by it", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	for name := range holds {
		if !found[name] {
			t.Errorf("%s was not written", name)
		}
	}
	t.Logf("%d files were written", len(found))
}
