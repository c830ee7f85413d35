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
)

// Create makes an empty store of hearth's own at path, mode 0600. CodeConflict if
// there is a file already.
func Create(ctx context.Context, path string, o Options) (*Store, error) {
	tried := "make " + path
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	switch {
	case errors.Is(err, os.ErrExist):
		return nil, core.Fail(core.CodeConflict, tried, "there is a file of that name already",
			"choose another name; hearth overwrites nothing", err)
	case err != nil:
		return nil, core.Fail(core.CodeUnreadable, tried, "the file cannot be made", "check that the folder is there and can be written", err)
	}
	f.Close()
	p, err := (*Place)(nil), initialise(ctx, path)
	if err == nil {
		p, err = Open(ctx, path, o)
	}
	if err != nil {
		os.Remove(path)
		return nil, ledger.Explain(ctx, tried, err)
	}
	return p.Own(), nil
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
	dir, err := os.MkdirTemp("", "hearth-demo-")
	if err != nil {
		return nil, core.Fail(core.CodeUnreadable, "make the demo", "there is no room for temporary files",
			"set TMPDIR to a folder that can be written", err)
	}
	o.Demo = true
	s, err := Create(ctx, filepath.Join(dir, "demo.sqlite"), o)
	if err == nil {
		s.remove = dir
		err = s.Populate(ctx, w)
	}
	if err != nil {
		if s != nil {
			s.Close()
		}
		os.RemoveAll(dir)
		return nil, err
	}
	return s, nil
}
