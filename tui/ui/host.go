package ui

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"
)

// Host is what the shell gives a screen. Nothing in it knows Cinder. None of its
// methods does I/O: those that return a command do their work when it runs. All but
// Look and Answer are called on the loop only.
type Host interface {
	// Look is all that drawing needs: the styles, the clock's last tick, the zone.
	Look() Look
	// Ask does work off the loop; its answer comes back to this screen if that is
	// alive by then. Notes are for everybody.
	Ask(work func(context.Context) tea.Msg) tea.Cmd
	// Tell does work off the loop whose answer is for everybody.
	Tell(work func(context.Context) tea.Msg) tea.Cmd
	// Answer makes a message for this screen, from a dialog or a task.
	Answer(tea.Msg) tea.Msg
	// Later brings a message to this screen after a while, if it is alive then.
	Later(time.Duration, tea.Msg) tea.Cmd
	// Shown reports whether this screen is on top.
	Shown() bool
	// Start begins long work. 0: it was refused, and the command says why.
	Start(Work) (TaskID, tea.Cmd)
	// Task is a task as it stands; the zero Task if there is none of that id.
	Task(TaskID) Task
	// Waits says why work on these things has to wait, "" if it has not to.
	Waits(touches ...string) string
	// Copy takes a text to the clipboard, by whatever way there is, and says which.
	Copy(text, what string) tea.Cmd
	// Save writes a text into a new file of mode 0600.
	Save(file, text, what string) tea.Cmd
	// Said is what the status line still says, "" if nothing.
	Said() string
}

// Reply carries an answer to the screen that asked. A screen that has been left
// meanwhile gets nothing.
type Reply struct {
	To  int // the screen's id
	Msg tea.Msg
}

// Banner is what the frame says of the place that one is in.
type Banner struct {
	Title    string // as the window is called
	Where    string // for the title bar: with the region, and whether it is only read
	Badge    string // "": none
	Color    string // of the badge, "" for the theme's
	ReadOnly bool
}

// BannerMsg says that the banner of the place may be another one now.
type BannerMsg struct{}

// Begin begins a stay in a place: its screens take the place of those that are
// shown. What leads somewhere else sends it; the shell does the rest.
type Begin struct {
	Banner  func() Banner       // without I/O; asked again by and by
	Screens []Entry             // THE list; the first is shown first
	Keys    func(Host) []Action // what else keys do on every screen there
	Arrive  func(Host) tea.Cmd  // what is done first
	Close   func() error        // closes the place when the stay is over; nil: nothing does
	Said    string              // for the status line
}

// TickMsg is the clock's, for the screen that is shown: ages grow.
type TickMsg struct{}

// Go leads to another place. Where tasks run here, the shell asks first what is to
// become of them; until the other place is open, and if it cannot be opened,
// everything stays as it is.
type Go struct {
	To   string // its location
	Open func(context.Context) (Begin, error)
}
