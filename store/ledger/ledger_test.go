package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"hearth/core"
)

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// file makes a SQLite file with statements.
func file(t testing.TB, stmts ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.sqlite")
	ok(t, os.WriteFile(path, nil, 0o600))
	db, err := sql.Open("sqlite", DSN(path, Theirs))
	ok(t, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	for _, s := range stmts {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	return path
}

func TestLook(t *testing.T) {
	path := file(t, "PRAGMA application_id = 42", "CREATE TABLE t (a)")
	head, err := Look(path, "look")
	if err != nil || head.Application != 42 || head.WAL {
		t.Errorf("%+v, %v", head, err)
	}
	if head, err = Look(file(t, "PRAGMA journal_mode = WAL", "CREATE TABLE t (a)"), "look"); err != nil || !head.WAL {
		t.Errorf("through a log: %+v, %v", head, err)
	}
	// A file is no shorter than it says, unless a log beside it has the rest.
	data, err := os.ReadFile(path)
	ok(t, err)
	ok(t, os.WriteFile(path, data[:len(data)-1], 0o600))
	if _, err := Look(path, "look"); core.CodeOf(err) != core.CodeUnreadable || !strings.Contains(err.Error(), "it is cut short") {
		t.Errorf("cut short: %v", err)
	}
	for _, log := range []string{"-wal", "-journal"} {
		ok(t, os.WriteFile(path+log, []byte("x"), 0o600))
		if _, err := Look(path, "look"); err != nil {
			t.Errorf("with %s: %v", log, err)
		}
		ok(t, os.WriteFile(path+log, nil, 0o600))
		if _, err := Look(path, "look"); err == nil {
			t.Errorf("with an empty %s it is whole", log)
		}
	}
}

func TestAccess(t *testing.T) {
	path := file(t, "CREATE TABLE t (a)")
	for access, writes := range map[Access]bool{ReadOnly: false, Theirs: true, Ours: true} {
		head, err := Look(path, "look")
		ok(t, err)
		db, err := Open(t.Context(), path, access, head, 0)
		ok(t, err)
		_, err = db.Exec("INSERT INTO t VALUES (1)")
		if (err == nil) != writes {
			t.Errorf("access %d writes: %v", access, err)
		}
		if !writes && core.CodeOf(Explain(t.Context(), "write", err)) != core.CodeReadOnly {
			t.Errorf("what cannot be written says %v", err)
		}
		ok(t, db.Close())
	}
	missing := filepath.Join(t.TempDir(), "missing.sqlite")
	if db, err := Open(t.Context(), missing, Theirs, Head{}, 0); err == nil {
		db.Close()
		t.Error("a file that is not there was opened")
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("opening made the file")
	}
}

func TestMigrate(t *testing.T) {
	steps := []string{"CREATE TABLE one (a);", "CREATE TABLE two (a); INSERT INTO two VALUES (1);", "ALTER TABLE one ADD COLUMN b;"}
	path := file(t, "PRAGMA journal_mode = WAL")
	db, err := sql.Open("sqlite", DSN(path, Ours))
	ok(t, err)
	defer db.Close()
	ok(t, Migrate(t.Context(), db, "open it", steps[:1]))
	ok(t, Migrate(t.Context(), db, "open it", steps[:1]))
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			if err := Patient(time.Minute).Wait(t.Context(), func() error { return Migrate(t.Context(), db, "open it", steps) }); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	var rows, version int
	ok(t, db.QueryRow("SELECT count(*), (SELECT user_version FROM pragma_user_version) FROM two").Scan(&rows, &version))
	if rows != 1 || version != 3 {
		t.Errorf("%d rows, version %d", rows, version)
	}
	if err := Migrate(t.Context(), db, "open it", steps[:2]); core.CodeOf(err) != core.CodeUnreadable ||
		!strings.Contains(err.Error(), "version 3, this one knows 2") {
		t.Errorf("a newer one's: %v", err)
	}
	// A step that fails leaves nothing of itself.
	if err := Migrate(t.Context(), db, "open it", append(steps, "CREATE TABLE four (a); CREATE TABLE one (a);")); err == nil {
		t.Error("a step that cannot be done is done")
	}
	ok(t, Migrate(t.Context(), db, "open it", steps))
	if _, err := db.Exec("SELECT * FROM four"); err == nil {
		t.Error("half a step is done")
	}
}

func TestWait(t *testing.T) {
	path := file(t, "CREATE TABLE t (a)")
	db, err := sql.Open("sqlite", DSN(path, Theirs))
	ok(t, err)
	defer db.Close()
	locker, err := sql.Open("sqlite", DSN(path, Theirs))
	ok(t, err)
	defer locker.Close()
	locker.SetMaxOpenConns(1)
	_, err = locker.Exec("BEGIN EXCLUSIVE")
	ok(t, err)
	tries := 0
	write := func() error {
		tries++
		if tries == 3 {
			_, err := locker.Exec("COMMIT")
			ok(t, err)
		}
		_, err := db.Exec("INSERT INTO t VALUES (1)")
		return err
	}
	if err := Patient(time.Minute).Wait(t.Context(), write); err != nil || tries != 3 {
		t.Errorf("after %d tries: %v", tries, err)
	}
	// Other errors are not waited for.
	tries = 0
	if err := Patient(time.Minute).Wait(t.Context(), func() error { tries++; return io.EOF }); err != io.EOF || tries != 1 {
		t.Errorf("after %d tries: %v", tries, err)
	}
	_, err = locker.Exec("BEGIN EXCLUSIVE")
	ok(t, err)
	busy := func() error { _, err := db.Exec("INSERT INTO t VALUES (1)"); return err }
	if err := Patient(1).Wait(t.Context(), busy); core.CodeOf(Explain(t.Context(), "write", err)) != core.CodeUnavailable {
		t.Errorf("out of patience: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := Patient(time.Hour).Wait(ctx, busy); core.CodeOf(Explain(ctx, "write", err)) != core.CodeCancelled {
		t.Errorf("given up: %v", err)
	}
}

func TestExplain(t *testing.T) {
	if err := Explain(t.Context(), "x", nil); err != nil {
		t.Errorf("nothing is %v", err)
	}
	known := core.Fail(core.CodeConflict, "a", "b", "", nil)
	if err := Explain(t.Context(), "x", fmt.Errorf("wrapped: %w", known)); core.CodeOf(err) != core.CodeConflict {
		t.Errorf("what is known is %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Explain(ended, "x", sql.ErrTxDone); core.CodeOf(err) != core.CodeCancelled || !errors.Is(err, context.Canceled) {
		t.Errorf("what ends with its context is %v", err)
	}
	if err := Explain(t.Context(), "x", io.ErrUnexpectedEOF); core.CodeOf(err) != core.CodeInternal || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("what nobody knows is %v", err)
	}
	path := file(t, "CREATE TABLE t (a NOT NULL)")
	db, err := sql.Open("sqlite", DSN(path, Theirs))
	ok(t, err)
	defer db.Close()
	_, err = db.Exec("INSERT INTO t VALUES (NULL)")
	if err := Explain(t.Context(), "x", err); core.CodeOf(err) != core.CodeRefused || !strings.Contains(err.Error(), "t.a") {
		t.Errorf("what the database does not take is %v", err)
	}
}

func TestTimes(t *testing.T) {
	at := time.Date(2026, 3, 1, 1, 2, 3, 456789123, time.FixedZone("", 7200))
	if got := ReadTime(WriteTime(at)); !got.Equal(at.Truncate(time.Microsecond)) || got.Location() != time.UTC {
		t.Errorf("%s came back as %s", at, got)
	}
	if !ReadTime("yesterday").IsZero() {
		t.Error("any text is a time")
	}
	a, b := at.Truncate(time.Second), at
	if WriteTime(a) >= WriteTime(b) {
		t.Error("the texts of times do not sort as they do")
	}
}
