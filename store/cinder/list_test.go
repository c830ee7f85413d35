package cinder

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
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

// TestAllProjects: the switch makes another list of it, kept apart.
func TestAllProjects(t *testing.T) {
	c := listCloud(t)
	p := c.direct()
	for _, all := range []bool{false, true, true, false} {
		p.SetAllProjects(all)
		if _, err := p.Backups(t.Context(), core.Query{}); err != nil {
			t.Fatal(err)
		}
	}
	want(t, "asked", c.requests(), "[GET /backups/detail?limit=1000 GET /backups/detail?all_tenants=1&limit=1000 GET /backups/detail?limit=1000]")
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
		settle(p.backups)
		return page
	}
	ask(p)
	p.backups.start(&work[core.Backup]{fresh: newMirror(p.life, p.backups.source, time.Now)})
	settle(p.backups)
	for n := 0; ; n++ { // it is kept in the background
		if at, _ := a.Listing(t.Context(), p.location, "backups", func(io.Reader) error { return nil }); !at.IsZero() {
			break
		}
		if n > 500 {
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
	settle(q.backups)
	page, err = q.Backups(t.Context(), core.Query{Partial: true})
	wantCode(t, err, core.CodeUnavailable, "nothing listens")
	want(t, "rows in spite of it", page.Total, online.Total)

	// A cloud of the same name elsewhere is another one.
	elsewhere := c.direct()
	elsewhere.options.Listings = a
	elsewhere.session.login.override += "/elsewhere"
	page, err = elsewhere.Backups(t.Context(), core.Query{Partial: true})
	settle(elsewhere.backups)
	if page.Total > 0 {
		t.Errorf("another cloud shows %d rows of the first, %v", page.Total, err)
	}
}

// TestProxied: a cloud that names itself as nobody else does is read to its end.
func TestProxied(t *testing.T) {
	c := newCloud(t)
	c.on("GET /backups/detail", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("OpenStack-API-Version", "volume 3.70")
		if r.URL.Query().Get("marker") == "" {
			fmt.Fprint(w, `{"backups": [{"id": "a", "status": "available"}], "backups_links": [{"rel": "next", "href": "https://inside.example:8776/v3/p/backups/detail?limit=1000&marker=a"}]}`)
			return
		}
		fmt.Fprint(w, `{"backups": [{"id": "b", "status": "available"}]}`)
	})
	page, err := c.direct().Backups(context.Background(), core.Query{})
	want(t, "rows", say(page.Total, err), "2 <nil>")
	want(t, "asked", strings.Join(c.requests(), " "), "GET /backups/detail?limit=1000 GET /backups/detail?limit=1000&marker=a")
}
