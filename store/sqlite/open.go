// Package sqlite is a place in a SQLite file with Cinder's own schema: a store
// that hearth made (known by its application_id), in which hearth keeps captures
// and a journal beside Cinder's tables, or somebody else's Cinder database,
// which keeps its journal mode, gets no tables, and is read-only unless asked.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"hearth/core"
	"hearth/store/ledger"
)

// ApplicationID marks a store that hearth made (PRAGMA application_id): "HRTH".
const ApplicationID = 0x48525448

// Options says how a file is opened.
type Options struct {
	Write bool             // write to a database that hearth did not make
	Now   func() time.Time // the clock; nil: time.Now
	Demo  bool             // the file is made up and goes when the place is closed

	Badge, Color string // for the title bar
	ReadOnly     string // why nothing is to be written, "" if it may
}

// Place is an open file. Make it with [Open] or [Create].
type Place struct {
	path   string
	own    bool
	write  bool
	opt    Options
	remove string // a folder to remove at Close
	now    func() time.Time
	db     *sql.DB
	schema schema

	mu     sync.Mutex // guards what follows
	watch  *sql.Conn  // sees other connections' writes in PRAGMA data_version
	stamp  int64      // changes whenever the file's content may have
	seen   int64      // last data_version
	orders []*ordering
	counts *backupCounts
}

// Open opens a file that is there. Errors are *core.Error: CodeNotFound,
// CodeUnreadable (no database, truncated, another schema), CodeUnavailable
// (locked). The file is left as it was.
func Open(ctx context.Context, path string, o Options) (*Place, error) {
	tried := "open " + path
	if err := ledger.Sound(path, tried); err != nil {
		return nil, err
	}
	p := &Place{path: path, now: o.Now, opt: o}
	if p.now == nil {
		p.now = time.Now
	}
	own, err := madeByHearth(ctx, path)
	if err != nil {
		return nil, ledger.Explain(tried, err)
	}
	p.own, p.write = own, (own || o.Write) && o.ReadOnly == ""
	access := ledger.ReadOnly
	switch {
	case own: // hearth's own tables may have to be brought up to date
		access = ledger.Ours
	case p.write:
		access = ledger.Theirs
	}
	if p.db, err = sql.Open("sqlite", ledger.DSN(path, access)); err != nil {
		return nil, ledger.Explain(tried, err)
	}
	if err = p.start(ctx, tried); err != nil {
		p.db.Close()
		return nil, err
	}
	return p, nil
}

// start reads the schema and sets up watching.
func (p *Place) start(ctx context.Context, tried string) error {
	var err error
	if p.schema, err = readSchema(ctx, p.db); err != nil {
		return ledger.Explain(tried, err)
	}
	if missing := p.schema.lacks(); missing != "" {
		return core.Fail(core.CodeUnreadable, tried, "it is a SQLite database, but not Cinder's: "+missing,
			"name a database that cinder-manage db sync or hearth made", nil)
	}
	if p.own {
		if err := ledger.Migrate(ctx, p.db, hearthTables); err != nil {
			return ledger.Explain(tried, err)
		}
	}
	if p.watch, err = p.db.Conn(ctx); err != nil {
		return ledger.Explain(tried, err)
	}
	_, err = p.changed(ctx)
	return ledger.Explain(tried, err)
}

// madeByHearth reads the file's application_id, without writing.
func madeByHearth(ctx context.Context, path string) (bool, error) {
	db, err := sql.Open("sqlite", ledger.DSN(path, ledger.ReadOnly))
	if err != nil {
		return false, err
	}
	defer db.Close()
	var id int64
	err = db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id)
	return id == ApplicationID, err
}

// Info describes the place.
func (p *Place) Info() core.PlaceInfo {
	info := core.PlaceInfo{Location: "sqlite:" + p.path, Kind: core.PlaceDatabase, Title: filepath.Base(p.path), Rules: core.Newton,
		RulesWhy: "the rules of today's Cinder; which one will restore cannot be read from its database", Demo: p.opt.Demo, Badge: p.opt.Badge, Color: p.opt.Color}
	if p.own {
		info.Kind, info.Rules, info.RulesWhy, info.Journals = core.PlaceEmbedded, core.RulesAuto, "", true
	}
	if p.opt.Demo {
		info.Title, info.Location = "demo", "demo"
	}
	if p.opt.ReadOnly != "" {
		info.ReadOnly = p.opt.ReadOnly
	} else if !p.write {
		info.ReadOnly = "it is Cinder's own database, opened read-only; start hearth with --write to change it"
	}
	return info
}

// Close gives the file up; a demo's is removed.
func (p *Place) Close() error {
	p.mu.Lock()
	if p.watch != nil {
		p.watch.Close()
		p.watch = nil
	}
	p.mu.Unlock()
	err := p.db.Close()
	if p.remove != "" {
		err = errors.Join(err, os.RemoveAll(p.remove))
	}
	return err
}

// Size is the size of the file with its side files, in bytes.
func (p *Place) Size(context.Context) (int64, error) {
	return ledger.FileSize(p.path), nil
}

// changed returns a number that grows whenever the content may have changed, be
// it by this process or by another one.
func (p *Place) changed(ctx context.Context) (int64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.watch == nil {
		return 0, core.Fail(core.CodeInternal, "read "+p.path, "the place is closed", "", nil)
	}
	var v int64
	if err := p.watch.QueryRowContext(ctx, "PRAGMA data_version").Scan(&v); err != nil {
		return 0, err
	}
	if v != p.seen {
		p.seen = v
		p.stamp++
	}
	return p.stamp, nil
}

// in runs fn in a transaction that may write; it is rolled back if fn fails.
func (p *Place) in(ctx context.Context, fn func(*sql.Tx) error) error {
	if !p.write {
		return core.Fail(core.CodeReadOnly, "write to "+p.path, p.Info().ReadOnly, "", nil)
	}
	tx, err := p.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := fn(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// quoteIdent quotes a column or table name.
func quoteIdent(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
