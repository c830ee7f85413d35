package store

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"hearth/core"
	"hearth/store/repository"
)

// What is planted as the secrets of the clients, and shows that it was sent on.
const (
	plantedPassword = "Pl4nted/Password+0"
	plantedToken    = "gAAAAplantedTokenOfKeystone"
	plantedSession  = "plantedSessionTokenOfS3"
	plantedSwift    = "AUTH_tkplantedOfSwift"
)

var planted = []string{plantedPassword, plantedToken, plantedSession, plantedSwift}

// witness is another host: it keeps what arrives there.
type witness struct {
	*httptest.Server
	mu   sync.Mutex
	came []string
}

func newWitness(t *testing.T) *witness {
	w := &witness{}
	w.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.came = append(w.came, fmt.Sprint(r.Method, " ", r.URL, " ", r.Header, " ", string(body)))
	}))
	t.Cleanup(w.Close)
	return w
}

// saw is what arrived that no other host is to see: a secret, or an S3 signature.
func (w *witness) saw() (out []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, came := range w.came {
		for _, secret := range append(planted, "Signature=") {
			if strings.Contains(came, secret) {
				out = append(out, came)
			}
		}
	}
	return out
}

// service plays Keystone, Cinder, Swift with its own login, and S3 at once, as far as a
// client gets before it is led away. lead answers instead where it returns true.
func service(t *testing.T, secure bool, lead func(http.ResponseWriter, *http.Request) bool) *httptest.Server {
	var url string
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if lead(w, r) {
			return
		}
		w.Header().Set("X-Openstack-Request-Id", "req-1")
		w.Header().Set("OpenStack-API-Version", "volume 3.70")
		switch {
		case strings.HasSuffix(r.URL.Path, "/v3/auth/tokens"):
			w.Header().Set("X-Subject-Token", plantedToken)
			w.WriteHeader(http.StatusCreated)
			at := func(kind, path string) map[string]any {
				return map[string]any{"type": kind, "endpoints": []any{map[string]any{"interface": "public", "region": "R", "url": url + path}}}
			}
			json.NewEncoder(w).Encode(map[string]any{"token": map[string]any{"expires_at": "2099-01-01T00:00:00Z",
				"user": map[string]any{"id": "u", "name": "u"}, "project": map[string]any{"id": "p", "name": "p"},
				"roles":   []any{map[string]any{"name": "admin"}},
				"catalog": []any{at("volumev3", "/volume/v3/p"), at("object-store", "/object/AUTH_p")}}})
		case strings.HasPrefix(r.URL.Path, "/auth/v1.0"):
			w.Header().Set("X-Storage-Url", url+"/object/AUTH_p")
			w.Header().Set("X-Auth-Token", plantedSwift)
		case strings.HasSuffix(r.URL.Path, "/backups/detail"):
			io.WriteString(w, `{"backups": []}`)
		case strings.HasSuffix(r.URL.Path, "/volumes/detail"):
			io.WriteString(w, `{"volumes": []}`)
		default:
			http.Error(w, "nothing", http.StatusNotFound)
		}
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	if s.TLS = (&tls.Config{}); secure {
		s.StartTLS()
	} else {
		s.Start()
	}
	url = s.URL
	t.Cleanup(s.Close)
	return s
}

// client is one that sends a credential: how it is made to ask, and at which paths.
type client struct {
	scheme string
	what   string
	paths  []string // that its requests begin with, each led away in turn
	ask    func(t *testing.T, at *httptest.Server) error
}

func askBackups(t *testing.T, location string, pc PlaceConfig) error {
	t.Helper()
	l, err := ParseLocation(location)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Open(t.Context(), l, Options{Config: pc})
	if err != nil {
		return err
	}
	defer p.Close()
	_, err = p.Backups(t.Context(), core.Query{})
	return err
}

// inCloud writes a clouds.yaml for the server.
func inCloud(t *testing.T, url, auth string) {
	t.Helper()
	dir := t.TempDir()
	text := fmt.Sprintf("clouds:\n  c:\n    verify: false\n    auth: {auth_url: %q, %s}\n", url+"/identity/v3", auth)
	if err := os.WriteFile(filepath.Join(dir, "clouds.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("OS_CLIENT_CONFIG_FILE", filepath.Join(dir, "clouds.yaml"))
}

const byPassword = `username: u, project_name: p, user_domain_id: default, project_domain_id: default, password: "` + plantedPassword + `"`

func trusting(s *httptest.Server) http.RoundTripper {
	return &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}
}

// clients are all that send credentials over HTTP, by the scheme that opens them.
var clients = []client{
	{"cloud", "a password, then a token", []string{"/identity/v3/auth/tokens", "/volume/v3"}, func(t *testing.T, at *httptest.Server) error {
		inCloud(t, at.URL, byPassword)
		return askBackups(t, "cloud:c", PlaceConfig{})
	}},
	{"cloud", "an application credential", []string{"/identity/v3/auth/tokens", "/volume/v3"}, func(t *testing.T, at *httptest.Server) error {
		inCloud(t, at.URL, `application_credential_id: a, application_credential_secret: "`+plantedPassword+`"`)
		return askBackups(t, "cloud:c", PlaceConfig{})
	}},
	{"cloud", "a change", []string{"/volume/v3/p/backups/0b"}, func(t *testing.T, at *httptest.Server) error {
		inCloud(t, at.URL, byPassword)
		p, err := Open(t.Context(), Location{Scheme: "cloud", Rest: "c"}, Options{})
		if err != nil {
			return err
		}
		defer p.Close()
		return p.(interface {
			DeleteBackup(context.Context, core.BackupID, bool) error
		}).DeleteBackup(t.Context(), "0b", false)
	}},
	{"swift", "a login of its own", []string{"/auth/v1.0", "/object/"}, func(t *testing.T, at *httptest.Server) error {
		return askBackups(t, "swift:c/box", PlaceConfig{Swift: repository.SwiftOptions{AuthURL: at.URL + "/auth/v1.0", User: "a:b",
			Key: plantedPassword, Transport: trusting(at)}})
	}},
	{"swift", "a token of Keystone's", []string{"/identity/v3/auth/tokens", "/object/"}, func(t *testing.T, at *httptest.Server) error {
		if at.TLS != nil && len(at.TLS.Certificates) > 0 {
			return nil // its transport trusts the system only, and so sends nothing
		}
		inCloud(t, at.URL, byPassword)
		return askBackups(t, "swift:c/box", PlaceConfig{})
	}},
	{"s3", "a session", []string{"/"}, func(t *testing.T, at *httptest.Server) error {
		host := at.URL[strings.Index(at.URL, "//")+2:]
		return askBackups(t, "s3://"+host+"/bucket", PlaceConfig{S3: repository.S3Options{AccessKey: "AKIAPLANTED", SecretKey: plantedPassword,
			Token: plantedSession, Plain: strings.HasPrefix(at.URL, "http:"), Transport: trusting(at)}})
	}},
}

// withoutHTTP are the schemes that send no credential over HTTP, and why.
var withoutHTTP = map[string]string{
	"sqlite": "a file", "posix": "a folder", "demo": "a file", "ceph": "Ceph's own programs ask",
	"mysql": "TestDatabasesKeepPasswords", "postgres": "TestDatabasesKeepPasswords", "cinderconf": "as mysql and postgres",
}

// TestCredentialsStayHome walks all clients: wherever an answer leads, and by whichever
// status, no other host sees a password, a token or a signature, nor does plain HTTP in
// place of TLS.
func TestCredentialsStayHome(t *testing.T) {
	walked := map[string]bool{}
	for scheme := range withoutHTTP {
		walked[scheme] = true
	}
	for _, c := range clients {
		walked[c.scheme] = true
		for _, path := range c.paths {
			for _, secure := range []bool{false, true} {
				for _, status := range []int{301, 302, 303, 307, 308} {
					name := fmt.Sprintf("%s, %s, at %s, %d, secure %v", c.scheme, c.what, path, status, secure)
					w := newWitness(t)
					led := false
					s := service(t, secure, func(rw http.ResponseWriter, r *http.Request) bool {
						if strings.HasPrefix(r.URL.Path, path) {
							led = true
							http.Redirect(rw, r, w.URL+r.URL.Path, status)
							return true
						}
						return false
					})
					err := c.ask(t, s)
					if saw := w.saw(); len(saw) > 0 {
						t.Errorf("%s: another host saw %q", name, saw)
					}
					if led && err == nil {
						t.Errorf("%s: that it was led away is no error", name)
					}
					if !led && !(secure && c.what == "a token of Keystone's") {
						t.Errorf("%s: it never asked there: %v", name, err)
					}
				}
			}
		}
	}
	for _, k := range schemes {
		if !walked[k.name] {
			t.Errorf("no client of %s: is walked: give it a row", k.name)
		}
	}
}

// listen plays a database's server on a socket, and returns all that it was sent.
func listen(t *testing.T, talk func(net.Conn)) (address string, heard func() string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var all []byte
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				talk(tapped{c, func(b []byte) { mu.Lock(); all = append(all, b...); mu.Unlock() }})
			}()
		}
	}()
	return l.Addr().String(), func() string { mu.Lock(); defer mu.Unlock(); return string(all) }
}

type tapped struct {
	net.Conn
	tap func([]byte)
}

func (c tapped) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.tap(b[:n])
	return n, err
}

// clearMySQL greets as MySQL does, without TLS, and asks for the password in clear text.
func clearMySQL(c net.Conn) {
	hello := append([]byte{10}, "8.0.0\x00"...)
	hello = append(hello, 1, 0, 0, 0)
	hello = append(hello, "12345678\x00"...)
	flags := uint32(0x00000200 | 0x00008000 | 0x00080000 | 0x00000008) // 4.1, secure, plugins, with a database
	hello = append(hello, byte(flags), byte(flags>>8), 33, 2, 0, byte(flags>>16), byte(flags>>24), 21)
	hello = append(hello, make([]byte, 10)...)
	hello = append(hello, "123456789012\x00mysql_native_password\x00"...)
	send := func(seq byte, body []byte) {
		head := []byte{byte(len(body)), byte(len(body) >> 8), byte(len(body) >> 16), seq}
		c.Write(append(head, body...))
	}
	send(0, hello)
	buf := make([]byte, 4096)
	if _, err := c.Read(buf); err != nil {
		return
	}
	send(2, append([]byte{0xfe}, "mysql_clear_password\x00\x00"...))
	c.Read(buf)
}

// clearPostgres asks for the password in clear text, without TLS.
func clearPostgres(c net.Conn) {
	buf := make([]byte, 4096)
	n, err := c.Read(buf)
	if err == nil && n == 8 && binary.BigEndian.Uint32(buf[4:]) == 80877103 { // may we speak TLS?
		c.Write([]byte("N"))
		_, err = c.Read(buf)
	}
	if err != nil {
		return
	}
	c.Write([]byte{'R', 0, 0, 0, 8, 0, 0, 0, 3})
	c.Read(buf)
}

// TestDatabasesKeepPasswords: a server that asks for the password in clear text, where
// nothing is encrypted, does not get it.
func TestDatabasesKeepPasswords(t *testing.T) {
	for scheme, talk := range map[string]func(net.Conn){"mysql": clearMySQL, "postgres": clearPostgres} {
		address, heard := listen(t, talk)
		pass := strings.NewReplacer("/", "%2F", "+", "%2B").Replace(plantedPassword)
		l, err := ParseLocation(scheme + "://u:" + pass + "@" + address + "/cinder")
		if err != nil {
			t.Fatal(err)
		}
		p, err := Open(t.Context(), l, Options{})
		if err == nil {
			p.Close()
			t.Errorf("%s: it opened", scheme)
		}
		if strings.Contains(heard(), plantedPassword) {
			t.Errorf("%s: the server was sent the password", scheme)
		}
		if heard() == "" {
			t.Errorf("%s: the server was not asked: %v", scheme, err)
		}
		for _, said := range append(core.Causes(err), fmt.Sprint(err)) {
			if strings.Contains(said, plantedPassword) || strings.Contains(said, base64.StdEncoding.EncodeToString([]byte(plantedPassword))) {
				t.Errorf("%s: %s", scheme, said)
			}
		}
	}
}
