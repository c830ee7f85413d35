package cinder

import (
	"context"
	"strings"
	"time"

	"hearth/core"
)

// Cut takes apart how a cloud is named, NAME[@REGION][/PROJECT-ID]; "" for what is
// not there.
func Cut(where string) (name, region, project string) {
	name, project, _ = strings.Cut(where, "/")
	name, region, _ = strings.Cut(name, "@")
	return name, region, project
}

// Join names a cloud as [Cut] reads it.
func Join(name, region, project string) string {
	if region != "" {
		name += "@" + region
	}
	if project != "" {
		name += "/" + project
	}
	return name
}

// Open makes a place of a cloud's name: NAME, NAME@REGION, NAME/PROJECT-ID or
// NAME@REGION/PROJECT-ID. It reads clouds.yaml or the OS_* variables and asks the
// cloud nothing. CodeNotFound if the name is not there, CodeUnreadable and
// CodeUsage if its entry is of no use.
func Open(ctx context.Context, where string, o Options) (*Place, error) {
	name, region, project := Cut(where)
	l, err := findLogin(name, region, project)
	if err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := newSession(l, o.CacheDir, o.Now)
	s.answer, s.patience, s.asks = o.Waits.Answer, o.Waits.Trickle, o.Passcode
	s.setting = o.Release
	if o.Waits.Repeat > 0 {
		s.firstWait = o.Waits.Repeat
	}
	if o.Waits.Look > 0 {
		s.lookWait = o.Waits.Look
	}
	return newPlace(ctx, where, s, o), nil
}

// newPlace is a place of a login; what it does in the background outlives ctx.
func newPlace(ctx context.Context, where string, s *session, o Options) *Place {
	p := &Place{
		options:  o,
		location: "cloud:" + where,
		name:     where,
		session:  s,
		denied:   map[forbidden]string{},
		started:  o.Now(),
	}
	p.life, p.end = context.WithCancel(context.WithoutCancel(ctx))
	p.own, p.all = p.newLists(core.ReachOwn), p.newLists(core.ReachAll)
	p.parents.known = map[core.BackupID]core.BackupID{}
	return p
}

// Info describes the place.
func (p *Place) Info() core.PlaceInfo {
	info := core.PlaceInfo{
		Location: p.location,
		Kind:     core.PlaceCloud,
		Title:    p.name,
		Rules:    core.Newton,
		RulesWhy: "every cloud since Newton restores by these rules",
		ReadOnly: p.options.ReadOnly,
		Badge:    p.options.Badge,
		Color:    p.options.Color,
	}
	info.Unsafe, info.Release = p.session.unsafe(), p.release()
	if pass, ok := p.session.current(); ok {
		if project := pass.Project.Name; project != "" {
			cloud, region, _ := Cut(p.name)
			cloud = Join(cloud, region, "")
			info.Title = cloud + " · " + core.Visible(project)
		}
		if pass.Version > 0 {
			info.RulesWhy = "the cloud's API is at " + pass.Version.String() + ", and every Cinder since Newton restores by these rules"
		}
	}
	return info
}

// Close ends what goes on in the background.
func (p *Place) Close() error {
	p.end()
	return nil
}

// Scope asks the cloud who we are there.
func (p *Place) Scope(ctx context.Context) (core.Scope, error) {
	const tried = "ask the cloud who we are"
	if err := p.session.ask(ctx, call{tried: tried, path: "/limits"}, nil); err != nil {
		return core.Scope{}, err
	}
	pass, _ := p.session.current()
	s := core.Scope{
		Region:  p.session.login.region,
		Project: pass.Project,
		User:    pass.User,
		Roles:   pass.Roles,
		Regions: pass.Regions,
		Version: pass.Version.String(),
		Release: p.release(),
		MayNot:  core.MayNot(pass.whom(), p.release(), p.options.Policy),
	}
	if pass.Identity == "" {
		return s, nil
	}
	var body struct {
		Projects []struct {
			ID, Name string
			Enabled  bool
			Domain   string `json:"domain_id"`
		}
	}
	err := p.session.ask(ctx, call{tried: "list the projects of the login", path: pass.Identity + "/auth/projects",
		bounds: projectBounds}, &body)
	for _, x := range body.Projects {
		s.Projects = append(s.Projects, core.Project{ID: core.ProjectID(x.ID), Name: x.Name, Domain: x.Domain})
	}
	if err != nil { // an application credential may not ask: that is no reason to fail
		s.Projects = []core.Project{pass.Project}
	}
	return s, nil
}

// Denied says why an operation is not allowed: since the cloud forbade it before, by its
// policy where that is known, or as no release that it may be of allows it by default
// ([core.Allowed]). What some release allows is asked for: the cloud's answer is kept.
func (p *Place) Denied(op core.Operation) string {
	key := p.forbidding(op)
	p.mu.Lock()
	why, before := p.denied[key]
	p.mu.Unlock()
	if before {
		return why
	}
	l, known := p.whom()
	if !known {
		return ""
	}
	if a, why := core.Allowed(op, l, p.release(), p.options.Policy); a == core.AnswerNo {
		return why
	}
	return ""
}
