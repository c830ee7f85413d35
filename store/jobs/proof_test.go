package jobs_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/store/jobs"
)

// TestProvenRows: lists say what drills have proven, filter by it in each way, and leave it out
// where it is not known; the archive is not asked where nobody wants it.
func TestProvenRows(t *testing.T) {
	c, d, at := policyDesk(t, 4)
	_, err := runs(t, d, goldConfig)
	ok(t, err)
	page, err := c.Backups(t.Context(), core.Query{})
	if ok(t, err); len(page.Rows) != 4 {
		t.Fatal(len(page.Rows))
	}
	of := map[core.VolumeID]core.BackupID{}
	for _, b := range page.Rows {
		of[b.VolumeID] = b.ID
	}
	drill := func(i, daysAgo int, v core.DrillVerdict) {
		_, err := d.Archive.BeginDrill(t.Context(), core.Drill{Place: c.Info().Location, Backup: of[volumeID(i)], Source: volumeID(i),
			At: at.at.AddDate(0, 0, -daysAgo), Verdict: v, Gone: true})
		ok(t, err)
	}
	drill(0, 3, core.DrillProven)
	drill(1, 40, core.DrillProven)
	drill(2, 1, core.DrillRestored)
	list := func(d jobs.Desk, filter string, wants ...string) (string, error) {
		t.Helper()
		f, err := core.ParseFilter(filter, core.ListedBackups)
		ok(t, err)
		q := core.Query{Filter: f, Now: at.at, Wants: wants, Sort: []core.Order{{Column: "volume-id"}}}
		backups, err := d.BackupRows(t.Context(), q)
		if err != nil {
			return "", err
		}
		f, err = core.ParseFilter(strings.TrimSpace(filter+" -name:vol4"), core.ListedVolumes)
		ok(t, err)
		q.Filter, q.Sort[0].Column = f, "id"
		volumes, err := d.VolumeRows(t.Context(), q)
		ok(t, err)
		var a, b []string
		for _, row := range backups.Rows {
			a = append(a, said(row.VolumeID, row.Proof))
			if has := core.ListedBackups.Object(&row, row.Unseen).Has("last_proven_at"); has != (row.Proof != nil) {
				t.Errorf("%q: in JSON %v", filter, has)
			}
		}
		for _, row := range volumes.Rows {
			b = append(b, said(row.ID, row.Proof))
		}
		if !slices.Equal(a, b) {
			t.Errorf("%q: backups %s, and volumes %s", filter, a, b)
		}
		return strings.Join(a, " "), nil
	}
	for filter, want := range map[string]string{
		"":                          "0:3d 1:40d 2:never 3:never",
		"proven<30d":                "0:3d",
		"proven>30d":                "1:40d",
		"proven>=0s":                "0:3d 1:40d",
		"-proven>=0s":               "2:never 3:never",
		"-proven<30d":               "1:40d 2:never 3:never",
		"proven>90d":                "",
		"-proven>90d":               "0:3d 1:40d 2:never 3:never",
		"proven>=0s -proven<30d":    "1:40d",
		"proven<2026-11-01 size>=1": "1:40d",
	} {
		if got, err := list(d, filter, core.ProvenColumn); err != nil || got != want {
			t.Errorf("%q: %s, %v, want %s", filter, got, err, want)
		}
	}
	if got, err := list(d, ""); err != nil || got != "0:? 1:? 2:? 3:?" {
		t.Error("not asked for:", got, err)
	}
	_, err = d.BackupRows(t.Context(), core.Query{Sort: []core.Order{{Column: core.ProvenColumn}}})
	if wantCode(t, "an order", err, core.CodeUnsupported); !strings.Contains(err.Error(), "only hearth's archive knows") {
		t.Error(err)
	}
	none := d
	none.Archive = nil
	if got, err := list(none, "", core.ProvenColumn); err != nil || got != "0:? 1:? 2:? 3:?" {
		t.Error("no archive:", got, err)
	}
	_, err = list(none, "proven<30d")
	wantCode(t, "a filter without an archive", err, core.CodeUnsupported)
	for i := range 251 {
		_, err := d.Archive.BeginDrill(t.Context(), core.Drill{Place: c.Info().Location, Backup: core.BackupID(fmt.Sprint("more", i)), At: at.at,
			Verdict: core.DrillProven, Gone: true})
		ok(t, err)
	}
	_, err = list(d, "proven<2d")
	wantCode(t, "too many", err, core.CodeUsage)
	ok(t, d.Archive.Close())
	page, err = d.BackupRows(t.Context(), core.Query{Wants: []string{core.ProvenColumn}})
	if err != nil || len(page.Rows) != 4 || len(page.Lacks) != 1 || !strings.HasPrefix(page.Lacks[0], "what drills have proven: ") {
		t.Errorf("an archive that does not answer: %d rows, %v, %v", len(page.Rows), page.Lacks, errors.Unwrap(err))
	}
}

// said is a volume's number, and how long ago it was proven.
func said(id core.VolumeID, p *core.Proof) string {
	n := strings.TrimLeft(string(id[len(id)-3:]), "0")
	if n == "" {
		n = "0"
	}
	switch {
	case p == nil:
		return n + ":?"
	case !p.Proven.Set:
		return n + ":never"
	}
	return fmt.Sprintf("%s:%dd", n, int(monday.Add(2*time.Hour).Sub(p.Proven.V)/(24*time.Hour)))
}
