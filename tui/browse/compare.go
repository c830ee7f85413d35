package browse

import (
	"fmt"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/tui/place"
	"hearth/tui/ui"
)

// The ways into the screen of a difference: two that are marked, or the one under the
// cursor and what is chosen.

const compareKey = "="

// backupSide and volumeSide are one of the two, as the screens that compare are opened for it.
func backupSide(id core.BackupID) string { return core.SideBackup + ":" + string(id) }
func volumeSide(id core.VolumeID) string { return core.SideVolume + ":" + string(id) }

func difference(a, b string) tea.Cmd {
	return ui.Opening(ui.Open{Screen: "diff", IDs: []string{a, b}})
}

// against has what one is compared with be chosen.
func against(one string) tea.Cmd { return ui.Opening(ui.Open{Screen: "against", ID: one}) }

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
// with what is chosen.
func compareBackups(rows place.BackupRows) ui.Action {
	return ui.Action{Name: "compare", Keys: []string{compareKey}, Label: "compare", Minor: true,
		Help: "Show how the two that are marked differ; or this one from a backup or a volume that is chosen",
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
			return against(backupSide(rows.Current().ID))
		}}
}

// compareVolumes compares the two volumes that are marked, or the one under the cursor
// as it is with what is chosen.
func compareVolumes(rows place.VolumeRows) ui.Action {
	return ui.Action{Name: "compare", Keys: []string{compareKey}, Label: "compare", Minor: true,
		Help: "Show how the two that are marked differ; or this one from a backup or a volume that is chosen",
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
			return against(volumeSide(rows.Current().ID))
		}}
}
