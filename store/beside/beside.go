// Package beside is a cloud with Cinder's own database beside it, as one place: the API
// acts and lists, the database tells what the API hides.
//
// Nothing is said from a database that is not the cloud's. It is held to the cloud before
// anything is taken from it ([Place.Beside]), by the newest rows that the cloud lists, and
// each row again when it is used: what both show must agree, and a row that the database
// has in an older state only tells what never changes. A replica that lags is behind, and
// that is said; what contradicts the cloud makes the whole database unknown.
//
// Lists come from the API: it says what the login may see, it is what is acted on, and
// its answer is never behind itself. The database is only read.
package beside

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"hearth/core"
	"hearth/store"
)

// Database is what is asked of a database that stands beside a cloud: store/sql's.
type Database interface {
	store.Place
	store.Exporter
	store.Collator
	store.Recaller
	store.Encrypter
	// AsOf is the last that it heard of its cloud; not set: it does not say.
	AsOf(ctx context.Context) (core.Opt[time.Time], error)
	// Children and VolumeBackups list backups by their parent and by their volume.
	Children(ctx context.Context, id core.BackupID) ([]core.Backup, error)
	VolumeBackups(ctx context.Context, id core.VolumeID) ([]core.Backup, error)
}

// Options says what stands beside the cloud.
type Options struct {
	Location string // of the database, without a password
	// Open opens it, read-only; it is called when the database is first needed, and again
	// some time after that failed.
	Open func(ctx context.Context) (store.Place, error)
	Now  func() time.Time // the clock; nil: time.Now
	// Patience is how long the database may take to be opened and held to the cloud; 0:
	// ten seconds.
	Patience time.Duration
}

// How long it holds what was found: of a database that is out of reach or not the
// cloud's, and of one that agrees. sample is how many rows are compared; grace is how far
// the clocks of a cloud's machines may be apart.
const (
	againSoon  = 30 * time.Second
	againLater = 5 * time.Minute
	sample     = 12
	grace      = 2 * time.Minute
)

// Place is the cloud with the database. Make it with [Join]; closing it closes both.
type Place struct {
	store.Cloud
	o Options

	turn chan struct{} // whoever opens and holds the database has it

	mu    sync.Mutex // guards what follows
	db    Database   // nil: not open
	found core.Beside
	until time.Time // how long found holds
}

// Join puts a database beside a cloud, which the place then owns. Nothing is asked of the
// database yet.
func Join(cloud store.Cloud, o Options) *Place {
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Patience = cmp.Or(o.Patience, 10*time.Second)
	return &Place{Cloud: cloud, o: o, turn: make(chan struct{}, 1), found: core.Beside{Location: o.Location}}
}

// Info describes the cloud, and says that a database stands beside it.
func (p *Place) Info() core.PlaceInfo {
	info := p.Cloud.Info()
	info.Beside = append(slices.Clone(info.Beside), p.o.Location)
	if p.last().Footing == core.FootingUnknown {
		info.Title += ", without its database"
	} else {
		info.Title += " + database"
	}
	info.Release = info.Release.And(p.clues()...)
	return info
}

// clues are what the database tells of the cloud's release, where anything is said from it.
func (p *Place) clues() []core.Clue {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.db == nil || !p.found.Usable() {
		return nil
	}
	return p.db.Info().Release.Clues
}

// Close closes the database and the cloud.
func (p *Place) Close() error {
	p.turn <- struct{}{} // nobody opens it meanwhile
	p.mu.Lock()
	db := p.db
	p.db = nil
	p.mu.Unlock()
	err := p.Cloud.Close()
	if db != nil {
		err = cmp.Or(err, db.Close())
	}
	return err
}

// last is what was found last.
func (p *Place) last() core.Beside {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.found
}

// Beside holds the database to the cloud, unless that was done a short while ago.
func (p *Place) Beside(ctx context.Context) core.Beside {
	p.database(ctx)
	return p.last()
}

// database returns the database where something may be said from it.
func (p *Place) database(ctx context.Context) (Database, bool) {
	if db, usable, held := p.settled(); held {
		return db, usable
	}
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return nil, false
	}
	if db, usable, held := p.settled(); held { // by whoever had the turn
		return db, usable
	}
	of, cancel := context.WithTimeout(ctx, p.o.Patience)
	defer cancel()
	found := p.hold(of)
	if ctx.Err() != nil { // who asked has left: that says nothing of the database
		return nil, false
	}
	wait := againSoon
	if found.Usable() {
		wait = againLater
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.found, p.until = found, p.o.Now().Add(wait)
	return p.db, found.Usable() && p.db != nil
}

// settled is the database as far as what was found of it holds.
func (p *Place) settled() (db Database, usable, held bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found.Footing == core.FootingUnasked || !p.o.Now().Before(p.until) {
		return nil, false, false
	}
	return p.db, p.found.Usable() && p.db != nil, true
}

// distrust takes nothing more from the database for a while, and says why.
func (p *Place) distrust(why string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.found.Footing, p.found.Why, p.until = core.FootingUnknown, why, p.o.Now().Add(againSoon)
}

// lost notes that the database could not be read; it is tried again after a while.
func (p *Place) lost(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	p.distrust("it cannot be read: " + whatOf(err))
}

// whatOf is what went wrong, of an error of hearth's.
func whatOf(err error) string {
	if e, ok := err.(*core.Error); ok {
		return e.What
	}
	return err.Error()
}

// hold opens the database, where it is not, and holds it to the cloud.
func (p *Place) hold(ctx context.Context) core.Beside {
	found := core.Beside{Location: p.o.Location}
	unknown := func(why string) core.Beside {
		found.Footing, found.Why = core.FootingUnknown, why
		return found
	}
	db, err := p.opened(ctx)
	if err != nil {
		return unknown("it cannot be opened: " + whatOf(err))
	}
	if found.AsOf, err = db.AsOf(ctx); err != nil { // before the rows: they are of then or later
		return unknown("it cannot be read: " + whatOf(err))
	}
	page, err := p.Cloud.Backups(ctx, core.Query{Limit: sample})
	if err != nil {
		return unknown("the cloud, which it would be held to, cannot be asked: " + whatOf(err))
	}
	for i := range page.Rows {
		a := &page.Rows[i]
		d, err := db.Backup(ctx, a.ID)
		why := count(&found, "backup "+core.Visible(string(a.ID)), a.CreatedAt, err, func() string { return otherBackup(a, &d) })
		if why != "" && core.CodeOf(err) == core.CodeNotFound && p.goneBackup(ctx, a.ID) {
			found.Held, found.Missing, why = found.Held-1, found.Missing-1, ""
		}
		if why != "" {
			return unknown(why)
		}
	}
	if found.Held > found.Missing {
		return settled(found)
	}
	volumes, err := p.Cloud.Volumes(ctx, core.Query{Limit: sample})
	if err != nil {
		return unknown("the cloud, which it would be held to, cannot be asked: " + whatOf(err))
	}
	for i := range volumes.Rows {
		a := &volumes.Rows[i]
		d, err := db.Volume(ctx, a.ID)
		why := count(&found, "volume "+core.Visible(string(a.ID)), a.CreatedAt, err, func() string { return otherVolume(a, &d) })
		if why != "" && core.CodeOf(err) == core.CodeNotFound && p.goneVolume(ctx, a.ID) {
			found.Held, found.Missing, why = found.Held-1, found.Missing-1, ""
		}
		if why != "" {
			return unknown(why)
		}
	}
	switch {
	case found.Held == 0:
		return unknown("the cloud lists nothing that it could be held to")
	case found.Held == found.Missing:
		return unknown("it has none of the " + core.Count(found.Held, "newest row") + " that the cloud lists")
	}
	return settled(found)
}

// goneBackup and goneVolume report whether the cloud, asked again, has no longer what the
// database does not have: it was deleted between the two questions.
func (p *Place) goneBackup(ctx context.Context, id core.BackupID) bool {
	_, err := p.Cloud.Backup(ctx, id)
	return core.CodeOf(err) == core.CodeNotFound
}

func (p *Place) goneVolume(ctx context.Context, id core.VolumeID) bool {
	_, err := p.Cloud.Volume(ctx, id)
	return core.CodeOf(err) == core.CodeNotFound
}

// settled is what was found of a database that contradicts nothing.
func settled(found core.Beside) core.Beside {
	found.Footing = core.FootingAgrees
	if found.Missing > 0 {
		found.Footing = core.FootingBehind
	}
	return found
}

// opened is the database, which is opened where it is not.
func (p *Place) opened(ctx context.Context) (Database, error) {
	p.mu.Lock()
	db := p.db
	p.mu.Unlock()
	if db != nil {
		return db, nil
	}
	place, err := p.o.Open(ctx)
	if err != nil {
		return nil, err
	}
	db, ok := place.(Database)
	if !ok || place.Info().Kind != core.PlaceDatabase {
		place.Close()
		return nil, core.Fail(core.CodeUsage, "open the database "+p.o.Location, "it is no database of Cinder's own",
			"name the one that cinder.conf names", nil)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.db = db
	return db, nil
}
