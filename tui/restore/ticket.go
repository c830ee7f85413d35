package restore

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/tui/show"
	"hearth/tui/ui"
)

// A plan on its way into a change ticket.

// copyPlan asks in which form the plan is to be copied.
func (t *restoreTab) copyPlan() tea.Cmd {
	p, l := t.plan, t.host.Look()
	items := []ui.MenuItem{
		{Label: "The plan as text"},
		{Label: "The plan as Markdown"},
		{Label: "The plan as JSON", Hint: "as hearth plan -o json prints it"},
	}
	if len(t.rows) > 0 {
		items = append(items, ui.MenuItem{Label: "The field under the cursor", Hint: show.FieldTitle(t.rows[t.table.Cursor()])})
	}
	return ui.Show(&ui.MenuBox{Title: "Copy", Items: items, Pick: func(i int) tea.Cmd {
		switch i {
		case 0:
			return t.host.Copy(t.ticket(l, p, false), "the plan")
		case 1:
			return t.host.Copy(t.ticket(l, p, true), "the plan")
		case 2:
			return t.host.Copy(pyjson.Indent(pyjson.OfDict(p.Object())), "the plan as JSON")
		}
		f := &t.rows[t.table.Cursor()]
		return t.host.Copy(fmt.Sprintf("%s: %s → %s (%s)", show.FieldTitle(*f), beforeText(l, f), afterText(l, f), because(f)), "the field")
	}})
}

// ticket writes the plan for people who are not here: what it comes to, of what and
// onto what, how sure it is and by what, and every field that it is about.
func (t *restoreTab) ticket(l ui.Look, p *core.Plan, markdown bool) string {
	var b strings.Builder
	heading, cell := "%s\n\n", "%-10s %-24s %-24s %-24s %s\n"
	if markdown {
		heading, cell = "**%s**\n\n", "| %s | %s | %s | %s | %s |\n"
	}
	fmt.Fprintf(&b, heading, p.HeadlineText())
	fmt.Fprintf(&b, "backup: %s %s\n", core.Visible(t.backup.Title()), core.Visible(string(t.backup.ID)))
	fmt.Fprintf(&b, "onto: %s\n", t.targetText())
	fmt.Fprintf(&b, "certainty: %s\n", p.Certainty)
	for i := range p.Chain {
		layer := &p.Chain[i]
		fmt.Fprintf(&b, "%s: %s\n", core.Visible(layer.Title()), evidenceWords[layer.Evidence])
	}
	b.WriteString("\n")
	row := func(cells ...any) {
		if markdown {
			for i := range cells {
				cells[i] = strings.ReplaceAll(fmt.Sprint(cells[i]), "|", `\|`)
			}
		}
		fmt.Fprintf(&b, cell, cells...)
	}
	row("certainty", "field", "now", "after", "because")
	if markdown {
		row("---", "---", "---", "---", "---")
	}
	for i := range t.rows {
		f := &t.rows[i]
		row(f.Certainty, show.FieldTitle(*f), beforeText(l, f), afterText(l, f), core.Visible(because(f)))
	}
	return b.String()
}
