package repository_test

import (
	"archive/zip"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/repository"
)

// truth is what Cinder's database has of a backup, and what Cinder exported.
type truth struct {
	Row    map[string]any
	Export *struct {
		Service string `json:"backup_service"`
		URL     string `json:"backup_url"`
	}
}

func readTruth(t testing.TB, path string) map[core.BackupID]truth {
	t.Helper()
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var list []truth
	if err := json.Unmarshal(body, &list); err != nil {
		t.Fatal(err)
	}
	out := map[core.BackupID]truth{}
	for _, x := range list {
		out[core.BackupID(x.Row["id"].(string))] = x
	}
	return out
}

// root is a file or folder of the repositories in testdata.
func root(parts ...string) string {
	return filepath.Join(append([]string{"..", "..", "testdata", "repository"}, parts...)...)
}

// lab unpacks the repository of a real Cinder: 30 backups of two clouds.
func lab(t testing.TB) (dir string, rows map[core.BackupID]truth) {
	t.Helper()
	dir = t.TempDir()
	unzip(t, root("lab.zip"), dir)
	return filepath.Join(dir, "repo"), readTruth(t, filepath.Join(dir, "truth.json"))
}

func unzip(t testing.TB, file, dir string) {
	t.Helper()
	z, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for _, f := range z.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(dir, filepath.FromSlash(f.Name)), body)
	}
}

func put(t testing.TB, path string, body []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, body, 0o644); err != nil {
		t.Fatal(err)
	}
}

// copyDir copies a repository, so that a test can spoil it.
func copyDir(t testing.TB, from string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "repo")
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return to
}

func openPosix(t testing.TB, dir string, o repository.Options) *repository.Place {
	t.Helper()
	p, err := repository.OpenPosix(context.Background(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func instant(t *testing.T, v any) core.Opt[time.Time] {
	t.Helper()
	m, ok := v.(map[string]any)
	if !ok {
		return core.Opt[time.Time]{}
	}
	s := strings.TrimSuffix(m["$datetime"].(string), "+00:00")
	at, err := time.Parse("2006-01-02T15:04:05", s)
	if err != nil {
		t.Fatal(err)
	}
	return core.Some(at)
}

// agree holds what was rebuilt of every backup to the truth.
func agree(t *testing.T, p *repository.Place, rows map[core.BackupID]truth) {
	t.Helper()
	page, err := p.Backups(t.Context(), core.Query{})
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Rows) != len(rows) || page.All != len(rows) || !page.Complete {
		t.Errorf("%d backups of %d", len(page.Rows), len(rows))
	}
	fields, exports := 0, 0
	for i := range page.Rows {
		b := &page.Rows[i]
		want, ok := rows[b.ID]
		if !ok {
			t.Errorf("%s is in no database", b.ID)
			continue
		}
		marks, err := p.Marks(t.Context(), b.ID)
		if err != nil {
			t.Fatal(err)
		}
		state := map[string]core.MarkState{}
		for _, m := range marks {
			state[m.Field] = m.State
		}
		rec, err := p.Export(t.Context(), b.ID)
		if err != nil {
			t.Errorf("%s: %v", b.ID, err)
			continue
		}
		got, err := core.DecodeRecord(rec.URL, core.Today)
		if err != nil {
			t.Fatal(err)
		}
		fields += agreeRow(t, b, want, state, &got)
		if want.Export == nil {
			continue
		}
		exports++
		if rec.Service != want.Export.Service {
			t.Errorf("%s: service %s, Cinder says %s", b.ID, rec.Service, want.Export.Service)
		}
		theirs, err := core.DecodeRecord(want.Export.URL, core.Today)
		if err != nil {
			t.Fatal(err)
		}
		agreeRecord(t, b, &got, &theirs, state)
	}
	t.Logf("%d backups, %d fields compared with rows, %d with Cinder's own exports", len(page.Rows), fields, exports)
}

// agreeRow holds a rebuilt row to the database's, but for what is marked.
func agreeRow(t *testing.T, b *core.Backup, want truth, state map[string]core.MarkState, got *core.Decoded) int {
	t.Helper()
	n := 0
	for field, w := range want.Row {
		if _, in := got.Doc.Object().Get(field); !in {
			t.Errorf("%s: the record has no %s", b.ID, field)
			continue
		}
		snapshot := want.Row["snapshot_id"] != nil
		switch {
		case state[field] == core.MarkLost:
			if v := got.Field(field); v.Truthy() {
				t.Errorf("%s: %s is lost, and yet %s", b.ID, field, pyjson.Text(v))
			}
			if !b.Unseen.Has(field) {
				t.Errorf("%s: %s is lost, and shown as known", b.ID, field)
			}
			continue
		case field == "data_timestamp" && snapshot, field == "user_id", field == "project_id",
			field == "size" && state[field] == core.MarkAssumed: // the laboratory's "GiB" are smaller than those of the hashes
			if state[field] != core.MarkAssumed {
				t.Errorf("%s: %s is not marked", b.ID, field)
			}
			continue
		case field == "num_dependent_backups" && w == nil: // Cinder reads NULL as 0
			w = 0.0
		}
		n++
		var have any
		switch v := got.Field(field); v.Kind() {
		case pyjson.Null:
		case pyjson.Int:
			i, _ := v.Int64()
			have = float64(i)
		case pyjson.Bool:
			have = v.Bool()
		default:
			have = v.Text()
		}
		if at := instant(t, w); at.Set {
			w = at.V.Format("2006-01-02T15:04:05Z")
		}
		if have != w {
			t.Errorf("%s (%s): %s is %#v, the database has %#v", b.ID, b.Title(), field, have, w)
		}
	}
	if at := instant(t, want.Row["created_at"]); at.V.Nanosecond() != 0 && !b.CreatedAt.V.Equal(at.V) {
		t.Errorf("%s: created_at %s, the database has %s", b.ID, b.CreatedAt.V, at.V)
	}
	return n
}

// agreeRecord holds a rebuilt record to Cinder's export, but for what is marked.
func agreeRecord(t *testing.T, b *core.Backup, got, want *core.Decoded, state map[string]core.MarkState) {
	t.Helper()
	if g, w := got.Doc.Object().Keys(), want.Doc.Object().Keys(); strings.Join(g, " ") != strings.Join(w, " ") {
		t.Errorf("%s: the record has the keys %v, Cinder's %v", b.ID, g, w)
	}
	for field, w := range want.Doc.Object().All() {
		if g := got.Field(field); state[field] == "" && !g.Equal(w) {
			t.Errorf("%s: %s is %s in the record, and %s in Cinder's", b.ID, field, pyjson.Text(g), pyjson.Text(w))
		}
	}
}

func TestPosixTruth(t *testing.T) {
	agree(t, openPosix(t, root("posix", "repo"), repository.Options{}), readTruth(t, root("posix", "truth.json")))
}

func TestLabTruth(t *testing.T) {
	dir, rows := lab(t)
	agree(t, openPosix(t, dir, repository.Options{Service: repository.PosixDriver}), rows)
}

// TestMoreTruth holds whatever repositories are named: FOLDER:TRUTH, separated by
// commas.
func TestMoreTruth(t *testing.T) {
	list := os.Getenv("HEARTH_TEST_REPOSITORIES")
	if list == "" {
		t.Skip("HEARTH_TEST_REPOSITORIES names no further repositories as FOLDER:TRUTH,…")
	}
	for _, one := range strings.Split(list, ",") {
		dir, file, _ := strings.Cut(one, ":")
		agree(t, openPosix(t, dir, repository.Options{}), readTruth(t, file))
	}
}
