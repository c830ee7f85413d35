package ui

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
)

// Progress takes a step of work; it may be called from several goroutines.
type Progress func(Step)

// Step says how far work is: Done of Total things (0: it is not known of how many),
// what it is at, and what has become of one thing.
type Step struct {
	Done, Total int
	Text        string
	Item, State string // "": the step is of no single thing
}

// Result is how work ended.
type Result struct {
	Note   Note    // what the status line says
	Answer tea.Msg // for the screen that started it, kept with the task; nil: none
	// Changed: something was written, and what is shown may be stale.
	Changed bool
	Gone    []string // the keys of rows that are there no longer
	Then    tea.Msg  // what follows, whatever is shown, such as a dialog; nil: nothing
}

// FailedWith is the result of work that failed.
func FailedWith(err error) Result { return Result{Note: FailureNote(err)} }

// Wrote is the result of work that changed something, and how that went: text is
// said where err is nil.
func Wrote(text string, err error) Result {
	if err != nil {
		return Result{Note: FailureNote(err), Changed: true}
	}
	return Result{Note: Note{Level: LevelGood, Text: text}, Changed: true}
}

// TaskID names a task; 0 is none.
type TaskID int

// TaskState is how a task stands.
type TaskState string

const (
	TaskRunning   TaskState = "running"
	TaskStopping  TaskState = "stopping" // it was cancelled, and has not ended yet
	TaskDone      TaskState = "done"
	TaskPartly    TaskState = "partly" // some of it failed, or it ended with a warning
	TaskFailed    TaskState = "failed"
	TaskCancelled TaskState = "cancelled"
)

// Items says how far each single thing of a task is, by its key. It goes on changing as
// the task does: it is for the turn in which it was asked for.
type Items struct{ at map[string]string }

// At says how far a thing is, "" if nothing was told of it.
func (i Items) At(key string) string { return i.at[key] }

// Keys are those of which something was told, in order.
func (i Items) Keys() []string { return slices.Sorted(maps.Keys(i.at)) }

// Put notes how far things are. The shell alone does.
func (i *Items) Put(more map[string]string) {
	if i.at == nil {
		i.at = map[string]string{}
	}
	maps.Copy(i.at, more)
}

// Task is work that was begun, as it stands.
type Task struct {
	ID           TaskID
	Place        string // the title of the place that it belongs to
	What         string
	State        TaskState
	Step         Step
	Items        Items
	Began, Ended time.Time // by the shell's clock; Ended is zero while it runs
	Note         Note      // how it ended
	Answer       tea.Msg   // what it told the screen that began it
}

// Runs reports whether it has not ended yet.
func (t Task) Runs() bool { return t.State == TaskRunning || t.State == TaskStopping }

// TaskEndedMsg tells every screen that a task has ended.
type TaskEndedMsg struct{ ID TaskID }

// Bar draws how far a task is, for the screen that shows its work: a bar, how many
// of how many, and what it is at.
func (t Task) Bar(l Look, w int) string {
	if t.Step.Total < 1 {
		return Clip(l.Busy.Paint("◌ "+core.Visible(Either(t.Step.Text, t.What)))+l.Dim.Paint("  Ctrl-C cancels it"), w)
	}
	const cells = 20
	n := max(min(t.Step.Done*cells/t.Step.Total, cells), 0)
	text := fmt.Sprintf(" %d/%d  ", t.Step.Done, t.Step.Total)
	return Clip(l.Busy.Paint("["+strings.Repeat("#", n)+strings.Repeat("·", cells-n)+"]"+text)+l.Text.Paint(core.Visible(t.Step.Text)), w)
}
