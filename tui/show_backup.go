package tui

import (
	"strconv"

	"hearth/core"
	"hearth/tui/grid"
)

// nameCell is a name for a list; one that is not there says so.
func nameCell(l Look, name core.Opt[string]) grid.Cell {
	if name.Or("") == "" {
		return grid.Cell{Text: "(no name)", Style: l.dim}
	}
	return grid.Cell{Text: core.Visible(name.V)}
}

func statusCell(l Look, status string) grid.Cell {
	return grid.Cell{Text: statusGlyph(status) + " " + core.Visible(status), Style: statusStyle(l, status)}
}

func backupCells(l Look, b *core.Backup) []grid.Cell {
	kind := grid.Cell{Text: "full"}
	if b.Incremental {
		kind = grid.Cell{Text: "incr", Style: l.dim}
	}
	volume := grid.Cell{Text: core.Visible(b.VolumeName.Or(""))}
	if volume.Text == "" {
		volume = grid.Cell{Text: core.Visible(b.VolumeID.Short()), Style: l.dim}
	}
	return []grid.Cell{
		nameCell(l, b.Name), statusCell(l, b.Status), kind, {Text: gib(b.Size)}, {Text: l.Age(b.CreatedAt)}, volume,
		{Text: core.Visible(b.FailReason.Or("")), Style: l.bad}, {Text: core.Visible(b.ID.Short()), Style: l.dim},
		projectCell(l, b.ProjectName, b.ProjectID),
	}
}

// markCells puts a sign before the cells of fields that are assumed or lost.
func markCells(l Look, cells []grid.Cell, marks []core.Mark) []grid.Cell {
	columns := map[string]int{"size": 3, "created_at": 4, "display_name": 0, "volume_id": 5}
	for _, m := range marks {
		i, ok := columns[m.Field]
		switch {
		case !ok:
		case m.State == core.MarkLost:
			cells[i] = grid.Cell{Text: "?", Style: l.unknown}
		default:
			cells[i] = grid.Cell{Text: "~" + cells[i].Text, Style: l.unknown}
		}
	}
	return cells
}

// gib writes a size in GiB.
func gib(n int64) string { return thousands(int(n)) + " GiB" }

// parentGuess says that a parent is not what the place said.
const parentGuess = "? a guess: the newest backup before it"

// backupLines is what there is to know about a backup, for the pane and the tab.
func backupLines(l Look, b *core.Backup, marks ...core.Mark) []line {
	marked := map[string]core.Mark{}
	for _, m := range marks {
		marked[m.Field] = m
	}
	lines := []line{
		text(l.accent.Paint(core.Visible(b.Title()))),
		{},
		field("status", statusStyle(l, b.Status).Paint(statusGlyph(b.Status)+" "+core.Visible(b.Status))),
	}
	if b.FailReason.Or("") != "" {
		lines = append(lines, field("fail reason", l.bad.Paint(core.Visible(b.FailReason.V))))
	}
	parent := orNone(l, string(b.ParentID))
	if b.ParentGuessed {
		parent += "  " + l.warn.Paint(parentGuess)
	}
	for _, f := range []struct{ label, column, value string }{
		{"kind", "is_incremental", b.Kind()},
		{"size", "size", gib(b.Size)},
		{"created", "created_at", l.Since(b.CreatedAt)},
		{"volume", "volume_id", nameAndID(l, b.VolumeName, string(b.VolumeID))},
		{"description", "display_description", nullable(l, b.Description)},
		{"id", "id", orNone(l, string(b.ID))},
		{"parent", "parent_id", parent},
		{"dependents", "num_dependent_backups", thousands(int(b.Dependents))},
		{"objects", "object_count", thousands(int(b.ObjectCount))},
		{"data of", "data_timestamp", l.Clock(b.DataTimestamp)},
		{"updated", "updated_at", l.Clock(b.UpdatedAt)},
		{"container", "container", nullable(l, b.Container)},
		{"service", "service", nullable(l, b.Service)},
		{"service meta", "service_metadata", nullable(l, b.ServiceMetadata)},
		{"snapshot", "snapshot_id", nullable(l, b.SnapshotID)},
		{"restored to", "restore_volume_id", orNone(l, string(b.RestoreVolumeID))},
		{"encryption key", "encryption_key_id", nullable(l, b.EncryptionKeyID)},
		{"project", "project_id", nameAndID(l, b.ProjectName, string(b.ProjectID))},
		{"user", "user_id", orNone(l, b.UserID)},
		{"host", "host", nullable(l, b.Host)},
		{"zone", "availability_zone", nullable(l, b.AvailabilityZone)},
		{"temp volume", "temp_volume_id", orNone(l, string(b.TempVolumeID))},
		{"temp snapshot", "temp_snapshot_id", nullable(l, b.TempSnapshotID)},
	} {
		if b.Unseen.Has(f.column) && !(f.column == "parent_id" && b.ParentID != "") {
			f.value = cannotSee(l)
		}
		x := field(f.label, f.value)
		switch m := marked[f.column]; m.State {
		case core.MarkAssumed:
			x.note = l.unknown.Paint("~ assumed: " + core.Visible(m.Why))
		case core.MarkLost:
			x.value, x.note = l.unknown.Paint("? lost"), l.dim.Paint(core.Visible(m.Why))
		}
		lines = append(lines, x)
	}
	if b.Metadata != nil {
		lines = append(lines, metadataLines(l, "properties", b.Metadata)...)
	}
	return lines
}

// projectCell is whose a row is.
func projectCell(l Look, name core.Opt[string], id core.ProjectID) grid.Cell {
	if name.Or("") != "" {
		return grid.Cell{Text: core.Visible(name.V)}
	}
	return grid.Cell{Text: core.Visible(core.Short(id)), Style: l.dim}
}

// thousands writes a count with its thousands set apart.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
