package cinder

import (
	"context"
	"fmt"

	"hearth/core"
)

// whole reads every row for someone who waits for them.
func (m *mirror[T]) whole(ctx context.Context) (*mirror[T], error) {
	fresh := newMirror(m.life, m.source, m.now)
	first, err := fresh.page(ctx, pageSize, true)
	if err != nil {
		return nil, err
	}
	fresh.begins(first)
	if err := fresh.endless(); err != nil {
		return fresh, err
	}
	if err := fresh.rest(ctx); err != nil {
		return fresh, err
	}
	return fresh, fresh.counted(ctx)
}

// begins takes the first page.
func (m *mirror[T]) begins(first fetched[T]) {
	m.heard = 0
	m.add(first)
	m.count = first.count
}

// quietly reads every row, a page after the other: nobody waits for them.
func (m *mirror[T]) quietly(ctx context.Context) error {
	first, err := m.page(ctx, pageSize, true)
	if err != nil {
		return err
	}
	m.begins(first)
	if m.complete {
		return m.counted(ctx)
	}
	return m.onward(ctx, m.next)
}

// onward reads the rows from a marker on, to the end.
func (m *mirror[T]) onward(ctx context.Context, marker string) error {
	if err := m.sweep(ctx, marker); err != nil {
		return err
	}
	return m.counted(ctx)
}

// short is the error of a list that ended early: the rows that are here are the
// cloud's, and there are more.
func short(format string, args ...any) error {
	return core.Fail(core.CodeIncomplete, "read the list whole", fmt.Sprintf(format, args...),
		"read it again; if that is no help, look at the cloud's API and the proxy before it", nil)
}

// How many rows a list can have: what the cloud counted, and some that were made
// meanwhile; where it counts none, as many as anybody has.
const (
	mostRows      = 5_000_000
	mostUncounted = 50_000
)

// weight is how many rows a page counts for: one without any is none the less a page.
func weight(rows int) int {
	if rows == 0 {
		return pageSize
	}
	return rows
}

// endless returns the error of a list that goes on beyond all that the cloud counts, or
// whose pages bring again and again what is here already. What was read stays.
func (m *mirror[T]) endless() error {
	most := mostUncounted
	if m.count >= 0 {
		most = min(m.count+m.count/8+2*pageSize, mostRows)
	}
	switch rows := len(m.rows); {
	case m.next == "":
		return nil
	case rows > most && m.count >= 0:
		return short("the cloud counts %d rows, and its list goes on after %d", m.count, rows)
	case rows > most:
		return short("the cloud's list goes on after %d rows, and it does not count them", rows)
	case m.heard > 2*most+mostOfPage:
		return short("the cloud's list goes on and on, and brings nothing new after %d rows", rows)
	}
	return nil
}

// counted returns the error of a list that is shorter than the cloud counted with its
// first page, and counts again now that it is read. Cinder counts after it has chosen a
// page's rows (cinder/api/contrib/backups.py _get_backups): what is made between the two
// is counted and not listed, so that the newest rows are read again, too, and where it
// happens again, again.
func (m *mirror[T]) counted(ctx context.Context) error {
	for range 3 {
		if _, _, all := m.tally(); all {
			return nil
		}
		now, err := m.page(ctx, newestSize, true)
		if err != nil {
			return err
		}
		m.mu.Lock()
		m.lead(now.rows)
		m.count = now.count
		m.mu.Unlock()
	}
	count, rows, all := m.tally()
	if all {
		return nil
	}
	return short("the cloud counts %d rows and lists %d", count, rows)
}

// tally is how many rows the cloud counts, how many are here, and whether those are all;
// what was not counted is.
func (m *mirror[T]) tally() (count, rows int, all bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.count, len(m.rows), m.count <= len(m.rows)
}

// lead puts rows that are not here before those that are. The mirror is locked.
func (m *mirror[T]) lead(newest []T) {
	var rows []T
	for i := range newest {
		if _, ok := m.at[m.source.id(&newest[i])]; !ok {
			rows = append(rows, newest[i])
		}
	}
	if len(rows) > 0 {
		m.rows = append(rows, m.rows...)
		m.index()
	}
}

// rest reads the rows after the first page: some pages at a time where they are
// large, else one after the other.
func (m *mirror[T]) rest(ctx context.Context) error {
	switch {
	case m.complete:
		return nil
	case len(m.rows) < large:
		return m.sweep(ctx, m.next)
	}
	if ok, err := m.stride(ctx); ok || err != nil {
		return err
	}
	// What is here holds together: on from its last row.
	return m.sweep(ctx, m.source.id(&m.rows[len(m.rows)-1]))
}

const (
	abreast = 3   // pages asked for at the same time: a cloud has other users, and more gain little (measured)
	large   = 100 // rows of a page for which that is worth it
)

// stride reads the pages after the first some at a time, by their offsets. Each
// begins with the last row of the one before it: where it does not, something has
// come or gone meanwhile, and ok is false.
func (m *mirror[T]) stride(ctx context.Context) (ok bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	type answer struct {
		body []byte
		err  error
	}
	size := len(m.rows)
	ask := func(page int) chan answer {
		ch := make(chan answer, 1)
		go func() {
			body, err := m.source.from(ctx, page*(size-1), size)
			ch <- answer{body, err}
		}()
		return ch
	}
	var coming []chan answer
	asked := 0
	more := func() {
		asked++
		coming = append(coming, ask(asked))
	}
	defer func() { // nothing is asked any more when this has ended
		cancel()
		for _, ch := range coming {
			<-ch
		}
	}()
	for range abreast {
		more()
	}
	for {
		a := <-coming[0]
		if a.err != nil {
			return false, a.err
		}
		coming = coming[1:]
		if m.source.next(a.body) != "" { // not beyond the end, if that can be told yet
			more()
		}
		p, err := m.decoded(a.body)
		if err != nil {
			return false, err
		}
		last := m.source.id(&m.rows[len(m.rows)-1])
		if len(p.rows) == 0 || m.source.id(&p.rows[0]) != last {
			return false, nil
		}
		before := len(m.rows)
		p.rows = p.rows[1:]
		m.add(p)
		if err := m.endless(); err != nil {
			return false, err
		}
		switch {
		case len(m.rows) != before+len(p.rows):
			return false, nil
		case p.next == "":
			return true, nil
		case len(p.rows) == 0:
			return false, nil
		}
		if len(coming) == 0 {
			more()
		}
	}
}

// sweep reads all pages from a marker on. The next one is asked for while one is
// decoded.
func (m *mirror[T]) sweep(ctx context.Context, marker string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type answer struct {
		body []byte
		err  error
	}
	seen := map[string]bool{"": true}
	var ended error // the list goes on, and cannot be followed
	ask := func(marker string) chan answer {
		switch {
		case marker == noMarker:
			ended = short("a page of it names a next one, and not where that begins")
			return nil
		case seen[marker] && marker != "": // a cloud that turns in circles
			ended = short("the cloud sends a page again that was read already")
			return nil
		}
		seen[marker] = true
		coming := make(chan answer, 1)
		go func() {
			body, err := m.source.fetch(ctx, marker, pageSize, false)
			coming <- answer{body, err}
		}()
		return coming
	}
	back := 1
	for coming := ask(marker); coming != nil; {
		a := <-coming
		if earlier, ok := m.earlier(back); ok && core.CodeOf(a.err) == core.CodeNotFound && !seen[earlier] {
			// The row that the page was to follow has gone meanwhile: one before it will do.
			coming, back = ask(earlier), 2*back
			continue
		}
		if a.err != nil {
			return a.err
		}
		coming = nil
		if next := m.source.next(a.body); next != "" && next != noMarker && !seen[next] {
			coming = ask(next)
		}
		p, err := m.decoded(a.body)
		if err != nil {
			return err
		}
		if coming == nil && p.next != "" {
			coming = ask(p.next)
		}
		if coming == nil {
			p.next = ""
		}
		m.mu.Lock()
		m.add(p)
		over := m.endless()
		m.mu.Unlock()
		if over != nil {
			return over
		}
	}
	return ended
}

// decoded reads a page. A next link without a marker is followed from the page's last
// row, which is what a marker is.
func (m *mirror[T]) decoded(body []byte) (fetched[T], error) {
	p, err := m.source.decode(body)
	if n := len(p.rows); err == nil && p.next == noMarker && n > 0 {
		p.next = m.source.id(&p.rows[n-1])
	}
	return p, err
}

// earlier is the id of the row that is n before the last.
func (m *mirror[T]) earlier(n int) (string, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.rows) <= n {
		return "", false
	}
	return m.source.id(&m.rows[len(m.rows)-1-n]), true
}

// page reads one page.
func (m *mirror[T]) page(ctx context.Context, limit int, count bool) (fetched[T], error) {
	body, err := m.source.fetch(ctx, "", limit, count)
	if err != nil {
		return fetched[T]{}, err
	}
	return m.decoded(body)
}
