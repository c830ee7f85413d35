package tui

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestExtractToFile: a volume's bytes go into a new file after a question that says
// what it reads; what is there already is left alone.
func TestExtractToFile(t *testing.T) {
	p := newPlacesOf(t)
	file := filepath.Join(t.TempDir(), "disk.raw")
	r := p.rig(t, p.repo, 160, 45).press("w").setField(file).press("enter")
	r.want("Write 5.2 MB of volume", "a full backup and 4 incrementals", "hearth extract")
	if _, err := os.Stat(file + ".part"); err == nil {
		t.Fatal("something was written before the answer")
	}
	r.press("y").want("holds the volume as of the backup: 5.2 MB")
	got, err := os.ReadFile(file)
	if err != nil || len(got) != 5<<20 || len(bytes.Trim(got, string(got[:1]))) > 0 {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	p.rig(t, p.repo, 160, 45).press("w").setField(file).press("enter").want("it is there already")
}
