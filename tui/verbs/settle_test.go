package verbs

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/store/archive"
	"hearth/store/storetest"
)

// TestSettleVerb: what a killed hearth left open is looked for in the cloud; what
// may take effect yet stays, and the exit code says so.
func TestSettleVerb(t *testing.T) {
	b, c := cloud(t)
	books, err := archive.Open(t.Context(), filepath.Join(t.TempDir(), "archive.sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { books.Close() })
	b.desk.Archive, b.desk.SettleAfter = books, 5*time.Minute
	e := core.Entry{At: storetest.Now.Add(-2 * time.Minute), Place: "cloud:lab", Kind: core.EntryCreate, Volume: storetest.WebRoot,
		Summary: "full backup late of Web-Root"}
	if _, err := books.Begin(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	got := b.run("settle", "-o", "value", "-c", "id,state")
	if got.code != 11 || got.out != "" || !strings.Contains(got.err, "may take effect yet") {
		t.Errorf("before its time: %+v", got)
	}
	if _, err := c.CreateBackup(t.Context(), core.BackupRequest{Volume: storetest.WebRoot, Name: "late"}); err != nil {
		t.Fatal(err)
	}
	if got = b.run("settle", "-o", "value", "-c", "state,backup"); got.code != 0 || !strings.HasPrefix(got.out, "done") ||
		strings.TrimSpace(got.out) == "done" || !strings.Contains(got.err, "every entry is known") {
		t.Errorf("when it is there: %+v", got)
	}
}
