package verbs

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"iter"
	"strings"

	"hearth/core"
	"hearth/core/pyjson"
)

// sheet is a kind of list: its columns, and which of them are printed where.
type sheet[T any] struct {
	columns core.Columns[T]
	usual   []string                // columns of a table, csv and value, unless -c asks for others
	spare   []string                // those that a narrow terminal does without, in this order
	unseen  func(*T) core.FieldSet  // what a place does not show of a row; nil: it shows all
	object  func(*T) *pyjson.Object // a row in json and yaml, unless -c asks for columns; nil: all columns
}

// rows returns a printer of such a list, whose rows are still to come. A format or a
// column that there is not is refused: before a place is opened, if the caller asks
// in time.
func (s *sheet[T]) rows(f *format, width int) (r rows[T], err error) {
	if err := f.check(formats...); err != nil {
		return r, err
	}
	r = rows[T]{format: f, spare: s.spare, unseen: s.unseen, object: s.object, width: width}
	if r.columns, err = pick(s.columns, f.columns, s.usual); err != nil {
		return r, err
	}
	whole := s.columns
	if len(f.columns) > 0 {
		whole, r.spare, r.object = r.columns, nil, nil
	}
	if r.unseen == nil {
		r.unseen = func(*T) core.FieldSet { return nil }
	}
	if r.object == nil {
		r.object = func(row *T) *pyjson.Object { return whole.Object(row, r.unseen(row)) }
	}
	return r, nil
}

// rows prints rows as they come. next gives them a page at a time, and none at
// the end.
type rows[T any] struct {
	format  *format
	columns core.Columns[T]
	spare   []string
	object  func(*T) *pyjson.Object
	unseen  func(*T) core.FieldSet
	width   int // of the terminal; 0: as wide as it gets
	next    func() ([]T, error)
	again   func() func() ([]T, error) // instead of next: gives it, each time from the beginning
}

// list prints a list that is there whole, and reports how many rows it has.
func (r rows[T]) list(out io.Writer, items []T) (int, error) {
	r.next = all(items)
	return r.print(out)
}

// print reports how many rows there were.
func (r rows[T]) print(out io.Writer) (n int, err error) {
	w := bufio.NewWriter(out)
	if r.again != nil {
		r.next = r.again()
	}
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
		_, err := io.WriteString(w, pyjson.YAMLItem(pyjson.OfDict(r.object(row))))
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
	cells := func(row *T) (out []string) {
		for i := range r.columns {
			out = append(out, cell(&r.columns[i], row, r.unseen(row), r.format.local))
		}
		return out
	}
	if r.again != nil { // the widths first, and then the rows, so that they need not be kept
		return r.tableTwice(w, &g, cells)
	}
	n, err := r.each(func(row *T) error {
		g.rows = append(g.rows, cells(row))
		return nil
	})
	if err != nil {
		return n, err
	}
	return n, g.write(w, r.width)
}

func (r rows[T]) tableTwice(w io.Writer, g *grid, cells func(*T) []string) (int, error) {
	g.measure(nil)
	n, err := r.each(func(row *T) error {
		g.measure(cells(row))
		return nil
	})
	if err != nil {
		return n, err
	}
	widths, err := g.head(w, r.width)
	if err != nil {
		return n, err
	}
	r.next = r.again()
	return r.each(func(row *T) error {
		var b strings.Builder
		g.line(&b, cells(row), widths)
		_, err := io.WriteString(w, b.String())
		return err
	})
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

// pageLines is how many lines are made at a time.
const pageLines = 256

// inPages gives what comes one by one as pages.
func inPages[T any](items iter.Seq[T]) func() ([]T, error) {
	next, _ := iter.Pull(items)
	return func() (page []T, _ error) {
		for len(page) < pageLines {
			item, ok := next()
			if !ok {
				break
			}
			page = append(page, item)
		}
		return page, nil
	}
}
