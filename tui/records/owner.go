package records

import (
	"context"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/tui/ui"
)

// owner is the project that is to own what is imported; the zero owner is whoever the
// place makes it.
type owner struct {
	name string     // as the paste or the user names it
	in   *jobs.Desk // where the login stands in that project; nil: hearth writes the row, or it is this place
}

// words say who owns what is imported.
func (s *importScreen) words() string {
	switch o := s.owner; {
	case o.name == "":
		return s.facts.Owner
	case o.in == nil && !s.byLogin():
		return "project " + o.name + ", whatever the records name"
	}
	return s.facts.Owner
}

// byLogin reports whether the place gives what is imported to the project of the login.
func (s *importScreen) byLogin() bool { return s.at.Info().Kind == core.PlaceCloud }

// desk is where the import is done.
func (s *importScreen) desk() jobs.Desk {
	if s.owner.in != nil {
		return *s.owner.in
	}
	return s.at.Desk()
}

// tenant is a project that a paste names, and how often.
type tenant struct {
	name    string
	records int
}

// tenants are the projects that the paste names beside its records.
func (s *importScreen) tenants() (out []tenant) {
	at := map[string]int{}
	for i := range s.checks {
		name := s.checks[i].Found.Tenant
		if name == "" {
			continue
		}
		if _, ok := at[name]; !ok {
			at[name], out = len(out), append(out, tenant{name: name})
		}
		out[at[name]].records++
	}
	return out
}

// chooseOwner asks which project is to own the backups: one that the paste names, or any.
func (s *importScreen) chooseOwner() tea.Cmd {
	usual := ui.MenuItem{Label: "whom each record names"}
	if s.byLogin() {
		usual.Label = "the project of this login"
	}
	picks, items := []string{""}, []ui.MenuItem{usual}
	for _, t := range s.tenants() {
		picks = append(picks, t.name)
		items = append(items, ui.MenuItem{Label: core.Visible(t.name),
			Hint: fmt.Sprintf("named beside %d of %s", t.records, core.Count(len(s.checks), "record"))})
	}
	items = append(items, ui.MenuItem{Label: "another project…", Hint: "by its id"})
	return ui.Show(&ui.MenuBox{Title: "Who is to own them", Items: items, Pick: func(i int) tea.Cmd {
		if i < len(picks) {
			return s.give(picks[i])
		}
		hint := "Its id, which is written as it stands: nothing here knows projects by their names."
		if s.byLogin() {
			hint = "Its id or name: one in which the login has a role."
		}
		return ui.Show(&ui.InputBox{Title: "Who is to own them", Hint: hint, Input: ui.NewInput(""), Submit: func(name string) tea.Cmd {
			if name = strings.TrimSpace(name); name == "" {
				return ui.Say(ui.LevelInfo, "Nothing was done.")
			}
			return s.give(name)
		}})
	}})
}

// give gives the backups to a project, "" for whoever it would be. In a cloud that is
// another login, which sees other backups: the records are checked there.
func (s *importScreen) give(name string) tea.Cmd {
	if !s.byLogin() {
		s.owner = owner{name: name}
		s.choose()
		s.Resize(s.w, s.h)
		return ui.Say(ui.LevelInfo, "Owner: "+core.Visible(s.words())+".")
	}
	var found []core.Found
	for i := range s.checks {
		found = append(found, s.checks[i].Found)
	}
	gen, here, opens, at := s.Begin(), s.at.Desk(), s.at.Another, s.at.Info().Location
	return s.host.Ask(func(ctx context.Context) tea.Msg {
		m := checkedMsg{gen: gen, again: true, owner: owner{name: name}}
		desk := here
		if name != "" {
			_, location, err := here.ForProject(ctx, name)
			if err == nil && location != at {
				if desk, err = opens(ctx, location); err == nil {
					m.owner.in = &desk
					err = desk.Allowed(core.OpImport)
				}
			}
			if m.err = err; err != nil {
				return m
			}
		}
		m.checks, m.facts, m.err = desk.Preflight(ctx, found)
		return m
	})
}

// choose gives all to the owner, and chooses what can be imported: where the paste names
// that one, what it names with him.
func (s *importScreen) choose() (good int) {
	named := false
	for _, t := range s.tenants() {
		named = named || t.name == s.owner.name
	}
	clear(s.chosen)
	for i := range s.checks {
		s.checks[i].GiveTo(core.ProjectID(s.owner.name))
		if s.checks[i].Refused() {
			continue
		}
		if good++; !named || s.checks[i].Found.Tenant == s.owner.name {
			s.chosen[i] = true
		}
	}
	return good
}

// ownerLabel is in the footer where a paste names a project.
func ownerLabel(named []tenant) string {
	if len(named) == 0 {
		return ""
	}
	return "owner"
}
