package sql_test

import (
	"testing"
	"time"

	"hearth/core"
	"hearth/store/sql"
)

// A list on screen shows what a mirror of earlier has and says that it is being brought up
// to date; what asks once, and what counts, waits for that. Nobody asks the database while
// the mirror is being opened.
func TestMirrorShownLate(t *testing.T) {
	file, mirrors := theirs(t)
	p := begin(t, file, sql.Options{Mirrors: mirrors})
	p.WaitForMirror(t)
	p.WaitForSorts(t)
	ok(t, p.Close())
	exec(t, file, "UPDATE backups SET status = 'error', updated_at = '"+later(time.Hour)+"' WHERE rowid = (SELECT rowid FROM backups "+
		"WHERE status = 'available' AND NOT COALESCE(deleted, 0) LIMIT 1)")
	plain := begin(t, file, sql.Options{})
	defer plain.Close()
	filter, err := core.ParseFilter("status:error", core.BackupColumns)
	ok(t, err)
	q := core.Query{Filter: filter, Limit: 30, Now: time.Now(), Partial: true}
	want, err := plain.CountBackups(t.Context(), q)
	ok(t, err)

	sql.CatchPatience(t, 0)
	p = begin(t, file, sql.Options{Mirrors: mirrors})
	defer p.Close()
	page, err := p.Backups(t.Context(), q)
	ok(t, err)
	if !p.Mirrored() {
		t.Error("a list was answered before the mirror that is there was open")
	}
	if page.Total != want-1 || !page.Renewing || page.Indexing != "being brought up to date" {
		t.Errorf("%d of %d, renewing %v, index %q: want what the mirror has, and that it is behind",
			page.Total, want, page.Renewing, page.Indexing)
	}
	if n, err := p.CountBackups(t.Context(), q); err != nil || n != want {
		t.Errorf("counts %d, %v, want %d", n, err, want)
	}
	if page, err = p.Backups(t.Context(), q); err != nil || page.Total != want || page.Renewing || page.Indexing != "" {
		t.Errorf("then %d of %d, renewing %v, index %q, %v", page.Total, want, page.Renewing, page.Indexing, err)
	}
}

// What asks once gets what there is now.
func TestMirrorWaitedFor(t *testing.T) {
	file, mirrors := theirs(t)
	p := begin(t, file, sql.Options{Mirrors: mirrors})
	p.WaitForMirror(t)
	ok(t, p.Close())
	exec(t, file, "UPDATE backups SET deleted = 1, deleted_at = '"+later(time.Hour)+"' WHERE rowid = (SELECT rowid FROM backups "+
		"WHERE NOT COALESCE(deleted, 0) LIMIT 1)")
	plain := begin(t, file, sql.Options{})
	defer plain.Close()
	want, err := plain.CountBackups(t.Context(), core.Query{})
	ok(t, err)
	sql.CatchPatience(t, 0)
	p = begin(t, file, sql.Options{Mirrors: mirrors})
	defer p.Close()
	page, err := p.Backups(t.Context(), core.Query{Limit: 5})
	if err != nil || !p.Mirrored() || page.Total != want || page.Renewing {
		t.Errorf("%d of %d, by a mirror %v, renewing %v, %v", page.Total, want, p.Mirrored(), page.Renewing, err)
	}
}

// Where a mirror cannot be brought up to date, a list on screen is not shown what it has for
// long: it is answered by the database.
func TestMirrorNotCaughtUp(t *testing.T) {
	file, mirrors := theirs(t)
	p := begin(t, file, sql.Options{Mirrors: mirrors})
	p.WaitForMirror(t)
	p.WaitForSorts(t)
	ok(t, p.Close())
	exec(t, file, "UPDATE backups SET deleted = 1, deleted_at = '"+later(time.Hour)+"' WHERE rowid = (SELECT rowid FROM backups "+
		"WHERE NOT COALESCE(deleted, 0) LIMIT 1)")
	exec(t, mirrorOf(t, mirrors), "CREATE TRIGGER hurt BEFORE UPDATE ON hearth_mirror BEGIN SELECT RAISE(ABORT, 'hurt'); END")
	plain := begin(t, file, sql.Options{})
	defer plain.Close()
	want, err := plain.CountBackups(t.Context(), core.Query{})
	ok(t, err)
	sql.CatchPatience(t, 0)
	p = begin(t, file, sql.Options{Mirrors: mirrors})
	defer p.Close()
	q := core.Query{Limit: 5, Now: time.Now(), Partial: true}
	page, err := p.Backups(t.Context(), q)
	ok(t, err)
	if !page.Renewing {
		t.Fatal("the first list was not shown what the mirror has: the test sees nothing")
	}
	for range 3 {
		if page, err = p.Backups(t.Context(), core.Query{Limit: 5}); err != nil || page.Total != want {
			t.Errorf("who waits gets %d of %d, %v", page.Total, want, err)
		}
		if page, err = p.Backups(t.Context(), q); err != nil || page.Total != want || page.Renewing {
			t.Errorf("%d of %d, renewing %v, %v: want the database's own answer", page.Total, want, page.Renewing, err)
		}
	}
}
