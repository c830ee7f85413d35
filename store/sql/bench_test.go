package sql_test

import (
	"context"
	dbsql "database/sql"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"hearth/core"
	"hearth/store"
	"hearth/store/sql"
)

// manyBackups is how many the benchmarks list.
const manyBackups = 100_000

// crowd is a demo store of many backups, made once.
var crowd = sync.OnceValues(func() (string, error) {
	dir, err := tempDir()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "crowd.sqlite")
	s, err := sql.Create(context.Background(), path, sql.Options{})
	if err != nil {
		return "", err
	}
	defer s.Close()
	return path, s.Populate(context.Background(), sql.World{Backups: manyBackups})
})

// A benchmark reports its own time as a multiple of the plainest way to the same
// rows: database/sql, one SELECT, one loop.

// plainly reads every live backup in order with nothing of hearth's.
func plainly(b *testing.B, db *dbsql.DB) time.Duration {
	b.Helper()
	began := time.Now()
	rows, err := db.Query("SELECT * FROM backups WHERE deleted = 0 ORDER BY created_at DESC, id")
	ok(b, err)
	defer rows.Close()
	columns, err := rows.Columns()
	ok(b, err)
	vals, ptrs := make([]any, len(columns)), make([]any, len(columns))
	for i := range vals {
		ptrs[i] = &vals[i]
	}
	n := 0
	for rows.Next() {
		ok(b, rows.Scan(ptrs...))
		n++
	}
	ok(b, rows.Err())
	if n != manyBackups {
		b.Fatalf("%d rows", n)
	}
	return time.Since(began)
}

// benchmarkList measures a query against the plain way. prepare comes before each.
func benchmarkList(b *testing.B, prepare func(i int, path string), q func(i int) core.Query) {
	path, err := crowd()
	ok(b, err)
	p := open(b, path, sql.Options{Patience: 1 << 40})
	defer p.Close()
	db := raw(b, path)
	_, err = p.Backups(b.Context(), q(0))
	ok(b, err)
	plain := plainly(b, db)
	for range 2 {
		plain = min(plain, plainly(b, db))
	}
	b.ResetTimer()
	for i := range b.N {
		if prepare != nil {
			b.StopTimer()
			prepare(i, path)
			b.StartTimer()
		}
		page, err := p.Backups(b.Context(), q(i))
		if err != nil || len(page.Rows) == 0 {
			b.Fatalf("%d rows, %v", len(page.Rows), err)
		}
	}
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(plain), "×plain")
	b.ReportMetric(float64(plain.Microseconds())/1000, "plain-ms")
}

// touch changes the file, so that nothing remembered of it holds.
func touch(b *testing.B) func(int, string) {
	var db *dbsql.DB
	return func(i int, path string) {
		if db == nil {
			db = raw(b, path)
		}
		_, err := db.Exec("UPDATE volumes SET display_description = ? WHERE rowid = 1", fmt.Sprint(time.Now(), i))
		ok(b, err)
	}
}

const pageRows = 60 // of a tall terminal

func BenchmarkFirstPage(b *testing.B) {
	benchmarkList(b, touch(b), func(int) core.Query { return core.Query{Limit: pageRows} })
}

func BenchmarkFirstPageByName(b *testing.B) {
	benchmarkList(b, touch(b), func(int) core.Query {
		return core.Query{Limit: pageRows, Sort: []core.Order{{Column: "name"}}}
	})
}

func BenchmarkFirstPageFiltered(b *testing.B) {
	f, err := core.ParseFilter("name~night status:available", core.BackupColumns)
	ok(b, err)
	benchmarkList(b, touch(b), func(int) core.Query { return core.Query{Limit: pageRows, Filter: f} })
}

func BenchmarkNextPage(b *testing.B) {
	benchmarkList(b, nil, func(i int) core.Query {
		return core.Query{Limit: pageRows, Offset: i * pageRows % (manyBackups - pageRows)}
	})
}

func BenchmarkLastPage(b *testing.B) {
	benchmarkList(b, nil, func(int) core.Query { return core.Query{Limit: pageRows, Offset: manyBackups - pageRows} })
}

func BenchmarkAllRows(b *testing.B) {
	benchmarkList(b, touch(b), func(int) core.Query { return core.Query{} })
}

func BenchmarkVolumesFirstPage(b *testing.B) {
	path, err := crowd()
	ok(b, err)
	p := open(b, path, sql.Options{Patience: 1 << 40})
	defer p.Close()
	change := touch(b)
	for i := range b.N {
		b.StopTimer()
		change(i, path)
		b.StartTimer()
		if page, err := p.Volumes(b.Context(), core.Query{Limit: pageRows}); err != nil || len(page.Rows) != pageRows {
			b.Fatalf("%d rows, %v", len(page.Rows), err)
		}
	}
}

func BenchmarkReadOne(b *testing.B) {
	path, err := crowd()
	ok(b, err)
	p := open(b, path, sql.Options{})
	defer p.Close()
	page, err := p.Backups(b.Context(), core.Query{Limit: 1000})
	ok(b, err)
	b.ResetTimer()
	for i := range b.N {
		_, err := p.Backup(b.Context(), page.Rows[i%1000].ID)
		ok(b, err)
	}
}

func BenchmarkExport(b *testing.B) {
	path, err := crowd()
	ok(b, err)
	p := open(b, path, sql.Options{})
	defer p.Close()
	f, err := core.ParseFilter("status:available", core.BackupColumns)
	ok(b, err)
	page, err := p.Backups(b.Context(), core.Query{Limit: 1000, Filter: f})
	ok(b, err)
	b.ResetTimer()
	for i := range b.N {
		_, err := p.(store.Exporter).Export(b.Context(), page.Rows[i%1000].ID)
		ok(b, err)
	}
}

// BenchmarkPopulate makes demo stores of 5,000 backups.
func BenchmarkPopulate(b *testing.B) {
	const n = 5000
	for i := range b.N {
		s, err := sql.Create(b.Context(), filepath.Join(b.TempDir(), fmt.Sprint(i, ".sqlite")), sql.Options{})
		ok(b, err)
		ok(b, s.Populate(b.Context(), sql.World{Backups: n}))
		ok(b, s.Close())
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/n, "µs/backup")
}
