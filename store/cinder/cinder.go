// Package cinder is a running cloud: the Block Storage API v3. gophercloud logs in
// and carries the requests; what is sent and how an answer is read is written
// here, for its decoders are slow, and forget or refuse what Cinder says.
package cinder

import (
	"context"
	"io"
	"strings"
	"sync"
	"time"

	"hearth/core"
)

// Options says how a cloud is opened.
type Options struct {
	Reach    core.Reach       // of a query that names none; ReachDefault: ReachOwn
	ReadOnly string           // why nothing may be written; "": it may
	Badge    string           // a word for the title bar
	Color    string           // of the badge
	CacheDir string           // where a token is kept between runs; "": nowhere
	Listings Listings         // where lists are kept between runs; nil: nowhere
	Now      func() time.Time // the clock; nil: time.Now
}

// Listings keeps what lists showed, so that the next run begins with that.
type Listings interface {
	// Listing reads what is kept under a place and a name, and says since when; a
	// zero time where nothing is.
	Listing(ctx context.Context, place, name string, read func(io.Reader) error) (time.Time, error)
	KeepListing(ctx context.Context, place, name string, at time.Time, write func(io.Writer) error) error
}

// Place is a cloud as one login sees it. Nothing is asked of it before it is first
// needed. Its methods may be called from many goroutines.
type Place struct {
	options  Options
	location string
	name     string // of the cloud, as clouds.yaml has it
	session  *session
	life     context.Context
	end      context.CancelFunc
	started  time.Time

	own      *lists // of the login's own project
	all      *lists // of every project
	projects shelf  // their names
	parents  parents

	mu     sync.Mutex // guards what follows
	denied map[core.Operation]string
}

// lists are what has been read of one reach: two of them share no row, so that who
// reads one page by page is not handed rows of the other.
type lists struct {
	reach   core.Reach
	backups *mirror[core.Backup]
	volumes *mirror[core.Volume]
	names   shelf // of the volumes

	sortedBackups sorted[core.Backup]
	sortedVolumes sorted[core.Volume]
}

func (p *Place) newLists(reach core.Reach) *lists {
	return &lists{
		reach:   reach,
		backups: newMirror(p.life, source[core.Backup](backupSource{p, reach}), p.options.Now),
		volumes: newMirror(p.life, source[core.Volume](volumeSource{p, reach}), p.options.Now),
	}
}

// of returns the lists that a query asks.
func (p *Place) of(q core.Query) *lists {
	reach := q.Reach
	if reach == core.ReachDefault {
		reach = p.Reach()
	}
	if reach == core.ReachAll {
		return p.all
	}
	return p.own
}

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
	return newPlace(ctx, where, newSession(l, o.CacheDir, o.Now), o), nil
}

// newPlace is a place of a login; what it does in the background outlives ctx.
func newPlace(ctx context.Context, where string, s *session, o Options) *Place {
	p := &Place{
		options:  o,
		location: "cloud:" + where,
		name:     where,
		session:  s,
		denied:   map[core.Operation]string{},
		started:  o.Now(),
	}
	p.life, p.end = context.WithCancel(context.WithoutCancel(ctx))
	p.own, p.all = p.newLists(core.ReachOwn), p.newLists(core.ReachAll)
	p.parents.known = map[core.BackupID]core.BackupID{}
	return p
}

// Info describes the place.
func (p *Place) Info() core.PlaceInfo {
	info := core.PlaceInfo{Location: p.location, Kind: core.PlaceCloud, Title: p.name, Rules: core.Newton,
		RulesWhy: "every cloud since Newton restores by these rules", ReadOnly: p.options.ReadOnly, Badge: p.options.Badge, Color: p.options.Color}
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

// Reach is what a query that names none lists.
func (p *Place) Reach() core.Reach {
	if p.options.Reach == core.ReachAll {
		return core.ReachAll
	}
	return core.ReachOwn
}

// isOwn reports whether a project is the login's, as far as both are known.
func (p *Place) isOwn(project core.ProjectID) bool {
	pass, _ := p.session.current()
	return project == "" || pass.Project.ID == "" || project == pass.Project.ID
}

// noteBackup notes in the lists what was found when a backup was read alone; ok
// false where it is gone. The own project's list takes no other's in.
func (p *Place) noteBackup(id core.BackupID, row core.Backup, ok bool) {
	row.Metadata = nil
	p.all.backups.put(string(id), row, ok)
	if _, here := p.own.backups.get(string(id)); here || p.isOwn(row.ProjectID) {
		p.own.backups.put(string(id), row, ok)
	}
}

// noteVolume does the same for a volume.
func (p *Place) noteVolume(id core.VolumeID, row core.Volume, ok bool) {
	p.all.volumes.put(string(id), row, ok)
	if _, here := p.own.volumes.get(string(id)); here || p.isOwn(row.ProjectID) {
		p.own.volumes.put(string(id), row, ok)
	}
}

// Scope asks the cloud who we are there.
func (p *Place) Scope(ctx context.Context) (core.Scope, error) {
	const tried = "ask the cloud who we are"
	if err := p.session.ask(ctx, call{tried: tried, path: "/limits"}, nil); err != nil {
		return core.Scope{}, err
	}
	pass, _ := p.session.current()
	s := core.Scope{Region: p.session.login.endpoint.Region, Project: pass.Project, User: pass.User, Roles: pass.Roles, Regions: pass.Regions, Version: pass.Version.String()}
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
	err := p.session.ask(ctx, call{tried: "list the projects of the login", path: pass.Identity + "/auth/projects"}, &body)
	for _, x := range body.Projects {
		s.Projects = append(s.Projects, core.Project{ID: core.ProjectID(x.ID), Name: x.Name, Domain: x.Domain})
	}
	if err != nil { // an application credential may not ask: that is no reason to fail
		s.Projects = []core.Project{pass.Project}
	}
	return s, nil
}

// roles are the token's, in lower case; known is false before the first login.
func (p *Place) roles() (roles map[string]bool, known bool) {
	pass, ok := p.session.current()
	out := map[string]bool{}
	for _, r := range pass.Roles {
		out[strings.ToLower(r)] = true
	}
	return out, ok
}

func (p *Place) isAdmin() bool {
	roles, known := p.roles()
	return !known || roles["admin"]
}

// Denied says why an operation is not allowed: by Cinder's default policy
// (cinder/policies/backups.py, backup_actions.py) or since the cloud forbade it
// before. Roles of another name may be anything, and are taken to be a member's.
func (p *Place) Denied(op core.Operation) string {
	p.mu.Lock()
	why, before := p.denied[op]
	p.mu.Unlock()
	if before {
		return why
	}
	roles, known := p.roles()
	if !known || roles["admin"] {
		return ""
	}
	switch op {
	case core.OpExport, core.OpImport, core.OpReset, core.OpForceDelete, core.OpAllProjects:
		return "by default only the role admin may " + string(op) + ", and this login has " + roleList(roles)
	}
	if roles["reader"] && len(roles) == 1 {
		return "a reader may not " + string(op)
	}
	return ""
}

func roleList(roles map[string]bool) string {
	if len(roles) == 0 {
		return "no role"
	}
	var out []string
	for _, r := range []string{"manager", "member", "reader"} {
		if roles[r] {
			out = append(out, r)
			delete(roles, r)
		}
	}
	for r := range roles {
		out = append(out, core.Visible(r))
	}
	return strings.Join(out, ", ")
}

// noted remembers what the cloud forbids, and forgets what it allows after all.
func (p *Place) noted(op core.Operation, err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	f := faultOf(err)
	switch {
	case err == nil:
		delete(p.denied, op)
	case f != nil && f.status == 403:
		p.denied[op] = "the cloud forbade it: " + core.Visible(strings.TrimSuffix(f.message, "."))
	}
	return err
}

// writable returns an error where nothing may be written.
func (p *Place) writable(tried string) error {
	if p.options.ReadOnly != "" {
		return core.Fail(core.CodeReadOnly, tried, p.options.ReadOnly, "", nil)
	}
	return nil
}
