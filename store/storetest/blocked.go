package storetest

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/store/archive"
	"hearth/store/jobs"
	"hearth/store/memory"
)

// Open makes the cloud where the blocker stands, and a desk at it with books of its own.
func (b *Blocker) Open(t testing.TB, info core.PlaceInfo, now func() time.Time) (*memory.Cloud, jobs.Desk) {
	t.Helper()
	s := Standard()
	world := memory.World{Info: info, Volumes: s.AllVolumes(), Backups: s.AllBackups(), Types: s.Types, Captures: s.Captures, Now: now}
	if b.World != nil {
		b.World(&world)
	}
	c := memory.NewCloud(world)
	if b.Cloud != nil {
		b.Cloud(c)
	}
	books, err := archive.Open(t.Context(), filepath.Join(t.TempDir(), "archive.sqlite"))
	if err == nil {
		err = books.KeepVerified(t.Context(), b.Verified)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { books.Close() })
	return c, jobs.Desk{Place: c, Archive: books, Source: b.Source, Pace: jobs.Pace{Now: now, Sleep: c.Sleep}}
}

// Files are the captures that are handed in, as files; "unknown" for one that nobody
// has. false where they are no files of somebody's: such count as what Cinder stored.
func (b *Blocker) Files(t testing.TB) (files []string, ok bool) {
	t.Helper()
	for _, c := range b.Captures {
		switch c.Source.Kind {
		case core.SourceUnknown:
			files = append(files, "unknown")
			continue
		case core.SourceNow:
			return nil, false
		}
		file := filepath.Join(t.TempDir(), "capture.json")
		if err := os.WriteFile(file, []byte(c.Text), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files, true
}

// Arguments are what is asked for as a verb's, the captures from files.
func Arguments(ask core.RestoreRequest, files []string) []string {
	args := []string{string(ask.Backup), "--new"}
	if ask.Volume != "" {
		args = []string{args[0], "--onto", string(ask.Volume)}
	}
	if ask.Size > 0 {
		args = append(args, "--size", strconv.FormatInt(ask.Size, 10))
	}
	if ask.Type != "" {
		args = append(args, "--type", ask.Type)
	}
	for _, file := range files {
		args = append(args, "--capture", file)
	}
	return args
}

// Sent are those of a place's calls that ask it to change something.
func Sent(calls []string) (out []string) {
	for _, c := range calls {
		if c == "MakeVolume" || c == "RestoreBackup" || c == "DeleteVolume" || strings.HasPrefix(c, "POST") || strings.HasPrefix(c, "PUT") {
			out = append(out, c)
		}
	}
	return out
}
