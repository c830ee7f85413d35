package sql

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strings"

	"hearth/core"
)

// Snapshots lists those of a volume, or with "" all of them, newest first. A store that hearth
// made has none, and neither has a database without such a table: CodeUnsupported.
func (p *Place) Snapshots(ctx context.Context, of core.VolumeID) (out []core.Snapshot, err error) {
	const tried = "list the snapshots"
	if !p.schema.has("snapshots", "id") || !p.schema.has("snapshots", "volume_id") || !p.schema.has("snapshots", "deleted") {
		return nil, core.Fail(core.CodeUnsupported, tried, "this place keeps none", "", nil)
	}
	err = p.read(ctx, tried, func(q view) error {
		t := func(c string) string { return p.schema.text("s", "snapshots", c) }
		name, from := "NULL", "snapshots s"
		if p.schema.joins() {
			name, from = p.schema.text("v", "volumes", "display_name"), from+" LEFT JOIN volumes v ON v.id = s.volume_id"
		}
		where, args := live("s"), []any{}
		if of != "" {
			where, args = where+" AND "+p.schema.is("s", "volume_id", 1), []any{string(of)}
		}
		rows, err := q.QueryContext(ctx, "SELECT "+strings.Join([]string{
			t("id"), t("display_name"), t("display_description"), t("volume_id"), name, t("status"),
			p.schema.integer("s", "snapshots", "volume_size"), t("project_id"), t("created_at")}, ", ")+
			" FROM "+from+" WHERE "+where, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		out = []core.Snapshot{}
		for rows.Next() {
			var x core.Snapshot
			var id, name, desc, volume, volumeName, status, project, created sql.NullString
			if err := rows.Scan(&id, &name, &desc, &volume, &volumeName, &status, &x.Size, &project, &created); err != nil {
				return err
			}
			x.ID, x.Name, x.Description = core.SnapshotID(id.String), opt(name), opt(desc)
			x.VolumeID, x.VolumeName, x.Status = core.VolumeID(volume.String), opt(volumeName), status.String
			x.ProjectID, x.CreatedAt = core.ProjectID(project.String), optStamp(created)
			out = append(out, x)
		}
		return rows.Err()
	})
	slices.SortStableFunc(out, func(a, b core.Snapshot) int {
		return cmp.Or(b.CreatedAt.V.Compare(a.CreatedAt.V), cmp.Compare(a.ID, b.ID))
	})
	return out, err
}
