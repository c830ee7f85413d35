// Package jobs is what both faces do at length with places: plan, apply and read
// back, undo, export, import, archive, copy, recover. Its functions work over the
// store's interfaces, take a context, and give one result per item.
//
// Work in one place is a method of [Desk]; work between two places is a function
// that is given both ([PlanCopy] and [Copy], [PlanRecovery] and [Recover],
// [Reconcile]).
package jobs

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"hearth/core"
	"hearth/store"
	"hearth/store/archive"
)

// Desk is what a job works with: a place, the books it is accounted for in, and
// whose hand it is.
type Desk struct {
	Place   store.Place
	Archive *archive.Archive // nil: nothing is kept outside of the place (a demo)
	// Without is what there is to be said of an archive that is not there, or is not as it
	// should be; "" where all is well.
	Without string
	Who     string // user@host, for the journal
	// Source knows the captures that Cinder stored with the place's backups: the
	// backup repository, where one is configured for the place; nil: none is.
	Source store.CaptureSource
	// RBD opens the image of a volume in Ceph, named rbd:POOL/IMAGE, to be compared; nil:
	// none is read here.
	RBD func(ctx context.Context, where string) (store.Stream, error)
	// Reach says whose rows the desk lists and works on, where several projects
	// share the place; ReachDefault: as the place was opened. A job has a desk of
	// its own, so that it ends with the reach that it began with.
	Reach core.Reach
	Pace
}

// Pace is how time passes for a desk.
type Pace struct {
	Now func() time.Time // the clock
	// Sleep waits between two looks at a place; nil waits for real. It returns the
	// context's error when that ends.
	Sleep func(ctx context.Context, d time.Duration) error
	// Patience is how long an import is followed where the place imports by and by;
	// 0 is a minute.
	Patience time.Duration
	// SettleAfter is how long a change whose answer was lost may take to come into
	// effect: longer than the proxies in front of clouds wait. Until then what the place
	// shows decides nothing but that it did. 0: no time at all, as where a place answers
	// when it has done it.
	SettleAfter time.Duration
}

// Config is what the configuration says of the journal.
type Config struct {
	SettleAfter string `toml:"settle_after"` // such as "5m"; "": that
}

// Check says what is wrong with the configuration: the key at fault and why.
func (c Config) Check() (key, what string) {
	if _, err := c.Limit(); err != nil {
		return "settle_after", err.Error()
	}
	return "", ""
}

// Limit is the [Pace.SettleAfter] that is configured.
func (c Config) Limit() (time.Duration, error) {
	if c.SettleAfter == "" {
		return 5 * time.Minute, nil
	}
	t, err := time.ParseDuration(c.SettleAfter)
	if err != nil || t < 0 {
		return 0, fmt.Errorf("%s is no time such as 5m or 90s", c.SettleAfter)
	}
	return t, nil
}

// Backups and Volumes list rows of the place; a query that names no reach has the
// desk's.
func (d Desk) Backups(ctx context.Context, q core.Query) (core.Page[core.Backup], error) {
	return d.Place.Backups(ctx, d.reaching(q))
}

// Volumes lists volumes as Backups does backups.
func (d Desk) Volumes(ctx context.Context, q core.Query) (core.Page[core.Volume], error) {
	return d.Place.Volumes(ctx, d.reaching(q))
}

func (d Desk) reaching(q core.Query) core.Query {
	if q.Reach == core.ReachDefault {
		q.Reach = d.Reach
	}
	return q
}

// AllProjects reports whether the desk lists the rows of every project.
func (d Desk) AllProjects() bool {
	p, ok := d.Place.(store.Reacher)
	return ok && (d.Reach == core.ReachAll || d.Reach == core.ReachDefault && p.Reach() == core.ReachAll)
}

// Narrowed says why what was read of the place is that of one project and not of the
// whole place; "" where it is of the whole, as far as is known. A cloud ignores it
// where a login asks for all projects that may not (cinder/api/common.py,
// all_tenants): projects are those of the rows that were read. It does no I/O, and
// knows more after the place was read. How all are looked at is for the face to say that shows
// it: see AllProjects.
func (d Desk) Narrowed(projects core.FieldSet) string {
	switch _, reaches := d.Place.(store.Reacher); {
	case !reaches || len(projects) > 1:
		return ""
	case !d.AllProjects():
		return "one project was looked at, and not the whole of " + core.Visible(d.location())
	}
	if err := d.Allowed(core.OpAllProjects); core.CodeOf(err) == core.CodeDenied {
		return "one project was looked at, though all were asked for: " + err.(*core.Error).What
	}
	return ""
}

// Info describes the place as far as the desk reaches, and what stands beside it; it does
// no I/O.
func (d Desk) Info() core.PlaceInfo {
	info := d.Place.Info()
	if p, ok := d.Source.(store.Place); ok {
		info.Beside = append(slices.Clone(info.Beside), p.Info().Location)
		info.Title += " + repository"
	}
	if d.AllProjects() {
		info.Title += " · all projects"
	}
	return info
}

// location is the place's name in the archive.
func (d Desk) location() string { return d.Place.Info().Location }

// keeping reports whether what is learnt of the place can be kept in the archive.
func (d Desk) keeping() bool { return d.keeps("") == nil && d.Archive.ReadOnly == "" }

// NotKept says why what the place exports is not kept in the archive that there should be;
// "" where it is, and where nothing of such a place ever is.
func (d Desk) NotKept() string {
	switch {
	case d.Place.Info().Demo || d.Place.Info().Kind == core.PlaceRepository:
		return ""
	case d.Archive == nil:
		return d.Without
	}
	return d.Archive.ReadOnly
}

// noArchive says why there is none.
func (d Desk) noArchive() string { return cmp.Or(d.Without, "there is no archive") }

// own reports whether the place keeps its own books, or nobody else does.
func (d Desk) own() bool { return d.Place.Info().Journals || d.Archive == nil }
