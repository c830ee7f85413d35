package sql

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"hearth/core"
)

// TestFirsts: the first of many are those that all of them begin with once in order, however
// they come, and no more than twice as many are held.
func TestFirsts(t *testing.T) {
	order := core.NewRanking(core.BackupColumns, []core.Order{{Column: "size"}})
	d := rand.New(rand.NewPCG(1, 7))
	for _, n := range []int{0, 1, 9, 10, 11, 20, 21, 500} {
		for _, most := range []int{0, 1, 10} {
			f := firsts{before: order.Compare, most: most}
			var all []core.Rank
			for i := range n {
				b := core.Backup{Size: int64(d.IntN(40))}
				r := order.Of(&b, fmt.Sprint("id-", i))
				all = append(all, r)
				f.add(r)
				if most > 0 && len(f.ranks) > 2*most {
					t.Fatalf("%d of %d are held", len(f.ranks), most)
				}
			}
			f.cut()
			slices.SortFunc(all, order.Compare)
			if most > 0 {
				all = all[:min(most, n)]
			}
			same := slices.EqualFunc(all, f.ranks, func(a, b core.Rank) bool { return a.ID == b.ID })
			if f.total != n || !same {
				t.Errorf("%d of %d: %d were given, and %v are %v", most, n, f.total, f.ranks, all)
			}
		}
	}
}

// TestRankedReaches: a page is read from what is kept where that has it, and only there.
func TestRankedReaches(t *testing.T) {
	part, whole := &ranked{ids: make([]string, 30), total: 31}, &ranked{ids: make([]string, 30), total: 30}
	for _, c := range []struct {
		offset, limit int
		part          bool
	}{{0, 30, true}, {0, 31, false}, {29, 1, true}, {30, 1, false}, {0, 0, false}, {-5, 10, true}, {ranksKept, 10, false}} {
		q := core.Query{Offset: c.offset, Limit: c.limit}
		if got := part.reaches(q); got != c.part {
			t.Errorf("%d from %d: %v", c.limit, c.offset, got)
		}
		if !whole.reaches(q) {
			t.Errorf("%d from %d are not in all of them", c.limit, c.offset)
		}
	}
}
