package clouds

import (
	"slices"
	"strings"

	"hearth/core"
)

// Environment is the name of the cloud that plain OS_* variables describe, as
// openstacksdk calls it.
const Environment = "envvars"

// entry is what is known of a cloud while it is made whole: the client's dict, with
// its auth apart.
type entry struct {
	book  *Book
	cloud string
	top   *keys
	auth  *keys
	notes []Note
}

// Note is something that is to be known of an entry, and no reason to refuse it.
type Note struct {
	Key  string
	At   Place
	What string // a sentence's end: "is read as the number 31, as by openstack"
}

// String is the note as a line.
func (n Note) String() string {
	at := n.At.String()
	switch {
	case at == "", at == n.Key:
		return n.Key + " " + n.What
	}
	return n.Key + " (" + at + ") " + n.What
}

func (e *entry) note(key string, v *value, what string) {
	n := Note{Key: key, What: what}
	if v != nil {
		n.At = v.at
	}
	e.notes = append(e.notes, n)
}

func (e *entry) tried() string { return tried(e.cloud) }

func tried(cloud string) string {
	if cloud == Environment {
		return "open the cloud of the OS_* variables"
	}
	return "open the cloud " + cloud
}

// odd refuses the entry for what stands at one of its keys.
func (e *entry) odd(key string, v *value, what, next string) error {
	where := ""
	if v != nil && v.at != (Place{}) && v.at.Name != key {
		where = " (" + v.at.String() + ")"
	}
	return core.Fail(core.CodeUsage, e.tried(), "its "+key+where+" "+what, next, nil)
}

// whole makes the entry whole, as OpenStackConfig.get_one does up to its magic
// fixes: defaults, profile, the entry with its secure.yaml, the region's values, the
// variables. region, if not empty, stands in for the first one.
func (b *Book) whole(cloud, region string) (*entry, error) {
	e := &entry{book: b, cloud: cloud, top: b.defaults(), auth: newKeys()}
	own, err := e.own()
	if err != nil {
		return nil, err
	}
	profile, err := e.profile(own)
	if err != nil {
		return nil, err
	}
	for _, from := range []*keys{profile, own} {
		if from != nil {
			if err := e.update(from, true); err != nil {
				return nil, err
			}
		}
	}
	e.top.pop("cloud")
	values, err := e.region(own, profile, region)
	if err != nil {
		return nil, err
	}
	e.top.pop("regions")
	chosen := e.top.get("region_name")
	if values != nil {
		if err := e.update(values, false); err != nil {
			return nil, err
		}
	}
	e.top.set("region_name", chosen)
	for _, a := range b.world.arguments() {
		if a.name != "region_name" {
			e.top.set(a.name, a.of)
		}
	}
	return e, nil
}

// defaults are openstack/config/defaults.json's, as far as they matter here, and
// those of osc_lib/shell.py.
func (b *Book) defaults() *keys {
	k := newKeys()
	kind := "password"
	if b.world.Env["OS_ENDPOINT"] != "" && b.world.Env["OS_TOKEN"] != "" {
		kind = "admin_token"
	}
	k.set("auth_type", textValue(kind, Place{}))
	k.set("interface", textValue("public", Place{}))
	k.set("verify", &value{kind: truth, text: "True", raw: "true"})
	return k
}

// own is what the files, or the variables, say of the cloud itself.
func (e *entry) own() (*keys, error) {
	b := e.book
	entry := b.clouds.value(e.cloud)
	if e.cloud == Environment {
		if entry != nil {
			return nil, core.Fail(core.CodeUsage, e.tried(), "an entry of "+b.path+" goes by the name "+Environment+", which is theirs",
				"give it another name", nil)
		}
		return b.world.variables(), nil
	}
	if b.secureBad != nil {
		return nil, b.secureBad
	}
	secret := b.secure.value(e.cloud)
	switch {
	case entry == nil && secret == nil:
		return nil, e.unknown()
	case entry == nil, entry.kind == nothing && secret != nil:
		entry = secret
	case secret != nil && secret.kind != nothing:
		var err error
		if entry, err = e.merge("entry", entry, secret); err != nil {
			return nil, err
		}
	}
	switch entry.kind {
	case nothing:
		return newKeys(), nil
	case dict:
		return entry.keys, nil
	case odd:
		return nil, e.odd("entry", entry, entry.why, "repair it")
	}
	return nil, e.odd("entry", entry, "is no map of keys", "write what it should say under its name, indented")
}

// unknown says that there is no such entry.
func (e *entry) unknown() error {
	b, next := e.book, ""
	if len(b.passed) > 0 {
		next = "; " + strings.Join(b.passed, ", ") + " cannot be read"
	}
	if b.path == "" {
		return core.Fail(core.CodeNotFound, e.tried(), "there is no clouds.yaml in "+strings.Join(b.world.Folders(), ", ")+next,
			"put one there, or name it with OS_CLIENT_CONFIG_FILE", nil)
	}
	names := "it names none"
	if all := b.Names(); len(all) > 0 {
		names = "it names " + strings.Join(all, ", ")
	}
	return core.Fail(core.CodeNotFound, e.tried(), b.path+" does not name it", names+next, nil)
}

// merge lays secure.yaml's part over clouds.yaml's (openstack/config/_util.py,
// merge_clouds).
func (e *entry) merge(name string, old, over *value) (*value, error) {
	if old.kind == nothing {
		return over, nil
	}
	if old.kind == odd || over.kind == odd {
		if over.kind == odd {
			old = over
		}
		return nil, e.odd(name, old, old.why, "repair it")
	}
	if old.kind != dict || over.kind != dict {
		return nil, e.odd(name, old, "is a map in one file and none in the other ("+over.at.String()+")", "make both a map")
	}
	out := &value{kind: dict, keys: old.keys.copy(), at: old.at}
	for _, k := range over.keys.names {
		v := over.keys.get(k)
		if was := out.keys.get(k); v.kind == dict && was != nil {
			var err error
			if v, err = e.merge(k, was, v); err != nil {
				return nil, err
			}
		}
		out.keys.set(k, v)
	}
	return out, nil
}

// profile is what clouds-public.yaml says of the profile that the entry names; nil if
// it names none. openstack knows clouds of its own beside that file: hearth does not.
func (e *entry) profile(own *keys) (*keys, error) {
	key := "profile"
	v := own.get(key)
	if v == nil && e.cloud != Environment {
		key = "cloud"
		v = own.get(key)
	}
	if !v.is() || v.text == Environment {
		return nil, nil
	}
	if e.book.publicBad != nil {
		return nil, e.book.publicBad
	}
	said := e.book.public.value(v.text)
	if v.kind != text && v.kind != number || said == nil {
		return nil, e.odd(key, v, core.Visible(v.text)+" is not known here: no clouds-public.yaml names it",
			"leave it out and write what it stands for into the entry (auth_url, regions, domains), or into a clouds-public.yaml")
	}
	if said.kind != dict {
		return nil, e.odd(key, said, "is no map of keys", "repair it")
	}
	return said.keys, nil
}

// update is openstack/config/loader.py's _auth_update: keys are replaced, those of
// auth one by one. Without empties a key that is None changes nothing.
func (e *entry) update(from *keys, empties bool) error {
	for _, name := range from.names {
		v := from.get(name)
		switch {
		case name == "auth" && v.kind == dict:
			for _, inner := range v.keys.names {
				e.auth.set(inner, v.keys.get(inner))
			}
		case name == "auth" && v.kind == nothing: // openstack fails here
		case name == "auth":
			return e.odd("auth", v, "is no map of keys", "write auth_url, username and the like under it, indented")
		case v.kind != nothing || empties:
			e.top.set(name, v)
		}
	}
	return nil
}

// region chooses the region and returns the values that hold in it, nil for none
// (OpenStackConfig._get_region). region is that of the caller, who knows regions of
// the catalogue too; OS_REGION_NAME has to be one of the entry's.
func (e *entry) region(own, profile *keys, region string) (*keys, error) {
	known, err := e.regions(own, profile)
	if err != nil {
		return nil, err
	}
	wanted, at := region, Place{}
	if name := e.book.world.Env["OS_REGION_NAME"]; wanted == "" && name != "" {
		wanted, at = name, Place{Name: "OS_REGION_NAME"}
	}
	if len(known) == 0 {
		e.top.set("region_name", textValue(wanted, at))
		return nil, nil
	}
	chosen := known[0]
	if i := slices.IndexFunc(known, func(r choice) bool { return r.name == wanted }); wanted != "" && i >= 0 {
		chosen = known[i]
	} else if region != "" {
		chosen = choice{name: region}
	} else if wanted != "" {
		var names []string
		for _, r := range known {
			names = append(names, r.name)
		}
		return nil, core.Fail(core.CodeUsage, e.tried(), "OS_REGION_NAME is "+wanted+", and its entry has only "+strings.Join(names, ", "),
			"set or unset OS_REGION_NAME, or add the region to the entry's regions", nil)
	}
	if was := e.top.get("region_name"); wanted == "" && was.is() && was.kind == text && own.get("regions") != nil && was.text != chosen.name {
		e.note("region_name", was, "is not looked at, as by openstack: regions is there, and the first of them is taken")
	}
	e.top.set("region_name", textValue(chosen.name, chosen.at))
	return chosen.values, nil
}

// choice is a region of an entry.
type choice struct {
	name   string
	values *keys // nil: none
	at     Place
}

// regions are those that the entry names (OpenStackConfig._get_known_regions).
func (e *entry) regions(own, profile *keys) ([]choice, error) {
	for _, k := range []*keys{own, profile} {
		if k == nil {
			continue
		}
		if v := hyphened(k, "regions"); v != nil && (v.is() || k == own) {
			return e.listed(v)
		}
		v := hyphened(k, "region_name")
		if v == nil || !v.is() && k == profile {
			continue
		}
		switch {
		case v.kind == list:
			return e.listed(v)
		case v.kind == nothing: // openstack fails here
			continue
		case v.kind == truth, v.kind == dict, v.kind == odd:
			return nil, e.odd("region_name", v, "is no name", "write it in quotes")
		}
		var out []choice
		for name := range strings.SplitSeq(v.text, ",") {
			out = append(out, choice{name: name, at: v.at})
		}
		return out, nil
	}
	return nil, nil
}

// listed reads a list of regions: names, or maps of a name and values.
func (e *entry) listed(v *value) ([]choice, error) {
	const next = "write a list of names, or of maps with name and values"
	if v.kind == nothing {
		return nil, nil
	}
	if v.kind != list {
		return nil, e.odd("regions", v, "is no list", next)
	}
	var out []choice
	for _, item := range v.items {
		switch item.kind {
		case text, number:
			out = append(out, choice{name: item.text, at: item.at})
			continue
		case dict:
		default:
			return nil, e.odd("regions", item, "has something in it that is no region", next)
		}
		r := choice{at: item.at}
		for _, k := range item.keys.names {
			inner := item.keys.get(k)
			switch {
			case k == "name" && (inner.kind == text || inner.kind == number):
				r.name = inner.text
			case k == "values" && inner.kind == dict:
				r.values = inner.keys
			case k == "values" && inner.kind == nothing:
			default:
				return nil, e.odd("regions", inner, "has a region with "+core.Visible(k)+", which is none of name and values", next)
			}
		}
		if item.keys.get("name") == nil {
			return nil, e.odd("regions", item, "has a region without a name", next)
		}
		out = append(out, r)
	}
	return out, nil
}

// hyphened is the last of a key's two spellings (openstack/config/_util.py,
// normalize_keys); nil if neither is there.
func hyphened(k *keys, name string) *value {
	var out *value
	for _, n := range k.names {
		if strings.ReplaceAll(n, "-", "_") == name {
			out = k.get(n)
		}
	}
	return out
}

// argument is a variable that stands for an option of the command line, which goes
// over the files.
type argument struct {
	name string
	of   *value
}

// options are the variables of the client's command line that matter to a login:
// those of its plugins (osc_lib/api/auth.py), and osc_lib/shell.py's own.
var options = []string{
	"access_token", "access_token_endpoint", "access_token_type", "application_credential_id", "application_credential_name",
	"application_credential_secret", "auth_methods", "auth_url", "client_id", "client_secret",
	"default_domain_id", "default_domain_name", "discovery_endpoint", "domain_id", "domain_name", "endpoint", "identity_provider",
	"openid_scope", "passcode", "password", "project_domain_id", "project_domain_name", "project_id", "project_name", "protocol",
	"system_scope", "token", "trust_id", "user_domain_id", "user_domain_name", "user_id", "username",
	"auth_type", "region_name", "cacert", "cert", "key", "interface", "identity_api_version",
}

// arguments are the options that the variables set; an empty one sets nothing.
func (w World) arguments() []argument {
	var out []argument
	add := func(name, variable string) bool {
		s := w.Env[variable]
		if s != "" {
			out = append(out, argument{name, textValue(s, Place{Name: variable})})
		}
		return s != ""
	}
	for _, name := range options {
		variable := "OS_" + strings.ToUpper(name)
		switch name {
		case "project_id", "project_name":
			tenant := strings.Replace(name, "project", "tenant", 1)
			old := "OS_" + strings.ToUpper(tenant)
			if !add(name, variable) && !add(name, old) {
				continue
			}
			out = append(out, argument{tenant, out[len(out)-1].of}) // OpenStackShell._final_defaults
		default:
			add(name, variable)
		}
	}
	if !add("default_domain", "OS_DEFAULT_DOMAIN") {
		out = append(out, argument{"default_domain", textValue("default", Place{})})
	}
	return out
}

// variables are the OS_* variables as an entry (OpenStackConfig._get_os_environ).
func (w World) variables() *keys {
	k := newKeys()
	var names []string
	for name := range w.Env {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		key, ok := strings.CutPrefix(name, "OS_")
		if !ok || strings.HasPrefix(key, "TEST") || strings.HasPrefix(key, "STD") || strings.HasPrefix(key, "LOG") {
			continue
		}
		if key = strings.ToLower(key); key != "cloud" && key != "profile" {
			k.set(key, textValue(w.Env[name], Place{Name: name}))
		}
	}
	return k
}
