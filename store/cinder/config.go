package cinder

import (
	"crypto/tls"

	"hearth/core"
	"hearth/store/cinder/clouds"
)

// Environment is the name of the cloud that plain OS_* variables describe, as
// openstacksdk calls it.
const Environment = clouds.Environment

// login is how to get into a cloud, from wherever the openstack client has it.
type login struct {
	cloud  string
	entry  clouds.Login
	region string // "": the first that the catalogue has
	tls    *tls.Config

	override string // of the Block Storage endpoint; "": the catalogue says
	token    string // a token that needs no Keystone (admin_token, noauth)
	direct   bool   // there is no Keystone
}

// Clouds lists the clouds that clouds.yaml names, and the environment's if OS_*
// variables describe one. No entry is looked into. The error says what is wrong with
// the file.
func Clouds() ([]string, error) {
	here := clouds.Here()
	book, err := clouds.Open(here)
	out := book.Names()
	if here.Env["OS_AUTH_URL"] != "" {
		out = append(out, Environment)
	}
	return out, err
}

// findLogin finds out how to get into a cloud. region and project, if not empty,
// stand in for those that are configured; project is an id.
func findLogin(cloud, region, project string) (login, error) {
	return loginIn(clouds.Here(), cloud, region, project)
}

func loginIn(w clouds.World, cloud, region, project string) (login, error) {
	book, err := clouds.Open(w)
	if err != nil && cloud != Environment {
		return login{}, err
	}
	entry, err := book.Login(cloud, region)
	if err != nil {
		return login{}, err
	}
	core.Hide(entry.Secrets()...)
	core.HidePasscode(entry.Passcode())
	l := login{cloud: cloud, entry: entry, region: entry.Region, override: entry.Override, token: entry.Token(), direct: entry.Direct}
	if project != "" && entry.Credential() {
		return l, core.Fail(core.CodeUsage, "open the cloud "+cloud,
			"it is entered with an application credential, which belongs to one project: Keystone lets it into no other",
			core.DoAnyProject, nil)
	}
	if project != "" && !l.direct {
		l.entry = l.entry.ForProject(project)
	}
	if err := l.entry.Scoped(); err != nil {
		return l, err
	}
	l.tls, err = entry.Config()
	return l, err
}

// user names the login, for sentences.
func (l *login) user() string { return l.entry.User() }

// whose tells one login's view of a cloud from another's, without secrets: what is
// kept of a cloud is not shown of another one that has the same name elsewhere.
func (l *login) whose() string { return l.entry.Identity(false) + "\x00" + l.override }

// identity tells one login from another, its secrets included; it is only hashed.
func (l *login) identity() string {
	return l.cloud + "\x00" + l.entry.Identity(true) + "\x00" + l.override + "\x00" + l.token
}

// ReadPolicy reads the policy.yaml of a cloud; nil for "".
func ReadPolicy(path string) (*core.Policy, error) {
	if path == "" {
		return nil, nil
	}
	return clouds.Policy(path)
}
