package cinder

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hearth/store/cinder/clouds"
)

const shapesDir = "../../testdata/cinder/clouds/"

// shape is one of the ways people write a login (testdata/cinder/clouds/shapes.txt).
type shape struct {
	name    string
	refused string // words of hearth's sentence; "": it gets in
	alone   bool   // hearth gets in, and the client does not
	aside   bool   // what is sent is the same, and Cinder is asked elsewhere
	files   map[string]string
	env     string
}

func readShapes(t *testing.T) []shape {
	t.Helper()
	text, err := os.ReadFile(shapesDir + "shapes.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out []shape
	file := ""
	for line := range strings.Lines(string(text)) {
		word, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		var last *shape
		if len(out) > 0 {
			last = &out[len(out)-1]
		}
		switch {
		case word == "==":
			out, file = append(out, shape{name: rest, files: map[string]string{}}), ""
		case word == "--":
			file = rest
		case last == nil, file == "" && (word == "#" || word == ""):
		case file == "" && word == "!":
			last.refused = rest
		case file == "" && word == "+":
			last.alone = true
		case file == "" && word == "~":
			last.aside = true
		case file == "env" && line == "\n":
		case file == "env":
			last.env += line
		default:
			last.files[file] += line
		}
	}
	return out
}

// recorder is a Keystone, and a Cinder, that write down what they were asked.
type recorder struct {
	*httptest.Server
	mu       sync.Mutex
	sent     []any  // the bodies of the logins; by an identity provider: what came before them, too
	steps    []any  // that were taken at the identity provider and with its token
	endpoint string // where the backups were listed
}

func newRecorder(t *testing.T) *recorder {
	t.Helper()
	r := &recorder{}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	path := strings.TrimRight(req.URL.Path, "/")
	w.Header().Set("Content-Type", "application/json")
	switch {
	case strings.HasPrefix(path, "/idp/"), strings.Contains(path, "/OS-FEDERATION/"):
		r.provides(w, req, path, string(body))
	case req.Method == "POST" && strings.HasSuffix(path, "/auth/tokens"):
		var b any
		json.Unmarshal(body, &b)
		if len(r.steps) > 0 {
			b, r.steps = map[string]any{"body": b, "steps": r.steps}, nil
		}
		r.sent = append(r.sent, b)
		w.Header().Set("X-Subject-Token", "t")
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, r.token())
	case strings.HasSuffix(path, "/backups/detail"):
		r.endpoint = cmp.Or(r.endpoint, strings.TrimSuffix(path, "/backups/detail"))
		fmt.Fprint(w, `{"backups": []}`)
	case strings.HasSuffix(path, "/volumes/detail"):
		fmt.Fprint(w, `{"volumes": []}`)
	default: // which versions there are
		fmt.Fprintf(w, `{"version": {"id": "v3.14", "status": "stable", "links": [{"rel": "self", "href": "%s%s/v3/"}]}}`,
			r.URL, strings.TrimSuffix(path, "/v3"))
	}
}

// provides is the identity provider, and the part of Keystone that takes its tokens.
func (r *recorder) provides(w http.ResponseWriter, req *http.Request, path, body string) {
	form, _ := url.ParseQuery(body)
	step := map[string]any{"request": req.Method + " " + path}
	if by := req.Header.Get("Authorization"); by != "" {
		step["authorization"] = by
	}
	for key, all := range form {
		step["form "+key] = strings.Join(all, "|")
	}
	r.steps = append(r.steps, step)
	switch {
	case strings.HasPrefix(path, "/idp/broken/"): // a page of somebody else's
		fmt.Fprint(w, "<html>")
	case strings.HasPrefix(path, "/idp/elsewhere/"):
		fmt.Fprintf(w, `{"token_endpoint": "http://localhost%s/idp/token"}`, strings.TrimPrefix(r.URL, "http://127.0.0.1"))
	case strings.HasPrefix(path, "/idp/codes/"):
		fmt.Fprintf(w, `{"token_endpoint": "%s/idp/token", "grant_types_supported": ["authorization_code"]}`, r.URL)
	case strings.HasSuffix(path, "/openid-configuration"):
		fmt.Fprintf(w, `{"token_endpoint": "%s/idp/token/", "grant_types_supported": ["password", "client_credentials"]}`, r.URL)
	case strings.HasPrefix(path, "/idp/token"):
		fmt.Fprint(w, `{"access_token": "an.access.token", "id_token": "an.id.token", "token_type": "Bearer", "expires_in": 300}`)
	case !strings.Contains(path, "/v3/OS-FEDERATION/"):
		w.WriteHeader(http.StatusNotFound)
	case strings.Contains(path, "/OS-FEDERATION/"):
		w.Header().Set("X-Subject-Token", "an-unscoped-token")
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{"token": {"methods": ["openid"], "expires_at": "2099-01-01T00:00:00.000000Z",
			"issued_at": "2026-01-01T00:00:00.000000Z",
			"user": {"id": "uid", "name": "alice", "domain": {"id": "Federated", "name": "Federated"}}}}`)
	}
}

const recordedProject = "0123456789abcdef0123456789abcdef"

func (r *recorder) token() string {
	var endpoints []string
	for _, x := range []string{"RegionOne public", "RegionOne internal", "RegionOne admin", "RegionTwo public", "RegionTwo internal"} {
		region, face, _ := strings.Cut(x, " ")
		endpoints = append(endpoints, fmt.Sprintf(`{"id": %q, "interface": %q, "region": %q, "region_id": %q, "url": "%s/%s/%s/v3/%s"}`,
			x, face, region, region, r.URL, region, face, recordedProject))
	}
	return fmt.Sprintf(`{"token": {"methods": ["password"], "expires_at": "2099-01-01T00:00:00.000000Z",
		"issued_at": "2026-01-01T00:00:00.000000Z", "user": {"id": "uid", "name": "alice", "domain": {"id": "default", "name": "Default"}},
		"project": {"id": "%s", "name": "ops", "domain": {"id": "default", "name": "Default"}}, "roles": [{"id": "r", "name": "admin"}],
		"catalog": [{"type": "volumev3", "name": "cinderv3", "endpoints": [%[2]s]},
			{"type": "block-storage", "name": "cinder", "endpoints": [%[2]s]}]}}`,
		recordedProject, strings.Join(endpoints, ", "))
}

// lay writes the shape's files and says which world they make.
func (x shape) lay(t *testing.T, url string) clouds.World {
	t.Helper()
	dir := t.TempDir()
	w := clouds.World{Dir: filepath.Join(dir, "work"), Home: filepath.Join(dir, "home"), Env: map[string]string{"OS_CLOUD": "c"}}
	fill := strings.NewReplacer("@URL@", url, "@HOME@", w.Home)
	for _, dir := range []string{w.Dir, w.Home} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range x.files {
		path := filepath.Join(w.Dir, name)
		if rest, ok := strings.CutPrefix(name, "~/"); ok {
			path = filepath.Join(w.Home, rest)
		}
		err := os.MkdirAll(filepath.Dir(path), 0o700)
		if err == nil {
			err = os.WriteFile(path, []byte(fill.Replace(text)), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for line := range strings.Lines(fill.Replace(x.env)) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		w.Env[name] = value
	}
	return w
}

// login is what hearth does of it: what it sent and where it would list the backups.
func (x shape) login(t *testing.T) (sent any, endpoint string, err error) {
	t.Helper()
	r := newRecorder(t)
	w := x.lay(t, r.URL)
	l, err := loginIn(w, cmp.Or(w.Env["OS_CLOUD"], Environment), "", "")
	if err == nil {
		_, _, err = newSession(l, "", time.Now).open(t.Context())
	}
	if err != nil {
		text := strings.NewReplacer(w.Dir+"/", "", w.Home+"/", "~/").Replace(err.Error())
		if len(r.sent) > 0 {
			text += " (and a login was sent)"
		}
		return nil, "", fmt.Errorf("%s", text)
	}
	p := newPlace(context.Background(), "c", newSession(l, "", time.Now), Options{Now: time.Now})
	defer p.Close()
	if _, err := p.session.do(t.Context(), call{tried: "list", path: "/backups/detail"}); err != nil {
		t.Errorf("%s: %v", x.name, err)
	}
	return r.sent[0], r.endpoint, nil
}

// recorded is what the client did of a shape.
type recorded struct {
	Name     string `json:"name"`
	Sent     any    `json:"sent,omitempty"`
	Endpoint string `json:"endpoint,omitempty"`
	Refused  string `json:"refused,omitempty"` // the last line it said
}

func readRecorded(t *testing.T) map[string]recorded {
	t.Helper()
	file, err := os.Open(shapesDir + "sent.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	out := map[string]recorded{}
	for s := bufio.NewScanner(file); s.Scan(); {
		var r recorded
		if err := json.Unmarshal(s.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		out[r.Name] = r
	}
	return out
}

// TestShapes: hearth sends what the openstack client sends, or names what is wrong and
// sends nothing.
func TestShapes(t *testing.T) {
	shapes, client := readShapes(t), readRecorded(t)
	if len(shapes) < 60 || len(client) != len(shapes) {
		t.Errorf("%d shapes, and %d are recorded", len(shapes), len(client))
	}
	for _, x := range shapes {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			x.compare(t, client[x.name])
		})
	}
}

func (x shape) compare(t *testing.T, client recorded) {
	t.Helper()
	sent, endpoint, err := x.login(t)
	switch {
	case x.refused != "":
		if err == nil || !strings.Contains(err.Error(), x.refused) || strings.Contains(err.Error(), "a login was sent") {
			t.Errorf("hearth says %v, and not %q; it sent %v", err, x.refused, sent)
		}
	case err != nil:
		t.Errorf("hearth does not get in: %v\nthe client sent %v (%s)", err, client.Sent, client.Refused)
	case x.alone && client.Refused == "":
		t.Errorf("the client gets in too")
	case x.alone:
	case !reflect.DeepEqual(sent, client.Sent):
		t.Errorf("hearth sent\n%s\nthe client\n%s %s", oneLine(sent), oneLine(client.Sent), client.Refused)
	case (endpoint == client.Endpoint) == x.aside:
		t.Errorf("hearth asks %s, the client %s", endpoint, client.Endpoint)
	}
}

func oneLine(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

// TestRealOpenstack runs the openstack client over the shapes and holds hearth, and
// the table that [TestShapes] goes by, to it. -update writes the table anew.
func TestRealOpenstack(t *testing.T) {
	python := os.Getenv("HEARTH_TEST_OPENSTACK")
	if python == "" {
		t.Skip("HEARTH_TEST_OPENSTACK names no Python that has the openstack client, such as Debian's /usr/bin/python3")
	}
	client := startClient(t, python)
	shapes, table := readShapes(t), readRecorded(t)
	var now bytes.Buffer
	for _, x := range shapes {
		t.Run(x.name, func(t *testing.T) {
			r := client.does(t, x)
			x.compare(t, r)
			if was := table[x.name]; !*update && (!reflect.DeepEqual(was.Sent, r.Sent) || was.Endpoint != r.Endpoint) {
				t.Errorf("the table says otherwise: %s %s", oneLine(was.Sent), was.Endpoint)
			}
			e := json.NewEncoder(&now)
			e.SetEscapeHTML(false)
			e.Encode(r)
		})
	}
	if *update {
		if err := os.WriteFile(shapesDir+"sent.jsonl", now.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// client is the openstack client, loaded once.
type client struct {
	in  *json.Encoder
	out *json.Decoder
}

func startClient(t *testing.T, python string) client {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), python, "-W", "ignore", shapesDir+"client.py")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	cmd.Stderr = os.Stderr
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); cmd.Wait() })
	return client{json.NewEncoder(in), json.NewDecoder(out)}
}

// does is what the client does of a shape.
func (c client) does(t *testing.T, x shape) recorded {
	t.Helper()
	r := newRecorder(t)
	w := x.lay(t, r.URL)
	env := map[string]string{"HOME": w.Home}
	maps.Copy(env, w.Env)
	code, said := c.runs(t, w.Dir, env)
	rec := recorded{Name: x.name}
	if len(r.sent) > 0 {
		rec.Sent, rec.Endpoint = r.sent[0], r.endpoint
	}
	if code != 0 {
		rec.Refused = strings.NewReplacer(w.Dir+"/", "", w.Home+"/", "~/", r.URL, "@URL@").Replace(said)
	}
	if slices.ContainsFunc(r.sent, func(b any) bool { return !reflect.DeepEqual(b, rec.Sent) }) {
		t.Errorf("the client logged in %d times, not the same each time", len(r.sent))
	}
	return rec
}

// runs has the client list the backups from a folder with some variables, and returns how
// it ended and the last line it said.
func (c client) runs(t *testing.T, dir string, env map[string]string) (code int, said string) {
	t.Helper()
	all := map[string]string{"PATH": os.Getenv("PATH"), "LANG": "C.UTF-8", "NO_PROXY": "*"}
	maps.Copy(all, env)
	var answer struct {
		Code int
		Said string
	}
	err := c.in.Encode(map[string]any{"dir": dir, "env": all, "args": []string{"volume", "backup", "list", "-f", "value", "-c", "ID"}})
	if err == nil {
		err = c.out.Decode(&answer)
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(answer.Said), "\n")
	return answer.Code, lines[len(lines)-1]
}

func writeFile(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
