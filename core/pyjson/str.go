package pyjson

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// Str is Python 3's str(v): what Cinder stores for a value of image metadata.
func Str(v Value) string {
	if v.kind == String {
		return v.text
	}
	return Repr(v)
}

// Repr is Python 3's repr(v), as it appears inside the str() of a list or dict.
func Repr(v Value) string {
	var b strings.Builder
	repr(&b, v, python3Repr)
	return b.String()
}

// Str2 is Python 2's str(v). A string beyond ASCII is a *[UnicodeError], which
// is what stopped a restore half-way in 2014.
func Str2(v Value) (string, error) {
	switch v.kind {
	case String:
		if IsASCII(v.text) {
			return v.text, nil
		}
		return "", &UnicodeError{"'ascii' codec can't encode characters in position 0-" + strconv.Itoa(Len(v.text)-1) +
			": ordinal not in range(128)"}
	case Float:
		return floatStr2(v.num), nil
	}
	return Repr2(v), nil
}

// Repr2 is Python 2's repr(v): strings are u'...', integers beyond 64 bits end
// in L, and dicts are in the order of their hashes.
func Repr2(v Value) string {
	if v.kind == Int {
		return v.text // str() of a long has no L; repr inside a container does
	}
	var b strings.Builder
	repr(&b, v, python2Repr)
	return b.String()
}

// reprStyle is what differs between the Pythons.
type reprStyle struct {
	quote func(*strings.Builder, string)
	keys  func(*Object) []string
	long  string // follows an integer beyond 64 bits
}

var (
	python3Repr = reprStyle{reprString3, (*Object).Keys, ""}
	python2Repr = reprStyle{reprString2, (*Object).Python2Keys, "L"}
)

func repr(b *strings.Builder, v Value, style reprStyle) {
	switch v.kind {
	case Null:
		b.WriteString("None")
	case Bool:
		if v.flag {
			b.WriteString("True")
		} else {
			b.WriteString("False")
		}
	case Int:
		b.WriteString(v.text)
		if _, small := v.Int64(); !small {
			b.WriteString(style.long)
		}
	case UUID:
		b.WriteString(v.text)
	case Float:
		b.WriteString(floatRepr(v.num))
	case String:
		style.quote(b, v.text)
	case List:
		b.WriteByte('[')
		for i, item := range v.items {
			if i > 0 {
				b.WriteString(", ")
			}
			repr(b, item, style)
		}
		b.WriteByte(']')
	case Dict:
		b.WriteByte('{')
		for i, k := range style.keys(v.dict) {
			if i > 0 {
				b.WriteString(", ")
			}
			style.quote(b, k)
			b.WriteString(": ")
			item, _ := v.dict.Get(k)
			repr(b, item, style)
		}
		b.WriteByte('}')
	default:
		fmt.Fprintf(b, "<%s>", v.TypeName())
	}
}

func reprString3(b *strings.Builder, s string) {
	quoteRepr(b, s, func(r rune) bool { return r < 0x7F || r >= 0xA0 && printable(r) })
}

func reprString2(b *strings.Builder, s string) {
	b.WriteByte('u')
	quoteRepr(b, s, func(r rune) bool { return r < 0x7F })
}

// quoteRepr is Python's choice of quotes and escapes for a string.
func quoteRepr(b *strings.Builder, s string, plain func(rune) bool) {
	q := byte('\'')
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		q = '"'
	}
	b.WriteByte(q)
	for len(s) > 0 {
		r, w := DecodeRune(s)
		switch {
		case r == rune(q) || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r >= 0x20 && plain(r):
			b.WriteString(s[:w])
		case r < 0x100:
			fmt.Fprintf(b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(b, `\u%04x`, r)
		default:
			fmt.Fprintf(b, `\U%08x`, r)
		}
		s = s[w:]
	}
	b.WriteByte(q)
}

// printable is Python 3.11's str.isprintable() for one character: its Unicode
// is version 14, older than Go's, so the table is its own.
func printable(r rune) bool { return !unicode.Is(notPrintable, r) }

// floatStr2 is Python 2's str(float): twelve significant digits, an exponent
// below 1e-4 and from 1e11 on.
func floatStr2(f float64) string {
	if f != f || f-f != 0 {
		return floatRepr(f)
	}
	mant, exp, _ := strings.Cut(strconv.FormatFloat(f, 'e', 11, 64), "e")
	n, _ := strconv.Atoi(exp)
	if f != 0 && (n < -4 || n >= 11) {
		return strings.TrimSuffix(strings.TrimRight(mant, "0"), ".") + "e" + exp
	}
	s := strings.TrimRight(strconv.FormatFloat(f, 'f', max(11-n, 0), 64), "0")
	if strings.HasSuffix(s, ".") {
		s += "0"
	}
	return s
}
