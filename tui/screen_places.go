package tui

import (
	"context"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store"
	"hearth/themes"
	"hearth/tui/grid"
)

// placesScreen lists the places that there are, and in a cloud its regions and
// projects; one that is chosen takes the place of the one that is shown.
type placesScreen struct {
	host Host
	at   *Stay
	read
	table  *grid.Model
	places []store.PlaceRow
	rows   []destination
}

// destination is a line of the list.
type destination struct {
	what string // place, region, project
	store.PlaceRow
	here bool
	note string
}

// placesMsg brings what the list is made of.
type placesMsg struct {
	gen    generation
	places []store.PlaceRow
	err    error // of where the login stands; the places are here all the same
}

var placeColumns = []grid.Column{
	{Title: "", Width: 1},
	{Title: "", Width: 7},
	{Title: "NAME", Width: 30, Min: 14, Grow: 2},
	{Title: "BADGE", Width: 10, Drop: 1},
	{Title: "NOTE", Width: 10, Drop: 3},
	{Title: "LOCATION", Width: 46, Min: 20, Grow: 3, Drop: 2},
}

func newPlaces(host Host, at *Stay, _ openMsg) screen {
	return &placesScreen{host: host, at: at, table: grid.New(placeColumns, host.Look().grid())}
}

func (s *placesScreen) init() tea.Cmd   { return s.load() }
func (s *placesScreen) resume() tea.Cmd { return s.load() }
func (s *placesScreen) restyle()        { s.table.SetStyles(s.host.Look().grid()) }

func (s *placesScreen) load() tea.Cmd {
	gen, at := s.begin(), s.at
	return s.host.Ask(func(ctx context.Context) tea.Msg {
		m := placesMsg{gen: gen, places: at.Places()}
		_, m.err = at.FindOut(ctx)
		return m
	})
}

func (s *placesScreen) update(msg tea.Msg) tea.Cmd {
	m, ok := msg.(placesMsg)
	if !ok || m.gen != s.gen {
		return nil
	}
	s.state = ready
	s.places = m.places
	first := s.rows == nil
	s.fill()
	s.table.SetSource(s)
	if i := slices.IndexFunc(s.rows, func(d destination) bool { return d.here }); first && i >= 0 {
		s.table.Move(i)
	}
	return tea.Batch(fail(m.err), func() tea.Msg { return BannerMsg{} })
}

// fill makes the lines: the places, then where else the login may stand in this
// one.
func (s *placesScreen) fill() {
	s.rows = nil
	at, _ := store.ParseLocation(s.at.Info().Location)
	whole, _, _ := at.Cut()
	known := false
	for _, p := range s.places {
		here := p.Location == whole.String()
		known = known || here
		s.rows = append(s.rows, destination{what: "place", PlaceRow: p, here: here})
	}
	if !known {
		s.rows = slices.Insert(s.rows, 0, destination{what: "place", here: true,
			PlaceRow: store.PlaceRow{Name: s.at.Info().Title, Location: whole.String(), Badge: s.at.Info().Badge, Color: s.at.Info().Color, ReadOnly: s.at.Info().ReadOnly != ""}})
	}
	scope := s.at.Scope()
	for _, region := range scope.Regions {
		to := at.With(region, "")
		s.rows = append(s.rows, destination{what: "region", PlaceRow: store.PlaceRow{Name: region, Location: to.String()}, here: region == scope.Region})
	}
	for _, p := range scope.Projects {
		to := at.With("", string(p.ID))
		d := destination{what: "project", PlaceRow: store.PlaceRow{Name: p.Name, Location: to.String()}, here: p.ID == scope.Project.ID}
		if d.Name == "" {
			d.Name = string(p.ID)
		}
		if p.Domain != "" {
			d.note = p.Domain
		}
		s.rows = append(s.rows, d)
	}
}

// Len, Row and Key make the screen the table's source.
func (s *placesScreen) Len() int         { return len(s.rows) }
func (s *placesScreen) Key(i int) string { return s.rows[i].what + " " + s.rows[i].Location }
func (s *placesScreen) Row(i int) ([]grid.Cell, bool) {
	d, st := s.rows[i], s.host.Look()
	sign, name := grid.Cell{Text: " "}, grid.Cell{Text: core.Visible(d.Name)}
	if d.here {
		sign, name.Style = grid.Cell{Text: "●", Style: st.good}, st.accent
	}
	note := core.Visible(d.note)
	if d.ReadOnly {
		note = "read-only"
	}
	return []grid.Cell{sign, {Text: d.what, Style: st.dim}, name, s.badgeCell(d.PlaceRow), {Text: note, Style: st.dim}, {Text: core.Visible(d.Location), Style: st.dim}}, true
}

// badgeCell is a badge in its colour.
func (s *placesScreen) badgeCell(p store.PlaceRow) grid.Cell {
	st := s.host.Look()
	if p.Badge == "" {
		return grid.Cell{}
	}
	cell := grid.Cell{Text: " " + core.Visible(p.Badge) + " ", Style: st.badge}
	if ground, ok := themes.RGB(p.Color); ok {
		cell.Style = paintOf(themes.Role{Fg: themes.On(ground), Bg: p.Color, Bold: true}, st.mono)
	}
	return cell
}

func (s *placesScreen) resize(w, h int) { s.table.SetSize(w, max(h-1, 2)) }

func (s *placesScreen) view(w, _ int) string {
	st := s.host.Look()
	if s.state != ready {
		return "\n  " + st.busy.Paint("◌ reading…")
	}
	head := "● is where you are"
	if user := s.at.Scope().User; user != "" {
		head += ", as " + user
		if len(s.at.Scope().Roles) > 0 {
			head += " (" + strings.Join(s.at.Scope().Roles, ", ") + ")"
		}
	}
	if v := s.at.Scope().Version; v != "" {
		head += ", Block Storage API " + v
	}
	return clip(st.dim.Paint(core.Visible(head)), w) + "\n" + s.table.View()
}

func (s *placesScreen) actions() []action {
	return append([]action{
		{keys: []string{"enter"}, label: "go there", help: "Open the place, region or project in place of this one", why: func() string {
			switch {
			case len(s.rows) == 0:
				return "the places are not read yet"
			case s.rows[s.table.Cursor()].here && s.rows[s.table.Cursor()].Location == s.at.Info().Location:
				return "you are there"
			}
			return s.at.NoOther()
		}, run: func() tea.Cmd { return s.at.MoveTo(s.rows[s.table.Cursor()].Location) }},
		{keys: []string{"y"}, help: "Copy the location, for --place and the config", run: func() tea.Cmd {
			if len(s.rows) == 0 {
				return nil
			}
			return s.host.Copy(s.rows[s.table.Cursor()].Location, "the location")
		}},
		{keys: []string{"ctrl+r"}, help: "Read it anew", run: s.load},
	}, tableMoves(s.table, nil)...)
}
