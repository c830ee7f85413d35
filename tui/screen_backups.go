package tui

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/tui/grid"
)

// backupColumns is what the list of backups shows.
var backupColumns = []grid.Column{
	{Name: "name", Title: "NAME", Width: 34, Min: 26, Grow: 3},
	{Name: "status", Title: "STATUS", Width: 16},
	{Name: "kind", Title: "KIND", Width: 5, Drop: 1},
	{Name: "size", Title: "SIZE", Width: 9, Right: true, Drop: 2},
	{Name: "created", Title: "AGE", Width: 5, Right: true, Flip: true},
	{Name: "volume", Title: "VOLUME", Width: 20, Min: 12, Grow: 2, Drop: 3},
	{Name: "reason", Title: "FAIL REASON", Width: 24, Min: 16, Grow: 2, Drop: 5},
	{Name: "id", Title: "ID", Width: 8, Drop: 4},
}

// newBackups is the list of backups; id, if there is one, is a filter.
func newBackups(b base, at openMsg) screen {
	l := newLister(&b, core.BackupColumns, at.id)
	s := &listScreen[core.Backup]{lister: l, noun: "backup"}
	place := b.desk.Place
	l.query, l.id = place.Backups, func(b *core.Backup) string { return string(b.ID) }
	l.cells = func(x *core.Backup) []grid.Cell { return b.backupCells(x) }
	if r := b.repository(); r != nil {
		l.beside = func(ctx context.Context, rows []core.Backup) map[string][]core.Mark {
			out := map[string][]core.Mark{}
			for i := range rows {
				if marks, err := r.Marks(ctx, rows[i].ID); err == nil {
					out[string(rows[i].ID)] = marks
				}
			}
			return out
		}
		l.cells = func(x *core.Backup) []grid.Cell { return b.markCells(b.backupCells(x), l.marks[string(x.ID)]) }
	}
	l.shown, l.table = backupColumns, grid.New(backupColumns, b.styles.grid())
	l.table.SetSort(l.sort.Column, l.sort.Desc)
	s.detail = func(ctx context.Context, row core.Backup) (core.Backup, error) {
		full, err := place.Backup(ctx, row.ID)
		if !full.VolumeName.Set {
			full.VolumeName = row.VolumeName
		}
		return full, err
	}
	s.lines = func(x *core.Backup) []line { return b.backupLines(x, l.marks[string(x.ID)]...) }
	s.open = func(x *core.Backup) tea.Cmd { return open("backup", string(x.ID)) }
	s.own = func() []action {
		return b.backupActions(s.current, func() []core.BackupID { return backupIDs(s.chosen()) })
	}
	return s
}

// spaced are ids as a screen is opened for them.
func spaced(ids []core.BackupID) string {
	var words []string
	for _, id := range ids {
		words = append(words, string(id))
	}
	return strings.Join(words, " ")
}

func backupIDs(keys []string) []core.BackupID {
	var ids []core.BackupID
	for _, k := range keys {
		ids = append(ids, core.BackupID(k))
	}
	return ids
}

// nameCell is a name for a list; one that is not there says so.
func (a *app) nameCell(name core.Opt[string]) grid.Cell {
	if name.Or("") == "" {
		return grid.Cell{Text: "(no name)", Style: a.styles.dim}
	}
	return grid.Cell{Text: core.Visible(name.V)}
}

func (a *app) statusCell(status string) grid.Cell {
	return grid.Cell{Text: statusGlyph(status) + " " + core.Visible(status), Style: a.styles.status(status)}
}

func (a *app) backupCells(b *core.Backup) []grid.Cell {
	s := a.styles
	kind := grid.Cell{Text: "full"}
	if b.Incremental {
		kind = grid.Cell{Text: "incr", Style: s.dim}
	}
	volume := grid.Cell{Text: core.Visible(b.VolumeName.Or(""))}
	if volume.Text == "" {
		volume = grid.Cell{Text: core.Visible(b.VolumeID.Short()), Style: s.dim}
	}
	return []grid.Cell{
		a.nameCell(b.Name), a.statusCell(b.Status), kind, {Text: gib(b.Size)}, {Text: a.age(b.CreatedAt)}, volume,
		{Text: core.Visible(b.FailReason.Or("")), Style: s.bad}, {Text: core.Visible(b.ID.Short()), Style: s.dim},
		a.projectCell(b.ProjectName, b.ProjectID),
	}
}

// markCells puts a sign before the cells of fields that are assumed or lost.
func (a *app) markCells(cells []grid.Cell, marks []core.Mark) []grid.Cell {
	columns := map[string]int{"size": 3, "created_at": 4, "display_name": 0, "volume_id": 5}
	for _, m := range marks {
		i, ok := columns[m.Field]
		switch {
		case !ok:
		case m.State == core.MarkLost:
			cells[i] = grid.Cell{Text: "?", Style: a.styles.unknown}
		default:
			cells[i] = grid.Cell{Text: "~" + cells[i].Text, Style: a.styles.unknown}
		}
	}
	return cells
}

// gib writes a size in GiB.
func gib(n int64) string { return thousands(int(n)) + " GiB" }

// parentGuess says that a parent is not what the place said.
const parentGuess = "? a guess: the newest backup before it"

// backupLines is what there is to know about a backup, for the pane and the tab.
func (a *app) backupLines(b *core.Backup, marks ...core.Mark) []line {
	s := a.styles
	marked := map[string]core.Mark{}
	for _, m := range marks {
		marked[m.Field] = m
	}
	lines := []line{
		text(s.accent.Paint(core.Visible(b.Title()))),
		{},
		field("status", s.status(b.Status).Paint(statusGlyph(b.Status)+" "+core.Visible(b.Status))),
	}
	if b.FailReason.Or("") != "" {
		lines = append(lines, field("fail reason", s.bad.Paint(core.Visible(b.FailReason.V))))
	}
	parent := s.orNone(string(b.ParentID))
	if b.ParentGuessed {
		parent += "  " + s.warn.Paint(parentGuess)
	}
	for _, f := range []struct{ label, column, value string }{
		{"kind", "is_incremental", b.Kind()},
		{"size", "size", gib(b.Size)},
		{"created", "created_at", a.since(b.CreatedAt)},
		{"volume", "volume_id", s.named(b.VolumeName, string(b.VolumeID))},
		{"description", "display_description", s.opt(b.Description)},
		{"id", "id", s.orNone(string(b.ID))},
		{"parent", "parent_id", parent},
		{"dependents", "num_dependent_backups", thousands(int(b.Dependents))},
		{"objects", "object_count", thousands(int(b.ObjectCount))},
		{"data of", "data_timestamp", a.clock(b.DataTimestamp)},
		{"updated", "updated_at", a.clock(b.UpdatedAt)},
		{"container", "container", s.opt(b.Container)},
		{"service", "service", s.opt(b.Service)},
		{"service meta", "service_metadata", s.opt(b.ServiceMetadata)},
		{"snapshot", "snapshot_id", s.opt(b.SnapshotID)},
		{"restored to", "restore_volume_id", s.orNone(string(b.RestoreVolumeID))},
		{"encryption key", "encryption_key_id", s.opt(b.EncryptionKeyID)},
		{"project", "project_id", s.named(b.ProjectName, string(b.ProjectID))},
		{"user", "user_id", s.orNone(b.UserID)},
		{"host", "host", s.opt(b.Host)},
		{"zone", "availability_zone", s.opt(b.AvailabilityZone)},
		{"temp volume", "temp_volume_id", s.orNone(string(b.TempVolumeID))},
		{"temp snapshot", "temp_snapshot_id", s.opt(b.TempSnapshotID)},
	} {
		if b.Unseen.Has(f.column) && !(f.column == "parent_id" && b.ParentID != "") {
			f.value = s.cannotSee()
		}
		l := field(f.label, f.value)
		switch m := marked[f.column]; m.State {
		case core.MarkAssumed:
			l.note = s.unknown.Paint("~ assumed: " + core.Visible(m.Why))
		case core.MarkLost:
			l.value, l.note = s.unknown.Paint("? lost"), s.dim.Paint(core.Visible(m.Why))
		}
		lines = append(lines, l)
	}
	if b.Metadata != nil {
		lines = append(lines, s.metadata("properties", b.Metadata)...)
	}
	return lines
}

// backupActions are what can be done with a backup, or with several, wherever
// they are shown.
func (b base) backupActions(current func() *core.Backup, chosen func() []core.BackupID) []action {
	noRow := func() string {
		if current() == nil {
			return "there is no backup under the cursor"
		}
		return ""
	}
	noExport := func() string { return either(noRow(), b.cannot(core.OpExport)) }
	toVolume := action{keys: []string{"V"}, help: "Go to its volume", why: noRow, run: func() tea.Cmd { return open("volume", string(current().VolumeID)) }}
	if b.repository() != nil {
		toVolume = action{keys: []string{"V"}, label: "verify", help: "Verify it, or all that are marked: its objects, or every chunk", why: noRow, run: func() tea.Cmd { return open("inventory", spaced(chosen())) }}
	}
	return append([]action{
		{keys: []string{"r"}, label: "restore", help: "Preview what a restore would change", why: noRow, run: func() tea.Cmd { return openTab("backup", string(current().ID), "restore") }},
		{keys: []string{"x"}, label: "export", help: "Copy the record to the clipboard, or those of all marked", why: noExport, run: func() tea.Cmd { return b.exportToClipboard(chosen()) }},
		{keys: []string{"X"}, help: "Export the record to a file, or those of all marked", why: noExport, run: func() tea.Cmd { return b.exportToFile(current(), chosen()) }},
		{keys: []string{"F"}, help: "Choose the format of exports", run: b.chooseFormat},
		{keys: []string{"y"}, help: "Copy the id", why: noRow, run: func() tea.Cmd { return b.copyText(string(current().ID), "the id") }},
		toVolume,
		{keys: []string{"Y"}, label: "copy", minor: true, help: "Copy it, or all that are marked, into another place", why: noExport, run: func() tea.Cmd { return open("copy", spaced(chosen())) }},
		{keys: []string{"R"}, help: "Go to the volume it was last restored to", why: func() string {
			switch x := current(); {
			case x == nil:
				return noRow()
			case x.RestoreVolumeID == "":
				return "it has not been restored, or this place does not say to where"
			}
			return ""
		}, run: func() tea.Cmd { return open("volume", string(current().RestoreVolumeID)) }},
	}, b.backupOperations(current, chosen, noRow)...)
}
