package shell

import (
	"context"
	"fmt"
	"slices"
	"sync"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/tui/ui"
)

// progressMsg says how far a task is, and what has become of single things since
// the last; more follows.
type progressMsg struct {
	id    ui.TaskID
	step  ui.Step
	items map[string]string
	next  tea.Cmd
}

// workEndedMsg says that a task is over, and what comes of it.
type workEndedMsg struct {
	id     ui.TaskID
	result ui.Result
}

// start runs long work: its progress stands in the title bar and in the list of
// tasks, Ctrl-C cancels it, leaving the place and quitting ask.
func (a *App) start(s seat, w ui.Work) (ui.TaskID, tea.Cmd) {
	if why := a.tasks.waits(s.visit, w.Touches, w.Alone); why != "" {
		return 0, ui.Say(ui.LevelWarn, "Not now: "+why+".")
	}
	ctx, cancel := context.WithCancel(s.visit.ctx)
	a.lastID++
	id := ui.TaskID(a.lastID)
	a.tasks.list = append(a.tasks.list, &begun{
		Task:  ui.Task{ID: id, Place: a.banner.Title, What: w.What, State: ui.TaskRunning, Began: a.opt.Now()},
		visit: s.visit, starter: s.id, touches: w.Touches, alone: w.Alone, opens: w.Opens, cancel: cancel,
	})
	steps, ended := make(chan progressMsg, 1), make(chan ui.Result, 1)
	var listen tea.Cmd
	listen = func() tea.Msg {
		select {
		case m := <-steps:
			m.next = listen
			return m
		case r := <-ended:
			return workEndedMsg{id, r}
		}
	}
	run := func() tea.Msg {
		ended <- s.visit.work(ctx, w.Do, telling(id, steps))
		return nil
	}
	return id, tea.Batch(run, listen)
}

// telling makes the progress of a task: the newest step is the one that counts, of
// each single thing.
func telling(id ui.TaskID, steps chan progressMsg) ui.Progress {
	var saying sync.Mutex
	return func(s ui.Step) {
		saying.Lock()
		defer saying.Unlock()
		m := progressMsg{id: id, step: s, items: map[string]string{}}
		select {
		case old := <-steps:
			m.items = old.items
		default:
		}
		if s.Item != "" {
			m.items[s.Item] = s.State
		}
		steps <- m
	}
}

// working takes how far a task is, or its end.
func (a *App) working(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case progressMsg:
		return a.progress(msg)
	case workEndedMsg:
		return a.workEnded(msg)
	}
	return nil
}

func (a *App) progress(msg progressMsg) tea.Cmd {
	if b := a.tasks.find(msg.id); b != nil && b.Runs() {
		b.Heard(a.opt.Now(), msg.step, msg.items)
		a.relook(func(l *ui.Look) { l.Now = a.opt.Now() })
	}
	return msg.next
}

// workEnded takes the end of a task: it is kept in the list, the status line says
// it, and the screen that began it gets its answer.
func (a *App) workEnded(msg workEndedMsg) tea.Cmd {
	b := a.tasks.find(msg.id)
	if b == nil {
		return nil
	}
	r := msg.result
	b.cancel()
	b.State, b.Ended, b.Note, b.Answer = endOf(r.Note), a.opt.Now(), r.Note, r.Answer
	a.relook(func(l *ui.Look) { l.Now = b.Ended })
	if a.tasks.quit && len(a.tasks.running(nil)) == 0 {
		return tea.Quit
	}
	var out []tea.Msg
	if r.Note.Text != "" {
		n := r.Note
		if b.visit != a.visit {
			n.Text = "In " + b.Place + ": " + n.Text
		}
		out = append(out, n)
	}
	if b.visit != a.visit { // its screens are gone
		return func() tea.Msg { return ui.Tell(out...) }
	}
	if r.Answer != nil {
		out = append(out, ui.Reply{To: b.starter, Msg: r.Answer})
	}
	if r.Changed {
		out = append(out, ui.Changed{Gone: r.Gone})
	}
	return tea.Batch(a.everyScreen(ui.TaskEndedMsg{ID: msg.id}), func() tea.Msg { return ui.Tell(append(out, r.Then)...) })
}

// everyScreen tells a fact to each screen that is alive.
func (a *App) everyScreen(msg tea.Msg) tea.Cmd {
	var cmds []tea.Cmd
	for _, h := range a.held() {
		cmds = append(cmds, h.Update(msg))
	}
	return tea.Batch(cmds...)
}

// taskLine tells what runs, for the title bar; "" if nothing does.
func (a *App) taskLine() string {
	run := a.tasks.running(nil)
	switch len(run) {
	case 0:
		return ""
	case 1:
		return taskText(run[0].Task)
	}
	done, total := 0, 0
	for _, b := range run {
		done, total = done+b.Step.Done, total+b.Step.Total
	}
	text := "◌ " + core.Count(len(run), "task")
	if total > 1 {
		text += fmt.Sprintf(" %d/%d", done, total)
	}
	return text
}

// taskText tells of one that runs.
func taskText(t ui.Task) string {
	text := "◌ " + core.Visible(t.What)
	switch {
	case t.Step.Of > 0:
		text += " " + core.Bytes(t.Step.Bytes) + " of " + core.Bytes(t.Step.Of)
	case t.Step.Total > 1:
		text += fmt.Sprintf(" %d/%d", t.Step.Done, t.Step.Total)
	}
	if t.Step.Text != "" {
		text += ": " + core.Visible(t.Step.Text)
	}
	if t.State == ui.TaskStopping {
		text += " (stopping)"
	}
	return text
}

// interrupt is Ctrl-C: it cancels the task of the screen that is shown, else the
// only one that runs; of several it shows the list. Where nothing is left to
// cancel it ends hearth.
func (a *App) interrupt() tea.Cmd {
	var live []*begun
	for _, b := range a.tasks.running(nil) {
		if b.State == ui.TaskRunning {
			live = append(live, b)
		}
	}
	if len(live) == 0 {
		return a.quit()
	}
	for _, b := range live {
		if n := len(a.stack); len(live) == 1 || n > 0 && b.starter == a.stack[n-1].id {
			return a.stop(b)
		}
	}
	return ui.OpenFor("tasks", "")
}

// stop cancels a task.
func (a *App) stop(b *begun) tea.Cmd {
	b.cancel()
	b.State = ui.TaskStopping
	return ui.Say(ui.LevelWarn, "Cancelling "+b.What+"…")
}

// stopAll cancels all that run, in one visit or with nil in all.
func (a *App) stopAll(of *visit) tea.Cmd {
	var cmds []tea.Cmd
	for _, b := range a.tasks.running(of) {
		if b.State == ui.TaskRunning {
			cmds = append(cmds, a.stop(b))
		}
	}
	return tea.Batch(cmds...)
}

// quit ends hearth; while something runs it asks first.
func (a *App) quit() tea.Cmd {
	run := a.tasks.running(nil)
	if len(run) == 0 {
		return tea.Quit
	}
	title, it := core.Visible(run[0].What)+" is still running", "it"
	if len(run) > 1 {
		title, it = core.Count(len(run), "task")+" are still running", "them"
	}
	stopping := !slices.ContainsFunc(run, func(b *begun) bool { return b.State != ui.TaskStopping })
	has := map[string]string{"it": "it has", "them": "they have"}[it]
	labels := []string{"Let " + it + " run and stay", "Cancel " + it + " and stay", "Cancel " + it + ", and quit when " + has + " stopped"}
	if stopping {
		labels = []string{"Wait and stay", "Quit when " + has + " stopped", "Quit now, without waiting"}
	}
	box := &ui.MenuBox{Title: title, Pick: func(i int) tea.Cmd { return a.quitting(i, stopping) }}
	for _, l := range labels {
		box.Items = append(box.Items, ui.MenuItem{Label: l})
	}
	return ui.Show(box)
}

// quitting does what was chosen of quit's.
func (a *App) quitting(choice int, stopping bool) tea.Cmd {
	runs := len(a.tasks.running(nil)) > 0
	switch {
	case choice == 0:
		return nil
	case stopping && choice == 1:
		a.tasks.quit = true
		if runs {
			return nil
		}
		return tea.Quit
	case choice == 2 && (stopping || !runs):
		return tea.Quit
	}
	a.tasks.quit = choice == 2
	return a.stopAll(nil)
}

// endOf is how a task ended, by what is said of it.
func endOf(n ui.Note) ui.TaskState {
	switch code := core.CodeOf(n.Err); {
	case code == core.CodeCancelled:
		return ui.TaskCancelled
	case code == core.CodePartial, n.Level == ui.LevelWarn:
		return ui.TaskPartly
	case n.Level == ui.LevelBad:
		return ui.TaskFailed
	}
	return ui.TaskDone
}
