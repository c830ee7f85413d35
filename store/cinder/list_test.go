package cinder

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"hearth/core"
	"hearth/store/archive"
)

// listCloud is a cloud that lists what a real one did.
func listCloud(t *testing.T) *cloud {
	c := newCloud(t)
	c.on("GET /backups/detail", reply200(body(t, "backups-3.70")))
	c.on("GET /volumes/detail", reply200(body(t, "volumes-3.70")))
	c.on("GET /volumes", reply200(`{"volumes": [{"id": "`+volumeID+`", "name": "db-prod"}]}`))
	return c
}

// TestWants: what costs more than a row's own fields is read only if it is wanted.
func TestWants(t *testing.T) {
	filter := func(text string) core.Filter {
		f, err := core.ParseFilter(text, core.BackupColumns)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	for name, x := range map[string]struct {
		q     core.Query
		names bool
	}{
		"nothing":    {core.Query{}, false},
		"wanted":     {core.Query{Wants: []string{"name", "volume"}}, true},
		"sorted by":  {core.Query{Sort: []core.Order{{Column: "volume"}}}, true},
		"filter":     {core.Query{Filter: filter("volume~db")}, true},
		"plain word": {core.Query{Filter: filter("db")}, true},
		"other":      {core.Query{Filter: filter("status:error"), Wants: []string{"name"}}, false},
	} {
		c := listCloud(t)
		page, err := c.direct().Backups(t.Context(), x.q)
		if err != nil {
			t.Fatal(err)
		}
		asked := count(c.requests(), "GET /volumes?limit=1000") > 0
		if asked != x.names {
			t.Errorf("%s: names are asked for: %v", name, asked)
		}
		for i := range page.Rows {
			b := &page.Rows[i]
			if b.VolumeID == volumeID && b.VolumeName.Set != x.names {
				t.Errorf("%s: %s has the name %v", name, b.Title(), b.VolumeName)
			}
			if b.Unseen.Has("volume_name") == b.VolumeName.Set {
				t.Errorf("%s: %s: unseen %v, name %v", name, b.Title(), b.Unseen.Has("volume_name"), b.VolumeName)
			}
		}
	}
}

// TestLimit: the newest few are not found by reading all.
func TestLimit(t *testing.T) {
	c := listCloud(t)
	if _, err := c.direct().Backups(t.Context(), core.Query{Limit: 5}); err != nil {
		t.Fatal(err)
	}
	want(t, "asked", c.requests(), "[GET /backups/detail?limit=5]")
}

// TestReach: each question says whose rows it lists, and the lists are kept apart.
func TestReach(t *testing.T) {
	c := listCloud(t)
	p := c.direct()
	for _, reach := range []core.Reach{core.ReachDefault, core.ReachAll, core.ReachAll, core.ReachOwn} {
		if _, err := p.Backups(t.Context(), core.Query{Reach: reach}); err != nil {
			t.Fatal(err)
		}
	}
	want(t, "asked", c.requests(), "[GET /backups/detail?limit=1000 GET /backups/detail?limit=1&with_count=true "+
		"GET /backups/detail?all_tenants=1&limit=1000&with_count=true]")
	wide := newPlace(t.Context(), "wide", p.session, Options{Now: time.Now, Reach: core.ReachAll})
	defer wide.Close()
	if _, err := wide.Volumes(t.Context(), core.Query{}); err != nil {
		t.Fatal(err)
	}
	want(t, "by default", c.requests()[3:], "[GET /volumes/detail?all_tenants=1&limit=1000&with_count=true]")
}

// reaches is a cloud of two projects: its own has the backups own-0 to own-5, and
// with those of the other there are twelve. It lists two a page.
func reaches(t *testing.T) *cloud {
	c := newCloud(t)
	c.on("GET /backups/detail", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		var ids []string
		for i := range 6 {
			ids = append(ids, fmt.Sprintf("own-%d", i))
			if q.Get("all_tenants") != "" {
				ids = append(ids, fmt.Sprintf("other-%d", i))
			}
		}
		from, _ := strconv.Atoi(q.Get("offset"))
		if marker := q.Get("marker"); marker != "" {
			from = slices.Index(ids, marker) + 1
			if from == 0 { // as Cinder: the marker is in no list that this question sees
				http.Error(w, `{"itemNotFound": {"code": 404, "message": "marker not found"}}`, http.StatusNotFound)
				return
			}
		}
		to := min(from+2, len(ids))
		var rows []string
		for _, id := range ids[from:to] {
			rows = append(rows, fmt.Sprintf(`{"id": %q, "status": "available", "created_at": "2026-01-01T00:00:%02d"}`,
				id, 59-slices.Index(ids, id)))
		}
		links := ""
		if to < len(ids) {
			links = `, "backups_links": [{"rel": "next", "href": "http://x/?marker=` + ids[to-1] + `"}]`
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"backups": [%s]%s}`, strings.Join(rows, ","), links)
	})
	return c
}

// TestReachesInterleaved: two who list one place page by page, each with a reach of
// their own, get the rows of their own only, in whatever turns they ask.
func TestReachesInterleaved(t *testing.T) {
	for _, partial := range []bool{false, true} {
		p := reaches(t).direct()
		listed := map[core.Reach][]string{}
		whole := map[core.Reach]int{core.ReachOwn: 6, core.ReachAll: 12}
		if partial { // a screen's questions: those that come first find a part of the rows
			for range 20 {
				for reach := range whole {
					if _, err := p.Backups(t.Context(), core.Query{Reach: reach, Limit: 2, Partial: true}); err != nil {
						t.Fatal(err)
					}
				}
			}
			settle(p.own.backups)
			settle(p.all.backups)
		}
		for offset := 0; offset < 12; offset += 2 {
			for reach, total := range whole {
				page, err := p.Backups(t.Context(), core.Query{Reach: reach, Offset: offset, Limit: 2, Partial: partial})
				if err != nil {
					t.Fatal(err)
				}
				if offset > 0 && page.Total != total {
					t.Errorf("partial %v, reach %d from %d: %d rows in all, want %d", partial, reach, offset, page.Total, total)
				}
				for i := range page.Rows {
					listed[reach] = append(listed[reach], string(page.Rows[i].ID))
				}
			}
		}
		want(t, "own", strings.Join(listed[core.ReachOwn], " "), "own-0 own-1 own-2 own-3 own-4 own-5")
		want(t, "all", strings.Join(listed[core.ReachAll], " "),
			"own-0 other-0 own-1 other-1 own-2 other-2 own-3 other-3 own-4 other-4 own-5 other-5")
	}
}

// TestReachWhileListing: a list that is being read stays what it was begun as,
// though others are asked for meanwhile, and each is kept under a name of its own.
func TestReachWhileListing(t *testing.T) {
	a, err := archive.Open(t.Context(), filepath.Join(t.TempDir(), "archive.sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	c := reaches(t)
	pages := c.answer["GET /backups/detail"]
	second, goOn := make(chan bool), make(chan bool)
	var once sync.Once
	c.on("GET /backups/detail", func(w http.ResponseWriter, r *http.Request) {
		if q := r.URL.Query(); q.Get("marker") == "own-1" && q.Get("all_tenants") == "" {
			once.Do(func() { close(second) })
			<-goOn
		}
		pages(w, r)
	})
	p := c.direct()
	p.options.Listings = a
	type answer struct {
		page core.Page[core.Backup]
		err  error
	}
	own := make(chan answer)
	go func() {
		page, err := p.Backups(t.Context(), core.Query{Reach: core.ReachOwn, Anew: true})
		own <- answer{page, err}
	}()
	<-second
	all, err := p.Backups(t.Context(), core.Query{Reach: core.ReachAll, Anew: true})
	want(t, "all meanwhile", say(all.Total, err), "12 <nil>")
	close(goOn)
	it := <-own
	want(t, "own", say(it.page.Total, it.err), "6 <nil>")
	for _, b := range it.page.Rows {
		if !strings.HasPrefix(string(b.ID), "own-") {
			t.Errorf("the own project's list has %s", b.ID)
		}
	}
	for _, l := range []*lists{p.own, p.all} {
		l.backups.source.save(t.Context(), l.backups.rows, time.Now())
	}
	for _, l := range []*lists{p.own, p.all} {
		rows, _, _ := l.backups.source.load(t.Context())
		want(t, "kept", len(rows), len(l.backups.rows))
	}
}

// TestReachTakesIn: a backup of another project that was read alone, as an
// administrator may, is none of the own project's list.
func TestReachTakesIn(t *testing.T) {
	c := reaches(t)
	c.on("GET /backups/new", reply200(`{"backup": {"id": "new", "status": "available", "os-backup-project-attr:project_id": "p"}}`))
	c.on("GET /backups/strange", reply200(`{"backup": {"id": "strange", "status": "available", "os-backup-project-attr:project_id": "q"}}`))
	p := c.direct()
	for _, l := range []core.Reach{core.ReachOwn, core.ReachAll} {
		if _, err := p.Backups(t.Context(), core.Query{Reach: l}); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []core.BackupID{"new", "strange"} {
		if _, err := p.Backup(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	want(t, "own", len(p.own.backups.rows), 7)
	want(t, "all", len(p.all.backups.rows), 14)
	if _, here := p.own.backups.get("strange"); here {
		t.Error("another project's backup is listed as the login's own")
	}
}

// TestOffline: the next run begins with what the last one saw, also when the cloud
// is gone.
func TestOffline(t *testing.T) {
	a, err := archive.Open(t.Context(), filepath.Join(t.TempDir(), "archive.sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	c := listCloud(t)
	p := c.direct()
	p.options.Listings = a
	ask := func(p *Place) core.Page[core.Backup] {
		t.Helper()
		page, err := p.Backups(t.Context(), core.Query{Partial: true})
		if err != nil {
			t.Fatal(err)
		}
		settle(p.own.backups)
		return page
	}
	ask(p)
	p.own.backups.start(&work[core.Backup]{fresh: newMirror(p.life, p.own.backups.source, time.Now)})
	settle(p.own.backups)
	for n := 0; ; n++ { // it is kept in the background
		if at, _ := a.Listing(t.Context(), p.location, "backups", func(io.Reader) error { return nil }); !at.IsZero() {
			break
		}
		if n > 6000 {
			t.Fatal("the listing is not kept")
		}
		time.Sleep(10 * time.Millisecond)
	}
	online := ask(p)
	c.Close()
	q := c.direct()
	q.options.Listings = a
	page, err := q.Backups(t.Context(), core.Query{Partial: true})
	want(t, "offline", say(page.Total, page.AsOf.Set, page.Complete, err), say(online.Total, true, true, nil))
	settle(q.own.backups)
	page, err = q.Backups(t.Context(), core.Query{Partial: true})
	wantCode(t, err, core.CodeUnavailable, "nothing listens")
	want(t, "rows in spite of it", page.Total, online.Total)

	// A cloud of the same name elsewhere is another one.
	elsewhere := c.direct()
	elsewhere.options.Listings = a
	elsewhere.session.login.override += "/elsewhere"
	page, err = elsewhere.Backups(t.Context(), core.Query{Partial: true})
	settle(elsewhere.own.backups)
	if page.Total > 0 {
		t.Errorf("another cloud shows %d rows of the first, %v", page.Total, err)
	}
}

// TestVolumesOffline: the first whole reading of the volumes is kept, too, and shown with
// its age where nothing answers.
func TestVolumesOffline(t *testing.T) {
	a, err := archive.Open(t.Context(), filepath.Join(t.TempDir(), "archive.sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	c := listCloud(t)
	p := c.direct()
	p.options.Listings = a
	online, err := p.Volumes(t.Context(), core.Query{Partial: true})
	if err != nil || online.Total == 0 {
		t.Fatalf("%d volumes, %v", online.Total, err)
	}
	for n := 0; ; n++ { // it is kept in the background
		if at, _ := a.Listing(t.Context(), p.location, "volumes", func(io.Reader) error { return nil }); !at.IsZero() {
			break
		}
		if n > 6000 {
			t.Fatal("the listing is not kept")
		}
		time.Sleep(10 * time.Millisecond)
	}
	c.Close()
	q := c.direct()
	q.options.Listings = a
	page, err := q.Volumes(t.Context(), core.Query{Partial: true, Wants: []string{"name"}})
	want(t, "offline", say(page.Total, page.AsOf.Set, page.Rows[0].ID == online.Rows[0].ID, err), say(online.Total, true, true, nil))
	settle(q.own.volumes)
}

// TestNamesAnew: who has a list read anew gets the names of the volumes of that moment.
func TestNamesAnew(t *testing.T) {
	c := listCloud(t)
	p := c.direct()
	wanted := []string{"name", "volume"}
	name := func(q core.Query) string {
		t.Helper()
		page, err := p.Backups(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range page.Rows {
			if b.VolumeID == volumeID {
				return b.VolumeName.V
			}
		}
		t.Fatal("no backup of the volume")
		return ""
	}
	want(t, "at first", name(core.Query{Wants: wanted}), "db-prod")
	c.on("GET /volumes", reply200(`{"volumes": [{"id": "`+volumeID+`", "name": "renamed"}]}`))
	want(t, "again", name(core.Query{Wants: wanted}), "db-prod")
	want(t, "anew", name(core.Query{Wants: wanted, Anew: true}), "renamed")
}

// TestVerbsKeep: whoever reads a list whole keeps it for browsing offline, where none is
// kept or an old one.
func TestVerbsKeep(t *testing.T) {
	a, err := archive.Open(t.Context(), filepath.Join(t.TempDir(), "archive.sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	c := listCloud(t)
	kept := func(after time.Duration, q core.Query) time.Duration {
		t.Helper()
		p := c.direct()
		now := time.Now().Add(after)
		p.options.Listings, p.options.Now = a, func() time.Time { return now }
		p.own = p.newLists(core.ReachOwn)
		if _, err := p.Backups(t.Context(), q); err != nil {
			t.Fatal(err)
		}
		at, _ := listingAt(t.Context(), p, core.ReachOwn, "backups")
		if at.IsZero() {
			return -1
		}
		return now.Sub(at).Round(time.Minute)
	}
	for i, x := range []struct {
		after time.Duration
		q     core.Query
		want  time.Duration
	}{{0, core.Query{}, 0}, {30 * time.Minute, core.Query{Anew: true}, 30 * time.Minute},
		{2 * time.Hour, core.Query{}, 0}} {
		if got := kept(x.after, x.q); got != x.want {
			t.Errorf("%d: what is kept is %v old, want %v", i, got, x.want)
		}
	}
}

// TestProxied: a cloud that names itself as nobody else does is read to its end.
func TestProxied(t *testing.T) {
	c := newCloud(t)
	c.on("GET /backups/detail", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("OpenStack-API-Version", "volume 3.70")
		if r.URL.Query().Get("marker") == "" {
			fmt.Fprint(w, `{"backups": [{"id": "a", "status": "available"}], `+
				`"backups_links": [{"rel": "next", "href": "https://inside.example:8776/v3/p/backups/detail?limit=1000&marker=a"}]}`)
			return
		}
		fmt.Fprint(w, `{"backups": [{"id": "b", "status": "available"}]}`)
	})
	page, err := c.direct().Backups(context.Background(), core.Query{})
	want(t, "rows", say(page.Total, err), "2 <nil>")
	want(t, "asked", strings.Join(c.requests(), " "),
		"GET /backups/detail?limit=1000 GET /backups/detail?limit=1&with_count=true GET /backups/detail?limit=1000&marker=a")
}
