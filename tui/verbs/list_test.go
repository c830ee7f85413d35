package verbs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"hearth/core"
	"hearth/core/pyjson"
)

// recordOf makes a record of a backup of its own.
func recordOf(t *testing.T, n int) core.Record {
	t.Helper()
	o := &pyjson.Object{}
	o.Set("id", pyjson.OfString(fmt.Sprintf("%08x-0000-4000-8000-000000000000", n)))
	o.Set("status", pyjson.OfString("available"))
	o.Set("display_name", pyjson.OfString(fmt.Sprint("night ", n)))
	text, err := core.EncodeRecord(o, &pyjson.Object{}, core.Y2014)
	if err != nil {
		t.Fatal(err)
	}
	return core.Record{Service: "cinder.backup.drivers.swift", URL: strings.ReplaceAll(text, "\n", "")}
}

// TestList: the records of a large file are what they are where all of it is read at once,
// and what has to be seen together is.
func TestList(t *testing.T) {
	defer func(was int64) { listFrom = was }(listFrom)
	listFrom = 1
	value := func(n int) string {
		text, err := json.Marshal(map[string]any{"backup-record": map[string]string{
			"backup_service": recordOf(t, n).Service, "backup_url": recordOf(t, n).URL}})
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	pretty := func(n int) string {
		var out bytes.Buffer
		if err := json.Indent(&out, []byte(value(n)), "", "  "); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	for name, text := range map[string]string{
		"lines":          value(1) + "\n" + value(2) + "\n" + value(3) + "\n",
		"pretty":         "\n\n" + pretty(1) + "\n" + pretty(2) + "\n\n" + pretty(3),
		"array":          "[" + value(1) + ",\n" + value(2) + ",\n\n  " + pretty(3) + "\n]\n",
		"one after":      value(1) + value(2) + value(3),
		"bare":           `{"backup_service": "a.b", "backup_url": "` + recordOf(t, 1).URL + `"}` + "\n" + value(2) + value(3),
		"! twice":        value(1) + value(2) + value(1),
		"! no service":   value(1) + `{"backup_url": "` + recordOf(t, 2).URL + `"}` + value(3),
		"! cut":          value(1) + value(2) + value(3)[:100],
		"! words":        value(1) + "\nand\n" + value(2) + value(3),
		"! wrapped":      `{"backups": [` + value(1) + "," + value(2) + "," + value(3) + "]}",
		"! nothing":      "[]",
		"! other things": value(1) + `{"a": 1}` + value(2) + value(3),
		"! behind":       "[" + value(1) + "," + value(2) + "]" + value(3),
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "records")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			l, done := asList(t.Context(), file)
			defer done()
			if together := strings.HasPrefix(name, "!"); (l == nil) != together {
				t.Fatalf("one by one: %v", l != nil)
			} else if together {
				return
			}
			want := core.FindRecords(text)
			if l.Len() != len(want) || len(want) != 3 {
				t.Fatalf("%d records, want %d", l.Len(), len(want))
			}
			for i := range want {
				got, err := l.Found(i)
				if err != nil || got.Line != want[i].Line || got.Record != want[i].Record || !reflect.DeepEqual(got.Notes, want[i].Notes) ||
					!core.SameRecord(got.Decoded, want[i].Decoded) {
					t.Errorf("%d: %+v, %v, want %+v", i, got, err, want[i])
				}
			}
		})
	}
}
