package tui

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store"
	"hearth/tui/ui"
)

// aside runs what is held back beside the test, and says when all of it has ended.
func (r *rig) aside() <-chan struct{} {
	var spawn func(tea.Cmd) <-chan struct{}
	spawn = func(cmd tea.Cmd) <-chan struct{} {
		done := make(chan struct{})
		go func() {
			defer close(done)
			if batch, ok := cmd().(tea.BatchMsg); ok {
				for _, c := range batch {
					if c != nil {
						<-spawn(c)
					}
				}
			}
		}()
		return done
	}
	queue := r.queue
	r.queue = nil
	return spawn(func() tea.Msg { return tea.BatchMsg(queue) })
}

// ends waits for a question to end.
func ends(t *testing.T, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatalf("%s: the question that was superseded goes on", what)
	}
}

// TestOneQuestion: what is asked next ends what was asked before, at once, of a list and of
// its pane. The place answers nothing until its context ends.
func TestOneQuestion(t *testing.T) {
	p := remembered(t)
	begin := func() *rig {
		r := newRig(t, p, 140, 40)
		r.slow, r.asleep, r.queue = true, true, nil
		return r
	}
	r, other := begin(), begin()
	release := p.Stall()
	defer release()
	defer time.AfterFunc(5*time.Minute, release).Stop() // a broken list fails, and does not hang

	r.press("/", "w")
	first := r.aside()
	r.press("e") // within the moment: nothing new is asked yet, and the old is not wanted
	ends(t, "the next letter", first)
	if len(r.queue) > 0 {
		t.Error("each letter asks")
	}
	n := len(p.Calls())
	r.fire()
	second := r.aside()
	r.press("enter", "S")
	ends(t, "another order", second)
	third := r.aside()
	r.press("ctrl+r")
	ends(t, "reading anew", third)
	if got := len(p.Calls()) - n; got > 2 {
		t.Errorf("%d questions were asked of two", got)
	}

	r = other
	rest := func() <-chan struct{} {
		r.press("down")
		for _, x := range r.later {
			if x.after == brief { // the cursor rests
				r.send(x.fire(until))
			}
		}
		r.later = nil
		return r.aside()
	}
	one := rest()
	two := rest()
	ends(t, "the next row in the pane", one)
	r.press("d")
	ends(t, "a pane that is hidden", two)
}

// TestRowsOfBefore: while other rows were asked for, those that are shown are drawn as such,
// and nothing works on them; also where the others cannot be read.
func TestRowsOfBefore(t *testing.T) {
	c := newCloud(t, 0)
	r := newRig(t, c, 140, 40)
	r.press("down")
	r.slow, r.asleep = true, true
	r.press("/", "w", "enter").want("90 backups").wantNot("reading…") // most answers come before anybody sees
	acts := []string{"open", "mark", "mark-all", "restore", "export", "export-file", "copy-id", "its-volume", "compare", "copy",
		"restored-to", "new", "edit", "delete", "force-delete", "reset"}
	check := func(why string) {
		t.Helper()
		for _, name := range acts {
			i := slices.IndexFunc(r.Keys(), func(a ui.Action) bool { return a.Name == name })
			if i < 0 {
				t.Fatalf("there is no %s", name)
			}
			if got := r.Keys()[i].Blocked(); (why == "") != (got == "") && name != "restored-to" && name != "compare" && name != "reset" ||
				!strings.Contains(got, why) {
				t.Errorf("%s: blocked by %q, want %q", name, got, why)
			}
		}
	}
	check("these are the rows of before")
	r.press("enter").takeLast().said(ui.LevelWarn, "Enter does not work now: these are the rows of before")
	r.press("D", "x", "space", "a")
	if len(r.Tasks()) > 0 || r.Dialog() != nil || backupsOf(r).table.Marks() > 0 {
		t.Error("something was done to the rows of before")
	}
	held := r.queue
	r.queue = nil
	r.fire()
	dim := r.CurrentLook().Dim
	r.want("◌ reading… before: 90 backups", "> web-root-incr-2026-11-22", "◌ not of this row")
	if !strings.Contains(r.View().Content, dim.Paint("  ")[:len(dim.Open)]+"  ") && !strings.Contains(r.View().Content, dim.Open+" ") {
		t.Error("the rows are not dimmed")
	}
	for _, want := range []string{"✓ available", "bastion-root-full"} { // each in the dim look
		if !strings.Contains(r.View().Content, dim.Open+want) {
			t.Errorf("%q is not dimmed", want)
		}
	}
	r.queue = append(held, r.queue...)
	r.wake()
	r.want("31 backups of 90").wantNot("reading")

	r = newRig(t, c, 140, 40)
	r.press("/")
	c.FailEach("Backups", down(nil))
	r.typeText("w").press("enter").want("offline")
	acts = []string{"open", "delete"}
	check("cannot be read: lab does not answer")
	c.FailEach("Backups", nil)
	r.send(ui.TickMsg{})
	check("")
}

// vague is a place that does not count what a filter finds unless it is asked to, and finds
// its rows from a row.
type vague struct {
	store.Place
	rows  []core.Backup
	asked []core.Query
	gate  chan struct{} // counting waits for it; nil: it does not
	count atomic.Int32  // how often it counted
}

func newVague(t *testing.T, backups int) *vague {
	p := demo(t, store.World{Backups: backups})
	all, err := p.Backups(t.Context(), core.Query{})
	if err != nil {
		t.Fatal(err)
	}
	return &vague{Place: p, rows: all.Rows}
}

func (v *vague) CountBackups(ctx context.Context, q core.Query) (int, error) {
	v.count.Add(1)
	if v.gate != nil {
		select {
		case <-v.gate:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	return core.SelectBackups(v.rows, core.Query{Filter: q.Filter, Now: q.Now}).Total, nil
}

func (v *vague) CountVolumes(context.Context, core.Query) (int, error) { return 0, nil }

func (v *vague) Backups(_ context.Context, q core.Query) (core.Page[core.Backup], error) {
	v.asked = append(v.asked, q)
	all := core.SelectBackups(v.rows, core.Query{Filter: q.Filter, Sort: q.Sort, Now: q.Now})
	lo := q.Offset
	if f := q.From; f != nil && f.ID == "" && f.Back {
		lo = max(all.Total-q.Limit, 0)
	} else if f != nil && f.ID != "" {
		lo = slices.IndexFunc(all.Rows, func(b core.Backup) bool { return string(b.ID) == f.ID })
		if f.Back {
			lo = max(lo-q.Limit, 0)
		}
	}
	hi := all.Total
	if q.Limit > 0 {
		hi = min(lo+q.Limit, hi)
	}
	page := core.Page[core.Backup]{Rows: all.Rows[min(lo, hi):hi], Offset: q.Offset, Total: all.Total, All: len(v.rows), Complete: true}
	if q.About && !q.Filter.Empty() && (q.From != nil || hi < all.Total) {
		page.Total, page.About = q.Offset+len(page.Rows), true
	}
	return page, nil
}

// TestAbout: where a place does not say how many rows there are, the head says what is
// known, the place is asked to count, and movements are right before that and after.
func TestAbout(t *testing.T) {
	v := newVague(t, 1500)
	v.gate = make(chan struct{})
	r := newRig(t, v, 100, 24)
	exact := core.SelectBackups(v.rows, core.Query{Filter: filterOf(t, "kind:incr")})
	r.asleep = true
	r.press("/")
	r.send(tea.PasteMsg{Content: "kind:incr"})
	var counts []<-chan tea.Msg
	step := func() { // all but the counting
		for len(r.queue) > 0 {
			next := r.queue[0]
			r.queue = r.queue[1:]
			if late := soonOr(r, next); late != nil {
				counts = append(counts, late)
			}
		}
	}
	step()
	r.press("enter").want("or more backups of 1,500")
	n := backupsOf(r).page.Total
	for range 40 {
		r.press("pgdown")
		step()
	}
	if got := backupsOf(r).table.Cursor(); got <= n || strings.Contains(r.screenText(), "  …") {
		t.Errorf("the list ends at row %d, where at first %d rows were known:\n%s", got, n, r.screenText())
	}
	r.press("home")
	step()
	r.press("end")
	step()
	last := string(exact.Rows[exact.Total-1].ID)
	if got := backupsOf(r).table.Key(); got != last {
		t.Errorf("End is row %s, want %s", got, last)
	}
	for range 30 { // back from the end, whose number nobody knows yet
		r.press("pgup")
		step()
	}
	r.want("or more backups of 1,500")
	key, row := backupsOf(r).table.Key(), backupsOf(r).table.Cursor()
	if row < 600 {
		t.Errorf("the cursor is on row %d by now", row)
	}
	close(v.gate)
	for _, late := range counts {
		r.take(<-late)
	}
	step()
	if at := backupsOf(r).table.Cursor(); string(exact.Rows[at].ID) != key || at >= row {
		t.Errorf("counted, the cursor is on row %d, %s, and was on %s", at, exact.Rows[at].ID, key)
	}
	r.press("end", "up", "down", "ctrl+r")
	r.wake()
	r.want(" backups of 1,500").wantNot("or more", "about")
	if got := backupsOf(r); got.table.Key() != last || got.table.Cursor() != exact.Total-1 || got.page.Total != exact.Total {
		t.Errorf("counted, the cursor is on %s, row %d of %d; want %s, row %d of %d", got.table.Key(), got.table.Cursor(), got.page.Total,
			last, exact.Total-1, exact.Total)
	}
	r.press("home") // it is counted anew, as all was read anew
	asked := v.count.Load()
	for _, key := range []string{"home", "end", "home"} {
		if r.press(key); v.count.Load() != asked {
			t.Errorf("%s: it is counted again though nothing has changed", key)
		}
	}
}

// TestLeftQuestions: what a screen has asked ends when it is left, or when its rows are not
// to be counted any more.
func TestLeftQuestions(t *testing.T) {
	v := newVague(t, 500)
	v.gate = make(chan struct{})
	defer time.AfterFunc(5*time.Minute, func() { close(v.gate) }).Stop()
	r := newRig(t, v, 100, 24)
	r.asleep = true
	r.press("/")
	r.send(tea.PasteMsg{Content: "size>=1"})
	var counting <-chan tea.Msg
	for len(r.queue) > 0 && counting == nil {
		next := r.queue[0]
		r.queue = r.queue[1:]
		counting = soonOr(r, next)
	}
	if counting == nil || v.count.Load() != 1 {
		t.Fatalf("it is counted %d times", v.count.Load())
	}
	r.press("0") // other rows
	select {
	case <-counting:
	case <-time.After(time.Minute):
		t.Error("what nobody waits for is counted on")
	}

	p := remembered(t)
	r = newRig(t, p, 100, 24)
	release := p.Stall()
	defer release()
	defer time.AfterFunc(5*time.Minute, release).Stop()
	r.asleep = true
	r.send(ui.Open{Screen: "backup", ID: fullID(t, "backup", dbBackup)})
	asked := r.aside()
	r.press("esc").takeLast()
	ends(t, "a screen that was left", asked)
}

func filterOf(t *testing.T, text string) core.Filter {
	t.Helper()
	f, err := core.ParseFilter(text, core.BackupColumns)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// soonOr runs a command; one that takes its time is left to itself, and its message comes
// over the channel.
func soonOr(r *rig, cmd tea.Cmd) <-chan tea.Msg {
	done := make(chan tea.Msg, 1)
	go func() { done <- cmd() }()
	select {
	case msg := <-done:
		r.take(msg)
		return nil
	case <-time.After(300 * time.Millisecond):
		return done
	}
}

// TestEdges: a page is asked for by a row that is here, but for the first one and for jumps,
// and the last by the end.
func TestEdges(t *testing.T) {
	v := newVague(t, 1500)
	r := newRig(t, v, 100, 24)
	last := func() core.Query { return v.asked[len(v.asked)-1] }
	rows := core.SelectBackups(v.rows, core.Query{}).Rows
	if q := last(); q.From != nil || q.Offset != 0 || !q.About {
		t.Errorf("the first page was asked for by %+v", q)
	}
	for range 18 {
		r.press("pgdown")
	}
	if q := last(); q.From == nil || q.From.Back || q.From.ID != string(rows[q.Offset].ID) || q.From.Value.IsNull() {
		t.Errorf("further down it was asked for by %+v, %+v", q, q.From)
	}
	r.press("end").wantNot("  …")
	if q := last(); q.From == nil || !q.From.Back || q.From.ID != "" {
		t.Errorf("the end was asked for by %+v, %+v", q, q.From)
	}
	for range 22 {
		r.press("pgup")
	}
	if q := last(); q.From == nil || !q.From.Back || q.Offset+q.Limit >= len(rows) || q.From.ID != string(rows[q.Offset+q.Limit].ID) {
		t.Errorf("further up it was asked for by %+v, %+v", q, q.From)
	}
	if got, want := backupsOf(r).table.Key(), string(rows[backupsOf(r).table.Cursor()].ID); got != want {
		t.Errorf("the cursor is on %s, and its number is that of %s", got, want)
	}
	if r.press("home"); last().From != nil {
		t.Errorf("Home was asked for by %+v", last().From)
	}
}

// TestAgeAsksAlike: a filter by age is the same question until a row comes of that age.
func TestAgeAsksAlike(t *testing.T) {
	v := newVague(t, 300)
	r := newRig(t, v, 100, 24).find("age>3d")
	n := len(backupsOf(r).page.Rows)
	var younger []time.Time
	for _, b := range v.rows {
		if b.CreatedAt.V.After(until.Add(-72 * time.Hour)) {
			younger = append(younger, b.CreatedAt.V)
		}
	}
	next := slices.MinFunc(younger, time.Time.Compare).Add(72 * time.Hour)
	tick := func(at time.Time) core.Query {
		r.clock = func() time.Time { return at }
		v.asked = nil
		r.send(ui.TickMsg{})
		if len(v.asked) == 0 {
			t.Fatal("it is not asked at all")
		}
		return v.asked[0]
	}
	if q := tick(next.Add(-time.Second)); !q.Now.Equal(until) || len(v.asked) != 1 {
		t.Errorf("before a row is of that age it is asked as of %v, %d times", q.Now, len(v.asked))
	}
	at := next.Add(time.Second)
	if q := tick(at); !q.Now.Equal(at) {
		t.Errorf("when one is, it is asked as of %v", q.Now)
	}
	if got := len(backupsOf(r).page.Rows); got != n+1 {
		t.Errorf("%d rows are of that age, want %d", got, n+1)
	}
}
