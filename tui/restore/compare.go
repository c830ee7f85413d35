package restore

import (
	"context"
	"fmt"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/tui/ui"
)

// The preview held against another one: the same backup onto another target, or by
// other rules; or what it captured against its target as it is.

// besideMsg brings the target that the one of the preview is to be held against.
type besideMsg struct{ targetMsg }

// compare asks what the preview is to be held against.
func (t *restoreTab) compare() tea.Cmd {
	var items []ui.MenuItem
	var picks []func() tea.Cmd
	add := func(it ui.MenuItem, pick func() tea.Cmd) { items, picks = append(items, it), append(picks, pick) }
	add(ui.MenuItem{Label: "The same restore onto another target…"}, func() tea.Cmd {
		return t.chooseFor(func(m targetMsg) tea.Msg { return besideMsg{m} })
	})
	for _, rules := range core.RuleSets {
		if rules != t.plan.Rules {
			add(ui.MenuItem{Label: "The same restore by the rules of " + string(rules), Hint: rules.Releases()}, func() tea.Cmd {
				r, other := t.request, t.request
				r.Rules, other.Rules = t.plan.Rules, rules
				return t.beside(t.planSide(r, "by "+string(r.Rules)), t.planSide(other, "by "+string(rules)))
			})
		}
	}
	onto := ui.MenuItem{Label: "What the backup captured, and the target as it is"}
	if t.request.Onto == "" {
		onto.Why = "the target is not there yet"
	}
	add(onto, func() tea.Cmd {
		desk, backup, volume := t.at.Desk(), t.request.Backup, t.request.Onto
		return t.beside(func(ctx context.Context) (core.DiffSide, error) { return desk.BackupSide(ctx, backup) },
			func(ctx context.Context) (core.DiffSide, error) { return desk.VolumeSide(ctx, volume) })
	})
	return ui.Show(&ui.MenuBox{Title: "Compare", Items: items, Pick: func(i int) tea.Cmd { return picks[i]() }})
}

// planSide is what a restore comes to, of what was asked for but the fields left out.
func (t *restoreTab) planSide(r jobs.PlanRequest, title string) side {
	desk := t.at.Desk()
	r.LeaveOut = nil
	return func(ctx context.Context) (core.DiffSide, error) { return desk.PlanSide(ctx, r, title) }
}

// besideTarget holds the preview against the same onto another target.
func (t *restoreTab) besideTarget(m targetMsg) tea.Cmd {
	r, desk := t.request, t.at.Desk()
	r.Onto, r.Name, r.Type, r.Bare = m.volume, m.name, m.shape.typ, m.shape.bare()
	r.LeaveOut = nil
	return t.beside(t.planSide(t.request, "onto "+t.targetText()), func(ctx context.Context) (core.DiffSide, error) {
		title := "onto " + ui.Either(m.name, "a new volume") + m.shape.text()
		if m.volume != "" {
			v, err := desk.Place.Volume(ctx, m.volume)
			if err != nil {
				return core.DiffSide{}, err
			}
			title = fmt.Sprintf("onto %s (%s)", v.Title(), v.ID.Short())
		}
		return desk.PlanSide(ctx, r, title)
	})
}

// beside opens the difference of two.
func (t *restoreTab) beside(a, b side) tea.Cmd {
	at := t.at
	return func() tea.Msg {
		return ui.Push{Name: "diff", Make: func(host ui.Host) ui.Screen { return newDiff(host, at, [2]side{a, b}) }}
	}
}
