package jobs_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/store/archive"
	"hearth/store/jobs"
	"hearth/store/storetest"
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

// One character is changed in one archived capture, or in what is said of it: nothing goes
// by it, what is made of the archive goes without it, and all of it says so.
func TestOneCharacterOfACapture(t *testing.T) {
	const change = "substr(%[1]s, 1, 8) || CASE substr(%[1]s, 9, 1) WHEN 'A' THEN 'B' ELSE 'A' END || substr(%[1]s, 10)"
	for _, column := range []string{"text", "unseen", "source", "at", "again", "again_at", "ended_at", "sum"} {
		t.Run(column, func(t *testing.T) {
			_, d := cloudDesk(t)
			end := clock().Add(time.Hour)
			keepTaken(t, d, storetest.Full, "once", core.Again{State: core.AgainEqual, At: core.Some(end), Ended: core.Some(end)})
			_, _ = archiveAll(t.Context(), d, jobs.ArchiveOptions{}, nil)
			sure := plan(t, d, jobs.PlanRequest{Backup: storetest.Full, Rules: core.Newton})
			if name := sure.Field(core.BaseSection, "display_name"); name == nil || name.Certainty != core.Certain {
				t.Fatalf("before it is not certain: %+v", name)
			}
			db, err := sql.Open("sqlite", d.Archive.Path())
			ok(t, err)
			defer db.Close()
			_, err = db.Exec("UPDATE hearth_captures SET " + column + " = " + fmt.Sprintf(change, column))
			ok(t, err)

			p := plan(t, d, jobs.PlanRequest{Backup: storetest.Full, Rules: core.Newton})
			const why = "the archived capture does not match its fingerprint"
			description := p.Field(core.BaseSection, "display_description")
			if p.Certainty != core.Unknown || description == nil || !strings.Contains(description.Because, "is not known, because "+why) ||
				!has(p.Warnings, why) || !strings.Contains(fmt.Sprint(p.Doubt()), why) {
				t.Errorf("a plan is %s, %+v, warns of %q, doubts %v", p.Certainty, description, p.Warnings, p.Doubt())
			}
			if kept, err := d.KeptCaptures(t.Context(), storetest.Database, ""); err != nil || len(kept) != 0 {
				t.Errorf("it is read: %+v, %v", kept, err)
			}
			_, err = d.BackupCapture(t.Context(), storetest.Full)
			if core.CodeOf(err) != core.CodeNotFound || !strings.Contains(err.Error(), why) {
				t.Errorf("asked for: %v", err)
			}
			told := func(what string, err error) {
				t.Helper()
				if wantCode(t, what, err, core.CodeIncomplete); !strings.Contains(err.Error(), "capture of backup "+string(storetest.Full)) {
					t.Errorf("%s: it is not named: %v", what, err)
				}
			}
			n, err := d.WriteBundle(t.Context(), filepath.Join(t.TempDir(), "b.jsonl"), jobs.BundleOptions{})
			if told("a bundle", err); n.Captures != 0 || n.Records == 0 {
				t.Errorf("it holds %+v", n)
			}
			after, err := d.Coverage(t.Context(), 0)
			if told("coverage", err); after.ByEvidence[core.EvidenceHeld] != 0 {
				t.Errorf("coverage goes by it: %+v", after.ByEvidence)
			}
			x, err := archive.Examine(t.Context(), d.Archive.Path())
			ok(t, err)
			if told("check", x.Err("check")); !strings.Contains(strings.Join(x.Says(), "; "), "1 of ") {
				t.Errorf("check says %q", x.Says())
			}
			// Keeping it again makes good for it.
			keepTaken(t, d, storetest.Full, "once", core.Again{State: core.AgainEqual, At: core.Some(end), Ended: core.Some(end)})
			p = plan(t, d, jobs.PlanRequest{Backup: storetest.Full, Rules: core.Newton})
			if name := p.Field(core.BaseSection, "display_name"); name == nil || name.Certainty != core.Certain {
				t.Errorf("kept again: %+v, %q", name, p.Warnings)
			}
		})
	}
}

// Of two looks that belong together one is rotten: the other one is not taken for sure.
func TestRottenOfTwo(t *testing.T) {
	_, d := cloudDesk(t)
	end := clock().Add(time.Hour)
	pair := core.Again{State: core.AgainDiffers, At: core.Some(end.Add(time.Minute)), Ended: core.Some(end)}
	keepTaken(t, d, storetest.Full, "before", pair)
	keepTaken(t, d, storetest.Full, "after", pair)
	if _, told, _ := layersOf(t, d, storetest.Full); told != "1/1 either 2 of 2[]" {
		t.Fatalf("before: %s", told)
	}
	_, err := d.Archive.DB.Exec("UPDATE hearth_captures SET text = replace(text, 'after', 'aftor')")
	ok(t, err)
	if _, told, warnings := layersOf(t, d, storetest.Full); told != "1/1 unknown 0 of 1[]" || !has(warnings, "fingerprint") {
		t.Errorf("after: %s, %q", told, warnings)
	}
}
