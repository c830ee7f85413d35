package store

import (
	"context"
	"path/filepath"
	"strings"
	"time"

	"hearth/core"
	"hearth/store/ceph"
	"hearth/store/cinder"
	"hearth/store/repository"
	"hearth/store/sql"
)

// Options says how a place is opened.
type Options struct {
	Write bool             // write to a database that hearth did not make
	Now   func() time.Time // the clock; nil: time.Now
	Demo  World            // what --demo shows
	// Config is what the configuration says of the place.
	Config PlaceConfig

	AllProjects bool            // of a cloud: list what every project has
	CacheDir    string          // where tokens, mirrors and indexes of repositories are kept between runs; "": nowhere
	Listings    cinder.Listings // where a cloud's lists are kept between runs; nil: nowhere
	Waits       Waits           // how long a cloud is waited for; zero: as usual
	// Passcode asks the user for the one-time passcode of a cloud's login; nil: there is
	// nobody to ask, and a login that wants one fails.
	Passcode func(context.Context, core.Passcode) (string, error)

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
	k, ok := find(l.Scheme)
	if !ok {
		return nil, core.Fail(core.CodeUsage, "open "+l.String(), "there is no such kind of place", "write "+Syntax, nil)
	}
	return k.open(ctx, l.Rest, o)
}

// opened is what a driver's own Open returned: a place that could not be opened is
// none at all, not even a typed nil.
func opened[P Place](p P, err error) (Place, error) {
	if err != nil {
		return nil, err
	}
	return p, nil
}

// readOnly says why nothing may be written, "" if it may.
func (o Options) readOnly() string {
	return unless(!o.Config.ReadOnly, "the config marks it read_only")
}

// release is what the configuration says of the place's release. What is wrong with it was
// told when the config was read.
func (o Options) release() core.Clue {
	if o.Config.Release == "" {
		return core.Clue{}
	}
	c, _ := core.ReleaseSetting(o.Config.Release)
	return c
}

func (o Options) sql() sql.Options {
	mirrors := ""
	if o.CacheDir != "" {
		mirrors = filepath.Join(o.CacheDir, "mirrors")
	}
	return sql.Options{Write: o.Write, Mirrors: mirrors, Now: o.Now, Badge: o.Config.Badge, Color: o.Config.Color, ReadOnly: o.readOnly(),
		Release: o.release()}
}

func openDemo(ctx context.Context, _ string, o Options) (Place, error) {
	return opened(sql.CreateDemo(ctx, o.sql(), o.Demo))
}

func openSQLite(ctx context.Context, file string, o Options) (Place, error) {
	return database(sql.Open(ctx, file, o.sql()))
}

func openMySQL(ctx context.Context, rest string, o Options) (Place, error) {
	l := Location{Scheme: "mysql", Rest: rest}
	return database(sql.OpenServer(ctx, l.Scheme, "//"+rest, l.password(), o.sql()))
}

func openPostgres(ctx context.Context, rest string, o Options) (Place, error) {
	l := Location{Scheme: "postgres", Rest: rest}
	return database(sql.OpenServer(ctx, l.Scheme, "//"+rest, l.password(), o.sql()))
}

func openCinderConf(ctx context.Context, file string, o Options) (Place, error) {
	return database(sql.OpenConf(ctx, file, o.sql()))
}

// database is what sql.Open returned: a store of its own where hearth made it.
func database(p *sql.Place, err error) (Place, error) {
	if err != nil {
		return nil, err
	}
	if own := p.Own(); own != nil {
		return own, nil
	}
	return p, nil
}

var _ Cloud = (*cinder.Place)(nil)

func openCloud(ctx context.Context, where string, o Options) (Place, error) {
	policy, err := cinder.ReadPolicy(o.Config.Policy)
	if err != nil {
		return nil, err
	}
	return opened(cinder.Open(ctx, where, cinder.Options{
		Release:  o.release(),
		Policy:   policy,
		Reach:    o.reach(),
		ReadOnly: o.readOnly(),
		Badge:    o.Config.Badge,
		Color:    o.Config.Color,
		CacheDir: o.CacheDir,
		Listings: o.Listings,
		Now:      o.Now,
		Waits:    o.Waits,
		Passcode: o.Passcode,
	}))
}

// repository is what a backup repository is opened with: what the configuration
// says, over what it was given.
func (o Options) repository() repository.Options {
	ro := o.Repository
	ro.Badge, ro.Color, ro.Now = o.Config.Badge, o.Config.Color, o.Now
	if o.CacheDir != "" {
		ro.Kept = filepath.Join(o.CacheDir, "repositories")
	}
	if o.Config.Service != "" {
		ro.Service = o.Config.Service
	}
	if o.Config.S3 != (repository.S3Options{}) {
		ro.S3 = o.Config.S3
	}
	if c := o.Config.Swift; c.AuthURL != "" {
		ro.Swift = c
	} else {
		ro.Swift.Accounts, ro.Swift.Projects, ro.Swift.Reseller = c.Accounts, c.Projects, c.Reseller
	}
	return ro
}

func openPosix(ctx context.Context, dir string, o Options) (Place, error) {
	return opened(repository.OpenPosix(ctx, dir, o.repository()))
}

func openS3(ctx context.Context, bucket string, o Options) (Place, error) {
	return opened(repository.OpenS3(ctx, bucket, o.repository()))
}

// openSwift logs in as clouds.yaml says, unless the configuration has a login of
// its own.
func openSwift(ctx context.Context, where string, o Options) (Place, error) {
	ro := o.repository()
	cloud, container, _ := strings.Cut(where, "/")
	if ro.Swift.AuthURL == "" && ro.Swift.Login == nil {
		objects, err := cinder.OpenObjects(cloud, o.CacheDir, o.Now)
		if err != nil {
			return nil, err
		}
		ro.Swift.Login = func(ctx context.Context) (repository.SwiftToken, error) {
			url, token, expires, err := objects.Login(ctx)
			return repository.SwiftToken{Token: token, StorageURL: url, Expires: expires}, err
		}
		ro.Swift.List, ro.Unsafe = objects.Projects, objects.Unsafe
	}
	return opened(repository.OpenSwift(ctx, cloud, container, ro))
}

// openCeph opens a pool as the programs of Ceph would, unless the configuration says how.
func openCeph(ctx context.Context, pool string, o Options) (Place, error) {
	return opened(ceph.Open(ctx, pool, ceph.Options{Badge: o.Config.Badge, Color: o.Config.Color, Now: o.Now, Service: o.Config.Service,
		Parallel: o.Repository.Parallel, Access: o.Config.Ceph}))
}

// Waits are how long a cloud is waited for.
type Waits = cinder.Waits

// World says what demo data to make; the same World makes the same data.
type World = sql.World

// MakeDemo makes a store with demo data in a file that is not there yet, and
// opens it. The file is there once it is whole.
func MakeDemo(ctx context.Context, path string, w World, o Options) (Place, error) {
	return opened(sql.CreateWorld(ctx, path, sql.Options{Now: o.Now}, w))
}
