package sql

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"time"

	"hearth/core"
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
// order costs a mirror as much as copying it does. So once the mirror is whole, what lists
// show is put in order beside what is asked meanwhile, and the rest when somebody first
// orders or filters by it. Who orders by it waits for that: putting all rows in order for
// one page takes longer.

// sortPatience is how long a list waits for a column to be put in order: another program
// may hold the mirror.
var sortPatience = 10 * time.Second

// sorts are the columns that a mirror is in no order of, and what is done about them.
type sorts struct {
	mu   sync.Mutex
	now  string // what is being put in order; "": nothing
	left []wanted
	// missing has a channel of each that was asked for, which is closed once it is in order,
	// or that failed: it is tried again by who opens the mirror next.
	missing map[wanted]chan struct{}
}

type wanted struct{ table, column string }

// listed are the columns that lists show at first and a mirror is not made with.
var listed = map[string][]string{
	"backups": {"name", "size", "kind", "volume", "updated"},
	"volumes": {"name", "size", "backups", "last-backup", "type", "updated"},
}

// look finds what a mirror is in no order of.
func (s *sorts) look(ctx context.Context, store *Place) error {
	missing := map[wanted]chan struct{}{}
	for _, t := range store.schema.indexTables() {
		columns, err := t.Lacking(ctx, store.db)
		if err != nil {
			return err
		}
		for _, c := range columns {
			missing[wanted{t.Name, c}] = nil
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.missing = missing
	return nil
}

// sorting says what is being put in order, "" for nothing.
func (m *mirror) sorting() string {
	m.sorts.mu.Lock()
	defer m.sorts.mu.Unlock()
	if m.sorts.now == "" {
		return ""
	}
	return m.sorts.now + " being sorted"
}

// sort has columns of a table put in order that are not, before all that waits or behind it.
func (m *mirror) sort(table string, columns []string, first bool) {
	s := &m.sorts
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range columns {
		w := wanted{table, c}
		done, lacks := s.missing[w]
		at := slices.Index(s.left, w)
		switch {
		case !lacks || m.ctx.Err() != nil || done != nil && (at < 0 || !first):
			continue
		case done == nil:
			s.missing[w] = make(chan struct{})
		default:
			s.left = slices.Delete(s.left, at, at+1)
		}
		if at = len(s.left); first {
			at = 0
		}
		s.left = slices.Insert(s.left, at, w)
	}
	if s.now == "" && len(s.left) > 0 {
		s.now = s.left[0].column
		m.work.Add(1)
		go m.sortAll()
	}
}

// sorted waits for the order of a query, if that can be waited for.
func (m *mirror) sorted(ctx context.Context, table string, q core.Query) {
	if len(q.Sort) > 1 {
		return
	}
	column := core.Ordered(q.Sort)[0].Column
	m.sort(table, []string{column}, true)
	m.sorts.mu.Lock()
	done := m.sorts.missing[wanted{table, column}]
	m.sorts.mu.Unlock()
	if done == nil {
		return
	}
	select {
	case <-done:
	case <-ctx.Done():
	case <-time.After(sortPatience):
	}
}

// sortAll does what there is to do, one after the other.
func (m *mirror) sortAll() {
	s := &m.sorts
	defer m.work.Done()
	for {
		s.mu.Lock()
		if len(s.left) == 0 || m.ctx.Err() != nil {
			s.now = ""
			s.mu.Unlock()
			return
		}
		w := s.left[0]
		s.left, s.now = s.left[1:], w.column
		done := s.missing[w]
		s.mu.Unlock()
		_ = m.sortOne(m.ctx, w) // where it fails, lists by it stay slow, and the mirror is as good as before
		close(done)
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
