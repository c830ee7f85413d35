package ui

import (
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
	Bytes, Of   int64  // how much of how much is read or written; Of 0: that is not counted
	Item, State string // "": the step is of no single thing
}

// Amount is how far it is in words, of things and of bytes; "" where neither is known.
func (s Step) Amount() string {
	var parts []string
	if s.Total > 1 {
		parts = append(parts, core.Thousands(s.Done)+" of "+core.Thousands(s.Total))
	}
	if s.Of > 0 {
		parts = append(parts, core.Bytes(s.Bytes)+" of "+core.Bytes(s.Of))
	}
	return strings.Join(parts, ", ")
}

// share is how many of n cells of a bar are full: by bytes where they are counted.
func (s Step) share(n int) int {
	done, total := int64(s.Done), int64(s.Total)
	if s.Of > 0 {
		done, total = s.Bytes, s.Of
	}
	if total < 1 {
		return 0
	}
	return int(max(min(float64(done)/float64(total), 1), 0) * float64(n))
}

// Gauge is a bar of n cells with its two signs.
func (s Step) Gauge(n int, full, empty string) string {
	done := s.share(n)
	return strings.Repeat(full, done) + strings.Repeat(empty, n-done)
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
	Pace         core.Pace
	Log          []Logged // what it was at, and what became of single things, oldest first
}

// Logged is a line of a task's log.
type Logged struct {
	At   time.Time
	Text string
}

// mostLogged is how many lines of a task are kept: the first and the last of them.
const mostLogged = 1000

// Heard takes a step, and what has become of things since the one before.
func (t *Task) Heard(at time.Time, s Step, items map[string]string) {
	if s.Text != "" && s.Text != t.Step.Text {
		t.log(at, s.Text)
	}
	for _, key := range slices.Sorted(maps.Keys(items)) {
		if t.Items.At(key) != items[key] {
			t.log(at, key+": "+items[key])
		}
	}
	t.Step = s
	t.Items.Put(items)
	if t.Pace.Bytes = s.Of > 0; t.Pace.Bytes {
		t.Pace.Note(at, s.Bytes, s.Of)
	} else {
		t.Pace.Note(at, int64(s.Done), int64(s.Total))
	}
}

func (t *Task) log(at time.Time, text string) {
	if len(t.Log) == mostLogged {
		t.Log = slices.Delete(t.Log, mostLogged/2, mostLogged/2+1)
	}
	t.Log = append(t.Log, Logged{at, text})
}

// Runs reports whether it has not ended yet.
func (t Task) Runs() bool { return t.State == TaskRunning || t.State == TaskStopping }

// TaskEndedMsg tells every screen that a task has ended.
type TaskEndedMsg struct{ ID TaskID }

// Bar draws how far a task is, for the screen that shows its work: a bar, how many
// of how many, and what it is at.
func (t Task) Bar(l Look, w int) string {
	if t.Step.Total < 1 && t.Step.Of < 1 {
		return Clip(l.Busy.Paint("◌ "+core.Visible(Either(t.Step.Text, t.What)))+l.Dim.Paint("  "+KeyOf("interrupt")+" cancels it"), w)
	}
	text := " "
	if t.Step.Total > 0 {
		text += core.Thousands(t.Step.Done) + " of " + core.Thousands(t.Step.Total) + "  "
	}
	said := t.Step.Text
	if t.Step.Of > 0 {
		said = core.Bytes(t.Step.Bytes) + " of " + core.Bytes(t.Step.Of)
		if pace := t.Pace.Text(l.Now); pace != "" {
			said += ", " + pace
		}
		if t.Step.Text != "" {
			said += "  " + t.Step.Text
		}
	}
	return Clip(l.Busy.Paint(t.Step.Gauge(20, "█", "░")+text)+l.Text.Paint(core.Visible(said)), w)
}
