package ui

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"hearth/themes"
)

// TestQuestionRows: a question whose items are made when they are seen shows, wherever one
// goes and however wide it is, the rows that it would show if all of them were laid out.
func TestQuestionRows(t *testing.T) {
	t.Parallel()
	look := Look{Styles: NewStyles(themes.Theme{}, false, "")}
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		text := func(least int) []Line {
			var out []Line
			for range least + r.IntN(3) {
				out = append(out, Line{Sign: "- ", Value: strings.Repeat(fmt.Sprint(r.IntN(1000), " "), 1+r.IntN(40))})
			}
			return out
		}
		var items [][]Line
		for range r.IntN(30) {
			items = append(items, text(1))
		}
		q := &QuestionBox{Title: "Do", Lines: text(0), After: text(0), Look: look,
			Items: len(items), Item: func(i int) []Line { return items[i] }}
		all := slices.Concat(append(append([][]Line{q.Lines}, items...), q.After)...)
		w, h := 10+r.IntN(90), 1+r.IntN(30)
		q.Resize(w, h)
		laid, top := look.Lay(all, boxWidth(w)), 0
		for range 40 {
			by := []int{1, -1, 3, -3, q.h, -q.h, 1 << 30, -1 << 30}[r.IntN(8)]
			q.scroll(by)
			var want []string
			want, top = window(laid, top+by, q.h)
			got, more := q.reel.window(q.h)
			if !slices.Equal(got, want) || more != (top+len(want) < len(laid)) || q.reel.begins() != (top == 0) {
				t.Fatalf("%d rows in %d, %d by %d: shown is\n%q %v %v\nand not\n%q", len(laid), q.h, top, by, got, more, q.reel.begins(), want)
			}
		}
	}
}

// TestQuestionStays: in another width the item that was seen first still is.
func TestQuestionStays(t *testing.T) {
	t.Parallel()
	q := &QuestionBox{Lines: []Line{TextLine(strings.Repeat("so many words ", 20))}, Items: 100,
		Item: func(i int) []Line {
			return []Line{TextLine(fmt.Sprintf("item %d ", i) + strings.Repeat("of very many ", 10))}
		},
		Look: Look{Styles: NewStyles(themes.Theme{}, false, "")}}
	for _, w := range []int{80, 30, 60, 20, 80} {
		q.Resize(w, 14)
		if w == 80 && q.reel.begins() {
			q.scroll(60)
		}
		if rows, _ := q.reel.window(1); q.reel.at-len(q.reel.head) != 28 || q.reel.row == 0 && !strings.HasPrefix(rows[0], "item 28 ") {
			t.Errorf("in %d cells item %d is first: %q", w, q.reel.at-len(q.reel.head), rows)
		}
	}
}

// TestQuestionOfAMillion: it makes what is seen, and nothing else.
func TestQuestionOfAMillion(t *testing.T) {
	made := 0
	q := &QuestionBox{Items: 1_000_000, Look: Look{Styles: NewStyles(themes.Theme{}, false, "")}, Item: func(i int) []Line {
		made++
		return []Line{TextLine(fmt.Sprint("item ", i))}
	}, After: []Line{TextLine("the end")}}
	for _, c := range []struct {
		by   int
		want string
	}{{0, "item 0"}, {1 << 30, "the end"}, {-20, "item 99997"}, {-1 << 30, "item 0"}} {
		q.Resize(80, 24)
		q.scroll(c.by)
		if view := q.View(q.Look, 80, 24); !strings.Contains(view, c.want) {
			t.Errorf("after %d rows it shows\n%s", c.by, view)
		}
	}
	if made > 1000 {
		t.Errorf("%d items were made", made)
	}
}
