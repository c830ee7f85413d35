package restore

import (
	"context"
	"fmt"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/tui/place"
	"hearth/tui/show"
	"hearth/tui/ui"
)

// The metadata alone: hearth puts it back itself, or by the API's own calls.

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

// confirm asks before the plan is applied, and names the volume, what changes, and
// what is asked of its place.
func (t *restoreTab) confirm() tea.Cmd {
	p, l := t.plan, t.host.Look()
	v := p.Target.Volume
	text := fmt.Sprintf("Apply to volume %s\n(%s)?\n\n%s\n", core.Visible(v.Title()), core.Visible(string(v.ID)),
		show.PlanText(p).HeadlineText())
	q := ui.Asking(l, "Apply the plan", text, "Apply", func() tea.Cmd { return t.apply(p) })
	q.Lines = append(q.Lines, t.acted(l)...)
	for i, c := range p.Calls {
		q.Lines = append(q.Lines, ui.Line{Sign: l.Dim.Paint(fmt.Sprintf("%d. ", i+1)), Value: l.InDialog.Paint(core.Visible(c.What))})
	}
	q.Lines = append(q.Lines, t.at.InShell(l, "apply", backupNames(p.Backup), t.applyWords(p)...)...)
	for _, w := range p.Warnings {
		q.Lines = append(q.Lines, show.Warning(l, w))
	}
	return ui.Show(q.Guard(1, t.at.Info().Badge))
}

// applyWords are the flags of the verb that applies the plan.
func (t *restoreTab) applyWords(p *core.Plan) []string {
	words := []string{place.Flag("--onto", string(p.Target.Volume.ID))}
	for _, name := range p.LeftOut {
		words = append(words, place.Flag("--leave-out", name))
	}
	words = append(words, t.captureWords()...)
	if t.request.Rules != core.RulesAuto {
		words = append(words, place.Flag("--rules", string(t.request.Rules)))
	}
	if t.request.Layers != core.LayersAuto {
		words = append(words, place.Flag("--layers", string(t.request.Layers)))
	}
	return words
}

// acted are the rows of a question: what is lost and what changes.
func (t *restoreTab) acted(l ui.Look) (out []ui.Line) {
	const most = 12
	for i := range t.rows {
		f := &t.rows[i]
		if !f.Verdict.Changes() && f.Certainty == core.Certain {
			continue
		}
		if len(out) == most {
			return append(out, ui.TextLine(l.Dim.Paint("…")))
		}
		sign, look := verdictLook(l, f)
		before := ui.Either(show.SideText(l, f.Name, f.Before), "not there")
		out = append(out,
			ui.Line{Sign: look.Paint(sign + " "), Value: look.Paint(show.FieldTitle(*f)+": ") + l.InDialog.Paint(before+" → "+afterText(l, f))})
	}
	return out
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
				return ui.Result{Note: ui.Note{Level: ui.LevelInfo, Text: "The volume is so already: nothing was sent."}, Answer: appliedMsg{}}
			}
			return ui.Result{
				Note:   ui.Note{Level: ui.LevelGood, Text: fmt.Sprintf("Applied as journal entry %d; %s takes it back.", e.ID, ui.KeyOf("undo"))},
				Answer: appliedMsg{},
			}
		})
	return cmd
}
