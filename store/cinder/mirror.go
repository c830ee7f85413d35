package cinder

import (
	"context"
	"errors"
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
	lost     error               // why that is left out, until the list is asked for anew
	newer    bool                // it is a newer hearth's, and stays as it is
	busy     *work[T]            // what goes on in the background
	err      error               // of the last work, until it is told
	short    error               // CodeIncomplete: the list ended early; nil: it did not
	heard    int                 // rows of all pages, also those that came again
	count    int                 // of all rows, as the cloud told before they were read; -1: it did not
	looked   time.Time           // when the cloud was last asked for news, or failed to answer
	read     time.Time           // when it last answered, so that the rows are of then
}

// work is a sweep or a look for news in the background.
type work[T any] struct {
	cancel context.CancelFunc
	done   chan struct{}
	fresh  *mirror[T] // a sweep that reads all anew; nil where rows are added to those here
	onward bool       // rows are added, and counted in the end: until then it is not known whether all are here
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
	// load and save keep the listing between runs; a zero time is no listing, or none to go
	// by: then the error is why. keptAt is load's time alone.
	load(ctx context.Context) ([]T, time.Time, error)
	keptAt(ctx context.Context) (time.Time, error)
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
	quietTime  = 20 * time.Second // which rows may be old and pass for new
	lookTime   = 15 * time.Second // between looks for news: before the rows are as old as that, with a clock of ten seconds
	busyTime   = 3 * time.Second  // while something is on its way
	stuckTime  = 30 * time.Minute // after which what is on its way is not waited for any more
	manyMoving = 20               // rows on their way that are asked for one by one
)

func newMirror[T any](life context.Context, s source[T], now func() time.Time) *mirror[T] {
	return &mirror[T]{source: s, now: now, life: life, at: map[string]int{}, count: -1}
}

// view is what a mirror shows at one moment.
type view[T any] struct {
	rows     []T
	complete bool
	asOf     core.Opt[time.Time] // null: it is in step, read within [quietTime]
	short    error               // why rows are missing though it is complete; nil: none are, as far as is known
	renewing bool                // all rows are here, and the cloud is being asked for news of them
	lost     error               // why what an earlier run kept is left out; nil: it is not, or nothing was kept
}

// lacks adds to what a page lacks what was kept and cannot be shown.
func (v view[T]) lacks(others []string) []string {
	if v.lost == nil {
		return others
	}
	return append(others[:len(others):len(others)], lack("the list of an earlier run", v.lost))
}

// because is why there are no rows at all: that those of an earlier run cannot be shown
// either belongs to it.
func (v view[T]) because(err error) error {
	var why, lost *core.Error
	if !errors.As(err, &why) || !errors.As(v.lost, &lost) {
		return err
	}
	both := *why
	both.What += "; " + lost.What
	return &both
}

// leave notes why the kept listing is left out. The mirror is locked.
func (m *mirror[T]) leave(err error) {
	m.lost = err
	m.newer = m.newer || errors.Is(err, errNewerListing)
}

// shown is what there is. The rows are not changed any more: changes make new ones.
func (m *mirror[T]) shown() view[T] {
	rebuilding := m.busy != nil && (m.busy.fresh != nil || m.busy.onward)
	asOf := m.kept
	if !asOf.Set && !m.read.IsZero() && m.now().Sub(m.read) > quietTime { // whatever the reason
		asOf = core.Some(m.read)
	}
	return view[T]{rows: m.rows[:len(m.rows):len(m.rows)], complete: m.complete && !rebuilding, asOf: asOf, short: m.short,
		renewing: m.busy != nil && m.complete && !rebuilding, lost: m.lost}
}

// add appends a page. Rows that are here already are replaced: something may have
// been made or deleted between two pages.
func (m *mirror[T]) add(p fetched[T]) {
	rows := m.rows
	m.heard += weight(len(p.rows))
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
	m.read = m.looked
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
	m.short, m.count, m.read = fresh.short, fresh.count, m.now()
}

// ended notes how the reading of a whole list ended, and reports whether its rows are
// all that there is to be had.
func (m *mirror[T]) ended(err error) bool {
	m.short = nil
	if core.CodeOf(err) == core.CodeIncomplete {
		m.short = err
	}
	return err == nil || m.short != nil
}

func (m *mirror[T]) index() {
	m.at = make(map[string]int, len(m.rows))
	for i := range m.rows {
		m.at[m.source.id(&m.rows[i])] = i
	}
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
