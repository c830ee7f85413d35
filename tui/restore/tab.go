package restore

import (
	"context"
	"fmt"
	"hearth/tui/place"
	"hearth/tui/ui"
	"slices"
	"strings"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/tui/grid"

	tea "charm.land/bubbletea/v2"
)

// restoreTab previews what a restore of a backup would do to a target's metadata,
// and applies it.
type restoreTab struct {
	host ui.Host
	at   *place.Stay
	ui.Read
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
	gen  ui.Generation
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

func Tab(host ui.Host, at *place.Stay, backup core.BackupID) ui.Tab {
	return &restoreTab{host: host, at: at, request: jobs.PlanRequest{Backup: backup, Rules: core.RulesAuto, Layers: core.LayersAuto},
		table: grid.New(planColumns, host.Look().Grid())}
}

func (t *restoreTab) Name() string    { return "Restore" }
func (t *restoreTab) Init() tea.Cmd   { return t.load() }
func (t *restoreTab) Resume() tea.Cmd { return t.load() }
func (t *restoreTab) Restyle()        { t.table.SetStyles(t.host.Look().Grid()) }

// load works the plan out anew: from the same request, but from what the place
// says by now.
func (t *restoreTab) load() tea.Cmd {
	gen, desk, r, aimed := t.Begin(), t.at.Desk(), t.request, t.aimed
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
	t.State, t.plan, t.aimed = ui.Loading, nil, true
	t.table.Home()
}

func (t *restoreTab) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case planMsg:
		cmd, ok := t.End(msg.gen, msg.err)
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
	t.Resize(t.w, t.h)
}

func (t *restoreTab) Resize(w, h int) {
	t.w, t.h = w, h
	if t.plan == nil {
		return
	}
	t.table.SetSize(w, max(h-len(t.head(h))-len(t.foot(w, h)), 2))
}

func (t *restoreTab) View(w, h int) string {
	s := t.host.Look()
	switch {
	case t.State == ui.Failed:
		return ui.FailedView(s, t.Err, "t chooses another target, C gives a capture from a file", w)
	case t.plan == nil:
		return "\n  " + s.Busy.Paint("◌ working it out…")
	}
	body := t.table.View()
	if len(t.rows) == 0 {
		body = s.Dim.Paint("  nothing would change; f shows every field")
	}
	foot := t.foot(w, h)
	top := ui.Fit(strings.Join(append(t.head(h), body), "\n"), w, h-len(foot))
	return top + "\n" + strings.Join(foot, "\n")
}

func (t *restoreTab) notReady() string {
	if t.plan == nil {
		return "the plan is not worked out yet"
	}
	return ""
}

func (t *restoreTab) Actions() []ui.Action {
	return append(append(t.viaActions(), []ui.Action{
		{Keys: []string{"t"}, Label: "target", Help: "Choose what to restore onto", Run: t.chooseTarget},
		{Keys: []string{"P"}, Label: "apply", Help: "Apply the plan: metadata only, after asking", Why: t.cannotApply, Run: t.confirm},
		{Keys: []string{"f"}, Label: map[bool]string{true: "changes", false: "all"}[t.all], Help: "Show every field, or only what changes", Why: t.notReady, Run: func() tea.Cmd {
			t.all = !t.all
			t.fill()
			return nil
		}},
		{Keys: []string{"o"}, Label: "rules", Help: "Switch the rule set: auto, icehouse, kilo, newton", Run: func() tea.Cmd {
			t.request.LeaveOut = nil
			t.request.Rules = nextOf(append([]core.RuleSet{core.RulesAuto}, core.RuleSets...), t.request.Rules)
			return t.load()
		}},
		{Keys: []string{"L"}, Label: "layers", Help: "Switch the layers: auto, all (chunked drivers), last (Ceph)", Run: func() tea.Cmd {
			t.request.LeaveOut = nil
			t.request.Layers = nextOf([]core.Layers{core.LayersAuto, core.LayersAll, core.LayersLast}, t.request.Layers)
			return t.load()
		}},
		{Keys: []string{"C"}, Label: "capture", Minor: true, Help: "Give captures from files, the full backup's first, in place of those that are known", Run: t.giveCapture},
		{Keys: []string{"w"}, Label: "why", Minor: true, Help: "Show all there is to say of the plan and of this field", Why: t.notReady, Run: t.explain},
	}...), ui.TableMoves(t.table, func() tea.Cmd {
		t.Resize(t.w, t.h) // the foot may have grown
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
		return ui.CloseScreen
	}
	more := []ui.Action{
		{Name: "new", Keys: []string{"n"}, Label: "new", Help: "A new volume that Cinder makes and names", Run: func() tea.Cmd { return to("", "") }},
		{Name: "new-named", Keys: []string{"N"}, Label: "new, named", Help: "A new volume with a name of your choice", Run: func() tea.Cmd {
			return ui.Show(&ui.InputBox{Title: "Name of the new volume", Hint: "With a name given, Cinder keeps it and leaves the description alone.",
				Input: ui.NewInput(""), Submit: func(name string) tea.Cmd { return to("", name) }})
		}},
	}
	return ui.Opening(ui.Open{Screen: "volumes", Pick: &ui.Pick{Title: "Restore onto…", More: more,
		Take: func(id string) tea.Cmd { return to(core.VolumeID(id), "") }}})
}

// cannotApply says why the plan cannot be applied, "" if it can.
func (t *restoreTab) cannotApply() string {
	if why := ui.Either(t.at.Cannot(core.OpWriteVolume), t.notReady()); why != "" {
		return why
	}
	if err := t.plan.Applicable(); err != nil {
		return ui.WhatOf(err)
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
	q := ui.Asking(t.host.Look(), "Apply the plan", text, "Apply", func() tea.Cmd { return t.apply(p) })
	if p.Via == core.ViaAPI {
		words := []string{string(p.Backup), "--onto", string(v.ID)}
		for i, c := range p.Calls {
			q.Lines = append(q.Lines, ui.Line{Sign: t.host.Look().Dim.Paint(fmt.Sprintf("%d. ", i+1)), Value: t.host.Look().Dialog.Paint(core.Visible(c.What))})
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
		q.Lines = append(q.Lines, t.at.InShell(t.host.Look(), "apply", words...)...)
	}
	return ui.Show(q)
}

// onRefused reports whether the field under the cursor is one that the API refuses.
func (t *restoreTab) onRefused() bool {
	return len(t.rows) > 0 && t.plan != nil && t.plan.Via == core.ViaAPI && t.rows[t.table.Cursor()].Verdict == core.VerdictRefused
}

// viaActions are what a place that is changed through an API adds: the restore
// itself, which way a plan is for, and which fields are left out of it.
func (t *restoreTab) viaActions() []ui.Action {
	if !t.at.Operates() {
		return nil
	}
	return []ui.Action{
		{Keys: []string{"enter"}, Label: "restore", Help: "Restore data and metadata onto the target, after asking; then watch it and compare with the plan", Why: t.noRestore, Run: t.restoreData},
		{Keys: []string{"i"}, Label: "via", Minor: true, Help: "Switch between what the API can be asked to change and what Cinder's own restore writes", Why: func() string {
			if t.request.Onto == "" {
				return "a new volume is made by Cinder's own restore"
			}
			return t.notReady()
		}, Run: func() tea.Cmd {
			if t.request.LeaveOut = nil; t.request.Via == core.ViaDatabase {
				t.request.Via = ""
			} else {
				t.request.Via = core.ViaDatabase
			}
			return t.load()
		}},
		{Keys: []string{"space"}, Label: "leave out", Minor: !t.onRefused(), Help: "Leave the field out of what the API is asked to change, or take it in again", Why: func() string {
			switch {
			case t.notReady() != "":
				return t.notReady()
			case t.plan.Via != core.ViaAPI:
				return "only a plan for the API leaves anything out; i switches to it"
			case len(t.rows) == 0:
				return "there is no field under the cursor"
			}
			return ""
		}, Run: func() tea.Cmd {
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
	_, cmd := t.at.Start(t.host, "applying the plan to "+core.Visible(v.Title()), place.Touching(t.at, "volume", v.ID),
		func(ctx context.Context, _ jobs.Progress) ui.Result {
			e, err := desk.Apply(ctx, p)
			if err != nil {
				return ui.Result{Note: ui.FailureNote(err), Answer: appliedMsg{}}
			}
			if e.None() {
				return ui.Result{Note: ui.Note{Level: ui.Info, Text: "The volume is so already: nothing was sent."}, Answer: appliedMsg{}}
			}
			return ui.Result{Note: ui.Note{Level: ui.Good, Text: fmt.Sprintf("Applied as journal entry %d; U takes it back.", e.ID)}, Answer: appliedMsg{}}
		})
	return cmd
}
