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
	titled  interface{ title() string }               // for the title bar; else the registry's name
	texter  interface{ wantsText() bool }             // a text field has the focus: keys go to it
	keyed   interface{ key(tea.KeyPressMsg) tea.Cmd } // takes the keys of that text field
	paster  interface{ paste(string) tea.Cmd }        // takes a paste itself
	resumer interface{ resume() tea.Cmd }             // is shown again: what it shows may be stale
	styled  interface{ restyle() }                    // holds styles that a change of theme makes stale
)

// maker makes a screen; id says of what, where that is needed.
type maker func(b base, id string) screen

// entry is a screen in the registry.
type entry struct {
	name string // for openMsg
	key  string // opens it from everywhere; "" for those that are opened for something
	help string
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
		{name: "journal", key: "J", help: "Journal: what was changed", make: newJournal},
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
type openMsg struct{ screen, id string }

// open makes a command that opens a screen.
func open(screen, id string) tea.Cmd {
	return func() tea.Msg { return openMsg{screen, id} }
}

// pushMsg opens a screen that needs more than an id.
type pushMsg struct {
	name string
	make func(base) screen
}

// closeMsg leaves the screen on top.
type closeMsg struct{}

func closeScreen() tea.Msg { return closeMsg{} }
