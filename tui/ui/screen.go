package ui

import (
	tea "charm.land/bubbletea/v2"
)

// Screen is what fills the room between the title and the status line.
//
// It differs from a plain tea.Model in what makes screens easy to add: it changes
// itself instead of returning a new one, it is told its room before it is drawn
// (so that view changes nothing), and what its keys do is data.
type Screen interface {
	Init() tea.Cmd
	Update(tea.Msg) tea.Cmd // replies to what it asked for, and facts for everybody
	Resize(w, h int)        // called before the first view, and whenever the room changes
	View(w, h int) string   // pure; at most h lines of at most w cells
	Actions() []Action      // everything that a key can do here
}

// What a screen may also be, by assertion.
type (
	Titled  interface{ Title() string }        // for the title bar; else the registry's name
	Paster  interface{ Paste(string) tea.Cmd } // takes a paste itself
	Resumer interface{ Resume() tea.Cmd }      // is shown again: what it shows may be stale
	Styled  interface{ Restyle() }             // holds text that a change of theme or zone makes stale
	Opener  interface{ Reopen(Open) tea.Cmd }  // a kept one, that is opened for something once more

	// texter has a text field, which gets the keys while it has the focus.
	Texter interface {
		WantsText() bool
		FieldActions() []Action       // the keys that are no text
		Type(tea.KeyPressMsg) tea.Cmd // all others
	}
)

// Open opens a screen: navigation is data.
type Open struct {
	Screen string   // its name in the list
	ID     string   // of what
	IDs    []string // of what, where that are several
	Picked any      // how those were picked, for the screen that knows; nil: each by itself
	Filter string   // for a list
	Tab    string   // to begin with; "" is the first
	View   string   // of a list: the name of the saved view that it is to be looked at by
}

// Aimed reports whether it is opened for something.
func (o Open) Aimed() bool {
	return o.ID != "" || len(o.IDs) > 0 || o.Filter != ""
}

// OpenFor makes a command that opens a screen.
func OpenFor(name, id string) tea.Cmd { return Opening(Open{Screen: name, ID: id}) }

// Opening makes a command that opens a screen for something.
func Opening(o Open) tea.Cmd { return func() tea.Msg { return o } }

// Close leaves the screen on top.
type Close struct{}

func CloseScreen() tea.Msg { return Close{} }

// Changed says that something was written: what is shown may be stale, and the
// rows of these keys are there no longer.
type Changed struct{ Gone []string }

// TickMsg is the clock's, for the screen that is shown: ages grow.
type TickMsg struct{}
