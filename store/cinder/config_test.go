package cinder

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hearth/core"
)

const sample = `clouds:
  base: &base
    auth: &auth
      auth_url: https://keys.example/v3
      username: admin
      password: in-the-open
      project_name: admin
      user_domain_id: default
      project_domain_id: default
    region_name: RegionOne
    interface: internal
  merged:
    <<: *base
    region_name: RegionTwo
    auth: {<<: *auth, username: demo}
  noproject:
    <<: *base
    auth: {auth_url: https://keys.example/v3, username: admin, password: x, user_domain_id: default}
  many:
    <<: *base
    region_name:
    regions: [{name: First}, Second]
  named:
    auth: {auth_url: https://keys.example/v3, application_credential_id: abc, application_credential_secret: s}
    auth_type: v3applicationcredential
    verify: false
  fixed:
    auth_type: admin_token
    auth: {endpoint: http://cinder.example/v3/p, token: "admin:p"}
  lost:
    auth_type: admin_token
    auth: {token: x}
  sideways: {interface: sideways, auth: {auth_url: https://keys.example/v3}}
  federated: {auth_type: v3samlpassword, auth: {auth_url: https://keys.example/v3}}
`

func TestLogins(t *testing.T) {
	path := writeClouds(t, sample)
	secure := "clouds:\n  base: {auth: {password: in-secret}}\n"
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), "secure.yaml"), []byte(secure), 0o600); err != nil {
		t.Fatal(err)
	}
	find := func(cloud, region, project string) login {
		t.Helper()
		l, err := findLogin(cloud, region, project)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	l := find("base", "", "")
	want(t, "base", say(bodyOf(l), l.region, l.entry.Interfaces),
		`{"auth":{"identity":{"methods":["password"],"password":{"user":{"domain":{"id":"default"},"name":"admin","password":"in-secret"}}},`+
			`"scope":{"project":{"domain":{"id":"default"},"name":"admin"}}}} RegionOne [internal]`)
	l = find("merged", "", "")
	want(t, "merged", say(bodyOf(l), l.region),
		`{"auth":{"identity":{"methods":["password"],"password":{"user":{"domain":{"id":"default"},"name":"demo","password":"in-the-open"}}},`+
			`"scope":{"project":{"domain":{"id":"default"},"name":"admin"}}}} RegionTwo`)
	want(t, "regions", find("many", "", "").region, "First")
	l = find("base", "Elsewhere", "0123")
	want(t, "another region and project", say(l.region, l.entry.Scope()), "Elsewhere map[project:map[id:0123]]")
	l = find("named", "", "")
	want(t, "an application credential", say(bodyOf(l), l.tls.InsecureSkipVerify),
		`{"auth":{"identity":{"application_credential":{"id":"abc","secret":"s"},"methods":["application_credential"]}}} true`)
	l = find("fixed", "", "")
	want(t, "without Keystone", say(l.direct, l.token, l.override), "true admin:p http://cinder.example/v3/p")

	for cloud, x := range map[string]struct {
		code core.Code
		part string
	}{
		"nosuch":    {core.CodeNotFound, "it names base, federated, fixed, lost, many, merged, named, noproject, sideways"},
		"federated": {core.CodeUnsupported, "v3samlpassword"},
		"sideways":  {core.CodeUsage, "none of public, internal and admin"},
		"lost":      {core.CodeUsage, "block_storage_endpoint_override"},
		"noproject": {core.CodeUsage, "names no project"}, // that of the entry that was merged does not show through
	} {
		_, err := findLogin(cloud, "", "")
		wantCode(t, err, x.code, x.part)
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("a secret is told: %v", err)
		}
	}
	names, err := Clouds()
	want(t, "clouds", say(strings.Join(names, " "), err), "base federated fixed lost many merged named noproject sideways <nil>")
	a, b := find("base", "", ""), find("base", "", "")
	setenv(t, "OS_PASSWORD", "another")
	b = find("base", "", "")
	if a.whose() != b.whose() {
		t.Error("what is kept of a cloud tells its password")
	}
	if a.identity() == b.identity() {
		t.Error("a token kept for one password is used for another")
	}
}

// bodyOf is what a login sends to Keystone.
func bodyOf(l login) string {
	body, _ := json.Marshal(l.entry.Body())
	return string(body)
}

func TestBrokenClouds(t *testing.T) {
	writeClouds(t, "clouds: [this is no map")
	_, err := findLogin("a", "", "")
	wantCode(t, err, core.CodeUnreadable, "no YAML that describes clouds")
	if _, err := Clouds(); err == nil {
		t.Error("a broken file is no error")
	}
	t.Setenv("OS_CLIENT_CONFIG_FILE", filepath.Join(t.TempDir(), "none.yaml"))
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_CONFIG_HOME", "")
	_, err = findLogin("a", "", "")
	wantCode(t, err, core.CodeNotFound, "there is no clouds.yaml in ")
}

func TestEnvironment(t *testing.T) {
	writeClouds(t, "clouds: {}")
	_, err := findLogin(Environment, "", "")
	wantCode(t, err, core.CodeUsage, "OS_AUTH_URL is not set")
	for name, v := range map[string]string{"OS_AUTH_URL": "https://keys.example/v3", "OS_USERNAME": "admin", "OS_PASSWORD": "p",
		"OS_PROJECT_NAME": "admin", "OS_USER_DOMAIN_NAME": "Default", "OS_PROJECT_DOMAIN_ID": "default",
		"OS_REGION_NAME": "R", "OS_ENDPOINT_TYPE": "internalURL", "OS_INSECURE": "true"} {
		t.Setenv(name, v)
	}
	l, err := findLogin(Environment, "", "")
	if err != nil {
		t.Fatal(err)
	}
	want(t, "login", say(bodyOf(l), l.region, l.entry.Interfaces, l.tls.InsecureSkipVerify),
		`{"auth":{"identity":{"methods":["password"],"password":{"user":{"domain":{"name":"Default"},"name":"admin","password":"p"}}},`+
			`"scope":{"project":{"domain":{"id":"default"},"name":"admin"}}}} R [internal] true`)
	names, _ := Clouds()
	want(t, "clouds", strings.Join(names, " "), Environment)
	t.Setenv("OS_SYSTEM_SCOPE", "all")
	t.Setenv("OS_PROJECT_NAME", "")
	if l, err = findLogin(Environment, "", ""); err != nil || !l.entry.System() {
		t.Errorf("%v %+v", err, l.entry.Scope())
	}
	t.Setenv("OS_INSECURE", "")
	t.Setenv("OS_CACERT", filepath.Join(t.TempDir(), "none.pem"))
	_, err = findLogin(Environment, "", "")
	wantCode(t, err, core.CodeUnreadable, "cannot be used")
}

// TestCatalogue: what a real Keystone said, and what is missing in it.
func TestCatalogue(t *testing.T) {
	c := newCloud(t)
	p := c.open(Options{})
	s, err := p.Scope(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want(t, "scope", say(s.Project.Name, s.User, s.Version, s.Regions, s.Roles),
		"admin admin 3.70 [RegionOne RegionTwo] [reader admin member]")
	for name, x := range map[string]struct {
		code core.Code
		part string
	}{
		"token-unscoped": {core.CodeDenied, "names no project"},
		"token-system":   {core.CodeNotFound, "no Block Storage service"},
	} {
		c.token = body(t, name)
		_, err := c.open(Options{}).Scope(t.Context())
		wantCode(t, err, x.code, x.part)
	}
	c.token = strings.ReplaceAll(body(t, "token"), "RegionOne", "Elsewhere")
	_, err = c.open(Options{}).Scope(t.Context())
	wantCode(t, err, core.CodeNotFound, "in the region RegionOne; set region_name to one of Elsewhere, RegionTwo")
	c.token = strings.ReplaceAll(body(t, "token"), "volumev3", "other") // block-storage alone is enough
	if _, err = c.open(Options{}).Scope(t.Context()); err != nil {
		t.Error(err)
	}
	c.token = strings.ReplaceAll(body(t, "token"), "block-storage", "other")
	if _, err = c.open(Options{}).Scope(t.Context()); err != nil {
		t.Error(err)
	}
	c.token = strings.ReplaceAll(c.token, "volumev3", "other")
	_, err = c.open(Options{}).Scope(t.Context())
	wantCode(t, err, core.CodeNotFound, "no Block Storage service")
}
