package place

import (
	"errors"
	"fmt"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/tui/ui"
)

// BackupRows are the backups that an action works on, wherever they are shown.
type BackupRows struct {
	Current func() *core.Backup // the one under the cursor, nil if there is none
	Count   func() int          // how many are marked, else whether there is one; a rule's is as well as that is known
	// Choose goes on with those that are marked, else the one under the cursor. Where
	// they are marked by a rule, they are read first.
	Choose func(then func(jobs.Picked) tea.Cmd) tea.Cmd
	Why    func() string // why nothing can be done to them now, "" if it can; nil: it can
}

// OneBackup is a backup that is shown by itself.
func OneBackup(id core.BackupID, current func() *core.Backup) BackupRows {
	return BackupRows{Current: current, Count: func() int { return 1 }, Choose: func(then func(jobs.Picked) tea.Cmd) tea.Cmd {
		return then(jobs.Picked{IDs: []core.BackupID{id}})
	}}
}

// None says why there is nothing to work on, "" if there is.
func (r BackupRows) None() string {
	if why := whyNot(r.Why); why != "" {
		return why
	}
	if r.Current() == nil {
		return "there is no backup under the cursor"
	}
	return ""
}

func whyNot(why func() string) string {
	if why == nil {
		return ""
	}
	return why()
}

// VolumeRows are the volumes that an action works on, wherever they are shown.
type VolumeRows struct {
	Current func() *core.Volume // the one under the cursor, nil if there is none
	Count   func() int          // as of BackupRows, and so are the others
	Choose  func(then func(PickedVolumes) tea.Cmd) tea.Cmd
	Why     func() string
}

// PickedVolumes are what jobs.Picked is of backups.
type PickedVolumes struct {
	IDs  []core.VolumeID
	Left func(*core.Volume) string
}

// OneVolume is a volume that is shown by itself.
func OneVolume(id core.VolumeID, current func() *core.Volume) VolumeRows {
	return VolumeRows{Current: current, Count: func() int { return 1 }, Choose: func(then func(PickedVolumes) tea.Cmd) tea.Cmd {
		return then(PickedVolumes{IDs: []core.VolumeID{id}})
	}}
}

// None says why there is nothing to work on, "" if there is.
func (r VolumeRows) None() string {
	if why := whyNot(r.Why); why != "" {
		return why
	}
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

// Operated tells how work on several backups ended, item by item under e, and has
// the screens read anew.
func Operated(done string, results []jobs.Result, err error) ui.Result {
	r := ui.Result{Changed: true}
	var failures []error
	for _, x := range results {
		switch {
		case x.Err != nil:
			failures = append(failures, fmt.Errorf("%s: %w", core.Visible(x.Backup.Title()), x.Err))
		case x.Status == "":
			r.Gone = append(r.Gone, string(x.Backup.ID))
		}
	}
	switch n := len(results); {
	case len(failures) == 0 && err != nil, n == 1 && err != nil:
		r.Note = ui.FailureNote(err)
	case len(failures) > 0:
		all := core.Fail(core.CodePartial, done, fmt.Sprintf("%d of %s failed", len(failures), core.Count(n, "backup")),
			"e shows each", errors.Join(failures...))
		r.Note = ui.Note{Level: ui.LevelWarn, Text: all.Error(), Err: all}
	case n == 1:
		r.Note = ui.Note{Level: ui.LevelGood, Text: core.Visible(results[0].Backup.Title()) + ": " + done + "."}
	default:
		r.Note = ui.Note{Level: ui.LevelGood, Text: core.Count(n, "backup") + ": " + done + "."}
	}
	return r
}
