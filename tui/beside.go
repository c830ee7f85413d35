package tui

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store"
	"hearth/store/jobs"
)

// choice is a place, or something else, that can be chosen.
type choice struct {
	label, hint, location string
	why                   string // why it cannot be chosen
	run                   func() tea.Cmd
}

// Choose asks for one of the places that there are: those that may be taken,
// other regions of this cloud, those in first, and any by its location. The list is
// read off the loop.
func (s *Stay) Choose(host Host, title string, first []choice, refuse func(store.PlaceRow) string, pick func(location string) tea.Cmd) tea.Cmd {
	scope := s.Scope()
	here, _ := store.ParseLocation(s.Info().Location)
	return host.Tell(func(context.Context) tea.Msg {
		all := first
		for _, p := range s.Places() {
			if p.Location == here.String() {
				continue
			}
			c := choice{label: either(p.Name, p.Location), hint: p.Location, location: p.Location, why: refuse(p)}
			if p.Badge != "" {
				c.hint += "  " + p.Badge
			}
			all = append(all, c)
		}
		for _, region := range scope.Regions {
			if to := here.With(region, ""); region != scope.Region {
				all = append(all, choice{label: to.String(), hint: "another region of this cloud", location: to.String()})
			}
		}
		other := choice{label: "another place…", hint: "by its location", run: func() tea.Cmd {
			return show(&inputBox{title: title, hint: "Its name, or its location: " + store.Syntax, input: newInput(""), submit: func(text string) tea.Cmd {
				if text = strings.TrimSpace(text); text == "" {
					return note(info, "Nothing was done.")
				}
				return pick(text)
			}})
		}}
		all = append(all, other)
		m := &menuBox{title: title}
		for _, c := range all {
			m.items = append(m.items, menuItem{label: c.label, hint: c.hint, why: c.why})
		}
		m.pick = func(i int) tea.Cmd {
			if all[i].run != nil {
				return all[i].run()
			}
			return pick(all[i].location)
		}
		return showMsg{m}
	})
}

// noImports says why records cannot be brought into a place of the list, "" if
// they may.
func noImports(p store.PlaceRow) string {
	at, _ := store.ParseLocation(p.Location)
	switch {
	case at.IsRepository():
		return "a backup repository is only read"
	case p.ReadOnly:
		return "it is read-only"
	}
	return ""
}

// everyBackup reads all rows that a desk reaches.
func everyBackup(ctx context.Context, d jobs.Desk) ([]core.Backup, error) {
	page, err := d.Backups(ctx, core.Query{Sort: []core.Order{{Column: "created", Desc: true}}, Anew: true})
	return page.Rows, err
}
