package sql_test

import (
	"maps"
	"testing"
	"time"

	"hearth/core"
	"hearth/store/sql"
	"hearth/store/storetest"
)

// besides asks a database what it tells of its cloud beside the rows.
func besides(t *testing.T, p *sql.Place, encrypting, other string, parent core.BackupID, children int, volume core.VolumeID, backups int) {
	t.Helper()
	for id, want := range map[string]bool{encrypting: true, other: false} {
		if yes, err := p.TypeEncrypts(t.Context(), id); err != nil || !yes.Set || yes.V != want {
			t.Errorf("volume type %s encrypts: %v, %v", id, yes, err)
		}
	}
	rows, err := p.Children(t.Context(), parent)
	if err != nil || len(rows) != children {
		t.Errorf("on %s stand %d backups, want %d; %v", parent, len(rows), children, err)
	}
	for i := range rows {
		if rows[i].ParentID != parent {
			t.Errorf("%s stands on %s", rows[i].ID, rows[i].ParentID)
		}
	}
	rows, err = p.VolumeBackups(t.Context(), volume)
	if err != nil || len(rows) != backups {
		t.Errorf("volume %s has %d backups, want %d; %v", volume, len(rows), backups, err)
	}
	for i := range rows {
		if rows[i].VolumeID != volume || i > 0 && rows[i].CreatedAt.V.After(rows[i-1].CreatedAt.V) {
			t.Errorf("%d: %s of %s, made at %s", i, rows[i].ID, rows[i].VolumeID, rows[i].CreatedAt.V)
		}
	}
}

// asOf and notes ask it what it heard last, and what its services do after a restore.
func asOf(t *testing.T, p *sql.Place, want string, notes core.Noting) {
	t.Helper()
	at, err := p.AsOf(t.Context())
	if got := at.V.Format(time.DateTime); err != nil || at.Set != (want != "") || at.Set && got != want {
		t.Errorf("it heard last at %s, want %q; %v", got, want, err)
	}
	if got, err := p.Noting(t.Context()); err != nil || got != notes {
		t.Errorf("its services note %v, want %v; %v", got, notes, err)
	}
}

// TestBeside: over a real Cinder's database in SQLite.
func TestBeside(t *testing.T) {
	path := lab(t)
	look := func(last string, notes core.Noting, stmts ...string) *sql.Place {
		t.Helper()
		if len(stmts) > 0 {
			exec(t, path, stmts...)
		}
		p := open(t, path, sql.Options{}).(*sql.Place)
		t.Cleanup(func() { p.Close() })
		asOf(t, p, last, notes)
		return p
	}
	p := look("2026-11-22 09:53:42", core.ManagerNotes)
	types, err := p.VolumeTypes(t.Context())
	ok(t, err)
	ids := map[string]string{}
	for _, typ := range types {
		ids[typ.Name] = typ.ID
	}
	besides(t, p, ids["LUKS"], ids["__DEFAULT__"], "32b85b7d-56f9-4cd5-8c6a-41fc8d700c3c", 1, "8008c3b0-1b70-48bd-beeb-54f0b5b5e996", 6)
	if alike, err := p.Alike(t.Context(), core.UserSection, []string{"a", "A", "ä"}); err != nil || alike == nil || len(alike) > 0 {
		t.Errorf("SQLite takes keys for the same: %v, %v", alike, err)
	}
	look("2026-11-22 09:53:42", core.MaybeNoted, "UPDATE services SET object_current_version = '1.38' WHERE \"binary\" = 'cinder-backup'")
	look("2026-11-22 09:53:42", core.MaybeNoted,
		"UPDATE services SET object_current_version = '1.39', deleted = 1 WHERE \"binary\" = 'cinder-backup'")
	q := look("2026-11-22 09:45:58", core.MaybeNoted, "DROP TABLE services", "DROP TABLE encryption")
	if yes, err := q.TypeEncrypts(t.Context(), ids["LUKS"]); err != nil || yes.Set {
		t.Errorf("without the table a type encrypts: %v, %v", yes, err)
	}
	look("", core.MaybeNoted, "DELETE FROM backups", "DELETE FROM volumes")
}

// TestRealBeside: the same over MariaDB and PostgreSQL, and how each compares keys.
func TestRealBeside(t *testing.T) {
	servers(t, func(t *testing.T, s *realServer) {
		d := s.make(t, false)
		d.fill(t, storetest.Narrow(storetest.Standard()))
		name := map[string]string{"mysql": "`binary`", "postgres": `"binary"`}[d.scheme]
		service := func(binary, version, at string) string {
			return "INSERT INTO " + d.name + ".services (host, " + name + ", topic, object_current_version, updated_at, deleted, report_count) " +
				"VALUES ('h', '" + binary + "', 't', '" + version + "', '" + at + "', FALSE, 0)"
		}
		d.exec(t, service("cinder-backup", "1.39", "2026-11-22 09:53:42"), service("cinder-volume", "1.30", "2026-11-22 09:53:43"),
			"INSERT INTO "+d.name+".encryption (encryption_id, volume_type_id, provider, control_location, deleted) VALUES ('e', '"+
				storetest.LUKS+"', 'luks', 'front-end', FALSE)")
		p := d.open(t, sql.Options{})
		defer p.Close()
		asOf(t, p, "2026-11-22 09:53:43", core.ManagerNotes)
		rows, err := p.Children(t.Context(), storetest.Full)
		ok(t, err)
		of, err := p.VolumeBackups(t.Context(), storetest.Database)
		ok(t, err)
		besides(t, p, storetest.LUKS, storetest.SSD, storetest.Full, 1, storetest.Database, 5)
		if len(rows) == 0 || len(of) == 0 || len(of[0].Unseen) > 0 {
			t.Errorf("%d children, %d backups of the volume", len(rows), len(of))
		}
		want := map[string]string{}
		if d.scheme == "mysql" { // utf8mb3_general_ci
			want = map[string]string{"owner": "owner", "OWNER": "owner", "grün": "grün", "Grun": "grün", "a": "a", "a ": "a", "b": "b", "'": "'"}
		}
		for _, section := range []core.Section{core.UserSection, core.ImageSection} {
			alike, err := p.Alike(t.Context(), section, []string{"owner", "OWNER", "grün", "Grun", "a", "a ", "b", "'"})
			if err != nil || alike == nil || !maps.Equal(alike, want) {
				t.Errorf("%s: alike are %q, want %q; %v", section, alike, want, err)
			}
		}
		d.exec(t, service("cinder-backup", "1.38", "2026-11-22 09:53:42"))
		asOf(t, p, "2026-11-22 09:53:43", core.MaybeNoted)
	})
}
