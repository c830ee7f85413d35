package cinder

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"hearth/core"
	"hearth/store/cinder/clouds"
)

// TestCheck: who goes where and through which proxy, what is of no use, and no secret
// in any of it.
func TestCheck(t *testing.T) {
	w := clouds.World{Dir: t.TempDir(), Home: t.TempDir(), Env: map[string]string{
		"HTTPS_PROXY": "http://boss:s3cret@proxy.example:3128", "no_proxy": "inner.example", "ALL_PROXY": "socks5://x", "http_proxy": "a b",
		"OS_PASSWORD": "s3cret", "OS_CLIENT_CONFIG_FILE": ""}}
	login := "username: alice, password: hidden, user_domain_id: d"
	writeFile(t, w.Dir+"/clouds.yaml", `clouds:
  good:
    auth: {auth_url: "https://k.example:5000/v3", project_name: ops, `+login+`}
    region_name: RegionOne
    interface: [internal, public]
    verify: false
  inner: {auth: {auth_url: "http://inner.example/v3", project_id: 0123, `+login+`}}
  unscoped: {auth: {auth_url: "http://inner.example/v3", `+login+`}}
  empty: {}
  fixed: {auth_type: none, block_storage_endpoint_override: "https://c.example/v3/p"}
  ca: {cacert: /no/such.pem, auth: {auth_url: "https://k.example/v3", project_id: p, `+login+`}}
`)
	writeFile(t, w.Dir+"/secure.yaml", "clouds: {}\n")
	proxy := func(r *http.Request) (*url.URL, error) {
		if r.URL.Scheme == "https" {
			return url.Parse(w.Env["HTTPS_PROXY"])
		}
		return nil, nil
	}
	found := map[string]core.Checked{}
	var all strings.Builder
	for _, c := range check(w, proxy) {
		found[c.What] = c
		all.WriteString(strings.Join(c.Lines, "\n"))
		if c.Err != nil {
			all.WriteString(c.Err.Error())
		}
	}
	if strings.Contains(all.String(), "s3cret") || strings.Contains(all.String(), "hidden") || strings.Contains(all.String(), "boss") {
		t.Errorf("a secret is shown: %s", all.String())
	}
	over := "\npassword (OS_PASSWORD) goes over the one of " + w.Dir + "/clouds.yaml"
	for what, lines := range map[string]string{
		"clouds.yaml": w.Dir + "/clouds.yaml",
		"secure.yaml": w.Dir + "/secure.yaml",
		"variables":   "OS_PASSWORD",
		"proxy": "HTTPS_PROXY http://proxy.example:3128 (with a login)\nhttp_proxy names no proxy that can be used\n" +
			"no_proxy inner.example\nALL_PROXY is not read here: set HTTPS_PROXY",
		"cloud good": "alice, project ops, at https://k.example:5000/v3 (RegionOne, internal or public); " +
			"through the proxy http://proxy.example:3128 (with a login); its certificate is not verified" + over,
		"cloud inner": "alice, project 83, at http://inner.example/v3 (public); without TLS, so that it can be read and changed on the way\n" +
			"project_id (" + w.Dir + "/clouds.yaml, line 7) is a number " +
			"to YAML, and is sent as openstack reads it, not as it stands: put it in quotes if that is not meant" + over,
		"cloud fixed": "without Keystone, at https://c.example/v3/p (public); through the proxy http://proxy.example:3128 (with a login)",
	} {
		if got := strings.Join(found[what].Lines, "\n"); got != lines || found[what].Err != nil {
			t.Errorf("%s: %s (%v), want %s", what, got, found[what].Err, lines)
		}
	}
	for what, words := range map[string]string{
		"cloud unscoped": "names no project",
		"cloud empty":    "its auth_url is missing",
		"cloud ca":       "its cacert (" + w.Dir + "/clouds.yaml, line 11) cannot be used: /no/such.pem: no such file",
	} {
		if err := found[what].Err; err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v, want %q", what, err, words)
		}
	}
	own := check(clouds.World{Dir: t.TempDir(), Home: "/h", Env: map[string]string{"OS_AUTH_URL": "http://k/v3"}}, proxy)
	last := own[len(own)-1]
	if last.What != "cloud envvars" || last.Err == nil || !strings.Contains(last.Err.Error(), "its username is missing in the OS_*") {
		t.Errorf("the variables: %+v", last)
	}
	none := check(clouds.World{Dir: t.TempDir(), Home: "/h", Env: map[string]string{}}, proxy)
	want(t, "without a file", say(none[0].What, strings.HasPrefix(none[0].Lines[0], "there is none: looked for in "),
		strings.HasSuffix(none[0].Lines[0], ", /h/.config/openstack, /etc/xdg/openstack, /etc/openstack")), "clouds.yaml true true")
}

// TestRegionAsked: a region that is asked for brings the values that it has, and may be
// one that only the catalogue knows.
func TestRegionAsked(t *testing.T) {
	w := clouds.World{Dir: t.TempDir(), Env: map[string]string{"OS_REGION_NAME": "One"}}
	writeFile(t, w.Dir+"/clouds.yaml", `clouds:
  c:
    auth: {auth_url: "http://k/v3", username: a, password: b, project_id: p}
    regions: [One, {name: Two, values: {volume_endpoint_override: "http://two/v3/p", auth: {project_id: q}}}]
`)
	for region, what := range map[string]string{"": "One  map[project:map[id:p]]", "Two": "Two http://two/v3/p map[project:map[id:q]]",
		"Three": "Three  map[project:map[id:p]]"} {
		l, err := loginIn(w, "c", region, "")
		if err != nil {
			t.Fatal(err)
		}
		want(t, "region "+region, say(l.region, l.override, l.entry.Scope()), what)
	}
}
