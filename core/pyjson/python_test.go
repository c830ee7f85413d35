package pyjson

import (
	"bufio"
	"os"
	"slices"
	"testing"
)

// TestAgreesWithPython holds reading, writing, str() and dict order against what
// Python 3.11 and 2.7.18 said of some 750 texts (testdata/pyjson/cases.jsonl).
func TestAgreesWithPython(t *testing.T) {
	f, err := os.Open("../../testdata/pyjson/cases.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in := bufio.NewScanner(f)
	in.Buffer(nil, 1<<20)
	n := 0
	for in.Scan() {
		n++
		doc, err := Parse(in.Text())
		if err != nil {
			t.Fatalf("case %d: %v", n, err)
		}
		c := doc.Object()
		text, _ := c.Get("text")
		checkPython3(t, n, text.Text(), c)
		py2, _ := c.Get("py2")
		checkPython2(t, n, text.Text(), py2.Object())
	}
	if err := in.Err(); err != nil || n < 700 {
		t.Fatalf("%d cases, %v", n, err)
	}
}

func checkPython3(t *testing.T, n int, text string, c *Object) {
	v, err := Parse(text)
	if want, ok := c.Get("error"); ok {
		if err == nil || err.Error() != want.Text() {
			t.Errorf("case %d: %.60q: error %v, Python says %s", n, text, err, want.Text())
		}
		return
	}
	if err != nil {
		t.Errorf("case %d: %.60q: %v, Python reads it", n, text, err)
		return
	}
	dumps, _ := c.Get("dumps")
	if got := Text(v); got != dumps.Text() {
		t.Errorf("case %d: writes\n%s\nPython\n%s", n, got, dumps.Text())
	}
	str, _ := c.Get("str")
	if got := Str(v); got != str.Text() {
		t.Errorf("case %d: str() is\n%q\nPython's\n%q", n, got, str.Text())
	}
	if again, err := Parse(Text(v)); err != nil || !again.Equal(v) {
		t.Errorf("case %d: does not read back: %v", n, err)
	}
}

func checkPython2(t *testing.T, n int, text string, c *Object) {
	v, err := Parse2(text)
	if c.Has("error") != (err != nil) {
		t.Errorf("case %d: %.60q: Python 2's reading: %v", n, text, err)
		return
	}
	if err != nil {
		return
	}
	want, _ := c.Get("str")
	got, err := Str2(v)
	switch {
	case want.IsNull() != (err != nil):
		t.Errorf("case %d: Python 2's str(): %v", n, err)
	case err == nil && got != want.Text():
		t.Errorf("case %d: Python 2's str() is\n%q\nwant\n%q", n, got, want.Text())
	}
	if keys, _ := c.Get("keys"); !keys.IsNull() {
		var order []string
		for _, k := range keys.Items() {
			order = append(order, k.Text())
		}
		if got := v.Object().Python2Keys(); !slices.Equal(got, order) {
			t.Errorf("case %d: Python 2 orders keys %q, got %q", n, order, got)
		}
	}
}
