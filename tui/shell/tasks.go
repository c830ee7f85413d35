package shell

import (
	"context"
	"fmt"
	"slices"

	"hearth/tui/ui"
)

// mostTasks is how many tasks run at once in one place.
const mostTasks = 4

// tasks are those that run and those that ran since the start, oldest first.
type tasks struct {
	secret *ui.InputBox // the question that work waits for; nil: there is none
	list   []*begun
	quit   bool // hearth ends with the last of them
}

// begun is a task, with what the shell knows of it.
type begun struct {
	ui.Task
	visit   *visit
	starter int // the screen that began it
	touches []string
	alone   bool
	opens   func(ui.Host) ui.Screen
	cancel  context.CancelFunc
}

// find returns the task of an id, nil if there is none.
func (t *tasks) find(id ui.TaskID) *begun {
	i := slices.IndexFunc(t.list, func(b *begun) bool { return b.ID == id })
	if i < 0 {
		return nil
	}
	return t.list[i]
}

// as is a task as it stands.
func (t *tasks) as(id ui.TaskID) ui.Task {
	b := t.find(id)
	if b == nil {
		return ui.Task{}
	}
	return b.Task
}

// running are the tasks that have not ended, of one visit or with nil of all.
func (t *tasks) running(of *visit) (out []*begun) {
	for _, b := range t.list {
		if b.Runs() && (of == nil || b.visit == of) {
			out = append(out, b)
		}
	}
	return out
}

// waits says why work has to wait, "" if it has not to: what touches the same is
// refused, not queued, since a plan that waits grows stale.
func (t *tasks) waits(v *visit, touches []string, alone bool) string {
	here := t.running(v)
	for _, b := range t.running(nil) {
		for _, x := range touches {
			if slices.Contains(b.touches, x) {
				return b.What + " is still running, and touches the same; " + ui.KeyOf("go-tasks") + " shows it"
			}
		}
		if b.visit == v && (alone || b.alone) {
			return b.What + " is still running; " + ui.KeyOf("go-tasks") + " shows it, " + ui.KeyOf("interrupt") + " cancels it"
		}
	}
	if len(here) >= mostTasks {
		return fmt.Sprintf("%d tasks are running, which is the most at once; %s shows them", len(here), ui.KeyOf("go-tasks"))
	}
	return ""
}

// forget takes what has ended out of the list.
func (t *tasks) forget() {
	t.list = slices.DeleteFunc(t.list, func(b *begun) bool { return !b.Runs() })
}
