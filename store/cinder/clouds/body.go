package clouds

import (
	"maps"
	"slices"
	"strings"

	"hearth/core"
)

// Body is what is sent to Keystone (keystoneauth1/identity/v3).
func (l *Login) Body() map[string]any {
	identity := map[string]any{}
	var methods []string
	for _, method := range l.methods {
		methods = append(methods, method)
		identity[method] = l.method(method)
	}
	identity["methods"] = methods
	auth := map[string]any{"identity": identity}
	if scope := l.Scope(); scope != nil {
		auth["scope"] = scope
	}
	return map[string]any{"auth": auth}
}

// Secrets are what the login is entered with, and nobody else is to see.
func (l *Login) Secrets() []string {
	out := []string{l.Token()}
	for _, key := range secrets {
		out = append(out, l.options[key])
	}
	return out
}

func (l *Login) method(name string) map[string]any {
	o := l.options
	switch name {
	case "password":
		return map[string]any{"user": l.userWith("password", o["password"])}
	case "totp":
		return map[string]any{"user": l.userWith("passcode", o["passcode"])}
	case "token":
		return map[string]any{"id": o["token"]}
	}
	m := map[string]any{"secret": o["application_credential_secret"]}
	if id := o["application_credential_id"]; id != "" {
		m["id"] = id
		return m
	}
	m["name"], m["user"] = o["application_credential_name"], l.userWith("", "")
	return m
}

// userWith is the user, with a secret unless its key is "".
func (l *Login) userWith(key, secret string) map[string]any {
	m := map[string]any{}
	if key != "" {
		m[key] = secret
	}
	if id := l.options["user_id"]; id != "" {
		m["id"] = id
	} else if name := l.options["username"]; name != "" {
		m["name"] = name
		l.domain(m, "user")
	}
	return m
}

// domain adds the domain of a user or a project, if it is named.
func (l *Login) domain(to map[string]any, of string) {
	pick := func(end string) string {
		if s := l.options[of+"_domain"+end]; s != "" {
			return s
		}
		return l.options["default_domain"+end]
	}
	if id := pick("_id"); id != "" {
		to["domain"] = map[string]any{"id": id}
	} else if name := pick("_name"); name != "" {
		to["domain"] = map[string]any{"name": name}
	}
}

// Scope is what the login is for, as it is sent; nil if it says nothing.
func (l *Login) Scope() map[string]any {
	o := l.options
	of := func(kind, key, text string) map[string]any { return map[string]any{kind: map[string]any{key: text}} }
	switch {
	case o["domain_id"] != "":
		return of("domain", "id", o["domain_id"])
	case o["domain_name"] != "":
		return of("domain", "name", o["domain_name"])
	case o["project_id"] != "":
		return of("project", "id", o["project_id"])
	case o["project_name"] != "":
		project := map[string]any{"name": o["project_name"]}
		l.domain(project, "project")
		return map[string]any{"project": project}
	case o["trust_id"] != "":
		return of("OS-TRUST:trust", "id", o["trust_id"])
	case o["system_scope"] != "":
		return map[string]any{"system": map[string]any{"all": true}}
	}
	return nil
}

// Scoped says what is wrong with a login that does not say what it is for: Keystone
// would choose the user's default project, and nobody would have named it. nil if
// there is nothing wrong.
func (l *Login) Scoped() error {
	if l.Direct || l.Credential() || l.Scope() != nil {
		return nil
	}
	would := "Keystone would choose a project that nobody named"
	if l.Federated() != nil {
		would = "without one Keystone lists no services"
	}
	where, next := "its entry in "+l.From+" names", "write project_name and its domain under auth, or project_id"
	if l.Cloud == Environment {
		where, next = "they name", "set OS_PROJECT_NAME and its domain, or OS_PROJECT_ID"
	}
	return core.Fail(core.CodeUsage, tried(l.Cloud), where+" no project (project_name, project_id), no domain and no system_scope, "+
		"and "+would, next+", or name one in the location: cloud:NAME/PROJECT", nil)
}

// ForProject is the same login for another project, by its id.
func (l Login) ForProject(id string) Login {
	l.options = maps.Clone(l.options)
	for _, key := range scopes {
		delete(l.options, key)
	}
	l.options["project_id"] = id
	return l
}

// Credential reports whether the login is by an application credential, which
// belongs to one project.
func (l *Login) Credential() bool {
	return len(l.methods) == 1 && l.methods[0] == "application_credential"
}

// ByToken reports whether the login is by a token.
func (l *Login) ByToken() bool { return len(l.methods) == 1 && l.methods[0] == "token" }

// System reports whether the login is for the whole system, and for no project.
func (l *Login) System() bool { return l.options["system_scope"] != "" && l.Scope()["system"] != nil }

// Token is the token of a login that asks no Keystone.
func (l *Login) Token() string { return l.options["token"] }

// User names the user, for sentences.
func (l *Login) User() string {
	o := l.options
	switch l.Type {
	case "v3oidcclientcredentials":
		return "client " + o["client_id"]
	case "v3oidcaccesstoken":
		return "the access token's user"
	}
	for _, x := range [][2]string{{"username", ""}, {"user_id", ""}, {"application_credential_name", "application credential "},
		{"application_credential_id", "application credential "}} {
		if l.Credential() == strings.HasPrefix(x[0], "app") && o[x[0]] != "" {
			return x[1] + o[x[0]]
		}
	}
	return "the token's user"
}

// secrets are the options that are told to nobody.
var secrets = []string{"password", "passcode", "token", "application_credential_secret", "client_secret", "access_token"}

// ByPasscode reports whether the login takes a one-time passcode (TOTP), and Passcode is the
// one that the entry or the variables give; "": it is to be asked for. It serves once.
func (l *Login) ByPasscode() bool { return slices.Contains(l.methods, "totp") }
func (l *Login) Passcode() string { return l.options["passcode"] }

// Factors is how many methods the login goes by at once; 0 where an identity provider
// knows the user.
func (l *Login) Factors() int { return len(l.methods) }

// WithPasscode is the same login with another passcode.
func (l Login) WithPasscode(code string) Login {
	l.options = maps.Clone(l.options)
	l.options["passcode"] = code
	return l
}

// Whom says for what the login is, in words; "" where it does not say.
func (l *Login) Whom() string {
	o := l.options
	for _, x := range [][2]string{{"domain_id", "domain "}, {"domain_name", "domain "},
		{"project_id", "project "}, {"project_name", "project "}, {"trust_id", "trust "}} {
		if o[x[0]] != "" {
			return x[1] + o[x[0]]
		}
	}
	if l.System() {
		return "the system"
	}
	return ""
}

// Identity tells one login from another: all that it is made of but a passcode, which is
// another each time. With its secrets it is only to be hashed.
func (l *Login) Identity(withSecrets bool) string {
	o := maps.Clone(l.options)
	delete(o, "passcode")
	if !withSecrets {
		for _, key := range secrets {
			delete(o, key)
		}
	}
	var b strings.Builder
	for _, key := range sorted(o) {
		b.WriteString(key + "\x00" + o[key] + "\x00")
	}
	return b.String() + strings.Join(append([]string{l.Type, l.AuthURL, l.Region, l.Override}, l.Interfaces...), "\x00")
}

func sorted(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
