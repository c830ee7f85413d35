package verbs

import (
	"fmt"
	"io"
	"strings"

	"hearth/core"
	"hearth/core/pyjson"
)

// writePlan prints a plan for eyes.
func writePlan(w io.Writer, width int, p *core.Plan, all bool) error {
	fields := p.Fields
	if !all {
		fields = nil
		for _, f := range p.Fields {
			if f.Verdict != core.VerdictNotRestored {
				fields = append(fields, f)
			}
		}
	}
	if err := planHead(p).write(w, width); err != nil {
		return err
	}
	g := fieldTable(fields)
	if width > 0 && total(g.widths()) > width {
		g = fieldCards(fields)
	}
	fmt.Fprintln(w)
	if err := g.write(w, width); err != nil {
		return err
	}
	foot := grid{lanes: []lane{{}, {wraps: true}}}
	for _, warning := range p.Warnings {
		foot.rows = append(foot.rows, []string{"!", core.Visible(warning) + "."})
	}
	if p.Error != nil {
		foot.rows = append(foot.rows, []string{"!", "Cinder refuses: " + p.Error.Class + ": " + core.Visible(p.Error.Message)})
	}
	if _, err := fmt.Fprintf(w, "\n%s.\n", p.Summary()); err != nil {
		return err
	}
	for i, c := range p.Calls {
		foot.rows = append(foot.rows, []string{fmt.Sprint(i + 1), c.Method + " " + core.Visible(c.Path) + ": " + core.Visible(c.What)})
	}
	return foot.write(w, width)
}

// planHead is what the plan was made from.
func planHead(p *core.Plan) grid {
	target := "a new volume, whose name Cinder chooses"
	switch {
	case p.Target.Volume != nil:
		target = "volume " + core.Visible(p.Target.Volume.Title()) + " (" + core.Visible(string(p.Target.Volume.ID)) + ")"
	case p.Target.Kind == core.TargetNewNamed:
		target = "a new volume named " + core.Visible(p.Target.Name)
	}
	g := grid{lanes: []lane{{}, {wraps: true}}, rows: [][]string{
		{"Answer", p.HeadlineText()},
		{"Target", target},
		{"Rules", fmt.Sprintf("%s, %s: %s", p.Rules, p.Rules.Releases(), core.Visible(p.RulesWhy))},
		{"Layers", fmt.Sprintf("%s: %s", p.Layers, core.Visible(p.LayersWhy))},
	}}
	if p.Via == core.ViaAPI {
		g.rows = append(g.rows, []string{"Via", "the API, with " + core.Count(len(p.Calls), "call")})
	}
	if p.Beside.Usable() {
		g.rows = append(g.rows, []string{"Database", p.Beside.Text()})
	}
	for i := range p.Chain {
		g.rows = append(g.rows, []string{"Capture", layerLine(p, i)})
	}
	g.rows = append(g.rows, []string{"Certainty", certaintyLine(p)})
	for _, r := range p.Can.Reasons {
		can := map[bool]string{true: "cannot", false: "can?"}[r.Answer == core.AnswerNo]
		g.rows = append(g.rows, []string{can, core.Visible(r.Text)})
	}
	return g
}

// layerLine is a layer of the chain and what is known of it.
func layerLine(p *core.Plan, i int) string {
	l := &p.Chain[i]
	text := fmt.Sprintf("%d of %d", i+1, len(p.Chain))
	if l.Name != "" {
		text += " " + core.Visible(l.Name)
	}
	for n := range l.Captures {
		text += fmt.Sprintf(", version %d, %s", l.Captures[n].Version(), core.Visible(l.Captures[n].Source.String()))
	}
	switch {
	case len(l.Captures) > 0:
	case l.Known():
		text += ", none: Cinder stored no metadata with it"
	default:
		text += ", not known: nobody has it"
	}
	if doubt := l.Evidence.Doubt(); len(l.Captures) > 0 && doubt != "" {
		text += " (" + doubt + ")"
	}
	return text
}

// certaintyLine is how sure the plan is as a whole.
func certaintyLine(p *core.Plan) string {
	switch p.Certainty {
	case core.Certain:
		return "all of it is certain, if Cinder carries the restore through"
	case core.Unknown:
		return "unknown: no capture of what is restored is known"
	}
	return "in part: the rest is marked"
}

// fieldTable has a line for each field.
func fieldTable(fields []core.FieldPlan) grid {
	g := grid{}
	for _, title := range []string{"Section", "Field", "Before", "After", "Verdict", "Why"} {
		g.lanes = append(g.lanes, lane{title: title})
	}
	for _, f := range fields {
		g.rows = append(g.rows, []string{
			f.Section.Title(), core.Visible(f.Name), side(f, f.Before), afterText(f), verdict(f), core.Visible(f.Why),
		})
	}
	return g
}

// fieldCards is the same for a terminal that is too narrow for the table: values
// and reasons under each other, a reason not twice in a row.
func fieldCards(fields []core.FieldPlan) grid {
	g := grid{lanes: []lane{{}, {}, {wraps: true}}}
	section, why := core.Section(""), ""
	for _, f := range fields {
		if f.Section != section {
			section, why = f.Section, ""
			g.rows = append(g.rows, []string{section.Title(), "", ""})
		}
		value := afterText(f)
		switch {
		case f.Certainty == core.OneOf || f.Certainty == core.Unknown:
		case !f.After.Set:
			value = side(f, f.Before) + " → gone"
		case f.Verdict == core.VerdictChanged:
			value = side(f, f.Before) + " → " + value
		}
		g.rows = append(g.rows, []string{"  " + verdict(f), core.Visible(f.Name), value})
		if f.Why != why {
			why = f.Why
			g.rows = append(g.rows, []string{"", "", core.Visible(why)})
		}
	}
	return g
}

// verdict marks what is worth a second look, and what is only assumed.
func verdict(f core.FieldPlan) string {
	text := string(f.Verdict)
	if f.Certainty == core.Assumed {
		text += ", assumed"
	}
	if f.Danger {
		text += " !"
	}
	return text
}

// afterText is a field after the restore, as far as that is known.
func afterText(f core.FieldPlan) string {
	switch f.Certainty {
	case core.Unknown:
		return "?"
	case core.OneOf:
		var values []string
		for _, v := range f.Possible {
			if !v.Set {
				values = append(values, "(gone)")
				continue
			}
			values = append(values, side(f, v))
		}
		return strings.Join(values, " or ")
	}
	return changed(side(f, f.After), f.Before, f.After)
}

// changed says of a masked secret that it is another than before.
func changed(text string, before, after core.Opt[pyjson.Value]) string {
	if text == core.Masked && before.Set && after.Set && !before.V.Equal(after.V) {
		return text + ", changed"
	}
	return text
}

// side is a value before or after; "" where there is none.
func side(f core.FieldPlan, v core.Opt[pyjson.Value]) string {
	if !v.Set {
		return ""
	}
	if s, ok := v.V.Str(); ok && strings.TrimSpace(s) == "" {
		return pyjson.Quote(s)
	}
	return shown(f.Name, v.V)
}
