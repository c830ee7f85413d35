//go:build unix

package jobs

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"hearth/core"
)

// TestFindDeviceIsNoPipe: what a template of the config leads to is read only where it is a file
// or a device: a pipe would be waited for.
func TestFindDeviceIsNoPipe(t *testing.T) {
	const id = core.VolumeID("aaaaaaaa-0000-4000-8000-000000000001")
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "volume-"+string(id)), 0o600); err != nil {
		t.Fatal(err)
	}
	v, why := Desk{}.findVolume(t.Context(), []string{filepath.Join(dir, "volume-{id}")}, id, "read it")
	if v != nil || !strings.Contains(why, "neither a file") {
		t.Errorf("%+v, %q", v, why)
	}
}
