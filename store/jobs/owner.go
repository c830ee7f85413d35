package jobs

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"hearth/core"
	"hearth/store"
)

// ForProject is where a cloud's login has to stand for a project to own what it imports:
// the project, by its name or id, and the location in which the login stands there.
// Cinder gives an imported backup to the project of the login, whomever the record names.
// CodeNotFound where the login has no role in such a project.
func (d Desk) ForProject(ctx context.Context, name string) (core.Project, string, error) {
	tried := "import for the project " + name
	p, ok := d.Place.(store.Scoper)
	if !ok || d.Place.Info().Kind != core.PlaceCloud {
		return core.Project{}, "", core.Fail(core.CodeUnsupported, tried, "this kind of place has no projects to log in to", "", nil)
	}
	scope, err := p.Scope(ctx)
	if err != nil {
		return core.Project{}, "", err
	}
	var fits []core.Project
	var others []string
	for _, x := range scope.Projects {
		if string(x.ID) == name {
			fits = []core.Project{x}
			break
		}
		if x.Name == name {
			fits = append(fits, x)
		}
		others = append(others, cmp.Or(x.Name, string(x.ID)))
	}
	switch {
	case len(fits) > 1:
		return core.Project{}, "", core.Fail(core.CodeUsage, tried, fmt.Sprintf("%d projects of the login are called so", len(fits)),
			"give the id of the one that is meant", nil)
	case len(fits) == 0:
		const most = 5
		has := "in none that it could find"
		if n := len(others); n > 0 {
			has = "in " + strings.Join(others[:min(n, most)], ", ")
			if n > most {
				has += fmt.Sprintf(" and %d more", n-most)
			}
		}
		return core.Project{}, "", core.Fail(core.CodeNotFound, tried,
			"the login of "+d.location()+" has no role in a project of that name or id; it has one "+has,
			"have an administrator give it one there (openstack role add), or open the place with a login that has one", nil)
	}
	at, err := store.ParseLocation(d.location())
	if err != nil {
		return core.Project{}, "", err
	}
	if fits[0].ID == scope.Project.ID {
		return fits[0], d.location(), nil
	}
	return fits[0], at.With("", string(fits[0].ID)).String(), nil
}
