package core

import (
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"hearth/core/pyjson"
)

// takers are all that take a text from somebody else in this package.
var takers = map[string]func(string){
	"pasted text":   func(s string) { FindRecords(s) },
	"record":        func(s string) { DecodeRecord(s, Today) },
	"record (2014)": func(s string) { DecodeRecord(s, Y2014) },
	"capture":       func(s string) { ReadCapture(s, Source{}) },
	"given":         func(s string) { ReadGiven(s, Source{}) },
	"metadata":      func(s string) { InsideMetadata(s) },
	"pyjson":        func(s string) { pyjson.Parse(s) },
	"pyjson 2":      func(s string) { pyjson.Parse2(s) },
	"filter":        func(s string) { ParseFilter(s, BackupColumns) },
	"order":         func(s string) { ParseOrder(s, BackupColumns) },
	"bundle":        func(s string) { ReadBundle(s) },
	"bundle's line": func(s string) { BundleRecordIn(s) },
	"visible":       func(s string) { Visible(s) },
	"lines":         func(s string) { VisibleLines(s) },
}

// What a byte of hostile text may cost at most: memory that is asked for in all, and time.
const (
	mostPerByte = 400
	mostTime    = 2 * time.Microsecond
)

// TestBounds reads a quarter of a megabyte of what parsers choke on, and a whole one where
// HEARTH_FUZZ is set.
func TestBounds(t *testing.T) {
	n := 1 << 18
	timed := os.Getenv("HEARTH_FUZZ") != "" // on a machine that does nothing else
	if timed {
		n = 1 << 20
	}
	if testing.Short() {
		t.Skip("beside the race detector all takes more")
	}
	for _, unit := range []string{"[", "{", "(", `{"a":`, "[[", `"`, `\`, `\u0000`, "a ", "a,", "a\n", "\n", "0", "-",
		"{}", "[]", "[1,", "'", "=", "AAAA",
		"eyJ", "backup_url ", `"backup_url": "`, "| backup_url | eyJ", "e\u0301", "\x1b[", "\u202e", "status:", "!", "\xff"} {
		text := strings.Repeat(unit, n/len(unit))
		for name, read := range takers {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			began := time.Now()
			read(text)
			took := time.Since(began)
			runtime.ReadMemStats(&after)
			if per := (after.TotalAlloc - before.TotalAlloc) / uint64(len(text)); per > mostPerByte {
				t.Errorf("%s: %d bytes of %q: %d bytes of memory for each", name, len(text), unit, per)
			}
			if timed && took > mostTime*time.Duration(len(text)) {
				t.Errorf("%s: %d bytes of %q take %v", name, len(text), unit, took)
			}
		}
	}
}
