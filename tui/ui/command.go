package ui

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/tui/grid"
)

// Command is what can be said in a line behind ":", as in "sort size": a word, and what
// follows it.
type Command struct {
	Name string
	Help string
	// Words are what can follow, the first of them the present one or the like; nil: any text.
	Words func() []MenuItem
	// Free: other text than the words may follow, too.
	Free bool
	Run  func(arg string) tea.Cmd
}

// Commander is a screen that has commands of its own.
type Commander interface{ Commands() []Command }

// Jump is somewhere to go that ":" lists besides what the screen can do.
type Jump struct {
	Kind, Label string // "place", its name
	Hint, Why   string
	Run         func() tea.Cmd
}

// Jumps are what a place adds to ":". List may read files.
type Jumps struct {
	List func(context.Context) []Jump
	// To goes where the location, or the name, of a place leads.
	To func(string) tea.Cmd
}

// PaletteBox is the menu behind ":": all that can be done, and lines that say more than a
// choice can.
type PaletteBox struct {
	MenuBox
	picks    []func() tea.Cmd
	commands []Command
	all      []MenuItem // while a line is typed Items are what can follow it
	allPicks []func() tea.Cmd
}

// PaletteKeys is how wide the column is in which it has the keys.
const PaletteKeys = 12

// NewPalette makes it of commands; what can be chosen is added.
func NewPalette(commands []Command) *PaletteBox {
	p := &PaletteBox{commands: commands}
	p.Title = "Do, go or set: type to find"
	p.Pick = func(i int) tea.Cmd { return p.picks[i]() }
	for _, c := range commands {
		p.Add(MenuItem{Label: Pad(":"+c.Name+" …", PaletteKeys-2), Hint: c.Help}, func() tea.Cmd {
			return Show(p.again(c.Name + " "))
		})
	}
	return p
}

// Add adds something that can be chosen.
func (p *PaletteBox) Add(it MenuItem, run func() tea.Cmd) {
	p.all, p.allPicks = append(p.all, it), append(p.allPicks, run)
	p.refill()
}

// Put adds to a command what can follow it.
func (p *PaletteBox) Put(name string, words []MenuItem) {
	for i := range p.commands {
		if c := p.commands[i]; c.Name == name && (c.Words == nil || len(c.Words()) == 0) {
			p.commands[i].Words = func() []MenuItem { return words }
		}
	}
	p.refill()
}

// Labels are all that can be chosen, whatever was typed.
func (p *PaletteBox) Labels() (out []string) {
	for i := range p.all {
		out = append(out, p.all[i].Label+"  "+p.all[i].Hint)
	}
	return out
}

// again is the palette once more, with a text in it.
func (p *PaletteBox) again(text string) *PaletteBox {
	q := &PaletteBox{commands: p.commands, all: p.all, allPicks: p.allPicks}
	q.Title, q.Pick = p.Title, func(i int) tea.Cmd { return q.picks[i]() }
	in := NewInput(text)
	q.typed = &in
	q.refill()
	return q
}

// line takes what was typed apart: a command, and what follows it.
func (p *PaletteBox) line() (c *Command, rest string) {
	name, rest, ok := strings.Cut(p.Typed(), " ")
	for i := range p.commands { // one that takes any text does something without any
		if p.commands[i].Name == strings.TrimPrefix(name, ":") && (ok || p.commands[i].Words == nil) {
			return &p.commands[i], strings.TrimSpace(rest)
		}
	}
	return nil, ""
}

// refill makes the items fit what is typed: all there is, or what can follow a command.
func (p *PaletteBox) refill() {
	c, rest := p.line()
	if c == nil || !p.follows(c, rest) {
		p.Items, p.picks = p.all, p.allPicks
		what := strings.TrimSpace(strings.TrimPrefix(p.Typed(), ":"))
		if p.fits = grid.Fits(what, len(p.Items), p.sought); what == "" {
			p.fits = every(len(p.Items))
		}
		p.best()
		return
	}
	p.best()
}

// follows fills in what can follow a command; false where nothing that there is does, so that
// the line is no command.
func (p *PaletteBox) follows(c *Command, rest string) bool {
	p.Items, p.picks = nil, nil
	add := func(it MenuItem, arg string) {
		p.Items = append(p.Items, it)
		p.picks = append(p.picks, func() tea.Cmd { return c.Run(arg) })
	}
	if c.Words != nil {
		for _, w := range c.Words() {
			add(MenuItem{Label: c.Name + " " + w.Label, Hint: w.Hint, Why: w.Why}, w.Label)
		}
	}
	p.fits = every(len(p.Items))
	if rest != "" {
		p.fits = grid.Fits(rest, len(p.Items), func(i int) string { return strings.TrimPrefix(p.sought(i), c.Name+" ") })
		for i := range p.fits { // the command stands before it
			for j := range p.fits[i].At {
				p.fits[i].At[j] += len(c.Name) + 1
			}
		}
	}
	if c.Words == nil || c.Free && rest != "" {
		add(MenuItem{Label: strings.TrimSpace(c.Name + " " + rest), Hint: c.Help}, rest)
		p.fits = append(p.fits, grid.Fit{Index: len(p.Items) - 1})
	}
	return len(p.fits) > 0
}

// best marks the best of what fits.
func (p *PaletteBox) best() {
	switch {
	case len(p.fits) > 0:
		p.At = p.fits[0].Index
	case p.At >= len(p.Items):
		p.At = 0
	}
}

// Update types; the items follow.
func (p *PaletteBox) Update(msg tea.Msg) tea.Cmd {
	was := p.Typed()
	if p.typed == nil {
		in := NewInput("")
		p.typed = &in
	}
	in, cmd := p.typed.Update(msg)
	if p.typed = &in; p.Typed() != was {
		p.refill()
	}
	return cmd
}

// Actions are a menu's; Esc first shows all again.
func (p *PaletteBox) Actions() []Action {
	out := p.MenuBox.Actions()
	for i := range out {
		if out[i].Name == "menu-close" && p.narrowed() {
			out[i].Run = func() tea.Cmd {
				p.typed = nil
				p.refill()
				return nil
			}
		}
	}
	return out
}
