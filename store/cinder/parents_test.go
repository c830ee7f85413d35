package cinder

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"hearth/core"
)

// TestParentWhileMade: Ceph's driver takes an incremental's parent away while it makes a
// full one of it (cinder/backup/drivers/ceph.py, backup_ceph_max_snapshots), so that what
// a row said while it was creating is not remembered. Afterwards it never changes.
func TestParentWhileMade(t *testing.T) {
	line := func(id, status string, incremental, dependents bool) string {
		return fmt.Sprintf(`{"id": %q, "status": %q, "volume_id": "v", "size": 1, "is_incremental": %t, "has_dependent_backups": %t,
			"created_at": "2026-01-0%dT00:00:00.000000"}`, id, status, incremental, dependents, map[string]int{"full": 1, "new": 2}[id])
	}
	for _, x := range []struct {
		what, then string
		children   int // of full, when the backup is made
		want       string
	}{
		{"it became a full one", line("new", "available", false, false), 0, " false <nil>"},
		{"it stayed one", line("new", "available", true, false), 1, "full false <nil>"},
	} {
		c := newCloud(t)
		row, children := line("new", "creating", true, false), 1
		c.on("GET /backups/new", func(w http.ResponseWriter, r *http.Request) { reply200(`{"backup": `+row+`}`)(w, r) })
		c.on("GET /backups/detail", func(w http.ResponseWriter, r *http.Request) {
			rows := []string{row, line("full", "available", false, children > 0)}
			if q := r.URL.Query(); q.Get("parent_id") == "full" {
				rows = rows[:children]
			}
			reply200(`{"backups": [`+strings.Join(rows, ",")+`]}`)(w, r)
		})
		p := c.direct()
		b, err := p.Backup(t.Context(), "new")
		want(t, x.what+", while it is made", say(b.ParentID, b.ParentGuessed, err), "full false <nil>")
		rows, err := p.Lineage(t.Context(), "v")
		want(t, x.what+", in its line", say(rows[0].ParentID, rows[0].ParentGuessed, err), "full false <nil>")
		row, children = x.then, x.children
		b, err = p.Backup(t.Context(), "new")
		want(t, x.what, say(b.ParentID, b.ParentGuessed, err), x.want)
		rows, err = p.Lineage(t.Context(), "v")
		want(t, x.what+", in its line then", say(rows[0].ParentID, rows[0].ParentGuessed, err), x.want)
		page, err := p.Backups(t.Context(), core.Query{})
		want(t, x.what+", in the list", say(page.Rows[0].ParentID, err), strings.Replace(x.want, " false", "", 1))
		asked := len(c.requests())
		if p.Backup(t.Context(), "new"); x.children > 0 {
			want(t, "it is remembered then", len(c.requests())-asked, 1)
		}
	}
}
