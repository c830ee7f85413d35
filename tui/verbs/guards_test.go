package verbs

import (
	"context"
	"encoding/csv"
	"strings"
	"testing"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store"
	"hearth/store/jobs"
)

// TestNoFormulas: no cell of CSV is one that a spreadsheet computes, unless raw is asked for;
// numbers, times and ids stay as they are.
func TestNoFormulas(t *testing.T) {
	b, file := demo(t, store.World{Volumes: 6, Backups: 1})
	names := []string{"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"}
	for i, id := range ids(b.list("volumes", "-o", "json")) {
		change(t, file, "UPDATE volumes SET display_name = '"+names[i%len(names)]+"', display_description = 'a=b' WHERE id = '"+id+"'")
	}
	cells := func(args ...string) (out []string) {
		text := b.ok(append([]string{"volumes", "-o", "csv", "-c", "name,description,size"}, args...)...)
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows[1:] {
			out = append(out, row...)
		}
		return out
	}
	formulas, guarded := 0, 0
	for _, cell := range cells() {
		if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
			t.Errorf("a cell is %q", cell)
		}
		if strings.HasPrefix(cell, "'") {
			guarded++
		}
	}
	for _, cell := range cells("--raw") {
		if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
			formulas++
		}
	}
	if guarded != len(names) || formulas != len(names) {
		t.Errorf("%d cells are guarded, and %d of raw ones begin so", guarded, formulas)
	}
}

// unsafePlace is a place that its network does not protect.
type unsafePlace struct {
	store.Place
	why []string
}

func (p *unsafePlace) Info() core.PlaceInfo {
	info := p.Place.Info()
	info.Unsafe = p.why
	return info
}

// TestUnsafeIsSaid: what is not safe about the way to a place is said once, on stderr, also
// where it is known only in the end.
func TestUnsafeIsSaid(t *testing.T) {
	b, _ := demo(t, store.World{Volumes: 1, Backups: 1})
	p := &unsafePlace{b.desk.Place, []string{"Keystone is at http://a, without TLS"}}
	b.desk.Place = p
	b.env.Desk = func(context.Context) (jobs.Desk, func(), error) {
		return b.desk, func() {}, nil
	}
	got := b.run("backups")
	if strings.Count(got.err, "! Not safe: Keystone is at http://a, without TLS.") != 1 || strings.Contains(got.out, "Not safe") {
		t.Errorf("it says %q", got.err)
	}
}

// TestLongKeys: a key of any length parses again.
func TestLongKeys(t *testing.T) {
	for _, n := range []int{10, 999, 1000, 1024, 1025, 5000} {
		key := strings.Repeat("k", n)
		o := &pyjson.Object{}
		o.Set(key, pyjson.OfString("v"))
		inner := &pyjson.Object{}
		inner.Set(key, pyjson.OfDict(o))
		inner.Set("list", pyjson.OfList([]pyjson.Value{pyjson.OfDict(o), pyjson.OfDict(o)}))
		text := pyjson.YAML(pyjson.OfDict(inner))
		for _, line := range strings.Split(text, "\n") {
			if at := strings.Index(line, "k:"); at > 1024 {
				t.Errorf("a key of %d has its colon behind %d characters", n, at)
			}
		}
		if n > 1000 != strings.Contains(text, "? ") {
			t.Errorf("a key of %d characters is written as\n%.80s", n, text)
		}
	}
}
