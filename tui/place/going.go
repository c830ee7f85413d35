package place

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store"
	"hearth/tui/ui"
)

// MoveTo goes to another place.
func (s *Stay) MoveTo(location string) tea.Cmd {
	return func() tea.Msg { return s.opt.going(location, ui.Open{}) }
}

// going leads to a place, and there to a screen; the zero one is the first.
func (o Options) going(location string, first ui.Open) ui.Go {
	return ui.Go{To: location, Open: func(ctx context.Context) (ui.Begin, error) {
		desk, closing, err := o.Open(ctx, location)
		if err != nil {
			return ui.Begin{}, err
		}
		in := o.Begin(New(desk, closing, o))
		in.Said = "This is " + desk.Info().Title + " now."
		if first.Screen != "" {
			in.First = first
		}
		return in, nil
	}}
}

// ProjectActions switch between one project and all, where the place can.
func (s *Stay) ProjectActions() []ui.Action {
	if _, ok := s.desk.Place.(store.Reacher); !ok {
		return nil
	}
	all := s.Desk().AllProjects()
	label := map[bool]string{true: "one project", false: "all projects"}[all]
	return []ui.Action{{Name: "projects", Keys: []string{"0"}, Label: label, Minor: true, Help: "List all projects, or only the own",
		Why: func() string {
			if all {
				return ""
			}
			return s.Cannot(core.OpAllProjects)
		}, Run: func() tea.Cmd { return s.reach(!all) }}}
}

// Narrowed says why rows of these projects are not all that there are of the place; ""
// if they are, as far as is known.
func (s *Stay) Narrowed(projects core.FieldSet) string {
	switch d := s.Desk(); {
	case d.Narrowed(projects) == "":
		return ""
	case d.AllProjects():
		return "of one project: this login does not see all"
	}
	return "of one project, and not of the whole place (" + ui.KeyOf("projects") + " lists all)"
}

// Wider adds to why one project was looked at, as jobs say it, how all are.
func (s *Stay) Wider(why string) string {
	if why == "" || s.Desk().AllProjects() {
		return why
	}
	return why + "; " + ui.KeyOf("projects") + " looks at all"
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
	return tea.Batch(ui.Say(ui.LevelInfo, text), func() tea.Msg { return ui.BannerMsg{} }, func() tea.Msg { return ui.Changed{} })
}

// Jumps are the places that ":" leads to.
func (s *Stay) Jumps() ui.Jumps {
	if s.opt.Open == nil {
		return ui.Jumps{List: func(context.Context) []ui.Jump { return s.viewJumps() }}
	}
	return ui.Jumps{To: func(name string) tea.Cmd {
		if name = strings.TrimSpace(name); name == "" {
			return ui.Say(ui.LevelWarn, "Say which place: its name, or its location.")
		}
		return s.MoveTo(name)
	}, List: func(context.Context) (out []ui.Jump) {
		here, _ := store.ParseLocation(s.Info().Location)
		for _, p := range s.Places() {
			j := ui.Jump{Kind: "place", Label: ui.Either(p.Name, p.Location), Hint: p.Location, Run: func() tea.Cmd { return s.MoveTo(p.Location) }}
			if p.Location == here.String() {
				j.Why = "you are there"
			}
			out = append(out, j)
		}
		return append(out, s.viewJumps()...)
	}}
}
