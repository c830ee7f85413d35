package store

import (
	"slices"
	"sort"
	"strings"

	"hearth/core"
	"hearth/store/ceph"
	"hearth/store/repository"
)

// PlaceConfig is what the configuration says of a place, under [places.NAME].
type PlaceConfig struct {
	Location string `toml:"location"`  // in the one syntax
	Badge    string `toml:"badge"`     // a word for the title bar, such as PROD
	Color    string `toml:"color"`     // of the badge
	ReadOnly bool   `toml:"read_only"` // nothing is ever written there
	// AllProjects lists what every project of a cloud has.
	AllProjects bool `toml:"all_projects"`
	// Release is which Cinder there is, as core.ParseReleases reads it: "26", "24 to 28".
	// What hearth sees of the place is held to it.
	Release string `toml:"release"`
	// Policy is the policy.yaml of a cloud, a file here: what it says of roles goes before
	// Cinder's defaults.
	Policy string `toml:"policy"`

	// Database is Cinder's own database, which a cloud stands on, by its location or its
	// name here: it is only read, and tells what the API hides.
	Database string `toml:"database"`
	// Repository is the backup repository that the place's backups lie in, by its
	// location or its name here: what it holds makes restore previews exact.
	Repository string `toml:"repository"`
	// Of a backup repository: the full class name of the driver that wrote it, and
	// how it is reached.
	Service string                  `toml:"service"`
	S3      repository.S3Options    `toml:"s3"`
	Swift   repository.SwiftOptions `toml:"swift"`
	Ceph    ceph.Access             `toml:"ceph"`
}

// Config is the part of the configuration that says where places are.
type Config struct {
	Place  string                 `toml:"place"`  // opened when nothing else is named
	Places map[string]PlaceConfig `toml:"places"` // places with names of their own
}

// Check says what is wrong with the configuration: the key at fault and why.
func (c Config) Check() (key, what string) {
	for _, name := range c.Names() {
		p := c.Places[name]
		if _, err := ParseLocation(p.Location); err != nil {
			return "places." + name + ".location", err.Error()
		}
	}
	for _, name := range c.Names() {
		if r := c.Places[name].Repository; r != "" {
			if _, _, err := c.Find(r); err != nil {
				return "places." + name + ".repository", err.Error()
			}
		}
		if r := c.Places[name].Release; r != "" {
			if _, err := core.ParseReleases(r); err != nil {
				return "places." + name + ".release", err.Error()
			}
		}
		if l, err := ParseLocation(c.Places[name].Location); c.Places[name].Policy != "" && err == nil && l.Kind() != KindCloud {
			return "places." + name + ".policy", "only a cloud goes by a policy, and " + Shown(c.Places[name].Location) + " is none: leave it out"
		}
		if what := c.wrongDatabase(c.Places[name]); what != "" {
			return "places." + name + ".database", what
		}
	}
	if c.Place != "" {
		if _, _, err := c.Find(c.Place); err != nil {
			return "place", err.Error()
		}
	}
	return "", ""
}

// wrongDatabase says what is wrong with the database of a place; "" if nothing is.
func (c Config) wrongDatabase(p PlaceConfig) string {
	if p.Database == "" {
		return ""
	}
	db, _, err := c.Find(p.Database)
	if err != nil {
		return err.Error()
	}
	at, _ := ParseLocation(p.Location)
	switch {
	case db.Kind() != KindStore:
		return Shown(p.Database) + " is no database: write " + forms(KindStore)
	case at.Kind() != KindCloud:
		return "only a cloud stands on a database, and " + Shown(p.Location) + " is none: leave it out"
	}
	return ""
}

// Names lists the places that have names of their own.
func (c Config) Names() []string {
	var out []string
	for name := range c.Places {
		out = append(out, name)
	}
	sort.Strings(out)
	return out
}

// Find reads a location, or the name of a configured place; what is configured
// for it comes along. A file is named by its whole path.
func (c Config) Find(s string) (Location, PlaceConfig, error) {
	if p, ok := c.Places[s]; ok {
		l, err := ParseLocation(p.Location)
		if err != nil {
			return l, p, err
		}
		return l.absolute(), p, nil
	}
	l, err := ParseLocation(s)
	if err != nil {
		if e, ok := err.(*core.Error); ok && len(c.Places) > 0 {
			e.Next += ", or a name from the config: " + strings.Join(c.Names(), ", ")
		}
		return l, PlaceConfig{}, err
	}
	l = l.absolute()
	for _, name := range c.Names() {
		if p, err := ParseLocation(c.Places[name].Location); err == nil && p.absolute() == l {
			return l, c.Places[name], nil
		}
	}
	if whole, _, _ := l.Cut(); whole != l { // what is said of a cloud holds in all of its regions and projects
		for _, name := range c.Names() {
			if c.Places[name].Location == whole.String() {
				return l, c.Places[name], nil
			}
		}
	}
	return l, PlaceConfig{}, nil
}

// Named is [Config.Find] for what people write after --from and --to: a cloud of
// clouds.yaml goes by its bare name, too.
func (c Config) Named(s string) (Location, PlaceConfig, error) {
	if _, configured := c.Places[s]; configured || strings.Contains(s, ":") {
		return c.Find(s)
	}
	if k, ok := find(s); ok && k.alone {
		return c.Find(s)
	}
	for _, k := range schemes {
		if k.known == nil {
			continue
		}
		rests, err := k.known()
		if err != nil {
			return Location{}, PlaceConfig{}, err
		}
		if slices.Contains(rests, s) {
			return c.Find(Location{Scheme: k.name, Rest: s}.String())
		}
	}
	return c.Find(s)
}

// PlaceRow is a place that can be gone to.
type PlaceRow struct {
	Name     string // "": it has none
	Location string // in the one syntax
	Badge    string
	Color    string // of the badge
	ReadOnly bool
	Beside   []string // what is named beside it: its database, its repository; in the one syntax
}

// beside are the locations of what is named beside a place, as they may be shown.
func (c Config) beside(p PlaceConfig) (out []string) {
	for _, name := range []string{p.Database, p.Repository} {
		if l, _, err := c.Find(name); name != "" && err == nil {
			out = append(out, l.String())
		}
	}
	return out
}

// Known lists the places that the configuration and clouds.yaml name. The error
// says what is wrong with clouds.yaml; the others are listed all the same.
func (c Config) Known() ([]PlaceRow, error) {
	var out []PlaceRow
	named := map[string]bool{}
	for _, name := range c.Names() {
		p := c.Places[name]
		p.Location = Shown(p.Location)
		named[p.Location] = true
		out = append(out, PlaceRow{Name: name, Location: p.Location, Badge: p.Badge, Color: p.Color, ReadOnly: p.ReadOnly,
			Beside: c.beside(p)})
	}
	var wrong error
	for _, k := range schemes {
		if k.known == nil {
			continue
		}
		rests, err := k.known()
		if wrong == nil {
			wrong = err
		}
		for _, rest := range rests {
			if location := (Location{Scheme: k.name, Rest: rest}).String(); !named[location] {
				out = append(out, PlaceRow{Name: rest, Location: location})
			}
		}
	}
	return out, wrong
}
