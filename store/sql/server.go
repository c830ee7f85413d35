package sql

import (
	"context"
	"database/sql"
	"sync"
	"time"

	"hearth/core"
)

// server is the database server that a place is in.
type server struct {
	location string // without its password
	title    string
	size     string // asks for the size of Cinder's database, in bytes
	unsafe   string // what is unsafe about the way there (core.PlaceInfo); "": nothing

	mu    sync.Mutex
	stamp int64     // counts the times that what is remembered was given up
	since time.Time // when it was last
	took  time.Duration
	kept  []*ranked // what was used last is forgotten last
}

// How long what was read of a server is taken to be as it is: no server says whether
// anything changed. It is longer where reading took longer, so that a list which is
// looked at costs the server a tenth of the time at most.
const (
	freshFor  = 2 * time.Second
	freshMost = time.Minute
	freshPart = 10
)

// changed returns a number that grows as the content may have changed.
func (s *server) changed(now time.Time) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.since) > min(max(freshFor, freshPart*s.took), freshMost) {
		s.stamp, s.since, s.took = s.stamp+1, now, 0
	}
	return s.stamp
}

// touched gives up what is remembered: hearth itself has written.
func (s *server) touched() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.since = time.Time{}
}

// cost tells how long reading what is remembered took.
func (s *server) cost(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.took = max(s.took, d)
}

// limit is how long a statement may take as a rule.
const limit = 5 * time.Minute

// lockWait is how long one waits for a lock: of somebody who changes a table, for a
// reader takes no others.
const lockWait = 5 * time.Second

// dial is how a server is reached, by its dialect.
type dial interface {
	dialect
	// open makes the pool; nothing is asked yet.
	open(ctx context.Context) (*sql.DB, error)
	// size asks for the size of the database, in bytes.
	size() string
	// verified reports whether the server is known by its certificate, or is this machine.
	verified() bool
}

// unverified says what it means that a server's certificate is not looked at.
func unverified(a address) string {
	next := "ssl_mode=VERIFY_IDENTITY and ssl_ca=FILE"
	if a.scheme == "postgres" {
		next = "sslmode=verify-full"
	}
	return "the database's server is not known by a certificate, and the connection may be without TLS: who is between can read and " +
		"change what it says (" + next + " in the location)"
}

// newServer is what is known of a server before it is asked anything.
func newServer(a address, d dial) *server {
	s := &server{location: a.location(), title: a.title(), size: d.size()}
	if !d.verified() {
		s.unsafe = unverified(a)
	}
	return s
}

// OpenServer opens Cinder's database on a server: what follows mysql: or postgres:, and
// the password, if one was given with it. Errors are *core.Error, and none has a
// password in it.
func OpenServer(ctx context.Context, scheme, rest, password string, o Options) (*Place, error) {
	a, wrong := readAddress(scheme, rest)
	if wrong != "" {
		return nil, core.Fail(core.CodeUsage, "open "+scheme+":"+shown(rest), wrong, "write "+scheme+"://USER@HOST/DATABASE", nil)
	}
	if password != "" {
		a.password = password
	}
	return openServer(ctx, a, o)
}

func openServer(ctx context.Context, a address, o Options) (*Place, error) {
	core.Hide(a.password)
	tried := "open " + a.location()
	if o.Location != "" {
		tried = "open " + o.Location
	}
	var d dial
	var err error
	if a.scheme == "postgres" {
		d, err = newPostgres(a, tried)
	} else {
		d, err = newMySQL(a, tried)
	}
	if err != nil {
		return nil, err
	}
	p := &Place{write: o.Write && o.ReadOnly == "", opt: o, now: o.Now, server: newServer(a, d)}
	if p.now == nil {
		p.now = time.Now
	}
	if p.db, err = d.open(ctx); err != nil {
		return nil, d.explain(ctx, tried, err)
	}
	// A screen asks a few things side by side; a server has connections for many clients,
	// not many for each.
	p.db.SetMaxOpenConns(4)
	p.db.SetMaxIdleConns(2)
	p.db.SetConnMaxIdleTime(time.Minute)
	p.schema.dialect = d
	if err := p.startServer(ctx, tried); err != nil {
		p.db.Close()
		return nil, d.explain(ctx, tried, err)
	}
	if err := p.startMirror(ctx); err != nil {
		p.db.Close()
		return nil, d.explain(ctx, tried, err)
	}
	return p, nil
}

// startServer reads the schema.
func (p *Place) startServer(ctx context.Context, tried string) error {
	tx, done, err := p.schema.begin(ctx, p.db, false)
	if err != nil {
		return err
	}
	defer done()
	defer tx.Rollback()
	if p.schema, err = readSchema(ctx, bound{tx, p.schema.dialect}, p.schema.dialect); err != nil {
		return err
	}
	if missing := p.schema.lacks(); missing != "" {
		return core.Fail(core.CodeUnreadable, tried, "it is no database of Cinder's, or this login may not see its tables: "+missing,
			"name the database that cinder.conf names, and grant SELECT on its tables", nil)
	}
	p.unseen.volumes = p.schema.unseen("volumes", core.VolumeColumns, volumeFields)
	p.unseen.backups = p.schema.unseen("backups", core.BackupFields, backupFields)
	return nil
}

func (p *Place) serverSize(ctx context.Context) (n int64, err error) {
	err = p.read(ctx, "ask for the size of the database", func(db view) error {
		return db.QueryRowContext(ctx, p.server.size).Scan(&n)
	})
	return n, err
}
