package morning

import (
	"context"
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/tui/grid"
	"hearth/tui/place"
	"hearth/tui/show"
	"hearth/tui/ui"
)

// policies is which volumes break which policy of the config, and since when.
type policies struct {
	reading[jobs.PolicyReport]
	rows  []int
	all   bool // also those that keep it
	table *grid.Model
	w, h  int
}

var policyColumns = []grid.Column{
	{Title: "", Width: 1},
	{Title: "VOLUME", Width: 24, Min: 16, Grow: 2, Ends: true},
	{Title: "POLICY", Width: 12, Min: 8},
	{Title: "STATE", Width: 7},
	{Title: "BROKEN SINCE", Width: 19, Drop: 1},
	{Title: "NEWEST", Width: 6, Right: true},
	{Title: "PROVEN", Width: 6, Right: true, Drop: 3},
	{Title: "WHY", Width: 30, Min: 18, Grow: 3},
	{Title: "ID", Width: 8, Drop: 2},
}

// Policies makes the screen of how far policies are kept.
func Policies(host ui.Host, at *place.Stay, _ ui.Open) ui.Screen {
	return &policies{reading: newReading[jobs.PolicyReport](host, at, toRead), table: grid.New(policyColumns, host.Look().Grid())}
}

func (s *policies) Title() string { return "Policies" }
func (s *policies) Init() tea.Cmd { return s.load() }
func (s *policies) Restyle()      { s.table.SetStyles(s.host.Look().Grid()) }

func (s *policies) load() tea.Cmd {
	config := s.at.Policies
	return s.begin("checking the policies", "policies",
		func(ctx context.Context, desk jobs.Desk, progress jobs.Progress) (r jobs.PolicyReport, err error) {
			list, err := config()
			if err != nil {
				return r, err
			}
			r, err = desk.CheckPolicies(ctx, list, progress)
			return r, saysItself(err)
		})
}

func (s *policies) Update(msg tea.Msg) tea.Cmd {
	cmd, fresh := s.hear(msg)
	if fresh {
		s.fill()
	}
	s.Resize(s.w, s.h)
	return cmd
}

// fill makes the rows: the worst first, and of those the longest broken.
func (s *policies) fill() {
	s.rows = nil
	for i := range s.got.States {
		if s.all || s.got.States[i].Keeping != core.PolicyKept {
			s.rows = append(s.rows, i)
		}
	}
	slices.SortStableFunc(s.rows, func(a, b int) int {
		x, y := &s.got.States[a], &s.got.States[b]
		if c := y.Keeping.Badness() - x.Keeping.Badness(); c != 0 || x.Since.Set != y.Since.Set {
			return c
		}
		return x.Since.V.Compare(y.Since.V)
	})
	s.table.SetSource(s)
	s.Resize(s.w, s.h)
}

// Len, Row and Key make the screen the table's source.
func (s *policies) Len() int { return len(s.rows) }
func (s *policies) Key(i int) string {
	x := &s.got.States[s.rows[i]]
	return x.Policy + " " + string(x.Volume.ID)
}
func (s *policies) Row(i int) ([]grid.Cell, bool) {
	st, x := s.host.Look(), &s.got.States[s.rows[i]]
	sign, look := keeping(st, x.Keeping)
	since := grid.Cell{}
	if x.Since.Set {
		since.Text = st.Clock(x.Since)
	} else if x.Keeping != core.PolicyKept {
		since = grid.Cell{Text: "? not known", Style: st.Unknown}
	}
	return []grid.Cell{{Text: sign, Style: look}, show.NameCell(st, x.Volume.Name), {Text: x.Policy}, {Text: string(x.Keeping), Style: look},
		since, {Text: st.Age(x.Newest)}, {Text: st.Age(x.Proof.Last)}, {Text: core.Visible(x.Why)},
		{Text: core.Visible(x.Volume.ID.Short()), Style: st.Dim}}, true
}

// keeping is a sign and a look for how a policy is kept.
func keeping(l ui.Look, k core.Keeping) (string, grid.Style) {
	switch k {
	case core.PolicyKept:
		return "✓", l.Good
	case core.PolicyBroken:
		return "!", l.Warn
	case core.PolicyMissed:
		return "✗", l.Bad
	}
	return "?", l.Unknown
}

func (s *policies) current() *jobs.PolicyState {
	if len(s.rows) == 0 {
		return nil
	}
	return &s.got.States[s.rows[s.table.Cursor()]]
}

func (s *policies) none() string {
	if s.current() == nil {
		return "there is no volume under the cursor"
	}
	return ""
}

func (s *policies) Resize(w, h int) {
	s.w, s.h = w, h
	s.table.SetSize(w, max(min(len(s.rows)+1, h-len(s.head(w))-1-6), 2))
}

// head is what the check comes to, and what it could not see.
func (s *policies) head(w int) []string {
	st := s.host.Look()
	if s.reads() {
		return []string{s.bar(w)}
	}
	if s.got == nil {
		return nil
	}
	lines := ui.Head(st.Text.Paint(s.got.Says())+show.AsOf(st, core.Some(s.came), false), w)
	lines = append(lines, s.warnings(w, s.got.Unseen...)...)
	return lines[:min(len(lines), 6)]
}

func (s *policies) View(w, h int) string {
	st := s.host.Look()
	if missing := s.missing(w); missing != "" {
		return missing
	}
	head := s.head(w)
	if len(s.rows) == 0 {
		text := st.Good.Paint("every volume that the policies are about keeps them; " + ui.KeyOf("show-all") + " shows these")
		if len(s.got.States) == 0 {
			text = st.Dim.Paint("the policies are about no volume that is seen")
		}
		return strings.Join(append(head, "", "  "+text), "\n")
	}
	return strings.Join(append(head, ui.SplitView(st, s.table, s.detail(), w, h-len(head))), "\n")
}

// detail is what the volume under the cursor is held to.
func (s *policies) detail() []ui.Line {
	st, x := s.host.Look(), s.current()
	if x == nil {
		return nil
	}
	sign, look := keeping(st, x.Keeping)
	lines := []ui.Line{{Sign: look.Paint(sign + " "), Value: look.Paint(core.Visible(x.Volume.Title())+": "+string(x.Keeping)) +
		st.Text.Paint("  "+core.Visible(x.Why))}}
	if i := slices.IndexFunc(s.got.Policies, func(p jobs.Policy) bool { return p.Name == x.Policy }); i >= 0 {
		p := &s.got.Policies[i]
		text := fmt.Sprintf("one each %s, and %s more is allowed", core.Lasting(p.Every), core.Lasting(p.Grace))
		if p.FullEvery > 1 {
			text += fmt.Sprintf("; each %dth is a full one", p.FullEvery)
		}
		if p.ProvenEvery > 0 {
			text += "; one proven in a drill each " + core.Lasting(p.ProvenEvery)
		}
		lines = append(lines, ui.FieldLine("policy "+x.Policy, text), ui.FieldLine("keeps", p.Keep.String()))
	}
	lines = append(lines, ui.FieldLine("newest backup", st.Since(x.Newest)))
	switch {
	case x.Proof.Last.Set:
		lines = append(lines, ui.FieldLine("last proven", st.Since(x.Proof.Last)+", byte for byte, in a drill"))
	case x.Proof.Keeping == core.PolicyUnknown:
		lines = append(lines, ui.FieldLine("last proven", "? not known"))
	case x.Proof.Keeping != "":
		lines = append(lines, ui.FieldLine("last proven", "never, as far as this archive knows"))
	}
	return append(lines, ui.FieldLine("volume", core.Visible(string(x.Volume.ID))))
}

func (s *policies) Actions() []ui.Action {
	volume := func(screen string) func() tea.Cmd {
		return func() tea.Cmd { return ui.OpenFor(screen, string(s.current().Volume.ID)) }
	}
	return append([]ui.Action{
		{Name: "open", Keys: []string{"enter"}, Label: "volume", Help: "Open the volume", Why: s.none, Run: volume("volume")},
		{Name: "timeline", Keys: []string{"l"}, Label: "timeline", Help: "Show its backups in time, one by one", Why: s.none,
			Run: volume("timeline")},
		{Name: "show-all", Keys: []string{"f"}, Label: "all", Help: "Show also those that keep their policy, or only the others",
			Why: s.unread, Run: func() tea.Cmd {
				s.all = !s.all
				s.fill()
				return nil
			}},
		{Name: "prune-calendar", Keys: []string{"C"}, Label: "prune", Help: "Show what the keep rules would have stay and go, as a calendar",
			Why: s.unread, Run: func() tea.Cmd { return ui.OpenFor("prune", "") }},
		{Name: "details", Keys: []string{"w"}, Help: "Show all that there is to say of it", Why: s.none, Run: func() tea.Cmd {
			return ui.Show(&ui.TextBox{Title: "The policy and the volume", Lines: s.detail(), Look: s.host.Look()})
		}},
		ui.Copies(s.host, s.table, s.none, func(c *ui.Copying) { c.ID = string(s.current().Volume.ID); s.at.CopyVolume(c) }),
		{Name: "reread", Keys: []string{"ctrl+r"}, Help: "Read it anew", Run: s.load},
	}, ui.TableMoves(s.table, nil)...)
}
