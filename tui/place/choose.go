package place

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store"
	"hearth/store/jobs"
	"hearth/tui/ui"
)

// Choice is a place, or something else, that can be chosen.
type Choice struct {
	Label, Hint, Location string
	Why                   string // why it cannot be chosen
	Run                   func() tea.Cmd
}

// Choose asks for one of the places that there are: those that may be taken,
// other regions of this cloud, those in first, and any by its location. The list is
// read off the loop.
func (s *Stay) Choose(host ui.Host, title string, first []Choice, refuse func(store.PlaceRow) string,
	pick func(location string) tea.Cmd) tea.Cmd {
	scope := s.Scope()
	here, _ := store.ParseLocation(s.Info().Location)
	return host.Tell(func(context.Context) tea.Msg {
		all := first
		for _, p := range s.Places() {
			if p.Location == here.String() {
				continue
			}
			c := Choice{Label: ui.Either(p.Name, p.Location), Hint: p.Location, Location: p.Location, Why: refuse(p)}
			if p.Badge != "" {
				c.Hint += "  " + p.Badge
			}
			all = append(all, c)
		}
		for _, region := range scope.Regions {
			if to := here.With(region, ""); region != scope.Region {
				all = append(all, Choice{Label: to.String(), Hint: "another region of this cloud", Location: to.String()})
			}
		}
		other := Choice{Label: "another place…", Hint: "by its location", Run: func() tea.Cmd {
			return ui.Show(&ui.InputBox{Title: title, Hint: "Its name, or its location: " + store.Syntax, Input: ui.NewInput(""),
				Submit: func(text string) tea.Cmd {
					if text = strings.TrimSpace(text); text == "" {
						return ui.Say(ui.LevelInfo, "Nothing was done.")
					}
					return pick(text)
				}})
		}}
		all = append(all, other)
		m := &ui.MenuBox{Title: title}
		for _, c := range all {
			m.Items = append(m.Items, ui.MenuItem{Label: c.Label, Hint: c.Hint, Why: c.Why})
		}
		m.Pick = func(i int) tea.Cmd {
			if all[i].Run != nil {
				return all[i].Run()
			}
			return pick(all[i].Location)
		}
		return ui.ShowMsg{Overlay: m}
	})
}

// NoImports says why records cannot be brought into a place of the list, "" if
// they may.
func NoImports(p store.PlaceRow) string {
	at, _ := store.ParseLocation(p.Location)
	switch {
	case at.IsRepository():
		return "a backup repository is only read"
	case p.ReadOnly:
		return "it is read-only"
	}
	return ""
}

// EveryBackup reads all rows that a desk reaches.
func EveryBackup(ctx context.Context, d jobs.Desk) ([]core.Backup, error) {
	page, err := d.Backups(ctx, core.Query{Sort: []core.Order{{Column: "created", Desc: true}}, Anew: true})
	return page.Rows, err
}
