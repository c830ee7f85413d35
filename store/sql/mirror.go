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
	"hearth/store/ledger"
)

// A database that is not hearth's gets no tables and no index. Where it has many rows,
// what lists go by is kept beside it: a store of hearth's own in the cache, with the
// index that such a store has. It says which rows a page has and in which order; the rows
// themselves are always read from the database. It may be removed at any time, is made
// anew when in doubt, and nothing waits long for it: until it is whole, and whenever it
// fails, lists are put in order from all rows, as without it. It is whole with what most people
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

	ctx    context.Context // ends with the mirror
	stop   context.CancelFunc
	opened chan struct{} // closed when it is known whether it is there, or is to be made
	done   chan struct{} // closed when making it has ended

	spoilt atomic.Bool  // it is damaged: nobody goes by it any more
	copied atomic.Int64 // rows that making it has read so far; -1 once it has them all

	mu     sync.Mutex
	store  *Place // nil until it is whole
	looked time.Time
	took   time.Duration
	now    *catching // nil: nobody catches up
	failed bool      // the last catching up did, and what the mirror has is shown to nobody
	work   sync.WaitGroup

	sorts sorts
}

// catching is a catching up.
type catching struct {
	done  chan struct{} // closed when it has ended, with err
	err   error
	first bool // since the mirror was opened
}

// catchPatience is how long a list on screen waits for a catching up before it shows what
// the mirror has: less for the first one since the mirror was opened, which takes seconds
// where there are many rows, and a start should not.
var catchPatience, firstPatience = 150 * time.Millisecond, 20 * time.Millisecond

func (c *catching) patience() time.Duration {
	if c.first {
		return firstPatience
	}
	return catchPatience
}

// openPatience is how long a list waits for a mirror to be opened.
var openPatience = 5 * time.Second

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
	m := &mirror{of: p, file: filepath.Join(p.opt.Mirrors, hex.EncodeToString(sum[:12])+".sqlite"),
		opened: make(chan struct{}), done: make(chan struct{})}
	m.ctx, m.stop = context.WithCancel(context.WithoutCancel(ctx))
	p.mirror = m
	go func() {
		defer close(m.done)
		defer m.open()
		m.makeAll()
	}()
	return nil
}

// makeAll makes the mirror. Another hearth that makes it is waited for: a step of a million
// rows takes a while. One that cannot be gone on with is made from nothing; where the
// database did not answer, it is gone on with.
func (m *mirror) makeAll() {
	for again := false; ; {
		err := m.make(m.ctx)
		switch {
		case err == nil, m.ctx.Err() != nil:
			return
		case ledger.Locked(err):
			m.open() // for how long is not known
			continue
		case again:
			return
		case core.CodeOf(err) != core.CodeUnavailable:
			m.remove()
		}
		again = true
	}
}

// open says that what is asked need not wait for it any more.
func (m *mirror) open() {
	m.mu.Lock()
	defer m.mu.Unlock()
	select {
	case <-m.opened:
	default:
		close(m.opened)
	}
}

// close ends what is being made; that goes on where it was the next time.
func (m *mirror) close() error {
	m.mu.Lock()
	m.sorts.mu.Lock()
	m.stop() // from here on nothing is begun
	m.sorts.mu.Unlock()
	m.mu.Unlock()
	<-m.done
	m.work.Wait()
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
		if p.mirror.behind() {
			return "being brought up to date"
		}
		return p.mirror.sorting()
	}
	if n := p.mirror.copied.Load(); n >= 0 {
		return strconv.FormatInt(n, 10) + " rows read"
	}
	return "being sorted"
}

// behind reports whether a mirror is being brought up to date that nobody has looked at for
// long, as when it was just opened: what it has may be old.
func (m *mirror) behind() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now != nil && m.of.now().Sub(m.looked) > 2*freshMost
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
	o := Options{Now: m.of.opt.Now, Patience: m.of.opt.Patience, bare: true}
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
	m.open()
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

// ready returns the mirror, brought up to date; nil while there is none to go by. A list on
// screen, which will ask on, does not wait long for that: late says that it is still
// being done.
func (m *mirror) ready(ctx context.Context, q core.Query) (s *Place, late bool, err error) {
	select {
	case <-m.opened:
	case <-time.After(openPatience):
		return nil, false, nil
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
	s, c, sound := m.catch(q.Anew)
	if c == nil {
		return s, false, nil
	}
	var enough <-chan time.Time
	if q.Partial && !q.Anew && sound {
		enough = time.After(c.patience())
	}
	select {
	case <-c.done:
		return s, false, c.err
	case <-enough:
		return s, true, nil
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
}

// catch has the mirror brought up to date where it is not, or anew; without one, or where
// there is no need, what is done about it is nil. sound says that this did not fail when it
// was last done.
func (m *mirror) catch(anew bool) (s *Place, c *catching, sound bool) {
	sorting := m.sorting() != ""
	m.mu.Lock()
	defer m.mu.Unlock()
	s, sound = m.store, !m.failed
	if s == nil || m.spoilt.Load() || m.ctx.Err() != nil {
		return nil, nil, false
	}
	fresh := min(max(freshFor, freshPart*m.took), freshMost)
	if sorting { // nothing else can be written meanwhile
		fresh = freshMost
	}
	if m.now != nil && !anew {
		return s, m.now, sound
	}
	if !anew && m.of.now().Sub(m.looked) < fresh {
		return s, nil, sound
	}
	c, before := &catching{done: make(chan struct{}), first: m.looked.IsZero()}, m.now
	m.now = c
	m.work.Add(1)
	go func() {
		defer m.work.Done()
		if before != nil { // what it has read may be older than the question
			<-before.done
		}
		began := time.Now()
		err := m.catchUp(m.ctx, s)
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.failed = err != nil; err == nil {
			m.looked, m.took = m.of.now(), time.Since(began)
		}
		if c.err = err; m.now == c {
			m.now = nil
		}
		close(c.done)
	}()
	return s, c, sound
}

// reflected answers a query by the mirror: it names the rows, and they are read from the
// database; false where there is no mirror to go by.
func reflected[T any](ctx context.Context, p *Place, table string, q core.Query, ask func(*Place) (core.Page[T], error), id func(*T) string,
	read func(ids []string) ([]T, error)) (core.Page[T], bool, error) {
	if p.mirror == nil {
		return core.Page[T]{}, false, nil
	}
	s, late, err := p.mirror.ready(ctx, q)
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
	page.Renewing = late
	return page, true, err
}
