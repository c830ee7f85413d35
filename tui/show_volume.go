package tui

import (
	"maps"
	"slices"

	"hearth/core"
	"hearth/tui/grid"
)

func volumeCells(l Look, v *core.Volume) []grid.Cell {
	yes := func(b bool) grid.Cell {
		if b {
			return grid.Cell{Text: "yes"}
		}
		return grid.Cell{Text: "-", Style: l.dim}
	}
	newest := grid.Cell{Text: l.Age(v.LastBackup)}
	if !v.LastBackup.Set {
		newest.Style = l.warn
		newest.Text = "none"
	}
	return []grid.Cell{
		nameCell(l, v.Name), statusCell(l, v.Status), {Text: gib(v.Size)},
		{Text: thousands(int(v.Backups))}, newest, yes(v.Bootable), yes(v.EncryptionKeyID.Set), {Text: core.Visible(v.ID.Short()), Style: l.dim},
		{Text: core.Visible(v.VolumeType.Or(v.VolumeTypeID.Or("")))},
		projectCell(l, v.ProjectName, v.ProjectID),
	}
}

// volumeLines is what there is to know about a volume, for the pane and the tab.
func volumeLines(l Look, v *core.Volume) []line {
	yes := func(b bool) string {
		if b {
			return "yes"
		}
		return "no"
	}
	lines := []line{
		text(l.accent.Paint(core.Visible(v.Title()))),
		{},
		field("status", statusStyle(l, v.Status).Paint(statusGlyph(v.Status)+" "+core.Visible(v.Status))),
		field("size", gib(v.Size)),
		field("bootable", yes(v.Bootable)),
		field("type", seenText(l, v.Unseen, "volume_type_id", nameAndID(l, v.VolumeType, v.VolumeTypeID.Or("")))),
		field("encryption key", seenText(l, v.Unseen, "encryption_key_id", nullable(l, v.EncryptionKeyID))),
		field("backups", thousands(int(v.Backups))),
		field("newest backup", l.Since(v.LastBackup)),
		field("created", l.Since(v.CreatedAt)),
		field("description", nullable(l, v.Description)),
		field("id", core.Visible(string(v.ID))),
		field("project", seenText(l, v.Unseen, "project_id", nameAndID(l, v.ProjectName, string(v.ProjectID)))),
		field("zone", seenText(l, v.Unseen, "availability_zone", nullable(l, v.AvailabilityZone))),
	}
	if v.Metadata != nil {
		lines = append(lines, metadataLines(l, "user metadata", v.Metadata)...)
		lines = append(lines, metadataLines(l, "image metadata", v.Image)...)
	}
	return append(lines, everyColumn(l, v)...)
}

// everyColumn lists every column of a volume's row, as Cinder names them.
func everyColumn(l Look, v *core.Volume) []line {
	var lines []line
	if v.Row.Len() > 0 {
		lines = append(lines, line{}, l.part("every column"))
	}
	for name, value := range v.Row.All() {
		shown := valueText(l, name, value)
		if t, _ := value.Time(); !t.IsZero() {
			shown = l.Clock(core.Some(t))
		}
		lines = append(lines, field(core.Visible(name), shown))
	}
	for _, name := range slices.Sorted(maps.Keys(v.Unseen)) {
		if !v.Row.Has(name) {
			lines = append(lines, field(core.Visible(name), cannotSee(l)))
		}
	}
	return lines
}
