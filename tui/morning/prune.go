package morning

import (
	"context"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/tui/grid"
	"hearth/tui/place"
	"hearth/tui/show"
	"hearth/tui/ui"
)

// prune is what the keep rules of the policies would have stay and go: a calendar, a line a
// volume, and each backup of the volume under the cursor with the reason.
type prune struct {
	reading[prunePlanned]
	deletes ui.TaskID
	nth     int // the backup of the volume that is looked at, the newest is 0
	table   *grid.Model
	days    int
	w, h    int
}

// prunePlanned is a plan, and the policies that it is by.
type prunePlanned struct {
	jobs.PrunePlan
	policies []jobs.Policy
}

// Prune makes the screen of what a prune by the policies would do.
func Prune(host ui.Host, at *place.Stay, _ ui.Open) ui.Screen {
	return &prune{reading: newReading[prunePlanned](host, at, toPlan), table: grid.New(nil, host.Look().Grid())}
}

func (s *prune) Title() string { return "Prune by the policies" }
func (s *prune) Init() tea.Cmd { return s.load() }
func (s *prune) Restyle()      { s.table.SetStyles(s.host.Look().Grid()) }

func (s *prune) load() tea.Cmd {
	config := s.at.Policies
	return s.begin("planning a prune", "prune", func(ctx context.Context, desk jobs.Desk, progress jobs.Progress) (prunePlanned, error) {
		policies, err := config()
		if err != nil {
			return prunePlanned{}, err
		}
		plan, err := desk.PlanPrune(ctx, policies, false, progress)
		return prunePlanned{plan, policies}, err
	})
}

func (s *prune) Update(msg tea.Msg) tea.Cmd {
	cmd, fresh := s.hear(msg)
	if fresh {
		s.nth = 0
		s.table.SetSource(s)
	}
	if _, ok := msg.(ui.Changed); ok && s.deletes != 0 && !s.host.Task(s.deletes).Runs() {
		s.deletes = 0 // what was planned is done, as far as it could be
		return s.load()
	}
	s.Resize(s.w, s.h)
	return cmd
}

// Len, Row and Key make the screen the table's source.
func (s *prune) Len() int {
	if s.got == nil {
		return 0
	}
	return len(s.got.Volumes)
}
func (s *prune) Key(i int) string { return string(s.got.Volumes[i].Volume.ID) }
func (s *prune) Row(i int) ([]grid.Cell, bool) {
	st, v := s.host.Look(), &s.got.Volumes[i]
	goes := 0
	for j := range v.Backups {
		if v.Backups[j].Goes {
			goes++
		}
	}
	going := grid.Cell{Text: fmt.Sprint(goes), Style: st.Dim}
	if goes > 0 {
		going.Style = st.Warn
	}
	return []grid.Cell{show.NameCell(st, v.Volume.Name), {Text: s.calendar(v)}, {Text: fmt.Sprint(len(v.Backups) - goes)}, going}, true
}

// calendar draws the days of a volume: K where one stays, x where one goes, # where both,
// o where there is one that no rule is about.
func (s *prune) calendar(v *jobs.PruneVolume) string {
	cells := []byte(strings.Repeat(" ", s.days))
	for j := range v.Backups {
		b := &v.Backups[j]
		i := int64(s.days) - 1 - (core.DayNumber(s.came) - core.DayNumber(b.At))
		if b.At.IsZero() || i < 0 || i >= int64(s.days) {
			continue
		}
		c := cells[i]
		switch {
		case b.Goes && (c == 'K' || c == 'o'), !b.Goes && c == 'x':
			c = '#'
		case b.Goes && c == ' ':
			c = 'x'
		case !b.Goes && b.Outside == "" && c != '#':
			c = 'K'
		case !b.Goes && c == ' ':
			c = 'o'
		}
		cells[i] = c
	}
	return string(cells)
}

// Resize lays out the columns: what the others leave is the calendar's.
func (s *prune) Resize(w, h int) {
	s.w, s.h = w, h
	name := min(max(w/5, 14), 36)
	s.days = max(min(w-name-2-3-2*6, 400), 7)
	heading := months(core.DayNumber(s.host.Look().Now)-int64(s.days)+1, s.days)
	s.table.SetColumns([]grid.Column{{Title: "VOLUME", Width: name, Ends: true}, {Title: heading, Width: s.days},
		{Title: "STAY", Width: 5, Right: true}, {Title: "GO", Width: 5, Right: true}})
	s.table.SetSize(w, max(min(s.Len()+1, (h-len(s.head(w)))/2), 2))
}

// head is what goes and what is freed, and what was not seen.
func (s *prune) head(w int) []string {
	st := s.host.Look()
	if s.reads() {
		return []string{s.bar(w)}
	}
	if s.got == nil {
		return nil
	}
	goes, of := s.got.Goes()
	text := fmt.Sprintf("%d of %s go", goes, core.Count(of, "backup"))
	freed := ""
	switch {
	case goes == 0:
	case s.got.Freed.Set:
		freed = st.Dim.Paint(", which frees " + core.Bytes(s.got.Freed.V))
	default:
		freed = st.Unknown.Paint(", how much that frees is not known")
	}
	look := map[bool]grid.Style{true: st.Warn, false: st.Good}[goes > 0]
	lines := ui.Head(look.Paint(text)+freed+st.Dim.Paint("; signs: K stays, x goes, # both, o without a rule"), w)
	lines = append(lines, s.warnings(w, s.got.Unseen...)...)
	return lines[:min(len(lines), 5)]
}

func (s *prune) volume() *jobs.PruneVolume {
	if s.Len() == 0 {
		return nil
	}
	return &s.got.Volumes[s.table.Cursor()]
}

func (s *prune) View(w, h int) string {
	st := s.host.Look()
	if missing := s.missing(w); missing != "" {
		return missing
	}
	if s.Len() == 0 {
		return strings.Join(append(s.head(w), "", "  "+st.Dim.Paint("the policies with keep rules are about no volume that is seen")), "\n")
	}
	out := append(s.head(w), strings.Split(s.table.View(), "\n")...)
	out = append(out, st.Border.Paint(strings.Repeat("─", max(w, 0))))
	return strings.Join(append(out, s.reasons(w, h-len(out))...), "\n")
}

// reasons are the backups of the volume under the cursor, those around the one that is
// looked at, newest first, each with why it stays or goes.
func (s *prune) reasons(w, h int) []string {
	st, v := s.host.Look(), s.volume()
	var keep []string
	for i := range v.Policies {
		keep = append(keep, v.Policies[i].Name+" keeps "+v.Policies[i].Keep.String())
	}
	out := []string{ui.Clip(st.Accent.Paint(core.Visible(v.Volume.Title()))+st.Dim.Paint(": "+strings.Join(keep, "; ")), w)}
	room := max(h-1, 1)
	from := max(min(s.nth-room/2, len(v.Backups)-room), 0)
	for i := from; i < min(from+room, len(v.Backups)); i++ {
		out = append(out, ui.Clip(s.reason(&v.Backups[i], i == s.nth), w))
	}
	if len(v.Backups) == 0 {
		out = append(out, st.Dim.Paint("it has no backups"))
	}
	return out
}

// reason is the line of a backup: whether it stays, and why.
func (s *prune) reason(b *jobs.PruneBackup, at bool) string {
	st := s.host.Look()
	sign, word, look := "  ", "stays", st.Good
	if at {
		sign = "> "
	}
	switch {
	case b.Goes:
		word, look = "goes ", st.Warn
	case b.Outside != "":
		look = st.Dim
	}
	kind := map[bool]string{true: "incr", false: "full"}[b.Backup.Incremental]
	return sign + st.Text.Paint(st.Clock(core.Some(b.At))+"  "+kind+"  ") + look.Paint(word) + "  " + st.Text.Paint(core.Visible(b.Why)) +
		st.Dim.Paint("  "+core.Visible(b.Backup.Title()))
}

func (s *prune) noBackup() string {
	if v := s.volume(); v == nil || len(v.Backups) == 0 {
		return "there is no backup here"
	}
	return ""
}

// step goes to another backup of the volume; they stand newest first.
func (s *prune) step(by int) ui.Action {
	a := ui.Action{Name: "earlier", Keys: []string{"left"}, Label: "earlier", Minor: true, Help: "To the backup before", Group: "Moving"}
	if by < 0 {
		a = ui.Action{Name: "later", Keys: []string{"right"}, Label: "later", Minor: true, Help: "To the backup after", Group: "Moving"}
	}
	a.Why = s.noBackup
	a.Run = func() tea.Cmd {
		s.nth = max(min(s.nth+by, len(s.volume().Backups)-1), 0)
		return nil
	}
	return a
}

func (s *prune) Actions() []ui.Action {
	return append([]ui.Action{
		{Name: "open", Keys: []string{"enter"}, Label: "backup", Help: "Open the backup that is looked at", Why: s.noBackup,
			Run: func() tea.Cmd { return ui.OpenFor("backup", string(s.volume().Backups[s.nth].ID)) }},
		{Name: "prune-now", Keys: []string{"D"}, Label: "delete", Why: s.noPrune,
			Help: "Delete what goes, after showing it in the order of its deletion, and asking", Run: s.ask},
		{Name: "details", Keys: []string{"w"}, Label: "details", Help: "Show all backups of the volume, and why each stays or goes",
			Why: s.noBackup, Run: s.details},
		{Name: "timeline", Keys: []string{"l"}, Label: "timeline", Minor: true, Help: "Show its backups in time, one by one", Why: s.noBackup,
			Run: func() tea.Cmd { return ui.OpenFor("timeline", string(s.volume().Volume.ID)) }},
		s.step(1), s.step(-1),
		ui.Copies(s.host, s.table, nil, s.at.CopyVolume),
		{Name: "reread", Keys: []string{"ctrl+r"}, Help: "Read it anew", Run: s.load},
	}, ui.TableMoves(s.table, func() tea.Cmd {
		s.nth = 0
		return nil
	})...)
}

// details shows all backups of the volume under the cursor.
func (s *prune) details() tea.Cmd {
	v := s.volume()
	var lines []ui.Line
	for i := range v.Backups {
		lines = append(lines, ui.TextLine(s.reason(&v.Backups[i], false)))
	}
	return ui.Show(&ui.TextBox{Title: "What stays and goes of " + core.Visible(v.Volume.Title()), Lines: lines, Look: s.host.Look()})
}

// noPrune says why nothing can be deleted now, "" if it can.
func (s *prune) noPrune() string {
	switch {
	case s.reads():
		return "it is being planned"
	case s.got == nil:
		return "nothing is planned"
	case s.stale:
		return s.outdated()
	}
	if n, _ := s.got.Delete.Count(); n == 0 {
		return "nothing goes"
	}
	return s.at.Cannot(core.OpDelete)
}

// ask shows what goes in the order of its deletion, and asks.
func (s *prune) ask() tea.Cmd {
	st, p := s.host.Look(), s.got
	n, _ := p.Delete.Count()
	q := &ui.QuestionBox{Title: "Prune", Look: st}
	q.Lines = append(ui.Said(st, "Delete "+core.Count(n, "backup")+" that no rule keeps, in this order? There is no way back."), ui.Line{})
	items := p.Delete.Items
	q.Items, q.Item = len(items), func(i int) []ui.Line {
		lines := []ui.Line{show.Item(s.host.Look(), &items[i].Backup)}
		if items[i].Problem != nil {
			lines = append(lines, show.Problem(s.host.Look(), items[i].Problem))
		}
		return lines
	}
	for _, w := range p.Delete.Warnings {
		q.After = append(q.After, show.Warning(st, w))
	}
	q.After = append(q.After, s.at.InShell(st, "policy", []string{"prune"})...)
	q.Answers = append(q.Answers, ui.Answer{Key: "y", Label: fmt.Sprintf("Delete %d", n), Do: func() tea.Cmd { return s.delete(n) }})
	return ui.Show(q.Guard(n, s.at.Info().Badge))
}

func (s *prune) delete(n int) tea.Cmd {
	desk, plan, list := s.at.Desk(), &s.got.PrunePlan, s.got.policies
	var ids []core.BackupID
	for _, b := range plan.Delete.Deletable() {
		ids = append(ids, b.ID)
	}
	id, cmd := s.at.Start(s.host, "pruning "+core.Count(n, "backup"), place.Touching(s.at, "backup", ids...),
		func(ctx context.Context, progress jobs.Progress) ui.Result {
			results, err := desk.PrunePolicies(ctx, list, plan, false, progress)
			return place.Operated("deleted", results, err)
		})
	if id != 0 {
		s.deletes = id
	}
	return cmd
}
