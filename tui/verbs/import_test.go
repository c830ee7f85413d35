package verbs

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/store"
	"hearth/store/archive"
	"hearth/store/jobs"
	"hearth/store/storetest"
)

// TestImport: fresh, again, in part, revived; asked, refused and only looked at.
func TestImport(t *testing.T) {
	from := open(t, lab)
	chain := from.ok("export", "db-prod-incr-3", "--chain")
	b, file := demo(t, store.World{Volumes: 1, Backups: -1})
	here := func() int { return len(b.list("backups", "-o", "json")) }

	b.in = chain
	got := b.run("import", "--dry-run")
	if got.code != 0 || got.out != "" || here() != 0 ||
		!strings.Contains(got.err, "Nothing was written; 4 of 4 records would be imported.\n") ||
		!strings.Contains(got.err, "its parent 5ea7af74 is record 3 of this paste and goes first") {
		t.Errorf("dry: %+v", got)
	}
	if got := b.run("import"); got.code != 2 || here() != 0 {
		t.Errorf("nobody to ask: %+v", got)
	}
	b.env.Asks = true
	b.in = chain // a terminal's stdin ends with the paste, and nobody says yes
	if got := b.run("import"); got.code != 130 || here() != 0 ||
		!strings.HasPrefix(got.err, "Paste the records, then press Enter and Ctrl-D.\n") {
		t.Errorf("no: %+v", got)
	}
	b.env.Asks = false

	if got := b.run("import", "-", "--yes"); got.code != 0 || here() != 4 ||
		!strings.Contains(got.err, "- db-prod-incr-3 (e5998c0c-b5ac-40a8-82a6-4711bbb6f034): available\n") {
		t.Fatalf("fresh: %+v", got)
	}
	if got := b.run("import", "--yes"); got.code != 6 || here() != 4 || strings.Count(got.err, "✗ it is here already (available)") != 4 {
		t.Errorf("again: %+v", got)
	}
	// What was imported exports as it came, but for the time of the last change.
	again := core.FindRecords(b.ok("export", "db-prod-incr-3", "--chain"))
	for i, was := range core.FindRecords(chain) {
		if i >= len(again) || !core.SameRecord(was.Decoded, again[i].Decoded) || was.Record.Service != again[i].Record.Service {
			t.Errorf("record %d is exported as another one than was imported", i+1)
		}
	}
	b.in = chain + "\n" + from.ok("export", "demo-backup")
	if got := b.run("import", "--yes"); got.code != 11 || here() != 5 ||
		!strings.HasSuffix(got.err, "hearth: cannot import all: 4 of 5 records cannot be imported; see what is said of each.\n") {
		t.Errorf("in part: %+v", got)
	}
	change(t, file, "UPDATE backups SET deleted = 1, status = 'deleted', deleted_at = '2026-11-23 00:00:00' "+
		"WHERE display_name = 'demo-backup'")
	b.in = from.ok("export", "demo-backup")
	if got := b.run("import", "--yes"); got.code != 0 || here() != 5 ||
		!strings.Contains(got.err, "available; its deleted row is used again\n") {
		t.Errorf("revived: %+v", got)
	}
	kinds := b.ok("journal", "-o", "value", "-c", "kind,summary")
	if kinds != "import\timport of 1 backup\nimport\timport of 1 backup\nimport\timport of 4 backups\n" {
		t.Errorf("the journal says %q", kinds)
	}
	if got := b.run("undo", "1", "--yes"); got.code != 6 {
		t.Errorf("an import is not undone: %+v", got)
	}
}

// TestImportTwice: a record that stands in the paste twice goes in once.
func TestImportTwice(t *testing.T) {
	from := open(t, lab)
	one := from.ok("export", "demo-backup")
	b, _ := demo(t, store.World{Volumes: 1, Backups: -1})
	b.in = one + one
	got := b.run("import", "--yes")
	if got.code != 0 || !strings.Contains(got.err, "it stands here twice, and is one record") ||
		!slices.Equal(ids(b.list("backups", "-o", "json")), []string{"e7a6bed1-1e93-4e82-8349-ba1adbfa832c"}) {
		t.Errorf("%+v", got)
	}
}

// TestImportReadOnly: nobody is asked about what cannot be done.
func TestImportReadOnly(t *testing.T) {
	from, _ := demo(t, store.World{Volumes: 1, Backups: 2})
	b := open(t, lab)
	b.env.Asks = true
	b.in = from.ok("export", from.ok("backups", "-o", "value", "-c", "id", "--filter", "status:available", "--limit", "1")[:36])
	if got := b.run("import", "-"); got.code != 7 || strings.Contains(got.err, "[y/N]") {
		t.Errorf("%+v", got)
	}
	if got := b.run("import", "-", "--dry-run"); got.code != 0 {
		t.Errorf("only looking: %+v", got)
	}
}

// TestLongLines: a terminal loses what goes beyond its line, which is said.
func TestLongLines(t *testing.T) {
	b := open(t, lab)
	b.env.Asks = true
	b.in = strings.Repeat("e", 4095) + "\n"
	if got := b.run("decode"); got.code != 8 || !strings.Contains(got.err, "The terminal cut a line after 4095 characters;") {
		t.Errorf("%+v", got)
	}
}

// TestOwnerInCloud: an owner in a cloud, by name or id, is a project of the login's, where
// the import is sent; where the login has no role in it, nothing is sent, and it is said
// what to do.
func TestOwnerInCloud(t *testing.T) {
	const acme = "ac3e0000000000000000000000000000"
	api := storetest.NewAPI(t)
	api.Projects = map[string]string{acme: "acme"}
	storetest.Clouds(t, map[string]*storetest.API{"lab": api})
	open := func(ctx context.Context, location string) (jobs.Desk, func(), error) {
		l, err := store.ParseLocation(location)
		if err != nil {
			return jobs.Desk{}, nil, err
		}
		p, err := store.Open(ctx, l, store.Options{Now: clockAt(storetest.Now)})
		if err != nil {
			return jobs.Desk{}, nil, err
		}
		books, err := archive.Open(ctx, filepath.Join(t.TempDir(), "archive.sqlite"))
		d := jobs.Desk{Place: p, Who: "anna@lab", Archive: books}
		d.Now, d.Sleep = clockAt(storetest.Now), func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
		return d, func() { p.Close(); books.Close() }, err
	}
	desk, done, err := open(t.Context(), "cloud:lab")
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	for owner, want := range map[string]string{"acme": " in acme", acme: " in acme", "ops": ""} {
		api.Reset()
		b := on(t, desk.Place)
		b.desk, b.env.Open = desk, open
		got := b.run("import", "../../testdata/paste/db-prod-full.openstack.json", "--yes", "--owner", owner)
		sent := api.Writes()
		if got.code != 0 || len(sent) != 1 || strings.HasSuffix(sent[0], " in acme") != (want != "") {
			t.Errorf("--owner %s: %q, %+v", owner, sent, got)
		}
		if says := "Owner: project " + map[string]string{"": "ops", " in acme": "acme"}[want]; !strings.Contains(got.err, says) {
			t.Errorf("--owner %s: %s", owner, got.err)
		}
	}
	api.Reset()
	b := on(t, desk.Place)
	b.desk, b.env.Open = desk, open
	got := b.run("import", "../../testdata/paste/db-prod-full.openstack.json", "--yes", "--owner", "nobody")
	if len(api.Writes()) > 0 || got.code != 3 ||
		!strings.Contains(got.err, "has no role in a project of that name or id; it has one in acme, ops") {
		t.Errorf("%q, %+v", api.Writes(), got)
	}
	api.Projects["ac3e0000000000000000000000000001"] = "acme"
	if got := b.run("import", "../../testdata/paste/db-prod-full.openstack.json", "--yes", "--owner", "acme"); got.code != 2 ||
		len(api.Writes()) > 0 || !strings.Contains(got.err, "2 projects of the login are called so; give the id of the one that is meant") {
		t.Errorf("%q, %+v", api.Writes(), got)
	}
}
