package tui

import (
	"context"
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/tui/grid"
)

// restoreTab previews what a restore of a backup would do to a target's metadata,
// and applies it.
type restoreTab struct {
	host Host
	at   *Stay
	read
	request jobs.PlanRequest
	aimed   bool     // the request's target was chosen; else it is the backup's own volume
	files   []string // where the request's captures are from
	table   *grid.Model
	plan    *core.Plan // nil until it is worked out
	rows    []core.FieldPlan
	all     bool // every field, not only what changes
	w, h    int
}

// planMsg brings a plan.
type planMsg struct {
	gen  generation
	plan *core.Plan
	// onto is what it is aimed at, where nobody had chosen.
	onto core.VolumeID
	err  error
}

var planColumns = []grid.Column{
	{Title: "", Width: 1},
	{Title: "FIELD", Width: 24, Min: 14, Grow: 1},
	{Title: "BEFORE", Width: 22, Min: 10, Grow: 2},
	{Title: "AFTER", Width: 22, Min: 10, Grow: 2},
	{Title: "VERDICT", Width: 12},
	{Title: "WHY", Width: 60, Min: 48, Grow: 4, Drop: 1},
}

func newRestoreTab(host Host, at *Stay, backup core.BackupID) tab {
	return &restoreTab{host: host, at: at, request: jobs.PlanRequest{Backup: backup, Rules: core.RulesAuto, Layers: core.LayersAuto},
		table: grid.New(planColumns, host.Look().grid())}
}

func (t *restoreTab) name() string    { return "Restore" }
func (t *restoreTab) init() tea.Cmd   { return t.load() }
func (t *restoreTab) resume() tea.Cmd { return t.load() }
func (t *restoreTab) restyle()        { t.table.SetStyles(t.host.Look().grid()) }

// load works the plan out anew: from the same request, but from what the place
// says by now.
func (t *restoreTab) load() tea.Cmd {
	gen, desk, r, aimed := t.begin(), t.at.Desk(), t.request, t.aimed
	return t.host.Ask(func(ctx context.Context) tea.Msg {
		if !aimed {
			var err error
			if r.Onto, err = ownVolume(ctx, desk, r.Backup); err != nil {
				return planMsg{gen: gen, err: err}
			}
		}
		p, err := desk.Plan(ctx, r)
		return planMsg{gen, p, r.Onto, err}
	})
}

// ownVolume is a backup's own volume, which is what one looks at first; "" if that
// is gone, and then a new one is looked at.
func ownVolume(ctx context.Context, desk jobs.Desk, id core.BackupID) (core.VolumeID, error) {
	b, err := desk.Place.Backup(ctx, id)
	if err != nil {
		return "", err
	}
	switch _, err := desk.Place.Volume(ctx, b.VolumeID); core.CodeOf(err) {
	case "":
		return b.VolumeID, nil
	case core.CodeNotFound:
		return "", nil
	default:
		return "", err
	}
}

// aim changes the request; the plan before it is shown no longer.
func (t *restoreTab) aim(set func(*jobs.PlanRequest)) {
	set(&t.request)
	t.request.LeaveOut = nil // which were the fields of another plan
	t.state, t.plan, t.aimed = loading, nil, true
	t.table.Home()
}

func (t *restoreTab) update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case planMsg:
		cmd, ok := t.end(msg.gen, msg.err)
		if ok {
			t.plan, t.request.Onto = msg.plan, msg.onto
			t.fill()
		}
		return cmd
	case captureGivenMsg:
		t.files = append(slices.Clip(t.files), msg.file)
		return t.given(append(slices.Clip(t.request.Captures), msg.capture))
	case appliedMsg:
		return t.load()
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
		if t.all || f.Verdict.Changes() || f.Verdict == core.VerdictRefused || slices.Contains(t.plan.LeftOut, f.Key()) {
			t.rows = append(t.rows, f)
		}
	}
	t.table.SetSource(t)
	t.resize(t.w, t.h)
}

func (t *restoreTab) resize(w, h int) {
	t.w, t.h = w, h
	if t.plan == nil {
		return
	}
	t.table.SetSize(w, max(h-len(t.head(h))-len(t.foot(w, h)), 2))
}

func (t *restoreTab) view(w, h int) string {
	s := t.host.Look()
	switch {
	case t.state == failed:
		return failedView(s, t.err, "t chooses another target, C gives a capture from a file", w)
	case t.plan == nil:
		return "\n  " + s.busy.Paint("◌ working it out…")
	}
	body := t.table.View()
	if len(t.rows) == 0 {
		body = s.dim.Paint("  nothing would change; f shows every field")
	}
	foot := t.foot(w, h)
	top := fit(strings.Join(append(t.head(h), body), "\n"), w, h-len(foot))
	return top + "\n" + strings.Join(foot, "\n")
}

func (t *restoreTab) notReady() string {
	if t.plan == nil {
		return "the plan is not worked out yet"
	}
	return ""
}

func (t *restoreTab) actions() []action {
	return append(append(t.viaActions(), []action{
		{keys: []string{"t"}, label: "target", help: "Choose what to restore onto", run: t.chooseTarget},
		{keys: []string{"P"}, label: "apply", help: "Apply the plan: metadata only, after asking", why: t.cannotApply, run: t.confirm},
		{keys: []string{"f"}, label: map[bool]string{true: "changes", false: "all"}[t.all], help: "Show every field, or only what changes", why: t.notReady, run: func() tea.Cmd {
			t.all = !t.all
			t.fill()
			return nil
		}},
		{keys: []string{"o"}, label: "rules", help: "Switch the rule set: auto, icehouse, kilo, newton", run: func() tea.Cmd {
			t.request.LeaveOut = nil
			t.request.Rules = nextOf(append([]core.RuleSet{core.RulesAuto}, core.RuleSets...), t.request.Rules)
			return t.load()
		}},
		{keys: []string{"L"}, label: "layers", help: "Switch the layers: auto, all (chunked drivers), last (Ceph)", run: func() tea.Cmd {
			t.request.LeaveOut = nil
			t.request.Layers = nextOf([]core.Layers{core.LayersAuto, core.LayersAll, core.LayersLast}, t.request.Layers)
			return t.load()
		}},
		{keys: []string{"C"}, label: "capture", minor: true, help: "Give captures from files, the full backup's first, in place of those that are known", run: t.giveCapture},
		{keys: []string{"w"}, label: "why", minor: true, help: "Show all there is to say of the plan and of this field", why: t.notReady, run: t.explain},
	}...), tableMoves(t.table, func() tea.Cmd {
		t.resize(t.w, t.h) // the foot may have grown
		return nil
	})...)
}

// nextOf is the value that follows v in a round.
func nextOf[T comparable](round []T, v T) T {
	for i, x := range round {
		if x == v {
			return round[(i+1)%len(round)]
		}
	}
	return round[0]
}

// chooseTarget opens the list of volumes, with the new ones that Cinder could make.
func (t *restoreTab) chooseTarget() tea.Cmd {
	// The tab is shown again when the list is left, and works the plan out then.
	to := func(onto core.VolumeID, name string) tea.Cmd {
		t.aim(func(r *jobs.PlanRequest) { r.Onto, r.Name = onto, name })
		return closeScreen
	}
	more := []action{
		{name: "new", keys: []string{"n"}, label: "new", help: "A new volume that Cinder makes and names", run: func() tea.Cmd { return to("", "") }},
		{name: "new-named", keys: []string{"N"}, label: "new, named", help: "A new volume with a name of your choice", run: func() tea.Cmd {
			return show(&inputBox{title: "Name of the new volume", hint: "With a name given, Cinder keeps it and leaves the description alone.",
				input: newInput(""), submit: func(name string) tea.Cmd { return to("", name) }})
		}},
	}
	return opening(openMsg{Screen: "volumes", Pick: &Pick{Title: "Restore onto…", More: more,
		Take: func(id string) tea.Cmd { return to(core.VolumeID(id), "") }}})
}

// cannotApply says why the plan cannot be applied, "" if it can.
func (t *restoreTab) cannotApply() string {
	if why := either(t.at.Cannot(core.OpWriteVolume), t.notReady()); why != "" {
		return why
	}
	if err := t.plan.Applicable(); err != nil {
		return whatOf(err)
	}
	if t.plan.Changes() == 0 {
		return "nothing would change"
	}
	return ""
}

// confirm asks before the plan is applied, and names the volume and what is asked
// of its place.
func (t *restoreTab) confirm() tea.Cmd {
	p := t.plan
	v := p.Target.Volume
	text := fmt.Sprintf("Apply to volume %s\n(%s)?\n\n%s.", core.Visible(v.Title()), core.Visible(string(v.ID)), p.Summary())
	for _, w := range p.Warnings {
		text += "\n! " + core.Visible(w)
	}
	q := asking(t.host.Look(), "Apply the plan", text, "Apply", func() tea.Cmd { return t.apply(p) })
	if p.Via == core.ViaAPI {
		words := []string{string(p.Backup), "--onto", string(v.ID)}
		for i, c := range p.Calls {
			q.lines = append(q.lines, line{sign: t.host.Look().dim.Paint(fmt.Sprintf("%d. ", i+1)), value: t.host.Look().dialog.Paint(core.Visible(c.What))})
		}
		for _, name := range p.LeftOut {
			words = append(words, "--leave-out", name)
		}
		words = append(words, t.captureWords()...)
		if t.request.Rules != core.RulesAuto {
			words = append(words, "--rules", string(t.request.Rules))
		}
		if t.request.Layers != core.LayersAuto {
			words = append(words, "--layers", string(t.request.Layers))
		}
		q.lines = append(q.lines, t.at.InShell(t.host.Look(), "apply", words...)...)
	}
	return show(q)
}

// onRefused reports whether the field under the cursor is one that the API refuses.
func (t *restoreTab) onRefused() bool {
	return len(t.rows) > 0 && t.plan != nil && t.plan.Via == core.ViaAPI && t.rows[t.table.Cursor()].Verdict == core.VerdictRefused
}

// viaActions are what a place that is changed through an API adds: the restore
// itself, which way a plan is for, and which fields are left out of it.
func (t *restoreTab) viaActions() []action {
	if !t.at.Operates() {
		return nil
	}
	return []action{
		{keys: []string{"enter"}, label: "restore", help: "Restore data and metadata onto the target, after asking; then watch it and compare with the plan", why: t.noRestore, run: t.restoreData},
		{keys: []string{"i"}, label: "via", minor: true, help: "Switch between what the API can be asked to change and what Cinder's own restore writes", why: func() string {
			if t.request.Onto == "" {
				return "a new volume is made by Cinder's own restore"
			}
			return t.notReady()
		}, run: func() tea.Cmd {
			if t.request.LeaveOut = nil; t.request.Via == core.ViaDatabase {
				t.request.Via = ""
			} else {
				t.request.Via = core.ViaDatabase
			}
			return t.load()
		}},
		{keys: []string{"space"}, label: "leave out", minor: !t.onRefused(), help: "Leave the field out of what the API is asked to change, or take it in again", why: func() string {
			switch {
			case t.notReady() != "":
				return t.notReady()
			case t.plan.Via != core.ViaAPI:
				return "only a plan for the API leaves anything out; i switches to it"
			case len(t.rows) == 0:
				return "there is no field under the cursor"
			}
			return ""
		}, run: func() tea.Cmd {
			key := t.rows[t.table.Cursor()].Key()
			if i := slices.Index(t.request.LeaveOut, key); i >= 0 {
				t.request.LeaveOut = slices.Delete(slices.Clone(t.request.LeaveOut), i, i+1)
			} else {
				t.request.LeaveOut = append(slices.Clone(t.request.LeaveOut), key)
			}
			return t.load()
		}},
	}
}

// appliedMsg says that an apply has ended, well or not.
type appliedMsg struct{}

func (t *restoreTab) apply(p *core.Plan) tea.Cmd {
	desk, v := t.at.Desk(), p.Target.Volume
	_, cmd := t.at.Start(t.host, "applying the plan to "+core.Visible(v.Title()), Touching(t.at, "volume", v.ID),
		func(ctx context.Context, _ jobs.Progress) Result {
			e, err := desk.Apply(ctx, p)
			if err != nil {
				return Result{Note: failureNote(err), Answer: appliedMsg{}}
			}
			return Result{Note: noteMsg{level: good, text: fmt.Sprintf("Applied as journal entry %d; U takes it back.", e.ID)}, Answer: appliedMsg{}}
		})
	return cmd
}
