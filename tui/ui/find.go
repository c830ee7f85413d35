package ui

import (
	"fmt"
	"strings"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"hearth/core"
	"hearth/tui/grid"
)

// Finding: / opens a line at the bottom, in which letters are letters and no commands. In a
// table it shows only the rows that fit, in a text it goes to the match.

// edits are the keys that a text field takes besides text.
var edits = func() (all []key.Binding) {
	k := textinput.DefaultKeyMap()
	return []key.Binding{k.CharacterForward, k.CharacterBackward, k.WordForward, k.WordBackward, k.DeleteWordBackward, k.DeleteWordForward,
		k.DeleteAfterCursor, k.DeleteBeforeCursor, k.DeleteCharacterBackward, k.DeleteCharacterForward, k.LineStart, k.LineEnd}
}()

// Edits reports whether a text field takes a key: as text, or to move and delete in it.
func Edits(k tea.KeyPressMsg) bool { return k.Text != "" || key.Matches(k, edits...) }

// Finder is what something is looked for in.
type Finder interface {
	// Look looks for what was typed so far, "" for nothing, and says what came of it; false
	// where nothing is found.
	Look(text string) (said string, found bool)
	// Looked is what is looked for, "" if nothing is.
	Looked() string
	// Match goes to the next match, or with -1 to the one before.
	Match(by int)
}

// FindBox is the line in which is typed what to find.
type FindBox struct {
	dialog
	in    Finder
	field textinput.Model
	said  string
	found bool
	then  func() tea.Cmd
}

// finding opens the line for what is looked in; then, if not nil, follows each step.
func finding(in Finder, then func() tea.Cmd) tea.Cmd {
	return Show(&FindBox{in: in, field: NewInput(in.Looked()), found: true, then: then})
}

func (f *FindBox) WantsText() bool              { return true }
func (f *FindBox) Takes(k tea.KeyPressMsg) bool { return Edits(k) }

// Low has it stand in the line at the bottom, so that what is found is seen.
func (f *FindBox) Low() bool { return true }

func (f *FindBox) after() tea.Cmd {
	if f.then == nil {
		return nil
	}
	return f.then()
}

func (f *FindBox) Actions() []Action {
	step := func(by int) func() tea.Cmd {
		return func() tea.Cmd {
			f.in.Match(by)
			return f.after()
		}
	}
	return []Action{
		{Name: "find-done", Keys: []string{"enter"}, Label: "keep it", Help: "Keep what was found, and go back to it", Run: f.leaving},
		{Name: "find-leave", Keys: []string{"esc", "ctrl+c"}, Label: "all again", Help: "Find nothing: show all again", Run: func() tea.Cmd {
			f.in.Look("")
			return f.leave(f.after())
		}},
		{Name: "find-down", Keys: []string{"down", "tab"}, Help: "To the next match", Run: step(1)},
		{Name: "find-up", Keys: []string{"up", "shift+tab"}, Help: "To the match before", Run: step(-1)},
	}
}

func (f *FindBox) Update(msg tea.Msg) tea.Cmd {
	was := f.field.Value()
	var cmd tea.Cmd
	if f.field, cmd = f.field.Update(msg); f.field.Value() == was {
		return cmd
	}
	f.said, f.found = f.in.Look(f.field.Value())
	return tea.Batch(cmd, f.after())
}

func (f *FindBox) View(s Look, w, _ int) string {
	said := s.Dim.Paint(core.Visible(f.said))
	if !f.found {
		said = s.Warn.Paint("! " + core.Visible(f.said))
	}
	field := s.Key.Paint("/ ") + s.Input(f.field, max(w/2, 8))
	return Clip(Spread(field, said, w), w)
}

// tableFinder finds rows of a table.
type tableFinder struct{ *grid.Model }

func (t tableFinder) Looked() string { return t.Narrowed() }
func (t tableFinder) Match(by int)   { t.Step(by) }
func (t tableFinder) Look(text string) (string, bool) {
	n := t.Narrow(text)
	switch {
	case n == 0 && t.Len() > 0:
		return "no row fits", false
	case strings.TrimSpace(text) == "":
		return core.Count(n, "row"), true
	}
	return core.Count(n, "row") + " of " + core.Count(t.Len(), "row"), true
}

// textFinder finds lines of a text that was laid out. It holds what it looked for, so that
// it is found again in another width.
type textFinder struct {
	text string
	rows []int // that have it
	at   int   // which of them is the one
}

// seek looks in rows as they are seen, from one of them on.
func (t *textFinder) seek(text string, rows []string, from int) {
	t.text, t.rows, t.at = text, nil, 0
	if text == "" {
		return
	}
	for i, r := range rows {
		if grid.Part(text, ansi.Strip(r)) != nil {
			if i < from {
				t.at++
			}
			t.rows = append(t.rows, i)
		}
	}
	if t.at >= len(t.rows) {
		t.at = 0
	}
}

// row is the row of the match that is the one, false if there is none.
func (t *textFinder) row() (int, bool) {
	if len(t.rows) == 0 {
		return 0, false
	}
	return t.rows[t.at], true
}

// step goes to the next match, and from the last to the first.
func (t *textFinder) step(by int) {
	if n := len(t.rows); n > 0 {
		t.at = (t.at + by + n) % n
	}
}

// said is what came of it.
func (t *textFinder) said() (string, bool) {
	if t.text == "" {
		return "", true
	}
	return matches(t.at, len(t.rows))
}

// matches says which of some matches is the one.
func matches(at, n int) (string, bool) {
	if n == 0 {
		return "it is nowhere here", false
	}
	return fmt.Sprintf("match %d of %d", at+1, n), true
}

// lit is a row with what was looked for underlined; it loses its colours by that.
func (t *textFinder) lit(s Look, row string) string {
	if t.text == "" {
		return row
	}
	text := ansi.Strip(row)
	at := grid.Part(t.text, text)
	if at == nil {
		return row
	}
	return s.Text.Paint(grid.Lit(text, at))
}

// GroupFinding is the heading of what has to do with finding. Its keys go before those of the
// screen while something is found: Esc first shows all again.
const GroupFinding = "Finding"

// Finds are the keys that find in something; then, if not nil, follows each step.
func Finds(in Finder, then func() tea.Cmd) []Action {
	out := []Action{{Name: "find", Keys: []string{"/"}, Help: "Find: type a part of it, or its letters in order", Group: GroupFinding,
		Run: func() tea.Cmd { return finding(in, then) }}}
	if in.Looked() != "" {
		out = append(out, Action{Name: "found-clear", Keys: []string{"esc"}, Label: "all again", Help: "Find nothing: show all again",
			Group: GroupFinding, Run: matching(in, then, 0)})
	}
	return out
}

// Lights are the keys that find in a text: while a match is lit, there are a next one and one
// before.
func Lights(in Finder) []Action {
	out := Finds(in, nil)
	out[0].Help = "Find: type a part of it"
	if in.Looked() == "" {
		return out
	}
	return append(out,
		Action{Name: "found-next", Keys: []string{"n"}, Help: "To the next match, while one is lit", Group: GroupFinding,
			Run: matching(in, nil, 1)},
		Action{Name: "found-previous", Keys: []string{"N"}, Help: "To the match before, while one is lit", Group: GroupFinding,
			Run: matching(in, nil, -1)})
}

// matching goes to another match; by 0 it finds nothing any more.
func matching(in Finder, then func() tea.Cmd, by int) func() tea.Cmd {
	return func() tea.Cmd {
		if by == 0 {
			in.Look("")
		} else {
			in.Match(by)
		}
		if then == nil {
			return nil
		}
		return then()
	}
}
