package sql_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/store"
	"hearth/store/sql"
)

// The folder holds a real Cinder database and what Cinder itself says of it; its
// README tells how both came to be.
const cinderFolder = "../../testdata/cinder"

// answers is what Cinder 21.3.1 answered (testdata/cinder/answers.py).
type answers struct {
	Captures map[core.VolumeID]string
	Records  map[core.BackupID]string
	Puts     []struct {
		Volume  core.VolumeID `json:"volume_id"`
		Capture string
		Rows    rowsOf
	}
	Imports []struct {
		Name    string
		SQL     *string
		Service string `json:"backup_service"`
		URL     string `json:"backup_url"`
		Error   *string
		Rows    rowsOf
	}
}

// rowsOf are rows of tables, columns by name.
type rowsOf map[string][]map[string]any

func readAnswers(t *testing.T) answers {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(cinderFolder, "answers.json"))
	ok(t, err)
	var a answers
	ok(t, json.Unmarshal(data, &a))
	return a
}

// lab is a copy of the real database.
func lab(t testing.TB) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(cinderFolder, "lab.sqlite"))
	ok(t, err)
	path := filepath.Join(t.TempDir(), "lab.sqlite")
	ok(t, os.WriteFile(path, data, 0o644))
	return path
}

func TestCinderList(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(cinderFolder, "openstack-backup-list-long-all.json"))
	ok(t, err)
	var want []map[string]any
	ok(t, json.Unmarshal(data, &want))
	p := open(t, lab(t), sql.Options{})
	defer p.Close()
	page, err := p.Backups(t.Context(), core.Query{})
	ok(t, err)
	if len(page.Rows) != len(want) || page.All != len(want) {
		t.Fatalf("%d backups are listed, the API lists %d", len(page.Rows), len(want))
	}
	null := func(o core.Opt[string]) any {
		if !o.Set {
			return nil
		}
		return o.V
	}
	// The API orders by created_at alone, which ties; so each of its rows is looked
	// for by id, and the order is held to be one that it could have given.
	for _, row := range want {
		i := slices.IndexFunc(page.Rows, func(b core.Backup) bool { return string(b.ID) == row["ID"] })
		if i < 0 {
			t.Errorf("backup %s is not listed", row["ID"])
			continue
		}
		b := page.Rows[i]
		got := map[string]any{
			"ID": string(b.ID), "Name": null(b.Name), "Description": null(b.Description), "Status": b.Status, "Size": float64(b.Size),
			"Availability Zone": null(b.AvailabilityZone), "Volume": string(b.VolumeID), "Container": null(b.Container),
		}
		for column, v := range row {
			if got[column] != v {
				t.Errorf("backup %s: %s is %q, the API says %q", b.ID, column, got[column], v)
			}
		}
	}
	made := map[string]time.Time{}
	for _, b := range page.Rows {
		made[string(b.ID)] = b.CreatedAt.V
	}
	for i := range want {
		if at := page.Rows[i].CreatedAt.V; !at.Equal(made[want[i]["ID"].(string)]) {
			t.Errorf("row %d was made at %s, the API's at %s", i, at, made[want[i]["ID"].(string)])
		}
	}
}

func TestCinderRecords(t *testing.T) {
	p := open(t, lab(t), sql.Options{})
	defer p.Close()
	for id, text := range readAnswers(t).Records {
		want, err := core.DecodeRecord(text, core.Today)
		ok(t, err)
		r, err := p.(store.Exporter).Export(t.Context(), id)
		if status := want.Field("status").Text(); status != core.StatusAvailable {
			if core.CodeOf(err) != core.CodeRefused {
				t.Errorf("export of %s, which is %s: %v", id, status, err)
			}
			continue
		}
		if err != nil || r.URL != text {
			t.Errorf("export of %s: %v, not byte for byte Cinder's", id, err)
		}
	}
}

// TestCinderSamples compares with what the API gave out, in a state of the cloud
// that the database is a copy of.
func TestCinderSamples(t *testing.T) {
	samples, err := filepath.Glob("../../testdata/paste/*.openstack.json")
	ok(t, err)
	p := open(t, lab(t), sql.Options{})
	defer p.Close()
	compared := 0
	for _, sample := range samples {
		data, err := os.ReadFile(sample)
		ok(t, err)
		found := core.FindRecords(string(data))
		if len(found) != 1 || !found[0].OK() {
			t.Fatalf("%s holds %d records", sample, len(found))
		}
		id := found[0].Decoded.ID()
		r, err := p.(store.Exporter).Export(t.Context(), id)
		if err != nil {
			t.Errorf("%s: %v", sample, err)
			continue
		}
		got, err := core.DecodeRecord(r.URL, core.Today)
		ok(t, err)
		if !core.SameRecord(got, found[0].Decoded) || r.Service != found[0].Record.Service {
			t.Errorf("%s: the export says another thing than Cinder's", sample)
		}
		if got.Fingerprint() != found[0].Decoded.Fingerprint() {
			t.Errorf("%s: another fingerprint", sample)
		}
		compared++
	}
	if compared < 10 {
		t.Errorf("only %d samples were compared", compared)
	}
}

func TestCinderCaptures(t *testing.T) {
	p := open(t, lab(t), sql.Options{})
	defer p.Close()
	a := readAnswers(t)
	page, err := p.Volumes(t.Context(), core.Query{})
	ok(t, err)
	if len(page.Rows) != len(a.Captures) {
		t.Errorf("%d volumes, Cinder has %d", len(page.Rows), len(a.Captures))
	}
	for id, want := range a.Captures {
		v, err := p.Volume(t.Context(), id)
		ok(t, err)
		c, err := core.CaptureOf(&v, 2, core.Source{Kind: core.SourceNow})
		if err != nil || c.Text != want || len(c.Unseen) > 0 {
			t.Errorf("the capture of %s is (%v, unseen %v)\n%s, Cinder's is\n%s", id, err, c.Unseen, c.Text, want)
		}
	}
}

func TestCinderUntouched(t *testing.T) {
	for _, readOnly := range []bool{false, true} {
		path := lab(t)
		dir := filepath.Dir(path)
		if readOnly { // root may write all the same, and must not
			ok(t, os.Chmod(path, 0o444))
			ok(t, os.Chmod(dir, 0o555))
			t.Cleanup(func() { os.Chmod(dir, 0o755) })
		}
		before := state(t, dir)
		p := open(t, path, sql.Options{})
		if info := p.Info(); info.ReadOnly == "" || info.Journals || info.Kind != core.PlaceDatabase {
			t.Errorf("it says of itself %+v", info)
		}
		useAll(t, p)
		if during := state(t, dir); during != before {
			t.Errorf("while it was open the folder was\n%s, want\n%s", during, before)
		}
		ok(t, p.Close())
		if after := state(t, dir); after != before {
			t.Errorf("afterwards the folder is\n%s, want\n%s", after, before)
		}
	}
	if got, want := sum(t, lab(t)), "3b5819145de3be56bed74a4ae36147727ac8f3591ab825b46a3839fd810c80c3"; got != want {
		t.Errorf("testdata/cinder/lab.sqlite itself has changed: %s", got)
	}
}

// useAll reads everything there is to read, and tries to write.
func useAll(t *testing.T, p store.Place) {
	t.Helper()
	volumes, err := p.Volumes(t.Context(), core.Query{})
	ok(t, err)
	for _, v := range volumes.Rows {
		v, err := p.Volume(t.Context(), v.ID)
		ok(t, err)
		after := v.State()
		after.Bootable = !after.Bootable
		_, err = p.(store.Writer).Rewrite(t.Context(), core.Rewrite{Volume: v.ID, Before: v.State(), After: after})
		if core.CodeOf(err) != core.CodeReadOnly {
			t.Errorf("a write without leave: %v", err)
		}
	}
	backups, err := p.Backups(t.Context(), core.Query{Sort: []core.Order{{Column: "name"}}})
	ok(t, err)
	var ids []core.BackupID
	for _, b := range backups.Rows {
		ids = append(ids, b.ID)
		_, err := p.Backup(t.Context(), b.ID)
		ok(t, err)
		if _, err := p.(store.Exporter).Export(t.Context(), b.ID); err != nil && core.CodeOf(err) != core.CodeRefused {
			t.Error(err)
		}
	}
	_, err = p.(store.Importer).ImportFacts(t.Context(), ids)
	ok(t, err)
	_, err = p.(store.Importer).Import(t.Context(), nil, core.Entry{})
	if core.CodeOf(err) != core.CodeReadOnly {
		t.Errorf("an import without leave: %v", err)
	}
	_, err = p.(store.Typer).VolumeTypes(t.Context())
	ok(t, err)
}

// cinderNow is what the clock says while the tests write to the database.
var cinderNow = time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)

const cinderStamp = "2026-12-01 10:00:00.000000"

// rowsIn reads the rows of a table that hang on an id, as answers.py does.
func rowsIn(t *testing.T, path, table, column, id string) []map[string]any {
	t.Helper()
	db := raw(t, path)
	defer db.Close()
	order := "rowid"
	if strings.HasSuffix(table, "metadata") {
		order = "id"
	}
	rows, err := db.Query("SELECT * FROM "+table+" WHERE "+column+" = ? ORDER BY "+order, id)
	ok(t, err)
	defer rows.Close()
	columns, err := rows.Columns()
	ok(t, err)
	var out []map[string]any
	for rows.Next() {
		vals, ptrs := make([]any, len(columns)), make([]any, len(columns))
		for i := range vals {
			ptrs[i] = &vals[i]
		}
		ok(t, rows.Scan(ptrs...))
		row := map[string]any{}
		for i, c := range columns {
			switch v := vals[i].(type) {
			case time.Time:
				row[c] = v.UTC().Format("2006-01-02 15:04:05.000000")
			case int64:
				row[c] = float64(v)
			case bool:
				row[c] = map[bool]float64{true: 1}[v]
			default:
				row[c] = v
			}
			if row[c] == cinderStamp {
				row[c] = "now"
			}
		}
		out = append(out, row)
	}
	ok(t, rows.Err())
	return out
}

// compareRows names the columns in which rows differ.
func compareRows(got, want []map[string]any, but ...string) string {
	if len(got) != len(want) {
		return fmt.Sprintf("%d rows, want %d:\n%v\nwant\n%v", len(got), len(want), got, want)
	}
	text := ""
	for i := range want {
		for column, v := range want[i] {
			if got[i][column] != v && !slices.Contains(but, column) {
				text += fmt.Sprintf("\n\trow %d: %s is %v, want %v", i, column, got[i][column], v)
			}
		}
	}
	return text
}

// TestCinderPuts restores captures over a real database's volumes and compares
// the rows, deleted ones included, with those that Cinder's restore left.
func TestCinderPuts(t *testing.T) {
	for i, c := range readAnswers(t).Puts {
		path := lab(t)
		p := open(t, path, sql.Options{Write: true, Now: func() time.Time { return cinderNow }})
		v, err := p.Volume(t.Context(), c.Volume)
		ok(t, err)
		types, err := p.(store.Typer).VolumeTypes(t.Context())
		ok(t, err)
		in := core.PlanInput{Target: core.Target{Kind: core.TargetExisting, Volume: &v},
			Captures: []core.Capture{core.ReadCapture(c.Capture, core.Source{})}, Rules: core.Newton}
		for _, typ := range types {
			in.VolumeTypes = append(in.VolumeTypes, typ.ID)
		}
		plan := core.NewPlan(in)
		if plan.Error != nil {
			t.Fatalf("put %d: %v", i, plan.Error)
		}
		_, err = p.(store.Writer).Rewrite(t.Context(), core.Rewrite{Volume: c.Volume, Before: plan.Before, After: plan.After})
		ok(t, err)
		ok(t, p.Close())
		// Cinder also touches a row that it has nothing new for.
		if diff := compareRows(rowsIn(t, path, "volumes", "id", string(c.Volume)), c.Rows["volumes"], "updated_at"); diff != "" {
			t.Errorf("put %d: volumes%s", i, diff)
		}
		if diff := compareRows(rowsIn(t, path, "volume_metadata", "volume_id", string(c.Volume)), c.Rows["volume_metadata"]); diff != "" {
			t.Errorf("put %d: volume_metadata%s", i, diff)
		}
		image := rowsIn(t, path, "volume_glance_metadata", "volume_id", string(c.Volume))
		if plan.Before.Image.Equal(plan.After.Image) && slices.Equal(plan.Before.Image.Keys(), plan.After.Image.Keys()) {
			continue // Cinder writes it all anew, for nothing
		}
		if diff := compareRows(image, c.Rows["volume_glance_metadata"]); diff != "" {
			t.Errorf("put %d: volume_glance_metadata%s", i, diff)
		}
	}
}

// TestCinderImports compares the rows of imported records with those that
// Cinder's import left. Whose they are is different by design.
func TestCinderImports(t *testing.T) {
	for _, c := range readAnswers(t).Imports {
		t.Run(c.Name, func(t *testing.T) {
			path := lab(t)
			if c.SQL != nil {
				exec(t, path, *c.SQL)
			}
			p := open(t, path, sql.Options{Write: true, Now: func() time.Time { return cinderNow }})
			im := p.(store.Importer)
			found := core.FindRecords(c.Service + "\n" + c.URL)
			if len(found) != 1 || !found[0].OK() {
				t.Fatalf("%d records are found", len(found))
			}
			id := found[0].Decoded.ID()
			facts, err := im.ImportFacts(t.Context(), []core.BackupID{id})
			ok(t, err)
			checks := core.Preflight(found, facts)
			if checks[0].Refused() != (c.Error != nil) {
				t.Errorf("refused: %v (%s), Cinder says %v", checks[0].Refused(), checks[0].Verdict(), c.Error)
			}
			if c.Error != nil { // and if it came to be here after the preflight
				checks = core.Preflight(found, core.ImportFacts{})
			}
			_, err = im.Import(t.Context(), core.Items(checks, []int{0}), core.Entry{Kind: core.EntryImport})
			if (err != nil) != (c.Error != nil) {
				t.Errorf("import: %v, Cinder says %v", err, c.Error)
			}
			ok(t, p.Close())
			if diff := compareRows(rowsIn(t, path, "backups", "id", string(id)), c.Rows["backups"], "user_id", "project_id", "host",
				"availability_zone", "fail_reason"); diff != "" {
				t.Errorf("backups%s", diff)
			}
			if diff := compareRows(rowsIn(t, path, "backup_metadata", "backup_id", string(id)), c.Rows["backup_metadata"]); diff != "" {
				t.Errorf("backup_metadata%s", diff)
			}
		})
	}
}
