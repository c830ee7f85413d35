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

// entry is a screen in the list of screens.
type entry struct {
	name string // for openMsg
	key  string // opens it from everywhere; "" for those that are opened for something
	help string
	// above: its key opens it on top of what is shown, not in its place.
	above bool
	minor bool // in the footer only where there is room
	quiet bool // never in the footer
	// kept: there is one of it, which goes on with what it was at when it is opened
	// again, on top of what is shown.
	kept bool
	// only, if not nil, says where its key is there at all.
	only func() bool
	make func(Host, openMsg) screen
	// paste makes the screen of a pasted text; set on the one that takes pastes
	// from everywhere.
	paste func(Host, string) screen
}

// openMsg opens a screen: navigation is data.
type openMsg struct {
	Screen string   // its name in the list
	ID     string   // of what
	IDs    []string // of what, where that are several
	Filter string   // for a list
	Tab    string   // to begin with; "" is the first
	Pick   *Pick    // a list is opened for one of its rows to be chosen; nil: it is not
}

// aimed reports whether it is opened for something.
func (o openMsg) aimed() bool {
	return o.ID != "" || len(o.IDs) > 0 || o.Filter != "" || o.Pick != nil
}

// Pick is what a list of which one row is to be chosen is opened for.
type Pick struct {
	Title string
	More  []action                 // what else can be chosen
	Take  func(key string) tea.Cmd // the row that was chosen
}

// open makes a command that opens a screen.
func open(name, id string) tea.Cmd { return opening(openMsg{Screen: name, ID: id}) }

// opening makes a command that opens a screen for something.
func opening(o openMsg) tea.Cmd { return func() tea.Msg { return o } }

// pushMsg opens a screen that needs more than an id.
type pushMsg struct {
	name string
	make func(Host) screen
}

// closeMsg leaves the screen on top.
type closeMsg struct{}

func closeScreen() tea.Msg { return closeMsg{} }

// changedMsg says that something was written: what is shown may be stale, and the
// rows of these keys are there no longer.
type changedMsg struct{ Gone []string }
