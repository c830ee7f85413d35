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
		{"Target", target},
		{"Rules", fmt.Sprintf("%s, %s: %s", p.Rules, p.Rules.Releases(), core.Visible(p.RulesWhy))},
		{"Layers", fmt.Sprintf("%s: %s", p.Layers, core.Visible(p.LayersWhy))},
	}}
	if p.Via == core.ViaAPI {
		g.rows = append(g.rows, []string{"Via", "the API, with " + core.Count(len(p.Calls), "call")})
	}
	for i, c := range p.Captures {
		of := fmt.Sprintf("%d of %d, version %d, %s", i+1, len(p.Captures), c.Version(), core.Visible(c.Source.String()))
		g.rows = append(g.rows, []string{"Capture", of})
	}
	return g
}

// fieldTable has a line for each field.
func fieldTable(fields []core.FieldPlan) grid {
	g := grid{}
	for _, title := range []string{"Section", "Field", "Before", "After", "Verdict", "Why"} {
		g.lanes = append(g.lanes, lane{title: title})
	}
	for _, f := range fields {
		g.rows = append(g.rows, []string{
			f.Section.Title(), core.Visible(f.Name), side(f, f.Before), side(f, f.After), verdict(f), core.Visible(f.Why),
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
		value := side(f, f.After)
		switch {
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

// verdict marks what is worth a second look.
func verdict(f core.FieldPlan) string {
	if f.Danger {
		return string(f.Verdict) + " !"
	}
	return string(f.Verdict)
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
