package cinder

import (
	"context"
	"errors"
	"time"

	"hearth/core"
)

// all reads every row and waits for that.
func (m *mirror[T]) all(ctx context.Context) (view[T], error) {
	for {
		m.mu.Lock()
		busy, v, whole, short := m.busy, m.shown(), m.complete && !m.kept.Set, m.short
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
			return v, short
		}
		return m.afresh(ctx)
	}
}

// afresh reads every row again, whatever is here, and waits for that.
func (m *mirror[T]) afresh(ctx context.Context) (view[T], error) {
	fresh, err := m.whole(ctx)
	if fresh == nil || !fresh.ended(err) {
		return view[T]{}, err
	}
	m.mu.Lock()
	m.take(fresh)
	v := m.shown()
	m.mu.Unlock()
	v.lost = m.remember(ctx, v)
	return v, v.short
}

// keptLong is how old what is kept for browsing offline may be before whoever waited for
// a whole list keeps that in its place. The screens keep what they see by and by.
const keptLong = time.Hour

// remember keeps a whole list for browsing offline, where none is kept or an old one. The
// error is why what was kept can no longer be read, where that is so: it is told once, and what is
// kept now takes its place. Another login's is no loss of this one's, and a newer hearth's stays.
func (m *mirror[T]) remember(ctx context.Context, v view[T]) (lost error) {
	if v.short != nil {
		return nil
	}
	at := m.now()
	before, lost := m.source.keptAt(ctx)
	switch {
	case errors.Is(lost, errNewerListing):
		return lost
	case at.Sub(before) > keptLong:
		m.source.save(ctx, v.rows, at)
	}
	if errors.Is(lost, errOtherLogin) {
		return nil
	}
	return lost
}

// first reads the newest rows only: at most limit. Where that is a whole page, the
// others are read in the background: whoever asked for it goes on as a rule.
func (m *mirror[T]) first(ctx context.Context, limit int) (view[T], error) {
	m.mu.Lock()
	if m.complete && !m.kept.Set {
		defer m.mu.Unlock()
		return m.shown(), m.short
	}
	m.mu.Unlock()
	p, err := m.page(ctx, limit, limit == pageSize)
	if err != nil {
		return view[T]{}, err
	}
	if limit < pageSize && p.next != "" {
		return view[T]{rows: p.rows}, nil
	}
	begun := newMirror(m.life, m.source, m.now)
	begun.begins(p)
	if begun.complete {
		if err := begun.counted(ctx); !begun.ended(err) {
			return view[T]{}, err
		}
	}
	if begun.complete { // whoever asks for a next page gets it from the same list
		m.mu.Lock()
		m.take(begun)
		v := m.shown()
		m.mu.Unlock()
		v.lost = m.remember(ctx, v)
		return v, v.short
	}
	m.mu.Lock()
	defer m.mu.Unlock()
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
		rows, at, err := m.source.load(ctx)
		m.leave(err)
		if !at.IsZero() && len(m.rows) == 0 {
			m.rows, m.complete, m.kept = rows, true, core.Some(at)
			m.index()
		}
	}
	err := m.err
	m.err = nil
	switch {
	case anew:
		m.lost = nil
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
	p, err := m.page(ctx, pageSize, true)
	m.mu.Lock()
	if err != nil || len(m.rows) > 0 {
		return m.shown(), err
	}
	m.begins(p)
	switch {
	case m.complete && m.count > len(m.rows): // rows were left out, or have gone meanwhile
		m.start(&work[T]{fresh: newMirror(m.life, m.source, m.now)})
	case m.complete:
		m.keep()
	}
	return m.shown(), nil
}

// keep has the rows kept for the next run, in the background, unless what is kept is a newer
// hearth's. The mirror is locked.
func (m *mirror[T]) keep() {
	if m.newer {
		return
	}
	rows, at := m.rows, m.now()
	go m.source.save(m.life, rows, at)
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
	return lookTime
}

// start does work in the background, in place of what goes on there.
func (m *mirror[T]) start(w *work[T]) {
	if m.busy != nil {
		m.busy.cancel()
	}
	ctx, cancel := context.WithCancel(m.life)
	w.cancel, w.done, w.onward = cancel, make(chan struct{}), w.fresh == nil && !m.complete
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
		if w.fresh != nil && w.fresh.ended(err) {
			m.take(w.fresh)
		}
		if w.quiet {
			return // who waits sees that it is not complete, and reads it
		}
		if core.CodeOf(err) == core.CodeIncomplete {
			return // which whoever asks sees by the rows
		}
		m.err = err
		if err == nil && m.complete {
			m.keep()
		}
	}()
}

func (m *mirror[T]) work(ctx context.Context, w *work[T]) error {
	m.mu.Lock()
	complete, next := m.complete, m.next
	m.mu.Unlock()
	switch {
	case w.quiet:
		if err := w.fresh.rest(ctx); err != nil {
			return err
		}
		return w.fresh.counted(ctx)
	case w.fresh != nil:
		return w.fresh.quietly(ctx)
	case !complete:
		err := m.onward(ctx, next)
		m.mu.Lock()
		defer m.mu.Unlock()
		m.ended(err)
		return err
	}
	whole, err := m.news(ctx)
	if err != nil || whole {
		return err
	}
	fresh := newMirror(m.life, m.source, m.now)
	if err = fresh.quietly(ctx); !fresh.ended(err) {
		return err
	}
	m.mu.Lock()
	m.take(fresh)
	m.mu.Unlock()
	return err
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
	moving := m.moving(newest)
	if len(moving) > manyMoving {
		return false, nil
	}
	gone := map[string]bool{}
	for _, id := range moving {
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
	rows := p.rows
	if p.next != "" { // else that is the whole list, in one answer
		known := false
		if rows, known = m.renewed(order, newest, gone); !known {
			return false, nil
		}
	}
	m.rows, m.complete, m.looked, m.kept = rows, true, m.now(), core.Opt[time.Time]{}
	m.read = m.looked
	m.index()
	switch {
	case p.count == len(rows):
		m.short = nil
	case m.short != nil && p.count == m.count:
		return true, nil // no better than before: reading it all again every time is no help
	}
	return p.count < 0 || p.count == len(rows), nil
}

// moving are the rows on their way that are not among those that were just read.
func (m *mirror[T]) moving(read map[string]T) (ids []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.rows {
		id := m.source.id(&m.rows[i])
		is, _ := m.source.moving(&m.rows[i])
		if _, ok := read[id]; !ok && is {
			ids = append(ids, id)
		}
	}
	return ids
}

// renewed is the rows with what was read anew, in order, and without those that are
// gone. known is false where none of order was here before: something may have come
// between them and the others. The mirror is locked.
func (m *mirror[T]) renewed(order []string, newest map[string]T, gone map[string]bool) (rows []T, known bool) {
	for _, id := range order {
		if _, ok := m.at[id]; ok {
			known = true
		} else {
			rows = append(rows, newest[id])
		}
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
	return rows, known
}
