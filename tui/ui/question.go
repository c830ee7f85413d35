package ui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"hearth/core"
)

// QuestionBox shows what is about to happen, which can be scrolled, and asks. The
// answer that does nothing is in front. What it is about may be very much: of that only
// what is seen is made.
type QuestionBox struct {
	dialog
	Title   string
	Lines   []Line
	Items   int                // how many things follow Lines
	Item    func(i int) []Line // what there is to say of thing i, from 0: at least a line, and none with a label
	After   []Line             // what follows these
	Answers []Answer
	at      int // 0 does nothing
	Look    Look
	reel    reel
	sought  sought
	h       int
	guard   guard
}

// Answer is one that does something.
type Answer struct {
	Key   string
	Label string
	Do    func() tea.Cmd
	Looks bool // it changes nothing: nothing has to be typed for it
}

// Asking makes a question of a text with one answer that does something.
func Asking(l Look, title, text, yes string, do func() tea.Cmd) *QuestionBox {
	return &QuestionBox{Title: title, Lines: Said(l, text), Answers: []Answer{{Key: "y", Label: yes, Do: do}}, Look: l}
}

// Said is a text of several lines for a dialog.
func Said(l Look, text string) (out []Line) {
	for _, part := range strings.Split(core.VisibleLines(text), "\n") {
		out = append(out, Line{Value: l.InDialog.Paint(part)})
	}
	return out
}

func (q *QuestionBox) no() tea.Cmd { return q.leave(Say(LevelInfo, "Nothing was done.")) }

func (q *QuestionBox) turn(by int) func() tea.Cmd {
	return func() tea.Cmd {
		q.at = (q.at + by + len(q.Answers) + 1) % (len(q.Answers) + 1)
		return nil
	}
}

func (q *QuestionBox) Actions() []Action {
	if q.guard.word != "" {
		return q.guarded()
	}
	var out []Action
	for _, a := range q.Answers {
		out = append(out,
			Action{Name: "yes-" + a.Key, Keys: []string{a.Key}, Label: a.Label, Help: "Yes, do it", Run: func() tea.Cmd { return q.leave(a.Do()) }})
	}
	out = append(out,
		Action{Name: "no", Keys: []string{"n", "esc", "q", "ctrl+c"}, Label: "No", Help: "No, leave it", Run: q.no},
		Action{Name: "other-answer", Keys: []string{"tab", "right", "l"}, Label: "other answer", Help: "Go to the other answer", Run: q.turn(1)},
		Action{Name: "previous-answer", Keys: []string{"shift+tab", "left", "h"}, Help: "Go to the other answer", Run: q.turn(-1)},
		Action{Name: "choose", Keys: []string{"enter"}, Label: "choose", Help: "Give the answer that is marked", Run: func() tea.Cmd {
			if q.at > 0 {
				return q.leave(q.Answers[q.at-1].Do())
			}
			return q.no()
		}})
	out = append(out, q.finds())
	out = append(out, copyCommand(q.Lines)...)
	out = append(out, copyCommand(q.After)...)
	for _, s := range scrolls(func() int { return q.h }, q.scroll) {
		s.Group = ""
		s.Keys = slices.DeleteFunc(s.Keys,
			func(k string) bool { return slices.ContainsFunc(q.Answers, func(a Answer) bool { return a.Key == k }) })
		out = append(out, s)
	}
	return out
}

func (q *QuestionBox) scroll(by int) { q.reel.move(by, q.h) }

func (q *QuestionBox) Resize(w, h int) {
	q.h = max(h-q.around(), 1)
	item := func(i int) []string { return q.Look.Lay(q.Item(i), boxWidth(w)) }
	q.reel.fill(q.Look.Lay(q.Lines, boxWidth(w)), q.Items, item, q.Look.Lay(q.After, boxWidth(w)))
	q.scroll(0)
}

func (q *QuestionBox) View(s Look, w, h int) string {
	lines, more := q.reel.window(max(h-q.around(), 1))
	title := q.Title
	switch {
	case more:
		title += " (↓ more)"
	case !q.reel.begins():
		title += " (end)"
	}
	lines = append(q.lit(s, lines), "")
	if q.guard.word != "" {
		lines = append(lines, q.guardLine(s, boxWidth(w)))
	}
	return s.box(title, append(lines, q.buttons(s)), w, h)
}

// Point gives the answer that is clicked at; where something has to be typed for it, it is
// marked alone.
func (q *QuestionBox) Point(lines []string, x, y int) tea.Cmd {
	if y != len(lines)-2 || y < 0 {
		return nil
	}
	from := 0
	for i := range len(q.Answers) + 1 {
		label := q.label(i)
		at := strings.Index(lines[y][from:], label)
		if at < 0 {
			return nil
		}
		from += at
		begin := ansi.StringWidth(lines[y][:from])
		from += len(label)
		if x < begin-2 || x >= begin+ansi.StringWidth(label) {
			continue
		}
		q.at = i
		switch {
		case i == 0:
			return q.no()
		case q.guard.word == "":
			return q.leave(q.Answers[i-1].Do())
		}
	}
	return nil
}

// label is what the button of an answer says; 0 is No.
func (q *QuestionBox) label(i int) string {
	switch {
	case i == 0 && q.guard.word != "":
		return "No (" + KeyTyping("no", "esc") + ")"
	case i == 0:
		return "No (" + KeyHere("no", "n") + ")"
	case q.guard.word != "":
		return q.Answers[i-1].Label
	}
	return q.Answers[i-1].Label + " (" + KeyHere("yes-"+q.Answers[i-1].Key, q.Answers[i-1].Key) + ")"
}

// buttons draws the answers, the marked one in its look and with a sign.
func (q *QuestionBox) buttons(s Look) string {
	var out []string
	for i := range len(q.Answers) + 1 {
		label, look := q.label(i), s.cursor
		if i > 0 {
			look = s.Danger
		}
		if i == q.at {
			out = append(out, look.Paint("> "+label+"  "))
		} else {
			out = append(out, s.InDialog.Paint("  "+label+"  "))
		}
	}
	return ansi.Truncate(strings.Join(out, "  "), 400, "")
}
