package sql

import (
	"context"
	"slices"
	"strconv"
	"sync"

	"hearth/store/index"
)

// step is how many steps of the mirror's index are done.
func (m *mirror) step(ctx context.Context, q index.Querier) (n int, err error) {
	err = q.QueryRowContext(ctx, "SELECT CAST(upto AS INTEGER) FROM hearth_mirror WHERE of = ?", index.SomeName).Scan(&n)
	if missing(err) {
		return 0, nil
	}
	return n, err
}

// index does the next step of the mirror's index, in a transaction of its own, so that
// making it goes on where it was; false once there is none left. Two hearths share them.
func (m *mirror) index(ctx context.Context, s *Place) (more bool, err error) {
	steps := append([]string{"CREATE INDEX IF NOT EXISTS hearth_backups_volume ON backups (volume_id)"},
		index.Some(s.schema.indexTables()...)...)
	err = s.in(ctx, "make the index of "+m.file, func(tx change) error {
		n, err := m.step(ctx, tx.tx)
		if more = n < len(steps); err != nil || !more {
			return err
		}
		if n == 0 { // what another version of hearth left
			if err := index.Drop(ctx, tx.tx); err != nil {
				return err
			}
		}
		if _, err := tx.tx.ExecContext(ctx, steps[n]); err != nil {
			return err
		}
		_, err = tx.tx.ExecContext(ctx, "INSERT INTO hearth_mirror VALUES (?, ?, NULL, 0) ON CONFLICT (of) DO UPDATE SET upto = excluded.upto",
			index.SomeName, strconv.Itoa(n+1))
		return err
	})
	return more, err
}

// Most of what a list can be put in order by nobody ever asks for, and putting a column in
// order costs a mirror as much as copying it does. So it is done when somebody first orders
// or filters by it, beside what is asked meanwhile: that looks at all rows of the mirror,
// and the page says what is being sorted.

// sorts are the columns that were asked for.
type sorts struct {
	ctx   context.Context // ends with the mirror
	ended sync.WaitGroup

	mu    sync.Mutex
	now   string // what is being put in order; "": nothing
	left  []wanted
	asked map[wanted]bool // also what failed: it is tried again by who opens the mirror next
}

type wanted struct{ table, column string }

// sorting says what is being put in order, "" for nothing.
func (m *mirror) sorting() string {
	m.sorts.mu.Lock()
	defer m.sorts.mu.Unlock()
	if m.sorts.now == "" {
		return ""
	}
	return m.sorts.now + " being sorted"
}

// sort has columns of a table put in order, if that is not begun.
func (m *mirror) sort(table string, columns []string) {
	s := &m.sorts
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked == nil {
		s.asked = map[wanted]bool{}
	}
	for _, c := range columns {
		if w := (wanted{table, c}); !s.asked[w] && s.ctx.Err() == nil {
			s.asked[w] = true
			s.left = append(s.left, w)
		}
	}
	if s.now == "" && len(s.left) > 0 {
		s.now = s.left[0].column
		s.ended.Add(1)
		go m.sortAll()
	}
}

// sortAll does what there is to do, one after the other.
func (m *mirror) sortAll() {
	s := &m.sorts
	defer s.ended.Done()
	for {
		s.mu.Lock()
		if len(s.left) == 0 || s.ctx.Err() != nil {
			s.now = ""
			s.mu.Unlock()
			return
		}
		w := s.left[0]
		s.left, s.now = s.left[1:], w.column
		s.mu.Unlock()
		_ = m.sortOne(s.ctx, w) // where it fails, lists by it stay slow, and the mirror is as good as before
	}
}

func (m *mirror) sortOne(ctx context.Context, w wanted) error {
	m.mu.Lock()
	store := m.store
	m.mu.Unlock()
	tables := store.schema.indexTables()
	i := slices.IndexFunc(tables, func(t *index.Table) bool { return t.Name == w.table })
	return store.in(ctx, "put "+w.table+" in order by "+w.column, func(tx change) error {
		_, err := tx.tx.ExecContext(ctx, tables[i].Order(w.column))
		return err
	})
}
