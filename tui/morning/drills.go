package morning

import (
	"context"
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/tui/grid"
	"hearth/tui/place"
	"hearth/tui/show"
	"hearth/tui/ui"
)

// drills is what the archive has of drills, and the way to another one. They are read from
// hearth's own file, so at once and by no task; while one goes on, with each tick.
type drills struct {
	host ui.Host
	at   *place.Stay
	ui.Read
	rows  []core.Drill // newest first
	left  []core.Drill // whose volumes may still be there, and that nobody is at work on
	sum   core.DrillSum
	came  time.Time
	task  ui.TaskID // that drills, or tidies up
	table *grid.Model
	w, h  int
}

type drillsMsg struct {
	gen        ui.Generation
	rows, left []core.Drill
	err        error
}

var drillColumns = []grid.Column{
	{Title: "", Width: 1},
	{Title: "BACKUP", Width: 20, Min: 12, Grow: 1, Ends: true},
	{Title: "VOLUME", Width: 16, Min: 12, Grow: 1, Ends: true, Drop: 4},
	{Title: "WHEN", Width: 19},
	{Title: "TOOK", Width: 5, Right: true, Drop: 3},
	{Title: "COMPARED", Width: 9, Right: true, Drop: 1},
	{Title: "VERDICT", Width: 9},
	{Title: "WHY", Width: 30, Min: 27, Grow: 6},
	{Title: "ID", Width: 8, Drop: 5},
}

// Drills makes the screen of drills.
func Drills(host ui.Host, at *place.Stay, _ ui.Open) ui.Screen {
	return &drills{host: host, at: at, table: grid.New(drillColumns, host.Look().Grid())}
}

func (s *drills) Title() string   { return "Drills" }
func (s *drills) Init() tea.Cmd   { return s.load() }
func (s *drills) Resume() tea.Cmd { return s.load() }
func (s *drills) Restyle()        { s.table.SetStyles(s.host.Look().Grid()) }

func (s *drills) load() tea.Cmd {
	gen, desk := s.Begin(), s.at.Desk()
	return s.Ask(s.host, func(ctx context.Context) tea.Msg {
		m := drillsMsg{gen: gen}
		if m.rows, m.err = desk.Drills(ctx); m.err == nil {
			m.left, m.err = desk.LeftDrills(ctx)
		}
		return m
	})
}

// works reports whether a drill goes on that was begun here.
func (s *drills) works() bool { return s.host.Task(s.task).Runs() }

func (s *drills) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case drillsMsg:
		cmd, ok := s.End(msg.gen, msg.err)
		if !ok {
			return cmd
		}
		s.fill(msg)
	case ui.Changed:
		return s.load()
	case ui.TickMsg: // each result is kept as it is there
		if s.works() {
			return s.load()
		}
	case ui.TaskEndedMsg:
		s.Resize(s.w, s.h)
	}
	return nil
}

// fill takes what was read; the cursor stays on its drill as newer ones come in.
func (s *drills) fill(msg drillsMsg) {
	key := s.table.Key()
	s.rows, s.left, s.sum, s.came = msg.rows, msg.left, core.SumDrills(msg.rows), s.host.Look().Now
	s.table.SetSource(s)
	s.Resize(s.w, s.h)
	for i := range s.rows {
		if key != "" && s.Key(i) == key {
			s.table.Move(i)
		}
	}
}

// Len, Row and Key make the screen the table's source.
func (s *drills) Len() int         { return len(s.rows) }
func (s *drills) Key(i int) string { return fmt.Sprint(s.rows[i].ID) }
func (s *drills) Row(i int) ([]grid.Cell, bool) {
	st, d := s.host.Look(), &s.rows[i]
	sign, look := verdictSign(st, d.Verdict)
	compared := grid.Cell{Text: "-", Style: st.Dim}
	if d.Compared > 0 {
		compared = grid.Cell{Text: core.Bytes(d.Compared)}
	}
	return []grid.Cell{{Text: sign, Style: look}, named(st, d.BackupName, d.Backup.Short()),
		named(st, d.SourceName, d.Source.Short()), {Text: st.Clock(core.Some(d.At))},
		{Text: tookText(d)}, compared, {Text: verdictText(d), Style: look}, {Text: core.Visible(whyDrill(d))},
		{Text: core.Visible(d.Backup.Short()), Style: st.Dim}}, true
}

// verdictSign is how a verdict looks, so that it is read without colour too.
func verdictSign(l ui.Look, v core.DrillVerdict) (string, grid.Style) {
	switch v {
	case core.DrillProven, core.DrillRestored:
		return "✓", l.Good
	case core.DrillDiffers, core.DrillFailed:
		return "✗", l.Bad
	case "":
		return "◌", l.Busy
	}
	return "?", l.Unknown
}

func verdictText(d *core.Drill) string {
	if d.Verdict == "" {
		return "not ended"
	}
	return string(d.Verdict)
}

func tookText(d *core.Drill) string {
	if d.Took <= 0 {
		return ""
	}
	return ui.Span(d.Took)
}

// named is a name, or the id of what has none.
func named(l ui.Look, name, id string) grid.Cell {
	if name == "" {
		return grid.Cell{Text: core.Visible(id), Style: l.Dim}
	}
	return grid.Cell{Text: core.Visible(name)}
}

// whyDrill is what a verdict does not say.
func whyDrill(d *core.Drill) string {
	_, why, _ := strings.Cut(d.Says(), ": ")
	return why
}

func (s *drills) current() *core.Drill {
	if len(s.rows) == 0 {
		return nil
	}
	return &s.rows[s.table.Cursor()]
}

func (s *drills) none() string {
	if s.current() == nil {
		return "there is no drill under the cursor"
	}
	return ""
}

func (s *drills) Resize(w, h int) {
	s.w, s.h = w, h
	s.table.SetSize(w, max(min(len(s.rows)+1, (h-len(s.head(w)))*3/5), 2))
}

// head is what the drills come to.
func (s *drills) head(w int) []string {
	st := s.host.Look()
	lines := make([]string, 0, 3)
	if s.works() {
		lines = append(lines, s.host.Task(s.task).Bar(st, w))
	}
	bad := map[bool]grid.Style{true: st.Bad, false: st.Dim}[s.sum.Bad > 0]
	text := st.Accent.Paint(core.Count(len(s.rows), "drill")) + st.Dim.Paint("; by its newest one ") +
		st.Good.Paint(core.Count(s.sum.Proven, "backup")+" proven") + st.Dim.Paint(", ") +
		st.Text.Paint(fmt.Sprintf("%d restored", s.sum.Restored)) + st.Dim.Paint(", ") +
		bad.Paint(fmt.Sprintf("%d did not come back", s.sum.Bad))
	lines = append(lines, ui.Clip(text+show.AsOf(st, core.Some(s.came), false), w))
	if n := len(s.left); n > 0 && !s.works() {
		what := "! " + core.Count(n, "volume") + " of drills may still be there; " + ui.KeyOf("tidy-drills") + " deletes what drills left"
		lines = append(lines, ui.Clip(st.Warn.Paint(what), w))
	}
	return lines
}

func (s *drills) View(w, h int) string {
	st := s.host.Look()
	if none := s.Missing(st, w); none != "" {
		return none
	}
	head := s.head(w)
	if len(s.rows) == 0 {
		text := st.Dim.Paint("no backup of this place was ever tried; " + ui.KeyOf("drill") + " plans a drill")
		return strings.Join(append(append(head, ""), ui.Hang("  ", text, w-2)...), "\n")
	}
	return strings.Join(append(head, ui.SplitView(st, s.table, s.detail(), w, h-len(head))), "\n")
}

// detail is what is known of the drill under the cursor, but for its fields.
func (s *drills) detail() []ui.Line {
	st, d := s.host.Look(), s.current()
	if d == nil {
		return nil
	}
	sign, painted := verdictSign(st, d.Verdict)
	volume := d.Name + ", which is gone again"
	switch {
	case d.Volume == "" && d.Gone:
		volume = d.Name + ", which was not made"
	case !d.Gone:
		volume = d.Name + ", which may still be there" + map[bool]string{true: ": " + d.Left}[d.Left != ""]
	}
	lines := []ui.Line{{Sign: painted.Paint(sign + " "), Value: painted.Paint(core.Visible(d.Title()) + " " + core.Visible(d.Says()))},
		ui.FieldLine("backup", show.NameAndID(st, core.Some(d.BackupName), string(d.Backup))),
		ui.FieldLine("of volume", show.NameAndID(st, core.Some(d.SourceName), string(d.Source))),
		ui.FieldLine("size", show.GiB(d.GiB)),
		ui.FieldLine("begun", st.Since(core.Some(d.At))),
		ui.FieldLine("into", core.Visible(volume))}
	if d.Took > 0 {
		lines = append(lines, ui.FieldLine("took", core.Lasting(d.Took)))
	}
	if d.Compared > 0 {
		lines = append(lines, ui.FieldLine("compared", core.Bytes(d.Compared)+" with the repository"))
	}
	if d.Entry > 0 {
		lines = append(lines, ui.FieldLine("journal", fmt.Sprintf("entry %d", d.Entry)))
	}
	return lines
}

// open reads how the fields of the drill under the cursor came out, and shows all of it.
func (s *drills) open() tea.Cmd {
	desk, d, about := s.at.Desk(), *s.current(), s.detail()
	return s.host.Tell(func(ctx context.Context) tea.Msg {
		var err error
		if d.Fields, err = desk.DrillFields(ctx, d.ID); err != nil {
			return ui.Failure(err)
		}
		st := s.host.Look()
		lines := append(about, ui.Line{}, ui.TextLine(st.Dim.Paint("of no field is known how it came out")))
		if len(d.Fields) > 0 {
			lines = append(append(about, ui.Line{}, st.Heading(d.Came()+" FIELDS CAME OUT AS THEY WERE TO")), fieldsOf(st, &d)...)
		}
		return ui.ShowMsg{Overlay: &ui.TextBox{Title: "The drill of " + core.Visible(d.Title()), Lines: lines, Look: st}}
	})
}

// fieldsOf are a line for each field of the plan, those that came out otherwise first.
func fieldsOf(st ui.Look, d *core.Drill) (lines []ui.Line) {
	signs := map[core.Came]string{core.CameNot: st.Bad.Paint("✗ "), core.CameUnknown: st.Unknown.Paint("? "),
		core.CameExpected: st.Changed.Paint("~ "), core.CameTrue: st.Good.Paint("✓ ")}
	for _, came := range []core.Came{core.CameNot, core.CameUnknown, core.CameExpected, core.CameTrue} {
		for _, f := range d.Fields {
			if f.Came != came {
				continue
			}
			value := show.ChangedText(st, f.Name, f.Planned, f.Actual)
			if came != core.CameTrue {
				value += "  (planned " + ui.Either(show.SideText(st, f.Name, f.Planned), "not to be there") + ")"
			}
			if f.Why != "" {
				value += "  " + core.Visible(f.Why)
			}
			l := ui.FieldLine(show.FieldTitle(core.FieldPlan{Section: f.Section, Name: f.Name}), value)
			l.Sign = signs[came]
			lines = append(lines, l)
		}
	}
	return lines
}

func (s *drills) Actions() []ui.Action {
	return append([]ui.Action{
		{Name: "open-drill", Keys: []string{"enter", "w"}, Label: "result", Help: "Show what came of it, field by field", Why: s.none,
			Run: s.open},
		{Name: "drill", Keys: []string{"n"}, Label: "drill", Help: "Restore some backups for a try, after showing which, and asking",
			Why: s.noDrill, Run: s.form},
		{Name: "tidy-drills", Keys: []string{"D"}, Label: "tidy up", Minor: true, Why: s.noTidy,
			Help: "Delete the volumes that drills left, after showing them, and asking", Run: s.askTidy},
		{Name: "drilled-backup", Keys: []string{"o"}, Label: "backup", Minor: true, Help: "Open the backup that was tried", Why: s.none,
			Run: func() tea.Cmd { return ui.OpenFor("backup", string(s.current().Backup)) }},
		{Name: "its-volume", Keys: []string{"V"}, Help: "Go to its volume", Why: s.none,
			Run: func() tea.Cmd { return ui.OpenFor("volume", string(s.current().Source)) }},
		{Name: "timeline", Keys: []string{"l"}, Help: "Show its volume's backups in time", Why: s.none,
			Run: func() tea.Cmd {
				d := s.current()
				return ui.Opening(ui.Open{Screen: "timeline", ID: string(d.Source), Tab: string(d.Backup)})
			}},
		ui.Copies(s.host, s.table, s.none, func(c *ui.Copying) {
			c.ID = string(s.current().Backup)
			c.Whole(s.current().Object())
			s.at.CopyBackup(c)
		}),
		{Name: "reread", Keys: []string{"ctrl+r"}, Help: "Read it anew", Run: s.load},
	}, ui.TableMoves(s.table, nil)...)
}
