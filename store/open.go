package store

import (
	"context"
	"os"
	"strings"
	"time"

	"hearth/core"
	"hearth/store/cinder"
	"hearth/store/repository"
	"hearth/store/sqlite"
)

// Location says where a place is, in the one syntax that is used everywhere:
// sqlite:FILE, cloud:NAME[@REGION][/PROJECT], posix:/DIR, s3://…, swift:CLOUD/CONTAINER, and demo.
type Location struct {
	Scheme string // "sqlite", "cloud", "posix", "s3", "swift", "demo"
	Rest   string // what follows the scheme; for s3 what follows the two slashes
}

// Syntax names every form of a location, for messages.
const Syntax = "sqlite:FILE, cloud:NAME, posix:/DIR, s3://HOST/BUCKET, swift:CLOUD/CONTAINER or demo"

// ParseLocation reads a location. CodeUsage if it is none.
func ParseLocation(s string) (Location, error) {
	bad := func(what string) (Location, error) {
		return Location{}, core.Fail(core.CodeUsage, "use the place "+s, what, "write "+Syntax, nil)
	}
	if s == "demo" {
		return Location{Scheme: "demo"}, nil
	}
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok {
		return bad("it does not say what kind of place it is")
	}
	l := Location{Scheme: scheme, Rest: rest}
	switch scheme {
	case "sqlite", "cloud", "posix":
	case "s3":
		if !strings.HasPrefix(rest, "//") {
			return bad("s3 wants two slashes")
		}
		l.Rest = rest[2:]
	case "swift":
		if !strings.Contains(rest, "/") {
			return bad("swift wants a cloud and a container")
		}
	default:
		return bad("there is no kind of place called " + scheme)
	}
	if l.Rest == "" {
		return bad("nothing follows " + scheme + ":")
	}
	return l, nil
}

// String is the location as [ParseLocation] reads it.
func (l Location) String() string {
	switch l.Scheme {
	case "demo":
		return "demo"
	case "s3":
		return "s3://" + l.Rest
	}
	return l.Scheme + ":" + l.Rest
}

// Within is a cloud's location in another region, or with another project; empty
// ones change nothing. CodeUsage for a place that has neither.
func (l Location) Within(region, project string) (Location, error) {
	if region == "" && project == "" {
		return l, nil
	}
	if l.Scheme != "cloud" {
		return l, core.Fail(core.CodeUsage, "choose a place", "only a cloud has regions and projects, and "+l.String()+" is none", "leave --region and --project out", nil)
	}
	name, r, p := l.cloud()
	if region != "" {
		r = region
	}
	if project != "" {
		p = project
	}
	l.Rest = name
	if r != "" {
		l.Rest += "@" + r
	}
	if p != "" {
		l.Rest += "/" + p
	}
	return l, nil
}

// cloud takes a cloud's location apart.
func (l Location) cloud() (name, region, project string) {
	name, project, _ = strings.Cut(l.Rest, "/")
	name, region, _ = strings.Cut(name, "@")
	return name, region, project
}

// Options says how a place is opened.
type Options struct {
	Write bool             // write to a database that hearth did not make
	Now   func() time.Time // the clock; nil: time.Now
	Demo  World            // what --demo shows
	// Config is what the configuration says of the place.
	Config PlaceConfig

	AllProjects bool            // of a cloud: list what every project has
	CacheDir    string          // where a cloud's token is kept between runs; "": nowhere
	Listings    cinder.Listings // where a cloud's lists are kept between runs; nil: nowhere

	Repository repository.Options // of a backup repository, besides what the configuration says
}

// reach is whose rows a cloud's lists show if they are not told.
func (o Options) reach() core.Reach {
	if o.AllProjects || o.Config.AllProjects {
		return core.ReachAll
	}
	return core.ReachOwn
}

// Open makes a place of its location. Errors are *core.Error.
func Open(ctx context.Context, l Location, o Options) (Place, error) {
	so := sqlite.Options{Write: o.Write, Now: o.Now, Badge: o.Config.Badge, Color: o.Config.Color}
	if o.Config.ReadOnly {
		so.ReadOnly = "the config marks it read_only"
	}
	switch l.Scheme {
	case "demo":
		s, err := sqlite.CreateDemo(ctx, so, o.Demo)
		if err != nil {
			return nil, err // not s: a nil *Store in an interface is not nil
		}
		return s, nil
	case "sqlite":
		p, err := sqlite.Open(ctx, l.Rest, so)
		if err != nil {
			return nil, err
		}
		if own := p.Own(); own != nil {
			return own, nil
		}
		return p, nil
	case "cloud":
		p, err := cinder.Open(ctx, l.Rest, cinder.Options{Reach: o.reach(), ReadOnly: so.ReadOnly,
			Badge: o.Config.Badge, Color: o.Config.Color, CacheDir: o.CacheDir, Listings: o.Listings, Now: o.Now})
		if err != nil {
			return nil, err
		}
		return p, nil
	case "posix", "s3", "swift":
		p, err := openRepository(ctx, l, o)
		if err != nil {
			return nil, err
		}
		return p, nil
	}
	return nil, core.Fail(core.CodeUsage, "open "+l.String(), "there is no such kind of place", "write "+Syntax, nil)
}

// openRepository opens a backup repository.
func openRepository(ctx context.Context, l Location, o Options) (*repository.Place, error) {
	ro := o.Repository
	ro.Badge, ro.Color, ro.Now = o.Config.Badge, o.Config.Color, o.Now
	if o.Config.Service != "" {
		ro.Service = o.Config.Service
	}
	if o.Config.S3 != (repository.S3Options{}) {
		ro.S3 = o.Config.S3
	}
	if o.Config.Swift.AuthURL != "" {
		ro.Swift = o.Config.Swift
	}
	switch l.Scheme {
	case "s3":
		return repository.OpenS3(ctx, l.Rest, ro)
	case "swift":
		cloud, container, _ := strings.Cut(l.Rest, "/")
		if ro.Swift.AuthURL == "" && ro.Swift.Login == nil {
			objects, err := cinder.OpenObjects(cloud, o.CacheDir, o.Now)
			if err != nil {
				return nil, err
			}
			ro.Swift.Login = func(ctx context.Context) (repository.SwiftToken, error) {
				url, token, expires, err := objects.Login(ctx)
				return repository.SwiftToken{Token: token, StorageURL: url, Expires: expires}, err
			}
		}
		return repository.OpenSwift(ctx, cloud, container, ro)
	}
	return repository.OpenPosix(ctx, l.Rest, ro)
}

// World says what demo data to make; the same World makes the same data.
type World = sqlite.World

// MakeDemo makes a store with demo data in a file that is not there yet, and
// opens it. If it fails, the file is gone again.
func MakeDemo(ctx context.Context, path string, w World, o Options) (Place, error) {
	s, err := sqlite.Create(ctx, path, sqlite.Options{Now: o.Now})
	if err != nil {
		return nil, err
	}
	if err := s.Populate(ctx, w); err != nil {
		s.Close()
		os.Remove(path)
		return nil, err
	}
	return s, nil
}
