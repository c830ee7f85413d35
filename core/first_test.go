package core

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"
)

// TestFirst: a page from the front of a list is the same whether all rows are put in order
// or only those that come first, with equal keys and ids among them.
func TestFirst(t *testing.T) {
	if testing.Short() {
		t.Skip("one case after the other: the race detector has nothing to find in them, and takes long")
	}
	t.Parallel()
	d := rand.New(rand.NewPCG(5, 5))
	rows := make([]Backup, 300)
	for i := range rows {
		b := &rows[i]
		b.ID, b.Size, b.Status = BackupID(fmt.Sprintf("%03d", d.IntN(200))), int64(d.IntN(5)), []string{"available", "error"}[d.IntN(2)]
		b.Description = Some(fmt.Sprint(i)) // tells those of one id apart
		if d.IntN(4) > 0 {
			b.CreatedAt = Some(time.Unix(int64(d.IntN(9)), 0).UTC())
		}
	}
	var kept Backup
	at := func(i int) *Backup { // good until the next call
		kept = rows[i]
		return &kept
	}
	var short Backup
	head := func(i int) *Backup { // has no size, and no description
		short = Backup{ID: rows[i].ID, Status: rows[i].Status, CreatedAt: rows[i].CreatedAt}
		return &short
	}
	for range 400 {
		q := Query{Offset: d.IntN(40), Limit: 1 + d.IntN(30)}
		for range d.IntN(3) {
			q.Sort = append(q.Sort, Order{Column: []string{"size", "created", "id", "status", "nothing"}[d.IntN(5)], Desc: d.IntN(2) == 0})
		}
		if d.IntN(2) == 0 {
			q.Filter, _ = ParseFilter("status:error", BackupColumns)
		}
		all := q
		all.Offset, all.Limit = 0, 0
		want := SelectBackups(rows, all)
		got := SelectBackupsFrom(len(rows), at, q)
		want.Rows = want.Rows[q.Offset:min(q.Offset+q.Limit, len(want.Rows))]
		want.Offset = q.Offset
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v gives\n%+v, of all\n%+v", q, got, want)
		}
		if got := SelectBackupsByHeads(len(rows), head, NewFieldSet("id", "status", "created"), at, q); !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v by heads gives\n%+v, of all\n%+v", q, got, want)
		}
	}
}
