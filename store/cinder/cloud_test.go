package cinder

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"hearth/core"
)

var update = flag.Bool("update", false, "write the golden sentences anew")

// body reads what a real Cinder or Keystone sent.
func body(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "testdata", "cinder", "api", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// cloud is a server that answers as a test wants it to, with a Keystone beside it
// whose reply is a real one.
type cloud struct {
	*httptest.Server
	t     testing.TB
	token string // the reply of Keystone, with the endpoint put in

	mu     sync.Mutex
	answer map[string]http.HandlerFunc // "GET /backups/detail"
	asked  []string
	logins int
}

func newCloud(t testing.TB) *cloud {
	t.Helper()
	c := &cloud{t: t, answer: map[string]http.HandlerFunc{}, token: body(t, "token")}
	c.Server = httptest.NewServer(http.HandlerFunc(c.serve))
	t.Cleanup(c.Close)
	c.on("GET /limits", reply200(body(t, "limits")))
	return c
}

func reply200(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("OpenStack-API-Version", "volume 3.70")
		fmt.Fprint(w, text)
	}
}

// took answers a write as Cinder does: the status, its request id, and a body or none.
func took(status int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Openstack-Request-Id", "req-1")
		w.WriteHeader(status)
		fmt.Fprint(w, text)
	}
}

func (c *cloud) on(what string, h http.HandlerFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer[what] = h
}

func (c *cloud) serve(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	if path == "/identity/v3/auth/tokens" {
		c.mu.Lock()
		c.logins++
		n := c.logins
		c.mu.Unlock()
		w.Header().Set("X-Subject-Token", fmt.Sprint("token-", n))
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, strings.NewReplacer("http://127.0.0.1:18776", c.URL+"/volume").Replace(c.token))
		return
	}
	_, path, _ = strings.Cut(path, "/volume/v3/")
	_, path, _ = strings.Cut(path, "/")
	key := r.Method + " /" + path
	c.mu.Lock()
	c.asked = append(c.asked, key+strings.TrimSuffix("?"+r.URL.RawQuery, "?"))
	h := c.answer[key]
	c.mu.Unlock()
	if h == nil {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprintf(w, `{"itemNotFound": {"code": 404, "message": "%s"}}`, key)
		return
	}
	h(w, r)
}

// requests are those that the service got, in order.
func (c *cloud) requests() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.asked...)
}

// open makes a place of the cloud by a clouds.yaml.
func (c *cloud) open(o Options) *Place {
	c.t.Helper()
	writeClouds(c.t, fmt.Sprintf(`clouds:
  test:
    auth: {auth_url: "%s/identity/v3", username: admin, password: secret,
      project_name: admin, user_domain_id: default, project_domain_id: default}
    region_name: RegionOne
`, c.URL))
	p, err := Open(context.Background(), "test", o)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { p.Close() })
	return p
}

// writeClouds writes a clouds.yaml that this test finds, and no other.
func writeClouds(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "clouds.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "OS_") {
			setenv(t, name, "")
		}
	}
	setenv(t, "OS_CLIENT_CONFIG_FILE", path)
	return path
}

func setenv(t testing.TB, name, value string) {
	t.(interface{ Setenv(string, string) }).Setenv(name, value)
}

func wantCode(t *testing.T, err error, code core.Code, part string) {
	t.Helper()
	if core.CodeOf(err) != code || err != nil && !strings.Contains(err.Error(), part) {
		t.Errorf("the error is %q (%s), want %s with %q", err, core.CodeOf(err), code, part)
	}
}

// TestFaults makes a sentence of everything that a real Cinder refused: the file
// beside the bodies holds what is said.
func TestFaults(t *testing.T) {
	lines, err := os.ReadFile("../../testdata/cinder/api/faults.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, line := range strings.Split(strings.TrimSpace(string(lines)), "\n") {
		var f struct {
			Name, Method string
			Status       int
			Header       map[string]string
			Body         string
		}
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatal(err)
		}
		c := newCloud(t)
		c.on(f.Method+" /x", func(w http.ResponseWriter, _ *http.Request) {
			for k, v := range f.Header {
				w.Header().Set(k, v)
			}
			w.WriteHeader(f.Status)
			fmt.Fprint(w, f.Body)
		})
		err := c.open(Options{}).session.ask(t.Context(), call{tried: "do it", method: f.Method, path: "/x", done: &tookAction}, nil)
		text := err.Error()
		fmt.Fprintf(&out, "%-32s %d %-11s %s\n", f.Name, f.Status, core.CodeOf(err), text)
		if len(text) > 500 || strings.ContainsAny(text, "\n\x1b") {
			t.Errorf("%s: %q is no sentence", f.Name, text)
		}
		if n := len(c.requests()); n != 1 {
			t.Errorf("%s was asked %d times", f.Name, n)
		}
	}
	golden(t, "../../testdata/cinder/api/sentences.txt", out.String())
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || string(want) != got {
		t.Errorf("%s differs (-update writes it anew); now it is\n%s", path, got)
	}
}

func TestLoginIsKept(t *testing.T) {
	c := newCloud(t)
	dir := t.TempDir()
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	o := Options{CacheDir: dir, Now: func() time.Time { return now }}
	if _, err := c.open(o).Scope(t.Context()); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "token-*.json"))
	if len(files) != 1 {
		t.Fatalf("kept: %v", files)
	}
	if info, _ := os.Stat(files[0]); info.Mode().Perm() != 0o600 {
		t.Errorf("the token lies there with mode %v", info.Mode())
	}
	if _, err := c.open(o).Scope(t.Context()); err != nil || c.logins != 1 {
		t.Errorf("%v, %d logins: the kept token is not used", err, c.logins)
	}
	if p := c.open(o); p.version() != 0 {
		t.Error("the version is known before anything is read")
	} else if p.Scope(t.Context()); p.version() != 70 {
		t.Errorf("the version is %v", p.version())
	}
	now = now.AddDate(1, 0, 0) // it has ended
	if _, err := c.open(o).Scope(t.Context()); err != nil || c.logins != 2 {
		t.Errorf("%v, %d logins", err, c.logins)
	}
	os.Chmod(files[0], 0o644) // others could have written it
	now = now.AddDate(-1, 0, 0)
	if _, err := c.open(o).Scope(t.Context()); err != nil || c.logins != 3 {
		t.Errorf("%v, %d logins: a token that others can read is used", err, c.logins)
	}
}

// TestTokenEnds: a token that the cloud does not take any more is renewed once, in
// the middle of work, and a kept one is dropped.
func TestTokenEnds(t *testing.T) {
	c := newCloud(t)
	c.on("GET /types", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Auth-Token") == "token-1" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		reply200(`{"volume_types": [{"id": "a", "name": "fast"}]}`)(w, r)
	})
	c.on("GET /types/default", reply200(`{"volume_type": {"id": "a"}}`))
	p := c.open(Options{CacheDir: t.TempDir()})
	types, err := p.VolumeTypes(t.Context())
	if err != nil || len(types) != 1 || !types[0].Default || c.logins != 2 {
		t.Errorf("%v, %v, %d logins", types, err, c.logins)
	}
	always := newCloud(t)
	always.on("GET /types", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	_, err = always.open(Options{}).VolumeTypes(t.Context())
	wantCode(t, err, core.CodeDenied, "does not accept the login")
	if always.logins != 2 {
		t.Errorf("%d logins", always.logins)
	}
}

// TestRepeats: what is safe is asked again, what may have worked is not.
func TestRepeats(t *testing.T) {
	for _, x := range []struct {
		name   string
		method string
		status int
		header string // Retry-After
		body   string
		want   int // requests
	}{
		{"a proxy between", "GET", 502, "", "", 2},
		{"too busy", "GET", 503, "0", "", 2},
		{"asked too often", "POST", 429, "0", "", 2},
		{"a POST through a proxy", "POST", 504, "", "", 1},
		{"a POST that fails", "POST", 500, "", "", 1},
		{"a PUT through a proxy", "PUT", 502, "", "", 1}, // whether it was done is read, and not asked for twice
		{"a DELETE through a proxy", "DELETE", 502, "", "", 1},
		{"a quota", "POST", 413, "0", "", 1},
		{"refused", "GET", 400, "", "", 1},
		{"not there", "GET", 404, "", "", 1},
		{"too long a wait", "GET", 429, "3600", "", 1},
		{"Cinder says that a service is down", "GET", 503, "",
			`{"serviceUnavailable": {"code": 503, "message": "Service x could not be found."}}`, 1},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t)
			failed := false
			c.on(x.method+" /x", func(w http.ResponseWriter, r *http.Request) {
				if failed {
					reply200(`{"ok": {}}`)(w, r)
					return
				}
				failed = true
				if x.header != "" {
					w.Header().Set("Retry-After", x.header)
				}
				w.WriteHeader(x.status)
				fmt.Fprint(w, x.body)
			})
			_, err := c.direct().session.do(t.Context(), call{tried: "do it", method: x.method, path: "/x", done: &done{status: 200, key: "ok"}})
			if got := len(c.requests()); got != x.want || (err == nil) != (x.want > 1) {
				t.Errorf("asked %d times, %v", got, err)
			}
		})
	}
}

// direct is a place without a Keystone, for tests in parallel: they cannot set the
// environment.
func (c *cloud) direct() *Place {
	l := login{cloud: "test", direct: true, token: "admin:p", override: c.URL + "/volume/v3/p"}
	s := newSession(l, "", time.Now)
	s.firstWait, s.lookWait = firstWait/30, lookWait/30
	p := newPlace(context.Background(), "test", s, Options{Now: time.Now})
	c.t.Cleanup(func() { p.Close() })
	return p
}

func TestNothingListens(t *testing.T) {
	c := newCloud(t)
	p := c.direct()
	c.Close()
	_, err := p.session.do(t.Context(), call{tried: "read it", path: "/x"})
	wantCode(t, err, core.CodeUnavailable, "nothing listens at 127.0.0.1")
}

// TestCancelled: a call that is given up comes back at once.
func TestCancelled(t *testing.T) {
	c := newCloud(t)
	p := c.direct()
	hold := make(chan bool)
	defer close(hold)
	ctx, cancel := context.WithCancel(t.Context())
	c.on("GET /x", func(http.ResponseWriter, *http.Request) {
		cancel()
		<-hold
	})
	begin := time.Now()
	_, err := p.session.do(ctx, call{tried: "read it", path: "/x"})
	wantCode(t, err, core.CodeCancelled, "it was cancelled")
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}
