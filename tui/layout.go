package tui

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"hearth/tui/grid"
)

// Sizes come from the terminal and may be anything; they are clamped here, in one
// place, so that no screen has to.

// fit makes a text exactly h lines of at most w cells.
func fit(s string, w, h int) string {
	if w <= 0 || h <= 0 {
		return ""
	}
	lines := strings.Split(s, "\n")
	if len(lines) > h {
		lines = lines[:h]
	}
	for i, l := range lines {
		lines[i] = clip(l, w)
	}
	for len(lines) < h {
		lines = append(lines, "")
	}
	return strings.Join(lines, "\n")
}

// clip cuts a line that is too wide, and says so.
func clip(s string, w int) string {
	if len(s) <= w || ansi.StringWidth(s) <= w {
		return s
	}
	return ansi.Truncate(s, w, "…")
}

// pad makes a line exactly w cells wide.
func pad(s string, w int) string {
	s = clip(s, w)
	return s + strings.Repeat(" ", max(w-ansi.StringWidth(s), 0))
}

// wrap breaks a text into lines of at most w cells.
func wrap(s string, w int) []string {
	if w <= 0 {
		return nil
	}
	return strings.Split(ansi.Wrap(s, w, " "), "\n")
}

// spread puts left and right at the two ends of a line of w cells; where there is
// no room for both, right goes.
func spread(left, right string, w int) string {
	l, r := ansi.StringWidth(left), ansi.StringWidth(right)
	if l+r+1 > w {
		return pad(left, w)
	}
	return left + strings.Repeat(" ", w-l-r) + right
}

// beside puts two blocks of h lines next to each other, a line between them.
func beside(left, right string, lw, rw, h int, border grid.Style) string {
	l, r := strings.Split(fit(left, lw, h), "\n"), strings.Split(fit(right, rw, h), "\n")
	bar := border.Paint("│")
	for i := range l {
		l[i] = pad(l[i], lw) + bar + " " + clip(r[i], rw)
	}
	return strings.Join(l, "\n")
}

// over lays a box on the middle of a frame of w by h cells.
func over(frame, box string, w, h int) string {
	lines := strings.Split(fit(frame, w, h), "\n")
	rows := strings.Split(box, "\n")
	bw := 0
	for _, r := range rows {
		bw = max(bw, ansi.StringWidth(r))
	}
	bw = min(bw, w)
	x, y := (w-bw)/2, max((h-len(rows))/2, 0)
	for i, row := range rows {
		if y+i >= len(lines) {
			break
		}
		under := pad(lines[y+i], w)
		lines[y+i] = ansi.Truncate(under, x, "") + pad(row, bw) + ansi.TruncateLeft(under, x+bw, "")
	}
	return strings.Join(lines, "\n")
}

// window is the part of some lines that a pane of h lines shows, scrolled to top;
// it returns the top that is possible.
func window(lines []string, top, h int) ([]string, int) {
	top = max(min(top, len(lines)-h), 0)
	end := min(top+max(h, 0), len(lines))
	return lines[top:end], top
}
