package tui

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"hearth/core"
	"hearth/core/pyjson"
)

// labelWidth is the room for a field's label.
const labelWidth = 15

// field is a line of details: a label and a value, both fit for eyes.
func (s *styles) field(label, value string) string {
	if ansi.StringWidth(label) > labelWidth {
		return s.dim.Paint(label) + "  " + value
	}
	return s.dim.Paint(pad(label, labelWidth)) + " " + value
}

// heading is a line that begins a part of details.
func (s *styles) heading(text string) string { return s.header.Paint(text) }

// wrapField wraps a line of details so that a long value stays in its column.
func wrapField(line string, w int) []string {
	if ansi.StringWidth(line) <= w || w <= labelWidth+8 {
		return wrap(line, w)
	}
	if !strings.HasPrefix(ansi.Strip(line), " ") && ansi.StringWidth(line) > labelWidth {
		head, tail := ansi.Truncate(line, labelWidth+1, ""), ansi.TruncateLeft(line, labelWidth+1, "")
		lines := wrap(tail, w-labelWidth-1)
		for i := range lines {
			if i == 0 {
				lines[i] = head + lines[i]
			} else {
				lines[i] = strings.Repeat(" ", labelWidth+1) + lines[i]
			}
		}
		return lines
	}
	return wrap(line, w)
}

// text is a nullable text for eyes.
func (s *styles) opt(v core.Opt[string]) string {
	switch {
	case !v.Set:
		return s.dim.Paint("-")
	case v.V == "":
		return s.dim.Paint(`""`)
	}
	return core.Visible(v.V)
}

// value is a Python value for eyes; secrets are masked.
func (s *styles) value(name string, v pyjson.Value) string {
	switch {
	case v.IsNull():
		return s.dim.Paint("-")
	case core.SecretFields.Has(name) && v.Truthy():
		return s.warn.Paint(core.Masked)
	}
	switch v.Kind() {
	case pyjson.String:
		if v.Text() == "" {
			return s.dim.Paint(`""`)
		}
		return core.Visible(v.Text())
	case pyjson.Bool:
		return strings.ToLower(pyjson.Str(v))
	}
	return core.Visible(pyjson.Text(v))
}

// unknown stands for what a place cannot see.
func (s *styles) cannotSee() string { return s.unknown.Paint("? not visible here") }

// metadata lists the keys of metadata under a heading.
func (s *styles) metadata(title string, o *pyjson.Object) []string {
	if o.Len() == 0 {
		return []string{"", s.heading(title), s.dim.Paint("none")}
	}
	lines := []string{"", s.heading(title)}
	for k, v := range o.All() {
		lines = append(lines, s.field(core.Visible(k), s.value(k, v)))
	}
	return lines
}
