package verbs

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"strings"

	"hearth/core"
	"hearth/core/pyjson"
)

// rows prints rows as they come. next gives them a page at a time, and none at
// the end.
type rows[T any] struct {
	format  *format
	columns core.Columns[T]
	spare   []string // columns that a narrow terminal does without, in this order
	object  func(*T) *pyjson.Object
	unseen  func(*T) core.FieldSet
	width   int
	next    func() ([]T, error)
}

// print reports how many rows there were.
func (r rows[T]) print(out io.Writer) (n int, err error) {
	w := bufio.NewWriter(out)
	switch r.format.name {
	case "json":
		n, err = r.json(w)
	case "yaml":
		n, err = r.yaml(w)
	case "csv":
		n, err = r.csv(w)
	case "value":
		n, err = r.each(func(row *T) error {
			_, err := fmt.Fprintln(w, strings.Join(r.bare(row), "\t"))
			return err
		})
	default:
		n, err = r.table(w)
	}
	if err != nil {
		return n, err
	}
	return n, w.Flush()
}

func (r rows[T]) each(fn func(*T) error) (n int, err error) {
	for {
		page, err := r.next()
		if err != nil || len(page) == 0 {
			return n, err
		}
		for i := range page {
			if err := fn(&page[i]); err != nil {
				return n, err
			}
			n++
		}
	}
}

// json is a list with a line for each row.
func (r rows[T]) json(w io.Writer) (int, error) {
	before := "["
	n, err := r.each(func(row *T) error {
		_, err := io.WriteString(w, before+"\n  "+pyjson.Text(pyjson.OfDict(r.object(row))))
		before = ","
		return err
	})
	if err != nil {
		return n, err
	}
	end := "\n]\n"
	if n == 0 {
		end = "[]\n"
	}
	_, err = io.WriteString(w, end)
	return n, err
}

func (r rows[T]) yaml(w io.Writer) (int, error) {
	n, err := r.each(func(row *T) error {
		_, err := io.WriteString(w, yamlItem(pyjson.OfDict(r.object(row))))
		return err
	})
	if n == 0 && err == nil {
		_, err = io.WriteString(w, "[]\n")
	}
	return n, err
}

func (r rows[T]) csv(w io.Writer) (int, error) {
	out := csv.NewWriter(w)
	if err := out.Write(r.columns.Names()); err != nil {
		return 0, err
	}
	n, err := r.each(func(row *T) error { return out.Write(r.bare(row)) })
	out.Flush()
	if err != nil {
		return n, err
	}
	return n, out.Error()
}

// bare is a row for csv and value.
func (r rows[T]) bare(row *T) []string {
	var cells []string
	for i := range r.columns {
		cells = append(cells, bareCell(r.format, &r.columns[i], row, r.unseen(row)))
	}
	return cells
}

// table prints all rows under one heading.
func (r rows[T]) table(w io.Writer) (int, error) {
	g := grid{}
	for _, c := range r.columns {
		lane := lane{title: c.Title, kind: c.Kind}
		for i, name := range r.spare {
			if name == c.Name {
				lane.spare = i + 1
			}
		}
		if c.Kind == core.TimeColumn {
			lane.title += " (" + zone(r.format.local) + ")"
		}
		g.lanes = append(g.lanes, lane)
	}
	n, err := r.each(func(row *T) error {
		var cells []string
		for i := range r.columns {
			cells = append(cells, cell(&r.columns[i], row, r.unseen(row), r.format.local))
		}
		g.rows = append(g.rows, cells)
		return nil
	})
	if err != nil {
		return n, err
	}
	return n, g.write(w, r.width)
}

func zone(local bool) string {
	if local {
		return "local"
	}
	return "UTC"
}

// all gives a list's items as one page.
func all[T any](items []T) func() ([]T, error) {
	return func() ([]T, error) {
		page := items
		items = nil
		return page, nil
	}
}
