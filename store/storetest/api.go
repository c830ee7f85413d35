package storetest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// API is a small Keystone and Block Storage API on loopback, for what has to be seen
// on the wire: it takes writes as Cinder does, and answers them as it is told to. It
// has one volume and one backup of it.
type API struct {
	*httptest.Server
	// Witness is another host: whatever comes there was led astray.
	Witness *httptest.Server
	// Clock is when things are made; those that are there at first are a day older.
	Clock time.Time
	// Driver is the class that made the backup, which the API tells only as a filter;
	// "": it is not to be found out.
	Driver string

	mu      sync.Mutex
	volumes map[string]map[string]any
	backups map[string]map[string]any
	n       int // of things made, for their ids
	asked   []string
	strayed []string
	answer  Answer
	takes   bool
	allowed int // writes that are still done, until all others are refused; below 0: all
}

// Answer is a way in which writes are answered.
type Answer string

// The answers. All but AsCinder are those of proxies, portals and broken lines.
const (
	AsCinder Answer = ""
	Page     Answer = "200 with a page"
	NoBody   Answer = "204"
	Empty    Answer = "200, empty"
	Cut      Answer = "cut"
	Half     Answer = "cut in the middle"
	Late     Answer = "late"
)

// Odd are all answers that do not say whether a write was done.
func Odd() []Answer {
	out := []Answer{Page, NoBody, Empty, Cut, Half, Late}
	for _, status := range []string{"301", "302", "303", "307", "308"} {
		out = append(out, Answer(status))
	}
	return out
}

// Leads reports whether an answer is a redirect.
func (a Answer) Leads() bool { return strings.HasPrefix(string(a), "30") }

// MayBeDone reports whether what is answered so may have been done: a redirect says that
// it was not carried out there, all but 303 (RFC 9110, 15.4).
func (a Answer) MayBeDone() bool { return !a.Leads() || a == "303" }

// Anonymous stands among the writes for one that came without a token.
const Anonymous = "without a token"

// Of the API's things.
const (
	APIVolume  = "aaaaaaaa-0000-4000-8000-000000000001"
	APIBackup  = "bbbbbbbb-0000-4000-8000-000000000001"
	apiProject = "0123456789abcdef0123456789abcdef"
)

// APIToken and APIPassword are what no other host is to see.
const (
	APIToken    = "gAAAA-the-token"
	APIPassword = "the-password"
)

// NewAPI starts one.
func NewAPI(t *testing.T) *API {
	t.Helper()
	a := &API{Clock: Now}
	a.Reset()
	a.Server = httptest.NewServer(a)
	a.Witness = httptest.NewServer(http.HandlerFunc(a.witnessed))
	t.Cleanup(func() {
		a.CloseClientConnections()
		a.Close()
		a.Witness.Close()
	})
	return a
}

// witnessed notes what was led astray.
func (a *API) witnessed(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.strayed = append(a.strayed, r.Method+" "+r.URL.Path+" token "+r.Header.Get("X-Auth-Token")+" "+string(body))
	fmt.Fprint(w, "{}")
}

// Clouds writes a clouds.yaml that names APIs, for the time of a test, which cannot be
// one that runs in parallel; those in it can.
func Clouds(t *testing.T, apis map[string]*API) {
	t.Helper()
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "OS_") {
			t.Setenv(name, "")
		}
	}
	text := "clouds:\n"
	for name, a := range apis {
		text += fmt.Sprintf("  %s:\n    auth: {auth_url: %q, username: admin, password: %s, project_name: ops,\n"+
			"      user_domain_id: default, project_domain_id: default}\n    region_name: RegionOne\n", name, a.URL+"/identity/v3", APIPassword)
	}
	file := filepath.Join(t.TempDir(), "clouds.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("OS_CLIENT_CONFIG_FILE", file)
}

// Reset takes it back to what it has at first, answering as Cinder does.
func (a *API) Reset() {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.Clock
	a.Clock = now.AddDate(0, 0, -1)
	a.volumes = map[string]map[string]any{APIVolume: a.volume(APIVolume, "db", map[string]any{"a": "1"})}
	a.backups = map[string]map[string]any{APIBackup: a.backup(APIBackup, "nightly", APIVolume)}
	a.Clock, a.answer, a.takes, a.allowed, a.asked, a.strayed = now, AsCinder, true, -1, nil, nil
}

func (a *API) volume(id, name string, metadata map[string]any) map[string]any {
	return map[string]any{"id": id, "name": name, "description": nil, "status": "available", "size": 1,
		"bootable": "false", "encrypted": false,
		"metadata": metadata, "volume_image_metadata": map[string]any{}, "attachments": []any{}, "availability_zone": "nova",
		"volume_type": "lvm", "volume_type_id": "t", "multiattach": false, "user_id": "u", "os-vol-tenant-attr:tenant_id": apiProject,
		"created_at": a.now(), "updated_at": a.now(), "consumes_quota": true}
}

func (a *API) backup(id, name, volume string) map[string]any {
	return map[string]any{"id": id, "name": name, "description": nil, "status": "available", "size": 1, "object_count": 1, "volume_id": volume,
		"container": "c", "availability_zone": "nova", "is_incremental": false, "has_dependent_backups": false, "fail_reason": nil,
		"snapshot_id": nil, "data_timestamp": a.now(), "created_at": a.now(), "updated_at": a.now(), "metadata": map[string]any{},
		"os-backup-project-attr:project_id": apiProject, "user_id": "u", "encryption_key_id": nil}
}

func (a *API) now() string { return a.Clock.UTC().Format("2006-01-02T15:04:05.000000") }

// Answering has every write from now on answered so, and take effect or not, where the
// answer does not say.
func (a *API) Answering(as Answer, takes bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answer, a.takes, a.allowed, a.asked, a.strayed = as, takes, -1, nil, nil
}

// Allowing has the next writes done, and those that follow them refused, as by a
// volume that has become busy: work of more calls ends half-way.
func (a *API) Allowing(writes int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.allowed = writes
}

// Writes are the writes that came since, in order, and Strayed what came to the other
// host.
func (a *API) Writes() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.asked)
}

// Strayed is what came to the other host since.
func (a *API) Strayed() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.strayed)
}

// State is all that the API has, to be compared.
func (a *API) State() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	text, _ := json.Marshal([]any{a.volumes, a.backups})
	return string(text)
}

func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/identity") {
		a.keystone(w, r)
		return
	}
	path, ok := strings.CutPrefix(r.URL.Path, "/volume/v3/"+apiProject)
	if !ok {
		a.say(w, 404, nil)
		return
	}
	if r.Method == http.MethodGet {
		a.mu.Lock()
		status, body := a.read(path, r)
		text := encoded(body)
		a.mu.Unlock()
		a.say(w, status, text)
		return
	}
	body, _ := io.ReadAll(r.Body)
	a.mu.Lock()
	as := a.answer
	a.asked = append(a.asked, strings.TrimSpace(r.Method+" "+path+" "+actionOf(path, body)))
	if r.Header.Get("X-Auth-Token") != APIToken {
		a.asked = append(a.asked, Anonymous)
	}
	status, answer := 202, []byte(nil)
	switch {
	case a.allowed == 0:
		status, answer, as = 400, []byte(`{"badRequest": {"code": 400, "message": "Invalid volume: it is busy."}}`), AsCinder
	case as == AsCinder || a.takes:
		var doc any
		status, doc = a.write(r.Method, path, body)
		answer = encoded(doc)
	}
	a.allowed = max(a.allowed-1, min(a.allowed, 0))
	a.mu.Unlock()
	a.answered(w, r, as, status, answer)
}

// encoded is a body as JSON; nil for none.
func encoded(body any) []byte {
	if body == nil {
		return nil
	}
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // the API made it
	}
	return text
}

// actionOf is which action a POST asks for, and of which key.
func actionOf(path string, body []byte) string {
	if !strings.HasSuffix(path, "/action") {
		return ""
	}
	return string(body)
}

// say answers as Cinder does; a nil body is none.
func (a *API) say(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h.Set("X-Openstack-Request-Id", "req-1")
	h.Set("OpenStack-API-Version", "volume 3.70")
	h.Set("Content-Type", "application/json")
	if status == 404 && body == nil {
		body = []byte(`{"itemNotFound": {"code": 404, "message": "It could not be found."}}`)
	}
	if body == nil {
		h.Set("Content-Length", "0")
		w.WriteHeader(status)
		return
	}
	w.WriteHeader(status)
	w.Write(body)
}

// answered answers a write as it was told to.
func (a *API) answered(w http.ResponseWriter, r *http.Request, as Answer, status int, body []byte) {
	switch as {
	case AsCinder:
		a.say(w, status, body)
	case Page:
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, "<html><head><title>Welcome</title></head><body>Log in</body></html>")
	case NoBody:
		w.WriteHeader(http.StatusNoContent)
	case Empty:
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(http.StatusOK)
	case Cut, Half:
		conn, buf, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		if as == Half {
			buf.WriteString("HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"backup\": {\"id\": \"")
			buf.Flush()
		}
		conn.Close()
	case Late:
		select {
		case <-r.Context().Done():
		case <-time.After(5 * time.Second):
		}
	default:
		var code int
		fmt.Sscan(string(as), &code)
		w.Header().Set("Location", a.Witness.URL+r.URL.Path)
		w.WriteHeader(code)
	}
}

func (a *API) keystone(w http.ResponseWriter, r *http.Request) {
	version := map[string]any{"id": "v3.14", "status": "stable",
		"links": []any{map[string]any{"rel": "self", "href": a.URL + "/identity/v3/"}}}
	w.Header().Set("X-Openstack-Request-Id", "req-k")
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Path != "/identity/v3/auth/tokens" {
		body := map[string]any{"version": version, "projects": []any{}}
		json.NewEncoder(w).Encode(body)
		return
	}
	domain := map[string]any{"id": "default", "name": "Default"}
	token := map[string]any{"methods": []string{"password"}, "expires_at": "2099-01-01T00:00:00.000000Z",
		"issued_at": "2026-11-28T00:00:00.000000Z", "audit_ids": []string{"x"},
		"user":    map[string]any{"id": "u", "name": "admin", "domain": domain},
		"project": map[string]any{"id": apiProject, "name": "ops", "domain": domain},
		"roles":   []any{map[string]any{"id": "r", "name": "admin"}},
		"catalog": []any{map[string]any{"type": "block-storage", "name": "cinder", "endpoints": []any{map[string]any{"id": "e",
			"interface": "public", "region": "RegionOne", "region_id": "RegionOne", "url": a.URL + "/volume/v3/" + apiProject}}}}}
	w.Header().Set("X-Subject-Token", APIToken)
	w.WriteHeader(http.StatusCreated)
	json.NewEncoder(w).Encode(map[string]any{"token": token})
}

// read answers what reads. The API is locked.
func (a *API) read(path string, r *http.Request) (int, any) {
	one := func(of map[string]map[string]any, kind, id string) (int, any) {
		row, ok := of[id]
		if !ok {
			return 404, nil
		}
		if left, ok := row["reads"].(int); ok && kind == "volume" { // a restore that goes on for some reads
			switch row["reads"] = left - 1; left {
			case 1:
				restored(row) // before its status says so: metadata is read beside the volume
			case 0:
				row["status"] = "available"
				delete(row, "reads")
			}
		}
		return 200, map[string]any{kind: row}
	}
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case path == "/limits":
		return 200, map[string]any{"limits": map[string]any{"rate": []any{}, "absolute": map[string]any{}}}
	case path == "/types":
		return 200, map[string]any{"volume_types": []any{map[string]any{"id": "t", "name": "lvm"}}}
	case path == "/types/default":
		return 200, map[string]any{"volume_type": map[string]any{"id": "t", "name": "lvm"}}
	case path == "/os-availability-zone":
		zone := map[string]any{"zoneName": "nova", "zoneState": map[string]any{"available": true}}
		return 200, map[string]any{"availabilityZoneInfo": []any{zone}}
	case path == "/messages":
		return 200, map[string]any{"messages": []any{}}
	case path == "/os-services":
		return 200, map[string]any{"services": []any{map[string]any{"binary": "cinder-backup", "host": "h", "zone": "nova", "status": "enabled",
			"state": "up"}}}
	case parts[0] == "backups" && (len(parts) == 1 || parts[1] == "detail"):
		return 200, map[string]any{"backups": fitting(a.backups, r, a.Driver), "count": len(a.backups)}
	case parts[0] == "volumes" && (len(parts) == 1 || parts[1] == "detail"):
		return 200, map[string]any{"volumes": fitting(a.volumes, r, ""), "count": len(a.volumes)}
	case parts[0] == "backups" && len(parts) == 2:
		return one(a.backups, "backup", parts[1])
	case parts[0] == "volumes" && len(parts) == 2:
		return one(a.volumes, "volume", parts[1])
	case parts[0] == "volumes" && len(parts) == 3 && parts[2] == "metadata" && a.volumes[parts[1]] != nil:
		return 200, map[string]any{"metadata": a.volumes[parts[1]]["metadata"]}
	case parts[0] == "types":
		return 200, map[string]any{}
	}
	return 404, nil
}

// restored is what a restore makes of a volume: one that looks made for it gets what
// was captured.
func restored(v map[string]any) {
	v["restored"] = true
	if strings.HasPrefix(text(v["name"]), "restore_backup_") {
		metadata := v["metadata"].(map[string]any)
		v["name"], v["description"], metadata["a"], metadata["src_backup_id"] = "db", nil, "1", APIBackup
	}
}

// fitting are the rows that a query's filters let pass, the newest first.
func fitting(of map[string]map[string]any, r *http.Request, driver string) []any {
	var ids []string
	for id := range of {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	slices.Reverse(ids)
	out := []any{}
	for _, id := range ids {
		fits := true
		for key, values := range r.URL.Query() {
			switch key {
			case "limit", "marker", "offset", "all_tenants", "with_count", "sort":
			case "service":
				fits = fits && values[0] == driver
			default:
				text, _ := of[id][key].(string)
				fits = fits && text == values[0]
			}
		}
		if fits {
			out = append(out, of[id])
		}
	}
	return out
}

// write does what a write asks for, and answers as Cinder does. The API is locked.
func (a *API) write(method, path string, text []byte) (int, any) {
	var body map[string]map[string]any
	json.Unmarshal(text, &body)
	parts := strings.Split(strings.Trim(path, "/"), "/")
	last := parts[len(parts)-1]
	if parts[0] == "backups" {
		return a.writeBackup(method, parts, last, body)
	}
	if path == "/volumes" {
		v := a.add(a.volumes, a.volume("", fmt.Sprint(body["volume"]["name"]), map[string]any{}), "cccccccc")
		if _, ok := body["volume"]["backup_id"]; ok {
			v["name"] = "restore_backup_" + APIBackup
			restored(v)
		}
		return 202, map[string]any{"volume": v}
	}
	if len(parts) < 2 || a.volumes[parts[1]] == nil {
		return 404, nil
	}
	return a.writeVolume(method, parts, last, body)
}

func (a *API) add(to map[string]map[string]any, row map[string]any, begins string) map[string]any {
	a.n++
	id := fmt.Sprintf("%s-0000-4000-8000-%012d", begins, a.n)
	row["id"], to[id] = id, row
	return row
}

func (a *API) writeBackup(method string, parts []string, last string, body map[string]map[string]any) (int, any) {
	switch {
	case len(parts) == 1:
		b := a.add(a.backups, a.backup("", text(body["backup"]["name"]), text(body["backup"]["volume_id"])), "dddddddd")
		return 202, map[string]any{"backup": map[string]any{"id": b["id"], "name": b["name"]}}
	case last == "import_record":
		doc, _ := base64.StdEncoding.DecodeString(text(body["backup-record"]["backup_url"]))
		var row map[string]any
		json.Unmarshal(doc, &row)
		b := a.backup(text(row["id"]), text(row["display_name"]), text(row["volume_id"]))
		a.backups[text(row["id"])] = b
		return 201, map[string]any{"backup": map[string]any{"id": b["id"], "name": b["name"]}}
	}
	b := a.backups[parts[1]]
	switch {
	case b == nil:
		return 404, nil
	case method == http.MethodDelete:
		delete(a.backups, parts[1])
		return 202, nil
	case method == http.MethodPut:
		for k, v := range body["backup"] {
			b[k] = v
		}
		return 200, map[string]any{"backup": b}
	case last == "restore":
		id, ok := body["restore"]["volume_id"].(string)
		if !ok {
			name := text(body["restore"]["name"])
			if name == "" {
				name = "restore_backup_" + parts[1]
			}
			v := a.add(a.volumes, a.volume("", name, map[string]any{"src_backup_id": parts[1]}), "cccccccc")
			id = text(v["id"])
		}
		a.volumes[id]["status"], a.volumes[id]["reads"] = "restoring-backup", 2
		return 202, map[string]any{"restore": map[string]any{"backup_id": parts[1], "volume_id": id, "volume_name": a.volumes[id]["name"]}}
	case body["os-force_delete"] != nil:
		delete(a.backups, parts[1])
		return 202, nil
	case body["os-reset_status"] != nil:
		b["status"] = body["os-reset_status"]["status"]
		return 202, nil
	}
	return 400, nil
}

func (a *API) writeVolume(method string, parts []string, last string, body map[string]map[string]any) (int, any) {
	v := a.volumes[parts[1]]
	metadata, image := v["metadata"].(map[string]any), v["volume_image_metadata"].(map[string]any)
	switch {
	case method == http.MethodDelete && len(parts) == 2:
		delete(a.volumes, parts[1])
		return 202, nil
	case method == http.MethodDelete:
		delete(metadata, last)
		return 200, nil
	case last == "metadata":
		if method == http.MethodPut {
			v["metadata"] = body["metadata"]
		} else {
			for k, x := range body["metadata"] {
				metadata[k] = x
			}
		}
		return 200, map[string]any{"metadata": v["metadata"]}
	case method == http.MethodPut:
		for k, x := range body["volume"] {
			v[k] = x
		}
		return 200, map[string]any{"volume": v}
	case body["os-set_image_metadata"] != nil:
		set, _ := body["os-set_image_metadata"]["metadata"].(map[string]any)
		for k, x := range set {
			image[k] = x
		}
		return 200, map[string]any{"metadata": image}
	case body["os-unset_image_metadata"] != nil:
		delete(image, text(body["os-unset_image_metadata"]["key"]))
		return 200, nil
	case body["os-set_bootable"] != nil:
		v["bootable"] = fmt.Sprint(body["os-set_bootable"]["bootable"])
		return 200, nil
	}
	return 400, nil
}

func text(v any) string {
	s, _ := v.(string)
	return s
}
