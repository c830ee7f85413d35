package clouds

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"hearth/core"
)

// Login is how to get into a cloud, as its entry says it. The zero value is none.
type Login struct {
	Cloud string
	From  string // the file, for sentences: "/etc/openstack/clouds.yaml"; or "the OS_* variables"

	// Type is the auth_type, by keystoneauth's name. Direct ones ask no Keystone.
	Type   string
	Direct bool

	AuthURL string
	Region  string
	// Interfaces are those that will do, the best first: "public" and so on.
	Interfaces []string
	// Override is the URL of the Block Storage API, "" where the catalogue says.
	Override string

	TLS   TLS
	Notes []Note

	methods []string          // of the login: password, token, totp, application_credential; none of a federated one
	options map[string]string // what the login is made of, by keystoneauth's names
	from    map[string]Place
}

// scopes are the keys that say what a login is for.
var scopes = []string{"domain_id", "domain_name", "project_id", "project_name", "trust_id", "system_scope"}

// common are the options of every login by Keystone; the domains of the scope's
// project among them.
var common = slices.Concat([]string{"auth_url", "project_domain_id", "project_domain_name"}, scopes)

var userOptions = []string{"user_id", "username", "user_domain_id", "user_domain_name"}

// kinds are the kinds of login that there are, by auth_type: what each takes besides
// what is common, and the methods it sends (keystoneauth1/loading/_plugins).
var kinds = map[string]struct {
	takes   []string
	methods []string
	generic bool // it takes default_domain_id and default_domain_name
}{
	"password":                {slices.Concat([]string{"password"}, userOptions), []string{"password"}, true},
	"v3password":              {slices.Concat([]string{"password"}, userOptions), []string{"password"}, false},
	"token":                   {[]string{"token"}, []string{"token"}, true},
	"v3token":                 {[]string{"token"}, []string{"token"}, false},
	"v3totp":                  {slices.Concat([]string{"passcode"}, userOptions), []string{"totp"}, false},
	"v3applicationcredential": {slices.Concat(credentialOptions, userOptions), []string{"application_credential"}, false},
	"v3oidcpassword":          {slices.Concat(federatedOptions, oidcOptions, []string{"username", "password"}), nil, false},
	"v3oidcclientcredentials": {slices.Concat(federatedOptions, oidcOptions), nil, false},
	"v3oidcaccesstoken":       {slices.Concat(federatedOptions, []string{"access_token"}), nil, false},
}

var credentialOptions = []string{"application_credential_id", "application_credential_name", "application_credential_secret"}

// knownKeys are the keys of auth that some kind of login takes: one of another kind
// does no harm.
var knownKeys = slices.Concat(common, userOptions, credentialOptions, federatedOptions, oidcOptions, []string{"password", "token",
	"passcode", "default_domain_id", "default_domain_name", "endpoint", "tenant_id", "tenant_name", "user_name", "url", "auth_methods",
	"access_token"})

// Login makes a login of an entry, or of the variables where cloud is [Environment].
// region, if not empty, is taken instead of the configured one, and need not be one
// of the entry's. CodeNotFound if there is no such entry; CodeUsage, CodeUnsupported
// or CodeUnreadable, naming the key, if it is of no use. That it names no scope is
// told by [Login.Scoped].
func (b *Book) Login(cloud, region string) (Login, error) {
	e, err := b.whole(cloud, region)
	if err != nil {
		return Login{}, err
	}
	l := Login{Cloud: cloud, From: b.path, options: map[string]string{}, from: map[string]Place{}}
	if cloud == Environment {
		l.From = "the OS_* variables"
	}
	if err := e.fix(); err != nil {
		return Login{}, err
	}
	for _, step := range []func(*entry) error{l.choose, l.take, l.around, l.check} {
		if err := step(e); err != nil {
			return Login{}, err
		}
	}
	if l.TLS, err = e.tls(); err != nil {
		return Login{}, err
	}
	l.Notes = e.notes
	return l, nil
}

// choose finds the kind of login (osc_lib/cli/client_config.py,
// _auth_select_default_plugin). Where the entry names none, openstack takes password
// and fails over a token or an application credential: it is clear what is meant.
func (l *Login) choose(e *entry) error {
	v := e.top.get("auth_type")
	if v != nil && (v.kind == list || v.kind == dict || v.kind == odd) {
		return e.odd("auth_type", v, "is no word", "name one")
	}
	if v.is() {
		l.Type = v.text
	}
	named := v.is() && v.at != Place{}
	has := func(key string) bool { return e.auth.get(key).is() || e.top.get(key).is() }
	switch l.Type {
	case "token_endpoint":
		l.Type = "admin_token"
	case "None":
		l.Type = "none"
	case "":
		l.Type = "password"
		if v3 := e.version() == "3"; v3 && e.top.get("username").is() {
			l.Type = "v3password"
		} else if !e.top.get("username").is() && e.top.get("token").is() {
			l.Type = "token"
		}
	}
	if l.Type == "password" && !named && !has("username") && !has("user_id") && !has("user_name") {
		switch {
		case has("application_credential_id"), has("application_credential_name"):
			l.Type = "v3applicationcredential"
		case has("token"):
			l.Type = "token"
		}
	}
	if l.Type == "password" && !named && has("application_credential_secret") && !has("password") {
		l.Type = "v3applicationcredential"
	}
	switch l.Type {
	case "none", "noauth", "admin_token":
		l.Direct = true
	case "v3multifactor":
		return l.factors(e)
	default:
		if _, ok := kinds[l.Type]; !ok {
			return e.notDone(l.Type, v)
		}
		l.methods = kinds[l.Type].methods
	}
	return nil
}

// factors reads the methods of a login with several.
func (l *Login) factors(e *entry) error {
	v := e.option("auth_methods")
	const next = "write a list, as [v3password, v3totp]"
	if !v.is() || v.kind != list {
		return e.odd("auth_methods", v, "does not list the methods of v3multifactor", next)
	}
	for _, item := range v.items {
		k, ok := kinds[item.text]
		if !ok || item.kind != text || k.generic || k.methods == nil {
			return e.odd("auth_methods", item, "has a method that is not done here: "+core.Visible(item.text), next)
		}
		l.methods = append(l.methods, k.methods...)
	}
	return nil
}

// at is where a value stands, for the middle of a sentence.
func at(v *value) string {
	if v == nil || v.at == (Place{}) {
		return ""
	}
	return " (" + v.at.String() + ")"
}

// take moves what the kind of login wants to where it is wanted (OSC_Config.
// _validate_auth): beside auth goes over under it, the old name counts where the new
// one is missing.
func (l *Login) take(e *entry) error {
	wanted := slices.Clone(common)
	switch k, ok := kinds[l.Type]; {
	case ok:
		wanted = append(wanted, k.takes...)
		if k.generic {
			wanted = append(wanted, "default_domain_id", "default_domain_name")
		}
	case l.Direct:
		wanted = []string{"endpoint", "token"}
	default: // several methods
		wanted = append(wanted, slices.Concat(userOptions, credentialOptions, []string{"password", "passcode", "token"})...)
	}
	for _, key := range wanted {
		v := e.option(key)
		if !v.is() {
			continue
		}
		switch v.kind {
		case text, number:
		case truth:
			return e.odd(key, v, "is a word for yes or no to YAML, and no text", "put it in quotes")
		case date:
			return e.odd(key, v, "is a date to YAML, and no text", "put it in quotes")
		case odd:
			return e.odd(key, v, v.why, "repair it")
		default:
			return e.odd(key, v, "is no text", "write one word, in quotes if need be")
		}
		if in := e.auth.get(key); v.at.Name != "" && in.is() && in != v && in.at.File != "" {
			e.note(key, v, "goes over the one of "+in.at.File)
		}
		if v.kind == number && v.raw != v.text {
			e.note(key, v, "is a number to YAML, and is sent as openstack reads it, not as it stands: put it in quotes if that is not meant")
		}
		l.options[key], l.from[key] = v.text, v.at
	}
	for _, key := range e.auth.names {
		switch v := e.auth.get(key); {
		case slices.Contains(wanted, key):
		case !slices.Contains(knownKeys, key):
			return e.odd("auth."+core.Visible(key), v, "is no key of a login",
				"repair its name, or move it from under auth to beside it; openstack refuses it too")
		case v.is():
			e.note("auth."+key, v, "is not used by a login with auth_type "+l.Type)
		}
	}
	return nil
}

// old are the names that options had before (keystoneauth1, the deprecated ones).
var old = map[string]string{"username": "user_name", "project_id": "tenant_id", "project_name": "tenant_name", "endpoint": "url"}

// option is the value that wins for an option of the login; nil for none.
func (e *entry) option(key string) *value {
	for _, k := range []*keys{e.top, e.auth} {
		v, there := k.of[key]
		if was, ok := old[key]; !there && ok {
			v = k.get(was)
		}
		if v.is() {
			return v
		}
	}
	return nil
}

// check says what the login lacks.
func (l *Login) check(e *entry) error {
	if l.Direct {
		return nil
	}
	lacks := func(key, next string) error {
		return core.Fail(core.CodeUsage, e.tried(), "its "+key+" is missing in "+l.From, next, nil)
	}
	has := func(keys ...string) bool {
		return slices.ContainsFunc(keys, func(key string) bool { return l.options[key] != "" })
	}
	if l.AuthURL = l.options["auth_url"]; l.AuthURL == "" {
		if l.Cloud == Environment {
			return core.Fail(core.CodeUsage, e.tried(), "OS_AUTH_URL is not set",
				"set OS_AUTH_URL, OS_USERNAME, OS_PASSWORD, OS_PROJECT_NAME and the domains, or use a clouds.yaml", nil)
		}
		return lacks("auth_url", "write Keystone's URL under auth, such as https://cloud.example:5000/v3")
	}
	if u, err := url.Parse(l.AuthURL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return core.Fail(core.CodeUsage, e.tried(), "its auth_url "+l.where("auth_url")+"is no URL: "+core.Visible(l.AuthURL),
			"write one that begins with http:// or https://", nil)
	}
	if l.Federated() != nil {
		return l.checkFederated(e, lacks)
	}
	for _, method := range l.methods {
		user := has("user_id", "username")
		switch {
		case method == "password" && !user, method == "totp" && !user:
			return lacks("username", "write username or user_id under auth, or set OS_USERNAME")
		case method == "password" && !has("password"):
			return lacks("password", "write it under auth, into secure.yaml, or set OS_PASSWORD")
		case method == "token" && !has("token"):
			return lacks("token", "set OS_TOKEN, or write token under auth")
		case method != "application_credential":
		case !has("application_credential_secret"):
			return lacks("application_credential_secret", "write it under auth, or into secure.yaml")
		case !has("application_credential_id", "application_credential_name"):
			return lacks("application_credential_id", "write it under auth, or application_credential_name with the user")
		}
	}
	return l.checkScope(e)
}

// checkScope says what is wrong with what the login is for (keystoneauth1,
// loading/identity.py and identity/v3/base.py).
func (l *Login) checkScope(e *entry) error {
	v3 := strings.HasPrefix(l.Type, "v3")
	o := l.options
	for _, x := range [][3]string{{"username", "user_domain_id", "user_domain_name"},
		{"project_name", "project_domain_id", "project_domain_name"}} {
		if x[0] == "username" && l.Federated() != nil { // it is the identity provider's, which knows no domains
			continue
		}
		if v3 && o[x[0]] != "" && o[x[1]] == "" && o[x[2]] == "" {
			return core.Fail(core.CodeUsage, e.tried(), "its "+x[0]+" belongs to a domain, and neither "+x[1]+" nor "+x[2]+" is set",
				"write "+x[1]+" or "+x[2]+" under auth, or leave auth_type out", nil)
		}
	}
	if s := o["system_scope"]; s != "" && s != "all" {
		return core.Fail(core.CodeUsage, e.tried(), "its system_scope "+l.where("system_scope")+"is "+core.Visible(s)+", and there is only all",
			"write system_scope: all, or leave it out", nil)
	}
	var targets []string
	for _, key := range []string{"domain_id", "domain_name", "project_id", "project_name", "trust_id"} {
		if kind, _, _ := strings.Cut(key, "_"); o[key] != "" && !slices.Contains(targets, kind) {
			targets = append(targets, kind)
		}
	}
	if len(targets) > 1 {
		return core.Fail(core.CodeUsage, e.tried(), "it asks for a "+strings.Join(targets, " and a ")+" at once",
			"leave all but one out of auth and of the OS_* variables", nil)
	}
	return nil
}

// where is where an option stands, with a space, for a sentence; "" if it is unknown.
func (l *Login) where(option string) string {
	if at := l.from[option].String(); at != "" {
		return "(" + at + ") "
	}
	return ""
}

// around reads what stands around the login: region, interfaces, the endpoint.
func (l *Login) around(e *entry) error {
	var err error
	if l.Region, err = e.word("region_name", e.top.get("region_name")); err != nil {
		return err
	}
	face := e.top.get("interface")
	faces := []*value{face}
	if face != nil && face.kind == list {
		faces = face.items
	}
	for _, f := range faces {
		if !f.is() {
			continue
		}
		name, err := e.word("interface", f)
		if err != nil {
			return err
		}
		if name = strings.TrimSuffix(name, "URL"); !slices.Contains([]string{"public", "internal", "admin"}, name) {
			return e.odd("interface", f, core.Visible(f.text)+" is none of public, internal and admin", "repair it")
		}
		l.Interfaces = append(l.Interfaces, name)
	}
	if len(l.Interfaces) == 0 {
		l.Interfaces = []string{"public"}
	}
	if l.Override, err = e.override(); err != nil {
		return err
	}
	if l.Direct && l.Override == "" {
		if l.Override = l.options["endpoint"]; l.Override == "" {
			return core.Fail(core.CodeUsage, e.tried(), "its auth_type "+l.Type+" asks no Keystone, and no endpoint is given",
				"set block_storage_endpoint_override in "+l.From, nil)
		}
	}
	e.passOver()
	return nil
}

// blockTypes are the names of the Block Storage service in keys, in the client's
// order (os_service_types).
var blockTypes = []string{"block_storage", "volumev3", "volumev2", "volume", "block_store"}

// override is the endpoint that the entry gives (CloudRegion.get_endpoint).
func (e *entry) override() (string, error) {
	for _, suffix := range []string{"_endpoint_override", "_endpoint"} {
		for _, name := range blockTypes {
			if v := e.top.get(name + suffix); v.is() {
				return e.word(name+suffix, v)
			}
		}
	}
	return "", nil
}

// passOver notes the keys that would say something of the Block Storage service or
// of the network, and are not looked at.
func (e *entry) passOver() {
	for _, key := range e.top.names {
		v := e.top.get(key)
		if !v.is() || v.at == (Place{}) {
			continue
		}
		read := func(end string) bool { return strings.HasSuffix(key, end) }
		block := slices.ContainsFunc(blockTypes, func(name string) bool { return strings.HasPrefix(key, name+"_") }) &&
			!slices.ContainsFunc([]string{"_endpoint", "_endpoint_override", "_api_version"}, read)
		if block || key == "force_ipv4" || key == "prefer_ipv6" {
			e.note(key, v, "is not looked at here")
		}
	}
}

// word is a scalar of the entry as text, with {names} put in (OpenStackConfig.
// get_one, at its end). None is "".
func (e *entry) word(key string, v *value) (string, error) {
	switch {
	case v == nil, v.kind == nothing:
		return "", nil
	case v.kind == text:
		return e.format(key, v)
	case v.kind == number:
		return v.text, nil
	case v.kind == odd:
		return "", e.odd(key, v, v.why, "repair it")
	}
	return "", e.odd(key, v, "is no text", "write one word, in quotes if need be")
}

var braces = regexp.MustCompile(`\{\{|\}\}|\{[^{}]*\}|[{}]`)

// format is Python's str.format(**config), of which only {name} is done.
func (e *entry) format(key string, v *value) (string, error) {
	if !strings.ContainsAny(v.text, "{}") {
		return v.text, nil
	}
	var bad string
	out := braces.ReplaceAllStringFunc(v.text, func(s string) string {
		if s == "{{" || s == "}}" {
			return s[:1]
		}
		name := strings.Trim(s, "{}")
		in := e.top.get(name)
		if len(s) < 3 || in == nil || in.kind == list || in.kind == dict || in.kind == odd {
			bad = s
			return s
		}
		if in.kind == nothing {
			return "None"
		}
		return in.text
	})
	if bad != "" {
		return "", e.odd(key, v, "has "+core.Visible(bad)+" in it, which names no key of the entry",
			"write {{ and }} for braces that are meant as they stand")
	}
	return out, nil
}
