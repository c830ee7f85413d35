package cinder

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"hearth/core"
	"hearth/core/pyjson"
)

const volumeID = "8008c3b0-1b70-48bd-beeb-54f0b5b5e996"

// cutOff breaks the connection without an answer.
func cutOff(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		conn.Close()
	}
}

func sent(t *testing.T, r *http.Request) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	return string(b)
}

func count(asked []string, what string) int {
	n := 0
	for _, a := range asked {
		if a == what {
			n++
		}
	}
	return n
}

// TestRestoreLost: the answer to a restore gets lost at a proxy. The volume is
// looked for, and the restore is asked for once.
func TestRestoreLost(t *testing.T) {
	for name, lose := range map[string]http.HandlerFunc{
		"504": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGatewayTimeout) },
		"cut": cutOff,
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t)
			begun := false
			c.on("POST /backups/b1/restore", func(w http.ResponseWriter, r *http.Request) {
				begun = true
				lose(w, r)
			})
			c.on("GET /volumes", func(w http.ResponseWriter, r *http.Request) {
				text := `{"volumes": [{"id": "old", "name": "restore_backup_b1"}]}`
				if begun {
					text = `{"volumes": [{"id": "new", "name": "restore_backup_b1"}, {"id": "old", "name": "restore_backup_b1"}]}`
				}
				reply200(text)(w, r)
			})
			got, err := c.direct().RestoreBackup(t.Context(), core.RestoreRequest{Backup: "b1"})
			if err != nil || got.Volume != "new" || !got.Inferred {
				t.Errorf("%+v, %v", got, err)
			}
			if n := count(c.requests(), "POST /backups/b1/restore"); n != 1 {
				t.Errorf("the restore was asked for %d times", n)
			}
		})
	}
}

func TestRestoreOnto(t *testing.T) {
	c := newCloud(t)
	c.on("POST /backups/b1/restore", func(w http.ResponseWriter, r *http.Request) {
		want(t, "sent", sent(t, r), `{"restore":{"volume_id":"v1"}}`)
		w.WriteHeader(http.StatusGatewayTimeout)
	})
	c.on("GET /volumes/v1", reply200(`{"volume": {"id": "v1", "status": "restoring-backup"}}`))
	got, err := c.direct().RestoreBackup(t.Context(), core.RestoreRequest{Backup: "b1", Volume: "v1"})
	if err != nil || got.Volume != "v1" || got.Inferred {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestImportLost: an import whose answer is lost is looked for, one that was
// refused is not, and neither is sent twice.
func TestImportLost(t *testing.T) {
	c := newCloud(t)
	var got []string
	c.on("POST /backups/import_record", func(w http.ResponseWriter, r *http.Request) {
		text := sent(t, r)
		got = append(got, text)
		switch {
		case strings.Contains(text, "one"):
			cutOff(w, r)
		case strings.Contains(text, "two"):
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"badRequest": {"code": 400, "message": "Invalid backup: Backup already exists in database."}}`)
		case strings.Contains(text, "three"):
			cutOff(w, r)
		default:
			took(http.StatusCreated, `{"backup": {"id": "four"}}`)(w, r)
		}
	})
	c.on("GET /backups/one", reply200(`{"backup": {"id": "one", "status": "available"}}`))
	items := []core.ImportItem{}
	for _, id := range []string{"one", "two", "three", "four"} {
		items = append(items, core.ImportItem{ID: core.BackupID(id), Record: core.Record{Service: "s", URL: id + "\n "}})
	}
	results, err := c.direct().Import(t.Context(), items, core.Entry{})
	if err != nil || len(results) != 4 || len(got) != 4 {
		t.Fatalf("%v, %v, sent %d", results, err, len(got))
	}
	want(t, "the record's text as it came", got[3], `{"backup-record":{"backup_service":"s","backup_url":"four\n "}}`)
	want(t, "one", say(results[0].Status, results[0].Err), "available <nil>")
	wantCode(t, results[1].Err, core.CodeRefused, "already exists")
	wantCode(t, results[2].Err, core.CodeUnavailable, "broke")
	want(t, "four", say(results[3].Status, results[3].Err), "creating <nil>")
}

// volumeCloud is a cloud with one volume that takes what the API takes. Call fail (from
// 1) fails, with nothing done; call -fail is done, and its answer gets lost.
func volumeCloud(t *testing.T, fail int) (*cloud, *[]string) {
	c := newCloud(t)
	var doc map[string]map[string]any
	if err := json.Unmarshal([]byte(body(t, "volume-3.70")), &doc); err != nil {
		t.Fatal(err)
	}
	v := doc["volume"]
	v["id"], v["name"], v["bootable"] = volumeID, "before", "false"
	v["volume_image_metadata"] = map[string]any{"old": "1"}
	meta := map[string]any{"a": "1"}
	var calls []string
	answer := func(key string, value any) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("OpenStack-API-Version", "volume 3.70")
			w.Header().Set("ETag", fmt.Sprintf(`"%v"`, meta))
			json.NewEncoder(w).Encode(map[string]any{key: value})
		}
	}
	write := func(do func(text string, r *http.Request) int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			calls = append(calls, r.Method+" "+r.URL.Path[strings.LastIndex(r.URL.Path, "/"):])
			if len(calls) == fail {
				w.WriteHeader(http.StatusBadGateway)
				return
			}
			text := sent(t, r)
			status, answer := do(text, r), ""
			switch {
			case strings.HasSuffix(r.URL.Path, "/metadata"), strings.Contains(text, "os-set_image_metadata"):
				answer = `{"metadata": {}}`
			case r.Method == http.MethodPut:
				answer = `{"volume": {"id": "` + volumeID + `"}}`
			}
			if len(calls) == -fail {
				status, answer = http.StatusGatewayTimeout, ""
			}
			took(status, answer)(w, r)
		}
	}
	c.on("GET /volumes/"+volumeID, func(w http.ResponseWriter, r *http.Request) { answer("volume", v)(w, r) })
	c.on("GET /volumes/"+volumeID+"/metadata", func(w http.ResponseWriter, r *http.Request) { answer("metadata", meta)(w, r) })
	c.on("PUT /volumes/"+volumeID, write(func(text string, _ *http.Request) int {
		var b map[string]map[string]any
		json.Unmarshal([]byte(text), &b)
		for k, x := range b["volume"] {
			v[k] = x
		}
		return 200
	}))
	c.on("PUT /volumes/"+volumeID+"/metadata", write(func(text string, r *http.Request) int {
		if tag := r.Header.Get("If-Match"); tag != fmt.Sprintf(`"%v"`, meta) {
			t.Errorf("sent without the tag of what was read: %q", tag)
			return 412
		}
		var b map[string]map[string]any
		json.Unmarshal([]byte(text), &b)
		meta = b["metadata"]
		return 200
	}))
	c.on("POST /volumes/"+volumeID+"/action", write(func(text string, _ *http.Request) int {
		var b map[string]map[string]any
		json.Unmarshal([]byte(text), &b)
		image := v["volume_image_metadata"].(map[string]any)
		switch {
		case b["os-set_image_metadata"] != nil:
			for k, x := range b["os-set_image_metadata"]["metadata"].(map[string]any) {
				image[k] = x
			}
		case b["os-unset_image_metadata"] != nil:
			delete(image, b["os-unset_image_metadata"]["key"].(string))
		case b["os-set_bootable"] != nil:
			v["bootable"] = fmt.Sprint(b["os-set_bootable"]["bootable"])
		}
		return 200
	}))
	return c, &calls
}

func wanted(before core.State) core.State {
	after := before.Clone()
	after.Name = pyjson.OfString("after")
	after.Metadata = &pyjson.Object{}
	after.Metadata.Set("b", pyjson.OfString("2"))
	after.Image = &pyjson.Object{}
	after.Image.Set("new", pyjson.OfString("1"))
	after.Bootable = true
	return after
}

// TestRewrite takes a volume to another state by the API's calls, each failing in
// turn: the error says how far it came, and the state is between the two. Nothing is sent
// twice; where only the answer got lost, that is found out, and it goes on.
func TestRewrite(t *testing.T) {
	for fail := -5; fail <= 6; fail++ {
		c, calls := volumeCloud(t, fail)
		p := c.direct()
		v, err := p.Volume(t.Context(), volumeID)
		if err != nil {
			t.Fatal(err)
		}
		before, after := v.State(), wanted(v.State())
		done := 0
		_, err = p.Rewrite(t.Context(), core.Rewrite{Volume: volumeID, Before: before, After: after, Done: func(core.APICall) { done++ }})
		now, rerr := p.Volume(t.Context(), volumeID)
		if rerr != nil {
			t.Fatal(rerr)
		}
		if all := fail <= 0 || fail == 6; all != (err == nil) {
			t.Errorf("call %d fails: %v\n%v", fail, err, *calls)
			continue
		}
		if err == nil {
			if d := now.State().Diff(after); len(d) > 0 || done != 5 || len(*calls) != 5 {
				t.Errorf("call %d fails: differs in %v after %d calls %v", fail, d, done, *calls)
			}
			continue
		}
		partly := map[bool]core.Code{true: core.CodePartial, false: core.CodeUnavailable}[fail > 1]
		if code := core.CodeOf(err); code != partly || done != fail-1 || !core.MayLand(err) {
			t.Errorf("call %d fails: %s %v, %d done", fail, code, err, done)
		}
		if len(*calls) != fail {
			t.Errorf("call %d fails: sent %v", fail, *calls)
		}
	}
	c, calls := volumeCloud(t, 0)
	p := c.direct()
	v, _ := p.Volume(t.Context(), volumeID)
	before := v.State()
	before.Name = pyjson.OfString("another")
	_, err := p.Rewrite(t.Context(), core.Rewrite{Volume: volumeID, Before: before, After: wanted(before)})
	wantCode(t, err, core.CodeConflict, "no longer what the plan was made from (name)")
	want(t, "nothing sent", *calls, "[]")
}

// TestForbidden: a 403 is remembered for the place, and forgotten when it is
// allowed after all.
func TestForbidden(t *testing.T) {
	c := newCloud(t)
	allowed := false
	c.on("GET /backups/b/export_record", func(w http.ResponseWriter, r *http.Request) {
		if allowed {
			reply200(body(t, "export"))(w, r)
			return
		}
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"forbidden": {"code": 403, "message": "Policy doesn't allow backup:export-import to be performed."}}`)
	})
	p := c.direct()
	want(t, "before", p.Denied(core.OpExport), "")
	_, err := p.Export(t.Context(), "b")
	wantCode(t, err, core.CodeDenied, "Policy doesn't allow backup:export-import")
	if why := p.Denied(core.OpExport); !strings.Contains(why, "the cloud forbade it") {
		t.Errorf("after a 403: %q", why)
	}
	allowed = true
	r, err := p.Export(t.Context(), "b")
	if err != nil || !strings.Contains(body(t, "export"), r.URL) || p.Denied(core.OpExport) != "" {
		t.Errorf("%v %q", err, p.Denied(core.OpExport))
	}
}

// TestRoles: what default policy allows by the token's roles is refused only where no
// release that the cloud may be of allows it.
func TestRoles(t *testing.T) {
	for release, x := range map[string]map[string]roleMay{
		// 3.70, as the cloud of the tests has it, is 21 to 23: any role in a project may write.
		"": {`{"name": "reader"}`: {false, true}, `{"name": "backup-operators"}`: {false, true}},
		// A contradiction (3.70 and 29) spans both.
		"29":       {`{"name": "reader"}`: {false, true}},
		"24 to 28": {`{"name": "reader"}`: {false, true}},
	} {
		mayDo(t, release, "3.70", x)
	}
	mayDo(t, "", "3.71", map[string]roleMay{`{"name": "reader"}`: {false, true}, `{"name": "backup-operators"}`: {false, true}})
	mayDo(t, "29", "3.71", map[string]roleMay{`{"name": "reader"}`: {false, false}, `{"name": "backup-operators"}`: {false, false}})
	mayDo(t, "28 to 29", "3.71", map[string]roleMay{`{"name": "reader"}`: {false, true}})
}

// roleMay is whether a role may do what is an admin's, and a member's.
type roleMay struct{ admin, member bool }

func mayDo(t *testing.T, release, version string, cases map[string]roleMay) {
	t.Helper()
	cases[`{"name": "admin"}, {"name": "member"}`] = roleMay{true, true}
	cases[`{"name": "member"}, {"name": "reader"}`] = roleMay{false, true}
	admin := []core.Operation{core.OpExport, core.OpImport, core.OpReset, core.OpForceDelete, core.OpAllProjects}
	member := []core.Operation{core.OpCreate, core.OpEdit, core.OpDelete, core.OpRestore, core.OpWriteVolume}
	for roles, x := range cases {
		c := newCloud(t)
		var doc map[string]map[string]json.RawMessage
		json.Unmarshal([]byte(c.token), &doc)
		doc["token"]["roles"] = json.RawMessage("[" + roles + "]")
		b, _ := json.Marshal(doc)
		c.token = string(b)
		c.on("GET /limits", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("OpenStack-API-Version", "volume "+version)
			fmt.Fprint(w, `{"limits": {}}`)
		})
		o := Options{}
		if release != "" {
			o.Release, _ = core.ReleaseSetting(release)
		}
		p := c.open(o)
		for _, op := range slices.Concat(admin, member) {
			if why := p.Denied(op); why != "" {
				t.Errorf("%s before the login: %s", op, why)
			}
		}
		if _, err := p.Scope(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, op := range admin {
			if ok := p.Denied(op) == ""; ok != x.admin {
				t.Errorf("%s, %s: %s is allowed: %v", release, roles, op, ok)
			}
		}
		for _, op := range member {
			if ok := p.Denied(op) == ""; ok != x.member {
				t.Errorf("%s, %s: %s is allowed: %v", release, roles, op, ok)
			}
		}
	}
}

// TestReadOnly: a place that is marked so sends nothing that writes.
func TestReadOnly(t *testing.T) {
	c := newCloud(t)
	p := c.direct()
	p.options.ReadOnly = "the config marks it read_only"
	name := "x"
	for what, do := range map[string]func(context.Context) error{
		"create": func(ctx context.Context) error {
			_, err := p.CreateBackup(ctx, core.BackupRequest{Volume: "v"})
			return err
		},
		"edit":   func(ctx context.Context) error { return p.EditBackup(ctx, "b", core.BackupEdit{Name: &name}) },
		"delete": func(ctx context.Context) error { return p.DeleteBackup(ctx, "b", false) },
		"force":  func(ctx context.Context) error { return p.DeleteBackup(ctx, "b", true) },
		"reset":  func(ctx context.Context) error { return p.ResetBackup(ctx, "b", "error") },
		"restore": func(ctx context.Context) error {
			_, err := p.RestoreBackup(ctx, core.RestoreRequest{Backup: "b"})
			return err
		},
		"import": func(ctx context.Context) error {
			_, err := p.Import(ctx, []core.ImportItem{{ID: "b"}}, core.Entry{})
			return err
		},
		"rewrite": func(ctx context.Context) error { _, err := p.Rewrite(ctx, core.Rewrite{Volume: "v"}); return err },
	} {
		if err := do(t.Context()); core.CodeOf(err) != core.CodeReadOnly {
			t.Errorf("%s: %v", what, err)
		}
	}
	want(t, "sent", c.requests(), "[]")
}

// TestTooOld: what a cloud is too old for is said by name, before it is sent.
func TestTooOld(t *testing.T) {
	c := newCloud(t)
	c.on("GET /limits", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("OpenStack-API-Version", "volume 3.8")
		fmt.Fprint(w, body(t, "limits"))
	})
	p := c.direct()
	if _, err := p.Scope(t.Context()); err != nil || p.version() != 8 {
		t.Fatal(err, p.version())
	}
	name := "x"
	err := p.EditBackup(t.Context(), "b", core.BackupEdit{Name: &name})
	wantCode(t, err, core.CodeUnsupported, "renaming needs the API at 3.9, and this cloud's ends at 3.8")
	_, err = p.RestoreBackup(t.Context(), core.RestoreRequest{Backup: "b", Size: 3})
	wantCode(t, err, core.CodeUnsupported, "3.47")
	meta := &pyjson.Object{}
	meta.Set("a", pyjson.OfString("b"))
	_, err = p.CreateBackup(t.Context(), core.BackupRequest{Volume: "v", Metadata: meta})
	wantCode(t, err, core.CodeUnsupported, "3.43")
	want(t, "sent", c.requests(), "[GET /limits]")
}

// TestParents: an administrator finds a parent by asking for children, others get
// a guess that is marked so.
func TestParents(t *testing.T) {
	list := func(rows ...string) http.HandlerFunc {
		return reply200(`{"backups": [` + strings.Join(rows, ",") + `]}`)
	}
	line := func(id, at string, incremental, children bool) string {
		return fmt.Sprintf(`{"id": %q, "status": "available", "volume_id": "v", "size": 1, "name": null, "created_at": %q, `+
			`"data_timestamp": %q, "is_incremental": %v, "has_dependent_backups": %v}`,
			id, at, at, incremental, children)
	}
	full, middle, newest := line("full", "2026-01-01T00:00:00.000000", false, true),
		line("mid", "2026-01-02T00:00:00.000000", true, true), line("new", "2026-01-03T00:00:00.000000", true, false)
	c := newCloud(t)
	c.on("GET /backups/new", reply200(`{"backup": `+newest+`}`))
	c.on("GET /backups/detail", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		switch {
		case q.Get("volume_id") == "v":
			list(newest, middle, full)(w, r)
		case q.Get("parent_id") == "mid":
			list()(w, r)
		case q.Get("parent_id") == "full": // a second chain stands on the full one
			list(newest, middle)(w, r)
		default:
			t.Errorf("asked for %s", r.URL.RawQuery)
		}
	})
	p := c.direct()
	b, err := p.Backup(t.Context(), "new")
	want(t, "admin", say(b.ParentID, b.ParentGuessed, b.Unseen.Has("parent_id"), err), "full false false <nil>")
	n := len(c.requests())
	p.Backup(t.Context(), "new")
	want(t, "asked again", len(c.requests())-n, 1)

	q := c.direct()
	q.session.pass, q.session.provider = pass{Roles: []string{"member"}, Endpoint: q.session.login.override}, nil
	if _, _, err := q.session.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	q.session.pass.Roles = []string{"member"}
	b, err = q.Backup(t.Context(), "new")
	want(t, "member", say(b.ParentID, b.ParentGuessed, err), "mid true <nil>")

	rows, err := c.direct().Lineage(t.Context(), "v")
	want(t, "lineage", say(len(rows), rows[0].ParentID, rows[1].ParentID, rows[2].ParentID, err), "3 full full  <nil>")
	rows, err = q.Lineage(t.Context(), "v")
	want(t, "member's lineage", say(len(rows), rows[0].ParentID, rows[0].ParentGuessed, rows[1].ParentID, rows[2].ParentID == "",
		rows[2].ParentGuessed, err), "3 mid true full true false <nil>")
}

// TestParentsRound: an administrator finds out that a backup stands on itself, or on one
// that stands on it.
func TestParentsRound(t *testing.T) {
	for parent, asked := range map[string]int{"a": 2, "b": 3, "": 3} {
		line := func(id string) string {
			return `{"id": "` + id + `", "status": "available", "volume_id": "v", "size": 1, "created_at": "2026-01-0` +
				map[string]string{"a": "1", "b": "2"}[id] + `T00:00:00.000000", "is_incremental": true, "has_dependent_backups": true}`
		}
		c := newCloud(t)
		c.on("GET /backups/a", reply200(`{"backup": `+line("a")+`}`))
		c.on("GET /backups/detail", reply200(`{"backups": [`+line("a")+`,`+line("b")+`]}`))
		n := 0
		c.on("GET /backups", func(w http.ResponseWriter, r *http.Request) {
			n++
			rows := ""
			if q := r.URL.Query(); q.Get("id") == "a" && q.Get("parent_id") == parent {
				rows = line("a")
			}
			reply200(`{"backups": [`+rows+`]}`)(w, r)
		})
		b, err := c.direct().Backup(t.Context(), "a")
		want(t, "stands on "+parent, say(b.ParentID, b.ParentGuessed, n, err), say(parent, parent == "", asked, nil))
	}
}

// TestEditIsSentOnce: an edit whose answer is lost is not sent again, and its error
// says that it may take effect yet; one that never left says no such thing.
func TestEditIsSentOnce(t *testing.T) {
	name := "x"
	for _, status := range []int{502, 503, 504, 0} {
		c := newCloud(t)
		c.on("GET /limits", reply200(body(t, "limits")))
		c.on("PUT /backups/b", func(w http.ResponseWriter, _ *http.Request) {
			if status == 0 { // the line breaks
				panic(http.ErrAbortHandler)
			}
			w.WriteHeader(status)
		})
		p := c.direct()
		p.session.learn(newest)
		err := p.EditBackup(t.Context(), "b", core.BackupEdit{Name: &name})
		if n := strings.Count(strings.Join(c.requests(), "\n"), "PUT"); n != 1 || !core.MayLand(err) {
			t.Errorf("%d: sent %d times, %v, may land: %v", status, n, err, core.MayLand(err))
		}
	}
	c := newCloud(t)
	p := c.direct()
	p.session.learn(newest)
	c.on("PUT /backups/b", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(400)
		fmt.Fprint(w, `{"badRequest": {"code": 400, "message": "no"}}`)
	})
	if err := p.EditBackup(t.Context(), "b", core.BackupEdit{Name: &name}); core.CodeOf(err) != core.CodeRefused || core.MayLand(err) {
		t.Errorf("refused: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	c.on("PUT /backups/b", func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // so that the server sees the client go
		cancel()
		<-r.Context().Done()
	})
	if err := p.EditBackup(ctx, "b", core.BackupEdit{Name: &name}); core.CodeOf(err) != core.CodeCancelled || !core.MayLand(err) {
		t.Errorf("interrupted: %v", err)
	}
	c.Close()
	if err := p.EditBackup(t.Context(), "b", core.BackupEdit{Name: &name}); err == nil || core.MayLand(err) {
		t.Errorf("nothing listens: %v", err)
	}
}
