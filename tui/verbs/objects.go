package verbs

import (
	"encoding/csv"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"hearth/core"
	"hearth/core/pyjson"
)

// only keeps the fields that -c asks for, in its order. key turns a column's name
// into that of a field; nil where fields have no other names.
func (f *format) only(o *pyjson.Object, key func(string) string) (*pyjson.Object, error) {
	if len(f.columns) == 0 {
		return o, nil
	}
	out := &pyjson.Object{}
	for _, name := range f.columns {
		field := strings.TrimSpace(name)
		if key != nil && !o.Has(field) {
			field = key(field)
		}
		v, ok := o.Get(field)
		if !ok {
			return nil, core.Fail(core.CodeUsage, "print field "+name, "there is no such field", "use some of "+strings.Join(o.Keys(), ", "), nil)
		}
		out.Set(field, v)
	}
	return out, nil
}

// keyIn finds a field by the name of its column.
func keyIn[T any](columns core.Columns[T]) func(string) string {
	return func(name string) string {
		if col, ok := columns.Heading(name); ok {
			return col.Key
		}
		return name
	}
}

// writeObject prints one object: json indented, csv as a heading and a line,
// value as a line for each field, table as a line for each field and its name.
func (e *Env) writeObject(f *format, o *pyjson.Object) error {
	if f.name == "json" {
		_, err := io.WriteString(e.Out, pyjson.Indent(pyjson.OfDict(o))+"\n")
		return err
	}
	if f.name == "yaml" {
		_, err := io.WriteString(e.Out, pyjson.YAML(pyjson.OfDict(o)))
		return err
	}
	return e.writeObjects(f, slices.Values([]*pyjson.Object{o}), o.Keys())
}

// writeObjects prints a list of objects, whose fields may differ; fields are those of all.
func (e *Env) writeObjects(f *format, list iter.Seq[*pyjson.Object], fields []string) error {
	switch f.name {
	case "csv":
		return writeObjectsCSV(e.Out, f, list, fields)
	case "json", "yaml":
		r := rows[*pyjson.Object]{format: f, next: inPages(list), object: func(o **pyjson.Object) *pyjson.Object { return *o }}
		_, err := r.print(e.Out)
		return err
	}
	i := 0
	for o := range list {
		if i++; i > 1 {
			if _, err := fmt.Fprintln(e.Out); err != nil {
				return err
			}
		}
		var err error
		if f.name == "value" {
			err = writeValues(e.Out, f, o)
		} else {
			err = fieldGrid(o).write(e.Out, e.Width)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func writeValues(w io.Writer, f *format, o *pyjson.Object) error {
	for _, v := range o.All() {
		if _, err := fmt.Fprintln(w, f.bare(v)); err != nil {
			return err
		}
	}
	return nil
}

func writeObjectsCSV(w io.Writer, f *format, list iter.Seq[*pyjson.Object], fields []string) error {
	var head []string
	for _, k := range fields {
		head = append(head, f.bare(pyjson.OfString(k)))
	}
	out := csv.NewWriter(w)
	if err := out.Write(head); err != nil {
		return err
	}
	for o := range list {
		var line []string
		for _, k := range fields {
			v, _ := o.Get(k)
			line = append(line, f.bare(v))
		}
		if err := out.Write(line); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// fieldGrid is an object as a table of fields; those of an object inside it get a
// line each, and so do the items of a list.
func fieldGrid(o *pyjson.Object) grid {
	g := grid{lanes: []lane{{title: "Field"}, {title: "Value", wraps: true}}}
	var add func(name, title string, v pyjson.Value)
	add = func(name, title string, v pyjson.Value) {
		switch {
		case v.Kind() == pyjson.Dict && v.Object().Len() > 0:
			for k, item := range v.Object().All() {
				add(k, title+" "+core.Visible(k), item)
			}
		case v.Kind() == pyjson.List && len(v.Items()) > 0:
			for _, item := range v.Items() {
				add(name, title, item)
				title = ""
			}
		default:
			g.rows = append(g.rows, []string{title, shown(name, v)})
		}
	}
	for k, v := range o.All() {
		add(k, core.Visible(k), v)
	}
	return g
}
