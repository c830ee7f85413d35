package ui

import (
	"context"
	"strings"
	"unicode"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/tui/grid"
)

// Copyable is something that can be copied, or why it cannot be.
type Copyable struct {
	MenuItem
	Run func() tea.Cmd
}

// Copying is what can be copied of a row: what stands nearest, its id, the row as JSON or
// YAML, the command that shows it, each of its fields; and the row can be looked at.
type Copying struct {
	Host    Host
	Called  string     // what the id is called in the menu; "": the id
	ID      string     // "": it has none
	Command string     // that shows it; "": there is none
	First   []Copyable // what is nearest; the first of all is marked
	Fields  []CopyField
	// Row reads the row as a verb prints it, or as it is shown. Off the loop.
	Row func(context.Context) (*pyjson.Object, error)
	// Raw reads the row as the place gives it, to be looked at. Off the loop. nil: Row is that, or
	// no place gives it.
	Raw func(context.Context) (*pyjson.Object, error)
	// Shown: Row is what is shown here, and no place gave it so.
	Shown bool
}

// CopyField is a field of a row, or a cell, with its exact text.
type CopyField struct{ Label, What, Text string }

// Copies is the key that copies anything of the row under a table's cursor. none says why
// there is no row, "" if there is; nil: there is one wherever the table has any. more says what
// there is besides the table's key, which is taken for the id, and its cells; nil: nothing.
func Copies(host Host, t *grid.Model, none func() string, more func(*Copying)) Action {
	why := func() string {
		if none != nil && none() != "" {
			return none()
		}
		if t.Len() == 0 {
			return "there is nothing under the cursor"
		}
		return ""
	}
	return Action{Name: "copy-id", Keys: []string{"y"}, Why: why,
		Help: "Copy the id, a field, the row as JSON or YAML, the command that shows it; or look at the row",
		Run: func() tea.Cmd {
			c := CopyingRow(host, t)
			if more != nil {
				more(c)
			}
			return c.Ask()
		}}
}

// CopyingRow is what a table by itself tells of the row under its cursor: its key and its cells.
func CopyingRow(host Host, t *grid.Model) *Copying {
	c, row := &Copying{Host: host, ID: t.Key(), Shown: true}, &pyjson.Object{}
	for _, cell := range t.Told() {
		text := strings.TrimSpace(cell.Text)
		if strings.IndexFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) < 0 {
			continue // a sign
		}
		name := strings.ToLower(Either(strings.TrimSpace(cell.Title), "cell"))
		c.Fields = append(c.Fields, CopyField{"The cell " + name, "the cell " + name, text})
		for row.Has(name) {
			name += "_"
		}
		row.Set(name, pyjson.OfString(text))
	}
	c.Row = func(context.Context) (*pyjson.Object, error) { return row, nil }
	return c
}

// Whole has the row be an object: its fields stand before the cells, and it is what is copied
// as JSON.
func (c *Copying) Whole(o *pyjson.Object) {
	cells := c.Fields
	c.Fields, c.Shown = nil, false
	for name, v := range c.forEyes(o).Object().All() {
		if k := v.Kind(); k == pyjson.Dict || k == pyjson.List {
			continue
		}
		c.Fields = append(c.Fields, CopyField{"The field " + name, "the field " + name, core.FieldText(v)})
	}
	c.Fields = append(c.Fields, cells...)
	c.Row = func(context.Context) (*pyjson.Object, error) { return o, nil }
}

// Near puts something before all else.
func (c *Copying) Near(label, hint, what, text string) {
	item := MenuItem{Label: label, Hint: hint}
	if text == "" {
		item.Why = "there is none"
	}
	c.First = append(c.First, Copyable{item, func() tea.Cmd { return c.Host.Copy(text, what) }})
}

// Ask asks what is to be copied.
func (c *Copying) Ask() tea.Cmd {
	return menuOf(append(c.First[:len(c.First):len(c.First)], c.rest()...))
}

// AskFirst asks which of what stands nearest is to be copied: there is no row.
func (c *Copying) AskFirst() tea.Cmd { return menuOf(c.First) }

// mostLabel is how wide a label of what can be copied is at most that others are lined up with.
const mostLabel = 26

func menuOf(all []Copyable) tea.Cmd {
	var items []MenuItem
	column := 0
	for _, x := range all {
		items = append(items, x.MenuItem)
		if n := ansi.StringWidth(core.Visible(x.Label)); x.Hint != "" && n <= mostLabel {
			column = max(column, n)
		}
	}
	return Show(&MenuBox{Title: "Copy", Items: items, Column: column, Pick: func(i int) tea.Cmd { return all[i].Run() }})
}

// rest is what there is of the row itself.
func (c *Copying) rest() (out []Copyable) {
	add := func(label, hint string, run func() tea.Cmd) {
		out = append(out, Copyable{MenuItem{Label: label, Hint: hint}, run})
	}
	called := Either(c.Called, "id")
	if c.ID != "" {
		add("The "+called, c.ID, func() tea.Cmd { return c.Host.Copy(c.ID, "the "+called) })
	}
	hint := "secrets in it masked, unless " + KeyOf("secrets") + " shows them"
	if c.Shown {
		hint = "as it is shown here"
	}
	add("The row as JSON", hint, func() tea.Cmd { return c.written("the row as JSON", pyjson.Indent) })
	add("The row as YAML", "likewise", func() tea.Cmd { return c.written("the row as YAML", pyjson.YAML) })
	if c.Command != "" {
		add("The command that shows it", c.Command, func() tea.Cmd { return c.Host.Copy(c.Command, "the command") })
	}
	switch {
	case c.Raw != nil:
		add("Look at the row", "as the place gives it", func() tea.Cmd { return c.look("The row, as the place gives it", c.Raw) })
	case c.Shown:
		add("Look at the row", "every cell whole", func() tea.Cmd { return c.look("The row, as it is shown", c.Row) })
	default:
		add("Look at the row", "all of it", func() tea.Cmd { return c.look("The row", c.Row) })
	}
	for _, f := range c.told() {
		add(f.Label, f.Text, func() tea.Cmd { return c.Host.Copy(f.Text, f.What) })
	}
	return out
}

// told are the fields that have a text, and of the cells those that say what no field does.
func (c *Copying) told() (out []CopyField) {
	seen := map[string]bool{}
	for _, f := range c.Fields {
		cell := strings.HasPrefix(f.Label, "The cell ")
		if f.Text == "" || f.Text == c.ID || cell && (seen[f.Text] || f.Text == core.Short(c.ID)) {
			continue
		}
		seen[f.Text] = true
		out = append(out, f)
	}
	return out
}

// written reads the row, and copies it as it is written.
func (c *Copying) written(what string, write func(pyjson.Value) string) tea.Cmd {
	return c.Host.Tell(func(ctx context.Context) tea.Msg {
		o, err := c.Row(ctx)
		if err != nil {
			return Failure(err)
		}
		return CopyMsg{Parcel: Parcel{Text: write(c.forEyes(o)), What: what, File: "row.txt"}}
	})
}

// forEyes is a row with its secrets masked, unless they are to be open.
func (c *Copying) forEyes(o *pyjson.Object) pyjson.Value {
	if c.Host.Look().Reveal {
		return pyjson.OfDict(o)
	}
	return core.MaskedIn(pyjson.OfDict(o))
}

// look reads a row, and shows it.
func (c *Copying) look(title string, read func(context.Context) (*pyjson.Object, error)) tea.Cmd {
	return c.Host.Tell(func(ctx context.Context) tea.Msg {
		o, err := read(ctx)
		if err != nil {
			return Failure(err)
		}
		var lines []Line
		for _, l := range strings.Split(pyjson.Indent(c.forEyes(o)), "\n") {
			lines = append(lines, TextLine(core.Visible(l)))
		}
		return ShowMsg{Overlay: &TextBox{Title: title, Lines: lines, Look: c.Host.Look()}}
	})
}
