package store_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"hearth/core"
	"hearth/store"
)

// TestCheckDevices: by which program volumes in Ceph are read here is said where there are
// such, and that it is missing.
func TestCheckDevices(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("what runs there is told by its name")
	}
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	if c := store.CheckDevices([]string{"/srv/volume-{id}"}); len(c) > 0 {
		t.Errorf("without any in Ceph: %+v", c)
	}
	templates := []string{"/srv/volume-{id}", "rbd:a/volume-{id}", "rbd:b/volume-{id}"}
	if c := store.CheckDevices(templates); len(c) != 1 || core.CodeOf(c[0].Err) != core.CodeUnsupported || len(c[0].Lines) != 2 {
		t.Errorf("without the program: %+v", c)
	}
	rbd := filepath.Join(dir, "rbd")
	if err := os.WriteFile(rbd, nil, 0o700); err != nil {
		t.Fatal(err)
	}
	if c := store.CheckDevices(templates); len(c) != 1 || c[0].Err != nil || !strings.HasSuffix(c[0].Lines[1], "b/volume-{id}, read by "+rbd) {
		t.Errorf("with it: %+v", c)
	}
}
