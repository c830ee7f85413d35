package beside_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/store"
	"hearth/store/beside"
	driver "hearth/store/sql"
)

var (
	_ store.Cloud     = (*beside.Place)(nil)
	_ store.Companion = (*beside.Place)(nil)
	_ store.Collator  = (*beside.Place)(nil)
	_ store.Recaller  = (*beside.Place)(nil)
	_ beside.Database = (*driver.Place)(nil)
)

const real = "../../testdata/cinder/"

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wire is a Block Storage API over one copy of a real Cinder's database, as a member of a
// project sees it: it hides what Cinder's hides. Another copy stands beside it.
type wire struct {
	*httptest.Server
	t         *testing.T
	cloud, db string // the files
	down      bool
	gets      int // of single backups
	before    func(id string)
}

func newWire(t *testing.T) *wire {
	t.Helper()
	w := &wire{t: t}
	data, err := os.ReadFile(real + "lab.sqlite")
	ok(t, err)
	for _, file := range []*string{&w.cloud, &w.db} {
		*file = filepath.Join(t.TempDir(), "cinder.sqlite")
		ok(t, os.WriteFile(*file, data, 0o600))
	}
	w.Server = httptest.NewServer(http.HandlerFunc(w.serve))
	t.Cleanup(w.Close)
	config := filepath.Join(t.TempDir(), "clouds.yaml")
	ok(t, os.WriteFile(config, []byte(fmt.Sprintf("clouds:\n  test:\n    auth: {auth_url: '%s/identity/v3', username: demo, "+
		"password: secret, "+
		"project_name: demo, user_domain_id: default, project_domain_id: default}\n    region_name: RegionOne\n", w.URL)), 0o600))
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "OS_") {
			t.Setenv(name, "")
		}
	}
	t.Setenv("OS_CLIENT_CONFIG_FILE", config)
	return w
}

// change runs statements in one of the files.
func (w *wire) change(file string, statements ...string) {
	w.t.Helper()
	db, err := sql.Open("sqlite", file)
	ok(w.t, err)
	defer db.Close()
	for _, s := range statements {
		_, err := db.Exec(s)
		ok(w.t, err)
	}
}

// rows are what a query of the cloud's own file gives, as maps.
func (w *wire) rows(query string, args ...any) (out []map[string]any) {
	db, err := sql.Open("sqlite", w.cloud)
	ok(w.t, err)
	defer db.Close()
	rows, err := db.Query(query, args...)
	ok(w.t, err)
	defer rows.Close()
	columns, _ := rows.Columns()
	for rows.Next() {
		values, at := make([]any, len(columns)), make([]any, len(columns))
		for i := range at {
			at[i] = &values[i]
		}
		ok(w.t, rows.Scan(at...))
		row := map[string]any{}
		for i, c := range columns {
			switch v := values[i].(type) {
			case time.Time:
				row[c] = v.UTC().Format("2006-01-02T15:04:05.000000")
			case []byte:
				row[c] = string(v)
			default:
				row[c] = v
			}
		}
		out = append(out, row)
	}
	ok(w.t, rows.Err())
	return out
}

func yes(v any) bool { return fmt.Sprint(v) == "1" || fmt.Sprint(v) == "true" }

// named are the columns of a row under the names that the API has for them.
func named(row map[string]any, names ...string) map[string]any {
	out := map[string]any{}
	for _, name := range names {
		out[strings.TrimPrefix(name, "display_")] = row[name]
	}
	return out
}

func shownKey(out, row map[string]any) { // cinder/api/v3/views/backups.py: the fixed key is shown as none
	if key, _ := row["encryption_key_id"].(string); key != "" && strings.Trim(key, "0-") != "" {
		out["encryption_key_id"] = key
	}
}

func backupBody(row map[string]any) map[string]any {
	out := named(row, "id", "display_name", "display_description", "status", "size", "object_count", "availability_zone", "container",
		"created_at", "updated_at", "fail_reason", "volume_id", "snapshot_id", "data_timestamp", "user_id")
	out["is_incremental"], out["has_dependent_backups"] = row["parent_id"] != nil, fmt.Sprint(row["num_dependent_backups"]) != "0"
	out["metadata"] = map[string]any{}
	shownKey(out, row)
	return out
}

func (w *wire) volumeBody(row map[string]any) map[string]any {
	out := named(row, "id", "display_name", "display_description", "status", "size", "availability_zone", "created_at", "updated_at",
		"snapshot_id", "source_volid", "user_id", "volume_type_id", "cluster_name", "group_id", "provider_id", "service_uuid",
		"replication_status", "consistencygroup_id")
	out["bootable"], out["multiattach"] = fmt.Sprint(yes(row["bootable"])), yes(row["multiattach"])
	out["shared_targets"], out["consumes_quota"] = yes(row["shared_targets"]), yes(row["use_quota"])
	out["encrypted"] = row["encryption_key_id"] != nil
	out["metadata"], out["volume_image_metadata"] = w.keys("volume_metadata", row["id"]), w.keys("volume_glance_metadata", row["id"])
	shownKey(out, row)
	return out
}

func (w *wire) keys(table string, volume any) map[string]any {
	out := map[string]any{}
	for _, row := range w.rows(`SELECT "key", value FROM `+table+" WHERE volume_id = ? AND deleted = 0", volume) {
		out[row["key"].(string)] = row["value"]
	}
	return out
}

func (w *wire) serve(r http.ResponseWriter, q *http.Request) {
	tell := func(v any) {
		r.Header().Set("OpenStack-API-Version", "volume 3.70")
		json.NewEncoder(r).Encode(v)
	}
	if q.URL.Path == "/identity/v3/auth/tokens" {
		data, err := os.ReadFile(real + "api/token-demo.json")
		ok(w.t, err)
		r.Header().Set("X-Subject-Token", "t")
		r.WriteHeader(http.StatusCreated)
		fmt.Fprint(r, strings.ReplaceAll(string(data), "http://127.0.0.1:18776", w.URL))
		return
	}
	_, path, _ := strings.Cut(q.URL.Path, "/v3/")
	_, path, _ = strings.Cut(path, "/")
	kind, id, _ := strings.Cut(path, "/")
	id, more, _ := strings.Cut(id, "/")
	fail := func(status int, fault, text string) {
		r.WriteHeader(status)
		fmt.Fprintf(r, `{"%s": {"code": %d, "message": "%s"}}`, fault, status, text)
	}
	var found []map[string]any
	switch {
	case w.down:
		fail(500, "computeFault", "it is down")
	case kind == "limits":
		tell(map[string]any{"limits": map[string]any{"rate": []any{}, "absolute": map[string]any{}}})
	case more == "export_record":
		fail(403, "forbidden", "Policy does not allow backup:export-import to be performed.")
	case kind == "types" && id == "":
		tell(map[string]any{"volume_types": w.rows("SELECT id, name FROM volume_types WHERE deleted = 0")})
	case kind == "types" && id == "default":
		tell(map[string]any{"volume_type": w.rows("SELECT id, name FROM volume_types WHERE name = '__DEFAULT__'")[0]})
	case kind == "types":
		fail(403, "forbidden", "Policy does not allow volume_extension:volume_type_encryption:get to be performed.")
	case kind == "backups" && id == "detail":
		where, args := "1", []any{}
		if v := q.URL.Query().Get("volume_id"); v != "" {
			where, args = "volume_id = ?", []any{v}
		}
		list := []any{}
		for _, row := range w.rows("SELECT * FROM backups WHERE deleted = 0 AND "+where+" ORDER BY created_at DESC, id", args...) {
			list = append(list, backupBody(row))
		}
		tell(map[string]any{"backups": list})
	case kind == "volumes" && id == "detail":
		list := []any{}
		for _, row := range w.rows("SELECT * FROM volumes WHERE deleted = 0 ORDER BY created_at DESC, id") {
			list = append(list, w.volumeBody(row))
		}
		tell(map[string]any{"volumes": list})
	case kind == "backups":
		w.gets++
		if w.before != nil {
			w.before(id)
		}
		if found = w.rows("SELECT * FROM backups WHERE deleted = 0 AND id = ?", id); len(found) == 1 {
			tell(map[string]any{"backup": backupBody(found[0])})
			return
		}
		fail(404, "itemNotFound", "Backup could not be found.")
	case kind == "volumes" && more == "metadata":
		tell(map[string]any{"metadata": w.keys("volume_metadata", id)})
	case kind == "volumes":
		if found = w.rows("SELECT * FROM volumes WHERE deleted = 0 AND id = ?", id); len(found) == 1 {
			tell(map[string]any{"volume": w.volumeBody(found[0])})
			return
		}
		fail(404, "itemNotFound", "Volume could not be found.")
	default:
		fail(404, "itemNotFound", "The resource could not be found.")
	}
}

// join is the place: the API with the other file beside it.
func (w *wire) join(o beside.Options) *beside.Place {
	w.t.Helper()
	cloud, err := store.Open(w.t.Context(), store.Location{Scheme: "cloud", Rest: "test"},
		store.Options{Waits: store.Waits{Repeat: time.Millisecond, Look: time.Millisecond}})
	ok(w.t, err)
	o.Location = "sqlite:" + w.db
	if o.Open == nil {
		o.Open = func(ctx context.Context) (store.Place, error) {
			return store.Open(ctx, store.Location{Scheme: "sqlite", Rest: w.db}, store.Options{Config: store.PlaceConfig{ReadOnly: true}})
		}
	}
	p := beside.Join(cloud.(store.Cloud), o)
	w.t.Cleanup(func() { p.Close() })
	return p
}

// stands holds the database of a place to its cloud.
func stands(t *testing.T, p *beside.Place, want core.Footing, why string) core.Beside {
	t.Helper()
	b := p.Beside(t.Context())
	if b.Footing != want || !strings.Contains(b.Why, why) || b.Why == "" && why != "" {
		t.Errorf("the database stands %q (%s), want %q (%s)", b.Footing, b.Why, want, why)
	}
	return b
}
