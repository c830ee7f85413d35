package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"hearth/core"
	"hearth/store/ledger"
	"hearth/store/whole"
)

// Create makes an empty store of hearth's own at path, mode 0600, whole or not at all.
// CodeConflict if there is a file already.
func Create(ctx context.Context, path string, o Options) (*Store, error) {
	return create(ctx, path, o, nil)
}

// CreateWorld is Create of a store with demo data: the file has its name only once all of
// it is there.
func CreateWorld(ctx context.Context, path string, o Options, w World) (*Store, error) {
	return create(ctx, path, o, func(s *Store) error { return s.Populate(ctx, w) })
}

func create(ctx context.Context, path string, o Options, fill func(*Store) error) (*Store, error) {
	tried := "make " + path
	m, err := whole.Begin(path)
	if err != nil {
		return nil, unmade(tried, err)
	}
	defer m.Drop()
	if err := makeStore(ctx, m, o, fill); err != nil {
		return nil, ledger.Explain(ctx, tried, err)
	}
	if err := m.Done(); err != nil {
		return nil, unmade(tried, err)
	}
	p, err := Open(ctx, path, o)
	if err != nil {
		return nil, ledger.Explain(ctx, tried, err)
	}
	return p.Own(), nil
}

// unmade tells why a file could not be made.
func unmade(tried string, err error) error {
	if errors.Is(err, os.ErrExist) {
		return core.Fail(core.CodeConflict, tried, "there is a file of that name already",
			"choose another name; hearth overwrites nothing", err)
	}
	return core.Fail(core.CodeUnreadable, tried, "the file cannot be made", "check that the folder is there and can be written", err)
}

// makeStore makes a store where it does not have its name yet, and closes it, so that
// all of it is in the one file.
func makeStore(ctx context.Context, m *whole.Making, o Options, fill func(*Store) error) error {
	f, err := m.Create()
	if err != nil {
		return unmade("make "+m.Path(), err)
	}
	f.Close()
	if err := initialise(ctx, m.Path()); err != nil || fill == nil {
		return err
	}
	o.Mirrors = ""
	p, err := Open(ctx, m.Path(), o)
	if err != nil {
		return err
	}
	err = fill(p.Own())
	return errors.Join(err, p.Close())
}

// initialise makes Cinder's tables and marks the file as hearth's.
func initialise(ctx context.Context, path string) error {
	db, err := sql.Open("sqlite", ledger.DSN(path, ledger.Ours))
	if err != nil {
		return err
	}
	defer db.Close()
	// One connection: journal_mode and application_id are set before any table.
	db.SetMaxOpenConns(1)
	for _, stmt := range []string{
		"PRAGMA journal_mode = WAL",
		fmt.Sprintf("PRAGMA application_id = %d", ApplicationID),
		cinderTables,
	} {
		if _, err := db.ExecContext(ctx, stmt); err != nil {
			return err
		}
	}
	return ledger.Migrate(ctx, db, "make "+path, hearthTables)
}

// CreateDemo makes a store with demo data in a folder of its own, which goes
// when the place is closed.
func CreateDemo(ctx context.Context, o Options, w World) (*Store, error) {
	m, err := whole.Folder("hearth-demo-")
	if err != nil {
		return nil, core.Fail(core.CodeUnreadable, "make the demo", "there is no room for temporary files",
			"set TMPDIR to a folder that can be written", err)
	}
	o.Demo = true
	s, err := Create(ctx, filepath.Join(m.Dir(), "demo.sqlite"), o)
	if err == nil {
		s.remove = m
		err = s.Populate(ctx, w)
	}
	if err != nil {
		if s != nil {
			s.Close()
		}
		m.Drop()
		return nil, err
	}
	return s, nil
}
