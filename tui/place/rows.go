package place

import (
	"hearth/core"
	"hearth/tui/ui"
)

// BackupRows are the backups that an action works on, wherever they are shown.
type BackupRows struct {
	Current func() *core.Backup    // the one under the cursor, nil if there is none
	Chosen  func() []core.BackupID // those that are marked, else that one
}

// None says why there is nothing to work on, "" if there is.
func (r BackupRows) None() string {
	if r.Current() == nil {
		return "there is no backup under the cursor"
	}
	return ""
}

// VolumeRows are the volumes that an action works on, wherever they are shown.
type VolumeRows struct {
	Current func() *core.Volume    // the one under the cursor, nil if there is none
	Chosen  func() []core.VolumeID // those that are marked, else that one
}

// None says why there is nothing to work on, "" if there is.
func (r VolumeRows) None() string {
	if r.Current() == nil {
		return "there is no volume under the cursor"
	}
	return ""
}

// RowActions are what other rooms add to the keys of backups and volumes.
type RowActions struct {
	Exports, Backups func(ui.Host, BackupRows) []ui.Action
	Volumes          func(ui.Host, VolumeRows) []ui.Action
}
