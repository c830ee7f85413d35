package cinder

import (
	"slices"
	"strings"
	"testing"

	"hearth/store/cinder/clouds"
)

// TestUnsafe: what is not safe about the way to a cloud is said of each of its services,
// and nothing is said where nothing leaves the machine or all of it is verified.
func TestUnsafe(t *testing.T) {
	const (
		far, near    = "http://cloud.example:8776/v3/p", "http://127.0.0.1:8776/v3/p"
		farTLS       = "https://cloud.example:8776/v3/p"
		identity     = "http://keys.example/v3"
		identityTLS  = "https://keys.example/v3"
		identityHere = "http://[::1]:5000/v3"
	)
	for what, x := range map[string]struct {
		identity, cinder, objects string
		insecure, direct          bool
		want                      []string // how each sentence begins, and what it says
	}{
		"all by TLS":          {identity: identityTLS, cinder: farTLS},
		"all on this machine": {identity: identityHere, cinder: near},
		"localhost by name":   {identity: "http://localhost/identity", cinder: "http://localhost:8776/v3"},
		"a name that begins like one": {identity: "http://127.evil.example/v3", cinder: farTLS, want: []string{
			"Keystone is at http://127.evil.example, ",
		}},
		"all without TLS": {identity: identity, cinder: far, want: []string{
			"Keystone is at http://keys.example, without TLS: the password",
			"Cinder is at http://cloud.example:8776, without TLS: the token",
		}},
		"Keystone without TLS": {identity: identity, cinder: farTLS, want: []string{
			"Keystone is at http://keys.example, without TLS",
		}},
		"Cinder without TLS": {identity: identityTLS, cinder: far, want: []string{
			"Cinder is at http://cloud.example:8776, though Keystone is reached by TLS",
		}},
		"before the catalogue was read": {identity: identityTLS},
		"insecure": {identity: identityTLS, cinder: farTLS, insecure: true, want: []string{
			"no certificate is verified (verify or insecure in clouds.yaml)",
		}},
		"insecure without any TLS": {identity: identityHere, cinder: near, insecure: true},
		"insecure, Cinder without TLS": {identity: identityTLS, cinder: far, insecure: true, want: []string{
			"Cinder is at ",
			"no certificate is verified",
		}},
		"no Keystone": {identity: identity, cinder: far, direct: true, want: []string{
			"Cinder is at http://cloud.example:8776, without TLS",
		}},
		"Swift without TLS": {identity: identityTLS, cinder: far, objects: "http://objects.example/v1/AUTH_p", want: []string{
			"Swift is at http://objects.example, though Keystone",
		}},
		"a hostile host": {identity: "http://x\u202ey/v3", cinder: farTLS, want: []string{
			"Keystone is at http://x\\u202ey",
		}},
	} {
		t.Run(what, func(t *testing.T) {
			s := &session{login: login{entry: clouds.Login{AuthURL: x.identity}, direct: x.direct, override: x.cinder}, objects: x.objects != ""}
			s.login.entry.TLS.Insecure = x.insecure
			s.pass = pass{Endpoint: x.cinder, Objects: x.objects}
			got := s.unsafe()
			if !slices.EqualFunc(got, x.want, strings.HasPrefix) {
				t.Errorf("%q, want %q", got, x.want)
			}
		})
	}
}
