package cinder

import (
	"context"
	"errors"

	"hearth/core"
	"hearth/store/wire"
)

// volumeNames reads the names of all volumes: the short list is a tenth of the long.
func (p *Place) volumeNames(ctx context.Context, reach core.Reach) (map[string]string, error) {
	of := map[string]string{}
	heard := 0
	for marker := ""; ; {
		body, err := p.listing(ctx, reach, "read the volumes' names", "/volumes", marker, pageSize, false)
		if core.CodeOf(err) == core.CodeNotFound && marker != "" {
			return of, nil // the volume that the page was to follow has gone: some names are missing, and no list
		}
		if err != nil {
			return nil, err
		}
		rows, next, _, err := pageOf[struct {
			ID   string
			Name *string
		}]("read the volumes' names", body, "volumes")
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			of[r.ID] = or(r.Name)
		}
		heard += weight(len(rows))
		if next == "" || next == marker || next == noMarker || heard > mostRows { // some names are missing, and no list
			return of, nil
		}
		marker = next
	}
}

// projectBounds are those of a list of projects, which Keystone gives whole: of some
// seventy thousand.
var projectBounds = wire.Bounds{Bytes: 32 << 20, Marks: 2 << 20, Mark: ','}

// projectNames reads the names of the projects that the login may know of: an
// administrator of all, others of their own.
func (p *Place) projectNames(ctx context.Context) (map[string]string, error) {
	if _, _, err := p.session.open(ctx); err != nil {
		return nil, err
	}
	pass, _ := p.session.current()
	of := map[string]string{}
	if pass.Identity == "" {
		return of, nil
	}
	path := "/auth/projects"
	if p.isAdmin() {
		path = "/projects"
	}
	var body struct{ Projects []struct{ ID, Name string } }
	ask := call{tried: "read the projects' names", path: pass.Identity + path, bounds: projectBounds}
	if err := p.session.ask(ctx, ask, &body); err != nil {
		return nil, err
	}
	for _, x := range body.Projects {
		of[x.ID] = x.Name
	}
	return of, nil
}

// gathered is how the names came that a query needs.
type gathered struct {
	ready bool     // no more of them are on their way
	lacks []string // those that could not be read, and why (core.Page)
	err   error    // of names that decide which rows answer the query: without them none does
}

// gather sees to it that the names a query needs are here, or will be: with Partial
// they come when the list is asked again. Names that only decorate rows end no list.
func (p *Place) gather(ctx context.Context, l *lists, q core.Query) (wait func() gathered) {
	type part struct {
		shelf *shelf
		what  string
		rules bool // they decide which rows answer the query
		read  func(context.Context) (map[string]string, error)
	}
	var parts []part
	if q.Needs("volume") {
		parts = append(parts, part{&l.names, "the names of volumes", q.Decides("volume"),
			func(ctx context.Context) (map[string]string, error) { return p.volumeNames(ctx, l.reach) }})
	}
	if q.Needs("project-name") {
		parts = append(parts, part{&p.projects, "the names of projects", q.Decides("project-name"), p.projectNames})
	}
	note := func(g *gathered, x part, err error) {
		switch code := core.CodeOf(err); {
		case err == nil:
		case x.rules, code == core.CodeCancelled:
			g.err = err
		default:
			g.lacks = append(g.lacks, lack(x.what, err))
		}
	}
	now := p.options.Now
	if q.Anew { // the names are of the same moment as the rows
		for _, x := range parts {
			x.shelf.renew()
		}
	}
	if q.Partial {
		for _, x := range parts {
			x.shelf.soon(p.life, now, x.read)
		}
		return func() gathered {
			g := gathered{ready: true}
			for _, x := range parts {
				g.ready = g.ready && !x.shelf.coming()
				note(&g, x, x.shelf.lacking())
			}
			return g
		}
	}
	errs := make([]chan error, len(parts)) // beside the list itself
	for i, x := range parts {
		errs[i] = make(chan error, 1)
		go func() { errs[i] <- x.shelf.need(ctx, now, x.read) }()
	}
	return func() gathered {
		g := gathered{ready: true}
		for i, x := range parts {
			note(&g, x, <-errs[i])
		}
		return g
	}
}

// lack says that something that decorates rows could not be read.
func lack(what string, err error) string {
	var e *core.Error
	if errors.As(err, &e) {
		return what + ": " + e.What
	}
	return what + ": " + err.Error()
}

// volumeName is what a volume is called, as far as that was read for one of the
// lists; the one that was read later knows better.
func (p *Place) volumeName(id core.VolumeID) (string, bool) {
	newer, older := &p.own.names, &p.all.names
	if older.since().After(newer.since()) {
		newer, older = older, newer
	}
	if name, ok := newer.get()[string(id)]; ok {
		return name, true
	}
	name, ok := older.get()[string(id)]
	return name, ok
}

// nameBackup and nameVolume add the names that are known.
func (p *Place) nameBackup(b *core.Backup, volume func(core.VolumeID) (string, bool), projects map[string]string) {
	if name, ok := volume(b.VolumeID); ok {
		b.VolumeName, b.Unseen = core.Some(name), without(b.Unseen, "volume_name")
	}
	if name, ok := projects[string(b.ProjectID)]; ok {
		b.ProjectName, b.Unseen = core.Some(name), without(b.Unseen, "project_name")
	}
}

func (p *Place) nameVolume(v *core.Volume, projects map[string]string) {
	if name, ok := projects[string(v.ProjectID)]; ok {
		v.ProjectName = core.Some(name)
	}
}

// withNames is rows with the names that are known.
func (p *Place) withNames(l *lists, rows []core.Backup) []core.Backup {
	volumes, projects := l.names.get(), p.projects.get()
	if len(volumes) == 0 && len(projects) == 0 {
		return rows
	}
	volume := func(id core.VolumeID) (string, bool) {
		name, ok := volumes[string(id)]
		return name, ok
	}
	out := make([]core.Backup, len(rows))
	for i, b := range rows {
		p.nameBackup(&b, volume, projects)
		out[i] = b
	}
	return out
}
