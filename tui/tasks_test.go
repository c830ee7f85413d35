package tui

import (
	"context"
	"testing"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/tui/shell"
	"hearth/tui/ui"
)

// beginTask begins work on a rig whose commands are held back; what ends it is in
// the rig's queue.
func beginTask(r *rig, what string, end ui.Result, touches ...string) ui.TaskID {
	id, cmd := r.Host().Start(ui.Work{What: what, Touches: touches, Do: func(ctx context.Context, _ ui.Progress) ui.Result {
		if ctx.Err() != nil {
			return ui.FailedWith(core.Fail(core.CodeCancelled, what, "it was cancelled", "", ctx.Err()))
		}
		return end
	}})
	r.run(cmd)
	return id
}

// taskOf is a task as it stands.
func taskOf(r *rig, id ui.TaskID) ui.Task { return r.Host().Task(id) }

// good is a result that says something.
func goodEnd(text string) ui.Result { return ui.Result{Note: ui.Note{Level: ui.LevelGood, Text: text}} }

// TestTasksSideBySide: two on different things run at once, a third that touches the
// same is refused with the name of the one that does, and cancelling one leaves the
// other.
func TestTasksSideBySide(t *testing.T) {
	r := newRig(t, sharedDemo(t), 120, 30)
	r.asleep = true
	first := beginTask(r, "deleting 3 backups", goodEnd("3 backups: deleted."), "demo backup 1", "demo backup 2")
	second := beginTask(r, "archiving records", goodEnd("Records: 4 new."), "demo archive records")
	if first == 0 || second == 0 {
		t.Fatal("two on different things do not run side by side")
	}
	r.send(shell.Progressed(first, ui.Step{Done: 1, Total: 3}, nil))
	r.send(shell.Progressed(second, ui.Step{Done: 3, Total: 9}, nil))
	r.want("◌ 2 tasks 4/12")

	id, cmd := r.Host().Start(ui.Work{What: "resetting 1 backup", Touches: []string{"demo backup 2"}})
	if n, ok := cmd().(ui.Note); id != 0 || !ok || n.Level != ui.LevelWarn {
		t.Fatalf("one that touches the same is begun: %d %v", id, n)
	} else if want := "deleting 3 backups is still running, and touches the same"; n.Text != "Not now: "+want+"; W shows it." {
		t.Errorf("it is refused as %q", n.Text)
	}
	if why := r.Host().Waits("demo backup 9"); why != "" {
		t.Errorf("what nothing touches has to wait: %s", why)
	}

	r.press("W").takeLast().want("Tasks", "deleting 3 backups", "1 of 3", "archiving records", "3 of 9", "running")
	r.press("down", "x").said2(ui.LevelWarn, "Cancelling")
	if taskOf(r, first).State != ui.TaskStopping && taskOf(r, second).State != ui.TaskStopping {
		t.Fatal("x cancels nothing")
	}
	r.wake()
	states := map[ui.TaskState]int{}
	for _, x := range r.Tasks() {
		states[x.State]++
	}
	if states[ui.TaskDone] != 1 || states[ui.TaskCancelled] != 1 {
		t.Errorf("one was cancelled, and they ended as %v", states)
	}
	r.want("done", "cancelled").press("enter").want("Message").press("esc")
	r.press("d").want("nothing has run")
}

// said2 checks the last note once it is there: the rig may be asleep.
func (r *rig) said2(l ui.Level, part string) *rig {
	r.t.Helper()
	for len(r.queue) > 0 && r.lastNote().Level != l {
		r.takeLast()
	}
	return r.said(l, part)
}

// TestTaskLimit: at most four run in one place, and what is to be alone is.
func TestTaskLimit(t *testing.T) {
	r := newRig(t, sharedDemo(t), 120, 30)
	r.asleep = true
	for range 4 {
		if beginTask(r, "reading", ui.Result{}) == 0 {
			t.Fatal("four that only read do not run side by side")
		}
	}
	if beginTask(r, "reading", ui.Result{}) != 0 {
		t.Error("a fifth runs")
	}
	r.wake()
	r.said(ui.LevelWarn, "4 tasks are running, which is the most at once")

	r = newRig(t, sharedDemo(t), 120, 30)
	r.asleep = true
	beginTask(r, "reading", ui.Result{})
	if id, _ := r.Host().Start(ui.Work{What: "pruning", Alone: true}); id != 0 {
		t.Error("what is to be alone runs beside another")
	}
}

// TestTaskOutlivesItsScreen: who goes elsewhere meanwhile is told all the same, and
// the screen that is gone gets nothing.
func TestTaskOutlivesItsScreen(t *testing.T) {
	r := running(t)
	r.press("v")
	r.wake()
	if all := r.Tasks(); len(all) != 1 || all[0].State != ui.TaskDone {
		t.Fatalf("it ended as %+v", r.Tasks())
	}
	r.press("W").want("exporting 10 backups", "done")
}

// TestCtrlCOfSeveral: of several tasks it shows the list; the task of the screen
// that is shown is cancelled at once.
func TestCtrlCOfSeveral(t *testing.T) {
	r := newRig(t, sharedDemo(t), 120, 30)
	r.asleep = true
	beginTask(r, "reading one", ui.Result{})
	beginTask(r, "reading two", ui.Result{})
	r.press("ctrl+c").takeLast()
	if r.Top().(ui.Titled).Title() != "Tasks" {
		t.Fatalf("Ctrl-C leads to %T", r.Top())
	}
	for _, x := range r.Tasks() {
		if x.State != ui.TaskRunning {
			t.Errorf("%s is %s", x.What, x.State)
		}
	}
	r.press("q").takeLast().want("2 tasks are still running", "Cancel them, and quit when they have stopped")
	r.press("#3")
	r.wake()
	if !r.quits() {
		t.Error("it does not quit when both have stopped")
	}
	for _, x := range r.Tasks() {
		if x.State != ui.TaskCancelled {
			t.Errorf("%s ended as %s", x.What, x.State)
		}
	}
}

// TestPanicInTask ends the task as a failure, and hearth goes on.
func TestPanicInTask(t *testing.T) {
	r := newRig(t, sharedDemo(t), 120, 30)
	_, cmd := r.Host().Start(ui.Work{What: "counting", Do: func(context.Context, ui.Progress) ui.Result { panic("boo") }})
	r.run(cmd)
	if all := r.Tasks(); all[0].State != ui.TaskFailed {
		t.Errorf("it ended as %s", all[0].State)
	}
	r.said(ui.LevelBad, "Something unforeseen").want("90 backups")
}

// tasksOn is a scene of tasks in every state.
func tasksOn(t testing.TB, w, h int) *rig {
	r := newRig(t, sharedDemo(t), w, h)
	beginTask(r, "exporting 3 backups", goodEnd("Copied 5.1 KB to tmux's buffer: 3 records as API JSON."))
	beginTask(r, "deleting 12 backups",
		ui.Result{Note: ui.Note{Level: ui.LevelWarn, Text: "cannot delete all: 1 of 12 backups failed; " + ui.KeyOf("message") + " shows each",
			Err: core.Fail(core.CodePartial, "delete all", "1 of 12 backups failed", "", nil)}})
	beginTask(r, "editing \u202eevil",
		ui.FailedWith(core.Fail(core.CodeUnavailable, "edit backup x", "the cloud does not answer", "try again", nil)))
	r.asleep = true
	restore := beginTask(r, "restoring db-prod-01", ui.Result{})
	archive := beginTask(r, "archiving records", ui.Result{})
	r.send(shell.Progressed(restore, ui.Step{Text: "volume wiki-data is restoring-backup"}, nil))
	r.send(shell.Progressed(archive, ui.Step{Done: 212, Total: 1904}, map[string]string{"4e479383": "new", "0e102b71": "unchanged"}))
	r.queue = nil
	r.send(tea.KeyPressMsg{Code: 'W', Text: "W"})
	return r.takeLast()
}
