package core

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestOverlay holds Overlay against a restore of one byte after the other.
func TestOverlay(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		size := 1 + r.Int64N(40)
		layers := make([][]Range, 1+r.IntN(4))
		want := make([][2]int, size)
		for i := range want {
			want[i] = [2]int{-1, -1}
		}
		for l := range layers {
			for at := int64(0); at < size; {
				from := at + r.Int64N(6)*int64(min(l, 1)) + r.Int64N(20)/19
				to := min(size, from+1+r.Int64N(8))
				if from >= size {
					break
				}
				for i := from; i < to; i++ {
					want[i] = [2]int{l, len(layers[l])}
				}
				layers[l] = append(layers[l], Range{from, to})
				at = to
			}
		}
		part := Range{r.Int64N(size), 0}
		part.To = part.From + 1 + r.Int64N(size-part.From)
		at := part.From
		for _, p := range Overlay(layers, part) {
			if p.From != at || p.Len() <= 0 {
				t.Fatalf("a piece from %d, behind %d: %v", p.From, at, layers)
			}
			for i := p.From; i < p.To; i++ {
				if want[i] != [2]int{p.Layer, p.Chunk} {
					t.Fatalf("byte %d is said to be of %d/%d, and is of %v: %v", i, p.Layer, p.Chunk, want[i], layers)
				}
			}
			at = p.To
		}
		if at != part.To {
			t.Fatalf("the pieces end at %d of %v: %v", at, part, layers)
		}
	}
}

func TestRanges(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		var rs Ranges
		var has [32]bool
		for range r.IntN(12) {
			from := r.Int64N(30)
			x := Range{from, from + r.Int64N(int64(len(has))-from)}
			rs = rs.Add(x)
			for i := x.From; i < x.To; i++ {
				has[i] = true
			}
		}
		var want Ranges
		for i := 0; i < len(has); i++ {
			from := i
			for i < len(has) && has[i] {
				i++
			}
			if from < i {
				want = append(want, Range{int64(from), int64(i)})
			}
		}
		if !slices.Equal(rs, want) {
			t.Fatalf("%v, want %v", rs, want)
		}
		from := r.Int64N(30)
		x := Range{from, from + 1 + r.Int64N(int64(len(has))-from-1)}
		if got, whole := rs.Holds(x), !slices.Contains(has[x.From:x.To], false); got != whole {
			t.Fatalf("%v holds %v: %v", rs, x, got)
		}
	}
}
