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

// Work is long work before it is begun: see [Host.Start].
type Work struct {
	What string // "deleting 3 backups", for the title bar and the list of tasks
	// Touches names what it changes, such as "lab/backup/ID": work that touches the
	// same is refused while it runs. nil: it only reads.
	Touches []string
	// Alone: nothing else may run beside it.
	Alone bool
	// Do does it, off the loop. ctx ends when it is cancelled.
	Do func(ctx context.Context, say Progress) Result
	// Opens shows it while it runs and when it is over; nil: its note is all there is.
	Opens func(Host) Screen
}
