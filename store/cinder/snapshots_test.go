package cinder

import (
	"fmt"
	"net/http"
	"testing"

	"hearth/core"
)

// TestSnapshots: the list goes on behind its pages, holds to the volume that was asked for also
// where a cloud passes the filter over, and one that leads in a circle ends, and is told of.
func TestSnapshots(t *testing.T) {
	c := newCloud(t)
	row := func(n int, volume string) string {
		return fmt.Sprintf(`{"id": "s%d", "name": "nightly", "volume_id": %q, "status": "available", "size": 3,
			"created_at": "2026-11-22T09:45:49.000000",
			"description": null, "os-extended-snapshot-attributes:project_id": "p"}`, n, volume)
	}
	link := func(marker string) string {
		return fmt.Sprintf(`"snapshots_links": [{"rel": "next", "href": "http://x/v3/snapshots/detail?limit=2&marker=%s"}]`, marker)
	}
	circle := false
	c.on("GET /snapshots/detail", func(w http.ResponseWriter, r *http.Request) {
		switch marker := r.URL.Query().Get("marker"); {
		case marker == "":
			reply200(`{"snapshots": [`+row(1, "v1")+`, `+row(2, "v2")+`], `+link("s2")+`}`)(w, r)
		case circle:
			reply200(`{"snapshots": [`+row(3, "v1")+`], `+link("s2")+`}`)(w, r)
		default:
			reply200(`{"snapshots": [`+row(3, "v1")+`]}`)(w, r)
		}
	})
	p := c.open(Options{})
	all, err := p.Snapshots(t.Context(), "")
	if err != nil || len(all) != 3 {
		t.Fatalf("%+v, %v", all, err)
	}
	x := all[0]
	if x.ID != "s1" || x.Name.Or("") != "nightly" || x.Description.Set || x.VolumeID != "v1" ||
		x.Size != 3 || x.ProjectID != "p" || !x.CreatedAt.Set {
		t.Errorf("%+v", x)
	}
	if of, err := p.Snapshots(t.Context(), "v1"); err != nil || len(of) != 2 {
		t.Errorf("of v1: %+v, %v", of, err)
	}
	circle = true
	some, err := p.Snapshots(t.Context(), "")
	if len(some) == 0 || core.CodeOf(err) != core.CodeUnreadable {
		t.Errorf("in a circle: %d rows, %v", len(some), err)
	}
	c.on("GET /snapshots/detail", reply200(`{"volumes": []}`))
	if _, err := p.Snapshots(t.Context(), ""); err == nil {
		t.Error("an answer of something else is taken for an empty list")
	}
}
