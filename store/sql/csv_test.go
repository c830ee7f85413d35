package sql_test

import (
	dbsql "database/sql"
	"strings"
	"testing"

	"hearth/core"
	"hearth/store/sql"
)

// TestCSV: a database that came by CSV is refused with the word that stands in it, not
// read as one whose parents are called NULL.
func TestCSV(t *testing.T) {
	for word, table := range map[string]string{"NULL": "backups", `\N`: "volumes"} {
		path := lab(t)
		db, err := dbsql.Open("sqlite", path)
		ok(t, err)
		_, err = db.Exec("UPDATE "+table+" SET snapshot_id = ? WHERE snapshot_id IS NULL", word)
		ok(t, err)
		ok(t, db.Close())
		_, err = sql.Open(t.Context(), path, sql.Options{})
		if core.CodeOf(err) != core.CodeUnreadable || !strings.Contains(err.Error(), `the word NULL or \N`) {
			t.Errorf("%s: %v", word, err)
		}
	}
}
