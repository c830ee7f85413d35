package cinder

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gophercloud/gophercloud/v2"

	"hearth/core"
	"hearth/store/cinder/clouds"
	"hearth/store/wire"
)

// mostToken bounds the answers of an identity provider: tokens have a few kilobytes, and
// what it says of itself has some more.
var mostToken = wire.Bounds{Bytes: mostDiscovery, Marks: mostParts, Mark: ','}

// federate logs in by an identity provider and returns Keystone's unscoped token
// (keystoneauth1/identity/v3/oidc.py). Of the provider nothing is kept.
func (s *session) federate(ctx context.Context, provider *gophercloud.ProviderClient, by *clouds.Federated,
	keystone string) (string, error) {
	ctx = wire.Within(ctx, mostToken)
	access := by.Token
	if by.Grant != "" {
		at, err := s.tokenEndpoint(ctx, provider, by)
		if err == nil {
			access, err = s.accessToken(ctx, provider, by, at)
		}
		if err != nil {
			return "", err
		}
	}
	address := keystone + "/OS-FEDERATION/identity_providers/" + url.PathEscape(by.Provider) +
		"/protocols/" + url.PathEscape(by.Protocol) + "/auth"
	res, err := provider.Request(ctx, http.MethodPost, address, &gophercloud.RequestOpts{
		MoreHeaders: map[string]string{"Authorization": "Bearer " + access}, OkCodes: []int{200, 201}, KeepResponseBody: true})
	if err != nil {
		return "", s.notFederated(by, keystone, err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return "", s.explain(s.entering(), keystoneAt(keystone), &url.Error{Op: "Post", URL: address, Err: err})
	}
	token := res.Header.Get("X-Subject-Token")
	if core.Hide(token); token == "" {
		return "", core.Fail(core.CodeUnsupported, s.entering(), "what answers at "+hostOf(keystone)+" for the identity provider "+
			core.Visible(by.Provider)+" gives no token ("+looksLike(res.StatusCode, res.Header, []byte(" "))+")",
			"compare with openstack --os-cloud "+s.login.cloud+" token issue", nil)
	}
	return token, nil
}

func (s *session) entering() string { return "log in to " + s.login.cloud }

// identityProvider is an identity provider as a party.
func identityProvider(at, setting string) party {
	return party{name: "the identity provider", url: at, setting: setting, log: "its log", noTables: true}
}

// tokenEndpoint finds out where the access token is asked for. What a discovery document
// names has to be on the host that the document is on: else whoever can change what a
// plain file says has the password. openstack follows it anywhere.
func (s *session) tokenEndpoint(ctx context.Context, provider *gophercloud.ProviderClient, by *clouds.Federated) (string, error) {
	if by.Discovery == "" {
		return by.Endpoint, nil
	}
	var said struct {
		Endpoint string   `json:"token_endpoint"`
		Grants   []string `json:"grant_types_supported"`
	}
	at := identityProvider(by.Discovery, "discovery_endpoint")
	opts := &gophercloud.RequestOpts{OmitHeaders: []string{"X-Auth-Token"}, OkCodes: []int{200}, KeepResponseBody: true}
	if err := s.tells(context.WithValue(ctx, athome{}, true), provider, http.MethodGet, at, opts, &said); err != nil {
		return "", err
	}
	host := core.Visible(hostOf(by.Discovery))
	switch {
	case len(said.Grants) > 0 && !slices.Contains(said.Grants, by.Grant):
		return "", core.Fail(core.CodeUnsupported, s.entering(), "the identity provider at "+host+" gives no token for "+grantWord(by)+
			": it knows "+core.Visible(strings.Join(said.Grants, ", ")),
			"make an application credential (openstack application credential create), or use v3oidcaccesstoken", nil)
	case by.Endpoint != "":
		return by.Endpoint, nil
	case said.Endpoint == "":
		return "", core.Fail(core.CodeUnsupported, s.entering(), "the document of the identity provider at "+host+" names no token_endpoint",
			"repair discovery_endpoint, or write access_token_endpoint", nil)
	}
	from, err := url.Parse(by.Discovery)
	if err != nil {
		return "", err
	}
	to, err := from.Parse(said.Endpoint)
	if err != nil || !strings.EqualFold(from.Hostname(), to.Hostname()) || to.Scheme != from.Scheme && to.Scheme != "https" {
		return "", core.Fail(core.CodeRefused, s.entering(), "the document of the identity provider at "+host+" says that tokens are at "+
			core.Visible(said.Endpoint)+", which is on another host or without TLS, and nothing was sent there",
			"write access_token_endpoint with that URL if it is right", err)
	}
	return to.String(), nil
}

// grantWord says by what an access token is asked for.
func grantWord(by *clouds.Federated) string {
	if by.Grant == "password" {
		return "a user's password"
	}
	return "a client's secret alone (" + by.Grant + ")"
}

// accessToken asks the identity provider for an access token. The client's secret goes
// as keystoneauth sends it; a client without one is named in the form (RFC 6749, 3.2.1).
func (s *session) accessToken(ctx context.Context, provider *gophercloud.ProviderClient, by *clouds.Federated, at string) (string, error) {
	form := url.Values{"grant_type": {by.Grant}, "scope": {by.Scope}}
	if by.Grant == "password" {
		form.Set("username", by.User)
		form.Set("password", by.Password)
	}
	header := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	if by.ClientSecret == "" {
		form.Set("client_id", by.ClientID)
	} else {
		var r http.Request
		r.Header = http.Header{}
		r.SetBasicAuth(by.ClientID, by.ClientSecret)
		header["Authorization"] = r.Header.Get("Authorization")
		core.Hide(strings.TrimPrefix(header["Authorization"], "Basic "))
	}
	setting := "access_token_endpoint"
	if by.Endpoint == "" {
		setting = "discovery_endpoint"
	}
	var answer map[string]any
	opts := &gophercloud.RequestOpts{OmitHeaders: []string{"X-Auth-Token"}, MoreHeaders: header, OkCodes: []int{200}, KeepResponseBody: true,
		RawBody: strings.NewReader(form.Encode())}
	err := s.tells(ctx, provider, http.MethodPost, identityProvider(at, setting), opts, &answer)
	for _, key := range []string{"access_token", "id_token", "refresh_token"} {
		if text, ok := answer[key].(string); ok {
			core.Hide(text)
		}
	}
	if f := faultOf(err); f != nil && f.status < http.StatusInternalServerError {
		return "", s.notIssued(by, at, setting, f, err)
	}
	if err != nil {
		return "", err
	}
	token, _ := answer[by.Kind].(string)
	if token == "" {
		return "", core.Fail(core.CodeUnsupported, s.entering(), "the identity provider at "+core.Visible(hostOf(at))+" gives no "+by.Kind,
			"check "+setting+" and access_token_type", nil)
	}
	return token, nil
}

// tells asks an identity provider something and reads the JSON of its answer.
func (s *session) tells(ctx context.Context, provider *gophercloud.ProviderClient, method string, at party, opts *gophercloud.RequestOpts,
	into any) error {
	res, err := provider.Request(ctx, method, at.url, opts)
	if err != nil {
		return s.explain(s.entering(), at, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return s.explain(s.entering(), at, &url.Error{Op: method, URL: at.url, Err: err})
	}
	if err := json.Unmarshal(body, into); err != nil {
		return core.Fail(core.CodeUnreadable, s.entering(), "the identity provider at "+core.Visible(hostOf(at.url))+" answered "+
			looksLike(res.StatusCode, res.Header, body)+", which says nothing of tokens", "check "+at.setting, nil)
	}
	return nil
}

// notIssued explains why an identity provider gives no access token (RFC 6749, 5.2).
func (s *session) notIssued(by *clouds.Federated, at, setting string, f *fault, err error) error {
	var said struct {
		Error       string
		Description string `json:"error_description"`
	}
	json.Unmarshal(f.body, &said)
	host, words := core.Visible(hostOf(at)), ""
	if text := brief(core.Struck(said.Description)); text != "" {
		words = " (" + core.Visible(text) + ")"
	}
	who, check := "the client "+core.Visible(by.ClientID), "check client_id and client_secret"
	fail := func(what, next string) error {
		return core.Fail(core.CodeDenied, s.entering(), "the identity provider at "+host+" "+what+words, next, err)
	}
	switch said.Error {
	case "invalid_grant":
		if by.Grant == "password" {
			who, check = core.Visible(by.User), "check username and password: they are the identity provider's, and not Keystone's"
		}
		return fail("does not accept "+who, check)
	case "invalid_client":
		return fail("does not accept "+who, check)
	case "unauthorized_client", "unsupported_grant_type":
		return fail("gives "+who+" no token for "+grantWord(by), "ask whoever runs it to allow that, or make an application credential "+
			"(openstack application credential create)")
	case "invalid_scope":
		return fail("does not know the scope "+core.Visible(by.Scope), "repair openid_scope")
	case "":
		return core.Fail(core.CodeUnsupported, s.entering(), "the identity provider at "+host+" answered "+
			looksLike(f.status, f.header, f.body)+", which is no answer to who asks for a token", "check "+setting, err)
	}
	return fail("refuses it: "+core.Visible(core.Struck(said.Error)), check)
}

// notFederated explains why Keystone takes no token of an identity provider.
func (s *session) notFederated(by *clouds.Federated, keystone string, err error) error {
	tried, f := s.entering(), faultOf(err)
	which := fmt.Sprintf("%s with the protocol %s", core.Visible(by.Provider), core.Visible(by.Protocol))
	var led *strayed
	switch {
	case errors.As(err, &led):
		return core.Fail(core.CodeUnsupported, tried, "Keystone takes no access token for the identity provider "+which+
			": it leads on to "+plainURL(led.to)+", where one would log in with a browser, and nothing was sent there",
			byBrowserOnly, err)
	case f == nil, f.status >= http.StatusInternalServerError:
		return s.explain(tried, keystoneAt(keystone), err)
	case f.status == http.StatusUnauthorized && by.Grant == "":
		return core.Fail(core.CodeDenied, tried, "Keystone does not accept the access token for the identity provider "+which+
			": it has ended, was revoked, or is for another one", "set OS_ACCESS_TOKEN to a new one of the identity provider's", err)
	case f.status == http.StatusUnauthorized:
		return core.Fail(core.CodeDenied, tried, "Keystone does not accept what the identity provider "+which+" gave for "+s.login.user()+
			": it believes another provider, or no mapping of its fits the user",
			"compare with openstack --os-cloud "+s.login.cloud+" token issue, and ask the cloud's administrator for the mapping", err)
	case f.status == http.StatusNotFound:
		return core.Fail(core.CodeNotFound, tried, "Keystone knows no identity provider "+which,
			"repair identity_provider and protocol: openstack identity provider list shows them", err)
	case f.status == http.StatusForbidden:
		return core.Fail(core.CodeDenied, tried, "Keystone forbids it to who comes by the identity provider "+which,
			"ask the cloud's administrator for the provider's mapping, and whether it is enabled", err)
	}
	return s.explain(tried, keystoneAt(keystone), err)
}

const byBrowserOnly = "ask the cloud's administrator to take access tokens there (mod_auth_openidc: AuthType oauth20 or auth-openidc), " +
	"or make an application credential (openstack application credential create)"
