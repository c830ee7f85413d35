package cinder

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"hearth/core"
)

// TestLacks: what only decorates a list and may not be read ends no list, and is said to
// be missing; where it decides which rows there are, none are told.
func TestLacks(t *testing.T) {
	forbidden := refuses(403, "forbidden", "Policy does not allow it.")
	queries := func(text string) core.Query {
		f, err := core.ParseFilter(text, core.BackupColumns)
		if err != nil {
			t.Fatal(err)
		}
		return core.Query{Filter: f, Wants: []string{"name", "volume"}, Now: time.Now()}
	}
	c := listCloud(t)
	c.on("GET /volumes", forbidden)
	p := c.direct()
	page, err := p.Backups(t.Context(), queries(""))
	if err != nil || len(page.Rows) == 0 || len(page.Lacks) != 1 ||
		!strings.Contains(page.Lacks[0], "the names of volumes: Cinder says: Policy") {
		t.Fatalf("%d rows, without %q, %v", len(page.Rows), page.Lacks, err)
	}
	if !page.Rows[0].Unseen.Has("volume_name") {
		t.Error("the name that was not read is taken for none")
	}
	if page, err = p.Backups(t.Context(), queries("db")); err != nil || len(page.Lacks) != 1 {
		t.Errorf("a plain word: %q, %v", page.Lacks, err)
	}
	_, err = p.Backups(t.Context(), queries("volume:db"))
	wantCode(t, err, core.CodeDenied, "Policy")
	// On screen they are read in the background.
	slow := listCloud(t)
	slow.on("GET /volumes", forbidden)
	p = slow.direct()
	q := queries("")
	q.Partial = true
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		if page, err = p.Backups(t.Context(), q); err != nil {
			t.Fatal(err)
		}
		if page.Complete || time.Now().After(deadline) {
			break
		}
	}
	if len(page.Rows) == 0 || len(page.Lacks) != 1 {
		t.Errorf("on screen: %d rows, complete: %v, without %q", len(page.Rows), page.Complete, page.Lacks)
	}
	// Volumes without the list of backups.
	counts := listCloud(t)
	counts.on("GET /backups/detail", func(w http.ResponseWriter, r *http.Request) { forbidden(w, r) })
	p = counts.direct()
	volumes, err := p.Volumes(t.Context(), core.Query{Wants: []string{"backups"}})
	if err != nil || len(volumes.Rows) == 0 || len(volumes.Lacks) != 1 || !volumes.Rows[0].Unseen.Has("backup_count") {
		t.Errorf("volumes: %d, without %q, %v", len(volumes.Rows), volumes.Lacks, err)
	}
	if unseenCommon.Has("backup_count") {
		t.Error("a set that rows share was changed")
	}
	_, err = p.Volumes(t.Context(), core.Query{Sort: []core.Order{{Column: "backups"}}})
	wantCode(t, err, core.CodeDenied, "Policy")
}
