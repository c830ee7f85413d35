package place

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"hearth/store"
	"hearth/tui/state"
	"hearth/tui/ui"
)

// Seen is how the place was looked at before; the zero one is not at all.
func (s *Stay) Seen() state.Place { return s.opt.Memory.Of(s.Info().Location) }

// forgets reports whether nothing is remembered of the place, as of a demo, which leaves
// nothing behind.
func (s *Stay) forgets() bool {
	at, err := store.ParseLocation(s.Info().Location)
	return s.opt.Memory == nil || err == nil && at.Kind() == store.KindDemo
}

// visited remembers that one is here.
func (s *Stay) visited(host ui.Host) tea.Cmd {
	now := s.Desk().Now
	if s.forgets() || now == nil {
		return nil
	}
	s.opt.Memory.Visit(s.Info().Location, now())
	return s.save(host)
}

// Remember remembers how the place is looked at.
func (s *Stay) Remember(host ui.Host, change func(*state.Place)) tea.Cmd {
	if s.forgets() {
		return nil
	}
	s.opt.Memory.Change(s.Info().Location, change)
	return s.save(host)
}

// RememberList remembers how a list of the place is looked at.
func (s *Stay) RememberList(host ui.Host, name string, l state.List) tea.Cmd {
	if s.Seen().Lists[name] == l {
		return nil
	}
	return s.Remember(host, func(p *state.Place) { p.Lists[name] = l })
}

// Themed remembers the theme that was chosen here.
func (s *Stay) Themed(host ui.Host, name string) tea.Cmd {
	return s.Remember(host, func(p *state.Place) { p.Theme = name })
}

// save writes down what is remembered.
func (s *Stay) save(host ui.Host) tea.Cmd {
	memory := s.opt.Memory
	return host.Tell(func(ctx context.Context) tea.Msg { return ui.Failure(memory.Save(ctx)) })
}
