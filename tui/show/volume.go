package show

import (
	"maps"
	"slices"

	"hearth/core"
	"hearth/tui/grid"
	"hearth/tui/ui"
)

func VolumeCells(l ui.Look, v *core.Volume) []grid.Cell {
	yes := func(b bool) grid.Cell {
		if b {
			return grid.Cell{Text: "yes"}
		}
		return grid.Cell{Text: "-", Style: l.Dim}
	}
	newest := grid.Cell{Text: l.Age(v.LastBackup)}
	if !v.LastBackup.Set {
		newest.Style = l.Warn
		newest.Text = "none"
	}
	count := grid.Cell{Text: Thousands(int(v.Backups))}
	if v.Unseen.Has("backup_count") {
		count = grid.Cell{Text: "?", Style: l.Unknown}
		newest = count
	}
	cells := []grid.Cell{
		NameCell(l, v.Name), StatusCell(l, v.Status), {Text: GiB(v.Size)},
		count, newest, yes(v.Bootable), yes(v.EncryptionKeyID.Set), {Text: core.Visible(v.ID.Short()), Style: l.Dim},
		{Text: core.Visible(v.VolumeType.Or(v.VolumeTypeID.Or("")))},
		projectCell(l, v.ProjectName, v.ProjectID),
	}
	return oddCells(l, cells, v.Odd, map[string]int{"name": 0, "status": 1, "size": 2, "bootable": 5})
}

// VolumeLines is what there is to know about a volume, for the pane and the tab.
func VolumeLines(l ui.Look, v *core.Volume) []ui.Line {
	yes := func(b bool) string {
		if b {
			return "yes"
		}
		return "no"
	}
	field := func(label, value, column string) ui.Line {
		return rawIn(ui.FieldLine(label, value), core.VolumeFields, column, v, v.Unseen)
	}
	ofType := "volume_type_id"
	if v.VolumeTypeID.Or("") == "" && !v.Unseen.Has(ofType) {
		ofType = "volume_type"
	}
	lines := []ui.Line{
		ui.TextLine(l.Accent.Paint(core.Visible(v.Title()))).Titled("the name", v.Name.Or("")),
		{},
		field("status", StatusStyle(l, v.Status).Paint(StatusGlyph(v.Status)+" "+core.Visible(v.Status)), "status"),
		field("size", GiB(v.Size), "size"),
		ui.FieldLine("bootable", yes(v.Bootable)),
		field("type", seenText(l, v.Unseen, "volume_type_id", NameAndID(l, v.VolumeType, v.VolumeTypeID.Or(""))), ofType),
		field("encryption key", seenText(l, v.Unseen, "encryption_key_id", Nullable(l, v.EncryptionKeyID)), "encryption_key_id"),
		field("backups", Thousands(int(v.Backups)), "backup_count"),
		field("newest backup", l.Since(v.LastBackup), "last_backup_at"),
	}
	lines = append(lines, proofLines(l, v.Proof, "")...)
	lines = append(lines,
		field("created", l.Since(v.CreatedAt), "created_at"),
		field("description", Nullable(l, v.Description), "description"),
		field("id", core.Visible(string(v.ID)), "id"),
		field("project", seenText(l, v.Unseen, "project_id", NameAndID(l, v.ProjectName, string(v.ProjectID))), "project_id"),
		field("zone", seenText(l, v.Unseen, "availability_zone", Nullable(l, v.AvailabilityZone)), "availability_zone"),
	)
	for i := range v.Attachments {
		lines = append(lines, ui.FieldLine("attached to", v.Attachments[i].Where()))
	}
	if v.Metadata != nil {
		lines = append(lines, metadataLines(l, "user metadata", v.Metadata)...)
		lines = append(lines, metadataLines(l, "image metadata", v.Image)...)
	}
	return append(append(lines, oddLines(l, v.Odd)...), everyColumn(l, v)...)
}

// everyColumn lists every column of a volume's row, as Cinder names them.
func everyColumn(l ui.Look, v *core.Volume) []ui.Line {
	var lines []ui.Line
	if v.Row.Len() > 0 {
		lines = append(lines, ui.Line{}, l.Part("every column"))
	}
	for name, value := range v.Row.All() {
		shown := ValueText(l, name, value)
		if t, _ := value.Time(); !t.IsZero() {
			shown = l.Clock(core.Some(t))
		}
		x := RawOf(ui.FieldLine(core.Visible(name), shown), name, value)
		if v.Told.Has(name) {
			x.Note = l.Dim.Paint(toldBy(v.Told))
		}
		lines = append(lines, x)
	}
	for _, name := range slices.Sorted(maps.Keys(v.Unseen)) {
		if !v.Row.Has(name) {
			x := ui.FieldLine(core.Visible(name), cannotSee(l))
			x.Raw.Why = "it is not known here"
			lines = append(lines, x)
		}
	}
	return lines
}
