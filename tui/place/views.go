package place

import (
	"context"
	"maps"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store"
	"hearth/tui/state"
	"hearth/tui/ui"
)

// Saved views: a filter, an order and columns of a list, and the place, by a name.

// views are those of the config and those that were saved, by their names; of one name the
// config's.
func (o Options) views() map[string]state.View {
	out := o.Memory.Views()
	if out == nil {
		out = map[string]state.View{}
	}
	maps.Copy(out, o.Views)
	return out
}

// View is the view of a name; false if there is none.
func (s *Stay) View(name string) (state.View, bool) {
	v, ok := s.opt.views()[name]
	return v, ok
}

// See shows a list as a view of the name has it, in the view's place.
func (s *Stay) See(name string) tea.Cmd {
	v, ok := s.View(name)
	if !ok {
		return ui.Fail(core.Fail(core.CodeNotFound, "show the view "+core.Visible(name), "there is none of that name", s.otherViews(), nil))
	}
	open := ui.Open{Screen: v.ListName(), View: name}
	return func() tea.Msg {
		if v.Place == "" || s.isHere(v.Place) {
			return open
		}
		if why := s.NoOther(); why != "" {
			return ui.Note{Level: ui.LevelWarn, Text: "The view " + core.Visible(name) + " is of " + core.Visible(v.Place) + ": " + why + "."}
		}
		return s.opt.going(v.Place, open)
	}
}

// otherViews says which views there are.
func (s *Stay) otherViews() string {
	names := slices.Sorted(maps.Keys(s.opt.views()))
	if len(names) == 0 {
		return "a list is saved as one by :view save NAME"
	}
	return "there are " + core.Visible(strings.Join(names, ", "))
}

// isHere reports whether a place is this one, by its location or by its name in the config; it may
// read files.
func (s *Stay) isHere(name string) bool {
	here := s.Info().Location
	if name == here {
		return true
	}
	for _, p := range s.Places() {
		if p.Name == name {
			name = p.Location
		}
	}
	l, err := store.ParseLocation(name)
	return err == nil && (l.String() == here || store.Shown(name) == here)
}

// SaveView saves how a list is looked at under a name.
func (s *Stay) SaveView(host ui.Host, name string, v state.View) tea.Cmd {
	_, there := s.View(name)
	switch {
	case name == "":
		return ui.Say(ui.LevelWarn, "Say under which name: :view save NAME.")
	case s.opt.Memory == nil:
		return ui.Say(ui.LevelWarn, "Nothing is remembered of this run, so no view is saved; [views."+
			core.Visible(name)+"] in the config has one.")
	case s.opt.Views[name] != state.View{}:
		return ui.Say(ui.LevelWarn, "The view "+core.Visible(name)+" is the config's: change it there, or take another name.")
	}
	if v.Place = s.Info().Location; s.forgets() { // a demo is another one each time
		v.Place = ""
	}
	if !s.opt.Memory.SaveView(name, v) {
		return ui.Say(ui.LevelWarn, "That cannot be saved: its name or its filter is too long or holds a secret, or "+
			"there are as many views as are kept.")
	}
	said := "Saved as the view " + core.Visible(name) + ": :view " + core.Visible(name) + " shows it."
	if there {
		said = "Saved as the view " + core.Visible(name) + ", in place of the one before."
	}
	return tea.Batch(s.save(host), ui.Say(ui.LevelGood, said))
}

// ForgetView forgets a view.
func (s *Stay) ForgetView(host ui.Host, name string) tea.Cmd {
	return s.opt.forgetView(host, name)
}

func (o Options) forgetView(host ui.Host, name string) tea.Cmd {
	switch {
	case o.Views[name] != state.View{}:
		return ui.Say(ui.LevelWarn, "The view "+core.Visible(name)+" is the config's: take it away there.")
	case !o.Memory.ForgetView(name):
		return ui.Say(ui.LevelWarn, "There is no view "+core.Visible(name)+".")
	}
	memory := o.Memory
	return tea.Batch(host.Tell(func(ctx context.Context) tea.Msg { return ui.Failure(memory.Save(ctx)) }),
		ui.Say(ui.LevelInfo, "The view "+core.Visible(name)+" is forgotten."))
}

// viewHint tells of a view in a line.
func viewHint(v state.View) string {
	parts := []string{v.ListName()}
	if v.Filter != "" {
		parts[0] += " with " + v.Filter
	}
	if v.Fold {
		parts = append(parts, "folded")
	}
	if v.Sort != "" {
		parts = append(parts, "by "+v.Sort)
	}
	if v.Columns != "" {
		parts = append(parts, "columns "+v.Columns)
	}
	if v.Place != "" {
		parts = append(parts, "in "+v.Place)
	}
	return strings.Join(parts, ", ")
}

// Commands are the lines that can be typed on every screen of the place.
func (s *Stay) Commands(host ui.Host) []ui.Command {
	return []ui.Command{s.ViewCommand(host, func(string) tea.Cmd {
		return ui.Say(ui.LevelWarn, "A view is of a list: open the backups or the volumes, and save it there.")
	})}
}

// ViewCommand is the line about views; save saves what is shown under a name.
func (s *Stay) ViewCommand(host ui.Host, save func(name string) tea.Cmd) ui.Command {
	return ui.Command{Name: "view", Help: "show a saved view by its name; save NAME saves this list as one, forget NAME forgets one",
		Free: true,
		Words: func() (out []ui.MenuItem) {
			views := s.opt.views()
			for _, name := range slices.Sorted(maps.Keys(views)) {
				out = append(out, ui.MenuItem{Label: name, Hint: viewHint(views[name])})
			}
			return append(out, ui.MenuItem{Label: "save", Hint: "NAME: saves this list as a view"})
		},
		Run: func(arg string) tea.Cmd {
			word, name, _ := strings.Cut(arg, " ")
			switch name = strings.TrimSpace(name); word {
			case "save":
				return save(name)
			case "forget":
				return s.ForgetView(host, name)
			}
			return s.See(strings.TrimSpace(arg))
		}}
}

// viewJumps are the views that ":" leads to.
func (s *Stay) viewJumps() (out []ui.Jump) {
	views := s.opt.views()
	for _, name := range slices.Sorted(maps.Keys(views)) {
		out = append(out, ui.Jump{Kind: "view", Label: name, Hint: viewHint(views[name]), Run: func() tea.Cmd { return s.See(name) }})
	}
	return out
}
