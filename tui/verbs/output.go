package verbs

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/spf13/cobra"

	"hearth/core"
	"hearth/core/pyjson"
)

// format is how rows are printed.
type format struct {
	name    string // table, json, yaml, csv, value
	columns []string
	raw     bool
	local   bool
}

func (f *format) flags(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&f.name, "output", "o", "table", "table, json, yaml, csv or value")
	cmd.Flags().StringSliceVarP(&f.columns, "column", "c", nil, "columns to print, several with commas (default the usual ones)")
	cmd.Flags().BoolVar(&f.raw, "raw", false, "csv and value: print control characters as they are")
	cmd.Flags().BoolVar(&f.local, "local", false, "table: times in local time instead of UTC")
	cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"table", "json", "yaml", "csv", "value"}, cobra.ShellCompDirectiveNoFileComp))
}

func (f *format) check() error {
	switch f.name {
	case "table", "json", "yaml", "csv", "value":
		return nil
	}
	return core.Fail(core.CodeUsage, "print as "+f.name, "there is no such format", "use table, json, yaml, csv or value", nil)
}

// pick returns the columns to print: those asked for, or the usual ones.
func pick[T any](all core.Columns[T], want, usual []string) (core.Columns[T], error) {
	if len(want) == 0 {
		want = usual
	}
	var out core.Columns[T]
	for _, name := range want {
		col, ok := all.Find(strings.TrimSpace(name))
		if !ok {
			return nil, core.Fail(core.CodeUsage, "print column "+name, "there is no such column", "use some of "+strings.Join(all.Names(), ", "), nil)
		}
		out = append(out, *col)
	}
	return out, nil
}

// cell is a value for eyes: times to the second, sizes with their unit, and all
// that a terminal would obey made visible.
func cell[T any](col core.Column[T], row *T, unseen core.FieldSet, local bool) string {
	v := col.Value(row)
	switch {
	case unseen.Has(col.Key):
		return "?"
	case v.IsNull():
		return "-"
	case col.Name == "kind":
		if v.Bool() {
			return "incr"
		}
		return "full"
	case col.Kind == core.FlagColumn:
		if v.Bool() {
			return "yes"
		}
		return "no"
	case col.Kind == core.SizeColumn:
		return v.Text() + " GiB"
	case col.Kind == core.TimeColumn:
		t, _ := v.Time()
		return clock(t, local)
	}
	return core.Visible(v.Text())
}

func clock(t time.Time, local bool) string {
	if local {
		t = t.Local()
	}
	return t.Format("2006-01-02 15:04:05")
}

// plain is a value for csv and value: bare, for machines, but made visible
// unless raw.
func (f *format) plain(v pyjson.Value) string {
	var s string
	switch v.Kind() {
	case pyjson.Null:
		return ""
	case pyjson.Time:
		t, _ := v.Time()
		return core.APITime(t)
	case pyjson.Dict, pyjson.List:
		s = pyjson.Text(v)
	case pyjson.String:
		s = v.Text()
	default:
		s = pyjson.Str(v)
	}
	if f.raw {
		return s
	}
	return core.Visible(s)
}

// rows prints rows as they come; next returns false at the end.
type rows[T any] struct {
	format  *format
	columns core.Columns[T]
	all     core.Columns[T] // for json and yaml without -c: everything
	unseen  func(*T) core.FieldSet
	width   int
}

func (r rows[T]) print(w io.Writer, next func() ([]T, error)) error {
	switch r.format.name {
	case "json":
		return r.json(w, next)
	case "yaml":
		return r.yaml(w, next)
	case "csv":
		return r.csv(w, next)
	case "value":
		return each(next, func(row *T) error {
			var cells []string
			for _, c := range r.columns {
				cells = append(cells, r.format.plain(c.Value(row)))
			}
			_, err := fmt.Fprintln(w, strings.Join(cells, " "))
			return err
		})
	}
	return r.table(w, next)
}

func each[T any](next func() ([]T, error), fn func(*T) error) error {
	for {
		chunk, err := next()
		if err != nil || len(chunk) == 0 {
			return err
		}
		for i := range chunk {
			if err := fn(&chunk[i]); err != nil {
				return err
			}
		}
	}
}

// object is what json and yaml print of a row.
func (r rows[T]) object(row *T) *pyjson.Object {
	if len(r.format.columns) > 0 {
		return r.columns.Object(row, r.unseen(row))
	}
	return r.all.Object(row, r.unseen(row))
}

func (r rows[T]) json(w io.Writer, next func() ([]T, error)) error {
	sep := "["
	err := each(next, func(row *T) error {
		_, err := fmt.Fprint(w, sep+"\n  "+pyjson.Text(pyjson.OfDict(r.object(row))))
		sep = ","
		return err
	})
	if err != nil {
		return err
	}
	end := "\n]\n"
	if sep == "[" {
		end = "[]\n"
	}
	_, err = io.WriteString(w, end)
	return err
}

func (r rows[T]) yaml(w io.Writer, next func() ([]T, error)) error {
	none := true
	err := each(next, func(row *T) error {
		none = false
		_, err := io.WriteString(w, yamlItem(pyjson.OfDict(r.object(row))))
		return err
	})
	if none && err == nil {
		_, err = io.WriteString(w, "[]\n")
	}
	return err
}

func (r rows[T]) csv(w io.Writer, next func() ([]T, error)) error {
	out := csv.NewWriter(w)
	var head []string
	for _, c := range r.columns {
		head = append(head, c.Name)
	}
	if err := out.Write(head); err != nil {
		return err
	}
	err := each(next, func(row *T) error {
		var cells []string
		for _, c := range r.columns {
			cells = append(cells, r.format.plain(c.Value(row)))
		}
		return out.Write(cells)
	})
	out.Flush()
	if err != nil {
		return err
	}
	return out.Error()
}

// table prints all rows under one heading; columns are as wide as they need be,
// and shrink to the terminal where there is one.
func (r rows[T]) table(w io.Writer, next func() ([]T, error)) error {
	t := grid{}
	var head []string
	for _, c := range r.columns {
		head = append(head, c.Title)
		t.right = append(t.right, c.Kind == core.NumberColumn || c.Kind == core.SizeColumn)
	}
	t.rows = append(t.rows, head)
	err := each(next, func(row *T) error {
		var cells []string
		for _, c := range r.columns {
			cells = append(cells, cell(c, row, r.unseen(row), r.format.local))
		}
		t.rows = append(t.rows, cells)
		return nil
	})
	if err != nil {
		return err
	}
	return t.write(w, r.width)
}

// grid is a table in memory.
type grid struct {
	rows  [][]string
	right []bool
}

// leastWidth is how narrow a column may be made to fit the terminal.
const leastWidth = 8

func (t grid) write(w io.Writer, width int) error {
	widths := make([]int, len(t.rows[0]))
	for _, row := range t.rows {
		for i, c := range row {
			widths[i] = max(widths[i], ansi.StringWidth(c))
		}
	}
	for over := sum(widths) + 2*(len(widths)-1) - width; width > 0 && over > 0; {
		widest := 0
		for i := range widths {
			if widths[i] > widths[widest] {
				widest = i
			}
		}
		if widths[widest] <= leastWidth {
			break
		}
		widths[widest]--
		over--
	}
	for _, row := range t.rows {
		var line strings.Builder
		for i, c := range row {
			c = ansi.Truncate(c, widths[i], "…")
			pad := strings.Repeat(" ", widths[i]-ansi.StringWidth(c))
			if i > 0 {
				line.WriteString("  ")
			}
			if i < len(t.right) && t.right[i] {
				line.WriteString(pad + c)
			} else {
				line.WriteString(c + pad)
			}
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(line.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}

func sum(n []int) int {
	s := 0
	for _, v := range n {
		s += v
	}
	return s
}

// writeObject prints one object: json indented, yaml, or as a table of fields.
func (e *Env) writeObject(f *format, o *pyjson.Object) error {
	switch f.name {
	case "json":
		_, err := fmt.Fprintln(e.Out, pyjson.Indent(pyjson.OfDict(o)))
		return err
	case "yaml":
		_, err := io.WriteString(e.Out, yamlText(pyjson.OfDict(o)))
		return err
	case "value":
		for _, v := range o.All() {
			if _, err := fmt.Fprintln(e.Out, f.plain(v)); err != nil {
				return err
			}
		}
		return nil
	case "csv":
		out := csv.NewWriter(e.Out)
		if err := out.Write([]string{"field", "value"}); err != nil {
			return err
		}
		for k, v := range o.All() {
			if err := out.Write([]string{f.plain(pyjson.OfString(k)), f.plain(v)}); err != nil {
				return err
			}
		}
		out.Flush()
		return out.Error()
	}
	t := grid{rows: [][]string{{"Field", "Value"}}}
	for k, v := range o.All() {
		t.rows = append(t.rows, fieldRows(k, v)...)
	}
	return t.write(e.Out, e.Width)
}

// fieldRows shows a field; an object takes a line for each of its keys.
func fieldRows(name string, v pyjson.Value) [][]string {
	if v.Kind() == pyjson.Dict && v.Object().Len() > 0 {
		var out [][]string
		for k, item := range v.Object().All() {
			out = append(out, fieldRows(core.Visible(name)+" "+core.Visible(k), item)...)
		}
		return out
	}
	return [][]string{{core.Visible(name), shown(name, v)}}
}

// shown is a value for eyes, secrets masked.
func shown(name string, v pyjson.Value) string {
	switch {
	case v.IsNull():
		return "-"
	case core.SecretFields.Has(name) && v.Truthy():
		return core.Masked
	}
	switch v.Kind() {
	case pyjson.String:
		return core.Visible(v.Text())
	case pyjson.Time:
		t, _ := v.Time()
		return core.APITime(t)
	case pyjson.Bool:
		return strings.ToLower(pyjson.Str(v))
	}
	return core.Visible(pyjson.Text(v))
}
