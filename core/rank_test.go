package core

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"hearth/store/storetest/race"
)

// TestRanking: what is put in order by ranks stands as Select puts it, by every column
// and by two.
func TestRanking(t *testing.T) {
	race.Once(t)
	rng := rand.New(rand.NewPCG(3, 4))
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	opt := func(texts ...string) Opt[string] {
		i := rng.IntN(len(texts) + 1)
		if i == len(texts) {
			return Opt[string]{}
		}
		return Some(texts[i])
	}
	var rows []Backup
	for i := range 300 {
		b := Backup{ID: BackupID(fmt.Sprintf("%03d", i)), Name: opt("db", "DB", "Größe", "_", "", "z"), Status: opt("available", "error").V,
			Size: int64(rng.IntN(4) - 1), Incremental: rng.IntN(2) == 0, FailReason: opt("a", "B")}
		if rng.IntN(4) > 0 {
			b.CreatedAt = Some(at.Add(time.Duration(rng.IntN(3))*time.Microsecond - time.Duration(rng.IntN(2))*1e6*time.Second))
		}
		rows = append(rows, b)
	}
	names := append(BackupColumns.Names(), "no such")
	for range 200 {
		var orders []Order
		for range rng.IntN(3) {
			orders = append(orders, Order{Column: names[rng.IntN(len(names))], Desc: rng.IntN(2) == 0})
		}
		r := NewRanking(BackupColumns, orders)
		var ranks []Rank
		for i := range rows {
			ranks = append(ranks, r.Of(&rows[i], string(rows[i].ID)))
		}
		slices.SortFunc(ranks, r.Compare)
		for i, want := range SelectBackups(rows, Query{Sort: orders}).Rows {
			if ranks[i].ID != string(want.ID) {
				t.Fatalf("by %v row %d is %s, Select has %s", orders, i, ranks[i].ID, want.ID)
			}
		}
	}
}
