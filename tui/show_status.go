package tui

import (
	"hearth/core"
	"hearth/tui/grid"
)

// statusGlyph is a glyph for the status of a volume or backup, beside its word.
func statusGlyph(status string) string {
	switch {
	case core.Failed(status):
		return "✗"
	case core.InTransit(status):
		return "◌"
	case status == core.StatusAvailable:
		return "✓"
	case status == "in-use":
		return "●"
	}
	return "·"
}

func statusStyle(l Look, status string) grid.Style {
	switch {
	case core.Failed(status):
		return l.bad
	case core.InTransit(status):
		return l.busy
	case status == core.StatusAvailable, status == "in-use":
		return l.good
	}
	return l.text
}
