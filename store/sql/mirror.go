package sql

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"hearth/core"
	"hearth/store/index"
)

// A database that is not hearth's gets no tables and no index. Where it has many rows,
// what lists go by is kept beside it: a store of hearth's own in the cache, with the
// index that such a store has. It says which rows a page has and in which order; the rows
// themselves are always read from the database. It may be removed at any time, is made
// anew when in doubt, and nothing waits for it: until it is whole, and whenever it fails,
// lists are put in order from all rows, as without it. It is whole with what most people
// look by; the rest is put in order after that (mirror_sort.go).

// mirrorFrom is how many backups a database has at least for its mirror to be worth it.
var mirrorFrom = 20_000

const (
	mirrorBatch   = 2000             // rows of one question and one transaction
	mirrorOverlap = 10 * time.Minute // how far before the newest change it looks again: clocks differ, transactions take time
)

// mirror is the side index of a database that is not hearth's.
type mirror struct {
	of   *Place
	file string

	stop context.CancelFunc
	done chan struct{} // closed when making it has ended

	turn chan struct{} // held by who catches up

	spoilt atomic.Bool  // it is damaged: nobody goes by it any more
	copied atomic.Int64 // rows that making it has read so far; -1 once it has them all

	mu     sync.Mutex
	store  *Place // nil until it is whole
	looked time.Time
	took   time.Duration

	sorts sorts
}

// startMirror begins to make the mirror of a database that has many rows, or opens the
// one that is there.
func (p *Place) startMirror(ctx context.Context) error {
	if p.own || p.opt.Mirrors == "" {
		return nil
	}
	var n int
	err := p.read(ctx, "count backups", func(db view) error {
		return db.QueryRowContext(ctx, "SELECT count(*) FROM (SELECT 1 AS one FROM backups LIMIT ?) few", mirrorFrom).Scan(&n)
	})
	if err != nil || n < mirrorFrom {
		return err
	}
	sum := sha256.Sum256([]byte(p.Info().Location))
	m := &mirror{of: p, file: filepath.Join(p.opt.Mirrors, hex.EncodeToString(sum[:12])+".sqlite"), done: make(chan struct{}),
		turn: make(chan struct{}, 1)}
	ctx, m.stop = context.WithCancel(context.WithoutCancel(ctx))
	m.sorts.ctx = ctx
	p.mirror = m
	go func() {
		defer close(m.done)
		if m.make(ctx) != nil && ctx.Err() == nil { // once more, from nothing
			m.remove()
			_ = m.make(ctx)
		}
	}()
	return nil
}

// close ends what is being made; that goes on where it was the next time.
func (m *mirror) close() error {
	m.stop()
	<-m.done
	m.sorts.ended.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.store == nil {
		return nil
	}
	err := m.store.Close()
	if m.spoilt.Load() { // the next hearth makes another
		m.remove()
	}
	return err
}

// doubt looks at what is wrong with an answer of the mirror's: one that is damaged is gone
// by no more, and taken away in the end.
func (m *mirror) doubt(err error) {
	if core.CodeOf(err) == core.CodeUnreadable {
		m.spoilt.Store(true)
	}
}

// indexing says how far what lists go by is while it is being made, "" when it is not.
func (p *Place) indexing() string {
	over := func(done <-chan struct{}) bool {
		select {
		case <-done:
			return true
		default:
			return false
		}
	}
	switch {
	case p.making != nil && !over(p.making):
		return "being made"
	case p.mirror == nil:
		return ""
	case over(p.mirror.done):
		return p.mirror.sorting()
	}
	if n := p.mirror.copied.Load(); n >= 0 {
		return strconv.FormatInt(n, 10) + " rows read"
	}
	return "being sorted"
}

func (m *mirror) remove() {
	for _, side := range []string{"", "-wal", "-shm", "-journal"} {
		os.Remove(m.file + side)
	}
}

// make opens the mirror, or makes it, and goes on with one that was not finished.
func (m *mirror) make(ctx context.Context) error {
	if err := os.MkdirAll(filepath.Dir(m.file), 0o700); err != nil {
		return err
	}
	o := Options{Now: m.of.opt.Now, bare: true}
	s, err := Open(ctx, m.file, o)
	if core.CodeOf(err) == core.CodeNotFound {
		var made *Store
		if made, err = Create(ctx, m.file, o); err == nil {
			s = made.Place
		}
	}
	if err != nil {
		return err
	}
	err = m.complete(ctx, s)
	if err == nil {
		err = m.sorts.look(ctx, s)
	}
	if err != nil {
		s.Close()
		return err
	}
	s.want = func(table string, columns []string) { m.sort(table, columns, true) }
	m.mu.Lock()
	m.store = s
	m.mu.Unlock()
	for table, columns := range listed {
		m.sort(table, columns, false)
	}
	return nil
}

// mirrored is the table in which a mirror says how far it came: of which table the rows up
// to which id are there, and what changed last of those.
const mirrored = `CREATE TABLE IF NOT EXISTS hearth_mirror (of TEXT PRIMARY KEY, upto TEXT, newest TEXT, whole INTEGER)`

// complete reads what is not there yet, and then makes the index.
func (m *mirror) complete(ctx context.Context, s *Place) error {
	if _, err := s.db.ExecContext(ctx, mirrored); err != nil {
		return err
	}
	if made, err := index.Made(ctx, s.db); err != nil || made {
		return err
	}
	begun, err := m.step(ctx, s.db)
	if err != nil {
		return err
	}
	if begun == 0 { // else the index would not follow what is written: its triggers come last
		for _, name := range []string{"volume", "parent"} { // rows come faster without; one is made again then, the other nobody asks for
			if _, err := s.db.ExecContext(ctx, "DROP INDEX IF EXISTS hearth_backups_"+name); err != nil {
				return err
			}
		}
		if err := m.types(ctx, s); err != nil {
			return err
		}
	}
	for _, t := range m.tables() {
		if err := t.fill(ctx, s); err != nil {
			return err
		}
	}
	m.copied.Store(-1)
	for more := true; more; {
		if more, err = m.index(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// types copies the names of the volume types, where they changed.
func (m *mirror) types(ctx context.Context, s *Place) error {
	types, err := m.of.VolumeTypes(ctx)
	if err != nil {
		return err
	}
	return s.in(ctx, "write "+m.file, func(tx change) error {
		for _, t := range types {
			_, err := tx.ExecContext(ctx, "INSERT INTO volume_types (id, name, deleted) VALUES (?, ?, 0) ON CONFLICT (id) DO UPDATE SET "+
				"name = excluded.name WHERE name IS NOT excluded.name", t.ID, t.Name)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// ready returns the mirror, brought up to date; nil while there is none to go by.
func (m *mirror) ready(ctx context.Context, anew bool) (*Place, error) {
	m.mu.Lock()
	s, since, took := m.store, m.of.now().Sub(m.looked), m.took
	m.mu.Unlock()
	if s == nil || m.spoilt.Load() {
		return nil, nil
	}
	fresh := min(max(freshFor, freshPart*took), freshMost)
	if m.sorting() != "" { // nothing else can be written meanwhile
		fresh = freshMost
	}
	if !anew && since < fresh {
		return s, nil
	}
	select {
	case m.turn <- struct{}{}:
		defer func() { <-m.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	began := time.Now()
	if err := m.catchUp(ctx, s); err != nil {
		return nil, err
	}
	m.mu.Lock()
	m.looked, m.took = m.of.now(), time.Since(began)
	m.mu.Unlock()
	return s, nil
}

// reflected answers a query by the mirror: it names the rows, and they are read from the
// database; false where there is no mirror to go by.
func reflected[T any](ctx context.Context, p *Place, table string, q core.Query, ask func(*Place) (core.Page[T], error), id func(*T) string,
	read func(ids []string) ([]T, error)) (core.Page[T], bool, error) {
	if p.mirror == nil {
		return core.Page[T]{}, false, nil
	}
	s, err := p.mirror.ready(ctx, q.Anew)
	if err != nil || s == nil {
		return core.Page[T]{}, false, ctx.Err() // what is wrong with a mirror is no one's trouble
	}
	p.mirror.sorted(ctx, table, q)
	page, err := ask(s)
	if err != nil {
		p.mirror.doubt(err)
		return core.Page[T]{}, false, ctx.Err()
	}
	ids := make([]string, len(page.Rows))
	for i := range page.Rows {
		ids[i] = id(&page.Rows[i])
	}
	page.Rows, err = read(ids)
	return page, true, err
}
