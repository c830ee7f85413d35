package core

import (
	"math/rand/v2"
	"testing"

	"hearth/core/pyjson"
)

// TestParseProperties: what is written as one property is one.
func TestParseProperties(t *testing.T) {
	for text, want := range map[string]string{
		"":                               `{}`,
		" , ":                            `{}`,
		"a=1":                            `{"a": "1"}`,
		" a = 1 , b=2,":                  `{"a": "1", "b": "2"}`,
		`note="x, owner=eve"`:            `{"note": "x, owner=eve"}`,
		`note="x, owner=eve", owner=bob`: `{"note": "x, owner=eve", "owner": "bob"}`,
		"url=http://x/?a=b":              `{"url": "http://x/?a=b"}`,
		"empty=":                         `{"empty": ""}`,
		`a=" outer "`:                    `{"a": " outer "}`,
		`"a=b"=c`:                        `{"a=b": "c"}`,
		`a="two\nlines \u202e"`:          `{"a": "two\nlines \u202e"}`,
		`a=5" disk`:                      `{"a": "5\" disk"}`,
	} {
		o, err := ParseProperties(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		} else if got := pyjson.Text(pyjson.OfDict(o)); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
	for _, text := range []string{"a", "=x", "a=1, b", `a="open`, `a="x" y`, "a=1, a=2", `a="\x"`} {
		if o, err := ParseProperties(text); CodeOf(err) != CodeUsage {
			t.Errorf("%q: %v, %v", text, o, err)
		}
	}
}

// TestPropertiesText: whatever a tenant has stored comes back as it was.
func TestPropertiesText(t *testing.T) {
	letters := []string{
		"a", "b", ",", "=", `"`, `\`, " ", "\n", "\t", "\x00", "\u202e", "ж", "😀", "\u0301", "\ufffd", "\xed\xa0\x80", "\u00a0",
	}
	word := func() (s string) {
		for range rand.IntN(6) {
			s += letters[rand.IntN(len(letters))]
		}
		return s
	}
	for range 5000 {
		o := &pyjson.Object{}
		for range rand.IntN(4) {
			o.Set("k"+word(), pyjson.OfString(word()))
		}
		text := PropertiesText(o)
		if Visible(text) != text {
			t.Fatalf("%q is not seen as it is", text)
		}
		got, err := ParseProperties(text)
		if err != nil || !got.Equal(o) {
			t.Fatalf("%q read again is %s (%v), want %s", text, pyjson.Text(pyjson.OfDict(got)), err, pyjson.Text(pyjson.OfDict(o)))
		}
	}
}
