package cinder

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"

	"hearth/core"
	"hearth/store/cinder/clouds"
)

// request is the body of a login, as gophercloud asks for it.
type request map[string]any

func (r request) ToTokenV3CreateMap(map[string]any) (map[string]any, error) { return r, nil }

func (r request) ToTokenV3ScopeMap() (map[string]any, error) { return nil, nil } // it is in the body

func (r request) ToTokenV3HeadersMap(map[string]any) (map[string]string, error) { return nil, nil }

func (r request) CanReauth() bool { return false }

// enter asks Keystone for a token, and returns its answer and where it was asked.
func (s *session) enter(ctx context.Context, provider *gophercloud.ProviderClient,
	entry clouds.Login) (tokens.CreateResult, string, error) {
	at, err := s.version3(ctx, provider)
	if err != nil {
		return tokens.CreateResult{}, "", err
	}
	body := request(entry.Body())
	if by := entry.Federated(); by != nil {
		unscoped, err := s.federate(ctx, provider, by, at)
		if err != nil {
			return tokens.CreateResult{}, at, err
		}
		body = entry.Rescope(unscoped)
	}
	result := tokens.Create(ctx, &gophercloud.ServiceClient{ProviderClient: provider, Endpoint: at + "/"}, body)
	err = result.Err
	switch f := faultOf(err); {
	case f != nil && f.status == http.StatusUnauthorized && !isKeystone(ctx, provider, at):
		err = s.noKeystone(err)
	case err != nil:
		err = s.notIn("log in to "+s.login.cloud, err)
	}
	return result, at, err
}

// isKeystone looks, after a login was refused, whether it was Keystone that refused it:
// other services refuse in the same words. What Keystone says of its versions it says
// to anybody, and a version of it has no microversions. In doubt it is Keystone.
func isKeystone(ctx context.Context, provider *gophercloud.ProviderClient, at string) bool {
	all, status, err := discover(ctx, provider, at)
	other := slices.ContainsFunc(all, func(f found) bool { return f.Version != "" || f.Max != "" })
	return err != nil || status != http.StatusUnauthorized && !other
}

// noKeystone is the error of an auth_url where something else answers.
func (s *session) noKeystone(err error) error {
	return core.Fail(core.CodeNotFound, "log in to "+s.login.cloud, "there is no Keystone version 3 at "+s.login.entry.AuthURL,
		"set auth_url to the one that ends in /v3", err)
}

// version3 finds the URL of Keystone's version 3: auth_url where it says so itself,
// else what answers there says it (keystoneauth1/identity/generic/base.py). The
// password goes to no other host than the one that the entry names.
func (s *session) version3(ctx context.Context, provider *gophercloud.ProviderClient) (string, error) {
	tried, given := "log in to "+s.login.cloud, strings.TrimRight(s.login.entry.AuthURL, "/")
	switch major := majorOf(given[strings.LastIndex(given, "/"):]); {
	case major == 3:
		return given, nil
	case major > 0:
		return "", core.Fail(core.CodeUnsupported, tried, "its auth_url "+core.Visible(given)+" is Keystone's version "+strconv.Itoa(major)+
			", and hearth speaks version 3", "set auth_url to the one that ends in /v3, or to the one without a version", nil)
	}
	found, status, err := discover(ctx, provider, given)
	switch {
	case err != nil:
		return "", s.notIn(tried, err)
	case status == http.StatusUnauthorized:
		return "", s.noKeystone(nil)
	}
	v3 := newest3(found)
	if v3 == nil {
		if len(found) > 0 {
			return "", core.Fail(core.CodeUnsupported, tried, "Keystone at "+core.Visible(given)+" has no version 3",
				"set auth_url to one that has", nil)
		}
		return given + "/v3", nil // what answers there does not say: as one writes it
	}
	to, err := follow(given, v3.link())
	if err != nil {
		return "", core.Fail(core.CodeRefused, tried, "Keystone at "+core.Visible(given)+" says that its version 3 is at "+
			core.Visible(v3.link())+", which is on another host, and nothing was sent there",
			"set auth_url to that one if it is right, else to "+core.Visible(given)+"/v3", err)
	}
	return to, nil
}

// majorOf is the version that a URL's path names, as /v3 or /v2.0; 0 if it names
// none.
func majorOf(address string) int {
	u, err := url.Parse(address)
	if err != nil {
		return 0
	}
	for part := range strings.SplitSeq(u.Path, "/") {
		rest, ok := strings.CutPrefix(strings.ToLower(part), "v")
		whole, _, _ := strings.Cut(rest, ".")
		if n, err := strconv.Atoi(whole); ok && err == nil && n > 0 && n < 10 {
			return n
		}
	}
	return 0
}

// found is a version that a service says it has (its discovery document).
type found struct {
	ID      string
	Status  string
	Version string // the newest microversion; "" if there are none
	Max     string `json:"max_version"`
	Links   []struct{ Rel, Href string }
}

func (f *found) link() string {
	for _, l := range f.Links {
		if strings.EqualFold(l.Rel, "self") {
			return l.Href
		}
	}
	return ""
}

// newest3 is the newest version 3 that has a link; nil if there is none.
func newest3(all []found) *found {
	var out *found
	for i := range all {
		f := &all[i]
		if !strings.HasPrefix(f.ID, "v3") || f.link() == "" {
			continue
		}
		if out == nil || len(f.ID) > len(out.ID) || len(f.ID) == len(out.ID) && f.ID > out.ID {
			out = f
		}
	}
	return out
}

// mostDiscovery is how much of a discovery document is read.
const mostDiscovery = 1 << 20

// discover asks a service which versions it has. No token goes along. What is no
// such document, whatever its status, is no version at all.
func discover(ctx context.Context, provider *gophercloud.ProviderClient, address string) (versions []found, status int, err error) {
	res, err := provider.Request(ctx, http.MethodGet, address, &gophercloud.RequestOpts{
		OmitHeaders: []string{"X-Auth-Token"}, MoreHeaders: map[string]string{"Accept": "application/json"},
		OkCodes: []int{200, 203, 300}, KeepResponseBody: true})
	if f := faultOf(err); f != nil {
		return nil, f.status, nil
	}
	if err != nil {
		return nil, 0, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, mostDiscovery))
	if err != nil {
		return nil, 0, &url.Error{Op: "Get", URL: address, Err: err}
	}
	var one struct{ Version *found }
	var many struct{ Versions []found }
	var nested struct {
		Versions struct{ Values []found }
	}
	switch {
	case json.Unmarshal(body, &nested) == nil && len(nested.Versions.Values) > 0:
		versions = nested.Versions.Values
	case json.Unmarshal(body, &many) == nil && len(many.Versions) > 0:
		versions = many.Versions
	case json.Unmarshal(body, &one) == nil && one.Version != nil:
		versions = []found{*one.Version}
	}
	return versions, res.StatusCode, nil
}

// elsewhere is a link that leads away from the host that was asked.
type elsewhere struct{ from, to string }

func (e *elsewhere) Error() string { return e.from + " links to " + e.to }

// follow is where a link of a discovery document leads. It may be another path, or
// another port of the same host, or from plain HTTP to TLS. A link to plain HTTP from
// what was reached by TLS is one that whoever wrote it did not know of the proxy
// before it: its path is taken, and TLS stays. One to another host is an error.
func follow(from, link string) (string, error) {
	a, err := url.Parse(from + "/")
	if err != nil {
		return "", err
	}
	b, err := a.Parse(link)
	if err != nil {
		return "", err
	}
	if !strings.EqualFold(a.Hostname(), b.Hostname()) || b.Scheme != "http" && b.Scheme != "https" {
		return "", &elsewhere{from, link}
	}
	if a.Scheme == "https" && b.Scheme == "http" {
		b.Scheme, b.Host = a.Scheme, a.Host
	}
	b.User, b.RawQuery, b.Fragment = nil, "", ""
	return strings.TrimRight(b.String(), "/"), nil
}
