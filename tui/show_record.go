package tui

import (
	"hearth/core"
)

// recordLines are the fields of a record that tell what it is of.
func recordLines(l Look, c *core.Check) []line {
	st, d := l, &c.Found.Decoded
	lines := []line{field("fingerprint", st.accent.Paint(d.Fingerprint())+"  "+st.dim.Paint("to compare by voice"))}
	for _, f := range []struct{ label, name string }{{"id", "id"}, {"name", "display_name"}, {"description", "display_description"}, {"volume", "volume_id"}, {"parent", "parent_id"},
		{"created", "created_at"}, {"container", "container"}, {"project", "project_id"}, {"user", "user_id"}} {
		lines = append(lines, field(f.label, valueText(st, f.name, d.Field(f.name))))
	}
	return append(lines, field("service", core.Visible(c.Found.Record.Service)))
}
