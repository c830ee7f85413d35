package storetest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
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
	// Projects are the names, by id, of projects that the login has a role in besides its
	// own. They have the same volume and backup.
	Projects map[string]string

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

// Made is how many volumes and backups were ever made.
func (a *API) Made() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.n
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
	rest, ok := strings.CutPrefix(r.URL.Path, "/volume/v3/")
	project, _, _ := strings.Cut(rest, "/")
	path := rest[len(project):]
	if !ok || project != apiProject && a.Projects[project] == "" {
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
	a.asked = append(a.asked, strings.TrimSpace(r.Method+" "+path+" "+actionOf(path, body)+a.by(project)))
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

// by says in which project something was asked for; "" for the login's own.
func (a *API) by(project string) string {
	if project == apiProject {
		return ""
	}
	return " in " + a.Projects[project]
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
		projects := []any{}
		for _, id := range slices.Sorted(maps.Keys(a.Projects)) {
			projects = append(projects, map[string]any{"id": id, "name": a.Projects[id], "domain_id": "default"})
		}
		if len(projects) > 0 {
			projects = append(projects, map[string]any{"id": apiProject, "name": "ops", "domain_id": "default"})
		}
		json.NewEncoder(w).Encode(map[string]any{"version": version, "projects": projects})
		return
	}
	var asked struct {
		Auth struct {
			Scope struct{ Project struct{ ID string } }
		}
	}
	json.NewDecoder(r.Body).Decode(&asked)
	project, name := apiProject, "ops"
	if id := asked.Auth.Scope.Project.ID; a.Projects[id] != "" {
		project, name = id, a.Projects[id]
	}
	domain := map[string]any{"id": "default", "name": "Default"}
	token := map[string]any{"methods": []string{"password"}, "expires_at": "2099-01-01T00:00:00.000000Z",
		"issued_at": "2026-11-28T00:00:00.000000Z", "audit_ids": []string{"x"},
		"user":    map[string]any{"id": "u", "name": "admin", "domain": domain},
		"project": map[string]any{"id": project, "name": name, "domain": domain},
		"roles":   []any{map[string]any{"id": "r", "name": "admin"}},
		"catalog": []any{map[string]any{"type": "block-storage", "name": "cinder", "endpoints": []any{map[string]any{"id": "e",
			"interface": "public", "region": "RegionOne", "region_id": "RegionOne", "url": a.URL + "/volume/v3/" + project}}}}}
	w.Header().Set("X-Subject-Token", APIToken)
	w.WriteHeader(http.StatusCreated)
	json.NewEncoder(w).Encode(map[string]any{"token": token})
}
