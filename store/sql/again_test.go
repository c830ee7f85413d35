package sql_test

import (
	"path/filepath"
	"testing"

	"hearth/core"
	"hearth/store"
	"hearth/store/sql"
	"hearth/store/storetest"
)

// versionOne are hearth's own tables in a store whose captures are all of one moment,
// word for word as hearth made them then.
const versionOne = `
CREATE TABLE hearth_captures (
	id INTEGER PRIMARY KEY, place TEXT NOT NULL, volume_id TEXT NOT NULL, backup_id TEXT NOT NULL,
	at TEXT NOT NULL, source TEXT NOT NULL, source_where TEXT NOT NULL, source_at TEXT NOT NULL,
	unseen TEXT NOT NULL, text TEXT NOT NULL);
CREATE INDEX hearth_captures_backup ON hearth_captures (backup_id);
CREATE INDEX hearth_captures_volume ON hearth_captures (volume_id);
CREATE TABLE hearth_journal (
	id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, who TEXT NOT NULL, place TEXT NOT NULL,
	kind TEXT NOT NULL, state TEXT NOT NULL, volume_id TEXT NOT NULL, backup_id TEXT NOT NULL,
	backup_ids TEXT NOT NULL, of_entry INTEGER NOT NULL, summary TEXT NOT NULL,
	before TEXT, after TEXT, error TEXT NOT NULL);

CREATE INDEX hearth_backups_volume ON backups (volume_id);
CREATE INDEX hearth_backups_parent ON backups (parent_id);
PRAGMA user_version = 1;
`

// TestMigrationToAgain: a store of an older hearth is brought up to date where it is
// opened for writing, and its captures are of one moment.
func TestMigrationToAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "old.sqlite")
	makeOwn(t, path, storetest.World{})
	exec(t, path, "DROP TABLE hearth_captures", "DROP TABLE hearth_journal", "DROP INDEX hearth_backups_volume",
		"DROP INDEX hearth_backups_parent", versionOne,
		"INSERT INTO hearth_captures (place, volume_id, backup_id, at, source, source_where, source_at, unseen, text) VALUES "+
			`('', 'v', 'b', '2026-03-01T11:00:00.000000Z', 'taken', '', '', '', '{"version": 2}')`)
	only := sql.Options{ReadOnly: "it is asked for", Patience: fast}
	if _, err := sql.Open(t.Context(), path, only); core.CodeOf(err) != core.CodeReadOnly {
		t.Errorf("only to be read: %v", err)
	}
	p := open(t, path, sql.Options{})
	defer p.Close()
	kept, err := p.(store.Captures).Captures(t.Context(), "", "v", "")
	if err != nil || len(kept) != 1 || kept[0].Evidence() != core.EvidenceMoment || kept[0].Again != (core.Again{}) {
		t.Errorf("what was kept is %+v, %v", kept, err)
	}
}
