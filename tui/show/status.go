package show

import (
	"hearth/core"
	"hearth/tui/grid"
	"hearth/tui/ui"
)

// StatusGlyph is a glyph for the status of a volume or backup, beside its word.
func StatusGlyph(status string) string {
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

func StatusStyle(l ui.Look, status string) grid.Style {
	switch {
	case core.Failed(status):
		return l.Bad
	case core.InTransit(status):
		return l.Busy
	case status == core.StatusAvailable, status == "in-use":
		return l.Good
	}
	return l.Text
}
