package sql

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/ledger"
)

// scribe writes the rows of a world. Its context does not end: a statement that
// could be interrupted costs a goroutine, so that play looks at the context
// between rows instead.
type scribe struct {
	ctx   context.Context
	stmts map[string]*sql.Stmt // by table
	keep  *ledger.Keeper
}

// backupColumnsWritten are the columns of backups; a record has metadata among
// its fields, which is a table of its own.
var backupColumnsWritten = slices.DeleteFunc(slices.Clone(core.BackupFields), func(f string) bool { return f == "metadata" })

func newScribe(ctx context.Context, tx *sql.Tx) (*scribe, error) {
	s := &scribe{ctx: context.WithoutCancel(ctx), stmts: map[string]*sql.Stmt{}}
	var err error
	if s.keep, err = ledger.NewPastKeeper(s.ctx, tx); err != nil {
		return nil, err
	}
	for table, columns := range map[string][]string{
		"volume_types":           {"created_at", "deleted", "id", "name", "is_public", "description"},
		"volumes":                core.VolumeColumns,
		"volume_metadata":        {"created_at", "deleted_at", "deleted", "volume_id", "key", "value"},
		"volume_glance_metadata": {"created_at", "deleted_at", "deleted", "volume_id", "key", "value"},
		"backups":                backupColumnsWritten,
		"backup_metadata":        {"created_at", "deleted_at", "deleted", "backup_id", "key", "value"},
	} {
		names := make([]string, len(columns))
		for i, c := range columns {
			names[i] = quoteIdent(c)
		}
		query := "INSERT INTO " + table + " (" + strings.Join(names, ", ") + ") VALUES (" + strings.TrimSuffix(
			strings.Repeat("?, ", len(columns)), ", ") + ")"
		if s.stmts[table], err = tx.PrepareContext(s.ctx, query); err != nil { // closed with the transaction
			return nil, err
		}
	}
	return s, nil
}

func (s *scribe) insert(table string, args ...any) error {
	_, err := s.stmts[table].ExecContext(s.ctx, args...)
	return err
}

// row writes an object whose keys are columns.
func (s *scribe) row(table string, columns []string, o *pyjson.Object) error {
	args := make([]any, len(columns))
	for i, c := range columns {
		v, _ := o.Get(c)
		args[i] = sqlValue(v)
	}
	return s.insert(table, args...)
}

// pairs writes metadata; gone is when its rows were soft-deleted, if they were.
func (s *scribe) pairs(table, owner string, o *pyjson.Object, created time.Time, gone core.Opt[time.Time]) error {
	for key, v := range o.All() {
		if err := s.pair(table, owner, key, v, created, gone); err != nil {
			return err
		}
	}
	return nil
}

func (s *scribe) pair(table, owner, key string, v pyjson.Value, created time.Time, gone core.Opt[time.Time]) error {
	var deletedAt any
	if gone.Set {
		deletedAt = stamp(gone.V)
	}
	return s.insert(table, stamp(created), deletedAt, gone.Set, owner, key, sqlText(v))
}

func (s *scribe) volumeTypes(st *stage) error {
	for _, t := range volumeTypes {
		if err := s.insert("volume_types", stamp(st.founded), false, st.types[t.name], t.name, true, t.desc); err != nil {
			return err
		}
	}
	return nil
}

// volume writes a volume as it stands at the end of its life.
func (s *scribe) volume(l *life) error {
	if err := s.row("volumes", core.VolumeColumns, l.row); err != nil {
		return err
	}
	for _, d := range l.dropped {
		if err := s.pair(d.table, string(l.id), d.key, d.value, l.created, core.Some(d.at)); err != nil {
			return err
		}
	}
	if err := s.pairs("volume_metadata", string(l.id), l.user, l.created, l.ended); err != nil {
		return err
	}
	return s.pairs("volume_glance_metadata", string(l.id), l.image, l.created, l.ended)
}

func (s *scribe) backup(b *core.Backup) error {
	if err := s.row("backups", backupColumnsWritten, b.Object()); err != nil {
		return err
	}
	return s.pairs("backup_metadata", string(b.ID), b.Metadata, b.CreatedAt.V, b.DeletedAt)
}

func (s *scribe) capture(b *core.Backup, c core.Capture) error {
	// No place: the store is one place, and its path is no part of the world.
	_, err := s.keep.Keep(s.ctx, core.KeptCapture{VolumeID: b.VolumeID, BackupID: b.ID, At: b.CreatedAt.V, Capture: c})
	return err
}
