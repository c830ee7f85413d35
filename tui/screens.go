package tui

// beginIn makes what begins a stay in a place.
func beginIn(at *Stay) Begin {
	return Begin{
		Banner:  at.Banner,
		Screens: screens(at),
		Keys: func(host Host) []action {
			return append([]action{undoAction(host, at)}, at.ProjectActions()...)
		},
		Arrive: at.Arrive,
		Close:  at.Close,
	}
}

// screens is THE list of screens. A new screen is a file in its room, and a line
// here.
func screens(at *Stay) []entry {
	exports := newExports()
	actions := rowActions(at, exports)
	return []entry{
		{name: "backups", key: "b", help: "Backups", make: backupList(at, actions)},
		{name: "volumes", key: "v", help: "Volumes", make: volumeList(at, actions)},
		{name: "journal", key: "J", help: "Journal", minor: true, make: in(at, newJournal)},
		{name: "places", key: "c", help: "Places", above: true, minor: true, make: in(at, newPlaces)},
		{name: "archive", key: "K", help: "Archive", minor: true, kept: true, make: in(at, newArchive)},
		{name: "copy", key: "Y", help: "Copy to another place", minor: true, kept: true, make: in(at, newCopy)},
		{name: "recovery", key: "I", help: "Recovery", minor: true, kept: true, make: in(at, newRecover)},
		{name: "inventory", key: "H", help: "Inventory of the repository", minor: true, kept: true,
			only: func() bool { return at.Repository() != nil }, make: in(at, newInventory)},
		{name: "tasks", key: "W", help: "Tasks", above: true, minor: true, quiet: true, make: newTasks},
		{name: "backup", help: "Backup", make: backupDetail(at, actions, newRestoreTab, newRecordTab)},
		{name: "volume", help: "Volume", make: volumeDetail(at, actions)},
		{name: "import", help: "Import", make: in(at, newImport), paste: func(h Host, text string) screen { return importOf(h, at, text) }},
	}
}

// in makes the maker of a screen of a place.
func in(at *Stay, mk func(Host, *Stay, openMsg) screen) func(Host, openMsg) screen {
	return func(h Host, o openMsg) screen { return mk(h, at, o) }
}

// rowActions are what can be done with a backup or a volume wherever it is shown,
// in the order in which they stand.
func rowActions(at *Stay, exports *exports) RowActions {
	return RowActions{
		Exports: func(h Host, rows BackupRows) []action { return exports.actions(h, at, rows) },
		Backups: func(h Host, rows BackupRows) []action { return backupOperations(h, at, rows) },
		Volumes: func(h Host, rows VolumeRows) []action { return volumeOperations(h, at, rows) },
	}
}
