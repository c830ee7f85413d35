package ui

import (
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"hearth/core"
)

// InputBox asks for a line of text.
type InputBox struct {
	dialog
	Title  string
	Hint   string
	Input  textinput.Model
	Submit func(string) tea.Cmd
	Check  func(text string) string // says what is wrong with the text, beside it while it is typed; nil: anything goes
	Hidden bool                     // a dot is shown for each letter
	Cancel tea.Cmd                  // done where it is left; nil: that nothing was done is said
}

func (b *InputBox) Actions() []Action {
	return []Action{
		{Name: "field-done", Keys: []string{"enter"}, Label: "done", Help: "Take the text",
			Run: b.take},
		{Name: "field-leave", Keys: []string{"esc", "ctrl+c"}, Label: "cancel", Help: "Leave it",
			Run: b.cancel},
	}
}

// take takes the text, unless something is wrong with it.
func (b *InputBox) take() tea.Cmd {
	if why := b.wrong(); why != "" {
		return Say(LevelWarn, b.Title+": "+core.Visible(why)+".")
	}
	return b.leave(b.Submit(b.Input.Value()))
}

// wrong says what is wrong with the text, "" if nothing is.
func (b *InputBox) wrong() string {
	if b.Check == nil {
		return ""
	}
	return b.Check(b.Input.Value())
}

func (b *InputBox) cancel() tea.Cmd {
	if b.Cancel != nil {
		return b.leave(b.Cancel)
	}
	return b.leave(Say(LevelInfo, "Nothing was done."))
}

// shown is the field as it is drawn.
func (b *InputBox) shown() textinput.Model {
	in := b.Input
	if b.Hidden {
		at := in.Position()
		in.SetValue(strings.Repeat("•", len([]rune(in.Value()))))
		in.SetCursor(at)
	}
	return in
}

func (b *InputBox) WantsText() bool { return true }

// Takes reports whether a key is for the text.
func (b *InputBox) Takes(k tea.KeyPressMsg) bool { return Edits(k) }

func (b *InputBox) Update(msg tea.Msg) tea.Cmd {
	var cmd tea.Cmd
	b.Input, cmd = b.Input.Update(msg)
	return cmd
}

func (b *InputBox) View(s Look, w, h int) string {
	lines := Wrap(core.Visible(b.Hint), boxWidth(w))
	if room := max(h-4, 0); len(lines) > room {
		lines = lines[:room]
	}
	for i, l := range lines {
		lines[i] = s.InDialog.Paint(l)
	}
	lines = append(lines, "", s.Key.Paint("> ")+s.Input(b.shown(), boxWidth(w)-2))
	if b.Check != nil { // the line is there also while nothing is wrong: the box does not jump
		wrong := b.wrong()
		if wrong != "" {
			wrong = "✗ " + core.Visible(wrong)
		}
		lines = append(lines, Pad(s.Bad.Paint(Clip(wrong, boxWidth(w))), min(boxWidth(w), 60)))
	}
	return s.box(b.Title, lines, w, h)
}
