package restore

import (
	"context"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/tui/grid"
	"hearth/tui/place"
	"hearth/tui/ui"
)

// restoreTab previews a restore of a backup onto a target, and begins it. There are
// two previews, each of one action: of data and metadata, which Cinder restores; and
// of the metadata alone.
type restoreTab struct {
	host ui.Host
	at   *place.Stay
	ui.Read
	request  jobs.PlanRequest
	shape    shape    // of the new volume, where there is to be one
	metadata bool     // the preview of the metadata alone
	aimed    bool     // the request's target was chosen
	fresh    bool     // so was a new volume, for the data
	files    []string // where the request's captures are from
	table    *grid.Model
	backup   *core.Backup
	plan     *core.Plan // nil until it is worked out
	rows     []core.FieldPlan
	folded   folded
	against  *targetMsg // the target whose preview is to be held against this one when the tab is shown again
	all      bool       // every field, not only what changes or is not certain
	w, h     int
}

// shape is what a new volume is to be, besides its name.
type shape struct {
	size      int64 // GiB; 0: as the backup
	typ, zone string
}

// bare reports whether something is asked for that a restore's own volume cannot be
// given: see core.Target.Bare.
func (x shape) bare() bool { return x.size > 0 || x.zone != "" }

// folded counts the fields that are not shown.
type folded struct{ unchanged, assumed, never int }

// planMsg brings a plan.
type planMsg struct {
	gen    ui.Generation
	backup core.Backup
	plan   *core.Plan
	// onto is what it is aimed at, where nobody had chosen.
	onto core.VolumeID
	err  error
}

var planColumns = []grid.Column{
	{Title: "", Width: 1},
	{Title: "FIELD", Width: 22, Min: 14, Grow: 1},
	{Title: "NOW", Width: 20, Min: 10, Grow: 1},
	{Title: "AFTER", Width: 22, Min: 14, Grow: 2},
	{Title: "BECAUSE", Width: 60, Min: 26, Grow: 4},
}

// Tab is the preview of a backup's restore.
func Tab(host ui.Host, at *place.Stay, backup core.BackupID) ui.Tab {
	t := &restoreTab{host: host, at: at, metadata: !at.Operates(), table: grid.New(planColumns, host.Look().Grid()),
		request: jobs.PlanRequest{Backup: backup, Rules: core.RulesAuto, Layers: core.LayersAuto}}
	if !t.metadata {
		t.request.Via = core.ViaDatabase
	}
	return t
}

func (t *restoreTab) Name() string  { return "Restore" }
func (t *restoreTab) Init() tea.Cmd { return t.load() }
func (t *restoreTab) Resume() tea.Cmd {
	if other := t.against; other != nil && t.plan != nil {
		t.against = nil
		return t.besideTarget(*other)
	}
	return t.load()
}
func (t *restoreTab) Restyle() { t.table.SetStyles(t.host.Look().Grid()) }

// load works the plan out anew: from the same request, but from what the place says
// by now, and whether it can be carried out.
func (t *restoreTab) load() tea.Cmd {
	gen, desk, r, aimed, metadata := t.Begin(), t.at.Desk(), t.request, t.aimed, t.metadata
	restores, restore := t.at.Operates() && !metadata, t.restoreRequest()
	return t.Ask(t.host, func(ctx context.Context) tea.Msg {
		m := planMsg{gen: gen}
		if m.backup, m.err = desk.Place.Backup(ctx, r.Backup); m.err != nil {
			return m
		}
		if !aimed {
			r.Onto = ""
		}
		if !aimed && metadata { // the metadata alone goes onto a volume that is there
			if r.Onto, m.err = ownVolume(ctx, desk, &m.backup); m.err != nil {
				return m
			}
		}
		m.onto = r.Onto
		if m.plan, m.err = desk.Plan(ctx, r); m.err != nil {
			return m
		}
		if !restores {
			m.err = desk.Weigh(ctx, m.plan, r)
			return m
		}
		restore.Volume = r.Onto
		m.err = desk.WeighRestore(ctx, m.plan, restore)
		return m
	})
}

// ownVolume is a backup's own volume, which is what the metadata alone goes onto
// until something else is chosen; "" if that is gone, and then a new one is looked at.
func ownVolume(ctx context.Context, desk jobs.Desk, b *core.Backup) (core.VolumeID, error) {
	switch _, err := desk.Place.Volume(ctx, b.VolumeID); core.CodeOf(err) {
	case "":
		return b.VolumeID, nil
	case core.CodeNotFound:
		return "", nil
	default:
		return "", err
	}
}

// forget shows the plan before no longer, nor what was left out of it.
func (t *restoreTab) forget() {
	t.request.LeaveOut = nil
	t.State, t.plan = ui.Loading, nil
	t.table.Home()
}

func (t *restoreTab) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case planMsg:
		cmd, ok := t.End(msg.gen, msg.err)
		if ok {
			t.backup, t.plan, t.request.Onto = &msg.backup, msg.plan, msg.onto
			t.fill()
		}
		return cmd
	case targetMsg:
		return t.take(msg)
	case besideMsg:
		t.against = &msg.targetMsg
		return nil // the tab is shown again next
	case captureGivenMsg:
		t.files = append(slices.Clip(t.files), msg.file)
		return t.given(append(slices.Clip(t.request.Captures), msg.capture))
	case appliedMsg:
		return t.load()
	}
	return nil
}

// fill chooses the rows: what changes or is not certain, or everything.
func (t *restoreTab) fill() {
	t.rows, t.folded = nil, folded{}
	if t.plan == nil {
		return
	}
	for _, f := range t.plan.Fields {
		if slices.Contains(t.plan.LeftOut, f.Key()) { // that is certain: nobody asks for it
			f.Certainty, f.Because, f.After = core.Certain, "", f.Before
			t.rows = append(t.rows, f)
			continue
		}
		switch {
		case t.all, f.Verdict.Changes(), f.Certainty == core.Unknown, f.Certainty == core.OneOf, f.Verdict == core.VerdictRefused,
			f.Section == core.BaseSection && f.Name == "display_name":
			t.rows = append(t.rows, f)
		case f.Verdict == core.VerdictNotRestored:
			t.folded.never++
		case f.Certainty == core.Assumed:
			t.folded.assumed++
		default:
			t.folded.unchanged++
		}
	}
	slices.SortStableFunc(t.rows, func(a, b core.FieldPlan) int { return weightOf(&a) - weightOf(&b) })
	t.table.SetSource(t)
	t.Resize(t.w, t.h)
}

func (t *restoreTab) Resize(w, h int) {
	t.w, t.h = w, h
	if t.plan == nil {
		return
	}
	room := max(h-len(t.head(w, h))-len(t.foot(w, h)), 2)
	t.table.SetSize(w, min(room, len(t.rows)+1))
}

func (t *restoreTab) View(w, h int) string {
	s := t.host.Look()
	switch {
	case t.State == ui.Failed:
		return ui.FailedView(s, t.Err, ui.KeyOf("target")+" chooses another target, "+ui.KeyOf("give-capture")+" gives a capture from a file", w)
	case t.plan == nil:
		return "\n  " + s.Busy.Paint("◌ working it out…")
	}
	foot := t.foot(w, h)
	top := ui.Fit(strings.Join(append(t.head(w, h), t.table.View()), "\n"), w, h-len(foot))
	if len(t.rows)+1+len(t.head(w, h)) < h-len(foot) { // the foot stands close below a short table
		return strings.Join(append(append(t.head(w, h), t.table.View()), foot...), "\n")
	}
	return top + "\n" + strings.Join(foot, "\n")
}

func (t *restoreTab) notReady() string {
	if t.plan == nil {
		return "the plan is not worked out yet"
	}
	return ""
}

func (t *restoreTab) Actions() []ui.Action {
	return append(append(t.doing(), []ui.Action{
		{Name: "target", Keys: []string{"t"}, Label: "target", Help: "Choose what to restore onto", Run: t.chooseTarget},
		{Name: "show-all", Keys: []string{"f"}, Label: map[bool]string{true: "changes", false: "all"}[t.all],
			Help: "Show every field, or only what changes or is not certain", Why: t.notReady,
			Run: func() tea.Cmd {
				t.all = !t.all
				t.fill()
				return nil
			}},
		{Name: "copy-plan", Keys: []string{"y"},
			Help: "Copy the plan, for a change ticket: as text, Markdown or JSON; or the field under the cursor",
			Why:  t.notReady, Run: t.copyPlan},
		{Name: "compare", Keys: []string{"="}, Label: "compare", Minor: true, Why: t.notReady, Run: t.compare,
			Help: "Compare the preview: with another target, with other rules, or what was captured with the target as it is"},
		{Name: "rules", Keys: []string{"o"}, Label: "rules", Minor: true, Help: "Switch the rule set: auto, icehouse, kilo, newton",
			Run: func() tea.Cmd {
				t.request.LeaveOut = nil
				t.request.Rules = nextOf(append([]core.RuleSet{core.RulesAuto}, core.RuleSets...), t.request.Rules)
				return t.load()
			}},
		{Name: "layers", Keys: []string{"L"}, Label: "layers", Minor: true,
			Help: "Switch the layers: auto, all (chunked drivers), last (Ceph)",
			Run: func() tea.Cmd {
				t.request.LeaveOut = nil
				t.request.Layers = nextOf([]core.Layers{core.LayersAuto, core.LayersAll, core.LayersLast}, t.request.Layers)
				return t.load()
			}},
		{Name: "give-capture", Keys: []string{"C"}, Label: "capture", Minor: true,
			Help: "Give captures from files, the full backup's first, in place of those that are known", Run: t.giveCapture},
		{Name: "why", Keys: []string{"w"}, Label: "why", Minor: true, Help: "Show all there is to say of the plan and of this field",
			Why: t.notReady, Run: t.explain},
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

// doing are the two actions that there are previews of; and, of the metadata alone
// through an API, which fields are left out of it.
func (t *restoreTab) doing() []ui.Action {
	apply := ui.Action{Name: "apply", Keys: []string{"P"}, Label: "apply", Help: "Apply the plan: metadata only, after asking",
		Why: t.cannotApply, Run: t.confirm}
	if !t.at.Operates() {
		return []ui.Action{apply}
	}
	restore := ui.Action{Name: "restore-now", Keys: []string{"enter"}, Label: "restore", Why: t.noRestore, Run: t.restoreData,
		Help: "Restore data and metadata onto the target, which is chosen first, after asking; then watch it and compare with the plan"}
	if !t.aimed { // what a new volume is to be is asked before the preview of what is then asked about
		restore.Label, restore.Run = "choose target", t.chooseTarget
	}
	if !t.metadata {
		return []ui.Action{restore, {Name: "metadata", Keys: []string{"P", "i"}, Label: "metadata only",
			Help: "Preview what becomes of a volume of which the metadata alone is put back, without the data", Run: t.turn}}
	}
	leaveOut := ui.Action{Name: "leave-out", Keys: []string{"space"}, Label: "leave out", Minor: !t.onRefused(),
		Why: t.noLeavingOut, Run: t.leaveOut,
		Help: "Leave the field out of what the API is asked to change, or take it in again"}
	return []ui.Action{apply, {Name: "data", Keys: []string{"i"}, Label: "data too", Run: t.turn,
		Help: "Preview the restore of data and metadata"}, leaveOut}
}

// turn shows the other of the two previews. A new volume that was chosen is one for the
// data: the metadata alone goes onto one that is there, and data too onto the new one.
func (t *restoreTab) turn() tea.Cmd {
	t.metadata = !t.metadata
	switch {
	case t.metadata && t.request.Onto == "":
		t.fresh, t.aimed = t.aimed, false
	case !t.metadata && !t.aimed:
		t.request.Onto, t.aimed = "", t.fresh
	}
	t.request.Via = ""
	if !t.metadata {
		t.request.Via = core.ViaDatabase
	}
	t.forget()
	return t.load()
}

// onRefused reports whether the field under the cursor is one that the API refuses.
func (t *restoreTab) onRefused() bool {
	return len(t.rows) > 0 && t.plan != nil && t.plan.Via == core.ViaAPI && t.rows[t.table.Cursor()].Verdict == core.VerdictRefused
}

func (t *restoreTab) noLeavingOut() string {
	switch {
	case t.notReady() != "":
		return t.notReady()
	case t.plan.Via != core.ViaAPI:
		return "only a plan for the API leaves anything out"
	case len(t.rows) == 0:
		return "there is no field under the cursor"
	}
	return ""
}

func (t *restoreTab) leaveOut() tea.Cmd {
	key := t.rows[t.table.Cursor()].Key()
	if i := slices.Index(t.request.LeaveOut, key); i >= 0 {
		t.request.LeaveOut = slices.Delete(slices.Clone(t.request.LeaveOut), i, i+1)
	} else {
		t.request.LeaveOut = append(slices.Clone(t.request.LeaveOut), key)
	}
	return t.load()
}
