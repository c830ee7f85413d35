package cinder

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"hearth/core"
	"hearth/store/cinder/clouds"
)

// passcodes is a Keystone that takes each of its passcodes once, and a Cinder whose tokens
// end when they are told to.
type passcodes struct {
	*httptest.Server
	mu    sync.Mutex
	takes map[string]bool
	seen  []string
	ended bool                      // the token is taken no more
	fails func(http.ResponseWriter) // answers in its place; nil: it answers itself
}

func newPasscodes(t *testing.T, takes ...string) *passcodes {
	t.Helper()
	k := &passcodes{takes: map[string]bool{}}
	for _, code := range takes {
		k.takes[code] = true
	}
	r := newRecorder(t)
	k.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		k.mu.Lock()
		defer k.mu.Unlock()
		switch {
		case k.fails != nil:
			k.fails(w)
		case strings.HasSuffix(req.URL.Path, "/auth/tokens"):
			var b struct {
				Auth struct {
					Identity struct {
						TOTP struct{ User struct{ Passcode string } }
					}
				}
			}
			body, _ := io.ReadAll(req.Body)
			json.Unmarshal(body, &b)
			code := b.Auth.Identity.TOTP.User.Passcode
			if k.seen = append(k.seen, code); !k.takes[code] {
				w.WriteHeader(http.StatusUnauthorized)
				fmt.Fprintf(w, `{"error": {"code": 401, "message": "Invalid passcode %s", "title": "Unauthorized"}}`, code)
				return
			}
			k.takes[code], k.ended = false, false
			w.Header().Set("X-Subject-Token", fmt.Sprintf("a-token-by-passcode-%d", len(k.seen)))
			w.WriteHeader(http.StatusCreated)
			fmt.Fprint(w, r.token())
		case k.ended:
			w.Header().Set("X-Openstack-Request-Id", "req-1")
			w.WriteHeader(http.StatusUnauthorized)
		default:
			fmt.Fprint(w, `{"backups": []}`)
		}
	}))
	t.Cleanup(k.Close)
	return k
}

// session is one by a passcode; those that are given answer for the user, one after the
// other, and then none.
func (k *passcodes) session(t *testing.T, configured, cache string, now func() time.Time, answers ...string) (*session, *[]string) {
	t.Helper()
	w := clouds.World{Dir: t.TempDir(), Env: map[string]string{"OS_PASSCODE": configured}}
	writeFile(t, w.Dir+"/clouds.yaml", fmt.Sprintf("clouds:\n  c: {auth_type: v3totp, auth: {auth_url: %q, user_id: alice, project_id: p}}\n",
		k.URL+"/v3"))
	l, err := loginIn(w, "c", "", "")
	if err != nil {
		t.Fatal(err)
	}
	l.override = k.URL + "/volume/v3"
	s, why := newSession(l, cache, now), &[]string{}
	if answers != nil {
		s.asks = func(_ context.Context, p core.Passcode) (string, error) {
			if *why = append(*why, p.Why); len(*why) > len(answers) {
				return "", nil
			}
			return answers[len(*why)-1], nil
		}
	}
	return s, why
}

func (k *passcodes) end() { k.mu.Lock(); k.ended = true; k.mu.Unlock() }

func listing(t *testing.T, s *session) error {
	t.Helper()
	_, err := s.do(t.Context(), call{tried: "list", path: "/backups/detail"})
	return err
}

// TestPasscodeOnce: a passcode serves once. A token that ended is asked for anew with a new
// passcode, which the user is asked for, and is told why; where there is nobody to ask, or
// nobody answers, that is said, and Keystone is sent nothing.
func TestPasscodeOnce(t *testing.T) {
	k := newPasscodes(t, "111111", "222222")
	s, why := k.session(t, "111111", "", time.Now, "222 222 ")
	if err := listing(t, s); err != nil || len(*why) != 0 {
		t.Errorf("with the one of the variable: %v, asked %q", err, *why)
	}
	k.end()
	if err := listing(t, s); err != nil || strings.Join(*why, "|") != "the token has ended" {
		t.Errorf("after the token ended: %v, asked %q", err, *why)
	}
	k.end()
	wantCode(t, listing(t, s), core.CodeDenied, "the token has ended, and no one-time passcode was given; try again in a minute")
	wantCode(t, listing(t, s), core.CodeDenied, "no one-time passcode was given just now")
	if got := strings.Join(k.seen, " "); got != "111111 222222" || len(*why) != 2 {
		t.Errorf("Keystone saw %s, and the user was asked %d times", got, len(*why))
	}
	k = newPasscodes(t, "111111")
	s, _ = k.session(t, "111111", "", time.Now)
	if err := listing(t, s); err != nil {
		t.Error(err)
	}
	k.end()
	wantCode(t, listing(t, s), core.CodeDenied, "the token has ended, and a one-time passcode serves once: alice needs a new one")
	if len(k.seen) != 1 {
		t.Errorf("Keystone saw %q", k.seen)
	}
}

// TestPasscodeAskedAgain: after a minute the user is asked again who gave none; a passcode
// that is not taken is told, without itself, and another one asked for.
func TestPasscodeAskedAgain(t *testing.T) {
	k := newPasscodes(t, "333333")
	now := time.Now()
	s, why := k.session(t, "", "", func() time.Time { return now }, "", "987654", "333333")
	wantCode(t, listing(t, s), core.CodeDenied, "no one-time passcode was given")
	now = now.Add(declined)
	err := listing(t, s)
	wantCode(t, err, core.CodeDenied, "does not accept alice with that passcode")
	if f := faultOf(err); f == nil || strings.Contains(f.message, "987654") || !strings.Contains(f.message, core.Masked) {
		t.Errorf("Keystone's own words are %+v", f)
	}
	if err := listing(t, s); err != nil || strings.Join(*why, "|") != "||the login with the passcode before failed" {
		t.Errorf("%v, asked %q", err, *why)
	}
}

// TestPasscodeBrokenOff: a login whose answer never came is not repeated by itself: each time
// the user would be asked.
func TestPasscodeBrokenOff(t *testing.T) {
	k := newPasscodes(t)
	s, why := k.session(t, "", "", time.Now, "666666", "777777")
	answer := func(by func(http.ResponseWriter)) {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.fails = by
	}
	answer(func(http.ResponseWriter) { panic(http.ErrAbortHandler) })
	wantCode(t, listing(t, s), core.CodeUnavailable, "cannot log in to c")
	answer(func(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) })
	wantCode(t, listing(t, s), core.CodeUnavailable, "cannot log in to c")
	if len(*why) != 2 {
		t.Errorf("the user was asked %d times", len(*why))
	}
}

// TestPasscodeKept: the token is kept between runs under the user, and no passcode with it
// or in its name: the next run needs none.
func TestPasscodeKept(t *testing.T) {
	k, dir := newPasscodes(t, "444444"), t.TempDir()
	s, _ := k.session(t, "444444", dir, time.Now)
	if err := listing(t, s); err != nil {
		t.Fatal(err)
	}
	files, _ := os.ReadDir(dir)
	for _, f := range files {
		if body, _ := os.ReadFile(dir + "/" + f.Name()); strings.Contains(string(body), "444444") {
			t.Errorf("%s holds the passcode", f.Name())
		}
	}
	s, why := k.session(t, "", dir, time.Now, "555555")
	if err := listing(t, s); err != nil || len(files) != 1 || len(*why) != 0 {
		t.Errorf("the next run: %v, %d files, asked %q", err, len(files), *why)
	}
}

// TestMoreFactors: a password that is right where Keystone wants more is not told as a
// wrong one (a receipt, as keystone/api/_shared/authentication.py gives), in the same words
// however Keystone orders them.
func TestMoreFactors(t *testing.T) {
	k := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/auth/tokens") {
			fmt.Fprint(w, `{"version": {"id": "v3.14", "links": []}}`)
			return
		}
		w.Header().Set("Openstack-Auth-Receipt", "planted-receipt-of-mfa")
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"receipt": {"methods": ["password"], "user": {"id": "u"}}, "required_auth_methods": [["totp", "password"]]}`)
	}))
	defer k.Close()
	w := clouds.World{Dir: t.TempDir(), Env: map[string]string{}}
	writeFile(t, w.Dir+"/clouds.yaml", fmt.Sprintf("clouds:\n  c: {auth: {auth_url: %q, user_id: alice, password: pw, project_id: p}}\n",
		k.URL+"/v3"))
	l, err := loginIn(w, "c", "", "")
	if err == nil {
		_, _, err = newSession(l, "", time.Now).open(t.Context())
	}
	wantCode(t, err, core.CodeDenied, "accepts what alice gives, and wants more: password and totp; use auth_type: v3multifactor with "+
		"auth_methods: [v3password, v3totp]")
}
