package verbs

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store"
)

// TestFilterSortLimit: filters and orders agree with core's own, over more rows
// than are read at a time.
func TestFilterSortLimit(t *testing.T) {
	const many = pageSize + 250
	b, _ := demo(t, store.World{Volumes: 40, Backups: many})
	all := b.list("backups", "-o", "json")
	if len(all) != many {
		t.Fatalf("%d rows", len(all))
	}
	if got := ids(all); len(slices.Compact(slices.Sorted(slices.Values(got)))) != many {
		t.Error("a row stands twice, or is missing")
	}
	for _, c := range []struct {
		args string
		n    int
	}{{"--limit 1", 1}, {"--limit 999", 999}, {fmt.Sprint("--limit ", pageSize), pageSize},
		{fmt.Sprint("--limit ", pageSize+1), pageSize + 1}, {"--limit 100000", many}} {
		if got := b.list(append([]string{"backups", "-o", "json"}, strings.Fields(c.args)...)...); !slices.Equal(ids(got), ids(all)[:c.n]) {
			t.Errorf("%s: %d rows, or in another order", c.args, len(got))
		}
	}
	newest := ""
	for _, o := range all { // newest first
		if at := text(o, "created_at"); newest != "" && at > newest {
			t.Fatalf("%s after %s", at, newest)
		} else {
			newest = at
		}
	}
	sorted := b.list("backups", "-o", "json", "--sort", "status,-size", "--sort", "id:desc")
	if !slices.IsSortedFunc(sorted, func(a, b *pyjson.Object) int {
		x, _ := a.Get("size")
		y, _ := b.Get("size")
		m, _ := x.Int64()
		n, _ := y.Int64()
		for _, c := range []int{strings.Compare(text(a, "status"), text(b, "status")), int(n - m),
			strings.Compare(text(b, "id"), text(a, "id"))} {
			if c != 0 {
				return c
			}
		}
		return 0
	}) {
		t.Error("not in the order asked for")
	}
	for _, filter := range []string{"status:error", "kind:incr size>=100", "-kind:incr age<30d",
		"kind:incr -status:available", "created<2026-10-01 volume~db", "dependents>1", "gitlab"} {
		f, err := core.ParseFilter(filter, core.BackupColumns)
		if err != nil {
			t.Fatal(err)
		}
		page, err := b.desk.Place.Backups(t.Context(), core.Query{})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for i := range page.Rows {
			if core.Match(f, core.BackupColumns, &page.Rows[i], noon) {
				n++
			}
		}
		if got := b.list("backups", "-o", "json", "--filter", filter); len(got) != n || n == 0 || n == many {
			t.Errorf("%s: %d rows, core finds %d", filter, len(got), n)
		}
	}
}

// TestNames: an id, the beginning of one, a name; told apart from several.
func TestNames(t *testing.T) {
	b := open(t, lab)
	for ref, want := range map[string]string{
		"cf635c83-1d0a-40a7-813b-3835378bec36": "cf635c83-1d0a-40a7-813b-3835378bec36",
		"cf635":                                "cf635c83-1d0a-40a7-813b-3835378bec36", "CF635C83": "cf635c83-1d0a-40a7-813b-3835378bec36",
		"web-root": "cf635c83-1d0a-40a7-813b-3835378bec36", "WEB-ROOT": "cf635c83-1d0a-40a7-813b-3835378bec36",
		"vault (encrypted)": "2082165d-6548-4201-9ba7-42081bff4755",
		"größe – naïve 日本語 Ω e\u0301 wide：ｗ": "39865723-1fb8-4f3e-aca9-cf1339e125fe",
	} {
		got := b.run("volume", ref, "-o", "value", "-c", "id")
		if got.out != want+"\n" {
			t.Errorf("%q: %+v", ref, got)
		}
	}
	for ref, code := range map[string]int{"dup": 4, "4": 4, "web": 3, "%": 3, "_": 3, "": 3, "cf635c83-1d0a-40a7-813b-3835378bec36x": 3} {
		if got := b.run("volume", ref); got.code != code || got.out != "" {
			t.Errorf("%q: %+v", ref, got)
		}
	}
}

// TestLocalTimes says which time it shows.
func TestLocalTimes(t *testing.T) {
	b := open(t, lab)
	utc, local := b.ok("backups", "--limit", "1"), b.ok("backups", "--limit", "1", "--local")
	if !strings.Contains(utc, "Created (UTC)") || !strings.Contains(utc, "2026-11-22 09:45:56") ||
		!strings.Contains(local, "Created (local)") {
		t.Errorf("%s%s", utc, local)
	}
}

// lacking is a place that cannot say what volumes are called.
type lacking struct{ store.Place }

func (l lacking) Backups(ctx context.Context, q core.Query) (core.Page[core.Backup], error) {
	page, err := l.Place.Backups(ctx, q)
	page.Lacks = []string{"the names of volumes: it is forbidden"}
	return page, err
}

// TestListLacks: what a list is without is said, once, and the list is printed.
func TestListLacks(t *testing.T) {
	whole := open(t, lab)
	b := on(t, lacking{whole.desk.Place})
	got := b.run("backups")
	if got.code != 0 || got.out != whole.ok("backups") || got.err != "! The list is without the names of volumes: it is forbidden.\n" {
		t.Errorf("%+v", got)
	}
}
