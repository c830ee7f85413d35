package cinder

import (
	"context"
	"sync"
	"time"

	"hearth/core"
)

// A mirror is a list of the cloud's rows, newest first, as far as it has been
// read. It is swept once, and then kept up by asking for what is new and for what
// is on its way; it is swept again when told to, or when the counts differ.
type mirror[T any] struct {
	source source[T]
	now    func() time.Time
	life   context.Context // of the place: work in the background ends with it

	mu       sync.Mutex // guards what follows
	rows     []T
	at       map[string]int      // where each id's row is
	complete bool                // every row is here
	next     string              // the page to read on from, while not complete
	kept     core.Opt[time.Time] // when the rows were read, if that was by an earlier run
	loaded   bool                // the kept listing has been looked for
	busy     *work[T]            // what goes on in the background
	err      error               // of the last work, until it is told
	looked   time.Time           // when the cloud was last asked for news, or failed to answer
}

// work is a sweep or a look for news in the background.
type work[T any] struct {
	cancel context.CancelFunc
	done   chan struct{}
	fresh  *mirror[T] // a sweep that reads all anew; nil where rows are added to those here
	quiet  bool       // somebody waits for it, and gets the error; nothing is kept for the next run
}

// source is what a mirror reads from: the API.
type source[T any] interface {
	// fetch reads the page after a marker, "" for the first, as the cloud sent it.
	fetch(ctx context.Context, marker string, limit int, count bool) ([]byte, error)
	// from reads a page that begins at an offset.
	from(ctx context.Context, offset, limit int) ([]byte, error)
	// next finds the marker of the page after one, before that is decoded; "" where
	// it is not seen.
	next(body []byte) string
	decode(body []byte) (fetched[T], error)
	// one reads one row; CodeNotFound if it is gone.
	one(ctx context.Context, id string) (T, error)
	id(*T) string
	// moving reports whether a row is on its way to another status by itself; since
	// tells when it last changed, null where that is not known.
	moving(*T) (is bool, since core.Opt[time.Time])
	// load and save keep the listing between runs; a zero time is no listing.
	load(ctx context.Context) ([]T, time.Time)
	save(ctx context.Context, rows []T, at time.Time)
}

// fetched is a page of rows.
type fetched[T any] struct {
	rows  []T
	next  string // marker of the next page, "" at the end
	count int    // of all rows; -1: not told
}

const (
	pageSize   = 1000             // osapi_max_limit, by default: more is never given
	newestSize = 100              // rows that a look for news asks for
	quietTime  = 20 * time.Second // between looks for news
	busyTime   = 3 * time.Second  // while something is on its way
	stuckTime  = 30 * time.Minute // after which what is on its way is not waited for any more
	manyMoving = 20               // rows on their way that are asked for one by one
)

func newMirror[T any](life context.Context, s source[T], now func() time.Time) *mirror[T] {
	return &mirror[T]{source: s, now: now, life: life, at: map[string]int{}}
}

// view is what a mirror shows at one moment.
type view[T any] struct {
	rows     []T
	complete bool
	asOf     core.Opt[time.Time] // null: it is in step
}

// all reads every row and waits for that.
func (m *mirror[T]) all(ctx context.Context) (view[T], error) {
	for {
		m.mu.Lock()
		busy, v, whole := m.busy, m.shown(), m.complete && !m.kept.Set
		m.mu.Unlock()
		switch {
		case busy != nil:
			select {
			case <-busy.done:
			case <-ctx.Done():
				return view[T]{}, explain("read the list", ctx.Err())
			}
			continue
		case whole:
			return v, nil
		}
		return m.afresh(ctx)
	}
}

// afresh reads every row again, whatever is here, and waits for that.
func (m *mirror[T]) afresh(ctx context.Context) (view[T], error) {
	fresh, err := m.whole(ctx)
	if err != nil {
		return view[T]{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.take(fresh)
	return m.shown(), nil
}

// first reads the newest rows only: at most limit. Where that is a whole page, the
// others are read in the background: whoever asked for it goes on as a rule.
func (m *mirror[T]) first(ctx context.Context, limit int) (view[T], error) {
	m.mu.Lock()
	if m.complete && !m.kept.Set {
		defer m.mu.Unlock()
		return m.shown(), nil
	}
	m.mu.Unlock()
	p, err := m.page(ctx, limit, false)
	if err != nil {
		return view[T]{}, err
	}
	if limit < pageSize && p.next != "" {
		return view[T]{rows: p.rows}, nil
	}
	begun := newMirror(m.life, m.source, m.now)
	begun.add(p)
	m.mu.Lock()
	defer m.mu.Unlock()
	if begun.complete { // whoever asks for a next page gets it from the same list
		m.take(begun)
		return m.shown(), nil
	}
	if m.busy == nil {
		m.start(&work[T]{fresh: begun, quiet: true})
	}
	return view[T]{rows: p.rows}, nil
}

// some answers with what is here, and sees to it that there will be more: the
// first page is waited for, the others are read while the caller asks again.
// The error comes with the rows that are here in spite of it.
func (m *mirror[T]) some(ctx context.Context, anew bool) (view[T], error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.loaded {
		m.loaded = true
		if rows, at := m.source.load(ctx); !at.IsZero() && len(m.rows) == 0 {
			m.rows, m.complete, m.kept = rows, true, core.Some(at)
			m.index()
		}
	}
	err := m.err
	m.err = nil
	switch {
	case anew:
		m.start(&work[T]{fresh: newMirror(m.life, m.source, m.now)})
	case m.busy != nil:
	case err != nil: // told now, and tried again after a while
	case !m.complete && len(m.rows) == 0 && m.next == "":
		return m.begin(ctx)
	case !m.complete:
		m.start(&work[T]{})
	case m.now().Sub(m.looked) >= m.patience():
		m.start(&work[T]{})
	}
	return m.shown(), err
}

// begin waits for the first page. The mirror is locked, but not meanwhile.
func (m *mirror[T]) begin(ctx context.Context) (view[T], error) {
	m.mu.Unlock()
	p, err := m.page(ctx, pageSize, false)
	m.mu.Lock()
	if err != nil || len(m.rows) > 0 {
		return m.shown(), err
	}
	m.add(p)
	return m.shown(), nil
}

// shown is what there is. The rows are not changed any more: changes make new ones.
func (m *mirror[T]) shown() view[T] {
	rebuilding := m.busy != nil && m.busy.fresh != nil
	return view[T]{rows: m.rows[:len(m.rows):len(m.rows)], complete: m.complete && !rebuilding, asOf: m.kept}
}

// patience is how long the cloud is not asked for news.
func (m *mirror[T]) patience() time.Duration {
	if m.kept.Set {
		return busyTime
	}
	for i := range m.rows {
		if is, since := m.source.moving(&m.rows[i]); is && (!since.Set || m.now().Sub(since.V) < stuckTime) {
			return busyTime
		}
	}
	return quietTime
}

// start does work in the background, in place of what goes on there.
func (m *mirror[T]) start(w *work[T]) {
	if m.busy != nil {
		m.busy.cancel()
	}
	ctx, cancel := context.WithCancel(m.life)
	w.cancel, w.done = cancel, make(chan struct{})
	m.busy = w
	go func() {
		defer cancel()
		defer close(w.done)
		err := m.work(ctx, w)
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.busy != w {
			return // another took its place
		}
		m.busy, m.looked = nil, m.now()
		if err == nil && w.fresh != nil {
			m.take(w.fresh)
		}
		if w.quiet {
			return // who waits sees that it is not complete, and reads it
		}
		m.err = err
		if err == nil && m.complete {
			rows, at := m.rows, m.now()
			go m.source.save(m.life, rows, at)
		}
	}()
}

func (m *mirror[T]) work(ctx context.Context, w *work[T]) error {
	m.mu.Lock()
	complete, next := m.complete, m.next
	m.mu.Unlock()
	switch {
	case w.quiet:
		return w.fresh.rest(ctx)
	case w.fresh != nil:
		return w.fresh.sweep(ctx, "")
	case !complete:
		return m.sweep(ctx, next)
	}
	whole, err := m.news(ctx)
	if err != nil || whole {
		return err
	}
	fresh := newMirror(m.life, m.source, m.now)
	if err := fresh.sweep(ctx, ""); err != nil {
		return err
	}
	m.mu.Lock()
	m.take(fresh)
	m.mu.Unlock()
	return nil
}

// add appends a page. Rows that are here already are replaced: something may have
// been made or deleted between two pages.
func (m *mirror[T]) add(p fetched[T]) {
	rows := m.rows
	for i := range p.rows {
		id := m.source.id(&p.rows[i])
		if at, ok := m.at[id]; ok {
			rows = replaced(rows, at, p.rows[i])
			continue
		}
		m.at[id] = len(rows)
		rows = append(rows, p.rows[i])
	}
	m.rows, m.next, m.complete = rows, p.next, p.next == ""
	m.kept, m.loaded = core.Opt[time.Time]{}, true
	m.looked = m.now()
}

// replaced is rows with another in one's place, in a new slice: the old one may be
// read right now.
func replaced[T any](rows []T, at int, row T) []T {
	out := append(make([]T, 0, cap(rows)), rows...)
	out[at] = row
	return out
}

// take makes another mirror's rows this one's.
func (m *mirror[T]) take(fresh *mirror[T]) {
	m.rows, m.at, m.complete, m.next = fresh.rows, fresh.at, fresh.complete, fresh.next
	m.kept, m.loaded, m.looked = core.Opt[time.Time]{}, true, m.now()
}

func (m *mirror[T]) index() {
	m.at = make(map[string]int, len(m.rows))
	for i := range m.rows {
		m.at[m.source.id(&m.rows[i])] = i
	}
}

// news asks for the newest rows, and for those that were on their way. whole is
// false where rows must have gone, or come, that this did not show.
func (m *mirror[T]) news(ctx context.Context) (whole bool, err error) {
	p, err := m.page(ctx, newestSize, true)
	if err != nil {
		return false, err
	}
	newest := map[string]T{}
	var order []string
	for _, row := range p.rows {
		id := m.source.id(&row)
		newest[id] = row
		order = append(order, id)
	}
	m.mu.Lock()
	var moving []string
	for i := range m.rows {
		id := m.source.id(&m.rows[i])
		is, _ := m.source.moving(&m.rows[i])
		if _, ok := newest[id]; !ok && is {
			moving = append(moving, id)
		}
	}
	m.mu.Unlock()
	gone := map[string]bool{}
	for i, id := range moving {
		if i == manyMoving {
			return false, nil
		}
		row, err := m.source.one(ctx, id)
		switch {
		case core.CodeOf(err) == core.CodeNotFound:
			gone[id] = true
		case err != nil:
			return false, err
		default:
			newest[id] = row
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var rows []T
	known := false // a row that was here already: nothing has come between
	for _, id := range order {
		if _, ok := m.at[id]; ok {
			known = true
		} else {
			rows = append(rows, newest[id])
		}
	}
	if !known && p.next != "" {
		return false, nil
	}
	for i := range m.rows {
		id := m.source.id(&m.rows[i])
		row, ok := newest[id]
		switch {
		case gone[id]:
		case ok:
			rows = append(rows, row)
		default:
			rows = append(rows, m.rows[i])
		}
	}
	if p.next == "" { // the whole list in one answer
		rows = p.rows
	}
	m.rows, m.complete, m.looked, m.kept = rows, true, m.now(), core.Opt[time.Time]{}
	m.index()
	return p.count < 0 || p.count == len(rows), nil
}

// put notes what is known of a row, as after it was read alone; ok false where it
// is gone.
func (m *mirror[T]) put(id string, row T, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	at, here := m.at[id]
	switch {
	case here && ok:
		m.rows = replaced(m.rows, at, row)
	case here:
		rows := append(make([]T, 0, len(m.rows)), m.rows[:at]...)
		m.rows = append(rows, m.rows[at+1:]...)
		m.index()
	case ok && len(m.rows) > 0:
		m.rows = append([]T{row}, m.rows...)
		m.index()
	}
}

// get returns a row that is here.
func (m *mirror[T]) get(id string) (row T, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if at, here := m.at[id]; here {
		return m.rows[at], true
	}
	return row, false
}
