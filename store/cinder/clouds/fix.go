package clouds

import (
	"slices"
	"strings"
)

// fix makes old and loose spellings the ones of today, in the client's order
// (OpenStackConfig.magic_fixes, _util.normalize_keys, OSC_Config.auth_config_hook).
func (e *entry) fix() error {
	top := e.top
	if e.auth.get("token") != nil || top.get("auth_token").is() || top.get("token").is() {
		if v := top.pop("auth_token"); top.get("token") == nil && v != nil {
			top.set("token", v)
		}
	}
	if v := top.pop("passcode"); v != nil {
		e.auth.set("passcode", v)
	}
	if v := top.pop("endpoint_type"); v != nil {
		top.set("interface", v)
	}
	if v := top.pop("auth_plugin"); v.is() {
		e.note("auth_plugin", v, "is not looked at, as by openstack, which takes auth_type")
	}
	kind := top.pop("auth_type") // it stands last, and so goes over auth-type
	if kind != nil {
		top.set("auth_type", kind)
	}
	if err := e.fixProject(); err != nil {
		return err
	}
	for _, name := range slices.Clone(top.names) {
		if rest, ok := strings.CutSuffix(name, "endpoint_type"); ok {
			top.set(rest+"interface", top.pop(name))
		}
	}
	e.fixDomain()
	if v := e.auth.get("auth_url"); v.is() && v.kind == text {
		url, err := e.format("auth_url", v)
		if err != nil {
			return err
		}
		e.auth.set("auth_url", &value{kind: text, text: url, raw: v.raw, at: v.at})
	}
	for _, k := range []*keys{top, e.auth} {
		e.normalize(k)
	}
	e.oldVersion()
	e.defaultDomain()
	return nil
}

// normalize spells keys with underscores.
func (e *entry) normalize(k *keys) {
	for _, name := range slices.Clone(k.names) {
		if spelt := strings.ReplaceAll(name, "-", "_"); spelt != name {
			v := k.pop(name)
			if k == e.top && spelt == "auth_type" { // see fix
				e.note(name, v, "is not looked at, as by openstack: write auth_type")
				continue
			}
			k.set(spelt, v)
		}
	}
}

// fixProject moves projects, domains and tokens under auth, by their names of today:
// of several the last one counts (OpenStackConfig._fix_backwards_project).
func (e *entry) fixProject() error {
	for _, x := range []struct {
		to    string
		names []string
	}{
		{"domain_id", []string{"domain_id", "domain-id"}},
		{"domain_name", []string{"domain_name", "domain-name"}},
		{"user_domain_id", []string{"user_domain_id", "user-domain-id"}},
		{"user_domain_name", []string{"user_domain_name", "user-domain-name"}},
		{"project_domain_id", []string{"project_domain_id", "project-domain-id"}},
		{"project_domain_name", []string{"project_domain_name", "project-domain-name"}},
		{"token", []string{"auth-token", "auth_token", "token"}},
		{"project_id", []string{"tenant_id", "tenant-id", "project_id", "project-id"}},
		{"project_name", []string{"tenant_name", "tenant-name", "project_name", "project-name"}},
	} {
		var last *value
		key := ""
		for _, name := range x.names {
			for _, k := range []*keys{e.top, e.auth} {
				if v := k.pop(name); v != nil {
					last, key = v, name
				}
			}
		}
		if last == nil {
			continue
		}
		v, err := e.str(key, last)
		if err != nil {
			return err
		}
		if v.text != "" {
			e.auth.set(x.to, v)
		}
	}
	return nil
}

// str is Python's str() of a scalar.
func (e *entry) str(key string, v *value) (*value, error) {
	switch {
	case v.kind == nothing:
		return nil, e.odd(key, v, "stands there with nothing after it, and openstack would send the word None", "give it a value or leave it out")
	case v.kind == odd:
		return nil, e.odd(key, v, v.why, "repair it")
	case v.kind == list, v.kind == dict, v.kind == date && len(v.raw) > len("2006-01-02"):
		return nil, e.odd(key, v, "is no text", "write one word, in quotes if need be")
	case v.kind == truth:
		e.note(key, v, "is a word for yes or no to YAML, and is sent as "+v.text+", as by openstack: put it in quotes if that is not meant")
	case v.raw != v.text:
		e.note(key, v, "is a number to YAML, and is sent as openstack reads it, not as it stands: put it in quotes if that is not meant")
	}
	return &value{kind: text, text: v.text, raw: v.text, at: v.at}, nil
}

// fixDomain takes domain_id and domain_name as the user's and the project's where a
// project is named (OpenStackConfig._handle_domain_id).
func (e *entry) fixDomain() {
	if e.auth.get("project_id") == nil && e.auth.get("project_name") == nil {
		return
	}
	for _, end := range []string{"_id", "_name"} {
		if v := e.auth.pop("domain" + end); v != nil {
			for _, key := range []string{"user_domain" + end, "project_domain" + end} {
				if e.auth.get(key) == nil {
					e.auth.set(key, v)
				}
			}
		}
	}
}

// version is the identity_api_version, "" if none is set.
func (e *entry) version() string {
	if v := e.top.get("identity_api_version"); v != nil && (v.kind == text || v.kind == number) {
		return v.text
	}
	return ""
}

// oldVersion drops the domains where the entry says that Keystone is of version 2
// (OSC_Config._auth_v2_ignore_v3).
func (e *entry) oldVersion() {
	kind := e.top.get("auth_type")
	if !strings.HasPrefix(e.version(), "2") || kind == nil || !strings.HasSuffix(kind.text, "password") {
		return
	}
	for _, key := range []string{"project_domain_id", "project_domain_name", "user_domain_id", "user_domain_name"} {
		if v := e.auth.pop(key); v != nil {
			e.note(key, v, "is not sent, as by openstack: identity_api_version is "+e.version())
		}
	}
}

// defaultDomain fills in the domains where identity_api_version is 3
// (OSC_Config._auth_default_domain).
func (e *entry) defaultDomain() {
	kind, domain := e.top.get("auth_type"), e.top.get("default_domain")
	if kind == nil || e.version() != "3" || !slices.Contains([]string{"password", "v3password", "v3totp"}, kind.text) || !domain.is() {
		return
	}
	for _, whose := range []string{"project", "user"} {
		if !e.auth.get(whose+"_domain_id").is() && !e.auth.get(whose+"_domain_name").is() {
			e.auth.set(whose+"_domain_id", domain)
		}
	}
}
