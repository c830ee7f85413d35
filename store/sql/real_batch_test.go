package sql_test

import (
	"path/filepath"
	"testing"

	"hearth/core"
	"hearth/store/sql"
	"hearth/store/storetest"
)

// Many backups exported at once are what each is by itself, on every server.
func TestRealBatch(t *testing.T) {
	servers(t, func(t *testing.T, s *realServer) {
		d := s.make(t, false)
		d.fill(t, storetest.Narrow(storetest.Standard()))
		p := d.open(t, sql.Options{})
		defer p.Close()
		page, err := p.Backups(t.Context(), core.Query{})
		ok(t, err)
		var ids []core.BackupID
		for _, b := range page.Rows {
			ids = append(ids, b.ID)
		}
		many, err := p.ExportBatch(t.Context(), append(ids, "not there"))
		if err != nil || len(many) != len(ids)+1 || core.CodeOf(many[len(ids)].Err) != core.CodeNotFound {
			t.Fatalf("%d of %d, %v", len(many), len(ids)+1, err)
		}
		good := 0
		for i, id := range ids {
			one, err := p.Export(t.Context(), id)
			if core.CodeOf(err) != core.CodeOf(many[i].Err) || err == nil && one != many[i].Record {
				t.Errorf("%s: %v and %v, %v and %v", id, one, many[i].Record, err, many[i].Err)
			}
			if err == nil {
				good++
			}
		}
		if good == 0 {
			t.Error("none can be exported")
		}
	})
}

// A large database on a server is listed by its mirror, which follows what others write.
func TestRealMirror(t *testing.T) {
	sql.MirrorFrom(t, 5)
	servers(t, func(t *testing.T, s *realServer) {
		d := s.make(t, false)
		d.fill(t, storetest.Narrow(storetest.Standard()))
		plain := d.open(t, sql.Options{})
		defer plain.Close()
		p := d.open(t, sql.Options{Mirrors: filepath.Join(t.TempDir(), "mirrors")})
		defer p.Close()
		p.WaitForMirror(t)
		if !p.Mirrored() {
			t.Fatal("lists do not go by a mirror")
		}
		reflects(t, p, plain)
		for _, stmt := range []string{
			"UPDATE " + d.name + ".backups SET status = 'error', updated_at = '2035-01-01 00:00:00' " +
				"WHERE id = '" + string(storetest.Full) + "'",
			"DELETE FROM " + d.name + ".backups WHERE id = '" + string(storetest.Second) + "'",
			"UPDATE " + d.name + ".volumes SET display_name = 'db again', updated_at = '2035-01-01 00:00:00'",
		} {
			d.exec(t, stmt)
			reflects(t, p, plain)
		}
	})
}
