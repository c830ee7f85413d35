package tui

import (
	tea "charm.land/bubbletea/v2"
)

// screen is what fills the room between the title and the status line.
//
// It differs from a plain tea.Model in what makes screens easy to add: it changes
// itself instead of returning a new one, it is told its room before it is drawn
// (so that view changes nothing), and what its keys do is data.
type screen interface {
	init() tea.Cmd
	update(tea.Msg) tea.Cmd // replies to what it asked for, and facts for everybody
	resize(w, h int)        // called before the first view, and whenever the room changes
	view(w, h int) string   // pure; at most h lines of at most w cells
	actions() []action      // everything that a key can do here
}

// What a screen may also be, by assertion.
type (
	titled  interface{ title() string }          // for the title bar; else the registry's name
	paster  interface{ paste(string) tea.Cmd }   // takes a paste itself
	resumer interface{ resume() tea.Cmd }        // is shown again: what it shows may be stale
	styled  interface{ restyle() }               // holds text that a change of theme or zone makes stale
	opener  interface{ reopen(openMsg) tea.Cmd } // a kept one, that is opened for something once more

	// texter has a text field, which gets the keys while it has the focus.
	texter interface {
		wantsText() bool
		fieldActions() []action      // the keys that are no text
		key(tea.KeyPressMsg) tea.Cmd // all others
	}
)

// maker makes a screen of what is to be opened.
type maker func(base, openMsg) screen

// entry is a screen in the registry.
type entry struct {
	name string // for openMsg
	key  string // opens it from everywhere; "" for those that are opened for something
	help string
	// above: its key opens it on top of what is shown, not in its place.
	above bool
	minor bool // in the footer only where there is room
	// kept: there is one of it, which goes on with what it was at when it is opened
	// again, on top of what is shown.
	kept bool
	// only, if not nil, says where its key is there at all.
	only func(*app) bool
	make maker
	// paste makes the screen of a pasted text; set on the one that takes pastes
	// from everywhere.
	paste func(b base, text string) screen
}

// registry is the one ordered list of screens. A new screen is a file and a line
// here.
var registry []entry

func init() {
	registry = []entry{
		{name: "backups", key: "b", help: "Backups", make: newBackups},
		{name: "volumes", key: "v", help: "Volumes", make: newVolumes},
		{name: "journal", key: "J", help: "Journal", minor: true, make: newJournal},
		{name: "places", key: "c", help: "Places", above: true, minor: true, make: newPlaces},
		{name: "archive", key: "K", help: "Archive", minor: true, kept: true, make: newArchive},
		{name: "copy", key: "Y", help: "Copy to another place", minor: true, kept: true, make: newCopy},
		{name: "recovery", key: "I", help: "Recovery", minor: true, kept: true, make: newRecover},
		{name: "inventory", key: "H", help: "Inventory of the repository", minor: true, kept: true, only: func(a *app) bool { return a.repository() != nil }, make: newInventory},
		{name: "backup", help: "Backup", make: newBackup},
		{name: "volume", help: "Volume", make: newVolume},
		{name: "import", help: "Import", make: newImport, paste: importOf},
	}
}

// find returns the registry's entry of the name.
func find(name string) (entry, bool) {
	for _, e := range registry {
		if e.name == name {
			return e, true
		}
	}
	return entry{}, false
}

// openMsg opens a screen: navigation is data.
type openMsg struct {
	screen string // its name in the registry
	id     string // of what; a list takes it for a filter
	tab    string // to begin with; "" is the first
}

// open makes a command that opens a screen.
func open(screen, id string) tea.Cmd { return openTab(screen, id, "") }

// openTab makes a command that opens a screen at a tab.
func openTab(screen, id, tab string) tea.Cmd {
	return func() tea.Msg { return openMsg{screen, id, tab} }
}

// pushMsg opens a screen that needs more than an id.
type pushMsg struct {
	name string
	make func(base) screen
}

// closeMsg leaves the screen on top.
type closeMsg struct{}

func closeScreen() tea.Msg { return closeMsg{} }
