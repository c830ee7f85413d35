package sql_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store"
	"hearth/store/index"
	"hearth/store/sql"
	"hearth/store/storetest"
)

// otherRelease is a database of the standard world in which other releases of
// Cinder had their hands.
func otherRelease(t *testing.T, stmts ...string) string {
	t.Helper()
	path := theirFile(t, storetest.Standard())
	db := raw(t, path)
	tx, err := db.Begin()
	ok(t, err)
	ok(t, index.Drop(t.Context(), tx)) // it was made of a store of hearth's
	ok(t, tx.Commit())
	ok(t, db.Close())
	exec(t, path, stmts...)
	return path
}

// releases are what other releases of Cinder have, or lack.
var releases = []struct {
	name            string
	stmts           []string
	volume, backups []string // what they cannot see
}{
	{"as it is", nil, nil, nil},
	{"icehouse", []string{
		"ALTER TABLE backups DROP COLUMN encryption_key_id",
		"ALTER TABLE backups DROP COLUMN snapshot_id",
		"ALTER TABLE backups DROP COLUMN num_dependent_backups",
		"DROP INDEX IF EXISTS hearth_backups_parent",
		"ALTER TABLE backups DROP COLUMN parent_id",
		"ALTER TABLE backups DROP COLUMN data_timestamp",
		"ALTER TABLE backups DROP COLUMN restore_volume_id",
		"ALTER TABLE backups DROP COLUMN temp_volume_id",
		"ALTER TABLE backups DROP COLUMN temp_snapshot_id",
		"DROP TABLE backup_metadata",
		"ALTER TABLE volumes DROP COLUMN use_quota",
		"ALTER TABLE volumes DROP COLUMN shared_targets",
		"ALTER TABLE volumes DROP COLUMN multiattach",
	}, []string{"use_quota", "shared_targets", "multiattach"},
		[]string{
			"encryption_key_id", "snapshot_id", "num_dependent_backups", "has_dependent_backups", "parent_id", "is_incremental",
			"data_timestamp", "restore_volume_id", "temp_volume_id", "temp_snapshot_id", "metadata",
		}},
	{"no types, no keys", []string{
		"DROP TABLE volume_types", "ALTER TABLE volumes DROP COLUMN encryption_key_id",
		"ALTER TABLE volumes DROP COLUMN volume_type_id",
	},
		[]string{"volume_type", "encryption_key_id", "volume_type_id"}, nil},
	{"no names, no times", []string{
		"ALTER TABLE volumes DROP COLUMN display_name", "ALTER TABLE volumes DROP COLUMN created_at",
		"ALTER TABLE volumes DROP COLUMN updated_at", "ALTER TABLE backups DROP COLUMN display_name",
		"ALTER TABLE backups DROP COLUMN created_at", "ALTER TABLE backups DROP COLUMN service",
	},
		[]string{"display_name", "name", "created_at", "updated_at"}, []string{"display_name", "name", "created_at", "service"}},
	{"no metadata", []string{"DROP TABLE volume_metadata", "DROP TABLE volume_glance_metadata", "DROP TABLE backup_metadata"},
		[]string{"metadata", "volume_image_metadata"}, []string{"metadata"}},
	{"of the future", []string{
		"ALTER TABLE volumes ADD COLUMN zz_next TEXT DEFAULT 'x'", "ALTER TABLE volumes ADD COLUMN aa_flag BOOLEAN DEFAULT 1",
		"ALTER TABLE backups ADD COLUMN \"odd \"\"name\" TEXT", "ALTER TABLE volume_metadata ADD COLUMN more TEXT",
		"CREATE TABLE brand_new (id INTEGER)",
	}, nil, nil},
}

func TestOtherReleases(t *testing.T) {
	for _, c := range releases {
		t.Run(c.name, func(t *testing.T) {
			path := otherRelease(t, c.stmts...)
			p := open(t, path, sql.Options{Write: true, Now: func() time.Time { return storetest.Later }})
			defer p.Close()
			unseen := func(what string, got core.FieldSet, want []string) {
				t.Helper()
				var names []string
				for name := range got {
					names = append(names, name)
				}
				slices.Sort(names)
				slices.Sort(want)
				if !slices.Equal(names, want) {
					t.Errorf("%s does not see %v, want %v", what, names, want)
				}
			}
			v, err := p.Volume(t.Context(), storetest.Database)
			ok(t, err)
			unseen("a volume", v.Unseen, c.volume)
			b, err := p.Backup(t.Context(), storetest.Second)
			ok(t, err)
			unseen("a backup", b.Unseen, c.backups)
			listsWork(t, p)
			exportsWork(t, p)
			rewritesWork(t, p, v)
			importsWork(t, p)
		})
	}
}

// listsWork: every column sorts and filters without a complaint, and counts.
func listsWork(t *testing.T, p store.Place) {
	t.Helper()
	for _, col := range core.BackupColumns {
		page, err := p.Backups(t.Context(), core.Query{Sort: []core.Order{{Column: col.Name, Desc: true}}})
		if err != nil || page.Total != 16 || len(page.Rows) != 16 {
			t.Errorf("sorted by %s: %d of %d backups, %v", col.Name, len(page.Rows), page.Total, err)
		}
		if len(page.Rows) > 0 && page.Rows[0].Unseen == nil != (page.Rows[1].Unseen == nil) {
			t.Error("rows of one list see different things")
		}
	}
	for _, col := range core.VolumeFields {
		page, err := p.Volumes(t.Context(), core.Query{Sort: []core.Order{{Column: col.Name}}, Filter: core.Filter{Text: "x", Terms: []core.Term{
			{Column: col.Name, Kind: col.Kind, Op: core.Is, Not: true, Words: []string{"no such"}, Number: -5, Age: 1},
		}}, Now: storetest.Now})
		if err != nil || page.All != 9 {
			t.Errorf("filtered by %s: %d of %d volumes, %v", col.Name, page.Total, page.All, err)
		}
	}
}

func exportsWork(t *testing.T, p store.Place) {
	t.Helper()
	r, err := p.(store.Exporter).Export(t.Context(), storetest.Full)
	ok(t, err)
	dec, err := core.DecodeRecord(r.URL, core.Today)
	ok(t, err)
	for _, field := range core.BackupFields {
		if !dec.Doc.Object().Has(field) {
			t.Errorf("the record lacks %s, which every record of today has", field)
		}
	}
}

// rewritesWork: what the database has columns for is changed, what it has none
// for is refused before anything is.
func rewritesWork(t *testing.T, p store.Place, v core.Volume) {
	t.Helper()
	w := p.(store.Writer)
	for _, c := range []struct {
		column, field string
		change        func(*core.State)
	}{
		{"display_name", "display_name", func(s *core.State) { s.Name = pyjson.OfString("new") }},
		{"encryption_key_id", "encryption_key_id", func(s *core.State) { s.EncryptionKeyID = pyjson.OfString("key") }},
		{"volume_type_id", "volume_type_id", func(s *core.State) { s.VolumeTypeID = pyjson.OfString(storetest.LUKS) }},
		{"bootable", "bootable", func(s *core.State) { s.Bootable = !s.Bootable }},
		{"volume_metadata", "metadata", func(s *core.State) { s.Metadata = s.Metadata.Clone(); s.Metadata.Set("new", pyjson.OfString("1")) }},
		{"volume_glance_metadata", "volume_image_metadata",
			func(s *core.State) { s.Image = s.Image.Clone(); s.Image.Set("new", pyjson.OfString("1")) }},
	} {
		before := v.State()
		after := before.Clone()
		c.change(&after)
		_, err := w.Rewrite(t.Context(), core.Rewrite{Volume: v.ID, Before: before, After: after})
		if v.Unseen.Has(c.field) {
			if core.CodeOf(err) != core.CodeRefused || !strings.Contains(err.Error(), c.column) {
				t.Errorf("a change of %s, for which there is no room: %v", c.column, err)
			}
			after = before
		} else if err != nil {
			t.Errorf("a change of %s: %v", c.column, err)
		}
		if v, err = p.Volume(t.Context(), v.ID); err != nil || !v.State().Equal(after) {
			t.Errorf("after a change of %s: %v, %v", c.column, v.State().Diff(after), err)
		}
	}
}

func importsWork(t *testing.T, p store.Place) {
	t.Helper()
	im := p.(store.Importer)
	b := storetest.BackupOf(storetest.Standard().Backups[0])
	b.ID = storetest.NoSuch
	b.Metadata = &pyjson.Object{}
	b.Metadata.Set("k", pyjson.OfString("v"))
	r, err := core.ExportRecord(&b)
	ok(t, err)
	facts, err := im.ImportFacts(t.Context(), []core.BackupID{b.ID})
	ok(t, err)
	items := core.Items(core.Preflight(core.FindRecords(r.Service+"\n"+r.URL), facts), []int{0})
	results, err := im.Import(t.Context(), items, core.Entry{Kind: core.EntryImport})
	if err != nil || len(results) != 1 {
		t.Fatalf("import: %v, %v", results, err)
	}
	got, err := p.Backup(t.Context(), b.ID)
	if err != nil || got.Status != core.StatusAvailable || got.Size != 500 {
		t.Errorf("the imported backup is %+v, %v", got, err)
	}
}

// TestOddValues: what other programs may write into a database breaks no list.
func TestOddValues(t *testing.T) {
	path := otherRelease(t,
		"UPDATE volumes SET bootable = 2, multiattach = -1, size = '12' WHERE id = '"+string(storetest.Database)+"'",
		"UPDATE volumes SET size = 'much', bootable = 'yes' WHERE id = '"+string(storetest.WebRoot)+"'",
		"UPDATE backups SET created_at = '2026-02-08T12:00:00' WHERE id = '"+string(storetest.Full)+"'",
		"UPDATE backups SET created_at = '2026-02-08 12:00:00.5' WHERE id = '"+string(storetest.First)+"'",
		"UPDATE backups SET created_at = '2026-02-08 13:00:01+01:00' WHERE id = '"+string(storetest.Second)+"'",
		"UPDATE backups SET created_at = 'long ago' WHERE id = '"+string(storetest.Orphan)+"'",
		"UPDATE backups SET created_at = '2026-02-09' WHERE id = '"+string(storetest.Broken)+"'",
		"UPDATE backups SET display_name = x'ff00fe', size = 3.7 WHERE id = '"+string(storetest.Tagged)+"'")
	p := open(t, path, sql.Options{})
	defer p.Close()
	listsWork(t, p)
	v, err := p.Volume(t.Context(), storetest.Database)
	if err != nil || !v.Bootable || !v.Multiattach || v.Size != 12 {
		t.Errorf("bootable %v, multiattach %v, size %d, %v", v.Bootable, v.Multiattach, v.Size, err)
	}
	page, err := p.Backups(t.Context(),
		core.Query{Sort: []core.Order{{Column: "created"}}, Filter: filter(t, "created>=2026-02-08 created<2026-02-10")})
	ok(t, err)
	var ids []core.BackupID
	for _, b := range page.Rows {
		ids = append(ids, b.ID)
	}
	if want := []core.BackupID{storetest.Full, storetest.First, storetest.Second, storetest.Broken}; !slices.Equal(ids, want) {
		t.Errorf("times of all forms sort as %v, want %v", ids, want)
	}
	if b, err := p.Backup(t.Context(), storetest.Orphan); err != nil || b.CreatedAt.Set {
		t.Errorf("a time that is none reads as %v, %v", b.CreatedAt, err)
	}
}

func filter(t *testing.T, text string) core.Filter {
	t.Helper()
	f, err := core.ParseFilter(text, core.BackupColumns)
	ok(t, err)
	return f
}

// The revision of the schema tells the release, and the config's word is held to it.
func TestRevision(t *testing.T) {
	alembic := func(revision string) []string {
		return []string{"CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)",
			"INSERT INTO alembic_version VALUES ('" + revision + "')"}
	}
	migrate := []string{"CREATE TABLE migrate_version (repository_id VARCHAR(250), repository_path TEXT, version INTEGER)",
		"INSERT INTO migrate_version VALUES ('cinder', '/x', 123)"}
	for _, x := range []struct {
		stmts         []string
		setting       string
		want, because string
	}{
		{nil, "", "any Cinder", "cannot be read from its database"},
		{alembic("89aa6f9639f9"), "", "Cinder 23", "by what is seen it is Cinder 23"},
		{slices.Concat(alembic("c92a3e68beed"), migrate), "", "Cinder 21", "it is Cinder 21"},
		{migrate, "", "Cinder 13", "it is Cinder 13"},
		{alembic("9c74c1c6971f"), "26", "Cinder 26", "it is Cinder 26"},
		{alembic("c92a3e68beed"), "26", "Cinder 21 to 26", "it is Cinder 21 to 26"},
		{[]string{"CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"}, "", "any Cinder", "cannot be read"}, // empty
	} {
		o := sql.Options{}
		if x.setting != "" {
			var err error
			o.Release, err = core.ReleaseSetting(x.setting)
			ok(t, err)
		}
		p, err := sql.Open(t.Context(), otherRelease(t, x.stmts...), o)
		ok(t, err)
		info := p.Info()
		if info.Release.Text() != x.want || !strings.Contains(info.RulesWhy, x.because) {
			t.Errorf("%v: %s, %s; want %s, %s", x.stmts, info.Release.Text(), info.RulesWhy, x.want, x.because)
		}
		ok(t, p.Close())
	}
}
