package sql_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store"
	"hearth/store/sql"
	"hearth/store/storetest"
)

// slow makes every question for backups take ten seconds.
func (d madeDatabase) slow(t testing.TB) {
	t.Helper()
	sleep := "pg_sleep(10) IS NOT NULL"
	if d.scheme == "mysql" {
		sleep = "SLEEP(10) = 0"
	}
	d.exec(t, "ALTER TABLE "+d.name+".backups RENAME TO "+d.name[strings.LastIndexByte(d.name, '.')+1:]+"_rows")
	rows := d.name + "." + d.name + "_rows"
	if d.scheme == "mysql" {
		rows = d.name + "_rows" // of the database that the login is in
		d.exec(t, "CREATE VIEW "+d.name+".backups AS SELECT * FROM "+rows+" WHERE "+sleep)
		t.Cleanup(func() { d.exec(t, "DROP VIEW "+d.name+".backups", "ALTER TABLE "+rows+" RENAME TO "+d.name+".backups") })
		return
	}
	d.exec(t, "CREATE VIEW "+d.name+".backups AS SELECT * FROM "+rows+" WHERE "+sleep)
	t.Cleanup(func() { d.exec(t, "DROP VIEW "+d.name+".backups", "ALTER TABLE "+rows+" RENAME TO backups") })
}

// running counts the statements that the server runs on a database for hearth.
func (d madeDatabase) running(t testing.TB) string {
	t.Helper()
	if d.scheme == "mysql" {
		return d.one(t, "SELECT count(*) FROM information_schema.processlist WHERE db = '"+d.name+"' AND command <> 'Sleep'")
	}
	return d.one(t, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'hearth' AND state = 'active' "+
		"AND query LIKE '%FROM backups%'")
}

// until waits for a condition.
func until(t testing.TB, what string, limit time.Duration, holds func() bool) {
	t.Helper()
	for began := time.Now(); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Since(began) > limit {
			t.Fatalf("%s: not within %s", what, limit)
		}
	}
}

// TestRealCancel: a question that is no longer asked is gone from the server, too, and
// the place goes on.
func TestRealCancel(t *testing.T) {
	servers(t, func(t *testing.T, s *realServer) {
		d := s.make(t, false)
		d.fill(t, storetest.Narrow(storetest.Standard()))
		d.slow(t)
		p := d.open(t, sql.Options{})
		defer p.Close()
		for range 3 {
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { _, err := p.Backups(ctx, core.Query{}); done <- err }()
			until(t, "the question runs", 10*time.Second, func() bool { return d.running(t) == "1" })
			cancel()
			began := time.Now()
			err := <-done
			if took := time.Since(began); core.CodeOf(err) != core.CodeCancelled || took > 3*time.Second {
				t.Errorf("cancelled after %s: %v", took, err)
			}
			until(t, "the question is gone from the server", 3*time.Second, func() bool { return d.running(t) == "0" })
		}
		if types, err := p.VolumeTypes(t.Context()); err != nil || len(types) != 3 {
			t.Errorf("afterwards: %v, %v", types, err)
		}
	})
}

// TestRealLimit: a statement that takes too long is ended by the server.
func TestRealLimit(t *testing.T) {
	servers(t, func(t *testing.T, s *realServer) {
		d := s.make(t, false)
		d.fill(t, storetest.Narrow(storetest.Standard()))
		d.slow(t)
		mark := "?"
		if strings.Contains(d.place, "?") {
			mark = "&"
		}
		d.place += mark + "statement_timeout=1s"
		p := d.open(t, sql.Options{})
		defer p.Close()
		_, err := p.Backups(t.Context(), core.Query{})
		if core.CodeOf(err) != core.CodeUnavailable || !strings.Contains(err.Error(), "longer than a statement may") {
			t.Errorf("a question of ten seconds in one: %v", err)
		}
		until(t, "it is gone", 3*time.Second, func() bool { return d.running(t) == "0" })
	})
}

// TestRealReadOnly: what is opened for reading can not write, even if somebody tells it to.
func TestRealReadOnly(t *testing.T) {
	servers(t, func(t *testing.T, s *realServer) {
		d := s.make(t, false)
		d.fill(t, storetest.Narrow(storetest.Standard()))
		p := d.open(t, sql.Options{})
		defer p.Close()
		err := sql.InRead(p, t.Context(), "UPDATE volumes SET display_name = 'no'")
		if core.CodeOf(err) != core.CodeReadOnly {
			t.Errorf("an update in a transaction that reads: %v", err)
		}
		if info := p.Info(); info.ReadOnly == "" || strings.Contains(info.Location+info.Title, "pass") {
			t.Errorf("the place is %+v", info)
		}
	})
}

// TestRealNoLocks: while hearth reads, Cinder's tables are locked for nobody who writes
// rows, and where somebody changes a table it waits no longer than a while.
func TestRealNoLocks(t *testing.T) {
	servers(t, func(t *testing.T, s *realServer) {
		d := s.make(t, false)
		d.fill(t, storetest.Narrow(storetest.Standard()))
		p := d.open(t, sql.Options{})
		defer p.Close()
		_, err := p.Backups(t.Context(), core.Query{})
		ok(t, err)
		err = sql.WhileReading(p, t.Context(), "SELECT count(*) FROM volume_metadata", func() {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			for _, stmt := range []string{"UPDATE %s.volumes SET status = 'error'", "DELETE FROM %s.volume_metadata",
				"UPDATE %s.backups SET deleted = TRUE"} {
				if _, err := d.admin.ExecContext(ctx, fmt.Sprintf(stmt, d.name)); err != nil {
					t.Errorf("beside a reader: %s: %v", stmt, err)
				}
			}
		})
		ok(t, err)
		release := d.block(t)
		began := time.Now()
		_, err = p.Volume(t.Context(), storetest.WebRoot)
		if core.CodeOf(err) != core.CodeUnavailable || time.Since(began) > 20*time.Second {
			t.Errorf("with the tables locked, after %s: %v", time.Since(began), err)
		}
		release()
		_, err = p.Volume(t.Context(), storetest.WebRoot)
		ok(t, err)
	})
}

// TestRealOdd: what older servers let in, and what other programs write, breaks nothing.
func TestRealOdd(t *testing.T) {
	t.Run("MariaDB", func(t *testing.T) {
		s := serverOf(t, "HEARTH_TEST_MYSQL")
		d := s.make(t, false)
		d.fill(t, storetest.Narrow(storetest.Standard()))
		conn, err := s.admin.Conn(t.Context())
		ok(t, err)
		defer conn.Close()
		for _, stmt := range []string{"SET SESSION sql_mode = ''",
			"UPDATE " + d.name + ".backups SET created_at = '0000-00-00 00:00:00', updated_at = '2026-00-00' " +
				"WHERE id = '" + string(storetest.Full) + "'",
			"UPDATE " + d.name + ".volumes SET created_at = '0000-00-00', bootable = 2, multiattach = -1 " +
				"WHERE id = '" + string(storetest.Database) + "'",
		} {
			_, err := conn.ExecContext(t.Context(), stmt)
			ok(t, err)
		}
		p := d.open(t, sql.Options{Write: true, Now: func() time.Time { return storetest.Later }})
		defer p.Close()
		listsWork(t, p)
		b, err := p.Backup(t.Context(), storetest.Full)
		if err != nil || b.CreatedAt.Set || b.UpdatedAt.Set {
			t.Errorf("zero dates read as %v and %v, %v", b.CreatedAt, b.UpdatedAt, err)
		}
		v, err := p.Volume(t.Context(), storetest.Database)
		if err != nil || v.CreatedAt.Set || !v.Bootable || !v.Multiattach {
			t.Errorf("zero dates and odd flags: %v, %v, %v, %v", v.CreatedAt, v.Bootable, v.Multiattach, err)
		}
		if made, _ := v.Row.Get("created_at"); made.Text() != "0000-00-00 00:00:00" { // as PyMySQL hands it to Cinder
			t.Errorf("in the row a zero date is %s", pyjson.Text(made))
		}
		if last := v.LastBackup; !last.Set {
			t.Errorf("the newest backup is not known, though others have a date")
		}
		// Three bytes a letter: what does not fit is refused, and nothing of it is written.
		after := renamed(v.State(), "fire 🧯")
		_, err = p.Rewrite(t.Context(), core.Rewrite{Volume: v.ID, Before: v.State(), After: after})
		if core.CodeOf(err) != core.CodeRefused {
			t.Errorf("a letter of four bytes: %v", err)
		}
		_, err = p.Rewrite(t.Context(), core.Rewrite{Volume: v.ID, Before: v.State(), After: renamed(v.State(), strings.Repeat("x", 256))})
		if core.CodeOf(err) != core.CodeRefused {
			t.Errorf("a name that is too long: %v", err)
		}
		if again, err := p.Volume(t.Context(), v.ID); err != nil || !again.State().Equal(v.State()) {
			t.Errorf("it changed: %v, %v", again.State().Diff(v.State()), err)
		}
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		s := serverOf(t, "HEARTH_TEST_POSTGRES")
		d := s.make(t, false)
		d.fill(t, storetest.Standard())
		d.exec(t, "UPDATE "+d.name+".backups SET created_at = 'infinity', updated_at = '0044-03-15 BC' WHERE id = '"+string(storetest.Full)+"'")
		p := d.open(t, sql.Options{})
		defer p.Close()
		listsWork(t, p)
		b, err := p.Backup(t.Context(), storetest.Full)
		if err != nil || b.CreatedAt.Set || b.UpdatedAt.Set {
			t.Errorf("infinite and ancient times read as %v and %v, %v", b.CreatedAt, b.UpdatedAt, err)
		}
		if v, err := p.Volume(t.Context(), storetest.Database); err != nil || !v.LastBackup.Set {
			t.Errorf("the newest backup: %v, %v", v.LastBackup, err)
		}
	})
}

// TestRealYields: what a service of Cinder's has in its hands is not changed.
func TestRealYields(t *testing.T) {
	servers(t, func(t *testing.T, s *realServer) {
		d := s.make(t, false)
		d.fill(t, storetest.Narrow(storetest.Standard()))
		p := d.open(t, sql.Options{Write: true})
		defer p.Close()
		yields(t, p, func(stmt string) { d.exec(t, strings.NewReplacer("UPDATE ", "UPDATE "+d.name+".").Replace(stmt)) })
	})
}

// TestYields is the same over a SQLite file.
func TestYields(t *testing.T) {
	path := theirFile(t, storetest.Standard())
	p := open(t, path, sql.Options{Write: true})
	defer p.Close()
	yields(t, p, func(stmt string) { exec(t, path, stmt) })
}

func yields(t *testing.T, p store.Place, exec func(string)) {
	t.Helper()
	at := func(column, value, table, id string) {
		exec("UPDATE " + table + " SET " + column + " = '" + value + "' WHERE id = '" + id + "'")
	}
	try := func(what string, want core.Code) {
		t.Helper()
		v, err := p.Volume(t.Context(), storetest.WebRoot)
		ok(t, err)
		_, err = p.(store.Writer).Rewrite(t.Context(), core.Rewrite{Volume: v.ID, Before: v.State(), After: renamed(v.State(), v.Name.V+"+")})
		if core.CodeOf(err) != want {
			t.Errorf("%s: %v (%q), want %q", what, err, core.CodeOf(err), want)
		}
	}
	web := string(storetest.WebRoot)
	try("at rest", "")
	for _, status := range []string{"backing-up", "restoring-backup", "creating", "deleting"} {
		at("status", status, "volumes", web)
		try(status, core.CodeRefused)
	}
	at("status", "in-use", "volumes", web)
	try("in use", "")
	at("status", "restoring", "backups", string(storetest.First)) // onto WebRoot, as its row says
	try("being restored onto", core.CodeRefused)
	at("status", "available", "backups", string(storetest.First))
	try("at rest again", "")
}

// TestRealReleases: what other releases of Cinder lack is not seen, and breaks nothing.
func TestRealReleases(t *testing.T) {
	servers(t, func(t *testing.T, s *realServer) {
		d := s.makeAnew(t, false)
		d.fill(t, storetest.Narrow(storetest.Standard()))
		for _, stmt := range []string{"volumes DROP COLUMN use_quota", "volumes DROP COLUMN shared_targets",
			"backups DROP COLUMN encryption_key_id",
			"volumes ADD COLUMN zz_next INTEGER DEFAULT 7", "volumes ADD COLUMN aa_flag BOOLEAN DEFAULT TRUE",
			"volumes ADD COLUMN mm_rate DOUBLE PRECISION DEFAULT 0.5"} {
			d.exec(t, "ALTER TABLE "+d.name+"."+stmt) // Rocky has neither of the first, and no keys of backups
		}
		p := d.open(t, sql.Options{Write: true, Now: func() time.Time { return storetest.Later }})
		defer p.Close()
		v, err := p.Volume(t.Context(), storetest.Database)
		ok(t, err)
		for _, name := range []string{"use_quota", "shared_targets"} {
			if !v.Unseen.Has(name) {
				t.Errorf("%s is seen, though there is no such column", name)
			}
		}
		for name, want := range map[string]string{"zz_next": "7", "aa_flag": "true", "mm_rate": "0.5"} {
			if got, _ := v.Row.Get(name); pyjson.Text(got) != want {
				t.Errorf("%s is %s, want %s", name, pyjson.Text(got), want)
			}
		}
		listsWork(t, p)
		exportsWork(t, p)
		rewritesWork(t, p, v)
		importsWork(t, p)
	})
}

// TestRealConf opens the databases by the cinder.conf files that made them, and by what
// else knows the password.
func TestRealConf(t *testing.T) {
	folder := os.Getenv("HEARTH_TEST_SQL")
	if folder == "" {
		t.Skip("HEARTH_TEST_SQL names no folder of .ci/lab/lab sql")
	}
	for _, kind := range []string{"mysql", "postgres"} {
		file := filepath.Join(folder, "cinder-"+kind+".conf")
		p, err := sql.OpenConf(t.Context(), file, sql.Options{})
		ok(t, err)
		if size, err := p.Size(t.Context()); p.Info().Location != "cinderconf:"+file || size == 0 || err != nil {
			t.Errorf("%s is %+v of %d bytes, %v", file, p.Info(), size, err)
		}
		ok(t, p.Close())
	}
	ca := filepath.Join(folder, "tls", "ca.pem")
	home := t.TempDir()
	t.Setenv("HOME", home)
	my, pg := os.Getenv("HEARTH_TEST_MYSQL"), os.Getenv("HEARTH_TEST_POSTGRES")
	port := func(location string) string { return location[strings.LastIndexByte(location, ':')+1:] }
	ok(t, os.WriteFile(filepath.Join(home, ".my.cnf"), []byte("[client]\nuser=cinder\npassword=\"cinder:pass@/?#\"\n"), 0o600))
	pass := filepath.Join(home, "pgpass")
	ok(t, os.WriteFile(pass, []byte("*:*:cinder:cinder:cinder\\:pass@/?#\n"), 0o600))
	t.Setenv("PGPASSFILE", pass)
	for _, c := range []struct {
		scheme, rest string
		code         core.Code
		what         string
	}{
		{"mysql", "//localhost:" + port(my) + "?ssl_ca=" + ca + "&ssl_mode=VERIFY_IDENTITY", "", ""},
		{"mysql", "//localhost:" + port(my) + "?ssl_mode=DISABLED", "", ""},
		{"mysql", "//127.0.0.1:" + port(my) + "?ssl_mode=VERIFY_IDENTITY&ssl_ca=" + ca, core.CodeUnavailable, "certificate is not one to trust"},
		{"mysql", "//127.0.0.1:" + port(my) + "?ssl_ca=" + ca, "", ""},
		{"mysql", "//127.0.0.1:" + port(my) + "?ssl_verify_identity=true", core.CodeUnavailable, "certificate is not one to trust"},
		{"mysql", "//nobody@127.0.0.1:" + port(my), core.CodeDenied, "does not take the user"},
		{"mysql", "//127.0.0.1:" + port(my) + "?ssl_mode=ODD", core.CodeUsage, "there is no ssl_mode ODD"},
		{"postgres", "//cinder@localhost:" + port(pg) + "?sslmode=verify-full&sslrootcert=" + ca, "", ""},
		{"postgres", "//cinder@127.0.0.1:" + port(pg) + "?sslmode=verify-full&sslrootcert=" + ca, core.CodeUnavailable,
			"certificate is not one to trust"},
		{"postgres", "//nobody@127.0.0.1:" + port(pg), core.CodeDenied, "does not take the user"},
		{"postgres", "//cinder@127.0.0.1:" + port(pg) + "?sslmode=odd", core.CodeUsage, "sslmode is invalid"},
	} {
		p, err := sql.OpenServer(t.Context(), c.scheme, c.rest, "", sql.Options{})
		if core.CodeOf(err) != c.code || err != nil && !strings.Contains(err.Error(), c.what) {
			t.Errorf("%s:%s: %v, want %q %s", c.scheme, c.rest, err, c.code, c.what)
		}
		if err != nil {
			if strings.Contains(fmt.Sprintf("%v %+v", err, err.(*core.Error).Cause), "pass@") {
				t.Errorf("the error has the password in it: %v", err)
			}
			continue
		}
		ok(t, p.Close())
	}
}
