package sql_test

import (
	dbsql "database/sql"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/store/ledger"
	"hearth/store/sql"
	"hearth/store/storetest"
)

// importItem is what an import makes of a record.
func importItem(r core.Record, facts core.ImportFacts) []core.ImportItem {
	return core.Items([]core.Check{core.CheckRecord(core.FoundRecord(r), facts, -1)}, []int{0})
}

// importItems are the items of the records of a demo store, parents first.
func importItems(b *testing.B, backups int) (items []core.ImportItem) {
	path := filepath.Join(b.TempDir(), "from.sqlite")
	from, err := sql.CreateWorld(b.Context(), path, sql.Options{}, sql.World{Backups: backups, Volumes: backups / 5})
	ok(b, err)
	defer from.Close()
	var ids []core.BackupID
	page, err := from.Backups(b.Context(), core.Query{Sort: []core.Order{{Column: "created"}}})
	ok(b, err)
	for i := range page.Rows {
		if page.Rows[i].Status == core.StatusAvailable {
			ids = append(ids, page.Rows[i].ID)
		}
	}
	for some := range slices.Chunk(ids, 500) {
		done, err := from.ExportBatch(b.Context(), some)
		ok(b, err)
		for _, x := range done {
			items = append(items, importItem(x.Record, core.ImportFacts{})...)
		}
	}
	return items
}

// bareImport writes the rows of items with nothing of hearth's but the tables, their indexes
// and their triggers: prepared statements, and a transaction for each 300 rows.
func bareImport(b *testing.B, path string, items []core.ImportItem) {
	db, err := dbsql.Open("sqlite", ledger.DSN(path, ledger.Ours))
	ok(b, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	var columns []string
	for name := range items[0].Row.All() {
		if name != "metadata" && name != "updated_at" {
			columns = append(columns, name)
		}
	}
	row, err := db.Prepare("INSERT INTO backups (" + strings.Join(columns, ", ") + ", updated_at) VALUES (" +
		strings.Repeat("?, ", len(columns)) + "?)")
	ok(b, err)
	defer row.Close()
	pair, err := db.Prepare(`INSERT INTO backup_metadata (created_at, deleted, backup_id, "key", value) VALUES (?, FALSE, ?, ?, ?)`)
	ok(b, err)
	defer pair.Close()
	const now = "2026-11-22 09:00:00.000000"
	args := make([]any, len(columns)+1)
	for some := range slices.Chunk(items, 300) {
		tx, err := db.Begin()
		ok(b, err)
		row, pair := tx.Stmt(row), tx.Stmt(pair)
		for i := range some {
			for j, name := range columns {
				v, _ := some[i].Row.Get(name)
				args[j] = sql.Value(v)
			}
			args[len(columns)] = now
			_, err := row.Exec(args...)
			ok(b, err)
			meta, _ := some[i].Row.Get("metadata")
			for key, v := range meta.Object().All() {
				_, err := pair.Exec(now, string(some[i].ID), key, sql.Value(v))
				ok(b, err)
			}
		}
		ok(b, tx.Commit())
	}
}

// importedByHearth imports the records of items, from their texts on, a batch at a time.
func importedByHearth(b *testing.B, path string, items []core.ImportItem) {
	p, err := sql.Open(b.Context(), path, sql.Options{})
	ok(b, err)
	s := p.Own()
	defer s.Close()
	written := 0
	e := core.Entry{At: time.Now(), Kind: core.EntryImport, Summary: "import"}
	err = s.ImportAll(b.Context(), func(yield func([]core.ImportItem, error) bool) {
		for some := range slices.Chunk(items, 500) {
			var ids []core.BackupID
			for i := range some {
				ids = append(ids, some[i].ID)
			}
			facts, err := s.ImportFacts(b.Context(), ids)
			var again []core.ImportItem
			for i := range some {
				again = append(again, importItem(some[i].Record, facts)...)
			}
			if !yield(again, err) {
				return
			}
		}
	}, e, func(core.ImportResult) { written++ })
	ok(b, err)
	if written != len(items) {
		b.Fatalf("%d of %d are written", written, len(items))
	}
}

// BenchmarkImport imports the records of 20,000 backups into an empty store, and has the bare
// driver write the same rows into another, as a ratio of the same run: the median of the
// pairs, by CPU time and by the clock (2 is wanted).
func BenchmarkImport(b *testing.B) {
	n := 20_000
	if s, err := strconv.Atoi(os.Getenv("HEARTH_BENCH_BACKUPS")); err == nil {
		n = s
	}
	items := importItems(b, n)
	timed := func(do func(*testing.B, string, []core.ImportItem)) (wall, cpu float64) {
		path := filepath.Join(b.TempDir(), "to.sqlite")
		s, err := sql.Create(b.Context(), path, sql.Options{})
		ok(b, err)
		ok(b, s.Close())
		began, before := time.Now(), storetest.CPU()
		do(b, path, items)
		wall, cpu = time.Since(began).Seconds(), (storetest.CPU() - before).Seconds()
		ok(b, os.Remove(path))
		return wall, cpu
	}
	var walls, cpus []float64
	for b.Loop() {
		bareWall, bareCPU := timed(bareImport)
		wall, cpu := timed(importedByHearth)
		walls, cpus = append(walls, wall/bareWall), append(cpus, cpu/bareCPU)
		b.ReportMetric(1e6*bareCPU/float64(len(items)), "bare-µs/record")
	}
	median := func(of []float64) float64 {
		slices.Sort(of)
		return of[len(of)/2]
	}
	b.ReportMetric(median(walls), "wall-ratio")
	b.ReportMetric(median(cpus), "cpu-ratio")
	b.ReportMetric(float64(len(items)), "records")
	b.ReportMetric(0, "ns/op")
}
