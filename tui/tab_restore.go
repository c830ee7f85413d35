package tui

import (
	"context"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/jobs"
	"hearth/tui/grid"
)

// restoreTab previews what a restore of a backup would do to a target's metadata,
// and applies it.
type restoreTab struct {
	*base
	request jobs.PlanRequest
	table   *grid.Model
	gen     generation
	state   state
	err     error
	plan    *core.Plan
	rows    []core.FieldPlan
	all     bool // every field, not only what changes
	w, h    int
}

// planMsg brings a plan.
type planMsg struct {
	gen  generation
	plan *core.Plan
	// request is what it was made from: the target is filled in the first time.
	request jobs.PlanRequest
	err     error
}

var planColumns = []grid.Column{
	{Title: "", Width: 1},
	{Title: "FIELD", Width: 24, Min: 14, Grow: 1},
	{Title: "BEFORE", Width: 22, Min: 10, Grow: 2},
	{Title: "AFTER", Width: 22, Min: 10, Grow: 2},
	{Title: "VERDICT", Width: 12},
	{Title: "WHY", Width: 40, Min: 24, Grow: 4, Drop: 1},
}

func newRestoreTab(b *base, backup core.BackupID) *restoreTab {
	return &restoreTab{base: b, request: jobs.PlanRequest{Backup: backup, Rules: core.RulesAuto, Layers: core.LayersAuto},
		table: grid.New(planColumns, b.styles.grid())}
}

func (t *restoreTab) name() string    { return "Restore" }
func (t *restoreTab) init() tea.Cmd   { return t.load() }
func (t *restoreTab) resume() tea.Cmd { return t.load() }
func (t *restoreTab) restyle()        { t.table.SetStyles(t.styles.grid()) }

func (t *restoreTab) load() tea.Cmd {
	if t.plan == nil {
		t.state = loading
	}
	gen, desk, r := t.gen.next(), t.desk, t.request
	first := t.plan == nil
	return t.ask(func(ctx context.Context) tea.Msg {
		if first && r.Onto == "" && r.Name == "" {
			r = onOwnVolume(ctx, desk, r)
		}
		p, err := desk.Plan(ctx, r)
		return planMsg{gen, p, r, err}
	})
}

// onOwnVolume aims at the backup's own volume, which is what one looks at first;
// if that is gone, at a new one.
func onOwnVolume(ctx context.Context, desk jobs.Desk, r jobs.PlanRequest) jobs.PlanRequest {
	b, err := desk.Place.Backup(ctx, r.Backup)
	if err != nil {
		return r
	}
	if _, err := desk.Place.Volume(ctx, b.VolumeID); err == nil {
		r.Onto = b.VolumeID
	}
	return r
}

func (t *restoreTab) update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case planMsg:
		if msg.gen != t.gen {
			return nil
		}
		if t.err = msg.err; t.err != nil {
			t.state = failed
			return nil
		}
		t.state, t.plan, t.request = ready, msg.plan, msg.request
		t.fill()
	case appliedMsg:
		return t.applied(msg)
	}
	return nil
}

// fill chooses the rows: what changes, or everything.
func (t *restoreTab) fill() {
	t.rows = nil
	if t.plan == nil {
		return
	}
	for _, f := range t.plan.Fields {
		if t.all || f.Verdict.Changes() || f.Verdict == core.VerdictRefused {
			t.rows = append(t.rows, f)
		}
	}
	t.table.SetSource(t)
	t.resize(t.w, t.h)
}

// Len, Row and Key make the tab the table's source.
func (t *restoreTab) Len() int         { return len(t.rows) }
func (t *restoreTab) Key(i int) string { return string(t.rows[i].Section) + t.rows[i].Name }
func (t *restoreTab) Row(i int) ([]grid.Cell, bool) {
	f := t.rows[i]
	glyph, style := t.verdict(f)
	section := ""
	switch f.Section {
	case core.UserSection:
		section = "meta "
	case core.ImageSection:
		section = "image "
	}
	return []grid.Cell{
		{Text: glyph, Style: style}, {Text: section + core.Visible(fieldTitle(f)), Style: t.emphasis(f)}, {Text: t.side(f, f.Before)}, {Text: t.side(f, f.After), Style: style},
		{Text: string(f.Verdict), Style: style}, {Text: core.Visible(f.Why), Style: t.styles.dim},
	}, true
}

func fieldTitle(f core.FieldPlan) string {
	switch f.Name {
	case "display_name":
		return "name"
	case "display_description":
		return "description"
	}
	return f.Name
}

// verdict is a sign and a look for what becomes of a field.
func (t *restoreTab) verdict(f core.FieldPlan) (string, grid.Style) {
	s := t.styles
	switch f.Verdict {
	case core.VerdictSet, core.VerdictAdded:
		return "+", s.added
	case core.VerdictChanged:
		if f.Danger {
			return "!", s.removed
		}
		return "~", s.changed
	case core.VerdictRemoved:
		return "-", s.removed
	case core.VerdictRefused:
		return "✗", s.bad
	case core.VerdictUnchanged:
		return "=", s.text
	case core.VerdictKept:
		return "·", s.kept
	}
	return " ", s.kept
}

func (t *restoreTab) emphasis(f core.FieldPlan) grid.Style {
	if f.Danger {
		return t.styles.removed
	}
	return grid.Style{}
}

// side is a value before or after, for a cell.
func (t *restoreTab) side(f core.FieldPlan, v core.Opt[pyjson.Value]) string {
	switch {
	case !v.Set:
		return ""
	case v.V.IsNull():
		return "-"
	case core.SecretFields.Has(f.Name) && v.V.Truthy():
		return core.Masked
	case v.V.Kind() == pyjson.Bool:
		return map[bool]string{true: "yes", false: "no"}[v.V.Bool()]
	case v.V.Kind() == pyjson.Time:
		at, _ := v.V.Time()
		return t.clock(core.Some(at))
	}
	if s, ok := v.V.Str(); ok {
		if s == "" {
			return `""`
		}
		return core.Visible(s)
	}
	return core.Visible(pyjson.Text(v.V))
}

// head is what stands above the table.
func (t *restoreTab) head(w int) []string {
	s, p := t.styles, t.plan
	lines := []string{
		s.dim.Paint("onto   ") + s.accent.Paint(t.targetText()),
		s.dim.Paint("rules  ") + s.text.Paint(string(p.Rules)) + s.dim.Paint(" ("+p.Rules.Releases()+") "+core.Visible(p.RulesWhy)),
		s.dim.Paint("layers ") + s.text.Paint(fmt.Sprintf("%s, %s", p.Layers, core.Count(len(p.Captures), "capture"))) + s.dim.Paint(" "+core.Visible(p.LayersWhy)),
	}
	if len(p.Captures) > 0 {
		lines = append(lines, s.dim.Paint("from   ")+core.Visible(p.Captures[len(p.Captures)-1].Source.String()))
	}
	if p.Guess() {
		lines = append(lines, s.warn.Paint("GUESS  the capture is only the volume as it is now: no capture of this backup is known"))
	}
	if p.Error != nil {
		lines = append(lines, s.bad.Paint("✗ Cinder refuses: "+core.Visible(p.Error.Message)))
	}
	return lines
}

func (t *restoreTab) targetText() string {
	switch p := t.plan; {
	case p.Target.Volume != nil:
		return core.Visible(p.Target.Volume.Title()) + " (" + string(p.Target.Volume.ID) + ")"
	case p.Target.Kind == core.TargetNewNamed:
		return "a new volume named " + core.Visible(p.Target.Name)
	}
	return "a new volume, named by Cinder"
}

// foot is what stands below it: the summary, the warnings, and where the table
// has no column for it the reason for the row under the cursor.
func (t *restoreTab) foot(w int) []string {
	s, p := t.styles, t.plan
	lines := []string{s.accent.Paint(p.Summary())}
	if w < wideEnough && len(t.rows) > 0 {
		lines = append(lines, wrap(s.dim.Paint("why: ")+core.Visible(t.rows[t.table.Cursor()].Why), w)...)
	}
	for _, warning := range p.Warnings {
		lines = append(lines, wrap(s.warn.Paint("! "+core.Visible(warning)), w)...)
	}
	return lines
}

// footRoom is how much of the height the foot may take.
func (t *restoreTab) footRoom(h int) int { return max(h/3, 2) }

func (t *restoreTab) resize(w, h int) {
	t.w, t.h = w, h
	if t.plan == nil {
		return
	}
	t.table.SetSize(w, max(h-len(t.head(w))-1-min(len(t.foot(w)), t.footRoom(h)), 2))
}

func (t *restoreTab) view(w, h int) string {
	s := t.styles
	switch {
	case t.state == failed:
		return strings.Join(wrap("\n  "+s.bad.Paint("✗ "+core.Visible(t.err.Error()))+"\n\n  "+s.dim.Paint("t chooses another target"), w), "\n")
	case t.plan == nil:
		return "\n  " + s.busy.Paint("◌ working it out…")
	}
	parts := t.head(w)
	body := t.table.View()
	if len(t.rows) == 0 {
		body = s.dim.Paint("  nothing would change; f shows every field")
	}
	foot := t.foot(w)
	if room := t.footRoom(h); len(foot) > room {
		foot = append(foot[:room-1], s.dim.Paint("… w shows all warnings"))
	}
	parts = append(parts, "", body)
	top := fit(strings.Join(parts, "\n"), w, h-len(foot))
	return top + "\n" + strings.Join(foot, "\n")
}

func (t *restoreTab) notReady() string {
	if t.plan == nil {
		return "the plan is not worked out yet"
	}
	return ""
}

func (t *restoreTab) actions() []action {
	return append([]action{
		{keys: []string{"t"}, label: "target", help: "Choose what to restore onto", run: t.chooseTarget},
		{keys: []string{"P"}, label: "apply", help: "Apply the plan: metadata only, after asking", why: t.cannotApply, run: t.confirm},
		{keys: []string{"f"}, label: "all/changes", help: "Show every field, or only what changes", why: t.notReady, run: func() tea.Cmd {
			t.all = !t.all
			t.fill()
			return nil
		}},
		{keys: []string{"o"}, label: "rules", help: "Switch the rule set: auto, icehouse, kilo, newton", run: func() tea.Cmd {
			t.request.Rules = after(append([]core.RuleSet{core.RulesAuto}, core.RuleSets...), t.request.Rules)
			return t.load()
		}},
		{keys: []string{"L"}, label: "layers", help: "Switch the layers: auto, all (chunked drivers), last (Ceph)", run: func() tea.Cmd {
			t.request.Layers = after([]core.Layers{core.LayersAuto, core.LayersAll, core.LayersLast}, t.request.Layers)
			return t.load()
		}},
		{keys: []string{"w"}, help: "Show all warnings, and the reason for this field", why: t.notReady, run: t.showWarnings},
	}, tableMoves(t.table, func() tea.Cmd {
		t.resize(t.w, t.h) // the foot may have grown
		return nil
	})...)
}

// after is the value that follows v in a round.
func after[T comparable](round []T, v T) T {
	for i, x := range round {
		if x == v {
			return round[(i+1)%len(round)]
		}
	}
	return round[0]
}

func (t *restoreTab) showWarnings() tea.Cmd {
	s := t.styles
	var lines []string
	if len(t.rows) > 0 {
		f := t.rows[t.table.Cursor()]
		lines = append(lines, s.heading(core.Visible(fieldTitle(f))), "before  "+t.side(f, f.Before), "after   "+t.side(f, f.After), string(f.Verdict)+": "+core.Visible(f.Why), "")
	}
	for _, w := range t.plan.Warnings {
		lines = append(lines, s.warn.Paint("! "+core.Visible(w)))
	}
	return show(&textBox{title: "What to know", lines: lines})
}

// chooseTarget opens the list of volumes, with the new ones that Cinder could make.
func (t *restoreTab) chooseTarget() tea.Cmd {
	to := func(set func(*jobs.PlanRequest)) tea.Cmd {
		set(&t.request)
		t.state, t.plan = loading, nil
		t.table.Home()
		gen, desk, r := t.gen.next(), t.desk, t.request
		return t.ask(func(ctx context.Context) tea.Msg {
			p, err := desk.Plan(ctx, r)
			return planMsg{gen, p, r, err}
		})
	}
	return func() tea.Msg {
		return pushMsg{"volumes", func(b base) screen {
			list := volumeList(b, "")
			return &picker{listScreen: list, name: "Restore onto…",
				pick: func(id core.VolumeID) tea.Cmd { return to(func(r *jobs.PlanRequest) { r.Onto, r.Name = id, "" }) },
				more: []action{
					{keys: []string{"n"}, label: "new", help: "A new volume that Cinder makes and names", run: func() tea.Cmd {
						return tea.Sequence(closeScreen, to(func(r *jobs.PlanRequest) { r.Onto, r.Name = "", "" }))
					}},
					{keys: []string{"N"}, label: "new, named", help: "A new volume with a name of your choice", run: func() tea.Cmd {
						return show(&inputBox{title: "Name of the new volume", hint: "With a name given, Cinder keeps it and leaves the description alone.", input: newInput(""), submit: func(name string) tea.Cmd {
							return tea.Sequence(closeScreen, to(func(r *jobs.PlanRequest) { r.Onto, r.Name = "", name }))
						}})
					}},
				}}
		}}
	}
}

// cannotApply says why the plan cannot be applied, "" if it can.
func (t *restoreTab) cannotApply() string {
	if why := t.cannotWrite(); why != "" {
		return why
	}
	if why := t.notReady(); why != "" {
		return why
	}
	if err := t.plan.Applicable(); err != nil {
		e := err.(*core.Error)
		return e.What
	}
	if t.plan.Changes() == 0 {
		return "nothing would change"
	}
	return ""
}

// confirm asks before the plan is applied, and names the volume.
func (t *restoreTab) confirm() tea.Cmd {
	p := t.plan
	v := p.Target.Volume
	text := fmt.Sprintf("Apply to volume %s\n(%s)?\n\n%s.", core.Visible(v.Title()), v.ID, p.Summary())
	for _, w := range p.Warnings {
		text += "\n! " + w
	}
	return show(&confirmBox{title: "Apply the plan", text: text, yes: "Apply", do: func() tea.Cmd {
		desk := t.desk
		return t.ask(func(ctx context.Context) tea.Msg {
			e, err := desk.Apply(ctx, p)
			return appliedMsg{e, err}
		})
	}})
}

// appliedMsg is how an apply ended.
type appliedMsg struct {
	entry core.Entry
	err   error
}

func (t *restoreTab) applied(msg appliedMsg) tea.Cmd {
	if msg.err != nil {
		return func() tea.Msg { return failure(msg.err) }
	}
	return tea.Batch(note(good, fmt.Sprintf("Applied as journal entry %d; U takes it back.", msg.entry.ID)), t.load())
}
