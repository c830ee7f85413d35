package jobs_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hearth/core"
	"hearth/store/jobs"
)

// One character is changed in one archived record: what is made of the archive goes
// without it, and says so; archiving again makes good for it.
func TestOneCharacter(t *testing.T) {
	c, d := cloudDesk(t)
	touchy(c)
	_, _ = archiveAll(t.Context(), d, jobs.ArchiveOptions{}, nil)
	before, err := d.Coverage(t.Context(), 0)
	ok(t, err)
	db, err := sql.Open("sqlite", d.Archive.Path())
	ok(t, err)
	defer db.Close()
	var id string
	ok(t, db.QueryRow("SELECT backup_id FROM records ORDER BY id LIMIT 1").Scan(&id))
	_, err = db.Exec("UPDATE records SET url = substr(url, 1, 40) || CASE substr(url, 41, 1) WHEN 'A' THEN 'B' ELSE 'A' END || " +
		"substr(url, 42) WHERE id = (SELECT min(id) FROM records)")
	ok(t, err)
	told := func(what string, err error) {
		t.Helper()
		if wantCode(t, what, err, core.CodeIncomplete); !strings.Contains(err.Error(), id) {
			t.Errorf("%s: it does not name %s: %v", what, id, err)
		}
	}
	file := filepath.Join(t.TempDir(), "b.jsonl")
	n, err := d.WriteBundle(t.Context(), file, jobs.BundleOptions{})
	told("a bundle", err)
	text, err := os.ReadFile(file)
	ok(t, err)
	b, err := core.ReadBundle(string(text))
	if err != nil || len(b.Records) != n.Records || n.Records == 0 || strings.Contains(string(text), `"record": "`+id) {
		t.Errorf("%d of %d records, %v", len(b.Records), n.Records, err)
	}
	after, err := d.Coverage(t.Context(), 0)
	told("coverage", err)
	if after.NoRecord != before.NoRecord+1 {
		t.Errorf("%d without a record, before it were %d", after.NoRecord, before.NoRecord)
	}
	_, _, err = jobs.Reconcile(t.Context(), jobs.FromArchive(), d, nil)
	told("reconcile", err)
	_, _ = archiveAll(t.Context(), d, jobs.ArchiveOptions{}, nil)
	after, err = d.Coverage(t.Context(), 0)
	ok(t, err)
	if after.NoRecord != before.NoRecord {
		t.Errorf("%d without a record after it was archived again", after.NoRecord)
	}
}
