package pyjson

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// SyntaxError is Python's json.JSONDecodeError, in its words. Line and Col count
// from 1, Pos from 0, all in characters.
type SyntaxError struct {
	Msg            string
	Line, Col, Pos int
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s: line %d column %d (char %d)", e.Msg, e.Line, e.Col, e.Pos)
}

// DepthError is Python's RecursionError: the text nests deeper than the
// interpreter's stack allows.
type DepthError struct{ Array bool }

func (e *DepthError) Error() string {
	if e.Array {
		return "maximum recursion depth exceeded while decoding a JSON array from a unicode string"
	}
	return "maximum recursion depth exceeded while decoding a JSON object from a unicode string"
}

// IntError is the ValueError of an integer with more digits than Python converts
// (sys.set_int_max_str_digits, since 3.10.7 and 3.11).
type IntError struct{ Digits int }

func (e *IntError) Error() string {
	return fmt.Sprintf("Exceeds the limit (%d digits) for integer string conversion: value has %d digits; "+
		"use sys.set_int_max_str_digits() to increase the limit", maxIntDigits, e.Digits)
}

const (
	// maxDepth is how deep Cinder's Python nests before it gives up: its limit of
	// 1000 frames less those that are open where Cinder calls json.loads (measured:
	// 968 under the API's import, about 991 in a restore).
	maxDepth     = 968
	maxIntDigits = 4300
)

// Parse is Python 3's json.loads(s). It takes what Python takes: NaN and
// Infinity, repeated keys (the last value, in the place of the first), lone
// surrogates as escapes. Errors are *[SyntaxError], *[DepthError] or *[IntError].
func Parse(s string) (Value, error) {
	p := parser{s: s, maxInt: maxIntDigits}
	if strings.HasPrefix(s, "\uFEFF") {
		return None, p.fail(0, "Unexpected UTF-8 BOM (decode using utf-8-sig)")
	}
	return p.document()
}

// Parse2 is Python 2.7's json.loads of a byte string: bytes that are no UTF-8
// are a *[UnicodeError] inside a string and a *[SyntaxError] elsewhere,
// surrogates in UTF-8 are let through, and integers have no limit.
func Parse2(s string) (Value, error) {
	p := parser{s: s, python2: true}
	return p.document()
}

type parser struct {
	s       string
	i       int
	depth   int
	maxInt  int // 0: no limit
	python2 bool
	err     error
}

func (p *parser) document() (Value, error) {
	p.space()
	v, ok := p.value()
	if !ok {
		return None, p.err
	}
	p.space()
	if p.i < len(p.s) {
		return None, p.fail(p.i, "Extra data")
	}
	return v, nil
}

// fail makes the error at byte offset i.
func (p *parser) fail(i int, msg string) error {
	if i > len(p.s) {
		i = len(p.s)
	}
	before := p.s[:i]
	line := 1 + strings.Count(before, "\n")
	last := before[strings.LastIndexByte(before, '\n')+1:]
	p.err = &SyntaxError{Msg: msg, Line: line, Col: Len(last) + 1, Pos: Len(before)}
	return p.err
}

func (p *parser) bad(i int, msg string) (Value, bool) {
	p.fail(i, msg)
	return None, false
}

func (p *parser) space() {
	for p.i < len(p.s) {
		switch p.s[p.i] {
		case ' ', '\t', '\n', '\r':
			p.i++
		default:
			return
		}
	}
}

func (p *parser) value() (Value, bool) {
	if p.i >= len(p.s) {
		return p.bad(p.i, "Expecting value")
	}
	rest := p.s[p.i:]
	switch c := rest[0]; {
	case c == '"':
		s, ok := p.str()
		return OfString(s), ok
	case c == '{':
		return p.object()
	case c == '[':
		return p.array()
	case c == '-' || c >= '0' && c <= '9':
		return p.number()
	}
	for _, w := range words {
		if strings.HasPrefix(rest, w.text) {
			p.i += len(w.text)
			return w.value, true
		}
	}
	return p.bad(p.i, "Expecting value")
}

var words = []struct {
	text  string
	value Value
}{
	{"null", None}, {"true", OfBool(true)}, {"false", OfBool(false)},
	{"NaN", OfFloat(math.NaN())}, {"Infinity", OfFloat(math.Inf(1))},
}

func (p *parser) deeper(array bool) bool {
	if p.depth++; p.depth > maxDepth {
		p.err = &DepthError{Array: array}
		return false
	}
	return true
}

func (p *parser) object() (Value, bool) {
	if !p.deeper(false) {
		return None, false
	}
	defer func() { p.depth-- }()
	o := &Object{}
	p.i++
	p.space()
	if p.i < len(p.s) && p.s[p.i] == '}' {
		p.i++
		return OfDict(o), true
	}
	for {
		if p.i >= len(p.s) || p.s[p.i] != '"' {
			return p.bad(p.i, "Expecting property name enclosed in double quotes")
		}
		key, ok := p.str()
		if !ok {
			return None, false
		}
		p.space()
		if p.i >= len(p.s) || p.s[p.i] != ':' {
			return p.bad(p.i, "Expecting ':' delimiter")
		}
		p.i++
		p.space()
		v, ok := p.value()
		if !ok {
			return None, false
		}
		o.Set(key, v)
		p.space()
		if p.i < len(p.s) && p.s[p.i] == '}' {
			p.i++
			return OfDict(o), true
		}
		if p.i >= len(p.s) || p.s[p.i] != ',' {
			return p.bad(p.i, "Expecting ',' delimiter")
		}
		p.i++
		p.space()
	}
}

func (p *parser) array() (Value, bool) {
	if !p.deeper(true) {
		return None, false
	}
	defer func() { p.depth-- }()
	items := []Value{}
	p.i++
	p.space()
	if p.i < len(p.s) && p.s[p.i] == ']' {
		p.i++
		return OfList(items), true
	}
	for {
		v, ok := p.value()
		if !ok {
			return None, false
		}
		items = append(items, v)
		p.space()
		if p.i < len(p.s) && p.s[p.i] == ']' {
			p.i++
			return OfList(items), true
		}
		if p.i >= len(p.s) || p.s[p.i] != ',' {
			return p.bad(p.i, "Expecting ',' delimiter")
		}
		p.i++
		p.space()
	}
}

func (p *parser) digits(i int) int {
	for i < len(p.s) && p.s[i] >= '0' && p.s[i] <= '9' {
		i++
	}
	return i
}

// number reads -?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)? and stops where that stops.
func (p *parser) number() (Value, bool) {
	start, i := p.i, p.i
	if p.s[i] == '-' {
		i++
		if strings.HasPrefix(p.s[i:], "Infinity") {
			p.i = i + len("Infinity")
			return OfFloat(math.Inf(-1)), true
		}
	}
	switch {
	case i < len(p.s) && p.s[i] == '0':
		i++
	case i < len(p.s) && p.s[i] >= '1' && p.s[i] <= '9':
		i = p.digits(i)
	default:
		return p.bad(start, "Expecting value")
	}
	whole := i
	if i+1 < len(p.s) && p.s[i] == '.' {
		if j := p.digits(i + 1); j > i+1 {
			i = j
		}
	}
	if i < len(p.s) && (p.s[i] == 'e' || p.s[i] == 'E') {
		j := i + 1
		if j < len(p.s) && (p.s[j] == '-' || p.s[j] == '+') {
			j++
		}
		if k := p.digits(j); k > j {
			i = k
		}
	}
	text := p.s[start:i]
	p.i = i
	if i > whole {
		f, _ := strconv.ParseFloat(text, 64) // out of range is an infinity, as in Python
		return OfFloat(f), true
	}
	if n := len(strings.TrimPrefix(text, "-")); p.maxInt > 0 && n > p.maxInt {
		p.err = &IntError{Digits: n}
		return None, false
	}
	if text == "-0" {
		text = "0"
	}
	return Value{kind: Int, text: text}, true
}

// str reads a string at the opening quote.
func (p *parser) str() (string, bool) {
	open := p.i
	i := p.i + 1
	plain := true
	for ; ; i++ {
		if i >= len(p.s) {
			p.fail(open, "Unterminated string starting at")
			return "", false
		}
		if c := p.s[i]; c == '"' || c == '\\' || c < 0x20 {
			break
		}
	}
	var out []byte
	text := p.s[open+1 : i]
	for p.s[i] != '"' {
		if p.s[i] < 0x20 {
			p.fail(i, "Invalid control character at")
			return "", false
		}
		if plain {
			out, plain = append(out, text...), false
		}
		var ok bool
		if out, i, ok = p.escape(out, i, open); !ok {
			return "", false
		}
		from := i
		for ; ; i++ {
			if i >= len(p.s) {
				p.fail(open, "Unterminated string starting at")
				return "", false
			}
			if c := p.s[i]; c == '"' || c == '\\' || c < 0x20 {
				break
			}
		}
		out = append(out, p.s[from:i]...)
	}
	if !plain {
		text = string(out)
	}
	p.i = i + 1
	if p.python2 {
		s, err := DecodeUTF8Loose(text)
		if err != nil {
			p.err = err
			return "", false
		}
		return s, true
	}
	return text, true
}

var simpleEscapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escape reads the escape at i (a backslash) and returns what follows it.
func (p *parser) escape(out []byte, i, open int) ([]byte, int, bool) {
	if i+1 >= len(p.s) {
		p.fail(open, "Unterminated string starting at")
		return nil, 0, false
	}
	c := p.s[i+1]
	if r, ok := simpleEscapes[c]; ok {
		return append(out, r), i + 2, true
	}
	if c != 'u' {
		p.fail(i, "Invalid \\escape")
		return nil, 0, false
	}
	r, ok := p.hex4(i + 2)
	if !ok || i+6 >= len(p.s) { // Python looks for one character more
		p.fail(i+1, "Invalid \\uXXXX escape")
		return nil, 0, false
	}
	i += 6
	if r >= 0xD800 && r <= 0xDBFF && i+6 < len(p.s) && strings.HasPrefix(p.s[i:], `\u`) {
		if lo, ok := p.hex4(i + 2); ok && lo >= 0xDC00 && lo <= 0xDFFF {
			return utf8.AppendRune(out, (r-0xD800)<<10|(lo-0xDC00)+0x10000), i + 6, true
		}
	}
	return AppendRune(out, r), i, true
}

func (p *parser) hex4(i int) (rune, bool) {
	if i+4 > len(p.s) {
		return 0, false
	}
	var r rune
	for _, c := range []byte(p.s[i : i+4]) {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
