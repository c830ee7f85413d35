package cinder

import (
	"fmt"
	"sync"

	"hearth/core"
)

// sorted is the last answer, in order: who reads a list page by page does not have
// it filtered and sorted for each.
type sorted[T any] struct {
	mu   sync.Mutex
	of   []T // the rows that were selected from
	key  string
	last core.Page[T]
}

// page answers a query from rows.
func (s *sorted[T]) page(rows []T, q core.Query, choose func([]T, core.Query) core.Page[T]) core.Page[T] {
	if q.Limit == 0 || q.Partial {
		return choose(rows, q)
	}
	key := fmt.Sprintf("%q %v %v", q.Filter.Text, q.Sort, q.Now)
	s.mu.Lock()
	defer s.mu.Unlock()
	same := len(s.of) == len(rows) && s.key == key && (len(rows) == 0 || &s.of[0] == &rows[0])
	if !same {
		whole := q
		whole.Offset, whole.Limit = 0, 0
		s.of, s.key, s.last = rows, key, choose(rows, whole)
	}
	out := s.last
	lo := min(max(q.Offset, 0), len(s.last.Rows))
	out.Offset, out.Rows = q.Offset, s.last.Rows[lo:min(lo+q.Limit, len(s.last.Rows))]
	return out
}
