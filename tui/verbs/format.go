package verbs

import (
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hearth/core"
	"hearth/core/pyjson"
)

// format is how rows and objects are printed.
type format struct {
	name    string // one of formats
	columns []string
	raw     bool
	local   bool
	filters bool // of a list: what is no format may be meant for --filter
}

var formats = []string{"table", "json", "yaml", "csv", "value"}

// flags adds those of every verb that prints; columns are for completion.
func (f *format) flags(cmd *cobra.Command, columns []string) {
	formatFlag(cmd, &f.name, "table", "how to print: "+words(formats, "or"), formats)
	cmd.Flags().StringSliceVarP(&f.columns, "column", "c", nil, "only these columns, in this order, several with commas")
	cmd.Flags().BoolVar(&f.raw, "raw", false,
		"for csv and value: print control characters as they are, and what a spreadsheet takes for a formula")
	complete(cmd, "column", columns)
}

// formatFlag adds -o, and -f as the openstack client has it.
func formatFlag(cmd *cobra.Command, name *string, usual, help string, formats []string) {
	cmd.Flags().StringVarP(name, "output", "o", usual, help)
	cmd.Flags().StringVarP(name, "format", "f", usual, "the same, as the openstack client has it")
	complete(cmd, "output", formats)
	complete(cmd, "format", formats)
}

// localFlag adds --local, for tables with times.
func (f *format) localFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.local, "local", false, "for a table: times in local time instead of UTC")
}

// check refuses a format that is not among those allowed.
func (f *format) check(allowed ...string) error {
	if slices.Contains(allowed, f.name) {
		return nil
	}
	next := "use " + words(allowed, "or")
	if f.filters && strings.ContainsAny(f.name, ":~<>=! ") {
		next += "; a filter is given with --filter " + f.name
	}
	return core.Fail(core.CodeUsage, "print as "+f.name, "there is no such format", next, nil)
}

// words joins words as a sentence does.
func words(list []string, last string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	n := len(list) - 1
	return strings.Join(list[:n], ", ") + " " + last + " " + list[n]
}

// pick returns the columns to print: those asked for, or else the usual ones.
func pick[T any](all core.Columns[T], want, usual []string) (core.Columns[T], error) {
	if len(want) == 0 {
		want = usual
	}
	var out core.Columns[T]
	for _, name := range want {
		col, ok := all.Heading(name)
		if !ok {
			return nil, core.Fail(core.CodeUsage, "print column "+name, "there is no such column",
				"use some of "+strings.Join(all.Names(), ", "), nil)
		}
		out = append(out, *col)
	}
	return out, nil
}

// cell is a value for eyes: sizes with their unit, times to the second, and all
// that a terminal would obey made visible.
func cell[T any](col *core.Column[T], row *T, unseen core.FieldSet, local bool) string {
	v := col.Value(row)
	switch {
	case unseen.Has(col.Key), col.Known != nil && !col.Known(row):
		return "?"
	case v.IsNull():
		return "-"
	case core.OddKind(col.Kind, v):
		return core.Visible(pyjson.Text(v)) + " ?"
	case col.Kind == core.SizeColumn:
		return v.Text() + " GiB"
	case col.Kind == core.TimeColumn:
		t, _ := v.Time()
		return clock(t, local)
	case col.Kind == core.FlagColumn:
		return flagWord(col.Key, v.Bool())
	}
	return core.Literal(v.Text())
}

// flagWord is the word for a flag, as filters take it.
func flagWord(key string, set bool) string {
	words := [2]string{"no", "yes"}
	if key == "is_incremental" {
		words = [2]string{"full", "incr"}
	}
	if set {
		return words[1]
	}
	return words[0]
}

func clock(t time.Time, local bool) string {
	if local {
		t = t.Local()
	}
	return t.Format("2006-01-02 15:04:05")
}

// bareCell is a value for csv and value.
func bareCell[T any](f *format, col *core.Column[T], row *T, unseen core.FieldSet) string {
	v := col.Value(row)
	switch {
	case unseen.Has(col.Key), col.Known != nil && !col.Known(row):
		return ""
	case col.Kind == core.FlagColumn && !v.IsNull() && !core.OddKind(col.Kind, v):
		return flagWord(col.Key, v.Bool())
	}
	return f.bare(v)
}

// bare is a value without ornament, for machines. It is made visible unless raw is asked for.
func (f *format) bare(v pyjson.Value) string {
	s := core.FieldText(v)
	switch {
	case f.raw:
		return s
	case v.Kind() == pyjson.String && f.name == "csv":
		return noFormula(core.Literal(s))
	}
	return core.Literal(s)
}

// noFormula puts an apostrophe before a text that a spreadsheet would compute, and so could
// be made to send elsewhere (CWE-1236). A text that begins so by itself is none.
func noFormula(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) || strings.HasPrefix(s, `\t`) || strings.HasPrefix(s, `\r`) {
		return "'" + s
	}
	return s
}

// shown is a field's value for eyes, secrets masked.
func shown(name string, v pyjson.Value) string {
	switch {
	case v.IsNull():
		return "-"
	case core.IsSecret(name) && v.Truthy():
		return core.Masked
	case v.Kind() == pyjson.String:
		return core.Literal(v.Text())
	case v.Kind() == pyjson.Time:
		t, _ := v.Time()
		return core.APITime(t)
	}
	return core.Visible(pyjson.Text(core.MaskedIn(v)))
}

// orNull is a text, or null where there is none.
func orNull(s string) pyjson.Value {
	if s == "" {
		return pyjson.None
	}
	return pyjson.OfString(s)
}

// timeOrNull is a time in UTC, or null where there is none.
func timeOrNull(t core.Opt[time.Time]) pyjson.Value {
	if !t.Set {
		return pyjson.None
	}
	return pyjson.OfTime(t.V.UTC(), false)
}
