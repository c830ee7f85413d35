package ui

import tea "charm.land/bubbletea/v2"

// Secret is a question from work that waits for it, off the loop: a text that is shown to
// nobody and kept nowhere. Answer is called once, and must not wait; given is false where
// the user gave none.
type Secret struct {
	Title, Text string
	Answer      func(text string, given bool)
}

// Box is the dialog that asks.
func (s Secret) Box() *InputBox {
	answer := func(text string, given bool) tea.Cmd {
		return func() tea.Msg { s.Answer(text, given); return nil }
	}
	return &InputBox{Title: s.Title, Hint: s.Text, Input: NewInput(""), Hidden: true, Cancel: answer("", false),
		Submit: func(text string) tea.Cmd { return answer(text, text != "") }}
}
