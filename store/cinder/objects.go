package cinder

import (
	"context"
	"time"

	"hearth/core"
)

// Objects is a cloud's object store, as far as logging in to it goes: backup
// repositories lie there.
type Objects struct {
	session *session
}

// OpenObjects finds out how to get into a cloud, as [Open] does, and asks it
// nothing yet.
func OpenObjects(cloud, cacheDir string, now func() time.Time) (*Objects, error) {
	l, err := findLogin(cloud, "", "")
	if err != nil {
		return nil, err
	}
	if now == nil {
		now = time.Now
	}
	l.override = "" // of the Block Storage service
	s := newSession(l, cacheDir, now)
	s.objects = true
	return &Objects{s}, nil
}

// Login logs in and returns the account's URL and a token. CodeNotFound if the
// cloud has no object store.
func (o *Objects) Login(ctx context.Context) (url, token string, expires time.Time, err error) {
	tried := "log in to the object store of " + o.session.login.cloud
	provider, p, err := o.session.open(ctx)
	if err != nil {
		return "", "", time.Time{}, err
	}
	if p.Objects == "" {
		return "", "", time.Time{}, core.Fail(core.CodeNotFound, tried, "its catalogue has none (object-store)",
			"name another cloud, or give auth_url, user and key in the config", nil)
	}
	if p.Expires.Sub(o.session.now()) < time.Minute {
		if p, err = o.session.authenticate(ctx, provider); err != nil {
			return "", "", time.Time{}, err
		}
	}
	return p.Objects, p.Token, p.Expires, nil
}

// Projects lists the ids of the projects that the login may know of: an administrator of
// all, others of their own.
func (o *Objects) Projects(ctx context.Context) ([]string, error) {
	if _, _, err := o.session.open(ctx); err != nil {
		return nil, err
	}
	pass, _ := o.session.current()
	const tried = "list the projects"
	if pass.Identity == "" {
		return nil, core.Fail(core.CodeUnsupported, tried, "the login names no Keystone", "name the projects in the config", nil)
	}
	var body struct{ Projects []struct{ ID string } }
	err := o.session.ask(ctx, call{tried: tried, path: pass.Identity + "/projects", bounds: projectBounds}, &body)
	if core.CodeOf(err) == core.CodeDenied {
		err = o.session.ask(ctx, call{tried: tried, path: pass.Identity + "/auth/projects", bounds: projectBounds}, &body)
	}
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, x := range body.Projects {
		ids = append(ids, x.ID)
	}
	return ids, nil
}
