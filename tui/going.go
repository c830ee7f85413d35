package tui

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store"
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
			in.Said = "This is " + desk.Info().Title + " now."
			return in, nil
		}}
	}
}

// ProjectActions switch between one project and all, where the place can.
func (s *Stay) ProjectActions() []action {
	if _, ok := s.desk.Place.(store.Reacher); !ok {
		return nil
	}
	all := s.Desk().AllProjects()
	label := map[bool]string{true: "one project", false: "all projects"}[all]
	return []action{{name: "projects", keys: []string{"0"}, label: label, minor: true, help: "List all projects, or only the own",
		why: func() string {
			if all {
				return ""
			}
			return s.Cannot(core.OpAllProjects)
		}, run: func() tea.Cmd { return s.reach(!all) }}}
}

// reach lists all projects, or the own one. What runs goes on with the reach that
// it began with.
func (s *Stay) reach(all bool) tea.Cmd {
	to, text := core.ReachOwn, "Only the own project is listed now."
	if all {
		to, text = core.ReachAll, "All projects are listed now."
	}
	s.mu.Lock()
	s.desk.Reach = to
	s.mu.Unlock()
	return tea.Batch(note(info, text), func() tea.Msg { return BannerMsg{} }, func() tea.Msg { return changedMsg{} })
}
