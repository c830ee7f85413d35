package morning

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/tui/grid"
	"hearth/tui/place"
	"hearth/tui/show"
	"hearth/tui/ui"
)

// timelines is the backups of all volumes in time, a line a volume.
type timelines struct {
	reading[jobs.StripsRead]
	table *grid.Model
	days  int // that the picture has room for
	w, h  int
}

// Timelines makes the screen of all volumes.
func Timelines(host ui.Host, at *place.Stay, _ ui.Open) ui.Screen {
	return &timelines{reading: newReading[jobs.StripsRead](host, at, toRead), table: grid.New(nil, host.Look().Grid())}
}

func (s *timelines) Title() string { return "Timelines" }
func (s *timelines) Init() tea.Cmd { return s.load() }
func (s *timelines) Restyle()      { s.table.SetStyles(s.host.Look().Grid()) }

func (s *timelines) load() tea.Cmd {
	return s.begin("putting the backups in time", "timelines",
		func(ctx context.Context, desk jobs.Desk, progress jobs.Progress) (jobs.StripsRead, error) {
			return desk.Strips(ctx, progress)
		})
}

func (s *timelines) Update(msg tea.Msg) tea.Cmd {
	cmd, fresh := s.hear(msg)
	if fresh {
		s.table.SetSource(s)
	}
	s.Resize(s.w, s.h)
	return cmd
}

// Len, Row and Key make the screen the table's source.
func (s *timelines) Len() int {
	if s.got == nil {
		return 0
	}
	return len(s.got.Rows)
}
func (s *timelines) Key(i int) string { return string(s.got.Rows[i].Volume) }
func (s *timelines) Row(i int) ([]grid.Cell, bool) {
	st, x := s.host.Look(), &s.got.Rows[i]
	sign, newest := grid.Cell{Text: "✓", Style: st.Good}, grid.Cell{Text: st.Age(x.Newest)}
	switch {
	case x.Gone:
		sign = grid.Cell{Text: "·", Style: st.Dim}
	case x.Overdue, !x.Newest.Set:
		sign = grid.Cell{Text: "✗", Style: st.Bad}
	case !x.Rhythm.Known:
		sign = grid.Cell{Text: "?", Style: st.Unknown}
	}
	if !x.Newest.Set {
		newest = grid.Cell{Text: "none", Style: st.Bad}
	}
	usual := grid.Cell{Text: "?", Style: st.Unknown}
	if x.Rhythm.Known {
		usual = grid.Cell{Text: core.Lasting(x.Rhythm.V)}
	}
	return []grid.Cell{sign, show.NameCell(st, x.Name), newest, usual, {Text: strip(x, s.days)},
		{Text: show.Thousands(x.Backups)}, {Text: core.Visible(x.Volume.Short()), Style: st.Dim}}, true
}

// strip draws the last days of a line.
func strip(x *core.Strip, n int) string {
	var b strings.Builder
	for _, d := range x.Days[core.StripDays-min(n, core.StripDays):] {
		switch {
		case d&core.DayFailed != 0:
			b.WriteString("✗")
		case d&core.DayFull != 0:
			b.WriteByte('F')
		case d&core.DayIncremental != 0:
			b.WriteByte('i')
		case d&core.DayGap != 0:
			b.WriteString("·")
		default:
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// Resize lays out the columns: what the others leave is the picture's.
func (s *timelines) Resize(w, h int) {
	s.w, s.h = w, h
	name, more := min(max(w/5, 14), 36), 2*6+1+6+5
	columns := []grid.Column{{Title: "", Width: 1}, {Title: "VOLUME", Width: name, Ends: true}, {Title: "NEWEST", Width: 6, Right: true},
		{Title: "USUAL", Width: 6, Right: true, Drop: 1}}
	if w >= 100 {
		more += 8 + 8
	}
	s.days = max(min(w-name-more, core.StripDays), 7)
	columns = append(columns, grid.Column{Title: s.heading(), Width: s.days},
		grid.Column{Title: "BACKUPS", Width: 7, Right: true, Drop: 2}, grid.Column{Title: "ID", Width: 8, Drop: 3})
	s.table.SetColumns(columns)
	s.table.SetSize(w, max(h-len(s.head(w)), 2))
}

// heading is the months over the picture.
func (s *timelines) heading() string {
	return months(core.DayNumber(s.host.Look().Now)-int64(s.days)+1, s.days)
}

// head is how the volumes stand, and what is not seen.
func (s *timelines) head(w int) []string {
	st := s.host.Look()
	if s.reads() {
		return []string{s.bar(w)}
	}
	if s.got == nil {
		return nil
	}
	late, none, gone := 0, 0, 0
	for i := range s.got.Rows {
		switch x := &s.got.Rows[i]; {
		case x.Gone:
			gone++
		case x.Overdue:
			late++
		case !x.Newest.Set:
			none++
		}
	}
	look := map[bool]grid.Style{true: st.Bad, false: st.Good}
	line := st.Accent.Paint(core.Count(len(s.got.Rows)-gone, "volume")) + st.Dim.Paint(": ") +
		look[late > 0].Paint(core.Count(late, "gap")+" now") + st.Dim.Paint(", ") +
		look[none > 0].Paint(core.Count(none, "volume")+" without a backup")
	if gone > 0 {
		line += st.Dim.Paint(", and backups of " + core.Count(gone, "volume") + " that are gone")
	}
	head := ui.Head(line+st.Dim.Paint("; F full, i incremental, ✗ failed, · gap; a day of UTC each"), w)
	return append(head, s.warnings(w, s.got.NoVolumes, s.got.Short, s.at.Wider(s.got.Narrowed))...)
}

func (s *timelines) View(w, h int) string {
	if missing := s.missing(w); missing != "" {
		return missing
	}
	if len(s.got.Rows) == 0 {
		return strings.Join(append(s.head(w), "", "  "+s.host.Look().Dim.Paint("there are no volumes and no backups here yet")), "\n")
	}
	return strings.Join(append(s.head(w), s.table.View()), "\n")
}

func (s *timelines) none() string {
	if s.Len() == 0 {
		return "there is no volume under the cursor"
	}
	return ""
}

func (s *timelines) Actions() []ui.Action {
	return append([]ui.Action{
		{Name: "open-timeline", Keys: []string{"enter"}, Label: "its timeline", Help: "Show its backups in time, one by one", Why: s.none,
			Run: func() tea.Cmd { return ui.OpenFor("timeline", s.table.Key()) }},
		{Name: "its-volume", Keys: []string{"V"}, Label: "volume", Minor: true, Help: "Go to its volume", Why: s.none,
			Run: func() tea.Cmd { return ui.OpenFor("volume", s.table.Key()) }},
		ui.Copies(s.host, s.table, s.none, s.at.CopyVolume),
		{Name: "reread", Keys: []string{"ctrl+r"}, Help: "Read it anew", Run: s.load},
	}, ui.TableMoves(s.table, nil)...)
}

// OfVolumes is the key that shows a volume's backups in time, wherever it is shown.
func OfVolumes(rows place.VolumeRows) []ui.Action {
	return []ui.Action{{Name: "timeline", Keys: []string{"l"}, Label: "timeline", Minor: true,
		Help: "Show its backups in time, one by one", Why: rows.None,
		Run: func() tea.Cmd { return ui.OpenFor("timeline", string(rows.Current().ID)) }}}
}

// OfBackups is the same of a backup's volume; it begins at the backup.
func OfBackups(rows place.BackupRows) []ui.Action {
	return []ui.Action{{Name: "timeline", Keys: []string{"l"}, Help: "Show its volume's backups in time",
		Why: rows.None, Run: func() tea.Cmd {
			x := rows.Current()
			return ui.Opening(ui.Open{Screen: "timeline", ID: string(x.VolumeID), Tab: string(x.ID)})
		}}}
}
