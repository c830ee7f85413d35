package ui

import (
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"hearth/tui/grid"
)

// Sizes come from the terminal and may be anything; they are clamped here, in one
// place, so that no screen has to.

// Fit makes a text exactly h lines of at most w cells.
func Fit(s string, w, h int) string {
	if w <= 0 || h <= 0 {
		return ""
	}
	lines := strings.Split(s, "\n")
	if len(lines) > h {
		lines = lines[:h]
	}
	for i, l := range lines {
		lines[i] = Clip(l, w)
	}
	for len(lines) < h {
		lines = append(lines, "")
	}
	return strings.Join(lines, "\n")
}

// Clip cuts a line that is too wide, and says so.
func Clip(s string, w int) string {
	switch {
	case w <= 0:
		return ""
	case len(s) <= w || ansi.StringWidth(s) <= w:
		return s
	}
	return ansi.Truncate(s, w, "…")
}

// Pad makes a line exactly w cells wide.
func Pad(s string, w int) string {
	s = Clip(s, w)
	return s + strings.Repeat(" ", max(w-ansi.StringWidth(s), 0))
}

// glyph is a character of a painted text: its cells, and the style it stands in.
type glyph struct {
	text  string
	width int
	style string
}

// glyphs takes a painted line apart.
func glyphs(s, style string) (out []glyph, last string) {
	var state byte
	for len(s) > 0 {
		seq, width, n, next := ansi.DecodeSequence(s, state, nil)
		switch {
		case width > 0 || len(out) == 0 && seq[0] != '\x1b':
			out = append(out, glyph{seq, width, style})
		case seq[0] != '\x1b':
			out[len(out)-1].text += seq
		case seq == "\x1b[m" || seq == "\x1b[0m":
			style = ""
		default:
			style += seq
		}
		s, state = s[n:], next
	}
	return out, style
}

// painted puts a line together again; its styles end with it.
func painted(line []glyph) string {
	var b strings.Builder
	style := ""
	for _, g := range line {
		if g.style != style {
			if style != "" {
				b.WriteString("\x1b[m")
			}
			b.WriteString(g.style)
			style = g.style
		}
		b.WriteString(g.text)
	}
	if style != "" {
		b.WriteString("\x1b[m")
	}
	return b.String()
}

// Wrap breaks a painted text into lines of at most w cells, at its line ends, at
// blanks, and inside of words that are wider than a line. Hyphens do not break:
// ids stay whole. A style goes on in the next line.
func Wrap(s string, w int) []string {
	if w <= 0 {
		return nil
	}
	if !strings.Contains(s, "\n") && ansi.StringWidth(s) <= w {
		return []string{s}
	}
	var out []string
	style := ""
	for _, paragraph := range strings.Split(s, "\n") {
		var gs []glyph
		gs, style = glyphs(paragraph, style)
		for {
			n, skip := lineEnd(gs, w)
			out = append(out, painted(gs[:n]))
			if gs = gs[n+skip:]; len(gs) == 0 {
				break
			}
		}
	}
	return out
}

// lineEnd finds how many glyphs go on a line of w cells, and how many blanks are
// passed over before the next.
func lineEnd(gs []glyph, w int) (n, skip int) {
	width, blank, word := 0, 0, false
	for i, g := range gs {
		if width += g.width; width > w {
			switch {
			case g.text == " ":
				return i, 1
			case blank > 0:
				return blank, 1
			}
			return max(i, 1), 0
		}
		if word = word || g.text != " "; word && g.text == " " {
			blank = i
		}
	}
	return len(gs), 0
}

// Spread puts left and right at the two ends of a line of w cells; where there is
// no room for both, right goes.
func Spread(left, right string, w int) string {
	l, r := ansi.StringWidth(left), ansi.StringWidth(right)
	if l+r+1 > w {
		return Pad(left, w)
	}
	return left + strings.Repeat(" ", w-l-r) + right
}

// SideBySide puts two blocks of h lines next to each other, a line between them.
func SideBySide(left, right string, lw, rw, h int, border grid.Style) string {
	l, r := strings.Split(Fit(left, lw, h), "\n"), strings.Split(Fit(right, rw, h), "\n")
	bar := border.Paint("│")
	for i := range l {
		l[i] = Pad(l[i], lw) + bar + " " + Clip(r[i], rw)
	}
	return strings.Join(l, "\n")
}

// Over lays a box on the middle of a frame of w by h cells.
func Over(frame, box string, w, h int) string {
	lines := strings.Split(Fit(frame, w, h), "\n")
	rows := strings.Split(box, "\n")
	bw := min(lipgloss.Width(box), w)
	x, y := Centre(box, w, h)
	for i, row := range rows {
		if y+i >= len(lines) {
			break
		}
		under := Pad(lines[y+i], w)
		right := ansi.TruncateLeft(under, x+bw, "")
		if ansi.StringWidth(right) != w-x-bw { // the cut goes through a wide character
			right = " " + ansi.TruncateLeft(under, x+bw+1, "")
		}
		lines[y+i] = Pad(ansi.Truncate(under, x, ""), x) + Pad(row, bw) + right
	}
	return strings.Join(lines, "\n")
}

// Centre is where a box begins that is drawn in the middle of w by h.
func Centre(box string, w, h int) (x, y int) {
	return (w - min(lipgloss.Width(box), w)) / 2, max((h-lipgloss.Height(box))/2, 0)
}

// window is the part of some lines that a pane of h lines shows, scrolled to top;
// it returns the top that is possible.
func window(lines []string, top, h int) ([]string, int) {
	h = max(h, 0)
	top = max(min(top, len(lines)-h), 0)
	return lines[top:min(top+h, len(lines))], top
}

// LowRoom is the height below which only what matters most stands around the plan.
const LowRoom = 14

// WideEnough is the width from which the pane stands beside the list.
const WideEnough = 120
