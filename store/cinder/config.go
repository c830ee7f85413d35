package cinder

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
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

// readClouds reads the first clouds.yaml there is. Without any, path is "".
func readClouds() (path string, entries map[string]extras, err error) {
	for _, path := range cloudsFiles() {
		body, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return path, nil, core.Fail(core.CodeUnreadable, "read "+path, "the file cannot be read", "check its rights", err)
		}
		var file struct {
			Clouds map[string]extras `yaml:"clouds"`
		}
		if err := yaml.Unmarshal(body, &file); err != nil {
			return path, nil, core.Fail(core.CodeUnreadable, "read "+path, "it is no YAML that describes clouds", "repair the line that the cause names", err)
		}
		return path, file.Clouds, nil
	}
	return "", nil, nil
}

// Clouds lists the clouds that clouds.yaml names, and the environment's if OS_*
// variables describe one. The error says what is wrong with the file.
func Clouds() ([]string, error) {
	_, entries, err := readClouds()
	var out []string
	for name := range entries {
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
	if project != "" && !l.direct {
		l.auth.Scope = &gophercloud.AuthScope{ProjectID: project}
		l.auth.TenantID, l.auth.TenantName = "", ""
	}
	return l, nil
}

func (l *login) fromFile(cloud string) error {
	tried := "open the cloud " + cloud
	path, entries, err := readClouds()
	if err != nil {
		return err
	}
	if path == "" {
		return core.Fail(core.CodeNotFound, tried, "there is no clouds.yaml in "+strings.Join(cloudsFiles(), ", "), "put one there, or name it with OS_CLIENT_CONFIG_FILE", nil)
	}
	entry, ok := entries[cloud]
	if !ok {
		var names []string
		for name := range entries {
			names = append(names, name)
		}
		sort.Strings(names)
		return core.Fail(core.CodeNotFound, tried, path+" does not name it", "it names "+strings.Join(names, ", "), nil)
	}
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
			return core.Fail(core.CodeUsage, tried, "its auth_type "+entry.AuthType+" asks no Keystone, and no endpoint is given", "set block_storage_endpoint_override in "+path, nil)
		}
	case "", "password", "token", "v3password", "v3token", "v3applicationcredential", "v3totp":
	default:
		return core.Fail(core.CodeUnsupported, tried, "its auth_type "+entry.AuthType+" is not supported", "use password, token or application credential", nil)
	}
	l.auth, l.endpoint, l.tls, err = clouds.Parse(clouds.WithCloudName(cloud), clouds.WithLocations(path))
	if err != nil {
		return core.Fail(core.CodeUnreadable, tried, "its entry in "+path+" cannot be used", "compare it with openstack --os-cloud "+cloud+" token issue", err)
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

// fromEnvironment reads the OS_* variables.
func (l *login) fromEnvironment() error {
	const tried = "open the cloud of the OS_* variables"
	first := func(names ...string) string {
		for _, n := range names {
			if s := os.Getenv(n); s != "" {
				return s
			}
		}
		return ""
	}
	var err error
	if l.auth, err = openstack.AuthOptionsFromEnv(); err != nil {
		return core.Fail(core.CodeUsage, tried, "they do not describe a login", "set OS_AUTH_URL, OS_USERNAME, OS_PASSWORD, OS_PROJECT_NAME and the domains, or use a clouds.yaml", err)
	}
	l.endpoint.Region = first("OS_REGION_NAME")
	switch strings.TrimSuffix(first("OS_INTERFACE", "OS_ENDPOINT_TYPE"), "URL") {
	case "internal":
		l.endpoint.Availability = gophercloud.AvailabilityInternal
	case "admin":
		l.endpoint.Availability = gophercloud.AvailabilityAdmin
	default:
		l.endpoint.Availability = gophercloud.AvailabilityPublic
	}
	l.tls = &tls.Config{InsecureSkipVerify: slices.Contains([]string{"1", "true", "yes"}, strings.ToLower(os.Getenv("OS_INSECURE")))}
	if path := os.Getenv("OS_CACERT"); path != "" {
		pem, err := os.ReadFile(path)
		pool := x509.NewCertPool()
		if err != nil || !pool.AppendCertsFromPEM(pem) {
			return core.Fail(core.CodeUnreadable, tried, "OS_CACERT names "+path+", which holds no certificate", "name a PEM file", err)
		}
		l.tls.RootCAs = pool
	}
	if cert, key := os.Getenv("OS_CERT"), os.Getenv("OS_KEY"); cert != "" && key != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return core.Fail(core.CodeUnreadable, tried, "OS_CERT and OS_KEY are no certificate and its key", "name two PEM files", err)
		}
		l.tls.Certificates = []tls.Certificate{pair}
	}
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

// identity tells one login from another, its secrets included; it is only hashed.
func (l *login) identity() string {
	a := l.auth
	scope := ""
	if a.Scope != nil {
		scope = fmt.Sprintf("%+v", *a.Scope)
	}
	return strings.Join([]string{l.cloud, a.IdentityEndpoint, a.Username, a.UserID, a.Password, a.Passcode, a.DomainID, a.DomainName, a.TenantID, a.TenantName,
		a.TokenID, a.ApplicationCredentialID, a.ApplicationCredentialName, a.ApplicationCredentialSecret, scope,
		l.endpoint.Region, string(l.endpoint.Availability), l.override, l.token}, "\x00")
}
