package show

import (
	"hearth/core"
	"hearth/tui/grid"
	"hearth/tui/ui"
)

// NameCell is a name for a list; one that is not there says so.
func NameCell(l ui.Look, name core.Opt[string]) grid.Cell {
	if name.Or("") == "" {
		return grid.Cell{Text: "(no name)", Style: l.Dim}
	}
	return grid.Cell{Text: core.Visible(name.V)}
}

// BackupName is a backup's name; "?" where its place does not know whether it has one.
func BackupName(l ui.Look, b *core.Backup) grid.Cell {
	if b.Unseen.Has("display_name") {
		return grid.Cell{Text: "?", Style: l.Unknown}
	}
	return NameCell(l, b.Name)
}

func StatusCell(l ui.Look, status string) grid.Cell {
	return grid.Cell{Text: StatusGlyph(status) + " " + core.Visible(status), Style: StatusStyle(l, status)}
}

func BackupCells(l ui.Look, b *core.Backup) []grid.Cell {
	kind := grid.Cell{Text: "full"}
	if b.Incremental {
		kind = grid.Cell{Text: "incr", Style: l.Dim}
	}
	status := StatusCell(l, b.Status)
	switch {
	case b.Status != core.StatusAvailable:
	case b.Layout.Bad():
		status = grid.Cell{Text: "! restores wrong", Style: l.Bad}
	case b.Layout.Says() != "":
		status = grid.Cell{Text: "! not by all", Style: l.Warn} // which releases do not is on its screen
	}
	volume := grid.Cell{Text: core.Visible(b.VolumeName.Or(""))}
	if volume.Text == "" {
		volume = grid.Cell{Text: core.Visible(b.VolumeID.Short()), Style: l.Dim}
	}
	cells := []grid.Cell{
		BackupName(l, b), status, kind, {Text: GiB(b.Size)}, {Text: l.Age(b.CreatedAt)}, volume,
		{Text: core.Visible(b.FailReason.Or("")), Style: l.Bad}, {Text: core.Visible(b.ID.Short()), Style: l.Dim},
		projectCell(l, b.ProjectName, b.ProjectID),
	}
	return oddCells(l, cells, b.Odd, map[string]int{"name": 0, "status": 1, "is_incremental": 2, "size": 3, "created_at": 4, "volume_id": 5,
		"fail_reason": 6})
}

// oddCells shows the values of another kind than Cinder sends as they came; at says
// which cell is a key's.
func oddCells(l ui.Look, cells []grid.Cell, odd core.Odd, at map[string]int) []grid.Cell {
	for key, text := range odd {
		if i, ok := at[key]; ok {
			cells[i] = grid.Cell{Text: core.Visible(text) + " ?", Style: l.Unknown}
		}
	}
	return cells
}

// oddLines lists them.
func oddLines(l ui.Look, odd core.Odd) []ui.Line {
	if len(odd) == 0 {
		return nil
	}
	lines := []ui.Line{{}, l.Part("not as Cinder sends it")}
	for _, key := range odd.Keys() {
		lines = append(lines, ui.FieldLine(core.Visible(key), l.Unknown.Paint(core.Visible(odd[key])+" ?")).Copying(odd[key]))
	}
	return lines
}

// MarkCells puts a sign before the cells of fields that are assumed or lost.
func MarkCells(l ui.Look, cells []grid.Cell, marks []core.Mark) []grid.Cell {
	columns := map[string]int{"size": 3, "created_at": 4, "display_name": 0, "volume_id": 5}
	for _, m := range marks {
		i, ok := columns[m.Field]
		switch {
		case !ok:
		case m.State == core.MarkLost:
			cells[i] = grid.Cell{Text: "?", Style: l.Unknown}
		default:
			cells[i] = grid.Cell{Text: "~" + cells[i].Text, Style: l.Unknown}
		}
	}
	return cells
}

// GiB writes a size in GiB.
func GiB(n int64) string { return Thousands(int(n)) + " GiB" }

// parentGuess says that a parent is not what the place said.
const parentGuess = "? a guess: the newest backup before it"

// BackupLines is what there is to know about a backup, for the pane and the tab.
func BackupLines(l ui.Look, b *core.Backup, marks ...core.Mark) []ui.Line {
	marked := map[string]core.Mark{}
	for _, m := range marks {
		marked[m.Field] = m
	}
	lines := []ui.Line{
		ui.TextLine(l.Accent.Paint(core.Visible(b.Title()))).Titled("the name", b.Name.Or("")),
		{},
		ui.FieldLine("status", StatusStyle(l, b.Status).Paint(StatusGlyph(b.Status)+" "+core.Visible(b.Status))).Copying(b.Status),
	}
	if b.FailReason.Or("") != "" {
		lines = append(lines, ui.FieldLine("fail reason", l.Bad.Paint(core.Visible(b.FailReason.V))).Copying(b.FailReason.V))
	}
	if caution := b.Layout.Advice(); caution != "" {
		lines = append(lines, ui.FieldLine("caution", l.Bad.Paint("! "+core.Visible(caution))))
	}
	lines = append(lines, proofLines(l, b.Proof, b.ID)...)
	parent := OrNone(l, string(b.ParentID))
	if b.ParentGuessed {
		parent += "  " + l.Warn.Paint(parentGuess)
	}
	for _, f := range []struct{ label, column, value string }{
		{"kind", "is_incremental", b.Kind()},
		{"size", "size", GiB(b.Size)},
		{"created", "created_at", l.Since(b.CreatedAt)},
		{"volume", "volume_id", NameAndID(l, b.VolumeName, string(b.VolumeID))},
		{"description", "display_description", Nullable(l, b.Description)},
		{"id", "id", OrNone(l, string(b.ID))},
		{"parent", "parent_id", parent},
		{"dependents", "num_dependent_backups", Thousands(int(b.Dependents))},
		{"objects", "object_count", Thousands(int(b.ObjectCount))},
		{"data of", "data_timestamp", l.Clock(b.DataTimestamp)},
		{"updated", "updated_at", l.Clock(b.UpdatedAt)},
		{"container", "container", Nullable(l, b.Container)},
		{"service", "service", Nullable(l, b.Service)},
		{"service meta", "service_metadata", Nullable(l, b.ServiceMetadata)},
		{"snapshot", "snapshot_id", Nullable(l, b.SnapshotID)},
		{"restored to", "restore_volume_id", OrNone(l, string(b.RestoreVolumeID))},
		{"encryption key", "encryption_key_id", Nullable(l, b.EncryptionKeyID)},
		{"project", "project_id", NameAndID(l, b.ProjectName, string(b.ProjectID))},
		{"user", "user_id", OrNone(l, b.UserID)},
		{"host", "host", Nullable(l, b.Host)},
		{"zone", "availability_zone", Nullable(l, b.AvailabilityZone)},
		{"temp volume", "temp_volume_id", OrNone(l, string(b.TempVolumeID))},
		{"temp snapshot", "temp_snapshot_id", Nullable(l, b.TempSnapshotID)},
	} {
		unseen := b.Unseen
		if f.column == "parent_id" && b.ParentID != "" { // it was guessed
			unseen = nil
		}
		odd, isOdd := b.Odd[f.column]
		if isOdd {
			f.value = l.Unknown.Paint(core.Visible(odd) + " ?")
		} else if unseen.Has(f.column) {
			f.value = cannotSee(l)
		}
		x := rawBackup(ui.FieldLine(f.label, f.value), f.column, b, unseen)
		if isOdd {
			x = x.Copying(odd)
		}
		if b.Told.Has(f.column) {
			x.Note = l.Dim.Paint(toldBy(b.Told))
		}
		switch m := marked[f.column]; m.State {
		case core.MarkAssumed:
			x.Note = l.Unknown.Paint("~ assumed: " + core.Visible(m.Why))
		case core.MarkLost:
			x.Value, x.Note = l.Unknown.Paint("? lost"), l.Dim.Paint(core.Visible(m.Why))
			x.Raw.Why = "it is lost"
		}
		lines = append(lines, x)
	}
	if writer := b.Layout.Writer(); writer != "" {
		lines = append(lines, ui.FieldLine("written by", writer))
	}
	if b.Metadata != nil {
		lines = append(lines, metadataLines(l, "properties", b.Metadata)...)
	}
	return append(lines, oddLines(l, b.Odd)...)
}

// toldBy says which source told a field that the place's API does not.
func toldBy(t core.Told) string { return "· by " + t.By }

// rawBackup has the line of a backup's column copy what that holds. The kind is copied as
// it is shown.
func rawBackup(x ui.Line, column string, b *core.Backup, unseen core.FieldSet) ui.Line {
	switch column {
	case "is_incremental":
		return x
	case "display_description":
		column = "description"
	case "temp_volume_id":
		return x.Copying(string(b.TempVolumeID))
	case "temp_snapshot_id":
		return x.Copying(b.TempSnapshotID.Or(""))
	}
	return rawIn(x, core.BackupColumns, column, b, unseen)
}

// projectCell is whose a row is.
func projectCell(l ui.Look, name core.Opt[string], id core.ProjectID) grid.Cell {
	if name.Or("") != "" {
		return grid.Cell{Text: core.Visible(name.V)}
	}
	return grid.Cell{Text: core.Visible(core.Short(id)), Style: l.Dim}
}

// Thousands writes a count with its thousands set apart.
func Thousands(n int) string { return core.Thousands(n) }
