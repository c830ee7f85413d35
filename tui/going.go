package tui

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
)

// MoveTo goes to another place.
func (s *Stay) MoveTo(location string) tea.Cmd {
	opt := s.opt
	return func() tea.Msg {
		return Go{To: location, Open: func(ctx context.Context) (Begin, error) {
			desk, closing, err := opt.Open(ctx, location)
			if err != nil {
				return Begin{}, err
			}
			in := opt.Begin(NewStay(desk, closing, opt))
			in.Said = "This is " + desk.Place.Info().Title + " now."
			return in, nil
		}}
	}
}

// wide is a place that can list one project, or all.
type wide interface {
	AllProjects() bool
	SetAllProjects(bool) // does no I/O
}

// ProjectActions switch between one project and all, where the place can.
func (s *Stay) ProjectActions() []action {
	p, ok := s.desk.Place.(wide)
	if !ok {
		return nil
	}
	label := "all projects"
	if p.AllProjects() {
		label = "one project"
	}
	return []action{{name: "projects", keys: []string{"0"}, label: label, minor: true, help: "List all projects, or only the own", why: func() string {
		if p.AllProjects() {
			return ""
		}
		return s.Cannot(core.OpAllProjects)
	}, run: func() tea.Cmd {
		p.SetAllProjects(!p.AllProjects())
		told := "Only the own project is listed now."
		if p.AllProjects() {
			told = "All projects are listed now."
		}
		return tea.Batch(note(info, told), func() tea.Msg { return BannerMsg{} }, func() tea.Msg { return changedMsg{} })
	}}}
}
