package sql_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"hearth/core"
	"hearth/store/index"
	"hearth/store/ledger"
	"hearth/store/sql"
)

// theirs is a database of some hundred backups that is not hearth's, and a folder for its
// mirror.
func theirs(t *testing.T) (file, mirrors string) {
	t.Helper()
	sql.MirrorFrom(t, 50)
	file = filepath.Join(t.TempDir(), "cinder.sqlite")
	s, err := sql.Create(t.Context(), file, sql.Options{})
	ok(t, err)
	ok(t, s.Populate(t.Context(), sql.World{Backups: 300}))
	ok(t, s.Close())
	db := raw(t, file)
	tx, err := db.Begin()
	ok(t, err)
	ok(t, index.Drop(t.Context(), tx))
	ok(t, tx.Commit())
	ok(t, db.Close())
	exec(t, file, "DROP TABLE hearth_captures", "PRAGMA application_id = 0", "PRAGMA user_version = 0", "PRAGMA journal_mode = DELETE")
	return file, filepath.Join(t.TempDir(), "cache", "mirrors")
}

// begin opens a file as what it is.
func begin(t *testing.T, file string, o sql.Options) *sql.Place {
	t.Helper()
	p, err := sql.Open(t.Context(), file, o)
	ok(t, err)
	return p
}

// reflects holds lists by a mirror to those of core over all rows, in some orders and by
// some filters.
func reflects(t *testing.T, p *sql.Place, plain *sql.Place) {
	t.Helper()
	all, err := plain.Backups(t.Context(), core.Query{})
	ok(t, err)
	volumes, err := plain.Volumes(t.Context(), core.Query{})
	ok(t, err)
	anew := true
	for _, text := range []string{"", "nightly", "status:error", "volume~db", "-status:available"} {
		filter, err := core.ParseFilter(text, core.BackupColumns)
		ok(t, err)
		for _, column := range []string{"created", "name", "volume", "reason"} {
			for _, desc := range []bool{false, true} {
				q := core.Query{Filter: filter, Limit: 20, Now: time.Now(), Anew: anew, Sort: []core.Order{{Column: column, Desc: desc}}}
				got, err := p.Backups(t.Context(), q)
				ok(t, err)
				anew = false
				want := core.SelectBackups(all.Rows, q)
				same := slices.EqualFunc(got.Rows, want.Rows, func(a, b core.Backup) bool {
					return a.ID == b.ID && a.Status == b.Status && a.VolumeName == b.VolumeName && a.Name == b.Name
				})
				if !same || got.Total != want.Total || got.All != want.All {
					t.Errorf("%q by %s, %v: %d rows of %d of %d, want %d of %d of %d", text, column, desc,
						len(got.Rows), got.Total, got.All, len(want.Rows), want.Total, want.All)
				}
				if desc {
					continue
				}
				if n, err := p.CountBackups(t.Context(), q); err != nil || n != want.Total {
					t.Errorf("%q counts %d, %v, want %d", text, n, err, want.Total)
				}
			}
		}
	}
	for _, column := range []string{"name", "backups", "last-backup", "type"} {
		q := core.Query{Limit: 10, Sort: []core.Order{{Column: column, Desc: true}}}
		got, err := p.Volumes(t.Context(), q)
		ok(t, err)
		want := core.SelectVolumes(volumes.Rows, q)
		same := slices.EqualFunc(got.Rows, want.Rows, func(a, b core.Volume) bool {
			return a.ID == b.ID && a.Backups == b.Backups && a.LastBackup == b.LastBackup && a.VolumeType == b.VolumeType
		})
		if !same || got.Total != want.Total {
			t.Errorf("volumes by %s: %d rows of %d, want %d of %d", column, len(got.Rows), got.Total, len(want.Rows), want.Total)
		}
	}
}

// A database that is not hearth's is listed by a mirror in the cache, which follows what
// others write, goes on where it was, and is made anew where it is no good.
func TestMirror(t *testing.T) {
	file, mirrors := theirs(t)
	before, err := os.ReadFile(file)
	ok(t, err)
	plain := begin(t, file, sql.Options{})
	defer plain.Close()
	start := func() *sql.Place {
		t.Helper()
		p := begin(t, file, sql.Options{Mirrors: mirrors})
		p.WaitForMirror(t)
		return p
	}
	p := start()
	reflects(t, p, plain)
	if !p.Mirrored() {
		t.Fatal("lists do not go by a mirror")
	}
	if after, err := os.ReadFile(file); err != nil || string(after) != string(before) {
		t.Errorf("the database has changed, %v", err)
	}
	now := time.Now().UTC().Format("2006-01-02 15:04:05.000000")
	for i, stmt := range []string{
		"UPDATE backups SET status = 'error', fail_reason = 'gone', updated_at = '" + now + "' WHERE rowid % 7 = 0",
		"UPDATE backups SET deleted = 1, deleted_at = '" + now + "', status = 'deleted' WHERE rowid % 11 = 0",
		"DELETE FROM backups WHERE rowid % 13 = 0",
		"UPDATE volumes SET display_name = 'db of ' || id, updated_at = '" + now + "' WHERE rowid % 5 = 0",
		"DELETE FROM volumes WHERE rowid % 9 = 0",
		"UPDATE volume_types SET name = name || ' of old'",
		"INSERT INTO backups (id, volume_id, status, size, created_at, deleted) SELECT 'new-' || id, volume_id, 'available', 3, '" + now +
			"', 0 FROM backups LIMIT 5",
		"INSERT INTO backups (id, volume_id, status, size, created_at, deleted) SELECT 'old-' || id, volume_id, 'available', 3, " +
			"'2001-01-01 00:00:00.000000', 0 FROM backups LIMIT 5",
	} {
		exec(t, file, stmt)
		t.Run(fmt.Sprint(i), func(t *testing.T) { reflects(t, p, plain) })
	}
	ok(t, p.Close())
	exec(t, file, "UPDATE backups SET display_name = 'while away', updated_at = '"+now+"' WHERE rowid % 3 = 0")
	p = start()
	reflects(t, p, plain)
	ok(t, p.Close())

	made, err := filepath.Glob(filepath.Join(mirrors, "*.sqlite"))
	if err != nil || len(made) != 1 {
		t.Fatalf("%v, %v", made, err)
	}
	if info, err := os.Stat(made[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	ok(t, os.WriteFile(made[0], []byte("no database, but long enough to be looked at as if it were one"), 0o600))
	p = start()
	defer p.Close()
	reflects(t, p, plain)
	if !p.Mirrored() {
		t.Error("a mirror that is no good was not made anew")
	}
}

// later is a time from now on, as Cinder writes it.
func later(d time.Duration) string {
	return time.Now().Add(d).UTC().Format("2006-01-02 15:04:05.000000")
}

// What was copied before hearth was closed is not copied again, and what changed after
// that is seen all the same.
func TestMirrorResumes(t *testing.T) {
	file, mirrors := theirs(t)
	p := begin(t, file, sql.Options{Mirrors: mirrors})
	p.WaitForMirror(t)
	ok(t, p.Close())
	made, err := filepath.Glob(filepath.Join(mirrors, "*.sqlite"))
	if err != nil || len(made) != 1 {
		t.Fatalf("%v, %v", made, err)
	}
	db := raw(t, made[0])
	tx, err := db.Begin()
	ok(t, err)
	ok(t, index.Drop(t.Context(), tx))
	ok(t, tx.Commit())
	ok(t, db.Close())
	exec(t, made[0], // as if it had been closed half-way
		"UPDATE hearth_mirror SET whole = 0, upto = (SELECT id FROM backups ORDER BY id LIMIT 1 OFFSET 100) WHERE of = 'backups'",
		"DELETE FROM hearth_mirror WHERE of NOT IN ('backups', 'volumes')",
		"DELETE FROM backups WHERE id > (SELECT upto FROM hearth_mirror WHERE of = 'backups')",
		"UPDATE backups SET container = 'copied before'",
		"UPDATE hearth_mirror SET newest = '"+later(time.Hour)+"' WHERE of = 'backups'")
	exec(t, file, // and the first half changed while the second was copied
		"UPDATE backups SET status = 'error', fail_reason = 'meanwhile', updated_at = '"+later(2*time.Hour)+
			"' WHERE id = (SELECT min(id) FROM backups WHERE status <> 'error' AND NOT deleted)",
		"UPDATE backups SET updated_at = '"+later(4*time.Hour)+"' WHERE id = (SELECT max(id) FROM backups WHERE NOT deleted)")
	db = raw(t, made[0]) // somebody else writes it
	conn, err := db.Conn(t.Context())
	ok(t, err)
	_, err = conn.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	ok(t, err)
	p = begin(t, file, sql.Options{Mirrors: mirrors, Patience: ledger.Patient(20 * time.Millisecond)})
	indexing := func(when string, wanted bool) {
		t.Helper()
		backups, err := p.Backups(t.Context(), core.Query{Limit: 1})
		ok(t, err)
		volumes, err := p.Volumes(t.Context(), core.Query{Limit: 1})
		ok(t, err)
		if (backups.Indexing != "") != wanted || (volumes.Indexing != "") != wanted || len(backups.Rows) != 1 || len(volumes.Rows) != 1 {
			t.Errorf("%s: %q, %q, %d and %d rows", when, backups.Indexing, volumes.Indexing, len(backups.Rows), len(volumes.Rows))
		}
	}
	indexing("while the mirror is made", true)
	time.Sleep(100 * time.Millisecond) // however long that takes, nothing is made anew
	_, err = conn.ExecContext(t.Context(), "ROLLBACK")
	ok(t, err)
	ok(t, conn.Close())
	ok(t, db.Close())
	p.WaitForMirror(t)
	whole := p.Mirrored()
	ok(t, p.Close())
	kept := query(t, made[0], "SELECT count(*) FROM backups WHERE container = 'copied before'")
	all := query(t, made[0], "SELECT (SELECT count(*) FROM backups) - (SELECT n FROM hearth_counts WHERE what = 'backups')")
	if !whole || kept[0] != "101" || all[0] != "0" {
		t.Errorf("whole %v, %v of those that were there, %v more than are counted", whole, kept, all)
	}
	plain := begin(t, file, sql.Options{})
	p = begin(t, file, sql.Options{Mirrors: mirrors})
	defer p.Close()
	defer plain.Close()
	p.WaitForMirror(t)
	p.WaitForSorts(t)
	indexing("once it is there", false)
	reflects(t, p, plain)
}

// mirrorOf is the file of the one mirror in a folder.
func mirrorOf(t *testing.T, mirrors string) string {
	t.Helper()
	made, err := filepath.Glob(filepath.Join(mirrors, "*.sqlite"))
	if err != nil || len(made) != 1 {
		t.Fatalf("%v, %v", made, err)
	}
	return made[0]
}

// What was made of the index before hearth was closed is not made again.
func TestMirrorResumesIndex(t *testing.T) {
	file, mirrors := theirs(t)
	p := begin(t, file, sql.Options{Mirrors: mirrors})
	p.WaitForMirror(t)
	ok(t, p.Close())
	made := mirrorOf(t, mirrors)
	triggers := query(t, made, "SELECT name FROM sqlite_master WHERE type = 'trigger'")
	for _, name := range triggers { // as if it had been closed before they were made
		exec(t, made, "DROP TRIGGER "+name)
	}
	exec(t, made, "UPDATE hearth_mirror SET upto = upto - 1 - "+fmt.Sprint(len(triggers))+" WHERE of = '"+index.SomeName+"'",
		"DROP TABLE "+index.SomeName, "UPDATE hearth_backup_rows SET volume = 'made before'")
	p = begin(t, file, sql.Options{Mirrors: mirrors})
	p.WaitForMirror(t)
	whole := p.Mirrored()
	ok(t, p.Close())
	again := query(t, made, "SELECT name FROM sqlite_master WHERE type = 'trigger'")
	kept := query(t, made, "SELECT count(*) > 0 AND min(volume) = 'made before' FROM hearth_backup_rows")
	if !whole || len(triggers) == 0 || !slices.Equal(again, triggers) || kept[0] != "1" {
		t.Errorf("whole %v, triggers %v, were %v, what was made is left %v", whole, again, triggers, kept)
	}
}

// A mirror is put in order by what lists show once it is whole, and by what few ask for when
// somebody asks: who orders by that waits for it, unless somebody else holds the mirror.
// Meanwhile the list is right, and says so.
func TestMirrorSortsWhenAsked(t *testing.T) {
	file, mirrors := theirs(t)
	plain := begin(t, file, sql.Options{})
	defer plain.Close()
	now := time.Now()
	p := begin(t, file, sql.Options{Mirrors: mirrors, Now: func() time.Time { return now }})
	defer p.Close()
	p.WaitForMirror(t)
	made := mirrorOf(t, mirrors)
	sorted := func(column string) bool {
		return query(t, made, "SELECT count(*) FROM sqlite_master WHERE name = 'hearth_backups_by_"+column+"'")[0] == "1"
	}
	all, err := plain.Backups(t.Context(), core.Query{})
	ok(t, err)
	ask := func(text, column string, indexing string) {
		t.Helper()
		filter, err := core.ParseFilter(text, core.BackupColumns)
		ok(t, err)
		q := core.Query{Filter: filter, Limit: 30, Now: now, Sort: []core.Order{{Column: column}}}
		got, err := p.Backups(t.Context(), q)
		ok(t, err)
		want := core.SelectBackups(all.Rows, q)
		if !slices.EqualFunc(got.Rows, want.Rows, func(a, b core.Backup) bool { return a.ID == b.ID }) || got.Total != want.Total {
			t.Errorf("%q by %s: %d rows of %d, want %d of %d", text, column, len(got.Rows), got.Total, len(want.Rows), want.Total)
		}
		if got.Indexing != indexing {
			t.Errorf("%q by %s: says %q, want %q", text, column, got.Indexing, indexing)
		}
	}
	p.WaitForSorts(t)
	ask("status:error", "created", "")
	ask("", "size", "")
	if !sorted("created") || !sorted("size") || sorted("objects") || sorted("container") || sorted("host") {
		t.Error("it has other orders than lists show")
	}
	db := raw(t, made) // somebody else writes it: nothing is put in order yet
	conn, err := db.Conn(t.Context())
	ok(t, err)
	_, err = conn.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	ok(t, err)
	sql.SortPatience(t, 10*time.Millisecond)
	ask("", "container", "container being sorted")
	ask("objects>2", "created", "container being sorted")
	_, err = conn.ExecContext(t.Context(), "ROLLBACK")
	ok(t, err)
	ok(t, conn.Close())
	p.WaitForSorts(t)
	if !sorted("container") || !sorted("objects") {
		t.Fatalf("in order by container %v, by objects %v", sorted("container"), sorted("objects"))
	}
	ask("", "container", "")
	ask("objects>2", "created", "")
	sql.SortPatience(t, time.Minute)
	ask("", "host", "")
	if !sorted("host") || sorted("snapshot") {
		t.Errorf("in order by the host that was waited for %v, by what nobody asked for %v", sorted("host"), sorted("snapshot"))
	}
}
