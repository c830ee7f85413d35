package cinder

import (
	"context"
	"net/url"
	"strconv"

	"hearth/core"
)

// snapshotRow is a snapshot as the API tells it.
type snapshotRow struct {
	ID          string  `json:"id"`
	Name        *string `json:"name"`
	Description *string `json:"description"`
	VolumeID    string  `json:"volume_id"`
	Status      string  `json:"status"`
	Size        int64   `json:"size"`
	CreatedAt   string  `json:"created_at"`
	ProjectID   string  `json:"os-extended-snapshot-attributes:project_id"`
}

// Bounds of a list of snapshots: a page, and all of it.
const (
	snapshotPage  = 1000
	mostSnapshots = 100_000
)

// Snapshots lists those of a volume, or with "" all that the list of volumes reaches, newest
// first. With an error come those that were read before it.
func (p *Place) Snapshots(ctx context.Context, of core.VolumeID) (out []core.Snapshot, err error) {
	const tried = "list the snapshots"
	marker := ""
	for seen := map[string]bool{}; ; seen[marker] = true {
		q := url.Values{"limit": {strconv.Itoa(snapshotPage)}, "sort": {"created_at:desc"}}
		if of != "" {
			q.Set("volume_id", string(of))
		}
		if marker != "" {
			q.Set("marker", marker)
		}
		if p.Reach() == core.ReachAll {
			q.Set("all_tenants", "1")
		}
		r, err := p.session.do(ctx, call{tried: tried, path: "/snapshots/detail", query: q, bounds: pageBounds(snapshotPage)})
		if err != nil {
			return out, err
		}
		var page struct{ Snapshots []snapshotRow }
		if err := decode(tried, r.body, &page); err != nil {
			return out, err
		}
		if page.Snapshots == nil {
			return out, decode(tried, []byte("it has no snapshots"), nil)
		}
		for _, x := range page.Snapshots {
			if of == "" || x.VolumeID == string(of) { // one that passes the filter over lists all
				out = append(out, core.Snapshot{ID: core.SnapshotID(x.ID), Name: optText(x.Name), Description: optText(x.Description),
					VolumeID: core.VolumeID(x.VolumeID), Status: x.Status, Size: x.Size, ProjectID: core.ProjectID(x.ProjectID),
					CreatedAt: optTime(x.CreatedAt)})
			}
		}
		next := nextMarker(r.body, "snapshots")
		if next == noMarker && len(page.Snapshots) > 0 {
			next = page.Snapshots[len(page.Snapshots)-1].ID
		}
		switch {
		case next == "" || next == noMarker:
			return out, nil
		case seen[next] || next == marker || len(out) >= mostSnapshots:
			return out, core.Fail(core.CodeUnreadable, tried,
				"its pages lead in a circle, or do not end", "take what is there for a part of it", nil)
		}
		marker = next
	}
}
