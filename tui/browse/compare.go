package browse

import (
	"context"
	"fmt"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/tui/place"
	"hearth/tui/ui"
)

// The ways into the screen of a difference: two that are marked, or the one under the
// cursor with what belongs to it.

const compareKey = "="

// side is one of the two, as the screen of a difference is opened for it.
func backupSide(id core.BackupID) string { return core.SideBackup + ":" + string(id) }
func volumeSide(id core.VolumeID) string { return core.SideVolume + ":" + string(id) }

func difference(a, b string) tea.Cmd {
	return ui.Opening(ui.Open{Screen: "diff", IDs: []string{a, b}})
}

// tooMany says that of so many no two can be compared, "" if they can.
func tooMany(marked int) string {
	if marked > 2 {
		return "more than two are marked"
	}
	return ""
}

// notTwo says that what was marked has changed.
func notTwo(n int) tea.Cmd {
	return ui.Say(ui.LevelWarn, fmt.Sprintf("%d are marked by now, and two can be compared.", n))
}

// compareBackups compares the two backups that are marked, or the one under the cursor
// with its volume or with the backup that it stands on.
func compareBackups(rows place.BackupRows) ui.Action {
	return ui.Action{Name: "compare", Keys: []string{compareKey}, Label: "compare", Minor: true,
		Help: "Show how the two that are marked differ; or this one from its volume, or from the backup it stands on",
		Why:  func() string { return ui.Either(rows.None(), tooMany(rows.Count())) },
		Run: func() tea.Cmd {
			if rows.Count() == 2 {
				return rows.Choose(func(p jobs.Picked) tea.Cmd {
					if len(p.IDs) != 2 {
						return notTwo(len(p.IDs))
					}
					return difference(backupSide(p.IDs[0]), backupSide(p.IDs[1]))
				})
			}
			b := *rows.Current()
			parent := ui.MenuItem{Label: "Its difference from the backup that it stands on", Hint: core.Short(b.ParentID)}
			switch {
			case b.ParentID == "" && !b.Incremental:
				parent.Why = "it is a full backup"
			case b.ParentID == "":
				parent.Why = "this place does not name it; mark two in the list"
			}
			return ui.Show(&ui.MenuBox{Title: "Compare (or mark two in the list)", Items: []ui.MenuItem{
				{Label: "Its difference from its volume as it is now", Hint: b.VolumeName.Or(b.VolumeID.Short())}, parent,
			}, Pick: func(i int) tea.Cmd {
				if i == 1 {
					return difference(backupSide(b.ParentID), backupSide(b.ID))
				}
				return difference(backupSide(b.ID), volumeSide(b.VolumeID))
			}})
		}}
}

// compareVolumes compares the two volumes that are marked, or the newest backup of the
// one under the cursor with it as it is.
func compareVolumes(host ui.Host, at *place.Stay, rows place.VolumeRows) ui.Action {
	return ui.Action{Name: "compare", Keys: []string{compareKey}, Label: "compare", Minor: true,
		Help: "Show how the two that are marked differ; or how this one does from its newest backup",
		Why:  func() string { return ui.Either(rows.None(), tooMany(rows.Count())) },
		Run: func() tea.Cmd {
			if rows.Count() == 2 {
				return rows.Choose(func(p place.PickedVolumes) tea.Cmd {
					if len(p.IDs) != 2 {
						return notTwo(len(p.IDs))
					}
					return difference(volumeSide(p.IDs[0]), volumeSide(p.IDs[1]))
				})
			}
			return withNewest(host, at, rows.Current().ID)
		}}
}

// withNewest opens the difference of a volume from its newest backup that is whole.
func withNewest(host ui.Host, at *place.Stay, id core.VolumeID) tea.Cmd {
	desk := at.Desk()
	return host.Tell(func(ctx context.Context) tea.Msg {
		f, err := core.ParseFilter(filterByVolume(id)+" status:"+core.StatusAvailable, core.BackupColumns)
		if err != nil {
			return ui.Failure(err)
		}
		page, err := desk.Backups(ctx, core.Query{Filter: f, Limit: 1, Sort: []core.Order{{Column: "created", Desc: true}}})
		if err != nil {
			return ui.Failure(err)
		}
		if len(page.Rows) == 0 {
			return ui.Note{Level: ui.LevelWarn, Text: "It has no available backup; mark two volumes to compare them."}
		}
		return ui.Open{Screen: "diff", IDs: []string{backupSide(page.Rows[0].ID), volumeSide(id)}}
	})
}
