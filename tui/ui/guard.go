package ui

import (
	"slices"
	"strconv"
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"hearth/core"
)

// Danger in proportion: a question about much, or in a place that somebody gave a badge to,
// is not answered by one key, which the hand gives by itself.

// mostByKey is about how many things a question may be that one key answers.
const mostByKey = 5

// guard is what has to be typed before a question is answered with yes.
type guard struct {
	word  string // "": y is enough
	what  string // what the word is
	field textinput.Model
}

// Guard has the number of things be typed where they are more than five, else the badge of
// the place where it has one. Nothing has to be typed for an answer that only looks.
func (q *QuestionBox) Guard(things int, badge string) *QuestionBox {
	badge = strings.TrimSpace(badge)
	switch {
	case !slices.ContainsFunc(q.Answers, func(a Answer) bool { return !a.Looks }):
		return q
	case things > mostByKey:
		q.guard.word, q.guard.what = strconv.Itoa(things), "the number of them"
	case badge == "":
		return q
	case core.Visible(badge) != badge: // it cannot be typed
		q.guard.word, q.guard.what = strconv.Itoa(things), "the number of them, as the badge here cannot be typed"
	default:
		q.guard.word, q.guard.what = badge, "the badge of this place"
	}
	q.guard.field = NewInput("")
	return q
}

// Guarded is what has to be typed to say yes, "" if y is enough.
func (q *QuestionBox) Guarded() string { return q.guard.word }

// WantsText reports whether what is typed goes into the field.
func (q *QuestionBox) WantsText() bool { return q.guard.word != "" }

// Update takes what is typed.
func (q *QuestionBox) Update(msg tea.Msg) tea.Cmd {
	if q.guard.word == "" {
		return nil
	}
	var cmd tea.Cmd
	q.guard.field, cmd = q.guard.field.Update(msg)
	if q.at == 0 && q.guard.field.Value() != "" { // who types means to
		q.at = 1 + slices.IndexFunc(q.Answers, func(a Answer) bool { return !a.Looks })
	}
	return cmd
}

// around is how many lines stand around those of the question: the border, an empty one and
// the answers, and what is typed.
func (q *QuestionBox) around() int {
	if q.guard.word != "" {
		return 5
	}
	return 4
}

// guardLine asks for the word.
func (q *QuestionBox) guardLine(s Look, w int) string {
	ask := s.InDialog.Paint("Type ") + s.Key.Paint(q.guard.word) + s.InDialog.Paint(", "+q.guard.what+": ")
	return Clip(ask+s.Input(q.guard.field, max(min(len(q.guard.word)+12, w), 1)), w)
}

// guarded are the keys of a question that has something be typed.
func (q *QuestionBox) guarded() []Action {
	out := []Action{
		{Name: "choose", Keys: []string{"enter"}, Label: "choose", Help: "Give the answer that is marked", Run: q.give},
		{Name: "no", Keys: []string{"esc", "ctrl+c"}, Label: "No", Help: "No, leave it", Run: q.no},
		{Name: "other-answer", Keys: []string{"tab"}, Label: "other answer", Help: "Go to the other answer", Run: q.turn(1)},
		{Name: "previous-answer", Keys: []string{"shift+tab"}, Help: "Go to the other answer", Run: q.turn(-1)},
	}
	for _, a := range append(copyCommand(q.Lines), copyCommand(q.After)...) {
		a.Name, a.Keys = "copy-command-typing", []string{"ctrl+y"}
		out = append(out, a)
	}
	for _, a := range scrolls(func() int { return q.h }, q.scroll) {
		a.Group = ""
		if a.Keys = slices.DeleteFunc(slices.Clone(a.Keys), func(k string) bool { return len(k) == 1 || k == "space" }); len(a.Keys) > 0 {
			out = append(out, a)
		}
	}
	return out
}

// give gives the answer that is marked, if what has to be typed for it is.
func (q *QuestionBox) give() tea.Cmd {
	switch {
	case q.at == 0:
		return q.no()
	case q.Answers[q.at-1].Looks, strings.EqualFold(strings.TrimSpace(q.guard.field.Value()), q.guard.word):
		return q.leave(q.Answers[q.at-1].Do())
	}
	return Say(LevelWarn, "Nothing was done: type "+q.guard.word+" and then "+KeyTyping("choose", "enter")+" to do it, or "+
		KeyTyping("no", "esc")+" to leave it.")
}
