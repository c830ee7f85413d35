package tui

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/tui/grid"
)

// backupColumns is what the list of backups shows.
var backupColumns = []grid.Column{
	{Name: "name", Title: "NAME", Width: 34, Min: 16, Grow: 3},
	{Name: "status", Title: "STATUS", Width: 16, Min: 12},
	{Name: "kind", Title: "KIND", Width: 5},
	{Name: "size", Title: "SIZE", Width: 9, Right: true, Drop: 1},
	{Name: "created", Title: "AGE", Width: 5, Right: true},
	{Name: "volume", Title: "VOLUME", Width: 20, Min: 12, Grow: 2, Drop: 2},
	{Name: "reason", Title: "FAIL REASON", Width: 24, Min: 12, Grow: 2, Drop: 4},
	{Name: "id", Title: "ID", Width: 8, Drop: 5},
}

// newBackups is the list of backups; id, if there is one, is a filter.
func newBackups(b base, id string) screen {
	l := newLister(&b, core.BackupColumns, id)
	s := &listScreen[core.Backup]{lister: l, noun: "backup"}
	place := b.desk.Place
	l.ask, l.id = place.Backups, func(b *core.Backup) string { return string(b.ID) }
	l.cells = func(x *core.Backup) []grid.Cell { return b.backupCells(x) }
	l.table = grid.New(backupColumns, b.styles.grid())
	l.table.SetSort(l.sort.Column, l.sort.Desc)
	s.detail = func(ctx context.Context, row core.Backup) (core.Backup, error) {
		full, err := place.Backup(ctx, row.ID)
		full.VolumeName = row.VolumeName
		return full, err
	}
	s.lines = func(x *core.Backup) []string { return b.backupLines(x) }
	s.open = func(x *core.Backup) tea.Cmd { return open("backup", string(x.ID)) }
	s.own = func() []action {
		return b.backupActions(s.current, func() []core.BackupID { return backupIDs(s.chosen()) })
	}
	return s
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
	}
}

// gib writes a size in GiB.
func gib(n int64) string { return thousands(int(n)) + " GiB" }

// backupLines is what there is to know about a backup, for the pane and the tab.
func (a *app) backupLines(b *core.Backup) []string {
	s := a.styles
	seen := func(field, text string) string {
		if b.Unseen.Has(field) {
			return s.cannotSee()
		}
		return text
	}
	id := func(v string) string {
		if v == "" {
			return s.dim.Paint("-")
		}
		return core.Visible(v)
	}
	lines := []string{
		s.accent.Paint(core.Visible(b.Title())),
		"",
		s.field("status", s.status(b.Status).Paint(statusGlyph(b.Status)+" "+core.Visible(b.Status))),
	}
	if b.FailReason.Or("") != "" {
		lines = append(lines, s.field("fail reason", s.bad.Paint(core.Visible(b.FailReason.V))))
	}
	created := a.clock(b.CreatedAt) + "  " + s.dim.Paint(a.age(b.CreatedAt)+" ago")
	lines = append(lines,
		s.field("kind", b.Kind()),
		s.field("size", gib(b.Size)),
		s.field("created", created),
		s.field("volume", s.opt(b.VolumeName)+"  "+s.dim.Paint(core.Visible(string(b.VolumeID)))),
		s.field("description", s.opt(b.Description)),
		s.field("id", id(string(b.ID))),
		s.field("parent", seen("parent_id", id(string(b.ParentID)))),
		s.field("dependents", seen("num_dependent_backups", thousands(int(b.Dependents)))),
		s.field("objects", seen("object_count", thousands(int(b.ObjectCount)))),
		s.field("data of", seen("data_timestamp", a.clock(b.DataTimestamp))),
		s.field("updated", seen("updated_at", a.clock(b.UpdatedAt))),
		s.field("container", seen("container", s.opt(b.Container))),
		s.field("service", seen("service", s.opt(b.Service))),
		s.field("service meta", seen("service_metadata", s.opt(b.ServiceMetadata))),
		s.field("snapshot", seen("snapshot_id", s.opt(b.SnapshotID))),
		s.field("restored to", seen("restore_volume_id", id(string(b.RestoreVolumeID)))),
		s.field("encryption key", seen("encryption_key_id", s.opt(b.EncryptionKeyID))),
		s.field("project", seen("project_id", s.named(b.ProjectName, string(b.ProjectID)))),
		s.field("user", seen("user_id", id(b.UserID))),
		s.field("host", seen("host", s.opt(b.Host))),
		s.field("zone", seen("availability_zone", s.opt(b.AvailabilityZone))),
	)
	if b.TempVolumeID != "" || b.TempSnapshotID.Set {
		lines = append(lines, s.field("temp volume", id(string(b.TempVolumeID))), s.field("temp snapshot", s.opt(b.TempSnapshotID)))
	}
	if b.Metadata != nil {
		lines = append(lines, s.metadata("properties", b.Metadata)...)
	}
	return lines
}

// named is a name with its id, or the id alone.
func (s *styles) named(name core.Opt[string], id string) string {
	switch {
	case name.Or("") != "":
		return core.Visible(name.V) + "  " + s.dim.Paint(core.Visible(id))
	case id == "":
		return s.dim.Paint("-")
	}
	return core.Visible(id)
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
	return []action{
		{keys: []string{"r"}, label: "restore", help: "Preview what a restore would change", why: noRow, run: func() tea.Cmd { return open("backup", string(current().ID)+"#restore") }},
		{keys: []string{"x"}, label: "export", help: "Copy the record to the clipboard; of all marked ones where some are marked", why: noRow, run: func() tea.Cmd { return b.exportToClipboard(chosen()) }},
		{keys: []string{"X"}, help: "Export the record to a file", why: noRow, run: func() tea.Cmd { return b.exportToFile(current(), chosen()) }},
		{keys: []string{"F"}, help: "Choose the format of exports", run: b.chooseFormat},
		{keys: []string{"y"}, help: "Copy the id", why: noRow, run: func() tea.Cmd { return b.copyText(string(current().ID), "the id") }},
		{keys: []string{"V"}, help: "Go to its volume", why: noRow, run: func() tea.Cmd { return open("volume", string(current().VolumeID)) }},
		{keys: []string{"R"}, help: "Go to the volume it was last restored to", why: func() string {
			switch x := current(); {
			case x == nil:
				return noRow()
			case x.RestoreVolumeID == "":
				return "it has not been restored, or this place does not say to where"
			}
			return ""
		}, run: func() tea.Cmd { return open("volume", string(current().RestoreVolumeID)) }},
	}
}
