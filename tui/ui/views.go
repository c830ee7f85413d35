package ui

import (
	"strings"

	"hearth/core"
	"hearth/tui/grid"
)

// SplitView is a table with details below it; what has no room is told of.
func SplitView(s Look, t *grid.Model, detail []Line, w, h int) string {
	table := t.View()
	room := h - strings.Count(table, "\n") - 2
	lines := s.Lay(detail, w)
	if room > 0 && len(lines) > room {
		lines = append(lines[:room-1], s.Dim.Paint("… "+KeyOf("details")+" shows all of it"))
	}
	return table + "\n" + s.Border.Paint(strings.Repeat("─", max(w, 0))) + "\n" + strings.Join(lines, "\n")
}

// FailedView stands where something could not be read.
func FailedView(s Look, err error, hint string, w int) string {
	what := s.Bad.Paint("✗ " + core.Visible(Told(err)))
	if hint != "" {
		what += "\n\n" + s.Dim.Paint(hint)
	}
	return "\n" + strings.Join(Hang("  ", what, w-2), "\n")
}
