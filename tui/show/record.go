package show

import (
	"hearth/core"
	"hearth/tui/ui"
)

// RecordLines are the fields of a record that tell what it is of.
func RecordLines(l ui.Look, c *core.Check) []ui.Line {
	st, d := l, &c.Found.Decoded
	lines := []ui.Line{ui.FieldLine("fingerprint", st.Accent.Paint(d.Fingerprint())+"  "+st.Dim.Paint("to compare by voice"))}
	for _, f := range []struct{ label, name string }{{"id", "id"}, {"name", "display_name"},
		{"description", "display_description"}, {"volume", "volume_id"}, {"parent", "parent_id"},
		{"created", "created_at"}, {"container", "container"}, {"project", "project_id"}, {"user", "user_id"}} {
		lines = append(lines, ui.FieldLine(f.label, ValueText(st, f.name, d.Field(f.name))))
	}
	return append(lines, ui.FieldLine("service", core.Visible(c.Found.Record.Service)))
}
