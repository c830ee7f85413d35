package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store"
)

// lister is one of the two lists of a place, with what it is to agree with.
type lister[T any] struct {
	list    func(context.Context, core.Query) (core.Page[T], error)
	rows    []T
	columns core.Columns[T]
	choose  func([]T, core.Query) core.Page[T]
}

func testLists(t *testing.T, d Driver) {
	p, w := d.open(t, d.world()), d.world()
	t.Run("volumes", func(t *testing.T) {
		everyQuery(t, lister[core.Volume]{p.Volumes, w.listedVolumes(), core.VolumeFields, core.SelectVolumes})
	})
	t.Run("backups", func(t *testing.T) {
		everyQuery(t, lister[core.Backup]{p.Backups, w.listedBackups(), core.BackupColumns, core.SelectBackups})
	})
	t.Run("newest first", func(t *testing.T) {
		volumes, err := p.Volumes(t.Context(), core.Query{})
		ok(t, err)
		newestFirst(t, volumes.Rows, func(v *core.Volume) (core.Opt[time.Time], string) { return v.CreatedAt, string(v.ID) })
		backups, err := p.Backups(t.Context(), core.Query{})
		ok(t, err)
		newestFirst(t, backups.Rows, func(b *core.Backup) (core.Opt[time.Time], string) { return b.CreatedAt, string(b.ID) })
	})
	t.Run("roll", func(t *testing.T) { testRoll(t, p, w) })
	t.Run("empty", func(t *testing.T) {
		none := d.open(t, World{})
		everyPage(t, lister[core.Volume]{none.Volumes, nil, core.VolumeFields, core.SelectVolumes})
		everyPage(t, lister[core.Backup]{none.Backups, nil, core.BackupColumns, core.SelectBackups})
	})
}

// testRoll holds that rolls give each row of the lists once, as those have it, and that
// backups which are read many at once are those that are read by themselves.
func testRoll(t *testing.T, p store.Place, w World) {
	backups, volumes := map[core.BackupID]core.Backup{}, map[core.VolumeID]core.Volume{}
	ids := []core.BackupID{NoSuch}
	for _, b := range w.listedBackups() {
		backups[b.ID], ids = b, append(ids, b.ID)
	}
	for _, v := range w.listedVolumes() {
		volumes[v.ID] = v
	}
	if many, can := p.(store.BatchReader); can {
		rows, err := many.BackupsOf(t.Context(), ids)
		ok(t, err)
		for i := range rows {
			one, err := p.Backup(t.Context(), rows[i].ID)
			ok(t, err)
			if got, want := rows[i].Object(), one.Object(); pyjson.Text(pyjson.OfDict(got)) != pyjson.Text(pyjson.OfDict(want)) ||
				rows[i].VolumeName != one.VolumeName {
				t.Errorf("%s among many is %v, by itself %v", one.ID, got, want)
			}
		}
		if len(rows) != len(backups) {
			t.Errorf("%d of %d backups are read at once", len(rows), len(backups))
		}
	}
	r, can := p.(store.Roller)
	if !can {
		return
	}
	ok(t, r.BackupRoll(t.Context(), func(b *core.Backup) error {
		x, here := backups[b.ID]
		if delete(backups, b.ID); !here || x.Name != b.Name || x.Status != b.Status || x.VolumeID != b.VolumeID || x.ParentID != b.ParentID ||
			x.ProjectID != b.ProjectID || !x.CreatedAt.V.Equal(b.CreatedAt.V) || !x.UpdatedAt.V.Equal(b.UpdatedAt.V) {
			t.Errorf("a roll has %+v, the list %v %+v", *b, here, x)
		}
		return nil
	}))
	ok(t, r.VolumeRoll(t.Context(), func(v *core.Volume) error {
		x, here := volumes[v.ID]
		if delete(volumes, v.ID); !here || x.Name != v.Name || x.Status != v.Status || x.Size != v.Size || x.ProjectID != v.ProjectID ||
			!x.CreatedAt.V.Equal(v.CreatedAt.V) {
			t.Errorf("a roll has %+v, the list %v %+v", *v, here, x)
		}
		return nil
	}))
	if len(backups)+len(volumes) > 0 {
		t.Errorf("a roll lacks %d backups and %d volumes", len(backups), len(volumes))
	}
	stop := core.Fail(core.CodeCancelled, "look", "that is enough", "", nil)
	if err := r.BackupRoll(t.Context(), func(*core.Backup) error { return stop }); err != error(stop) {
		t.Errorf("ended with %v, want what ended it", err)
	}
}

// newestFirst holds the order that Cinder's API lists in when it is asked for
// none: by created_at and then by id, both descending.
func newestFirst[T any](t *testing.T, rows []T, of func(*T) (core.Opt[time.Time], string)) {
	t.Helper()
	ties := 0
	for i := 1; i < len(rows); i++ {
		before, a := of(&rows[i-1])
		after, b := of(&rows[i])
		switch {
		case before == after:
			if ties++; a <= b {
				t.Errorf("%s stands before %s, which is as old", a, b)
			}
		case !before.Set, after.Set && after.V.After(before.V):
			t.Errorf("%s, of %v, stands before %s, of %v", a, before, b, after)
		}
	}
	if ties == 0 {
		t.Error("no two rows are as old: this says nothing of ids")
	}
}

func everyQuery[T any](t *testing.T, l lister[T]) {
	everyPage(t, l)
	for i := range l.columns {
		col := &l.columns[i]
		for _, desc := range []bool{false, true} {
			l.agree(t, core.Query{Sort: []core.Order{{Column: col.Name, Desc: desc}}})
			l.agree(t, core.Query{Sort: []core.Order{{Column: "status", Desc: !desc}, {Column: col.Name, Desc: desc}}, Limit: 5, Offset: 3})
		}
		for j, term := range termsOf(col, l.rows) {
			term.Not = j%3 == 2
			l.agree(t, core.Query{Filter: core.Filter{Text: col.Name, Terms: []core.Term{term}}, Now: Now})
		}
	}
	for _, text := range []string{
		"db", "-db", "nightly available", "DROP", "größe", "ß", "İ", "i̇", "ς", "0a000000", "%", "_", "'", `\`, "\x1b", "\u202e",
		"no such word", "",
	} {
		l.parsed(t, text)
	}
	for _, text := range []string{
		"name~db status:available", "status:error,available size>=10", "size>0 size<500", "created>30d", "age<30d", "age>1y",
		"created:2026-01-30", "-name:nightly", "name!~NIGHTLY", `name:"db full"`, "host:", "id:0",
	} {
		l.parsed(t, text)
	}
	l.atRandom(t)
}

// everyPage turns the pages of the whole list, and some that are not there.
func everyPage[T any](t *testing.T, l lister[T]) {
	l.agree(t, core.Query{})
	for _, limit := range []int{1, 7, len(l.rows), 1000} {
		for offset := 0; offset <= len(l.rows)+1; offset += max(limit, 1) {
			l.agree(t, core.Query{Limit: limit, Offset: offset})
		}
	}
	l.agree(t, core.Query{Offset: -1})
	l.agree(t, core.Query{Offset: 4})
}

// parsed asks with a filter as a person writes it; one that is no filter of this
// list is passed over.
func (l lister[T]) parsed(t *testing.T, text string) {
	t.Helper()
	if f, err := core.ParseFilter(text, l.columns); err == nil {
		l.agree(t, core.Query{Filter: f, Now: Now})
	}
}

// agree asks the place and compares its answer with core's own.
func (l lister[T]) agree(t *testing.T, q core.Query) {
	t.Helper()
	got, err := l.list(t.Context(), q)
	if err != nil {
		t.Errorf("%s: %v", show(q), err)
		return
	}
	want := l.choose(l.rows, q)
	if got.Total != want.Total || got.All != want.All || got.Offset != want.Offset || !got.Complete || len(got.Rows) != len(want.Rows) {
		t.Errorf("%s: %d rows of %d of %d from %d, complete %v; want %d of %d of %d from %d", show(q), len(got.Rows), got.Total, got.All,
			got.Offset, got.Complete,
			len(want.Rows), want.Total, want.All, want.Offset)
		return
	}
	for i := range got.Rows {
		if text := difference(got.Rows[i], want.Rows[i]); text != "" {
			t.Errorf("%s: row %d differs:%s", show(q), i, text)
			return
		}
	}
}

func show(q core.Query) string {
	text := fmt.Sprintf("sort %v, %d from %d", q.Sort, q.Limit, q.Offset)
	for _, term := range q.Filter.Terms {
		text += fmt.Sprintf(", %+q", fmt.Sprintf("%+v", term))
	}
	return text
}

// termsOf makes terms for a column out of the values that it has, and near them.
func termsOf[T any](col *core.Column[T], rows []T) []core.Term {
	var out []core.Term
	base := core.Term{Column: col.Name, Kind: col.Kind}
	add := func(ops []core.Compare, with func(*core.Term)) {
		for _, op := range ops {
			term := base
			term.Op = op
			with(&term)
			out = append(out, term)
		}
	}
	orders := []core.Compare{core.Is, core.Less, core.AtMost, core.More, core.AtLeast}
	words := []core.Compare{core.Is, core.Contains}
	switch col.Kind {
	case core.FlagColumn:
		for _, flag := range []bool{false, true} {
			add(words[:1], func(t *core.Term) { t.Flag = flag })
		}
	case core.NumberColumn, core.SizeColumn:
		for _, n := range []float64{-1, 0, 1, 9.5, 10, 500, 1e300} {
			add(orders, func(t *core.Term) { t.Number = n })
		}
	case core.TimeColumn:
		add(orders, func(t *core.Term) { t.Age = 30 * unixDay })
		add(orders, func(t *core.Term) { t.Age = 90*time.Second + time.Nanosecond })
		near := []time.Duration{-time.Microsecond, 0, time.Nanosecond, time.Microsecond, -12 * time.Hour}
		for i, v := range values(col, rows) { // each value with one of them, by turns
			at, _ := v.Time()
			add(orders, func(t *core.Term) { t.At = at.Add(near[i%len(near)]) })
		}
	default:
		texts := []string{"", "%", "no such"}
		for i, v := range values(col, rows) {
			r := []rune(v.Text())
			texts = append(texts, string(r), [][]string{{string(r[:len(r)/2])}, {string(r[len(r)/3 : len(r)-len(r)/3])}}[i%2][0])
		}
		for _, text := range texts {
			add(words, func(t *core.Term) { t.Words = []string{core.Fold(text)} })
		}
		add(words, func(t *core.Term) { t.Words = []string{"a", "b", core.Fold(texts[len(texts)-1])} })
		add(words, func(t *core.Term) { t.Words = nil })
	}
	return out
}

// values are the different values of a column that are not null.
func values[T any](col *core.Column[T], rows []T) []pyjson.Value {
	var out []pyjson.Value
	for i := range rows {
		v := col.Value(&rows[i])
		if !v.IsNull() && !slices.ContainsFunc(out, v.Equal) {
			out = append(out, v)
		}
	}
	return out
}

// atRandom asks with some hundred queries of several terms and orders.
func (l lister[T]) atRandom(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		q := core.Query{Now: Now, Offset: rng.IntN(4) * rng.IntN(4), Limit: rng.IntN(8)}
		for range rng.IntN(4) {
			terms := termsOf(&l.columns[rng.IntN(len(l.columns))], l.rows)
			term := terms[rng.IntN(len(terms))]
			term.Not = rng.IntN(2) == 0
			q.Filter.Terms = append(q.Filter.Terms, term)
		}
		for range rng.IntN(3) {
			q.Sort = append(q.Sort, core.Order{Column: l.columns[rng.IntN(len(l.columns))].Name, Desc: rng.IntN(2) == 0})
		}
		l.agree(t, q)
	}
}
