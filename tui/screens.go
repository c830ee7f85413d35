package tui

import (
	"slices"

	"hearth/tui/browse"
	"hearth/tui/morning"
	"hearth/tui/operate"
	"hearth/tui/place"
	"hearth/tui/records"
	"hearth/tui/recovery"
	"hearth/tui/restore"
	"hearth/tui/shell"
	"hearth/tui/ui"
)

// begin makes what begins a stay in a place.
func begin(at *place.Stay) ui.Begin {
	return ui.Begin{
		Banner:  at.Banner,
		Screens: screens(at),
		Keys: func(host ui.Host) []ui.Action {
			return append([]ui.Action{operate.UndoAction(host, at)}, at.ProjectActions()...)
		},
		Jumps:    at.Jumps(),
		Commands: at.Commands,
		Arrive:   at.Arrive,
		Close:    at.Close,
		Theme:    at.Seen().Theme,
		Themed:   at.Themed,
	}
}

// screens is THE list of screens. A new screen is a file in its room, and a line
// here.
func screens(at *place.Stay) []ui.Entry {
	exports := records.NewExports()
	actions := rowActions(at, exports)
	return []ui.Entry{
		{Name: "backups", Key: "b", Help: "Backups", Make: browse.Backups(at, actions)},
		{Name: "volumes", Key: "v", Help: "Volumes", Make: browse.Volumes(at, actions)},
		{Name: "snapshots", Key: "ctrl+s", Help: "Snapshots", Minor: true,
			Only: func() bool { return operate.HasSnapshots(at) }, Make: in(at, operate.Snapshots)},
		{Name: "journal", Key: "J", Help: "Journal", Minor: true, Make: in(at, operate.Journal)},
		{Name: "places", Key: "c", Help: "Places", Above: true, Minor: true, Make: in(at, place.List)},
		{Name: "archive", Key: "K", Help: "Archive", Minor: true, Kept: true, Make: in(at, recovery.Archive)},
		{Name: "copy", Key: "Y", Help: "Copy to another place", Minor: true, Kept: true, Make: in(at, recovery.Copy)},
		{Name: "recovery", Key: "I", Help: "Recovery", Minor: true, Kept: true, Make: in(at, recovery.Recover)},
		{Name: "inventory", Key: "H", Help: "Inventory of the repository", Minor: true, Kept: true,
			Only: func() bool { return at.Repository() != nil }, Make: in(at, recovery.Inventory)},
		{Name: "dashboard", Key: "!", Help: "Dashboard", Kept: true, Quiet: true, Make: in(at, morning.Dashboard)},
		{Name: "policies", Key: "@", Help: "Policies", Kept: true, Quiet: true, Make: in(at, morning.Policies)},
		{Name: "drills", Key: "#", Help: "Drills", Kept: true, Quiet: true, Make: in(at, morning.Drills)},
		{Name: "prune", Help: "Prune by the policies", Kept: true, Make: in(at, morning.Prune)},
		tasksEntry,
		{Name: "timelines", Help: "Timelines", Kept: true, Make: in(at, morning.Timelines)},
		{Name: "timeline", Help: "Timeline", Make: in(at, morning.Timeline)},
		{Name: "backup", Help: "Backup", Make: browse.Backup(at, actions, restore.Tab, records.Tab)},
		{Name: "volume", Help: "Volume", Make: browse.Volume(at, actions)},
		{Name: "diff", Help: "Difference", Make: in(at, restore.Diff)},
		{Name: "against", Help: "Compare with", Make: in(at, restore.Against)},
		{Name: "import", Help: "Import", Make: in(at, records.Import),
			Paste: func(h ui.Host, text string) ui.Screen { return records.ImportOf(h, at, text) }},
	}
}

// tasksEntry is the list of tasks, which is there without a place, too.
var tasksEntry = ui.Entry{Name: "tasks", Key: "W", Help: "Tasks", Above: true, Minor: true, Quiet: true, Make: shell.TaskList}

// in makes the maker of a screen of a place.
func in(at *place.Stay, mk func(ui.Host, *place.Stay, ui.Open) ui.Screen) func(ui.Host, ui.Open) ui.Screen {
	return func(h ui.Host, o ui.Open) ui.Screen { return mk(h, at, o) }
}

// rowActions are what can be done with a backup or a volume wherever it is shown,
// in the order in which they stand.
func rowActions(at *place.Stay, exports *records.Exports) place.RowActions {
	return place.RowActions{
		Exports: func(h ui.Host, rows place.BackupRows) []ui.Action { return exports.Actions(h, at, rows) },
		Backups: func(h ui.Host, rows place.BackupRows) []ui.Action {
			return slices.Concat(operate.BackupActions(h, at, rows), recovery.ExtractActions(h, at, rows), morning.OfBackups(rows))
		},
		Volumes: func(h ui.Host, rows place.VolumeRows) []ui.Action {
			return append(operate.VolumeActions(h, at, rows), morning.OfVolumes(rows)...)
		},
	}
}
