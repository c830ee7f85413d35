package cinder

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"hearth/core"
)

// row is what the tests' clouds list.
type row struct{ ID, Status string }

// pages is a cloud of rows, the newest first.
type pages struct {
	mu     sync.Mutex
	rows   []row
	size   int // of a page
	asked  []string
	err    error
	hold   chan bool // pages after the first wait for it
	kept   []row
	since  time.Time
	counts bool
	// changed is when the rows on their way last changed.
	changed core.Opt[time.Time]
	shift   func(offset int) []row // what is there when a page at an offset is asked for
	saved   chan int
}

func (p *pages) fetch(ctx context.Context, marker string, limit int, count bool) ([]byte, error) {
	p.mu.Lock()
	p.asked = append(p.asked, marker)
	hold := p.hold
	p.mu.Unlock()
	if hold != nil && marker != "" {
		select {
		case <-hold:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return nil, p.err
	}
	from := 0
	if marker != "" {
		from = 1 + slices.IndexFunc(p.rows, func(r row) bool { return r.ID == marker })
		if from == 0 {
			return nil, core.Fail(core.CodeNotFound, "list", marker+" could not be found", "", nil)
		}
	}
	size := p.size
	if limit < size {
		size = limit
	}
	to := min(from+size, len(p.rows))
	f := fetched[row]{rows: p.rows[from:to], count: -1}
	if to < len(p.rows) {
		f.next = p.rows[to-1].ID
	}
	if count && p.counts {
		f.count = len(p.rows)
	}
	return json.Marshal(map[string]any{"rows": f.rows, "next": f.next, "count": f.count})
}

func (p *pages) from(_ context.Context, offset, limit int) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, fmt.Sprint("+", offset))
	rows := p.rows
	if p.shift != nil {
		rows = p.shift(offset)
	}
	lo, hi := min(offset, len(rows)), min(offset+limit, len(rows))
	f := fetched[row]{rows: rows[lo:hi], count: -1}
	if hi < len(rows) {
		f.next = "on"
	}
	return json.Marshal(map[string]any{"rows": f.rows, "next": f.next, "count": f.count})
}

func (p *pages) next(body []byte) string {
	var doc struct{ Next string }
	json.Unmarshal(body, &doc)
	return doc.Next
}

func (p *pages) decode(body []byte) (fetched[row], error) {
	var doc struct {
		Rows  []row
		Next  string
		Count int
	}
	err := json.Unmarshal(body, &doc)
	return fetched[row]{doc.Rows, doc.Next, doc.Count}, err
}

func (p *pages) one(_ context.Context, id string) (row, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, "one "+id)
	for _, r := range p.rows {
		if r.ID == id {
			return r, nil
		}
	}
	return row{}, core.Fail(core.CodeNotFound, "", "gone", "", nil)
}
func (*pages) id(r *row) string { return r.ID }
func (p *pages) moving(r *row) (bool, core.Opt[time.Time]) {
	return core.InTransit(r.Status), p.changed
}

func (p *pages) load(context.Context) ([]row, time.Time, error) { return p.kept, p.since, nil }
func (p *pages) keptAt(context.Context) (time.Time, error)      { return p.since, nil }
func (p *pages) save(_ context.Context, rows []row, _ time.Time) {
	if p.saved != nil {
		p.saved <- len(rows)
	}
}

// questions are the pages asked for since the last time.
func (p *pages) questions() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.asked
	p.asked = nil
	return out
}

func rowsOf(n int) []row {
	var out []row
	for i := n; i > 0; i-- {
		out = append(out, row{strconv.Itoa(i), core.StatusAvailable})
	}
	return out
}

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func mirrorOf(t *testing.T, p *pages) (*mirror[row], *clock) {
	c := &clock{at: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	return newMirror[row](ctx, p, c.now), c
}

// settle waits for what goes on in the background.
func settle[T any](m *mirror[T]) {
	m.mu.Lock()
	busy := m.busy
	m.mu.Unlock()
	if busy != nil {
		<-busy.done
	}
}

func ids(rows []row) string {
	var out []string
	for _, r := range rows {
		out = append(out, r.ID)
	}
	return strings.Join(out, " ")
}

func say(what ...any) string { return strings.TrimSuffix(fmt.Sprintln(what...), "\n") }

func want(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// TestFirstPageFirst: the first page is there before the second is asked for; the
// others come while it is asked again.
func TestFirstPageFirst(t *testing.T) {
	p := &pages{rows: rowsOf(10), size: 3, hold: make(chan bool)}
	m, _ := mirrorOf(t, p)
	v, err := m.some(t.Context(), false)
	want(t, "first page", say(ids(v.rows), v.complete, err), "10 9 8 false <nil>")
	want(t, "asked", p.questions(), "[]")
	v, _ = m.some(t.Context(), false)
	want(t, "meanwhile", say(len(v.rows), v.complete), "3 false")
	close(p.hold)
	settle(m)
	v, _ = m.some(t.Context(), false)
	want(t, "in the end", say(ids(v.rows), v.complete), "10 9 8 7 6 5 4 3 2 1 true")
	want(t, "asked on", p.questions(), "[8 5 2]")
	v, _ = m.some(t.Context(), false)
	want(t, "idle", p.questions(), "[]")
}

// TestNews: an idle hearth asks for the newest rows and for those on their way,
// and does not sweep.
func TestNews(t *testing.T) {
	p := &pages{rows: rowsOf(300), size: 100, counts: true}
	p.rows[250].Status = core.StatusCreating // beyond the newest
	m, c := mirrorOf(t, p)
	if _, err := m.all(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.questions()
	moving := p.rows[250].ID
	p.mu.Lock()
	p.rows[250].Status = core.StatusAvailable
	p.rows = append([]row{{"new", core.StatusCreating}}, p.rows...)
	p.mu.Unlock()
	c.pass(busyTime)
	m.some(t.Context(), false)
	settle(m)
	v, err := m.some(t.Context(), false)
	want(t, "rows", say(len(v.rows), v.rows[0].ID, v.rows[251].Status, err), "301 new available <nil>")
	want(t, "asked", p.questions(), "[ one "+moving+"]")

	p.mu.Lock() // one goes that nobody looks at: the count tells
	p.rows = append(p.rows[:200:200], p.rows[201:]...)
	p.mu.Unlock()
	c.pass(busyTime)
	m.some(t.Context(), false)
	settle(m)
	v, _ = m.some(t.Context(), false)
	want(t, "after one has gone", len(v.rows), 300)
	want(t, "swept", len(p.questions()), 1+3)
	c.pass(busyTime) // "new" is on its way still: it stands among the newest
	m.some(t.Context(), false)
	settle(m)
	want(t, "quiet", p.questions(), "[]")
	p.mu.Lock()
	p.rows[0].Status = core.StatusAvailable
	p.mu.Unlock()
	c.pass(busyTime)
	m.some(t.Context(), false)
	settle(m)
	p.questions()
	c.pass(busyTime)
	m.some(t.Context(), false)
	settle(m)
	want(t, "nothing on its way", p.questions(), "[]")
}

// TestStuck: what has been on its way for long is not looked at every few seconds.
func TestStuck(t *testing.T) {
	p := &pages{rows: rowsOf(5), size: 100}
	p.rows[2].Status = core.StatusDeleting
	m, c := mirrorOf(t, p)
	p.changed = core.Some(c.now().Add(-stuckTime))
	m.all(t.Context())
	p.questions()
	c.pass(busyTime)
	m.some(t.Context(), false)
	settle(m)
	want(t, "after a moment", p.questions(), "[]")
	c.pass(quietTime)
	m.some(t.Context(), false)
	settle(m)
	want(t, "after a while", len(p.questions()), 1)
}

// TestMoreNews: more new rows than a look for news shows.
func TestMoreNews(t *testing.T) {
	p := &pages{rows: rowsOf(300), size: 100}
	m, c := mirrorOf(t, p)
	m.all(t.Context())
	p.mu.Lock()
	p.rows = rowsOf(550)
	p.mu.Unlock()
	c.pass(quietTime)
	m.some(t.Context(), false)
	settle(m)
	v, _ := m.some(t.Context(), false)
	want(t, "rows", say(len(v.rows), v.rows[0].ID), "550 550")
}

// TestKeptListing: what the last run saw is shown at once, with its age, and the
// cloud is asked in the background; when that fails it stays, and the failure is
// told once.
func TestKeptListing(t *testing.T) {
	since := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	p := &pages{rows: rowsOf(5), size: 100, kept: rowsOf(4), since: since, saved: make(chan int, 9)}
	p.err = errors.New("the cloud is gone")
	m, c := mirrorOf(t, p)
	v, err := m.some(t.Context(), false)
	want(t, "at once", say(len(v.rows), v.complete, v.asOf.V.Equal(since), err), "4 true true <nil>")
	settle(m)
	v, err = m.some(t.Context(), false)
	want(t, "gone", say(len(v.rows), v.asOf.Set, err), "4 true the cloud is gone")
	v, err = m.some(t.Context(), false)
	want(t, "told once", err, "<nil>")
	p.mu.Lock()
	p.err = nil
	p.mu.Unlock()
	c.pass(busyTime)
	m.some(t.Context(), false)
	settle(m)
	v, err = m.some(t.Context(), false)
	want(t, "back", say(len(v.rows), v.asOf.Set, err), "5 false <nil>")
	want(t, "kept for the next run", <-p.saved, 5)
}

// TestFirstReadingIsKept: what one page holds is kept for the next run at once, and
// what the cloud no longer answers for shows its age.
func TestFirstReadingIsKept(t *testing.T) {
	p := &pages{rows: rowsOf(5), size: 100, saved: make(chan int, 9)}
	m, c := mirrorOf(t, p)
	v, err := m.some(t.Context(), false)
	want(t, "read", say(len(v.rows), v.complete, v.asOf.Set, err), "5 true false <nil>")
	select {
	case n := <-p.saved:
		want(t, "kept", n, 5)
	case <-time.After(time.Minute):
		t.Error("the first reading is not kept")
	}
	began := c.now()
	p.mu.Lock()
	p.err = errors.New("the cloud is gone")
	p.mu.Unlock()
	for range 3 {
		c.pass(quietTime)
		m.some(t.Context(), false)
		settle(m)
	}
	v, _ = m.some(t.Context(), false)
	want(t, "when it was read", say(len(v.rows), v.asOf.V.Equal(began)), "5 true")
	p.mu.Lock()
	p.err = nil
	p.mu.Unlock()
	c.pass(quietTime)
	m.some(t.Context(), false)
	settle(m)
	v, err = m.some(t.Context(), false)
	want(t, "back", say(len(v.rows), v.asOf.Set, err), "5 false <nil>")
}

// TestRenewedBeforeOld: the cloud is asked for news before the rows are so old that they
// show their age, and who is shown them meanwhile is told to ask again.
func TestRenewedBeforeOld(t *testing.T) {
	p := &pages{rows: rowsOf(5), size: 100, saved: make(chan int, 9)}
	m, c := mirrorOf(t, p)
	m.some(t.Context(), false)
	c.pass(lookTime)
	v, _ := m.some(t.Context(), false)
	want(t, "is asked for news, and not old", say(v.renewing, v.complete, v.asOf.Set), "true true false")
	settle(m)
	c.pass(lookTime - time.Second)
	v, _ = m.some(t.Context(), false)
	want(t, "the news came in", say(v.renewing, v.complete, v.asOf.Set), "false true false")
}

// TestNamesAreRenewed: a refresh reads the names of the volumes, too.
func TestNamesAreRenewed(t *testing.T) {
	names := 0
	read := func(context.Context) (map[string]string, error) {
		names++
		return map[string]string{"a": fmt.Sprint(names)}, nil
	}
	s := &shelf{}
	for range 2 {
		s.need(t.Context(), time.Now, read)
	}
	s.renew()
	want(t, "until then", s.get()["a"], "1")
	s.need(t.Context(), time.Now, read)
	want(t, "read anew", say(s.get()["a"], names), "2 2")
}

// TestPageByPage: who asks for a whole page goes on, so that the others are read
// meanwhile; who asks for less gets that.
func TestPageByPage(t *testing.T) {
	p := &pages{rows: rowsOf(2500), size: pageSize}
	m, _ := mirrorOf(t, p)
	v, err := m.first(t.Context(), 5)
	want(t, "five", say(len(v.rows), v.complete, err), "5 false <nil>")
	want(t, "asked", p.questions(), "[]")
	v, err = m.first(t.Context(), pageSize)
	want(t, "a page", say(len(v.rows), v.complete, err), "1000 false <nil>")
	v, err = m.all(t.Context())
	want(t, "all", say(len(v.rows), v.complete, err), "2500 true <nil>")
	want(t, "asked", len(p.questions()), 5) // two of them beyond the end, before that was seen
	p.mu.Lock()
	p.err = errors.New("the cloud is gone")
	p.mu.Unlock()
	m, _ = mirrorOf(t, p)
	_, err = m.first(t.Context(), pageSize)
	want(t, "gone", err, "the cloud is gone")
}

// TestPagesFit: what comes while a list is read page by page shifts no page.
func TestPagesFit(t *testing.T) {
	for _, n := range []int{40, 2500} {
		p := &pages{rows: rowsOf(n), size: pageSize}
		p.shift = func(int) []row { return p.rows }
		m, _ := mirrorOf(t, p)
		v, err := m.first(t.Context(), pageSize)
		if err != nil {
			t.Fatal(err)
		}
		p.mu.Lock()
		p.rows = append([]row{{"new", core.StatusCreating}}, p.rows...)
		p.mu.Unlock()
		whole, err := m.all(t.Context())
		if err != nil || !whole.complete || ids(whole.rows[:len(v.rows)]) != ids(v.rows) || len(whole.rows) != n {
			t.Errorf("%d rows: the first page is another in the whole list of %d, %v", n, len(whole.rows), err)
		}
	}
}

// TestAnew reads everything again while the old rows stay on screen.
func TestAnew(t *testing.T) {
	p := &pages{rows: rowsOf(10), size: 3}
	m, _ := mirrorOf(t, p)
	m.all(t.Context())
	p.mu.Lock()
	p.rows, p.hold = rowsOf(20), make(chan bool)
	p.mu.Unlock()
	v, _ := m.some(t.Context(), true)
	want(t, "meanwhile", say(len(v.rows), v.complete), "10 false")
	close(p.hold)
	settle(m)
	v, _ = m.some(t.Context(), false)
	want(t, "in the end", say(len(v.rows), v.complete), "20 true")
}

// TestCircle: a cloud whose pages lead back to themselves is read once.
func TestCircle(t *testing.T) {
	p := &circle{pages{rows: rowsOf(4), size: 2}}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	m := newMirror[row](ctx, p, time.Now)
	v, err := m.all(ctx)
	want(t, "rows", say(len(v.rows), core.CodeOf(err)), "4 incomplete")
	v, err = m.all(ctx) // and whoever asks again is told again
	want(t, "rows", say(len(v.rows), core.CodeOf(err)), "4 incomplete")
}

type circle struct{ pages }

func (c *circle) decode(body []byte) (fetched[row], error) {
	f, err := c.pages.decode(body)
	if f.next == "" {
		f.next = "3"
	}
	return f, err
}

// TestCancelledSweep: giving up ends it, and the next question begins again.
func TestCancelledSweep(t *testing.T) {
	p := &pages{rows: rowsOf(10), size: 3, hold: make(chan bool)}
	m, _ := mirrorOf(t, p)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := m.all(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	close(p.hold)
	v, err := m.all(t.Context())
	want(t, "rows", say(len(v.rows), err), "10 <nil>")
}

// TestAbreast reads pages some at a time, by their offsets, and one after the other
// where rows came or went meanwhile.
func TestAbreast(t *testing.T) {
	const n, size = 1000, 150
	all := rowsOf(n)
	more := append([]row{{"new", ""}}, all...)
	for name, x := range map[string]struct {
		n     int
		shift func(int) []row
		swept bool
	}{
		"quiet":          {n, nil, false},
		"to the brim":    {size + 2*(size-1), nil, false},
		"just above":     {size + 1, nil, false},
		"one page":       {size, nil, false},
		"one comes":      {n, func(int) []row { return more }, true},
		"the first goes": {n, func(int) []row { return all[1:] }, true},
		"most go":        {n, func(int) []row { return all[:10] }, true},
		"comes midway":   {n, func(offset int) []row { return map[bool][]row{true: more, false: all}[offset > 500] }, true},
		"goes midway":    {n, func(offset int) []row { return map[bool][]row{true: all[1:], false: all}[offset > 500] }, true},
	} {
		p := &pages{rows: rowsOf(x.n), size: size, shift: x.shift}
		m, _ := mirrorOf(t, p)
		v, err := m.all(t.Context())
		if ids(v.rows) != ids(rowsOf(x.n)) || !v.complete || err != nil {
			t.Errorf("%s: %d rows, complete %v, %v", name, len(v.rows), v.complete, err)
		}
		asked := p.questions()
		swept := slices.ContainsFunc(asked, func(q string) bool { return q != "" && q[0] != '+' })
		if swept != x.swept {
			t.Errorf("%s: swept one after the other: %v, asked %v", name, swept, asked)
		}
	}
}

// TestMarkerGoes: a page is asked for after a row that has gone meanwhile. The list
// goes on from a row before it.
func TestMarkerGoes(t *testing.T) {
	p := &pages{rows: rowsOf(12), size: 4, hold: make(chan bool, 10)}
	m, _ := mirrorOf(t, p)
	fresh := newMirror(m.life, m.source, m.now)
	done := make(chan error, 1)
	go func() { done <- fresh.sweep(t.Context(), "") }()
	for asked := 0; asked < 2; asked += len(p.questions()) { // until the second page is asked for
		time.Sleep(time.Millisecond)
	}
	p.mu.Lock()
	p.rows = slices.Delete(slices.Clone(p.rows), 2, 4) // its marker goes, and the row before that
	p.mu.Unlock()
	for range 10 {
		p.hold <- true
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	want(t, "rows", ids(fresh.rows), ids(rowsOf(12))) // what has gone since was there
	want(t, "complete", fresh.complete, true)
}
