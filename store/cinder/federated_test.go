package cinder

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hearth/core"
	"hearth/store/cinder/clouds"
)

// federated is a login by the identity provider of an address.
func federated(t *testing.T, keystone, kind, more string) (login, error) {
	t.Helper()
	w := clouds.World{Dir: t.TempDir(), Env: map[string]string{}}
	writeFile(t, w.Dir+"/clouds.yaml", fmt.Sprintf("clouds:\n  c: {auth_type: %s, auth: {auth_url: %q, identity_provider: idp, "+
		"protocol: openid, project_id: p, %s}}\n", kind, keystone+"/identity/v3", more))
	return loginIn(w, "c", "", "")
}

const (
	plantedClient = "planted-client-secret"
	plantedUser   = "planted-user-password"
	plantedAccess = "planted-access-token"
)

// TestProviderRefuses: what an identity provider says in place of a token, and Keystone of
// one, is told as what it is; secrets are struck out, and go to no other host.
func TestProviderRefuses(t *testing.T) {
	var strays atomic.Int32
	stray := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { strays.Add(1) }))
	defer stray.Close()
	elsewhere := strings.Replace(stray.URL, "127.0.0.1", "localhost", 1)
	says := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status); fmt.Fprint(w, body) }
	}
	leads := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere+"/x", status) }
	}
	good := says(200, `{"access_token": "`+plantedAccess+`"}`)
	for name, x := range map[string]struct {
		document, token, keystone http.HandlerFunc
		code                      core.Code
		words                     string
	}{
		"a wrong password": {nil, says(400, `{"error": "invalid_grant", "error_description": "no `+plantedUser+` of `+plantedClient+`"}`), nil,
			core.CodeDenied, "does not accept alice (no " + core.Masked + " of " + core.Masked + "); check username and password"},
		"a wrong client": {nil, says(401, `{"error": "invalid_client"}`), nil,
			core.CodeDenied, "does not accept the client hearth; check client_id"},
		"no such grant": {nil, says(400, `{"error": "unauthorized_client"}`), nil,
			core.CodeDenied, "gives the client hearth no token for a user's password"},
		"no such scope": {nil, says(400, `{"error": "invalid_scope"}`), nil,
			core.CodeDenied, "does not know the scope openid profile; repair openid_scope"},
		"a page": {nil, says(404, `<html><title>Nothing</title>`), nil,
			core.CodeUnsupported, "answered 404 with a page (Nothing), which is no answer"},
		"no JSON":    {nil, says(200, `token=x`), nil, core.CodeUnreadable, "which says nothing of tokens"},
		"no token":   {nil, says(200, `{"token": "x"}`), nil, core.CodeUnsupported, "gives no access_token"},
		"it is down": {nil, says(503, `{}`), nil, core.CodeUnavailable, "answered 503"},
		"tokens without end": {nil, says(200, `{"access_token": "`+strings.Repeat("a", 2<<20)+`"}`), nil,
			core.CodeUnreadable, "more than what was asked for can be"},
		"a list without end": {nil, says(200, `[`+strings.Repeat("1,", mostParts+1)+`1]`), nil,
			core.CodeUnreadable, "many more things than were asked for"},
		"a document without end": {says(200, `{"x": "`+strings.Repeat("a", 2<<20)+`"}`), good, nil, core.CodeUnreadable,
			"more than what was asked for can be"},
		"a document elsewhere": {leads(302), good, nil, core.CodeRefused, "leads (302) to " + elsewhere + "/x"},
		"a document that leads away": {says(200, `{"token_endpoint": "`+elsewhere+`/token"}`), good, nil, core.CodeRefused,
			"which is on another host or without TLS, and nothing was sent there; write access_token_endpoint"},
		"a document of nothing": {says(200, `{}`), good, nil, core.CodeUnsupported, "names no token_endpoint"},
		"tokens elsewhere, 302": {nil, leads(302), nil, core.CodeRefused, "neither a change nor a password is sent on"},
		"tokens elsewhere, 307": {nil, leads(307), nil, core.CodeRefused, "neither a change nor a password is sent on"},
		"Keystone leads on":     {nil, good, leads(302), core.CodeUnsupported, "takes no access token for the identity provider idp"},
		"Keystone leads on, 307": {nil, good, leads(307),
			core.CodeUnsupported, "where one would log in with a browser, and nothing was sent there"},
		"Keystone believes it not": {nil, good, says(401, `<html>`), core.CodeDenied, "no mapping of its fits the user"},
		"Keystone knows it not": {nil, good, says(404, `{"error": {"code": 404, "message": "Could not find Identity Provider: idp."}}`),
			core.CodeNotFound,
			"Keystone knows no identity provider idp with the protocol openid"},
		"Keystone gives no token": {nil, good, says(201, `{}`), core.CodeUnsupported, "gives no token"},
	} {
		t.Run(name, func(t *testing.T) {
			mux := http.NewServeMux()
			document := `discovery_endpoint: "`
			if x.document == nil {
				document = `access_token_endpoint: "`
			} else {
				mux.HandleFunc("/document", x.document)
			}
			mux.HandleFunc("/token", x.token)
			if x.keystone != nil {
				mux.HandleFunc("/identity/v3/OS-FEDERATION/identity_providers/idp/protocols/openid/auth", x.keystone)
			}
			s := httptest.NewServer(mux)
			defer s.Close()
			path := map[bool]string{true: "/token", false: "/document"}[x.document == nil]
			l, err := federated(t, s.URL, "v3oidcpassword", document+s.URL+path+`", client_id: hearth, client_secret: `+plantedClient+
				", username: alice, password: "+plantedUser)
			if err == nil {
				_, _, err = newSession(l, "", time.Now).open(t.Context())
			}
			wantCode(t, err, x.code, x.words)
			for e := err; e != nil; e = errors.Unwrap(e) {
				for _, secret := range []string{plantedClient, plantedUser, plantedAccess} {
					if strings.Contains(core.Struck(e.Error()), secret) || e == err && strings.Contains(e.Error(), secret) {
						t.Errorf("%s is told: %v", secret, e)
					}
				}
			}
		})
	}
	if n := strays.Load(); n > 0 {
		t.Errorf("another host was asked %d times", n)
	}
}

// TestAccessTokenEnded: a Keystone token that ended is asked for once more by the access
// token; where that has ended too, it is said, and asked no more.
func TestAccessTokenEnded(t *testing.T) {
	r := newRecorder(t)
	var asked atomic.Int32
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		switch {
		case strings.Contains(req.URL.Path, "/OS-FEDERATION/") && asked.Add(1) > 1:
			w.WriteHeader(http.StatusUnauthorized)
		case strings.HasSuffix(req.URL.Path, "/backups/detail"):
			w.Header().Set("X-Openstack-Request-Id", "req-1")
			w.WriteHeader(http.StatusUnauthorized)
		default:
			r.ServeHTTP(w, req)
		}
	}))
	defer front.Close()
	l, err := federated(t, front.URL, "v3oidcaccesstoken", "access_token: "+plantedAccess)
	if err != nil {
		t.Fatal(err)
	}
	l.override = front.URL + "/v3"
	_, err = newSession(l, "", time.Now).do(t.Context(), call{tried: "list", path: "/backups/detail"})
	wantCode(t, err, core.CodeDenied, "does not accept the access token for the identity provider idp")
	if n := asked.Load(); n != 2 {
		t.Errorf("Keystone was shown the access token %d times", n)
	}
}

// TestProviderUnsafe: an identity provider without TLS is said.
func TestProviderUnsafe(t *testing.T) {
	const client = "client_id: hearth, client_secret: " + plantedClient
	const plain = "the identity provider is at http://idp.example, without TLS"
	for more, want := range map[string]string{
		`discovery_endpoint: "http://idp.example/x", ` + client:                                                plain,
		`access_token_endpoint: "http://idp.example/x", discovery_endpoint: "https://idp.example/", ` + client: plain,
		`discovery_endpoint: "https://idp.example/x", ` + client:                                               "",
		`discovery_endpoint: "http://127.0.0.1/x", ` + client:                                                  "",
	} {
		l, err := federated(t, "https://keys.example", "v3oidcclientcredentials", more)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(newSession(l, "", time.Now).unsafe(), "; "); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", more, got, want)
		}
	}
}
