// Package ceph is a backup repository of Cinder's Ceph driver
// (cinder/backup/drivers/ceph.py) read directly: a pool of RBD images, the backups'
// snapshots of them, and an object of metadata for each backup. It asks the programs
// rbd and rados, which every host with Ceph has, so that hearth needs no library of
// Ceph's; it lists and reads, and never opens an image for writing.
//
// The files, in the order in which they read well: programs runs the two programs and
// says what their failures mean, listing reads what they print, name takes names apart,
// index makes holdings and rows of a listing, rebuild says what of a row is certain,
// bodies reads the metadata objects of those that are asked for, place answers, verify
// and diff read backups through. volume reads an image of any pool through, such as that of
// a restored volume.
package ceph

import (
	"context"
	"time"

	"hearth/core"
	"hearth/store/scan"
)

// Driver is the class that a backup service must have to restore what lies here.
const Driver = "cinder.backup.drivers.ceph.CephBackupDriver"

// DefaultParallel is how many programs run at a time, each of which reads one object.
const DefaultParallel = 8

// ReadOnly is why nothing is ever written.
const ReadOnly = "a backup repository is only read"

// Access says how the cluster is reached. What is empty is left to the programs: they
// read CEPH_CONF and CEPH_ARGS, and then the system's own files.
type Access struct {
	Conf    string `toml:"conf"`    // the path of a ceph.conf
	User    string `toml:"user"`    // without the "client." before it
	Keyring string `toml:"keyring"` // the path of the file with its key
	Cluster string `toml:"cluster"` // whose /etc/ceph/CLUSTER.conf is read; "": ceph
}

// Options says how a pool is opened.
type Options struct {
	Badge    string // a word for the title bar
	Color    string // of the badge
	Title    string // "": made of the pool's name
	Service  string // "": [Driver]; Cinder up to 11 wrote cinder.backup.drivers.ceph
	Parallel int    // 0: [DefaultParallel]
	Now      func() time.Time

	Access Access
}

// Place is a pool as a place. The first question lists it, and what was found is kept
// until it is asked for anew. Its methods may be called from many goroutines.
type Place struct {
	pool     string
	service  string
	parallel int
	programs programs
	info     core.PlaceInfo
	now      func() time.Time
	listings scan.Listing[found]
}

// Open opens a pool. It asks the cluster nothing yet. CodeUnsupported where one of the
// programs is not installed.
func Open(ctx context.Context, pool string, o Options) (*Place, error) {
	programs, err := findPrograms("open ceph:"+pool, o.Access, "rbd", "rados")
	if err != nil {
		return nil, err
	}
	if o.Service == "" {
		o.Service = Driver
	}
	if o.Parallel <= 0 {
		o.Parallel = DefaultParallel
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Title == "" {
		o.Title = "ceph " + pool
	}
	p := &Place{pool: pool, service: o.Service, parallel: o.Parallel, programs: programs, now: o.Now, info: core.PlaceInfo{
		Location: "ceph:" + pool,
		Kind:     core.PlaceRepository,
		Title:    core.Visible(o.Title),
		Rules:    core.RulesAuto,
		RulesWhy: "a repository does not tell which Cinder will restore",
		ReadOnly: ReadOnly,
		Badge:    o.Badge,
		Color:    o.Color,
	}}
	p.listings.Tried, p.listings.Wait = "list the pool", firstWait
	p.listings.Read = func(ctx context.Context, f *found, progress func(core.ScanProgress)) (err error) {
		f.index, err = p.scan(ctx, progress)
		return err
	}
	p.listings.Told = func(f *found) core.ScanProgress { return f.index.progress }
	p.listings.Live(ctx)
	return p, nil
}

// WrongPool says what is wrong with a pool's name, "" for nothing: what follows
// "ceph:" in a location.
func WrongPool(name string) string {
	for _, r := range name {
		if r == '/' || r == '@' || r <= ' ' {
			return "a pool's name has no blank, / or @ in it"
		}
	}
	if name != "" && name[0] == '-' {
		return "a pool's name begins with no dash"
	}
	return ""
}

// Info describes the place.
func (p *Place) Info() core.PlaceInfo { return p.info }

// Close ends what goes on in the background, programs that run included.
func (p *Place) Close() error {
	p.listings.Close(killedAfter + time.Second)
	return nil
}
