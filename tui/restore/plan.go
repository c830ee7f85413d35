package restore

import (
	"fmt"
	"path/filepath"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/tui/grid"
	"hearth/tui/show"
	"hearth/tui/ui"
)

// How a plan is shown: its fields as rows, and what stands above and below them.

// Len, Row and Key make the tab the table's source.
func (t *restoreTab) Len() int         { return len(t.rows) }
func (t *restoreTab) Key(i int) string { return string(t.rows[i].Section) + t.rows[i].Name }
func (t *restoreTab) Row(i int) ([]grid.Cell, bool) {
	f := t.rows[i]
	glyph, style := t.verdict(f)
	return []grid.Cell{
		{Text: glyph, Style: style}, {Text: show.FieldTitle(f), Style: t.emphasis(f)},
		{Text: show.SideText(t.host.Look(), f.Name, f.Before)},
		{Text: show.SideText(t.host.Look(), f.Name, f.After), Style: style},
		{Text: string(f.Verdict), Style: style}, {Text: core.Visible(f.Why), Style: t.host.Look().Dim},
	}, true
}

// verdict is a sign and a look for what becomes of a field.
func (t *restoreTab) verdict(f core.FieldPlan) (string, grid.Style) {
	s := t.host.Look()
	switch f.Verdict {
	case core.VerdictSet, core.VerdictAdded:
		return "+", s.Added
	case core.VerdictChanged:
		if f.Danger {
			return "!", s.Removed
		}
		return "~", s.Changed
	case core.VerdictRemoved:
		return "-", s.Removed
	case core.VerdictRefused:
		return "✗", s.Bad
	case core.VerdictUnchanged:
		return "=", s.Text
	case core.VerdictKept:
		return "·", s.Kept
	case core.VerdictOneOf, core.VerdictUnknown:
		return "?", s.Changed
	}
	return " ", s.Kept
}

func (t *restoreTab) emphasis(f core.FieldPlan) grid.Style {
	if f.Danger {
		return t.host.Look().Removed
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
	lines := []string{s.Dim.Paint("onto   ") + s.Accent.Paint(t.targetText())}
	if h >= ui.LowRoom {
		lines = append(lines,
			s.Dim.Paint("rules  ")+s.Text.Paint(t.rulesText())+s.Dim.Paint(": "+core.Visible(p.RulesWhy)),
			s.Dim.Paint("layers ")+s.Text.Paint(t.layersText())+s.Dim.Paint(": "+core.Visible(p.LayersWhy)))
	}
	if p.Via == core.ViaAPI {
		lines = append(lines,
			s.Dim.Paint("via    ")+s.Text.Paint("the API, "+core.Count(len(p.Calls), "call")+": metadata only, without the data")+
				s.Dim.Paint(leftOut(p)))
	}
	switch {
	case p.Certainty == core.Unknown && !p.Today():
		lines = append(lines, s.Warn.Paint("UNKNOWN  no capture of this backup is known"))
	case p.Today():
		lines = append(lines, s.Warn.Paint("GUESS  no capture of this backup is known: this is its volume as it is now"))
	case len(t.files) > 1:
		lines = append(lines,
			s.Dim.Paint("source ")+s.Warn.Paint(core.Count(len(t.files), "file")+" given, in this order: ")+
				core.Visible(strings.Join(baseNames(t.files), ", ")))
	case len(t.files) > 0:
		lines = append(lines, s.Dim.Paint("source ")+s.Warn.Paint("a file that was given: ")+core.Visible(t.files[0]))
	case len(p.Captures) > 0 && h >= ui.LowRoom:
		lines = append(lines, s.Dim.Paint("source ")+core.Visible(p.Captures[len(p.Captures)-1].Source.String()))
	}
	if p.Error != nil {
		lines = append(lines, s.Bad.Paint("✗ Cinder refuses: "+core.Visible(p.Error.Message)))
	}
	if h >= ui.LowRoom {
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
	n := len(t.plan.Chain)
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
	lines := []string{s.Accent.Paint(p.Summary())}
	if w < ui.WideEnough && len(t.rows) > 0 {
		lines = append(lines, ui.Hang(s.Dim.Paint("why: "), core.Visible(t.rows[t.table.Cursor()].Why), w)...)
	}
	for _, warning := range p.Warnings {
		lines = append(lines, ui.Hang(s.Warn.Paint("! "), s.Warn.Paint(core.Visible(warning)), w)...)
	}
	switch room := h / 3; {
	case h < ui.LowRoom:
		lines = lines[:1]
	case len(lines) > room:
		lines = append(lines[:room-1], s.Dim.Paint("… w shows all of it"))
	}
	return lines
}

// explain shows all there is to say of the plan and of the field under the cursor.
func (t *restoreTab) explain() tea.Cmd {
	s, p := t.host.Look(), t.plan
	var lines []ui.Line
	if len(t.rows) > 0 {
		f := t.rows[t.table.Cursor()]
		lines = append(lines, s.Heading(show.FieldTitle(f)), ui.FieldLine("before", show.SideText(t.host.Look(), f.Name, f.Before)),
			ui.FieldLine("after", show.SideText(t.host.Look(), f.Name, f.After)),
			ui.FieldLine(string(f.Verdict), core.Visible(f.Why)), ui.Line{})
	}
	lines = append(lines, s.Heading("the plan"), ui.FieldLine("onto", t.targetText()),
		ui.FieldLine("rules", t.rulesText()+": "+core.Visible(p.RulesWhy)),
		ui.FieldLine("layers", t.layersText()+": "+core.Visible(p.LayersWhy)))
	for i := range p.Chain {
		label := ""
		if i == 0 {
			label = "captures"
		}
		lines = append(lines, ui.Line{Label: label + " ", Value: fmt.Sprintf("%d: %s", i+1, core.Visible(p.Chain[i].Source().String()))})
	}
	if p.Error != nil {
		lines = append(lines, ui.FieldLine("refused", s.Bad.Paint(core.Visible(p.Error.Message))))
	}
	for _, w := range p.Warnings {
		lines = append(lines, ui.Line{Sign: s.Warn.Paint("! "), Value: s.Warn.Paint(core.Visible(w))})
	}
	return ui.Show(&ui.TextBox{Title: "The plan", Lines: lines, Look: s})
}
