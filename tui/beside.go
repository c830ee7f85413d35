package tui

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store"
	"hearth/store/jobs"
)

// What screens need that work with two places: choosing the other one, and
// opening it beside the one that is shown.

// opening makes the function that opens another place, or returns why there is
// none. Its result stays open until the place that is shown is left.
func (a *app) opening() func(ctx context.Context, location string) (jobs.Desk, error) {
	st, openPlace := a.stay, a.opt.Open
	return func(ctx context.Context, location string) (jobs.Desk, error) {
		if openPlace == nil {
			return jobs.Desk{}, core.Fail(core.CodeUnsupported, "open "+location, "this hearth was not given a way to open other places", "", nil)
		}
		return st.other(ctx, openPlace, location)
	}
}

// noOther says why no other place can be opened, "" if one can.
func (a *app) noOther() string {
	if a.opt.Open == nil {
		return "this hearth was not given a way to open other places"
	}
	return ""
}

// choice is a place, or something else, that can be chosen.
type choice struct {
	label, hint, location string
	why                   string // why it cannot be chosen
	run                   func() tea.Cmd
}

// choosePlace asks for one of the places that there are: those that may be taken,
// other regions of this cloud, those in first, and any by its location. The list is
// read off the loop.
func (b base) choosePlace(title string, first []choice, refuse func(store.PlaceRow) string, pick func(location string) tea.Cmd) tea.Cmd {
	list, scope := b.opt.Places, b.standing
	here, _ := store.ParseLocation(b.info.Location)
	return b.task(func(context.Context) tea.Msg {
		all := first
		var places []store.PlaceRow
		if list != nil {
			places = list()
		}
		for _, p := range places {
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

// titleOfPlace is a place for a heading.
func titleOfPlace(d jobs.Desk) string { return core.Visible(d.Info().Title) }
