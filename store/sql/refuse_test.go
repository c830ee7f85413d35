package sql_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hearth/core"
	"hearth/store/sql"
	"hearth/store/storetest"
)

// sum is a file's SHA-256; "" for a folder.
func sum(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%x", sha256.Sum256(data))
}

// refused opens a file that is none to open: the error has the code and says what,
// and the folder is as it was.
func refused(t *testing.T, path string, code core.Code, what string) {
	t.Helper()
	before := state(t, filepath.Dir(path))
	for _, write := range []bool{false, true} {
		p, err := sql.Open(t.Context(), path, sql.Options{Write: write, Patience: fast})
		if err == nil {
			p.Close()
			t.Errorf("%s was opened", path)
			continue
		}
		if core.CodeOf(err) != code || !strings.Contains(err.Error(), what) || !strings.Contains(err.Error(), "cannot open ") {
			t.Errorf("%s: %v (%s), want %s and %q", path, err, core.CodeOf(err), code, what)
		}
		if after := state(t, filepath.Dir(path)); after != before {
			t.Errorf("%s: the folder was\n%s and is\n%s", path, before, after)
		}
	}
}

func TestRefused(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		ok(t, os.WriteFile(path, []byte(content), 0o644))
		return path
	}
	rng := rand.NewChaCha8([32]byte{1})
	noise := make([]byte, 20000)
	rng.Read(noise)
	refused(t, filepath.Join(dir, "missing.sqlite"), core.CodeNotFound, "there is no such file")
	if _, err := sql.Open(t.Context(), filepath.Join(dir, "no", "folder.sqlite"), sql.Options{}); core.CodeOf(err) != core.CodeNotFound {
		t.Errorf("in no folder: %v", err)
	}
	refused(t, file("empty.sqlite", ""), core.CodeUnreadable, "it is empty")
	refused(t, dir, core.CodeUnreadable, "it is a folder")
	refused(t, file("text.sqlite", "INSERT INTO backups VALUES (1);\n"), core.CodeUnreadable, "it is no SQLite database")
	refused(t, file("short.sqlite", "SQLite"), core.CodeUnreadable, "it is no SQLite database")
	refused(t, file("noise.sqlite", string(noise)), core.CodeUnreadable, "it is no SQLite database")
	refused(t, file("head only.sqlite", "SQLite format 3\x00"+strings.Repeat("\x00", 84)), core.CodeUnreadable,
		"it is no SQLite database, or an encrypted one")
	refused(t, file("head and noise.sqlite", "SQLite format 3\x00"+string(noise)), core.CodeUnreadable,
		"it is no SQLite database, or an encrypted one")
	if err := os.Symlink(filepath.Join(dir, "nowhere"), filepath.Join(dir, "dangling")); err == nil {
		refused(t, filepath.Join(dir, "dangling"), core.CodeNotFound, "there is no such file")
	}
	if err := os.Symlink(os.DevNull, filepath.Join(dir, "device")); err == nil {
		refused(t, filepath.Join(dir, "device"), core.CodeUnreadable, "it is no ordinary file")
	}
}

func TestRefusedTruncated(t *testing.T) {
	whole, err := os.ReadFile(lab(t))
	ok(t, err)
	dir := t.TempDir()
	for _, size := range []int{
		1, 15, 16, 99, 100, 1000, 4095, 4096, 4097, 8192, len(whole) / 3, len(whole) / 2, len(whole) - 4096, len(whole) - 1,
	} {
		path := filepath.Join(dir, fmt.Sprintf("%d.sqlite", size))
		ok(t, os.WriteFile(path, whole[:size], 0o644))
		what := "it is cut short"
		if size < 100 {
			what = "it is no SQLite database"
		}
		refused(t, path, core.CodeUnreadable, what)
	}
}

func TestRefusedOtherSchemas(t *testing.T) {
	dir := t.TempDir()
	make := func(name string, stmts ...string) string {
		path := filepath.Join(dir, name)
		ok(t, os.WriteFile(path, nil, 0o644))
		exec(t, path, stmts...)
		return path
	}
	for _, journal := range []string{"DELETE", "WAL"} {
		mode := "PRAGMA journal_mode = " + journal
		refused(t, make(journal+"-other.sqlite", mode, "CREATE TABLE bookmarks (id INTEGER, url TEXT)"), core.CodeUnreadable,
			"but not Cinder's: there is no table volumes")
		refused(t, make(journal+"-half.sqlite", mode, "CREATE TABLE volumes (id, deleted, status, size)"), core.CodeUnreadable,
			"but not Cinder's: there is no table backups")
		refused(t, make(journal+"-columns.sqlite", mode, "CREATE TABLE volumes (id, deleted, status, size)",
			"CREATE TABLE backups (id, deleted, volume_id)"),
			core.CodeUnreadable, "but not Cinder's: table backups has no column status")
		refused(t, make(journal+"-views.sqlite", mode, "CREATE VIEW volumes AS SELECT 1 AS id, 0 AS deleted, '' AS status, 1 AS size",
			"CREATE TABLE backups (id, deleted, status, volume_id)"),
			core.CodeUnreadable, "there is no table volumes")
		refused(t, make(journal+"-search.sqlite", mode, "CREATE VIRTUAL TABLE pages USING fts5(body)"), core.CodeUnreadable,
			"there is no table volumes")
	}
	// The archive's file is no place.
	refused(t, make("archive.sqlite", "PRAGMA application_id = 1213355073", "CREATE TABLE records (id)"), core.CodeUnreadable,
		"there is no table volumes")
}

func TestRefusedNewer(t *testing.T) {
	path := ownFile(t, storetest.Standard())
	exec(t, path, "PRAGMA user_version = 99")
	refused(t, path, core.CodeUnreadable, "a newer hearth made it (version 99")
	p, err := sql.Open(t.Context(), path, sql.Options{ReadOnly: "so the config says", Patience: fast})
	if err == nil {
		p.Close()
	}
	if core.CodeOf(err) != core.CodeUnreadable {
		t.Errorf("opened for reading: %v", err)
	}
}

func TestRefusedOlderThatMayNotBeChanged(t *testing.T) {
	path := ownFile(t, storetest.World{})
	exec(t, path, "DROP TABLE hearth_journal", "PRAGMA user_version = 0")
	before := state(t, filepath.Dir(path))
	p, err := sql.Open(t.Context(), path, sql.Options{ReadOnly: "so the config says", Patience: fast})
	if err == nil {
		p.Close()
	}
	if core.CodeOf(err) != core.CodeReadOnly || !strings.Contains(err.Error(), "so the config says") {
		t.Errorf("an older store that may not be changed: %v", err)
	}
	if after := state(t, filepath.Dir(path)); after != before {
		t.Errorf("the folder was\n%s and is\n%s", before, after)
	}
}

func TestRefusedLocked(t *testing.T) {
	for _, path := range []string{theirFile(t, storetest.Standard()), lab(t)} {
		release := lock(t, path)
		for _, write := range []bool{false, true} {
			p, err := sql.Open(t.Context(), path, sql.Options{Write: write, Patience: fast})
			if err == nil {
				p.Close()
			}
			if core.CodeOf(err) != core.CodeUnavailable || !strings.Contains(err.Error(), "another program holds the database locked") {
				t.Errorf("a locked database: %v (%s)", err, core.CodeOf(err))
			}
		}
		release()
		open(t, path, sql.Options{}).Close()
	}
}

// TestLockedWhileOpen: a place meets a lock later, waits, says so, and goes on.
func TestLockedWhileOpen(t *testing.T) {
	path := theirFile(t, storetest.Standard())
	p := open(t, path, sql.Options{})
	defer p.Close()
	list := func() error { _, err := p.Backups(t.Context(), core.Query{}); return err }
	ok(t, list())
	release := lock(t, path)
	if err := list(); core.CodeOf(err) != core.CodeUnavailable {
		t.Errorf("a list while it is locked: %v", err)
	}
	waiting := open(t, lab(t), sql.Options{Patience: 1 << 40})
	defer waiting.Close()
	release()
	ok(t, list())
	// With patience it waits until the lock is gone.
	free := lock(t, pathOf(waiting))
	done := make(chan error)
	go func() { _, err := waiting.Backups(context.WithoutCancel(t.Context()), core.Query{}); done <- err }()
	select {
	case err := <-done:
		t.Errorf("a locked database was read: %v", err)
	default:
	}
	free()
	ok(t, <-done)
}

func TestRefusedPermission(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read everything")
	}
	path := lab(t)
	ok(t, os.Chmod(path, 0))
	_, err := sql.Open(t.Context(), path, sql.Options{})
	if core.CodeOf(err) != core.CodeUnreadable || !strings.Contains(err.Error(), "permissions") {
		t.Errorf("a file that may not be read: %v", err)
	}
}

// TestRefusedInterrupted: a writer died in the middle; only one who may write can
// put that right.
func TestRefusedInterrupted(t *testing.T) {
	path := lab(t)
	before, err := os.ReadFile(path)
	ok(t, err)
	db := raw(t, path)
	for _, stmt := range []string{
		"PRAGMA cache_size = 1", "PRAGMA cache_spill = 1", "BEGIN IMMEDIATE",
		"UPDATE backups SET display_description = hex(randomblob(3000))",
	} {
		_, err := db.Exec(stmt)
		ok(t, err)
	}
	journal, err := os.ReadFile(path + "-journal")
	ok(t, err)
	torn, err := os.ReadFile(path)
	ok(t, err)
	ok(t, db.Close())
	if len(journal) == 0 || string(torn) == string(before) {
		t.Fatal("nothing was interrupted")
	}
	left := filepath.Join(t.TempDir(), "left.sqlite")
	ok(t, os.WriteFile(left, torn, 0o644))
	ok(t, os.WriteFile(left+"-journal", journal, 0o644))
	folder := state(t, filepath.Dir(left))
	p, err := sql.Open(t.Context(), left, sql.Options{Patience: fast})
	if err == nil {
		p.Close()
	}
	if core.CodeOf(err) != core.CodeUnavailable || !strings.Contains(err.Error(), "was interrupted") ||
		!strings.Contains(err.Error(), "hearth --write") {
		t.Errorf("a database in the middle of a change: %v", err)
	}
	if now := state(t, filepath.Dir(left)); now != folder {
		t.Errorf("the folder was\n%s and is\n%s", folder, now)
	}
	// With leave to write it is rolled back, as Cinder would.
	w := open(t, left, sql.Options{Write: true})
	defer w.Close()
	page, err := w.Backups(t.Context(), core.Query{})
	if err != nil || page.All != 34 {
		t.Errorf("afterwards it lists %d backups, %v", page.All, err)
	}
}

// TestReadingWAL: somebody else's database that is written through a log is left
// without side files too.
func TestReadingWAL(t *testing.T) {
	path := lab(t)
	exec(t, path, "PRAGMA journal_mode = WAL")
	before := state(t, filepath.Dir(path))
	p := open(t, path, sql.Options{})
	useAll(t, p)
	other := raw(t, path) // Cinder writes meanwhile
	_, err := other.Exec("UPDATE backups SET display_name = 'seen' WHERE id = 'a33bb3c7-a651-4116-afcd-6808ed6ac6f5'")
	ok(t, err)
	b, err := p.Backup(t.Context(), "a33bb3c7-a651-4116-afcd-6808ed6ac6f5")
	if err != nil || b.Name.V != "seen" {
		t.Errorf("what Cinder wrote meanwhile is not seen: %q, %v", b.Name.V, err)
	}
	_, err = other.Exec("UPDATE backups SET display_name = 'dup' WHERE id = 'a33bb3c7-a651-4116-afcd-6808ed6ac6f5'")
	ok(t, err)
	ok(t, other.Close())
	ok(t, p.Close())
	if after := state(t, filepath.Dir(path)); strings.Count(after, "\n") != strings.Count(before, "\n") {
		t.Errorf("side files are left behind:\n%s", after)
	}
	p = open(t, path, sql.Options{})
	defer p.Close()
	if info := p.Info(); info.ReadOnly == "" {
		t.Error("it may be written")
	}
}

// TestOddPaths: a path is a path, whatever it looks like in a URL.
func TestOddPaths(t *testing.T) {
	data, err := os.ReadFile(lab(t))
	ok(t, err)
	for _, name := range []string{"with blank.sqlite", "a?mode=rw#x%20y&z.sqlite", "größe 日本.sqlite", "it's \"quoted\".sqlite", "-o.sqlite"} {
		dir := filepath.Join(t.TempDir(), name+".d")
		ok(t, os.MkdirAll(dir, 0o755))
		path := filepath.Join(dir, name)
		ok(t, os.WriteFile(path, data, 0o644))
		before := state(t, dir)
		p := open(t, path, sql.Options{})
		page, err := p.Backups(t.Context(), core.Query{})
		if err != nil || page.All != 34 {
			t.Errorf("%s lists %d backups, %v", path, page.All, err)
		}
		ok(t, p.Close())
		if after := state(t, dir); after != before {
			t.Errorf("%s: the folder is\n%s", path, after)
		}
	}
}

func TestCreateRefuses(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "there.sqlite")
	ok(t, os.WriteFile(path, []byte("mine"), 0o644))
	_, err := sql.Create(t.Context(), path, sql.Options{})
	if data, _ := os.ReadFile(path); core.CodeOf(err) != core.CodeConflict || string(data) != "mine" {
		t.Errorf("over a file that is there: %v, it holds %q", err, data)
	}
	nowhere := filepath.Join(dir, "no", "folder.sqlite")
	if _, err := sql.Create(t.Context(), nowhere, sql.Options{}); core.CodeOf(err) != core.CodeUnreadable {
		t.Errorf("in no folder: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	gone := filepath.Join(dir, "gone.sqlite")
	if _, err := sql.Create(ctx, gone, sql.Options{}); core.CodeOf(err) != core.CodeCancelled {
		t.Errorf("cancelled: %v", err)
	}
	if after := state(t, dir); strings.Contains(after, "gone") {
		t.Errorf("something is left of it:\n%s", after)
	}
}

func TestCreateIsPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "own.sqlite")
	s, err := sql.Create(t.Context(), path, sql.Options{})
	ok(t, err)
	defer s.Close()
	_, err = s.KeepCapture(t.Context(), core.KeptCapture{Capture: core.ReadCapture("{}", core.Source{})})
	ok(t, err)
	entries, err := os.ReadDir(filepath.Dir(path))
	ok(t, err)
	for _, e := range entries {
		if info, err := e.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %s, %v", e.Name(), info.Mode(), err)
		}
	}
}
