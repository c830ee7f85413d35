package place

import (
	"context"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store"
	"hearth/tui/grid"
	"hearth/tui/ui"
)

// placesScreen lists the places that there are, and in a cloud its regions and
// projects; one that is chosen takes the place of the one that is shown.
type placesScreen struct {
	host ui.Host
	at   *Stay
	ui.Read
	table  *grid.Model
	places []store.PlaceRow
	rows   []destination
	w, h   int
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
	gen    ui.Generation
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

func List(host ui.Host, at *Stay, _ ui.Open) ui.Screen {
	return &placesScreen{host: host, at: at, table: grid.New(placeColumns, host.Look().Grid())}
}

func (s *placesScreen) Init() tea.Cmd   { return s.load() }
func (s *placesScreen) Resume() tea.Cmd { return s.load() }
func (s *placesScreen) Restyle()        { s.table.SetStyles(s.host.Look().Grid()) }

func (s *placesScreen) load() tea.Cmd {
	gen, at := s.Begin(), s.at
	return s.host.Ask(func(ctx context.Context) tea.Msg {
		m := placesMsg{gen: gen, places: at.Places()}
		_, m.err = at.FindOut(ctx)
		return m
	})
}

func (s *placesScreen) Update(msg tea.Msg) tea.Cmd {
	m, ok := msg.(placesMsg)
	if !ok || m.gen != s.Gen {
		return nil
	}
	s.State = ui.Ready
	s.Resize(s.w, s.h) // what stands above the table is known now
	s.places = m.places
	first := s.rows == nil
	s.fill()
	s.table.SetSource(s)
	if i := slices.IndexFunc(s.rows, func(d destination) bool { return d.here }); first && i >= 0 {
		s.table.Move(i)
	}
	return tea.Batch(ui.Fail(m.err), func() tea.Msg { return ui.BannerMsg{} })
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
			PlaceRow: store.PlaceRow{
				Name:     s.at.Info().Title,
				Location: whole.String(),
				Badge:    s.at.Info().Badge,
				Color:    s.at.Info().Color,
				ReadOnly: s.at.Info().ReadOnly != "",
				Beside:   s.at.Info().Beside,
			}})
	}
	scope := s.at.Scope()
	for _, region := range scope.Regions {
		to := at.With(region, "")
		s.rows = append(s.rows,
			destination{what: "region", PlaceRow: store.PlaceRow{Name: region, Location: to.String()}, here: region == scope.Region})
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
		sign, name.Style = grid.Cell{Text: "●", Style: st.Good}, st.Accent
	}
	note := core.Visible(d.note)
	if d.ReadOnly {
		note = "read-only"
	}
	return []grid.Cell{
		sign, {Text: d.what, Style: st.Dim}, name, s.badgeCell(d.PlaceRow), {Text: note, Style: st.Dim},
		{Text: core.Visible(strings.Join(append([]string{d.Location}, d.Beside...), " + ")), Style: st.Dim},
	}, true
}

// badgeCell is a badge in its place's colour, or where there is none the colour alone.
func (s *placesScreen) badgeCell(p store.PlaceRow) grid.Cell { return badgeIn(s.host.Look(), p) }

func badgeIn(st ui.Look, p store.PlaceRow) grid.Cell {
	own, ok := st.InColour(p.Color)
	cell := grid.Cell{Text: " " + core.Visible(p.Badge) + " ", Style: st.Badge}
	if ok {
		cell.Style = own
	}
	switch {
	case p.Badge == "" && ok && !st.Mono:
		cell.Text = "  "
	case p.Badge == "":
		return grid.Cell{}
	}
	return cell
}

func (s *placesScreen) Resize(w, h int) {
	s.w, s.h = w, h
	s.table.SetSize(w, max(h-len(s.head(w)), 2))
}

func (s *placesScreen) View(w, _ int) string {
	if s.State != ui.Ready {
		return "\n  " + s.host.Look().Busy.Paint("◌ reading…")
	}
	return strings.Join(s.head(w), "\n") + "\n" + s.table.View()
}

// head is where one is, and as whom.
func (s *placesScreen) head(w int) []string {
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
	if r := s.at.Info().Release; r.Known() {
		head += ", " + r.Text()
	}
	if not := s.at.Scope().MayNot; not != "" {
		head += "; " + not
	}
	if b := s.at.Scope().Beside; b.Location != "" {
		head += "; " + b.Text()
	}
	return ui.Head(s.host.Look().Dim.Paint(core.Visible(head)), w)
}

func (s *placesScreen) Actions() []ui.Action {
	return append([]ui.Action{
		{Name: "go-there", Keys: []string{"enter"}, Label: "go there",
			Help: "Open the place, region or project in place of this one",
			Why: func() string {
				switch {
				case len(s.rows) == 0:
					return "the places are not read yet"
				case s.rows[s.table.Cursor()].here && s.rows[s.table.Cursor()].Location == s.at.Info().Location:
					return "you are there"
				}
				return s.at.NoOther()
			}, Run: func() tea.Cmd { return s.at.MoveTo(s.rows[s.table.Cursor()].Location) }},
		s.copies(),
		{Name: "reread", Keys: []string{"ctrl+r"}, Help: "Read it anew", Run: s.load},
	}, ui.TableMoves(s.table, nil)...)
}

// copies is the key that copies anything of the line under the cursor: its location is what
// it is known by.
func (s *placesScreen) copies() ui.Action {
	a := ui.Copies(s.host, s.table, nil, func(c *ui.Copying) {
		d, o := s.rows[s.table.Cursor()], &pyjson.Object{}
		c.ID, c.Called = d.Location, "location"
		c.Command = CommandIn(d.Location, "backups", nil)
		o.Set("kind", pyjson.OfString(d.what))
		o.Set("name", pyjson.OfString(d.Name))
		o.Set("location", pyjson.OfString(d.Location))
		o.Set("badge", pyjson.OfString(d.Badge))
		o.Set("read_only", pyjson.OfBool(d.ReadOnly))
		o.Set("beside", pyjson.OfString(strings.Join(d.Beside, " ")))
		c.Whole(o)
	})
	a.Name, a.Help = "copy-location", "Copy the location, for --place and the config; a field, the row as JSON or YAML, a command for there"
	return a
}
