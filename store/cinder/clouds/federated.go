package clouds

import (
	"cmp"
	"net/url"

	"hearth/core"
)

// Federated is a login by an identity provider that Keystone believes (OpenID Connect):
// it gives an access token, and Keystone a token for that
// (keystoneauth1/identity/v3/oidc.py).
type Federated struct {
	// Provider and Protocol are Keystone's names for the identity provider and for the
	// way in which it is believed.
	Provider, Protocol string

	// Grant is how the access token is asked for: "password" or "client_credentials"; ""
	// where Token is one.
	Grant string
	Token string

	// Discovery is the URL of the provider's discovery document, and Endpoint that of
	// its token endpoint; "" where the other says it. Endpoint goes over the document's.
	Discovery, Endpoint string
	ClientID            string
	ClientSecret        string // "": the client is a public one
	Scope               string
	// Kind is which of the tokens that come Keystone is shown: "access_token" or "id_token".
	Kind           string
	User, Password string // of Grant "password"
}

// grants are the grants of the federated kinds of login, by auth_type.
var grants = map[string]string{
	"v3oidcpassword":          "password",
	"v3oidcclientcredentials": "client_credentials",
	"v3oidcaccesstoken":       "",
}

var (
	federatedOptions = []string{"identity_provider", "protocol"}
	oidcOptions      = []string{"client_id", "client_secret", "openid_scope", "scope", "access_token_endpoint", "discovery_endpoint",
		"access_token_type"}
)

// Federated is how the login goes by an identity provider; nil where Keystone itself
// knows the user.
func (l *Login) Federated() *Federated {
	grant, ok := grants[l.Type]
	if !ok {
		return nil
	}
	o := l.options
	f := &Federated{Provider: o["identity_provider"], Protocol: o["protocol"], Grant: grant}
	if grant == "" {
		f.Token = o["access_token"]
		return f
	}
	f.Discovery, f.Endpoint = o["discovery_endpoint"], o["access_token_endpoint"]
	f.ClientID, f.ClientSecret = o["client_id"], o["client_secret"]
	f.Scope = cmp.Or(o["openid_scope"], o["scope"], "openid profile")
	f.Kind = cmp.Or(o["access_token_type"], "access_token")
	if grant == "password" {
		f.User, f.Password = o["username"], o["password"]
	}
	return f
}

// checkFederated says what a login by an identity provider lacks.
func (l *Login) checkFederated(e *entry, lacks func(key, next string) error) error {
	f := l.Federated()
	switch {
	case f.Provider == "":
		return lacks("identity_provider", "write under auth the name that Keystone has for it, as in openstack identity provider list")
	case f.Protocol == "":
		return lacks("protocol", "write under auth the one that Keystone has for "+core.Visible(f.Provider)+", such as openid")
	case l.Type == "v3oidcaccesstoken" && f.Token == "":
		return lacks("access_token", "set OS_ACCESS_TOKEN to one of the identity provider's, or write access_token under auth")
	case l.Type == "v3oidcaccesstoken":
		return l.checkScope(e)
	case f.ClientID == "":
		return lacks("client_id", "write under auth the client that the identity provider knows, and its client_secret")
	case f.Grant == "password" && f.User == "":
		return lacks("username", "write username under auth, or set OS_USERNAME: it is the one of the identity provider")
	case f.Grant == "password" && f.Password == "":
		return lacks("password", "write it under auth, into secure.yaml, or set OS_PASSWORD")
	case f.Discovery == "" && f.Endpoint == "":
		return lacks("discovery_endpoint", "write under auth the URL of the identity provider's document, which ends in "+
			"/.well-known/openid-configuration, or access_token_endpoint")
	case f.Kind != "access_token" && f.Kind != "id_token":
		return core.Fail(core.CodeUsage, e.tried(), "its access_token_type "+l.where("access_token_type")+"is "+core.Visible(f.Kind)+
			", and there are access_token and id_token", "write one of these, or leave it out", nil)
	}
	for _, key := range []string{"discovery_endpoint", "access_token_endpoint"} {
		text := l.options[key]
		if u, err := url.Parse(text); text != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
			return core.Fail(core.CodeUsage, e.tried(), "its "+key+" "+l.where(key)+"is no URL: "+core.Visible(text),
				"write one that begins with http:// or https://", nil)
		}
	}
	return l.checkScope(e)
}

// Rescope is the body that asks Keystone for a token of the login's scope by an unscoped
// one (keystoneauth1/identity/v3/federation.py, _Rescoped).
func (l *Login) Rescope(token string) map[string]any {
	auth := map[string]any{"identity": map[string]any{"methods": []string{"token"}, "token": map[string]any{"id": token}}}
	if scope := l.Scope(); scope != nil {
		auth["scope"] = scope
	}
	return map[string]any{"auth": auth}
}

// instead says what to use in place of a kind of login that hearth does not do, by
// auth_type: those of keystoneauth and its extras.
var instead = map[string]string{
	"v3oidcauthcode":           byBrowser,
	"v3oidcdeviceauthz":        byBrowser,
	"v3websso":                 byBrowser,
	"v3openidconnect":          byBrowser,
	"v3samlpassword":           byOthers,
	"v3adfspassword":           byOthers,
	"v3kerberos":               byOthers,
	"v3fedkerb":                byOthers,
	"v3oauth1":                 byOthers,
	"v3tokenlessauth":          byOthers,
	"v3oauth2clientcredential": byCredential,
	"v3oauth2mtlsclientcredential": "make an application credential (openstack application credential create) and use " +
		"auth_type: v3applicationcredential; cert and key of the entry are shown to Keystone with it",
	"v2password": "use auth_type: password, and an auth_url that ends in /v3",
	"v2token":    "use auth_type: token, and an auth_url that ends in /v3",
}

const (
	byBrowser = "log in with openstack, and give hearth what it was given: openstack token issue -f value -c id, as OS_TOKEN with " +
		"OS_AUTH_TYPE=v3token; or make an application credential (openstack application credential create) and use " +
		"auth_type: v3applicationcredential"
	byOthers = "make an application credential with openstack (openstack application credential create) and use " +
		"auth_type: v3applicationcredential; or give hearth a token of openstack token issue, as OS_TOKEN with OS_AUTH_TYPE=v3token"
	byCredential = "its client is an application credential: write its id and secret as application_credential_id and " +
		"application_credential_secret, and auth_type: v3applicationcredential"
	byAny = "use password, v3totp, v3multifactor, an application credential, or one of v3oidcpassword, v3oidcclientcredentials and " +
		"v3oidcaccesstoken; or auth_type: token, with one of openstack token issue"
)

// notDone refuses a kind of login, and says what to use in its place.
func (e *entry) notDone(kind string, v *value) error {
	return core.Fail(core.CodeUnsupported, e.tried(), "its auth_type "+core.Visible(kind)+at(v)+" is not done here",
		cmp.Or(instead[kind], byAny), nil)
}
