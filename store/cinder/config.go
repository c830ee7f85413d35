package cinder

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/config/clouds"
	"gopkg.in/yaml.v2"

	"hearth/core"
)

// Environment is the name of the cloud that plain OS_* variables describe, as
// openstacksdk calls it.
const Environment = "envvars"

// login is how to get into a cloud, from wherever the openstack client has it.
type login struct {
	cloud    string
	auth     gophercloud.AuthOptions
	endpoint gophercloud.EndpointOpts
	tls      *tls.Config
	// What gophercloud does not read.
	override string // of the Block Storage endpoint; "": the catalogue says
	token    string // a token that needs no Keystone (admin_token, noauth)
	direct   bool   // there is no Keystone
}

// extras is the part of a cloud's entry that gophercloud passes over.
type extras struct {
	AuthType string         `yaml:"auth_type"`
	Auth     map[string]any `yaml:"auth"`
	Regions  []any          `yaml:"regions"`
	Region   string         `yaml:"region_name"`
	Face     string         `yaml:"interface"`
	Block    string         `yaml:"block_storage_endpoint_override"`
	Volume3  string         `yaml:"volumev3_endpoint_override"`
	Volume   string         `yaml:"volume_endpoint_override"`
}

// cloudsFiles are where clouds.yaml is looked for, in the openstack client's order.
func cloudsFiles() []string {
	if path := os.Getenv("OS_CLIENT_CONFIG_FILE"); path != "" {
		return []string{path}
	}
	config := os.Getenv("XDG_CONFIG_HOME")
	if home, err := os.UserHomeDir(); config == "" && err == nil {
		config = filepath.Join(home, ".config")
	}
	out := []string{"clouds.yaml", filepath.Join(config, "openstack", "clouds.yaml"), "/etc/openstack/clouds.yaml"}
	for i, path := range out {
		if abs, err := filepath.Abs(path); err == nil {
			out[i] = abs
		}
	}
	return out
}

// file is a clouds.yaml with its secure.yaml.
type file struct {
	path    string
	body    []byte // flattened: anchors and merges resolved
	secure  []byte // nil: there is none
	entries map[string]extras
}

// readClouds reads the first clouds.yaml there is. Without any, path is "".
func readClouds() (file, error) {
	for _, path := range cloudsFiles() {
		body, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		f := file{path: path}
		if err != nil {
			return f, core.Fail(core.CodeUnreadable, "read "+path, "the file cannot be read", "check its rights", err)
		}
		if f.body, err = flat(path, body); err != nil {
			return f, err
		}
		secure := filepath.Join(filepath.Dir(path), "secure.yaml")
		if body, err := os.ReadFile(secure); err == nil {
			if f.secure, err = flat(secure, body); err != nil {
				return f, err
			}
		}
		var doc struct {
			Clouds map[string]extras `yaml:"clouds"`
		}
		if err := yaml.Unmarshal(f.body, &doc); err != nil {
			return f, notClouds(path, err)
		}
		f.entries = doc.Clouds
		return f, nil
	}
	return file{}, nil
}

func notClouds(path string, err error) error {
	return core.Fail(core.CodeUnreadable, "read "+path, "it is no YAML that describes clouds", "repair the line that the cause names", err)
}

// flat is a YAML file with its anchors and merges resolved. Reading it into
// structs at once, as gophercloud does, lets a merged entry show through one that
// replaces it: the project of another cloud, where this one names none.
func flat(path string, body []byte) ([]byte, error) {
	var doc map[string]any
	if err := yaml.Unmarshal(body, &doc); err != nil {
		return nil, notClouds(path, err)
	}
	out, err := yaml.Marshal(doc)
	if err != nil {
		return nil, notClouds(path, err)
	}
	return out, nil
}

// Clouds lists the clouds that clouds.yaml names, and the environment's if OS_*
// variables describe one. The error says what is wrong with the file.
func Clouds() ([]string, error) {
	f, err := readClouds()
	var out []string
	for name := range f.entries {
		out = append(out, name)
	}
	sort.Strings(out)
	if os.Getenv("OS_AUTH_URL") != "" {
		out = append(out, Environment)
	}
	return out, err
}

// findLogin finds out how to get into a cloud. region and project, if not empty,
// stand in for those that are configured; project is an id.
func findLogin(cloud, region, project string) (login, error) {
	l := login{cloud: cloud}
	var err error
	if cloud == Environment {
		err = l.fromEnvironment()
	} else {
		err = l.fromFile(cloud)
	}
	if err != nil {
		return l, err
	}
	l.auth.AllowReauth = true
	if region != "" {
		l.endpoint.Region = region
	}
	if project != "" && (l.auth.ApplicationCredentialID != "" || l.auth.ApplicationCredentialName != "") {
		return l, core.Fail(core.CodeUsage, "open the cloud "+cloud,
			"it is entered with an application credential, which belongs to one project: Keystone lets it into no other",
			"leave out --project, or name a cloud with a password or a token", nil)
	}
	if project != "" && !l.direct {
		l.auth.Scope = &gophercloud.AuthScope{ProjectID: project}
		l.auth.TenantID, l.auth.TenantName = "", ""
	}
	return l, nil
}

func (l *login) fromFile(cloud string) error {
	tried := "open the cloud " + cloud
	f, err := readClouds()
	if err != nil {
		return err
	}
	if f.path == "" {
		return core.Fail(core.CodeNotFound, tried, "there is no clouds.yaml in "+strings.Join(cloudsFiles(), ", "),
			"put one there, or name it with OS_CLIENT_CONFIG_FILE", nil)
	}
	if _, ok := f.entries[cloud]; !ok {
		var names []string
		for name := range f.entries {
			names = append(names, name)
		}
		sort.Strings(names)
		return core.Fail(core.CodeNotFound, tried, f.path+" does not name it", "it names "+strings.Join(names, ", "), nil)
	}
	return l.from(f, cloud)
}

// from takes what a file says of a cloud.
func (l *login) from(f file, cloud string) error {
	tried, entry := "open the cloud "+cloud, f.entries[cloud]
	for _, url := range []string{entry.Block, entry.Volume3, entry.Volume} {
		if l.override == "" {
			l.override = url
		}
	}
	text := func(key string) string {
		s, _ := entry.Auth[key].(string)
		return s
	}
	switch entry.AuthType {
	case "admin_token", "none", "noauth":
		l.direct, l.token = true, text("token")
		if l.override == "" {
			l.override = text("endpoint")
		}
		if l.override == "" {
			return core.Fail(core.CodeUsage, tried, "its auth_type "+entry.AuthType+" asks no Keystone, and no endpoint is given",
				"set block_storage_endpoint_override in "+f.path, nil)
		}
	case "", "password", "token", "v3password", "v3token", "v3applicationcredential", "v3totp":
	default:
		return core.Fail(core.CodeUnsupported, tried, "its auth_type "+entry.AuthType+" is not supported",
			"use password, token or application credential", nil)
	}
	if face := strings.TrimSuffix(entry.Face, "URL"); face != "" && !slices.Contains([]string{"public", "internal", "admin"}, face) {
		return core.Fail(core.CodeUsage, tried, "its interface "+entry.Face+" is none of public, internal and admin", "repair it in "+f.path, nil)
	}
	options := []clouds.ParseOption{clouds.WithCloudName(cloud), clouds.WithCloudsYAML(bytes.NewReader(f.body))}
	if f.secure != nil {
		options = append(options, clouds.WithSecureYAML(bytes.NewReader(f.secure)))
	}
	var err error
	if l.auth, l.endpoint, l.tls, err = clouds.Parse(options...); err != nil {
		return core.Fail(core.CodeUnreadable, tried, "its entry in "+f.path+" cannot be used",
			"compare it with openstack --os-cloud "+cloud+" token issue", err)
	}
	if l.endpoint.Region == "" && len(entry.Regions) > 0 {
		switch r := entry.Regions[0].(type) {
		case string:
			l.endpoint.Region = r
		case map[any]any:
			l.endpoint.Region, _ = r["name"].(string)
		}
	}
	return nil
}

// environment says which OS_* variables stand for which key of a clouds.yaml's
// entry; the first that is set counts.
var environment = []struct {
	key   string
	auth  bool // under auth
	names []string
}{
	{"auth_url", true, []string{"OS_AUTH_URL"}},
	{"username", true, []string{"OS_USERNAME"}},
	{"user_id", true, []string{"OS_USER_ID", "OS_USERID"}},
	{"password", true, []string{"OS_PASSWORD"}},
	{"token", true, []string{"OS_TOKEN", "OS_AUTH_TOKEN"}},
	{"project_id", true, []string{"OS_PROJECT_ID", "OS_TENANT_ID"}},
	{"project_name", true, []string{"OS_PROJECT_NAME", "OS_TENANT_NAME"}},
	{"user_domain_id", true, []string{"OS_USER_DOMAIN_ID"}},
	{"user_domain_name", true, []string{"OS_USER_DOMAIN_NAME"}},
	{"project_domain_id", true, []string{"OS_PROJECT_DOMAIN_ID"}},
	{"project_domain_name", true, []string{"OS_PROJECT_DOMAIN_NAME"}},
	{"domain_id", true, []string{"OS_DOMAIN_ID", "OS_DEFAULT_DOMAIN_ID"}},
	{"domain_name", true, []string{"OS_DOMAIN_NAME", "OS_DEFAULT_DOMAIN_NAME"}},
	{"application_credential_id", true, []string{"OS_APPLICATION_CREDENTIAL_ID"}},
	{"application_credential_name", true, []string{"OS_APPLICATION_CREDENTIAL_NAME"}},
	{"application_credential_secret", true, []string{"OS_APPLICATION_CREDENTIAL_SECRET"}},
	{"system_scope", true, []string{"OS_SYSTEM_SCOPE"}},
	{"trust_id", true, []string{"OS_TRUST_ID"}},
	{"endpoint", true, []string{"OS_ENDPOINT"}},
	{"auth_type", false, []string{"OS_AUTH_TYPE"}},
	{"region_name", false, []string{"OS_REGION_NAME"}},
	{"interface", false, []string{"OS_INTERFACE", "OS_ENDPOINT_TYPE"}},
	{"cacert", false, []string{"OS_CACERT"}},
	{"cert", false, []string{"OS_CERT"}},
	{"key", false, []string{"OS_KEY"}},
	{"block_storage_endpoint_override", false, []string{"OS_BLOCK_STORAGE_ENDPOINT_OVERRIDE", "OS_VOLUME_ENDPOINT_OVERRIDE"}},
}

// fromEnvironment reads the OS_* variables as if they stood in a clouds.yaml.
func (l *login) fromEnvironment() error {
	const tried = "open the cloud of the OS_* variables"
	auth, entry := map[string]any{}, map[string]any{}
	for _, e := range environment {
		for _, name := range e.names {
			if s := os.Getenv(name); s != "" {
				if e.auth {
					auth[e.key] = s
				} else {
					entry[e.key] = s
				}
				break
			}
		}
	}
	if auth["auth_url"] == nil {
		return core.Fail(core.CodeUsage, tried, "OS_AUTH_URL is not set",
			"set OS_AUTH_URL, OS_USERNAME, OS_PASSWORD, OS_PROJECT_NAME and the domains, or use a clouds.yaml", nil)
	}
	if slices.Contains([]string{"1", "true", "yes"}, strings.ToLower(os.Getenv("OS_INSECURE"))) {
		entry["verify"] = false
	}
	entry["auth"] = auth
	f := file{path: "the OS_* variables"}
	var err error
	if f.body, err = yaml.Marshal(map[string]any{"clouds": map[string]any{Environment: entry}}); err == nil {
		var doc struct {
			Clouds map[string]extras `yaml:"clouds"`
		}
		err = yaml.Unmarshal(f.body, &doc)
		f.entries = doc.Clouds
	}
	if err != nil {
		return notClouds(f.path, err)
	}
	if err := l.from(f, Environment); err != nil {
		return err
	}
	l.auth.Passcode = os.Getenv("OS_PASSCODE")
	return nil
}

// user names the login, for sentences.
func (l *login) user() string {
	switch {
	case l.auth.Username != "":
		return l.auth.Username
	case l.auth.UserID != "":
		return l.auth.UserID
	case l.auth.ApplicationCredentialName != "":
		return "application credential " + l.auth.ApplicationCredentialName
	case l.auth.ApplicationCredentialID != "":
		return "application credential " + l.auth.ApplicationCredentialID
	}
	return "the token's user"
}

// whose tells one login's view of a cloud from another's, without secrets: what is
// kept of a cloud is not shown of another one that has the same name elsewhere.
func (l *login) whose() string {
	a := l.auth
	scope := ""
	if a.Scope != nil {
		scope = fmt.Sprintf("%+v", *a.Scope)
	}
	return strings.Join([]string{a.IdentityEndpoint, a.Username, a.UserID, a.DomainID, a.DomainName, a.TenantID, a.TenantName,
		a.ApplicationCredentialID, a.ApplicationCredentialName, scope, l.endpoint.Region, l.override}, "\x00")
}

// identity tells one login from another, its secrets included; it is only hashed.
func (l *login) identity() string {
	a := l.auth
	scope := ""
	if a.Scope != nil {
		scope = fmt.Sprintf("%+v", *a.Scope)
	}
	return strings.Join([]string{
		l.cloud, a.IdentityEndpoint,
		a.Username, a.UserID, a.Password, a.Passcode,
		a.DomainID, a.DomainName, a.TenantID, a.TenantName, a.TokenID,
		a.ApplicationCredentialID, a.ApplicationCredentialName, a.ApplicationCredentialSecret,
		scope, l.endpoint.Region, string(l.endpoint.Availability), l.override, l.token,
	}, "\x00")
}
