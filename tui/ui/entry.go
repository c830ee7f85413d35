package ui

import (
	"context"

	tea "charm.land/bubbletea/v2"
)

// Entry is a screen in the list of screens.
type Entry struct {
	Name string // for openMsg
	Key  string // opens it from everywhere; "" for those that are opened for something
	Help string
	// above: its key opens it on top of what is shown, not in its place.
	Above bool
	Minor bool // in the footer only where there is room
	Quiet bool // never in the footer
	// kept: there is one of it, which goes on with what it was at when it is opened
	// again, on top of what is shown.
	Kept bool
	// only, if not nil, says where its key is there at all.
	Only func() bool
	Make func(Host, Open) Screen
	// paste makes the screen of a pasted text; set on the one that takes pastes
	// from everywhere.
	Paste func(Host, string) Screen
}

// Push opens a screen that needs more than an id.
type Push struct {
	Name string
	Make func(Host) Screen
}

// Banner is what the frame says of the place that one is in.
type Banner struct {
	Title    string // as the window is called
	Where    string // for the title bar: with the region, and whether it is only read
	Badge    string // "": none
	Color    string // of the badge, "" for the theme's
	ReadOnly bool
}

// BannerMsg says that the banner of the place may be another one now, and what there is to
// be known of it; no Note without a text.
type BannerMsg struct{ Note Note }

// Begin begins a stay in a place: its screens take the place of those that are
// shown. What leads somewhere else sends it; the shell does the rest.
type Begin struct {
	Banner  func() Banner       // without I/O; asked again by and by
	Screens []Entry             // THE list; the first is shown first
	First   Open                // what is shown first instead; without a Screen nothing is
	Keys    func(Host) []Action // what else keys do on every screen there
	Jumps   Jumps               // where else ":" leads
	// Commands are lines that can be typed behind ":" on every screen there, where the screen has
	// none of the name itself.
	Commands func(Host) []Command
	Arrive   func(Host) tea.Cmd // what is done first
	Close    func() error       // closes the place when the stay is over; nil: nothing does
	Said     string             // for the status line
	// Theme is the name of the theme that was chosen there before, "" for none; Themed is told
	// of one that is chosen; nil: nobody remembers it.
	Theme  string
	Themed func(host Host, name string) tea.Cmd
}

// Opens is what is opened first: what First names, if it is there, else the first screen.
func (b Begin) Opens() tea.Cmd {
	for _, e := range b.Screens {
		if e.Name == b.First.Screen && (e.Only == nil || e.Only()) {
			return Opening(b.First)
		}
	}
	return OpenFor(b.Screens[0].Name, "")
}

// Go leads to another place. Where tasks run here, the shell asks first what is to
// become of them; until the other place is open, and if it cannot be opened,
// everything stays as it is.
type Go struct {
	To   string // its location
	Open func(context.Context) (Begin, error)
}
