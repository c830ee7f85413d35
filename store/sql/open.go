// Package sql is a place in a database with Cinder's own schema: a store that hearth
// made, a SQLite file known by its application_id, in which hearth keeps captures and a
// journal beside Cinder's tables; or somebody else's Cinder database, in SQLite, MySQL,
// MariaDB or PostgreSQL, which keeps its settings, gets no tables, and is read-only
// unless asked. It is one driver, and the databases are its dialects.
package sql

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"sync"
	"time"

	"hearth/core"
	"hearth/store/ledger"
	"hearth/store/whole"
)

// ApplicationID marks a store that hearth made (PRAGMA application_id): "HRTH".
const ApplicationID = 0x48525448

// Options says how a file is opened.
type Options struct {
	Write bool             // write to a database that hearth did not make
	Now   func() time.Time // the clock; nil: time.Now
	Demo  bool             // the file is made up and goes when the place is closed

	Release core.Clue // what the config says of the release; zero: nothing

	Badge, Color string // for the title bar
	ReadOnly     string // why nothing is to be written, "" if it may

	// Mirrors is the folder for what lists of large databases go by that are not hearth's;
	// "": none is kept.
	Mirrors string
	bare    bool // its index is made by who opens it

	Location string // the place's own, where it was named by another: a cinder.conf; "": that of the database

	Patience ledger.Patient // how long a call waits for another program's lock; 0: as usual
}

// Place is an open file. Make it with [Open] or [Create].
type Place struct {
	path   string
	own    bool
	write  bool
	opt    Options
	remove *whole.Making // a folder that goes at Close; nil: none
	now    func() time.Time
	db     *sql.DB
	schema schema
	server *server                                  // where it is; nil: a file
	unseen struct{ volumes, backups core.FieldSet } // what the file has no columns for

	// watch holds the connection that sees others' writes, while nobody uses it;
	// nil once the place is closed.
	watch chan *watcher

	mu     sync.Mutex // guards what follows
	orders []*ordering
	rests  []rest
	pages  []answered

	mirror *mirror                              // what lists go by; nil: this file's own index, or all rows
	want   func(table string, columns []string) // of a mirror: has columns put in order; nil: all are, or nobody does

	making chan struct{} // closed when the index is made, or given up; nil: nothing is being made
	stop   context.CancelFunc
}

// watcher is a connection that only looks at PRAGMA data_version, which changes
// when any other connection has written, of this process or of another.
type watcher struct {
	conn  *sql.Conn
	seen  int64
	stamp int64 // counts the changes
}

// Open opens a file that is there. Errors are *core.Error: CodeNotFound,
// CodeUnreadable (no database, truncated, another schema), CodeUnavailable
// (locked). The file is left as it was.
func Open(ctx context.Context, path string, o Options) (*Place, error) {
	tried := "open " + path
	head, err := ledger.Look(path, tried)
	if err != nil {
		return nil, err
	}
	own := head.Application == ApplicationID
	p := &Place{path: path, own: own, write: (own || o.Write) && o.ReadOnly == "", opt: o, now: o.Now}
	if p.now == nil {
		p.now = time.Now
	}
	access := ledger.ReadOnly
	switch {
	case p.write && own:
		access = ledger.Ours
	case p.write:
		access = ledger.Theirs
	}
	if p.db, err = ledger.Open(ctx, path, access, head, o.Patience); err != nil {
		return nil, ledger.Explain(ctx, tried, err)
	}
	if err := p.start(ctx, tried); err != nil {
		p.Close()
		return nil, ledger.Explain(ctx, tried, err)
	}
	return p, nil
}

// start reads the schema and sets up watching.
func (p *Place) start(ctx context.Context, tried string) error {
	err := p.opt.Patience.Wait(ctx, func() (err error) {
		p.schema, err = readSchema(ctx, p.db, sqliteDialect{})
		return err
	})
	if err != nil {
		return err
	}
	if missing := p.schema.lacks(); missing != "" {
		return core.Fail(core.CodeUnreadable, tried, "it is a SQLite database, but not Cinder's: "+missing,
			"name a database that cinder-manage db sync or hearth made", nil)
	}
	if !p.own {
		if err := p.opt.Patience.Wait(ctx, func() error { return p.byCSV(ctx, tried) }); err != nil {
			return err
		}
	}
	p.unseen.volumes = p.schema.unseen("volumes", core.VolumeColumns, volumeFields)
	p.unseen.backups = p.schema.unseen("backups", core.BackupFields, backupFields)
	if err := p.ownTables(ctx, tried); err != nil {
		return err
	}
	if err := p.makeIndex(ctx); err != nil {
		return err
	}
	conn, err := p.db.Conn(ctx)
	if err != nil {
		return err
	}
	p.watch = make(chan *watcher, 1)
	p.watch <- &watcher{conn: conn}
	if _, err = p.changed(ctx); err != nil {
		return err
	}
	return p.startMirror(ctx)
}

// ownTables brings hearth's own tables up to date, where they may be written.
func (p *Place) ownTables(ctx context.Context, tried string) error {
	if !p.own {
		return nil
	}
	return p.opt.Patience.Wait(ctx, func() error {
		if p.write {
			return ledger.Migrate(ctx, p.db, tried, hearthTables)
		}
		version, err := ledger.Version(ctx, p.db, tried, hearthTables)
		if err == nil && version < len(hearthTables) {
			err = core.Fail(core.CodeReadOnly, tried, "an older hearth made it, and it has to be brought up to date first: "+p.opt.ReadOnly,
				"open it once for writing", nil)
		}
		return err
	})
}

// Info describes the place.
func (p *Place) Info() core.PlaceInfo {
	location, title := "sqlite:"+p.path, filepath.Base(p.path)
	if p.server != nil {
		location, title = p.server.location, p.server.title
	}
	if p.opt.Location != "" {
		location = p.opt.Location
	}
	info := core.PlaceInfo{Location: location, Kind: core.PlaceDatabase, Title: title, Rules: core.Newton,
		RulesWhy: "the rules of today's Cinder; which one will restore cannot be read from its database", Demo: p.opt.Demo, Badge: p.opt.Badge,
		Color: p.opt.Color}
	clues := p.schema.clues
	if p.opt.Release.Source != "" {
		clues = append([]core.Clue{p.opt.Release}, clues...)
	}
	if info.Release = core.ReleasesOf(clues...); info.Release.Known() {
		info.RulesWhy = "the rules of today's Cinder; by what is seen it is " + info.Release.Text()
	}
	if p.own {
		info.Release = core.Releases{} // hearth restores there itself
		info.Kind, info.Rules, info.RulesWhy, info.Journals = core.PlaceEmbedded, core.RulesAuto, "", true
	}
	if p.server != nil && p.server.unsafe != "" {
		info.Unsafe = []string{p.server.unsafe}
	}
	if p.opt.Demo {
		info.Title, info.Location = "demo", "demo"
	}
	if p.opt.ReadOnly != "" {
		info.ReadOnly = p.opt.ReadOnly
	} else if !p.write {
		info.ReadOnly = "it is Cinder's own database, opened read-only; hearth --write opens it to be changed"
	}
	return info
}

// Close gives the file up; a demo's is removed.
func (p *Place) Close() error {
	var err error
	if p.mirror != nil {
		err = p.mirror.close()
	}
	if p.stop != nil {
		p.stop()
		<-p.making
	}
	if p.watch != nil {
		if w := <-p.watch; w != nil {
			err = w.conn.Close()
			close(p.watch)
		}
	}
	err = errors.Join(err, p.db.Close())
	if p.remove != nil {
		err = errors.Join(err, p.remove.Drop())
	}
	return err
}

// Size is the size of the file with its side files, or of Cinder's database, in bytes.
func (p *Place) Size(ctx context.Context) (int64, error) {
	if p.server != nil {
		return p.serverSize(ctx)
	}
	return ledger.FileSize(p.path), nil
}

// changed returns a number that grows whenever the content may have changed, be
// it by this process or by another one.
func (p *Place) changed(ctx context.Context) (int64, error) {
	if p.server != nil {
		return p.server.changed(time.Now()), nil
	}
	var w *watcher
	select {
	case w = <-p.watch:
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	if w == nil {
		return 0, core.Fail(core.CodeInternal, "read "+p.path, "the place is closed", "", nil)
	}
	defer func() { p.watch <- w }()
	var v int64
	if err := w.conn.QueryRowContext(ctx, "PRAGMA data_version").Scan(&v); err != nil {
		return 0, err
	}
	if v != w.seen {
		w.seen = v
		w.stamp++
	}
	return w.stamp, nil
}

// view is one state of the file. Its stamp is of that state or of an earlier one,
// so that what is remembered under it is never older than it seems.
type view struct {
	querier
	stamp int64
}

// read runs fn on one state of the database, whoever writes meanwhile; again and
// again while another program has the file locked. tried is what is to be done,
// for the error.
func (p *Place) read(ctx context.Context, tried string, fn func(view) error) error {
	err := p.opt.Patience.Wait(ctx, func() error {
		stamp, err := p.changed(ctx)
		if err != nil {
			return err
		}
		tx, done, err := p.schema.begin(ctx, p.db, false)
		if err != nil {
			return err
		}
		defer done()
		defer tx.Rollback()
		return fn(view{bound{tx, p.schema.dialect}, stamp})
	})
	return p.schema.explain(ctx, tried, err)
}

// in runs fn in a transaction that may write; it is rolled back if fn fails.
func (p *Place) in(ctx context.Context, tried string, fn func(change) error) error {
	if !p.write {
		return core.Fail(core.CodeReadOnly, tried, p.Info().ReadOnly, "", nil)
	}
	err := p.opt.Patience.Wait(ctx, func() error {
		tx, done, err := p.schema.begin(ctx, p.db, true)
		if err != nil {
			return err
		}
		defer done()
		defer tx.Rollback()
		if err := fn(p.change(tx)); err != nil {
			return err
		}
		return tx.Commit()
	})
	if err == nil && p.server != nil {
		p.server.touched()
	}
	return p.schema.explain(ctx, tried, err)
}

func (p *Place) book() ledger.Book { return ledger.Book{DB: p.db, Patience: p.opt.Patience} }
