package cinder_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/store"
)

// TestRealLogin enters a real Keystone by an identity provider, by one-time passcodes and
// by a client's certificate, and has the openstack client do the same: into the same
// project, or neither. From Keystone 30 on a passcode serves once, so that each login has
// one of another seed. HEARTH_TEST_FEDERATION is the clouds.yaml of lab federation up, and
// HEARTH_TEST_OPENSTACK a Python that has the client.
func TestRealLogin(t *testing.T) {
	file, python := os.Getenv("HEARTH_TEST_FEDERATION"), os.Getenv("HEARTH_TEST_OPENSTACK")
	if file == "" || python == "" {
		t.Skip("HEARTH_TEST_FEDERATION names no clouds.yaml of lab federation up, or HEARTH_TEST_OPENSTACK no Python with the openstack client")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	told := regexp.MustCompile(`(?m)^# (seeds|provider): (.+)$`).FindAllStringSubmatch(string(text), -1)
	if len(told) != 2 || len(strings.Fields(told[0][2])) != 3 {
		t.Fatalf("%s does not tell of its three seeds and its provider", file)
	}
	seeds, provider := strings.Fields(told[0][2]), told[1][2]
	t.Setenv("OS_CLIENT_CONFIG_FILE", file)
	for name, refused := range map[string]string{ // the words of hearth's sentence
		"password": "", "totp": "", "mfa": "", "oidc-password": "", "oidc-endpoint": "", "oidc-client": "", "oidc-token": "", "certificate": "",
		"mfa-password":   "wants more: password and totp; use auth_type: v3multifactor with auth_methods: [v3password, v3totp]",
		"oidc-wrong":     "does not accept fed (Invalid credentials given); check username and password",
		"no-certificate": "certificate",
	} {
		t.Run(name, func(t *testing.T) {
			byPasscode := name == "totp" || name == "mfa"
			if byPasscode {
				t.Setenv("OS_PASSCODE", passcode(t, seeds[0], time.Now()))
			} else if name == "oidc-token" {
				t.Setenv("OS_ACCESS_TOKEN", accessToken(t, provider, "openid"))
			}
			theirs, said := issued(t, python, name)
			if byPasscode {
				t.Setenv("OS_PASSCODE", passcode(t, seeds[1], time.Now()))
			}
			place, err := store.Open(t.Context(), store.Location{Scheme: "cloud", Rest: name}, store.Options{})
			var ours core.Scope
			if err == nil {
				defer place.Close()
				ours, err = place.(store.Scoper).Scope(t.Context())
			}
			if (err == nil) != (theirs != "") || string(ours.Project.ID) != theirs {
				t.Errorf("openstack enters %q (%s), hearth %q (%v)", theirs, said, ours.Project.ID, err)
			}
			if (err == nil) != (refused == "") || !strings.Contains(fmt.Sprint(err), refused) {
				t.Errorf("hearth says %v, and not %q", err, refused)
			}
		})
	}
	t.Run("an access token that has ended", func(t *testing.T) {
		t.Setenv("OS_ACCESS_TOKEN", accessToken(t, provider, "openid seconds:-60"))
		sentence(t, "with it", enters(t, "oidc-token", nil), core.CodeDenied,
			"does not accept the access token", "it has ended", "OS_ACCESS_TOKEN")
	})
	t.Run("a passcode that is asked for", func(t *testing.T) {
		asked := 0
		if err := enters(t, "mfa", func(p core.Passcode) string { asked++; return passcode(t, seeds[2], time.Now()) }); err != nil || asked != 1 {
			t.Errorf("%v, asked %d times", err, asked)
		}
		err := enters(t, "totp", func(core.Passcode) string { return passcode(t, seeds[2], time.Now().Add(time.Hour)) })
		sentence(t, "with another passcode", err, core.CodeDenied, "with that passcode", "look at the clocks")
	})
	t.Run("what the provider is asked", func(t *testing.T) { sameRequests(t, python, provider) })
}

// enters opens the cloud of a name and asks who we are there; ask answers for the user.
func enters(t *testing.T, name string, ask func(core.Passcode) string) error {
	t.Helper()
	o := store.Options{}
	if ask != nil {
		o.Passcode = func(_ context.Context, p core.Passcode) (string, error) { return ask(p), nil }
	}
	place, err := store.Open(t.Context(), store.Location{Scheme: "cloud", Rest: name}, o)
	if err != nil {
		return err
	}
	defer place.Close()
	_, err = place.(store.Scoper).Scope(t.Context())
	return err
}

// sameRequests holds what the identity provider was asked by hearth to what it was asked
// by the client, request for request.
func sameRequests(t *testing.T, python, provider string) {
	t.Helper()
	asked := func(do func()) string {
		before := requests(t, provider)
		do()
		return strings.TrimPrefix(requests(t, provider), before)
	}
	for _, name := range []string{"oidc-password", "oidc-endpoint", "oidc-client"} {
		theirs := asked(func() { issued(t, python, name) })
		ours := asked(func() {
			if err := enters(t, name, nil); err != nil {
				t.Error(err)
			}
		})
		if theirs != ours || ours == "" {
			t.Errorf("%s: hearth asks\n%s\nand the client\n%s", name, ours, theirs)
		}
	}
}

func requests(t *testing.T, provider string) string {
	t.Helper()
	res, err := http.Get(provider + "/requests")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// passcode is the one of a seed at a time (RFC 6238).
func passcode(t *testing.T, seed string, at time.Time) string {
	t.Helper()
	key, err := base32.StdEncoding.DecodeString(seed)
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha1.New, key)
	binary.Write(mac, binary.BigEndian, at.Unix()/30)
	sum := mac.Sum(nil)
	n := binary.BigEndian.Uint32(sum[sum[len(sum)-1]&15:]) & 0x7fffffff
	return fmt.Sprintf("%06d", n%1_000_000)
}

// accessToken is one of the provider's, got by hand.
func accessToken(t *testing.T, provider, scope string) string {
	t.Helper()
	form := url.Values{"grant_type": {"password"}, "username": {"fed"}, "password": {"labpass"}, "scope": {scope}}
	req, err := http.NewRequest(http.MethodPost, provider+"/token", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("hearth", "hearth-secret")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || answer.Token == "" {
		t.Fatalf("the provider gives no token: %v", err)
	}
	return answer.Token
}
