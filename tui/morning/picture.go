package morning

import (
	"strings"

	"hearth/core"
	"hearth/tui/grid"
	"hearth/tui/show"
	"hearth/tui/ui"
)

// label is how wide the names of the picture's lines are.
const label = 8

// window is which days a picture shows: so many up to the last. The days come in pages from
// today back, so that it is drawn the same however the cursor came there.
func (s *timeline) window(w int) (last int64, n int) {
	n = max(min(w-label-1, 400), 1)
	today := core.DayNumber(s.t.Now)
	oldest := core.DayNumber(s.t.Points[0].At)
	n = min(n, max(int(today-oldest)+1, 7))
	pages := (today - core.DayNumber(s.current().At)) / int64(n)
	return today - max(pages, 0)*int64(n), n
}

// picture draws the days, a cell each: fulls, incrementals, failures and gaps, the chain
// of the point under the cursor, and how large the backups were and how long they took.
func (s *timeline) picture(w int) []string {
	st := s.host.Look()
	last, n := s.window(w)
	days := s.t.Days(last, n)
	chain := s.t.Chain(s.table.Cursor())
	size, took := make([]int64, n), make([]int64, n)
	full, incr, bad, of, at := row{}, row{}, row{}, row{}, row{}
	first := last - int64(n) + 1
	for i := range days {
		d := &days[i]
		in := false
		for _, p := range d.Points {
			in = in || chain[p]
			size[i] = max(size[i], s.t.Points[p].Backup.Size)
			took[i] = max(took[i], int64(s.t.Points[p].Took.V))
		}
		full.add(count(d.Full, "F"), st.Good)
		incr.add(count(d.Incremental, "i"), st.Text)
		switch failed := d.FailedFull + d.FailedIncremental; {
		case failed > 0:
			bad.add(count(failed, "✗"), st.Bad)
		case d.Gap:
			bad.add("·", st.Warn)
		default:
			bad.add(" ", st.Dim)
		}
		of.add(map[bool]string{true: "*", false: " "}[in], st.Accent)
		at.add(map[bool]string{true: "▲", false: " "}[first+int64(i) == core.DayNumber(s.current().At)], st.Accent)
	}
	line := func(name, text string) string { return ui.Clip(st.Dim.Paint(ui.Pad(name, label))+text, w) }
	return []string{
		line("", st.Dim.Paint(months(first, n))),
		line("full", full.String()),
		line("incr", incr.String()),
		line("trouble", bad.String()),
		line("chain", of.String()),
		line("size", st.Accent.Paint(show.Spark(size))),
		line("took", st.Accent.Paint(show.Spark(took))),
		line("", at.String()),
		s.says(w),
		st.Border.Paint(strings.Repeat("─", max(w, 0))),
	}
}

// row is a line of cells, those of one look in one run.
type row struct {
	b     strings.Builder
	run   string
	style grid.Style
}

func (r *row) add(text string, style grid.Style) {
	if text != " " && style != r.style {
		r.flush()
		r.style = style
	}
	r.run += text
}

func (r *row) flush() {
	r.b.WriteString(r.style.Paint(r.run))
	r.run = ""
}

func (r *row) String() string {
	r.flush()
	return r.b.String()
}

// months writes the months over so many days from one on, each where it begins.
func months(first int64, n int) string {
	out := []rune(strings.Repeat(" ", n))
	put := func(i int, text string) {
		for j, c := range text {
			if i+j < n {
				out[i+j] = c
			}
		}
	}
	free := 0
	for i := range n {
		day := core.DayAt(first + int64(i))
		if i == 0 || day.Day() == 1 {
			text := day.Format("Jan")
			if i == 0 || day.Month() == 1 {
				text = day.Format("Jan 2006")
			}
			if left := daysLeft(first); i == 0 && left <= len(text) && left < n { // the next month's name comes at once
				continue
			}
			if i+len(text) > n {
				text = text[:3]
			}
			if i >= free && i+len(text) <= n {
				put(i, text)
				free = i + len(text) + 1
			}
		}
	}
	return string(out)
}

// daysLeft is how many days a month still has from a day on.
func daysLeft(day int64) int {
	at := core.DayAt(day)
	return int(core.DayNumber(at.AddDate(0, 1, 1-at.Day())) - day)
}
