package cinder

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"hearth/core"
)

// page is what a proxy or a portal shows.
const page = "<!DOCTYPE html><html><head><title>Company proxy</title></head><body>No.</body></html>"

// silent is for servers whose clients break off, as they are to.
var silent = log.New(io.Discard, "", 0)

func shows(status int, header, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		name, value, _ := strings.Cut(header, ": ")
		w.Header().Set("Content-Type", "text/html")
		if name != "" {
			w.Header().Set(name, value)
		}
		w.WriteHeader(status)
		fmt.Fprint(w, text)
	}
}

// refuses answers as OpenStack's services do.
func refuses(status int, kind, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Openstack-Request-Id", "req-7")
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{%q: {"code": %d, "message": %q}}`, kind, status, message)
	}
}

// nobody is an address where nothing listens.
func nobody(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// certificate is one for a name, which counts from one time to another.
func certificate(t *testing.T, name string, from, to time.Time) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "The authority"}, NotBefore: from, NotAfter: to,
		DNSNames: []string{name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	if ip := net.ParseIP(name); ip != nil {
		c.DNSNames, c.IPAddresses = nil, []net.IP{ip}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// secured is a service with a certificate, and those that a client trusts.
func secured(t *testing.T, cert tls.Certificate) *httptest.Server {
	s := httptest.NewUnstartedServer(reply200(`{"limits": {}}`))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	s.Config.ErrorLog = silent
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// whose are words that belong to one party alone: a sentence about another has none.
var whose = map[string][]string{
	"proxy":    {"proxy http", "NO_PROXY"},
	"Keystone": {"Keystone", "auth_url"},
	"Cinder":   {"Cinder", "cinder-api", "block_storage_endpoint_override"},
	"us":       {"nothing was sent"},
}

// TestWhoRefused: an error names who refused what, and gives the hints of no other.
func TestWhoRefused(t *testing.T) {
	now := time.Now()
	good, trusted := certificate(t, "127.0.0.1", now.Add(-time.Hour), now.Add(time.Hour))
	old, trustsOld := certificate(t, "127.0.0.1", now.AddDate(-1, 0, 0), now.Add(-time.Hour))
	young, trustsYoung := certificate(t, "127.0.0.1", now.Add(time.Hour), now.AddDate(1, 0, 0))
	other, trustsOther := certificate(t, "cinder.example.org", now.Add(-time.Hour), now.Add(time.Hour))
	connects := func(h http.HandlerFunc) string { return httpServer(t, h) }
	dead, plain := nobody(t), httpServer(t, reply200(`{"limits": {}}`))
	const behind = "http://cinder.example.org:8776/v3/p"
	const secure = "https://cinder.example.org:8776/v3/p"
	for _, x := range []struct {
		name  string
		at    string // the service
		proxy string
		trust *x509.CertPool
		token string
		who   string
		code  core.Code
		says  []string
	}{
		{"the proxy is dead", secure, dead, nil, "", "proxy", core.CodeUnavailable, []string{"the proxy http://" + dead, "HTTPS_PROXY"}},
		{"the proxy is dead, plain", behind, dead, nil, "", "proxy", core.CodeUnavailable, []string{"the proxy http://" + dead, "HTTP_PROXY"}},
		{"the proxy wants a login", secure, connects(shows(407, "Proxy-Authenticate: Basic", page)), nil, "", "proxy", core.CodeDenied,
			[]string{"login of its own (407)", "HTTPS_PROXY"}},
		{"the proxy wants a login, plain", behind, connects(shows(407, "Proxy-Authenticate: Basic", page)), nil, "", "proxy", core.CodeDenied,
			[]string{"login of its own (407)", "HTTP_PROXY"}},
		{"the proxy forbids it", secure, connects(shows(403, "", page)), nil, "", "proxy", core.CodeDenied,
			[]string{"lets nothing through to cinder.example.org:8776 (403)"}},
		{"the proxy forbids it, plain", behind, connects(shows(403, "", page)), nil, "", "proxy", core.CodeDenied,
			[]string{"forbids it", "403 with a page (Company proxy)"}},
		{"the proxy reaches nobody", secure, connects(shows(503, "", page)), nil, "", "proxy", core.CodeUnavailable,
			[]string{"does not reach cinder.example.org:8776 (503)"}},
		{"the proxy answers with a page", behind, connects(shows(200, "", page)), nil, "", "proxy", core.CodeUnreadable,
			[]string{"answered 200 with a page (Company proxy)"}},
		{"the proxy gets no answer", behind, connects(shows(504, "", page)), nil, "", "proxy", core.CodeUnavailable, []string{"(504)"}},
		{"the proxy's variable is none", secure, "\x7f", nil, "", "us", core.CodeUsage, []string{"HTTPS_PROXY"}},
		{"no scheme", "cinder.example.org:8776/v3/p", "", nil, "", "us", core.CodeUsage, []string{"block_storage_endpoint_override"}},
		{"a token of two lines", plain + "/v3/p", "", nil, "a\nb", "us", core.CodeUsage, []string{"the token"}},
		{"nothing listens", "http://" + dead + "/v3/p", "", nil, "", "Cinder", core.CodeUnavailable,
			[]string{"nothing listens at " + dead + " (Cinder)"}},
		{"no such host", "http://nowhere.invalid/v3/p", "", nil, "", "Cinder", core.CodeUnavailable, []string{"no host called nowhere.invalid"}},
		{"policy", httpServer(t, refuses(403, "forbidden", "Policy says no.")) + "/v3/p", "", nil, "", "Cinder", core.CodeDenied,
			[]string{"Cinder says: Policy says no", "role"}},
		{"Cinder fails", httpServer(t, refuses(500, "computeFault", "It erred.")) + "/v3/p", "", nil, "", "Cinder", core.CodeUnavailable,
			[]string{"Cinder failed (500): It erred", "cinder-api's log for req-7"}},
		{"a page in its place", httpServer(t, shows(500, "", page)) + "/v3/p", "", nil, "", "Cinder", core.CodeUnavailable,
			[]string{"in place of Cinder answered 500 with a page (Company proxy)"}},
		{"a portal in its place", httpServer(t, shows(200, "", page)) + "/v3/p", "", nil, "", "Cinder", core.CodeUnreadable,
			[]string{"in place of Cinder answered 200 with a page"}},
		{"a portal's 403", httpServer(t, shows(403, "", page)) + "/v3/p", "", nil, "", "Cinder", core.CodeDenied,
			[]string{"in place of Cinder forbids it", "403 with a page"}},
		{"nothing in it", httpServer(t, shows(200, "Content-Type: application/json", "")) + "/v3/p", "", nil, "", "Cinder", core.CodeUnreadable,
			[]string{"200 with nothing in it"}},
		{"expired", secured(t, old).URL, "", trustsOld, "", "Cinder", core.CodeUnavailable,
			[]string{"expired at " + now.Add(-time.Hour).UTC().Format("2006-01-02"), "clock"}},
		{"not yet valid", secured(t, young).URL, "", trustsYoung, "", "Cinder", core.CodeUnavailable, []string{"not valid before", "clock"}},
		{"another name", secured(t, other).URL, "", trustsOther, "", "Cinder", core.CodeUnavailable,
			[]string{"for another name: cinder.example.org"}},
		{"unknown authority", secured(t, good).URL, "", x509.NewCertPool(), "", "Cinder", core.CodeUnavailable,
			[]string{"unknown authority", "cacert"}},
		{"no TLS there", strings.Replace(plain, "http:", "https:", 1), "", trusted, "", "Cinder", core.CodeUnavailable,
			[]string{"does not speak TLS", "write http:"}},
		{"TLS there", strings.Replace(secured(t, good).URL, "https:", "http:", 1), "", trusted, "", "Cinder", core.CodeUsage,
			[]string{"speaks TLS", "write https:"}},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			l := login{cloud: "test", direct: true, token: "admin:p", override: x.at}
			if x.token != "" {
				l.token = x.token
			}
			if x.trust != nil {
				l.tls = &tls.Config{RootCAs: x.trust}
			}
			s := newSession(l, "", time.Now)
			s.firstWait, s.proxy = time.Millisecond, via(x.proxy)
			err := s.ask(t.Context(), call{tried: "ask it", path: "/limits"}, nil)
			holdsTo(t, err, x.who, x.code, x.says)
		})
	}
}

func httpServer(t *testing.T, h http.HandlerFunc) string {
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = silent
	s.Start()
	t.Cleanup(s.Close)
	return s.URL
}

// via is a proxy for every request; "" is none.
func via(proxy string) proxies {
	return func(*http.Request) (*url.URL, error) {
		if proxy == "" {
			return nil, nil
		}
		if !strings.Contains(proxy, "://") {
			proxy = "http://" + proxy
		}
		return url.Parse(proxy)
	}
}

// holdsTo looks at a sentence: its party is named, and no word of another's is in it.
func holdsTo(t *testing.T, err error, who string, code core.Code, says []string) {
	t.Helper()
	if core.CodeOf(err) != code {
		t.Errorf("%s, want %s: %v", core.CodeOf(err), code, err)
		return
	}
	text := err.Error()
	named := false
	for _, part := range says {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in %q", part, text)
		}
	}
	for party, words := range whose {
		for _, w := range words {
			switch has := strings.Contains(text, w); {
			case has && party == who:
				named = true
			case has && who != "us" && party != "us":
				t.Errorf("%q, of %s, in a sentence about %s: %q", w, party, who, text)
			}
		}
	}
	if !named {
		t.Errorf("%s is not named in %q", who, text)
	}
}

// TestKeystoneRefused is the same for a login.
func TestKeystoneRefused(t *testing.T) {
	for _, x := range []struct {
		name   string
		answer http.HandlerFunc
		code   core.Code
		says   []string
	}{
		{"403", refuses(403, "error", "You are not authorized."), core.CodeDenied, []string{"Keystone says: You are not authorized", "enabled"}},
		{"401", refuses(401, "error", "The request you have made requires authentication."), core.CodeDenied, []string{"does not accept admin"}},
		{"500", refuses(500, "error", "An unexpected error."), core.CodeUnavailable,
			[]string{"Keystone failed (500): An unexpected error", "Keystone's log for req-7"}},
		{"a page", shows(200, "", page), core.CodeUnreadable, []string{"in place of Keystone answered 200 with a page"}},
		{"a failing page", shows(503, "", page), core.CodeUnavailable, []string{"in place of Keystone answered 503 with a page"}},
		{"a page that forbids", shows(403, "", page), core.CodeDenied, []string{"in place of Keystone forbids it", "403 with a page"}},
	} {
		t.Run(x.name, func(t *testing.T) {
			c := newCloud(t)
			handler := c.Server.Config.Handler
			c.Server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/identity/v3/auth/tokens" {
					x.answer(w, r)
					return
				}
				handler.ServeHTTP(w, r)
			})
			p := c.open(Options{})
			p.session.firstWait = time.Millisecond
			_, err := p.Scope(t.Context())
			holdsTo(t, err, "Keystone", x.code, x.says)
		})
	}
}

// TestLedAstray: a login that is led elsewhere takes no password there, nor a reading its
// token, and both URLs are named with what is to be set. On its own host a reading is
// led on.
func TestLedAstray(t *testing.T) {
	var seen []string
	witness := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Method+" "+r.URL.Path)
	}))
	defer witness.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		c := newCloud(t)
		c.Server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				http.Redirect(w, r, witness.URL+r.URL.Path, status)
				return
			}
			c.serve(w, r)
		})
		_, err := c.open(Options{}).Scope(t.Context())
		for _, part := range []string{c.URL + "/identity/v3/auth/tokens", "set auth_url to " + witness.URL + "/identity/v3", fmt.Sprint(status)} {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%d: no %q in %v", status, part, err)
			}
		}
		led := newCloud(t)
		led.on("GET /a", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, witness.URL+r.URL.Path, status)
		})
		led.on("GET /b", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, strings.TrimSuffix(r.URL.Path, "b")+"c", status)
		})
		led.on("GET /c", reply200(`{"x": 1}`))
		s := led.direct().session
		err = s.ask(t.Context(), call{tried: "ask it", path: "/a"}, nil)
		for _, part := range []string{led.URL + "/volume/v3/p/a", "set block_storage_endpoint_override to " + witness.URL + "/volume/v3/p"} {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%d: no %q in %v", status, part, err)
			}
		}
		if err := s.ask(t.Context(), call{tried: "ask it", path: "/b"}, nil); err != nil {
			t.Errorf("%d: on its own host: %v", status, err)
		}
	}
	if len(seen) > 0 {
		t.Errorf("another host saw %q", seen)
	}
}

// TestStays: the rule, by its cases.
func TestStays(t *testing.T) {
	for _, x := range []struct {
		method, from, to string
		token, follows   bool
	}{
		{"GET", "http://a/x", "http://a/y", true, true},
		{"GET", "http://a:80/x", "http://a/y", true, true},
		{"GET", "http://a/x", "https://a/x", true, true},
		{"GET", "http://a:8776/x", "https://a:443/x", true, true},
		{"GET", "https://a/x", "http://a/x", true, false},
		{"GET", "https://a/x", "http://a/x", false, false},
		{"GET", "http://a/x", "http://a:8080/x", true, false},
		{"GET", "http://a/x", "http://b/x", true, false},
		{"GET", "http://a/x", "http://b/x", false, true},
		{"HEAD", "http://a/x", "http://a/y", true, true},
		{"POST", "http://a/x", "http://a/y", true, false},
		{"PUT", "http://a/x", "https://a/x", false, false},
		{"DELETE", "http://a/x", "http://a/x/", true, false},
	} {
		from, _ := http.NewRequest(x.method, x.from, nil)
		to, _ := http.NewRequest(http.MethodGet, x.to, nil)
		if x.token {
			from.Header.Set("X-Auth-Token", "t")
		}
		if err := stays(to, []*http.Request{from}); (err == nil) != x.follows {
			t.Errorf("%s %s to %s: %v", x.method, x.from, x.to, err)
		}
	}
}
