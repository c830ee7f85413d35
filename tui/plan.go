package tui

import (
	"fmt"
	"path/filepath"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/tui/grid"
)

// How a plan is shown: its fields as rows, and what stands above and below them.

// Len, Row and Key make the tab the table's source.
func (t *restoreTab) Len() int         { return len(t.rows) }
func (t *restoreTab) Key(i int) string { return string(t.rows[i].Section) + t.rows[i].Name }
func (t *restoreTab) Row(i int) ([]grid.Cell, bool) {
	f := t.rows[i]
	glyph, style := t.verdict(f)
	return []grid.Cell{
		{Text: glyph, Style: style}, {Text: fieldTitle(f), Style: t.emphasis(f)}, {Text: sideText(t.host.Look(), f.Name, f.Before)}, {Text: sideText(t.host.Look(), f.Name, f.After), Style: style},
		{Text: string(f.Verdict), Style: style}, {Text: core.Visible(f.Why), Style: t.host.Look().dim},
	}, true
}

// verdict is a sign and a look for what becomes of a field.
func (t *restoreTab) verdict(f core.FieldPlan) (string, grid.Style) {
	s := t.host.Look()
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
		return t.host.Look().removed
	}
	return grid.Style{}
}

func (t *restoreTab) targetText() string {
	switch p := t.plan; {
	case p.Target.Volume != nil:
		return core.Visible(p.Target.Volume.Title()) + " (" + core.Visible(string(p.Target.Volume.ID)) + ")"
	case p.Target.Kind == core.TargetNewNamed:
		return "a new volume named " + core.Visible(p.Target.Name)
	}
	return "a new volume, named by Cinder"
}

// head is what stands above the table, a line each.
func (t *restoreTab) head(h int) []string {
	s, p := t.host.Look(), t.plan
	lines := []string{s.dim.Paint("onto   ") + s.accent.Paint(t.targetText())}
	if h >= lowRoom {
		lines = append(lines,
			s.dim.Paint("rules  ")+s.text.Paint(t.rulesText())+s.dim.Paint(": "+core.Visible(p.RulesWhy)),
			s.dim.Paint("layers ")+s.text.Paint(t.layersText())+s.dim.Paint(": "+core.Visible(p.LayersWhy)))
	}
	if p.Via == core.ViaAPI {
		lines = append(lines, s.dim.Paint("via    ")+s.text.Paint("the API, "+core.Count(len(p.Calls), "call")+": metadata only, without the data")+s.dim.Paint(leftOut(p)))
	}
	switch {
	case p.Guess():
		lines = append(lines, s.warn.Paint("GUESS  no capture of this backup is known: this is its volume as it is now"))
	case len(t.files) > 1:
		lines = append(lines, s.dim.Paint("source ")+s.warn.Paint(core.Count(len(t.files), "file")+" given, in this order: ")+core.Visible(strings.Join(baseNames(t.files), ", ")))
	case len(t.files) > 0:
		lines = append(lines, s.dim.Paint("source ")+s.warn.Paint("a file that was given: ")+core.Visible(t.files[0]))
	case len(p.Captures) > 0 && h >= lowRoom:
		lines = append(lines, s.dim.Paint("source ")+core.Visible(p.Captures[len(p.Captures)-1].Source.String()))
	}
	if p.Error != nil {
		lines = append(lines, s.bad.Paint("✗ Cinder refuses: "+core.Visible(p.Error.Message)))
	}
	if h >= lowRoom {
		lines = append(lines, "")
	}
	return lines
}

// baseNames are files without their folders.
func baseNames(files []string) (out []string) {
	for _, f := range files {
		out = append(out, filepath.Base(f))
	}
	return out
}

// leftOut tells how many fields were left out by hand.
func leftOut(p *core.Plan) string {
	if len(p.LeftOut) == 0 {
		return ""
	}
	return "; " + core.Count(len(p.LeftOut), "field") + " left out"
}

func (t *restoreTab) rulesText() string {
	return string(t.plan.Rules) + " (" + t.plan.Rules.Releases() + ")"
}

func (t *restoreTab) layersText() string {
	n := len(t.plan.Captures)
	if n == 1 {
		return string(t.plan.Layers) + " (there is 1)"
	}
	return fmt.Sprintf("%s of %d", t.plan.Layers, n)
}

// foot is what stands below the table: the summary, where the table has no column
// for it the reason for the row under the cursor, and the warnings; at most a third
// of the height.
func (t *restoreTab) foot(w, h int) []string {
	s, p := t.host.Look(), t.plan
	lines := []string{s.accent.Paint(p.Summary())}
	if w < wideEnough && len(t.rows) > 0 {
		lines = append(lines, hang(s.dim.Paint("why: "), core.Visible(t.rows[t.table.Cursor()].Why), w)...)
	}
	for _, warning := range p.Warnings {
		lines = append(lines, hang(s.warn.Paint("! "), s.warn.Paint(core.Visible(warning)), w)...)
	}
	switch room := h / 3; {
	case h < lowRoom:
		lines = lines[:1]
	case len(lines) > room:
		lines = append(lines[:room-1], s.dim.Paint("… w shows all of it"))
	}
	return lines
}

// explain shows all there is to say of the plan and of the field under the cursor.
func (t *restoreTab) explain() tea.Cmd {
	s, p := t.host.Look(), t.plan
	var lines []line
	if len(t.rows) > 0 {
		f := t.rows[t.table.Cursor()]
		lines = append(lines, s.heading(fieldTitle(f)), field("before", sideText(t.host.Look(), f.Name, f.Before)), field("after", sideText(t.host.Look(), f.Name, f.After)),
			field(string(f.Verdict), core.Visible(f.Why)), line{})
	}
	lines = append(lines, s.heading("the plan"), field("onto", t.targetText()), field("rules", t.rulesText()+": "+core.Visible(p.RulesWhy)),
		field("layers", t.layersText()+": "+core.Visible(p.LayersWhy)))
	for i, c := range p.Captures {
		label := ""
		if i == 0 {
			label = "captures"
		}
		lines = append(lines, line{label: label + " ", value: fmt.Sprintf("%d: %s", i+1, core.Visible(c.Source.String()))})
	}
	if p.Error != nil {
		lines = append(lines, field("refused", s.bad.Paint(core.Visible(p.Error.Message))))
	}
	for _, w := range p.Warnings {
		lines = append(lines, line{sign: s.warn.Paint("! "), value: s.warn.Paint(core.Visible(w))})
	}
	return show(&textBox{title: "The plan", lines: lines, look: s})
}
