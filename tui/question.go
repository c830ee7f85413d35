package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"hearth/core"
)

// questionBox shows what is about to happen, which can be scrolled, and asks. The
// answer that does nothing is in front.
type questionBox struct {
	dialog
	title   string
	lines   []line
	answers []answer
	at      int // 0 does nothing
	look    Look
	laid    []string
	top, h  int
}

// answer is one that does something.
type answer struct {
	key   string
	label string
	do    func() tea.Cmd
}

// asking makes a question of a text with one answer that does something.
func asking(l Look, title, text, yes string, do func() tea.Cmd) *questionBox {
	return &questionBox{title: title, lines: said(l, text), answers: []answer{{"y", yes, do}}, look: l}
}

// said is a text of several lines for a dialog.
func said(l Look, text string) (out []line) {
	for _, part := range strings.Split(core.VisibleLines(text), "\n") {
		out = append(out, line{value: l.dialog.Paint(part)})
	}
	return out
}

func (q *questionBox) no() tea.Cmd { return q.leave(note(info, "Nothing was done.")) }

func (q *questionBox) turn(by int) func() tea.Cmd {
	return func() tea.Cmd {
		q.at = (q.at + by + len(q.answers) + 1) % (len(q.answers) + 1)
		return nil
	}
}

func (q *questionBox) actions() []action {
	var out []action
	for _, a := range q.answers {
		out = append(out, action{keys: []string{a.key}, label: a.label, help: "Yes, do it", run: func() tea.Cmd { return q.leave(a.do()) }})
	}
	out = append(out,
		action{keys: []string{"n", "esc", "q", "ctrl+c"}, label: "No", help: "No, leave it", run: q.no},
		action{keys: []string{"tab", "right", "l"}, label: "other answer", help: "Go to the other answer", run: q.turn(1)},
		action{keys: []string{"shift+tab", "left", "h"}, help: "Go to the other answer", run: q.turn(-1)},
		action{keys: []string{"enter"}, label: "choose", help: "Give the answer that is marked", run: func() tea.Cmd {
			if q.at > 0 {
				return q.leave(q.answers[q.at-1].do())
			}
			return q.no()
		}})
	for _, s := range scrolls(func() int { return q.h }, q.scroll) {
		s.group = ""
		s.keys = slices.DeleteFunc(s.keys, func(k string) bool { return slices.ContainsFunc(q.answers, func(a answer) bool { return a.key == k }) })
		out = append(out, s)
	}
	return out
}

func (q *questionBox) scroll(by int) { _, q.top = window(q.laid, q.top+by, q.h) }

func (q *questionBox) resize(w, h int) {
	q.laid, q.h = q.look.lay(q.lines, boxWidth(w)), max(h-4, 1)
	q.scroll(0)
}

func (q *questionBox) view(s Look, w, h int) string {
	lines, top := window(q.laid, q.top, max(h-4, 1))
	title := q.title
	switch rest := len(q.laid) - top - len(lines); {
	case rest > 0:
		title += " (↓ more)"
	case top > 0:
		title += " (end)"
	}
	lines = append(slices.Clone(lines), "", q.buttons(s))
	return s.box(title, lines, w, h)
}

// buttons draws the answers, the marked one in its look and with a sign.
func (q *questionBox) buttons(s Look) string {
	var out []string
	for i := range len(q.answers) + 1 {
		label, look := "No (n)", s.cursor
		if i > 0 {
			label, look = q.answers[i-1].label+" ("+q.answers[i-1].key+")", s.danger
		}
		if i == q.at {
			out = append(out, look.Paint("> "+label+"  "))
		} else {
			out = append(out, s.dialog.Paint("  "+label+"  "))
		}
	}
	return ansi.Truncate(strings.Join(out, "  "), 400, "")
}
