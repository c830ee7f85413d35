package index_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/store/index"
	place "hearth/store/sql"
)

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// demo is a store of made-up backups, and its file opened with nothing of hearth's.
func demo(t testing.TB, backups int) (*place.Store, *sql.DB) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "demo.sqlite")
	s, err := place.Create(t.Context(), path, place.Options{})
	ok(t, err)
	t.Cleanup(func() { s.Close() })
	ok(t, s.Populate(t.Context(), place.World{Backups: backups, Until: now}))
	db, err := sql.Open("sqlite", "file:"+path+"?mode=rw&_pragma=busy_timeout(5000)")
	ok(t, err)
	t.Cleanup(func() { db.Close() })
	return s, db
}

var now = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// list is one of the two lists of a place, with what it is to agree with.
type list[T any] struct {
	ask     func(context.Context, core.Query) (core.Page[T], error)
	count   func(context.Context, core.Query) (int, error)
	choose  func([]T, core.Query) core.Page[T]
	columns core.Columns[T]
	id      func(*T) string
	filters []string
}

func backups(s *place.Store) list[core.Backup] {
	return list[core.Backup]{s.Backups, s.CountBackups, core.SelectBackups, core.BackupColumns,
		func(b *core.Backup) string { return string(b.ID) },
		[]string{"", "", "status:error", "status~err", "status:available", "kind:incr", "kind:full", "nightly", "web", "db-", "e", "zz", "zzzzzz",
			"a1", "f00", "size>=10", "size<10", "age>30d", "age<2d", "name~night", "volume~web", "-status:available", "-nightly",
			"-kind:full", "-size>10", "id:0", "volume-id:a", "status:error age>10d", "nightly size>20 kind:full", "description~\u00e9",
			"Weekly,nightly", "avail", "reason~fail",
			"project:0", "has-dependents:yes"}}
}

func volumes(s *place.Store) list[core.Volume] {
	return list[core.Volume]{s.Volumes, s.CountVolumes, core.SelectVolumes, core.VolumeFields,
		func(v *core.Volume) string { return string(v.ID) },
		[]string{"", "", "status:in-use", "web", "size>=100", "type~ssd", "backups:0", "backups>3", "last-backup>10d", "bootable:yes",
			"encrypted:yes", "e", "zzzz", "-web", "w", "ow", "qz", "name~y", "-qz", "qz kx", "ow status:in-use"}}
}

// agrees asks a list every way and holds the answers to those of core over all rows.
func agrees[T any](t *testing.T, l list[T], rng *rand.Rand, rounds int) {
	t.Helper()
	all, err := l.ask(t.Context(), core.Query{Sort: []core.Order{{Column: "id"}, {Column: "id"}}}) // two columns: not by the index
	ok(t, err)
	for range rounds {
		text := l.filters[rng.IntN(len(l.filters))]
		if rng.IntN(4) == 0 && len(all.Rows) > 0 { // an id, or a part of it
			id := l.id(&all.Rows[rng.IntN(len(all.Rows))])
			if col, ok := l.columns.Find([]string{"volume-id", "project", "id"}[rng.IntN(3)]); ok {
				id = col.Value(&all.Rows[rng.IntN(len(all.Rows))]).Text()
			}
			if text = id; rng.IntN(2) == 0 && len(id) > 8 {
				text = id[rng.IntN(4) : 4+rng.IntN(len(id)-4)]
			}
		}
		if rng.IntN(4) == 0 && len(all.Rows) > 0 { // the end of a name, or of a project's id
			if col, ok := l.columns.Find([]string{"name", "project"}[rng.IntN(2)]); ok {
				s := col.Value(&all.Rows[rng.IntN(len(all.Rows))]).Text()
				if end := s[max(len(s)-1-rng.IntN(2), 0):]; end != "" && strings.Trim(end, "abcdefghijklmnopqrstuvwxyz0123456789") == "" {
					text = end
				}
			}
		}
		filter, err := core.ParseFilter(text, l.columns)
		ok(t, err)
		q := core.Query{Filter: filter, Now: now, Limit: 1 + rng.IntN(40), Offset: rng.IntN(len(all.Rows) + 5),
			About: rng.IntN(2) == 0, Partial: rng.IntN(2) == 0}
		if rng.IntN(4) > 0 {
			q.Sort = []core.Order{{Column: l.columns[rng.IntN(len(l.columns))].Name, Desc: rng.IntN(2) == 0}}
		}
		if rng.IntN(16) == 0 { // a column that is empty in all rows
			q.Sort = []core.Order{{Column: "project-name", Desc: rng.IntN(2) == 0}}
		}
		whole := q
		whole.Offset, whole.Limit = 0, 0
		order := l.choose(all.Rows, whole).Rows
		if rng.IntN(2) == 0 && len(order) > 0 { // from an edge
			i := rng.IntN(len(order))
			q.Offset, q.From = i, core.EdgeOf(&order[i], l.id(&order[i]), l.columns, q.Sort, rng.IntN(2) == 0)
			if q.From.Back {
				q.Offset = max(i-q.Limit, 0)
				q.Limit = min(q.Limit, max(i, 1))
				if i == 0 {
					continue
				}
			}
		}
		l.agree(t, text, q, order, len(all.Rows))
	}
}

func (l list[T]) agree(t *testing.T, text string, q core.Query, order []T, all int) {
	t.Helper()
	page, err := l.ask(t.Context(), q)
	for tries := 0; err == nil && !page.Complete; tries++ {
		if tries > 1000 {
			t.Fatalf("%q %+v: never complete", text, q)
		}
		page, err = l.ask(t.Context(), q)
	}
	ok(t, err)
	lo := min(q.Offset, len(order))
	want := order[lo:min(lo+q.Limit, len(order))]
	what := fmt.Sprintf("%q sort %v, %d from %d, edge %+v", text, q.Sort, q.Limit, q.Offset, q.From)
	ids := func(rows []T) (out []string) {
		for i := range rows {
			out = append(out, l.id(&rows[i]))
		}
		return out
	}
	if got, want := ids(page.Rows), ids(want); !slices.Equal(got, want) {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
	if page.Offset != q.Offset || page.All != all {
		t.Errorf("%s: at %d of all %d, want %d of %d", what, page.Offset, page.All, q.Offset, all)
	}
	if page.About && !q.About || !page.About && page.Total != len(order) || page.About && page.Total > len(order) {
		t.Errorf("%s: total %d, about %v, want %d", what, page.Total, page.About, len(order))
	}
	if n, err := l.count(t.Context(), q); err != nil || n != len(order) {
		t.Errorf("%s: counts %d, %v, want %d", what, n, err, len(order))
	}
}

// Every list that the index answers is the one that core answers from all rows: whole, by
// its edges, and after others wrote into the file with nothing of hearth's.
func TestAgrees(t *testing.T) {
	const seed = 7
	rng := rand.New(rand.NewPCG(seed, seed))
	s, db := demo(t, 600)
	for _, limits := range [][2]int{{4096, 8192}, {20, 16}, {0, 64}} {
		index.Tight(limits[0], limits[1])
		t.Run(fmt.Sprint(limits), func(t *testing.T) {
			for range 3 {
				agrees(t, backups(s), rng, 60)
				agrees(t, volumes(s), rng, 25)
				stir(t, db, rng)
			}
		})
	}
	index.Tight(4096, 8192)
	_, err := db.Exec("VACUUM")
	ok(t, err)
	agrees(t, backups(s), rng, 60)
}

// stir writes into a store as any program could.
func stir(t *testing.T, db *sql.DB, rng *rand.Rand) {
	t.Helper()
	some := func(table string) string {
		return fmt.Sprintf("rowid IN (SELECT rowid FROM %s ORDER BY (rowid * %d) %% 97 LIMIT %d)", table, rng.IntN(90)+2, 1+rng.IntN(9))
	}
	for _, stmt := range []string{
		"UPDATE backups SET status = 'error', fail_reason = 'stirred' WHERE " + some("backups"),
		"UPDATE backups SET deleted = NOT COALESCE(deleted, 0) WHERE " + some("backups"),
		"UPDATE backups SET display_name = NULL, parent_id = NULL WHERE " + some("backups"),
		"UPDATE backups SET display_name = 'W\u00c9B ' || display_name, size = size + 7 WHERE " + some("backups"),
		"UPDATE backups SET volume_id = COALESCE((SELECT id FROM volumes ORDER BY random() LIMIT 1), 'gone') WHERE " + some("backups"),
		"UPDATE backups SET project_id = 'team-qz' WHERE " + some("backups"),
		"DELETE FROM backups WHERE " + some("backups"),
		"UPDATE volumes SET display_name = 'Web of ' || COALESCE(display_name, '') WHERE " + some("volumes"),
		"UPDATE volumes SET volume_type_id = NULL, bootable = 1 WHERE " + some("volumes"),
		"UPDATE volumes SET deleted = NOT COALESCE(deleted, 0) WHERE " + some("volumes"),
		"DELETE FROM volumes WHERE " + some("volumes"),
		"UPDATE volume_types SET name = name || '-ssd' WHERE " + some("volume_types"),
		"INSERT INTO backups SELECT b.created_at, b.updated_at, b.deleted_at, b.deleted, 'copy-' || b.id || random(), " +
			"b.volume_id, b.user_id, b.project_id, b.host, b.availability_zone, " +
			"b.display_name, b.display_description, b.container, b.status, " +
			"b.fail_reason, b.service_metadata, b.service, b.size, b.object_count, b.parent_id, b.temp_volume_id, " +
			"b.temp_snapshot_id, b.num_dependent_backups, b.snapshot_id, b.data_timestamp, b.restore_volume_id, b.encryption_key_id " +
			"FROM backups b WHERE " + some("backups"),
	} {
		_, err := db.Exec(stmt)
		if err != nil {
			t.Fatalf("%s: %v", stmt, err)
		}
	}
}

// What only core's own comparison gets right turns the index off, and is answered.
func TestOddRows(t *testing.T) {
	s, db := demo(t, 60)
	for _, stmt := range []string{
		"UPDATE backups SET created_at = '2026-10-01T00:00:00Z' WHERE rowid = 5",
		"UPDATE backups SET display_name = 'bac\u212aup' WHERE rowid = 7",
	} {
		_, err := db.Exec(stmt)
		ok(t, err)
		agrees(t, backups(s), rand.New(rand.NewPCG(1, 2)), 40)
	}
}

// TestEnd: the last rows are found from the end, also where nobody has counted.
func TestEnd(t *testing.T) {
	s, _ := demo(t, 3000)
	for _, text := range []string{"", "e", "kind:incr", "age>30d", "zzzzzz", "web"} {
		filter, err := core.ParseFilter(text, core.BackupColumns)
		ok(t, err)
		whole, err := s.Backups(t.Context(), core.Query{Filter: filter, Now: now, Sort: []core.Order{{Column: "name"}}})
		ok(t, err)
		q := core.Query{Filter: filter, Now: now, Sort: []core.Order{{Column: "name"}}, Limit: 40, Offset: 7, About: true,
			From: &core.Edge{Back: true}}
		page, err := s.Backups(t.Context(), q)
		ok(t, err)
		want := whole.Rows[max(len(whole.Rows)-40, 0):]
		if !slices.EqualFunc(page.Rows, want, func(a, b core.Backup) bool { return a.ID == b.ID }) {
			t.Errorf("%q: the end is %d rows, want the last %d of %d", text, len(page.Rows), len(want), len(whole.Rows))
		}
		if !page.About && page.Offset != len(whole.Rows)-len(want) {
			t.Errorf("%q: they begin at %d of %d", text, page.Offset, len(whole.Rows))
		}
	}
}
