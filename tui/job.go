package tui

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store/jobs"
)

// job is long work that shows progress and can be cancelled.
type job struct {
	id       int
	what     string
	step     jobs.Step         // how far it is
	items    map[string]string // how far each thing is that it is on, by its id, where there are many
	cancel   context.CancelFunc
	stopping bool // it was cancelled and has not ended yet
	quit     bool // hearth ends with it
}

// progressMsg says how far the job is, and what has become of single things since
// the last; more follows.
type progressMsg struct {
	id    int
	step  jobs.Step
	items map[string]string
	next  tea.Cmd
}

// jobEndedMsg says that the job is over, and what comes of it.
type jobEndedMsg struct {
	id     int
	result tea.Msg
}

// start runs long work: its progress stands in the title bar, Ctrl-C cancels it,
// and quitting asks. One job runs at a time; a second is refused with the reason.
func (a *app) start(what string, work func(ctx context.Context, progress jobs.Progress) tea.Msg) tea.Cmd {
	if a.job != nil {
		return note(warn, "Not now: "+a.job.what+" is still running; Ctrl-C cancels it.")
	}
	ctx, cancel := context.WithCancel(a.stay.ctx)
	a.lastID++
	id := a.lastID
	a.job = &job{id: id, what: what, cancel: cancel}
	steps := make(chan progressMsg, 1)
	ended := make(chan tea.Msg, 1)
	var listen tea.Cmd
	listen = func() tea.Msg {
		select {
		case s := <-steps:
			s.next = listen
			return s
		case msg := <-ended:
			return jobEndedMsg{id, msg}
		}
	}
	run := a.task(func(context.Context) tea.Msg {
		var saying sync.Mutex
		return work(ctx, func(s jobs.Step) {
			saying.Lock()
			defer saying.Unlock()
			m := progressMsg{id: id, step: s, items: map[string]string{}}
			select { // the newest step is the one that counts, of each thing
			case old := <-steps:
				m.items = old.items
			default:
			}
			if s.Item != "" {
				m.items[s.Item] = s.State
			}
			steps <- m
		})
	})
	return tea.Batch(func() tea.Msg {
		ended <- run()
		return nil
	}, listen)
}

func (a *app) progress(msg progressMsg) tea.Cmd {
	if a.job != nil && a.job.id == msg.id {
		a.job.step = msg.step
		if a.job.items == nil {
			a.job.items = map[string]string{}
		}
		maps.Copy(a.job.items, msg.items)
	}
	return msg.next
}

func (a *app) jobEnded(msg jobEndedMsg) tea.Cmd {
	quit := false
	if a.job != nil && a.job.id == msg.id {
		quit = a.job.quit
		a.job.cancel()
		a.job = nil
	}
	if quit {
		return tea.Quit
	}
	return func() tea.Msg { return msg.result }
}

// jobLine tells what runs, for the title bar.
func (a *app) jobLine() string {
	j := a.job
	text := "◌ " + core.Visible(j.what)
	if j.step.Total > 1 {
		text += fmt.Sprintf(" %d/%d", j.step.Done, j.step.Total)
	}
	if j.step.Text != "" {
		text += ": " + core.Visible(j.step.Text)
	}
	if j.stopping {
		text += " (stopping)"
	}
	return text
}

// bar draws how far the job is, for the screen that shows its work: a bar, how many
// of how many, and what it is at.
func (a *app) bar(w int) string {
	j, s := a.job, a.styles
	if j.step.Total < 1 {
		return clip(s.busy.Paint("◌ "+core.Visible(either(j.step.Text, j.what)))+s.dim.Paint("  Ctrl-C cancels it"), w)
	}
	const cells = 20
	n := max(min(j.step.Done*cells/j.step.Total, cells), 0)
	text := fmt.Sprintf(" %d/%d  ", j.step.Done, j.step.Total)
	return clip(s.busy.Paint("["+strings.Repeat("#", n)+strings.Repeat("·", cells-n)+"]"+text)+s.text.Paint(core.Visible(j.step.Text)), w)
}

// interrupt is Ctrl-C: it cancels what runs; where nothing does it ends hearth.
func (a *app) interrupt() tea.Cmd {
	if a.job == nil || a.job.stopping {
		return a.quit()
	}
	return a.stop()
}

func (a *app) stop() tea.Cmd {
	a.job.cancel()
	a.job.stopping = true
	return note(warn, "Cancelling "+a.job.what+"…")
}

// quit ends hearth; while something runs it asks first.
func (a *app) quit() tea.Cmd {
	j := a.job
	if j == nil {
		return tea.Quit
	}
	items := []menuItem{{label: "Let it run and stay"}, {label: "Cancel it and stay"}, {label: "Cancel it, and quit when it has stopped"}}
	if j.stopping {
		items = []menuItem{{label: "Wait and stay"}, {label: "Quit when it has stopped"}, {label: "Quit now, without waiting"}}
	}
	return show(&menuBox{title: core.Visible(j.what) + " is still running", items: items, pick: func(i int) tea.Cmd {
		running := a.job == j
		switch {
		case i == 0:
			return nil
		case j.stopping:
			j.quit = true
			if i == 2 || !running {
				return tea.Quit
			}
			return nil
		case running:
			j.quit = i == 2
			return a.stop()
		case i == 2:
			return tea.Quit
		}
		return nil
	}})
}
