package pyjson

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// DecodeRune reads the first character of a WTF-8 string: like
// utf8.DecodeRuneInString, but a lone surrogate is itself, of width 3.
func DecodeRune(s string) (r rune, width int) {
	r, width = utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && width == 1 && len(s) >= 3 && s[0] == 0xED && s[1] >= 0xA0 && s[1] <= 0xBF && s[2]&0xC0 == 0x80 {
		return 0xD000 | rune(s[1]&0x3F)<<6 | rune(s[2]&0x3F), 3
	}
	return r, width
}

// AppendRune appends r to b as WTF-8.
func AppendRune(b []byte, r rune) []byte {
	if isSurrogate(r) {
		return append(b, 0xED, 0x80|byte(r>>6)&0x3F, 0x80|byte(r)&0x3F)
	}
	return utf8.AppendRune(b, r)
}

func isSurrogate(r rune) bool { return r >= 0xD800 && r <= 0xDFFF }

// Valid reports whether s is Unicode that a database or UTF-8 can hold: no lone
// surrogate and no stray byte.
func Valid(s string) bool { return utf8.ValidString(s) }

// Len counts s in Python's characters (code points).
func Len(s string) int {
	n := 0
	for len(s) > 0 {
		_, w := DecodeRune(s)
		s, n = s[w:], n+1
	}
	return n
}

// IsASCII reports whether s has no character beyond U+007F.
func IsASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// UnicodeError is Python's UnicodeDecodeError or UnicodeEncodeError.
type UnicodeError struct{ Text string }

func (e *UnicodeError) Error() string { return e.Text }

// DecodeUTF8 is Python 3's bytes.decode("utf-8"): it refuses surrogates and
// stray bytes with a [UnicodeError] in Python's words.
func DecodeUTF8(b string) (string, error) {
	if utf8.ValidString(b) {
		return b, nil
	}
	for i := 0; i < len(b); {
		r, w := utf8.DecodeRuneInString(b[i:])
		if r == utf8.RuneError && w == 1 {
			return "", &UnicodeError{fmt.Sprintf("'utf-8' codec can't decode byte 0x%02x in position %d: %s", b[i], i, badByte(b[i:]))}
		}
		i += w
	}
	return b, nil
}

// DecodeUTF8Loose is Python 2's str.decode("utf-8"), which lets surrogates through.
func DecodeUTF8Loose(b string) (string, error) {
	for i := 0; i < len(b); {
		r, w := DecodeRune(b[i:])
		if r == utf8.RuneError && w == 1 {
			return "", &UnicodeError{fmt.Sprintf("'utf8' codec can't decode byte 0x%02x in position %d: %s", b[i], i, badByte(b[i:]))}
		}
		i += w
	}
	return joinSurrogates(b), nil
}

// joinSurrogates turns a high surrogate followed by a low one into the one
// character they stand for, so that WTF-8 stays unambiguous.
func joinSurrogates(s string) string {
	if !strings.Contains(s, "\xED") {
		return s
	}
	var out []byte
	for len(s) > 0 {
		r, w := DecodeRune(s)
		if r >= 0xD800 && r <= 0xDBFF {
			if lo, w2 := DecodeRune(s[w:]); lo >= 0xDC00 && lo <= 0xDFFF {
				out = utf8.AppendRune(out, (r-0xD800)<<10|(lo-0xDC00)+0x10000)
				s = s[w+w2:]
				continue
			}
		}
		out, s = append(out, s[:w]...), s[w:]
	}
	return string(out)
}

func badByte(s string) string {
	c := s[0]
	var need int
	switch {
	case c >= 0xC2 && c <= 0xDF:
		need = 1
	case c >= 0xE0 && c <= 0xEF:
		need = 2
	case c >= 0xF0 && c <= 0xF4:
		need = 3
	default:
		return "invalid start byte"
	}
	for i := 1; i <= need; i++ {
		if i >= len(s) {
			return "unexpected end of data"
		}
		ok := s[i]&0xC0 == 0x80
		if i == 1 {
			switch c {
			case 0xE0:
				ok = s[1] >= 0xA0 && s[1] <= 0xBF
			case 0xED:
				ok = s[1] >= 0x80 && s[1] <= 0x9F
			case 0xF0:
				ok = s[1] >= 0x90 && s[1] <= 0xBF
			case 0xF4:
				ok = s[1] >= 0x80 && s[1] <= 0x8F
			}
		}
		if !ok {
			return "invalid continuation byte"
		}
	}
	return "invalid continuation byte"
}
