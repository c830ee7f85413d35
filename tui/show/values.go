package show

import (
	"strings"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/tui/ui"
)

// opt is a nullable text for eyes.
func Nullable(l ui.Look, v core.Opt[string]) string {
	switch {
	case !v.Set:
		return l.Dim.Paint("-")
	case v.V == "":
		return l.Dim.Paint(`""`)
	}
	return core.Literal(v.V)
}

// OrNone is a text for eyes that is "" where there is none.
func OrNone(l ui.Look, v string) string {
	if v == "" {
		return l.Dim.Paint("-")
	}
	return core.Literal(v)
}

// named is a name with its id, or the id alone.
func NameAndID(l ui.Look, name core.Opt[string], id string) string {
	if name.Or("") == "" {
		return OrNone(l, id)
	}
	return core.Visible(name.V) + "  " + l.Dim.Paint(core.Visible(id))
}

// value is a Python value for eyes; secrets are masked.
func ValueText(l ui.Look, name string, v pyjson.Value) string {
	switch {
	case v.IsNull():
		return l.Dim.Paint("-")
	case !l.Reveal && core.IsSecret(name) && v.Truthy():
		return l.Warn.Paint(core.Masked)
	case !l.Reveal:
		v = core.MaskedIn(v)
	}
	switch v.Kind() {
	case pyjson.String:
		if v.Text() == "" {
			return l.Dim.Paint(`""`)
		}
		return core.Literal(v.Text())
	case pyjson.Bool:
		return strings.ToLower(pyjson.Str(v))
	}
	return core.Visible(pyjson.Text(v))
}

// RawOf has a line copy a Python value of a name: a text as it is, the rest as JSON has
// it. A secret is not copied.
func RawOf(l ui.Line, name string, v pyjson.Value) ui.Line {
	text, isText := v.Str()
	switch {
	case v.IsNull():
		l.Raw.Why = "it has no value"
	case core.IsSecret(name) && v.Truthy():
		l.Raw.Why = "it is a secret"
	case !core.MaskedIn(v).Equal(v):
		l.Raw.Why = "it holds a secret"
	case isText:
		return l.Copying(text)
	case v.Kind() == pyjson.Time:
		at, _ := v.Time()
		return l.Copying(core.APITime(at))
	default:
		return l.Copying(pyjson.Text(v))
	}
	return l
}

// rawIn has a line copy what a column holds of a row, as a script gets it. Where the row
// does not know it, there is nothing to copy.
func rawIn[T any](l ui.Line, columns core.Columns[T], column string, row *T, unseen core.FieldSet) ui.Line {
	c, ok := columns.Find(column)
	switch {
	case unseen.Has(column):
		l.Raw.Why = "it is not known here"
		return l
	case !ok:
		return l
	}
	return RawOf(l, column, c.Value(row))
}

// cannotSee stands for what a place cannot see.
func cannotSee(l ui.Look) string { return l.Unknown.Paint("? unknown here") }

// seen is a value, or that the place cannot see it.
func seenText(l ui.Look, unseen core.FieldSet, column, value string) string {
	if unseen.Has(column) {
		return cannotSee(l)
	}
	return value
}

// metadata lists the keys of metadata under a heading.
func metadataLines(l ui.Look, title string, o *pyjson.Object) []ui.Line {
	lines := []ui.Line{{}, l.Heading(title)}
	if o.Len() == 0 {
		return append(lines, ui.TextLine(l.Dim.Paint("none")))
	}
	for k, v := range o.All() {
		lines = append(lines, RawOf(ui.FieldLine(core.Visible(k), ValueText(l, k, v)), k, v))
	}
	return lines
}

// SideText is a value of a field before or after, for a cell.
func SideText(l ui.Look, name string, v core.Opt[pyjson.Value]) string {
	switch {
	case !v.Set:
		return ""
	case v.V.IsNull():
		return "-"
	case !l.Reveal && core.IsSecret(name) && v.V.Truthy():
		return core.Masked
	case v.V.Kind() == pyjson.Bool:
		return map[bool]string{true: "yes", false: "no"}[v.V.Bool()]
	case v.V.Kind() == pyjson.Time:
		at, _ := v.V.Time()
		return l.Clock(core.Some(at))
	}
	if s, ok := v.V.Str(); ok {
		if s == "" {
			return `""`
		}
		return core.Literal(s)
	}
	if !l.Reveal {
		v.V = core.MaskedIn(v.V)
	}
	return core.Visible(pyjson.Text(v.V))
}

// ChangedText is a value that took another's place, for a cell: of a secret that is masked
// it says at least that it is another.
func ChangedText(l ui.Look, name string, before, after core.Opt[pyjson.Value]) string {
	text := SideText(l, name, after)
	if text == core.Masked && !l.Reveal && before.Set && !before.V.Equal(after.V) {
		text += ", changed"
	}
	return text
}

// EvidenceText is how far what is known of a layer's capture carries, in a few words.
func EvidenceText(e core.Evidence) string {
	return map[core.Evidence]string{
		core.EvidenceStored: "as Cinder stored it", core.EvidenceHeld: "held from before to after", core.EvidenceEither: "one of two",
		core.EvidenceLate: "known but for what changed", core.EvidenceMoment: "taken at one moment", core.EvidenceGiven: "given",
		core.EvidenceToday: "assumed to be as the volume is now", core.EvidenceUnknown: "not known",
	}[e]
}

// FieldTitle is what people call a field.
func FieldTitle(f core.FieldPlan) string {
	switch f.Section {
	case core.UserSection:
		return "meta " + core.Visible(f.Name)
	case core.ImageSection:
		return "image " + core.Visible(f.Name)
	}
	switch f.Name {
	case "display_name":
		return "name"
	case "display_description":
		return "description"
	}
	return core.Visible(f.Name)
}
