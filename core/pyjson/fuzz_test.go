package pyjson

import "testing"

// FuzzParse: what is read is written so that it is read as the same.
func FuzzParse(f *testing.F) {
	for _, s := range []string{`{"a": [1, -0, 1e5, NaN, Infinity, "\ud83d\ude00", "\ud800"], "a": null}`, `[[[{}]]]`,
		`"é\u0000"`, "1234567890123456789012345",
		`{"a": {"b": {"c": [true, false, null]}}}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if v, err := Parse(text); err == nil {
			once := Text(v)
			again, err := Parse(once)
			if err != nil || Text(again) != once {
				t.Errorf("%q is written as %q, and that as %q, %v", text, once, Text(again), err)
			}
		}
		Parse2(text)
	})
}
