package tui

import (
	"context"
	"fmt"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/themes"
)

// progressMsg says how far the job is; more follows.
type progressMsg struct {
	id, done, total int
	next            tea.Cmd
}

// jobEndedMsg says that the job is over, and what comes of it.
type jobEndedMsg struct {
	id     int
	result tea.Msg
}

// start runs long work: its progress stands in the title bar, Ctrl-C cancels it,
// and quitting asks. One job runs at a time; a second is refused with the reason.
func (a *app) start(what string, work func(ctx context.Context, progress func(done, total int)) tea.Msg) tea.Cmd {
	if a.job != nil {
		return note(warn, "Not now: "+a.job.what+" is still running; Ctrl-C cancels it.")
	}
	ctx, cancel := context.WithCancel(a.ctx)
	a.lastID++
	id := a.lastID
	a.job = &job{id: id, what: what, cancel: cancel}
	type step struct{ done, total int }
	steps := make(chan step, 1)
	ended := make(chan tea.Msg, 1)
	var listen tea.Cmd
	listen = func() tea.Msg {
		select {
		case s := <-steps:
			return progressMsg{id, s.done, s.total, listen}
		case msg := <-ended:
			return jobEndedMsg{id, msg}
		}
	}
	run := a.task(func(context.Context) tea.Msg {
		return work(ctx, func(done, total int) {
			select { // the newest step is the one that counts
			case <-steps:
			default:
			}
			steps <- step{done, total}
		})
	})
	return tea.Batch(func() tea.Msg {
		ended <- run()
		return nil
	}, listen)
}

func (a *app) jobMsg(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case progressMsg:
		if a.job != nil && a.job.id == msg.id {
			a.job.done, a.job.total = msg.done, msg.total
		}
		return msg.next
	case jobEndedMsg:
		if a.job != nil && a.job.id == msg.id {
			a.job.cancel()
			a.job = nil
		}
		return func() tea.Msg { return msg.result }
	}
	return nil
}

// jobLine tells what runs, for the title bar.
func (a *app) jobLine() string {
	j := a.job
	text := "◌ " + j.what
	if j.total > 0 {
		text += fmt.Sprintf(" %d/%d", j.done, j.total)
	}
	if j.stopping {
		text += " (stopping)"
	}
	return text
}

// quit ends hearth; while something runs, Ctrl-C and q ask first.
func (a *app) quit() tea.Cmd {
	if a.job == nil {
		return tea.Quit
	}
	j := a.job
	return show(&menuBox{title: core.Visible(j.what) + " is still running", items: []menuItem{
		{label: "Let it run and stay"}, {label: "Cancel it and stay"}, {label: "Cancel it and quit"},
	}, pick: func(i int) tea.Cmd {
		if i == 0 {
			return nil
		}
		j.cancel()
		j.stopping = true
		if i == 2 {
			return tea.Quit
		}
		return note(warn, "Cancelling "+j.what+"…")
	}})
}

// chooseTheme lets a theme be chosen.
func (a *app) chooseTheme() tea.Cmd {
	var items []menuItem
	at := 0
	names := themes.Names()
	for i, name := range names {
		t, err := themes.Load(name)
		if err != nil {
			return func() tea.Msg { return failure(err) }
		}
		items = append(items, menuItem{label: name, hint: t.About})
		if name == a.styles.theme.Name {
			at = i
		}
	}
	return show(&menuBox{title: "Theme", items: items, at: at, pick: func(i int) tea.Cmd {
		t, err := themes.Load(names[i])
		if err != nil {
			return func() tea.Msg { return failure(err) }
		}
		a.opt.AutoTheme = false
		a.setTheme(t)
		return note(info, "Theme "+t.Name+". Keep it with theme = \""+t.Name+"\" under [screen] in the config.")
	}})
}
