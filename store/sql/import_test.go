package sql

import (
	"testing"

	"hearth/core"
	"hearth/core/pyjson"
)

// TestImportSheds: after an import no connection keeps the pages that it went through, for
// the archive takes the records next; and the place goes on as ever.
func TestImportSheds(t *testing.T) {
	s := demo(t, World{Backups: 5})
	if n := s.db.Stats().Idle; n == 0 {
		t.Fatal("no connection is idle before")
	}
	const id = "5f5d1d6e-0000-4000-8000-000000000001"
	row := &pyjson.Object{}
	for name, text := range map[string]string{"id": id, "volume_id": id, "status": core.StatusAvailable} {
		row.Set(name, pyjson.OfString(text))
	}
	_, err := s.Import(t.Context(), []core.ImportItem{{ID: id, Row: row}}, core.Entry{Kind: core.EntryImport})
	if n := s.db.Stats().Idle; err != nil || n != 0 {
		t.Errorf("%d connections are idle, %v", n, err)
	}
	if page, err := s.Backups(t.Context(), core.Query{}); err != nil || page.Total != 6 {
		t.Errorf("%d backups, %v", page.Total, err)
	}
}
