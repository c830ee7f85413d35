package ui

import (
	"github.com/charmbracelet/x/ansi"

	"hearth/tui/grid"
)

// mostSought is how many rows of a question are looked through: it may be about a million things.
const mostSought = 100_000

// inQuestion makes what a question says a text in which something is found.
type inQuestion struct{ *QuestionBox }

// found is a row of a question that has what is looked for.
type found struct{ at, row int }

func (q inQuestion) Looked() string { return q.sought.text }

// Look goes to the first row that has it, from the one that stands on top.
func (q inQuestion) Look(text string) (string, bool) {
	s := &q.sought
	s.text, s.rows, s.at = text, nil, 0
	if text == "" {
		return "", true
	}
	seen := 0
	for at := range q.reel.things() {
		for row, line := range q.reel.rows(at) {
			if seen++; grid.Part(text, ansi.Strip(line)) == nil {
				continue
			}
			if at < q.reel.at || at == q.reel.at && row < q.reel.row {
				s.at++
			}
			s.rows = append(s.rows, found{at, row})
		}
		if seen > mostSought {
			break
		}
	}
	if s.at >= len(s.rows) {
		s.at = 0
	}
	q.Match(0)
	said, ok := matches(s.at, len(s.rows))
	if seen > mostSought {
		said += ", in its first part: it is very long"
	}
	return said, ok
}

// Match goes to the next match, or with -1 to the one before.
func (q inQuestion) Match(by int) {
	s := &q.sought
	n := len(s.rows)
	if n == 0 {
		return
	}
	s.at = (s.at + by + n) % n
	to := s.rows[s.at]
	q.reel.at, q.reel.row = q.reel.back(to.at, to.row, q.h/3)
	q.scroll(0)
}

// sought is what is looked for in a question, and where it is.
type sought struct {
	text string
	rows []found
	at   int // which of them is the one
}

// lit are rows with what was looked for underlined.
func (q *QuestionBox) lit(s Look, rows []string) []string {
	if q.sought.text == "" {
		return rows
	}
	t := textFinder{text: q.sought.text}
	out := make([]string, len(rows))
	for i := range rows {
		out[i] = t.lit(s, rows[i])
	}
	return out
}

// finds is the key that finds in a question.
func (q *QuestionBox) finds() Action {
	a := Finds(inQuestion{q}, nil)[0]
	a.Help, a.Group = "Find in what it says: type a part of it", ""
	return a
}
