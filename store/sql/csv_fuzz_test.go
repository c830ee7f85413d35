package sql_test

import (
	dbsql "database/sql"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"hearth/core"
	"hearth/store/sql"
)

// What opening and listing a database of CSV may take of memory: at all, as for a first look
// at any database, and for each byte of it.
const (
	csvAtAll   = 4 << 20
	csvPerByte = 4 << 10
)

// FuzzCSV makes Cinder's table of backups of a file of CSV, as .import of sqlite3 does: every
// column is of text, and as the first line names it. Whatever stands in it, the database is
// opened and listed, or refused with a sentence, and takes no more than the bound.
func FuzzCSV(f *testing.F) {
	const head = "id,volume_id,status,display_name,created_at,deleted,parent_id,size,object_count,service,fail_reason\n"
	for _, rows := range []string{
		"0b2d45c3,v,available,nightly,2014-02-27 12:38:10,0,,1,3,cinder.backup.drivers.swift,\n",
		"0b2d45c3,v,available,NULL,2014-02-27 12:38:10,0,NULL,1,3,NULL,NULL\n",
		"a,v,error,\"a \"\"b\"\", c\nd\",2026-13-45 99:99:99.123456,False,\\N,-1,1e9,\x1b[31m,\u202e\n",
		"a,v,available,x,2026-01-02T03:04:05Z,t,a,99999999999999999999,0x10,=1+1,\xff\n",
	} {
		f.Add(head + rows)
	}
	f.Add("id\n1\n")
	f.Add("\n,,\"")
	dir, made := f.TempDir(), new(atomic.Int64)
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<12 {
			t.Skip()
		}
		r := csv.NewReader(strings.NewReader(text))
		r.FieldsPerRecord, r.LazyQuotes = -1, true
		lines, err := r.ReadAll()
		if err != nil || len(lines) == 0 || len(lines[0]) > 60 {
			t.Skip()
		}
		path := filepath.Join(dir, fmt.Sprint(made.Add(1), ".csv.sqlite"))
		defer os.Remove(path)
		fillFrom(t, path, lines)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		defer func() {
			runtime.ReadMemStats(&after)
			if took := after.TotalAlloc - before.TotalAlloc; took > csvAtAll+csvPerByte*uint64(len(text)) {
				t.Errorf("%d bytes of CSV take %d of memory", len(text), took)
			}
		}()
		p, err := sql.Open(t.Context(), path, sql.Options{})
		if err != nil {
			if core.CodeOf(err) != core.CodeUnreadable {
				t.Errorf("it is refused as %v", err)
			}
			return
		}
		defer p.Close()
		page, err := p.Backups(t.Context(), core.Query{})
		if err != nil {
			if code := core.CodeOf(err); code == core.CodeInternal || code == "" {
				t.Errorf("it is listed as %v", err)
			}
			return
		}
		if len(page.Rows) > len(lines)-1 {
			t.Errorf("%d rows of %d lines", len(page.Rows), len(lines)-1)
		}
	})
}

// fillFrom makes tables of lines of CSV; what lacks of Cinder's is empty.
func fillFrom(t *testing.T, path string, lines [][]string) {
	t.Helper()
	// In one transaction that nobody waits for the disk of: what is tried is the reading.
	db, err := dbsql.Open("sqlite", "file:"+path+"?_pragma=synchronous(off)&_pragma=journal_mode(memory)")
	ok(t, err)
	defer db.Close()
	tx, err := db.Begin()
	ok(t, err)
	defer tx.Rollback()
	quote := func(s string) string {
		return `"` + strings.ReplaceAll(strings.ReplaceAll(s, "\x00", ""), `"`, `""`) + `"`
	}
	names, seen := []string{}, map[string]bool{}
	for _, name := range lines[0] {
		if fold := strings.ToLower(strings.ReplaceAll(name, "\x00", "")); !seen[fold] {
			seen[fold] = true
			names = append(names, quote(name)+" TEXT")
		} else {
			names = append(names, "")
		}
	}
	columns := strings.Join(filled(names), ", ")
	if _, err := tx.Exec("CREATE TABLE backups (" + columns + "); " +
		"CREATE TABLE volumes (id TEXT, deleted TEXT, display_name TEXT, status TEXT, size TEXT)"); err != nil {
		t.Skip() // no database takes such columns
	}
	for _, line := range lines[1:] {
		var marks []string
		var values []any
		for i := range names {
			if names[i] == "" {
				continue
			}
			value := ""
			if i < len(line) {
				value = line[i]
			}
			marks, values = append(marks, "?"), append(values, value)
		}
		if _, err := tx.Exec("INSERT INTO backups VALUES ("+strings.Join(marks, ",")+")", values...); err != nil {
			t.Fatal(err)
		}
	}
	ok(t, tx.Commit())
}

// filled are those that are not empty.
func filled(names []string) (out []string) {
	for _, n := range names {
		if n != "" {
			out = append(out, n)
		}
	}
	return out
}
