package restore

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/tui/grid"
	"hearth/tui/show"
	"hearth/tui/ui"
)

// A plan, or a difference, on its way into a change ticket.

// copying asks in which form something is to be copied, and copies it; field is what
// stands under the table's cursor, "" where nothing does, and hint what it is called.
func copying(host ui.Host, table *grid.Model, what string, write func(markdown bool) string, o *pyjson.Object, hint, field string) tea.Cmd {
	said := strings.ToLower(what[:1]) + what[1:]
	c := ui.CopyingRow(host, table)
	c.ID = "" // a field has none: it is known by its name
	c.First = []ui.Copyable{
		{MenuItem: ui.MenuItem{Label: what + " as text"}, Run: func() tea.Cmd { return host.Copy(write(false), said) }},
		{MenuItem: ui.MenuItem{Label: what + " as Markdown"}, Run: func() tea.Cmd { return host.Copy(write(true), said) }},
		{MenuItem: ui.MenuItem{Label: what + " as JSON", Hint: "as the verb prints it with -o json"},
			Run: func() tea.Cmd { return host.Copy(pyjson.Indent(pyjson.OfDict(o)), said+" as JSON") }},
	}
	if field == "" { // no row is there
		return c.AskFirst()
	}
	c.Near("The field under the cursor", hint, "the field", field)
	return c.Ask()
}

// ticket is a text for people who are not here, plain or as Markdown.
type ticket struct {
	strings.Builder
	markdown bool
}

// plainly takes from a tenant's text what Markdown would make something of.
var plainly = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`,
	"<", `\<`, ">", `\>`, "|", `\|`, "#", `\#`)

// text is a text as the ticket can take it.
func (t *ticket) text(s string) string {
	if s = core.Visible(s); t.markdown {
		return plainly.Replace(s)
	}
	return s
}

// heading is the first line, item a line below it.
func (t *ticket) heading(s string) {
	form := "%s\n\n"
	if t.markdown {
		form = "**%s**\n\n"
	}
	fmt.Fprintf(t, form, t.text(s))
}

func (t *ticket) item(name, value string) {
	form := "%s: %s\n"
	if t.markdown {
		form = "- %s: %s\n"
	}
	fmt.Fprintf(t, form, t.text(name), t.text(value))
}

// head begins the table, row is a line of it.
func (t *ticket) head(cells ...string) {
	t.WriteString("\n")
	t.row(cells...)
	if t.markdown {
		t.WriteString(strings.Repeat("| --- ", len(cells)) + "|\n")
	}
}

func (t *ticket) row(cells ...string) {
	for i, c := range cells {
		c = t.text(c)
		switch {
		case t.markdown:
			t.WriteString("| " + c + " ")
		case i == len(cells)-1:
			t.WriteString(c)
		default:
			fmt.Fprintf(t, "%-*s ", 24, c)
		}
	}
	if t.markdown {
		t.WriteString("|")
	}
	t.WriteString("\n")
}

// copyPlan asks in which form the plan is to be copied.
func (t *restoreTab) copyPlan() tea.Cmd {
	p, l := t.plan, t.host.Look()
	field, hint := "", ""
	if len(t.rows) > 0 {
		f := &t.rows[t.table.Cursor()]
		hint = show.FieldTitle(*f)
		field = fmt.Sprintf("%s: %s → %s (%s; %s)", hint, beforeText(l, f), afterText(l, f), f.Certainty, core.Visible(because(f)))
	}
	return copying(t.host, t.table, "The plan", func(markdown bool) string { return t.ticket(l, p, markdown) }, p.Object(), hint, field)
}

// ticket writes the plan: what it comes to, of what and onto what, how sure it is and
// by what, and every field that it is about.
func (t *restoreTab) ticket(l ui.Look, p *core.Plan, markdown bool) string {
	b := ticket{markdown: markdown}
	b.heading(p.HeadlineText())
	b.item("backup", t.backup.Title()+" "+string(t.backup.ID))
	b.item("onto", t.targetText())
	b.item("rules", t.rulesText())
	b.item("certainty", string(p.Certainty))
	for i := range p.Chain {
		layer := &p.Chain[i]
		source := show.EvidenceText(layer.Evidence)
		if layer.Known() {
			source += ", " + layer.Source().String()
		}
		b.item(layer.Title(), source)
	}
	for _, r := range p.Can.Reasons {
		b.item("can it be done: "+string(r.Answer), r.Text)
	}
	b.head("certainty", "field", "now", "after", "because")
	for i := range t.rows {
		f := &t.rows[i]
		b.row(string(f.Certainty), show.FieldTitle(*f), beforeText(l, f), afterText(l, f), because(f))
	}
	if n := t.folded; n != (folded{}) {
		fmt.Fprintf(&b, "\nNot listed: %s.\n", n.text())
	}
	return b.String()
}
