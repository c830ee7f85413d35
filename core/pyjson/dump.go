package pyjson

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Dialect says which Python writes: it differs in what does not serialise.
type Dialect uint8

const (
	// Python3 is today's Cinder: Python 3 with oslo.serialization 5.
	Python3 Dialect = iota
	// Python2 is the Cinder of 2014: Python 2.7 with oslo-incubator's jsonutils.
	Python2
	// Python313 is Cinder 26 on Debian 13: Python 3.13 with oslo.serialization 5.7, which
	// writes dates, and says otherwise what does not serialise.
	Python313
	// Python314 is Cinder 28 and 29 on Python 3.14, whose strftime pads years to four digits,
	// with oslo.serialization 5.11, which writes decimals, as strings.
	Python314
)

// TypeError is what json raises for a dict with a key that is no string, number
// or None. Cinder's _is_serializable catches it and leaves the field out.
type TypeError struct{ Text string }

func (e *TypeError) Error() string { return e.Text }

// ValueError is what json raises for an object it cannot write. Cinder does not
// catch it: the capture fails.
type ValueError struct {
	Text string
	// Primitive: it is oslo.serialization's own, "Cannot convert … to primitive"; before
	// that came, json went round in a circle.
	Primitive bool
}

func (e *ValueError) Error() string { return e.Text }

const hexDigits = "0123456789abcdef"

// Dumps is jsonutils.dumps(v): ", " and ": " between, ASCII only. Errors are
// *[TypeError], *[ValueError] and *[UnicodeError] (bytes that are no UTF-8);
// values that came out of [Parse] give none.
func Dumps(v Value, d Dialect) (string, error) {
	b, err := appendValue(nil, v, d)
	return string(b), err
}

// Text writes a value that came out of [Parse], or was made of JSON's own kinds.
func Text(v Value) string {
	s, err := Dumps(v, Python3)
	if err != nil {
		return strconv.Quote(err.Error())
	}
	return s
}

func appendValue(b []byte, v Value, d Dialect) ([]byte, error) {
	switch v.kind {
	case Null:
		return append(b, "null"...), nil
	case Bool:
		return strconv.AppendBool(b, v.flag), nil
	case Int:
		if d != Python2 && len(strings.TrimPrefix(v.text, "-")) > maxIntDigits {
			return b, &ValueError{Text: (&IntError{len(v.text)}).Error()}
		}
		return append(b, v.text...), nil
	case Float:
		return append(b, floatJSON(v.num)...), nil
	case String:
		return AppendQuote(b, v.text), nil
	case List:
		b = append(b, '[')
		for i, item := range v.items {
			if i > 0 {
				b = append(b, ", "...)
			}
			var err error
			if b, err = appendValue(b, item, d); err != nil {
				return b, err
			}
		}
		return append(b, ']'), nil
	case Dict:
		b = append(b, '{')
		first := true
		for key, item := range v.dict.All() {
			if !first {
				b = append(b, ", "...)
			}
			first = false
			b = append(AppendQuote(b, key), ": "...)
			var err error
			if b, err = appendValue(b, item, d); err != nil {
				return b, err
			}
		}
		return append(b, '}'), nil
	}
	s, err := primitive(v, d)
	return AppendQuote(b, s), err
}

// primitive is oslo's to_primitive for what json does not know.
func primitive(v Value, d Dialect) (string, error) {
	switch v.kind {
	case Time:
		year := v.when.Year()
		if d == Python2 && year < 1900 {
			return "", &ValueError{Text: fmt.Sprintf("year=%d is before 1900; the datetime strftime() methods require year >= 1900", year)}
		}
		// An offset is dropped, not applied.
		return Year(year, d) + v.when.Format("-01-02T15:04:05.000000"), nil
	case Bytes:
		if d == Python2 {
			return DecodeUTF8Loose(v.text)
		}
		return DecodeUTF8(v.text)
	case UUID:
		if d != Python2 {
			return v.text, nil
		}
	case Unkeyed:
		return "", &TypeError{"keys must be str, int, float, bool or None, not tuple"}
	}
	if d != Python313 && d != Python314 {
		return "", &ValueError{Text: "Circular reference detected"}
	}
	if !v.when.IsZero() { // a date
		return Year(v.when.Year(), d) + v.when.Format("-01-02"), nil
	}
	if d == Python314 && v.kind == Opaque && len(v.items) == 1 { // a decimal
		return v.items[0].text, nil
	}
	return "", &ValueError{Text: "Cannot convert " + v.text + " to primitive", Primitive: true}
}

// Year is strftime's %Y on Linux: padded to four digits from Python 3.14 on.
func Year(year int, d Dialect) string {
	if d == Python314 {
		return fmt.Sprintf("%04d", year)
	}
	return strconv.Itoa(year)
}

func floatJSON(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return floatRepr(f)
}

// floatRepr is Python's repr(float): the shortest digits that read back, an
// exponent below 1e-4 and from 1e16 on, and always a sign of being a float.
func floatRepr(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	s := strconv.FormatFloat(f, 'e', -1, 64)
	mant, exp, _ := strings.Cut(s, "e")
	if n, _ := strconv.Atoi(exp); f == 0 || n >= -4 && n < 16 {
		s = strconv.FormatFloat(f, 'f', -1, 64)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		return s
	}
	return mant + "e" + exp // both write at least two digits of exponent
}

// AppendQuote appends s, which is WTF-8, as a JSON string in ASCII.
func AppendQuote(b []byte, s string) []byte {
	b = append(b, '"')
	for len(s) > 0 {
		i := 0
		for i < len(s) && s[i] >= 0x20 && s[i] < 0x7F && s[i] != '"' && s[i] != '\\' {
			i++
		}
		b, s = append(b, s[:i]...), s[i:]
		if len(s) == 0 {
			break
		}
		r, w := DecodeRune(s)
		s = s[w:]
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r == '\t':
			b = append(b, `\t`...)
		case r == '\b':
			b = append(b, `\b`...)
		case r == '\f':
			b = append(b, `\f`...)
		case r >= 0x10000:
			r -= 0x10000
			b = appendU(appendU(b, 0xD800|r>>10), 0xDC00|r&0x3FF)
		default:
			b = appendU(b, r)
		}
	}
	return append(b, '"')
}

// Quote is s as a JSON string in ASCII.
func Quote(s string) string { return string(AppendQuote(nil, s)) }

func appendU(b []byte, r rune) []byte {
	return append(b, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
}

// Indent writes a value over several lines, two blanks a level.
func Indent(v Value) string {
	var b strings.Builder
	indent(&b, v, "\n")
	return b.String()
}

func indent(b *strings.Builder, v Value, line string) {
	inner := line + "  "
	switch {
	case v.kind == List && len(v.items) > 0:
		b.WriteByte('[')
		for i, item := range v.items {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(inner)
			indent(b, item, inner)
		}
		b.WriteString(line + "]")
	case v.kind == Dict && v.dict.Len() > 0:
		b.WriteByte('{')
		first := true
		for k, item := range v.dict.All() {
			if !first {
				b.WriteByte(',')
			}
			first = false
			b.WriteString(inner + Quote(k) + ": ")
			indent(b, item, inner)
		}
		b.WriteString(line + "}")
	default:
		b.WriteString(Text(v))
	}
}
