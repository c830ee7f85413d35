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
	host  ui.Host
	at    *place.Stay
	read  *jobs.StripsRead
	err   error
	task  ui.TaskID
	stale bool
	table *grid.Model
	days  int // that the picture has room for
	w, h  int
}

type stripsMsg struct {
	read jobs.StripsRead
	err  error
}

// Timelines makes the screen of all volumes.
func Timelines(host ui.Host, at *place.Stay, _ ui.Open) ui.Screen {
	return &timelines{host: host, at: at, table: grid.New(nil, host.Look().Grid())}
}

func (s *timelines) Title() string { return "Timelines" }
func (s *timelines) Init() tea.Cmd { return s.load() }
func (s *timelines) Restyle()      { s.table.SetStyles(s.host.Look().Grid()) }

func (s *timelines) load() tea.Cmd {
	desk := s.at.Desk()
	id, cmd := s.at.Start(s.host, "putting the backups in time", place.Touching(s.at, "timelines", "all"),
		func(ctx context.Context, progress jobs.Progress) ui.Result {
			read, err := desk.Strips(ctx, progress)
			return ui.Result{Answer: stripsMsg{read, err}}
		})
	if id != 0 {
		s.task = id
	}
	return cmd
}

func (s *timelines) reads() bool { return s.host.Task(s.task).Runs() }

func (s *timelines) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case stripsMsg:
		if msg.err != nil {
			s.err = msg.err
			return ui.Fail(msg.err)
		}
		s.read, s.err, s.stale = &msg.read, nil, false
		s.table.SetSource(s)
		s.Resize(s.w, s.h)
	case ui.Changed:
		s.stale = true
	case ui.TaskEndedMsg:
		s.Resize(s.w, s.h)
	}
	return nil
}

// Len, Row and Key make the screen the table's source.
func (s *timelines) Len() int {
	if s.read == nil {
		return 0
	}
	return len(s.read.Rows)
}
func (s *timelines) Key(i int) string { return string(s.read.Rows[i].Volume) }
func (s *timelines) Row(i int) ([]grid.Cell, bool) {
	st, x := s.host.Look(), &s.read.Rows[i]
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
		return []string{s.host.Task(s.task).Bar(st, w)}
	}
	if s.read == nil {
		return nil
	}
	late, none, gone := 0, 0, 0
	for i := range s.read.Rows {
		switch x := &s.read.Rows[i]; {
		case x.Gone:
			gone++
		case x.Overdue:
			late++
		case !x.Newest.Set:
			none++
		}
	}
	look := map[bool]grid.Style{true: st.Bad, false: st.Good}
	line := st.Accent.Paint(core.Count(len(s.read.Rows)-gone, "volume")) + st.Dim.Paint(": ") +
		look[late > 0].Paint(core.Count(late, "gap")+" now") + st.Dim.Paint(", ") +
		look[none > 0].Paint(core.Count(none, "volume")+" without a backup")
	if gone > 0 {
		line += st.Dim.Paint(", and backups of " + core.Count(gone, "volume") + " that are gone")
	}
	lines := []string{ui.Clip(line+st.Dim.Paint("; F full, i incremental, ✗ failed, · gap; a day of UTC each"), w)}
	warn := func(why string) {
		if why != "" {
			lines = append(lines, ui.Clip(st.Warn.Paint("! "+core.Visible(why)), w))
		}
	}
	if s.stale {
		warn("something was changed since it was read; " + ui.KeyOf("reread") + " reads it anew")
	}
	warn(s.read.NoVolumes)
	warn(s.read.Short)
	warn(s.read.Narrowed)
	return lines
}

func (s *timelines) View(w, h int) string {
	st := s.host.Look()
	switch {
	case s.read == nil && s.err != nil:
		return ui.FailedView(st, s.err, ui.KeyOf("reread")+" tries again", w)
	case s.read == nil && s.reads():
		return "\n  " + s.host.Task(s.task).Bar(st, max(w-2, 0))
	case s.read == nil:
		return "\n  " + st.Dim.Paint("nothing has been read; "+ui.KeyOf("reread")+" reads it")
	case len(s.read.Rows) == 0:
		return strings.Join(append(s.head(w), "", "  "+st.Dim.Paint("there are no volumes and no backups here yet")), "\n")
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
